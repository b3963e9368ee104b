//! Rates that a Lyapunov function certifies, against those known: triple momentum 1 − 1/√κ, tuned gradient descent
//! (κ−1)/(κ+1), Nesterov's method between 1 − 1/√κ and √(1 − 1/√κ), the heavy ball tuned for quadratics only for small κ.

use dinlab_certify::{
    lyapunov::{
        certificate::{Exact, RateCertificate},
        Condition, Family,
    },
    rational, CertificateFile,
};
use dinlab_record::{
    figure::{Axis, Figure, Layer, Marker, Panel},
    Budget, Claim, Evidence, Hypothesis, Measurement,
};
use serde::Serialize;

use crate::{
    bounds::{class, fraction, given_up, rate},
    check::{Check, Context, Effort},
    error::CheckError,
    sources,
};

/// The check.
pub struct CertifiedKnownRates;

static CLAIM: Claim = Claim {
    id: "certified-known-rates",
    family: 'E',
    title: "Known linear rates are certified",
    sentence: "A quadratic Lyapunov function with function values certifies the known rates of triple momentum, gradient \
               descent and Nesterov's method, and none for the tuned heavy ball at κ = 25.",
    statement: r"\rho_{\mathrm{TMM}}=1-\tfrac1{\sqrt\kappa},\quad\rho_{\mathrm{GD}}=\tfrac{\kappa-1}{\kappa+1},\quad 1-\tfrac1{\sqrt\kappa}<\rho_{\mathrm{Nesterov}}<\sqrt{1-\tfrac1{\sqrt\kappa}}",
    hypotheses: &["0 < μ < L (by construction)"],
    sources: &[
        sources::at(sources::TRIPLE_MOMENTUM, "theorem 1"),
        sources::at(sources::LRP, "sections 3, 4"),
        sources::at(sources::LYAPUNOV, "theorem 6"),
    ],
    differences: "as printed, for the points at which the gradient is taken",
    measured: "Bisection on the rate; the last Lyapunov function is rounded to fractions and its two matrix inequalities are \
               verified exactly. A verified rate holds for every function of the class in every dimension.",
    refuted_by: "a verified rate below a closed form, or further above it than rounding needs; Nesterov's rate other than the published tool's; a certified rate for the heavy ball at κ = 25",
    tolerance: "below: 4ε. Above: 2·10⁻⁶ + 10⁻⁷κ of 1 − ρ, at most 10⁻³: at the best rate the inequalities have no interior, rounding needs one, \
                and the condition of V grows with κ (what is given up is measured: 10⁻⁶ to 1.1·10⁻⁵ of 1 − ρ for κ from 25 to 10⁵). Nesterov: \
                10⁻⁶ against AutoLyap 0.2 (Clarabel, bisection to 10⁻⁸), which searches the same kind of V with other code",
    control: "gross: gradient descent with the step 2.1/L, which diverges on quadratics; near misses: the closed form for \
              triple momentum with √κ/1.01 for √κ, Nesterov's method with its momentum over 1.01",
    evidence: Evidence::Certified,
    cost: "some hundred semidefinite problems of 4 and 3 rows, under a second",
};

/// Which method.
#[derive(Debug, Clone, Copy, Serialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Which {
    TripleMomentum,
    GradientDescent,
    Nesterov,
    HeavyBall,
    /// Control.
    LongStep,
}

/// A method at a condition number.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    which: Which,
    kappa: u64,
    /// Control: √κ in triple momentum's prediction, or Nesterov's momentum, is divided by this.
    factor: f64,
}

/// √ of what `IterationIndependent.LinearConvergence` of AutoLyap 0.2 returns for `NesterovConstant`, by κ.
const AUTOLYAP: [(u64, f64); 3] = [(10, 0.751_821_160), (25, 0.849_622_007), (100, 0.927_933_308)];

impl Case {
    fn new(which: Which, kappa: u64) -> Self {
        Self { which, kappa, factor: 1.0 }
    }

    fn family(&self, class: &Condition) -> Result<Family, CheckError> {
        Ok(match self.which {
            Which::TripleMomentum => Family::triple_momentum(class),
            Which::GradientDescent => Family::tuned_gradient_descent(class),
            Which::Nesterov => {
                let [a, b, _] = Family::tuned_nesterov(class).as_three_parameter();
                Family::nesterov(&a, &(b / fraction(self.factor)?))
            }
            Which::HeavyBall => Family::tuned_heavy_ball(class),
            Which::LongStep => Family::gradient_descent(&crate::bounds::number("2.1")?),
        })
    }
}

