//! Records, tables and texts of maps.

use dinlab_map::{best::Row, Map};
use dinlab_report::Table;
use serde_json::{json, Map as JsonMap, Value};

use crate::{
    output::{number, numbers, Format, Product},
    session::Session,
};

/// The record of a map.
pub fn product(
    session: &Session,
    kind: &str,
    plan: JsonMap<String, Value>,
    map: &Map,
    more: Value,
) -> Product {
    let mut body = summary(kind, map);
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    let product = Product::new("map", Value::Object(plan), body, text(map));
    with_table(session, product, || table(map, &[]))
}

/// The record of an atlas: one entry per panel.
pub fn atlas(session: &Session, plan: JsonMap<String, Value>, maps: &[(String, Map)]) -> Product {
    let panels: Vec<Value> = maps
        .iter()
        .map(|(title, map)| {
            let mut one = summary("stability", map);
            one["panel"] = json!(title);
            one
        })
        .collect();
    let mut words = String::new();
    for (title, map) in maps {
        words += &format!("{title}\n{}\n", text(map));
    }
    let product =
        Product::new("map", Value::Object(plan), json!({ "kind": "atlas", "panels": panels }), words);
    with_table(session, product, || {
        let mut all = Table::new(Vec::new(), Vec::new());
        for (i, (_, map)) in maps.iter().enumerate() {
            let one = table(map, &[("panel", i as f64)]);
            (all.columns, all.codes) = (one.columns, one.codes);
            all.rows.extend(one.rows);
        }
        all
    })
}

/// The record of the best parameters.
pub fn best(session: &Session, plan: JsonMap<String, Value>, rows: &[Row]) -> Product {
    let furthest = rows.iter().map(|r| (r.best_radius - r.bound).abs()).fold(0.0, dinlab_numeric::max);
    let mut words =
        String::from("condition number  best γ given α, β   ρ             best ρ found  (√κ−1)/(√κ+1)\n");
    for row in rows {
        words += &format!(
            "{:<17.6e} {:<19.6e} {:<13.8} {:<13.8} {:.8}\n",
            row.condition_number, row.step_size, row.radius, row.best_radius, row.bound
        );
    }
    words += &format!("largest difference of the best ρ found from the closed form  {furthest:.1e}\n");
    let body = json!({ "kind": "best", "rows": rows, "largest_difference": number(furthest) });
    let product = Product::new("map", Value::Object(plan), body, words);
    let columns = [
        "condition_number",
        "step_size",
        "radius",
        "radius_closed",
        "best_alpha",
        "best_beta",
        "best_step_size",
        "best_radius",
        "bound",
        "closed_alpha",
        "closed_beta",
        "closed_step_size",
    ];
    let line = |r: &Row| {
        let mut line = vec![r.condition_number, r.step_size, r.radius, r.radius_closed];
        line.extend(r.best);
        line.extend([r.best_radius, r.bound]);
        line.extend(r.closed);
        line
    };
    with_table(session, product, || {
        Table::new(columns.map(str::to_owned).to_vec(), rows.iter().map(line).collect())
    })
}

/// Adds the table where a file asks for it: it may be large.
fn with_table(session: &Session, mut product: Product, table: impl Fn() -> Table) -> Product {
    let Some(target) = &session.common.output else { return product };
    let mut table = table();
    if target.format != Format::Json {
        table.comments = vec![format!("plan: {}", product.plan)];
        return product.with_table(table);
    }
    let rows = table.rows.iter().map(|row| numbers(row)).collect::<Vec<_>>();
    product.samples.insert("columns".into(), json!(table.columns));
    product.samples.insert("rows".into(), Value::Array(rows));
    product
}

/// One row per cell: coordinates, class (a code; NaN for none), number and its closed form where there are any.
fn table(map: &Map, before: &[(&str, f64)]) -> Table {
    let mut columns: Vec<String> = before.iter().map(|(name, _)| (*name).to_owned()).collect();
    columns.extend([map.plane.x.name.replace('-', "_"), map.plane.y.name.replace('-', "_")]);
    let (classes, values, closed) = (!map.class.is_empty(), !map.value.is_empty(), !map.predicted.is_empty());
    for (name, there) in [("class", classes), ("value", values), ("predicted", closed)] {
        if there {
            columns.push(name.into());
        }
    }
    let row = |cell: usize| {
        let mut row: Vec<f64> = before.iter().map(|(_, value)| *value).collect();
        row.extend(map.plane.centre(cell));
        if classes {
            row.push(map.class[cell].map_or(f64::NAN, f64::from));
        }
        if values {
            row.push(map.value[cell]);
        }
        if closed {
            row.push(map.predicted[cell]);
        }
        row
    };
    let place = columns.iter().position(|name| name == "class");
    let mut table = Table::new(columns, (0..map.plane.len()).map(row).collect());
    table.codes = place.map(|place| (place, map.classes.clone()));
    table
}

/// Six decimals, or an exponent where they would be many or nothing.
fn short(value: f64) -> String {
    match value.abs() {
        0.0 | 1e-4..1e9 => format!("{:.6}", value + 0.0),
        _ => format!("{value:.6e}"),
    }
}

