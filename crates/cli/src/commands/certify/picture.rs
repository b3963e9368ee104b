//! The worst-case function of one dimension as a figure.

use dinlab_certify::{
    worst_curve::Curve,
    worst_function::{Sampled, WorstFunction},
    Statement,
};
use dinlab_record::figure::{Axis, Figure, Layer, Marker, Panel};

/// Places of the curve.
const PLACES: usize = 600;

/// f and f′ with the points at which the method looked, a row for each function; `None` unless they are of one dimension.
pub fn one_dimensional(statement: &Statement, worst: &WorstFunction) -> Option<Figure> {
    if worst.dimension != 1 {
        return None;
    }
    let names: &[&str] = if worst.functions.len() == 1 { &["f"] } else { &["f", "h"] };
    let mut panels = Vec::new();
    for (name, function) in names.iter().zip(&worst.functions) {
        panels.extend(pair(name, names.len() == 1, function, worst.start[0])?);
    }
    Some(Figure {
        id: "worst-case".into(),
        title: format!("Worst case of {} in one dimension", statement.name),
        caption: statement.sentence(),
        columns: 2,
        panels,
    })
}

/// Function and derivative.
fn pair(name: &str, alone: bool, function: &Sampled, start: f64) -> Option<[Panel; 2]> {
    let curve = Curve::new(function)?;
    let [x, f, g] = curve.draw(PLACES, start)?;
    let seen: Vec<_> = function.points.iter().filter(|p| p.label != "*").collect();
    let places: Vec<f64> = seen.iter().map(|p| p.x[0]).collect();
    let values: Vec<f64> = seen.iter().map(|p| p.value).collect();
    let slopes: Vec<f64> = seen.iter().map(|p| p.gradient[0]).collect();
    let (height, slope) = curve.at(start);
    let panel = |title: &str, label: String, curve: Vec<f64>, points: Vec<f64>, at_start: f64| {
        Panel::new(title, Axis::linear("x"), Axis::linear(label))
            .with(Layer::curve("worst-case function", x.clone(), curve, 0))
            .with(Layer::points("where the method looks", places.clone(), points, 1, Marker::Circle))
            .with(Layer::points("start", vec![start], vec![at_start], 3, Marker::Square))
    };
    let minimum = if alone { format!("{name}(x) − {name}*") } else { format!("{name}(x) − {name}(x*)") };
    Some([
        panel("function", minimum, f, values, height),
        panel("derivative", format!("{name}′(x)"), g, slopes, slope),
    ])
}
