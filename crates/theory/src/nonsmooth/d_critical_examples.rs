//! D_J = Σ ∂Jₙ contains Clarke's ∂J, possibly strictly; points with 0 ∈ D_J that are not critical exist.
//!
//! *Derivation of the predictions.* ∂|x| = [−1, 1] at 0, so k|x| − k|x| contributes [−2k, 2k] to D_J(0) and nothing to J:
//! with a smooth third term of slope J′(0), D_J(0) = [J′(0) − 2k, J′(0) + 2k], and 0 is D-critical exactly if |J′(0)| ≤ 2k. The
//! other examples are Minkowski sums of segments, written down by hand beside each case.
//!
//! The sets are computed twice: from the cells of the kink surfaces, and as support functions of gradients sampled about
//! the point, term by term for D_J and summed for ∂J. Neither knows the prediction. That a spurious point is a rest point is
//! seen on runs of INDIAN in which the two moduli take different elements of their subdifferentials.

use dinlab_indian::{iterate_observed, Method, Run, Schedule};
use dinlab_numeric::{distance, max, norm, Stream};
use dinlab_objective::{
    build,
    subdifferential::{critical_set, DCriticalPoint, DIMENSION_LIMIT},
    Options, Selection,
};
use dinlab_record::{
    figure::{Axis, Dash, Figure, Layer, Marker, Panel},
    observe::Blind,
    Budget, Claim, Evidence, Hypothesis, Measurement,
};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    error::CheckError,
    runs::require,
    sources,
    subject::Subject,
    terms::Terms,
};

/// The check.
pub struct DCriticalExamples;

static CLAIM: Claim = Claim {
    id: "d-critical-examples",
    family: 'B',
    title: "The sum of subdifferentials is larger than the subdifferential of the sum",
    sentence: "D_J = Σ ∂Jₙ contains ∂J; where kinks of terms cancel it is strictly larger, and points with 0 ∈ D_J exist \
               that are not critical: k|x| − k|x| makes 0 one exactly if |J′(0)| ≤ 2k.",
    statement: r"\partial J\subseteq D_J=\sum_n\partial J_n,\qquad D_J(0)=J'(0)+[-2k,2k]\ \text{ for } J_1=k|\theta|,\ J_2=-k|\theta|",
    hypotheses: &[
        "J is a finite sum of terms with finitely many smooth pieces (exact, from the kink surfaces)",
        "some term has a kink (exact)",
        "at most three variables (exact)",
    ],
    sources: &[sources::at(sources::JMLR, "section 2.3.3 and (12)-(13)")],
    differences: "as printed; the rule |J′(0)| ≤ 2k and the further examples are derived in this file",
    measured: "Support functions of ∂J and D_J from the enumerated cells and, independently, from sampled gradients; the \
               list of D-critical points and values of the whole space; the largest |J′(0)| for which 0 is D-critical; \
               the displacement of INDIAN at a spurious point with a selection that makes v = 0 there.",
    refuted_by: "a support function, a D-critical point or value other than the closed form; a run that leaves the \
                 spurious point although v = 0",
    tolerance: "cells: 64ε times the size of the set; sampled gradients: 10⁻⁵ of it, the change when the cloud of radius \
                10⁻⁷ is doubled being a tenth at most; points and values 10⁻⁹ (they solve linear equations); threshold 10⁻⁸ (ten times the tolerance of membership)",
    control: "gross: D_J taken to be ∂J; the band of |J′(0)| ≤ 2k claimed for J′(0) = −3, k = 1; near miss: D_J larger by 10⁻³",
    evidence: Evidence::Resolved,
    cost: "milliseconds",
};

/// Half-extent of the sampled cloud.
const RADIUS: f64 = 1e-7;

/// A direction with the support functions of D_J and of ∂J in it.
#[derive(Debug, Clone, Serialize)]
struct Support {
    direction: Vec<f64>,
    sum: f64,
    clarke: f64,
}

