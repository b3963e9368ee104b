//! `dinlab landscape sharpness`: the largest eigenvalue of the Hessian along a run.

use std::{path::PathBuf, sync::atomic::Ordering};

use clap::Args;
use dinlab_analysis::{
    krylov::{largest_eigenpair, RitzPair},
    stability::{first_instability, sharpness_max},
};
use dinlab_indian::{iterate_observed, Run};
use dinlab_numeric::{axpy, norm, Stream};
use dinlab_record::{
    figure::{Axis, Dash, Figure, Layer, Panel},
    Flow, Observation, Status,
};
use dinlab_report::Table;
use serde_json::{json, Value};

use super::{
    check_memory, hessian,
    motion::Motion,
    place::{Place, Resolved},
};
use crate::{
    args::Common,
    drawing, interrupt,
    output::{self, number, Product},
    progress::Progress,
    session::{Exit, Session},
    values,
};

/// Largest eigenvalue of the Hessian along a run, beside the largest that is stable
#[derive(Debug, Args)]
pub struct Sharpness {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    motion: Motion,
    /// Hessian-vector products per look, at most
    #[arg(long, value_name = "M", default_value_t = 100, value_parser = values::positive_count, allow_hyphen_values = true)]
    products: u64,
    /// Residual at which a look ends, as a share of the eigenvalue
    #[arg(long, value_name = "T", default_value_t = 1e-4, value_parser = values::positive, allow_hyphen_values = true)]
    tolerance: f64,
    /// Draw sharpness and value into a file: .svg or .png
    #[arg(long, value_name = "FILE", value_parser = drawing::target)]
    figure: Option<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}

/// One look: k, J, ‖∇J‖, sharpness and its residual.
type Look = [f64; 5];

impl Sharpness {
    /// Runs, looks and hands over.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let seed = session.common.seed;
        let place = self.place.resolve(seed)?;
        let run = self.motion.build(&place, seed)?;
        let most = usize::try_from(self.products).unwrap_or(usize::MAX).min(place.dimension());
        check_memory("--products", most, place.dimension())?;
        check_memory("--steps over --every", Motion::looks(&run), 5)?;
        session.prepare(output::Format::ALL)?;
        let (looks, status) = self.watch(session, &place, &run, most)?;
        let limit = Motion::constants(&run).map(|[alpha, beta, gamma]| sharpness_max(alpha, beta, gamma));
        if let Some(file) = &self.figure {
            let caption = format!("{}; {}", place.caption(), self.motion.words(&run));
            drawing::write(file, &figure(&looks, limit, caption))?;
        }
        let mut plan = self.place.plan("sharpness", seed, &place);
        plan.extend(self.motion.plan(&run));
        plan.insert("products".into(), json!(self.products));
        plan.insert("tolerance".into(), json!(self.tolerance));
        let mut body = place.body();
        let late = late(&looks);
        let fields = [
            ("status", serde_json::to_value(&status)?),
            ("sharpness_max", limit.map_or(Value::Null, number)),
            (
                "first_instability",
                match Motion::constants(&run) {
                    Some([a, b, g]) => serde_json::to_value(first_instability(a, b, g))?,
                    None => Value::Null,
                },
            ),
            ("late_median", number(late)),
        ];
        body.extend(fields.map(|(key, value)| (key.to_owned(), value)));
        let mut text = place.text() + &format!("run                   {}\n", self.motion.words(&run));
        text += &words(&looks, &status, limit, late);
        let columns = ["k", "value", "gradient_norm", "sharpness", "error_bound"].map(str::to_owned).to_vec();
        let table = Table::new(columns, looks.iter().map(|look| look.to_vec()).collect());
        let mut product = Product::new("landscape", Value::Object(plan), Value::Object(body), text);
        // Looks are the result: they stand in every record.
        let row = |look: &Look| json!({ "k": look[0], "value": number(look[1]), "gradient_norm": number(look[2]), "sharpness": number(look[3]), "error_bound": number(look[4]) });
        product.body.insert("looks".into(), Value::Array(looks.iter().map(row).collect()));
        output::emit(session, &product.with_table(table))?;
        Ok(if status == Status::Interrupted { Exit::Interrupted } else { Exit::Success })
    }

    fn watch(
        &self,
        session: &Session,
        place: &Resolved,
        run: &Run,
        most: usize,
    ) -> anyhow::Result<(Vec<Look>, Status)> {
        let stop = interrupt::install()?;
        let mut progress = Progress::new(run.steps, session.common.quiet);
        let mut stream = Stream::new(session.common.seed, "landscape/sharpness", 0);
        let mut oracle = place.oracle();
        let mut gradient = vec![0.0; place.dimension()];
        let mut last: Option<RitzPair> = None;
        let (mut looks, mut failed): (Vec<Look>, _) = (Vec::new(), None);
        let outcome = iterate_observed(&*place.objective, run, &mut |o: Observation<'_>| {
            progress.at(o.index);
            let value = oracle.value_gradient(o.theta, &mut gradient);
            // From the last vector, turned a little: a start that is an eigenvector would never see another one grow past it.
            let mut start = stream.normals(gradient.len());
            if let Some(RitzPair { vector, .. }) = &last {
                let size = norm(&start);
                start.iter_mut().for_each(|v| *v *= 0.3 / size);
                axpy(1.0, vector, &mut start);
            }
            let found =
                largest_eigenpair(&mut *hessian(oracle.as_mut(), o.theta), &start, most, self.tolerance);
            match found {
                Ok(pair) => {
                    looks.push([o.index as f64, value, norm(&gradient), pair.value, pair.residual]);
                    last = Some(pair);
                }
                Err(error) => failed = Some((o.index, error)),
            }
            match failed.is_some() || stop.load(Ordering::Relaxed) {
                true => Flow::Stop,
                false => Flow::Continue,
            }
        })?;
        // A run on its way to infinity has no Hessian any more; that is its status, not an error.
        if let Some((k, error)) = failed {
            anyhow::ensure!(!looks.is_empty(), "--at: the Hessian there: {error}");
            return Ok((looks, Status::NonFinite { at: k as f64 }));
        }
        Ok((looks, outcome.status))
    }
}

