//! Rate certificates: a Lyapunov function in fractions, and its verifier, which knows no solver.

use serde::{Deserialize, Serialize};

use super::{discrete, flow, search::Rate, Condition, Family};
use crate::{
    error::CertifyError,
    exact::{self, Refusal},
    file::{fraction, fractions, refuted, texts, CertificateFile, Envelope, Fraction},
    lmi::Lmi,
    number::Rational,
    rational,
};

/// What has the rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "kind")]
pub enum System {
    /// θ⁺ = θ + w − c·g, w⁺ = (1 − m)w − (s − mc)g: ‖θ_k − θ*‖ ≤ C ρᵏ.
    Discrete {
        /// s = γ².
        step_squared: Fraction,
        /// m = αγ.
        friction: Fraction,
        /// c = γβ.
        damping: Fraction,
    },
    /// θ′ = −∇f(θ): ‖θ − θ*‖ ≤ C e^{−rt}.
    GradientFlow,
    /// θ′ = u − βg, u′ = −αu − (1 − αβ)g: ‖θ − θ*‖ ≤ C e^{−rt}.
    Din {
        /// α.
        alpha: Fraction,
        /// β.
        beta: Fraction,
    },
}

/// Content of a rate certificate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateCertificate {
    /// [`CertificateFile::SCHEMA`].
    pub schema: String,
    /// In words; `system`, `convexity`, `smoothness` and `rate` decide.
    pub sentence: String,
    /// What has the rate.
    pub system: System,
    /// μ.
    pub convexity: Fraction,
    /// L.
    pub smoothness: Fraction,
    /// ρ or r.
    pub rate: Fraction,
    /// Names of the variables.
    pub names: Vec<String>,
    /// Their values.
    pub variables: Vec<Fraction>,
    /// `sha256:` of everything else.
    pub hash: String,
}

/// A system in fractions.
#[derive(Debug, Clone, PartialEq)]
pub enum Exact {
    /// Discrete time.
    Discrete(Family),
    /// Continuous time.
    Flow(flow::Flow),
}

impl Exact {
    fn inequality(&self, class: &Condition, rate: &Rational) -> Lmi<Rational> {
        match self {
            Self::Discrete(family) => discrete::inequality(family, class, &rate.sqr()),
            Self::Flow(which) => flow::inequality(which, class, rate),
        }
    }

    fn names(&self) -> Vec<String> {
        let pair = |letter: &str, (i, j): (usize, usize)| {
            let name = |k: usize| if k == 2 { "*".to_owned() } else { k.to_string() };
            format!("{letter}({},{})", name(i), name(j))
        };
        let entry = |states: [&str; 3], (a, b): (usize, usize)| format!("P({},{})", states[a], states[b]);
        let positivity = || discrete::POSITIVITY.iter().map(|&p| pair("nu", p));
        let mut names: Vec<String> = match self {
            Self::Discrete(_) => discrete::ENTRIES.iter().map(|&e| entry(["theta", "w", "g"], e)).collect(),
            Self::Flow(flow::Flow::Gradient) => vec!["P(theta,theta)".into()],
            Self::Flow(flow::Flow::Din { .. }) => {
                [(0, 0), (0, 1), (1, 1)].iter().map(|&e| entry(["theta", "u", ""], e)).collect()
            }
        };
        names.push("p".into());
        match self {
            Self::Discrete(_) => names.extend(discrete::PAIRS.iter().map(|&p| pair("lambda", p))),
            Self::Flow(_) => names.extend(discrete::POSITIVITY.iter().map(|&p| pair("lambda", p))),
        }
        names.extend(positivity());
        names
    }

    fn record(&self) -> System {
        match self {
            Self::Discrete(f) => System::Discrete {
                step_squared: f.step_squared.to_string(),
                friction: f.friction.to_string(),
                damping: f.damping.to_string(),
            },
            Self::Flow(flow::Flow::Gradient) => System::GradientFlow,
            Self::Flow(flow::Flow::Din { alpha, beta }) => {
                System::Din { alpha: alpha.to_string(), beta: beta.to_string() }
            }
        }
    }

