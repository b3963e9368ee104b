//! From a concave kink several solutions of DIN leave the same state.
//!
//! *Derivation.* Let q± = ⟨u, n⟩ − β⟨v±, n⟩ be the normal velocities on the two sides of a kink. Where q⁻ < 0 < q⁺, which needs
//! a concave kink, a solution leaves to either side, and staying with v = u/β in the kink is a third one as long as that is
//! in ∂J; it may leave at any later time. On the line with slopes s± on the two sides the solution that leaves to the side ± has
//! the velocity u₀ − βs± and follows θ″ + αθ′ + s± = 0. For J = −|θ| from rest at 0:
//! θ(t) = ±[t/α + (β − 1/α)(1 − e^{−αt})/α], besides 0. With J = Σ J_i(θ_i) every coordinate branches by itself: 9 solutions from a
//! concave corner in the plane.
//!
//! INDIAN started a little to one side follows the solution of that side. Its error is O(γ), so 2θ_{γ/2} − θ_γ is compared.

use dinlab_din::{
    inclusion::{solve_all, Options, Solution},
    Dynamics, Run, Settings,
};
use dinlab_indian::{iterate_observed, Grid, Method, Run as IndianRun, Schedule};
use dinlab_numeric::{distance, max, norm};
use dinlab_objective::Start;
use dinlab_record::{
    figure::{Axis, Dash, Figure, Layer, Panel},
    observe::Blind,
    Budget, Claim, Evidence, Flow, Hypothesis, Measurement, Observation,
};
use serde::Serialize;

use super::kink_sticking::flight;
use crate::{
    check::{Check, Context, Effort, OwnCase},
    error::CheckError,
    runs::require,
    sources,
    subject::Subject,
    terms::Terms,
};

/// The check.
pub struct ConcaveKinkBranching;

static CLAIM: Claim = Claim {
    id: "concave-kink-branching",
    family: 'B',
    title: "Several solutions leave a concave kink",
    sentence: "Where the normal velocities on the two sides of a kink point away from it, DIN has a solution to either side \
               besides the one that stays: for J = −|θ| from rest at 0 three, with explicit formulas.",
    statement: r"q^-<0<q^+\ \Rightarrow\ \text{three solutions};\qquad J=-|\theta|:\ \theta(t)\in\Big\{0,\ \pm\Big[\tfrac t\alpha+(\beta-\tfrac1\alpha)\tfrac{1-e^{-\alpha t}}\alpha\Big]\Big\}",
    hypotheses: &[
        "the start lies on a kink with q⁻ < 0 < q⁺ (exact for the cases, seen by the solver for others)",
        "β > 0 (exact)",
    ],
    sources: &[sources::at(sources::JMLR, "inclusion (6): existence without uniqueness")],
    differences: "derived in this file; no printed form",
    measured: "Number of solutions that the event solver returns, each against its closed form; INDIAN started 10⁻⁹ to the side of \
               each, extrapolated in γ; INDIAN started in the kink with the selection 0.",
    refuted_by: "another number of solutions, another path, a run that starts beside the kink and does not follow that side",
    tolerance: "10⁻⁹ against closed forms at integration tolerance 10⁻¹²; INDIAN 10⁻⁵ of the distance travelled after \
                extrapolation, whose change when γ is halved must stay below a tenth of it",
    control: "gross: J = |θ|, whose only solution stays; near miss: β larger by 10⁻³ in the closed form",
    evidence: Evidence::Resolved,
    cost: "milliseconds",
};

/// One start in a kink.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    alpha: f64,
    beta: f64,
    theta: Vec<f64>,
    start: String,
    until: f64,
    /// Number of solutions.
    solutions: Option<usize>,
    /// Factor of β in the closed form.
    factor: f64,
    #[serde(skip)]
    initial: Start,
}

