//! Axes, and the cells that they make.

use dinlab_numeric::Draws;
use serde::{Deserialize, Serialize};

use crate::{
    error::SweepError,
    job::{Algorithm, Cells, Job, Second, Setting},
    plan::{bad, Plan},
};

/// One axis: a name and its values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// `alpha`, `beta`, `step_size`, `momentum`, `beta1`, `beta2`, `epsilon`, `speed`, `theta_i`, `second_i`, or a parameter.
    pub name: String,
    /// Its values.
    #[serde(flatten)]
    pub values: Values,
}

/// The values of an axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Values {
    /// `[from, to, count]`: equidistant, both ends included.
    Linear(f64, f64, u64),
    /// `[from, to, count]`: geometric, both ends included.
    Log(f64, f64, u64),
    /// The values one by one.
    List(Vec<f64>),
    /// `[low, high]`: uniform in [low, high), drawn anew in each cell; makes no dimension of the grid.
    Random(f64, f64),
    /// `[low, high]`: its logarithm is uniform.
    LogRandom(f64, f64),
    /// `[mean, deviation]`: normal.
    Normal(f64, f64),
}

/// A ball as it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Centre.
    pub center: Vec<f64>,
    /// Radius.
    pub radius: f64,
}

impl Values {
    /// Number of values; `None` for random ones.
    fn count(&self) -> Option<u64> {
        match self {
            Self::Linear(_, _, count) | Self::Log(_, _, count) => Some(*count),
            Self::List(list) => Some(list.len() as u64),
            _ => None,
        }
    }

    /// Value number `i` of an axis that is not random. Both ends are exact.
    fn at(&self, i: u64) -> f64 {
        let part = |count: u64| i as f64 / (count - 1) as f64;
        match self {
            Self::Linear(from, _, _) | Self::Log(from, _, _) if i == 0 => *from,
            Self::Linear(_, to, count) | Self::Log(_, to, count) if i == count - 1 => *to,
            Self::Linear(from, to, count) => from + (to - from) * part(*count),
            Self::Log(from, to, count) => (from.ln() + (to.ln() - from.ln()) * part(*count)).exp(),
            Self::List(list) => list[i as usize],
            _ => f64::NAN,
        }
    }

    /// Values that are allowed only if all are.
    fn outermost(&self) -> Vec<f64> {
        match self {
            Self::Linear(a, b, _) | Self::Log(a, b, _) => vec![*a, *b],
            Self::List(list) => list.clone(),
            Self::Random(low, high) | Self::LogRandom(low, high) => vec![*low, high.next_down()],
            Self::Normal(mean, _) => vec![*mean],
        }
    }

    fn validate(&self, name: &str) -> Result<(), SweepError> {
        let key = format!("axis {name}");
        let refuse = |reason: String| Err(bad(&key, reason));
        let pair = |a: f64, b: f64| a.is_finite() && b.is_finite();
        match self {
            Self::Linear(a, b, _) | Self::Log(a, b, _) if !pair(*a, *b) => {
                refuse(format!("from {a} to {b}: expected finite numbers"))
            }
            Self::Linear(_, _, 0) | Self::Log(_, _, 0) => refuse("0 values: expected at least 1".into()),
            Self::Linear(a, b, 1) | Self::Log(a, b, 1) if a != b => {
                refuse(format!("1 value from {a} to {b}: expected at least 2, or equal ends"))
            }
            Self::Linear(a, b, _) | Self::Log(a, b, _) if a > b => {
                refuse(format!("from {a} to {b} is the wrong way round: expected the smaller end first"))
            }
            Self::Linear(a, b, count) | Self::Log(a, b, count) if a == b && *count > 1 => {
                refuse(format!("{count} values from {a} to {b}: expected different ends"))
            }
            Self::Log(a, ..) if *a <= 0.0 => refuse(format!("from {a}: a log axis needs positive numbers")),
            Self::List(list) if list.is_empty() => {
                refuse("an empty list: expected at least one number".into())
            }
            Self::List(list) => match list.iter().find(|v| !v.is_finite()) {
                Some(v) => refuse(format!("{v} in the list: expected finite numbers")),
                None => Ok(()),
            },
            Self::Random(a, b) | Self::LogRandom(a, b) if !(pair(*a, *b) && a < b) => {
                refuse(format!("random between {a} and {b}: expected finite numbers, the smaller one first"))
            }
            Self::LogRandom(a, _) if *a <= 0.0 => {
                refuse(format!("log-random from {a}: expected positive numbers"))
            }
            Self::Normal(m, s) if !(m.is_finite() && s.is_finite() && *s > 0.0) => refuse(format!(
                "normal with mean {m} and deviation {s}: expected finite numbers, the deviation > 0"
            )),
            _ => Ok(()),
        }
    }
}

