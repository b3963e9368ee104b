//! Options of `sweep` that make or change its plan.

use std::str::FromStr;

use anyhow::bail;
use clap::Args;
use dinlab_objective::Selection;
use dinlab_sweep::{reduce::Reduce, Axis, Limit, Place, Plan, Values};

use crate::values::{self, Vector};

/// Options that state the plan; each overrides what stands in the file.
#[derive(Debug, Args)]
#[command(next_help_heading = "The plan (each option overrides the file)")]
pub struct Flags {
    /// Objective: a registered name (`dinlab list objectives`), expr:FORMULA or sum:FORMULA;FORMULA;..
    #[arg(long, value_name = "J")]
    objective: Option<String>,
    /// Order of the variables of an expression
    #[arg(long, value_name = "x,y,..")]
    variables: Option<String>,
    /// Variables of an expression that are parameters: constants of a run, values of axes
    #[arg(long, value_name = "a,b,..")]
    parameters: Option<String>,
    /// Derivatives used at kinks [default: abs=0,relu=0,max=0.5]
    #[arg(long, value_name = "LIST", value_parser = values::selection)]
    kink: Option<Selection>,
    /// Method (`dinlab list methods`) [default: indian]
    #[arg(long, value_name = "M")]
    method: Option<String>,
    /// din: integrate in continuous time
    #[arg(long, value_name = "D", conflicts_with = "method")]
    dynamics: Option<String>,
    /// Iterations of a method
    #[arg(long, value_name = "N", value_parser = values::count, allow_hyphen_values = true)]
    steps: Option<u64>,
    /// Step sizes relative to the step size: constant, power:q, log, geometric:rho, ..
    #[arg(long, value_name = "NAME")]
    schedule: Option<String>,
    /// End of an integration
    #[arg(long, value_name = "T", value_parser = values::positive, allow_hyphen_values = true)]
    until: Option<f64>,
    /// Relative tolerance of an integration [default: 1e-9]
    #[arg(long, value_name = "R", value_parser = values::positive, allow_hyphen_values = true)]
    rtol: Option<f64>,
    /// Absolute tolerance of an integration [default: 1e-9]
    #[arg(long, value_name = "A", value_parser = values::positive, allow_hyphen_values = true)]
    atol: Option<f64>,
    /// Start of the second variable: rest, speed, velocity, psi or u; numbers are `speed` and `second_i`
    #[arg(long, value_name = "NAME")]
    init: Option<String>,
    /// An axis: NAME=linear:FROM:TO:COUNT, log:FROM:TO:COUNT, list:a,b,.., random:LOW:HIGH, log-random:LOW:HIGH or
    /// normal:MEAN:DEVIATION; the first axis varies slowest
    #[arg(long = "axis", value_name = "NAME=KIND:..", allow_hyphen_values = true)]
    axes: Vec<AxisFlag>,
    /// A value that all cells share
    #[arg(long = "set", value_name = "NAME=VALUE", allow_hyphen_values = true)]
    fixed: Vec<Fixed>,
    /// Start of all cells, one number per variable
    #[arg(long, value_name = "1,2", allow_hyphen_values = true)]
    start: Option<Vector>,
    /// Cells at every point of the grid, with new random numbers [default: 1]
    #[arg(long, value_name = "N", value_parser = values::positive_count, allow_hyphen_values = true)]
    samples: Option<u64>,
    /// Reduce the rows on the fly in place of keeping them: histogram:COLUMN:LOW:HIGH:BINS, grid:X,Y:COLUMN (count, mean, least
    /// and largest; X and Y are axes with values of their own, or COLUMN/LOW/HIGH/BINS), extremes
    #[arg(long = "reduce", value_name = "KIND:..", allow_hyphen_values = true)]
    reduce: Vec<Reduce>,
    /// Bound beyond which a trajectory has diverged [default: 1e100]
    #[arg(long, value_name = "B", value_parser = values::positive, allow_hyphen_values = true)]
    divergence_bound: Option<f64>,
    #[command(flatten)]
    measures: MeasureFlags,
}

/// Measurements.
#[derive(Debug, Args)]
#[command(next_help_heading = "Measurements")]
struct MeasureFlags {
    /// Measure J at the end, its gradient's norm, or turns and length of the path
    #[arg(long, value_name = "value,gradient-norm,oscillation")]
    measure: Option<String>,
    /// Which of the objective's known critical points the end is within this distance of
    #[arg(long, value_name = "RADIUS", value_parser = values::positive, allow_hyphen_values = true)]
    limit: Option<f64>,
    /// First iteration or time in a ball
    #[arg(long, value_name = "x,y:RADIUS", allow_hyphen_values = true)]
    first_in: Option<BallFlag>,
    /// First iteration or time outside a ball
    #[arg(long, value_name = "x,y:RADIUS", allow_hyphen_values = true)]
    escape: Option<BallFlag>,
    /// Exponential rate of the distance to a point, or of the displacements
    #[arg(long, value_name = "x,y|displacement", allow_hyphen_values = true)]
    rate: Option<RateFlag>,
    /// Least sharpness, looked at in every N-th iterate
    #[arg(long, value_name = "N", value_parser = values::positive_count, allow_hyphen_values = true)]
    sharpness_every: Option<u64>,
    /// End a run where neither gradient nor velocity exceeds this
    #[arg(long, value_name = "TOL", value_parser = values::positive, allow_hyphen_values = true)]
    tolerance: Option<f64>,
}

/// `NAME=KIND:…`.
#[derive(Debug, Clone)]
struct AxisFlag(Axis);

