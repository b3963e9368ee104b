//! Every layer's passes against the plain reference: values, generalised gradients (on and off kinks, for several selections) and Hessian-vector
//! products by dual numbers, and gradients by differences.

#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

use std::sync::Arc;

use dinlab_neural::{
    reference, Activation, Evaluator, Layer, Loss, Network, Number, Part, Reference, Shape, Tangent, Targets,
    Window,
};
use dinlab_numeric::{norm_inf, Stream};
use dinlab_objective::{samples::Terms, Dual, Formula, Selection};

struct Case {
    name: &'static str,
    input: Shape,
    layers: Vec<Layer>,
    loss: Loss,
}

fn window(size: [usize; 2], stride: [usize; 2], padding: [usize; 2]) -> Window {
    Window { size, stride, padding }
}

fn act(kind: Activation) -> Layer {
    Layer::Activation(kind)
}

/// Every kind of layer, with strides, paddings and sizes that are not square.
fn cases() -> Vec<Case> {
    use Activation::{LeakyRelu, Relu, Sigmoid, Softplus, Sqnl, Tanh};
    let dense = |outputs| Layer::Dense { outputs };
    let conv = |channels, window| Layer::Convolution { channels, window };
    let image = Shape::new(2, 5, 6);
    let case = |name, input, layers, loss| Case { name, input, layers, loss };
    let odd = window([3, 2], [2, 1], [1, 0]);
    vec![
        case("dense", Shape::vector(4), vec![dense(3)], Loss::CrossEntropy),
        case("dense, squared", Shape::vector(4), vec![dense(3), act(Tanh), dense(3)], Loss::Squared),
        case(
            "relu",
            Shape::vector(3),
            vec![dense(5), act(Relu), dense(4), act(Relu), dense(3)],
            Loss::CrossEntropy,
        ),
        case("leaky relu", Shape::vector(3), vec![dense(5), act(LeakyRelu), dense(3)], Loss::CrossEntropy),
        case("sigmoid", Shape::vector(3), vec![dense(5), act(Sigmoid), dense(3)], Loss::CrossEntropy),
        case("softplus", Shape::vector(3), vec![dense(5), act(Softplus), dense(3)], Loss::Squared),
        case("sqnl", Shape::vector(3), vec![dense(9), act(Sqnl), dense(3)], Loss::CrossEntropy),
        case("convolution", image, vec![conv(3, odd), act(Tanh), dense(3)], Loss::CrossEntropy),
        case(
            "two convolutions",
            image,
            vec![
                conv(2, Window::square(3, 1, 1)),
                act(Relu),
                conv(3, Window::square(2, 2, 0)),
                act(Relu),
                dense(3),
            ],
            Loss::CrossEntropy,
        ),
        case(
            "pointwise",
            image,
            vec![conv(3, Window::square(1, 1, 0)), act(Relu), conv(2, Window::square(1, 1, 0)), dense(3)],
            Loss::CrossEntropy,
        ),
        case(
            "max pool",
            image,
            vec![conv(2, Window::square(2, 1, 1)), Layer::MaxPool(window([3, 2], [2, 2], [1, 0])), dense(3)],
            Loss::CrossEntropy,
        ),
        case(
            "overlapping max pool",
            image,
            vec![
                conv(2, Window::square(2, 1, 1)),
                act(Relu),
                Layer::MaxPool(Window::square(3, 2, 1)),
                dense(3),
            ],
            Loss::CrossEntropy,
        ),
        case(
            "average pool",
            image,
            vec![conv(2, Window::square(2, 1, 1)), Layer::AveragePool(Window::square(3, 2, 1)), dense(3)],
            Loss::CrossEntropy,
        ),
        case(
            "global average",
            image,
            vec![conv(3, Window::square(2, 1, 0)), act(Tanh), Layer::GlobalAverage],
            Loss::CrossEntropy,
        ),
        case(
            "normalise",
            image,
            vec![conv(4, Window::square(2, 1, 0)), Layer::Normalise { groups: 2 }, act(Tanh), dense(3)],
            Loss::CrossEntropy,
        ),
        case(
            "residual",
            image,
            vec![
                conv(2, Window::square(3, 1, 1)),
                Layer::Residual(vec![
                    Layer::Normalise { groups: 1 },
                    act(Relu),
                    conv(2, Window::square(3, 1, 1)),
                    Layer::Residual(vec![conv(2, Window::square(1, 1, 0)), act(Softplus)]),
                ]),
                act(Relu),
                Layer::GlobalAverage,
                dense(3),
            ],
            Loss::CrossEntropy,
        ),
    ]
}

