//! The interpolation inequality (with function values and one step of memory). With η = (θ − θ*, w, ∇f(θ)), V = ηᵀPη + p(f(θ) − f*), P of any
//! sign, sought are multipliers λ, ν ≥ 0 of the interpolation conditions Q_ij ≥ 0 between k, k+1, * with
//!
//! ρ²V_k − V_{k+1} − Σ λ_ij Q_ij ⪰ 0 (as a quadratic form, function values cancelling),
//! V_k − ‖θ_k − θ*‖² − Σ ν_ij Q_ij ⪰ 0.
//!
//! Then ‖θ_k − θ*‖² ≤ V_k ≤ ρ^{2k}V_0 (Taylor, Van Scoy, Lessard, ICML 2018; it contains the off-by-one multiplier of
//! Lessard, Recht, Packard 2016).

use super::{Condition, Family};
use crate::{
    class::{Class, Point},
    expression::{Expression, Vector},
    lmi::{Block, Equation, Lmi, Symmetric},
    number::{Number, Rational},
};

/// Entries of P in the order of the variables: (row, column) of the upper triangle.
pub const ENTRIES: [(usize, usize); 6] = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)];
/// Ordered pairs of λ, then of ν; points 0, 1 and 2 = the minimiser.
pub const PAIRS: [(usize, usize); 6] = [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)];
/// Number of ν: pairs (0, *) and (*, 0).
pub const POSITIVITY: [(usize, usize); 2] = [(0, 2), (2, 0)];
/// Variables: P, p, λ, ν.
pub const VARIABLES: usize = 6 + 1 + 6 + 2;

/// Adds factor·expression's quadratic form to a symmetric matrix.
pub(super) fn add<S: Number>(into: &mut Symmetric<S>, expression: &Expression<S>, factor: &S) {
    let half = S::ratio(1, 2);
    for (&(a, b), c) in &expression.gram {
        let value = c.times(factor);
        let value = if a == b { value } else { value.times(&half) };
        let entry = into.entry((a, b)).or_insert_with(S::zero);
        *entry = entry.plus(&value);
    }
}

/// The inequality at rate ρ, given ρ²; for a method that forgets w from w = 0, where entries of P with w mean nothing. Feasibility is all that matters, there is no cost.
pub fn inequality<S: Number>(family: &Family, class: &Condition, rho_squared: &Rational) -> Lmi<S> {
    let interpolation = Class::SmoothStronglyConvex {
        convexity: class.convexity.clone(),
        smoothness: class.smoothness.clone(),
    };
    // Basis: θ, w, g, g⁺; without w, which is 0 then, for methods that forget it.
    let forgets = family.forgets();
    let w = if forgets { Vector::zero() } else { Vector::basis(1) };
    let [g, next_g]: [Vector<S>; 2] = std::array::from_fn(|a| Vector::basis(a + if forgets { 1 } else { 2 }));
    let theta = Vector::basis(0);
    let damping = S::of(&family.damping).negated();
    let push = S::of(&(&family.friction * &family.damping - &family.step_squared));
    let next_theta = theta.and(&w).plus(&damping, &g);
    let next_w = w.scaled(&S::of(&(Rational::ONE - &family.friction))).plus(&push, &g);
    let point = |label: &str, x: &Vector<S>, g: &Vector<S>, f: Expression<S>| Point {
        label: label.to_owned(),
        x: x.clone(),
        g: g.clone(),
        f,
    };
    let points = [
        point("0", &theta, &g, Expression::value(0)),
        point("1", &next_theta, &next_g, Expression::value(1)),
        point("*", &Vector::zero(), &Vector::zero(), Expression::zero()),
    ];
    let (now, later) = ([&theta, &w, &g], [&next_theta, &next_w, &next_g]);
    let (rho, one) = (S::of(rho_squared), S::whole(1));
    let l = crate::rational::float(&class.smoothness);
    let block = |name: &str, units: &[f64]| Block {
        name: name.to_owned(),
        size: units.len(),
        units: units.to_vec(),
        constant: Symmetric::new(),
        terms: Vec::new(),
    };
    let units = if forgets { vec![1.0, l, l] } else { vec![1.0, 1.0, l, l] };
    let (mut decrease, mut positive) =
        (block("decrease of V", &units), block("positivity of V", &units[..units.len() - 1]));
    positive.constant.insert((0, 0), S::whole(-1));
    let empty = || Equation { terms: Vec::new(), constant: S::zero(), unit: l };
    // Function values f_k, f_{k+1} in the decrease; f_k in positivity.
    let mut equations = [empty(), empty(), empty()];
    let (mut nonnegative, mut cost) = (Vec::new(), Vec::new());
    for (index, &(a, b)) in ENTRIES.iter().enumerate() {
        let twice = S::whole(if a == b { 1 } else { 2 });
        let (mut first, mut second) = (Symmetric::new(), Symmetric::new());
        add(&mut first, &now[a].dot(now[b]), &twice.times(&rho));
        add(&mut first, &later[a].dot(later[b]), &twice.negated());
        add(&mut second, &now[a].dot(now[b]), &twice);
        decrease.terms.push((index, first));
        positive.terms.push((index, second));
        nonnegative.push(false);
        cost.push(S::zero());
    }
    // p.
    equations[0].terms.push((6, rho));
    equations[1].terms.push((6, S::whole(-1)));
    equations[2].terms.push((6, one.clone()));
    nonnegative.push(false);
    cost.push(S::zero());
    for (offset, &(i, j)) in PAIRS.iter().enumerate() {
        pair(&interpolation, [&points[i], &points[j]], 7 + offset, &mut decrease, &mut equations[..2]);
        nonnegative.push(true);
        cost.push(S::zero());
    }
    for (offset, &(i, j)) in POSITIVITY.iter().enumerate() {
        pair(&interpolation, [&points[i], &points[j]], 13 + offset, &mut positive, &mut equations[2..]);
        nonnegative.push(true);
        cost.push(S::zero());
    }
    Lmi {
        nonnegative,
        cost,
        cost_constant: S::zero(),
        equations: equations.to_vec(),
        blocks: vec![decrease, positive],
    }
}