impl FromStr for AxisFlag {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let expected = "expected NAME=linear:FROM:TO:COUNT, NAME=log:FROM:TO:COUNT, NAME=list:a,b,.., \
                        NAME=random:LOW:HIGH, NAME=log-random:LOW:HIGH or NAME=normal:MEAN:DEVIATION";
        let (name, rest) = text.split_once('=').ok_or(expected)?;
        let (kind, numbers) = rest.split_once(':').ok_or(expected)?;
        let parts: Vec<&str> = numbers.split(':').collect();
        let number = |i: usize| parts.get(i).ok_or(expected.to_owned()).and_then(|part| values::finite(part));
        let three = || match parts.len() {
            3 => Ok((number(0)?, number(1)?, values::count(parts[2])?)),
            _ => Err(expected.to_owned()),
        };
        let two = || match parts.len() {
            2 => Ok((number(0)?, number(1)?)),
            _ => Err(expected.to_owned()),
        };
        let values = match kind {
            "linear" => three().map(|(a, b, n)| Values::Linear(a, b, n))?,
            "log" => three().map(|(a, b, n)| Values::Log(a, b, n))?,
            "list" => Values::List(numbers.parse::<Vector>()?.0),
            "random" => two().map(|(a, b)| Values::Random(a, b))?,
            "log-random" => two().map(|(a, b)| Values::LogRandom(a, b))?,
            "normal" => two().map(|(a, b)| Values::Normal(a, b))?,
            _ => return Err(expected.into()),
        };
        Ok(Self(Axis { name: name.trim().replace('-', "_"), values }))
    }
}

/// `NAME=VALUE`.
#[derive(Debug, Clone)]
struct Fixed(String, f64);

impl FromStr for Fixed {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE, such as alpha=0.5")?;
        Ok(Self(name.trim().replace('-', "_"), values::finite(value)?))
    }
}

/// `x,y:RADIUS`.
#[derive(Debug, Clone)]
struct BallFlag(Place);

impl FromStr for BallFlag {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (center, radius) = text.rsplit_once(':').ok_or("expected x,y:RADIUS, such as 0,0:1e-3")?;
        Ok(Self(Place { center: center.parse::<Vector>()?.0, radius: values::positive(radius)? }))
    }
}

/// A point or `displacement`.
#[derive(Debug, Clone)]
struct RateFlag(Vec<f64>);

impl FromStr for RateFlag {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "displacement" => Ok(Self(Vec::new())),
            point => Ok(Self(point.parse::<Vector>()?.0)),
        }
    }
}

fn names(list: &str) -> Vec<String> {
    list.split(',').map(|name| name.trim().to_owned()).collect()
}

impl Flags {
    /// Puts what was typed into the plan.
    pub fn apply(&self, plan: &mut Plan) -> anyhow::Result<()> {
        macro_rules! override_with {
            ($($field:ident),*) => {$(if self.$field.is_some() { plan.$field = self.$field.clone(); })*};
        }
        override_with!(steps, schedule, until, rtol, atol, init, divergence_bound);
        if let Some(objective) = &self.objective {
            plan.objective.clone_from(objective);
        }
        if self.method.is_some() {
            (plan.method, plan.dynamics) = (self.method.clone(), None);
        }
        if self.dynamics.is_some() {
            (plan.method, plan.dynamics) = (None, self.dynamics.clone());
        }
        if let Some(list) = &self.variables {
            plan.variables = Some(names(list));
        }
        if let Some(list) = &self.parameters {
            plan.parameters = names(list);
        }
        if let Some(kink) = self.kink {
            plan.kink = Some(kink.into());
        }
        if let Some(samples) = self.samples {
            plan.samples = samples;
        }
        for (i, value) in self.start.iter().flat_map(|start| start.0.iter().enumerate()) {
            plan.fixed.insert(format!("theta_{}", i + 1), *value);
        }
        for Fixed(name, value) in &self.fixed {
            plan.fixed.insert(name.clone(), *value);
        }
        for AxisFlag(axis) in &self.axes {
            match plan.axes.iter_mut().find(|known| known.name == axis.name) {
                Some(known) => *known = axis.clone(),
                None => plan.axes.push(axis.clone()),
            }
        }
        if !self.reduce.is_empty() {
            plan.reduce = self.reduce.iter().map(Reduce::to_string).collect();
        }
        self.measures.apply(plan)
    }
}

impl MeasureFlags {
    fn apply(&self, plan: &mut Plan) -> anyhow::Result<()> {
        let m = &mut plan.measure;
        for name in self.measure.iter().flat_map(|list| list.split(',')) {
            match name.trim() {
                "value" => m.value = true,
                "gradient-norm" => m.gradient_norm = true,
                "oscillation" => m.oscillation = true,
                other => bail!(
                    "--measure {}: expected some of value, gradient-norm, oscillation, separated by commas",
                    other.chars().take(40).collect::<String>()
                ),
            }
        }
        if let Some(radius) = self.limit {
            let points = m.limit.take().map(|limit| limit.points).unwrap_or_default();
            m.limit = Some(Limit { points, radius });
        }
        if let Some(BallFlag(place)) = &self.first_in {
            m.first_in = Some(place.clone());
        }
        if let Some(BallFlag(place)) = &self.escape {
            m.escape = Some(place.clone());
        }
        if let Some(RateFlag(point)) = &self.rate {
            m.rate = Some(point.clone());
        }
        if self.sharpness_every.is_some() {
            m.sharpness = self.sharpness_every;
        }
        if self.tolerance.is_some() {
            m.tolerance = self.tolerance;
        }
        Ok(())
    }
}
