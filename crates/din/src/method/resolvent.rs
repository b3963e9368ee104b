//! The linear equations of the implicit methods: (I − zJ)x = r, where J = ∂f/∂y and z = h/μ for real or complex μ.
//!
//! Where J consists of blocks aᵢⱼH + bᵢⱼI with one symmetric H (every form of DIN: [`Blocks`]), H = QΛQᵀ is
//! diagonalised once for each J. In the basis Q the equations fall into 1×1 or 2×2 ones, so that a new step size costs O(n)
//! and a solution two products with Q. Any other J is factorised anew for each z.

use nalgebra::Complex;

use super::{linear::Lu, Storage};
use crate::system::{Blocks, System};

/// Iterations for each eigenvalue: two or three are usual.
const ITERATIONS: usize = 100;

/// A 2×2 complex matrix by rows; for one part only the first entry counts.
type Small = [Complex<f64>; 4];

pub(crate) struct Resolvent<V> {
    blocks: Option<Blocks>,
    /// H, then its eigenvalues and eigenvectors (one a row).
    hessian: Vec<f64>,
    values: Vec<f64>,
    vectors: Vec<f64>,
    /// J where it has no blocks.
    jacobian: Vec<f64>,
    /// Inverses for each eigenvalue of H; first those for the real z, then those for each complex z.
    inverses: Vec<Small>,
    real: Lu<f64>,
    complex: Vec<Lu<Complex<f64>>>,
    /// Real and imaginary part in the basis Q.
    modal: [V; 2],
    buffer: Vec<Complex<f64>>,
}

impl<V: Storage> Resolvent<V> {
    pub(crate) fn new(n: usize) -> Self {
        Self {
            blocks: None,
            hessian: Vec::new(),
            values: Vec::new(),
            vectors: Vec::new(),
            jacobian: Vec::new(),
            inverses: Vec::new(),
            real: Lu::new(0),
            complex: Vec::new(),
            modal: [V::zero(n), V::zero(n)],
            buffer: Vec::new(),
        }
    }

    /// Whether a new z costs little.
    pub(crate) fn is_cheap(&self) -> bool {
        self.blocks.is_some()
    }

    /// Largest real part of the eigenvalues of d·J for d = ±1, the direction of time; 0 where J has no blocks.
    pub(crate) fn growth(&self, direction: f64) -> f64 {
        let Some(Blocks { parts, curvature, identity }) = self.blocks else { return 0.0 };
        self.values.iter().fold(0.0, |growth, &value| {
            let [[a, b], [c, d]] =
                [0, 1].map(|i| [0, 1].map(|j| direction * (curvature[i][j] * value + identity[i][j])));
            let largest = if parts == 1 {
                a
            } else {
                let (mean, square) = (0.5 * (a + d), 0.25 * (a - d) * (a - d) + b * c);
                if square > 0.0 {
                    mean + square.sqrt()
                } else {
                    mean
                }
            };
            dinlab_numeric::max(growth, largest)
        })
    }

    /// Takes J at (t, y); false if it is not finite.
    pub(crate) fn linearise(&mut self, system: &mut dyn System, t: f64, y: &[f64]) -> bool {
        self.blocks = system.blocks(t, y, &mut self.hessian);
        if self.blocks.is_some() {
            return self.diagonalise();
        }
        let n = y.len();
        self.jacobian.resize(n * n, 0.0);
        self.buffer.resize(n, Complex::new(0.0, 0.0));
        if self.real.len() != n {
            self.real = Lu::new(n);
        }
        system.jacobian(t, y, &mut self.jacobian);
        dinlab_numeric::all_finite(&self.jacobian)
    }

    fn diagonalise(&mut self) -> bool {
        if !dinlab_numeric::all_finite(&self.hessian) {
            return false;
        }
        match *self.hessian.as_slice() {
            [a] => {
                self.values.clear();
                self.values.push(a);
                self.vectors.clear();
                self.vectors.push(1.0);
            }
            [a, b, c, d] => {
                // Jacobi's rotation.
                let off = 0.5 * (b + c);
                let (mut cos, mut sin, mut tan) = (1.0, 0.0, 0.0);
                if off != 0.0 {
                    let ratio = (d - a) / (2.0 * off);
                    tan = 1.0_f64.copysign(ratio) / (ratio.abs() + ratio.hypot(1.0));
                    cos = 1.0 / tan.hypot(1.0);
                    sin = tan * cos;
                }
                self.values.clear();
                self.values.extend([a - tan * off, d + tan * off]);
                self.vectors.clear();
                self.vectors.extend([cos, -sin, sin, cos]);
            }
            ref entries => {
                // Scaled, as squares of huge entries must not overflow inside the iteration.
                let (m, size) = (entries.len().isqrt(), dinlab_numeric::norm_inf(entries));
                let scale = if size > 0.0 { size } else { 1.0 };
                let symmetric = nalgebra::DMatrix::from_fn(m, m, |i, j| {
                    0.5 * (entries[i * m + j] / scale + entries[j * m + i] / scale)
                });
                let Some(eigen) = nalgebra::SymmetricEigen::try_new(symmetric, f64::EPSILON, ITERATIONS * m)
                else {
                    return false;
                };
                self.values.clear();
                self.values.extend(eigen.eigenvalues.iter().map(|value| scale * value));
                self.vectors.clear();
                // Column by column: the eigenvectors one after another.
                self.vectors.extend(eigen.eigenvectors.iter());
            }
        }
        dinlab_numeric::all_finite(&self.values)
    }

