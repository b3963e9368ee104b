//! The assumption on step sizes of the convergence theorem of INDIAN (JMLR 22(134), 2021, Assumption 1):
//! Σ γ_k = ∞ and γ_k = o(1/log k).
//!
//! Both are statements about k → ∞, so no finite number of steps decides them; the *type* of a schedule does.

use serde::Serialize;

use super::Schedule;

/// One half of the assumption.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Half {
    /// Whether it holds; `None` where the schedule does not say.
    pub holds: Option<bool>,
    /// Why.
    pub reason: String,
}

/// Both halves.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepAssumption {
    /// Σ γ_k = ∞.
    pub sum_diverges: Half,
    /// γ_k log k → 0.
    pub vanishes_faster_than_log: Half,
}

impl StepAssumption {
    /// Whether both halves hold; `None` where neither fails and one is not decided.
    pub fn satisfied(&self) -> Option<bool> {
        match (self.sum_diverges.holds, self.vanishes_faster_than_log.holds) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        }
    }
}

impl std::fmt::Display for StepAssumption {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let verdict = match self.satisfied() {
            Some(true) => "satisfied",
            Some(false) => "violated",
            None => "not decided",
        };
        write!(f, "{verdict}: {}; {}", self.sum_diverges.reason, self.vanishes_faster_than_log.reason)
    }
}

fn half(holds: bool, reason: impl Into<String>) -> Half {
    Half { holds: Some(holds), reason: reason.into() }
}

impl Schedule {
    /// Which halves of the assumption hold for this type of schedule (with valid parameters), and why.
    pub fn assumption(&self) -> StepAssumption {
        let (sum_diverges, vanishes_faster_than_log) = match *self {
            Self::Constant(_) => constant(),
            Self::Power { exponent: 0.0, .. } => constant(),
            Self::Power { exponent: q, .. } => (
                match q <= 1.0 {
                    true => half(true, format!("sum of (k+1)^-{q} is infinite since {q} <= 1")),
                    false => half(false, format!("sum of (k+1)^-{q} is finite since {q} > 1")),
                },
                half(true, format!("log k grows more slowly than (k+1)^{q}")),
            ),
            Self::Logarithmic { exponent: r, .. } => (
                half(true, format!("log(k+e)^{r} grows more slowly than k, so the sum is infinite")),
                match r > 1.0 {
                    true => half(true, format!("log k / log(k+e)^{r} tends to 0 since {r} > 1")),
                    false if r == 1.0 => half(
                        false,
                        "borderline: step size times log k tends to the initial step size, not to 0"
                            .to_owned(),
                    ),
                    false => half(false, format!("log k / log(k+e)^{r} tends to infinity since {r} < 1")),
                },
            ),
            Self::Geometric { ratio, .. } => {
                (half(false, format!("a geometric series of ratio {ratio} is finite")), exponential())
            }
            Self::Staircase { ratio, every, .. } => (
                half(false, format!("{every} times a geometric series of ratio {ratio} is finite")),
                exponential(),
            ),
            Self::List(ref list) => {
                let reason = format!("a list of {} steps says nothing about all later ones", list.len());
                let undecided = Half { holds: None, reason };
                (undecided.clone(), undecided)
            }
        };
        StepAssumption { sum_diverges, vanishes_faster_than_log }
    }
}

fn constant() -> (Half, Half) {
    (
        half(true, "a sum of equal positive steps is infinite"),
        half(false, "step size times log k tends to infinity: the step size does not vanish"),
    )
}

fn exponential() -> Half {
    half(true, "the step size falls exponentially")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_decides() {
        let initial = 0.1;
        let power = |exponent| Schedule::Power { initial, exponent };
        let log = |exponent| Schedule::Logarithmic { initial, exponent };
        for (schedule, diverges, vanishes) in [
            (Schedule::Constant(0.1), Some(true), Some(false)),
            (power(0.0), Some(true), Some(false)),
            (power(1e-3), Some(true), Some(true)),
            (power(1.0), Some(true), Some(true)),
            (power(1.001), Some(false), Some(true)),
            (log(0.5), Some(true), Some(false)),
            (log(1.0), Some(true), Some(false)),
            (log(1.5), Some(true), Some(true)),
            (Schedule::Geometric { initial, ratio: 0.999 }, Some(false), Some(true)),
            (Schedule::Staircase { initial, ratio: 0.5, every: 1000 }, Some(false), Some(true)),
            (Schedule::List(vec![0.1]), None, None),
        ] {
            let found = schedule.assumption();
            assert_eq!(
                (found.sum_diverges.holds, found.vanishes_faster_than_log.holds),
                (diverges, vanishes),
                "{schedule}"
            );
            let both = diverges.zip(vanishes).map(|(a, b)| a && b);
            assert_eq!(found.satisfied(), both, "{schedule}");
        }
    }

    #[test]
    fn the_numbers_point_where_the_type_says() {
        // γ_k log k over five decades, and the growth of partial sums from one decade to the next.
        let initial = 0.1;
        for schedule in [
            Schedule::Power { initial, exponent: 0.5 },
            Schedule::Power { initial, exponent: 1.2 },
            Schedule::Logarithmic { initial, exponent: 1.0 },
            Schedule::Logarithmic { initial, exponent: 2.0 },
            Schedule::Geometric { initial, ratio: 0.99999 },
        ] {
            let found = schedule.assumption();
            let product = |k: u64| schedule.at(k) * (k as f64).ln();
            assert_eq!(Some(product(1 << 40) < 0.6 * product(1 << 20)), found.vanishes_faster_than_log.holds);
            let gain = |k: u64| schedule.total_time(10 * k) - schedule.total_time(k);
            assert_eq!(Some(gain(100_000) >= 0.9 * gain(10_000)), found.sum_diverges.holds, "{schedule}");
        }
    }
}
