//! Four routes to the solution of the differential inclusion have one limit: from event to event, implicit Euler with a
//! proximal step of J, kinks smoothed over ε and extrapolated, explicit Euler (INDIAN).
//!
//! *What is derived.* Implicit and explicit Euler err by O(h): off the kinks they are of order 1, a crossing is taken with
//! one old or one new gradient for a part of its step (error/h is bounded but erratic, so the order is fitted to many steps), and on a slide the implicit step holds θ on the kink exactly (its
//! proximal point lies there) while the explicit one chatters within hβΔ. The smoothed field differs from the inclusion's
//! within a layer of width ε; scaled by ε, passing it is a regular perturbation and a slide follows a slow manifold that
//! attracts like e^{−βt/ε}. Outside the layers the solution therefore has an expansion in powers of ε, the difference
//! of ε/2 and ε removes its first term, and 2θ_{ε/2} − θ_ε errs by O(ε²). At a branching state none of this holds.
//!
//! *The reference.* Orders are measured against the event solver. On J = k|θ₁| + ½θᵀHθ + gᵀθ (k of either sign) it is compared itself
//! with the closed form, in which no integrator, no dense output and none of the solver's decisions take part.

mod closed_form;

use dinlab_din::{
    inclusion::{solve, solve_all, Options, Sample, Solution},
    Dynamics, Integrator, Run, Settings,
};
use dinlab_numeric::{distance, max, minimum, norm};
use dinlab_objective::{Regularity, Start};
use dinlab_record::{
    figure::{Axis, Figure, Layer, Marker, Panel},
    observe::Blind,
    Budget, Claim, Evidence, Hypothesis, Measurement,
};
use serde::Serialize;

use self::closed_form::Kinked;
use crate::{
    check::{Check, Context, Effort, OwnCase},
    error::CheckError,
    limit::{orders, power, visible},
    problem::Problem,
    runs::{self, require},
    sources,
};

/// The check.
pub struct InclusionRoutesAgree;

static CLAIM: Claim = Claim {
    id: "inclusion-routes-agree",
    family: 'B',
    title: "Events, proximal steps, smoothed kinks and Euler steps have one limit",
    sentence: "On a bounded time interval on which the solution of the differential inclusion only crosses kinks and slides, \
               implicit Euler (proximal steps) and explicit Euler (INDIAN) stay within Ch of it, and smoothing over ε and ε/2, \
               extrapolated, within Cε² outside the layers.",
    statement: r"\|\theta_h^{\mathrm{prox}}-\theta\|_\infty+\|\theta_h^{\mathrm{Euler}}-\theta\|_\infty=O(h),\qquad \|2\theta_{\varepsilon/2}-\theta_\varepsilon-\theta\|=O(\varepsilon^2)",
    hypotheses: &[
        "J has kinks, on surfaces that the formula shows (exact)",
        "no state of the solution branches (seen by the event solver)",
        "β > 0, so that slides attract the smoothed solution (exact)",
    ],
    sources: &[
        sources::at(sources::MOREAU, "envelope and proximal map"),
        sources::at(sources::FILIPPOV, "§8, dependence on the right-hand side"),
        sources::at(sources::AUBIN_CELLINA, "chapter 2, existence by Euler's polygons"),
        sources::at(sources::SHOCKS, "motion on the boundary after a shock"),
    ],
    differences: "the sources give convergence; the orders are derived in this file",
    measured: "Largest distance of (θ, u) at common times from the shipped event solver: of `time-stepping` and `euler-limit` for \
               21 steps over five octaves (slope of the logarithms with its confidence interval), of `smoothed` for ε in ratio 2, at times that \
               are no nearer to an event than T/100 (orders between neighbours). Where J = k|θ₁| + a quadratic, the event solver \
               against matrix exponentials joined by bisection.",
    refuted_by: "a slope below 0.75 with its interval; an order of the extrapolated \
                 smoothing below 1.7; an event solver off the closed form by more than 10⁻⁹ of the largest state",
    tolerance: "bounds from above are claimed, so larger orders agree. 0.75 lies between the claimed order 1 and its \
                rival ½, and a crossing, which scales single errors by a factor in [0, 1], is in the interval of the slope; 0.3 on the orders in ε, whose third-order term is a few per cent at the smallest ε; errors \
                below ten times the change from a tolerance of 10⁻¹² to 10⁻¹³ are not used. The event solver runs at 10⁻¹² and agrees with itself at 10⁻¹⁰ to a tenth of its tolerance",
    control: "gross: proximal steps from the top of −|θ|, against a solution that leaves it; near misses: for each of the four \
              routes the inclusion with β larger by 10⁻³",
    evidence: Evidence::Resolved,
    cost: "some 10⁵ proximal steps per case",
};