    /// Prepares the solutions for one real and several complex z; false if an equation is singular or not finite.
    pub(crate) fn factorise(&mut self, real: f64, complex: impl Iterator<Item = Complex<f64>>) -> bool {
        let Some(blocks) = self.blocks else { return self.factorise_dense(real, complex) };
        self.inverses.clear();
        let mut finite = true;
        for z in std::iter::once(Complex::new(real, 0.0)).chain(complex) {
            for &value in &self.values {
                let inverse = inverse(&blocks, value, z);
                finite &= inverse.iter().all(|e| e.re.is_finite() && e.im.is_finite());
                self.inverses.push(inverse);
            }
        }
        finite
    }

    fn factorise_dense(&mut self, real: f64, complex: impl Iterator<Item = Complex<f64>>) -> bool {
        let n = self.real.len();
        let jacobian = &self.jacobian;
        let unit = |i, j| f64::from(u8::from(i == j));
        let mut regular = self.real.factorise(|i, j| unit(i, j) - real * jacobian[i * n + j]);
        for (index, z) in complex.enumerate() {
            if self.complex.len() == index {
                self.complex.push(Lu::new(n));
            }
            let entry = |i, j| Complex::new(unit(i, j), 0.0) - z * jacobian[i * n + j];
            regular &= self.complex[index].factorise(entry);
        }
        regular
    }

    /// x ← (I − zJ)⁻¹x for the real z.
    #[inline]
    pub(crate) fn solve_real(&mut self, x: &mut V) {
        match self.blocks {
            Some(Blocks { parts: 1, .. }) => self.modal_real::<1>(x),
            Some(_) => self.modal_real::<2>(x),
            None => self.real.solve(x.as_mut()),
        }
    }

    /// re + i·im ← (I − zJ)⁻¹(re + i·im) for the complex z of this index.
    #[inline]
    pub(crate) fn solve_complex(&mut self, index: usize, re: &mut V, im: &mut V) {
        match self.blocks {
            Some(Blocks { parts: 1, .. }) => self.modal_complex::<1>(index, re, im),
            Some(_) => self.modal_complex::<2>(index, re, im),
            None => {
                let (re, im) = (re.as_mut(), im.as_mut());
                for i in 0..re.len() {
                    self.buffer[i] = Complex::new(re[i], im[i]);
                }
                self.complex[index].solve(&mut self.buffer);
                for i in 0..re.len() {
                    (re[i], im[i]) = (self.buffer[i].re, self.buffer[i].im);
                }
            }
        }
    }

    #[inline(always)]
    fn modal_real<const P: usize>(&mut self, x: &mut V) {
        let x = x.as_mut();
        let (m, [modal, _]) = (x.len() / P, &mut self.modal);
        let modal = modal.as_mut();
        to_modal::<P>(&self.vectors, x, modal);
        for k in 0..m {
            let [a, b, c, d] = &self.inverses[k];
            let p = modal[k];
            if P == 1 {
                modal[k] = a.re * p;
            } else {
                let q = modal[m + k];
                modal[k] = a.re * p + b.re * q;
                modal[m + k] = c.re * p + d.re * q;
            }
        }
        from_modal::<P>(&self.vectors, modal, x);
    }

    #[inline(always)]
    fn modal_complex<const P: usize>(&mut self, index: usize, re: &mut V, im: &mut V) {
        let (re, im) = (re.as_mut(), im.as_mut());
        let m = re.len() / P;
        let [x, y] = &mut self.modal;
        let (x, y) = (x.as_mut(), y.as_mut());
        to_modal::<P>(&self.vectors, re, x);
        to_modal::<P>(&self.vectors, im, y);
        let inverses = &self.inverses[(index + 1) * m..(index + 2) * m];
        for k in 0..m {
            let [a, b, c, d] = &inverses[k];
            let p = Complex::new(x[k], y[k]);
            if P == 1 {
                let p = a * p;
                (x[k], y[k]) = (p.re, p.im);
            } else {
                let q = Complex::new(x[m + k], y[m + k]);
                let (r, s) = (a * p + b * q, c * p + d * q);
                (x[k], y[k], x[m + k], y[m + k]) = (r.re, r.im, s.re, s.im);
            }
        }
        from_modal::<P>(&self.vectors, x, re);
        from_modal::<P>(&self.vectors, y, im);
    }
}

