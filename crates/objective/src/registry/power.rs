//! J(θ) = |θ|ᶜ in one dimension, c ≥ 1: its Łojasiewicz exponent 1 − 1/c takes every value in [0, 1).

use std::sync::Arc;

use super::{bad_argument, numbers, Entry, Options, Shared};
use crate::{
    error::ObjectiveError,
    facts::{Bound, CriticalKind, CriticalPoint, Domain, Facts, Regularity},
    formula::Formula,
    oracle::Native,
    scalar::Scalar,
};

pub(super) const ENTRY: Entry = Entry {
    name: "power",
    arguments: ":c",
    summary: "|x|^c in one dimension, c >= 1 (power:1 is the absolute value)",
    examples: &["power:4", "power:1", "power:1.5", "power:2", "power:2.5", "power:3"],
    build,
};

/// |θ|ᶜ.
#[derive(Debug, Clone, Copy)]
pub struct Power {
    exponent: f64,
    /// The exponent where it is an even number: θᶜ without |·| keeps the second derivative at 0 exact.
    even: Option<i32>,
}

impl Power {
    fn new(exponent: f64) -> Self {
        let even = (exponent % 2.0 == 0.0 && exponent <= f64::from(i32::MAX)).then_some(exponent as i32);
        Self { exponent, even }
    }
}

impl Formula for Power {
    fn dimension(&self) -> usize {
        1
    }
    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        match self.even {
            Some(c) => x[0].powi(c),
            None => x[0].abs().powf(self.exponent),
        }
    }
    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) {
        let c = S::constant(self.exponent);
        out[0] = match self.even {
            Some(exponent) => c * x[0].powi(exponent - 1),
            None => c * x[0].abs().powf(self.exponent - 1.0) * x[0].abs_slope(),
        };
    }
}

const EXPECTED: &str = "one finite number c >= 1, e.g. power:4";

fn build(arguments: &str, options: &Options) -> Result<Shared, ObjectiveError> {
    let c = match numbers("power", arguments, EXPECTED)?.as_slice() {
        [c] if *c >= 1.0 => *c,
        _ => return Err(bad_argument("power", arguments, EXPECTED)),
    };
    // J'' = c(c − 1)|θ|^(c−2): unbounded at 0 for 1 < c < 2, constant for c = 2, unbounded at ∞ beyond.
    let curvature = c * (c - 1.0);
    let domain = if c == 2.0 { Domain::Global } else { Domain::Box(vec![[-1.0, 1.0]]) };
    let facts = Facts {
        regularity: match c {
            c if c >= 2.0 => Regularity::Smooth,
            c if c > 1.0 => Regularity::ContinuouslyDifferentiable,
            _ => Regularity::Lipschitz,
        },
        convex: true,
        coercive: true,
        // Semi-algebraic for rational c; every machine number is rational.
        tame: true,
        infimum: Some(0.0),
        critical_points: vec![CriticalPoint { point: vec![0.0], kind: CriticalKind::Minimum }],
        complete: true,
        smoothness: (c >= 2.0 && curvature.is_finite()).then_some(Bound { value: curvature, domain }),
        piece_smoothness: (c == 1.0).then(|| Bound::global(0.0)),
        convexity: Some(Bound::global(if c == 2.0 { 2.0 } else { 0.0 })),
        kl_exponent: Some(1.0 - 1.0 / c),
        kinks: if c == 1.0 { vec!["x = 0 (convex)".into()] } else { Vec::new() },
        view: vec![[-1.5, 1.5]],
        source: "closed form".into(),
        ..Facts::unknown(format!("power:{c}"), format!(r"|\theta|^{{{c}}}"), 1)
    };
    Ok(Arc::new(Native::new(Power::new(c), facts, options.selection)))
}
