//! For INDIAN from rest on 𝓕_{0,L} the worst f(θ_N) − f* is at least LR²/(2(1+2Ld_N)) (one-dimensional Huber functions) and
//! at least ½ℓp_N(ℓ)²R² for ℓ ≤ L (quadratics). For short steps the first is the worst case exactly.

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
pub struct PepIndianBounds;

static CLAIM: Claim = Claim {
    id: "pep-indian-bounds",
    family: 'E',
    title: "Worst case of INDIAN from rest",
    sentence: "For short steps the worst case of INDIAN on smooth convex functions is that of a Huber function, and it is \
               never below those of Huber functions and quadratics.",
    statement: r"\sup(f_N-f^*)\ge\max\Big\{\frac{LR^2}{2(1+2Ld_N)},\ \max_{0\le\ell\le L}\tfrac12\ell\,p_N(\ell)^2R^2\Big\}",
    hypotheses: &["u₀ = 0 (by construction)", "dimension ≥ N+2 (by construction: the Gram matrix is free)"],
    sources: &[sources::at(sources::JMLR, "update (11)"), sources::at(sources::INTERPOLATION, "theorem 4")],
    differences: "derived in this project; no printed form",
    measured: "The verified bound of performance estimation is compared with both closed forms: equal to the first for \
               short steps, at least the larger of them always. The closed forms come from running the recursion on a \
               constant gradient and on quadratics.",
    refuted_by: "a verified bound below either closed form, or above the first for short steps",
    tolerance: "from above 10⁻⁶ relative (room given up for rounding times the trace of the Gram matrix); from below 16ε",
    control: "gross: the long step γ = 1, β = 1.5, where the first bound is strict; near miss: d_N multiplied by 1.001",
    evidence: Evidence::Certified,
    cost: "a dozen semidefinite problems of up to 10 rows, well under a second",
};

/// Parameters; `short` says that the first bound is claimed to be attained.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    alpha: f64,
    beta: f64,
    gamma: f64,
    steps: usize,
    short: bool,
    /// Control: factor of d_N.
    factor: f64,
}

impl Case {
    fn short([alpha, beta, gamma]: [f64; 3], steps: usize) -> Self {
        Self { alpha, beta, gamma, steps, short: true, factor: 1.0 }
    }

    /// θ_N from θ₀ = 1 with gradient `slope`·θ + `force`.
    fn run(&self, slope: f64, force: f64) -> f64 {
        let (mut theta, mut u) = (if force == 0.0 { 1.0 } else { 0.0 }, 0.0);
        for _ in 0..self.steps {
            let v = slope * theta + force;
            (theta, u) = (
                theta + self.gamma * (u - self.beta * v),
                (1.0 - self.alpha * self.gamma) * u - self.gamma * (1.0 - self.alpha * self.beta) * v,
            );
        }
        theta
    }

    fn huber(&self) -> f64 {
        let displacement = -self.run(0.0, 1.0) * self.factor;
        0.5 / (1.0 + 2.0 * displacement)
    }

    fn quadratic(&self) -> f64 {
        let of = |i: u32| {
            let l = f64::from(i) / 1000.0;
            0.5 * l * self.run(l, 0.0).powi(2)
        };
        (1..=1000).map(of).fold(0.0, max)
    }

    fn options(&self) -> String {
        format!("alpha={} beta={} step-size={}", self.alpha, self.beta, self.gamma)
    }
}

impl Check for PepIndianBounds {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let lengths: &[usize] = match effort {
            Effort::Quick => &[1, 2],
            Effort::Standard => &[1, 2, 4],
            Effort::Thorough => &[1, 2, 4, 8],
        };
        let mut cases = Vec::new();
        for &n in lengths {
            cases.extend([[0.5, 0.5, 0.5], [0.5, 1.0, 0.5], [1.0, 0.5, 0.5]].map(|p| Case::short(p, n)));
            cases.push(Case { short: false, ..Case::short([0.5, 1.5, 1.0], n) });
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let miss = Case { factor: 1.001, ..Case::short([0.5, 0.5, 0.5], 2) };
        vec![Case::short([0.5, 1.5, 1.0], 2), miss]
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let short = case.gamma * case.beta <= 1.0 && case.gamma * case.gamma <= 1.0;
        vec![Hypothesis::exact("γβL ≤ 1 and γ²L ≤ 1, where equality is claimed", short || !case.short)]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        context.proceed()?;
        let found = bound("indian", "smooth-convex", case.steps, &case.options())?.certified;
        let words = format!("N={}, {}", case.steps, case.options());
        let (huber, quadratic) = (case.huber(), case.quadratic());
        let low = max(huber, quadratic);
        let rounding = |relative: f64, value: f64| Budget::rounding(relative * value);
        let mut all = vec![Measurement::at_least(
            "certified worst case against Huber and quadratics",
            found,
            low,
            rounding(16.0 * f64::EPSILON, low),
        )
        .on(words.clone())];
        if case.short {
            let equal = Measurement::at_most(
                "certified worst case against Huber",
                found,
                huber,
                rounding(1e-6, huber),
            );
            all.push(equal.on(words));
        }
        Ok(all)
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        let mut panel =
            Panel::new("", Axis::log("γβL, with γ = β"), Axis::log("worst case × 2(1 + 2Ld_N)/LR²"));
        for (index, (steps, marker)) in
            [(1, Marker::Circle), (2, Marker::Square), (4, Marker::Triangle)].into_iter().enumerate()
        {
            let (mut x, mut y) = (Vec::new(), Vec::new());
            for i in 0..=14 {
                context.proceed()?;
                let gamma = 0.3 * 1.12_f64.powi(i);
                // Four digits keep the fractions short.
                let gamma = (1e4 * gamma).round() / 1e4;
                let case = Case::short([0.5, gamma, gamma], steps);
                let found = bound("indian", "smooth-convex", steps, &case.options())?.certified;
                x.push(gamma * gamma);
                y.push(found / case.huber());
            }
            let color = [0, 1, 3][index];
            panel = panel.with(Layer::curve("", x.clone(), y.clone(), color)).with(Layer::points(
                format!("N = {steps}"),
                x,
                y,
                color,
                marker,
            ));
        }
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "INDIAN from rest: certified worst case over the Huber bound".into(),
            caption: "α = 0.5, L = R = 1; 1 is equality".into(),
            columns: 1,
            panels: vec![panel],
        })
    }
}
