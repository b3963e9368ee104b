//! INDIAN with γ → 0 tends to the solution of the differential inclusion uniformly on [0, T], with error O(γ) if that
//! solution is unique, crosses kinks transversally and slides.
//!
//! *Derivation.* Off the kinks this is the order of Euler's method. A transversal crossing is taken with the old gradient
//! up to the end of its step: an error of at most γβ‖v⁺ − v⁻‖ in θ, with a factor in [0, 1] that depends on where in the
//! step the crossing falls. On a slide INDIAN chatters within γβΔ of the surface, and its average over some steps is the
//! Filippov selection up to O(γ). The quotient error/γ is therefore bounded but erratic, and orders between neighbours
//! scatter: what is judged is the slope over all steps and the bound.

use dinlab_din::{Dynamics, Integrator, Run, Settings};
use dinlab_indian::{iterate_observed, Grid, Method, Run as Iteration, Schedule};
use dinlab_numeric::{distance, max};
use dinlab_objective::Regularity;
use dinlab_record::{
    figure::{Axis, Figure, Layer, Marker, Panel},
    observe::Blind,
    Budget, Claim, Evidence, Flow, Hypothesis, Measurement, Observation,
};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    error::CheckError,
    limit::{growth, power, visible},
    problem::Problem,
    runs::{self, require},
    sources,
};

/// The check.
pub struct EulerToInclusion;

static CLAIM: Claim = Claim {
    id: "euler-to-inclusion",
    family: 'B',
    title: "INDIAN tends to the differential inclusion with error O(γ), across kinks",
    sentence: "On a bounded time interval the iterates of INDIAN stay within Cγ of the solution of the differential \
               inclusion, through crossings and slides, if that solution is unique.",
    statement: r"\max_{k\gamma\le T}\|\theta_k-\theta(k\gamma)\|\le C\gamma",
    hypotheses: &[
        "J has kinks, on surfaces that the formula shows (exact)",
        "no state of the solution branches (seen by the event solver)",
    ],
    sources: &[
        sources::at(sources::AUBIN_CELLINA, "chapter 2, existence by Euler's polygons"),
        sources::at(sources::JMLR, "section 3, INDIAN as a discretisation"),
    ],
    differences: "the order is derived in this file for unique solutions with finitely many events; the sources give convergence",
    measured: "Largest distance at common times between the shipped INDIAN and the shipped event solver, for eight steps γ in \
               ratio 2: the slope of its logarithm by least squares, and how much the quotient by γ grows from the four \
               coarser to the four finer steps.",
    refuted_by: "a slope below 0.8 (a larger one agrees with a bound from above), or a quotient by γ that grows by more than a factor 3",
    tolerance: "margin 0.2 on the slope: the factor in [0, 1] of each crossing moves single errors by up to a factor of two, \
                the slope over seven octaves by log₂(2)/7 at either end. The reference is integrated at 10⁻¹¹",
    control: "gross: γ fixed while T grows, where the error stays; near miss: the inclusion with β larger by 10⁻³",
    evidence: Evidence::Sampled,
    cost: "10⁶ steps per case",
};

/// Common times.
const INTERVALS: u64 = 400;
const LEVELS: u32 = 8;
const MARGIN: f64 = 0.2;
const GROWTH: f64 = 3.0;

/// One problem.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    problem: Problem,
    /// Steps between two common times at the coarsest level.
    steps: u64,
    /// Factor on β of the inclusion; 1 except in a control.
    reference_beta: f64,
    /// Whether T grows and γ stays, instead of γ falling.
    growing: bool,
}

impl Case {
    fn new(objective: &str, parameters: [f64; 2], theta: &[f64], until: f64, steps: u64) -> Self {
        let problem = Problem::new(objective, parameters, theta, &vec![0.0; theta.len()], until);
        Self { problem, steps, reference_beta: 1.0, growing: false }
    }

    fn reference(&self, until: f64) -> Run {
        let Problem { alpha, beta, theta, .. } = &self.problem;
        let dynamics = Dynamics::Din { alpha: *alpha, beta: beta * self.reference_beta };
        let mut run = Run::new(dynamics, theta, until);
        run.start = self.problem.start();
        run.samples = INTERVALS as usize + 1;
        run.settings = Settings { integrator: Integrator::Event, ..Settings::with_tolerance(1e-11) };
        run
    }
}

/// Largest distance at the common times.
fn error(case: &Case, limit: &[Vec<f64>], until: f64, steps: u64) -> Result<f64, CheckError> {
    let Problem { objective, alpha, beta, theta, .. } = &case.problem;
    let gamma = until / (INTERVALS * steps) as f64;
    let method = Method::Indian { alpha: *alpha, beta: *beta };
    let mut run = Iteration::new(method, theta.clone(), Schedule::Constant(gamma), INTERVALS * steps);
    run.start = case.problem.start();
    run.grid = Grid::Every(steps);
    let mut largest = 0.0;
    let mut rows = limit.iter();
    let outcome = iterate_observed(&**objective, &run, &mut |o: Observation<'_>| {
        largest = max(largest, rows.next().map_or(f64::NAN, |row| distance(row, o.theta)));
        Flow::Continue
    })?;
    require(&outcome.status, &case.problem.words())?;
    Ok(largest)
}

