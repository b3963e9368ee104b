//! The figure of a contest: above, what the search would have found with fewer trials (or accuracy over epochs); below, the paired differences with
//! their intervals and the margin.

use dinlab_analysis::best_of::BestOf;
use dinlab_indian::dictionary::Parameters;
use dinlab_neural::{contest::Contender, Method};
use dinlab_numeric::{maximum, minimum, sum};
use dinlab_record::{
    figure::{Axis, Dash, Figure, Layer, Marker, Panel},
    Claim,
};

use super::{
    cases,
    family::{distances, FAMILY},
    pairing::{median, pairings},
    Against, Case, Quantity, Results,
};
use crate::{check::Context, error::CheckError};

const MARKERS: [Marker; 4] = [Marker::Circle, Marker::Square, Marker::Triangle, Marker::Ring];
const DASHES: [Dash; 3] = [Dash::Solid, Dash::Dashed, Dash::Dotted];

/// The figure over the data sets of the effort.
pub fn figure(claim: &Claim, context: &Context<'_>, quantity: Quantity) -> Result<Figure, CheckError> {
    let (mut above, mut below, mut chosen) = (Vec::new(), Vec::new(), Vec::new());
    for case in cases(context.effort).into_iter().filter(|case| case.against == Against::Rivals) {
        let results = case.results(context)?;
        above.push(match quantity {
            Quantity::TrainingLoss => searches(&case, &results)?,
            Quantity::TestAccuracy => accuracies(&case, &results),
        });
        below.push(forest(&case, &results, case.budget(context.effort).epochs, quantity)?);
        chosen.push(format!("{}: {}", case.data, points(&results.contenders()[0])));
    }
    let what = match quantity {
        Quantity::TrainingLoss => {
            "Above: expected smallest held-out loss of k trials (INDIAN: band from 10 to 90 %)."
        }
        Quantity::TestAccuracy => "Above: mean test accuracy (INDIAN: band from worst to best).",
    };
    Ok(Figure {
        id: claim.id.into(),
        title: claim.title.into(),
        caption: format!(
            "{what} Below: simultaneous 99 % intervals, dots: repetitions, dashed: margin. {}",
            chosen.join("; ")
        ),
        columns: above.len(),
        panels: above.into_iter().chain(below).collect(),
    })
}

/// INDIAN's chosen points: their middle, and the nearest methods that it contains.
fn points(indian: &Contender) -> String {
    let mut all = Vec::new();
    for setting in &indian.chosen {
        let Ok(Method::Indian { alpha, beta }) = setting.method() else { return String::new() };
        all.push(Parameters { alpha, beta, step_size: setting.step_size });
    }
    let middle = |of: &dyn Fn(&Parameters) -> f64| median(&all.iter().map(of).collect::<Vec<_>>());
    let nearest: Vec<_> = all.iter().filter_map(|&p| distances(p).first().copied()).collect();
    let count = |name: &str| nearest.iter().filter(|(near, _)| *near == name).count();
    let counts = FAMILY.map(|name| format!("{} {name}", count(name))).join(", ");
    format!(
        "INDIAN α {:.2}, β {:.2e}, γ {:.2e} (medians), nearest {counts}, at {:.2} decades of β",
        middle(&|p| p.alpha),
        middle(&|p| p.beta),
        middle(&|p| p.step_size),
        median(&nearest.iter().map(|&(_, d)| d).collect::<Vec<_>>())
    )
}

fn style(index: usize) -> (usize, Dash) {
    (index % 8, DASHES[(index / 3) % 3])
}

