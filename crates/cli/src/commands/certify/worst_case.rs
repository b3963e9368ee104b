//! `dinlab certify worst-case`.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::Context as _;
use clap::Args;
use dinlab_certify::{
    certificate::Certificate,
    class::Tightness,
    method::registry,
    rational, target,
    worst_case::{worst_case, Answer, Outcome},
    worst_function::{worst_function, WorstFunction},
    CertifyError, Rational, Statement,
};
use serde_json::{json, Map, Value};

use super::{
    options::{list, one, Coefficients, Destination},
    picture,
};
use crate::{
    args::Common,
    drawing,
    output::{self, number, numbers, Product},
    session::{Exit, Session},
    values,
};

/// Worst case of a method over a class of functions
#[derive(Debug, Args)]
#[command(
    after_help = "Numbers are read exactly: 0.1 is 1/10, and 1/3 may be typed. `dinlab certify methods` and
`dinlab certify classes` list names with their parameters and constants; what is not given has the usual
value of the literature. The bound that is printed has been verified in exact arithmetic and is rounded up."
)]
pub struct WorstCase {
    /// Method (see `dinlab certify methods`)
    #[arg(long, value_name = "M")]
    method: String,
    /// Class of functions (see `dinlab certify classes`)
    #[arg(long, value_name = "C")]
    class: String,
    /// Number of steps N
    #[arg(long, value_name = "N", value_parser = values::count, allow_hyphen_values = true)]
    steps: u64,
    /// What is bounded: f, distance, gradient, best-f, best-gradient (the last two: best of all iterates)
    #[arg(long, value_name = "MEASURE")]
    measure: Option<String>,
    /// What is given at the start: distance, f, gradient, bregman
    #[arg(long, value_name = "START")]
    start: Option<String>,
    /// Bound on the start: distance or gradient norm at most R, or f - f* at most R
    #[arg(long, value_name = "R", default_value = "1", allow_hyphen_values = true)]
    radius: String,
    /// Lipschitz constant of the gradient
    #[arg(long, visible_alias = "L", value_name = "L", allow_hyphen_values = true)]
    smoothness: Option<String>,
    /// Constant of strong convexity (or of growth)
    #[arg(long, visible_alias = "mu", value_name = "MU", allow_hyphen_values = true)]
    convexity: Option<String>,
    /// Bound on the norm of subgradients
    #[arg(long, value_name = "M", allow_hyphen_values = true)]
    lipschitz: Option<String>,
    #[command(flatten)]
    coefficients: Coefficients,
    /// Extrapolation of the three-parameter family's output
    #[arg(long, value_name = "delta", allow_hyphen_values = true)]
    delta: Option<String>,
    /// CSV file with the lower triangle of the coefficients of method `matrix`, a row for each step
    #[arg(long, value_name = "FILE.csv")]
    matrix: Option<PathBuf>,
    #[command(flatten)]
    certificate: Destination,
    /// Draw the worst-case function (where one of dimension 1 is found): .svg or .png
    #[arg(long, value_name = "FILE", value_parser = drawing::target)]
    figure: Option<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}

