//! Least squares with a two-layer ReLU network, J(θ) = 1/(2m) Σᵢ (c + Σⱼ aⱼ max(wⱼᵀxᵢ + bⱼ, 0) − yᵢ)², on images of the
//! digits 0 and 1.
//!
//! Data: the first m = 100 images of a 0 or a 1, each reduced to 8 features (the mean pixel of blocks 4 rows high and
//! 2 columns wide, scaled to [0, 1]); yᵢ is the digit. Parameters: w₁ b₁ a₁ w₂ b₂ a₂ … c. A finite sum of m terms, each
//! with its 1/(2m).

use std::sync::{Arc, OnceLock};

use super::{whole_or, Entry, Options, Shared};
use crate::{
    data,
    error::ObjectiveError,
    facts::{CriticalKind, CriticalPoint, Facts, Regularity},
    formula::Formula,
    oracle::Native,
    samples::Terms,
    scalar::Scalar,
};

pub(super) const ENTRY: Entry = Entry {
    name: "relu-sum",
    arguments: "[:width]",
    summary:
        "two-layer ReLU least squares on 100 images of 0 and 1, n = 10 width + 1 (width = 3 without argument)",
    examples: &["relu-sum", "relu-sum:1"],
    build,
};

const SAMPLES: usize = 100;
const FEATURES: usize = 8;
/// Parameters of one hidden unit: w, b, a.
const UNIT: usize = FEATURES + 2;
const WIDTH_MAX: usize = 1000;

#[derive(Debug, Clone, Copy)]
struct Sample {
    features: [f64; FEATURES],
    target: f64,
}

fn samples() -> &'static [Sample] {
    static SET: OnceLock<Vec<Sample>> = OnceLock::new();
    SET.get_or_init(|| {
        let set = data::digits();
        let chosen = (0..set.rows).filter(|&i| set.targets[i] <= 1.0).take(SAMPLES);
        chosen.map(|i| Sample { features: blocks(set.row(i)), target: set.targets[i] }).collect()
    })
}

/// Mean pixel, scaled to [0, 1], of the 2 × 4 blocks of an 8 × 8 image with pixels from 0 to 16.
fn blocks(image: &[f64]) -> [f64; FEATURES] {
    let mut sums = [0.0; FEATURES];
    for (k, &pixel) in image.iter().enumerate() {
        let (row, column) = (k / 8, k % 8);
        sums[row / 4 * 4 + column / 2] += pixel;
    }
    sums.map(|s| s / (8.0 * 16.0))
}

/// The formula.
#[derive(Debug, Clone, Copy)]
pub struct ReluSum {
    samples: &'static [Sample],
    width: usize,
}

#[inline(always)]
fn preactivation<S: Scalar>(unit: &[S], features: &[f64; FEATURES]) -> S {
    features.iter().zip(unit).fold(unit[FEATURES], |total, (&f, &w)| total + S::constant(f) * w)
}

#[inline(always)]
fn residual<S: Scalar>(x: &[S], sample: &Sample) -> S {
    let start = x[x.len() - 1] - S::constant(sample.target);
    x.chunks_exact(UNIT)
        .fold(start, |total, unit| total + unit[FEATURES + 1] * preactivation(unit, &sample.features).relu())
}

impl Formula for ReluSum {
    fn dimension(&self) -> usize {
        UNIT * self.width + 1
    }
    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        let total = self.samples.iter().fold(S::constant(0.0), |t, sample| t + residual(x, sample).square());
        S::constant(0.5 / self.samples.len() as f64) * total
    }
    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) {
        out.fill(S::constant(0.0));
        for n in 0..self.samples.len() {
            self.add_term_gradient(n, x, out);
        }
    }
}

impl Terms for ReluSum {
    fn count(&self) -> usize {
        self.samples.len()
    }
    #[inline(always)]
    fn term<S: Scalar>(&self, n: usize, x: &[S]) -> S {
        S::constant(0.5 / self.samples.len() as f64) * residual(x, &self.samples[n]).square()
    }
    #[inline(always)]
    fn add_term_gradient<S: Scalar>(&self, n: usize, x: &[S], out: &mut [S]) {
        let sample = &self.samples[n];
        let last = x.len() - 1;
        let r = S::constant(1.0 / self.samples.len() as f64) * residual(x, sample);
        for (unit, target) in x.chunks_exact(UNIT).zip(out.chunks_exact_mut(UNIT)) {
            let z = preactivation(unit, &sample.features);
            let through = r * unit[FEATURES + 1] * z.relu_slope();
            for (t, &f) in target.iter_mut().zip(&sample.features) {
                *t = *t + through * S::constant(f);
            }
            target[FEATURES] = target[FEATURES] + through;
            target[FEATURES + 1] = target[FEATURES + 1] + r * z.relu();
        }
        out[last] = out[last] + r;
    }
}

