//! Properties of the drawings as text: well-formed, complete, free of numbers that are none.

#![allow(clippy::unwrap_used)] // helper functions of a test are test code

mod common;

use dinlab_chart::{png, svg, ChartError, KINDS};
use dinlab_record::figure::{Axis, Dash, Figure, Layer, Marker, Panel, PointKind};

fn one(panel: Panel) -> Figure {
    Figure { id: "one".into(), title: "T".into(), caption: "C".into(), columns: 1, panels: vec![panel] }
}

fn panel() -> Panel {
    Panel::new("", Axis::linear("x"), Axis::linear("y"))
}

/// One layer of every kind, in the order of the record's enum.
fn every_kind() -> Vec<Layer> {
    let (x, y) = (vec![0.0, 1.0, 2.0], vec![1.0, 4.0, 2.0]);
    let (low, high) = (vec![0.5, 3.0, 1.5], vec![1.5, 5.0, 2.5]);
    vec![
        Layer::curve("a curve", x.clone(), y.clone(), 0),
        Layer::Points {
            label: "some points".into(),
            x: x.clone(),
            y,
            low: low.clone(),
            high: high.clone(),
            color: 1,
            marker: Marker::Cross,
        },
        Layer::Band { label: "a band".into(), x, low, high, color: 2 },
        Layer::Slope { label: "a slope".into(), slope: 2.0, anchor: [1.0, 1.0], span: [0.5, 2.0] },
        Layer::Horizontal { label: "a level".into(), y: 3.0, color: 3, dash: Dash::Dashed },
        Layer::Vertical { label: "a moment".into(), x: 1.5, color: 4, dash: Dash::Dotted },
        Layer::Contour {
            x: vec![0.0, 1.0, 2.0],
            y: vec![0.0, 2.0],
            values: vec![0.0, 1.0, 0.0, 1.0, 2.0, 1.0],
            levels: vec![0.5, 1.5],
        },
        Layer::Field { origins: vec![[1.0, 1.0], [1.5, 2.0]], directions: vec![[1.0, 0.0], [0.0, -3.0]] },
        Layer::Critical { points: vec![[1.0, 2.0]], kinds: vec![PointKind::Saddle] },
        Layer::Map {
            label: "a map".into(),
            x: [0.0, 2.0],
            y: [0.0, 5.0],
            nx: 2,
            ny: 2,
            values: vec![0.0, 1.0, f64::NAN, 3.0],
            limits: [0.0, 3.0],
        },
        Layer::Classes {
            labels: vec!["one class".into(), "another".into()],
            x: [0.0, 2.0],
            y: [0.0, 5.0],
            nx: 2,
            ny: 2,
            classes: vec![0.0, 1.0, f64::NAN, 1.0],
        },
        Layer::Histogram {
            label: "bars".into(),
            edges: vec![0.0, 1.0, 2.0],
            heights: vec![3.0, 4.0],
            color: 5,
        },
    ]
}

/// Drawing elements other than the frame's, which an empty panel has too.
fn elements(figure: &Figure) -> usize {
    let text = svg(figure).unwrap();
    ["<polyline", "<polygon", "<circle", "<image"].iter().map(|tag| text.matches(tag).count()).sum()
}

fn assert_sound(figure: &Figure) -> String {
    let text = svg(figure).unwrap();
    let document = roxmltree::Document::parse(&text).unwrap();
    let size: Vec<f64> = document
        .root_element()
        .attribute("viewBox")
        .unwrap()
        .split(' ')
        .map(|number| number.parse().unwrap())
        .collect();
    for node in document.descendants().filter(|n| n.is_element() && n.tag_name().name() != "style") {
        for attribute in node.attributes().filter(|a| a.name() != "href" && a.name() != "font-family") {
            let value = attribute.value();
            assert!(!value.contains("NaN") && !value.contains("inf"), "{}: {value}", figure.id);
        }
        for pair in node.attribute("points").unwrap_or_default().split_whitespace() {
            let (x, y) = pair.split_once(',').unwrap();
            let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
            assert!(
                x >= 0.0 && x <= size[2] && y >= 0.0 && y <= size[3],
                "{}: {pair} is off the sheet",
                figure.id
            );
        }
    }
    assert!(text.len() < 1_000_000, "{} takes {} bytes", figure.id, text.len());
    text
}

