//! Formulas in other arithmetics: a throw-away one of four lanes, and intervals.

use dinlab_numeric::Stream;
use dinlab_objective::{build, registry, Dual, Formula, Interval, Options, Scalar, Selection, Tape};
use std::ops::{Add, Div, Mul, Neg, Sub};

/// Four points at once; kinks blend.
#[derive(Debug, Clone, Copy)]
struct Lanes([f64; 4]);

impl Lanes {
    fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self(self.0.map(f))
    }
    fn zip(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        Self(std::array::from_fn(|l| f(self.0[l], other.0[l])))
    }
}

impl Add for Lanes {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
}
impl Sub for Lanes {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
}
impl Mul for Lanes {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }
}
impl Div for Lanes {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        self.zip(other, |a, b| a / b)
    }
}
impl Neg for Lanes {
    type Output = Self;
    fn neg(self) -> Self {
        self.map(|a| -a)
    }
}

impl Scalar for Lanes {
    fn constant(value: f64) -> Self {
        Self([value; 4])
    }
    fn sqrt(self) -> Self {
        self.map(f64::sqrt)
    }
    fn exp(self) -> Self {
        self.map(f64::exp)
    }
    fn ln(self) -> Self {
        self.map(f64::ln)
    }
    fn sin(self) -> Self {
        self.map(f64::sin)
    }
    fn cos(self) -> Self {
        self.map(f64::cos)
    }
    fn tan(self) -> Self {
        self.map(f64::tan)
    }
    fn sinh(self) -> Self {
        self.map(f64::sinh)
    }
    fn cosh(self) -> Self {
        self.map(f64::cosh)
    }
    fn tanh(self) -> Self {
        self.map(f64::tanh)
    }
    fn softplus(self) -> Self {
        self.map(Scalar::softplus)
    }
    fn logistic(self) -> Self {
        self.map(Scalar::logistic)
    }
    fn powi(self, n: i32) -> Self {
        self.map(|a| a.powi(n))
    }
    fn powf(self, p: f64) -> Self {
        self.map(|a| a.powf(p))
    }
    fn pow(self, y: Self) -> Self {
        self.zip(y, f64::powf)
    }
    fn abs(self) -> Self {
        self.map(f64::abs)
    }
    fn abs_slope(self) -> Self {
        blend(self, -1.0, Selection::current().abs)
    }
    fn relu(self) -> Self {
        self.map(|a| if a <= 0.0 { 0.0 } else { a })
    }
    fn relu_slope(self) -> Self {
        blend(self, 0.0, Selection::current().relu)
    }
    fn max(self, other: Self) -> Self {
        self.zip(other, dinlab_numeric::max)
    }
    fn max_weight(self, other: Self) -> Self {
        self.zip(other, |a, b| a.max_weight(b))
    }
    fn min(self, other: Self) -> Self {
        self.zip(other, dinlab_numeric::min)
    }
    fn sign(self) -> Self {
        self.map(Scalar::sign)
    }
}

/// Slope of a kink by blending: no branch depends on a lane.
fn blend(x: Lanes, left: f64, tie: f64) -> Lanes {
    x.map(|a| {
        let slope = if a < 0.0 { left } else { 1.0 };
        let slope = if a == 0.0 { tie } else { slope };
        if a.is_nan() {
            a
        } else {
            slope
        }
    })
}

/// The paper's function as a formula of its own, to run the arithmetics through a formula and not only a tape.
struct Valley;

impl Formula for Valley {
    fn dimension(&self) -> usize {
        2
    }
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        let w = x[1] - x[0].abs();
        S::constant(100.0) * w * w + (S::constant(1.0) - x[0]).abs()
    }
}

/// One of everything that the language has.
const EVERYTHING: &str = "expr:sqrt(1+x^2) + exp(-x^2) + log(2+y^2) + sin(x)*cos(y) + tanh(x*y) + sinh(x/4)*cosh(y/4) \
     + relu(x-y) + max(x, y, 0.3) - min(x, -y) + huber(x-y, 0.4) + softplus(3*x) + pow(1.5+y^2, 1.3) + norm(x, y, 1) \
     + x^3 - y^-2 + sign(x) + abs(y) + 0.1*tan(x/3) + (1+x^2)^y";

fn tapes() -> Vec<(String, Tape)> {
    let names = registry::ALL.iter().flat_map(|entry| entry.examples.iter().copied()).chain([EVERYTHING]);
    let mut tapes: Vec<(String, Tape)> = names
        .map(|name| {
            let objective = build(name, &Options::default()).expect("examples are valid");
            (name.to_owned(), objective.tape().expect("has a tape").clone())
        })
        .collect();
    tapes.push(("valley recorded here".into(), Tape::record(&Valley)));
    tapes
}