impl WorstCase {
    /// Bounds.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let statement = self.statement()?;
        session.prepare(output::Format::RECORD)?;
        self.certificate.prepare()?;
        let answer = worst_case(&statement);
        let certificate = match &answer.outcome {
            Outcome::Certified(proof) => Some(Certificate::new(&statement, proof)),
            _ => None,
        };
        let written = certificate.as_ref().map(|c| self.certificate.write(c)).transpose()?;
        let function = certificate.as_ref().and_then(|_| worst_function(&statement, &answer));
        let figure = function.as_ref().and_then(|f| picture::one_dimensional(&statement, f));
        let mut text = text(&statement, &answer, function.as_ref()) + &written.unwrap_or_default();
        if let Some(file) = &self.figure {
            match &figure {
                Some(figure) => drawing::write(file, figure)?,
                // The bound is worth more than the figure: it is not thrown away.
                None => {
                    text +=
                        "  --figure: no worst-case function of one dimension was found, nothing is drawn\n"
                }
            }
        }
        let body = body(&answer, certificate.as_ref(), function.as_ref());
        output::emit(session, &Product::new("certify-worst-case", self.plan(&statement), body, text))?;
        Ok(Exit::Success)
    }

    fn statement(&self) -> anyhow::Result<Statement> {
        let mut parameters = registry::Given::new();
        let delta = [("delta", self.delta.as_deref())];
        for (name, text) in self.coefficients.all().into_iter().chain(delta) {
            if let Some(text) = text {
                parameters.insert(name.to_owned(), list(name, text)?);
            }
        }
        if let Some(file) = &self.matrix {
            let text =
                std::fs::read_to_string(file).with_context(|| format!("--matrix {}", file.display()))?;
            parameters.insert(
                "matrix".to_owned(),
                triangle(&text).with_context(|| format!("--matrix {}", file.display()))?,
            );
        }
        let mut constants = target::Constants::new();
        for (name, text) in
            [("smoothness", &self.smoothness), ("convexity", &self.convexity), ("lipschitz", &self.lipschitz)]
        {
            if let Some(text) = text {
                constants.insert(name.to_owned(), one(name, text)?);
            }
        }
        let steps = usize::try_from(self.steps).unwrap_or(usize::MAX);
        let names = [self.measure.as_deref(), self.start.as_deref()];
        let radius = one("radius", &self.radius)?;
        let built = Statement::new(&self.method, &parameters, &self.class, &constants, steps, names, radius);
        built.map_err(|error| match error {
            CertifyError::UnknownMethod { name } => anyhow::anyhow!(
                "--method: {}",
                values::unknown(
                    "method",
                    &name,
                    registry::ALL.iter().map(|e| e.name),
                    "`dinlab certify methods` lists them"
                )
            ),
            CertifyError::UnknownClass { name } => anyhow::anyhow!(
                "--class: {}",
                values::unknown(
                    "class",
                    &name,
                    target::ALL.iter().map(|e| e.name),
                    "`dinlab certify classes` lists them"
                )
            ),
            other => other.into(),
        })
    }

    fn plan(&self, statement: &Statement) -> Value {
        let mut plan = Map::new();
        plan.insert("command".into(), json!("certify worst-case"));
        for (name, text) in self.coefficients.all() {
            plan.insert(name.replace('-', "_"), json!(text));
        }
        let texts = [
            ("delta", self.delta.clone()),
            ("matrix", self.matrix.as_ref().map(|file| file.display().to_string())),
            ("method", Some(self.method.clone())),
            ("class", Some(self.class.clone())),
            ("radius", Some(self.radius.clone())),
        ];
        for (key, value) in texts {
            plan.insert(key.to_owned(), json!(value));
        }
        for constant in ["smoothness", "convexity", "lipschitz"] {
            plan.insert(constant.into(), json!(statement.constants.get(constant).map(target::show)));
        }
        plan.insert("steps".into(), json!(statement.steps));
        plan.insert("measure".into(), json!(statement.measure));
        plan.insert("start".into(), json!(statement.start));
        let coefficients: BTreeMap<String, Vec<String>> = statement
            .method
            .coefficients()
            .into_iter()
            .map(|(name, list)| (name, list.iter().map(target::show).collect()))
            .collect();
        plan.insert("resolved".into(), json!({"coefficients": coefficients}));
        Value::Object(plan)
    }
}

/// Rows of a lower triangle; row k has k + 1 numbers (zeros behind them are passed over).
fn triangle(text: &str) -> anyhow::Result<Vec<Rational>> {
    let mut flat = Vec::new();
    for (k, line) in text.lines().filter(|line| !line.trim().is_empty()).enumerate() {
        let row: Vec<Rational> = line
            .split(',')
            .map(|part| {
                rational::parse(part)
                    .map_err(|reason| anyhow::anyhow!("row {}: `{}`: {reason}", k + 1, part.trim()))
            })
            .collect::<anyhow::Result<_>>()?;
        let behind = row.iter().skip(k + 1).all(Rational::is_zero);
        anyhow::ensure!(
            row.len() > k && behind,
            "row {}: expected {} numbers (and zeros behind them)",
            k + 1,
            k + 1
        );
        flat.extend(row.into_iter().take(k + 1));
    }
    Ok(flat)
}

