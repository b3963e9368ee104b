//! Bisection on a rate with three answers: feasible (verified in fractions), infeasible (the solver's word), unknown.

use serde::Serialize;

use super::{discrete, flow, Condition, Family};
use crate::{
    exact,
    lmi::{Equation, Lmi},
    number::Rational,
    rational,
    solver::{self, Status},
};

/// What is known about one rate.
#[derive(Debug, Clone, PartialEq)]
pub enum Feasibility {
    /// A Lyapunov function, verified: the values of the variables.
    Feasible(Vec<Rational>),
    /// The solver found a certificate of infeasibility (not verified; it says nothing about the method, only about
    /// Lyapunov functions of this form).
    Infeasible,
    /// Neither.
    Unknown,
}

/// A rate with its Lyapunov function.
#[derive(Debug, Clone, PartialEq)]
pub struct Rate {
    /// ρ (discrete time: contraction of the distance per step) or r (continuous: ‖θ − θ*‖ ≤ C e^{−rt}).
    pub rate: Rational,
    /// P, p, λ, ν.
    pub variables: Vec<Rational>,
}

/// Result of a search.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Best verified rate.
    pub certified: Option<Rate>,
    /// Nearest rate at which no Lyapunov function was found, and how that ended.
    pub refused: f64,
    /// Whether the solver called that one infeasible (else it is unknown).
    pub infeasible: bool,
    /// Semidefinite problems solved.
    pub solves: u32,
}

/// How a caller wants the search.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Precision {
    /// Width of the last bracket, as a part of what quadratics allow: of 1 − ρ for algorithms, of r for flows.
    pub width: f64,
    /// Whether to verify the result in fractions.
    pub certify: bool,
}

/// Rooms left for rounding where the largest room did not do, largest first: near the best rate only the small ones exist.
const MARGINS: [f64; 4] = [1e-7, 1e-8, 1e-9, 1e-10];
/// Bits of a rate.
const BITS: usize = 60;
/// Room of a quick look by floats: what has less is left to fractions.
const QUICK: f64 = 1e-9;
/// Part of what quadratics allow above which a bracket is wide.
const COARSE: f64 = 1e-3;
/// First step back of the search by fractions, as a part of what quadratics allow.
const STEP: f64 = 1e-7;
/// That search ends within this part of what the verified rate gives up.
const NEAR: f64 = 0.1;

/// The traces of all blocks in their units as the cost: bounded below where they are feasible, and it keeps V small.
fn small(mut lmi: Lmi<f64>) -> Lmi<f64> {
    lmi.cost = vec![0.0; lmi.variables()];
    for block in &lmi.blocks {
        for (i, matrix) in &block.terms {
            let diagonal =
                (0..block.size).filter_map(|a| Some(matrix.get(&(a, a))? * block.units[a].powi(2)));
            lmi.cost[*i] += diagonal.sum::<f64>();
        }
    }
    lmi
}

/// V and multipliers with as much room as possible: the largest t with every block ⪰ t·I in its units, where the sum of the traces,
/// `lmi.cost`, is 1. Times 2/t all blocks have room, the constant of positivity, which is left out, included.
fn roomiest(lmi: &Lmi<f64>) -> Option<Vec<f64>> {
    let mut central = lmi.clone();
    let t = lmi.variables();
    for block in &mut central.blocks {
        block.constant.clear();
        let identity = block.units.iter().enumerate().map(|(a, unit)| ((a, a), -unit.powi(-2)));
        block.terms.push((t, identity.collect()));
    }
    let terms = lmi.cost.iter().copied().enumerate().filter(|(_, c)| *c != 0.0).collect();
    central.equations.push(Equation { terms, constant: -1.0, unit: 1.0 });
    central.cost = vec![0.0; t];
    central.cost.push(-1.0);
    central.nonnegative.push(false);
    let found = solver::solve(&central, 0.0);
    let room = found.y[t];
    let good = matches!(found.status, Status::Solved | Status::AlmostSolved) && room > 0.0;
    good.then(|| found.y[..t].iter().map(|y| y * 2.0 / room).collect())
}