struct Setup {
    network: Arc<Network>,
    part: Arc<Part>,
    loss: Loss,
    reference: Reference,
}

/// Eleven samples: one chunk and a rest. Numbers come from `draw`.
fn setup(case: &Case, draw: &mut dyn FnMut() -> f64) -> Setup {
    let network = Arc::new(Network::new(case.name, case.input, case.layers.clone()).unwrap());
    let count = 11;
    let inputs = (0..count * case.input.len()).map(|_| draw() as f32).collect();
    let labels = (0..count).map(|i| (i * i % 3) as u32).collect();
    let part = Arc::new(Part { shape: case.input, inputs, targets: Targets::Classes { labels, count: 3 } });
    let reference = Reference { network: network.clone(), part: part.clone(), loss: case.loss, penalty: 0.0 };
    Setup { network, part, loss: case.loss, reference }
}

/// Rounding of sums of at most some hundred products through at most ten layers.
fn budget(scale: f64) -> f64 {
    1e4 * f64::EPSILON * (1.0 + scale)
}

fn compare(setup: &Setup, theta: &[f64], selection: Selection, what: &str) {
    let count = setup.part.len();
    let all: Vec<usize> = (0..count).collect();
    let mut evaluator = Evaluator::<f64>::new(setup.network.clone(), setup.loss, selection, count);
    let mut gradient = vec![0.0; theta.len()];
    let sums = evaluator.gradient(&setup.part, &all, theta, 1.0 / count as f64, &mut gradient);
    let value = setup.reference.value(theta);
    assert!((sums.loss / count as f64 - value).abs() <= budget(value), "{what}: value {} {value}", sums.loss);
    let mut expected = vec![0.0; theta.len()];
    selection.during(|| setup.reference.gradient(theta, &mut expected));
    let difference: Vec<f64> = gradient.iter().zip(&expected).map(|(a, b)| a - b).collect();
    assert!(norm_inf(&difference) <= budget(norm_inf(&expected)), "{what}, {selection}: {difference:?}");
    // One sample alone is its term (1/m inside).
    let mut one = vec![0.0; theta.len()];
    evaluator.gradient(&setup.part, &[4], theta, 1.0 / count as f64, &mut one);
    let mut term = vec![0.0; theta.len()];
    selection.during(|| setup.reference.add_term_gradient(4, theta, &mut term));
    let difference: Vec<f64> = one.iter().zip(&term).map(|(a, b)| a - b).collect();
    assert!(norm_inf(&difference) <= budget(norm_inf(&term)), "{what}: sample 4");
}

fn hessian_vector(
    setup: &Setup,
    theta: &[f64],
    direction: &[f64],
    selection: Selection,
) -> (Vec<f64>, Vec<f64>) {
    let count = setup.part.len();
    let all: Vec<usize> = (0..count).collect();
    let lifted: Vec<Tangent<f64>> = theta.iter().zip(direction).map(|(&t, &d)| Tangent::new(t, d)).collect();
    let mut evaluator = Evaluator::<Tangent<f64>>::new(setup.network.clone(), setup.loss, selection, count);
    let mut out = vec![Tangent::ZERO; theta.len()];
    evaluator.gradient(&setup.part, &all, &lifted, 1.0 / count as f64, &mut out);
    let point: Vec<Dual<f64, 1>> =
        theta.iter().zip(direction).map(|(&re, &d)| Dual { re, eps: [d] }).collect();
    let mut image = vec![Dual { re: 0.0, eps: [0.0] }; theta.len()];
    selection.during(|| setup.reference.gradient(&point, &mut image));
    (out.iter().map(|t| t.eps).collect(), image.iter().map(|d| d.eps[0]).collect())
}

