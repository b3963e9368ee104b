//! What of the options of `map` fits together, how large a map may be, and the plan of its record.

use anyhow::bail;
use dinlab_map::{MapError, Plane};
use serde_json::{json, Map as JsonMap, Value};

use super::{
    options::{self, AxisArg},
    Kind, Map,
};
use crate::values::Vector;

impl Kind {
    /// Options that mean something to it, besides axes, cells, figure and the common ones.
    pub(super) fn takes(self) -> &'static [&'static str] {
        match self {
            Self::Stability | Self::Rate | Self::Oscillation => {
                &["alpha", "beta", "step-size", "hessian-eigenvalues", "objective", "start", "steps", "y"]
            }
            Self::Basins => {
                &["alpha", "beta", "step-size", "objective", "start", "steps", "until", "radius", "y"]
            }
            Self::Escape => {
                &["alpha", "beta", "step-size", "objective", "start", "steps", "radius", "offset", "y"]
            }
            Self::Best => &["alpha", "beta"],
            Self::Atlas => &["alphas", "betas", "y"],
        }
    }
}

/// Above this many cells `--yes` is asked for.
const MANY: u64 = 10_000_000;

impl Map {
    /// Names the option of a bad axis.
    pub(super) fn flagged(&self, error: anyhow::Error) -> anyhow::Error {
        let axis = match error.downcast_ref::<MapError>() {
            Some(
                MapError::Range { axis, .. }
                | MapError::UnknownAxis { axis, .. }
                | MapError::SameAxis { axis },
            ) => axis,
            _ => return error,
        };
        let is = |given: &Option<AxisArg>| given.as_ref().is_some_and(|a| a.name == *axis);
        let flag = match (is(&self.x), is(&self.y)) {
            (true, _) => "--x",
            (false, true) => "--y",
            _ => return error,
        };
        anyhow::anyhow!("{flag}: {error}")
    }

    /// Refuses options that have no meaning for the kind.
    pub(super) fn check_options(&self) -> anyhow::Result<()> {
        let given = [
            ("y", self.y.is_some()),
            ("alpha", self.alpha.is_some()),
            ("beta", self.beta.is_some()),
            ("step-size", self.step_size.is_some()),
            ("hessian-eigenvalues", self.hessian_eigenvalues.is_some()),
            ("objective", self.objective.is_some()),
            ("start", self.start.is_some()),
            ("steps", self.steps.is_some()),
            ("until", self.until.is_some()),
            ("radius", self.radius.is_some()),
            ("offset", self.offset.is_some()),
            ("alphas", self.alphas.is_some()),
            ("betas", self.betas.is_some()),
        ];
        for (name, given) in given {
            if given && !self.kind.takes().contains(&name) {
                bail!(
                    "--{name} has no meaning for `map {}`; expected {}",
                    self.kind.name(),
                    self.kind.takes().iter().map(|n| format!("--{n}")).collect::<Vec<_>>().join(", ")
                );
            }
            let axis = |a: &Option<AxisArg>| a.as_ref().is_some_and(|a| a.name == name);
            if given && self.kind != Kind::Best && (axis(&self.x) || axis(&self.y)) {
                bail!("--{name} is given, and an axis, too; expected one of them");
            }
        }
        if self.until.is_some() && (self.steps.is_some() || self.step_size.is_some()) {
            bail!("--until integrates DIN, --steps and --step-size run INDIAN; expected one of them");
        }
        Ok(())
    }

    /// Says what a very large map would take.
    pub(super) fn check_size(&self) -> anyhow::Result<()> {
        let cells = self.cells.columns as u128 * self.cells.rows as u128;
        if cells > u128::from(dinlab_map::plane::MOST_CELLS) {
            bail!(
                "--cells: {cells:.3e} cells would take {:.0} GB of memory and more than a map holds; expected at most {} cells; \
                 `dinlab sweep` streams larger grids to a file",
                cells as f64 * 40e-9,
                dinlab_map::plane::MOST_CELLS
            );
        }
        if cells > u128::from(MANY) && !self.yes {
            bail!(
                "--cells: {cells} cells take about {:.1} GB of memory; give --yes to run them, or fewer cells",
                cells as f64 * 40e-9
            );
        }
        Ok(())
    }

    /// The resolved options.
    pub(super) fn plan(&self, plane: Option<&Plane>) -> JsonMap<String, Value> {
        let mut plan = JsonMap::new();
        plan.insert("command".into(), json!("map"));
        let mut put = |key: &str, value: Value| {
            plan.insert(key.into(), value);
        };
        let vector = |v: &Option<Vector>| json!(v.as_ref().map(|v| &v.0));
        if let Some(plane) = plane {
            put("x", json!(options::typed(&plane.x)));
            put("y", json!(options::typed(&plane.y)));
        } else {
            put("x", json!(self.x.as_ref().map(ToString::to_string)));
        }
        put("cells", json!(self.cells.to_string()));
        put("alpha", json!(self.alpha));
        put("beta", json!(self.beta));
        put("step_size", json!(self.step_size));
        put("hessian_eigenvalues", vector(&self.hessian_eigenvalues));
        put("objective", json!(self.objective));
        put("kink", json!(self.reading.kink.map(|k| k.to_string())));
        put("variables", json!(self.reading.variables));
        put("start", vector(&self.start));
        put("steps", json!(self.steps));
        put("until", json!(self.until));
        put("radius", json!(self.radius));
        put("offset", json!(self.offset));
        put("alphas", vector(&self.alphas));
        put("betas", vector(&self.betas));
        put("accuracy", json!(self.accuracy));
        put("resolved", json!({ "kind": self.kind.name() }));
        plan
    }
}