/// Which number of a [`Setting`] a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    Alpha,
    Beta,
    StepSize,
    Momentum,
    Beta1,
    Beta2,
    Epsilon,
    Speed,
    Theta(usize),
    Second(usize),
}

impl Slot {
    pub(crate) fn put(self, s: &mut Setting, value: f64) {
        match self {
            Self::Alpha => s.alpha = value,
            Self::Beta => s.beta = value,
            Self::StepSize => s.step_size = value,
            Self::Momentum => s.momentum = value,
            Self::Beta1 => s.beta1 = value,
            Self::Beta2 => s.beta2 = value,
            Self::Epsilon => s.epsilon = value,
            Self::Speed => s.speed = value,
            Self::Theta(i) => s.theta[i] = value,
            Self::Second(i) => s.second[i] = value,
        }
    }
}

/// The cells of a plan: the product of its axes, the first one slowest, and of the samples, fastest.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    axes: Vec<(Slot, Values)>,
    names: Vec<String>,
    /// Slots by name.
    slots: Vec<(String, Slot)>,
    samples: u64,
    draws: Draws,
    cells: u64,
}

impl Grid {
    pub(crate) fn new(plan: &Plan, job: &Job, variables: &[String]) -> Result<Self, SweepError> {
        let slots = slots(job, variables);
        let mut grid = Self {
            axes: Vec::new(),
            names: Vec::new(),
            slots,
            samples: plan.samples,
            draws: Draws::new(plan.seed, "sweep"),
            cells: 0,
        };
        if plan.samples == 0 {
            return Err(bad("samples", "0: expected at least 1".into()));
        }
        let mut cells = plan.samples;
        for axis in &plan.axes {
            let slot = grid.slot(&axis.name)?;
            axis.values.validate(&axis.name)?;
            if grid.names.contains(&axis.name) {
                return Err(bad(&format!("axis {}", axis.name), "given twice".into()));
            }
            if plan.fixed.contains_key(&axis.name) {
                return Err(bad(&format!("axis {}", axis.name), "it has a fixed value, too".into()));
            }
            if let Some(count) = axis.values.count() {
                cells = cells.checked_mul(count).filter(|c| *c <= 1 << 53).ok_or_else(|| {
                    bad("axes", "more than 2^53 cells: expected fewer values on the axes".into())
                })?;
            }
            grid.axes.push((slot, axis.values.clone()));
            grid.names.push(axis.name.clone());
        }
        if plan.axes.is_empty() {
            return Err(bad("axes", "there are none: expected at least one".into()));
        }
        if plan.samples > 1 && plan.axes.iter().all(|axis| axis.values.count().is_some()) {
            return Err(bad("samples", "nothing is random: more than one sample needs a random axis".into()));
        }
        grid.cells = cells;
        Ok(grid)
    }

    pub(crate) fn slot(&self, name: &str) -> Result<Slot, SweepError> {
        let found = self.slots.iter().find(|(known, _)| known == name).map(|(_, slot)| *slot);
        found.ok_or_else(|| {
            let known: Vec<&str> = self.slots.iter().map(|(name, _)| name.as_str()).take(40).collect();
            bad(name, format!("no such number here; expected one of {}", known.join(", ")))
        })
    }

    /// Checks the ends of every axis and all values of lists, so that mistakes show before hours of work: only a normal axis
    /// can have a cell that is refused later.
    pub(crate) fn check(&self, job: &Job) -> Result<(), SweepError> {
        let mut first = job.base.clone();
        self.fill(0, &mut first);
        job.check(&first)?;
        for (slot, values) in &self.axes {
            let mut setting = first.clone();
            values.outermost().into_iter().try_for_each(|value| {
                slot.put(&mut setting, value);
                job.check(&setting)
            })?;
        }
        Ok(())
    }

    /// Number of cells.
    pub fn cells(&self) -> u64 {
        self.cells
    }

