//! Systems of first-order differential equations.

/// y′ = f(t, y).
pub trait System {
    /// Length of y.
    fn dimension(&self) -> usize;

    /// dy ← f(t, y). Where f is not finite, `dy` is not finite either; nothing panics.
    fn rhs(&mut self, t: f64, y: &[f64], dy: &mut [f64]);

    /// out ← ∂f/∂y at (t, y), row-major, of length dimension². The default takes forward differences with the
    /// step √ε·max(|yⱼ|, 1e-5), which costs dimension + 1 evaluations.
    fn jacobian(&mut self, t: f64, y: &[f64], out: &mut [f64]) {
        let n = self.dimension();
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
