//! Tapes against the formulas that they record, block evaluation against single points, smooth pieces, and random
//! expressions and texts.

use dinlab_numeric::Stream;
use dinlab_objective::{
    build, registry,
    tape::{Block, BlockScratch, KinkKind, Scratch, LANES},
    Expression, Options, Selection, Tape,
};
use proptest::prelude::*;

const VALLEY: &str = "expr:100*(y-abs(x))^2+abs(1-x)";

fn tape_of(text: &str) -> Tape {
    Expression::parse(text, None).unwrap_or_else(|e| panic!("{text}: {e}")).tape()
}

fn close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    let scale = 1.0 + dinlab_numeric::norm_inf(expected);
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() <= tolerance * scale, "{what}: {found:?} against {expected:?}");
    }
}

#[test]
fn tapes_of_all_examples_agree_with_their_formulas() {
    for name in registry::ALL.iter().flat_map(|entry| entry.examples) {
        let selection = Selection { abs: 0.5, relu: 0.25, max: 1.0 };
        let options = Options { selection, ..Options::default() };
        let objective = build(name, &options).expect("examples are valid");
        let (n, tape) = (objective.dimension(), objective.tape().expect("recorded"));
        let mut oracle = objective.oracle();
        let (mut expected, mut found) = (vec![0.0; n], vec![0.0; n]);
        let mut stream = Stream::new(3, name, 0);
        for _ in 0..5 {
            let x: Vec<f64> = (0..n).map(|_| stream.uniform(-1.5, 1.5)).collect();
            let direction = stream.normals(n);
            let value = tape.gradient_with(&x, &mut Scratch::new(), &mut found);
            close(&[value], &[oracle.value(&x)], 1e-14, name);
            oracle.gradient(&x, &mut expected);
            close(&found, &expected, 1e-11, name);
            let point: Vec<_> =
                x.iter().zip(&direction).map(|(&re, &e)| dinlab_objective::Dual { re, eps: [e] }).collect();
            let mut image = point.clone();
            selection.during(|| tape.gradient_with(&point, &mut Scratch::new(), &mut image));
            oracle.hessian_vector(&x, &direction, &mut expected);
            let image: Vec<f64> = image.iter().map(|d| d.eps[0]).collect();
            close(&image, &expected, 1e-10, name);
        }
        assert!(objective.facts().kinks.is_empty() || !tape.kinks().is_empty() || tape.has_norm(), "{name}");
    }
}

#[test]
fn the_recorded_and_the_parsed_valley_have_the_same_kinks_and_ties() {
    let selection = Selection { abs: -0.5, relu: 0.0, max: 0.5 };
    let options = Options { selection, ..Options::default() };
    let (native, parsed) = (build("valley", &options).unwrap(), build(VALLEY, &options).unwrap());
    for x in [[0.0, 2.0], [1.0, 0.5], [0.0, 0.0], [-0.3, 0.7], [f64::NAN, 1.0]] {
        let (mut a, mut b) = ([0.0; 2], [0.0; 2]);
        native.oracle().gradient(&x, &mut a);
        parsed.oracle().gradient(&x, &mut b);
        assert!(a.iter().zip(&b).all(|(a, b)| a == b || (a.is_nan() && b.is_nan())), "{x:?}: {a:?} {b:?}");
        for objective in [&native, &parsed] {
            let tape = objective.tape().unwrap();
            let kinds: Vec<KinkKind> = tape.kinks().iter().map(|k| k.kind).collect();
            assert_eq!(kinds, [KinkKind::Abs, KinkKind::Abs]);
            let mut g = [0.0; 2];
            tape.kink_values(&x, &mut Scratch::new(), &mut g);
            assert!(x[0].is_nan() || g == [x[0], 1.0 - x[0]]);
        }
    }
}

#[test]
fn kink_surfaces_are_those_of_the_primitives_and_counted_once() {
    let tape =
        tape_of("abs(x) + 2*abs(x) + relu(y-1) + max(x, y) + min(x, 2) + sign(x+y) + huber(x, 1) + abs(-3)");
    let kinds: Vec<KinkKind> = tape.kinks().iter().map(|k| k.kind).collect();
    assert_eq!(kinds, [KinkKind::Abs, KinkKind::Relu, KinkKind::Max, KinkKind::Min, KinkKind::Sign]);
    let mut g = [0.0; 5];
    tape.kink_values(&[0.5, 3.0], &mut Scratch::new(), &mut g);
    assert_eq!(g, [0.5, 2.0, -2.5, -1.5, 3.5]);
}

