//! Schedules by name: `power:0.5` and the like, scaled by the first step size.

use super::Schedule;
use crate::error::{nearest, IndianError};

/// One named schedule.
#[derive(Debug, Clone, Copy)]
pub struct ScheduleEntry {
    /// Name as typed.
    pub name: &'static str,
    /// What follows the name.
    pub arguments: &'static str,
    /// One line for `dinlab list schedules`.
    pub summary: &'static str,
    /// Examples: together they show every answer to the assumption on step sizes that the type can give.
    pub examples: &'static [&'static str],
    /// The schedule with the given numbers and first step size, if the numbers are as many as it takes.
    make: fn(f64, &[f64]) -> Option<Schedule>,
}

/// All named schedules; G is the step size given beside the name.
pub const SCHEDULES: &[ScheduleEntry] = &[
    ScheduleEntry {
        name: "constant",
        arguments: "",
        summary: "G",
        examples: &["constant"],
        make: |initial, numbers| numbers.is_empty().then_some(Schedule::Constant(initial)),
    },
    ScheduleEntry {
        name: "power",
        arguments: ":q",
        summary: "G (k+1)^-q, q >= 0; the same as --decay q",
        examples: &["power:0.5", "power:2"],
        make: |initial, numbers| match *numbers {
            [exponent] => Some(Schedule::Power { initial, exponent }),
            _ => None,
        },
    },
    ScheduleEntry {
        name: "log",
        arguments: "[:r]",
        summary: "G log(k+e)^-r, r > 0 (r = 1 without argument)",
        examples: &["log", "log:1.5"],
        make: |initial, numbers| match *numbers {
            [] => Some(Schedule::Logarithmic { initial, exponent: 1.0 }),
            [exponent] => Some(Schedule::Logarithmic { initial, exponent }),
            _ => None,
        },
    },
    ScheduleEntry {
        name: "geometric",
        arguments: ":rho",
        summary: "G rho^k, 0 < rho < 1",
        examples: &["geometric:0.999"],
        make: |initial, numbers| match *numbers {
            [ratio] => Some(Schedule::Geometric { initial, ratio }),
            _ => None,
        },
    },
    ScheduleEntry {
        name: "staircase",
        arguments: ":rho,m",
        summary: "G rho^floor(k/m), 0 < rho < 1, m >= 1: cut by rho after every m steps",
        examples: &["staircase:0.5,1000"],
        make: |initial, numbers| match *numbers {
            [ratio, every] if every >= 1.0 && every == every.trunc() => {
                Some(Schedule::Staircase { initial, ratio, every: every as u64 })
            }
            _ => None,
        },
    },
];

impl Schedule {
    /// The schedule that `specification` (`name` or `name:numbers`) names, with first step size `initial`; validated.
    pub fn named(specification: &str, initial: f64) -> Result<Self, IndianError> {
        let (name, arguments) = match specification.split_once(':') {
            Some((name, arguments)) => (name, arguments.split(',').map(|part| part.trim().parse()).collect()),
            None => (specification, Ok(Vec::new())),
        };
        let Some(entry) = SCHEDULES.iter().find(|entry| entry.name == name) else {
            let names = SCHEDULES.iter().map(|entry| entry.name);
            let nearest = nearest(name, names);
            return Err(IndianError::UnknownSchedule { name: name.chars().take(60).collect(), nearest });
        };
        let schedule =
            arguments.ok().and_then(|numbers| (entry.make)(initial, &numbers)).ok_or_else(|| {
                IndianError::ScheduleArgument {
                    given: specification.chars().take(60).collect(),
                    expected: format!("{}{}: {}", entry.name, entry.arguments, entry.summary),
                }
            })?;
        schedule.validate(0)?;
        Ok(schedule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_make_the_schedules() {
        for entry in SCHEDULES {
            for example in entry.examples {
                assert_eq!(Schedule::named(example, 0.3).unwrap().at(0), 0.3, "{example}");
            }
        }
        assert_eq!(Schedule::named("power:0.5", 0.2), Ok(Schedule::Power { initial: 0.2, exponent: 0.5 }));
        let stairs = Schedule::Staircase { initial: 0.2, ratio: 0.5, every: 10 };
        assert_eq!(Schedule::named("staircase: 0.5, 10", 0.2), Ok(stairs));
        for bad in ["power", "power:a", "power:1,2", "staircase:0.5,1.5", "staircase:0.5,0", "constant:1"] {
            let error = Schedule::named(bad, 0.2).unwrap_err();
            assert!(matches!(error, IndianError::ScheduleArgument { .. }), "{bad}: {error}");
        }
        assert!(matches!(Schedule::named("power:-1", 0.2), Err(IndianError::Exponent { .. })));
        assert!(matches!(Schedule::named("geometric:1", 0.2), Err(IndianError::Ratio { .. })));
        let error = Schedule::named("geometirc:1", 0.2).unwrap_err();
        assert!(error.to_string().contains("did you mean `geometric`"), "{error}");
    }
}
