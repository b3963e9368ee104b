//! What a sweep reduces its rows to, as it is written: `histogram:…`, `grid:…`, `extremes`.

use std::{fmt, str::FromStr};

/// One reduction, with columns by name.
#[derive(Debug, Clone, PartialEq)]
pub enum Reduce {
    /// `histogram:COLUMN:LOW:HIGH:BINS`: how often a column is in each of equal bins.
    Histogram(Bins),
    /// `grid:X,Y:COLUMN`: count, mean, least and largest of a column over two others.
    Grid {
        /// What varies along the first direction.
        x: Side,
        /// What varies along the second one.
        y: Side,
        /// Whose numbers are reduced.
        column: String,
    },
    /// `extremes`: least and largest number of every column, and their cells.
    Extremes,
}

/// Equal bins of a column, half open: [low, high) in all.
#[derive(Debug, Clone, PartialEq)]
pub struct Bins {
    /// Column.
    pub column: String,
    /// Lower end of the first bin.
    pub low: f64,
    /// Upper end of the last bin.
    pub high: f64,
    /// Number of bins.
    pub count: usize,
}

/// A direction of a grid.
#[derive(Debug, Clone, PartialEq)]
pub enum Side {
    /// The values of an axis that is not random: `NAME`.
    Axis(String),
    /// Bins of any column: `NAME/LOW/HIGH/BINS`.
    Bins(Bins),
}

/// Most bins of a direction.
const MOST_BINS: usize = 10_000;
const EXPECTED: &str =
    "expected histogram:COLUMN:LOW:HIGH:BINS, grid:X,Y:COLUMN or extremes; X and Y are axes with values of \
                        their own, or COLUMN/LOW/HIGH/BINS";

impl Bins {
    /// From `LOW`, `HIGH` and `BINS` as they are written.
    ///
    /// # Errors
    /// What is wrong, and what is expected.
    pub fn parse(column: &str, numbers: &[&str]) -> Result<Self, String> {
        let [low, high, count] = numbers else { return Err(EXPECTED.into()) };
        let number = |text: &str| {
            let value: Option<f64> = text.trim().parse().ok();
            value.filter(|x| x.is_finite()).ok_or_else(|| format!("`{text}`: expected a finite number"))
        };
        let (low, high) = (number(low)?, number(high)?);
        let count = count.trim().parse().ok().filter(|n| (1..=MOST_BINS).contains(n));
        let count =
            count.ok_or_else(|| format!("`{}`: expected 1 to {MOST_BINS} bins", numbers[2].trim()))?;
        if !(low < high) {
            return Err(format!("bins from {low} to {high}: expected LOW < HIGH"));
        }
        let width = (high - low) / count as f64;
        if !(width.is_finite() && low + width > low && high - width < high) {
            return Err(format!(
                "{count} bins from {low} to {high}: expected bins that doubles can tell apart"
            ));
        }
        Ok(Self { column: name(column)?, low, high, count })
    }

    /// Number of the bin of `x`; `None` below, above and for NaN.
    pub fn place(&self, x: f64) -> Option<usize> {
        let inside = x >= self.low && x < self.high;
        let place = (x - self.low) / (self.high - self.low) * self.count as f64;
        // Rounding may lift a number just below the upper end to it.
        inside.then(|| (place as usize).min(self.count - 1))
    }

    /// Lower end of a bin; the upper end of the last one for `count`.
    pub fn edge(&self, bin: usize) -> f64 {
        match bin == self.count {
            true => self.high,
            false => self.low + (self.high - self.low) / self.count as f64 * bin as f64,
        }
    }
}

fn name(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err(EXPECTED.into()),
        name => Ok(name.replace('-', "_")),
    }
}

impl FromStr for Side {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            None => Ok(Self::Axis(name(text)?)),
            Some((column, rest)) => {
                Ok(Self::Bins(Bins::parse(column, &rest.split('/').collect::<Vec<_>>())?))
            }
        }
    }
}

impl FromStr for Reduce {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(':').collect();
        match parts[..] {
            ["extremes"] => Ok(Self::Extremes),
            ["histogram", column, ref numbers @ ..] => Ok(Self::Histogram(Bins::parse(column, numbers)?)),
            ["grid", sides, column] => {
                let (x, y) = sides.split_once(',').ok_or(EXPECTED)?;
                Ok(Self::Grid { x: x.parse()?, y: y.parse()?, column: name(column)? })
            }
            _ => Err(EXPECTED.into()),
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Axis(name) => f.write_str(name),
            Self::Bins(b) => write!(f, "{}/{}/{}/{}", b.column, b.low, b.high, b.count),
        }
    }
}

impl fmt::Display for Reduce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Extremes => f.write_str("extremes"),
            Self::Histogram(b) => write!(f, "histogram:{}:{}:{}:{}", b.column, b.low, b.high, b.count),
            Self::Grid { x, y, column } => write!(f, "grid:{x},{y}:{column}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for text in ["extremes", "histogram:theta_1:-2:2.5:40", "grid:alpha,start_theta_1/-1/1/7:limit"] {
            assert_eq!(text.parse::<Reduce>().unwrap().to_string(), text);
        }
        assert_eq!(
            "histogram:theta-1:0:1:2".parse::<Reduce>().unwrap().to_string(),
            "histogram:theta_1:0:1:2"
        );
        for text in [
            "",
            "mean",
            "extremes:at",
            "histogram:at:0:1",
            "histogram:at:1:0:3",
            "histogram:at:0:1:0",
            "histogram:at:0:1:10001",
            "histogram:at:0:nan:3",
            "histogram::0:1:3",
            "histogram:at:0:1:3:4",
            "histogram:at:1:1.0000000000000002:4",
            "grid:alpha:at",
            "grid:alpha,beta",
            "grid:,beta:at",
            "grid:alpha,beta/0/1:at",
            "grid:alpha,beta:",
        ] {
            assert!(text.parse::<Reduce>().is_err(), "{text}");
        }
    }

    #[test]
    fn bins_are_half_open() {
        let bins = Bins::parse("at", &["-1", "1", "4"]).unwrap();
        let places =
            [-1.5, -1.0, -0.5, 0.99999999999999999, 1.0 - f64::EPSILON, 1.0, f64::NAN].map(|x| bins.place(x));
        assert_eq!(places, [None, Some(0), Some(1), None, Some(3), None, None]);
        assert_eq!([0, 2, 4].map(|i| bins.edge(i)), [-1.0, 0.0, 1.0]);
    }
}
