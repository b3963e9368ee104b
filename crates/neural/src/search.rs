//! Random search over all parameters of a method: the ranges, one table for all, and the draws.
//!
//! The ranges were fixed before anything was compared, by one rule: three decades for the step size (γ), two for every damping, averaging or decay
//! constant, four for ε, around the value that the method's authors or the common frameworks use. A constant close to 1 is drawn through its distance
//! from 1. Everything is log-uniform.

use dinlab_numeric::Stream;
use serde::{Deserialize, Serialize};

use crate::{
    error::NeuralError,
    method::{build, Method, ALL},
};

/// How a value comes from a log-uniform number x.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// The value is x.
    Value,
    /// The value is 1 − x.
    OneMinus,
}

/// Range of one parameter.
#[derive(Debug, Clone, Copy)]
pub struct Range {
    /// `step_size` or the name of a parameter of the method.
    pub name: &'static str,
    /// What x stands for.
    pub law: Law,
    /// Smallest x > 0.
    pub low: f64,
    /// Largest x.
    pub high: f64,
}

const fn value(name: &'static str, low: f64, high: f64) -> Range {
    Range { name, law: Law::Value, low, high }
}
const fn one_minus(name: &'static str, low: f64, high: f64) -> Range {
    Range { name, law: Law::OneMinus, low, high }
}

const EPSILON: Range = value("epsilon", 1e-10, 1e-6);
const DECAY: Range = value("weight_decay", 1e-3, 1e-1);

const ADAM: [Range; 4] =
    [value("step_size", 1e-4, 1e-1), one_minus("beta1", 1e-2, 1.0), one_minus("beta2", 1e-3, 1e-1), EPSILON];

/// The table: the step size comes first, the rest in the order of the method's parameters.
pub const RANGES: &[(&str, &[Range])] = &[
    ("indian", &[value("step_size", 3e-3, 3.0), value("alpha", 5e-2, 5.0), value("beta", 1e-2, 1.0)]),
    ("sgd", &[value("step_size", 3e-3, 3.0)]),
    ("momentum", &[value("step_size", 1e-3, 1.0), one_minus("momentum", 1e-2, 1.0)]),
    ("nesterov", &[value("step_size", 1e-3, 1.0), one_minus("momentum", 1e-2, 1.0)]),
    ("adagrad", &[value("step_size", 1e-3, 1.0), value("epsilon", 1e-12, 1e-8)]),
    ("rmsprop", &[value("step_size", 1e-4, 1e-1), one_minus("beta2", 1e-2, 1.0), EPSILON]),
    ("adam", &ADAM),
    ("adamw", &[ADAM[0], ADAM[1], ADAM[2], ADAM[3], DECAY]),
    (
        "innaprop",
        &[
            value("step_size", 1e-4, 1e-1),
            value("alpha", 1e-2, 1.0),
            value("beta", 1e-1, 1e1),
            one_minus("beta2", 1e-3, 1e-1),
            EPSILON,
            DECAY,
        ],
    ),
];

/// Ranges of the named method; `None` for a name that is no method.
pub fn ranges(method: &str) -> Option<&'static [Range]> {
    RANGES.iter().find(|(name, _)| *name == method).map(|(_, ranges)| *ranges)
}

/// A method with all its parameters and its step size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// Name of the method.
    pub method: String,
    /// γ.
    pub step_size: f64,
    /// Parameters in the order of the method's registry entry.
    pub values: Vec<f64>,
    /// Parameters (by name) whose draw lies in the outer twentieth of their range, in decades: a better value may lie beyond.
    pub at_end: Vec<String>,
}

impl Setting {
    /// Draw number `index` of a method's search. Settings that the method refuses (INNAprop near its pole) are drawn again from the same stream.
    ///
    /// # Errors
    /// An unknown method.
    pub fn draw(method: &str, seed: u64, index: u64) -> Result<Self, NeuralError> {
        let Some(ranges) = ranges(method) else {
            let names: Vec<&str> = ALL.iter().map(|entry| entry.name).collect();
            return Err(NeuralError::unknown("training method", method, &names));
        };
        let mut stream = Stream::new(seed, &format!("neural/search/{method}"), index);
        loop {
            let drawn: Vec<f64> = ranges.iter().map(|r| stream.log_uniform(r.low, r.high)).collect();
            let values: Vec<f64> = ranges
                .iter()
                .zip(&drawn)
                .map(|(r, &x)| if r.law == Law::Value { x } else { 1.0 - x })
                .collect();
            let near_end = |(r, &x): (&Range, &f64)| {
                let place = (x / r.low).ln() / (r.high / r.low).ln();
                (!(0.05..=0.95).contains(&place)).then(|| r.name.to_owned())
            };
            let at_end = ranges.iter().zip(&drawn).filter_map(near_end).collect();
            let setting = Self {
                method: method.to_owned(),
                step_size: values[0],
                values: values[1..].to_vec(),
                at_end,
            };
            if setting.method()?.check_step_size(0, setting.step_size).is_ok() {
                return Ok(setting);
            }
        }
    }

    /// The method.
    pub fn method(&self) -> Result<Method, NeuralError> {
        let parameters = ALL.iter().find(|entry| entry.name == self.method).map_or(&[][..], |e| e.parameters);
        let place = |name: &str| parameters.iter().position(|p| p.name == name);
        build(&self.method, |name| place(name).and_then(|i| self.values.get(i).copied()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_of_every_method_is_searched() {
        for entry in ALL {
            let ranges = ranges(entry.name).unwrap();
            let names: Vec<&str> = ranges.iter().map(|r| r.name).collect();
            let expected: Vec<&str> =
                ["step_size"].into_iter().chain(entry.parameters.iter().map(|p| p.name)).collect();
            assert_eq!(names, expected, "{}", entry.name);
            for range in ranges {
                let decades = (range.high / range.low).log10();
                let wanted = match range.name {
                    "step_size" => 3.0,
                    "epsilon" => 4.0,
                    _ => 2.0,
                };
                assert!((decades - wanted).abs() < 1e-9, "{} {}", entry.name, range.name);
            }
        }
        assert!(Setting::draw("adan", 0, 0).is_err());
    }

    #[test]
    fn draws_fill_the_range_evenly_in_decades_and_are_reproducible() {
        let draws: Vec<Setting> = (0..4000).map(|i| Setting::draw("momentum", 3, i).unwrap()).collect();
        assert_eq!(draws[7], Setting::draw("momentum", 3, 7).unwrap());
        // A third of the step sizes in each decade, half of the momenta above 0.9: ± 4 standard errors of a proportion.
        let share = |holds: &dyn Fn(&Setting) -> bool| {
            draws.iter().filter(|s| holds(s)).count() as f64 / draws.len() as f64
        };
        assert!((share(&|s| s.step_size < 1e-2) - 1.0 / 3.0).abs() < 0.03);
        assert!((share(&|s| s.values[0] > 0.9) - 0.5).abs() < 0.032);
        assert!(
            (share(&|s| s.at_end.contains(&"step_size".to_owned())) - 0.1).abs() < 0.019,
            "outer twentieths on both sides"
        );
        for (i, setting) in draws.iter().enumerate().take(50) {
            assert!(
                matches!(setting.method().unwrap(), Method::Momentum { momentum } if momentum == setting.values[0]),
                "{i}"
            );
        }
    }
}
