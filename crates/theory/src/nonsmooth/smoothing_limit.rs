//! Smoothing the kinks of J over ε (|x| by its Moreau envelope) changes the solution by O(ε), as long as it only crosses
//! and slides.
//!
//! *Derivation.* The smoothed field differs from the one of the inclusion only within a layer of width O(ε) about the
//! surfaces. A transversal crossing takes a time O(ε) in the layer, in which the bounded field is wrong by O(1): a shift of
//! O(ε). On a slide the smoothed orbit settles where the slope of the envelope equals the Filippov selection, at a distance
//! ε times that selection from the surface, and follows it at the rate β/ε. Crossings and slides are finite in number on
//! [0, T] and the flows between them are Lipschitz, so the sup error is Cε + o(ε). At a branching state this fails: from
//! the top of −|θ| the symmetric smoothing never leaves.

use dinlab_din::{Integrator, Run, Settings};
use dinlab_numeric::{distance, max, maximum, minimum};
use dinlab_objective::{Regularity, Smoothed};
use dinlab_record::{
    figure::{Axis, Figure, Layer, Marker, Panel},
    observe::Blind,
    Budget, Claim, Evidence, Hypothesis, Measurement,
};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    error::CheckError,
    limit::{orders, visible},
    problem::Problem,
    runs, sources,
};

/// The check.
pub struct SmoothingLimit;

static CLAIM: Claim = Claim {
    id: "smoothing-limit",
    family: 'B',
    title: "Smoothing the kinks over ε changes the solution by O(ε)",
    sentence: "DIN of J with kinks rounded off over ε stays within Cε + o(ε) of the solution of the differential inclusion \
               on a bounded time interval, if that solution only crosses kinks and slides along them.",
    statement: r"\sup_{[0,T]}\|\theta_\varepsilon-\theta\|=O(\varepsilon),\qquad \theta_\varepsilon:\ |x|\to\min_y\{|y|+\tfrac1{2\varepsilon}(x-y)^2\}",
    hypotheses: &[
        "J has kinks, on surfaces that the formula shows (exact)",
        "no state of the solution branches (seen by the event solver)",
    ],
    sources: &[sources::at(sources::MOREAU, "envelope"), sources::at(sources::FILIPPOV, "§8, dependence on the right-hand side")],
    differences: "order derived in this file; the sources give convergence",
    measured: "Largest distance on a common grid of times between the shipped flow of the smoothed J and the shipped event \
               solver, for ε in ratio 2; orders between neighbours.",
    refuted_by: "an order between neighbours below 0.8 (a larger one agrees with a bound from above)",
    tolerance: "margin 0.2 on each of the last three orders: o(ε) and the grid of times move them by some per cent; distances \
                that a hundredth of the integration tolerance changes by more than 10⁻² are left out, and the change of the orders \
                must be below a tenth of the margin",
    control: "gross: −|θ| from its top, against a solution that leaves; near miss: the inclusion with β larger by 10⁻³",
    evidence: Evidence::Resolved,
    cost: "some ten integrations per case",
};

const SAMPLES: usize = 801;
const MARGIN: f64 = 0.2;
const TOLERANCES: [f64; 2] = [1e-9, 1e-11];

/// One problem.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    problem: Problem,
    /// Largest ε; halved from level to level.
    width: f64,
    levels: usize,
    /// Factor on β of the inclusion; 1 except in a control.
    reference_beta: f64,
    /// Which of the solutions of the inclusion is compared with; 0 except in a control.
    solution: usize,
}

impl Case {
    fn new(objective: &str, parameters: [f64; 2], theta: &[f64], until: f64) -> Self {
        let problem = Problem::new(objective, parameters, theta, &vec![0.0; theta.len()], until);
        Self { problem, width: 2e-3, levels: 5, reference_beta: 1.0, solution: 0 }
    }

    fn run(&self, tolerance: f64) -> Run {
        let mut run = Run::new(self.problem.dynamics(), &self.problem.theta, self.problem.until);
        run.start = self.problem.start();
        run.samples = SAMPLES;
        run.settings = Settings::with_tolerance(tolerance);
        run
    }
}

/// εs and largest distances, coarsest first.
fn errors(case: &Case, context: &Context<'_>, tolerance: f64) -> Result<[Vec<f64>; 2], CheckError> {
    let objective = &*case.problem.objective;
    let mut run = case.run(tolerance);
    let beta = case.problem.beta * case.reference_beta;
    run.dynamics = dinlab_din::Dynamics::Din { alpha: case.problem.alpha, beta };
    run.settings.integrator = Integrator::Event;
    let limit = match case.solution {
        0 => runs::inclusion(objective, &run)?,
        other => dinlab_din::inclusion::solve_all(objective, &run, &Default::default(), &mut Blind)?
            .into_iter()
            .nth(other)
            .ok_or_else(|| CheckError::needs("a branching state"))?,
    };
    let mut result = [Vec::new(), Vec::new()];
    for level in 0..case.levels {
        context.proceed()?;
        let width = case.width / f64::from(1_u32 << level);
        let smooth = Smoothed::new(objective, width)
            .ok_or_else(|| CheckError::needs("an objective with a formula"))?;
        let path = runs::flow(&smooth, &case.run(tolerance))?;
        let apart = path.theta.iter().zip(&limit.trajectory.theta).map(|(a, b)| distance(a, b));
        result[0].push(width);
        result[1].push(apart.fold(0.0, max));
    }
    Ok(result)
}

