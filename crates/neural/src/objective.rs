//! A network on data as an objective of the workspace: J(θ) = (1/m) Σ ℓ(network(θ, xₙ), yₙ) + (r/2)‖θ‖², a finite sum whose terms carry 1/m inside
//! and share the penalty. Exact Hessian-vector products; tape and kink surfaces where the network is small.

use std::sync::{Arc, OnceLock};

use dinlab_objective::{
    formula::Formula, samples::FiniteSum, samples::SampleOracle, Facts, Objective, Oracle, Regularity,
    Selection, Tape,
};

use crate::{
    architecture,
    data::{self, Part, Targets},
    error::NeuralError,
    evaluate::Evaluator,
    layer::{Activation, Loss},
    network::{Network, Op},
    number::Number,
    reference::{is_covered, Reference},
    tangent::Tangent,
};

/// Tapes of larger networks are not made: every multiplication of every sample would be an operation.
const LARGEST_TAPE: usize = 2_000_000;

/// The objective.
#[derive(Debug)]
pub struct NetworkObjective {
    reference: Reference,
    selection: Selection,
    facts: Facts,
    all: Vec<usize>,
    tape: OnceLock<Tape>,
}

/// Spelling of networks as objectives.
pub const SPELLING: &str = "net:ARCHITECTURE@DATA[@R]";

/// The objective that `net:ARCHITECTURE@DATA[@R]` names (`specification` without `net:`): the training samples of the data with seed 0, cross-entropy for
/// classes and squared loss otherwise, penalty (R/2)‖θ‖².
pub fn build(specification: &str, selection: Selection) -> Result<NetworkObjective, NeuralError> {
    let refused = || {
        NeuralError::Arguments {
        what: "objective",
        given: format!("net:{}", specification.chars().take(60).collect::<String>()),
        expected: format!("{SPELLING}, such as net:mlp:4,tanh@two-moons:40 or net:linear@digits@0.01 (R a finite number >= 0)"),
    }
    };
    let mut parts = specification.split('@');
    let (Some(network), Some(name), penalty, None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(refused());
    };
    let penalty = penalty.map_or(Ok(0.0), str::parse::<f64>).ok().filter(|r| *r >= 0.0 && r.is_finite());
    let penalty = penalty.ok_or_else(refused)?;
    let part = Arc::new(data::load(name, 0)?.train);
    let network = Arc::new(architecture::build(network, &part)?);
    let loss = match part.targets {
        Targets::Classes { .. } => Loss::CrossEntropy,
        Targets::Values { .. } => Loss::Squared,
    };
    Ok(NetworkObjective::new(format!("net:{specification}"), network, part, loss, penalty, selection))
}

impl NetworkObjective {
    /// The objective of a network on samples. Panics if they do not fit: `Plan::validate` or `architecture::build` say so beforehand.
    pub fn new(
        name: impl Into<String>,
        network: Arc<Network>,
        part: Arc<Part>,
        loss: Loss,
        penalty: f64,
        selection: Selection,
    ) -> Self {
        assert_eq!((network.input(), network.outputs()), (part.shape, part.outputs()), "network and samples");
        let formula = r"\frac1m\sum_{n=1}^m\ell(f_\theta(x_n),y_n)+\frac r2\|\theta\|^2";
        let mut facts = Facts::unknown(name, formula, network.parameters());
        let has = |wanted: &dyn Fn(Op) -> bool| network.stages().iter().any(|stage| wanted(stage.op));
        facts.regularity = if network.has_kinks() {
            Regularity::Lipschitz
        } else if has(&|op| op == Op::Activation(Activation::Sqnl)) {
            Regularity::ContinuouslyDifferentiable
        } else {
            Regularity::Smooth
        };
        // Everything is definable with exp; a single dense layer under either loss is convex in its weights.
        facts.tame = true;
        facts.convex = network.stages().iter().all(|stage| matches!(stage.op, Op::Flatten | Op::Dense))
            && network.stages().iter().filter(|stage| stage.op == Op::Dense).count() == 1;
        facts.coercive = penalty > 0.0;
        facts.source = "network and data given by name".into();
        for stage in network.stages() {
            match stage.op {
                Op::Activation(kind) if kind.has_kink() => {
                    facts.kinks.push(format!(
                        "layer {}: a pre-activation of {} is 0 at some sample",
                        stage.layer + 1,
                        kind.name()
                    ));
                }
                Op::MaxPool(_) => facts
                    .kinks
                    .push(format!("layer {}: two numbers of a window tie at some sample", stage.layer + 1)),
                _ => {}
            }
        }
        let all = (0..part.len()).collect();
        let reference = Reference { network, part, loss, penalty };
        Self { reference, selection, facts, all, tape: OnceLock::new() }
    }

    /// The network.
    pub fn network(&self) -> &Arc<Network> {
        &self.reference.network
    }