/// What is predicted.
#[derive(Debug, Clone, Serialize, Default)]
struct Expected {
    supports: Vec<Support>,
    /// Isolated D-critical points, in lexicographic order.
    isolated: Vec<Vec<f64>>,
    /// D-critical values.
    values: Vec<f64>,
}

/// One sum at one point.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    point: Vec<f64>,
    expected: Option<Expected>,
    /// k and J′(0), where the example is k|x| − k|x| + ….
    band: Option<[f64; 2]>,
}

impl Case {
    /// `supports` lists direction, D_J, ∂J.
    fn new(
        objective: &str,
        point: &[f64],
        supports: &[(&[f64], f64, f64)],
        isolated: &[&[f64]],
        values: &[f64],
    ) -> Self {
        let support = |&(d, sum, clarke): &(&[f64], f64, f64)| Support { direction: d.to_vec(), sum, clarke };
        let expected = Expected {
            supports: supports.iter().map(support).collect(),
            isolated: isolated.iter().map(|p| p.to_vec()).collect(),
            values: values.to_vec(),
        };
        Self {
            objective: Subject::named(objective),
            point: point.to_vec(),
            expected: Some(expected),
            band: None,
        }
    }

    /// k|x| − k|x| + (x − target)²/2 at 0.
    fn spurious(k: f64, target: f64) -> Self {
        let mut isolated = vec![vec![target]];
        let mut values = vec![0.0];
        if target.abs() <= 2.0 * k {
            isolated.push(vec![0.0]);
            values.push(0.5 * target * target);
        }
        isolated.sort_by(|a, b| a[0].total_cmp(&b[0]));
        let expected = Expected {
            supports: vec![
                Support { direction: vec![1.0], sum: 2.0 * k - target, clarke: -target },
                Support { direction: vec![-1.0], sum: 2.0 * k + target, clarke: target },
            ],
            isolated,
            values,
        };
        let objective = Subject::named(&format!("spurious:{k},{target}"));
        Self { objective, point: vec![0.0], expected: Some(expected), band: Some([k, -target]) }
    }

    fn words(&self) -> String {
        format!("{} at {:?}", self.objective, self.point)
    }
}

/// Support functions of D_J and ∂J in `direction`, from gradients at random points within `radius` of `x`.
fn sampled_supports(
    terms: &Terms,
    x: &[f64],
    radius: f64,
    direction: &[f64],
    stream: &mut Stream,
) -> [f64; 2] {
    const POINTS: usize = 1000;
    let tapes = terms.all();
    let mut scratch = Default::default();
    let mut each = vec![f64::NEG_INFINITY; tapes.len()];
    let (mut whole, mut v) = (f64::NEG_INFINITY, vec![0.0; x.len()]);
    for _ in 0..POINTS {
        let p: Vec<f64> = x.iter().map(|x| x + stream.uniform(-radius, radius)).collect();
        let mut total = 0.0;
        for (tape, best) in tapes.iter().zip(&mut each) {
            tape.gradient_with(&p, &mut scratch, &mut v);
            let along = dinlab_numeric::dot(&v, direction);
            *best = max(*best, along);
            total += along;
        }
        whole = max(whole, total);
    }
    [each.iter().sum(), whole]
}

/// Where J is k|x| − k|x| + ½(x − s)²: the largest s for which 0 is D-critical, by bisection.
fn threshold(k: f64) -> Result<f64, CheckError> {
    let (mut low, mut high) = (0.0, 8.0 * k);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        let objective = Subject::named(&format!("spurious:{k},{middle:?}"));
        match Terms::of(&*objective)?.sets(&[0.0])?.d_critical(1e-9) {
            true => low = middle,
            false => high = middle,
        }
    }
    Ok(0.5 * (low + high))
}

