//! For J convex and L-smooth relative to h the Bregman gradient has J(x_N) − J* ≤ L·D_h(x*, x₀)/N, and over the whole class this is
//! the worst case exactly.

use dinlab_numeric::{dot, norm};
use dinlab_record::{
    figure::{Axis, Figure, Layer, Marker, Panel},
    Budget, Claim, Evidence, Hypothesis, HypothesisState, Measurement,
};
use serde::Serialize;

use crate::{
    bounds::bound,
    check::{Check, Context, Effort},
    error::CheckError,
    sources,
};

/// The check.
pub struct BregmanRate;

static CLAIM: Claim = Claim {
    id: "bregman-rate",
    family: 'E',
    title: "Bregman gradient and relative smoothness",
    sentence: "The Bregman gradient method is within L·D_h(x*, x₀)/N of the minimum on relatively smooth convex functions, and \
               for no better constant.",
    statement: r"J(x_N)-J^*\le\frac{L\,D_h(x^*,x_0)}{N}",
    hypotheses: &["Lh − J convex (sampled)", "J convex (by construction)"],
    sources: &[sources::at(sources::BREGMAN, "theorem 1"), sources::at(sources::NOLIPS, "theorem 1")],
    differences: "as printed",
    measured: "The verified bound of performance estimation over the class equals L·D_h/N; and the method itself, on \
               J = ¼‖Ax − b‖₄⁴ with h = ¼‖x‖⁴ + ½‖x‖², stays below it, from starts at which gradient descent with the \
               step 1/L diverges.",
    refuted_by: "a verified bound other than L·D_h/N, a run above it, or gradient descent that does not diverge",
    tolerance: "10⁻⁷ of the bound: the linear problem leaves no room for rounding and its multipliers are found by solving \
                equations; runs: none, since they are below by a margin",
    control: "gross: gradient descent in place of the Bregman step; near miss: the constant multiplied by 0.999",
    evidence: Evidence::Certified,
    cost: "a few linear problems and some thousand steps",
};

/// What runs.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    steps: usize,
    start: [f64; 2],
    /// Control: Euclidean steps.
    euclidean: bool,
    /// Control: factor of the bound.
    factor: f64,
}

const A: [[f64; 2]; 3] = [[1.0, 0.5], [-0.3, 1.2], [0.8, -0.7]];
/// Both residuals vanish here: J* = 0.
const SOLUTION: [f64; 2] = [0.7, -0.4];

fn residuals(x: &[f64]) -> Vec<f64> {
    A.iter().map(|a| dot(a, x) - dot(a, &SOLUTION)).collect()
}

fn objective(x: &[f64]) -> f64 {
    residuals(x).iter().map(|r| 0.25 * r.powi(4)).sum()
}

fn gradient(x: &[f64]) -> [f64; 2] {
    let mut g = [0.0; 2];
    for (a, r) in A.iter().zip(residuals(x)) {
        g[0] += r.powi(3) * a[0];
        g[1] += r.powi(3) * a[1];
    }
    g
}

/// ∇²J = Σ 3r²aaᵀ ⪯ Σ 6‖a‖²(‖a‖²‖x‖² + b²)I ⪯ L(‖x‖² + 1)I ⪯ L∇²h.
fn relative_smoothness() -> f64 {
    let each = |a: &[f64; 2]| {
        let (square, b) = (dot(a, a), dot(a, &SOLUTION));
        6.0 * square * dinlab_numeric::max(square, b * b)
    };
    A.iter().map(each).sum()
}

/// h(x) = ¼‖x‖⁴ + ½‖x‖².
fn reference(x: &[f64]) -> f64 {
    let s = dot(x, x);
    0.25 * s * s + 0.5 * s
}

/// D_h(y, x).
fn divergence(y: &[f64], x: &[f64]) -> f64 {
    let weight = dot(x, x) + 1.0;
    let along: f64 = x.iter().zip(y).map(|(x, y)| weight * x * (y - x)).sum();
    reference(y) - reference(x) - along
}

/// x with (‖x‖² + 1)x = p: the root r of r³ + r = ‖p‖, by Newton from above.
fn mirror(p: [f64; 2]) -> [f64; 2] {
    let size = norm(&p);
    if size == 0.0 {
        return p;
    }
    let mut r = size.cbrt();
    for _ in 0..60 {
        r -= (r * r * r + r - size) / (3.0 * r * r + 1.0);
    }
    p.map(|p| p * r / size)
}

impl Case {
    fn new(steps: usize, start: [f64; 2]) -> Self {
        Self { steps, start, euclidean: false, factor: 1.0 }
    }