    fn passes(&self) -> Passes<'_> {
        let Reference { network, part, loss, .. } = &self.reference;
        let most = part.len();
        Passes {
            objective: self,
            plain: Evaluator::new(network.clone(), *loss, self.selection, most),
            lifted: None,
            most,
        }
    }
}

/// Scratch of one thread.
struct Passes<'a> {
    objective: &'a NetworkObjective,
    plain: Evaluator<f64>,
    /// Made when a Hessian-vector product is first asked for.
    lifted: Option<Lifted>,
    most: usize,
}

struct Lifted {
    evaluator: Evaluator<Tangent<f64>>,
    point: Vec<Tangent<f64>>,
    image: Vec<Tangent<f64>>,
}

impl Passes<'_> {
    fn share(&self, batch: &[usize]) -> f64 {
        batch.len() as f64 / self.objective.all.len() as f64
    }

    /// Σ over the batch, times 1/m, with the batch's share of the penalty.
    fn sum(&mut self, batch: &[usize], x: &[f64]) -> f64 {
        let Reference { part, penalty, .. } = &self.objective.reference;
        let sums = self.plain.sums(part, batch, x);
        self.with_penalty(sums.loss, *penalty, batch, x)
    }

    fn with_penalty(&self, loss: f64, penalty: f64, batch: &[usize], x: &[f64]) -> f64 {
        loss / self.objective.all.len() as f64 + 0.5 * penalty * self.share(batch) * dinlab_numeric::dot(x, x)
    }

    fn slope(&mut self, batch: &[usize], x: &[f64], out: &mut [f64]) -> f64 {
        let Reference { part, penalty, .. } = &self.objective.reference;
        let factor = 1.0 / self.objective.all.len() as f64;
        let sums = self.plain.gradient(part, batch, x, factor, out);
        let r = penalty * self.share(batch);
        if r > 0.0 {
            dinlab_numeric::axpy(r, x, out);
        }
        self.with_penalty(sums.loss, *penalty, batch, x)
    }

    fn curvature(&mut self, batch: &[usize], x: &[f64], direction: &[f64], out: &mut [f64]) {
        let Reference { network, part, loss, penalty } = &self.objective.reference;
        let (selection, most) = (self.objective.selection, self.most);
        let lifted = self.lifted.get_or_insert_with(|| Lifted {
            evaluator: Evaluator::new(network.clone(), *loss, selection, most),
            point: vec![Tangent::ZERO; x.len()],
            image: vec![Tangent::ZERO; x.len()],
        });
        for ((point, &x), &d) in lifted.point.iter_mut().zip(x).zip(direction) {
            *point = Tangent::new(x, d);
        }
        let factor = 1.0 / self.objective.all.len() as f64;
        lifted.evaluator.gradient(part, batch, &lifted.point, factor, &mut lifted.image);
        let r = penalty * batch.len() as f64 * factor;
        for ((out, image), &d) in out.iter_mut().zip(&lifted.image).zip(direction) {
            *out = image.eps + r * d;
        }
    }
}

impl Oracle for Passes<'_> {
    fn dimension(&self) -> usize {
        self.objective.facts.dimension
    }
    fn value(&mut self, x: &[f64]) -> f64 {
        self.sum(&self.objective.all, x)
    }
    fn gradient(&mut self, x: &[f64], out: &mut [f64]) {
        self.slope(&self.objective.all, x, out);
    }
    fn hessian_vector(&mut self, x: &[f64], direction: &[f64], out: &mut [f64]) {
        self.curvature(&self.objective.all, x, direction, out);
    }
    fn value_gradient(&mut self, x: &[f64], out: &mut [f64]) -> f64 {
        self.slope(&self.objective.all, x, out)
    }
}

impl SampleOracle for Passes<'_> {
    fn value(&mut self, batch: &[usize], x: &[f64]) -> f64 {
        self.sum(batch, x)
    }
    fn gradient(&mut self, batch: &[usize], x: &[f64], out: &mut [f64]) {
        self.slope(batch, x, out);
    }
    fn hessian_vector(&mut self, batch: &[usize], x: &[f64], direction: &[f64], out: &mut [f64]) {
        self.curvature(batch, x, direction, out);
    }
}

impl Objective for NetworkObjective {
    fn facts(&self) -> &Facts {
        &self.facts
    }
    fn oracle(&self) -> Box<dyn Oracle + '_> {
        Box::new(self.passes())
    }
    fn selection(&self) -> Selection {
        self.selection
    }
    fn gradient_from_value(&self, x: &[f64]) -> Option<Vec<f64>> {
        if !is_covered(&self.reference.network) {
            return None;
        }
        let mut out = vec![0.0; x.len()];
        self.selection.during(|| self.reference.gradient(x, &mut out));
        Some(out)
    }
    fn tape(&self) -> Option<&Tape> {
        let Reference { network, part, .. } = &self.reference;
        let small = network.multiplications().saturating_mul(part.len()) <= LARGEST_TAPE;
        (small && is_covered(network)).then(|| self.tape.get_or_init(|| Tape::record(&self.reference)))
    }
    fn samples(&self) -> Option<&dyn FiniteSum> {
        // A term without a tape is no term of a finite sum in the sense of `FiniteSum`.
        is_covered(&self.reference.network).then_some(self as &dyn FiniteSum)
    }
}

