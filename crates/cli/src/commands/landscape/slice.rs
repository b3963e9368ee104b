//! `dinlab landscape slice`: J along a line or on a plane.

use std::{path::PathBuf, sync::atomic::Ordering};

use anyhow::{bail, ensure};
use clap::{Args, ValueEnum};
use dinlab_analysis::{krylov::eigenpairs, principal::principal};
use dinlab_indian::iterate_observed;
use dinlab_neural::direction::filter_normalised;
use dinlab_numeric::{axpy, dot, max, min, norm, Stream};
use dinlab_record::{Flow, Observation, Status};
use dinlab_report::Table;
use rayon::prelude::*;
use serde_json::{json, Value};

use super::{
    check_memory, hessian,
    motion::Motion,
    place::{Place, Resolved},
};
use crate::{
    args::Common,
    drawing, interrupt,
    output::{self, number, numbers, Product},
    progress::Progress,
    session::{Exit, Session},
    values,
};

mod draw;

/// Values along a line or on a plane: filter-normalised, along eigenvectors, or in the principal plane of a run
#[derive(Debug, Args)]
pub struct Slice {
    #[command(flatten)]
    place: Place,
    /// Directions: random (networks: filter-normalised; else of norm 1), eigen (top eigenvectors of the Hessian) or principal (of the
    /// iterates of a run that begins at the point; the slice is centred at its end)
    #[arg(long, value_enum, default_value_t = Directions::Random)]
    directions: Directions,
    /// Directions: 1 (a line) or 2 (a plane)
    #[arg(long, value_name = "1|2", default_value_t = 2, value_parser = one_or_two, allow_hyphen_values = true)]
    dimensions: u64,
    /// Reach to either side, in units of the directions [default: 1; principal: the path and a fifth more]
    #[arg(long, value_name = "R", value_parser = values::positive, allow_hyphen_values = true)]
    radius: Option<f64>,
    /// Points per direction [default: 41 on a plane, 201 on a line]
    #[arg(long, value_name = "N", value_parser = cells, allow_hyphen_values = true)]
    cells: Option<u64>,
    #[command(flatten)]
    motion: Motion,
    /// Draw the values into a file: .svg or .png
    #[arg(long, value_name = "FILE", value_parser = drawing::target)]
    figure: Option<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}

/// Where the directions come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Directions {
    /// Drawn at random
    Random,
    /// Top eigenvectors of the Hessian
    Eigen,
    /// Principal components of a run's iterates
    Principal,
}

fn one_or_two(text: &str) -> Result<u64, String> {
    values::count(text).ok().filter(|n| (1..=2).contains(n)).ok_or_else(|| "expected 1 or 2".into())
}

fn cells(text: &str) -> Result<u64, String> {
    let expected = || "expected a whole number from 2 to 2001".to_owned();
    values::count(text).ok().filter(|n| (2..=2001).contains(n)).ok_or_else(expected)
}

/// Lines or planes to be evaluated: θ = centre + s·d₁ + t·d₂.
struct Frame {
    centre: Vec<f64>,
    directions: Vec<Vec<f64>>,
    /// Ends of every coordinate.
    ranges: Vec<[f64; 2]>,
    /// Coordinates of a run's iterates; shares of their variance along the directions.
    path: Option<Path>,
}

struct Path {
    points: Vec<Vec<f64>>,
    shares: Vec<f64>,
    values: Vec<f64>,
    status: Status,
}

/// Values on the frame.
struct Found {
    frame: Frame,
    axes: Vec<Vec<f64>>,
    /// Row-major: the first coordinate runs fastest.
    values: Vec<f64>,
}

