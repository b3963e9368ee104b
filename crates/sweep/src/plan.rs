//! Plans: what a sweep runs, as a TOML or JSON file.

use std::path::Path;

use dinlab_indian::Schedule;
use dinlab_objective::{Options, Selection};
use serde::{Deserialize, Serialize};

use crate::{
    axes::{Axis, Grid, Place},
    error::SweepError,
    job::{Algorithm, Ball, FlowSteps, Job, Measures, Second},
    reduce::{Reduce, Reduction},
};

/// A plan as it is written. Keys are those of the command line with `_` for `-`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Registered name, `expr:…` or `sum:…`.
    pub objective: String,
    /// Order of the variables of an expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variables: Option<Vec<String>>,
    /// Variables of an expression that are parameters and not moved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<String>,
    /// Selection at kinks, such as `abs=0,relu=0,max=0.5`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kink: Option<Kink>,
    /// Method by name; `indian` if neither it nor `dynamics` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// `din` for an integration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dynamics: Option<String>,
    /// Iterations of a method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// Step sizes relative to `step_size`: `constant`, `power:q`, `log`, `geometric:rho`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// End of an integration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<f64>,
    /// Tolerances of an integration; with `step_size` (fixed or an axis) its steps are fixed instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtol: Option<f64>,
    /// See `rtol`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub atol: Option<f64>,
    /// Start of the second variable: `rest`, `speed`, `velocity`, `psi` or `u`; the numbers are axes or fixed values
    /// `speed` and `second_i`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<String>,
    /// Seed of the random axes.
    #[serde(default)]
    pub seed: u64,
    /// Cells at every point of the grid that the other axes make: random axes are drawn anew in each.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub samples: u64,
    /// Values that all cells share, by name: `alpha`, `beta`, `step_size`, `momentum`, `beta1`, `beta2`, `epsilon`, `speed`,
    /// `theta_i`, `second_i`, names of parameters.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub fixed: std::collections::BTreeMap<String, f64>,
    /// The axes; the first varies slowest.
    #[serde(default)]
    pub axes: Vec<Axis>,
    /// Measurements.
    #[serde(default, skip_serializing_if = "Measure::is_empty")]
    pub measure: Measure,
    /// Reductions of the rows, which are then not kept: `histogram:…`, `grid:…`, `extremes` (see [`Reduce`]).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reduce: Vec<String>,
    /// Bound beyond which a trajectory has diverged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub divergence_bound: Option<f64>,
}

fn one() -> u64 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
fn is_one(n: &u64) -> bool {
    *n == 1
}

/// A selection at kinks as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Kink {
    /// Derivative of `abs` at 0, in [−1, 1].
    pub abs: f64,
    /// Derivative of `relu` at 0, in [0, 1].
    pub relu: f64,
    /// Weight of the first argument of `max` at a tie, in [0, 1].
    pub max: f64,
}

impl Default for Kink {
    fn default() -> Self {
        Selection::DEFAULT.into()
    }
}

impl From<Selection> for Kink {
    fn from(s: Selection) -> Self {
        Self { abs: s.abs, relu: s.relu, max: s.max }
    }
}

/// Measurements as they are written; see [`Measures`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// J at the end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub value: bool,
    /// ‖∇J‖ at the end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gradient_norm: bool,
    /// Points of which the one reached is named; without points the known critical points of the objective.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
    /// First iteration or time in a ball.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_in: Option<Place>,
    /// First iteration or time outside a ball.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escape: Option<Place>,
    /// Rate of convergence to a point, or of the displacements for an empty list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Vec<f64>>,
    /// Turns and length of the path.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub oscillation: bool,
    /// Least sharpness, at every so many-th iterate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharpness: Option<u64>,
    /// Stops where gradient and velocity are at most this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
}

impl Measure {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The points of `limit`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// One list of coordinates for each point; the known critical points of the objective if empty.
    #[serde(default)]
    pub points: Vec<Vec<f64>>,
    /// Distance up to which a point is reached.
    pub radius: f64,
}

/// A plan that can run.
#[derive(Clone)]
pub struct Resolved {
    /// The plan.
    pub plan: Plan,
    /// What all cells share.
    pub job: Job,
    /// Which numbers each cell has.
    pub grid: Grid,
    /// What the rows are reduced to; empty where they are kept, or counted only.
    pub reduce: Vec<Reduce>,
}