impl Case {
    fn new(objective: &str, alpha: f64, beta: f64, theta: &[f64], solutions: usize) -> Self {
        Self {
            objective: Subject::named(objective),
            alpha,
            beta,
            theta: theta.to_vec(),
            start: Start::Rest.to_string(),
            until: 2.0,
            solutions: Some(solutions),
            factor: 1.0,
            initial: Start::Rest,
        }
    }

    fn words(&self) -> String {
        let Self { objective, alpha, beta, theta, start, .. } = self;
        format!("{objective}, α={alpha}, β={beta}, θ₀={theta:?} ({start})")
    }
}

fn solutions(case: &Case, tolerance: f64) -> Result<Vec<Solution>, CheckError> {
    let dynamics = Dynamics::Din { alpha: case.alpha, beta: case.beta };
    let mut run = Run::new(dynamics, &case.theta, case.until);
    run.start = case.initial.clone();
    run.settings = Settings::with_tolerance(tolerance);
    run.samples = SAMPLES + 1;
    let all = solve_all(&*case.objective, &run, &Options::default(), &mut Blind)?;
    for solution in &all {
        require(&solution.trajectory.status, &case.words())?;
    }
    Ok(all)
}

const SAMPLES: usize = 200;

/// Where a solution is after the first sample interval, relative to the start.
fn departure(solution: &Solution) -> Vec<f64> {
    let (first, next) = (&solution.samples[0].theta, &solution.samples[1].theta);
    next.iter().zip(first).map(|(b, a)| b - a).collect()
}

/// Whether it leaves all kinks of the start, rather than staying in one of them.
fn leaves(case: &Case, solution: &Solution) -> bool {
    let free = solution.report.segments.first().is_some_and(|segment| !segment.slides());
    free && norm(&departure(solution)) > 1e-9 * (1.0 + norm(&case.theta))
}

/// Largest distance of a solution on the line from its closed form; `None` where J is not affine on the side it takes
/// or the solution stays.
fn from_closed_form(case: &Case, solution: &Solution) -> Result<Option<f64>, CheckError> {
    if case.theta.len() != 1 || !leaves(case, solution) {
        return Ok(None);
    }
    let terms = Terms::of(&*case.objective)?;
    let side = departure(solution)[0].signum();
    let slope = |d: f64| -> Result<f64, CheckError> {
        Ok(terms.sets(&[case.theta[0] + side * d])?.clarke.support(&[1.0]))
    };
    let s = slope(1e-3)?;
    let reach = (solution.last.theta[0] - case.theta[0]).abs();
    if (slope(reach)? - s).abs() > 1e-12 || (slope(0.5 * reach)? - s).abs() > 1e-12 {
        return Ok(None);
    }
    let u = case.initial.auxiliary(case.alpha, case.beta, &case.theta, &[0.0])?;
    let start = u[0] - case.factor * case.beta * s;
    let off = |sample: &dinlab_din::inclusion::Sample| {
        let [x, _] = flight(case.alpha, 0.0, start, s, sample.t);
        (sample.theta[0] - case.theta[0] - x).abs()
    };
    Ok(Some(solution.samples.iter().map(off).fold(0.0, max)))
}

/// θ at the sample times of a run of INDIAN from `theta`, with `per` steps between samples.
fn indian(case: &Case, theta: &[f64], per: u64) -> Result<Vec<Vec<f64>>, CheckError> {
    let steps = SAMPLES as u64 * per;
    let gamma = case.until / steps as f64;
    let method = Method::Indian { alpha: case.alpha, beta: case.beta };
    let mut run = IndianRun::new(method, theta.to_vec(), Schedule::Constant(gamma), steps);
    // u₀ of the kink itself, whichever subgradient the start beside it has.
    let u = case.initial.auxiliary(case.alpha, case.beta, &case.theta, &vec![0.0; theta.len()])?;
    run.start = Start::Auxiliary(u);
    run.grid = Grid::Every(per);
    let mut path = Vec::new();
    let outcome = iterate_observed(&*case.objective, &run, &mut |o: Observation<'_>| {
        path.push(o.theta.to_vec());
        Flow::Continue
    })?;
    require(&outcome.status, &case.words())?;
    Ok(path)
}

