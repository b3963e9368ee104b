// Tables of values that happen to be constants, and of functions with their names.
#![allow(clippy::approx_constant, clippy::excessive_precision, clippy::type_complexity)]

use super::{elementary, Interval};
use crate::{Dual, Scalar};
use num_rational::BigRational;

/// Function, argument, nearest `f64` of the value and the rest of it, from 400-bit arithmetic (mpmath).
const TABLE: &[(&str, f64, f64, f64)] = &[
    ("exp", -700.5, 5.980196118639791e-305, -2.87e-321),
    ("exp", -20.1, 1.865008921902767e-09, 1.0628610813492404e-25),
    ("exp", -1.0, 0.36787944117144233, -1.2428753672788363e-17),
    ("exp", -1e-09, 0.999999999, -2.778193152587354e-17),
    ("exp", 0.3, 1.3498588075760032, -9.447314673432387e-17),
    ("exp", 0.34657359, 1.4142135619771539, 3.92982042784201e-17),
    ("exp", 1.0, 2.718281828459045, 1.4456468917292502e-16),
    ("exp", 2.5, 12.182493960703473, 2.0334002173348147e-16),
    ("exp", 88.8, 3.6757840844711625e+38, -1.1096750518195037e+22),
    ("exp", 700.25, 1.3022997366991783e+304, 7.154767958193286e+287),
    ("ln", 1e-310, -713.8013788281542, -8.592254740270771e-15),
    ("ln", 1e-05, -11.512925464970229, 2.790027459050308e-16),
    ("ln", 0.70710678, -0.3465735919580042, -2.5382417743198404e-18),
    ("ln", 0.99999999999, -1.000000082745371e-11, 7.979324722976374e-28),
    ("ln", 1.0000000001, 1.000000082690371e-10, -4.2169170658954805e-27),
    ("ln", 1.4142135, 0.3465735461755332, 8.968498764708435e-18),
    ("ln", 2.0, 0.6931471805599453, 2.3190468138462996e-17),
    ("ln", 10.0, 2.302585092994046, -2.1707562233822494e-16),
    ("ln", 12345.678, 9.421061321291832, -1.9085650743481053e-16),
    ("ln", 1e+300, 690.7755278982137, 2.3747660028800243e-14),
    ("sin", -100000.0, -0.03574879797201651, -1.5429743706109861e-18),
    ("sin", -3.14159265, -3.5897930298416118e-09, -2.5182467688474042e-26),
    ("sin", -0.7853981, -0.7071067363577804, -5.5291687018012506e-17),
    ("sin", 1e-08, 1e-08, -1.6666666666666668e-25),
    ("sin", 0.5, 0.479425538604203, -5.103969860556013e-18),
    ("sin", 1.5707963, 0.9999999999999997, -2.591633411364266e-17),
    ("sin", 3.0, 0.1411200080598672, 8.577269787017502e-18),
    ("sin", 22.0, -0.008851309290403876, 2.8485303089220057e-19),
    ("sin", 710.0, 6.0288706691585265e-05, 9.53674283505903e-22),
    ("sin", 999999.5, -0.756251087561678, 3.289807039013589e-17),
    ("cos", -100000.0, -0.9993608074382124, -2.3447088905187402e-17),
    ("cos", -3.1, -0.9991351502732795, 1.3850578802683375e-17),
    ("cos", -0.7853981, 0.7071068260153117, 3.6081947293983725e-18),
    ("cos", 1e-08, 1.0, -5e-17),
    ("cos", 0.5, 0.8775825618903728, -4.2623149864279997e-17),
    ("cos", 1.5, 0.0707372016677029, 3.683512075225569e-18),
    ("cos", 3.0, -0.9899924966004454, -4.2060261566099734e-17),
    ("cos", 22.5, -0.8733046400935156, -1.3966221885427957e-17),
    ("cos", 710.0, 0.999999998182636, -4.188559986196637e-17),
    ("cos", 999999.5, 0.654281508650351, -1.6593939113181322e-17),
    ("sinh", -30.5, -8809508975677.816, 0.0007001695076479125),
    ("sinh", -1.0, -1.1752011936438014, -7.849672142285669e-17),
    ("sinh", -0.01, -0.010000166667500003, 5.644562789430375e-19),
    ("sinh", 1e-08, 1e-08, 1.6666666666666668e-25),
    ("sinh", 0.3, 0.3045202934471426, 9.177343117072388e-18),
    ("sinh", 1.0, 1.1752011936438014, 7.849672142285669e-17),
    ("sinh", 1.0001, 1.175355507583546, 1.0662243304786024e-16),
    ("sinh", 5.0, 74.20321057778875, 6.687957117824193e-15),
    ("sinh", 20.0, 242582597.70489514, -7.865629467297586e-10),
    ("sinh", 700.0, 5.0711602736750225e+303, 8.333285960367336e+286),
    ("cosh", -30.5, 8809508975677.816, -0.0007001695075911556),
    ("cosh", -1.0, 1.5430806348152437, 6.606796775006833e-17),
    ("cosh", -0.01, 1.0000500004166681, -8.336492964027646e-17),
    ("cosh", 0.3, 1.0453385141288605, 7.371812611119388e-18),
    ("cosh", 1.0001, 1.5431981626502072, 4.275768740756738e-17),
    ("cosh", 5.0, 74.20994852478785, -3.2016056277777725e-15),
    ("cosh", 20.0, 242582597.70489514, 1.2745906757087991e-09),
    ("cosh", 700.0, 5.0711602736750225e+303, 8.333285960367336e+286),
    ("tanh", -30.5, -1.0, 6.442680571985032e-27),
    ("tanh", -1.0, -0.7615941559557649, -3.7090214482164924e-17),
    ("tanh", -0.01, -0.00999966667999946, -2.249494707259477e-19),
    ("tanh", 1e-08, 1e-08, -3.3333333333333335e-25),
    ("tanh", 0.3, 0.2913126124515909, -6.4602656586469586e-18),
    ("tanh", 1.0, 0.7615941559557649, 3.7090214482164924e-17),
    ("tanh", 1.0001, 0.7616361501915299, -8.225892680662569e-18),
    ("tanh", 5.0, 0.9999092042625951, 2.298523750966507e-17),
    ("tanh", 18.0, 0.9999999999999996, -1.9815356198651153e-17),
    ("softplus", -700.0, 9.85967654375977e-305, 8.5e-322),
    ("softplus", -30.0, 9.357622968839737e-14, -6.166501881941325e-31),
    ("softplus", -1.0, 0.3132616875182228, 2.515869523777819e-17),
    ("softplus", -1e-09, 0.6931471800599454, -4.633664885564827e-17),
    ("softplus", 0.0, 0.6931471805599453, 2.3190468138462996e-17),
    ("softplus", 0.4, 0.9130152523999526, 1.1011744882167995e-17),
    ("softplus", 3.0, 3.048587351573742, 4.047778999400933e-18),
    ("softplus", 30.0, 30.000000000000092, 1.2056740395843437e-15),
    ("softplus", 700.0, 700.0, 0.0),
    ("logistic", -700.0, 9.85967654375977e-305, 8.5e-322),
    ("logistic", -30.0, 9.357622968839299e-14, 8.837142511495094e-31),
    ("logistic", -1.0, 0.2689414213699951, 1.679727399649845e-17),
    ("logistic", -1e-09, 0.49999999975, 2.068509273422303e-17),
    ("logistic", 0.4, 0.598687660112452, 3.1673961461007234e-18),
    ("logistic", 3.0, 0.9525741268224333, -3.451513898035272e-17),
    ("logistic", 30.0, 0.9999999999999064, 1.557128750770682e-17),
];

