//! The dictionary of methods in worst cases: INDIAN(1/γ, γ, γ) is gradient descent with step γ², αβ = 1 is gradient descent
//! with step γβ, and INDIAN with Nesterov's parameters is Nesterov's method at its y-iterates. The two models are written
//! independently of each other.

use dinlab_record::{
    figure::{Axis, Figure, Layer, Marker, Panel},
    Budget, Claim, Evidence, Hypothesis, Measurement,
};
use serde::Serialize;

use crate::{
    bounds::bound,
    check::{Check, Context, Effort},
    error::CheckError,
    sources,
};

/// The check.
pub struct PepIndianConsistency;

static CLAIM: Claim = Claim {
    id: "pep-indian-consistency",
    family: 'E',
    title: "INDIAN's worst cases are those of the methods it contains",
    sentence: "With the parameters of gradient descent or of Nesterov's method INDIAN has their worst cases.",
    statement: r"\mathrm{PEP}(\mathrm{INDIAN}(1/\gamma,\gamma,\gamma))=\mathrm{PEP}(\mathrm{GD}(\gamma^2)),\quad \alpha\beta=1:\ \mathrm{PEP}(\mathrm{GD}(\gamma\beta))",
    hypotheses: &["u₀ = 0 (by construction)"],
    sources: &[sources::at(sources::JMLR, "update (11)"), sources::at(sources::INTERPOLATION, "theorem 4")],
    differences: "derived in this project; no printed form",
    measured: "Two performance-estimation problems, each written as its own method is written, have verified bounds that \
               agree.",
    refuted_by: "verified bounds that differ by more than 10⁻⁶ relative",
    tolerance: "10⁻⁶ of the value: each verified bound gives up 10⁻⁹ to 10⁻⁸ of the trace of its Gram matrix",
    control: "gross: Nesterov's x-iterates instead of his y-iterates; near miss: a step that is 0.1% longer",
    evidence: Evidence::Certified,
    cost: "some dozen semidefinite problems of up to 8 rows, well under a second",
};

/// Two questions that must have one answer.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    indian: String,
    method: &'static str,
    options: String,
    steps: usize,
    convexity: f64,
}

impl Case {
    fn new(indian: &str, method: &'static str, options: &str, steps: usize) -> Self {
        Self { indian: indian.into(), method, options: options.into(), steps, convexity: 0.1 }
    }
}

/// Step 1 and momentum 1/2: γ = 1, β = 3/2, α = 1/2.
const NESTEROV: &str = "alpha=0.5 beta=1.5 step-size=1";

impl Check for PepIndianConsistency {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let longest = if effort == Effort::Quick { 2 } else { 4 };
        let mut cases = Vec::new();
        for n in 1..=longest {
            cases.push(Case::new(
                "alpha=1.25 beta=0.8 step-size=0.8",
                "gradient-descent",
                "step-size=0.64",
                n,
            ));
            cases.push(Case::new("alpha=2 beta=0.5 step-size=1.4", "gradient-descent", "step-size=0.7", n));
            cases.push(Case::new(NESTEROV, "three-parameter", "a=1 b=0.5 eta=0.5 delta=0.5", n));
            cases.push(Case::new(
                "alpha=0.5 beta=0.8 step-size=0.8",
                "heavy-ball",
                "step-size=0.64 momentum=0.6",
                n,
            ));
        }
        // One step from rest does not see α.
        cases.push(Case::new("alpha=0.3 beta=1.2 step-size=1.5", "gradient-descent", "step-size=1.8", 1));
        cases
    }

    fn control(&self) -> Vec<Case> {
        vec![
            Case::new(NESTEROV, "nesterov", "step-size=1 momentum=0.5", 3),
            Case::new("alpha=1.25 beta=0.8 step-size=0.8", "gradient-descent", "step-size=0.64064", 2),
        ]
    }

    fn hypotheses(&self, _: &Case) -> Vec<Hypothesis> {
        vec![Hypothesis::exact("0 ≤ μ < L", true)]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        context.proceed()?;
        let mut all = Vec::new();
        let strong = format!("convexity={}", case.convexity);
        for (class, constants) in [("smooth-convex", ""), ("smooth-strongly-convex", strong.as_str())] {
            let ours = bound("indian", class, case.steps, &format!("{} {constants}", case.indian))?.certified;
            let theirs =
                bound(case.method, class, case.steps, &format!("{} {constants}", case.options))?.certified;
            all.push(
                Measurement::equal(
                    "certified worst case of INDIAN",
                    ours,
                    theirs,
                    Budget::rounding(1e-6 * theirs),
                )
                .on(format!(
                    "{class}, N={}, {} as {} {}",
                    case.steps, case.indian, case.method, case.options
                )),
            );
        }
        Ok(all)
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        let (mut steps, mut indian, mut at_y, mut at_x) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for n in 1..=6 {
            context.proceed()?;
            steps.push(n as f64);
            indian.push(bound("indian", "smooth-convex", n, NESTEROV)?.certified);
            at_y.push(bound("three-parameter", "smooth-convex", n, "a=1 b=0.5 eta=0.5 delta=0.5")?.certified);
            at_x.push(bound("nesterov", "smooth-convex", n, "step-size=1 momentum=0.5")?.certified);
        }
        let panel = Panel::new("", Axis::linear("steps N"), Axis::log("worst f − f*, L = R = 1"))
            .with(Layer::dashed("Nesterov at y", steps.clone(), at_y, 1))
            .with(Layer::curve("Nesterov at x", steps.clone(), at_x, 3))
            .with(Layer::points("INDIAN", steps, indian, 0, Marker::Ring));
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "INDIAN with Nesterov's parameters has the worst case of his y-iterates".into(),
            caption: "α = 0.5, β = 1.5, γ = 1 on smooth convex functions; certified bounds".into(),
            columns: 1,
            panels: vec![panel],
        })
    }
}
