//! Systems of first-order differential equations.

/// A matrix of 1 or 2×2 blocks, the block (i, j) being `curvature[i][j]`·H + `identity[i][j]`·I with one symmetric H.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Blocks {
    /// 1 or 2: the state consists of so many parts of equal length.
    pub parts: usize,
    /// Factors of H.
    pub curvature: [[f64; 2]; 2],
    /// Factors of the identity.
    pub identity: [[f64; 2]; 2],
}

impl Blocks {
    /// Writes the full matrix, row-major.
    pub(crate) fn expand(&self, symmetric: &[f64], out: &mut [f64]) {
        let m = symmetric.len().isqrt();
        let n = self.parts * m;
        for (i, row) in out.chunks_exact_mut(n).enumerate() {
            for (j, entry) in row.iter_mut().enumerate() {
                let (a, b) = (self.curvature[i / m][j / m], self.identity[i / m][j / m]);
                // A block without H stays free of a non-finite one.
                let curvature = if a == 0.0 { 0.0 } else { a * symmetric[(i % m) * m + j % m] };
                *entry = if i % m == j % m { curvature + b } else { curvature };
            }
        }
    }
}

/// y′ = f(t, y).
pub trait System {
    /// Length of y.
    fn dimension(&self) -> usize;

    /// dy ← f(t, y). Where f is not finite, `dy` is not finite either; nothing panics.
    fn rhs(&mut self, t: f64, y: &[f64], dy: &mut [f64]);

    /// ∂f/∂y at (t, y) by blocks, where it consists of them; `symmetric` takes H row by row, and is resized to it.
    fn blocks(&mut self, t: f64, y: &[f64], symmetric: &mut Vec<f64>) -> Option<Blocks> {
        let _ = (t, y, symmetric);
        None
    }

    /// out ← ∂f/∂y at (t, y), row-major, of length dimension². The default puts [`System::blocks`] together; without them
    /// it takes forward differences with the step √ε·max(|yⱼ|, 1e-5), which costs dimension + 1 evaluations.
    fn jacobian(&mut self, t: f64, y: &[f64], out: &mut [f64]) {
        let n = self.dimension();
        let mut symmetric = Vec::new();
        if let Some(blocks) = self.blocks(t, y, &mut symmetric) {
            return blocks.expand(&symmetric, out);
        }
        let mut at = vec![0.0; n];
        let mut moved = vec![0.0; n];
        let mut point = y.to_vec();
        self.rhs(t, y, &mut at);
        for j in 0..n {
            point[j] = y[j] + f64::EPSILON.sqrt() * dinlab_numeric::max(y[j].abs(), 1e-5);
            // The step that was really taken, after rounding.
            let step = point[j] - y[j];
            self.rhs(t, &point, &mut moved);
            point[j] = y[j];
            for i in 0..n {
                out[i * n + j] = (moved[i] - at[i]) / step;
            }
        }
    }

    /// Whether f is continuously differentiable, so that its Jacobian may be used by `auto`.
    fn is_smooth(&self) -> bool {
        true
    }

    /// What the record should say about the evaluations made so far.
    fn remark(&self) -> Option<String> {
        None
    }
}
