//! The dynamics as first-order systems: right-hand sides in the notation of the paper, and exact Jacobians.

use dinlab_objective::{Objective, Oracle, Regularity};

use crate::{
    dynamics::Dynamics,
    method::linear::solve_positive_definite,
    system::{Blocks, System},
};

/// The system of first-order equations. Parameters are not checked here: [`crate::initial_state`] does that.
pub fn system<'a>(dynamics: Dynamics, objective: &'a dyn Objective) -> Box<dyn System + 'a> {
    let n = objective.dimension();
    let flow = Flow {
        oracle: objective.oracle(),
        n,
        v: vec![0.0; n],
        matrix: Vec::new(),
        smooth: objective.facts().regularity != Regularity::Lipschitz,
    };
    match dynamics {
        Dynamics::Din { alpha, beta } => din(flow, alpha, beta),
        Dynamics::DinPsi { alpha, beta } => Box::new(DinPsi { flow, alpha, beta }),
        Dynamics::DinSecondOrder { alpha, beta } => Box::new(DinSecondOrder { flow, alpha, beta }),
        Dynamics::GradientFlow => Box::new(GradientFlow { flow }),
        // With β = 0 the variable u of DIN is θ′.
        Dynamics::HeavyBall { alpha } => din(flow, alpha, 0.0),
        Dynamics::NewtonFlow => Box::new(NewtonFlow { flow, evaluations: 0, shifted: 0 }),
        Dynamics::DinAvd { alpha, beta } => Box::new(DinAvd { flow, alpha, beta }),
    }
}

/// What all dynamics have: the oracle and scratch of its size.
struct Flow<'a> {
    oracle: Box<dyn Oracle + 'a>,
    n: usize,
    v: Vec<f64>,
    matrix: Vec<f64>,
    /// Whether ∇J is continuous.
    smooth: bool,
}

impl Flow<'_> {
    /// Fills `matrix` with the Hessian at θ.
    fn hessian(&mut self, theta: &[f64]) -> &[f64] {
        self.matrix.resize(self.n * self.n, 0.0);
        self.oracle.hessian(theta, &mut self.matrix);
        &self.matrix
    }

    /// The blocks with the Hessian at θ as H.
    fn blocks(
        &mut self,
        theta: &[f64],
        curvature: [[f64; 2]; 2],
        identity: [[f64; 2]; 2],
        out: &mut Vec<f64>,
    ) -> Option<Blocks> {
        out.resize(self.n * self.n, 0.0);
        self.oracle.hessian(theta, out);
        Some(Blocks { parts: 2, curvature, identity })
    }
}

/// DIN in (θ, u). V holds the gradient: arrays for one and two variables.
struct Din<'a, V> {
    flow: Flow<'a>,
    alpha: f64,
    beta: f64,
    v: V,
}

fn din(flow: Flow<'_>, alpha: f64, beta: f64) -> Box<dyn System + '_> {
    match flow.n {
        1 => Box::new(Din { flow, alpha, beta, v: [0.0; 1] }),
        2 => Box::new(Din { flow, alpha, beta, v: [0.0; 2] }),
        n => Box::new(Din { flow, alpha, beta, v: vec![0.0; n] }),
    }
}

impl<V: AsRef<[f64]> + AsMut<[f64]>> System for Din<'_, V> {
    fn is_smooth(&self) -> bool {
        self.flow.smooth
    }
    fn dimension(&self) -> usize {
        2 * self.flow.n
    }
    fn rhs(&mut self, _: f64, y: &[f64], dy: &mut [f64]) {
        let (alpha, beta, v) = (self.alpha, self.beta, self.v.as_mut());
        let n = v.len();
        let ((theta, u), (dtheta, du)) = (y.split_at(n), dy.split_at_mut(n));
        self.flow.oracle.gradient(theta, v);
        let (u, dtheta, du) = (&u[..n], &mut dtheta[..n], &mut du[..n]);
        for i in 0..n {
            dtheta[i] = u[i] - beta * v[i];
            du[i] = -alpha * u[i] - (1.0 - alpha * beta) * v[i];
        }
    }
    fn blocks(&mut self, _: f64, y: &[f64], hessian: &mut Vec<f64>) -> Option<Blocks> {
        let (alpha, beta, n) = (self.alpha, self.beta, self.flow.n);
        let curvature = [[-beta, 0.0], [-(1.0 - alpha * beta), 0.0]];
        self.flow.blocks(&y[..n], curvature, [[0.0, 1.0], [0.0, -alpha]], hessian)
    }
}

struct DinPsi<'a> {
    flow: Flow<'a>,
    alpha: f64,
    beta: f64,
}