/// Common times.
const INTERVALS: u64 = 200;
/// In the middle between the claimed order and its nearest rival, ½.
const SLOPE: f64 = 0.75;
/// Steps per octave, and octaves, of the routes with fixed steps.
const PER_OCTAVE: i32 = 4;
const OCTAVES: i32 = 5;
/// Widths in ratio 2 of the smoothed route.
const WIDTHS: i32 = 5;
const SECOND: f64 = 1.7;
const TOLERANCES: [f64; 2] = [1e-10, 1e-12];
/// Of the smoothed route.
const SMOOTHED: [f64; 2] = [1e-12, 1e-13];

/// A way to the solution that is compared with the event solver.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Route {
    ClosedForm,
    TimeStepping,
    EulerLimit,
    Smoothed,
}

const ROUTES: [Route; 4] = [Route::ClosedForm, Route::TimeStepping, Route::EulerLimit, Route::Smoothed];

/// One problem.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    problem: Problem,
    closed: Option<Kinked>,
    /// Steps to the horizon at the coarsest level.
    steps: f64,
    /// Largest ε.
    width: f64,
    routes: Vec<Route>,
    /// Factor on β of the event solver; 1 except in a control.
    reference_beta: f64,
    /// Which of the solutions is compared with; 0 except in a control.
    solution: usize,
}

impl Case {
    fn of(problem: Problem) -> Self {
        let routes = ROUTES.to_vec();
        Self { problem, closed: None, steps: 500.0, width: 2e-3, routes, reference_beta: 1.0, solution: 0 }
    }

    fn new(objective: &str, parameters: [f64; 2], theta: &[f64], u: &[f64], until: f64) -> Self {
        Self::of(Problem::new(objective, parameters, theta, u, until))
    }

    fn closed(kinked: Kinked, theta: &[f64], u: &[f64], until: f64) -> Self {
        let parameters = [kinked.alpha, kinked.beta];
        Self { closed: Some(kinked.clone()), ..Self::new(&kinked.formula(), parameters, theta, u, until) }
    }

    fn run(&self, integrator: Integrator, tolerance: f64) -> Run {
        let mut run = Run::new(self.problem.dynamics(), &self.problem.theta, self.problem.until);
        run.start = Start::Auxiliary(self.problem.u.clone());
        run.samples = INTERVALS as usize + 1;
        run.settings =
            Settings { integrator, max_evaluations: u64::MAX, ..Settings::with_tolerance(tolerance) };
        run
    }

    /// The event solver's solution.
    fn reference(&self, tolerance: f64) -> Result<Solution, CheckError> {
        let Problem { objective, alpha, beta, .. } = &self.problem;
        let mut run = self.run(Integrator::Event, tolerance);
        run.dynamics = Dynamics::Din { alpha: *alpha, beta: beta * self.reference_beta };
        if self.solution == 0 {
            return runs::inclusion(&**objective, &run);
        }
        let all = solve_all(&**objective, &run, &Options::default(), &mut Blind)?;
        all.into_iter().nth(self.solution).ok_or_else(|| CheckError::needs("a branching state"))
    }

    /// Another route's solution, with a step or a width.
    fn other(&self, route: Route, [setting, tolerance]: [f64; 2]) -> Result<Solution, CheckError> {
        let objective = &*self.problem.objective;
        let integrator = match route {
            Route::TimeStepping => Integrator::TimeStepping,
            Route::EulerLimit => Integrator::EulerLimit,
            _ => Integrator::Smoothed,
        };
        let mut run = self.run(integrator, tolerance);
        (run.settings.fixed_step, run.settings.smoothing) = (Some(setting), Some(setting));
        let solution = solve(objective, &run, &Options::default(), &mut Blind)?;
        require(&solution.trajectory.status, &format!("{integrator} on {}", self.problem.words()))?;
        Ok(solution)
    }

    /// Steps or widths, coarsest first.
    fn settings(&self, route: Route) -> Vec<f64> {
        if route == Route::Smoothed {
            return (0..WIDTHS).map(|k| self.width * 0.5_f64.powi(k)).collect();
        }
        let steps = |k: i32| (self.steps * 2.0_f64.powf(f64::from(k) / f64::from(PER_OCTAVE))).round();
        (0..=PER_OCTAVE * OCTAVES).map(|k| self.problem.until / steps(k)).collect()
    }