/// Displacements of INDIAN from 0 on k|x| − k·max(x, −x) + ½(x − s)²: with elements of the two subdifferentials that make
/// v = 0, and with 0 for both. The two moduli are written differently so that each has a selection of its own.
fn displacements(k: f64, slope: f64, steps: u64) -> Result<[f64; 2], CheckError> {
    let text = format!("sum:{k:?}*abs(x);-{k:?}*max(x,-x);0.5*(x+{slope:?})^2");
    // k·s₁ − k·s₂ + J′(0) = 0 with s₁ = −s₂.
    let s = -0.5 * slope / k;
    let opposed = Selection { abs: s, max: 0.5 * (1.0 - s), ..Selection::DEFAULT };
    let mut found = [f64::NAN; 2];
    for (target, selection) in found.iter_mut().zip([opposed, Selection::DEFAULT]) {
        let objective = build(&text, &Options { selection, ..Options::default() })?;
        let method = Method::Indian { alpha: 0.5, beta: 0.1 };
        let run = Run::new(method, vec![0.0], Schedule::Constant(0.01), steps);
        let outcome = iterate_observed(&*objective, &run, &mut Blind)?;
        require(&outcome.status, "INDIAN from a spurious point")?;
        *target = outcome.theta[0].abs();
    }
    Ok(found)
}

fn measure_sets(case: &Case, terms: &Terms, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
    let sets = terms.sets(&case.point)?;
    let size = 1.0 + sets.sum.largest_norm();
    let rounding = Budget::rounding(64.0 * f64::EPSILON * size);
    let outside = sets.clarke.vertices().iter().map(|v| sets.sum.distance(v)).fold(0.0, max);
    let mut found = vec![Measurement::at_most("distance of ∂J from D_J ⊇ ∂J", outside, 0.0, rounding)];
    let cloud = Budget { discretisation: 1e-5 * size, ..rounding };
    let n = case.point.len();
    let directions: Vec<Vec<f64>> = match &case.expected {
        Some(expected) => expected.supports.iter().map(|s| s.direction.clone()).collect(),
        None => (0..8 * n as u64).map(|i| unit(context.stream("directions", i).normals(n))).collect(),
    };
    for (i, direction) in directions.iter().enumerate() {
        let mut stream = context.stream("gradients", i as u64);
        let mut sampled = |radius| sampled_supports(terms, &case.point, radius, direction, &mut stream);
        let (near, far) = (sampled(RADIUS), sampled(2.0 * RADIUS));
        let cells = [sets.sum.support(direction), sets.clarke.support(direction)];
        let closed = case.expected.as_ref().map(|e| [e.supports[i].sum, e.supports[i].clarke]);
        for (k, name) in ["D_J", "∂J"].into_iter().enumerate() {
            let words = |how| format!("support function of {name} from {how}");
            let sampling = match closed {
                Some(closed) => {
                    found.push(Measurement::equal(words("cells"), cells[k], closed[k], rounding));
                    Measurement::equal(words("sampled gradients"), near[k], closed[k], cloud)
                }
                // A thin cell may be missed by the samples; none may lie outside.
                None => {
                    Measurement::at_most(words("sampled gradients, against cells"), near[k], cells[k], cloud)
                }
            };
            found.push(sampling.refined(near[k] - far[k]));
        }
    }
    Ok(found)
}

fn unit(direction: Vec<f64>) -> Vec<f64> {
    let size = norm(&direction);
    direction.into_iter().map(|d| d / size).collect()
}

fn measure_list(expected: &Expected, terms: &Terms) -> Result<Vec<Measurement>, CheckError> {
    let set = critical_set(&terms.all())?;
    let isolated: Vec<&DCriticalPoint> = set.points.iter().filter(|p| p.isolated).collect();
    let counts = |name: &str, found: usize, expected: usize| {
        Measurement::equal(name, found as f64, expected as f64, Budget::default())
    };
    let mut found = vec![
        counts("number of isolated D-critical points", isolated.len(), expected.isolated.len()),
        counts("number of D-critical values", set.values.len(), expected.values.len()),
    ];
    for (point, predicted) in isolated.iter().zip(&expected.isolated) {
        let off = distance(&point.point, predicted);
        let budget = Budget::rounding(1e-9 * (1.0 + norm(predicted)));
        found.push(Measurement::at_most("distance of a D-critical point from its place", off, 0.0, budget));
    }
    for (value, predicted) in set.values.iter().zip(&expected.values) {
        let budget = Budget::rounding(1e-9 * (1.0 + predicted.abs()));
        found.push(Measurement::equal("D-critical value", *value, *predicted, budget));
    }
    Ok(found)
}

