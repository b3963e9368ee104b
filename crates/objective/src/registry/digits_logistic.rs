//! Even against odd handwritten digits: J(θ) = (1/m) Σᵢ log(1 + exp(−yᵢ xᵢᵀθ)) + (r/2)‖θ‖², m = 1797.
//!
//! The 64 features are pixels scaled to [0, 1]; a last feature 1 carries the intercept, regularised like the others. yᵢ is
//! 1 for an even digit, −1 for an odd one. The finite sum is that of `logistic`.

use std::sync::OnceLock;

use super::{
    logistic::{regularised, Samples},
    Entry, Options, Shared,
};
use crate::{data, error::ObjectiveError};

pub(super) const ENTRY: Entry = Entry {
    name: "digits-logistic",
    arguments: "[:r]",
    summary:
        "mean log(1 + exp(-y a'x)) + r/2 |x|^2, even against odd digits, n = 65 (r = 0.01 without argument)",
    examples: &["digits-logistic"],
    build,
};

/// Pixels go from 0 to 16.
const WHITE: f64 = 16.0;

fn samples() -> &'static Samples {
    static SAMPLES: OnceLock<Samples> = OnceLock::new();
    SAMPLES.get_or_init(|| {
        let set = data::digits();
        let features: Vec<f64> = set.features.iter().map(|pixel| pixel / WHITE).collect();
        Samples::new(&features, set.columns, |i| set.targets[i] % 2.0 == 0.0)
    })
}

fn build(arguments: &str, options: &Options) -> Result<Shared, ObjectiveError> {
    let source = "closed form; data: Alpaydin, Kaynak, UCI, 1998";
    regularised("digits-logistic", samples(), source, arguments, options)
}
