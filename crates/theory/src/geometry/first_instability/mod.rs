//! Which instability comes first as the curvature grows: a flip or a Neimark–Sacker bifurcation.
//!
//! *Derivation.* With T = 2 − γ(α+βλ), D = 1 − γ(α+βλ) + γ²λ a multiplier is −1 where 1 + T + D = 0, that is at
//! λ_F = 2(2−γα)/(γ(2β−γ)), and a pair has modulus 1 where D = 1, that is at λ_NS = α/(γ−β). For γα < 2:
//! λ_NS < λ_F iff αγ² − 4γ + 4β < 0 iff γ lies above γ₋ = 2β/(1+√(1−αβ)) (and below γ₊ > 2/α); for αβ ≥ 1 never. At λ_NS the
//! pair is e^{±iω} with cos ω = T/2 = 1 − γ²α/(2(γ−β)).
//!
//! Beyond a flip, on an even J, the orbit θ_{k+1} = −θ_k, u_{k+1} = −u_k exists exactly where J′(θ) = λ_F θ: from
//! −2θ = γ(u−βv) and (2−αγ)u = γ(1−αβ)v. The chord of J′ has the flip sharpness, whatever J is.

mod draw;

use dinlab_analysis::{
    spectrum::eigenvalues_2x2,
    stability::{first_instability, gamma_minus, stable_curvatures, FirstInstability},
};
use dinlab_numeric::Stream;
use dinlab_record::{figure::Figure, Budget, Claim, Evidence, Hypothesis, Measurement};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, ErratumCase, OwnCase},
    error::CheckError,
    shipped::{bisect, crossing_error, first_crossing, iterates, radius, step_matrix},
    sources,
};

/// The check.
pub struct FirstInstabilityCheck;

static CLAIM: Claim = Claim {
    id: "first-instability",
    family: 'D',
    title: "Flip or Neimark–Sacker: which stability limit comes first",
    sentence: "For γα < 2 INDIAN first loses stability, as the curvature grows, by a flip if αβ ≥ 1 or γ < γ₋, and by a \
               Neimark–Sacker bifurcation if αβ < 1 and γ > γ₋ = 2β/(1+√(1−αβ)).",
    statement: r"\lambda^*=\begin{cases}\dfrac{2(2-\gamma\alpha)}{\gamma(2\beta-\gamma)}\ (\mu=-1)&\alpha\beta\ge1\text{ or }\gamma<\gamma_-\\[1ex]\dfrac{\alpha}{\gamma-\beta}\ (\mu=e^{\pm i\omega},\ \cos\omega=1-\tfrac{\gamma^2\alpha}{2(\gamma-\beta)})&\text{otherwise}\end{cases}\qquad\gamma_-=\frac{2\beta}{1+\sqrt{1-\alpha\beta}}",
    hypotheses: &[
        "γα < 2 (exact)",
        "there is a stable interval of curvatures that begins at 0: α > 0 or γ < β (exact)",
        "γ ≠ γ₋, where both meet in a double −1 (exact, relative distance 10⁻³)",
    ],
    sources: &[
        sources::at(sources::JMLR, "update (11)"),
        sources::at(sources::KUZNETSOV, "chapter 4, and section 9.5 for the 1:2 resonance"),
    ],
    differences: "derived in this file; the folklore takes α/(γ−β) for every γ > β",
    measured: "The curvature is raised from 10⁻⁹/γ² until the matrix of the shipped step has radius 1, and that place is \
               bisected. There a long run of the shipped algorithm on ½λθ² gives the angle of rotation by regression of \
               θ_{k+1} + θ_{k−1} on 2θ_k: −1 is a flip. γ₋ is located as the step at which the determinant at the onset reaches 1. \
               Beyond a flip the period-2 orbit on λ log cosh θ is compared with the chord condition J′(θ) = λ_F θ.",
    refuted_by: "an onset at another curvature, another angle, γ₋ elsewhere, or a period-2 orbit of another size",
    tolerance: "curvature: 64ε·S/(gap·slope) as in stability-region; angle: γβλ/2 times that, plus 8Kε for K steps of rounding, and \
                a window twice as late must agree; γ₋: 10⁻⁹ in the determinant over its measured slope; orbit: 10³ε over the distance \
                of its multiplier to 1, measured",
    control: "gross: Neimark–Sacker claimed for a γ between β and γ₋ (the folklore), and for αβ > 1; near misses: λ* 0.1% too large, \
              cos ω from 1.001α, γ₋ 0.1% too large",
    evidence: Evidence::Resolved,
    cost: "some thousand eigenvalue pairs and a few runs of 10⁴ steps per case, below a second in all",
};