#[test]
fn passes_are_those_of_the_reference_off_kinks() {
    for (index, case) in cases().iter().enumerate() {
        let mut stream = Stream::new(1, "gradients", index as u64);
        let setup = setup(case, &mut || stream.normal());
        let theta: Vec<f64> = stream.normals(setup.network.parameters()).iter().map(|v| 0.7 * v).collect();
        compare(&setup, &theta, Selection::default(), case.name);
        let direction = stream.normals(theta.len());
        let (found, expected) = hessian_vector(&setup, &theta, &direction, Selection::default());
        let difference: Vec<f64> = found.iter().zip(&expected).map(|(a, b)| a - b).collect();
        assert!(norm_inf(&difference) <= budget(norm_inf(&expected)), "{}: {difference:?}", case.name);
        assert!(norm_inf(&expected) > 1e-3, "{}: nothing to compare", case.name);
    }
}

/// Small whole numbers put many pre-activations at 0 and many windows at ties, exactly in every arithmetic.
#[test]
fn passes_are_those_of_the_reference_on_kinks() {
    let selections = [(0.0, 0.5), (1.0, 1.0), (0.25, 0.0), (7.0, 0.3)];
    for (index, case) in cases().iter().enumerate() {
        // Normalisation of equal numbers divides rounding errors by the root of ε: no exact ties behind it.
        if case.name == "residual" {
            continue;
        }
        let mut stream = Stream::new(2, "kinks", index as u64);
        let setup = setup(case, &mut || stream.below(3) as f64 - 1.0);
        let theta: Vec<f64> = (0..setup.network.parameters()).map(|_| stream.below(3) as f64 - 1.0).collect();
        let mut gradients = Vec::new();
        for (relu, max) in selections {
            let selection = Selection { abs: 0.0, relu, max };
            compare(&setup, &theta, selection, case.name);
            // Not twice differentiable at 0 and ±2, though without a kink: there is nothing to select.
            if case.name == "sqnl" {
                continue;
            }
            let direction = stream.normals(theta.len());
            let (found, expected) = hessian_vector(&setup, &theta, &direction, selection);
            let difference: Vec<f64> = found.iter().zip(&expected).map(|(a, b)| a - b).collect();
            assert!(norm_inf(&difference) <= budget(norm_inf(&expected)), "{} Hessian", case.name);
            let mut gradient = vec![0.0; theta.len()];
            selection.during(|| setup.reference.gradient(&theta, &mut gradient));
            gradients.push(gradient);
        }
        // The comparison means something only where the selection matters.
        if setup.network.has_kinks() {
            assert!(gradients.windows(2).all(|pair| pair[0] != pair[1]), "{}: no kink was hit", case.name);
        }
    }
}

/// Central differences of the value have an error of order h² until rounding takes over: a tenth of h makes it a hundredth. Where there are
/// kinks, the difference over a short segment that meets none of them is exact up to rounding.
#[test]
fn gradients_are_limits_of_differences() {
    let mut all = cases();
    let gelu = vec![Layer::Dense { outputs: 6 }, act(Activation::Gelu), Layer::Dense { outputs: 3 }];
    all.push(Case { name: "gelu", input: Shape::vector(3), layers: gelu, loss: Loss::CrossEntropy });
    for (index, case) in all.iter().enumerate() {
        let mut stream = Stream::new(3, "differences", index as u64);
        let setup = setup(case, &mut || stream.normal());
        let theta: Vec<f64> = stream.normals(setup.network.parameters()).iter().map(|v| 0.5 * v).collect();
        let direction = stream.normals(theta.len());
        let every: Vec<usize> = (0..setup.part.len()).collect();
        let mut evaluator =
            Evaluator::<f64>::new(setup.network.clone(), setup.loss, Selection::default(), every.len());
        let mut gradient = vec![0.0; theta.len()];
        evaluator.gradient(&setup.part, &every, &theta, 1.0, &mut gradient);
        let slope = dinlab_numeric::dot(&gradient, &direction);
        let mut difference = |h: f64| {
            let at = |sign: f64| -> Vec<f64> {
                theta.iter().zip(&direction).map(|(t, d)| t + sign * h * d).collect()
            };
            (evaluator.sums(&setup.part, &every, &at(1.0)).loss
                - evaluator.sums(&setup.part, &every, &at(-1.0)).loss)
                / (2.0 * h)
        };
        // Rounding of the differences: values of size 10, divided by 2h.
        let rounding = |h: f64| 100.0 * f64::EPSILON * 10.0 / h;
        if setup.network.has_kinks() {
            // Few segments of length 10⁻⁶ meet a kink; none of these does.
            let error = (difference(1e-6) - slope).abs();
            assert!(error <= rounding(1e-6), "{}: {error:e}", case.name);
        } else {
            let (coarse, fine) = ((difference(1e-3) - slope).abs(), (difference(1e-4) - slope).abs());
            assert!(fine <= coarse / 50.0 + rounding(1e-4), "{}: {coarse:e} {fine:e}", case.name);
        }
        if case.name == "gelu" {
            let (found, _) = hessian_vector_of(&setup, &theta, &direction);
            let mut at = |h: f64| {
                let moved: Vec<f64> = theta.iter().zip(&direction).map(|(t, d)| t + h * d).collect();
                let mut out = vec![0.0; theta.len()];
                evaluator.gradient(&setup.part, &every, &moved, 1.0, &mut out);
                out
            };
            let (right, left) = (at(1e-4), at(-1e-4));
            for i in 0..theta.len() {
                let quotient = (right[i] - left[i]) / 2e-4;
                assert!(
                    (quotient - found[i]).abs() < 1e-5 * (1.0 + norm_inf(&found)),
                    "gelu: {quotient} {}",
                    found[i]
                );
            }
        }
    }
}