fn at_point(name: &str, x: f64) -> Interval {
    match name {
        "exp" => elementary::exp(x),
        "ln" => elementary::ln(x),
        "sin" => elementary::sin(x),
        "cos" => elementary::cos(x),
        "sinh" => elementary::sinh(x),
        "cosh" => elementary::cosh(x),
        "tanh" => elementary::tanh(x),
        "softplus" => elementary::softplus(x),
        "logistic" => elementary::logistic(x),
        other => unreachable!("{other}"),
    }
}

fn ulp(x: f64) -> f64 {
    x.abs().next_up() - x.abs()
}

#[test]
fn elementary_functions_enclose_their_values_within_the_stated_width() {
    let exact = |x: f64| BigRational::from_float(x).expect("finite");
    for &(name, x, high, rest) in TABLE {
        let found = at_point(name, x);
        let truth = exact(high) + exact(rest);
        assert!(exact(found.low) <= truth && truth <= exact(found.high), "{name}({x}): {found:?}");
        let scale = if name == "sin" || name == "cos" { ulp(high) + ulp(1e-3) } else { ulp(high) };
        let width = (found.high - found.low) / scale;
        assert!(width <= elementary::ULPS, "{name}({x}): {width} ulps");
    }
}

/// The first term that is left out times the sum of a geometric series, whose ratio is at most that of the next two.
#[test]
fn what_is_left_out_of_every_series_is_within_its_tail() {
    let factorial = |n: u32| (1..=n).map(f64::from).product::<f64>();
    let even = |x: f64, i: u32| x.powi(2 * i as i32);
    let cases: [(&str, &elementary::Series, &dyn Fn(f64, u32) -> f64); 6] = [
        ("exp", &elementary::EXP, &|x, i| x.powi(i as i32) / factorial(i)),
        ("log", &elementary::LOG, &|x, i| even(x, i) / f64::from(2 * i + 1)),
        ("log(1 + t)", &elementary::LOG_ONE_PLUS, &|x, i| even(x, i) / f64::from(2 * i + 1)),
        ("sin", &elementary::SIN, &|x, i| even(x, i) / factorial(2 * i + 1)),
        ("cos", &elementary::COS, &|x, i| even(x, i) / factorial(2 * i)),
        ("sinh", &elementary::SINH, &|x, i| even(x, i) / factorial(2 * i + 1)),
    ];
    for (name, series, term) in cases {
        let first = term(series.reach, series.terms);
        // Ratios fall for the factorials; those of the logarithm stay below the square of the argument.
        let ratio = if name.starts_with("log") {
            series.reach.powi(2)
        } else {
            term(series.reach, series.terms + 1) / first
        };
        let rest = first / (1.0 - ratio);
        assert!(rest <= series.tail && series.tail < 3.0 * rest, "{name}: {rest:e} of {:e}", series.tail);
    }
}