/// γs (or what is said to be one) and errors, coarsest first.
fn errors(case: &Case, context: &Context<'_>) -> Result<[Vec<f64>; 2], CheckError> {
    let mut result = [Vec::new(), Vec::new()];
    let until = case.problem.until;
    let mut limit = runs::inclusion(&*case.problem.objective, &case.reference(until))?.trajectory.theta;
    for level in 0..LEVELS {
        context.proceed()?;
        let factor = 1_u64 << level;
        let gamma = until / (INTERVALS * case.steps * factor) as f64;
        result[0].push(gamma);
        result[1].push(if case.growing {
            let until = until * factor as f64;
            limit = runs::inclusion(&*case.problem.objective, &case.reference(until))?.trajectory.theta;
            error(case, &limit, until, case.steps * factor)?
        } else {
            error(case, &limit, until, case.steps * factor)?
        });
    }
    Ok(result)
}

impl Check for EulerToInclusion {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let mut cases = vec![
            Case::new("power:1", [0.5, 0.1], &[1.0], 8.0, 10),
            Case::new("expr:abs(x)+2*abs(y)+0.3*x*y", [0.5, 0.2], &[1.0, 0.7], 6.0, 8),
            Case::new("expr:abs(x^2+y^2-1)+0.2*x+0.1*y", [0.5, 0.2], &[1.2, 0.9], 5.0, 8),
        ];
        if effort > Effort::Quick {
            cases.push(Case::new("valley", [0.5, 0.1], &[-1.5, 0.0], 12.0, 100));
            cases.push(Case::new("expr:max(x,y,0)+0.05*(x^2+y^2)", [1.5, 1.3], &[1.0, 0.7], 6.0, 10));
        }
        if effort == Effort::Thorough {
            cases.iter_mut().for_each(|case| case.steps *= 4);
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let first = self.cases(Effort::Quick)[0].clone();
        vec![Case { growing: true, steps: 1, ..first.clone() }, Case { reference_beta: 1.001, ..first }]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let problem = Problem::own(own, [0.5, 0.1], 6.0)?;
        let steps = own.step_size.map_or(8, |gamma| {
            let wanted = (problem.until / (INTERVALS as f64 * gamma)).ceil();
            // Bounds the cost: 2⁷ times this is the finest level.
            if wanted >= 1.0 {
                (wanted as u64).min(2000)
            } else {
                1
            }
        });
        Ok(Case { problem, steps, reference_beta: 1.0, growing: false })
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let objective = &*case.problem.objective;
        let kinks = objective.facts().regularity == Regularity::Lipschitz && objective.tape().is_some();
        let run = case.reference(case.problem.until);
        // A run that ends early is refused when it is measured.
        let unique = dinlab_din::inclusion::solve(objective, &run, &Default::default(), &mut Blind)
            .map_or(true, |solution| solution.report.branches.is_empty());
        vec![
            Hypothesis::exact("J has kinks, and its formula is known", kinks),
            Hypothesis::exact("no state of the solution branches", unique),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let errors = errors(case, context)?;
        visible(&errors[1])?;
        let order =
            Measurement::at_least("order in γ", power(&errors)?.slope, 1.0, Budget::discretisation(MARGIN));
        let name = "growth of error/γ towards γ → 0";
        let bound = Measurement::at_most(name, growth(&errors), GROWTH, Budget::default());
        Ok(vec![order.on(case.problem.words()), bound.on(case.problem.words())])
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        let mut panel =
            Panel::new("", Axis::log("step γ"), Axis::log("largest distance from the inclusion on [0, T]"));
        let markers = [Marker::Circle, Marker::Square, Marker::Triangle];
        for (color, (case, marker)) in self.cases(Effort::Quick).into_iter().zip(markers).enumerate() {
            let [gamma, error] = errors(&case, context)?;
            let quotient = gamma.iter().zip(&error).map(|(g, e)| e / g).fold(0.0, max);
            let envelope = gamma.iter().map(|g| quotient * g).collect();
            let label = case.problem.objective.to_string();
            panel = panel.with(Layer::points(label, gamma.clone(), error, color, marker));
            panel = panel.with(Layer::dashed("", gamma, envelope, color));
        }
        let [gamma, error] = errors(&self.control()[1], context)?;
        let panel = panel.with(Layer::points("|x|, inclusion with 1.001 β", gamma, error, 7, Marker::Cross));
        let words: Vec<String> = self.cases(Effort::Quick).iter().map(|case| case.problem.words()).collect();
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "Distance of INDIAN from the inclusion".into(),
            caption: format!("{}. Dashed: the smallest Cγ above all errors.", words.join("; ")),
            columns: 1,
            panels: vec![panel],
        })
    }
}
