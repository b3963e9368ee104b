//! `dinlab certify rate`.

use anyhow::ensure;
use clap::Args;
use dinlab_certify::{
    lyapunov::{
        certificate::{Exact, RateCertificate},
        search::{self, Found, Precision},
    },
    rational,
};
use serde_json::{json, Value};

use super::{options::Destination, system::Given};
use crate::{
    args::Common,
    output::{self, number, Product},
    session::{Exit, Session},
    values,
};

/// Linear rate that a Lyapunov function proves for every mu-strongly convex, L-smooth function
#[derive(Debug, Args)]
#[command(after_help = "Methods and their parameters (defaults in brackets are computed from mu and L):
  gradient-descent   --step-size [2/(mu+L)]
  heavy-ball         --step-size --momentum [Polyak's for quadratics]
  nesterov           --step-size --momentum [1/L and (1-q)/(1+q), q = sqrt(mu/L)]
  triple-momentum    no parameters
  three-parameter    --a --b --eta
  indian             --alpha --beta --step-size
  gradient-flow      no parameters (continuous time)
  din                --alpha --beta (continuous time)
Numbers are read exactly: 0.1 is 1/10, and 1/3 may be typed. The rate that is printed has been verified in exact
arithmetic; it is rounded to the safe side.")]
pub struct Rate {
    #[command(flatten)]
    given: Given,
    /// Width of the last bracket of the bisection, relative to 1 - rho (flows: to r)
    #[arg(long, value_name = "E", default_value_t = 1e-6, value_parser = values::positive, allow_hyphen_values = true)]
    precision: f64,
    #[command(flatten)]
    certificate: Destination,
    #[command(flatten)]
    pub common: Common,
}

impl Rate {
    /// Searches and prints.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let class = self.given.class()?;
        ensure!(
            (1e-12..=0.1).contains(&self.precision),
            "--precision {}: expected a number from 1e-12 to 0.1",
            self.precision
        );
        let system = self.given.system(&class)?;
        session.prepare(output::Format::RECORD)?;
        self.certificate.prepare()?;
        let precision = Precision { width: self.precision, certify: true };
        let (found, limit) = match &system {
            Exact::Discrete(family) => {
                (search::discrete(family, &class, precision), family.spectral_radius(&class))
            }
            Exact::Flow(flow) => {
                (search::continuous(flow, &class, precision), search::flow_limit(flow, &class))
            }
        };
        let certificate = found.certified.as_ref().map(|rate| RateCertificate::new(&system, &class, rate));
        let written = certificate.as_ref().map(|c| self.certificate.write(c)).transpose()?;
        let text = self.text(&system, &found, limit, certificate.as_ref()) + &written.unwrap_or_default();
        let body = body(&system, &found, limit, certificate.as_ref());
        output::emit(session, &Product::new("certify-rate", self.plan(&system), body, text))?;
        Ok(Exit::Success)
    }

    fn plan(&self, system: &Exact) -> Value {
        let mut plan = self.given.plan(system);
        plan.insert("command".into(), json!("certify rate"));
        plan.insert("precision".into(), json!(self.precision));
        Value::Object(plan)
    }

    fn text(
        &self,
        system: &Exact,
        found: &Found,
        limit: f64,
        certificate: Option<&RateCertificate>,
    ) -> String {
        let (down, symbol) = match system {
            Exact::Discrete(_) => (true, "rho"),
            Exact::Flow(_) => (false, "r"),
        };
        let name = self.given.name();
        let mut out = match certificate {
            Some(c) => format!(
                "{name}: {}\n  certified; the Lyapunov function has been verified in exact arithmetic\n",
                c.sentence
            ),
            None => format!("{name}: unknown; no Lyapunov function that proves a linear rate was found\n"),
        };
        let bound = if down { "no rate below" } else { "no rate above" };
        // Rounded so that the sentence stays true.
        let shown = rational::exact(limit).map_or_else(
            || limit.to_string(),
            |limit| {
                if down {
                    rational::decimal_below(&limit, 10)
                } else {
                    rational::decimal_above(&limit, 10)
                }
            },
        );
        out += &format!("  {bound} {symbol} = {shown} is possible: quadratics of the class\n");
        if found.refused.is_finite() && certificate.is_some() {
            let word = if found.infeasible { "infeasible" } else { "unknown" };
            out += &format!("  next {symbol} tried: {:.10} ({word}, by the solver's word)\n", found.refused);
        }
        out
    }
}

fn body(system: &Exact, found: &Found, limit: f64, certificate: Option<&RateCertificate>) -> Value {
    let rate = found.certified.as_ref().map(|rate| {
        let (decimal, float) = match system {
            Exact::Discrete(_) => {
                (rational::decimal_above(&rate.rate, 12), rational::float_above(&rate.rate))
            }
            Exact::Flow(_) => (rational::decimal_below(&rate.rate, 12), rational::float_below(&rate.rate)),
        };
        json!({"exact": rate.rate.to_string(), "decimal": decimal, "float": number(float)})
    });
    json!({
        "status": if certificate.is_some() { "certified" } else { "unknown" },
        "evidence": certificate.map(|_| "certified"),
        "rate": rate,
        "limit_on_quadratics": number(limit),
        "next_tried": {"rate": number(found.refused), "outcome": if found.infeasible { "infeasible" } else { "unknown" }},
        "solves": found.solves,
        "lyapunov": certificate.map(|c| json!({"names": c.names, "values": c.variables})),
        "certificate": certificate.map(|c| c.hash.clone()),
    })
}
