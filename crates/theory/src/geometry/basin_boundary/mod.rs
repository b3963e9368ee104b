//! What separates the basins of two minima: the stable manifold of the saddle between them.
//!
//! With one unstable direction e of Hessian eigenvalue −m the linearised DIN along e is θ̈ + (α−βm)θ̇ − mθ = 0, roots s₊ > 0 > s₋; the
//! stable manifold has codimension 1 in phase space, and its section by the (e·θ, e·θ̇) plane is tangent to
//! θ̇ = s₋θ. INDIAN's multipliers are μ = 1 + γs, its velocity is u − βv, and its slope (μ₋−1)/γ is the same s₋ for every γ.

mod draw;

use dinlab_din::{simulate_observed, stable_manifold, Dynamics, Settings};
use dinlab_indian::{iterate_observed, Method, Schedule};
use dinlab_numeric::{axpy, dot, max, norm};
use dinlab_objective::Start;
use dinlab_record::{
    figure::Figure, Budget, Claim, Evidence, Flow, Hypothesis, HypothesisState, Measurement, Observation,
    Status,
};
use rayon::prelude::*;
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    critical::{eigendirections, newton, search_unstable, slope},
    error::CheckError,
    limit::extrapolated,
    problem::brief,
    saddle::{Unstable, ERRORS},
    sources,
    subject::Subject,
};
use dinlab_analysis::statistics::equivalence_proportion;

/// The check.
pub struct BasinBoundary;

static CLAIM: Claim = Claim {
    id: "basin-boundary",
    family: 'D',
    title: "Basins meet along the saddle's stable manifold, with a known slope",
    sentence: "The boundary between the basins on the two sides of a saddle is its stable manifold: in the plane (θ, θ′) of the unstable \
               direction it passes the saddle with slope s₋ = −½[(α−βm) + √((α−βm)²+4m)], for DIN and for INDIAN with any step.",
    statement: r"s_-=\frac{-(\alpha-\beta m)-\sqrt{(\alpha-\beta m)^2+4m}}2,\qquad\text{INDIAN: }\frac{\mu_--1}\gamma=s_-",
    hypotheses: &[
        "the point is critical and its Hessian has exactly one negative eigenvalue, none zero (computed there)",
        "INDIAN: 0 < μ₋ < 1, so that iterates approach the saddle on one side (exact)",
    ],
    sources: &[sources::at(sources::SADDLES, "stable manifolds of strict saddles")],
    differences: "derived in this file",
    measured: "At the offset h along the unstable direction the velocity is bisected between runs that leave on either side; the \
               ratios for ±h, ±h/2, ±h/4 are averaged and extrapolated to h = 0. Where J is even, random starts in a symmetric box of (θ, θ′): \
               how many go to either minimum, and whether mirrored starts go to mirrored minima. The manifold is traced by running DIN backwards from the saddle, \
               and starts on both sides of it are run forwards.",
    refuted_by: "another slope, a share other than ½, or two starts on both sides of the traced curve with the same end",
    tolerance: "slope: 10⁻⁵(1+|s₋|), of which the last extrapolation must change less than a tenth; share: 6.5 standard errors; sides: starts 10⁻³ \
                off the curve, which was traced to 10⁻⁸",
    control: "gross: the slope with α+βm (Hessian damping taken for friction); a tilted well, whose basins in a symmetric box differ; near miss: \
              slope 0.1% larger",
    evidence: Evidence::Resolved,
    cost: "some hundred bisection runs and 10³–10⁴ short ones per case, a few seconds",
};

/// One saddle.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    saddle: Vec<f64>,
    alpha: f64,
    beta: f64,
    /// γ of INDIAN; the flow without it.
    step_size: Option<f64>,
    /// Random starts in the phase plane, for even functions of one variable.
    starts: u64,
    prediction: Prediction,
}

/// What is compared.
#[derive(Debug, Clone, Copy, Serialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Prediction {
    /// The claim.
    ClosedForm,
    /// Control: α + βm in place of α − βm.
    Friction,
    /// Control: factor on the slope.
    Slope(f64),
}