#[test]
fn the_gallery_is_sound_and_the_same_bytes_every_time() {
    for figure in common::all() {
        let text = assert_sound(&figure);
        assert_eq!(text, svg(&figure).unwrap());
        for words in figure
            .panels
            .iter()
            .flat_map(|p| [&p.title, &p.x.label, &p.y.label])
            .filter(|w| !w.is_empty() && w.len() < 60)
        {
            assert!(
                text.contains(&format!(">{words}</text>").replace('&', "&amp;")),
                "{}: {words}",
                figure.id
            );
        }
        assert!(text.contains("record 3f9a1c02"), "{}", figure.id);
    }
}

#[test]
fn a_png_is_twice_the_size_and_the_same_bytes_every_time() {
    let figure = common::order();
    let file = png(&figure).unwrap();
    assert_eq!(&file[1..4], b"PNG");
    assert_eq!(u32::from_be_bytes(file[16..20].try_into().unwrap()), 2040);
    assert_eq!(file, png(&figure).unwrap());
    assert!(png(&common::degenerate()).unwrap().len() < 400_000);
}

#[test]
fn every_kind_is_listed_drawn_and_labelled() {
    let layers = every_kind();
    assert_eq!(KINDS.len(), layers.len());
    let empty = elements(&one(panel()));
    for (layer, (name, sentence)) in layers.into_iter().zip(KINDS) {
        assert_eq!(serde_json::to_value(&layer).unwrap()["layer"], *name);
        assert!(sentence.ends_with('.'));
        let fixed = Panel::new("", Axis::linear("x").range(0.0, 2.0), Axis::linear("y").range(0.0, 5.0));
        let figure = one(fixed.with(layer));
        let text = assert_sound(&figure);
        assert!(elements(&figure) > empty, "{name} draws nothing");
        for label in ["a curve", "some points", "a band", "a slope", "a level", "a moment", "a map", "bars"] {
            let wanted = serde_json::to_string(&figure).unwrap().contains(label);
            assert_eq!(text.contains(&format!(">{label}</text>")), wanted, "{name}: {label}");
        }
    }
}

#[test]
fn curves_break_at_gaps_and_log_axes_say_what_they_leave_out() {
    let x: Vec<f64> = (0..6).map(f64::from).collect();
    let curve =
        |y: Vec<f64>| Layer::Curve { label: String::new(), x: x.clone(), y, color: 0, dash: Dash::Solid };
    let lines = |layer| svg(&one(panel().with(layer))).unwrap().matches("#0072B2").count();
    assert_eq!(lines(curve(vec![1.0, 2.0, 1.0, 2.0, 1.0, 2.0])), 1);
    assert_eq!(lines(curve(vec![1.0, 2.0, f64::NAN, 2.0, 1.0, 2.0])), 2);
    let log = Panel::new("", Axis::linear("x"), Axis::log("y"));
    let text = svg(&one(log.with(curve(vec![1.0, 0.0, -3.0, 0.1, f64::NAN, 0.01])))).unwrap();
    assert!(text.contains(">2 points ≤ 0 not shown</text>"));
}

#[test]
fn the_font_is_embedded_and_named() {
    let text = svg(&common::order()).unwrap();
    assert!(text.contains("@font-face"));
    assert!(text.contains("DejaVu Sans, sans-serif"));
}

#[test]
fn lists_that_do_not_fit_together_and_figures_without_panels_are_refused() {
    let bad = [
        Layer::curve("", vec![1.0], vec![], 0),
        Layer::Band { label: String::new(), x: vec![1.0], low: vec![1.0], high: vec![], color: 0 },
        Layer::Field { origins: vec![[0.0, 0.0]], directions: vec![] },
        Layer::Critical { points: vec![], kinds: vec![PointKind::Other] },
        Layer::Contour { x: vec![1.0], y: vec![1.0], values: vec![], levels: vec![] },
        Layer::Histogram { label: String::new(), edges: vec![1.0], heights: vec![1.0], color: 0 },
        Layer::Map {
            label: String::new(),
            x: [0.0, 1.0],
            y: [0.0, 1.0],
            nx: usize::MAX,
            ny: 2,
            values: vec![],
            limits: [0.0, 1.0],
        },
    ];
    for layer in bad {
        assert!(matches!(svg(&one(panel().with(layer))), Err(ChartError::Length { .. })));
    }
    let mut figure = one(panel());
    figure.columns = 0;
    assert!(svg(&figure).is_ok());
    figure.panels = vec![panel(); 1000];
    assert!(matches!(png(&figure), Err(ChartError::TooManyPanels { found: 1000, .. })));
    figure.panels.clear();
    assert_eq!(svg(&figure), Err(ChartError::NoPanels { id: "one".into() }));
}