/// One rate; `certify` asks for fractions.
pub fn feasible(float: &Lmi<f64>, exact_lmi: Option<&Lmi<Rational>>, solves: &mut u32) -> Feasibility {
    let mut infeasible = false;
    if let Some(lmi) = exact_lmi {
        *solves += 1;
        let found = roomiest(float).and_then(|y| exact::certify(lmi, &y).ok());
        if let Some(variables) = found {
            return Feasibility::Feasible(variables);
        }
    }
    let margins: &[f64] = if exact_lmi.is_some() { &MARGINS } else { &[QUICK] };
    for &margin in margins {
        *solves += 1;
        let found = solver::solve(float, margin);
        match found.status {
            Status::Solved | Status::AlmostSolved => {
                let Some(lmi) = exact_lmi else { return Feasibility::Feasible(Vec::new()) };
                if let Ok(variables) = exact::certify(lmi, &found.y) {
                    return Feasibility::Feasible(variables);
                }
            }
            Status::Infeasible => infeasible = true,
            Status::Unbounded | Status::Unknown => {}
        }
    }
    if infeasible {
        Feasibility::Infeasible
    } else {
        Feasibility::Unknown
    }
}

/// Smallest verified contraction factor ρ of `family` on `class`, between the spectral radius on quadratics, below which
/// there is none, and 1.
pub fn discrete(family: &Family, class: &Condition, precision: Precision) -> Found {
    let lower = family.spectral_radius(class);
    let lmi = |rho: &Rational| small(discrete::inequality(family, class, &rho.sqr()));
    let exact_lmi = |rho: &Rational| discrete::inequality::<Rational>(family, class, &rho.sqr());
    // A rate above 1 would certify growth; 1 is where convergence ends.
    bisect(lower, 1.0, precision, true, lmi, exact_lmi)
}

/// The same with the sector inequality alone.
pub fn sector(family: &Family, class: &Condition, precision: Precision) -> Found {
    let lmi = |rho: &Rational| small(discrete::sector(family, class, &rho.sqr()));
    let exact_lmi = |rho: &Rational| discrete::sector::<Rational>(family, class, &rho.sqr());
    bisect(family.spectral_radius(class), 1.0, precision, true, lmi, exact_lmi)
}

/// Largest verified exponential rate r of a flow, between 0 and the bound of quadratics.
pub fn continuous(which: &flow::Flow, class: &Condition, precision: Precision) -> Found {
    let upper = flow_limit(which, class);
    let lmi = |r: &Rational| small(flow::inequality(which, class, r));
    let exact_lmi = |r: &Rational| flow::inequality::<Rational>(which, class, r);
    bisect(upper, 0.0, precision, false, lmi, exact_lmi)
}

/// Slowest decay on quadratics with eigenvalue in [μ, L], rounded up: no rate above it is possible.
pub fn flow_limit(which: &flow::Flow, class: &Condition) -> f64 {
    let (mu, l) = (rational::float(&class.convexity), rational::float(&class.smoothness));
    match which {
        flow::Flow::Gradient => mu,
        flow::Flow::Din { alpha, beta } => {
            let (a, b) = (rational::float(alpha), rational::float(beta));
            // s² + (α + βλ)s + λ = 0: −Re s of the slower root.
            let decay = |lambda: f64| {
                let half = 0.5 * (a + b * lambda);
                // Near a double root the sign of the difference is not known: rounded down, the root is rounded up.
                let inside = half * half - lambda - 8.0 * f64::EPSILON * (half * half + lambda);
                let slower = if inside > 0.0 { half - inside.sqrt() } else { half };
                slower + 4.0 * f64::EPSILON * half
            };
            let ends = dinlab_numeric::min(decay(mu), decay(l));
            // Double roots in between: (α + βλ)² = 4λ.
            let (p, q) = (a * b - 2.0, b * b);
            let root = p * p - a * a * q;
            let mut least = ends;
            if q > 0.0 && root >= 0.0 {
                for sign in [-1.0, 1.0] {
                    let lambda = (-p + sign * root.sqrt()) / q;
                    if lambda > mu && lambda < l {
                        least = dinlab_numeric::min(least, decay(lambda));
                    }
                }
            }
            least
        }
    }
}

