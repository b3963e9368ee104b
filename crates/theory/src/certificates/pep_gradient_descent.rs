//! f(x_N) − f* ≤ (LR²/2)·max{1/(2Nh+1), (1−h)^{2N}} for gradient descent with step h/L, and its relatives for gradient norms
//! and on 𝓕_{μ,L}, are the exact worst cases. Measured: the certified bound of performance estimation, in units L = R = 1.

use dinlab_numeric::max;
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
pub struct PepGradientDescent;

static CLAIM: Claim = Claim {
    id: "pep-gradient-descent",
    family: 'E',
    title: "Worst cases of gradient descent",
    sentence: "The closed forms for gradient descent on smooth convex and strongly convex functions are its exact worst cases.",
    statement: r"\sup_{f\in\mathcal F_{0,L}} f(x_N)-f^*=\frac{LR^2}{2}\max\Big\{\frac1{2Nh+1},(1-h)^{2N}\Big\}",
    hypotheses: &["dimension ≥ N+2 (by construction: the Gram matrix is free)"],
    sources: &[sources::at(sources::DRORI_TEBOULLE, "theorems 3.1, 3.2, conjecture 3.1"), sources::at(sources::INTERPOLATION, "theorem 4")],
    differences: "for 1 < h < 2 a conjecture of 2014; used as a numerical identity",
    measured: "The dual multipliers of the performance-estimation problem are rounded to fractions and verified exactly; \
               the verified bound is compared with the closed form from both sides. It bounds every function of the \
               class in every dimension.",
    refuted_by: "a verified bound below the closed form by more than its own rounding, or above it by more than 10⁻⁶ relative",
    tolerance: "from above: 10⁻⁶ of the closed form (the verified bound gives up 10⁻⁹ to 10⁻⁸ of the trace of the Gram \
                matrix, which is of order 1); from below: 4ε, the rounding of the closed form itself",
    control: "gross: smooth functions that need not be convex; near miss: the closed form multiplied by 1.001",
    evidence: Evidence::Certified,
    cost: "some dozen semidefinite problems of up to 12 rows, well under a second",
};

/// Which closed form.
#[derive(Debug, Clone, Copy, Serialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Form {
    /// f from the distance.
    Value,
    /// ‖g‖² from the distance, h = 1.
    Gradient,
    /// ‖g‖² from f, h = 1.
    GradientFromValue,
    /// Distance on 𝓕_{μ,1}.
    Distance(f64),
    /// f from f on 𝓕_{μ,1}.
    ValueFromValue(f64),
}

/// One comparison.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    form: Form,
    steps: usize,
    h: f64,
    /// Control: the class is not convex.
    nonconvex: bool,
    /// Control: factor of the closed form.
    factor: f64,
}

impl Case {
    fn new(form: Form, steps: usize, h: f64) -> Self {
        Self { form, steps, h, nonconvex: false, factor: 1.0 }
    }

    fn closed_form(&self) -> f64 {
        let (n, h) = (self.steps as f64, self.h);
        let power = 2 * self.steps as i32;
        let contraction = |mu: f64| max((1.0 - h * mu).abs(), (1.0 - h).abs()).powi(power);
        match self.form {
            Form::Value => 0.5 * max(1.0 / (2.0 * n * h + 1.0), (1.0 - h).powi(power)),
            Form::Gradient => (n + 1.0).powi(-2),
            Form::GradientFromValue => 2.0 / (2.0 * n + 1.0),
            Form::Distance(mu) | Form::ValueFromValue(mu) => contraction(mu),
        }
    }

    fn question(&self) -> (&'static str, String) {
        let step = format!("step-size={}", self.h);
        let (class, options) = match self.form {
            Form::Value => ("smooth-convex", step),
            Form::Gradient => ("smooth-convex", format!("{step} measure=gradient")),
            Form::GradientFromValue => ("smooth-convex", format!("{step} measure=gradient start=f")),
            Form::Distance(mu) => {
                ("smooth-strongly-convex", format!("{step} convexity={mu} measure=distance"))
            }
            Form::ValueFromValue(mu) => ("smooth-strongly-convex", format!("{step} convexity={mu} start=f")),
        };
        (if self.nonconvex { "smooth" } else { class }, options)
    }
}

impl Check for PepGradientDescent {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let longest = match effort {
            Effort::Quick => 3,
            Effort::Standard => 5,
            Effort::Thorough => 10,
        };
        let mut cases = Vec::new();
        for steps in 1..=longest {
            cases.extend([1.0, 1.5, 1.9].map(|h| Case::new(Form::Value, steps, h)));
            cases.push(Case::new(Form::Gradient, steps, 1.0));
            cases.push(Case::new(Form::GradientFromValue, steps, 1.0));
        }
        for mu in [0.1, 0.3] {
            for h in [1.0, 1.5, 1.9] {
                cases.push(Case::new(Form::Distance(mu), 1, h));
                cases.push(Case::new(Form::ValueFromValue(mu), 1, h));
            }
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let gross = Case { nonconvex: true, ..Case::new(Form::GradientFromValue, 2, 1.0) };
        let miss = Case { factor: 1.001, ..Case::new(Form::Value, 2, 1.0) };
        vec![gross, miss]
    }

    fn hypotheses(&self, _: &Case) -> Vec<Hypothesis> {
        vec![Hypothesis::exact("0 ≤ μ < L", true)]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        context.proceed()?;
        let (class, options) = case.question();
        let found = bound("gradient-descent", class, case.steps, &options)?;
        let predicted = case.closed_form() * case.factor;
        let words = format!("{class}, N={}, {options}", case.steps);
        let above = Measurement::at_most(
            "certified worst case",
            found.certified,
            predicted,
            Budget::rounding(1e-6 * predicted),
        );
        let truth = Measurement::at_least(
            "certified worst case, not below the truth",
            found.certified,
            predicted,
            Budget::rounding(4.0 * f64::EPSILON * predicted),
        );
        Ok(vec![above.on(words.clone()), truth.on(words)])
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        let steps: Vec<usize> = (1..=8).collect();
        let mut panel = Panel::new("", Axis::log("steps N"), Axis::log("worst f(x_N) − f*, L = R = 1"));
        for (index, (h, marker)) in
            [(1.0, Marker::Circle), (1.5, Marker::Square), (1.9, Marker::Triangle)].into_iter().enumerate()
        {
            let at: Vec<f64> = steps.iter().map(|&n| n as f64).collect();
            let mut found = Vec::new();
            for &n in &steps {
                context.proceed()?;
                found.push(
                    bound("gradient-descent", "smooth-convex", n, &format!("step-size={h}"))?.certified,
                );
            }
            let closed = steps.iter().map(|&n| Case::new(Form::Value, n, h).closed_form()).collect();
            let color = [0, 1, 3][index];
            panel = panel
                .with(Layer::dashed(format!("closed form, h = {h}"), at.clone(), closed, color))
                .with(Layer::points(format!("certified, h = {h}"), at, found, color, marker));
        }
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "Worst case of gradient descent: certified bounds and closed form".into(),
            caption: "step h/L on smooth convex functions".into(),
            columns: 1,
            panels: vec![panel],
        })
    }
}
