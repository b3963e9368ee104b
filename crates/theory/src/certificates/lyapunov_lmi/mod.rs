//! Rates that a quadratic Lyapunov function with function values certifies on 𝓕_{μ,L}: between what quadratics and the sector
//! inequality allow, and never exceeded by a function of the class along the shipped step and flow.

mod draw;
mod functions;
mod replay;
mod systems;

use dinlab_certify::{
    lyapunov::{
        certificate::{Exact, RateCertificate},
        discrete, flow,
        search::{self, Feasibility},
        Condition,
    },
    rational, CertificateFile, Rational,
};
use dinlab_record::{figure::Figure, Budget, Claim, Evidence, Hypothesis, Measurement};
use serde::Serialize;

use self::{
    replay::{Lyapunov, Worst},
    systems::{Motion, Which},
};
use crate::{
    bounds,
    check::{Check, Context, Effort, OwnCase},
    error::CheckError,
    sources,
};

/// The check.
pub struct LyapunovLmi;

static CLAIM: Claim = Claim {
    id: "lyapunov-lmi",
    family: 'E',
    title: "Certified linear rates hold on every sampled function and lie in their brackets",
    sentence: "If V = ηᵀPη + p(f − f*) with ρ²V_k − V_{k+1} − ΣλQ ⪰ 0 and V_k − ‖θ_k − θ*‖² − ΣνQ ⪰ 0, where Q ≥ 0 are the \
               interpolation conditions, then ‖θ_k − θ*‖² ≤ ρ^{2k}V_0 on every μ-strongly convex L-smooth function; \
               likewise with e^{−2rt} for gradient flow, the heavy ball with friction and DIN.",
    statement: r"\max_{\lambda\in[\mu,L]}\rho(\lambda)\le\rho_{\mathrm{true}}\le\rho_{\mathrm{interpolation}}\le\rho_{\mathrm{sector}},\qquad V_{k+1}\le\rho^2V_k",
    hypotheses: &["0 < μ < L (by construction, or from the facts of the user's objective)"],
    sources: &[
        sources::at(sources::LYAPUNOV, "theorem 6"),
        sources::at(sources::LRP, "sections 3, 4"),
        sources::at(sources::CONTINUOUS_LYAPUNOV, "continuous-time models"),
        sources::at(sources::HESSIAN_DAMPING, "strongly convex case: α = 2√μ, 0 ≤ β ≤ 1/(2√μ)"),
    ],
    differences: "State (θ − θ*, γu, ∇f(θ)) of INDIAN; P of any sign and a multiple of f − f*, as in the cited inequality with \
                  one step of memory. The continuous brackets are the printed rates of f halved, since they concern ‖θ − θ*‖.",
    measured: "A rate is searched, rounded to fractions, written as a certificate and read back through the exact verifier. Then V, \
               as the file gives it, is evaluated along the shipped step (or integrator) on random quadratics, Huber functions, their \
               opposites, logistic losses and piecewise quadratics with up to eight pieces, and on quadratics from the state that is \
               worst for V. The lower end of the bracket is the spectral radius of the shipped step's matrix (decay rate of DIN's \
               characteristic equation) over 2001 eigenvalues; the upper end is a closed form, a printed rate or the sector \
               inequality. Below the lower end, and for μ = 0, no certificate may be found.",
    refuted_by: "a state with V⁺ > ρ²V or V < ‖θ − θ*‖², a rate outside its bracket, or a certificate where quadratics refute it",
    tolerance: "V⁺ − ρ²V and V − ‖θ − θ*‖²: 64ε times the sum of the moduli of all summands (a dozen products of rounded factors \
                each). Flows: and 10⁻⁹ of it, a thousand times the integrator's relative tolerance 10⁻¹² per step. Brackets: 2√ε \
                against quadratics, the rounding of a spectral radius where two roots meet; 2·10⁻⁶ + 10⁻⁷κ of 1 − ρ (of r), at most 10⁻³, \
                against closed forms, which is what a certified rate may give up where the inequalities have no interior; 10⁻⁶ against the \
                sector inequality, twice the width of the brackets",
    control: "gross: 1 − ρ claimed twice as large, which quadratics refute; near misses: 1 − ρ claimed 1% larger (r 1% larger), \
              friction of the shipped step 2% off",
    evidence: Evidence::Certified,
    cost: "some hundred semidefinite problems of 4 and 3 rows and 10⁶ steps, a second or two",
};

/// Relative tolerance of the flows; a second run at 100 times this shows what is left of it.
const RTOL: f64 = 1e-12;

/// What is claimed about the certified rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Claimed {
    /// The certified rate.
    Certified,
    /// Control: 1 − ρ (or r) larger by this factor.
    Faster(f64),
    /// Control: the step or flow that runs has its friction multiplied.
    Friction(f64),
}

/// A method or flow on 𝓕_{μ,L}.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    which: Which,
    convexity: f64,
    smoothness: f64,
    functions: u64,
    claimed: Claimed,
}