    /// Names of the axes: the first columns of the result.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Numbers of values of the axes that are not random, and the samples if there are several: the shape of the grid.
    pub fn shape(&self) -> Vec<u64> {
        let counts = self.axes.iter().filter_map(|(_, values)| values.count());
        counts.chain((self.samples > 1).then_some(self.samples)).collect()
    }

    /// Number of values of an axis; `None` for a random one, and for a column that is no axis.
    pub(crate) fn count(&self, axis: usize) -> Option<u64> {
        self.axes.get(axis).and_then(|(_, values)| values.count())
    }

    /// The values of an axis that is not random.
    pub(crate) fn axis_values(&self, axis: usize) -> Option<Vec<f64>> {
        let (_, values) = self.axes.get(axis)?;
        values.count().map(|count| (0..count).map(|i| values.at(i)).collect())
    }

    /// Number of the value that an axis which is not random has in a cell.
    pub(crate) fn place(&self, cell: u64, axis: usize) -> u64 {
        let faster = self.axes[axis + 1..].iter().filter_map(|(_, values)| values.count());
        let stride = faster.fold(self.samples, |stride, count| stride * count);
        (cell / stride) % self.axes[axis].1.count().unwrap_or(1)
    }

    /// Values of the axes in a cell, appended to `out`.
    pub fn values(&self, cell: u64, out: &mut Vec<f64>) {
        let first = out.len();
        out.resize(first + self.axes.len(), 0.0);
        let mut rest = cell / self.samples;
        for (value, (_, axis)) in out[first..].iter_mut().zip(&self.axes).rev() {
            if let Some(count) = axis.count() {
                *value = axis.at(rest % count);
                rest /= count;
            }
        }
        let mut stream = None;
        for (value, (_, axis)) in out[first..].iter_mut().zip(&self.axes) {
            if axis.count().is_some() {
                continue;
            }
            let stream = stream.get_or_insert_with(|| self.draws.stream(cell));
            *value = match axis {
                Values::LogRandom(low, high) => stream.log_uniform(*low, *high),
                Values::Normal(mean, deviation) => mean + deviation * stream.normal(),
                Values::Random(low, high) => stream.uniform(*low, *high),
                _ => f64::NAN,
            };
        }
    }
}

impl Cells for Grid {
    fn fill(&self, cell: u64, setting: &mut Setting) {
        let mut values = Vec::with_capacity(self.axes.len());
        self.values(cell, &mut values);
        for ((slot, _), value) in self.axes.iter().zip(values) {
            slot.put(setting, value);
        }
    }
}

/// The names that the algorithm and the objective give a meaning to.
fn slots(job: &Job, variables: &[String]) -> Vec<(String, Slot)> {
    let own: &[(&str, Slot)] = match &job.algorithm {
        Algorithm::Flow { .. } => {
            &[("alpha", Slot::Alpha), ("beta", Slot::Beta), ("step_size", Slot::StepSize)]
        }
        Algorithm::Method { name, .. } => match *name {
            "indian" => &[("step_size", Slot::StepSize), ("alpha", Slot::Alpha), ("beta", Slot::Beta)],
            "heavy-ball" | "nesterov" => &[("step_size", Slot::StepSize), ("momentum", Slot::Momentum)],
            "adagrad" => &[("step_size", Slot::StepSize), ("epsilon", Slot::Epsilon)],
            "rmsprop" => &[("step_size", Slot::StepSize), ("beta2", Slot::Beta2), ("epsilon", Slot::Epsilon)],
            "adam" => &[
                ("step_size", Slot::StepSize),
                ("beta1", Slot::Beta1),
                ("beta2", Slot::Beta2),
                ("epsilon", Slot::Epsilon),
            ],
            _ => &[("step_size", Slot::StepSize)],
        },
    };
    let mut all: Vec<(String, Slot)> = own.iter().map(|(name, slot)| ((*name).to_owned(), *slot)).collect();
    if job.second == Second::Speed {
        all.push(("speed".to_owned(), Slot::Speed));
    }
    for i in 0..job.objective.dimension() {
        if job.parameters.contains(&i) {
            all.push((variables[i].clone(), Slot::Theta(i)));
            continue;
        }
        all.push((format!("theta_{}", i + 1), Slot::Theta(i)));
        if !matches!(job.second, Second::Rest | Second::Speed) {
            all.push((format!("second_{}", i + 1), Slot::Second(i)));
        }
    }
    all
}
