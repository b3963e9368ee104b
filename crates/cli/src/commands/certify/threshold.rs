//! `dinlab certify threshold`.

use std::path::PathBuf;

use anyhow::{ensure, Context as _};
use clap::Args;
use dinlab_certify::{
    cycle::{
        certificate::CycleCertificate,
        cover::Target,
        polygon,
        threshold::{above, below, Above, Below},
    },
    lyapunov::{
        certificate::{Exact, RateCertificate},
        Condition, Family,
    },
    rational, CertificateFile, Rational,
};
use dinlab_record::figure::{Axis, Figure, Layer, Marker, Panel};
use dinlab_report::Table;
use rayon::prelude::*;
use serde_json::{json, Value};

use crate::{
    args::Common,
    drawing,
    output::{self, number, Product},
    session::{Exit, Session},
    values::{self, Vector},
};

/// How much Hessian damping INDIAN needs for an accelerated rate, bracketed by proofs
#[derive(Debug, Args)]
#[command(after_help = "For each condition number kappa two values of eta = beta / step size - 1:
  none up to    for no eta from 0 to this, no step and no friction INDIAN has the rate 1 - c/sqrt(kappa) on all
                strongly convex smooth functions (enclosed: the plane of step and friction is covered by boxes on
                which quadratics or a cycle refute it)
  certified at  here it has that rate for the step and friction shown (certified: an exact Lyapunov function)
With --certificates, a rate certificate at the upper end and, at the lower end, an exact cycle of the step and friction
that is best on quadratics are written for each kappa; `certify verify` checks both.")]
pub struct Threshold {
    /// Condition numbers
    #[arg(
        long,
        value_name = "K,K,..",
        default_value = "100,300,1000,3000,10000,30000,100000",
        allow_hyphen_values = true
    )]
    kappa: Vector,
    /// c of the rate 1 - c/sqrt(kappa); 1 is the best that any method has
    #[arg(long, value_name = "C", default_value_t = 0.5, value_parser = values::positive, allow_hyphen_values = true)]
    constant: f64,
    /// Folder for the certificates
    #[arg(long, value_name = "DIR")]
    certificates: Option<PathBuf>,
    /// Draw the bracket: .svg or .png
    #[arg(long, value_name = "FILE", value_parser = drawing::target)]
    figure: Option<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}

/// One condition number.
struct Row {
    kappa: f64,
    triple: f64,
    below: Below,
    above: Option<Above>,
    /// (a, b) best on quadratics at the lower end, with its cycle.
    cycle: Option<CycleCertificate>,
    rate: Option<RateCertificate>,
}

impl Threshold {
    /// Brackets, prints, draws.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        for &kappa in &self.kappa.0 {
            ensure!(
                (4.0..=1e6).contains(&kappa),
                "--kappa {kappa}: expected condition numbers from 4 to 1000000"
            );
        }
        ensure!(
            self.constant < 1.0,
            "--constant {}: expected a number greater than 0 and less than 1",
            self.constant
        );
        session.prepare(output::Format::ALL)?;
        if let Some(folder) = &self.certificates {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("--certificates {}", folder.display()))?;
        }
        let threads = session.common.jobs.and_then(|jobs| usize::try_from(jobs).ok()).unwrap_or(0);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .context("--jobs: cannot make threads")?;
        let rows: Vec<Row> = pool.install(|| {
            self.kappa.0.par_iter().map(|&kappa| self.row(kappa)).collect::<anyhow::Result<_>>()
        })?;
        let mut files = Vec::new();
        if let Some(folder) = &self.certificates {
            for row in &rows {
                for (kind, text) in [
                    ("rate", row.rate.as_ref().map(RateCertificate::to_json)),
                    ("cycle", row.cycle.as_ref().map(CycleCertificate::to_json)),
                ] {
                    let Some(text) = text else { continue };
                    let file = folder.join(format!("{kind}-{}.json", row.kappa));
                    dinlab_report::atomic::write(&file, text.as_bytes())?;
                    files.push(file);
                }
            }
        }
        if let Some(file) = &self.figure {
            drawing::write(file, &self.draw(&rows))?;
        }
        let plan = json!({"command": "certify threshold", "kappa": self.kappa.0, "constant": self.constant});
        let body = json!({
            "evidence": {"none_up_to": "enclosed", "certified_at": "certified", "cycles": "certified"},
            "rows": rows.iter().map(Row::record).collect::<Vec<Value>>(),
        });
        let mut text = format!(
            "eta = beta / step size - 1 for the rate 1 - {}/sqrt(kappa) on strongly convex smooth functions\n  \
             {:>8}  {:>12}  {:>12}  {:>15}\n",
            self.constant, "kappa", "none up to", "certified at", "triple momentum"
        );
        for row in &rows {
            let show = |eta: Option<f64>| eta.map_or("-".to_owned(), |eta| format!("{eta:.4}"));
            text += &format!(
                "  {:>8}  {:>12}  {:>12}  {:>15.4}\n",
                row.kappa,
                show(row.below.eta),
                show(row.above.as_ref().map(|above| above.eta)),
                row.triple
            );
        }
        if let Some(folder) = &self.certificates {
            text += &format!("  {} certificates in {}\n", files.len(), folder.display());
        }
        output::emit(session, &Product::new("certify-threshold", plan, body, text).with_table(table(&rows)))?;
        Ok(Exit::Success)
    }

    fn row(&self, kappa: f64) -> anyhow::Result<Row> {
        let exact = |x: f64| rational::exact(x).context("a number that is not finite");
        let class = Condition::new(Rational::ONE / exact(kappa)?, Rational::ONE)?;
        let target = Target { condition: kappa, constant: self.constant };
        let triple = rational::float(&Family::triple_momentum(&class).as_three_parameter()[2]);
        let below = below(target, triple);
        let above = above(&class, target, below.eta.unwrap_or(0.0));
        let rate = above
            .as_ref()
            .map(|found| RateCertificate::new(&Exact::Discrete(found.family.clone()), &class, &found.rate));
        if let Some(certificate) = &rate {
            certificate.verify().context("the certificate just made does not hold: please report this")?;
        }
        let cycle = match below.eta {
            Some(eta) => best_on_quadratics(&class, kappa, &exact(eta)?)?,
            None => None,
        };
        Ok(Row { kappa, triple, below, above, cycle, rate })
    }

    fn draw(&self, rows: &[Row]) -> Figure {
        let kappa: Vec<f64> = rows.iter().map(|row| row.kappa).collect();
        let low: Vec<f64> = rows.iter().map(|row| row.below.eta.unwrap_or(f64::NAN)).collect();
        let high: Vec<f64> =
            rows.iter().map(|row| row.above.as_ref().map_or(f64::NAN, |above| above.eta)).collect();
        let triple: Vec<f64> = rows.iter().map(|row| row.triple).collect();
        let panel = Panel::new("", Axis::log("condition number κ"), Axis::linear("η = β/γ − 1"))
            .with(Layer::dashed("triple momentum", kappa.clone(), triple, 2))
            .with(Layer::curve("", kappa.clone(), high.clone(), 0))
            .with(Layer::points("certified here", kappa.clone(), high, 0, Marker::Circle))
            .with(Layer::curve("", kappa.clone(), low.clone(), 3))
            .with(Layer::points("refuted for all η up to here", kappa, low, 3, Marker::Square));
        Figure {
            id: "certify-threshold".into(),
            title: "Hessian damping that an accelerated rate needs".into(),
            caption: format!(
                "INDIAN with the best constant step and friction, rate 1 − {}/√κ on strongly convex smooth functions",
                self.constant
            ),
            columns: 1,
            panels: vec![panel],
        }
    }
}

