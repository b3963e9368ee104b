//! The parameters of INDIAN that are best on quadratics with spectrum in [1, 25] cycle on a strongly convex function of the
//! same curvature: J′(x) = 25x for x < 1, x + 24 on [1, 2), 25x − 24 for x ≥ 2; γ = β = 1/3, α = 5/3.

use dinlab_analysis::spectrum::{eigenvalues_2x2, modulus};
use dinlab_indian::indian_step;
use dinlab_numeric::max;
use dinlab_record::{
    figure::{Axis, Figure, Layer, Marker, Panel},
    Budget, Claim, Evidence, Hypothesis, Measurement,
};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Zero as _;
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort},
    error::CheckError,
    sources,
};

/// The check.
pub struct HeavyBallCycle;

static CLAIM: Claim = Claim {
    id: "heavy-ball-cycle",
    family: 'E',
    title: "The parameters optimal on quadratics cycle on a strongly convex function",
    sentence: "INDIAN with γ = β = 1/3, α = 5/3 from 3.3 at rest converges to a cycle of three points on a function with \
               curvature in [1, 25].",
    statement: r"\theta_k\to\Big\{\tfrac{792}{1225},-\tfrac{2208}{1225},\tfrac{2592}{1225}\Big\}",
    hypotheses: &["J′ has slopes in [1, 25] (by construction)", "u₀ = 0 (by construction)"],
    sources: &[sources::at(sources::LRP, "section 4.6, equation (4.11)")],
    differences: "printed for the heavy ball; transported to INDIAN by the dictionary of methods",
    measured: "The shipped step is run in floating point until it settles, and the cycle is stepped once around in exact \
               fractions; the product of the three one-step Jacobians says whether it attracts.",
    refuted_by: "another limit, a cycle that exact arithmetic does not close, or a Jacobian that does not contract",
    tolerance: "10⁻¹² on the limit. On both slopes the step's matrix has the double eigenvalue ±2/3, so 600 steps leave rounding alone, \
                some ten times ε times 2.1 a step, amplified by at most a few times Σ k(2/3)^{k−1} = 9: 10⁻¹³; the exact cycle has none",
    control: "gross: parameters of triple momentum, which converge to the minimiser; near miss: α larger by 10⁻³",
    evidence: Evidence::Certified,
    cost: "a few thousand steps",
};

/// Parameters of INDIAN.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    alpha: f64,
    beta: f64,
    gamma: f64,
    /// Whether the exact cycle is stepped as well.
    exact: bool,
}

const STEPS: usize = 600;
const CYCLE: [f64; 3] = [792.0 / 1225.0, -2208.0 / 1225.0, 2592.0 / 1225.0];

fn slope(x: f64) -> f64 {
    if (1.0..2.0).contains(&x) {
        1.0
    } else {
        25.0
    }
}

fn gradient(x: f64) -> f64 {
    if x < 1.0 {
        25.0 * x
    } else if x < 2.0 {
        x + 24.0
    } else {
        25.0 * x - 24.0
    }
}

fn fraction(p: i64, q: i64) -> BigRational {
    BigRational::new(BigInt::from(p), BigInt::from(q))
}

/// Steps the cycle once around in fractions; the largest distance from where it should be (0 if it is a cycle).
fn exact_defect() -> BigRational {
    let points = [fraction(792, 1225), fraction(-2208, 1225), fraction(2592, 1225)];
    let (alpha, beta, gamma) = (fraction(5, 3), fraction(1, 3), fraction(1, 3));
    let field = |x: &BigRational| -> BigRational {
        let (one, two) = (fraction(1, 1), fraction(2, 1));
        if *x < one {
            x * fraction(25, 1)
        } else if *x < two {
            x + fraction(24, 1)
        } else {
            x * fraction(25, 1) - fraction(24, 1)
        }
    };
    let mut worst = BigRational::zero();
    // u on the cycle follows from the step θ⁺ = θ + γ(u − βv).
    let velocity = |k: usize| (&points[(k + 1) % 3] - &points[k]) / &gamma + &beta * field(&points[k]);
    for k in 0..3 {
        let (mut theta, mut u, v) = ([points[k].clone()], [velocity(k)], [field(&points[k])]);
        indian_step(alpha.clone(), beta.clone(), gamma.clone(), &mut theta, &mut u, &v);
        for defect in [&theta[0] - &points[(k + 1) % 3], &u[0] - velocity((k + 1) % 3)] {
            let defect = if defect < BigRational::zero() { -defect } else { defect };
            if defect > worst {
                worst = defect;
            }
        }
    }
    worst
}

impl Case {
    fn optimal() -> Self {
        Self { alpha: 5.0 / 3.0, beta: 1.0 / 3.0, gamma: 1.0 / 3.0, exact: true }
    }