/// (I − z(λa + b))⁻¹.
fn inverse(blocks: &Blocks, value: f64, z: Complex<f64>) -> Small {
    let (one, zero) = (Complex::new(1.0, 0.0), Complex::new(0.0, 0.0));
    // A block without H stays free of λ.
    let entry = |i: usize, j: usize| {
        let curvature = blocks.curvature[i][j];
        let value = if curvature == 0.0 { 0.0 } else { curvature * value };
        z * (value + blocks.identity[i][j])
    };
    let a = one - entry(0, 0);
    if blocks.parts == 1 {
        return [one / a, zero, zero, zero];
    }
    let (b, c, d) = (-entry(0, 1), -entry(1, 0), one - entry(1, 1));
    let determinant = a * d - b * c;
    [d, -b, -c, a].map(|e| e / determinant)
}

/// Each part of `out` is Qᵀ times that part of `x`.
#[inline(always)]
fn to_modal<const P: usize>(vectors: &[f64], x: &[f64], out: &mut [f64]) {
    let m = x.len() / P;
    if m == 1 {
        out.copy_from_slice(x);
        return;
    }
    let vectors = &vectors[..m * m];
    for part in 0..P {
        let x = &x[part * m..(part + 1) * m];
        for k in 0..m {
            let row = &vectors[k * m..(k + 1) * m];
            let mut sum = 0.0;
            for i in 0..m {
                sum += row[i] * x[i];
            }
            out[part * m + k] = sum;
        }
    }
}

/// Each part of `out` is Q times that part of `x`.
#[inline(always)]
fn from_modal<const P: usize>(vectors: &[f64], x: &[f64], out: &mut [f64]) {
    let m = x.len() / P;
    if m == 1 {
        out.copy_from_slice(x);
        return;
    }
    let vectors = &vectors[..m * m];
    for part in 0..P {
        let out = &mut out[part * m..(part + 1) * m];
        out.fill(0.0);
        for k in 0..m {
            let (row, factor) = (&vectors[k * m..(k + 1) * m], x[part * m + k]);
            for i in 0..m {
                out[i] += factor * row[i];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{systems::system, Dynamics};
    use dinlab_objective::Options;

    struct WithoutBlocks<'a>(Box<dyn System + 'a>);

    impl System for WithoutBlocks<'_> {
        fn dimension(&self) -> usize {
            self.0.dimension()
        }
        fn rhs(&mut self, t: f64, y: &[f64], dy: &mut [f64]) {
            self.0.rhs(t, y, dy);
        }
        fn jacobian(&mut self, t: f64, y: &[f64], out: &mut [f64]) {
            self.0.jacobian(t, y, out);
        }
    }

    #[test]
    fn blocks_and_full_matrices_have_the_same_solutions() {
        let (alpha, beta, z) = (0.7, 0.3, Complex::new(0.3, -0.8));
        let dynamics = [
            Dynamics::Din { alpha, beta },
            Dynamics::DinPsi { alpha, beta },
            Dynamics::GradientFlow,
            Dynamics::DinAvd { alpha, beta },
        ];
        for (name, m) in [("expr:sin(x)+x^4", 1), ("hill", 2), ("quadratic:4,1,0;1,3,-1;0,-1,2", 3)] {
            let objective = dinlab_objective::build(name, &Options::default()).unwrap();
            for dynamics in dynamics {
                let n = dynamics.state_dimension(m);
                let y: Vec<f64> = (0..n).map(|i| 0.3 + 0.4 * i as f64).collect();
                let solutions = |system: &mut dyn System| {
                    let mut matrix = Resolvent::<Vec<f64>>::new(n);
                    assert!(matrix.linearise(system, 1.3, &y));
                    assert!(matrix.factorise(0.6, [Complex::i(), z].into_iter()));
                    let (mut real, mut re, mut im) = (y.clone(), y.clone(), y.clone());
                    im.reverse();
                    matrix.solve_real(&mut real);
                    matrix.solve_complex(1, &mut re, &mut im);
                    ([real, re, im].concat(), matrix.is_cheap())
                };
                let (blocks, cheap) = solutions(&mut *system(dynamics, &*objective));
                let (full, dear) = solutions(&mut WithoutBlocks(system(dynamics, &*objective)));
                assert!(cheap && !dear);
                let off = dinlab_numeric::distance(&blocks, &full);
                assert!(off < 1e-12 * dinlab_numeric::norm(&full), "{name} {dynamics:?}: {off:e}");
            }
        }
    }
}
