//! Step sizes γ_k, k = 0, 1, …

mod assumption;
mod named;

use dinlab_numeric::sum;
use serde::{Deserialize, Serialize};

use crate::error::IndianError;

pub use assumption::{Half, StepAssumption};
pub use named::{ScheduleEntry, SCHEDULES};

/// Step sizes of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// γ_k = γ.
    Constant(f64),
    /// γ_k = γ₀(k+1)^−q.
    Power {
        /// γ₀.
        initial: f64,
        /// q ≥ 0.
        exponent: f64,
    },
    /// γ_k = γ₀ log(k+e)^−r.
    Logarithmic {
        /// γ₀.
        initial: f64,
        /// r > 0.
        exponent: f64,
    },
    /// γ_k = γ₀ ρᵏ.
    Geometric {
        /// γ₀.
        initial: f64,
        /// ρ in (0, 1).
        ratio: f64,
    },
    /// γ_k = γ₀ ρ^⌊k/m⌋: constant for m steps, then cut by the factor ρ.
    Staircase {
        /// γ₀.
        initial: f64,
        /// ρ in (0, 1).
        ratio: f64,
        /// m ≥ 1.
        every: u64,
    },
    /// γ_k given one by one; at least as many as the run has steps.
    List(Vec<f64>),
}

impl Schedule {
    /// γ_k. Past the end of a list: its last entry, or NaN if it is empty (`validate` refuses such runs).
    pub fn at(&self, k: u64) -> f64 {
        match self {
            Self::Constant(step_size) => *step_size,
            Self::Power { initial, exponent } => initial * (k as f64 + 1.0).powf(-exponent),
            Self::Logarithmic { initial, exponent } => {
                initial * (k as f64 + std::f64::consts::E).ln().powf(-exponent)
            }
            Self::Geometric { initial, ratio } => initial * ratio.powf(k as f64),
            Self::Staircase { initial, ratio, every } => initial * ratio.powf((k / (*every).max(1)) as f64),
            Self::List(list) => {
                let index = usize::try_from(k).unwrap_or(usize::MAX).min(list.len().saturating_sub(1));
                list.get(index).copied().unwrap_or(f64::NAN)
            }
        }
    }

    /// Σ γ_k over k < steps: the time of the flow that the run corresponds to. Costs O(steps), except that a power law
    /// costs no more than a million steps and a constant step size nothing.
    pub fn total_time(&self, steps: u64) -> f64 {
        /// From here on the sum of a power law is its Euler-Maclaurin expansion.
        const FAR: u64 = 1_000_000;
        match *self {
            Self::Constant(step_size) => steps as f64 * step_size,
            Self::Power { initial, exponent } if steps > FAR => {
                self.added_up(FAR) + initial * far_sum(exponent, FAR as f64 + 1.0, steps as f64)
            }
            _ => self.added_up(steps),
        }
    }

    fn added_up(&self, steps: u64) -> f64 {
        // Blocks keep the compensated sum in constant memory.
        let mut blocks = Vec::new();
        let mut k = 0;
        while k < steps {
            let end = k.saturating_add(1 << 16).min(steps);
            blocks.push(sum(&(k..end).map(|k| self.at(k)).collect::<Vec<_>>()));
            k = end;
        }
        sum(&blocks)
    }

    /// Checks that γ_0 (of a list: every γ_k) is positive and finite, and the parameters are in their ranges. Step sizes
    /// of a summable schedule may still underflow to 0 in a long run.
    pub fn validate(&self, steps: u64) -> Result<(), IndianError> {
        let positive = |index, value: f64| match value > 0.0 && value.is_finite() {
            true => Ok(()),
            false => Err(IndianError::StepSize { index, value }),
        };
        match self {
            Self::Constant(initial)
            | Self::Power { initial, .. }
            | Self::Logarithmic { initial, .. }
            | Self::Geometric { initial, .. }
            | Self::Staircase { initial, .. } => positive(0, *initial)?,
            Self::List(list) if (list.len() as u64) < steps => {
                return Err(IndianError::ListTooShort { found: list.len(), steps });
            }
            Self::List(list) => {
                return list.iter().enumerate().try_for_each(|(index, &value)| positive(index, value));
            }
        }
        match *self {
            Self::Power { exponent: value, .. } if !(value >= 0.0 && value.is_finite()) => {
                Err(IndianError::Exponent { value, expected: "a finite number >= 0" })
            }
            Self::Logarithmic { exponent: value, .. } if !(value > 0.0 && value.is_finite()) => {
                Err(IndianError::Exponent { value, expected: "a finite number > 0" })
            }
            Self::Geometric { ratio, .. } | Self::Staircase { ratio, .. }
                if !(ratio > 0.0 && ratio < 1.0) =>
            {
                Err(IndianError::Ratio { value: ratio })
            }
            Self::Staircase { every: 0, .. } => Err(IndianError::Grid { what: "length of a stair" }),
            _ => Ok(()),
        }
    }
}