impl System for DinPsi<'_> {
    fn is_smooth(&self) -> bool {
        self.flow.smooth
    }
    fn dimension(&self) -> usize {
        2 * self.flow.n
    }
    fn rhs(&mut self, _: f64, y: &[f64], dy: &mut [f64]) {
        let (alpha, beta, n) = (self.alpha, self.beta, self.flow.n);
        let ((theta, psi), (dtheta, dpsi)) = (y.split_at(n), dy.split_at_mut(n));
        let v = &mut self.flow.v;
        self.flow.oracle.gradient(theta, v);
        for i in 0..n {
            dpsi[i] = -(alpha - 1.0 / beta) * theta[i] - psi[i] / beta;
            dtheta[i] = dpsi[i] - beta * v[i];
        }
    }
    fn blocks(&mut self, _: f64, y: &[f64], hessian: &mut Vec<f64>) -> Option<Blocks> {
        let (alpha, beta, n) = (self.alpha, self.beta, self.flow.n);
        let row = [1.0 / beta - alpha, -1.0 / beta];
        self.flow.blocks(&y[..n], [[-beta, 0.0], [0.0, 0.0]], [row, row], hessian)
    }
}

struct DinSecondOrder<'a> {
    flow: Flow<'a>,
    alpha: f64,
    beta: f64,
}

impl System for DinSecondOrder<'_> {
    fn is_smooth(&self) -> bool {
        self.flow.smooth
    }
    fn dimension(&self) -> usize {
        2 * self.flow.n
    }
    fn rhs(&mut self, _: f64, y: &[f64], dy: &mut [f64]) {
        let (alpha, beta, n) = (self.alpha, self.beta, self.flow.n);
        let ((theta, velocity), (dtheta, dvelocity)) = (y.split_at(n), dy.split_at_mut(n));
        let v = &mut self.flow.v;
        self.flow.oracle.gradient(theta, v);
        dtheta.copy_from_slice(velocity);
        self.flow.oracle.hessian_vector(theta, velocity, dvelocity);
        for i in 0..n {
            dvelocity[i] = -alpha * velocity[i] - beta * dvelocity[i] - v[i];
        }
    }
    fn jacobian(&mut self, _: f64, y: &[f64], out: &mut [f64]) {
        let (alpha, beta, n) = (self.alpha, self.beta, self.flow.n);
        let (theta, velocity) = y.split_at(n);
        let mut hessian = Vec::new();
        let curvature = [[0.0, 0.0], [-1.0, -beta]];
        if let Some(blocks) = self.flow.blocks(theta, curvature, [[0.0, 1.0], [0.0, -alpha]], &mut hessian) {
            blocks.expand(&hessian, out);
        }
        // ∂θ(∇²J(θ)w) = D³J(θ)[w] is the derivative of the Hessian along w: central difference.
        let speed = dinlab_numeric::norm(velocity);
        if beta == 0.0 || speed == 0.0 {
            return;
        }
        let step = f64::EPSILON.cbrt() * (1.0 + dinlab_numeric::norm(theta)) / speed;
        let at = |s: f64| theta.iter().zip(velocity).map(|(t, w)| t + s * w).collect::<Vec<_>>();
        for s in [step, -step] {
            let hessian = self.flow.hessian(&at(s));
            for i in 0..n {
                for j in 0..n {
                    out[(n + i) * 2 * n + j] -= beta * hessian[i * n + j] / (2.0 * s);
                }
            }
        }
    }
}

struct GradientFlow<'a> {
    flow: Flow<'a>,
}

impl System for GradientFlow<'_> {
    fn is_smooth(&self) -> bool {
        self.flow.smooth
    }
    fn dimension(&self) -> usize {
        self.flow.n
    }
    fn rhs(&mut self, _: f64, y: &[f64], dy: &mut [f64]) {
        self.flow.oracle.gradient(y, dy);
        dy.iter_mut().for_each(|v| *v = -*v);
    }
    fn blocks(&mut self, _: f64, y: &[f64], hessian: &mut Vec<f64>) -> Option<Blocks> {
        let blocks = self.flow.blocks(y, [[-1.0, 0.0], [0.0, 0.0]], [[0.0; 2]; 2], hessian);
        blocks.map(|b| Blocks { parts: 1, ..b })
    }
}

struct DinAvd<'a> {
    flow: Flow<'a>,
    alpha: f64,
    beta: f64,
}

