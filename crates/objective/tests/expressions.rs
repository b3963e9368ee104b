//! `expr:` objectives as a user meets them: what is accepted, what it means, and what is refused how.

use dinlab_objective::{build, expression::LENGTH_LIMIT, Expression, ObjectiveError, Options};

fn value(text: &str, x: &[f64]) -> f64 {
    build(&format!("expr:{text}"), &Options::default())
        .unwrap_or_else(|e| panic!("{text}: {e}"))
        .oracle()
        .value(x)
}

fn refused(text: &str) -> String {
    match build(&format!("expr:{text}"), &Options::default()) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("accepted: {text}"),
    }
}

fn column(text: &str) -> usize {
    match Expression::parse(text, None) {
        Err(ObjectiveError::Expression { place: Some(place), .. }) => place.column,
        other => panic!("{text}: {other:?}"),
    }
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|&n| n.into()).collect()
}

#[test]
fn precedence_and_associativity() {
    let cases: &[(&str, f64)] = &[
        ("-x^2", -9.0),
        ("(-x)^2", 9.0),
        ("2^-1 + 0*x", 0.5),
        ("2^3^2 + 0*x", 512.0),
        ("2^-x^0.5", 2.0_f64.powf(-(3.0_f64.sqrt()))),
        ("x - 1 - 1", 1.0),
        ("12/x/2", 2.0),
        ("x--x", 6.0),
        ("x*-x", -9.0),
        ("+x", 3.0),
        ("- - -x", -3.0),
        ("-x*2+1", -5.0),
        ("1 + 2*x^2", 19.0),
        (".5*x + 1. + 2e-3 + 2E+1", 1.5 + 1.0 + 0.002 + 20.0),
        ("e^x", 3.0_f64.exp()),
        ("pi*x", 3.0 * std::f64::consts::PI),
    ];
    for (text, expected) in cases {
        let found = value(text, &[3.0]);
        assert!(
            (found - expected).abs() <= 4.0 * f64::EPSILON * expected.abs(),
            "{text}: {found} {expected}"
        );
    }
}

#[test]
fn functions_have_their_usual_values() {
    let x = 0.7_f64;
    let cases: Vec<(&str, f64)> = vec![
        ("abs(-x)", x),
        ("sqrt(x)", x.sqrt()),
        ("exp(x)", x.exp()),
        ("log(x)", x.ln()),
        ("sin(x)", x.sin()),
        ("cos(x)", x.cos()),
        ("tan(x)", x.tan()),
        ("tanh(x)", x.tanh()),
        ("sinh(x)", x.sinh()),
        ("cosh(x)", x.cosh()),
        ("relu(-x)", 0.0),
        ("relu(x)", x),
        ("max(x, 2*x, 3*x)", 2.1),
        ("min(x, -x, 3)", -x),
        ("sign(-x)", -1.0),
        ("huber(x, 1)", 0.245),
        ("huber(-x, 0.5)", 0.5 * (x - 0.25)),
        ("softplus(x)", (1.0 + x.exp()).ln()),
        ("pow(x, 3)", x.powi(3)),
        ("pow(x, -0.5)", x.powf(-0.5)),
        ("pow(2, x)", 2.0_f64.powf(x)),
        ("x^x", x.powf(x)),
        ("norm(x)", x),
        ("norm(x, 2.4)", 2.5),
        ("norm(x, 2*x, 2*x)", 3.0 * x),
    ];
    for (text, expected) in cases {
        let found = value(text, &[x]);
        assert!((found - expected).abs() <= 1e-15 * (1.0 + expected.abs()), "{text}: {found} {expected}");
    }
}

#[test]
fn variables_are_in_natural_order_or_in_the_order_given() {
    let natural = Expression::parse("x10 + x2 + y + x1 + theta_1 + x02", None).unwrap();
    assert_eq!(natural.variables(), names(&["theta_1", "x1", "x02", "x2", "x10", "y"]));
    let options = Options { variables: Some(names(&["y", "z", "x"])), ..Options::default() };
    let given = build("expr:x - 2*y", &options).unwrap();
    assert_eq!(given.dimension(), 3);
    assert_eq!(given.oracle().value(&[1.0, 100.0, 5.0]), 3.0);
    let mut gradient = [f64::NAN; 3];
    given.oracle().gradient(&[1.0, 2.0, 3.0], &mut gradient);
    assert_eq!(gradient, [-2.0, 0.0, 1.0]);
    // A constant is a function of the variables given.
    assert_eq!(build("expr:7", &options).unwrap().oracle().value(&[0.0; 3]), 7.0);
    assert_eq!(build(given.name(), &options).unwrap().facts(), given.facts());
    for (list, expected) in [
        (vec!["x", "y", "x"], "listed twice"),
        (vec!["x"], "`y` is not among the variables given"),
        (vec!["x", "y", "pi"], "cannot name a variable"),
        (vec!["x", "y", "2z"], "cannot name a variable"),
        (vec!["x", "y", "sin"], "cannot name a variable"),
        (vec![], "no variable"),
    ] {
        let error = Expression::parse("x + y", Some(&names(&list))).unwrap_err().to_string();
        assert!(error.contains(expected), "{list:?}: {error}");
    }
}

