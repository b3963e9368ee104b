//! `dinlab map`: planes of parameters and of starts, simulated cell by cell, with the closed-form boundary drawn over them.

mod guard;
mod options;
mod record;

use std::{path::PathBuf, sync::atomic::AtomicBool};

use anyhow::{bail, Context as _};
use clap::{ArgAction, Args, ValueEnum};
use dinlab_map::{
    basins::{self, Basins, Runner},
    best, draw,
    escape::{self, Escape},
    linear::{self, Fixed, Quantity},
    runs::{self, Runs},
    Axis, MapError, Plane,
};
use dinlab_numeric::norm;
use dinlab_objective::registry::Shared;
use dinlab_record::figure::Figure;
use serde_json::json;

use self::options::{AxisArg, Cells};
use crate::{
    args::{check_length, Common, Reading},
    drawing, interrupt,
    output::{self, Product},
    session::{Exit, Session},
    values::{self, Vector},
};

/// Draw maps of parameters and of starts, with the closed form over them
#[derive(Debug, Args)]
pub struct Map {
    /// What is shown
    kind: Kind,
    /// Horizontal axis: NAME=FROM:TO, with :log for a logarithmic one
    #[arg(long, value_name = "NAME=A:B[:log]", allow_hyphen_values = true)]
    x: Option<AxisArg>,
    /// Vertical axis
    #[arg(long, value_name = "NAME=A:B[:log]", allow_hyphen_values = true)]
    y: Option<AxisArg>,
    /// Cells: one number for both axes, or COLUMNSxROWS
    #[arg(long, value_name = "N[xM]", default_value = "200", value_parser = options::cells)]
    cells: Cells,
    /// Viscous damping, where it is no axis [default: 0.5]
    #[arg(long, value_name = "A", value_parser = values::non_negative, allow_hyphen_values = true)]
    alpha: Option<f64>,
    /// Hessian-driven damping, where it is no axis [default: 0.1]
    #[arg(long, value_name = "B", value_parser = values::non_negative, allow_hyphen_values = true)]
    beta: Option<f64>,
    /// Step size, where it is no axis
    #[arg(long, value_name = "G", value_parser = values::positive, allow_hyphen_values = true)]
    step_size: Option<f64>,
    /// Eigenvalues of the Hessian, where they are no axis (stability, rate, oscillation)
    #[arg(long, value_name = "a,b,..", allow_hyphen_values = true)]
    hessian_eigenvalues: Option<Vector>,
    /// Objective (basins, escape; for stability, rate and oscillation its Hessian at --start)
    #[arg(long, value_name = "J")]
    objective: Option<String>,
    #[command(flatten)]
    reading: Reading,
    /// Coordinates of the starts that are no axis (basins), a point near the saddle (escape), the minimum (stability)
    #[arg(long, value_name = "1,2", allow_hyphen_values = true)]
    start: Option<Vector>,
    /// Iterations of each cell (basins [default: 500], escape [default: 10000]; stability: runs of --objective itself)
    #[arg(long, value_name = "N", value_parser = values::positive_count, allow_hyphen_values = true)]
    steps: Option<u64>,
    /// Integrate DIN to this time in place of INDIAN (basins)
    #[arg(long, value_name = "T", value_parser = values::positive, allow_hyphen_values = true)]
    until: Option<f64>,
    /// Distance within which an end counts as a minimum (basins), or that has to be left (escape [default: 1e-2])
    #[arg(long, value_name = "R", value_parser = values::positive, allow_hyphen_values = true)]
    radius: Option<f64>,
    /// Distance of the start from the saddle along its unstable direction (escape [default: 1e-8])
    #[arg(long, value_name = "H", value_parser = values::positive, allow_hyphen_values = true)]
    offset: Option<f64>,
    /// Rows of the atlas: values of alpha
    #[arg(long, value_name = "a,b,..", allow_hyphen_values = true)]
    alphas: Option<Vector>,
    /// Columns of the atlas: values of beta
    #[arg(long, value_name = "a,b,..", allow_hyphen_values = true)]
    betas: Option<Vector>,
    /// Accuracy of the located boundary, as a fraction of each axis
    #[arg(long, value_name = "F", default_value_t = 1e-4, value_parser = options::accuracy, allow_hyphen_values = true)]
    accuracy: f64,
    /// Draw the map into this file: .svg or .png
    #[arg(long, value_name = "FILE", value_parser = drawing::target)]
    figure: Option<PathBuf>,
    /// Run maps of more than ten million cells
    #[arg(long, action = ArgAction::SetTrue)]
    yes: bool,
    #[command(flatten)]
    pub common: Common,
}