    /// ρ = 4/5, L = 25: γ² = (1+ρ)/L, αγ = 1 − ρ²/(2−ρ), β/γ = 1 + ρ²/((1+ρ)(2−ρ)).
    fn triple_momentum() -> Self {
        let gamma = (1.8_f64 / 25.0).sqrt();
        let beta = gamma * (1.0 + 0.64 / (1.8 * 1.2));
        Self { alpha: (1.0 - 0.64 / 1.2) / gamma, beta, gamma, exact: false }
    }

    fn run(&self, start: f64, steps: usize) -> Vec<f64> {
        let (mut theta, mut u) = ([start], [0.0]);
        let mut all = vec![start];
        for _ in 0..steps {
            let v = [gradient(theta[0])];
            indian_step(self.alpha, self.beta, self.gamma, &mut theta, &mut u, &v);
            all.push(theta[0]);
        }
        all
    }

    /// Spectral radius of the product of the Jacobians along the last three points.
    fn multiplier(&self, points: &[f64]) -> f64 {
        let mut product = [[1.0, 0.0], [0.0, 1.0]];
        for &x in points {
            let s = slope(x);
            let column = |theta: f64, u: f64| {
                let (mut theta, mut u, v) = ([theta], [u], [s * theta]);
                indian_step(self.alpha, self.beta, self.gamma, &mut theta, &mut u, &v);
                [theta[0], u[0]]
            };
            let (a, b) = (column(product[0][0], product[1][0]), column(product[0][1], product[1][1]));
            product = [[a[0], b[0]], [a[1], b[1]]];
        }
        let [a, b] = eigenvalues_2x2(product);
        max(modulus(a), modulus(b))
    }
}

impl Check for HeavyBallCycle {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, _: Effort) -> Vec<Case> {
        vec![Case::optimal()]
    }

    fn control(&self) -> Vec<Case> {
        vec![Case::triple_momentum(), Case { alpha: 5.0 / 3.0 + 1e-3, exact: false, ..Case::optimal() }]
    }

    fn hypotheses(&self, _: &Case) -> Vec<Hypothesis> {
        vec![Hypothesis::exact(
            "J′ has slopes 1 and 25 and is continuous",
            gradient(1.0) == 25.0 && gradient(2.0) == 26.0,
        )]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        context.proceed()?;
        let path = case.run(3.3, STEPS);
        let tail = &path[path.len() - 3..];
        // The three points in either phase of the cycle.
        let distance = |shift: usize| (0..3).map(|k| (tail[k] - CYCLE[(k + shift) % 3]).abs()).fold(0.0, max);
        let nearest = (0..3).map(distance).fold(f64::INFINITY, dinlab_numeric::min);
        let mut all = vec![
            Measurement::at_most("distance from the cycle", nearest, 0.0, Budget::rounding(1e-12))
                .on(format!("after {STEPS} steps from 3.3")),
            Measurement::at_most(
                "spectral radius around the last three points",
                case.multiplier(tail),
                1.0,
                Budget::default(),
            ),
        ];
        if case.exact {
            all.push(Measurement::holds("exact fractions close the cycle", exact_defect().is_zero()));
        }
        Ok(all)
    }

    fn figure(&self, _: &Context<'_>) -> Result<Figure, CheckError> {
        let path = Case::optimal().run(3.3, 40);
        let k: Vec<f64> = (0..path.len()).map(|k| k as f64).collect();
        let other = Case::triple_momentum().run(3.3, 40);
        let mut cycle = Panel::new("iterates", Axis::linear("k"), Axis::linear("θ"));
        for (i, level) in CYCLE.iter().enumerate() {
            let label = if i == 0 { "exact cycle" } else { "" };
            cycle = cycle.with(Layer::Horizontal {
                label: label.into(),
                y: *level,
                color: 7,
                dash: dinlab_record::figure::Dash::Dashed,
            });
        }
        cycle = cycle
            .with(Layer::curve("optimal on quadratics", k.clone(), path.clone(), 0))
            .with(Layer::points("", k.clone(), path.clone(), 0, Marker::Circle))
            .with(Layer::curve("triple momentum", k.clone(), other.clone(), 1))
            .with(Layer::points("", k, other, 1, Marker::Square));
        let settled = Case::optimal().run(3.3, 200);
        let (from, to) = (settled[197..200].to_vec(), settled[198..201].to_vec());
        let (early, next) = (path[..path.len() - 1].to_vec(), path[1..].to_vec());
        let cobweb = Panel::new("successive iterates", Axis::linear("θ at k"), Axis::linear("θ at k + 1"))
            .with(Layer::dashed("θ = θ", vec![-2.5, 3.5], vec![-2.5, 3.5], 7))
            .with(Layer::points("iterates", early, next, 0, Marker::Ring))
            .with(Layer::points("cycle", from, to, 3, Marker::Square));
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "The parameters that are best on quadratics cycle".into(),
            caption:
                "INDIAN with γ = β = 1/3, α = 5/3 from 3.3 at rest on a function with curvature in [1, 25]"
                    .into(),
            columns: 2,
            panels: vec![cycle, cobweb],
        })
    }
}