/// The sector inequality (no memory, no function values): V = ξᵀPξ with ξ = (θ − θ*, w), and only
/// ⟨g − μ(θ − θ*), L(θ − θ*) − g⟩ ≥ 0. It holds for time-varying sector-bounded maps as well and is therefore weak
/// (Lessard, Recht, Packard 2016, section 3.2). Variables: P(θθ), P(θw), P(ww), τ.
pub fn sector<S: Number>(family: &Family, class: &Condition, rho_squared: &Rational) -> Lmi<S> {
    let [theta, w, g]: [Vector<S>; 3] = std::array::from_fn(Vector::basis);
    let damping = S::of(&family.damping).negated();
    let push = S::of(&(&family.friction * &family.damping - &family.step_squared));
    let later = [
        theta.and(&w).plus(&damping, &g),
        w.scaled(&S::of(&(Rational::ONE - &family.friction))).plus(&push, &g),
    ];
    let now = [theta.clone(), w];
    let l = crate::rational::float(&class.smoothness);
    let block = |name: &str, size: usize| Block {
        name: name.to_owned(),
        size,
        units: [1.0, 1.0, l][..size].to_vec(),
        constant: Symmetric::new(),
        terms: Vec::new(),
    };
    let (mut decrease, mut positive) = (block("decrease of V", 3), block("positivity of V", 2));
    positive.constant.insert((0, 0), S::whole(-1));
    positive.constant.insert((1, 1), S::whole(-1));
    for (index, (a, b)) in [(0, 0), (0, 1), (1, 1)].into_iter().enumerate() {
        let twice = S::whole(if a == b { 1 } else { 2 });
        let (mut first, mut second) = (Symmetric::new(), Symmetric::new());
        add(&mut first, &now[a].dot(&now[b]), &twice.times(&S::of(rho_squared)));
        add(&mut first, &later[a].dot(&later[b]), &twice.negated());
        add(&mut second, &now[a].dot(&now[b]), &twice);
        decrease.terms.push((index, first));
        positive.terms.push((index, second));
    }
    let above = g.plus(&S::of(&-class.convexity.clone()), &theta);
    let below = theta.scaled(&S::of(&class.smoothness)).minus(&g);
    let mut matrix = Symmetric::new();
    add(&mut matrix, &above.dot(&below), &S::whole(-1));
    decrease.terms.push((3, matrix));
    Lmi {
        nonnegative: vec![false, false, false, true],
        cost: vec![S::zero(); 4],
        cost_constant: S::zero(),
        equations: Vec::new(),
        blocks: vec![decrease, positive],
    }
}

/// Subtracts variable · condition from a block and from the function values.
pub(super) fn pair<S: Number>(
    class: &Class,
    [i, j]: [&Point<S>; 2],
    variable: usize,
    block: &mut Block<S>,
    equations: &mut [Equation<S>],
) {
    let Some(condition) = class.pair(i, j) else { return };
    let mut matrix = Symmetric::new();
    add(&mut matrix, &condition, &S::whole(-1));
    block.terms.push((variable, matrix));
    for (&v, c) in &condition.values {
        equations[v].terms.push((variable, c.negated()));
    }
}