impl Plan {
    /// Reads a plan from a `.toml` or `.json` file; the `plan` of a record of a sweep is read, too.
    ///
    /// # Errors
    /// [`SweepError::File`], [`SweepError::PlanSyntax`].
    pub fn read(path: &Path) -> Result<Self, SweepError> {
        let text = std::fs::read_to_string(path).map_err(|reason| SweepError::File {
            action: "read",
            path: path.into(),
            reason,
        })?;
        let syntax = |reason: String| SweepError::PlanSyntax { path: path.into(), reason };
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) {
            let mut value: serde_json::Value =
                serde_json::from_str(&text).map_err(|error| syntax(error.to_string()))?;
            let inner = value.get_mut("plan").map(serde_json::Value::take);
            return serde_json::from_value(inner.unwrap_or(value)).map_err(|error| syntax(error.to_string()));
        }
        toml::from_str(&text).map_err(|error| syntax(error.to_string()))
    }

    /// The plan as TOML.
    ///
    /// # Errors
    /// [`SweepError::Plan`] where a number has no form in TOML (whole numbers of 2⁶³ and more).
    pub fn to_toml(&self) -> Result<String, SweepError> {
        toml::to_string(self).map_err(|error| bad("plan", error.to_string()))
    }

    /// Builds objective, algorithm and grid, and checks all that can be checked before running.
    ///
    /// # Errors
    /// The first key that cannot be, by name.
    pub fn resolve(&self) -> Result<Resolved, SweepError> {
        let selection = self.selection()?;
        let options = Options { selection, variables: self.variables.clone() };
        let objective = dinlab_objective::build(&self.objective, &options)?;
        let n = objective.dimension();
        let names = self.variable_names(n)?;
        let mut job = Job::new(objective, self.algorithm()?);
        job.parameters = self
            .parameters
            .iter()
            .map(|name| {
                let place = names.iter().position(|known| known == name);
                place.ok_or_else(|| {
                    let known = if names.is_empty() { "of an expression".into() } else { names.join(", ") };
                    bad("parameters", format!("`{name}` is no variable; expected one {known}"))
                })
            })
            .collect::<Result<_, _>>()?;
        job.second = match self.init.as_deref() {
            None | Some("rest") => Second::Rest,
            Some("speed") => Second::Speed,
            Some("velocity") => Second::Velocity,
            Some("psi") => Second::Psi,
            Some("u") => Second::Auxiliary,
            Some(other) => {
                return Err(bad("init", format!("`{other}`: expected rest, speed, velocity, psi or u")));
            }
        };
        let has_second = !matches!(&job.algorithm, Algorithm::Method { name, .. } if *name != "indian");
        if !has_second && job.second != Second::Rest {
            return Err(bad("init", "this method starts at rest".into()));
        }
        if let Some(bound) = self.divergence_bound {
            if !(bound > 0.0) {
                return Err(bad("divergence_bound", format!("{bound}: expected a positive number")));
            }
            job.divergence_bound = bound;
        }
        if let Algorithm::Method { name: "adagrad", .. } = &job.algorithm {
            job.base.epsilon = 1e-10; // the method's default
        }
        if let Algorithm::Method { name: "rmsprop", .. } = &job.algorithm {
            job.base.beta2 = 0.9;
        }
        if let Some(name) = self.parameters.iter().find(|name| is_reserved(name)) {
            return Err(bad(
                "parameters",
                format!("`{name}` names a number of the algorithm or a column of the result: expected another name"),
            ));
        }
        let grid = Grid::new(self, &job, &names)?;
        for (name, value) in &self.fixed {
            grid.slot(name)?.put(&mut job.base, *value);
        }
        job.measures = self.measures(&job)?;
        job.validate()?;
        grid.check(&job)?;
        let reduce = self
            .reduce
            .iter()
            .map(|text| text.parse().map_err(|reason| bad("reduce", format!("`{text}`: {reason}"))))
            .collect::<Result<Vec<Reduce>, _>>()?;
        let resolved = Resolved { plan: self.clone(), job, grid, reduce };
        Reduction::new(resolved.columns(), &resolved.grid, &resolved.reduce)?;
        Ok(resolved)
    }

    fn selection(&self) -> Result<Selection, SweepError> {
        let kink = self.kink.unwrap_or_default();
        for (name, value, low) in [("abs", kink.abs, -1.0), ("relu", kink.relu, 0.0), ("max", kink.max, 0.0)]
        {
            if !(low..=1.0).contains(&value) {
                return Err(bad("kink", format!("{name} = {value}: expected a number in [{low}, 1]")));
            }
        }
        Ok(Selection { abs: kink.abs, relu: kink.relu, max: kink.max })
    }

    /// Names of the variables of an expression; empty for other objectives.
    fn variable_names(&self, n: usize) -> Result<Vec<String>, SweepError> {
        let text = self.objective.trim();
        let Some(formula) = text.strip_prefix("expr:") else {
            if !self.parameters.is_empty() {
                return Err(bad("parameters", "only an `expr:` objective has variables with names".into()));
            }
            return Ok(Vec::new());
        };
        let parsed = dinlab_objective::Expression::parse(formula.trim(), self.variables.as_deref())?;
        debug_assert_eq!(parsed.variables().len(), n);
        Ok(parsed.variables().to_vec())
    }

    fn algorithm(&self) -> Result<Algorithm, SweepError> {
        match (&self.method, &self.dynamics) {
            (Some(_), Some(_)) => Err(bad("dynamics", "either `method` or `dynamics`, not both".into())),
            (method, None) => {
                for (key, given) in [("until", self.until), ("rtol", self.rtol), ("atol", self.atol)] {
                    if given.is_some() {
                        return Err(bad(
                            key,
                            "belongs to `dynamics`, but this is a sweep of a method".into(),
                        ));
                    }
                }
                let name = method.as_deref().unwrap_or("indian");
                let entry = dinlab_indian::ALL.iter().find(|entry| entry.name == name);
                let entry = entry.ok_or_else(|| SweepError::UnknownMethod { name: name.into() })?;
                let steps =
                    self.steps.ok_or_else(|| bad("steps", "missing: expected a whole number".into()))?;
                let schedule = match &self.schedule {
                    None => Schedule::Constant(1.0),
                    Some(text) => Schedule::named(text, 1.0)?,
                };
                Ok(Algorithm::Method { name: entry.name, steps, schedule })
            }
            (None, Some(dynamics)) if dynamics == "din" => {
                for (key, given) in [("steps", self.steps.is_some()), ("schedule", self.schedule.is_some())] {
                    if given {
                        return Err(bad(
                            key,
                            "belongs to a method, but this is a sweep of `dynamics`".into(),
                        ));
                    }
                }
                let until = self.until.ok_or_else(|| bad("until", "missing: expected a time".into()))?;
                let sized = self.fixed.contains_key("step_size")
                    || self.axes.iter().any(|axis| axis.name == "step_size");
                let steps = match (sized, self.rtol.or(self.atol)) {
                    (true, Some(_)) => {
                        return Err(bad("rtol", "either tolerances or `step_size`, not both".into()));
                    }
                    (true, None) => FlowSteps::Fixed,
                    (false, _) => FlowSteps::Adaptive {
                        rtol: self.rtol.unwrap_or(1e-9),
                        atol: self.atol.unwrap_or(1e-9),
                    },
                };
                Ok(Algorithm::Flow { until, steps })
            }
            (None, Some(other)) => Err(bad("dynamics", format!("`{other}`: expected din"))),
        }
    }

    fn measures(&self, job: &Job) -> Result<Measures, SweepError> {
        let m = &self.measure;
        let ball = |place: &Place| Ball { center: place.center.clone(), radius: place.radius };
        let limit = match &m.limit {
            None => None,
            Some(limit) if limit.points.is_empty() => {
                let known = &job.objective.facts().critical_points;
                if known.is_empty() {
                    let reason = "no critical points of this objective are known: expected `points`";
                    return Err(bad("measure.limit", reason.into()));
                }
                Some((known.iter().map(|c| c.point.clone()).collect(), limit.radius))
            }
            Some(limit) => Some((limit.points.clone(), limit.radius)),
        };
        Ok(Measures {
            value: m.value,
            gradient_norm: m.gradient_norm,
            limit,
            first_in: m.first_in.as_ref().map(ball),
            escape: m.escape.as_ref().map(ball),
            rate: m.rate.clone(),
            oscillation: m.oscillation,
            sharpness: m.sharpness,
            tolerance: m.tolerance,
        })
    }
}

/// Numbers of the algorithm and columns of the result: names that parameters of an objective must not have.
const RESERVED: [&str; 19] = [
    "alpha",
    "beta",
    "step_size",
    "momentum",
    "beta1",
    "beta2",
    "epsilon",
    "speed",
    "status",
    "at",
    "value",
    "gradient_norm",
    "limit",
    "first_in",
    "escape",
    "rate",
    "turns",
    "length",
    "sharpness_min",
];

fn is_reserved(name: &str) -> bool {
    let numbered = ["start_theta_", "theta_", "second_"].iter().find_map(|prefix| name.strip_prefix(prefix));
    RESERVED.contains(&name) || numbered.is_some_and(|rest| rest.parse::<u64>().is_ok())
}

pub(crate) fn bad(key: &str, reason: String) -> SweepError {
    SweepError::Plan { key: key.into(), reason }
}