impl FiniteSum for NetworkObjective {
    fn count(&self) -> usize {
        self.all.len()
    }
    fn oracle(&self) -> Box<dyn SampleOracle + '_> {
        Box::new(self.passes())
    }
    fn tape(&self, n: usize) -> Tape {
        Tape::record(&Term { reference: &self.reference, n })
    }
}

struct Term<'a> {
    reference: &'a Reference,
    n: usize,
}

impl Formula for Term<'_> {
    fn dimension(&self) -> usize {
        self.reference.dimension()
    }
    fn value<S: dinlab_objective::Scalar>(&self, x: &[S]) -> S {
        dinlab_objective::samples::Terms::term(self.reference, self.n, x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dinlab_numeric::{distance, norm, Stream};

    fn objective() -> NetworkObjective {
        build("mlp:4,relu@two-moons:30@0.1", Selection::default()).unwrap()
    }

    #[test]
    fn oracle_terms_and_tape_agree() {
        let objective = objective();
        let n = objective.dimension();
        let x = Stream::new(1, "objective", 0).normals(n);
        let mut gradient = vec![0.0; n];
        let value = Objective::oracle(&objective).value_gradient(&x, &mut gradient);
        let reference = objective.gradient_from_value(&x).unwrap();
        assert!(distance(&gradient, &reference) < 1e-13 * (1.0 + norm(&reference)));
        // The terms add up to J, and their gradients to the gradient.
        let samples = objective.samples().unwrap();
        let mut oracle = samples.oracle();
        let (mut total, mut sum) = (0.0, vec![0.0; n]);
        let mut one = vec![0.0; n];
        for term in 0..samples.count() {
            total += oracle.value(&[term], &x);
            oracle.gradient(&[term], &x, &mut one);
            dinlab_numeric::axpy(1.0, &one, &mut sum);
        }
        assert!((total - value).abs() < 1e-13 * value && distance(&sum, &gradient) < 1e-13 * norm(&gradient));
        assert_eq!(Objective::tape(&objective).map(Tape::dimension), Some(n));
        assert_eq!(samples.tape(3).dimension(), n);
    }

    #[test]
    fn curvature_is_the_limit_of_differences_and_symmetric() {
        let objective = build("mlp:5,tanh@two-moons:30@0.1", Selection::default()).unwrap();
        let n = objective.dimension();
        let mut stream = Stream::new(2, "curvature", 0);
        let (x, v, w) = (stream.normals(n), stream.normals(n), stream.normals(n));
        let mut oracle = Objective::oracle(&objective);
        let (mut hv, mut hw) = (vec![0.0; n], vec![0.0; n]);
        oracle.hessian_vector(&x, &v, &mut hv);
        oracle.hessian_vector(&x, &w, &mut hw);
        let (a, b) = (dinlab_numeric::dot(&hv, &w), dinlab_numeric::dot(&hw, &v));
        assert!((a - b).abs() < 1e-12 * (1.0 + a.abs()));
        let at = |h: f64| -> Vec<f64> { x.iter().zip(&v).map(|(x, v)| x + h * v).collect() };
        let (mut right, mut left) = (vec![0.0; n], vec![0.0; n]);
        let h = 1e-5;
        oracle.gradient(&at(h), &mut right);
        oracle.gradient(&at(-h), &mut left);
        let quotient: Vec<f64> = right.iter().zip(&left).map(|(r, l)| (r - l) / (2.0 * h)).collect();
        // h² times third derivatives of size one, and rounding ε/h.
        assert!(distance(&quotient, &hv) < 1e-8 * (1.0 + norm(&hv)), "{}", distance(&quotient, &hv));
    }

    #[test]
    fn spellings_are_checked() {
        for bad in ["mlp:4", "mlp:4@two-moons@-1", "mlp:4@two-moons@x", "mlp:4@two-moons@1@2", ""] {
            assert!(matches!(build(bad, Selection::default()), Err(NeuralError::Arguments { .. })), "{bad}");
        }
        assert!(matches!(build("mlp:4@moons", Selection::default()), Err(NeuralError::Unknown { .. })));
        assert!(build("linear@digits@0.01", Selection::default()).unwrap().facts().convex);
        assert_eq!(objective().facts().kinks.len(), 1);
    }
}
