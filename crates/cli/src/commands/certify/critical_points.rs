//! `dinlab certify critical-points`: all critical points in a box, each proved to exist, to be alone and to be of its type.

use clap::Args;
use dinlab_enclosure::{CriticalPoint, Kind, Survey};
use dinlab_report::Table;
use serde_json::json;

use super::interval::{boxed, cell_words, ends, function, words, OnBox};
use crate::{
    args::Common,
    output::{self, Product},
    session::{Exit, Session},
    values,
};

/// Prove which critical points a box holds, with their types (interval arithmetic, at most 4 variables)
#[derive(Debug, Args)]
pub struct CriticalPoints {
    #[command(flatten)]
    subject: OnBox,
    /// Most boxes to look at
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = values::positive_count, allow_hyphen_values = true)]
    max_boxes: u64,
    #[command(flatten)]
    pub common: Common,
}

impl CriticalPoints {
    /// Searches and prints.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let (objective, region) = self.subject.resolve()?;
        let function = function(&*objective)?;
        session.prepare(output::Format::ALL)?;
        let limit = usize::try_from(self.max_boxes).unwrap_or(usize::MAX);
        let survey = dinlab_enclosure::critical_points(function, &region, limit)?;
        let plan = self.subject.plan("certify critical-points", ("max_boxes", self.max_boxes));
        let points: Vec<_> = survey
            .points
            .iter()
            .map(|p| {
                json!({
                    "kind": name(p.kind), "location": boxed(&p.location), "unique_in": boxed(&p.unique_in),
                    "value": ends(&p.value),
                })
            })
            .collect();
        let complete = survey.undecided.is_empty();
        let body = json!({
            "evidence": "enclosed",
            "complete": complete,
            "points": points,
            "undecided": survey.undecided.iter().map(|cell| boxed(cell)).collect::<Vec<_>>(),
            "boxes": survey.examined,
        });
        let product = Product::new("certify-critical-points", plan, body, text(&survey));
        output::emit(session, &product.with_table(table(&survey.points, objective.dimension())))?;
        Ok(Exit::Success)
    }
}

fn name(kind: Kind) -> String {
    match kind {
        Kind::Minimum => "minimum".into(),
        Kind::Maximum => "maximum".into(),
        Kind::Saddle { index } => format!("saddle of index {index}"),
        Kind::Unknown => "type not shown".into(),
    }
}

fn text(survey: &Survey) -> String {
    let mut out = String::new();
    for p in &survey.points {
        out += &format!("{:<20}{}\n", name(p.kind), cell_words(&p.location));
        out += &format!("{:<20}J in {}\n", "", words(&p.value));
    }
    for cell in &survey.undecided {
        out += &format!("{:<20}{}\n", "undecided", cell_words(cell));
    }
    out += &match survey.undecided.len() {
        0 => format!("enclosed: these {} are all critical points in the box\n", survey.points.len()),
        _ => "enclosed, but not complete: an undecided box may hold critical points (degenerate, on a kink, or on the border)\n".into(),
    };
    out
}

fn table(points: &[CriticalPoint], n: usize) -> Table {
    let sides = (1..=n).flat_map(|i| [format!("theta_{i}_low"), format!("theta_{i}_high")]);
    let columns = sides.chain(["value_low", "value_high", "negative_eigenvalues"].map(str::to_owned));
    let row = |p: &CriticalPoint| {
        let mut row: Vec<f64> = p.location.iter().flat_map(|side| [side.low, side.high]).collect();
        let index = match p.kind {
            Kind::Minimum => 0.0,
            Kind::Maximum => n as f64,
            Kind::Saddle { index } => index as f64,
            Kind::Unknown => f64::NAN,
        };
        row.extend([p.value.low, p.value.high, index]);
        row
    };
    Table::new(columns.collect(), points.iter().map(row).collect())
}
