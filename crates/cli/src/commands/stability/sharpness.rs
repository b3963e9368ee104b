//! The Hessian of an objective at a point: all eigenvalues where the matrix is small, the extreme ones by Lanczos' method
//! where it is not, and power iteration beside it.

use anyhow::{bail, ensure};
use dinlab_analysis::{
    krylov::{lanczos, power_iteration, Lanczos, Orthogonalisation, PowerIteration},
    spectrum::symmetric_eigenvalues,
};
use dinlab_numeric::{all_finite, norm, Stream};
use serde_json::{json, Value};

use crate::{
    args::{check_length, Reading},
    output::number,
    values::Vector,
};

/// Up to this many variables the whole Hessian is formed.
const WHOLE: usize = 500;
/// Products that either method may take.
const PRODUCTS: usize = 1_000;
/// Relative residual that is asked for.
const TOLERANCE: f64 = 1e-10;

/// What was found.
pub struct Spectrum {
    /// All eigenvalues, or the two extreme ones.
    pub eigenvalues: Vec<f64>,
    /// Whether these are all.
    pub complete: bool,
    /// Selection at kinks.
    pub kink: String,
    gradient_norm: f64,
    lanczos: Lanczos,
    power: PowerIteration,
}

impl Spectrum {
    /// The Hessian of the objective at a point.
    pub fn of(reading: &Reading, specification: &str, at: &Vector, seed: u64) -> anyhow::Result<Self> {
        let objective = reading.objective(specification)?;
        let (n, name) = (objective.dimension(), objective.name());
        check_length("--at", at, n, name)?;
        let point = &at.0;
        let mut oracle = objective.oracle();
        let mut gradient = vec![0.0; n];
        let value = oracle.value_gradient(point, &mut gradient);
        if !value.is_finite() || !all_finite(&gradient) {
            let name: String = name.chars().take(60).collect();
            bail!("--at: the objective `{name}` is not defined there (value {value}); expected a point where it is finite");
        }
        let mut product = |v: &[f64], out: &mut [f64]| oracle.hessian_vector(point, v, out);
        let start = Stream::new(seed, "sharpness", 0).normals(n);
        let lanczos = lanczos(&mut product, &start, PRODUCTS, TOLERANCE, Orthogonalisation::Twice)
            .map_err(|error| anyhow::anyhow!("--at: the Hessian there: {error}"))?;
        let power = power_iteration(&mut product, &start, PRODUCTS, TOLERANCE)
            .map_err(|error| anyhow::anyhow!("--at: the Hessian there: {error}"))?;
        let complete = n <= WHOLE;
        let eigenvalues = if complete {
            let mut hessian = vec![0.0; n * n];
            objective.oracle().hessian(point, &mut hessian);
            symmetric_eigenvalues(&hessian, n)
                .map_err(|error| anyhow::anyhow!("--at: the Hessian there: {error}"))?
        } else {
            vec![lanczos.smallest()[0], lanczos.largest()[0]]
        };
        ensure!(
            all_finite(&eigenvalues),
            "--at: the Hessian is not finite there; expected a point where it is"
        );
        let eigenvalues = eigenvalues.into_iter().map(|l| l + 0.0).collect(); // −0 becomes 0
        let kink = objective.selection().to_string();
        Ok(Self { eigenvalues, complete, kink, gradient_norm: norm(&gradient), lanczos, power })
    }

    /// The entry of the record.
    pub fn json(&self) -> Value {
        let bar = |[value, error]: [f64; 2], products: usize| json!({ "value": number(value), "error_bound": number(error), "products": products });
        let steps = self.lanczos.steps;
        json!({
            "lanczos": bar(self.lanczos.largest(), steps),
            "lanczos_smallest": bar(self.lanczos.smallest(), steps),
            "power_iteration": bar([self.power.value, self.power.error_bar], self.power.steps),
            "all_eigenvalues": self.complete,
            "gradient_norm": number(self.gradient_norm),
        })
    }

    /// Lines for the terminal.
    pub fn text(&self) -> String {
        let line = |name: &str, [value, error]: [f64; 2], products: usize| {
            format!("{name:<38}{value:.10}  ± {error:.1e}  ({products} products)\n")
        };
        let steps = self.lanczos.steps;
        let mut out = line("sharpness (Lanczos)", self.lanczos.largest(), steps);
        out += &line("smallest eigenvalue (Lanczos)", self.lanczos.smallest(), steps);
        out += &line(
            "largest modulus (power iteration)",
            [self.power.value, self.power.error_bar],
            self.power.steps,
        );
        if !self.power.converged {
            out += "  power iteration has not converged: two eigenvalues of nearly the same modulus\n";
        } else if self.power.value < 0.0 {
            out += "  power iteration found the negative end of the spectrum: it is not the sharpness\n";
        }
        out += &format!("gradient norm there                   {:.3e}\n", self.gradient_norm);
        if !self.complete {
            out += "only the two extreme eigenvalues are classified below\n";
        }
        out
    }
}
