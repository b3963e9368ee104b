//! The worst-case function of one dimension as a figure.

use dinlab_certify::{
    worst_function::{draw, WorstFunction},
    Statement,
};
use dinlab_record::figure::{Axis, Figure, Layer, Marker, Panel};

/// f and f′ with the points at which the method looked; `None` unless there is one function of one dimension.
pub fn one_dimensional(statement: &Statement, worst: &WorstFunction) -> Option<Figure> {
    let [function] = worst.functions.as_slice() else { return None };
    if worst.dimension != 1 {
        return None;
    }
    let [x, f, g] = draw(function, 600)?;
    let seen: Vec<_> = function.points.iter().filter(|p| p.label != "*").collect();
    let at = |pick: &dyn Fn(&dinlab_certify::worst_function::SampledPoint) -> f64| -> Vec<f64> {
        seen.iter().map(|p| pick(p)).collect()
    };
    let (places, values, slopes) = (at(&|p| p.x[0]), at(&|p| p.value), at(&|p| p.gradient[0]));
    let first = |list: &[f64]| vec![list[0]];
    let panel = |title: &str, label: &str, curve: Vec<f64>, points: Vec<f64>| {
        Panel::new(title, Axis::linear("x"), Axis::linear(label))
            .with(Layer::curve("worst-case function", x.clone(), curve, 0))
            .with(Layer::points("where the method looks", places.clone(), points.clone(), 1, Marker::Circle))
            .with(Layer::points("start", first(&places), first(&points), 3, Marker::Square))
    };
    Some(Figure {
        id: "worst-case".into(),
        title: format!("Worst case of {} in one dimension", statement.name),
        caption: statement.sentence(),
        columns: 2,
        panels: vec![panel("function", "f(x) − f*", f, values), panel("derivative", "f′(x)", g, slopes)],
    })
}
