//! A comparison as record, table, text and figure.

use dinlab_analysis::order::OrderRow;
use dinlab_record::figure::{Axis, Dash, Figure, Layer, Panel};
use dinlab_report::Table;
use serde_json::{json, Map, Value};

use super::{Comparison, Row, HOLDS};
use crate::output::{number, numbers};

/// Fields of the record.
pub fn body(comparison: &Comparison) -> Value {
    let Comparison { pair, table, reference_error, horizon, .. } = comparison;
    let o = &table.order;
    let expected = pair.expected_order();
    let held = horizon
        .map(|[from, time]| json!({"from": number(from), "time": number(time), "order": expected, "within": HOLDS}));
    json!({
        "rows": table.rows.iter().map(|row| json_of(row, comparison)).collect::<Vec<_>>(),
        "order": {"value": number(o.value), "low": number(o.low), "high": number(o.high)},
        "constant": number(table.constant),
        "expected_order": expected,
        "horizon": held,
        "reference_error": number(*reference_error),
    })
}

fn own<'a>(row: &OrderRow, comparison: &'a Comparison) -> Option<&'a Row> {
    comparison.rows.iter().find(|own| own.step_size == row.step_size)
}

fn json_of(row: &OrderRow, comparison: &Comparison) -> Value {
    let mut value = json!({
        "step_size": number(row.step_size), "error": number(row.error), "order": row.order.map(number),
        "dropped": row.dropped,
    });
    if let Some(own) = own(row, comparison) {
        value["error_sup"] = number(own.error_sup);
        value["steps"] = own.steps.into();
        value["status"] = json!(own.status);
        if comparison.pair.squares_step() {
            value["method_step_size"] = number(own.step_size * own.step_size);
            value["momentum"] = own.momentum.map_or(Value::Null, number);
        }
    }
    value
}

/// The order table.
pub fn table(comparison: &Comparison) -> Table {
    let columns = ["step_size", "error", "order", "error_sup"].map(str::to_owned).to_vec();
    let row = |row: &OrderRow| {
        let sup = own(row, comparison).map_or(f64::NAN, |own| own.error_sup);
        vec![row.step_size, row.error, row.order.unwrap_or(f64::NAN), sup]
    };
    Table::new(columns, comparison.table.rows.iter().map(row).collect())
}

/// Errors over time, for the record that goes to a file.
pub fn samples(comparison: &Comparison) -> Map<String, Value> {
    let errors = |row: &Row| json!({"step_size": number(row.step_size), "error": numbers(&row.errors)});
    let mut samples = Map::new();
    samples.insert(
        "shadowing".into(),
        json!({
            "t": numbers(&comparison.times),
            "runs": comparison.rows.iter().map(errors).collect::<Vec<_>>(),
        }),
    );
    samples
}

/// What a person reads.
pub fn text(comparison: &Comparison) -> String {
    let Comparison { pair, table, horizon, reference_error, .. } = comparison;
    let mut out = format!("{} against {}\n", pair.method, pair.equation_name());
    out += &format!("{:>12}  {:>14}  {:>8}\n", "step size", "error", "order");
    for row in &table.rows {
        let order = row.order.map_or_else(|| "-".into(), |order| format!("{order:.4}"));
        let reason = row.dropped.and_then(|reason| serde_json::to_value(reason).ok());
        let note = reason.as_ref().and_then(Value::as_str).map_or(String::new(), |r| format!("  ({r})"));
        out += &format!("{:>12e}  {:>14.6e}  {order:>8}{note}\n", row.step_size, row.error);
    }
    let o = &table.order;
    out += &format!(
        "order {:.5} [{:.5}, {:.5}], error = {:.6e} x (step size)^order\n",
        o.value, o.low, o.high, table.constant
    );
    if let (Some(expected), Some([from, time])) = (pair.expected_order(), horizon) {
        out += &format!("order {expected} holds within {HOLDS} from the time {from} to {time}\n");
    }
    out + &format!("error of the reference {reference_error:.1e}\n")
}

/// Both trajectories above, the error over time below.
pub fn figure(comparison: &Comparison, objective: &str) -> Figure {
    let Comparison { pair, times, rows, .. } = comparison;
    let in_plane = rows.iter().any(|row| row.flow.first().is_some_and(|theta| theta.len() > 1));
    let points = |path: &[Vec<f64>]| -> (Vec<f64>, Vec<f64>) {
        match in_plane {
            true => path.iter().map(|theta| (theta[0], theta[1])).unzip(),
            false => times.iter().zip(path).map(|(t, theta)| (*t, theta[0])).unzip(),
        }
    };
    let (x, y) = if in_plane { ("θ₁", "θ₂") } else { ("t", "θ") };
    let mut paths = Panel::new("trajectories", Axis::linear(x), Axis::linear(y));
    let mut errors = Panel::new("distance at equal times", Axis::linear("t"), Axis::log("‖θₖ − θ(t)‖"));
    // The coarsest run and its equation: the finer ones would lie on top of each other.
    if let Some(row) = rows.iter().max_by(|a, b| a.step_size.total_cmp(&b.step_size)) {
        let (x, y) = points(&row.flow);
        paths = paths.with(Layer::Curve {
            label: pair.equation_name().into(),
            x,
            y,
            color: 0,
            dash: Dash::Solid,
        });
        let (x, y) = points(&row.path);
        paths = paths.with(Layer::dashed(format!("{}, step {}", pair.method, row.step_size), x, y, 1));
    }
    for (color, row) in rows.iter().filter(|row| !row.errors.is_empty()).enumerate() {
        let label = format!("step {}", row.step_size);
        errors = errors.with(Layer::curve(label, times.clone(), row.errors.clone(), color));
    }
    let o = &comparison.table.order;
    Figure {
        id: "compare".into(),
        title: format!("{} and {}", pair.method, pair.equation_name()),
        caption: format!(
            "{}, α={}, β={}; order {:.4} [{:.4}, {:.4}]",
            objective.chars().take(60).collect::<String>(),
            pair.alpha,
            pair.beta,
            o.value,
            o.low,
            o.high
        ),
        columns: 1,
        panels: vec![paths, errors],
    }
}
