//! `dinlab landscape noise`: how the gradients of a finite sum's terms scatter.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use dinlab_analysis::covariance::{covariance, Covariance, Effort};
use dinlab_numeric::{dot, Stream};
use dinlab_record::figure::{Axis, Figure, Layer, Marker, Panel};
use dinlab_report::Table;
use serde_json::{json, Value};

use super::{
    check_memory,
    place::{Place, Resolved},
    MOST_NUMBERS,
};
use crate::{
    args::Common,
    drawing,
    output::{self, number, Product},
    session::{Exit, Session},
    values,
};

/// Covariance of the gradients of a finite sum's terms: trace, eigenvalues, noise of a batch
#[derive(Debug, Args)]
pub struct Noise {
    #[command(flatten)]
    place: Place,
    /// Largest eigenvalues
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = values::positive_count, allow_hyphen_values = true)]
    count: u64,
    /// Terms per batch, drawn without replacement, for which the noise is stated
    #[arg(long, value_name = "B", default_value_t = 32, value_parser = values::positive_count, allow_hyphen_values = true)]
    batch: u64,
    /// Products with the covariance at most
    #[arg(long, value_name = "M", default_value_t = 200, value_parser = values::positive_count, allow_hyphen_values = true)]
    products: u64,
    /// Residual at which it ends, as a share of the largest eigenvalue
    #[arg(long, value_name = "T", default_value_t = 1e-8, value_parser = values::positive, allow_hyphen_values = true)]
    tolerance: f64,
    /// Draw the eigenvalues into a file: .svg or .png
    #[arg(long, value_name = "FILE", value_parser = drawing::target)]
    figure: Option<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}

/// What follows from the covariance C of one term's gradient.
struct Derived {
    terms: usize,
    /// tr C/‖∇J‖²: batches much smaller than this are mostly noise (McCandlish et al., 2018, "simple noise scale").
    scale: f64,
    /// tr of the covariance of a batch's mean: tr C/b·(N − b)/(N − 1).
    batch: f64,
    /// vᵀ∇²J v along each eigenvector of C.
    curvature: Vec<f64>,
}

impl Noise {
    /// Measures and hands over.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let seed = session.common.seed;
        let place = self.place.resolve(seed)?;
        let n = place.dimension();
        let samples = place.objective.samples().with_context(|| {
            format!(
                "--objective {}: it is no finite sum; expected sum:.., net:.. or a registered finite sum",
                self.place.objective
            )
        })?;
        let terms = samples.count();
        anyhow::ensure!(terms >= 2, "--objective: a sum of one term has no noise");
        let whole = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        anyhow::ensure!(
            whole(self.batch) <= terms,
            "--batch {}: the sum has {terms} terms; expected at most so many",
            self.batch
        );
        let steps = whole(self.products).min(n).min(terms);
        check_memory("--products", steps, n)?;
        session.prepare(output::Format::ALL)?;

