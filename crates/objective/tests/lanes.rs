//! Lanes against `f64`: the same bits on every vector unit that this processor has, for every registered formula, for
//! expressions, at ties, and for numbers that are not finite.

use dinlab_numeric::Stream;
use dinlab_objective::{
    build,
    lanes::{each, Kernel, Vector},
    registry::{self, visit, Visit},
    tape::{Block, LANES},
    Formula, Options, Scalar, Selection,
};

/// Equal numbers; NaN equals NaN, and the signs of zeros do not count (`oracle` clears them).
fn same(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan())
}

/// Points that include kinks, ties, huge and undefined numbers.
fn points(n: usize, seed: u64) -> Vec<Block> {
    let mut stream = Stream::new(seed, "lanes", 0);
    let special = [0.0, -0.0, 1.0, -1.0, 0.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e-300];
    let mut blocks = vec![[0.0; LANES]; n];
    for block in &mut blocks {
        for x in block.iter_mut() {
            *x = stream.uniform(-3.0, 3.0);
        }
        for &value in &special {
            block[stream.below(LANES)] = value;
        }
    }
    blocks
}

#[test]
fn block_oracles_have_the_bits_of_the_scalar_oracle() {
    let expressions = [
        "expr:100*(y-abs(x))^2+abs(1-x)",
        "expr:max(x,y)+min(x,2*y)+relu(x-y)+sign(x)+huber(x,1)+norm(x,y)",
        "expr:exp(-x^2)*sin(y)+x^5/(1+y^2)-tanh(x*y)+softplus(x)+sqrt(1+x^2)+cosh(y/3)+x^(-3)",
        // Results that several operations read, the same derivative twice, a variable as a derivative, none, and two norms
        // that share an operand.
        "expr:(x*y+z)*(x*y-z)/(2+sin(x*y))+(x*y+z)^3",
        "expr:abs(x+y)+abs(x-y)*abs(x+y)+x*y",
        "expr:x*y+0*z",
        "expr:norm(x,y*z,1)*norm(x*z,y*z)+max(x*y,z)/norm(x,y)+huber(x*y,abs(z))+abs(x)^abs(y)",
        "expr:log(x)+log(1+abs(y))-1/(x-y)",
    ];
    let names = registry::ALL.iter().flat_map(|entry| entry.examples.iter().copied()).chain(expressions);
    for selection in [Selection::DEFAULT, Selection { abs: -0.5, relu: 0.25, max: 1.0 }] {
        for name in names.clone() {
            let objective = build(name, &Options { selection, variables: None }).unwrap();
            let n = objective.dimension();
            if n > 70 {
                continue;
            }
            let (mut blocks, mut oracle) = (objective.blocks(), objective.oracle());
            let x = points(n, 1);
            let (mut values, mut gradients) = ([0.0; LANES], vec![[0.0; LANES]; n]);
            blocks.values(&x, &mut values);
            blocks.gradients(&x, &mut gradients);
            let mut v = vec![0.0; n];
            for lane in 0..LANES {
                let point: Vec<f64> = x.iter().map(|block| block[lane]).collect();
                let value = oracle.value(&point);
                assert!(same(value, values[lane]), "{name} at {point:?}: {value} {}", values[lane]);
                oracle.gradient(&point, &mut v);
                for i in 0..n {
                    assert!(
                        same(v[i], gradients[i][lane]),
                        "{name} at {point:?}: {v:?} {}",
                        gradients[i][lane]
                    );
                }
            }
        }
    }
}

/// All operations on the lanes of two blocks.
#[derive(Clone)]
struct Operations<'a>(&'a Block, &'a Block);

fn operations<S: Scalar>(a: S, b: S) -> Vec<S> {
    vec![
        a + b,
        a - b,
        a * b,
        a / b,
        -a,
        a.sqrt(),
        a.exp(),
        a.powi(3),
        a.powi(-2),
        a.powi(0),
        a.powf(1.5),
        a.abs(),
        a.abs_slope(),
        a.relu(),
        a.relu_slope(),
        a.max(b),
        a.min(b),
        a.max_weight(b),
        a.max_weight(a),
        a.sign(),
        a.huber(b),
        S::norm(&[a, b]),
        a.logistic(),
    ]
}

impl Kernel for Operations<'_> {
    type Output = Vec<Block>;
    #[inline(always)]
    fn run<V: Vector>(self) -> Vec<Block> {
        let mut out = vec![[0.0; LANES]; operations(0.0, 0.0).len()];
        for c in (0..LANES).step_by(V::LANES) {
            let found = operations(V::load(&self.0[c..]), V::load(&self.1[c..]));
            found.into_iter().zip(&mut out).for_each(|(v, block)| v.store(&mut block[c..]));
        }
        out
    }
}

#[test]
fn operations_have_the_bits_of_f64_on_every_vector_unit() {
    for seed in 0..20 {
        let x = points(2, seed);
        for (unit, found) in each(&Operations(&x[0], &x[1])).into_iter().enumerate() {
            for lane in 0..LANES {
                let (a, b) = (x[0][lane], x[1][lane]);
                for (i, expected) in operations(a, b).into_iter().enumerate() {
                    assert!(same(found[i][lane], expected), "unit {unit}, operation {i}: {a} {b} {expected}");
                }
            }
        }
    }
}

struct Dimension;

impl Visit for Dimension {
    type Output = usize;
    fn visit<F: Formula>(self, formula: &F, _: Selection) -> usize {
        formula.dimension()
    }
}

#[test]
fn registered_formulas_can_be_visited() {
    let known = |name: &str| visit(&*build(name, &Options::default()).unwrap(), Dimension);
    assert_eq!((known("valley"), known("quadratic:1,2,3"), known("cosines")), (Some(2), Some(3), Some(2)));
    assert_eq!((known("expr:x^2"), known("digits-logistic")), (None, None));
}