impl Case {
    fn new(
        objective: &str,
        saddle: &[f64],
        [alpha, beta]: [f64; 2],
        step_size: Option<f64>,
        starts: u64,
    ) -> Self {
        let (objective, saddle) = (Subject::named(objective), saddle.to_vec());
        Self { objective, saddle, alpha, beta, step_size, starts, prediction: Prediction::ClosedForm }
    }

    fn words(&self) -> String {
        let method = self.step_size.map_or("DIN".to_owned(), |g| format!("INDIAN γ={g}"));
        format!("{method} α={}, β={} on {} at {}", self.alpha, self.beta, self.objective, brief(&self.saddle))
    }

    /// m and e.
    fn unstable(&self) -> Option<(f64, Vec<f64>)> {
        let all = eigendirections(&*self.objective, &self.saddle);
        all.first().filter(|e| e.0 < 0.0).map(|e| (-e.0, e.1.clone()))
    }

    fn predicted(&self, m: f64) -> f64 {
        let b = match self.prediction {
            Prediction::Friction => self.alpha + self.beta * m,
            _ => self.alpha - self.beta * m,
        };
        let factor = if let Prediction::Slope(factor) = self.prediction { factor } else { 1.0 };
        -0.5 * factor * (b + (b * b + 4.0 * m).sqrt())
    }

    /// Side on which the run from saddle + h·e with velocity v·e leaves |e·(θ−θ_s)| ≤ R; 0 where it does not.
    fn side(&self, direction: &[f64], m: f64, h: f64, v: f64) -> Result<f64, CheckError> {
        let mut theta = self.saddle.clone();
        axpy(h, direction, &mut theta);
        let velocity: Vec<f64> = direction.iter().map(|e| v * e).collect();
        let reach = 8.0 * h.abs();
        let at = |theta: &[f64]| dot(direction, theta) - dot(direction, &self.saddle);
        let mut side = 0.0;
        let mut watch = |o: Observation<'_>| {
            let x = at(o.theta);
            if x.abs() <= reach {
                return Flow::Continue;
            }
            side = x.signum();
            Flow::Stop
        };
        let horizon = 60.0 / Unstable::new(m, Some((self.alpha, self.beta))).fast;
        let status = match self.step_size {
            None => {
                let mut run = dinlab_din::Run::new(self.dynamics(), &theta, horizon);
                (run.start, run.samples) = (Start::Velocity(velocity), 1201);
                run.settings = Settings { rtol: 1e-12, atol: 1e-20, ..Settings::default() };
                simulate_observed(&*self.objective, &run, &mut watch)?.status
            }
            Some(gamma) => {
                let method = Method::Indian { alpha: self.alpha, beta: self.beta };
                let mut run = dinlab_indian::Run::new(
                    method,
                    theta,
                    Schedule::Constant(gamma),
                    (horizon / gamma) as u64 + 100,
                );
                run.start = Start::Velocity(velocity);
                iterate_observed(&*self.objective, &run, &mut watch)?.status
            }
        };
        match status {
            Status::ReachedEnd | Status::Interrupted => Ok(side),
            // A run that left far and diverged left on a side too.
            _ if side != 0.0 => Ok(side),
            status => {
                Err(CheckError::UnexpectedStatus { what: self.words(), status, expected: "reached-end" })
            }
        }
    }

    fn dynamics(&self) -> Dynamics {
        Dynamics::Din { alpha: self.alpha, beta: self.beta }
    }

    /// Velocity over offset at the boundary, at offset h.
    fn ratio(&self, direction: &[f64], m: f64, h: f64) -> Result<f64, CheckError> {
        let reach = 4.0 * h.abs() * (1.0 + self.alpha + self.beta * m + m.sqrt());
        let (mut low, mut high) = (-reach, reach);
        let ends = [self.side(direction, m, h, low)?, self.side(direction, m, h, high)?];
        if ends != [-1.0, 1.0] {
            return Ok(f64::NAN);
        }
        for _ in 0..48 {
            let middle = 0.5 * (low + high);
            match self.side(direction, m, h, middle)? {
                s if s < 0.0 => low = middle,
                s if s > 0.0 => high = middle,
                // It came to the saddle as nearly as rounding allows.
                _ => return Ok(middle / h),
            }
        }
        Ok(0.5 * (low + high) / h)
    }
}

