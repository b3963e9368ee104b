//! Step sizes γ_k, k = 0, 1, …

use dinlab_numeric::sum;
use serde::{Deserialize, Serialize};

use crate::error::IndianError;

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
    /// γ_k given one by one; at least as many as the run has steps.
    List(Vec<f64>),
}

impl Schedule {
    /// γ_k. Past the end of a list: its last entry, or NaN if it is empty (`validate` refuses such runs).
    pub fn at(&self, k: u64) -> f64 {
        match self {
            Self::Constant(step_size) => *step_size,
            Self::Power { initial, exponent } => initial * (k as f64 + 1.0).powf(-exponent),
            Self::List(list) => {
                let index = usize::try_from(k).unwrap_or(usize::MAX).min(list.len().saturating_sub(1));
                list.get(index).copied().unwrap_or(f64::NAN)
            }
        }
    }

    /// Σ γ_k over k < steps: the time of the flow that the run corresponds to. Costs O(steps) except for a
    /// constant step size.
    pub fn total_time(&self, steps: u64) -> f64 {
        match self {
            Self::Constant(step_size) => steps as f64 * step_size,
            _ => {
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
        }
    }

    /// Checks that γ_k is positive and finite for k < steps and that the exponent is at least 0.
    pub fn validate(&self, steps: u64) -> Result<(), IndianError> {
        let positive = |index, value: f64| match value > 0.0 && value.is_finite() {
            true => Ok(()),
            false => Err(IndianError::StepSize { index, value }),
        };
        match self {
            Self::Constant(step_size) => positive(0, *step_size),
            Self::Power { exponent, .. } if !(*exponent >= 0.0 && exponent.is_finite()) => {
                Err(IndianError::Exponent { value: *exponent })
            }
            Self::Power { initial, .. } => positive(0, *initial),
            Self::List(list) if (list.len() as u64) < steps => {
                Err(IndianError::ListTooShort { found: list.len(), steps })
            }
            Self::List(list) => {
                list.iter().enumerate().try_for_each(|(index, &value)| positive(index, value))
            }
        }
    }
}

impl std::fmt::Display for Schedule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Constant(step_size) => write!(f, "constant {step_size}"),
            Self::Power { initial, exponent } => write!(f, "{initial} (k+1)^-{exponent}"),
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
    }

    #[test]
    fn bad_schedules_are_refused() {
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(
                Schedule::Constant(value).validate(1),
                Err(IndianError::StepSize { index: 0, .. })
            ));
            assert!(Schedule::Power { initial: value, exponent: 0.5 }.validate(1).is_err());
            let list = Schedule::List(vec![0.1, value]);
            assert!(matches!(list.validate(1), Err(IndianError::StepSize { index: 1, .. })));
        }
        for exponent in [-0.5, f64::NAN, f64::INFINITY] {
            let schedule = Schedule::Power { initial: 0.1, exponent };
            assert!(matches!(schedule.validate(1), Err(IndianError::Exponent { .. })));
        }
        let short = Schedule::List(vec![0.1; 3]);
        assert_eq!(short.validate(4), Err(IndianError::ListTooShort { found: 3, steps: 4 }));
        assert_eq!(short.validate(3), Ok(()));
    }
}
