//! `dinlab stability`: roots, multipliers and step-size limits of a linearised critical point, in closed form; its Hessian
//! eigenvalues as given, or those of an objective at a point.

mod sharpness;

use anyhow::ensure;
use clap::Args;
use dinlab_analysis::stability::{
    first_instability, mode_stability, sharpness_max, step_size_max, ModeStability,
};
use dinlab_report::Table;
use serde_json::{json, Value};

use self::sharpness::Spectrum;
use crate::{
    args::{Common, Damping, Reading},
    output::{self, number, numbers, Product},
    session::{Exit, Session},
    values::{self, Vector},
};

/// Classify eigenvalues of the Hessian in closed form
#[derive(Debug, Args)]
pub struct Stability {
    #[command(flatten)]
    damping: Damping,
    /// Step size; without it only the flow is classified
    #[arg(long, value_name = "G", value_parser = values::positive, allow_hyphen_values = true)]
    step_size: Option<f64>,
    /// Eigenvalues of the Hessian at the critical point
    #[arg(
        long,
        value_name = "a,b,..",
        required_unless_present = "objective",
        conflicts_with = "objective",
        allow_hyphen_values = true
    )]
    hessian_eigenvalues: Option<Vector>,
    /// Take the eigenvalues from this objective's Hessian at a point, and its sharpness by Lanczos and power iteration
    #[arg(long, value_name = "J", requires = "at")]
    objective: Option<String>,
    /// The point, one number per variable
    #[arg(long, value_name = "x,y,..", requires = "objective", allow_hyphen_values = true)]
    at: Option<Vector>,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    pub common: Common,
}

impl Stability {
    /// Classifies every eigenvalue.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let Damping { alpha, beta } = self.damping;
        let spectrum = match (&self.objective, &self.at) {
            (Some(objective), Some(at)) => {
                Some(Spectrum::of(&self.reading, objective, at, session.common.seed)?)
            }
            _ => None,
        };
        ensure!(
            spectrum.is_some() || (self.reading.kink.is_none() && self.reading.variables.is_none()),
            "--kink and --variables say how to read --objective, which is missing"
        );
        let given = self.hessian_eigenvalues.as_ref().map_or(&[][..], |v| v.0.as_slice());
        let lambdas: &[f64] = spectrum.as_ref().map_or(given, |s| s.eigenvalues.as_slice());
        ensure!(!lambdas.is_empty(), "--hessian-eigenvalues: expected at least one number");
        session.prepare(output::Format::ALL)?;
        let modes: Vec<ModeStability> =
            lambdas.iter().map(|&lambda| mode_stability(alpha, beta, self.step_size, lambda)).collect();
        let limits = Limits {
            step_size_max: step_size_max(alpha, beta, lambdas),
            sharpness_max: self.step_size.map(|g| sharpness_max(alpha, beta, g)),
            first_instability: match self.step_size {
                Some(g) => serde_json::to_value(first_instability(alpha, beta, g))?,
                None => Value::Null,
            },
        };
        let mut plan =
            json!({ "command": "stability", "alpha": alpha, "beta": beta, "step_size": self.step_size });
        match &spectrum {
            None => plan["hessian_eigenvalues"] = json!(lambdas),
            Some(spectrum) => {
                plan["objective"] = json!(self.objective);
                plan["kink"] = json!(spectrum.kink);
                plan["variables"] = json!(self.reading.variables);
                plan["at"] = json!(self.at.as_ref().map(|v| &v.0));
            }
        }
        let mut body = json!({
            "eigenvalues": modes.iter().map(json_of).collect::<Vec<_>>(),
            "step_size_max": number(limits.step_size_max),
            "sharpness_max": limits.sharpness_max.map_or(Value::Null, number),
            "first_instability": limits.first_instability,
        });
        let mut words = String::new();
        if let Some(spectrum) = &spectrum {
            body["sharpness"] = spectrum.json();
            words = spectrum.text();
        }
        words += &text(&modes, &limits);
        let product = Product::new("stability", plan, body, words).with_table(table(&modes));
        output::emit(session, &product)?;
        Ok(Exit::Success)
    }
}

struct Limits {
    step_size_max: f64,
    sharpness_max: Option<f64>,
    first_instability: Value,
}

fn json_of(mode: &ModeStability) -> Value {
    let pair = |z: &[[f64; 2]; 2]| Value::Array(z.iter().map(|z| numbers(z)).collect());
    json!({
        "hessian_eigenvalue": number(mode.hessian_eigenvalue),
        "roots": pair(&mode.roots),
        "multipliers": mode.multipliers.as_ref().map(pair),
        "decay_rate": number(mode.decay_rate),
        "spectral_radius": mode.spectral_radius.map(number),
        "stable": mode.stable,
        "spirals": mode.spirals,
    })
}

/// Truth values are 0 and 1; without a step size the columns of the discrete system are NaN.
fn table(modes: &[ModeStability]) -> Table {
    let columns = [
        "hessian_eigenvalue",
        "root_1_re",
        "root_1_im",
        "root_2_re",
        "root_2_im",
        "multiplier_1_re",
        "multiplier_1_im",
        "multiplier_2_re",
        "multiplier_2_im",
        "decay_rate",
        "spectral_radius",
        "stable",
        "spirals",
    ];
    let row = |m: &ModeStability| {
        let mut row = vec![m.hessian_eigenvalue];
        row.extend(m.roots.as_flattened());
        row.extend(m.multipliers.unwrap_or([[f64::NAN; 2]; 2]).as_flattened());
        row.extend([m.decay_rate, m.spectral_radius.unwrap_or(f64::NAN)]);
        row.extend([m.stable, m.spirals].map(|truth| f64::from(u8::from(truth))));
        row
    };
    Table::new(columns.map(str::to_owned).to_vec(), modes.iter().map(row).collect())
}

fn text(modes: &[ModeStability], limits: &Limits) -> String {
    let mut out = String::new();
    for m in modes {
        out += &format!("Hessian eigenvalue {}\n", m.hessian_eigenvalue);
        out += &format!("  roots of the flow     {}, {}\n", complex(m.roots[0]), complex(m.roots[1]));
        out += &format!(
            "  decay rate            {:.6e}{}\n",
            m.decay_rate,
            if m.spirals { "  (spirals)" } else { "" }
        );
        if let (Some(z), Some(radius)) = (m.multipliers, m.spectral_radius) {
            out += &format!("  multipliers of a step {}, {}\n", complex(z[0]), complex(z[1]));
            out += &format!("  spectral radius       {radius:.10}\n");
        }
        out += &format!("  {}\n", if m.stable { "stable" } else { "not stable" });
    }
    out += &format!("largest stable step size, all eigenvalues  {:.10}\n", limits.step_size_max);
    if let Some(sharpness) = limits.sharpness_max {
        out += &format!("largest stable Hessian eigenvalue          {sharpness:.10}\n");
        out += &format!(
            "first instability                          {}\n",
            limits.first_instability.as_str().unwrap_or("")
        );
    }
    out
}

fn complex(z: [f64; 2]) -> String {
    match z[1] {
        0.0 => format!("{:.10}", z[0]),
        im => format!("{:.10} {} {:.10}i", z[0], if im < 0.0 { '-' } else { '+' }, im.abs()),
    }
}