/// With every unit dead on all samples J depends on c alone, near this point too: a minimum, but not a global one.
fn dead(width: usize) -> CriticalPoint {
    let mut point = vec![0.0; UNIT * width];
    point.chunks_exact_mut(UNIT).for_each(|unit| unit[FEATURES] = -1.0);
    let targets: Vec<f64> = samples().iter().map(|sample| sample.target).collect();
    point.push(dinlab_numeric::sum(&targets) / targets.len() as f64);
    CriticalPoint { point, kind: CriticalKind::Minimum }
}

fn build(arguments: &str, options: &Options) -> Result<Shared, ObjectiveError> {
    let expected = format!("a number of hidden units from 1 to {WIDTH_MAX}");
    let width = whole_or("relu-sum", arguments, 3, |w| (1..=WIDTH_MAX).contains(&w), &expected)?;
    let formula = ReluSum { samples: samples(), width };
    let n = formula.dimension();
    let facts = Facts {
        regularity: Regularity::Lipschitz,
        // A dead unit may go anywhere at no cost.
        coercive: false,
        tame: true,
        critical_points: vec![dead(width)],
        complete: false,
        kinks: vec!["w_j'x_i + b_j = 0 for each hidden unit j and sample i".into()],
        view: vec![[-1.0, 1.0]; n],
        source: "closed form; data: Alpaydin, Kaynak, UCI, 1998".into(),
        ..Facts::unknown(
            format!("relu-sum:{width}"),
            r"\tfrac1{2m}\sum_i\Bigl(c+\sum_ja_j\max(w_j^\top x_i+b_j,0)-y_i\Bigr)^2",
            n,
        )
    };
    Ok(Arc::new(Native::sum(formula, facts, options.selection)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::selection::Selection;
    use dinlab_numeric::{dot, Stream};

    /// A point at which exactly one sample lies on the kink of exactly one unit. All numbers are multiples of 1/128,
    /// so the tie is exact.
    fn on_one_kink(stream: &mut Stream) -> Vec<f64> {
        loop {
            let mut x: Vec<f64> =
                stream.normals(UNIT + 1).iter().map(|v| (16.0 * v).round() / 16.0).collect();
            x[FEATURES] = 0.0;
            let tied = &samples()[stream.below(SAMPLES)];
            x[FEATURES] = -preactivation(&x[..UNIT], &tied.features);
            let ties = samples().iter().filter(|s| preactivation(&x[..UNIT], &s.features) == 0.0).count();
            if ties == 1 {
                return x;
            }
        }
    }

    #[test]
    fn selected_slopes_at_a_kink_lie_between_the_one_sided_derivatives() {
        let formula = ReluSum { samples: samples(), width: 1 };
        let n = formula.dimension();
        let mut stream = Stream::new(0, "relu-sum kinks", 0);
        for _ in 0..20 {
            let (x, direction) = (on_one_kink(&mut stream), stream.normals(n));
            let moved = |h: f64| {
                let y: Vec<f64> = x.iter().zip(&direction).map(|(v, d)| v + h * d).collect();
                formula.value(&y)
            };
            let h = 1e-7;
            let [right, left] = [1.0, -1.0].map(|s| (moved(s * h) - formula.value(&x)) / (s * h));
            let (low, high) = (dinlab_numeric::min(left, right), dinlab_numeric::max(left, right));
            let mut slopes = Vec::new();
            for relu in [0.0, 0.25, 1.0] {
                let mut gradient = vec![0.0; n];
                Selection { relu, ..Selection::DEFAULT }.during(|| formula.gradient(&x, &mut gradient));
                slopes.push(dot(&gradient, &direction));
                // Remainder of the one-sided quotients: h times the curvature, which is of order ‖direction‖²‖x‖².
                let slope = slopes[slopes.len() - 1];
                assert!(low - 1e-4 <= slope && slope <= high + 1e-4, "{low} {slope} {high}");
            }
            // The selection matters: the tie is real.
            assert!(
                slopes[0] != slopes[2] && (slopes[1] - 0.75 * slopes[0] - 0.25 * slopes[2]).abs() < 1e-12
            );
        }
    }

    #[test]
    fn the_problem_can_be_fitted() {
        // Block features separate 0 from 1: least squares on the outputs alone leaves less than the constant fit.
        let formula = ReluSum { samples: samples(), width: 1 };
        let mut x = dead(1).point;
        let constant_fit = formula.value(&x);
        x[1] = -2.0;
        x[3] = 1.0;
        x[FEATURES] = 0.5;
        x[FEATURES + 1] = 0.5;
        let mut gradient = vec![0.0; x.len()];
        for _ in 0..2000 {
            formula.gradient(&x, &mut gradient);
            dinlab_numeric::axpy(-0.1, &gradient, &mut x);
        }
        assert!(formula.value(&x) < 0.5 * constant_fit, "{} {constant_fit}", formula.value(&x));
    }
}
