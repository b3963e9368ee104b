//! The smooth pieces of J at one point: gradients, kink values and normals, with the derivatives of all of them
//! along a direction.

use dinlab_objective::{scalar::dual::Dual, tape::Scratch, Tape};

type Directed = Dual<f64, 1>;

/// A tape with the memory to evaluate its pieces. `signs` has one entry per kink surface, ±1.
#[derive(Clone)]
pub(super) struct Pieces<'a> {
    tape: &'a Tape,
    scratch: Scratch<f64>,
    directed: Scratch<Directed>,
    point: Vec<Directed>,
    image: Vec<Directed>,
    rows: Vec<Directed>,
    /// g of every surface after `kinks` or `along`.
    pub values: Vec<f64>,
    /// ∇g of the surfaces asked for, one row each, after `kinks` or `along`.
    pub normals: Vec<f64>,
    /// Derivatives of `values` along the direction after `along`.
    pub value_rates: Vec<f64>,
    /// Derivatives of `normals` along the direction after `along`.
    pub normal_rates: Vec<f64>,
}

impl<'a> Pieces<'a> {
    pub(super) fn new(tape: &'a Tape) -> Self {
        let (n, m) = (tape.dimension(), tape.kinks().len());
        Self {
            tape,
            scratch: Scratch::new(),
            directed: Scratch::new(),
            point: vec![Directed::lift(0.0); n],
            image: vec![Directed::lift(0.0); m.max(n)],
            rows: Vec::new(),
            values: vec![0.0; m],
            normals: Vec::new(),
            value_rates: vec![0.0; m],
            normal_rates: Vec::new(),
        }
    }

    /// One piece: J as a whole.
    pub(super) fn smooth(tape: &'a Tape) -> Self {
        let mut pieces = Self::new(tape);
        (pieces.values, pieces.value_rates) = (Vec::new(), Vec::new());
        pieces
    }

    pub(super) fn dimension(&self) -> usize {
        self.tape.dimension()
    }

    pub(super) fn surfaces(&self) -> usize {
        self.values.len()
    }

    /// Gradient of the piece; where a piece ends with its region (|x|^1.5 beyond 0) the gradient of J itself.
    pub(super) fn gradient(&mut self, theta: &[f64], signs: &[i8], out: &mut [f64]) {
        self.tape.gradient_on_piece(theta, signs, &mut self.scratch, out);
        if !dinlab_numeric::all_finite(out) {
            self.tape.gradient_with(theta, &mut self.scratch, out);
        }
    }

    /// Second derivatives of the piece along a direction.
    pub(super) fn hessian_vector(&mut self, theta: &[f64], signs: &[i8], along: &[f64], out: &mut [f64]) {
        self.set_point(theta, along);
        let n = self.point.len();
        self.tape.gradient_on_piece(&self.point, signs, &mut self.directed, &mut self.image[..n]);
        out.iter_mut().zip(&self.image).for_each(|(o, d)| *o = d.eps[0]);
    }

    /// Fills `values` and `normals`.
    pub(super) fn kinks(&mut self, theta: &[f64], signs: &[i8], which: &[usize]) {
        self.normals.resize(which.len() * theta.len(), 0.0);
        let (scratch, values, normals) = (&mut self.scratch, &mut self.values, &mut self.normals);
        self.tape.kinks_on_piece(theta, signs, which, scratch, values, normals);
    }

    /// Fills `values` and `normals` and their derivatives along a direction.
    pub(super) fn along(&mut self, theta: &[f64], along: &[f64], signs: &[i8], which: &[usize]) {
        self.set_point(theta, along);
        let (m, length) = (self.values.len(), which.len() * theta.len());
        self.rows.resize(length, Directed::lift(0.0));
        let (image, rows) = (&mut self.image[..m], &mut self.rows);
        self.tape.kinks_on_piece(&self.point, signs, which, &mut self.directed, image, rows);
        for (k, image) in image.iter().enumerate() {
            (self.values[k], self.value_rates[k]) = (image.re, image.eps[0]);
        }
        self.normals.clear();
        self.normal_rates.clear();
        self.normals.extend(self.rows.iter().map(|d| d.re));
        self.normal_rates.extend(self.rows.iter().map(|d| d.eps[0]));
    }

    fn set_point(&mut self, theta: &[f64], along: &[f64]) {
        for ((point, &re), &e) in self.point.iter_mut().zip(theta).zip(along) {
            *point = Directed { re, eps: [e] };
        }
    }
}