impl Check for SmoothingLimit {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let mut cases = vec![
            Case::new("power:1", [0.5, 0.1], &[1.0], 8.0),
            Case::new("expr:abs(x)+2*abs(y)+0.3*x*y", [0.5, 0.2], &[1.0, 0.7], 6.0),
            Case::new("expr:abs(x^2+y^2-1)+0.2*x+0.1*y", [0.5, 0.2], &[1.2, 0.9], 5.0),
        ];
        if effort > Effort::Quick {
            cases.push(Case::new("valley", [0.5, 0.1], &[-1.5, 0.0], 12.0));
            cases.push(Case::new("expr:max(x,y,0)+0.05*(x^2+y^2)", [1.5, 1.3], &[1.0, 0.7], 6.0));
        }
        if effort == Effort::Thorough {
            cases.iter_mut().for_each(|case| case.levels = 8);
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let ridge = Case::new("expr:-abs(x)", [0.5, 0.1], &[0.0], 3.0);
        vec![
            Case { solution: 1, ..ridge },
            Case { reference_beta: 1.001, ..self.cases(Effort::Quick)[0].clone() },
        ]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let problem = Problem::own(own, [0.5, 0.1], 6.0)?;
        Ok(Case { problem, width: 2e-3, levels: 5, reference_beta: 1.0, solution: 0 })
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let objective = &*case.problem.objective;
        let kinks = objective.facts().regularity == Regularity::Lipschitz && objective.tape().is_some();
        let mut run = case.run(TOLERANCES[0]);
        run.settings.integrator = Integrator::Event;
        // A run that ends early is refused when it is measured.
        let unique = dinlab_din::inclusion::solve(objective, &run, &Default::default(), &mut Blind)
            .map_or(true, |solution| solution.report.branches.is_empty());
        vec![
            Hypothesis::exact("J has kinks, and its formula is known", kinks),
            Hypothesis::exact("no state of the solution branches", unique),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let [_, distances] = errors(case, context, TOLERANCES[1])?;
        visible(&distances)?;
        let loose = errors(case, context, TOLERANCES[0])?[1].clone();
        // Distances of higher order fall to the level of integration errors.
        let pairs = distances.iter().zip(&loose);
        let clear = pairs.take_while(|(fine, coarse)| (*fine - *coarse).abs() <= 1e-2 * **fine).count();
        if clear < 2 {
            return Err(CheckError::needs("a run on which smoothed kinks err by more than its integration"));
        }
        let (fine, coarse) = (orders(&distances[..clear]), orders(&loose[..clear]));
        let last = &fine[fine.len().saturating_sub(3)..];
        let change = fine.iter().zip(&coarse).rev().take(3).map(|(a, b)| (a - b).abs()).fold(0.0, max);
        let (value, budget) = (last[last.len() - 1], Budget::discretisation(MARGIN));
        let order = Measurement::at_least("order in ε", value, 1.0, budget);
        Ok(vec![order.between(minimum(last), maximum(last)).on(case.problem.words()).refined(change)])
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        let mut panel = Panel::new(
            "",
            Axis::log("width ε of the kinks"),
            Axis::log("largest distance from the inclusion on [0, T]"),
        );
        let markers = [Marker::Circle, Marker::Square, Marker::Triangle];
        for (color, (case, marker)) in self.cases(Effort::Quick).into_iter().zip(markers).enumerate() {
            let [width, error] =
                errors(&Case { width: 1.6e-2, levels: 9, ..case.clone() }, context, TOLERANCES[1])?;
            let (first, scale) = (width[width.len() - 1], error[error.len() - 1]);
            let line = width.iter().map(|w| scale * w / first).collect();
            let label = case.problem.objective.to_string();
            panel = panel.with(Layer::points(label, width.clone(), error, color, marker));
            panel = panel.with(Layer::dashed("", width, line, color));
        }
        let case = Case { width: 1.6e-2, levels: 9, ..self.control()[0].clone() };
        let [width, error] = errors(&case, context, TOLERANCES[1])?;
        let panel = panel.with(Layer::points(
            "−|x| from its top, a solution that leaves",
            width,
            error,
            7,
            Marker::Cross,
        ));
        let words: Vec<String> = self.cases(Effort::Quick).iter().map(|case| case.problem.words()).collect();
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "Distance of the smoothed flow from the inclusion".into(),
            caption: format!("{}. Dashed: first order through the last point.", words.join("; ")),
            columns: 1,
            panels: vec![panel],
        })
    }
}
