//! prox_{λJ}(z), the minimiser of J(x) + ‖x − z‖²/(2λ), from values and subgradients alone: cutting planes with an exact
//! proximal term (Kelley's method on the convex part; Lemaréchal 1975). Half of the quadratic term is kept in the
//! function that is cut, so that J may be weakly convex down to −1/(2λ).

use dinlab_numeric::{axpy, dot, max, norm};
use dinlab_objective::{Objective, Oracle};

use super::super::dense::{combination, least_weights};

/// Cuts tried; a small λ needs as many as pieces meet and a few more for curvature.
const MOST_CUTS: usize = 100;
/// The gap to the lower model at which a point is accepted, in units of what rounding does to it.
const GAP: f64 = 32.0 * f64::EPSILON;

/// The same in units of λ‖∇J‖², where no better point is found: relative error of v of the square root of this.
const CLOSE: f64 = 1e-10;

pub(super) struct Proximal<'a> {
    oracle: Box<dyn Oracle + 'a>,
    gradient: Vec<f64>,
}

impl<'a> Proximal<'a> {
    pub(super) fn new(objective: &'a dyn Objective) -> Self {
        Self { oracle: objective.oracle(), gradient: vec![0.0; objective.dimension()] }
    }

    /// Moves x, a first guess, to the proximal point. Where J has a concave kink within reach there may be several
    /// local minimisers; then one of them is found by iteration from the first guess, or none (false).
    pub(super) fn step(&mut self, z: &[f64], lambda: f64, x: &mut [f64]) -> bool {
        let guess = x.to_vec();
        if self.cut(z, lambda, x) {
            return true;
        }
        x.copy_from_slice(&guess);
        self.iterate(z, lambda, x)
    }

    fn cut(&mut self, z: &[f64], lambda: f64, x: &mut [f64]) -> bool {
        let half = 0.5 / lambda;
        let root = half.sqrt();
        let (mut slopes, mut heights): (Vec<Vec<f64>>, Vec<f64>) = (Vec::new(), Vec::new());
        let (mut model, mut least, mut first) = (f64::NEG_INFINITY, f64::NEG_INFINITY, f64::NAN);
        for _ in 0..MOST_CUTS {
            // f(x) = J(x) + ½·half·‖x − z‖², less its first value, and its cut at x, seen from z.
            let size = self.oracle.value_gradient(x, &mut self.gradient);
            if first.is_nan() {
                first = size;
            }
            let away: Vec<f64> = x.iter().zip(z).map(|(x, z)| x - z).collect();
            let value = size - first + 0.5 * half * dot(&away, &away);
            // Rounding of the values and of the arguments of J.
            let rounding =
                GAP * (size.abs() + norm(&self.gradient) * (norm(x) + norm(z))) + f64::MIN_POSITIVE;
            let small = max(rounding, CLOSE * lambda * dot(&self.gradient, &self.gradient));
            axpy(half, &away, &mut self.gradient);
            let gap = value - model;
            if gap.abs() <= rounding {
                return true;
            }
            if gap < 0.0 || gap.is_nan() {
                return gap >= -small;
            }
            heights.push(value - dot(&self.gradient, &away));
            slopes.push(self.gradient.iter().map(|g| g / root).collect());
            // Minimise the largest cut plus ½·half·‖x − z‖²; its dual is a problem on the simplex.
            let weights = least_weights(&slopes, &heights);
            let slope = combination(&slopes, &weights);
            let lower = (0..slopes.len()).map(|i| heights[i] - dot(&slopes[i], &slope));
            let next = lower.fold(f64::NEG_INFINITY, max);
            let minimum = next + 0.5 * dot(&slope, &slope);
            // No progress: the cuts agree to rounding.
            if minimum <= least {
                return gap <= small;
            }
            (model, least) = (next, minimum);
            for i in 0..x.len() {
                x[i] = z[i] - slope[i] / root;
            }
            let kept: Vec<usize> = (0..slopes.len()).filter(|&i| weights[i] > 0.0).collect();
            slopes = kept.iter().map(|&i| slopes[i].clone()).collect();
            heights = kept.iter().map(|&i| heights[i]).collect();
        }
        false
    }

    /// x ← z − λ∇J(x), which converges where λ∇²J is small and x stays in one smooth piece.
    fn iterate(&mut self, z: &[f64], lambda: f64, x: &mut [f64]) -> bool {
        for _ in 0..MOST_CUTS {
            self.oracle.gradient(x, &mut self.gradient);
            let mut moved = 0.0;
            for i in 0..x.len() {
                let next = z[i] - lambda * self.gradient[i];
                moved = max(moved, (next - x[i]).abs());
                x[i] = next;
            }
            if moved <= 1e-6 * lambda * norm(&self.gradient) {
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn soft_thresholds() {
        let objective = dinlab_objective::build("expr:abs(x)+abs(y)+2*y", &Default::default()).unwrap();
        let mut proximal = Proximal::new(&*objective);
        let mut stream = dinlab_numeric::Stream::new(7, "prox", 0);
        for lambda in [1e-8, 1e-5, 2e-4, 0.1] {
            for _ in 0..200 {
                let mut draw = || stream.uniform(-2.5, 2.5) * lambda;
                let z = [draw(), draw()];
                let mut x = [draw(), draw()];
                let guess = x;
                assert!(proximal.step(&z, lambda, &mut x));
                let soft = |z: f64| z.signum() * max(z.abs() - lambda, 0.0);
                let expected = [soft(z[0]), soft(z[1] - 2.0 * lambda)];
                let error = dinlab_numeric::distance(&x, &expected);
                assert!(error < 1e-5 * lambda, "{lambda} {z:?} {guess:?} {x:?} {expected:?}");
            }
        }
    }
}