fn status(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Certified(_) => "certified",
        Outcome::Unbounded => "unbounded",
        Outcome::Infeasible => "infeasible",
        Outcome::Unknown(_) => "unknown",
    }
}

/// What the bound is above the solver's value; `None` where that is above the bound and says nothing.
fn above_value(answer: &Answer, bound: &Rational) -> Option<f64> {
    answer.loss().map(|part| part * rational::float_above(bound))
}

/// A float with this many significant digits, rounded down: what is attained is not said to be more.
fn digits(value: f64, count: usize) -> String {
    rational::exact(value).map_or_else(|| value.to_string(), |exact| rational::decimal_below(&exact, count))
}

/// Part of a bound beyond which it is not called a worst case.
const LOOSE: f64 = 1e-3;

fn body(answer: &Answer, certificate: Option<&Certificate>, function: Option<&WorstFunction>) -> Value {
    let (bound, loss) = match &answer.outcome {
        Outcome::Certified(proof) => (
            json!({
                "exact": proof.bound.to_string(),
                "decimal": rational::decimal_above(&proof.bound, 12),
                "float": number(rational::float_above(&proof.bound)),
            }),
            above_value(answer, &proof.bound).map_or(Value::Null, number),
        ),
        Outcome::Unbounded => (number(f64::INFINITY), Value::Null),
        _ => (Value::Null, Value::Null),
    };
    let ray = matches!(answer.outcome, Outcome::Unbounded)
        .then(|| json!({"gram": numbers(&answer.gram), "values": numbers(&answer.values)}));
    let reason = match &answer.outcome {
        Outcome::Unknown(Some(refusal)) => Some(refusal.to_string()),
        _ => None,
    };
    json!({
        "status": status(&answer.outcome),
        "evidence": certificate.map(|_| "certified"),
        "bound": bound,
        "loss": loss,
        "conditions_of_the_class": answer.tightness,
        "reason": reason,
        "ray": ray,
        "solver": {
            "status": answer.status, "value": number(answer.value), "residuals": numbers(&answer.residuals),
            "solves": answer.solves, "constraints": answer.constraints[0], "of": answer.constraints[1],
        },
        "worst_function": function,
        "certificate": certificate.map(|c| c.hash.clone()),
    })
}

fn text(statement: &Statement, answer: &Answer, function: Option<&WorstFunction>) -> String {
    let mut out = format!("{}\n", statement.sentence());
    let measure = statement.measure.formula();
    match &answer.outcome {
        Outcome::Certified(proof) => {
            out += &format!("  {measure} <= {}   certified\n", rational::decimal_above(&proof.bound, 12));
            out += &match above_value(answer, &proof.bound) {
                Some(above) => format!("  above the solver's value by {above:.1e}\n"),
                None => "  the solver's value is above the bound: how far the bound is from the worst case is unknown\n".into(),
            };
            if answer.loss().is_some_and(|part| part > LOOSE) {
                out += "  a true bound, but far from the solver's value: better multipliers were not found\n";
            }
            if answer.tightness == Tightness::UpperBound {
                out += "  an upper bound: the conditions used are necessary for class and method, not sufficient\n";
            }
        }
        Outcome::Unbounded => {
            out += &format!(
                "  {measure} is unbounded: along a ray of functions of the class it grows without limit\n"
            );
        }
        Outcome::Infeasible => out += "  no function of the class satisfies the conditions\n",
        Outcome::Unknown(reason) => {
            out += &format!("  unknown: the solver's value {:.6e} could not be verified", answer.value);
            out += &reason.as_ref().map_or("\n".to_owned(), |r| format!(" ({r})\n"));
        }
    }
    let solver_status = json!(answer.status);
    out += &format!(
        "  solver: {}, value {}, residuals {:.0e} and {:.0e}, {} of {} conditions\n",
        solver_status.as_str().unwrap_or("unknown"),
        digits(answer.value, 11),
        answer.residuals[0],
        answer.residuals[1],
        answer.constraints[0],
        answer.constraints[1]
    );
    if let Some(f) = function {
        out += &format!("  a function of dimension {} has the value {}\n", f.dimension, digits(f.measure, 8));
    }
    out
}