/// Σ n^−q over whole n from a to b: ∫ + (f(a)+f(b))/2 + (f′(b)−f′(a))/12, with an error below q³a^(−q−3).
fn far_sum(q: f64, a: f64, b: f64) -> f64 {
    let f = |n: f64| n.powf(-q);
    let slope = |n: f64| -q * n.powf(-q - 1.0);
    let log = (b / a).ln();
    // a^(1−q) (e^((1−q) log) − 1)/(1−q), which is log at q = 1.
    let integral = match (1.0 - q) * log {
        0.0 => log,
        z => a.powf(1.0 - q) * z.exp_m1() / z * log,
    };
    integral + 0.5 * (f(a) + f(b)) + (slope(b) - slope(a)) / 12.0
}

impl std::fmt::Display for Schedule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Constant(step_size) => write!(f, "constant {step_size}"),
            Self::Power { initial, exponent } => write!(f, "{initial} (k+1)^-{exponent}"),
            Self::Logarithmic { initial, exponent } => write!(f, "{initial} log(k+e)^-{exponent}"),
            Self::Geometric { initial, ratio } => write!(f, "{initial} {ratio}^k"),
            Self::Staircase { initial, ratio, every } => write!(f, "{initial} {ratio}^floor(k/{every})"),
            Self::List(list) => write!(f, "list of {}", list.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_sizes_are_the_stated_ones() {
        let power = Schedule::Power { initial: 0.2, exponent: 0.5 };
        assert_eq!((power.at(0), power.at(3)), (0.2, 0.1));
        assert_eq!(Schedule::Power { initial: 0.2, exponent: 0.0 }.at(7), 0.2);
        assert_eq!(Schedule::Constant(0.3).at(9), 0.3);
        assert_eq!(Schedule::List(vec![0.3, 0.1]).at(1), 0.1);
        assert!(Schedule::List(vec![]).at(1).is_nan());
        let log = Schedule::Logarithmic { initial: 0.2, exponent: 2.0 };
        assert_eq!(log.at(0), 0.2);
        assert!((log.at(1000) - 0.2 / (1000.0 + std::f64::consts::E).ln().powi(2)).abs() < 1e-16);
        assert!((Schedule::Geometric { initial: 0.2, ratio: 0.5 }.at(3) - 0.025).abs() < 1e-17);
        let stairs = Schedule::Staircase { initial: 0.2, ratio: 0.5, every: 10 };
        assert_eq!((stairs.at(9), stairs.at(10), stairs.at(39)), (0.2, 0.1, 0.025));
    }

    #[test]
    fn total_time_is_the_sum() {
        assert_eq!(Schedule::Constant(0.5).total_time(6), 3.0);
        assert_eq!(Schedule::List(vec![1.0, 2.0, 4.0]).total_time(2), 3.0);
        // Harmonic numbers: H_n = ln n + Euler's constant + 1/(2n) − 1/(12n²) + …
        let n = 200_000_u64;
        let harmonic = Schedule::Power { initial: 1.0, exponent: 1.0 }.total_time(n);
        let x = n as f64;
        let expected = x.ln() + 0.577_215_664_901_532_9 + 0.5 / x - 1.0 / (12.0 * x * x);
        assert!((harmonic - expected).abs() < 1e-14 * expected * 10.0);
        // The expansion against the sum itself.
        for exponent in [0.0, 0.25, 0.999, 1.0, 1.001, 2.5] {
            let power = Schedule::Power { initial: 0.7, exponent };
            let (short, long) = (power.total_time(1_500_000), power.added_up(1_500_000));
            assert!((short - long).abs() < 1e-13 * long, "{exponent}: {short} {long}");
        }
    }

    #[test]
    fn bad_schedules_are_refused() {
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(
                Schedule::Constant(value).validate(1),
                Err(IndianError::StepSize { index: 0, .. })
            ));
            assert!(Schedule::Power { initial: value, exponent: 0.5 }.validate(1).is_err());
            assert!(Schedule::Geometric { initial: value, ratio: 0.5 }.validate(1).is_err());
            let list = Schedule::List(vec![0.1, value]);
            assert!(matches!(list.validate(1), Err(IndianError::StepSize { index: 1, .. })));
        }
        for exponent in [-0.5, f64::NAN, f64::INFINITY] {
            let schedule = Schedule::Power { initial: 0.1, exponent };
            assert!(matches!(schedule.validate(1), Err(IndianError::Exponent { .. })));
            assert!(Schedule::Logarithmic { initial: 0.1, exponent }.validate(1).is_err());
        }
        assert!(Schedule::Logarithmic { initial: 0.1, exponent: 0.0 }.validate(1).is_err());
        for ratio in [0.0, 1.0, -0.5, f64::NAN] {
            let schedule = Schedule::Geometric { initial: 0.1, ratio };
            assert!(matches!(schedule.validate(1), Err(IndianError::Ratio { .. })));
        }
        assert!(Schedule::Staircase { initial: 0.1, ratio: 0.5, every: 0 }.validate(1).is_err());
        let short = Schedule::List(vec![0.1; 3]);
        assert_eq!(short.validate(4), Err(IndianError::ListTooShort { found: 3, steps: 4 }));
        assert_eq!(short.validate(3), Ok(()));
    }
}
