//! `dinlab subdifferential`: Clarke's ∂J and D_J = Σ ∂Jₙ at a point, or all D-critical points of a piecewise quadratic sum.

use anyhow::Context as _;
use clap::Args;
use dinlab_objective::subdifferential::{critical_set, CriticalSet, Polytope, Subdifferential as Sets};
use dinlab_report::Table;
use dinlab_theory::terms::Terms;
use serde_json::{json, Value};

use crate::{
    args::{check_length, Common, Reading},
    output::{self, number, numbers, Product},
    session::{Exit, Session},
    values::Vector,
};

/// Relative distance within which 0 counts as an element.
const ELEMENT: f64 = 1e-9;

/// Compute Clarke's subdifferential and the sum of the terms' subdifferentials
#[derive(Debug, Args)]
pub struct Subdifferential {
    /// Objective: a registered name (`dinlab list objectives`), expr:FORMULA or sum:FORMULA;FORMULA;..
    #[arg(long, value_name = "J")]
    objective: String,
    #[command(flatten)]
    reading: Reading,
    /// Point, at most three numbers; without it all points with 0 in the sum of subdifferentials are listed (one or two
    /// variables, quadratic pieces)
    #[arg(long, value_name = "1,2", allow_hyphen_values = true)]
    at: Option<Vector>,
    #[command(flatten)]
    pub common: Common,
}

impl Subdifferential {
    /// Computes and prints the sets.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let objective = self.reading.objective(&self.objective)?;
        let terms = Terms::of(&*objective)?;
        if let Some(at) = &self.at {
            check_length("--at", at, objective.dimension(), objective.name())?;
        }
        session.prepare(output::Format::ALL)?;
        let plan = json!({
            "command": "subdifferential", "objective": self.objective, "variables": self.reading.variables,
            "at": self.at.as_ref().map(|at| &at.0),
        });
        let product = match &self.at {
            Some(at) => at_point(plan, &terms.sets(&at.0).with_context(|| format!("--at {}", list(&at.0)))?),
            None => everywhere(plan, &critical_set(&terms.all()).context("--objective, without --at")?),
        };
        output::emit(session, &product)?;
        Ok(Exit::Success)
    }
}

fn vertices(set: &Polytope) -> Value {
    Value::Array(set.vertices().iter().map(|v| numbers(v)).collect())
}

fn at_point(plan: Value, sets: &Sets) -> Product {
    let (critical, d_critical, gap) = (sets.critical(ELEMENT), sets.d_critical(ELEMENT), sets.gap());
    let body = json!({
        "point": numbers(&sets.point),
        "value": number(sets.value),
        "clarke": vertices(&sets.clarke),
        "terms": sets.terms.iter().map(vertices).collect::<Vec<_>>(),
        "sum": vertices(&sets.sum),
        "gap": number(gap),
        "critical": critical,
        "d_critical": d_critical,
    });
    let mut text = format!("J({}) = {}\n", list(&sets.point), list(&[sets.value]));
    text += &format!("∂J   {}\n", words(&sets.clarke));
    text += &format!("D_J  {}\n", words(&sets.sum));
    if sets.terms.len() > 1 {
        for (n, term) in sets.terms.iter().enumerate() {
            text += &format!("  ∂J_{:<3}{}\n", n + 1, words(term));
        }
    }
    text += &format!("gap (Hausdorff distance of the two)  {}\n", list(&[gap]));
    text += match (critical, d_critical) {
        (true, _) => "critical: 0 is in ∂J\n",
        (false, true) => "D-critical but not critical: 0 is in D_J, not in ∂J\n",
        (false, false) => "not critical: 0 is neither in ∂J nor in D_J\n",
    };
    // One row a vertex; the first column says of which set: 0 for ∂J, −1 for D_J, n for the term n.
    let mut rows = Vec::new();
    let named = [(0.0, &sets.clarke), (-1.0, &sets.sum)];
    let each = sets.terms.iter().enumerate().map(|(n, term)| (n as f64 + 1.0, term));
    for (label, set) in named.into_iter().chain(each) {
        rows.extend(set.vertices().iter().map(|v| [&[label], v.as_slice()].concat()));
    }
    let columns = std::iter::once("set".to_owned()).chain((1..=sets.point.len()).map(|i| format!("v_{i}")));
    Product::new("subdifferential", plan, body, text).with_table(Table::new(columns.collect(), rows))
}

/// Numbers as a person reads them: 1 and not 1.0, 5e-30 and not thirty zeros.
fn list(x: &[f64]) -> String {
    let short = |x: &f64| format!("{x:?}").trim_end_matches(".0").to_owned();
    x.iter().map(short).collect::<Vec<_>>().join(", ")
}

/// A set as a person reads it: a number, an interval, or its vertices.
fn words(set: &Polytope) -> String {
    let vertices: Vec<String> = set.vertices().iter().map(|v| list(v)).collect();
    match (set.dimension(), set.is_point()) {
        (1, true) => format!("{{{}}}", vertices[0]),
        (1, false) => format!("[{}]", vertices.join(", ")),
        (_, true) => format!("{{({})}}", vertices[0]),
        _ => format!("hull of ({})", vertices.join("), (")),
    }
}

fn everywhere(plan: Value, set: &CriticalSet) -> Product {
    let points: Vec<Value> = set
        .points
        .iter()
        .map(|p| {
            json!({
                "point": numbers(&p.point), "value": number(p.value), "critical": p.critical, "isolated": p.isolated,
            })
        })
        .collect();
    let body = json!({
        "points": points,
        "d_critical_values": numbers(&set.values),
        "critical_values": numbers(&set.critical_values),
        "cells": set.cells,
    });
    let mut text = format!("{} cells of quadratic pieces\n", set.cells);
    for p in &set.points {
        let kind = if p.critical { "critical" } else { "D-critical only" };
        let alone = if p.isolated { "" } else { ", one of a continuum" };
        text += &format!("({})  J = {}  {kind}{alone}\n", list(&p.point), list(&[p.value]));
    }
    text += &format!("D-critical values  {}\n", listed(&set.values));
    text += &format!("critical values    {}\n", listed(&set.critical_values));
    let n = set.points.first().map_or(0, |p| p.point.len());
    let columns = (1..=n).map(|i| format!("theta_{i}"));
    let columns = columns.chain(["value", "critical", "isolated"].map(str::to_owned));
    let truth = |fact: bool| f64::from(u8::from(fact));
    let row = |p: &dinlab_objective::subdifferential::DCriticalPoint| {
        [p.point.as_slice(), &[p.value, truth(p.critical), truth(p.isolated)]].concat()
    };
    let table = Table::new(columns.collect(), set.points.iter().map(row).collect());
    Product::new("subdifferential", plan, body, text).with_table(table)
}

fn listed(values: &[f64]) -> String {
    if values.is_empty() {
        "none".into()
    } else {
        list(values)
    }
}