/// Largest distance of the extrapolated iterates, started beside the kink on the solution's side, from the solution, for
/// two step sizes.
fn from_iterates(case: &Case, solution: &Solution) -> Result<[f64; 2], CheckError> {
    let away = departure(solution);
    let size = norm(&away);
    let beside: Vec<f64> = case.theta.iter().zip(&away).map(|(x, d)| x + 1e-9 * d / size).collect();
    let per = [50, 100, 200];
    let paths: Result<Vec<_>, _> = per.iter().map(|&p| indian(case, &beside, p)).collect();
    let paths = paths?;
    let mut found = [0.0; 2];
    for (k, target) in found.iter_mut().enumerate() {
        for ((coarse, fine), sample) in paths[k].iter().zip(&paths[k + 1]).zip(&solution.samples) {
            let limit: Vec<f64> = fine.iter().zip(coarse).map(|(f, c)| 2.0 * f - c).collect();
            *target = max(*target, distance(&limit, &sample.theta));
        }
    }
    Ok(found)
}

impl Check for ConcaveKinkBranching {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let pushed = |u: f64, case: Case| {
            let initial = Start::Auxiliary(vec![u]);
            Case { start: initial.to_string(), initial, ..case }
        };
        let mut cases = vec![
            Case::new("expr:-abs(x)", 0.5, 0.1, &[0.0], 3),
            // αβ > 1.
            Case::new("expr:-abs(x)", 2.0, 0.8, &[0.0], 3),
            // Slopes 2.3 and −1.7 at 1, and a push that is not enough to decide.
            Case::new("expr:-2*abs(x-1)+0.3*x", 0.0, 0.2, &[1.0], 3),
            pushed(0.1, Case::new("expr:-2*abs(x-1)+0.3*x", 0.4, 0.2, &[1.0], 3)),
            // Convex: one solution.
            Case::new("power:1", 0.5, 0.1, &[0.0], 1),
            // The ridge of the valley.
            Case { until: 0.1, ..Case::new("valley", 0.5, 0.1, &[0.0, 0.4], 3) },
            Case::new("expr:-abs(x)-2*abs(y)", 0.5, 0.1, &[0.0, 0.0], 9),
        ];
        if effort > Effort::Quick {
            // Oblique, with curvature.
            cases.push(Case::new("expr:-abs(x-y)+0.5*(x^2+y^2)", 0.3, 0.2, &[0.5, 0.5], 3));
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let case = Case::new("expr:-abs(x)", 0.5, 0.1, &[0.0], 3);
        vec![Case::new("power:1", 0.5, 0.1, &[0.0], 3), Case { factor: 1.001, ..case }]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let needs = |what: &str| CheckError::OwnCase { reason: format!("it needs {what}") };
        let objective: Subject = own
            .objective
            .clone()
            .ok_or_else(|| needs("an objective with a concave kink, such as expr:-abs(x)"))?
            .into();
        let theta = own.theta.clone().ok_or_else(|| needs("a start in the kink (--start)"))?;
        let initial = match own.start.clone().unwrap_or_default() {
            Start::Speed(_) | Start::Velocity(_) => {
                return Err(needs("--psi or rest: a velocity is not unique in a kink"));
            }
            other => other,
        };
        Ok(Case {
            alpha: own.alpha.unwrap_or(0.5),
            beta: own.beta.unwrap_or(0.1),
            theta,
            start: initial.to_string(),
            until: own.until.unwrap_or(1.0),
            solutions: None,
            factor: 1.0,
            initial,
            objective,
        })
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let kinks = Terms::of(&*case.objective).map_or(0, |terms| terms.kinks());
        let branches = match case.solutions {
            None if kinks > 0 && case.beta > 0.0 => solutions(case, 1e-10)
                .is_ok_and(|all| all[0].report.branches.first().is_some_and(|branch| branch.t == 0.0)),
            _ => true,
        };
        vec![
            Hypothesis::exact("J has kinks", kinks > 0),
            Hypothesis::exact("β > 0", case.beta > 0.0),
            Hypothesis::exact("the start lies on a kink with q⁻ < 0 < q⁺", branches),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        context.proceed()?;
        let all = solutions(case, 1e-12)?;
        let rough = solutions(case, 1e-11)?;
        let count = all.len() as f64;
        let mut found = vec![match case.solutions {
            Some(expected) => {
                Measurement::equal("number of solutions", count, expected as f64, Budget::default())
            }
            None => Measurement::at_least("number of solutions", count, 3.0, Budget::default()),
        }];
        for (i, solution) in all.iter().enumerate().filter(|(_, s)| leaves(case, s)) {
            context.proceed()?;
            let travelled = distance(&solution.last.theta, &case.theta);
            if let Some(off) = from_closed_form(case, solution)? {
                let budget = Budget::discretisation(1e-9 * (1.0 + travelled));
                // The same branch of the run with a tenfold tolerance; NaN, hence unresolved, where there is none.
                let again = rough.get(i).map(|s| from_closed_form(case, s)).transpose()?.flatten();
                found.push(
                    Measurement::at_most("distance from the closed form", off, 0.0, budget)
                        .refined(off - again.unwrap_or(f64::NAN)),
                );
            }
            let [rough, fine] = from_iterates(case, solution)?;
            let budget = Budget::discretisation(1e-5 * travelled);
            let name = "distance of INDIAN, started on that side, from the solution";
            // Where the rough one is already this near, so is the limit.
            found.push(Measurement::at_most(name, fine, 0.0, budget).refined(rough - fine));
        }
        if all.iter().any(|s| !leaves(case, s))
            && matches!(case.initial, Start::Rest)
            && case.theta.len() == 1
        {
            let path = indian(case, &case.theta, 50)?;
            let off = path.iter().map(|x| distance(x, &case.theta)).fold(0.0, max);
            let mut v = [f64::NAN];
            case.objective.oracle().gradient(&case.theta, &mut v);
            if v[0] == 0.0 {
                let name = "displacement of INDIAN in the kink with the selection 0";
                found.push(Measurement::at_most(name, off, 0.0, Budget::rounding(f64::EPSILON)));
            }
        }
        Ok(found.into_iter().map(|m| m.on(case.words())).collect())
    }

    fn figure(&self, _: &Context<'_>) -> Result<Figure, CheckError> {
        let case = Case { until: 4.0, ..Case::new("expr:-abs(x)", 0.5, 0.1, &[0.0], 3) };
        let mut panel = Panel::new("", Axis::linear("t"), Axis::linear("θ(t)"));
        let all = solutions(&case, 1e-10)?;
        for (color, solution) in all.iter().enumerate() {
            let label = match departure(solution)[0] {
                d if d > 0.0 => "leaves to the right",
                d if d < 0.0 => "leaves to the left",
                _ => "stays",
            };
            let (t, x) = solution.samples.iter().map(|s| (s.t, s.theta[0])).unzip();
            panel = panel.with(Layer::curve(label, t, x, color));
        }
        for (k, delay) in [1.0, 2.0].into_iter().enumerate() {
            let t: Vec<f64> = (0..=60).map(|i| delay + (4.0 - delay) * f64::from(i) / 60.0).collect();
            for side in [1.0, -1.0] {
                let x = t.iter().map(|t| side * flight(0.5, 0.0, 0.1, -1.0, t - delay)[0]).collect();
                let label = if k == 0 && side > 0.0 { "delayed departures" } else { "" };
                panel = panel.with(Layer::Curve {
                    label: label.into(),
                    x: t.clone(),
                    y: x,
                    color: 7,
                    dash: Dash::Dotted,
                });
            }
        }
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "Solutions of DIN for J = −|θ| from rest at 0".into(),
            caption: "α = 0.5, β = 0.1; each may also stay for a while and leave later".into(),
            columns: 1,
            panels: vec![panel],
        })
    }
}
