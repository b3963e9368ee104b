//! Values of the options of `map`.

use std::{fmt, str::FromStr};

use dinlab_map::Axis;

use crate::values::finite;

/// An axis as it is typed: NAME=FROM:TO, with :log for a logarithmic one.
#[derive(Debug, Clone, PartialEq)]
pub struct AxisArg {
    /// Name.
    pub name: String,
    /// Start.
    pub from: f64,
    /// End.
    pub to: f64,
    /// Whether it is logarithmic.
    pub log: bool,
}

impl AxisArg {
    /// A logarithmic axis.
    pub fn log(name: &str, from: f64, to: f64) -> Self {
        Self { name: name.into(), from, to, log: true }
    }
}

impl FromStr for AxisArg {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        const EXPECTED: &str = "expected NAME=FROM:TO or NAME=FROM:TO:log, such as step-size=0.01:10:log";
        let (name, range) = text.split_once('=').ok_or(EXPECTED)?;
        let parts: Vec<&str> = range.split(':').collect();
        let (from, to, log) = match parts[..] {
            [from, to] | [from, to, "linear"] => (from, to, false),
            [from, to, "log"] => (from, to, true),
            _ => return Err(EXPECTED.into()),
        };
        let end = |text: &str| finite(text).map_err(|_| format!("`{text}` is no finite number; {EXPECTED}"));
        let (from, to) = (end(from)?, end(to)?);
        if from >= to {
            return Err(format!(
                "from {from} to {to} is empty or the wrong way round; expected the smaller end first"
            ));
        }
        if log && from <= 0.0 {
            return Err(format!("from {from}: a logarithmic axis needs positive numbers"));
        }
        let name = match name.trim() {
            "step_size" | "gamma" => "step-size",
            "lambda" | "hessian-eigenvalue" => "eigenvalue",
            "kappa" | "condition_number" => "condition-number",
            name => name,
        };
        Ok(Self { name: name.into(), from, to, log })
    }
}

impl fmt::Display for AxisArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}:{}{}", self.name, self.from, self.to, if self.log { ":log" } else { "" })
    }
}

/// An axis as it is typed.
pub fn typed(axis: &Axis) -> String {
    AxisArg { name: axis.name.clone(), from: axis.from, to: axis.to, log: axis.log }.to_string()
}

/// Numbers of cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cells {
    /// Per row.
    pub columns: usize,
    /// Rows.
    pub rows: usize,
    /// Whether they differ from the default.
    pub given: bool,
}

impl fmt::Display for Cells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.columns, self.rows)
    }
}

/// `N` or `NxM`.
pub fn cells(text: &str) -> Result<Cells, String> {
    const EXPECTED: &str = "expected a whole number of cells, or COLUMNSxROWS, such as 200 or 300x200";
    let number = |text: &str| text.trim().parse::<usize>().ok().filter(|n| *n > 0).ok_or(EXPECTED);
    let (columns, rows) = match text.split_once(['x', '×']) {
        Some((columns, rows)) => (number(columns)?, number(rows)?),
        None => (number(text)?, number(text)?),
    };
    Ok(Cells { columns, rows, given: text != "200" })
}

/// A fraction of an axis.
pub fn accuracy(text: &str) -> Result<f64, String> {
    match finite(text) {
        Ok(value) if (1e-12..=0.5).contains(&value) => Ok(value),
        _ => Err("expected a number from 1e-12 to 0.5, such as 1e-4".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_read_as_people_type_them() {
        let axis: AxisArg = "gamma=0.01:10:log".parse().unwrap();
        assert_eq!(axis, AxisArg::log("step-size", 0.01, 10.0));
        assert_eq!(axis.to_string(), "step-size=0.01:10:log");
        let axis: AxisArg = "theta_1=-2:2".parse().unwrap();
        assert_eq!((axis.from, axis.to, axis.log), (-2.0, 2.0, false));
        for bad in [
            "alpha",
            "alpha=1",
            "alpha=2:1",
            "alpha=1:1",
            "alpha=0:1:log",
            "alpha=a:b",
            "alpha=1:inf",
            "alpha=1:2:cubic",
        ] {
            assert!(bad.parse::<AxisArg>().is_err(), "{bad}");
        }
    }

    #[test]
    fn cells_are_one_number_or_two() {
        assert_eq!(cells("300x20").unwrap(), Cells { columns: 300, rows: 20, given: true });
        assert_eq!(cells("7").unwrap().rows, 7);
        for bad in ["0", "-1", "3x", "x", "1.5", "1e3"] {
            assert!(cells(bad).is_err(), "{bad}");
        }
        assert!(accuracy("0").is_err() && accuracy("1e-6").is_ok());
    }
}
