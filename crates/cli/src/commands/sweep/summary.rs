//! What a sweep says about its rows without keeping them: counts, extremes, histograms. All of it is counted in whole numbers
//! or compared, so it does not depend on the order of the rows.

use std::str::FromStr;

use dinlab_report::number;
use dinlab_sweep::Ending;
use serde_json::{json, Map, Value};

use crate::{output, values};

/// A histogram asked for: `NAME=LOW:HIGH:BINS`.
#[derive(Debug, Clone)]
pub struct Bins {
    name: String,
    low: f64,
    high: f64,
    count: usize,
}

impl FromStr for Bins {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || {
            "expected NAME=LOW:HIGH:BINS with LOW < HIGH and 1 to 10000 bins, such as theta_1=-2:2:40"
                .to_owned()
        };
        let (name, rest) = text.split_once('=').ok_or_else(expected)?;
        let parts: Vec<&str> = rest.split(':').collect();
        let [low, high, count] = parts[..] else { return Err(expected()) };
        let (low, high) = (values::finite(low)?, values::finite(high)?);
        let count = values::positive_count(count)?;
        if low >= high || count > 10_000 {
            return Err(expected());
        }
        Ok(Self { name: name.trim().replace('-', "_"), low, high, count: count as usize })
    }
}

/// A histogram being filled. Bins are half open, [low, high) in all.
struct Histogram {
    bins: Bins,
    column: usize,
    counts: Vec<u64>,
    below: u64,
    above: u64,
    not_a_number: u64,
}

impl Histogram {
    fn add(&mut self, x: f64) {
        let place = (x - self.bins.low) / (self.bins.high - self.bins.low) * self.bins.count as f64;
        if x.is_nan() {
            self.not_a_number += 1;
        } else if x < self.bins.low {
            self.below += 1;
        } else if x >= self.bins.high {
            self.above += 1;
        } else {
            // Rounding may lift a number just below the upper end to it.
            self.counts[(place as usize).min(self.bins.count - 1)] += 1;
        }
    }
}

/// Counts and extremes of the columns.
pub struct Summary {
    columns: Vec<String>,
    status: Option<usize>,
    rows: u64,
    endings: [u64; 6],
    /// Least and largest finite number of each column, and how many were not finite.
    ranges: Vec<(f64, f64, u64)>,
    histograms: Vec<Histogram>,
}

impl Summary {
    /// Of no rows yet.
    pub fn new(columns: Vec<String>) -> Self {
        let status = columns.iter().position(|name| name == "status");
        let ranges = vec![(f64::INFINITY, f64::NEG_INFINITY, 0); columns.len()];
        Self { columns, status, rows: 0, endings: [0; 6], ranges, histograms: Vec::new() }
    }

    /// With histograms of these columns.
    pub fn with_histograms(mut self, wanted: &[Bins]) -> anyhow::Result<Self> {
        for bins in wanted {
            let Some(column) = self.columns.iter().position(|name| *name == bins.name) else {
                anyhow::bail!(
                    "--histogram {}: no such column; expected one of {}",
                    bins.name,
                    self.columns.join(", ")
                );
            };
            let (bins, counts) = (bins.clone(), vec![0; bins.count]);
            self.histograms.push(Histogram { bins, column, counts, below: 0, above: 0, not_a_number: 0 });
        }
        Ok(self)
    }

    /// Number of rows seen.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Adds rows.
    pub fn add(&mut self, rows: &[f64]) {
        for row in rows.chunks(self.columns.len()) {
            self.rows += 1;
            for (value, range) in row.iter().zip(&mut self.ranges) {
                if value.is_finite() {
                    range.0 = dinlab_numeric::min(range.0, *value);
                    range.1 = dinlab_numeric::max(range.1, *value);
                } else {
                    range.2 += 1;
                }
            }
            for histogram in &mut self.histograms {
                histogram.add(row[histogram.column]);
            }
            if let Some(ending) = self.status.and_then(|i| Ending::from_code(row[i])) {
                self.endings[ending as usize] += 1;
            }
        }
    }

    fn endings(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        Ending::ALL.iter().map(|e| (e.name(), self.endings[*e as usize])).filter(|(_, count)| *count > 0)
    }

    fn measured(&self) -> impl Iterator<Item = (&String, &(f64, f64, u64))> {
        let codes = |name: &str| name == "status";
        self.columns.iter().zip(&self.ranges).filter(move |(name, _)| !codes(name))
    }

    /// For the record.
    pub fn record(&self) -> Value {
        let endings: Map<String, Value> =
            self.endings().map(|(name, count)| (name.to_owned(), json!(count))).collect();
        let columns: Map<String, Value> = self
            .measured()
            .map(|(name, (low, high, bad))| {
                let (low, high) = (output::number(*low), output::number(*high));
                (name.clone(), json!({"least": low, "largest": high, "not_finite": bad}))
            })
            .collect();
        let histograms: Map<String, Value> = self
            .histograms
            .iter()
            .map(|h| {
                let range = [output::number(h.bins.low), output::number(h.bins.high)];
                let rest = [h.below, h.above, h.not_a_number];
                let value = json!({"range": range, "counts": h.counts, "below": rest[0], "above": rest[1], "nan": rest[2]});
                (h.bins.name.clone(), value)
            })
            .collect();
        json!({"rows": self.rows, "status": endings, "columns": columns, "histograms": histograms})
    }

    /// For the terminal.
    pub fn text(&self) -> String {
        let mut text = format!("rows           {}\n", self.rows);
        for (name, count) in self.endings() {
            text += &format!("{name:<15}{count}\n");
        }
        for (name, (low, high, bad)) in self.measured() {
            if low <= high {
                text += &format!("{name:<15}{} to {}", number::plain(*low), number::plain(*high));
            } else {
                text += &format!("{name:<15}");
            }
            text += &if *bad > 0 { format!("  ({bad} not finite)\n") } else { "\n".into() };
        }
        for h in &self.histograms {
            let width = (h.bins.high - h.bins.low) / h.bins.count as f64;
            text += &format!("histogram of {}\n", h.bins.name);
            text += &format!("  below {:<14}{}\n", number::plain(h.bins.low), h.below);
            for (i, count) in h.counts.iter().enumerate() {
                text += &format!("  from  {:<14}{count}\n", number::plain(h.bins.low + width * i as f64));
            }
            text += &format!("  from  {:<14}{}\n", number::plain(h.bins.high), h.above);
        }
        text
    }
}