impl System for DinAvd<'_> {
    fn is_smooth(&self) -> bool {
        self.flow.smooth
    }
    fn dimension(&self) -> usize {
        2 * self.flow.n
    }
    fn rhs(&mut self, t: f64, y: &[f64], dy: &mut [f64]) {
        let (alpha, beta, n) = (self.alpha, self.beta, self.flow.n);
        let ((theta, u), (dtheta, du)) = (y.split_at(n), dy.split_at_mut(n));
        let v = &mut self.flow.v;
        self.flow.oracle.gradient(theta, v);
        for i in 0..n {
            // u = θ′ + β∇J, so u′ = θ″ + β∇²Jθ′ = −(α/t)θ′ − ∇J.
            dtheta[i] = u[i] - beta * v[i];
            du[i] = -(alpha / t) * dtheta[i] - v[i];
        }
    }
    fn blocks(&mut self, t: f64, y: &[f64], hessian: &mut Vec<f64>) -> Option<Blocks> {
        let (friction, beta, n) = (self.alpha / t, self.beta, self.flow.n);
        let curvature = [[-beta, 0.0], [friction * beta - 1.0, 0.0]];
        self.flow.blocks(&y[..n], curvature, [[0.0, 1.0], [0.0, -friction]], hessian)
    }
}

struct NewtonFlow<'a> {
    flow: Flow<'a>,
    evaluations: u64,
    /// Evaluations at points where the Hessian was not positive definite.
    shifted: u64,
}

/// Eigenvalues below this fraction of the Hessian's norm count as not positive.
const SINGULAR: f64 = 1e-8;

impl System for NewtonFlow<'_> {
    fn is_smooth(&self) -> bool {
        self.flow.smooth
    }
    fn dimension(&self) -> usize {
        self.flow.n
    }
    fn rhs(&mut self, _: f64, y: &[f64], dy: &mut [f64]) {
        let n = self.flow.n;
        self.flow.oracle.gradient(y, &mut self.flow.v);
        self.flow.hessian(y);
        let Flow { v, matrix, .. } = &mut self.flow;
        let size = dinlab_numeric::norm_inf(matrix);
        if !size.is_finite() {
            dy.fill(f64::NAN);
            return;
        }
        self.evaluations += 1;
        dy.copy_from_slice(v);
        if !solve_positive_definite(matrix, dy, SINGULAR * size) {
            self.shifted += 1;
            self.flow.hessian(y);
            let Flow { v, matrix, .. } = &mut self.flow;
            let hessian = nalgebra::DMatrix::from_row_slice(n, n, matrix);
            let lowest = dinlab_numeric::minimum(hessian.symmetric_eigenvalues().as_slice());
            let shift = levenberg_shift(lowest, size);
            (0..n).for_each(|i| matrix[i * n + i] += shift);
            dy.copy_from_slice(v);
            if !solve_positive_definite(matrix, dy, 0.0) {
                dy.fill(f64::NAN);
            }
        }
        dy.iter_mut().for_each(|d| *d = -*d);
    }
    fn remark(&self) -> Option<String> {
        (self.shifted > 0).then(|| {
            format!(
                "Hessian not positive definite at {} of {} evaluations: Levenberg-Marquardt form there",
                self.shifted, self.evaluations
            )
        })
    }
}

/// ℓ ≥ 0 such that the smallest eigenvalue of ∇²J + ℓI is |λ_min|, and at least 1e-8 of the norm: nothing is added
/// to a positive definite Hessian, and the right-hand side is continuous as long as λ_min ≠ 0. For a zero Hessian
/// ℓ = 1 (gradient flow).
fn levenberg_shift(lowest: f64, size: f64) -> f64 {
    if size == 0.0 {
        return 1.0;
    }
    let floor = SINGULAR * size;
    dinlab_numeric::max(lowest.abs(), floor) - lowest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::DYNAMICS;

    /// The trait's default, without the exact override.
    struct ByDifferences<'a>(Box<dyn System + 'a>);

    impl System for ByDifferences<'_> {
        fn dimension(&self) -> usize {
            self.0.dimension()
        }
        fn rhs(&mut self, t: f64, y: &[f64], dy: &mut [f64]) {
            self.0.rhs(t, y, dy);
        }
    }

    #[test]
    fn jacobians_are_the_derivatives_of_the_right_hand_sides() {
        let hill = dinlab_objective::build("hill", &Default::default()).unwrap();
        for entry in DYNAMICS {
            let dynamics = (entry.build)(0.7, 0.3);
            let n = dynamics.state_dimension(2);
            let y = [-1.2, 1.5, 0.4, -0.3];
            let (mut exact, mut differences) = (vec![0.0; n * n], vec![0.0; n * n]);
            system(dynamics, &*hill).jacobian(1.7, &y[..n], &mut exact);
            ByDifferences(system(dynamics, &*hill)).jacobian(1.7, &y[..n], &mut differences);
            let size = dinlab_numeric::norm_inf(&exact);
            for (a, b) in exact.iter().zip(&differences) {
                // Forward differences: √ε times second derivatives.
                assert!((a - b).abs() < 1e-6 * size, "{}: {a} {b}", entry.name);
            }
        }
    }
}
