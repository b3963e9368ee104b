//! INDIAN is explicit Euler of DIN: with f the right-hand side, ‖X_{T/γ} − X(T)‖ = Cγ + O(γ²) against x′ = f(x),
//! and O(γ²) against the modified equation x′ = f − (γ/2) f′f (Hairer, Lubich, Wanner, chapter IX).

use dinlab_din::{integrate, modified_indian, Integrator, Settings};
use dinlab_indian::{iterate_observed, Grid, Method, Run, Schedule};
use dinlab_numeric::distance;
use dinlab_objective::{Objective, Regularity, Start};
use dinlab_record::{
    figure::{Axis, Figure, Layer, Marker, Panel},
    observe::Blind,
    Budget, Claim, Evidence, Flow, Hypothesis, Measurement, Source,
};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    error::CheckError,
    runs::require,
    sources,
    subject::Subject,
};

/// The check.
pub struct EulerOrder;

const HLW: Source = Source {
    key: "hairer2006",
    authors: "E. Hairer, C. Lubich, G. Wanner",
    title: "Geometric Numerical Integration",
    venue: "Springer, 2nd edition",
    year: 2006,
    place: "section IX.1",
};

static CLAIM: Claim = Claim {
    id: "euler-order",
    family: 'C',
    title: "INDIAN converges to DIN with order 1, to its modified equation with order 2",
    sentence: "On a bounded time interval INDIAN with step γ stays within Cγ of DIN, and within Cγ² of the equation \
               x′ = f − (γ/2) f′f.",
    statement: r"\|X_{T/\gamma}-X(T)\|=C\gamma+O(\gamma^2),\qquad \|X_{T/\gamma}-\tilde X_\gamma(T)\|=O(\gamma^2),\quad \dot{\tilde X}_\gamma=f-\tfrac{\gamma}{2}f'f",
    hypotheses: &["J is twice continuously differentiable (exact, from the objective's facts)"],
    sources: &[sources::at(sources::JMLR, "section 2.4"), HLW],
    differences: "the constant order is implicit in the discretisation of the paper; the modified equation is backward \
                  error analysis",
    measured: "Errors at T for step sizes in ratio 2, run with the shipped algorithm against an order-8 integration of \
               the shipped right-hand side; the slope between neighbours, extrapolated once because its remainder is \
               O(γ). Order 2 against the modified equation also fixes the first-order error term of every coefficient.",
    refuted_by: "an extrapolated slope farther than 0.02 from 1, or farther than 0.05 from 2",
    tolerance: "equivalence margins of 0.02 and 0.05 on the slopes; the change of the slope when the reference is \
                integrated with a hundredth of the tolerance must be below a tenth of that",
    control: "gross: DIN with β doubled as the reference; near miss: β off by 10⁻³",
    evidence: Evidence::Resolved,
    cost: "a few thousand steps per case, milliseconds",
};

/// One objective with parameters.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    alpha: f64,
    beta: f64,
    theta: Vec<f64>,
    until: f64,
    /// Number of steps to `until` at the coarsest level; doubled from level to level.
    steps: u64,
    levels: usize,
    /// Factor on the reference's β; 1 except in controls.
    reference_beta: f64,
}

impl Case {
    fn new(objective: &str, alpha: f64, beta: f64, theta: &[f64], until: f64, steps: u64) -> Self {
        let (objective, theta) = (Subject::named(objective), theta.to_vec());
        Self { objective, alpha, beta, theta, until, steps, levels: 6, reference_beta: 1.0 }
    }

    fn words(&self) -> String {
        format!(
            "{}, α={}, β={}, θ₀={:?}, T={}",
            self.objective, self.alpha, self.beta, self.theta, self.until
        )
    }
}

/// State (θ, u) at T of the reference, or of the modified equation for a positive `step_size`.
fn reference(case: &Case, step_size: f64, rtol: f64) -> Result<Vec<f64>, CheckError> {
    let objective: &dyn Objective = &*case.objective;
    let (alpha, beta) = (case.alpha, case.beta * case.reference_beta);
    let n = objective.dimension();
    let mut start = case.theta.clone();
    start.resize(2 * n, 0.0);
    let mut equation = modified_indian(objective, alpha, beta, step_size);
    let settings = Settings { rtol, atol: rtol, integrator: Integrator::Dop853, ..Settings::default() };
    let mut ignore = |_: f64, _: &[f64]| Flow::Continue;
    let outcome = integrate(&mut *equation, &start, 0.0, case.until, &[], &mut [], &settings, &mut ignore)?;
    require(&outcome.status, &case.words())?;
    Ok(outcome.state)
}

