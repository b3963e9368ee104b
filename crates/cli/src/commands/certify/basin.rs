//! `dinlab certify basin`: to which minimiser an orbit of DIN converges, proved.

use std::path::PathBuf;

use clap::Args;
use dinlab_enclosure::{prove_basin, Convergence, Flow, Interval, Stop, Unproved};
use dinlab_objective::Start;
use dinlab_report::Table;
use serde_json::{json, Value};

use super::{
    basin_figure,
    interval::{boxed, cell_words, function},
};
use crate::{
    args::{Common, Damping},
    drawing,
    output::{self, number, Product},
    problem::{list, Problem, Resolved},
    session::{Exit, Session},
    values,
};

/// Prove to which minimiser an orbit of DIN converges (interval arithmetic, at most 4 variables)
#[derive(Debug, Args)]
pub struct Basin {
    #[command(flatten)]
    problem: Problem,
    #[command(flatten)]
    damping: Damping,
    /// Time to which the orbit is followed at most
    #[arg(long, value_name = "T", default_value_t = 100.0, value_parser = values::positive, allow_hyphen_values = true)]
    until: f64,
    /// Draw the enclosed orbit and the set it ends in, where that is proved: .svg or .png
    #[arg(long, value_name = "FILE", value_parser = drawing::target)]
    figure: Option<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}

impl Basin {
    /// Tries to prove it, and prints what was proved or why nothing was.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let Damping { alpha, beta } = self.damping;
        let resolved = self.problem.resolve(beta)?;
        let flow = Flow::new(function(&*resolved.objective)?, alpha, beta)?;
        session.prepare(output::Format::ALL)?;
        let start = start(&resolved, &flow);
        let found = prove_basin(flow, &start, self.until, None)?;
        if let (Some(file), Ok(found)) = (&self.figure, &found) {
            drawing::write(file, &basin_figure::figure(found, &*resolved.objective, [alpha, beta]))?;
        }
        let mut plan = self.problem.plan(&resolved, true);
        plan.extend([
            ("command".to_owned(), json!("certify basin")),
            ("alpha".to_owned(), json!(alpha)),
            ("beta".to_owned(), json!(beta)),
            ("until".to_owned(), json!(self.until)),
        ]);
        let product = match &found {
            Ok(found) => Product::new("certify-basin", plan.into(), proved(found), text(found, &resolved))
                .with_table(table(found, resolved.theta.len())),
            Err(why) => {
                let (status, words) = reason(why, self.until);
                let body = json!({ "evidence": null, "status": status, "reason": words });
                Product::new("certify-basin", plan.into(), body, format!("nothing shown: {words}\n"))
                    .with_table(Table::new(columns(resolved.theta.len()), Vec::new()))
            }
        };
        output::emit(session, &product)?;
        Ok(Exit::Success)
    }
}

/// (θ₀, u₀) as a box: u₀ follows from the named start in interval arithmetic.
fn start(resolved: &Resolved, flow: &Flow) -> Vec<Interval> {
    let point = Interval::point;
    let theta: Vec<Interval> = resolved.theta.iter().copied().map(point).collect();
    let (alpha, beta) = (point(flow.alpha()), point(flow.beta()));
    let gradient = || flow.function().gradient(&theta).1;
    let u: Vec<Interval> = match &resolved.start {
        Start::Rest => vec![point(0.0); theta.len()],
        // u = θ' + βv.
        Start::Velocity(v) => v.iter().zip(gradient()).map(|(&v, g)| point(v) + beta * g).collect(),
        Start::Speed(c) => gradient().into_iter().map(|g| (beta - point(*c)) * g).collect(),
        Start::Auxiliary(u) => u.iter().copied().map(point).collect(),
        // u = (1/β − α)θ − ψ/β; β > 0 was checked.
        Start::Psi(psi) => {
            let factor = Interval::ONE / beta - alpha;
            theta.iter().zip(psi).map(|(&x, &p)| factor * x - point(p) / beta).collect()
        }
    };
    theta.into_iter().chain(u).collect()
}

fn proved(found: &Convergence) -> Value {
    let basin = &found.basin;
    json!({
        "evidence": "enclosed",
        "status": "converges",
        "minimiser": boxed(&basin.minimiser.location),
        "value": [number(basin.minimiser.value.low), number(basin.minimiser.value.high)],
        "radius": number(basin.radius),
        "strong_convexity": number(basin.strong_convexity),
        "level": number(basin.level),
        "entered": number(found.entered),
        "energy": number(found.energy),
        "steps": found.tube.segments.len(),
    })
}

fn text(found: &Convergence, resolved: &Resolved) -> String {
    let basin = &found.basin;
    let mut out =
        format!("enclosed: the orbit from ({}) converges to the minimiser in\n", list(&resolved.theta));
    out += &format!("  {}\n", cell_words(&basin.minimiser.location));
    out += &format!(
        "ball around it            radius {:.6}, curvature at least {:.6}\n",
        basin.radius, basin.strong_convexity
    );
    out += &format!("level it cannot leave     {:.6e}\n", basin.level);
    out += &format!(
        "below that level at       t = {:.6} (at most {:.6e}), after {} steps\n",
        found.entered,
        found.energy,
        found.tube.segments.len()
    );
    out
}

fn reason(why: &Unproved, until: f64) -> (&'static str, String) {
    match why {
        Unproved::Conservative => ("unknown", "alpha and beta are both 0: DIN conserves energy".into()),
        Unproved::NoMinimiser { near } => (
            "unknown",
            format!(
                "no minimiser with positive curvature was found near ({}), where the orbit is at the end",
                list(near)
            ),
        ),
        Unproved::NotEntered { stop, nearest } => {
            let end = match stop {
                Stop::Kink { at } => format!("the orbit may meet a kink after t = {at:.6}"),
                Stop::TooWide { at } => format!("the enclosure became too wide after t = {at:.6}"),
                Stop::TooManySteps { at } => format!("the steps ran out at t = {at:.6}"),
                Stop::ReachedEnd | Stop::Asked => format!("--until {until} was reached"),
            };
            let near = if nearest.is_finite() {
                format!("; its energy came down to {nearest:.3} times the level of the basin")
            } else {
                String::new()
            };
            ("unknown", format!("{end} before the orbit was inside the basin{near}"))
        }
    }
}

fn columns(n: usize) -> Vec<String> {
    let ends = |name: &str, i: usize| [format!("{name}_{i}_low"), format!("{name}_{i}_high")];
    let theta = (1..=n).flat_map(|i| ends("theta", i));
    std::iter::once("t".to_owned()).chain(theta).chain((1..=n).flat_map(|i| ends("u", i))).collect()
}

fn table(found: &Convergence, n: usize) -> Table {
    let row = |segment: &dinlab_enclosure::Segment| {
        let sides = segment.end.iter().flat_map(|side| [side.low, side.high]);
        std::iter::once(segment.until).chain(sides).collect()
    };
    Table::new(columns(n), found.tube.segments.iter().map(row).collect())
}