/// Expected best of k.
fn searches(case: &Case, results: &Results) -> Result<Panel, CheckError> {
    let mut panel = Panel::new(case.place(), Axis::linear("trials k"), Axis::log("best held-out loss"));
    for (index, contender) in results.contenders().iter().enumerate() {
        let losses: Vec<f64> = contender.trials.iter().map(|t| t.held_out).collect();
        // A search has this many; the law is over the trials of all searches.
        let most = losses.len() / contender.chosen.len().max(1);
        let laws = (1..=most).map(|k| BestOf::new(&losses, k)).collect::<Result<Vec<_>, _>>()?;
        let x: Vec<f64> = (1..=most).map(|k| k as f64).collect();
        if index == 0 {
            let [low, high] = [0.1, 0.9].map(|p| laws.iter().map(|law| law.quantile(p)).collect());
            panel = panel.with(Layer::Band { label: String::new(), x: x.clone(), low, high, color: 0 });
        }
        let (color, dash) = style(index);
        let y = laws.iter().map(BestOf::mean).collect();
        panel = panel.with(Layer::Curve { label: contender.method.clone(), x, y, color, dash });
    }
    Ok(panel)
}

/// Mean test accuracy over epochs; a run that ended early keeps its last value.
fn accuracies(case: &Case, results: &Results) -> Panel {
    let mut panel = Panel::new(case.place(), Axis::linear("epochs"), Axis::linear("test accuracy"));
    for (index, contender) in results.contenders().iter().enumerate() {
        let last = contender.runs.iter().map(Vec::len).max().unwrap_or(0);
        let at = |epoch: usize| -> Vec<f64> {
            contender
                .runs
                .iter()
                .filter_map(|run| run.get(epoch).or(run.last()))
                .map(|p| p.test_accuracy)
                .collect()
        };
        let epochs = 1..last;
        let x: Vec<f64> = epochs.clone().map(|e| e as f64).collect();
        let over = |of: &dyn Fn(&[f64]) -> f64| epochs.clone().map(|e| of(&at(e))).collect::<Vec<f64>>();
        if index == 0 {
            let (low, high) = (over(&minimum), over(&maximum));
            panel = panel.with(Layer::Band { label: String::new(), x: x.clone(), low, high, color: 0 });
        }
        let (color, dash) = style(index);
        let y = over(&|v| sum(v) / v.len() as f64);
        panel = panel.with(Layer::Curve { label: contender.method.clone(), x, y, color, dash });
    }
    panel
}

/// Mean paired differences with their intervals, every difference beside them; above the upper dashed line INDIAN is worse.
fn forest(case: &Case, results: &Results, epochs: u64, quantity: Quantity) -> Result<Panel, CheckError> {
    let label = match quantity {
        Quantity::TrainingLoss => "log₁₀ loss, INDIAN over rival",
        Quantity::TestAccuracy => "accuracy, rival minus INDIAN",
    };
    let pairings = pairings(case, results, epochs, quantity)?;
    let seeds = results.contenders()[0].runs.len();
    let axis = Axis::linear("rival").range(0.0, pairings.len() as f64 + 1.0);
    let mut panel =
        Panel::new(format!("{seeds} repetitions; above: INDIAN is worse"), axis, Axis::linear(label));
    let margin = quantity.margin(case.nominal, results.tested());
    for y in [-margin, margin] {
        panel = panel.with(Layer::Horizontal { label: String::new(), y, color: 7, dash: Dash::Dashed });
    }
    for (index, pairing) in pairings.iter().enumerate() {
        let beside = vec![index as f64 + 1.25; seeds];
        panel = panel.with(Layer::Points {
            label: String::new(),
            x: beside,
            y: pairing.differences.clone(),
            low: Vec::new(),
            high: Vec::new(),
            color: style(index + 1).0,
            marker: Marker::Dot,
        });
        panel = panel.with(Layer::Points {
            label: format!("{}: {}", pairing.rival, pairing.standing),
            x: vec![index as f64 + 1.0],
            y: vec![pairing.mean],
            low: vec![pairing.interval[0]],
            high: vec![pairing.interval[1]],
            color: style(index + 1).0,
            marker: MARKERS[index % MARKERS.len()],
        });
    }
    Ok(panel)
}
