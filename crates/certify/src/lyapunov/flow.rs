//! DIN in continuous time: θ′ = u − βg, u′ = −αu − (1 − αβ)g, g = ∇f(θ). With V = (θ − θ*, u)P(θ − θ*, u)ᵀ + p(f − f*),
//! V′ = … + p⟨g, u − βg⟩, sought are λ, ν ≥ 0 with −V′ − 2rV − ΣλQ ⪰ 0 and V − ‖θ − θ*‖² − ΣνQ ⪰ 0; then
//! ‖θ(t) − θ*‖² ≤ e^{−2rt}V(0). Gradient flow is α = 0 … with u ≡ 0; the heavy ball with friction is β = 0.
//! (Fazlyab, Ribeiro, Morari, Preciado, SIAM J. Optim. 28, 2018; Moucer, Taylor, Bach, SIAM J. Optim. 33, 2023, for p and
//! interpolation.)

use super::{
    discrete::{add, pair},
    Condition,
};
use crate::{
    class::{Class, Point},
    expression::{Expression, Vector},
    lmi::{Block, Equation, Lmi, Symmetric},
    number::{Number, Rational},
};

/// A flow.
#[derive(Debug, Clone, PartialEq)]
pub enum Flow {
    /// θ′ = −∇f(θ).
    Gradient,
    /// DIN with α, β ≥ 0.
    Din {
        /// α.
        alpha: Rational,
        /// β.
        beta: Rational,
    },
}

/// The inequality at rate r. Variables: P (1 or 3 entries), p, λ of (θ, *) and (*, θ), ν of the same.
pub fn inequality<S: Number>(flow: &Flow, class: &Condition, rate: &Rational) -> Lmi<S> {
    let interpolation = Class::SmoothStronglyConvex {
        convexity: class.convexity.clone(),
        smoothness: class.smoothness.clone(),
    };
    let one = S::whole(1);
    // Basis: θ, [u,] g.
    let (states, size) = match flow {
        Flow::Gradient => (1, 2),
        Flow::Din { .. } => (2, 3),
    };
    let g: Vector<S> = Vector::basis(size - 1);
    let theta: Vector<S> = Vector::basis(0);
    let (state, velocity): (Vec<Vector<S>>, Vec<Vector<S>>) = match flow {
        Flow::Gradient => (vec![theta.clone()], vec![g.scaled(&S::whole(-1))]),
        Flow::Din { alpha, beta } => {
            let u: Vector<S> = Vector::basis(1);
            let moved = u.plus(&S::of(beta).negated(), &g);
            let slowed = u.scaled(&S::of(alpha).negated()).plus(&S::of(&(alpha * beta - Rational::ONE)), &g);
            (vec![theta.clone(), u], vec![moved, slowed])
        }
    };
    let l = crate::rational::float(&class.smoothness);
    let units = match flow {
        Flow::Gradient => vec![1.0, l],
        Flow::Din { .. } => vec![1.0, l.sqrt(), l],
    };
    let block = |name: &str| Block {
        name: name.to_owned(),
        size,
        units: units.clone(),
        constant: Symmetric::new(),
        terms: Vec::new(),
    };
    let (mut decrease, mut positive) = (block("decrease of V"), block("positivity of V"));
    positive.constant.insert((0, 0), S::whole(-1));
    let empty = || Equation { terms: Vec::new(), constant: S::zero(), unit: l };
    let mut equations = [empty(), empty()];
    let (mut nonnegative, mut cost) = (Vec::new(), Vec::new());
    let minus_two_rate = S::of(&(Rational::from(-2) * rate));
    for a in 0..states {
        for b in a..states {
            let twice = S::whole(if a == b { 1 } else { 2 });
            let derivative = state[a].dot(&velocity[b]).and(&velocity[a].dot(&state[b]));
            let (mut first, mut second) = (Symmetric::new(), Symmetric::new());
            add(&mut first, &derivative, &twice.negated());
            add(&mut first, &state[a].dot(&state[b]), &twice.times(&minus_two_rate));
            add(&mut second, &state[a].dot(&state[b]), &twice);
            decrease.terms.push((cost.len(), first));
            positive.terms.push((cost.len(), second));
            nonnegative.push(false);
            cost.push(S::zero());
        }
    }
    let p = cost.len();
    let mut first = Symmetric::new();
    add(&mut first, &g.dot(&velocity[0]), &S::whole(-1));
    decrease.terms.push((p, first));
    equations[0].terms.push((p, minus_two_rate));
    equations[1].terms.push((p, one.clone()));
    nonnegative.push(false);
    cost.push(S::zero());
    let here = Point { label: "0".into(), x: theta, g, f: Expression::value(0) };
    let there = Point { label: "*".into(), x: Vector::zero(), g: Vector::zero(), f: Expression::zero() };
    for (equation, target) in [&mut decrease, &mut positive].into_iter().enumerate() {
        for order in [[&here, &there], [&there, &here]] {
            pair(&interpolation, order, cost.len(), target, &mut equations[equation..=equation]);
            nonnegative.push(true);
            cost.push(S::zero());
        }
    }
    Lmi {
        nonnegative,
        cost,
        cost_constant: S::zero(),
        equations: equations.to_vec(),
        blocks: vec![decrease, positive],
    }
}