fn slope_at_saddle(case: &Case, context: &Context<'_>) -> Result<Measurement, CheckError> {
    let Some((m, direction)) = case.unstable() else {
        return Ok(Measurement::holds("there is an unstable direction", false).on(case.words()));
    };
    let offset = 0.02 * (1.0 + norm(&case.saddle));
    let ratios = (0..3)
        .map(|k| {
            context.proceed()?;
            let h = offset * 0.5_f64.powi(k);
            Ok(0.5 * (case.ratio(&direction, m, h)? + case.ratio(&direction, m, -h)?))
        })
        .collect::<Result<Vec<f64>, CheckError>>()?;
    // What is odd in h has been averaged away: powers of h².
    let [before, last] = extrapolated(&ratios, 4.0);
    let predicted = case.predicted(m);
    Ok(Measurement::equal(
        "slope of the boundary at the saddle",
        last,
        predicted,
        Budget::discretisation(1e-5 * (1.0 + predicted.abs())),
    )
    .refined(last - before)
    .on(case.words()))
}

/// Half-width of the box of random starts.
const BOX: f64 = 2.0;

/// Which end a start (θ, θ′) of a function of one variable has: the sign of θ at the end.
fn end(case: &Case, theta: f64, velocity: f64) -> Result<f64, CheckError> {
    let mut run = dinlab_din::Run::new(case.dynamics(), &[theta], 80.0 / case.alpha);
    (run.start, run.samples) = (Start::Velocity(vec![velocity]), 2);
    run.settings = Settings { rtol: 1e-8, atol: 1e-10, ..Settings::default() };
    Ok(crate::runs::flow(&*case.objective, &run)?.last.theta[0].signum())
}

/// Shares of a symmetric box.
fn shares(case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
    let one = |index: u64| -> Result<(bool, bool), CheckError> {
        context.proceed()?;
        let mut stream = context.stream(&format!("box/{}", case.words()), index);
        let (theta, velocity) = (stream.uniform(-BOX, BOX), stream.uniform(-BOX, BOX));
        let (here, mirrored) = (end(case, theta, velocity)?, end(case, -theta, -velocity)?);
        Ok((here > 0.0, here == -mirrored))
    };
    let found: Vec<(bool, bool)> = (0..case.starts).into_par_iter().map(one).collect::<Result<_, _>>()?;
    let n = case.starts as f64;
    let right = found.iter().filter(|f| f.0).count() as u64;
    let astray = found.iter().filter(|f| !f.1).count();
    let margin = ERRORS * 0.5 / n.sqrt();
    let words = format!("{}, {} starts in [−2, 2]²", case.words(), case.starts);
    Ok(vec![
        Measurement::equal(
            "mirrored starts with ends that are not mirrored",
            astray as f64,
            0.0,
            Budget::default(),
        )
        .on(&words),
        Measurement::equal("share of the right minimum", right as f64 / n, 0.5, Budget::sampling(margin))
            .on(words)
            .sampled(equivalence_proportion(right, case.starts, 0.5, margin)?),
    ])
}

/// Starts on both sides of the traced manifold.
fn separates(case: &Case) -> Result<Measurement, CheckError> {
    const OFF: f64 = 1e-3;
    let curve = stable_manifold(&*case.objective, [case.alpha, case.beta], case.saddle[0], BOX)?;
    let mut same = 0;
    let mut count = 0;
    for branch in &curve {
        for pair in branch.windows(2).step_by(1 + branch.len() / 10) {
            let tangent = [pair[1][0] - pair[0][0], pair[1][1] - pair[0][1]];
            let length = norm(&tangent);
            if length > 0.05 {
                continue; // the last one, beyond the box
            }
            let normal = [-tangent[1] / length * OFF, tangent[0] / length * OFF];
            let at = |s: f64| end(case, pair[0][0] + s * normal[0], pair[0][1] + s * normal[1]);
            count += 1;
            same += usize::from(at(1.0)? == at(-1.0)?);
        }
    }
    Ok(Measurement::equal(
        "points of the traced manifold that do not separate",
        same as f64,
        0.0,
        Budget::default(),
    )
    .on(format!("{}, {count} points", case.words())))
}

