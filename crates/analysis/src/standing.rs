//! Better, equivalent, worse or undecided: the reading of an interval for a mean difference against a margin that was fixed beforehand.

use serde::{Deserialize, Serialize};

use crate::{
    error::AnalysisError,
    statistics::{student_quantile_upper, Summary},
};

/// Student's two-sided interval for the mean of at least two samples, at confidence `level`.
pub fn mean_interval(x: &[f64], level: f64) -> Result<[f64; 2], AnalysisError> {
    if !(level > 0.0 && level < 1.0) {
        let (what, low, high) = ("confidence level", 0.0, 1.0);
        return Err(AnalysisError::OutOfRange { what, value: level, low, high });
    }
    let summary = Summary::of(x)?;
    let reach = if summary.standard_error > 0.0 {
        student_quantile_upper(0.5 * (1.0 - level), summary.samples as f64 - 1.0) * summary.standard_error
    } else {
        0.0
    };
    Ok([summary.mean - reach, summary.mean + reach])
}

/// Where a method stands against another when larger differences are worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// The whole interval lies below −margin.
    Better,
    /// The whole interval lies within ± margin.
    Equivalent,
    /// The interval ends below +margin but reaches over −margin: better or equivalent.
    NotWorse,
    /// The interval reaches over +margin.
    Undecided,
    /// The whole interval lies above +margin.
    Worse,
}

impl Standing {
    /// Reads [low, high] against the margin; an interval with a NaN is undecided.
    pub fn of([low, high]: [f64; 2], margin: f64) -> Self {
        if high < -margin && low <= high {
            Self::Better
        } else if low > margin && low <= high {
            Self::Worse
        } else if low >= -margin && high <= margin {
            Self::Equivalent
        } else if high <= margin && low < -margin {
            Self::NotWorse
        } else {
            Self::Undecided
        }
    }
}

impl std::fmt::Display for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Better => "better",
            Self::Equivalent => "equivalent",
            Self::NotWorse => "better or equivalent",
            Self::Undecided => "undecided",
            Self::Worse => "worse",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dinlab_numeric::Stream;

    #[test]
    fn intervals_are_read_against_the_margin() {
        let read = |low, high| Standing::of([low, high], 0.1);
        assert_eq!(read(-0.5, -0.2), Standing::Better);
        assert_eq!(read(-0.5, 0.05), Standing::NotWorse);
        assert_eq!(read(-0.1, 0.1), Standing::Equivalent);
        assert_eq!(read(-0.05, 0.2), Standing::Undecided);
        assert_eq!(read(0.05, 0.2), Standing::Undecided);
        assert_eq!(read(0.2, 0.3), Standing::Worse);
        for (low, high) in [(f64::NAN, -1.0), (1.0, f64::NAN), (f64::NAN, f64::NAN), (f64::NAN, 0.0)] {
            assert_eq!(read(low, high), Standing::Undecided);
        }
    }

    #[test]
    fn the_interval_is_students() {
        // t(0.975, 3) = 3.182446 (tables); mean 2.5, s = 1.290994.
        let [low, high] = mean_interval(&[1.0, 2.0, 3.0, 4.0], 0.95).unwrap();
        let reach = 3.182_446_305_284_263 * 1.290_994_448_735_805_6 / 2.0;
        assert!((low - (2.5 - reach)).abs() < 1e-9 && (high - (2.5 + reach)).abs() < 1e-9);
        assert_eq!(mean_interval(&[1.0, 1.0], 0.99).unwrap(), [1.0, 1.0]);
        assert!(mean_interval(&[1.0], 0.9).is_err() && mean_interval(&[1.0, 2.0], 1.0).is_err());
    }

    /// Paired differences of a cheap simulated contest: of `shift` on average, with heavy right tails as losses have them.
    fn shares(shift: f64, sigma: f64, level: f64) -> [f64; 5] {
        let (experiments, seeds) = (4000_u32, 20);
        let mut counts = [0.0; 5];
        for index in 0..experiments {
            let mut stream = Stream::new(5, "standing/null", u64::from(index));
            let draw =
                |stream: &mut Stream| sigma * (stream.normal() + 0.2 * (stream.normal().powi(2) - 1.0));
            let x: Vec<f64> = (0..seeds).map(|_| shift + draw(&mut stream) - draw(&mut stream)).collect();
            counts[Standing::of(mean_interval(&x, level).unwrap(), 0.1) as usize] +=
                1.0 / f64::from(experiments);
        }
        counts
    }

    #[test]
    fn a_method_against_itself_is_hardly_ever_better_or_worse() {
        // No difference: with a small spread equivalent; with a large one the interval misses 0 in at most 1 − level of the cases, and `better` or
        // `worse` ask for more than that.
        let small = shares(0.0, 0.05, 0.99);
        assert!(small[Standing::Equivalent as usize] > 0.99, "{small:?}");
        let large = shares(0.0, 0.5, 0.99);
        assert!(large[Standing::Better as usize] + large[Standing::Worse as usize] <= 0.01, "{large:?}");
        // At the edge of the margin, where it is most often wrong, `worse` comes at half of 1 − level: 0.005 + 4 standard errors.
        let edge = shares(0.1, 0.05, 0.99);
        assert!(edge[Standing::Worse as usize] < 0.005 + 4.0 * (0.005_f64 / 4000.0).sqrt(), "{edge:?}");
        assert!(edge[Standing::Equivalent as usize] < 0.005 + 4.0 * (0.005_f64 / 4000.0).sqrt(), "{edge:?}");
        // A difference of two margins is found.
        assert!(shares(0.2, 0.05, 0.99)[Standing::Worse as usize] > 0.95);
    }
}