/// What is compared with the measured onset.
#[derive(Debug, Clone, Copy, Serialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Prediction {
    /// The claim.
    ClosedForm,
    /// Control and erratum: α/(γ−β) for every γ > β.
    Folklore,
    /// Control: λ* scaled.
    Sharpness(f64),
    /// Control: α scaled in cos ω.
    Rotation(f64),
    /// Control: γ₋ scaled.
    Edge(f64),
}

/// One (α, β, γ).
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    alpha: f64,
    beta: f64,
    step_size: f64,
    prediction: Prediction,
}

/// What is predicted: λ*, cos ω.
struct Predicted {
    sharpness: f64,
    cosine: f64,
}

impl Case {
    fn new([alpha, beta, step_size]: [f64; 3]) -> Self {
        Self { alpha, beta, step_size, prediction: Prediction::ClosedForm }
    }

    fn parameters(&self) -> [f64; 3] {
        [self.alpha, self.beta, self.step_size]
    }

    fn words(&self) -> String {
        format!("α={}, β={}, γ={}", self.alpha, self.beta, self.step_size)
    }

    fn flips(&self) -> bool {
        match self.prediction {
            Prediction::Folklore => self.step_size <= self.beta,
            _ => first_instability(self.alpha, self.beta, self.step_size) != FirstInstability::NeimarkSacker,
        }
    }

    fn predicted(&self) -> Predicted {
        let [a, b, g] = self.parameters();
        let (flip, neimark_sacker) = (2.0 * (2.0 - g * a) / (g * (2.0 * b - g)), a / (g - b));
        let (factor, weight) = match self.prediction {
            Prediction::Sharpness(factor) => (factor, 1.0),
            Prediction::Rotation(weight) => (1.0, weight),
            _ => (1.0, 1.0),
        };
        match self.flips() {
            true => Predicted { sharpness: factor * flip, cosine: -1.0 },
            false => Predicted {
                sharpness: factor * neimark_sacker,
                cosine: 1.0 - g * g * weight * a / (2.0 * (g - b)),
            },
        }
    }
}

/// Smallest curvature at which the shipped step has radius 1.
fn onset([alpha, beta, gamma]: [f64; 3]) -> Option<f64> {
    let unit = 1.0 / (gamma * gamma);
    first_crossing(1e-9 * unit, 1e9 * unit, |lambda| radius(alpha, beta, gamma, lambda) < 1.0)
}

/// Determinant of the shipped step's matrix.
fn determinant([alpha, beta, gamma]: [f64; 3], lambda: f64) -> f64 {
    let [[a, b], [c, d]] = step_matrix(alpha, beta, gamma, lambda);
    a * d - b * c
}

/// cos ω of a run at the edge: least squares for θ_{k+1} + θ_{k−1} = 2 cos ω θ_k over the given part.
fn cosine(theta: &[f64]) -> f64 {
    let (mut above, mut below) = (0.0, 0.0);
    for w in theta.windows(3) {
        above += w[1] * (w[0] + w[2]);
        below += w[1] * w[1];
    }
    above / (2.0 * below)
}

/// Steps of the runs at the edge; the window is the third quarter, refined by the last.
const STEPS: u64 = 40_000;