impl Slice {
    /// Evaluates and hands over.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let seed = session.common.seed;
        let place = self.place.resolve(seed)?;
        let count = self.dimensions as usize;
        ensure!(
            count <= place.dimension(),
            "--dimensions {count}: the objective has {} variable; expected --dimensions 1",
            place.dimension()
        );
        let principal = self.directions == Directions::Principal;
        if !principal && self.motion.is_given() {
            bail!("--step-size, --steps, --every and --decay describe a run, which only --directions principal has");
        }
        let run = if principal { Some(self.motion.build(&place, seed)?) } else { None };
        if let Some(run) = &run {
            check_memory("--steps over --every", Motion::looks(run), place.dimension())?;
        }
        session.prepare(output::Format::ALL)?;
        let frame = match &run {
            Some(run) => self.along_path(session, &place, run, count)?,
            None => self.through_point(&place, seed, count)?,
        };
        let interrupted = frame.path.as_ref().is_some_and(|path| path.status == Status::Interrupted);
        let found = self.evaluate(&place, frame);
        let about = match &run {
            Some(run) => format!("{}; {}", place.caption(), self.motion.words(run)),
            None => place.caption(),
        };
        if let Some(file) = &self.figure {
            drawing::write(file, &draw::figure(&found, self.axis_names(place.network.is_some()), about))?;
        }
        let mut plan = self.place.plan("slice", seed, &place);
        let name = self.directions.to_possible_value().map(|v| v.get_name().to_owned());
        let keys = [
            ("directions", json!(name)),
            ("dimensions", json!(self.dimensions)),
            ("radius", json!(self.radius)),
            ("cells", json!(self.cells)),
        ];
        plan.extend(keys.map(|(key, value)| (key.to_owned(), value)));
        if let Some(run) = &run {
            plan.extend(self.motion.plan(run));
        }
        let text = place.text() + &self.text(&found, run.as_ref().map(|run| self.motion.words(run)));
        let mut body = place.body();
        body.extend(body_of(&found));
        let product = Product::new("landscape", Value::Object(plan), Value::Object(body), text)
            .with_table(table(&found));
        output::emit(session, &product)?;
        Ok(if interrupted { Exit::Interrupted } else { Exit::Success })
    }

    /// Random directions or eigenvectors at the point.
    fn through_point(&self, place: &Resolved, seed: u64, count: usize) -> anyhow::Result<Frame> {
        let theta = &place.theta;
        let directions: Vec<Vec<f64>> = match (self.directions, &place.network) {
            (Directions::Eigen, _) => {
                let start = Stream::new(seed, "landscape/eigenpairs", 0).normals(theta.len());
                let mut oracle = place.oracle();
                let steps = 300.min(theta.len());
                check_memory("--directions eigen: products", steps, theta.len())?;
                let pairs =
                    eigenpairs(&mut *hessian(oracle.as_mut(), theta), &start, steps, [count, 0], 1e-8)
                        .map_err(|error| anyhow::anyhow!("--at: the Hessian there: {error}"))?;
                ensure!(
                    pairs.len() == count,
                    "--directions eigen: the Hessian has a multiple largest eigenvalue there; expected --directions random"
                );
                pairs.into_iter().map(|pair| pair.vector).collect()
            }
            (_, Some(network)) => {
                let mut stream = Stream::new(seed, "landscape/slice", 0);
                (0..count).map(|_| filter_normalised(network.network(), theta, &mut stream)).collect()
            }
            (_, None) => {
                let mut stream = Stream::new(seed, "landscape/slice", 0);
                let mut directions: Vec<Vec<f64>> = Vec::new();
                for _ in 0..count {
                    let mut d = stream.normals(theta.len());
                    for earlier in &directions {
                        axpy(-dot(earlier, &d), earlier, &mut d);
                    }
                    let size = norm(&d);
                    d.iter_mut().for_each(|v| *v /= size);
                    directions.push(d);
                }
                directions
            }
        };
        ensure!(
            directions.iter().all(|d| norm(d) > 0.0),
            "--at: all weights are 0 there, and a filter-normalised direction with them; expected other weights"
        );
        let radius = self.radius.unwrap_or(1.0);
        Ok(Frame { centre: theta.clone(), directions, ranges: vec![[-radius, radius]; count], path: None })
    }

    /// The plane in which most of a run's path lies, around its end.
    fn along_path(
        &self,
        session: &Session,
        place: &Resolved,
        run: &dinlab_indian::Run,
        count: usize,
    ) -> anyhow::Result<Frame> {
        let stop = interrupt::install()?;
        let mut progress = Progress::new(run.steps, session.common.quiet);
        let (mut iterates, mut values): (Vec<Vec<f64>>, Vec<f64>) = (Vec::new(), Vec::new());
        let mut oracle = place.oracle();
        let outcome = iterate_observed(&*place.objective, run, &mut |o: Observation<'_>| {
            progress.at(o.index);
            iterates.push(o.theta.to_vec());
            values.push(oracle.value(o.theta));
            if stop.load(Ordering::Relaxed) {
                Flow::Stop
            } else {
                Flow::Continue
            }
        })?;
        let centre = iterates[iterates.len() - 1].clone();
        let found = principal(&iterates, &centre, count)
            .map_err(|error| anyhow::anyhow!("the run's path ({}): {error}", outcome.status))?;
        ensure!(
            found.directions.len() == count,
            "--dimensions {count}: the run's path lies on a line; expected --dimensions 1"
        );
        let range = |i: usize| {
            let along = || found.coordinates.iter().map(|c| c[i]);
            let (low, high) = (along().fold(0.0, min), along().fold(0.0, max));
            let margin = 0.2 * (high - low);
            [low - margin, high + margin]
        };
        let ranges = (0..count).map(|i| self.radius.map_or_else(|| range(i), |r| [-r, r])).collect();
        let path = Path { points: found.coordinates, shares: found.shares, values, status: outcome.status };
        Ok(Frame { centre, directions: found.directions, ranges, path: Some(path) })
    }

    fn evaluate(&self, place: &Resolved, frame: Frame) -> Found {
        let default = if frame.directions.len() == 1 { 201 } else { 41 };
        let cells = self.cells.map_or(default, |cells| cells as usize);
        let axis = |[low, high]: [f64; 2]| -> Vec<f64> {
            (0..cells).map(|i| low + (high - low) * i as f64 / (cells - 1) as f64).collect()
        };
        let axes: Vec<Vec<f64>> = frame.ranges.iter().map(|range| axis(*range)).collect();
        let total = axes.iter().map(Vec::len).product::<usize>();
        let value = |oracle: &mut Box<dyn dinlab_objective::Oracle + '_>, index: usize| {
            let mut theta = frame.centre.clone();
            for (i, direction) in frame.directions.iter().enumerate() {
                let step = if i == 0 { index % cells } else { index / cells };
                axpy(axes[i][step], direction, &mut theta);
            }
            oracle.value(&theta)
        };
        // Networks use all threads for each value; small objectives gain from points in parallel.
        let values = if place.network.is_some() {
            let mut oracle = place.oracle();
            (0..total).map(|index| value(&mut oracle, index)).collect()
        } else {
            let blocks: Vec<usize> = (0..total.div_ceil(cells)).collect();
            let block = |b: &usize| {
                let mut oracle = place.oracle();
                (b * cells..((b + 1) * cells).min(total)).map(|i| value(&mut oracle, i)).collect::<Vec<f64>>()
            };
            blocks.par_iter().flat_map_iter(block).collect()
        };
        Found { frame, axes, values }
    }

    fn axis_names(&self, network: bool) -> [String; 2] {
        let name = match (self.directions, network) {
            (Directions::Random, true) => "filter-normalised direction",
            (Directions::Random, false) => "random direction",
            (Directions::Eigen, _) => "eigenvector",
            (Directions::Principal, _) => "principal direction",
        };
        [1, 2].map(|i| format!("{name} {i}"))
    }

    fn text(&self, found: &Found, run: Option<String>) -> String {
        let mut out = String::new();
        if let (Some(run), Some(path)) = (run, &found.frame.path) {
            out += &format!("run                   {run}\nstatus                {}\n", path.status);
            let shares: Vec<String> = path.shares.iter().map(|s| format!("{:.3} %", 100.0 * s)).collect();
            let all = 100.0 * path.shares.iter().sum::<f64>();
            out += &format!("share of variance     {}  (together {all:.3} %)\n", shares.join(", "));
            out += &format!("value at the end      {:.6e}\n", path.values[path.values.len() - 1]);
        }
        let finite = || found.values.iter().copied().filter(|v| v.is_finite());
        let lowest = finite().fold(f64::INFINITY, min);
        let at = found.values.iter().position(|v| *v == lowest).unwrap_or(0);
        let cells = found.axes[0].len();
        let mut place = format!("{:.4}", found.axes[0][at % cells]);
        if let Some(second) = found.axes.get(1) {
            place += &format!(", {:.4}", second[at / cells]);
        }
        out +=
            &format!("values                {lowest:.6e} to {:.6e}\n", finite().fold(f64::NEG_INFINITY, max));
        out += &format!("smallest at           {place}\n");
        let bad = found.values.iter().filter(|v| !v.is_finite()).count();
        if bad > 0 {
            out += &format!("not finite            {bad} of {} points\n", found.values.len());
        }
        out
    }
}