/// Points in general position, on kinks, and in between.
fn points(name: &str, n: usize, count: usize) -> Vec<Vec<f64>> {
    let mut stream = Stream::new(7, name, 0);
    (0..count)
        .map(|k| {
            (0..n)
                .map(|_| {
                    let v = stream.uniform(-2.0, 2.0);
                    if k % 4 == 3 {
                        v.round()
                    } else {
                        v
                    }
                })
                .collect()
        })
        .collect()
}

fn lanes_equal_scalars<F: Formula>(name: &str, formula: &F) {
    let n = formula.dimension();
    for four in points(name, n, 16).chunks(4) {
        let packed: Vec<Lanes> = (0..n).map(|i| Lanes(std::array::from_fn(|l| four[l][i]))).collect();
        let value = formula.value(&packed);
        let mut gradient = vec![Lanes::constant(0.0); n];
        formula.gradient(&packed, &mut gradient);
        for (l, x) in four.iter().enumerate() {
            let mut expected = vec![0.0; n];
            formula.gradient(x, &mut expected);
            assert_eq!(value.0[l].to_bits(), formula.value(x).to_bits(), "{name} at {x:?}");
            for i in 0..n {
                assert_eq!(gradient[i].0[l].to_bits(), expected[i].to_bits(), "{name}, d/dx{i} at {x:?}");
            }
        }
    }
}

/// Whether `x`, which floating point computed, may lie in the enclosure of the exact number; NaN ends promise nothing.
fn holds(bounds: Interval, x: f64) -> bool {
    let slack = 1e-12 * (1.0 + x.abs());
    bounds.low.is_nan() || (bounds.low - slack <= x && x <= bounds.high + slack)
}

fn intervals_contain_points<F: Formula>(name: &str, formula: &F) {
    let n = formula.dimension();
    for x in points(name, n, 12) {
        for width in [0.0, 1e-6, 0.1] {
            let boxed: Vec<Interval> =
                x.iter().map(|&v| Interval::new(v - 0.3 * width, v + 0.7 * width)).collect();
            let value = formula.value(&boxed);
            let mut gradient = vec![Interval::constant(0.0); n];
            formula.gradient(&boxed, &mut gradient);
            let (mut found, mut first) = (vec![0.0; n], 0.0);
            for share in [0.0, 0.25, 1.0] {
                let inside: Vec<f64> = boxed.iter().map(|b| b.low + share * (b.high - b.low)).collect();
                let v = formula.value(&inside);
                formula.gradient(&inside, &mut found);
                assert!(holds(value, v), "{name}: {value:?} misses {v} at {inside:?}");
                for (bounds, g) in gradient.iter().zip(&found) {
                    assert!(holds(*bounds, *g), "{name}: {bounds:?} misses {g} at {inside:?}");
                }
                first = v;
            }
            if width == 0.0 && first.is_finite() {
                let thin = value.high - value.low;
                assert!(thin <= 1e-9 * (1.0 + first.abs()), "{name}: width {thin} at a point");
            }
        }
    }
}

#[test]
fn lanes_give_the_bits_of_single_points() {
    for (name, tape) in tapes() {
        lanes_equal_scalars(&name, &tape);
    }
    lanes_equal_scalars("valley by duals over lanes", &Valley);
}

#[test]
fn intervals_contain_values_and_generalised_gradients() {
    for (name, tape) in tapes() {
        intervals_contain_points(&name, &tape);
    }
    intervals_contain_points("valley by duals over intervals", &Valley);
}

#[test]
fn interval_slopes_at_kinks_are_hulls() {
    let across = [Interval::new(-0.1, 0.1), Interval::new(2.0, 2.0)];
    let mut hull = [Interval::constant(0.0); 2];
    Tape::record(&Valley).gradient(&across, &mut hull);
    // d/dx = -200(y - |x|)·s - sign(1 - ...)·(-1): the hull reaches from both one-sided slopes.
    assert!(hull[0].low <= -381.0 && hull[0].high >= 379.0, "{hull:?}");
    let duals = [0, 1].map(|i| Dual::<Interval, 1> {
        re: across[i],
        eps: [Interval::constant(if i == 0 { 1.0 } else { 0.0 })],
    });
    let forward = Valley.value(&duals).eps[0];
    assert!(forward.low <= -381.0 && forward.high >= 379.0, "{forward:?}");
}