/// Name, cells and share of each class that occurs; `None` is called `none`.
fn shares(map: &Map) -> Vec<(String, usize, f64)> {
    let all = map.class.len() as f64;
    let count = |wanted: Option<u8>| map.class.iter().filter(|c| **c == wanted).count();
    let mut shares: Vec<(String, usize)> =
        map.classes.iter().enumerate().map(|(i, name)| (name.clone(), count(u8::try_from(i).ok()))).collect();
    shares.push(("none".into(), count(None)));
    shares.retain(|(_, cells)| *cells > 0);
    shares.into_iter().map(|(name, cells)| (name, cells, cells as f64 / all)).collect()
}

/// What is known about the located boundary.
struct Boundary {
    points: usize,
    accuracy: f64,
    compared: usize,
    largest_distance: f64,
    beyond: usize,
}

fn boundary(map: &Map) -> Option<Boundary> {
    let max = dinlab_numeric::max;
    let compared: Vec<(f64, f64)> =
        map.boundary.iter().filter_map(|p| Some((p.distance?, p.error))).collect();
    (!map.boundary.is_empty()).then(|| Boundary {
        points: map.boundary.len(),
        accuracy: map.boundary.iter().map(|p| p.error).fold(0.0, max),
        compared: compared.len(),
        largest_distance: compared.iter().map(|c| c.0).fold(0.0, max),
        // Rounding of two bisections.
        beyond: compared.iter().filter(|(distance, error)| distance - error > 1e-9).count(),
    })
}

fn summary(kind: &str, map: &Map) -> Value {
    let finite: Vec<f64> = map.value.iter().copied().filter(|v| v.is_finite()).collect();
    let axis = |axis: &dinlab_map::Axis| json!({ "name": axis.name, "from": axis.from, "to": axis.to, "log": axis.log, "cells": axis.cells });
    let classes: Vec<Value> = shares(map)
        .into_iter()
        .map(|(name, cells, share)| json!({ "name": name, "cells": cells, "share": share }))
        .collect();
    json!({
        "kind": kind,
        "x": axis(&map.plane.x),
        "y": axis(&map.plane.y),
        "classes": classes,
        "class_names": map.classes,
        "value": if finite.is_empty() { Value::Null } else { json!({
            "quantity": map.quantity,
            "smallest": number(dinlab_numeric::minimum(&finite)),
            "largest": number(dinlab_numeric::maximum(&finite)),
        }) },
        "mismatches": mismatches(map),
        "boundary": boundary(map).map(|b| json!({
            "points": b.points,
            "accuracy": number(b.accuracy),
            "compared_with_closed_form": b.compared,
            "largest_distance": if b.compared > 0 { number(b.largest_distance) } else { Value::Null },
            "farther_than_accuracy": b.beyond,
        })),
        "notes": map.notes,
        "marks": map.marks.iter().map(|(name, at)| json!({ "name": name, "at": numbers(at) })).collect::<Vec<_>>(),
    })
}

fn mismatches(map: &Map) -> Value {
    if map.mismatches.compared == 0 {
        return Value::Null;
    }
    let one = |m: &dinlab_map::Mismatch| json!({ "at": numbers(&m.at), "measured": number(m.measured), "predicted": number(m.predicted) });
    json!({
        "compared": map.mismatches.compared,
        "count": map.mismatches.count,
        "listed": map.mismatches.listed.iter().map(one).collect::<Vec<_>>(),
    })
}

fn text(map: &Map) -> String {
    let plane = &map.plane;
    let mut out = format!(
        "cells             {} × {} over {}, {}\n",
        plane.x.cells, plane.y.cells, plane.x.name, plane.y.name
    );
    for (name, cells, share) in shares(map) {
        out += &format!("{:>12.4} %    {name} ({cells} cells)\n", 100.0 * share);
    }
    let finite: Vec<f64> = map.value.iter().copied().filter(|v| v.is_finite()).collect();
    if !finite.is_empty() {
        let (low, high) = (dinlab_numeric::minimum(&finite), dinlab_numeric::maximum(&finite));
        out += &format!("{:<17} {} to {}\n", map.quantity, short(low), short(high));
    }
    if map.mismatches.compared > 0 {
        out += &format!(
            "closed form       {} of {} cells differ\n",
            map.mismatches.count, map.mismatches.compared
        );
        for m in map.mismatches.listed.iter().take(5) {
            out += &format!(
                "  at ({}, {}): {} measured, {} predicted\n",
                m.at[0],
                m.at[1],
                short(m.measured),
                short(m.predicted)
            );
        }
    }
    if let Some(b) = boundary(map) {
        out += &format!("boundary          {} points, each to ±{:.1e} of an axis\n", b.points, b.accuracy);
        if b.compared > 0 {
            out += &format!(
                "  from the closed form: at most {:.1e}; {} of {} farther than their accuracy\n",
                b.largest_distance, b.beyond, b.compared
            );
        }
    }
    for note in &map.notes {
        out += &format!("{note}\n");
    }
    for (name, at) in map.marks.iter().take(12) {
        // No −0.
        let [x, y] = at.map(|v| (v * 1e6).round() / 1e6 + 0.0);
        out += &format!("{name} at ({x:.6}, {y:.6})\n");
    }
    out
}
