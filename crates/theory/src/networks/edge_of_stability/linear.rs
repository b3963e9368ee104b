//! The step itself at the end of a run: its derivative along a direction d is [[1 − γβh, γ], [−γ(1 − αβ)h, 1 − αγ]] with h = ⟨d, ∇²J d⟩, for every d.
//!
//! Two directions with different h give the matrix as a function A + hB of curvature, and its first instability is λ*, as far as the measured
//! step goes: no level of a plateau is needed for that, and an error of 10⁻³ in α, β or γ shows.
//!
//! Central differences with δ are off by O(δ²) and by rounding, some 10²ε/δ; halving δ shows the former.

use dinlab_analysis::{
    spectrum::{eigenvalues_2x2, modulus, multipliers},
    stability::sharpness_max,
};
use dinlab_indian::Method;
use dinlab_neural::NetworkObjective;
use dinlab_numeric::{axpy, dot, max, norm};
use dinlab_objective::{Objective, Start};
use dinlab_record::{Budget, Measurement};

use crate::{
    check::Context,
    error::CheckError,
    shipped::{bisect, train},
};

/// δ. The relative change of the Hessian over it is of order δ², about 10⁻⁹ in these networks.
const DELTA: f64 = 1e-5;
/// On λ/λ* and on trace and determinant: rounding, 10²ε/δ ~ 10⁻⁹, is multiplied by the distance from (direction with small h) to λ*, at most some hundred times.
const TOLERANCE: f64 = 1e-6;

/// Both implementations of the step.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// The one networks are trained with.
    Training,
    /// The one of iterations on objectives.
    Iteration,
}

/// Where and with what parameters.
pub struct Point<'a> {
    /// J.
    pub objective: &'a NetworkObjective,
    /// θ.
    pub theta: &'a [f64],
    /// Top eigenvector.
    pub top: &'a [f64],
    /// α, β, γ.
    pub parameters: [f64; 3],
    /// Control: factor of λ* in the prediction.
    pub factor: f64,
}

impl Point<'_> {
    /// (θ, u) after one step.
    fn after(
        &self,
        step: Step,
        mut theta: Vec<f64>,
        mut u: Vec<f64>,
        context: &Context<'_>,
    ) -> Result<[Vec<f64>; 2], CheckError> {
        let [alpha, beta, gamma] = self.parameters;
        match step {
            Step::Training => {
                train(self.objective, self.parameters, (&mut theta, &mut u), 1, context, |_| {})?;
            }
            Step::Iteration => {
                let mut oracle = Objective::oracle(self.objective);
                let mut stepper = Method::Indian { alpha, beta }.stepper();
                stepper.start(&mut *oracle, &theta, &Start::Auxiliary(u.clone()))?;
                stepper.step(0, gamma, &mut *oracle, &mut theta);
                u = stepper.auxiliary().map_or(u, <[f64]>::to_vec);
            }
        }
        Ok([theta, u])
    }

    /// The derivative along `d` (length 1), by central differences.
    fn block(
        &self,
        step: Step,
        d: &[f64],
        delta: f64,
        context: &Context<'_>,
    ) -> Result<[[f64; 2]; 2], CheckError> {
        let mut block = [[0.0; 2]; 2];
        for column in 0..2 {
            let side = |sign: f64| {
                let mut state = [self.theta.to_vec(), vec![0.0; d.len()]];
                axpy(sign * delta, d, &mut state[column]);
                let [theta, u] = state;
                self.after(step, theta, u, context)
            };
            let (plus, minus) = (side(1.0)?, side(-1.0)?);
            for row in 0..2 {
                block[row][column] = (dot(&plus[row], d) - dot(&minus[row], d)) / (2.0 * delta);
            }
        }
        Ok(block)
    }

    /// λ at which A + λB turns unstable, over λ*; and the largest distance of trace and determinant along the top eigenvector from those of the closed form.
    fn shown(&self, step: Step, delta: f64, context: &Context<'_>) -> Result<[f64; 2], CheckError> {
        let [alpha, beta, gamma] = self.parameters;
        let mut oracle = Objective::oracle(self.objective);
        let mut image = vec![0.0; self.theta.len()];
        let mut curvature = |d: &[f64]| {
            oracle.hessian_vector(self.theta, d, &mut image);
            dot(d, &image)
        };
        let mut other = context.stream("second direction", 0).normals(self.theta.len());
        let length = norm(&other);
        other.iter_mut().for_each(|v| *v /= length);
        let (high, low) = (curvature(self.top), curvature(&other));
        let (at_high, at_low) =
            (self.block(step, self.top, delta, context)?, self.block(step, &other, delta, context)?);
        let at = |lambda: f64| {
            let share = (lambda - low) / (high - low);
            let mut matrix = at_low;
            for (row, (a, b)) in matrix.iter_mut().zip(at_high.iter().zip(&at_low)) {
                for (entry, (a, b)) in row.iter_mut().zip(a.iter().zip(b)) {
                    *entry = b + share * (a - b);
                }
            }
            matrix
        };
        let stable = |lambda: f64| {
            let [a, b] = eigenvalues_2x2(at(lambda));
            max(modulus(a), modulus(b)) < 1.0
        };
        let limit = self.factor * sharpness_max(alpha, beta, gamma);
        let found = bisect(0.5 * limit, 2.0 * limit, stable);
        let [[a, b], [c, d]] = at_high;
        let [one, two] = multipliers(alpha, beta, gamma, high);
        let (sum, product) = (one + two, one * two);
        Ok([found / limit, max((a + d - sum.re).abs(), (a * d - b * c - product.re).abs())])
    }

    /// What both implementations show.
    pub fn measure(&self, words: &str, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let mut measured = Vec::new();
        for (step, name) in [(Step::Training, "training step"), (Step::Iteration, "step of iterations")] {
            let (coarse, fine) = (self.shown(step, 2.0 * DELTA, context)?, self.shown(step, DELTA, context)?);
            let of = |what: &str| format!("{what} of the {name}, from its derivative at the end of a run");
            let budget = Budget::discretisation(TOLERANCE);
            let all = [
                (of("first unstable curvature over λ*"), 1.0),
                (of("trace and determinant beside the closed form"), 0.0),
            ];
            for (i, (name, predicted)) in all.into_iter().enumerate() {
                measured.push(
                    Measurement::equal(name, fine[i], predicted, budget)
                        .refined(fine[i] - coarse[i])
                        .on(words),
                );
            }
        }
        Ok(measured)
    }
}