/// State (θ, u) of INDIAN after `steps` steps of size T/steps.
fn algorithm(case: &Case, steps: u64) -> Result<Vec<f64>, CheckError> {
    let method = Method::Indian { alpha: case.alpha, beta: case.beta };
    let schedule = Schedule::Constant(case.until / steps as f64);
    let mut run = Run::new(method, case.theta.clone(), schedule, steps);
    run.start = Start::Rest;
    run.grid = Grid::Every(steps);
    let outcome = iterate_observed(&*case.objective, &run, &mut Blind)?;
    require(&outcome.status, &case.words())?;
    let mut state = outcome.theta;
    state.extend(outcome.auxiliary.unwrap_or_default());
    Ok(state)
}

/// Step sizes and errors against the flow and against the modified equation.
struct Errors {
    step_sizes: Vec<f64>,
    flow: Vec<f64>,
    modified: Vec<f64>,
}

fn errors(case: &Case, context: &Context<'_>, rtol: f64) -> Result<Errors, CheckError> {
    let exact = reference(case, 0.0, rtol)?;
    let mut result = Errors { step_sizes: Vec::new(), flow: Vec::new(), modified: Vec::new() };
    for level in 0..case.levels {
        context.proceed()?;
        let steps = case.steps << level;
        let step_size = case.until / steps as f64;
        let state = algorithm(case, steps)?;
        result.step_sizes.push(step_size);
        result.flow.push(distance(&state, &exact));
        result.modified.push(distance(&state, &reference(case, step_size, rtol)?));
    }
    Ok(result)
}

/// Slope of the last pair, extrapolated with the one before: 2p_j − p_{j−1} removes the O(γ) remainder.
fn extrapolated_order(errors: &[f64]) -> f64 {
    let pair = |j: usize| (errors[j - 1] / errors[j]).log2();
    let last = errors.len() - 1;
    2.0 * pair(last) - pair(last - 1)
}

impl Check for EulerOrder {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let mut cases = vec![
            Case::new("hill", 0.7, 0.3, &[-1.2, 1.5], 4.0, 400),
            Case::new("double-well", 0.5, 1.0, &[0.4, 1.0], 2.0, 800),
            Case::new("quadratic:1,9", 3.0, 0.8, &[1.0, -1.0], 3.0, 600),
        ];
        if effort > Effort::Quick {
            cases.push(Case::new("himmelblau", 1.0, 0.05, &[0.0, 0.0], 1.0, 1600));
            cases.push(Case::new("cosines:2,3", 0.3, 0.2, &[1.0, 2.0, -2.5], 6.0, 1200));
        }
        if effort == Effort::Thorough {
            cases.iter_mut().for_each(|case| case.levels = 8);
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let with =
            |reference_beta| Case { reference_beta, ..Case::new("hill", 0.7, 0.3, &[-1.2, 1.5], 4.0, 400) };
        vec![with(2.0), with(1.001)]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let needs = CheckError::needs::<&str>;
        let objective = own.objective.clone().ok_or_else(|| needs("an objective"))?;
        let theta = own.start_point()?;
        let until = own.until.unwrap_or(2.0);
        let steps = own.step_size.map_or(400.0, |h| (until / h).round().clamp(4.0, 1e6)) as u64;
        let (alpha, beta) = (own.alpha.unwrap_or(0.5), own.beta.unwrap_or(0.1));
        let (objective, levels, reference_beta) = (objective.into(), 6, 1.0);
        Ok(Case { objective, alpha, beta, theta, until, steps, levels, reference_beta })
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let smooth = case.objective.facts().regularity == Regularity::Smooth;
        vec![Hypothesis::exact("J is twice continuously differentiable", smooth)]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let (coarse, fine) = (errors(case, context, 1e-12)?, errors(case, context, 1e-14)?);
        let order = |name: &str, predicted, margin, coarse: &[f64], fine: &[f64]| {
            let (a, b) = (extrapolated_order(coarse), extrapolated_order(fine));
            Measurement::equal(name, b, predicted, Budget::discretisation(margin))
                .on(case.words())
                .refined(a - b)
        };
        Ok(vec![
            order("order against DIN", 1.0, 0.02, &coarse.flow, &fine.flow),
            order("order against the modified equation", 2.0, 0.05, &coarse.modified, &fine.modified),
        ])
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        let case = Case::new("hill", 0.7, 0.3, &[-1.2, 1.5], 4.0, 100);
        let Errors { step_sizes: h, flow, modified } =
            errors(&Case { levels: 8, ..case.clone() }, context, 1e-13)?;
        let span = [h[h.len() - 1], h[0]];
        let slope = |order: f64, error: f64| Layer::Slope {
            label: format!("slope {order}"),
            slope: order,
            anchor: [h[0], 0.5 * error],
            span,
        };
        let panel = Panel::new("", Axis::log("step size γ"), Axis::log("error at T"))
            .with(slope(1.0, flow[0]))
            .with(slope(2.0, modified[0]))
            .with(Layer::points("against DIN", h.clone(), flow, 0, Marker::Circle))
            .with(Layer::points("against the modified equation", h.clone(), modified, 1, Marker::Square));
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "Error of INDIAN at a fixed time".into(),
            caption: case.words(),
            columns: 1,
            panels: vec![panel],
        })
    }
}