    /// Steps or widths and largest distances from the reference, coarsest first.
    fn errors(
        &self,
        route: Route,
        reference: &Solution,
        context: &Context<'_>,
    ) -> Result<[Vec<f64>; 2], CheckError> {
        let lapse = if route == Route::Smoothed { 0.01 * self.problem.until } else { 0.0 };
        let near = |t: f64| reference.report.events.iter().any(|event| (event.t - t).abs() < lapse);
        let settings = self.settings(route);
        let mut errors = Vec::new();
        for &setting in &settings {
            context.proceed()?;
            let found = self.other(route, [setting, SMOOTHED[1]])?;
            errors.push(largest(&found.samples, &reference.samples, |t| !near(t)));
        }
        Ok([settings, errors])
    }

    /// How many of the smoothed errors are at least ten times what a larger tolerance changes. Smooth kinks are hard to
    /// integrate: at small widths steps jump over them.
    fn resolved(&self, [widths, errors]: &[Vec<f64>; 2], context: &Context<'_>) -> Result<usize, CheckError> {
        for (k, (&width, &error)) in widths.iter().zip(errors).enumerate() {
            context.proceed()?;
            let [coarse, fine] = SMOOTHED.map(|tolerance| self.other(Route::Smoothed, [width, tolerance]));
            if largest(&coarse?.samples, &fine?.samples, |_| true) > 0.1 * error {
                return Ok(k);
            }
        }
        Ok(errors.len())
    }

    /// The event solver against the closed form.
    fn exact(&self, kinked: &Kinked) -> Result<Measurement, CheckError> {
        let run = self.run(Integrator::Event, TOLERANCES[0]);
        let start = [self.problem.theta.as_slice(), &self.problem.u].concat();
        let (states, _) = kinked.states(&start, &run.grid()?)?;
        let off = |solution: &Solution| {
            let rows = solution.samples.iter().zip(&states);
            rows.map(|(s, y)| distance(&[s.theta.as_slice(), &s.u].concat(), y)).fold(0.0, max)
        };
        let [coarse, fine] = [off(&self.reference(TOLERANCES[0])?), off(&self.reference(TOLERANCES[1])?)];
        let size = states.iter().map(|y| norm(y)).fold(0.0, max);
        let name = "distance of the event solver from the closed form";
        let budget = Budget::discretisation(1e-9 * size);
        Ok(Measurement::at_most(name, fine, 0.0, budget).refined(coarse - fine))
    }

    fn measure_route(
        &self,
        route: Route,
        reference: &Solution,
        context: &Context<'_>,
    ) -> Result<Vec<Measurement>, CheckError> {
        let name = match route {
            Route::ClosedForm => return self.closed.iter().map(|kinked| self.exact(kinked)).collect(),
            Route::TimeStepping => "proximal steps",
            Route::EulerLimit => "Euler steps",
            Route::Smoothed => "smoothed kinks, extrapolated",
        };
        let errors = self.errors(route, reference, context)?;
        visible(&errors[1])?;
        if route == Route::Smoothed {
            let usable = &errors[1][..self.resolved(&errors, context)?];
            if usable.len() < 2 {
                let what = "a run on which smoothed kinks err by more than ten times its integration";
                return Err(CheckError::needs(what));
            }
            let found = orders(usable);
            let last = &found[found.len().saturating_sub(3)..];
            let order = Measurement::at_least(
                format!("{name}: order in ε"),
                minimum(last),
                SECOND,
                Budget::default(),
            );
            return Ok(vec![order]);
        }
        let fit = power(&errors)?;
        let name = format!("{name}: order in h");
        let order = Measurement::at_least(name, fit.slope, SLOPE, Budget::default());
        Ok(vec![order.between(fit.low, fit.high)])
    }
}

/// Largest distance of states (θ, u) at the times that count.
fn largest(a: &[Sample], b: &[Sample], counts: impl Fn(f64) -> bool) -> f64 {
    let pairs = a.iter().zip(b).filter(|(_, b)| counts(b.t));
    let apart = |a: &Sample, b: &Sample| norm(&[distance(&a.theta, &b.theta), distance(&a.u, &b.u)]);
    pairs.map(|(a, b)| apart(a, b)).fold(0.0, max)
}

