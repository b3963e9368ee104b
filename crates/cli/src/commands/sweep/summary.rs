//! What a sweep says about its rows without keeping them, as a record, a text and tables.

use std::str::FromStr;

use dinlab_report::{number, Table};
use dinlab_sweep::{
    reduce::{Bins, Histogram, Plane, Reduction},
    Ending,
};
use serde_json::{json, Map, Value};

use crate::output::{number as json_number, numbers};

/// A histogram asked for: `NAME=LOW:HIGH:BINS`.
#[derive(Debug, Clone)]
pub struct HistogramFlag(pub Bins);

impl FromStr for HistogramFlag {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || {
            "expected NAME=LOW:HIGH:BINS with LOW < HIGH and 1 to 10000 bins, such as theta_1=-2:2:40"
                .to_owned()
        };
        let (name, rest) = text.split_once('=').ok_or_else(expected)?;
        let bins = Bins::parse(name, &rest.split(':').collect::<Vec<_>>());
        Ok(Self(bins.map_err(|reason| format!("{reason}; {}", expected()))?))
    }
}

/// Columns that are numbers: all but the code of the ending.
fn measured(all: &Reduction) -> impl Iterator<Item = (&String, &dinlab_sweep::reduce::Extreme)> {
    all.columns().iter().zip(&all.totals.extremes).filter(|(name, _)| *name != "status")
}