        let mut oracle = samples.oracle();
        // A term drawn at random, times N: its mean is ∇J.
        let factor = terms as f64;
        let mut term = |k: usize, out: &mut [f64]| {
            oracle.gradient(&[k], &place.theta, out);
            out.iter_mut().for_each(|v| *v *= factor);
        };
        let keep = terms.saturating_mul(n) <= MOST_NUMBERS;
        let effort = Effort { count: whole(self.count).min(steps), steps, tolerance: self.tolerance, keep };
        let start = Stream::new(seed, "landscape/noise", 0).normals(n);
        let found = covariance(&mut term, terms, &start, effort)
            .map_err(|error| anyhow::anyhow!("--at: the gradients there: {error}"))?;
        let derived = self.derive(&place, &found, terms);
        let table = table(&found, &derived);
        if let Some(file) = &self.figure {
            drawing::write(file, &figure(&place, &found, &table))?;
        }
        let mut plan = self.place.plan("noise", seed, &place);
        let keys = [
            ("count", json!(self.count)),
            ("batch", json!(self.batch)),
            ("products", json!(self.products)),
            ("tolerance", json!(self.tolerance)),
        ];
        plan.extend(keys.map(|(key, value)| (key.to_owned(), value)));
        let mut body = place.body();
        let pair = |row: &Vec<f64>| json!({ "eigenvalue": number(row[0]), "error_bound": number(row[1]), "share": number(row[2]), "curvature": number(row[3]) });
        let fields = [
            ("terms", json!(terms)),
            ("trace", number(found.trace)),
            ("noise_scale", number(derived.scale)),
            ("batch_trace", number(derived.batch)),
            ("eigenpairs", Value::Array(table.rows.iter().map(pair).collect())),
        ];
        body.extend(fields.map(|(key, value)| (key.to_owned(), value)));
        let text = place.text() + &self.text(&found, &derived, &table);
        let product =
            Product::new("landscape", Value::Object(plan), Value::Object(body), text).with_table(table);
        output::emit(session, &product)?;
        Ok(Exit::Success)
    }

    fn derive(&self, place: &Resolved, found: &Covariance, terms: usize) -> Derived {
        let (b, m) = (self.batch as f64, terms as f64);
        let mut oracle = place.oracle();
        let mut image = vec![0.0; place.dimension()];
        let mut along = |v: &[f64]| {
            oracle.hessian_vector(&place.theta, v, &mut image);
            dot(v, &image)
        };
        let curvature = found.pairs.iter().map(|pair| along(&pair.vector)).collect();
        let squared = dot(&place.gradient, &place.gradient);
        let batch = found.trace / b * (m - b) / (m - 1.0);
        Derived { terms, scale: found.trace / squared, batch, curvature }
    }

    fn text(&self, found: &Covariance, derived: &Derived, table: &Table) -> String {
        let mut out = format!("terms                 {}\n", derived.terms);
        out += &format!("trace of covariance   {:.6e}\n", found.trace);
        out += &format!("noise scale           {:.4e}  (trace over squared gradient norm)\n", derived.scale);
        out += &format!(
            "batches of {:<11}{:.6e}  (trace of their means' covariance)\n",
            self.batch, derived.batch
        );
        out += "      eigenvalue  residual  share of trace  curvature along it\n";
        for row in &table.rows {
            out += &format!(
                "{:>16.8e}   {:.1e}  {:>12.4} %  {:>18.8e}\n",
                row[0],
                row[1],
                100.0 * row[2],
                row[3]
            );
        }
        if table.rows.is_empty() {
            out += "  none: all terms have the same gradient\n";
        }
        out
    }
}

fn table(found: &Covariance, derived: &Derived) -> Table {
    let rows = found.pairs.iter().zip(&derived.curvature);
    let rows = rows.map(|(pair, c)| vec![pair.value, pair.residual, pair.value / found.trace, *c]).collect();
    let columns = ["eigenvalue", "error_bound", "share", "curvature"].map(str::to_owned).to_vec();
    Table::new(columns, rows)
}

fn figure(place: &Resolved, found: &Covariance, table: &Table) -> Figure {
    let numbers: Vec<f64> = (1..=table.rows.len()).map(|i| i as f64).collect();
    let column = |j: usize| table.rows.iter().map(|row| row[j]).collect::<Vec<f64>>();
    let mut sum = 0.0;
    let shares: Vec<f64> = column(2)
        .iter()
        .map(|share| {
            sum += share;
            sum
        })
        .collect();
    let eigenvalues =
        Panel::new("", Axis::linear("number, largest first"), Axis::log("eigenvalue of the covariance"))
            .with(Layer::points(
                "covariance of a term's gradient",
                numbers.clone(),
                column(0),
                0,
                Marker::Circle,
            ))
            .with(Layer::points("curvature of J along it", numbers.clone(), column(3), 1, Marker::Triangle));
    let share =
        Panel::new("", Axis::linear("number"), Axis::linear("share of the trace so far").range(0.0, 1.0))
            .with(Layer::curve("", numbers.clone(), shares.clone(), 2))
            .with(Layer::points("", numbers, shares, 2, Marker::Dot));
    Figure {
        id: "landscape-noise".into(),
        title: "Covariance of the gradients of the terms".into(),
        caption: format!("{}; trace {:.3e}", place.caption(), found.trace),
        columns: 2,
        panels: vec![eigenvalues, share],
    }
}
