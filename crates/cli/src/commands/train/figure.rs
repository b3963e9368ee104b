//! The figure of a training run: losses and accuracies over epochs, mean over seeds with the band from best to worst.

use dinlab_neural::Point;
use dinlab_record::figure::{Axis, Dash, Figure, Layer, Panel};

use super::results::{spread, Outcome, Result};

/// Colours of the palette are used again after this many.
const COLORS: usize = 7;

/// Training loss and, where there are classes, test accuracy; else test loss.
pub fn figure(result: &Result) -> Figure {
    let has_classes = result.outcomes.iter().any(Outcome::has_classes);
    let loss = Panel::new(
        "training",
        Axis::linear("epoch"),
        Axis::log(format!("training loss ({})", result.loss())),
    );
    let mut panels = vec![filled(loss, result, 0, |p| p.train_loss)];
    panels.push(if has_classes {
        let accuracy = Panel::new("test", Axis::linear("epoch"), Axis::linear("test accuracy (%)"));
        // At θ₀ it is that of guessing: shown, it would leave no room for the rest.
        filled(accuracy, result, 1, |p| 100.0 * p.test_accuracy)
    } else {
        filled(Panel::new("test", Axis::linear("epoch"), Axis::log("test loss")), result, 0, |p| p.test_loss)
    });
    Figure {
        id: "train".into(),
        title: "Training: mean over seeds, band from best to worst".into(),
        caption: result.caption(),
        columns: 2,
        panels,
    }
}

fn filled(mut panel: Panel, result: &Result, first: usize, quantity: impl Fn(&Point) -> f64 + Copy) -> Panel {
    for (index, outcome) in result.outcomes.iter().enumerate() {
        let (epochs, [mean, low, high]) = curves(outcome, first, quantity);
        let color = index % COLORS;
        let label = outcome.contender.template.method.name().to_owned();
        if outcome.runs.len() > 1 {
            panel = panel.with(Layer::Band { label: String::new(), x: epochs.clone(), low, high, color });
        }
        let dash = [Dash::Solid, Dash::Dashed, Dash::Dotted][index % 3];
        panel = panel.with(Layer::Curve { label, x: epochs, y: mean, color, dash });
    }
    panel
}

/// Epochs from `first` on, and mean, smallest and largest over the runs.
fn curves(outcome: &Outcome, first: usize, quantity: impl Fn(&Point) -> f64) -> (Vec<f64>, [Vec<f64>; 3]) {
    let count = outcome.common_epochs();
    let mut out = [Vec::new(), Vec::new(), Vec::new()];
    for i in first..count {
        let values: Vec<f64> = outcome.runs.iter().map(|run| quantity(&run.curve[i])).collect();
        for (target, value) in out.iter_mut().zip(spread(&values)) {
            target.push(value);
        }
    }
    ((first..count).map(|i| i as f64).collect(), out)
}
