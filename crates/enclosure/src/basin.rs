//! "The orbit of DIN from this start converges to this minimiser", proved.
//!
//! **Basin of a minimiser.** Let m be a critical point, B the ball of radius r around it, ∇²J ≥ μ > 0 on B. With λ = 1 + αβ,
//! E = λ(J − J(m)) + ‖u‖²/2 does not increase along DIN: for v = ∇J(θ), E' = −α‖u‖² + 2αβ⟨u, v⟩ − (1 + αβ)β‖v‖², a negative definite
//! form of (u, v) for α, β > 0 (determinant αβ), −α‖u‖² for β = 0 and −β‖v‖² for α = 0. On the boundary of B
//! E ≥ λμr²/2 by strong convexity. An orbit with θ in B and E < λμr²/2 can therefore not leave B; it is bounded, and LaSalle's principle sends
//! it to the only rest point with θ in B, which is (m, 0). (E is one of the functions E_λ of Castera, Bolte, Févotte, Pauwels, JMLR 22(134)
//! (2021), section 3.3, shifted.)
//!
//! **The orbit** is enclosed from its start until its box satisfies both conditions.

use dinlab_objective::Interval;
use nalgebra::{DMatrix, DVector};

use crate::{
    critical::{critical_points, CriticalPoint, Kind},
    curvature::curvature,
    flow::{enclose, Flow, Segment, Stop, Tube},
    function::Function,
    matrix::{middles, points, squared_norm},
    Cell, EnclosureError,
};

/// Boxes used to bound the curvature over one ball.
const PIECES: usize = 48;

/// A part of phase space that DIN does not leave and from which it converges to one minimiser.
#[derive(Debug, Clone)]
pub struct Basin {
    /// The minimiser.
    pub minimiser: CriticalPoint,
    /// r.
    pub radius: f64,
    /// μ, a lower bound of the curvature in the ball of radius r.
    pub strong_convexity: f64,
    /// Points of the ball with E below this level belong to the basin: λμr²/2, rounded down.
    pub level: f64,
}

/// The proved convergence of one orbit.
#[derive(Debug, Clone)]
pub struct Convergence {
    /// Where it goes.
    pub basin: Basin,
    /// Time at which its box was inside the basin.
    pub entered: f64,
    /// Upper bound of E then.
    pub energy: f64,
    /// The enclosed orbit until then.
    pub tube: Tube,
}

/// Why nothing was shown. It says nothing about the orbit.
#[derive(Debug, Clone, PartialEq)]
pub enum Unproved {
    /// No minimiser with positive curvature was shown near the end of the orbit.
    NoMinimiser {
        /// Where the search began.
        near: Vec<f64>,
    },
    /// The enclosure ended before it lay in the basin.
    NotEntered {
        /// How it ended.
        stop: Stop,
        /// Smallest upper bound of E that was reached, over the level of the basin.
        nearest: f64,
    },
    /// α = β = 0: DIN conserves E and converges to nothing.
    Conservative,
}

/// Tries to show that the orbit from (θ, u) = `start` (2n entries) converges to a minimiser, following it to time `until` at
/// most. `near` is a guess of that minimiser; without it an orbit in floating point gives one.
pub fn prove_basin(
    flow: Flow,
    start: &[Interval],
    until: f64,
    near: Option<&[f64]>,
) -> Result<Result<Convergence, Unproved>, EnclosureError> {
    let n = flow.function().dimension();
    if start.len() != 2 * n {
        return Err(EnclosureError::Length { what: "the start", found: start.len(), expected: 2 * n });
    }
    if flow.alpha() == 0.0 && flow.beta() == 0.0 {
        return Ok(Err(Unproved::Conservative));
    }
    let near = match near {
        Some(near) => near.to_vec(),
        None => flow.guess(&middles(start), until)[..n].to_vec(),
    };
    let Some(basin) = Basin::around(flow, &near)? else {
        return Ok(Err(Unproved::NoMinimiser { near }));
    };
    let mut nearest = f64::INFINITY;
    let mut energy = f64::INFINITY;
    let mut inside = |state: &[Interval]| {
        energy = basin.energy(flow, state);
        nearest = dinlab_numeric::min(nearest, energy / basin.level);
        energy < basin.level
    };
    let tube = if inside(start) {
        Tube { segments: Vec::new(), stop: Stop::Asked }
    } else {
        enclose(flow, start, until, |segment: &Segment| inside(&segment.end))?
    };
    if tube.stop != Stop::Asked {
        return Ok(Err(Unproved::NotEntered { stop: tube.stop, nearest }));
    }
    let entered = tube.segments.last().map_or(0.0, |segment| segment.until);
    Ok(Ok(Convergence { basin, entered, energy, tube }))
}

impl Basin {
    /// The largest basin found around the minimiser near `near`.
    fn around(flow: Flow, near: &[f64]) -> Result<Option<Self>, EnclosureError> {
        let function = flow.function();
        let center = newton(function, near);
        let Some(minimiser) = located(function, &center)? else { return Ok(None) };
        let lambda = Interval::ONE + Interval::point(flow.alpha()) * Interval::point(flow.beta());
        let mut best: Option<Self> = None;
        let size = 1.0 + dinlab_numeric::maximum(&center.iter().map(|x| x.abs()).collect::<Vec<_>>());
        for k in 0..40 {
            let radius = size * 0.75_f64.powi(k);
            let ball: Cell =
                minimiser.location.iter().map(|side| *side + Interval::new(-radius, radius)).collect();
            let found = curvature(function, &ball, PIECES)?;
            let strong_convexity = found.least.low;
            if !(found.smooth && strong_convexity > 0.0) {
                continue;
            }
            let radius_squared = Interval::point(radius).squared();
            let level =
                (lambda * Interval::point(strong_convexity) * radius_squared * Interval::point(0.5)).low;
            if best.as_ref().is_none_or(|b| level > b.level) {
                best = Some(Self { minimiser: minimiser.clone(), radius, strong_convexity, level });
            }
        }
        Ok(best)
    }