    fn read(record: &System) -> Result<Self, CertifyError> {
        Ok(match record {
            System::Discrete { step_squared, friction, damping } => Self::Discrete(Family {
                step_squared: fraction(step_squared)?,
                friction: fraction(friction)?,
                damping: fraction(damping)?,
            }),
            System::GradientFlow => Self::Flow(flow::Flow::Gradient),
            System::Din { alpha, beta } => {
                Self::Flow(flow::Flow::Din { alpha: fraction(alpha)?, beta: fraction(beta)? })
            }
        })
    }

    /// Which system, in words.
    fn words(&self) -> String {
        let show = crate::target::show;
        match self {
            Self::Discrete(family) => family.words(),
            Self::Flow(flow::Flow::Gradient) => "gradient flow".into(),
            Self::Flow(flow::Flow::Din { alpha, beta }) => {
                format!("DIN with alpha = {}, beta = {}", show(alpha), show(beta))
            }
        }
    }

    /// In words, with the rate on the safe side.
    fn sentence(&self, class: &Condition, rate: &Rational) -> String {
        let show = crate::target::show;
        let class = format!("mu = {}, L = {}", show(&class.convexity), show(&class.smoothness));
        match self {
            Self::Discrete(_) => {
                let rho = rational::decimal_above(rate, 10);
                format!("|theta_k - theta*| <= C rho^k with rho = {rho} for every mu-strongly convex, L-smooth f, {class}")
            }
            Self::Flow(_) => {
                let r = rational::decimal_below(rate, 10);
                format!("|theta(t) - theta*| <= C exp(-r t) with r = {r} for every mu-strongly convex, L-smooth f, {class}")
            }
        }
    }
}

/// What a valid rate certificate shows.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedRate {
    /// The system.
    pub system: Exact,
    /// Its functions.
    pub class: Condition,
    /// ρ or r.
    pub rate: Rational,
}

impl VerifiedRate {
    /// In words, made from what was verified and not from the file.
    pub fn sentence(&self) -> String {
        format!("{}; {}", self.system.sentence(&self.class, &self.rate), self.system.words())
    }
}

impl RateCertificate {
    /// Writes a verified rate.
    pub fn new(system: &Exact, class: &Condition, rate: &Rate) -> Self {
        Self {
            schema: Self::SCHEMA.to_owned(),
            sentence: system.sentence(class, &rate.rate),
            system: system.record(),
            convexity: class.convexity.to_string(),
            smoothness: class.smoothness.to_string(),
            rate: rate.rate.to_string(),
            names: system.names(),
            variables: texts(&rate.variables),
            hash: String::new(),
        }
        .sealed()
    }
}

impl CertificateFile for RateCertificate {
    const SCHEMA: &'static str = "dinlab/rate-certificate/1";
    type Shown = VerifiedRate;

    fn envelope(&self) -> Envelope<'_> {
        Envelope { schema: &self.schema, sentence: &self.sentence, hash: &self.hash }
    }

    fn with_hash(&self, hash: String) -> Self {
        Self { hash, ..self.clone() }
    }

    fn sentence_of(shown: &VerifiedRate) -> String {
        shown.system.sentence(&shown.class, &shown.rate)
    }

    /// The inequality is rebuilt from the system; every sign, equation and matrix is checked.
    fn proved(&self) -> Result<VerifiedRate, CertifyError> {
        let system = Exact::read(&self.system)?;
        let class = Condition::new(fraction(&self.convexity)?, fraction(&self.smoothness)?)?;
        let rate = fraction(&self.rate)?;
        let sensible = match system {
            Exact::Discrete(_) => rate > Rational::ZERO && rate < Rational::ONE,
            Exact::Flow(_) => rate > Rational::ZERO,
        };
        if !sensible || self.names != system.names() || self.variables.len() != self.names.len() {
            return Err(refuted("rate or variables are not those of the system"));
        }
        let values = fractions(&self.variables)?;
        let lmi = system.inequality(&class, &rate);
        exact::holds(&lmi, &values).map_err(|refusal: Refusal| refuted(refusal.to_string()))?;
        Ok(VerifiedRate { system, class, rate })
    }
}