impl Check for CertifiedKnownRates {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let kappas: &[u64] = match effort {
            Effort::Quick => &[25],
            Effort::Standard => &[10, 25, 100],
            Effort::Thorough => &[10, 25, 100, 10_000, 100_000],
        };
        let mut cases = Vec::new();
        for &kappa in kappas {
            cases.extend(
                [Which::TripleMomentum, Which::GradientDescent, Which::Nesterov].map(|w| Case::new(w, kappa)),
            );
        }
        cases.push(Case::new(Which::HeavyBall, 10));
        cases.push(Case::new(Which::HeavyBall, 25));
        cases
    }

    fn control(&self) -> Vec<Case> {
        vec![
            Case::new(Which::LongStep, 10),
            Case { factor: 1.01, ..Case::new(Which::TripleMomentum, 25) },
            Case { factor: 1.01, ..Case::new(Which::Nesterov, 25) },
        ]
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        vec![Hypothesis::exact("0 < μ < L", case.kappa > 1)]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        context.proceed()?;
        let condition = class(case.kappa)?;
        let family = case.family(&condition)?;
        let found = rate(&family, &condition);
        let rho = match &found {
            Some(found) => {
                // As a stranger would: from the file.
                RateCertificate::new(&Exact::Discrete(family.clone()), &condition, found).verify()?;
                rational::float_above(&found.rate)
            }
            // No certificate is no rate.
            None => f64::INFINITY,
        };
        let kappa = case.kappa as f64;
        let words = format!("{:?}, κ={}", case.which, case.kappa);
        let factor = if case.which == Which::TripleMomentum { case.factor } else { 1.0 };
        let optimal = 1.0 - factor / kappa.sqrt();
        let rounding = Budget::rounding(4.0 * f64::EPSILON);
        let near = |closed: f64| Budget::rounding(given_up(kappa) * (1.0 - closed).abs());
        let pair = |closed: f64| {
            vec![
                Measurement::at_least("certified rate, not below the truth", rho, closed, rounding)
                    .on(words.clone()),
                Measurement::at_most("certified rate", rho, closed, near(closed)).on(words.clone()),
            ]
        };
        Ok(match case.which {
            Which::TripleMomentum => pair(optimal),
            Which::GradientDescent | Which::LongStep => pair((kappa - 1.0) / (kappa + 1.0)),
            Which::Nesterov => {
                let mut all = vec![
                    Measurement::at_least("certified rate above the optimal one", rho, optimal, rounding)
                        .on(words.clone()),
                    Measurement::at_most(
                        "certified rate below the printed one",
                        rho,
                        optimal.sqrt(),
                        rounding,
                    )
                    .on(words.clone()),
                ];
                if let Some((_, published)) = AUTOLYAP.iter().find(|(kappa, _)| *kappa == case.kappa) {
                    let budget = Budget::rounding(1e-6);
                    all.push(
                        Measurement::equal("certified rate, as AutoLyap finds it", rho, *published, budget)
                            .on(words),
                    );
                }
                all
            }
            Which::HeavyBall => {
                vec![Measurement::holds(
                    "certified at κ = 10 and not at 25",
                    found.is_some() == (kappa < 17.0),
                )
                .on(words)]
            }
        })
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        let kappas: [u64; 9] = [2, 4, 9, 16, 25, 49, 100, 400, 1600];
        let x: Vec<f64> = kappas.iter().map(|&k| k as f64).collect();
        let scaled = |which: Which| -> Result<Vec<f64>, CheckError> {
            let mut out = Vec::new();
            for &kappa in &kappas {
                context.proceed()?;
                let condition = class(kappa)?;
                let found = rate(&Case::new(which, kappa).family(&condition)?, &condition);
                out.push(
                    found
                        .map_or(f64::NAN, |r| (1.0 - rational::float_above(&r.rate)) * (kappa as f64).sqrt()),
                );
            }
            Ok(out)
        };
        let closed =
            |f: &dyn Fn(f64) -> f64| x.iter().map(|&k| (1.0 - f(k)) * k.sqrt()).collect::<Vec<f64>>();
        let panel = Panel::new("", Axis::log("condition number κ"), Axis::linear("(1 − ρ)√κ"))
            .with(Layer::dashed("1 − 1/√κ", x.clone(), closed(&|k| 1.0 - k.sqrt().recip()), 0))
            .with(Layer::points(
                "triple momentum",
                x.clone(),
                scaled(Which::TripleMomentum)?,
                0,
                Marker::Circle,
            ))
            .with(Layer::dashed("√(1 − 1/√κ)", x.clone(), closed(&|k| (1.0 - k.sqrt().recip()).sqrt()), 2))
            .with(Layer::points("Nesterov", x.clone(), scaled(Which::Nesterov)?, 2, Marker::Triangle))
            .with(Layer::points(
                "heavy ball tuned for quadratics",
                x.clone(),
                scaled(Which::HeavyBall)?,
                3,
                Marker::Cross,
            ))
            .with(Layer::dashed("(κ−1)/(κ+1)", x.clone(), closed(&|k| (k - 1.0) / (k + 1.0)), 1))
            .with(Layer::points(
                "gradient descent",
                x.clone(),
                scaled(Which::GradientDescent)?,
                1,
                Marker::Square,
            ));
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "Certified rates on strongly convex smooth functions".into(),
            caption: "higher is faster; no cross: no Lyapunov function found".into(),
            columns: 1,
            panels: vec![panel],
        })
    }
}