    /// Upper bound of E over a box of (θ, u) whose θ lie in the ball; ∞ where they are not known to.
    fn energy(&self, flow: Flow, state: &[Interval]) -> f64 {
        let (theta, u) = state.split_at(state.len() / 2);
        let away: Cell = theta.iter().zip(&self.minimiser.location).map(|(&x, &m)| x - m).collect();
        let inside = squared_norm(&away).high < Interval::point(self.radius).squared().low;
        if !inside {
            return f64::INFINITY;
        }
        let lambda = Interval::ONE + Interval::point(flow.alpha()) * Interval::point(flow.beta());
        let gap = flow.function().value(theta) - self.minimiser.value;
        (lambda * gap + Interval::point(0.5) * squared_norm(u)).high
    }
}

/// Newton's method in floating point: a guess that is proved afterwards.
fn newton(function: Function, near: &[f64]) -> Vec<f64> {
    let n = near.len();
    let mut x = DVector::from_column_slice(near);
    for _ in 0..60 {
        let jet = function.jet(&points(x.as_slice()));
        let gradient = DVector::from_vec(middles(&jet.gradient));
        let hessian = DMatrix::from_row_slice(n, n, &middles(&jet.hessian));
        let Some(step) = hessian.lu().solve(&gradient) else { break };
        if !step.iter().all(|v| v.is_finite()) {
            break;
        }
        x -= &step;
        if step.norm() <= 1e-15 * (1.0 + x.norm()) {
            break;
        }
    }
    x.as_slice().to_vec()
}

/// The minimiser at `center`, shown to exist.
fn located(function: Function, center: &[f64]) -> Result<Option<CriticalPoint>, EnclosureError> {
    for width in [1e-9, 1e-7, 1e-5, 1e-3] {
        let region: Cell = center
            .iter()
            .map(|&x| Interval::new(x - width * (1.0 + x.abs()), x + width * (1.0 + x.abs())))
            .collect();
        if region.iter().any(|side| !side.magnitude().is_finite()) {
            return Ok(None);
        }
        let survey = critical_points(function, &region, 200)?;
        if let [only] = &survey.points[..] {
            if only.kind == Kind::Minimum && survey.undecided.is_empty() {
                return Ok(Some(only.clone()));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dinlab_objective::{build, Options};

    fn prove(name: &str, start: &[f64], until: f64, near: Option<&[f64]>) -> Result<Convergence, Unproved> {
        let objective = build(name, &Options::default()).unwrap();
        let flow = Flow::new(Function::new(objective.as_ref()).unwrap(), 0.5, 0.1).unwrap();
        prove_basin(flow, &points(start), until, near).unwrap()
    }

    #[test]
    fn orbits_of_a_double_well_are_proved_to_reach_their_minimisers() {
        let root = 2.0_f64.sqrt();
        let right = prove("double-well", &[0.4, 1.0, 0.0, 0.0], 40.0, None).unwrap();
        assert!((right.basin.minimiser.location[0].middle() - root).abs() < 1e-12);
        assert!(right.entered < 40.0 && right.energy < right.basin.level);
        // The same start is not shown to reach the other one.
        let left = prove("double-well", &[0.4, 1.0, 0.0, 0.0], 40.0, Some(&[-1.4, 0.0]));
        assert!(matches!(left, Err(Unproved::NotEntered { .. })), "{left:?}");
    }

    /// J = 2θ², λ = 1 + αβ = 7, ball of radius 1: level λμ/2 = 14, E = λJ + u²/2.
    #[test]
    fn level_and_energy_of_a_quadratic_are_the_closed_forms() {
        let objective = build("quadratic:4", &Options::default()).unwrap();
        let flow = Flow::new(Function::new(objective.as_ref()).unwrap(), 3.0, 2.0).unwrap();
        let basin = Basin::around(flow, &[0.0]).unwrap().unwrap();
        let close = |found: f64, exact: f64| (found - exact).abs() < 1e-9;
        assert!(basin.radius == 1.0 && close(basin.strong_convexity, 4.0), "{basin:?}");
        assert!(basin.level <= 14.0 && close(basin.level, 14.0), "{basin:?}");
        let energy = basin.energy(flow, &points(&[0.5, 0.25]));
        assert!(energy >= 3.53125 && close(energy, 3.53125), "{energy}");
        assert_eq!(basin.energy(flow, &points(&[1.5, 0.0])), f64::INFINITY);
    }

    #[test]
    fn a_start_in_the_basin_needs_no_orbit() {
        let found = prove("quadratic:1,4", &[0.1, 0.1, 0.0, 0.0], 1.0, Some(&[0.3, 0.3])).unwrap();
        assert_eq!((found.entered, found.tube.segments.len()), (0.0, 0));
        assert!(found.basin.strong_convexity <= 1.0 && found.basin.strong_convexity > 0.999);
    }

    #[test]
    fn what_cannot_be_shown_says_why() {
        assert!(matches!(prove("expr:x^4", &[1.0, 0.0], 5.0, None), Err(Unproved::NoMinimiser { .. })));
        assert!(matches!(
            prove("expr:abs(x)", &[1.0, 0.0], 5.0, Some(&[0.0])),
            Err(Unproved::NoMinimiser { .. })
        ));
    }
}