/// The (a, b) of a grid with the smallest radius on quadratics at this η, and its cycle.
fn best_on_quadratics(
    class: &Condition,
    kappa: f64,
    eta: &Rational,
) -> anyhow::Result<Option<CycleCertificate>> {
    let mut best: Option<(f64, Family)> = None;
    for i in 1..80_i64 {
        for j in 1..60_i64 {
            let a = Rational::from(i) / Rational::from(20);
            let t = 0.1 * j as f64;
            let b = rational::dyadic(1.0 - t / kappa.sqrt(), 30).context("a number that is not finite")?;
            let family = Family::three_parameter(&a, &b, eta);
            let radius = family.spectral_radius(class);
            if best.as_ref().is_none_or(|(least, _)| radius < *least) {
                best = Some((radius, family));
            }
        }
    }
    let Some((_, family)) = best else { return Ok(None) };
    let Some((_, cycle)) = polygon::find(&family, class, 48) else { return Ok(None) };
    let certificate = CycleCertificate::new(&family, class, &cycle);
    certificate.verify().context("the certificate just made does not hold: please report this")?;
    Ok(Some(certificate))
}

impl Row {
    fn record(&self) -> Value {
        let above = self.above.as_ref().map(|found| {
            let [a, b, _] = found.family.as_three_parameter().map(|x| rational::float(&x));
            json!({
                "eta": number(found.eta), "a": number(a), "b": number(b),
                "rate": number(rational::float_above(&found.rate.rate)),
                "certificate": self.rate.as_ref().map(|c| c.hash.clone()),
            })
        });
        json!({
            "kappa": number(self.kappa), "eta_triple_momentum": number(self.triple),
            "none_up_to": self.below.eta.map(number), "boxes": self.below.boxes,
            "not_covered": self.below.open.map(|at| json!({"a": number(at[0]), "b": number(at[1]), "eta": number(at[2])})),
            "certified_at": above,
            "cycle": self.cycle.as_ref().map(|c| json!({
                "points": c.points.len(), "sentence": c.sentence, "certificate": c.hash,
            })),
        })
    }
}

fn table(rows: &[Row]) -> Table {
    let columns = ["kappa", "none_up_to", "certified_at", "a", "b", "certified_rate", "eta_triple_momentum"];
    let row = |row: &Row| {
        let above = row.above.as_ref();
        let [a, b] = above.map_or([f64::NAN; 2], |found| {
            let [a, b, _] = found.family.as_three_parameter().map(|x| rational::float(&x));
            [a, b]
        });
        let rate = above.map_or(f64::NAN, |found| rational::float_above(&found.rate.rate));
        let low = row.below.eta.unwrap_or(f64::NAN);
        vec![row.kappa, low, above.map_or(f64::NAN, |found| found.eta), a, b, rate, row.triple]
    };
    Table::new(columns.map(str::to_owned).to_vec(), rows.iter().map(row).collect())
}