#[test]
fn pieces_are_one_sided_gradients_and_go_on_beyond_their_region() {
    let tape = tape_of("3*abs(x) + relu(y) + max(x, 2*y) - min(x, y) + sign(x)*y");
    let mut scratch = Scratch::new();
    let mut gradient = [0.0; 2];
    // Signs in order of the operations: abs, relu, max, min, sign. Every kink is active at the origin.
    for (signs, expected) in [
        ([1, 1, 1, 1, 1], [4.0, 1.0]),
        ([-1, -1, -1, -1, -1], [-4.0, 1.0]),
        ([1, -1, -1, 1, -1], [3.0, 0.0]),
        ([i8::MIN, 1, 1, -1, 1], [-3.0, 2.0]),
    ] {
        tape.gradient_on_piece(&[0.0, 0.0], &signs, &mut scratch, &mut gradient);
        assert_eq!(gradient, expected, "{signs:?}");
    }
    // |x| on its positive piece is x, also left of the kink.
    let beyond = tape_of("abs(x)").gradient_on_piece(&[-2.0], &[1], &mut scratch, &mut gradient[..1]);
    assert_eq!((beyond, gradient[0]), (-2.0, 1.0));
    // Without forced signs the piece is the function itself.
    let free = tape.gradient_on_piece(&[-1.0, 2.0], &[0; 5], &mut scratch, &mut gradient);
    assert_eq!(free, tape.value_with(&[-1.0, 2.0], &mut scratch));
}

#[test]
fn blocks_agree_with_single_points() {
    let everything = "sqrt(1+x^2) + exp(-x^2) + log(2+y^2) + sin(x)*cos(y) + tanh(x*y) + sinh(x/4)*cosh(y/3) + relu(x-y) \
         + max(x, y, 0.3) - min(x, -y) + huber(x-y, 0.4) + softplus(3*x) + pow(1.5+y^2, 1.3) + norm(x, y) + x^3 - 2/(y^2+1) \
         + sign(x) + abs(y) + 0.1*tan(x/3) + (1+x^2)^y + (3-x) - (-y)";
    for text in [everything, &VALLEY[5..]] {
        let tape = tape_of(text);
        let mut stream = Stream::new(11, "blocks", 0);
        let mut x: [Block; 2] = [[0.0; LANES]; 2];
        for l in 0..LANES {
            for row in &mut x {
                let v = stream.uniform(-2.0, 2.0);
                row[l] = if l % 3 == 0 { v.round() } else { v };
            }
        }
        (x[0][0], x[1][0], x[0][1]) = (0.0, 0.0, f64::NAN);
        let selection = Selection { abs: 0.25, relu: 0.75, max: 0.125 };
        let kinks = tape.kinks().len();
        let (mut value, mut gradient, mut g) = ([0.0; LANES], [[0.0; LANES]; 2], vec![[0.0; LANES]; kinks]);
        let mut scratch = BlockScratch::new();
        selection.during(|| tape.gradient_block(&x, &mut scratch, &mut value, &mut gradient));
        let mut again = [0.0; LANES];
        tape.value_block(&x, &mut scratch, &mut again);
        tape.kink_block(&x, &mut scratch, &mut g);
        let (mut one, mut single, mut surfaces) = (Scratch::new(), [0.0; 2], vec![0.0; kinks]);
        for l in 0..LANES {
            let point = [x[0][l], x[1][l]];
            let expected = selection.during(|| tape.gradient_with(&point, &mut one, &mut single));
            tape.kink_values(&point, &mut one, &mut surfaces);
            let found = [value[l], again[l], gradient[0][l], gradient[1][l]];
            let wanted = [expected, expected, single[0], single[1]];
            let pairs = found.iter().zip(&wanted).chain(g.iter().map(|g| &g[l]).zip(&surfaces));
            for (a, b) in pairs {
                assert!((a.is_nan() && b.is_nan()) || a == b, "{text} at {point:?}: {a} {b}");
            }
        }
    }
}

#[test]
fn gradients_of_many_variables_cost_one_sweep() {
    let terms: Vec<String> = (0..2000).map(|i| format!("(x{i} - {i})^2")).collect();
    let tape = tape_of(&terms.join(" + "));
    let mut gradient = vec![0.0; 2000];
    tape.gradient_with(&vec![0.0; 2000], &mut Scratch::new(), &mut gradient);
    assert!(gradient.iter().enumerate().all(|(i, g)| *g == -2.0 * i as f64));
}