impl Check for BasinBoundary {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let n = match effort {
            Effort::Quick => 500,
            Effort::Standard => 10_000,
            Effort::Thorough => 40_000,
        };
        let origin = [0.0];
        vec![
            Case::new("well", &origin, [0.5, 0.1], None, n),
            Case::new("well", &origin, [0.2, 1.5], None, n),
            Case::new("well", &origin, [0.5, 0.1], Some(0.05), 0),
            Case::new("well", &origin, [1.0, 0.5], Some(0.3), 0),
            Case::new("double-well", &[0.0, 0.0], [0.5, 0.1], None, 0),
            Case::new("double-well", &[0.0, 0.0], [1.0, 1.1], Some(0.02), 0),
            Case::new("expr:(x^2-1)^2/4+(y-x^2)^2/2+x*y/5", &[0.0, 0.0], [0.7, 0.3], None, 0),
        ]
    }

    fn control(&self) -> Vec<Case> {
        let with = |prediction| Case { prediction, ..Case::new("well", &[0.0], [0.5, 0.1], None, 0) };
        // θ³ − θ + 0.1 = 0 near 0.
        let tilted = Subject::named("expr:(x^2-1)^2/4+0.1*x");
        let saddle = newton(&*tilted, &[0.1], 0.2).unwrap_or_default();
        vec![
            with(Prediction::Friction),
            Case { objective: tilted, saddle, starts: 1_000, ..with(Prediction::ClosedForm) },
            with(Prediction::Slope(1.001)),
        ]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let objective = own.subject()?;
        let saddle = match &own.theta {
            Some(near) => newton(&*objective, near, 0.5 * (1.0 + norm(near))),
            None => search_unstable(&*objective),
        };
        // Where there is none, the hypotheses say so of the point given, or of the origin.
        let saddle = saddle.or_else(|| own.theta.clone()).unwrap_or_else(|| vec![0.0; objective.dimension()]);
        Ok(Case {
            objective,
            saddle,
            alpha: own.alpha.unwrap_or(0.5),
            beta: own.beta.unwrap_or(0.1),
            step_size: own.step_size,
            starts: 0,
            prediction: Prediction::ClosedForm,
        })
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let all = eigendirections(&*case.objective, &case.saddle);
        let scale = all.iter().fold(0.0, |s, e| max(s, e.0.abs()));
        let negative = all.iter().filter(|e| e.0 < -1e-9 * scale).count();
        let positive = all.iter().filter(|e| e.0 > 1e-9 * scale).count();
        let critical = slope(&*case.objective, &case.saddle) <= 1e-8 * (1.0 + scale);
        let words = "critical, exactly one negative eigenvalue, none zero";
        let m = all.first().map_or(f64::NAN, |e| -e.0);
        let slow = Unstable::new(m, Some((case.alpha, case.beta))).slow;
        let oriented = case.step_size.is_none_or(|g| 1.0 + g * slow > 0.0);
        vec![
            match critical && negative == 1 && positive + 1 == all.len() {
                true => Hypothesis::new(words, HypothesisState::Sampled),
                false => Hypothesis::exact(words, false),
            },
            Hypothesis::exact("μ₋ > 0", oriented),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let mut all = vec![slope_at_saddle(case, context)?];
        if case.starts > 0 {
            all.extend(shares(case, context)?);
            all.push(separates(case)?);
        }
        Ok(all)
    }

    fn figure(&self, _: &Context<'_>) -> Result<Figure, CheckError> {
        draw::figure(CLAIM.id)
    }
}
