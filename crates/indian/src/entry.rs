//! How a named method is listed: its parameters with their ranges, and how it is made from them. Used for the algorithms here and for the
//! training methods of networks.

use std::fmt;

/// A parameter of a method, as the command line shows it.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Name; the command-line option has `-` for `_`.
    pub name: &'static str,
    /// Value used when none is given.
    pub default: f64,
    /// Accepted range in words.
    pub expected: &'static str,
    accepts: fn(f64) -> bool,
}

impl Parameter {
    /// A parameter in [0, ∞).
    pub const fn non_negative(name: &'static str, default: f64) -> Self {
        Self { name, default, expected: "a finite number >= 0", accepts: |v| v >= 0.0 && v.is_finite() }
    }
    /// A parameter in (0, ∞).
    pub const fn positive(name: &'static str, default: f64) -> Self {
        Self { name, default, expected: "a finite number > 0", accepts: |v| v > 0.0 && v.is_finite() }
    }
    /// A parameter in [0, 1).
    pub const fn fraction(name: &'static str, default: f64) -> Self {
        Self { name, default, expected: "a number in [0, 1)", accepts: |v| (0.0..1.0).contains(&v) }
    }
}

/// One named method of type `M`.
#[derive(Debug, Clone, Copy)]
pub struct Entry<M> {
    /// Name as typed.
    pub name: &'static str,
    /// Parameters in the order that `make` takes.
    pub parameters: &'static [Parameter],
    /// One line for `dinlab list`.
    pub summary: &'static str,
    /// Where the method comes from.
    pub source: &'static str,
    /// The method with the given values, in the order of `parameters` (and as many).
    pub make: fn(&[f64]) -> M,
}

impl<M> Entry<M> {
    /// Values in the order of `parameters`; `value` gives one by name, `None` stands for its default.
    pub fn values(&self, value: impl Fn(&str) -> Option<f64>) -> Vec<f64> {
        self.parameters.iter().map(|p| value(p.name).unwrap_or(p.default)).collect()
    }

    /// The first parameter whose value is outside its range, with that value.
    pub fn refused(&self, values: &[f64]) -> Option<(&Parameter, f64)> {
        self.parameters.iter().zip(values.iter().copied()).find(|&(p, value)| !(p.accepts)(value))
    }

    /// Writes the name and, in brackets, the values: `indian (alpha = 0.5, beta = 0.1)`.
    pub fn describe(&self, values: &[f64], f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        for (i, (parameter, value)) in self.parameters.iter().zip(values).enumerate() {
            let (before, name) = (if i == 0 { " (" } else { ", " }, parameter.name.replace('_', " "));
            write!(f, "{before}{name} = {value}")?;
        }
        f.write_str(if self.parameters.is_empty() { "" } else { ")" })
    }
}
