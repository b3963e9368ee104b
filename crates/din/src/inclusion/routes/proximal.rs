//! prox_{λJ}(z), the minimiser of J(x) + ‖x − z‖²/(2λ), from values and subgradients alone: cutting planes with an exact
//! proximal term (Kelley's method on the convex part; Lemaréchal 1975). Half of the quadratic term is kept in the
//! function that is cut, so that J may be weakly convex down to −1/(2λ).

use dinlab_numeric::{axpy, dot};
use dinlab_objective::{Objective, Oracle};

use super::super::dense::{combination, least_weights};

/// Cuts tried; a small λ needs as many as pieces meet and a few more for curvature.
const MOST_CUTS: usize = 100;
/// The gap to the lower model at which a point is accepted, in rounding units of the value.
const GAP: f64 = 8.0 * f64::EPSILON;

pub(super) struct Proximal<'a> {
    oracle: Box<dyn Oracle + 'a>,
    gradient: Vec<f64>,
}

impl<'a> Proximal<'a> {
    pub(super) fn new(objective: &'a dyn Objective) -> Self {
        Self { oracle: objective.oracle(), gradient: vec![0.0; objective.dimension()] }
    }

    /// Moves x, a first guess, to the proximal point; false if a cut lies above the function, which then is not
    /// convex, or no point was found.
    pub(super) fn step(&mut self, z: &[f64], lambda: f64, x: &mut [f64]) -> bool {
        let half = 0.5 / lambda;
        let root = half.sqrt();
        let (mut slopes, mut heights): (Vec<Vec<f64>>, Vec<f64>) = (Vec::new(), Vec::new());
        let mut model = f64::NEG_INFINITY;
        for _ in 0..MOST_CUTS {
            // f(x) = J(x) + ½·half·‖x − z‖² and its cut at x, seen from z.
            let size = self.oracle.value_gradient(x, &mut self.gradient);
            let away: Vec<f64> = x.iter().zip(z).map(|(x, z)| x - z).collect();
            let value = size + 0.5 * half * dot(&away, &away);
            axpy(half, &away, &mut self.gradient);
            let gap = value - model;
            let rounding = GAP * (size.abs() + value.abs() + f64::MIN_POSITIVE);
            if gap.abs() <= rounding {
                return true;
            }
            if gap < 0.0 || !gap.is_finite() && model.is_finite() {
                return false;
            }
            heights.push(value - dot(&self.gradient, &away));
            slopes.push(self.gradient.iter().map(|g| g / root).collect());
            // Minimise the largest cut plus ½·half·‖x − z‖²; its dual is a problem on the simplex.
            let weights = least_weights(&slopes, &heights);
            let slope = combination(&slopes, &weights);
            for i in 0..x.len() {
                x[i] = z[i] - slope[i] / root;
            }
            let lower = (0..slopes.len()).map(|i| heights[i] - dot(&slopes[i], &slope));
            let next = lower.fold(f64::NEG_INFINITY, dinlab_numeric::max);
            // No progress: the cuts agree to rounding.
            if next <= model {
                return gap <= 1e4 * rounding;
            }
            model = next;
            let used = |i: usize| weights[i] > 0.0;
            let kept: Vec<usize> = (0..slopes.len()).filter(|&i| used(i)).collect();
            slopes = kept.iter().map(|&i| slopes[i].clone()).collect();
            heights = kept.iter().map(|&i| heights[i]).collect();
        }
        false
    }
}