fn measure_band([k, slope]: [f64; 2]) -> Result<Vec<Measurement>, CheckError> {
    let budget = Budget::rounding(1e-8 * (1.0 + 4.0 * k));
    let mut found =
        vec![Measurement::equal("largest |J′(0)| for which 0 is D-critical", threshold(k)?, 2.0 * k, budget)];
    if slope.abs() <= 2.0 * k && slope != 0.0 {
        let [stays, leaves] = displacements(k, slope, 8000)?;
        let rounding = Budget::rounding(4000.0 * f64::EPSILON);
        found.push(Measurement::at_most("displacement with v = 0 selected in D_J(0)", stays, 0.0, rounding));
        // From 0 a run that is free to leave ends at the critical point; after half of the steps it is there as well.
        let halfway = displacements(k, slope, 4000)?[1];
        let budget = Budget::discretisation(1e-3 * slope.abs());
        found.push(
            Measurement::equal("displacement with 0 selected at both kinks", leaves, slope.abs(), budget)
                .refined(leaves - halfway),
        );
    }
    Ok(found)
}

impl Check for DCriticalExamples {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, _: Effort) -> Vec<Case> {
        let (right, left): (&[f64], &[f64]) = (&[1.0], &[-1.0]);
        let (east, north, diagonal): (&[f64], &[f64], &[f64]) = (&[1.0, 0.0], &[0.0, 1.0], &[1.0, -1.0]);
        let both = |sum, clarke| [(right, sum, clarke), (left, sum, clarke)];
        vec![
            Case::new("sum:abs(x);-abs(x)", &[0.0], &both(2.0, 0.0), &[], &[0.0]),
            Case::spurious(1.0, 1.0),
            Case::spurious(1.0, 3.0),
            // Exact in floating point: one ulp off the kink, and a run leaves it.
            Case::spurious(2.0, -3.0),
            // max(x,0) + max(−x,0) − |x| = 0: [0,1] + [−1,0] + [−1,1] = [−2,2], and the slope 1 of (x+2)²/4.
            Case::new(
                "sum:max(x,0);max(-x,0);-abs(x);0.25*(x+2)^2",
                &[0.0],
                &[(right, 3.0, 1.0), (left, 1.0, -1.0)],
                &[&[-2.0], &[0.0]],
                &[0.0, 1.0],
            ),
            Case::new(
                "sum:abs(x);-abs(x);0.5*(x-1)^2+0.5*y^2",
                &[0.0, 0.0],
                &[(east, 1.0, -1.0), (north, 0.0, 0.0)],
                &[&[0.0, 0.0], &[1.0, 0.0]],
                &[0.0, 0.5],
            ),
            // Whole lines of D-critical points, on each of which J is constant.
            Case::new(
                "sum:abs(x);-abs(x);0.5*(x-1)^2+0*y",
                &[0.0, 0.3],
                &[(east, 1.0, -1.0), (north, 0.0, 0.0)],
                &[],
                &[0.0, 0.5],
            ),
            // Along the line x = y: (t − 1, t) = −λ(1, −1), |λ| ≤ 2, only for t = λ = 1/2.
            Case::new(
                "sum:abs(x-y);-abs(x-y);0.5*(x-1)^2+0.5*y^2",
                &[0.5, 0.5],
                &[(diagonal, 3.0, -1.0), (east, 1.5, -0.5), (north, 2.5, 0.5)],
                &[&[0.5, 0.5], &[1.0, 0.0]],
                &[0.0, 0.25],
            ),
        ]
    }

    fn control(&self) -> Vec<Case> {
        let with = |change: &dyn Fn(&mut Support)| {
            let mut case = Case::spurious(1.0, 1.0);
            if let Some(expected) = &mut case.expected {
                expected.supports.iter_mut().for_each(change);
            }
            case
        };
        let outside = Case { objective: Subject::named("spurious:1,3"), ..Case::spurious(1.0, 1.0) };
        vec![with(&|s| s.sum = s.clarke), outside, with(&|s| s.sum = s.clarke + 1.001 * (s.sum - s.clarke))]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let reason = "it needs an objective, best a sum such as \"sum:abs(x);-abs(x);0.5*(x-1)^2\"";
        let objective: Subject =
            own.objective.clone().ok_or(CheckError::OwnCase { reason: reason.into() })?.into();
        let point = match &own.theta {
            Some(theta) => theta.clone(),
            // Without a point, one where the sets differ if there is one.
            None => {
                let listed = critical_set(&Terms::of(&*objective)?.all()).map(|set| set.points);
                let points = listed.unwrap_or_default();
                let chosen = points.iter().find(|p| !p.critical).or(points.first());
                chosen.map_or_else(|| own.start_point(), |p| Ok(p.point.clone()))?
            }
        };
        Ok(Case { objective, point, expected: None, band: None })
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let kinks = Terms::of(&*case.objective).map_or(0, |terms| terms.kinks());
        vec![
            Hypothesis::exact("some term has a kink (otherwise D_J = ∂J = {∇J})", kinks > 0),
            Hypothesis::exact("at most three variables", case.point.len() <= DIMENSION_LIMIT),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        context.proceed()?;
        let terms = Terms::of(&*case.objective)?;
        let mut found = measure_sets(case, &terms, context)?;
        if let Some(expected) = &case.expected {
            found.extend(measure_list(expected, &terms)?);
        }
        if let Some(band) = case.band {
            found.extend(measure_band(band)?);
        }
        Ok(found.into_iter().map(|m| m.on(case.words())).collect())
    }

    fn figure(&self, _: &Context<'_>) -> Result<Figure, CheckError> {
        let panels: Result<Vec<Panel>, CheckError> = [1.0, 3.0].into_iter().map(panel).collect();
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "D_J of |θ| − |θ| + ½(θ − θ*)²".into(),
            caption:
                "D_J(θ) is the slope of J except at 0, where it is a segment; 0 ∈ D_J(0) makes 0 D-critical"
                    .into(),
            columns: 2,
            panels: panels?,
        })
    }
}

