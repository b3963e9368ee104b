//! The three forms of DIN describe the same θ. With u = θ′ + β∇J(θ) the second-order equation gives
//! u′ = θ″ + β∇²J θ′ = −αθ′ − ∇J = −αu − (1 − αβ)∇J, which needs no Hessian, and ψ = (1 − αβ)θ − βu satisfies
//! ψ′ = (1 − αβ)(u − β∇J) + αβu + β(1 − αβ)∇J = u. Hence (θ₀, θ′₀) becomes
//! ψ₀ = −βθ′₀ − β²∇J(θ₀) − (αβ − 1)θ₀.
//!
//! What is compared are integrations of the shipped right-hand sides: they share the oracle's gradient and nothing
//! else, since the second-order form alone uses the Hessian and carries the damping in one term.

use dinlab_din::{initial_state, integrate, system, Dynamics, Integrator, Settings};
use dinlab_numeric::{distance, max, min, norm};
use dinlab_objective::{Regularity, Start};
use dinlab_record::{
    figure::{Axis, Figure, Layer, Marker, Panel},
    Budget, Claim, Evidence, Flow, Hypothesis, Measurement,
};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    error::CheckError,
    problem::Problem,
    runs::require,
    sources,
    subject::Subject,
};

/// The check.
pub struct DinFormsAgree;

static CLAIM: Claim = Claim {
    id: "din-forms-agree",
    family: 'A',
    title: "The first-order systems and the second-order equation of DIN have the same orbits",
    sentence: "With ψ₀ = −βθ′₀ − β²∇J(θ₀) − (αβ − 1)θ₀ the first-order system in (θ, ψ), and its form in (θ, u), have \
               the θ of DIN for all times.",
    statement: r"\ddot\theta+\alpha\dot\theta+\beta\nabla^2J(\theta)\dot\theta+\nabla J(\theta)=0\iff\begin{cases}\dot\theta=-(\alpha-\tfrac1\beta)\theta-\tfrac1\beta\psi-\beta\nabla J(\theta)\\\dot\psi=-(\alpha-\tfrac1\beta)\theta-\tfrac1\beta\psi\end{cases}\quad\psi_0=-\beta\dot\theta_0-\beta^2\nabla J(\theta_0)-(\alpha\beta-1)\theta_0",
    hypotheses: &[
        "J is twice continuously differentiable (exact, from the objective's facts)",
        "β > 0 (exact)",
    ],
    sources: &[
        sources::at(sources::JMLR, "equations (4)-(5)"),
        sources::AABR,
    ],
    differences: "as printed; the form in (θ, u), u = ψ′, is the same system in variables that stay bounded as β → 0",
    measured: "Largest distance over 401 times between θ of the second-order equation and θ of both first-order \
               systems, each from the shipped right-hand side, relative to the extent of the orbit; the same for θ′, \
               read off the right-hand sides along the orbits; and ψ₀ of the shipped conversion. Only the \
               second-order form evaluates the Hessian, so a wrong coefficient in one form moves its orbit alone.",
    refuted_by: "a distance above 10⁻⁶ of the orbit's extent, or a ψ₀ off by more than rounding",
    tolerance: "margin 10⁻⁶ of the extent: a relative error of 10⁻⁴ in a coefficient moves the orbit farther; the \
                change when both integrations are repeated with a hundredth of their tolerance must stay below a \
                tenth of it. ψ₀: 16 rounding units of its largest summand",
    control: "gross: the sign of β²∇J(θ₀) in ψ₀ flipped; near misses: that term off by 10⁻³, α of the second-order \
              form off by 10⁻³",
    evidence: Evidence::Resolved,
    cost: "six integrations per case, well below a second",
};

const SAMPLES: usize = 401;
const TOLERANCES: [f64; 2] = [1e-10, 1e-12];
const MARGIN: f64 = 1e-6;

/// One objective with parameters.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    alpha: f64,
    beta: f64,
    theta: Vec<f64>,
    velocity: Vec<f64>,
    until: f64,
    /// Factor on β²∇J(θ₀) in ψ₀; 1 except in controls.
    gradient_weight: f64,
    /// Factor on α in the second-order form; 1 except in controls.
    friction: f64,
}

impl Case {
    fn new(objective: &str, [alpha, beta]: [f64; 2], theta: &[f64], velocity: &[f64], until: f64) -> Self {
        let (theta, velocity) = (theta.to_vec(), velocity.to_vec());
        let objective = Subject::named(objective);
        Self { objective, alpha, beta, theta, velocity, until, gradient_weight: 1.0, friction: 1.0 }
    }

    fn standard() -> Self {
        Self::new("hill", [0.7, 0.3], &[-1.2, 1.5], &[0.4, -0.3], 20.0)
    }

    fn words(&self) -> String {
        format!(
            "{}, α={}, β={}, θ₀={:?}, θ′₀={:?}, T={}",
            self.objective, self.alpha, self.beta, self.theta, self.velocity, self.until
        )
    }