impl Check for InclusionRoutesAgree {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let one = |strength: f64, h: f64, [alpha, beta]: [f64; 2]| Kinked {
            strength,
            hessian: vec![vec![h]],
            slope: vec![0.0],
            alpha,
            beta,
        };
        let two = |strength: f64, h: [f64; 3], [alpha, beta]: [f64; 2]| Kinked {
            strength,
            hessian: vec![vec![h[0], h[1]], vec![h[1], h[2]]],
            slope: vec![0.0, 0.0],
            alpha,
            beta,
        };
        let mut cases = vec![
            // Crossings, then it sticks.
            Case::closed(one(1.0, 0.0, [0.5, 0.1]), &[1.0], &[0.1], 8.0),
            // Starts on the kink, slides, leaves, crosses, slides again.
            Case::closed(two(1.0, [1.0, 0.6, 0.6], [0.2, 0.3]), &[0.0, 0.2], &[0.1, 3.036], 8.0),
            // A concave kink, crossed.
            Case::closed(two(-0.6, [1.0, 0.2, 1.0], [0.3, 0.2]), &[1.5, -1.0], &[-1.86, -0.14], 6.0),
        ];
        if effort > Effort::Quick {
            // βL = 40: explicit steps are stable below T/240.
            let valley = Case::new("valley", [0.5, 0.1], &[-1.5, 0.0], &[0.0, 0.0], 12.0);
            cases.push(Case { steps: 1000.0, ..valley });
            let ring = "expr:abs(x^2+y^2-1)+0.2*x+0.1*y";
            cases.push(Case::new(ring, [0.5, 0.2], &[1.2, 0.9], &[0.0, 0.0], 5.0));
            // Slides for ever in a kink that is not a coordinate axis, αβ > 1.
            let wedge = "expr:max(x,y,0)+0.05*(x^2+y^2)";
            cases.push(Case::new(wedge, [1.5, 1.3], &[1.0, 0.7], &[0.0, 0.0], 6.0));
        }
        if effort == Effort::Thorough {
            cases.iter_mut().for_each(|case| case.steps *= 8.0);
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let first = self.cases(Effort::Quick)[0].clone();
        let only = |route: Route| Case { routes: vec![route], reference_beta: 1.001, ..first.clone() };
        // Fixed steps see a difference of 10⁻⁴ once they are small, best before the first crossing.
        let fine = |route: Route| {
            let mut case = only(route);
            case.problem.until = 0.5;
            case
        };
        let ridge = Case::new("expr:-abs(x)", [0.5, 0.1], &[0.0], &[0.0], 3.0);
        vec![
            Case { solution: 1, routes: vec![Route::TimeStepping], ..ridge },
            only(Route::ClosedForm),
            fine(Route::TimeStepping),
            fine(Route::EulerLimit),
            only(Route::Smoothed),
        ]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        Ok(Case::of(Problem::own(own, [0.5, 0.1], 6.0)?))
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let objective = &*case.problem.objective;
        let kinks = objective.facts().regularity == Regularity::Lipschitz && objective.tape().is_some();
        let run = case.run(Integrator::Event, TOLERANCES[1]);
        // A run that ends early is refused when it is measured.
        let unique = solve(objective, &run, &Options::default(), &mut Blind)
            .map_or(true, |solution| solution.report.branches.is_empty());
        vec![
            Hypothesis::exact("J has kinks, and its formula is known", kinks),
            Hypothesis::exact("no state of the solution branches", unique),
            Hypothesis::exact("β > 0", case.problem.beta > 0.0),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let reference = case.reference(TOLERANCES[1])?;
        let mut found = Vec::new();
        for &route in &case.routes {
            found.extend(case.measure_route(route, &reference, context)?);
        }
        Ok(found.into_iter().map(|m| m.on(case.problem.words())).collect())
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        let axis = || [Axis::log("step h, width ε"), Axis::log("largest distance from the event solver")];
        let mut panels = Vec::new();
        for (case, title) in [
            (&self.cases(Effort::Quick)[1], "slides, leaves, crosses, slides"),
            (&self.cases(Effort::Standard)[3], "valley"),
        ] {
            let reference = case.reference(TOLERANCES[1])?;
            let [x, y] = axis();
            let mut panel = Panel::new(title, x, y);
            for (color, (route, label, marker)) in [
                (Route::TimeStepping, "proximal steps", Marker::Square),
                (Route::EulerLimit, "Euler steps (INDIAN)", Marker::Ring),
                (Route::Smoothed, "smoothed, extrapolated", Marker::Triangle),
            ]
            .into_iter()
            .enumerate()
            {
                let [x, y] = case.errors(route, &reference, context)?;
                panel = panel.with(Layer::points(label, x, y, color, marker));
            }
            let missed = Case { reference_beta: 1.001, ..case.clone() };
            let [x, y] = missed.errors(Route::Smoothed, &missed.reference(TOLERANCES[1])?, context)?;
            panel = panel.with(Layer::points("the last, 1.001 β", x, y, 7, Marker::Cross));
            panels.push(panel);
        }
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "Three routes to the solution of the inclusion beside the event solver".into(),
            caption: "left: |x| + a quadratic, the event solver checked by a closed form; right: valley, α = 0.5, β = 0.1".into(),
            columns: 2,
            panels,
        })
    }
}