/// Median sharpness over the second half of the looks.
fn late(looks: &[Look]) -> f64 {
    let mut values: Vec<f64> = looks[looks.len() / 2..].iter().map(|look| look[3]).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn words(looks: &[Look], status: &Status, limit: Option<f64>, late: f64) -> String {
    let (first, last) = (&looks[0], &looks[looks.len() - 1]);
    let most = looks.iter().map(|look| look[3]).fold(f64::NEG_INFINITY, dinlab_numeric::max);
    let mut out = format!("status                {status}\n");
    out += &format!("sharpness at k = {:<5}{:.6e}  ± {:.1e}\n", first[0], first[3], first[4]);
    out += &format!("sharpness at k = {:<5}{:.6e}  ± {:.1e}\n", last[0], last[3], last[4]);
    out += &format!("largest seen          {most:.6e}\n");
    out += &format!("median, second half   {late:.6e}\n");
    if let Some(limit) = limit {
        out += &format!("largest stable        {limit:.6e}  (the median is {:.4} of it)\n", late / limit);
    }
    out += &format!("value at the end      {:.6e}\n", last[1]);
    out
}

fn figure(looks: &[Look], limit: Option<f64>, caption: String) -> Figure {
    let column = |j: usize| looks.iter().map(|look| look[j]).collect::<Vec<f64>>();
    let bound = |sign: f64| looks.iter().map(|look| look[3] + sign * look[4]).collect::<Vec<f64>>();
    let mut sharpness = Panel::new("", Axis::linear("k"), Axis::linear("largest eigenvalue of the Hessian"))
        .with(Layer::Band {
            label: String::new(),
            x: column(0),
            low: bound(-1.0),
            high: bound(1.0),
            color: 0,
        })
        .with(Layer::curve("sharpness", column(0), column(3), 0));
    if let Some(y) = limit.filter(|limit| limit.is_finite()) {
        let label = "largest stable, λ*".into();
        sharpness = sharpness.with(Layer::Horizontal { label, y, color: 1, dash: Dash::Dashed });
    }
    let scale = if column(1).iter().all(|v| *v > 0.0) { Axis::log("J") } else { Axis::linear("J") };
    let value = Panel::new("", Axis::linear("k"), scale).with(Layer::curve("J", column(0), column(1), 2));
    Figure {
        id: "landscape-sharpness".into(),
        title: "Sharpness along a run".into(),
        caption,
        columns: 2,
        panels: vec![sharpness, value],
    }
}