impl Case {
    fn new(which: Which, kappa: u64, functions: u64) -> Self {
        Self { which, convexity: 1.0 / kappa as f64, smoothness: 1.0, functions, claimed: Claimed::Certified }
    }

    fn words(&self) -> String {
        format!("{}, μ={}, L={}", self.which.words(), self.convexity, self.smoothness)
    }

    fn class(&self) -> Result<Condition, CheckError> {
        Ok(Condition::new(bounds::fraction(self.convexity)?, bounds::fraction(self.smoothness)?)?)
    }

    /// What the controls claim instead of ρ or r.
    fn claim(&self, rate: f64, motion: &Motion) -> f64 {
        match (self.claimed, motion) {
            (Claimed::Faster(factor), Motion::Steps(_)) => 1.0 - factor * (1.0 - rate),
            (Claimed::Faster(factor), Motion::Flow(_)) => factor * rate,
            _ => rate,
        }
    }

    fn friction(&self) -> f64 {
        match self.claimed {
            Claimed::Friction(factor) => factor,
            _ => 1.0,
        }
    }
}

impl Check for LyapunovLmi {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let (kappas, functions): (&[u64], u64) = match effort {
            Effort::Quick => (&[25], 1000),
            Effort::Standard => (&[10, 25, 100], 1000),
            Effort::Thorough => (&[10, 25, 100, 1000, 10_000], 10_000),
        };
        let mut cases = Vec::new();
        for &kappa in kappas {
            cases.extend(Which::on(kappa).into_iter().map(|which| Case::new(which, kappa, functions)));
        }
        // Not in units of L: a wrong scale of the state would show here.
        let indian = Which::Indian { alpha: 1.0, beta: 0.2, step_size: 0.2 };
        cases.push(Case { convexity: 1.0, smoothness: 25.0, ..Case::new(indian, 25, functions) });
        cases.push(Case::new(Which::NotStronglyConvex, 25, 0));
        cases
    }

    fn control(&self) -> Vec<Case> {
        let case = |which, claimed| Case { claimed, ..Case::new(which, 25, 1000) };
        let indian = Which::Indian { alpha: 1.0, beta: 0.2, step_size: 0.2 };
        vec![
            case(indian, Claimed::Faster(2.0)),
            case(indian, Claimed::Faster(1.01)),
            case(Which::TripleMomentum, Claimed::Faster(1.01)),
            case(Which::GradientFlow, Claimed::Faster(1.01)),
            case(Which::Din { alpha: 0.4, beta: 1.0 }, Claimed::Faster(1.01)),
            case(indian, Claimed::Friction(0.98)),
            case(Which::Din { alpha: 0.4, beta: 1.0 }, Claimed::Friction(0.98)),
        ]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        systems::own(own)
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        vec![Hypothesis::exact("0 < μ < L", case.convexity > 0.0 && case.convexity < case.smoothness)]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        context.proceed()?;
        let class = case.class()?;
        if case.which == Which::NotStronglyConvex {
            return not_strongly_convex(&class);
        }
        let motion = case.which.motion(&class)?;
        let mut all = refused(case, &class, &motion)?;
        let found = match motion.exact() {
            Exact::Discrete(family) => bounds::rate(family, &class),
            Exact::Flow(flow) => bounds::flow_rate(flow, &class),
        };
        let Some(found) = found else {
            all.push(Measurement::holds("a rate is certified", false).on(case.words()));
            return Ok(all);
        };
        let certificate = RateCertificate::new(motion.exact(), &class, &found);
        let verified = certificate.verify()?;
        all.extend(bracket(case, &class, &motion, &verified.rate)?);
        all.extend(replayed(case, &motion, &certificate, &verified.rate, context)?);
        Ok(all)
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        draw::figure(CLAIM.id, context)
    }
}

/// ρ or r as the case claims it, on the side that is harder to satisfy for quadratics.
fn shown(rate: &Rational, motion: &Motion) -> f64 {
    match motion {
        Motion::Steps(_) => rational::float_above(rate),
        Motion::Flow(_) => rational::float_below(rate),
    }
}

/// Quadratics on one side, closed form, printed rate or sector inequality on the other.
fn bracket(
    case: &Case,
    class: &Condition,
    motion: &Motion,
    rate: &Rational,
) -> Result<Vec<Measurement>, CheckError> {
    let value = case.claim(shown(rate, motion), motion);
    let quadratics = motion.limit([case.convexity, case.smoothness]);
    let rounding = Budget::rounding(2.0 * f64::EPSILON.sqrt());
    let near = |room: f64| Budget::rounding(bounds::given_up(case.smoothness / case.convexity) * room);
    let words = case.words();
    let known = case.which.known(class);
    // The better a certified rate the smaller it is in discrete time and the larger along flows.
    let (symbol, steps) = match motion {
        Motion::Steps(_) => ("ρ", true),
        Motion::Flow(_) => ("r", false),
    };
    let against = |what: &str, other: f64, budget: Budget, no_better: bool| {
        let name = format!("certified rate {symbol}, against {what}");
        let made = if steps == no_better { Measurement::at_least } else { Measurement::at_most };
        made(name, value, other, budget).on(words.clone())
    };
    let mut all = vec![against("quadratics", quadratics, rounding, true)];
    if let Some((name, known)) = known {
        all.push(against(name, known, near(if steps { 1.0 - known } else { known }), false));
    } else if let Motion::Steps(Exact::Discrete(family)) = motion {
        let sector = search::sector(family, class, bounds::RATE).certified;
        let sector = sector.map_or(1.0, |rate| rational::float_above(&rate.rate));
        all.push(against("the sector inequality", sector, Budget::rounding(1e-6), false));
    }
    Ok(all)
}