fn rotation(case: &Case, lambda: f64, error: f64) -> Result<Measurement, CheckError> {
    let [alpha, beta, gamma] = case.parameters();
    let theta = iterates(&format!("quadratic:{lambda}"), [alpha, beta, gamma], [1.0, 0.3], STEPS)?;
    let quarter = theta.len() / 4;
    let (early, late) = (cosine(&theta[quarter..2 * quarter]), cosine(&theta[2 * quarter..]));
    let rounding = 0.5 * gamma * beta * lambda * error + 8.0 * STEPS as f64 * f64::EPSILON;
    Ok(Measurement::equal(
        "cosine of the angle of rotation at the onset",
        late,
        case.predicted().cosine,
        Budget::rounding(rounding),
    )
    .refined(late - early)
    .on(format!("{}, λ={lambda}", case.words())))
}

/// γ₋ from the determinants at the onset, over steps between β and 2β.
fn edge(case: &Case) -> Option<Measurement> {
    const NEAR: f64 = 1e-9;
    let (a, b) = (case.alpha, case.beta);
    let predicted = gamma_minus(a, b).filter(|_| b > 0.0)?;
    let room = |gamma: f64| onset([a, b, gamma]).map_or(f64::NAN, |l| 1.0 - determinant([a, b, gamma], l));
    let (low, high) = (b * (1.0 + 1e-9), 2.0 * b * (1.0 - 1e-9));
    let located = bisect(low, high, |gamma| room(gamma) > NEAR);
    // On the flip side 1 − D falls linearly to 0.
    let step = 1e-3 * (located - low);
    let slope = (room(located - 2.0 * step) - room(located - step)) / step;
    let factor = if let Prediction::Edge(factor) = case.prediction { factor } else { 1.0 };
    let budget = Budget { rounding: 2.0 * NEAR / slope, ..Budget::default() };
    Some(
        Measurement::equal("step size γ₋ at which the type changes", located, factor * predicted, budget)
            .on(format!("α={a}, β={b}")),
    )
}

/// Size of the period-2 orbit beyond a flip on λ log cosh θ, by the chord condition λ tanh a = λ_F a. The run starts small: far away
/// there are other orbits, of period 4 near γ₋.
fn period_two(case: &Case, sharpness: f64) -> Result<Measurement, CheckError> {
    const BEYOND: f64 = 1.1;
    let lambda = BEYOND * sharpness;
    let theta = iterates(&format!("expr:{lambda}*log(cosh(x))"), case.parameters(), [0.01, 0.0], STEPS)?;
    let size = |k: usize| theta[k].abs();
    let last = theta.len() - 1;
    // Signs must alternate: a period-1 or period-4 orbit has no size in this sense.
    let alternates = (last - 20..last).all(|k| theta[k] * theta[k + 1] < 0.0);
    let measured = if alternates { size(last) } else { f64::NAN };
    let amplitude = bisect(1e-6, 20.0, |a: f64| lambda * a.tanh() > case.predicted().sharpness * a);
    Ok(Measurement::equal(
        "size of the period-2 orbit of INDIAN on λ log cosh θ",
        measured,
        amplitude,
        Budget { rounding: 1e3 * f64::EPSILON / (1.0 - 1.0 / BEYOND), ..Budget::discretisation(1e-10) },
    )
    .refined(size(last) - size(last / 2 + 1))
    .on(format!("{}, λ={lambda:.6} = {BEYOND} λ*", case.words())))
}