    fn gradient(&self) -> Vec<f64> {
        let mut gradient = vec![0.0; self.theta.len()];
        self.objective.oracle().gradient(&self.theta, &mut gradient);
        gradient
    }

    /// ψ₀ from the claim, and the size of its largest summand.
    fn psi(&self) -> (Vec<f64>, f64) {
        let (alpha, beta, weight) = (self.alpha, self.beta, self.gradient_weight);
        let mut scale = 0.0;
        let psi = self.theta.iter().zip(&self.velocity).zip(self.gradient());
        let psi = psi.map(|((theta, velocity), gradient)| {
            let summands =
                [-beta * velocity, -weight * beta * beta * gradient, -(alpha * beta - 1.0) * theta, *theta];
            scale = summands.iter().fold(scale, |scale, s| max(scale, s.abs()));
            summands[0] + summands[1] + summands[2]
        });
        (psi.collect(), scale)
    }
}

/// An orbit on the grid: θ and θ′ (from the right-hand side) at every sample.
struct Orbit {
    times: Vec<f64>,
    theta: Vec<Vec<f64>>,
    velocity: Vec<Vec<f64>>,
}

fn orbit(case: &Case, dynamics: Dynamics, second: &[f64], tolerance: f64) -> Result<Orbit, CheckError> {
    let n = case.theta.len();
    let start = [case.theta.as_slice(), second].concat();
    let last = (SAMPLES - 1) as f64;
    let times: Vec<f64> = (0..SAMPLES).map(|i| case.until * (i as f64 / last)).collect();
    let (mut field, mut slope) = (system(dynamics, &*case.objective), vec![0.0; 2 * n]);
    let (mut theta, mut velocity) = (Vec::new(), Vec::new());
    let mut observer = |t: f64, y: &[f64]| {
        field.rhs(t, y, &mut slope);
        theta.push(y[..n].to_vec());
        velocity.push(slope[..n].to_vec());
        Flow::Continue
    };
    // An error of ψ is one of u divided by β.
    let atol = tolerance * min(1.0, case.beta);
    let settings = Settings { rtol: tolerance, atol, integrator: Integrator::Dop853, ..Settings::default() };
    let mut run = system(dynamics, &*case.objective);
    let until = case.until;
    let outcome = integrate(&mut *run, &start, 0.0, until, &times, &mut [], &settings, &mut observer)?;
    require(&outcome.status, &format!("{} on {}", dynamics.name(), case.words()))?;
    Ok(Orbit { times, theta, velocity })
}

/// The orbits of the second-order form, of (θ, u) and of (θ, ψ).
fn orbits(case: &Case, tolerance: f64) -> Result<[Orbit; 3], CheckError> {
    let (alpha, beta) = (case.alpha, case.beta);
    let (psi, _) = case.psi();
    let u: Vec<f64> = case
        .velocity
        .iter()
        .zip(case.gradient())
        .map(|(velocity, gradient)| velocity + case.gradient_weight * beta * gradient)
        .collect();
    let second = Dynamics::DinSecondOrder { alpha: alpha * case.friction, beta };
    Ok([
        orbit(case, second, &case.velocity, tolerance)?,
        orbit(case, Dynamics::Din { alpha, beta }, &u, tolerance)?,
        orbit(case, Dynamics::DinPsi { alpha, beta }, &psi, tolerance)?,
    ])
}

fn gaps(a: &[Vec<f64>], b: &[Vec<f64>]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| distance(a, b)).collect()
}

/// Largest entry; NaN if there is one.
fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |a, &b| if a.is_nan() || b.is_nan() { f64::NAN } else { max(a, b) })
}

/// Gaps of θ and θ′ of (θ, u) and of (θ, ψ), relative to the extent of the orbit and to the largest speed.
fn relative_gaps(case: &Case, tolerance: f64) -> Result<[f64; 4], CheckError> {
    let [reference, in_u, in_psi] = orbits(case, tolerance)?;
    let from_start: Vec<f64> = reference.theta.iter().map(|t| distance(t, &reference.theta[0])).collect();
    let speeds: Vec<f64> = reference.velocity.iter().map(|v| norm(v)).collect();
    let (extent, speed) = (largest(&from_start), largest(&speeds));
    let gap = |a: &[Vec<f64>], b: &[Vec<f64>], scale: f64| largest(&gaps(a, b)) / scale;
    Ok([
        gap(&in_u.theta, &reference.theta, extent),
        gap(&in_psi.theta, &reference.theta, extent),
        gap(&in_u.velocity, &reference.velocity, speed),
        gap(&in_psi.velocity, &reference.velocity, speed),
    ])
}

/// ψ₀ of the shipped conversion against the claim's.
fn conversion(case: &Case) -> Result<Measurement, CheckError> {
    let (alpha, beta, n) = (case.alpha, case.beta, case.theta.len());
    let start = Start::Velocity(case.velocity.clone());
    let state = initial_state(Dynamics::DinPsi { alpha, beta }, &*case.objective, &case.theta, &start, 0.0)?;
    let (psi, scale) = case.psi();
    let budget = Budget::rounding(16.0 * f64::EPSILON * (n as f64).sqrt() * scale);
    Ok(Measurement::equal("error of ψ₀", distance(&state[n..], &psi), 0.0, budget).on(case.words()))
}