/// V along the shipped step or flow.
fn replayed(
    case: &Case,
    motion: &Motion,
    certificate: &RateCertificate,
    rate: &Rational,
    context: &Context<'_>,
) -> Result<Vec<Measurement>, CheckError> {
    let v = Lyapunov::read(certificate)?;
    let claimed = case.claim(rational::float(rate), motion);
    let class = [case.convexity, case.smoothness];
    let words = case.words();
    let positive = |worst: &Worst| {
        Measurement::at_least(
            "least V − ‖θ − θ*‖², relative to the size of its summands",
            worst.positivity,
            0.0,
            Budget::rounding(64.0 * f64::EPSILON),
        )
        .on(format!("{words}, {} states", worst.states))
    };
    Ok(match motion {
        Motion::Steps(exact) => {
            let [alpha, beta, gamma] = motion.parameters();
            let forgets = matches!(exact, Exact::Discrete(family) if family.forgets());
            let parameters = ([case.friction() * alpha, beta, gamma], forgets);
            let square = claimed * claimed;
            let worst = replay::steps(&v, square, parameters, class, case.functions, context)?;
            let budget = Budget::rounding(64.0 * f64::EPSILON * worst.amplification);
            let words = format!("{words}, {} states", worst.states);
            vec![
                Measurement::at_most("V(k+1)/V(k) where it is nearest to ρ²", worst.ratio, square, budget)
                    .on(words),
                positive(&worst),
            ]
        }
        Motion::Flow(_) => {
            let dynamics = case.which.dynamics(case.friction());
            let runs = 2 + case.functions / 250;
            let worst = replay::flow(&v, claimed, dynamics, class, (runs, RTOL), context)?;
            let coarse = replay::flow(&v, claimed, dynamics, class, (runs, 100.0 * RTOL), context)?;
            let decay = (-2.0 * claimed * replay::lapse(class)).exp();
            let budget = Budget {
                rounding: 64.0 * f64::EPSILON * worst.amplification,
                discretisation: 1e3 * RTOL * worst.amplification,
                ..Budget::default()
            };
            let words = format!("{words}, {} states", worst.states);
            vec![
                Measurement::at_most(
                    "V(t+Δ)/V(t) where it is nearest to e^{−2rΔ}",
                    worst.ratio,
                    decay,
                    budget,
                )
                .refined(coarse.ratio - worst.ratio)
                .on(words),
                positive(&worst),
            ]
        }
    })
}

/// Where quadratics already refute a rate nothing may be certified: 1 − ρ 0.1% above theirs, r 0.1% above theirs.
fn refused(case: &Case, class: &Condition, motion: &Motion) -> Result<Vec<Measurement>, CheckError> {
    let limit = motion.limit([case.convexity, case.smoothness]);
    let answer = match motion.exact() {
        Exact::Discrete(family) => {
            let square = bounds::fraction(1.0 - 1.001 * (1.0 - limit))?.sqr();
            let float = discrete::inequality(family, class, &square);
            let exact = discrete::inequality(family, class, &square);
            search::feasible(&float, Some(&exact), &mut 0)
        }
        Exact::Flow(which) => {
            let rate = bounds::fraction(1.001 * limit)?;
            let float = flow::inequality(which, class, &rate);
            let exact = flow::inequality(which, class, &rate);
            search::feasible(&float, Some(&exact), &mut 0)
        }
    };
    let fact = !matches!(answer, Feasibility::Feasible(_));
    Ok(vec![Measurement::holds("nothing is certified beyond quadratics", fact).on(case.words())])
}

/// μ = 0: no rate below 1, tried at 1 − 10⁻³ and 1 − 10⁻⁵ with gradient descent, Nesterov's method and INDIAN.
fn not_strongly_convex(class: &Condition) -> Result<Vec<Measurement>, CheckError> {
    let flat = Condition { convexity: Rational::ZERO, smoothness: class.smoothness.clone() };
    let mut fact = true;
    for which in Which::on(25) {
        let motion = which.motion(class)?;
        let Exact::Discrete(family) = motion.exact() else { continue };
        for rho in ["0.999", "0.99999"] {
            let square = bounds::number(rho)?.sqr();
            let float = discrete::inequality(family, &flat, &square);
            let exact = discrete::inequality(family, &flat, &square);
            fact &= !matches!(search::feasible(&float, Some(&exact), &mut 0), Feasibility::Feasible(_));
        }
    }
    Ok(vec![Measurement::holds("nothing is certified without strong convexity", fact).on("μ = 0")])
}