impl Check for FirstInstabilityCheck {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let mut cases: Vec<Case> = [
            [0.5, 0.1, 0.05],
            // β < γ < γ₋ = 0.10128.
            [0.5, 0.1, 0.101],
            [0.5, 0.1, 0.15],
            [1.0, 0.5, 0.2],
            [1.0, 0.5, 0.8],
            // Explicit Euler of the heavy ball with friction.
            [0.5, 0.0, 0.1],
            // αβ > 1 and γ > β.
            [1.05, 1.0, 1.5],
            [3.0, 1.0, 0.5],
            [2.0, 0.1, 0.9],
        ]
        .map(Case::new)
        .to_vec();
        let more = match effort {
            Effort::Quick => 0,
            Effort::Standard => 30,
            Effort::Thorough => 300,
        };
        let mut stream = Stream::new(0, "first-instability: parameters", 0);
        while cases.len() < 9 + more {
            let (alpha, beta) = (stream.log_uniform(0.05, 10.0), stream.log_uniform(0.05, 10.0));
            let case = Case::new([alpha, beta, stream.uniform(0.05, 1.95) / alpha]);
            // Orbits of period 2 need γ < 2β, and fast ones some room.
            if !self.hypotheses(&case).iter().any(|h| h.state == dinlab_record::HypothesisState::False) {
                cases.push(case);
            }
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let with = |parameters, prediction| Case { prediction, ..Case::new(parameters) };
        vec![
            with([0.5, 0.1, 0.101], Prediction::Folklore),
            with([1.05, 1.0, 1.5], Prediction::Folklore),
            with([0.5, 0.1, 0.05], Prediction::Sharpness(1.001)),
            with([0.5, 0.1, 0.15], Prediction::Rotation(1.001)),
            with([0.5, 0.1, 0.15], Prediction::Edge(1.001)),
        ]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let (alpha, beta) = (own.alpha.unwrap_or(0.5), own.beta.unwrap_or(0.1));
        let step_size = own.step_size.ok_or_else(|| CheckError::needs("a step size"))?;
        Ok(Case::new([alpha, beta, step_size]))
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let [a, b, g] = case.parameters();
        let limit = stable_curvatures(a, b, g).sharpness_max;
        let apart = gamma_minus(a, b).is_none_or(|edge| (g / edge - 1.0).abs() > 1e-3);
        vec![
            Hypothesis::exact("γα < 2", g * a < 2.0),
            Hypothesis::exact("there is a stable interval of curvatures from 0", limit > 0.0),
            Hypothesis::exact("γ differs from γ₋ by more than a thousandth", apart),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        context.proceed()?;
        let [alpha, beta, gamma] = case.parameters();
        let Some(located) = onset(case.parameters()) else {
            let name = "stability is lost at some curvature";
            return Ok(vec![Measurement::holds(name, false).on(case.words())]);
        };
        let error = crossing_error(|factor| step_matrix(alpha, beta, gamma, factor * located));
        let budget = Budget::rounding(located * error);
        let mut all = vec![
            Measurement::equal(
                "curvature at which stability is lost",
                located,
                case.predicted().sharpness,
                budget,
            )
            .on(case.words()),
            rotation(case, located, error)?,
        ];
        if case.flips() && case.step_size < 2.0 * case.beta {
            all.push(period_two(case, located)?);
        }
        all.extend(edge(case));
        Ok(all)
    }

    fn errata(&self, context: &Context<'_>) -> Result<Vec<ErratumCase>, CheckError> {
        let case = Case { prediction: Prediction::Folklore, ..Case::new([0.5, 0.1, 0.101]) };
        Ok(vec![ErratumCase {
            printed: "for γ > β the iteration first loses stability at the Neimark–Sacker sharpness α/(γ−β)",
            place: "folklore",
            grade: "note",
            corrected: "only for αβ < 1 and γ > γ₋ = 2β/(1+√(1−αβ)); for β < γ < γ₋ the flip comes first",
            measurements: self.measure(&case, context)?,
        }])
    }

    fn figure(&self, _: &Context<'_>) -> Result<Figure, CheckError> {
        draw::figure(CLAIM.id)
    }
}

/// Modulus and angle of the multiplier nearest to the unit circle at the onset, for the figure.
fn angle_at_onset(parameters: [f64; 3]) -> Option<(f64, f64)> {
    let lambda = onset(parameters)?;
    let [alpha, beta, gamma] = parameters;
    let [mu, nu] = eigenvalues_2x2(step_matrix(alpha, beta, gamma, lambda));
    // A pair comes first with its positive imaginary part; of two real ones the smaller is at −1.
    let turning = if mu.im == 0.0 { nu } else { mu };
    Some((lambda, turning.im.atan2(turning.re).abs() / std::f64::consts::TAU))
}