    /// J along the run.
    fn run(&self) -> Vec<f64> {
        let l = relative_smoothness();
        let mut x = self.start;
        let mut values = vec![objective(&x)];
        for _ in 0..self.steps {
            let g = gradient(&x);
            x = if self.euclidean {
                [x[0] - g[0] / l, x[1] - g[1] / l]
            } else {
                let weight = dot(&x, &x) + 1.0;
                mirror([weight * x[0] - g[0] / l, weight * x[1] - g[1] / l])
            };
            values.push(objective(&x));
        }
        values
    }
}

impl Check for BregmanRate {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let steps = if effort == Effort::Quick { 4 } else { 8 };
        vec![Case::new(1, [40.0, -25.0]), Case::new(3, [1.0, 1.0]), Case::new(steps, [-300.0, 500.0])]
    }

    fn control(&self) -> Vec<Case> {
        vec![
            Case { euclidean: true, ..Case::new(6, [-300.0, 500.0]) },
            Case { factor: 0.999, ..Case::new(3, [1.0, 1.0]) },
        ]
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        // ∇²(Lh − J) on a fan of places through the start.
        let l = relative_smoothness();
        let good = (0..64).all(|i| {
            let angle = f64::from(i) * std::f64::consts::TAU / 64.0;
            let radius = norm(&case.start);
            [0.0, 0.01, 0.1, 1.0].iter().all(|f| {
                let x = [f * radius * angle.cos(), f * radius * angle.sin()];
                let (mut m, weight) = ([0.0; 3], dot(&x, &x) + 1.0);
                for (a, r) in A.iter().zip(residuals(&x)) {
                    m[0] -= 3.0 * r * r * a[0] * a[0];
                    m[1] -= 3.0 * r * r * a[0] * a[1];
                    m[2] -= 3.0 * r * r * a[1] * a[1];
                }
                m[0] += l * (weight + 2.0 * x[0] * x[0]);
                m[1] += l * 2.0 * x[0] * x[1];
                m[2] += l * (weight + 2.0 * x[1] * x[1]);
                m[0] >= 0.0 && m[2] >= 0.0 && m[0] * m[2] >= m[1] * m[1]
            })
        });
        let state = if good { HypothesisState::Sampled } else { HypothesisState::False };
        vec![Hypothesis::new("Lh − J is convex", state)]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        context.proceed()?;
        let n = case.steps as f64;
        let predicted = case.factor / n;
        let found = bound("bregman-gradient", "relatively-smooth", case.steps, "")?.certified;
        let start = format!("from ({}, {})", case.start[0], case.start[1]);
        let limit = relative_smoothness() * divergence(&SOLUTION, &case.start);
        let values = case.run();
        // J(x_k)·k over L·D_h: at most 1 for every k.
        let strain = (1..values.len()).map(|k| values[k] * k as f64 / limit).fold(0.0, dinlab_numeric::max);
        Ok(vec![
            Measurement::equal(
                "certified worst case, L = D_h = 1",
                found,
                predicted,
                Budget::rounding(1e-7 * predicted),
            )
            .on(format!("N={}", case.steps)),
            Measurement::at_most("largest k(J(x_k) − J*)/(L D_h)", strain, 1.0, Budget::default()).on(start),
        ])
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        let case = Case::new(200, [40.0, -25.0]);
        let limit = relative_smoothness() * divergence(&SOLUTION, &case.start);
        let values = case.run();
        let k: Vec<f64> = (1..values.len()).map(|k| k as f64).collect();
        let line = k.iter().map(|k| limit / k).collect();
        let (mut steps, mut certified) = (Vec::new(), Vec::new());
        for n in 1..=6 {
            context.proceed()?;
            steps.push(n as f64);
            certified.push(limit * bound("bregman-gradient", "relatively-smooth", n, "")?.certified);
        }
        let panel = Panel::new("", Axis::log("steps N"), Axis::log("J − J*"))
            .with(Layer::dashed("L D_h/N", k.clone(), line, 7))
            .with(Layer::points("certified worst case of the class", steps, certified, 1, Marker::Square))
            .with(Layer::curve("the method on ¼‖Ax − b‖₄⁴", k, values[1..].to_vec(), 0));
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "Bregman gradient: bound, worst case and a run".into(),
            caption:
                "h = ¼‖x‖⁴ + ½‖x‖², from (40, −25); gradient descent with the step 1/L diverges from there"
                    .into(),
            columns: 1,
            panels: vec![panel],
        })
    }
}