/// Slope of J and the segment D_J(0).
fn panel(target: f64) -> Result<Panel, CheckError> {
    let objective = Subject::named(&format!("spurious:1,{target}"));
    let terms = Terms::of(&*objective)?;
    let x: Vec<f64> = (0..=80).map(|i| -1.5 + 0.0625 * f64::from(i)).collect();
    let sets: Result<Vec<_>, _> = x.iter().map(|x| terms.sets(&[*x])).collect();
    let slope = sets?.iter().map(|s| s.clarke.support(&[1.0])).collect();
    let origin = terms.sets(&[0.0])?;
    let (low, high) = (-origin.sum.support(&[-1.0]), origin.sum.support(&[1.0]));
    let set = critical_set(&terms.all())?;
    let axis = Axis::linear("elements of D_J(θ)").range(-6.5, 3.5);
    let mut panel = Panel::new(format!("θ* = {target}"), Axis::linear("θ"), axis)
        .with(Layer::Horizontal { label: String::new(), y: 0.0, color: 7, dash: Dash::Dotted })
        .with(Layer::curve("J′(θ) = θ − θ*", x, slope, 0))
        .with(Layer::Curve {
            label: "D_J(0)".into(),
            x: vec![0.0, 0.0],
            y: vec![low, high],
            color: 1,
            dash: Dash::Dashed,
        });
    for (critical, label, marker) in
        [(true, "critical", Marker::Circle), (false, "D-critical only", Marker::Ring)]
    {
        let at: Vec<f64> = set.points.iter().filter(|p| p.critical == critical).map(|p| p.point[0]).collect();
        if !at.is_empty() {
            panel = panel.with(Layer::points(label, at.clone(), vec![0.0; at.len()], 2, marker));
        }
    }
    Ok(panel)
}