/// Random smooth expressions in x and y, defined everywhere and of moderate size.
fn smooth() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("x".to_owned()),
        Just("y".to_owned()),
        (0.1..3.0_f64).prop_map(|c| format!("{c:.3}")),
        Just("pi".to_owned())
    ];
    leaf.prop_recursive(4, 24, 2, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            pair.clone().prop_map(|(a, b)| format!("({a} + {b})")),
            pair.clone().prop_map(|(a, b)| format!("({a} - {b})")),
            pair.clone().prop_map(|(a, b)| format!("sin({a})*{b}")),
            pair.clone().prop_map(|(a, b)| format!("({a})/(1 + ({b})^2)")),
            pair.prop_map(|(a, b)| format!("norm({a}, {b}, 1)")),
            inner.clone().prop_map(|a| format!("-({a})")),
            inner.clone().prop_map(|a| format!("tanh({a})^3")),
            inner.clone().prop_map(|a| format!("softplus({a})")),
            inner.clone().prop_map(|a| format!("sqrt(1 + ({a})^2)")),
            inner.prop_map(|a| format!("exp(-({a})^2)^1.5")),
        ]
    })
    .prop_map(|text| format!("{text} + 0*x*y"))
}

/// Random texts of tokens, most of them invalid.
fn token_soup() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "x", "y", "x10", "1", ".5", "2e-3", "1e", "pi", "e", "+", "-", "*", "/", "^", "(", ")", ",", "abs(",
        "max(", "norm(", "huber(", "log(", "sin", " ", "θ", "²", "0", "1e999", "foo(", "**", "|", "\0",
    ]);
    prop::collection::vec(token, 0..14).prop_map(|tokens| tokens.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn printing_and_parsing_are_inverse(text in prop_oneof![smooth(), token_soup()]) {
        if let Ok(first) = Expression::parse(&text, None) {
            let printed = first.to_string();
            let second = Expression::parse(&printed, None).map_err(|e| TestCaseError::fail(format!("{printed}: {e}")))?;
            let kinds = |e: &Expression| e.tree().nodes.iter().map(|n| n.kind.clone()).collect::<Vec<_>>();
            prop_assert_eq!(kinds(&first), kinds(&second), "{} became {}", text, printed);
            prop_assert_eq!(first.variables(), second.variables());
        }
    }

    #[test]
    fn gradients_and_hessians_agree_with_differences(text in smooth(), x in -1.0..1.0_f64, y in -1.0..1.0_f64) {
        let objective = build(&format!("expr:{text}"), &Options::default()).expect("smooth expressions are valid");
        let mut oracle = objective.oracle();
        let (mut gradient, mut product) = ([0.0; 2], [0.0; 2]);
        let mut ends = [[0.0; 2]; 2];
        oracle.gradient(&[x, y], &mut gradient);
        let h = 1e-5;
        for i in 0..2 {
            let direction = [f64::from(i == 0), f64::from(i == 1)];
            let at = |s: f64| [x + s * direction[0], y + s * direction[1]];
            let difference = (oracle.value(&at(h)) - oracle.value(&at(-h))) / (2.0 * h);
            prop_assert!((difference - gradient[i]).abs() <= 1e-5 * (1.0 + gradient[i].abs()), "{text}: {difference} {gradient:?}");
            oracle.gradient(&at(h), &mut ends[0]);
            oracle.gradient(&at(-h), &mut ends[1]);
            oracle.hessian_vector(&[x, y], &direction, &mut product);
            for j in 0..2 {
                let difference = (ends[0][j] - ends[1][j]) / (2.0 * h);
                prop_assert!((difference - product[j]).abs() <= 1e-4 * (1.0 + product[j].abs()), "{text}: {difference} {product:?}");
            }
        }
        let forward = objective.gradient_from_value(&[x, y]).expect("a tape is a formula");
        prop_assert!((0..2).all(|i| (forward[i] - gradient[i]).abs() <= 1e-12 * (1.0 + gradient[i].abs())));
    }

    #[test]
    fn no_text_panics(bytes in prop::collection::vec(any::<u8>(), 0..60), soup in token_soup(), any in ".{0,40}") {
        for text in [String::from_utf8_lossy(&bytes).into_owned(), soup, any] {
            match build(&format!("expr:{text}"), &Options::default()) {
                Ok(objective) => {
                    let n = objective.dimension();
                    let mut out = vec![0.0; n];
                    objective.oracle().value_gradient(&vec![0.5; n], &mut out);
                    objective.oracle().hessian_vector(&vec![0.0; n], &vec![1.0; n], &mut out);
                }
                Err(error) => prop_assert!(!error.to_string().is_empty() && !error.to_string().contains('\0')),
            }
        }
    }
}