fn hessian_vector_of(setup: &Setup, theta: &[f64], direction: &[f64]) -> (Vec<f64>, ()) {
    let every: Vec<usize> = (0..setup.part.len()).collect();
    let lifted: Vec<Tangent<f64>> = theta.iter().zip(direction).map(|(&t, &d)| Tangent::new(t, d)).collect();
    let mut evaluator =
        Evaluator::<Tangent<f64>>::new(setup.network.clone(), setup.loss, Selection::default(), every.len());
    let mut out = vec![Tangent::ZERO; theta.len()];
    evaluator.gradient(&setup.part, &every, &lifted, 1.0, &mut out);
    (out.iter().map(|t| t.eps).collect(), ())
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let case = &cases()[8];
    let mut stream = Stream::new(4, "threads", 0);
    let setup = setup(case, &mut || stream.normal());
    let theta: Vec<f32> = (0..setup.network.parameters()).map(|_| stream.normal() as f32).collect();
    // 200 samples: more chunks than lanes.
    let which: Vec<usize> = (0..200).map(|_| stream.below(setup.part.len())).collect();
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut evaluator =
                Evaluator::<f32>::new(setup.network.clone(), setup.loss, Selection::default(), which.len());
            let mut gradient = vec![0.0_f32; theta.len()];
            let sums = evaluator.gradient(&setup.part, &which, &theta, 1.0, &mut gradient);
            (sums, gradient)
        })
    };
    let one = with(1);
    for threads in [2, 3, 5] {
        assert_eq!(with(threads), one, "{threads} threads");
    }
    // Fewer lanes of memory give the same sums up to rounding only, but a fixed number of them always the same.
    assert!(one.1.iter().any(|g| *g != 0.0));
}

#[test]
fn not_a_number_reaches_the_loss_through_every_layer() {
    for case in cases() {
        let mut stream = Stream::new(5, "nan", 0);
        let setup = setup(&case, &mut || stream.normal());
        let every: Vec<usize> = (0..setup.part.len()).collect();
        let theta = stream.normals(setup.network.parameters());
        let mut evaluator =
            Evaluator::<f64>::new(setup.network.clone(), setup.loss, Selection::default(), every.len());
        for value in [f64::NAN, f64::INFINITY] {
            let mut bad = theta.clone();
            bad[0] = value;
            let loss = evaluator.sums(&setup.part, &every, &bad).loss;
            // Infinite weights may saturate an activation; NaN never disappears.
            assert!(value.is_infinite() || loss.is_nan(), "{}: {loss}", case.name);
        }
    }
}

#[test]
fn the_reference_knows_what_it_covers() {
    let network =
        |kind| Network::new("", Shape::vector(2), vec![Layer::Dense { outputs: 2 }, act(kind)]).unwrap();
    assert!(
        reference::is_covered(&network(Activation::Relu))
            && !reference::is_covered(&network(Activation::Gelu))
    );
}