fn endings(all: &Reduction) -> impl Iterator<Item = (&'static str, u64)> + '_ {
    let counted = Ending::ALL.iter().zip(all.totals.endings);
    counted.map(|(ending, count)| (ending.name(), count)).filter(|(_, count)| *count > 0)
}

/// The number of a cell; null where there is none.
fn cell(cell: u64) -> Value {
    if cell == u64::MAX {
        Value::Null
    } else {
        json!(cell)
    }
}

/// Fields of the record.
pub fn record(all: &Reduction) -> Value {
    let statuses: Map<String, Value> =
        endings(all).map(|(name, count)| (name.to_owned(), json!(count))).collect();
    let columns: Map<String, Value> = measured(all)
        .map(|(name, e)| {
            let value = json!({
                "least": json_number(e.least), "least_cell": cell(e.least_cell),
                "largest": json_number(e.largest), "largest_cell": cell(e.largest_cell),
                "not_finite": e.not_finite
            });
            (name.clone(), value)
        })
        .collect();
    let histograms: Map<String, Value> = all.histograms.iter().map(histogram).collect();
    let mut body =
        json!({"rows": all.totals.rows, "status": statuses, "columns": columns, "histograms": histograms});
    if !all.planes.is_empty() {
        body["grids"] = all.planes.iter().map(plane).collect();
    }
    body
}

fn histogram(h: &Histogram) -> (String, Value) {
    let range = numbers(&[h.bins.low, h.bins.high]);
    let value = json!({"range": range, "counts": h.counts, "below": h.below, "above": h.above, "nan": h.not_a_number});
    (h.bins.column.clone(), value)
}

fn plane(p: &Plane) -> Value {
    let real = |f: fn(&dinlab_sweep::reduce::Spot) -> f64| -> Value {
        p.spots.iter().map(|spot| json_number(f(spot))).collect()
    };
    let whole = |f: fn(&dinlab_sweep::reduce::Spot) -> u64| -> Value { p.spots.iter().map(f).collect() };
    json!({
        "column": p.name, "x": p.sides[0].to_string(), "y": p.sides[1].to_string(), "shape": p.shape(),
        "x_values": numbers(&p.values(0)), "y_values": numbers(&p.values(1)), "outside": p.outside,
        "count": whole(|s| s.count), "not_finite": whole(|s| s.not_finite), "mean": real(|s| s.mean()),
        "least": real(|s| s.least), "largest": real(|s| s.largest)
    })
}

/// For the terminal. With `places` the cells of the extremes are named.
pub fn text(all: &Reduction, places: bool) -> String {
    let mut text = format!("rows           {}\n", all.totals.rows);
    for (name, count) in endings(all) {
        text += &format!("{name:<15}{count}\n");
    }
    for (name, e) in measured(all) {
        text += &format!("{name:<15}");
        if e.least <= e.largest {
            text += &format!("{} to {}", number::plain(e.least), number::plain(e.largest));
        }
        text += &if e.not_finite > 0 { format!("  ({} not finite)\n", e.not_finite) } else { "\n".into() };
        if places && e.least < e.largest {
            text += &format!("  least in cell   {}\n", place(all, e.least_cell));
            text += &format!("  largest in cell {}\n", place(all, e.largest_cell));
        }
    }
    for h in &all.histograms {
        text += &format!("histogram of {}\n", h.bins.column);
        text += &format!("  below {:<14}{}\n", number::plain(h.bins.low), h.below);
        for (i, count) in h.counts.iter().enumerate() {
            text += &format!("  from  {:<14}{count}\n", number::plain(h.bins.edge(i)));
        }
        text += &format!("  from  {:<14}{}\n", number::plain(h.bins.high), h.above);
    }
    for p in &all.planes {
        text += &plane_text(p);
    }
    text
}

/// Number of a cell, and where it is on the axes.
fn place(all: &Reduction, cell: u64) -> String {
    let axes = all.columns().iter().zip(all.axes(cell));
    let axes: Vec<String> = axes.map(|(name, x)| format!("{name} {}", number::plain(x))).collect();
    format!("{cell}: {}", axes.join(", "))
}

fn plane_text(p: &Plane) -> String {
    let [n, m] = p.shape();
    let filled: Vec<f64> = p.spots.iter().filter(|s| s.count > 0).map(|s| s.mean()).collect();
    let counted: u64 = p.spots.iter().map(|s| s.count).sum();
    let mut text = format!("grid of {}: {n} × {m} over {}, {}\n", p.name, p.sides[0], p.sides[1]);
    text += &format!("  numbers       {counted} in {} places", filled.len());
    text += &if p.outside > 0 { format!(", {} rows outside\n", p.outside) } else { "\n".into() };
    if !filled.is_empty() {
        let (low, high) = (dinlab_numeric::minimum(&filled), dinlab_numeric::maximum(&filled));
        text += &format!("  mean          {} to {}\n", number::plain(low), number::plain(high));
    }
    text
}

/// The one histogram or grid as a table; `None` where there is none or more than one.
pub fn table(all: &Reduction) -> Option<Table> {
    match (&all.histograms[..], &all.planes[..]) {
        ([h], []) => Some(histogram_table(h)),
        ([], [p]) => Some(plane_table(p)),
        _ => None,
    }
}

fn histogram_table(h: &Histogram) -> Table {
    let mut rows = vec![vec![f64::NEG_INFINITY, h.bins.low, h.below as f64]];
    let bins = h.counts.iter().enumerate();
    rows.extend(bins.map(|(i, count)| vec![h.bins.edge(i), h.bins.edge(i + 1), *count as f64]));
    rows.push(vec![h.bins.high, f64::INFINITY, h.above as f64]);
    Table::new(["low", "high", "count"].map(String::from).to_vec(), rows)
}

fn plane_table(p: &Plane) -> Table {
    let name = |i: usize| p.sides[i].to_string().split('/').next().unwrap_or_default().to_owned();
    let (x, y) = (p.values(0), p.values(1));
    let row = |(i, s): (usize, &dinlab_sweep::reduce::Spot)| {
        let at = [x[i / y.len()], y[i % y.len()]];
        vec![at[0], at[1], s.count as f64, s.not_finite as f64, s.mean(), s.least, s.largest]
    };
    let rows = p.spots.iter().enumerate().map(row).collect();
    let measured = ["count", "not_finite", "mean", "least", "largest"].map(String::from);
    Table::new([name(0), name(1)].into_iter().chain(measured).collect(), rows)
}