/// Kinds of maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Which instability, if any, of INDIAN on eigenmodes
    Stability,
    /// Rate per iteration on eigenmodes, with the fastest cell marked
    Rate,
    /// Half-turns per iteration on eigenmodes
    Oscillation,
    /// Which minimum from which start
    Basins,
    /// Iterations to leave a strict saddle
    Escape,
    /// Best step size, and best parameters, over the condition number
    Best,
    /// Stability in small multiples over alpha and beta
    Atlas,
}

impl Kind {
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |v| v.get_name().to_owned())
    }
}

impl Map {
    /// Makes the map.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        self.check_options()?;
        self.check_size()?;
        session.prepare(output::Format::ALL)?;
        let stop = interrupt::install()?;
        let jobs = session.common.jobs.map_or(0, |n| usize::try_from(n).unwrap_or(usize::MAX));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build().context("--jobs: no threads")?;
        let made = pool.install(|| self.make(session, stop));
        let (product, figure) = match made {
            Ok(made) => made,
            Err(error) => {
                let stopped = error.downcast_ref::<MapError>().is_some_and(MapError::is_interrupt);
                return if stopped { Ok(Exit::Interrupted) } else { Err(self.flagged(error)) };
            }
        };
        if let (Some(file), Some(figure)) = (&self.figure, figure) {
            drawing::write(file, &figure)?;
        }
        output::emit(session, &product)?;
        Ok(Exit::Success)
    }

    fn make(&self, session: &Session, stop: &AtomicBool) -> anyhow::Result<(Product, Option<Figure>)> {
        let (alpha, beta) = (self.alpha.unwrap_or(0.5), self.beta.unwrap_or(0.1));
        match self.kind {
            Kind::Stability | Kind::Rate | Kind::Oscillation => self.linear(session, alpha, beta, stop),
            Kind::Basins => self.basins(session, alpha, beta, stop),
            Kind::Escape => self.escape(session, alpha, beta, stop),
            Kind::Best => self.best(session, alpha, beta),
            Kind::Atlas => self.atlas(session, stop),
        }
    }

    /// The plane: axes as given, or the defaults of the kind.
    fn plane(&self, x: AxisArg, y: AxisArg) -> anyhow::Result<Plane> {
        let axis = |given: &Option<AxisArg>, default: AxisArg, cells: usize| {
            let AxisArg { name, from, to, log } = given.clone().unwrap_or(default);
            Axis { name, from, to, log, cells }
        };
        let plane = Plane { x: axis(&self.x, x, self.cells.columns), y: axis(&self.y, y, self.cells.rows) };
        plane.validate()?;
        Ok(plane)
    }

    fn objective(&self) -> anyhow::Result<Shared> {
        let Some(specification) = &self.objective else {
            bail!("--objective is needed for `map {}`", self.kind.name());
        };
        let objective = self.reading.objective(specification)?;
        if let Some(start) = &self.start {
            check_length("--start", start, objective.dimension(), objective.name())?;
        }
        Ok(objective)
    }

    /// Damping and step in words, those that are no axis.
    fn words(&self, plane: &Plane, alpha: f64, beta: f64) -> String {
        let mut words = Vec::new();
        let mut say = |name: &str, text: String| {
            if plane.x.name != name && plane.y.name != name {
                words.push(text);
            }
        };
        say("alpha", format!("α = {alpha}"));
        say("beta", format!("β = {beta}"));
        if let Some(gamma) = self.step_size {
            say("step-size", format!("γ = {gamma}"));
        }
        words.join(", ")
    }

    fn linear(
        &self,
        session: &Session,
        alpha: f64,
        beta: f64,
        stop: &AtomicBool,
    ) -> anyhow::Result<(Product, Option<Figure>)> {
        let mut eigenvalues = self.hessian_eigenvalues.as_ref().map_or_else(Vec::new, |v| v.0.clone());
        if let Some(specification) = &self.objective {
            if !eigenvalues.is_empty() {
                bail!("--objective and --hessian-eigenvalues both give eigenvalues; expected one of them");
            }
            eigenvalues = self.spectrum(specification)?;
        } else if self.start.is_some() {
            bail!("--start says where the Hessian of --objective is taken, which is missing");
        }
        let fixed_mode = !eigenvalues.is_empty();
        let step = AxisArg::log("step-size", 1e-2, 1e1);
        let (x, y) = match fixed_mode {
            false => (step, AxisArg::log("eigenvalue", 1e-1, 1e4)),
            true if self.step_size.is_some() => {
                (AxisArg::log("alpha", 1e-2, 1e1), AxisArg::log("beta", 1e-2, 1e1))
            }
            true => (step, AxisArg::log("beta", 1e-2, 1e1)),
        };
        let plane = self.plane(x, y)?;
        if fixed_mode && [&plane.x, &plane.y].iter().any(|axis| axis.name == "eigenvalue") {
            bail!("the eigenvalue is an axis and given, too; expected one of them");
        }
        for axis in [&plane.x, &plane.y] {
            if !linear::AXES.contains(&axis.name.as_str()) {
                let (axis, expected) = (axis.name.clone(), linear::AXES.join(", "));
                return Err(MapError::UnknownAxis { axis, expected }.into());
            }
        }
        let on_axis = |name: &str| [&plane.x, &plane.y].iter().any(|axis| axis.name == name);
        if self.step_size.is_none() && !on_axis("step-size") {
            bail!("--step-size is needed, or --x or --y step-size=A:B");
        }
        if !fixed_mode && !on_axis("eigenvalue") {
            bail!(
                "--hessian-eigenvalues are needed, or --objective with --start, or --x or --y eigenvalue=A:B"
            );
        }
        let quantity = match self.kind {
            Kind::Rate => Quantity::Rate,
            Kind::Oscillation => Quantity::Oscillation,
            _ => Quantity::Stability,
        };
        let fixed = Fixed {
            alpha,
            beta,
            step_size: self.step_size.unwrap_or(f64::NAN),
            eigenvalues: eigenvalues.clone(),
        };
        let mut map = linear::map(quantity, &plane, &fixed, self.accuracy, stop)?;
        if let Some(steps) = self.steps {
            if self.kind != Kind::Stability || self.objective.is_none() {
                bail!("--steps runs an objective: it needs `map stability` with --objective and --start");
            }
            let minimum = self.start.as_ref().map_or_else(Vec::new, |v| v.0.clone());
            let fixed = [alpha, beta, fixed.step_size];
            let objective = self.objective()?;
            let mut gradient = vec![0.0; minimum.len()];
            objective.oracle().gradient(&minimum, &mut gradient);
            let slope = norm(&gradient);
            // Runs start 10⁻⁶ away: a slope they would feel is no critical point.
            if slope.is_nan() || slope > 1e-8 * (1.0 + norm(&minimum)) {
                bail!("--start: not a critical point, ‖∇J‖ = {slope:e} there; runs that start beside one say whether it is stable");
            }
            runs::stability(&mut map, &Runs { objective, minimum, fixed, steps }, stop)?;
        }
        let title = match quantity {
            Quantity::Stability => "Stability of INDIAN on eigenmodes",
            Quantity::Rate => "Rate of INDIAN on eigenmodes",
            Quantity::Oscillation => "Oscillation of INDIAN on eigenmodes",
        };
        let mut caption = self.words(&plane, alpha, beta);
        if fixed_mode {
            let shown: Vec<String> = eigenvalues.iter().take(6).map(|l| format!("{l:.4}")).collect();
            caption +=
                &format!(", λ = {}{}", shown.join(", "), if eigenvalues.len() > 6 { ", …" } else { "" });
        }
        let figure = self.figure.as_ref().map(|_| draw::figure("map", title, caption, &map));
        Ok((record::product(session, &self.kind.name(), self.plan(Some(&plane)), &map, json!({})), figure))
    }

    /// Eigenvalues of the Hessian at the start.
    fn spectrum(&self, specification: &str) -> anyhow::Result<Vec<f64>> {
        let objective = self.reading.objective(specification)?;
        let Some(start) = &self.start else {
            bail!("--start is needed: the point at which the Hessian of --objective is taken");
        };
        check_length("--start", start, objective.dimension(), objective.name())?;
        if objective.oracle().value(&start.0).is_nan() {
            bail!("--start {:?}: J is not a number there; expected a point in its domain", start.0);
        }
        if dinlab_map::critical::is_on_kink(&*objective, &start.0) {
            bail!(
                "--start {:?}: on a kink of the objective, where it has no Hessian; expected a point where it is smooth",
                start.0
            );
        }
        let all = dinlab_map::critical::eigendirections(&*objective, &start.0);
        if all.is_empty() {
            bail!(
                "--start {:?}: the Hessian of the objective is not finite there; expected a point where it is",
                start.0
            );
        }
        Ok(all.into_iter().map(|e| e.0).collect())
    }

    fn basins(
        &self,
        session: &Session,
        alpha: f64,
        beta: f64,
        stop: &AtomicBool,
    ) -> anyhow::Result<(Product, Option<Figure>)> {
        let objective = self.objective()?;
        let n = objective.dimension();
        let view = &objective.facts().view;
        let side = |i: usize, name: String| {
            let [from, to] = view.get(i).copied().unwrap_or([-2.0, 2.0]);
            AxisArg { name, from, to, log: false }
        };
        let y = if n == 1 {
            AxisArg { name: "velocity_1".into(), ..side(0, String::new()) }
        } else {
            side(1, "theta_2".into())
        };
        let plane = self.plane(side(0, "theta_1".into()), y)?;
        let runner = match (self.until, self.step_size) {
            (Some(until), _) => Runner::Din { until, tolerance: 1e-8 },
            (None, Some(step_size)) => Runner::Indian { step_size, steps: self.steps.unwrap_or(500) },
            (None, None) => bail!("--step-size is needed for INDIAN, or --until for DIN"),
        };
        let start = self.start.as_ref().map_or_else(|| vec![0.0; n], |v| v.0.clone());
        let name: String = objective.name().chars().take(60).collect();
        let basins =
            Basins { objective, alpha, beta, runner, start, radius: self.radius, accuracy: self.accuracy };
        let map = basins::map(&plane, &basins, stop)?;
        let run = match runner {
            Runner::Indian { steps, .. } => format!("INDIAN, {steps} iterations"),
            Runner::Din { until, .. } => format!("DIN to t = {until}"),
        };
        let caption = format!("{name}, {run}, {}", self.words(&plane, alpha, beta));
        let figure = self.figure.as_ref().map(|_| draw::figure("map", "Basins of attraction", caption, &map));
        Ok((record::product(session, "basins", self.plan(Some(&plane)), &map, json!({})), figure))
    }

    fn escape(
        &self,
        session: &Session,
        alpha: f64,
        beta: f64,
        stop: &AtomicBool,
    ) -> anyhow::Result<(Product, Option<Figure>)> {
        let objective = self.objective()?;
        let plane = self.plane(AxisArg::log("alpha", 1e-2, 1e1), AxisArg::log("beta", 1e-2, 1e1))?;
        let step_axis = [&plane.x, &plane.y].iter().any(|axis| axis.name == "step-size");
        let Some(step_size) = self.step_size.or(step_axis.then_some(f64::NAN)) else {
            bail!("--step-size is needed, or --x or --y step-size=A:B");
        };
        let n = objective.dimension();
        let known = objective.facts().critical_points.iter().find(|c| {
            matches!(
                c.kind,
                dinlab_objective::CriticalKind::StrictSaddle | dinlab_objective::CriticalKind::Maximum
            )
        });
        let near = match (&self.start, known) {
            (Some(start), _) => start.0.clone(),
            (None, Some(point)) => point.point.clone(),
            (None, None) => vec![0.0; n],
        };
        let escape = Escape {
            objective,
            near,
            fixed: [alpha, beta, step_size],
            offset: self.offset.unwrap_or(1e-8),
            radius: self.radius.unwrap_or(1e-2),
            steps: self.steps.unwrap_or(10_000),
        };
        if escape.offset >= escape.radius {
            bail!(
                "--offset {} is not below --radius {}: the start has left already",
                escape.offset,
                escape.radius
            );
        }
        let (map, saddle) = escape::map(&plane, &escape, stop)?;
        let name: String = escape.objective.name().chars().take(60).collect();
        let caption = format!(
            "{name}, from rest {} beside the saddle until {} away, {}",
            escape.offset,
            escape.radius,
            self.words(&plane, alpha, beta)
        );
        let figure =
            self.figure.as_ref().map(|_| draw::figure("map", "Leaving a strict saddle", caption, &map));
        let more = json!({ "saddle": saddle });
        Ok((record::product(session, "escape", self.plan(Some(&plane)), &map, more), figure))
    }

    fn best(&self, session: &Session, alpha: f64, beta: f64) -> anyhow::Result<(Product, Option<Figure>)> {
        let AxisArg { name, from, to, log } =
            self.x.clone().unwrap_or_else(|| AxisArg::log("condition-number", 2.0, 1e4));
        if name != "condition-number" {
            bail!("--x {name}: `map best` has the axis condition-number");
        }
        let cells = if self.cells.given { self.cells.columns } else { 30 };
        let axis = Axis { name, from, to, log, cells };
        let rows = best::rows(&axis, [alpha, beta], session.common.seed)?;
        let figure = self
            .figure
            .as_ref()
            .map(|_| draw::best(&rows, format!("damping given: α = {alpha}, β = {beta}")));
        Ok((record::best(session, self.plan(None), &rows), figure))
    }

    fn atlas(&self, session: &Session, stop: &AtomicBool) -> anyhow::Result<(Product, Option<Figure>)> {
        let list = |given: &Option<Vector>, default: [f64; 3], flag: &str| -> anyhow::Result<Vec<f64>> {
            let values = given.as_ref().map_or_else(|| default.to_vec(), |v| v.0.clone());
            match values.iter().find(|v| **v < 0.0) {
                Some(bad) => bail!("{flag}: {bad} is negative; expected numbers that are not"),
                None => Ok(values),
            }
        };
        let alphas = list(&self.alphas, [0.1, 0.5, 2.0], "--alphas")?;
        let betas = list(&self.betas, [0.05, 0.2, 1.0], "--betas")?;
        if alphas.len() * betas.len() > 36 {
            bail!("--alphas, --betas: {} panels; expected at most 36", alphas.len() * betas.len());
        }
        let plane =
            self.plane(AxisArg::log("step-size", 1e-2, 1e1), AxisArg::log("eigenvalue", 1e-1, 1e3))?;
        let mut maps = Vec::new();
        for &alpha in &alphas {
            for &beta in &betas {
                let fixed = Fixed { alpha, beta, step_size: f64::NAN, eigenvalues: Vec::new() };
                let map = linear::map(Quantity::Stability, &plane, &fixed, self.accuracy, stop)?;
                maps.push((format!("α = {alpha}, β = {beta}"), map));
            }
        }
        let figure = self.figure.as_ref().map(|_| {
            let caption = "colour: the shipped step's multipliers; lines: closed forms".to_owned();
            draw::atlas("map", "Stability of INDIAN on an eigenmode", caption, betas.len(), &maps)
        });
        Ok((record::atlas(session, self.plan(Some(&plane)), &maps), figure))
    }
}