#[test]
fn strange_numbers_never_panic_and_never_reach_the_file() {
    let strange = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        0.0,
        -0.0,
        5e-324,
        1.0,
        -1.0,
        f64::MAX,
        f64::MIN,
        1e-300,
    ];
    let all: Vec<f64> = strange.to_vec();
    for value in strange {
        let (a, b) = (vec![value; 2], vec![1.0, value]);
        let grid = vec![value, 1.0, value, 2.0];
        let layers = vec![
            Layer::curve("c", all.clone(), a.iter().copied().cycle().take(all.len()).collect(), 0),
            Layer::Points {
                label: "p".into(),
                x: b.clone(),
                y: a.clone(),
                low: b.clone(),
                high: a.clone(),
                color: 1,
                marker: Marker::Ring,
            },
            Layer::Band { label: "b".into(), x: b.clone(), low: a.clone(), high: b.clone(), color: 2 },
            Layer::Slope { label: "s".into(), slope: value, anchor: [1.0, value], span: [value, 2.0] },
            Layer::Horizontal { label: "h".into(), y: value, color: usize::MAX, dash: Dash::Dotted },
            Layer::Vertical { label: "v".into(), x: value, color: 3, dash: Dash::Dashed },
            Layer::Contour { x: b.clone(), y: a.clone(), values: grid.clone(), levels: all.clone() },
            Layer::Contour { x: vec![], y: vec![], values: vec![], levels: vec![value] },
            Layer::Field { origins: vec![[value, 1.0], [1.0, 1.0]], directions: vec![[1.0, value]; 2] },
            Layer::Critical { points: vec![[value, value]], kinds: vec![PointKind::Maximum] },
            Layer::Histogram { label: "h".into(), edges: b.clone(), heights: vec![value], color: 4 },
            Layer::Histogram { label: "h".into(), edges: vec![], heights: vec![], color: 4 },
            Layer::Map {
                label: "m".into(),
                x: [value, 1.0],
                y: [1.0, value],
                nx: 2,
                ny: 2,
                values: grid,
                limits: [value, 1.0],
            },
            Layer::Map {
                label: "m".into(),
                x: [0.0, 1.0],
                y: [0.0, value],
                nx: 0,
                ny: 0,
                values: vec![],
                limits: [value, value],
            },
        ];
        for equal_aspect in [false, true] {
            for (x, y) in
                [(Axis::linear("x"), Axis::linear("y")), (Axis::log("x"), Axis::log("y").range(value, 1.0))]
            {
                for layer in &layers {
                    let mut panel = Panel::new("", x.clone(), y.clone()).with(layer.clone());
                    panel.equal_aspect = equal_aspect;
                    assert_sound(&one(panel));
                }
            }
        }
    }
}

#[test]
fn texts_with_markup_or_control_characters_stay_well_formed() {
    let mut figure = one(Panel::new("<b> & \u{1} \u{0}", Axis::linear("\u{7}"), Axis::linear("\"'"))
        .with(Layer::curve("\u{1}", vec![0.0, 1.0], vec![0.0, 1.0], 0)));
    figure.title = "<script>alert('&')</script>\n".into();
    let text = assert_sound(&figure);
    assert!(!text.contains("<script"));
    let many = (0..60)
        .map(|i| Layer::curve(format!("curve {i}"), vec![0.0, 1.0], vec![0.0, f64::from(i)], i as usize));
    figure.panels[0].layers = many.collect();
    assert!(assert_sound(&figure).contains(">and 36 more</text>"));
}

#[test]
fn only_solid_curves_carry_markers() {
    let curve = |label: &str, color, dash| Layer::Curve {
        label: label.into(),
        x: vec![0.0, 1.0],
        y: vec![0.0, 1.0],
        color,
        dash,
    };
    let measured = |color| curve("measured", color, Dash::Solid);
    let predicted = |color| curve("predicted", color, Dash::Dashed);
    let count = |layers: [Layer; 2]| elements(&one(layers.into_iter().fold(panel(), Panel::with)));
    // Two broken lines differ by colour alone: still no markers, so as much is drawn as for one colour.
    assert_eq!(count([measured(0), predicted(0)]), count([measured(0), predicted(1)]));
    // Two solid ones do carry them.
    assert!(count([measured(0), measured(1)]) > count([measured(0), measured(0)]) + 10);
}