/// log 2 and π/2 by 60 decimals.
#[test]
fn parts_of_the_constants_enclose_them() {
    let exact = |x: f64| BigRational::from_float(x).expect("finite");
    let decimals = |digits: &str| {
        let whole: num_bigint::BigInt = digits.parse().expect("digits");
        BigRational::new(whole, num_bigint::BigInt::from(10).pow(60))
    };
    let log_2 = decimals("693147180559945309417232121458176568075500134360255254120680");
    let half_pi = decimals("1570796326794896619231321691639751442098584699687552910487472");
    let [first, second, third] = elementary::HALF_PI;
    let cases = [
        (log_2 - exact(elementary::LN2_HIGH), elementary::LN2_LOW),
        (half_pi - exact(first) - exact(second), third),
    ];
    for (rest, part) in cases {
        assert!(exact(part) < rest && rest < exact(part.next_up()), "{part:e}");
    }
    // Products with whole numbers below 2²⁰ are exact for 33 bits.
    for part in [elementary::LN2_HIGH, first, second] {
        assert_eq!(part.to_bits() & ((1 << 20) - 1), 0);
    }
}

#[test]
fn boxes_of_positive_numbers_hold_powers_and_roots() {
    type F = (&'static str, fn(Interval) -> Interval, fn(f64) -> f64);
    let functions: [F; 8] = [
        ("x^1.5", |x| x.powf(1.5), |x| x.powf(1.5)),
        ("x^-1.5", |x| x.powf(-1.5), |x| x.powf(-1.5)),
        ("x^-2", |x| x.powf(-2.0), |x| x.powf(-2.0)),
        ("sqrt", Scalar::sqrt, f64::sqrt),
        ("ln", Scalar::ln, f64::ln),
        ("exp", Scalar::exp, f64::exp),
        ("tanh", Scalar::tanh, f64::tanh),
        ("logistic", Scalar::logistic, Scalar::logistic),
    ];
    let mut stream = dinlab_numeric::Stream::new(5, "positive boxes", 0);
    for (name, over, at) in functions {
        for _ in 0..300 {
            let low = stream.uniform(0.01, 3.0);
            let high = low + stream.uniform(0.0, 2.0).powi(2);
            let image = over(Interval::new(low, high));
            let ends = [at(low), at(high)].map(|y| (y, 8.0 * f64::EPSILON * (1.0 + y.abs())));
            for (y, slack) in ends {
                assert!(
                    image.low <= y + slack && y - slack <= image.high,
                    "{name} on [{low}, {high}]: {image:?}"
                );
            }
            // Monotone functions: the image is no wider than the values at the ends.
            let (least, most) =
                (dinlab_numeric::min(ends[0].0, ends[1].0), dinlab_numeric::max(ends[0].0, ends[1].0));
            let slack = 64.0 * f64::EPSILON * (1.0 + most.abs());
            assert!(
                image.low >= least - slack && image.high <= most + slack,
                "{name} on [{low}, {high}]: {image:?}"
            );
        }
    }
}

#[test]
fn random_points_agree_with_the_library_to_its_error() {
    // The library is within 2 ulps (of the larger of value and 10⁻³ for the waves).
    let library: &[(&str, fn(f64) -> f64, f64, f64)] = &[
        ("exp", f64::exp, -700.0, 700.0),
        ("ln", f64::ln, 1e-300, 1e3),
        ("sin", f64::sin, -1e5, 1e5),
        ("cos", f64::cos, -1e5, 1e5),
        ("sinh", f64::sinh, -20.0, 20.0),
        ("cosh", f64::cosh, -20.0, 20.0),
        ("tanh", f64::tanh, -20.0, 20.0),
        ("softplus", Scalar::softplus, -40.0, 40.0),
        ("logistic", Scalar::logistic, -40.0, 40.0),
    ];
    let mut stream = dinlab_numeric::Stream::new(3, "elementary", 0);
    for &(name, f, from, to) in library {
        for _ in 0..3000 {
            let x = stream.uniform(from, to);
            let (found, y) = (at_point(name, x), f(x));
            let slack = 3.0 * (ulp(y) + if name == "sin" || name == "cos" { ulp(1e-3) } else { 0.0 });
            assert!(found.low <= y + slack && y - slack <= found.high, "{name}({x}) = {y}: {found:?}");
        }
    }
}

#[test]
fn boxes_hold_the_values_at_their_points() {
    type F = fn(Interval) -> Interval;
    let unary: &[(&str, F, fn(f64) -> f64)] = &[
        ("sin", Scalar::sin, f64::sin),
        ("cos", Scalar::cos, f64::cos),
        ("tan", Scalar::tan, f64::tan),
        ("cosh", Scalar::cosh, f64::cosh),
        ("square", Scalar::square, |x| x * x),
        ("powi 4", |x| x.powi(4), |x| x.powi(4)),
        ("powi -3", |x| x.powi(-3), |x| x.powi(-3)),
        ("powi 5", |x| x.powi(5), |x| x.powi(5)),
        ("abs", Scalar::abs, f64::abs),
        ("relu", Scalar::relu, Scalar::relu),
        ("huber", |x| x.huber(Interval::point(0.7)), |x| x.huber(0.7)),
        ("abs slope", Scalar::abs_slope, Scalar::abs_slope),
        ("relu slope", Scalar::relu_slope, Scalar::relu_slope),
        ("sign", Scalar::sign, Scalar::sign),
        ("softplus", Scalar::softplus, Scalar::softplus),
    ];
    let mut stream = dinlab_numeric::Stream::new(4, "boxes", 0);
    for &(name, over, at) in unary {
        for _ in 0..400 {
            let low = stream.uniform(-4.0, 4.0);
            let high = low + stream.uniform(0.0, 1.0).powi(3) * 5.0;
            let image = over(Interval::new(low, high));
            if image.is_undefined() {
                // Across a pole nothing is known.
                let pole =
                    (name == "powi -3" && low <= 0.0 && high >= 0.0) || (name == "tan" && high - low > 0.0);
                assert!(pole, "{name} on [{low}, {high}]");
                continue;
            }
            for _ in 0..20 {
                let x = stream.uniform(low, high);
                let y = at(x);
                let slack = 8.0 * f64::EPSILON * (1.0 + y.abs());
                assert!(
                    image.low <= y + slack && y - slack <= image.high,
                    "{name} on [{low}, {high}] at {x}: {image:?}"
                );
            }
        }
    }
}

#[test]
fn waves_attain_their_extrema_only_where_they_have_them() {
    assert_eq!(Interval::new(1.5, 1.6).sin().high, 1.0);
    assert_eq!(Interval::new(4.7, 4.8).sin().low, -1.0);
    assert!(Interval::new(1.6, 4.7).sin().high < 1.0 && Interval::new(1.6, 4.7).sin().low > -1.0);
    assert_eq!((Interval::new(-0.1, 0.1).cos().high, Interval::new(3.1, 3.2).cos().low), (1.0, -1.0));
    assert!(Interval::new(1.0, 2.0).tan().is_undefined());
    assert_eq!(Interval::new(-1e300, 1e300).sin(), Interval::new(-1.0, 1.0));
}

#[test]
fn smoothness_ends_at_kinks_and_nan_proves_nothing() {
    let across = Interval::new(-0.5, 0.5);
    assert!(!across.abs().smooth && !across.relu().smooth && !across.sign().smooth);
    assert!(Interval::new(0.1, 0.5).abs().smooth);
    assert!(!across.max(Interval::point(0.25)).smooth && across.max(Interval::point(0.75)).smooth);
    assert_eq!((across.abs_slope().low, across.abs_slope().high), (-1.0, 1.0));
    let undefined = Interval::new(-1.0, 1.0).sqrt();
    assert!(!undefined.contains(0.0) && !undefined.smooth && !undefined.abs_slope().contains(0.0));
    assert!((Interval::ONE / across).is_undefined());
    // Nothing that is computed from an undefined number is known, bounded functions and products with 0 included.
    let zero = Interval::point(0.0);
    for bad in [undefined, Interval::ONE / across, Interval::new(-2.0, -1.0).ln()] {
        let later = [
            bad.sin(),
            bad.cos(),
            bad.tan(),
            bad.tanh(),
            bad.logistic(),
            bad.exp(),
            bad.powi(0),
            bad.powi(2),
        ];
        let more = [
            bad * zero,
            zero * bad,
            bad.abs(),
            bad.relu(),
            bad.sign(),
            bad.max(zero),
            bad.huber(Interval::ONE),
        ];
        for value in later.into_iter().chain(more) {
            assert!(value.is_undefined() && !value.smooth, "{bad:?} {value:?}");
        }
    }
    // Huber's function has none at 0: slope x and second derivative 1 inside, and the hull of both across x = d.
    let huber = |box_: Interval, d: f64| -> Dual<Dual<Interval, 1>, 1> {
        let x = Dual { re: Dual { re: box_, eps: [Interval::ONE] }, eps: [Dual::lift(Interval::ONE)] };
        x.huber(Dual::constant(d))
    };
    let inside = huber(across, 1.0);
    assert!(inside.re.re.smooth && inside.eps[0].eps[0].low == 1.0 && inside.eps[0].eps[0].high == 1.0);
    assert!(inside.eps[0].re.low == -0.5 && inside.eps[0].re.high == 0.5);
    let over = huber(across, 0.25);
    assert!(!over.re.re.smooth && over.eps[0].re.low == -0.25 && over.eps[0].re.high == 0.25);
    // The second derivative of |x| on a box across 0 is flagged, the first is Clarke's hull.
    let x = Dual { re: Dual { re: across, eps: [Interval::ONE] }, eps: [Dual::lift(Interval::ONE)] };
    let y: Dual<Dual<Interval, 1>, 1> = x.abs();
    assert!(!y.re.re.smooth && y.eps[0].re.contains(-1.0) && y.eps[0].re.contains(1.0));
}