/// Bisection between `limit`, at which nothing is expected, and `safe`; `down` says which way is better.
fn bisect(
    limit: f64,
    safe: f64,
    precision: Precision,
    down: bool,
    lmi: impl Fn(&Rational) -> Lmi<f64>,
    exact_lmi: impl Fn(&Rational) -> Lmi<Rational>,
) -> Found {
    let mut solves = 0;
    let (mut bad, mut good) = (limit, safe);
    let mut best: Option<Rate> = None;
    let mut seen = false;
    let mut infeasible = true;
    let improves = |a: f64, b: f64| if down { a < b } else { a > b };
    if improves(safe, limit) || !limit.is_finite() {
        // The spectral radius is already beyond the safe end: quadratics refute every rate.
        return Found { certified: None, refused: limit, infeasible: true, solves };
    }
    // The bracket by floats, then fractions at its good end, with steps back that double.
    let gap = (safe - limit).abs();
    // Many methods have the rate of quadratics: its side of the bracket is tried first.
    let width = precision.width * gap;
    let mut first = Some(limit + 0.9 * width * (safe - limit).signum());
    while (good - bad).abs() > width {
        let wide = first.is_none() && (good - bad).abs() > COARSE * gap;
        let middle = first.take().unwrap_or(0.5 * (good + bad));
        let Some(rate) = rational::dyadic(middle, BITS) else { break };
        let mut inequality = lmi(&rate);
        if wide {
            // Far from the best rate any V will do, and the solver is twice as fast without a cost.
            inequality.cost.iter_mut().for_each(|c| *c = 0.0);
        }
        match feasible(&inequality, None, &mut solves) {
            Feasibility::Feasible(_) => (good, seen) = (middle, true),
            Feasibility::Infeasible => (bad, infeasible) = (middle, true),
            Feasibility::Unknown => (bad, infeasible) = (middle, false),
        }
    }
    if !seen {
        return Found { certified: None, refused: bad, infeasible, solves };
    }
    // Fractions: steps back that double until one is verified, then halvings between it and the last that was not.
    let mut refused = good;
    let verified = |candidate: f64, solves: &mut u32| {
        let rate = rational::dyadic(candidate, BITS)?;
        match feasible(&lmi(&rate), Some(&exact_lmi(&rate)), solves) {
            Feasibility::Feasible(variables) => Some(Rate { rate, variables }),
            _ => None,
        }
    };
    let mut step = 0.0;
    while precision.certify && best.is_none() {
        let candidate = good + if down { step } else { -step };
        if !improves(candidate, safe) {
            break;
        }
        best = verified(candidate, &mut solves);
        if best.is_none() {
            refused = candidate;
        }
        // The same steps at every width: a finer bracket must not end in a worse rate.
        step = if step == 0.0 { STEP * gap } else { 4.0 * step };
    }
    while let Some(rate) = &best {
        let found = rational::float(&rate.rate);
        let middle = 0.5 * (found + refused);
        let near = dinlab_numeric::max(STEP * gap, NEAR * (found - good).abs());
        if !precision.certify || (middle - refused).abs() < near {
            break;
        }
        match verified(middle, &mut solves) {
            Some(better) => best = Some(better),
            None => refused = middle,
        }
    }
    if !precision.certify {
        best = rational::dyadic(good, BITS).map(|rate| Rate { rate, variables: Vec::new() });
    }
    Found { certified: best, refused: bad, infeasible, solves }
}