fn body_of(found: &Found) -> serde_json::Map<String, Value> {
    let mut fields = vec![
        ("ranges", json!(found.frame.ranges)),
        ("direction_norms", numbers(&found.frame.directions.iter().map(|d| norm(d)).collect::<Vec<f64>>())),
        ("lowest", number(found.values.iter().copied().filter(|v| v.is_finite()).fold(f64::INFINITY, min))),
    ];
    if let Some(path) = &found.frame.path {
        fields.push(("shares", numbers(&path.shares)));
        fields.push(("path", Value::Array(path.points.iter().map(|p| numbers(p)).collect())));
        fields.push(("path_values", numbers(&path.values)));
        fields.push(("status", serde_json::to_value(&path.status).unwrap_or(Value::Null)));
    }
    fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn table(found: &Found) -> Table {
    let cells = found.axes[0].len();
    let row = |(index, value): (usize, &f64)| {
        let mut row = vec![found.axes[0][index % cells]];
        row.extend(found.axes.get(1).map(|axis| axis[index / cells]));
        row.push(*value);
        row
    };
    let names: &[&str] = if found.axes.len() == 1 { &["s", "value"] } else { &["s", "t", "value"] };
    let columns = names.iter().map(|name| (*name).to_owned()).collect();
    Table::new(columns, found.values.iter().enumerate().map(row).collect())
}