impl Check for DinFormsAgree {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let mut cases = vec![
            Case::new("well", [0.5, 2.0], &[0.3], &[-1.0], 8.0),
            Case::new("quadratic:1,9", [3.0, 0.8], &[1.0, -1.0], &[0.5, 2.0], 6.0),
            Case::standard(),
            Case::new("double-well", [0.4, 0.01], &[0.4, 1.0], &[1.0, 0.0], 6.0),
        ];
        if effort > Effort::Quick {
            cases.push(Case::new("himmelblau", [1.0, 0.05], &[0.0, 0.0], &[3.0, -2.0], 3.0));
            cases.push(Case::new("cosines:2,3", [0.3, 0.2], &[1.0, 2.0, -2.5], &[0.0, 0.5, 1.0], 12.0));
        }
        if effort == Effort::Thorough {
            cases.push(Case::new("rosenbrock", [2.0, 0.02], &[-1.2, 1.0], &[0.0, 0.0], 6.0));
            cases.push(Case::new("hill", [0.05, 1e-3], &[-1.2, 1.5], &[0.4, -0.3], 40.0));
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let with = |gradient_weight, friction| Case { gradient_weight, friction, ..Case::standard() };
        vec![with(-1.0, 1.0), with(1.001, 1.0), with(1.0, 1.001)]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let Problem { objective, alpha, beta, theta, u, until } = Problem::own(own, [0.5, 0.1], 10.0)?;
        let mut gradient = vec![0.0; theta.len()];
        objective.oracle().gradient(&theta, &mut gradient);
        let velocity = u.iter().zip(&gradient).map(|(u, g)| u - beta * g).collect();
        Ok(Case { objective, alpha, beta, theta, velocity, until, gradient_weight: 1.0, friction: 1.0 })
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let smooth = case.objective.facts().regularity == Regularity::Smooth;
        vec![
            Hypothesis::exact("J is twice continuously differentiable", smooth),
            Hypothesis::exact("β > 0", case.beta > 0.0),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        context.proceed()?;
        let coarse = relative_gaps(case, TOLERANCES[0])?;
        context.proceed()?;
        let fine = relative_gaps(case, TOLERANCES[1])?;
        let names = [
            "largest gap of θ, system in (θ, u)",
            "largest gap of θ, system in (θ, ψ)",
            "largest gap of θ′, system in (θ, u)",
            "largest gap of θ′, system in (θ, ψ)",
        ];
        let mut all = vec![conversion(case)?];
        all.extend(names.iter().zip(fine.iter().zip(&coarse)).map(|(&name, (fine, coarse))| {
            Measurement::equal(name, *fine, 0.0, Budget::discretisation(MARGIN))
                .on(case.words())
                .refined(coarse - fine)
        }));
        Ok(all)
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        let case = Case::standard();
        let column = |orbit: &Orbit, i: usize| orbit.theta.iter().map(|t| t[i]).collect::<Vec<_>>();
        let mut plane = Panel::new("", Axis::linear("θ₁"), Axis::linear("θ₂"));
        let mut error = Panel::new("", Axis::linear("time t"), Axis::log("distance of θ"));
        let tolerances = [1e-4, 1e-6, 1e-8, 1e-10, 1e-12];
        let mut worst = Vec::new();
        for (index, &tolerance) in tolerances.iter().enumerate() {
            context.proceed()?;
            let [reference, _, in_psi] = orbits(&case, tolerance)?;
            let gap = gaps(&in_psi.theta, &reference.theta);
            worst.push(largest(&gap));
            let label = format!("tolerance 1e-{}", 4 + 2 * index);
            error = error.with(Layer::curve(label, reference.times[1..].to_vec(), gap[1..].to_vec(), index));
            if index + 1 == tolerances.len() {
                let (x, y) = (column(&in_psi, 0), column(&in_psi, 1));
                plane = plane.with(Layer::curve("system in (θ, ψ)", x, y, 0)).with(Layer::dashed(
                    "DIN",
                    column(&reference, 0),
                    column(&reference, 1),
                    1,
                ));
            }
        }
        let order = Panel::new("", Axis::log("integrator's tolerance"), Axis::log("largest distance of θ"))
            .with(Layer::Slope {
                label: "slope 1".into(),
                slope: 1.0,
                anchor: [tolerances[2], worst[2]],
                span: [tolerances[4], tolerances[0]],
            })
            .with(Layer::points("measured", tolerances.to_vec(), worst, 0, Marker::Circle));
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "The (θ, ψ) system and the second-order equation of DIN".into(),
            caption: case.words(),
            columns: 3,
            panels: vec![plane, error, order],
        })
    }
}