#[test]
fn errors_show_the_place_and_say_what_was_expected() {
    let error = refused("100*(y-abz(x))^2");
    assert_eq!(error.lines().skip(1).collect::<Vec<_>>(), ["  100*(y-abz(x))^2", "         ^"], "{error}");
    assert!(error.contains("unknown function `abz` (did you mean `abs`?)") && error.contains("column 8"));
    for (text, at, expected) in [
        ("2x", 2, "expected an operator, found `x`: a product is written with `*`"),
        ("x y", 3, "expected an operator, found `y`"),
        ("(x)(y)", 4, "expected an operator, found `(`"),
        ("(x 2)", 4, "expected an operator, found `2`"),
        ("x +", 4, "expected a number, a variable, a function or `(`, found the end"),
        ("x + * y", 5, "found `*`"),
        ("(x", 3, "the `(` of column 1 is not closed"),
        ("x)", 2, "found `)`"),
        ("x,y", 2, "found `,`"),
        ("()", 2, "found `)`"),
        ("sin", 1, "`sin` is a function: expected `(`"),
        ("x + x(1)", 5, "`x` is a variable, not a function"),
        ("pi(x)", 1, "`pi` is a constant, not a function"),
        ("ln(x)", 1, "did you mean `log`?"),
        ("max(x)", 1, "`max` takes two or more arguments, found 1"),
        ("sin(x, y)", 1, "`sin` takes one argument, found 2"),
        ("norm()", 1, "`norm` takes one or more arguments, found 0"),
        ("huber(x)", 1, "`huber` takes two arguments (x, d), found 1"),
        ("|x|", 1, "abs(x)"),
        ("x**2", 3, "written with `^`"),
        ("θ² + 1", 2, "written with `^`"),
        ("x = 1", 3, "unexpected character '='"),
        ("1.2.3*x", 1, "is not a finite number"),
        ("1e999*x", 1, "`1e999` is not a finite number"),
        (".*x", 1, "is not a finite number"),
        ("x\0y", 2, "unexpected character '\\0'"),
        ("", 1, "the expression is empty"),
        ("   ", 1, "the expression is empty"),
        ("1/0*x", 2, "`1/0` is not a finite number"),
        ("log(-1)", 1, "`log(-1)` is not a finite number"),
        ("x/0", 2, "`x/0` divides by zero"),
        ("x/(1-1)", 2, "`x/(1 - 1)` divides by zero"),
        ("0^-1*x", 2, "`0^-1` is not a finite number"),
        ("exp(1000)*x", 1, "is not a finite number"),
        ("sqrt(-2) + x", 1, "is not a finite number"),
        ("1 + 2", 1, "the expression has no variable"),
    ] {
        let error = Expression::parse(text, None).unwrap_err().to_string();
        assert!(error.contains(expected), "{text:?}: {error}");
        assert_eq!(column(text), at, "{text:?}: {error}");
    }
}

#[test]
fn hostile_texts_are_answered_in_time() {
    let start = std::time::Instant::now();
    let nested = |n: usize| format!("{}x{}", "(".repeat(n), ")".repeat(n));
    assert!(refused(&nested(100_000)).contains("nested deeper than"));
    assert!(refused(&"(".repeat(100_000)).contains("nested deeper than"));
    assert!(refused(&"abs(".repeat(50_000)).contains("nested deeper than"));
    assert!(refused(&"x^".repeat(100_000)).contains("nested deeper than"));
    assert_eq!(value(&nested(150), &[2.0]), 2.0);
    assert_eq!(value(&format!("{}x", "-".repeat(100_001)), &[2.0]), -2.0);
    assert!(refused(&"x+".repeat(500_000)).contains("at most 262144"));
    let terms = LENGTH_LIMIT / 2 - 1;
    assert_eq!(value(&format!("{}x", "x+".repeat(terms)), &[1.0]), (terms + 1) as f64);
    let long = refused(&format!("{}(x)", "q".repeat(100_000)));
    assert!(long.len() < 600, "{long}");
    let middle = refused(&format!("{}$ + {}", "x + ".repeat(1000), "x + ".repeat(1000)));
    let lines: Vec<&str> = middle.lines().collect();
    let caret = lines[2].chars().position(|c| c == '^').unwrap();
    assert_eq!(lines[1].chars().nth(caret), Some('$'), "{middle}");
    assert!(lines[1].chars().count() < 70);
    assert!(start.elapsed().as_secs_f64() < 5.0);
}

#[test]
fn facts_state_regularity_kinks_and_formula() {
    let build = |text: &str| build(text, &Options::default()).unwrap();
    let valley = build("expr:100*(y-abs(x))^2+abs(1-x)");
    assert_eq!(valley.facts().kinks, ["abs at column 8: x = 0", "abs at column 18: 1 - x = 0"]);
    assert_eq!(valley.facts().formula, r"100\,\left(y-\left|x\right|\right)^{2}+\left|1-x\right|");
    assert_eq!(valley.name(), "expr:100*(y-abs(x))^2+abs(1-x)");
    use dinlab_objective::Regularity::*;
    for (text, expected) in [
        ("expr:x^2", Smooth),
        ("expr:huber(x, 1)", ContinuouslyDifferentiable),
        ("expr:max(x, y)", Lipschitz),
        ("expr:norm(x, y)", Lipschitz),
        ("expr:x*abs(-2)", Smooth),
    ] {
        assert_eq!(build(text).facts().regularity, expected, "{text}");
        assert!(build(text).facts().tame, "{text}");
    }
    for periodic in ["expr:sin(x)", "expr:x^2+cos(x)", "expr:tan(x)"] {
        assert!(!build(periodic).facts().tame, "{periodic}");
    }
    assert_eq!(
        build("expr:x_2^2/theta1 - 1e-9*sin(width)").facts().formula,
        r"\frac{x_{2}^{2}}{\theta_{1}}-10^{-9}\,\sin\left(\mathrm{width}\right)"
    );
}
