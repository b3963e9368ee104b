//! A definable finite sum has finitely many D-critical values.
//!
//! Two independent counts. The enumeration solves 0 ∈ D_J on all faces of the cell complex of a piecewise quadratic sum. The
//! scan, on the line, knows no pieces: it looks for sign changes of the derivative and of every kink's argument between the
//! points of a grid, closes in by bisection, and asks for 0 ∈ D_J there. For a definable sum its count stops growing when the
//! grid is refined; for θ² sin(1/θ), which is not definable, it grows like the square root of the number of points.
//!
//! *Predictions by hand.* Σ|θ − aₙ|: the median (all terms have their kinks in different places, so D_J = ∂J).
//! Σ||θ| − bₙ|: 0 and ± the median of b, of two values. k|θ| − k|θ| + ½(θ − s)²: 0 and, if |s| ≤ 2k, s²/2.
//! Sums of functions of separate variables: all sums of their values.

use dinlab_objective::subdifferential::{critical_set, CriticalSet};
use dinlab_record::{
    figure::{Axis, Figure, Layer, Marker, Panel},
    Budget, Claim, Evidence, Hypothesis, HypothesisState, Measurement,
};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    error::CheckError,
    sources,
    subject::Subject,
    terms::Terms,
};

/// The check.
pub struct DCriticalValuesFinite;

static CLAIM: Claim = Claim {
    id: "d-critical-values-finite",
    family: 'B',
    title: "Finitely many D-critical values",
    sentence: "The set of values of J at points with 0 ∈ D_J is finite when the terms are definable (a Sard theorem).",
    statement: r"\#\{J(\theta):0\in D_J(\theta)\}<\infty",
    hypotheses: &[
        "J is a finite sum of definable terms (exact where J is piecewise quadratic or its facts say so, else assumed)",
        "one or two variables with affine kinks and quadratic pieces, or one variable on a bounded interval (exact)",
    ],
    sources: &[sources::at(sources::JMLR, "Lemma 6")],
    differences: "as printed; its proof refers to Lemma 4 where the chain rule for D_J, Lemma 5, is the one needed",
    measured: "The list of D-critical values from all faces of the cell complex, against closed forms; and in one dimension \
               the number of values found by scanning grids of three resolutions, which must agree with each other and \
               with the list.",
    refuted_by: "a count that grows with the resolution, or a list other than the closed form",
    tolerance: "counts are whole numbers: none; values 10⁻⁹·(1 + |value|), within which they are taken as one (they solve \
                linear equations, so rounding is far below)",
    control: "gross: θ² sin(1/θ) on (10⁻³, 1]; the critical values instead of the D-critical ones; near miss: one value \
              off by 10⁻³",
    evidence: Evidence::Resolved,
    cost: "milliseconds; 10⁴ gradients per scan",
};

/// Values this near are one.
const SAME: f64 = 1e-9;

/// One sum.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    /// D-critical values in closed form.
    values: Option<Vec<f64>>,
    /// Whether the faces are enumerated (piecewise quadratic).
    enumerate: bool,
    /// Interval and number of grid cells of the coarsest scan.
    scan: Option<([f64; 2], usize)>,
}

impl Case {
    fn new(objective: &str, values: &[f64], scan: Option<[f64; 2]>) -> Self {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        Self {
            objective: Subject::named(objective),
            values: Some(values),
            enumerate: true,
            scan: scan.map(|sides| (sides, 700)),
        }
    }

    /// Not piecewise quadratic: only scanned.
    fn scanned(objective: &str, values: Option<&[f64]>, sides: [f64; 2]) -> Self {
        Self {
            objective: Subject::named(objective),
            values: values.map(<[f64]>::to_vec),
            enumerate: false,
            scan: Some((sides, 700)),
        }
    }
}

/// D-critical values of a one-dimensional sum on an interval, as far as a grid of `cells` cells shows them.
fn scan(terms: &Terms, [low, high]: [f64; 2], cells: usize) -> Result<Vec<f64>, CheckError> {
    let tapes = terms.all();
    let mut scratch = Default::default();
    // The derivative of J and the arguments of all kinks: D-critical points lie where one of them changes its sign.
    let mut probe = |x: f64| {
        let mut all = vec![0.0];
        for tape in &tapes {
            let mut slope = [0.0];
            tape.gradient_with(&[x], &mut scratch, &mut slope);
            all[0] += slope[0];
            let mut kinks = vec![0.0; tape.kinks().len()];
            tape.kink_values(&[x], &mut scratch, &mut kinks);
            all.extend(kinks);
        }
        all
    };
    let mut values = Vec::new();
    // An irrational offset keeps grid points off kinks at round numbers.
    let step = (high - low) / cells as f64;
    let at = |i: usize| low + step * (i as f64 + 0.3819660112501051);
    let mut left = probe(at(0));
    for i in 1..cells {
        let right = probe(at(i));
        for k in 0..left.len() {
            if left[k] == 0.0 && k == 0 {
                push_value(terms, at(i - 1), &mut values)?;
            }
            if left[k] * right[k] < 0.0 {
                let x = bisect(at(i - 1), at(i), left[k], &mut |x| probe(x)[k]);
                push_value(terms, x, &mut values)?;
            }
        }
        left = right;
    }
    values.sort_by(f64::total_cmp);
    values.dedup_by(|later, kept| (*later - *kept).abs() <= SAME * (1.0 + kept.abs()));
    Ok(values)
}

fn push_value(terms: &Terms, x: f64, values: &mut Vec<f64>) -> Result<(), CheckError> {
    let sets = terms.sets(&[x])?;
    // A root of a smooth derivative is met up to rounding only.
    if sets.d_critical(1e-7) {
        values.push(sets.value);
    }
    Ok(())
}

fn bisect(mut low: f64, mut high: f64, at_low: f64, function: &mut impl FnMut(f64) -> f64) -> f64 {
    while high - low > f64::EPSILON * (low.abs() + high.abs()) {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if function(middle) * at_low > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

fn count(name: impl Into<String>, found: usize, expected: usize) -> Measurement {
    Measurement::equal(name, found as f64, expected as f64, Budget::default())
}

fn listed(expected: &[f64], found: &[f64], how: &str) -> Vec<Measurement> {
    let mut all = vec![count(format!("number of D-critical values from {how}"), found.len(), expected.len())];
    for (value, predicted) in found.iter().zip(expected) {
        let budget = Budget::rounding(SAME * (1.0 + predicted.abs()));
        all.push(Measurement::equal(format!("D-critical value from {how}"), *value, *predicted, budget));
    }
    all
}

impl Check for DCriticalValuesFinite {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let mut cases = vec![
            Case::new("power:1", &[0.0], Some([-2.0, 2.0])),
            Case::new("spurious:1,1", &[0.0, 0.5], Some([-2.0, 3.0])),
            Case::new("spurious:1,3", &[0.0], Some([-2.0, 5.0])),
            Case::new("medians:0,1,3", &[3.0], Some([-2.0, 5.0])),
            // Σ|θ − aₙ| for even N: constant between the middle points.
            Case::new("medians:-1,0,2,5", &[8.0], Some([-3.0, 7.0])),
            Case::new("wells:0.5,1,2", &[1.5, 3.5], Some([-3.0, 3.0])),
            Case::new("valley", &[0.0], None),
            Case::new(
                "sum:abs(x);-abs(x);abs(y);-abs(y);0.5*(x-1)^2+0.5*(y+1.5)^2",
                &[0.0, 0.5, 1.125, 1.625],
                None,
            ),
            Case::new("sum:abs(x-y);-abs(x-y);0.5*(x-1)^2+0.5*y^2", &[0.0, 0.25], None),
            // Not piecewise quadratic: 1 at 0, and 0 at ±1; the kinks are not affine.
            Case::scanned("expr:abs(x^2-1)", Some(&[0.0, 1.0]), [-2.0, 2.0]),
            // x⁴ − 2x² twice over with a kink that cancels at 1/2: the slope there is −3/2, within [−2, 2].
            Case::scanned(
                "sum:abs(x-0.5);-abs(x-0.5);x^4-2*x^2",
                Some(&[-1.0, 0.0625 - 0.5, 0.0]),
                [-2.0, 2.0],
            ),
        ];
        if effort > Effort::Quick {
            // Definable on an interval, without a closed form for the values.
            cases.push(Case::scanned("expr:sin(5*x)+abs(cos(3*x))", None, [-4.0, 4.0]));
            cases.push(Case::new("sum:max(x,y);-max(x,y);abs(x+y);0.5*x^2+0.5*(y-2)^2", &[1.0, 2.0], None));
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let values = |values: &[f64]| Case::new("spurious:1,1", values, Some([-2.0, 3.0]));
        vec![
            Case::scanned("expr:x^2*sin(1/x)", None, [1e-3, 1.0]),
            values(&[0.0]),
            values(&[0.0, 0.5 * 1.001]),
        ]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let reason = "it needs an objective of one or two variables";
        let objective: Subject =
            own.objective.clone().ok_or(CheckError::OwnCase { reason: reason.into() })?.into();
        let enumerate = critical_set(&Terms::of(&*objective)?.all()).is_ok();
        let view = objective.facts().view.clone();
        let scan = (view.len() == 1).then(|| (view[0], 2000));
        Ok(Case { objective, values: None, enumerate, scan })
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let definable = match case.enumerate || case.objective.facts().tame {
            true => HypothesisState::Exact,
            false => HypothesisState::Assumed,
        };
        let within = "piecewise quadratic with affine kinks in at most two variables, or one variable";
        vec![
            Hypothesis::new("the terms are definable", definable),
            Hypothesis::exact(within, case.enumerate || case.scan.is_some()),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        context.proceed()?;
        let terms = Terms::of(&*case.objective)?;
        let mut found = Vec::new();
        let set: Option<CriticalSet> = case.enumerate.then(|| critical_set(&terms.all())).transpose()?;
        if let Some(set) = &set {
            match &case.values {
                Some(values) => found.extend(listed(values, &set.values, "all faces")),
                None => {
                    // Each of the faces of all dimensions carries one value at most: in the plane, f cells have fewer
                    // than 3f edges and 2f vertices.
                    let bound = if case.objective.dimension() == 1 { 2 * set.cells } else { 6 * set.cells };
                    let words = "number of D-critical values, at most one for each face";
                    let values = set.values.len() as f64;
                    found.push(Measurement::at_most(words, values, bound as f64, Budget::default()));
                }
            }
        }
        if let Some((sides, cells)) = case.scan {
            let counts: Result<Vec<Vec<f64>>, CheckError> =
                [1, 2, 4].iter().map(|factor| scan(&terms, sides, factor * cells)).collect();
            let counts = counts?;
            for pair in counts.windows(2) {
                found.push(count(
                    "number of values on a grid of half the step",
                    pair[1].len(),
                    pair[0].len(),
                ));
            }
            let inside = set.as_ref().map(|set| {
                let visible = set.points.iter().filter(|p| p.point[0] > sides[0] && p.point[0] < sides[1]);
                let mut values: Vec<f64> = visible.map(|p| p.value).collect();
                values.sort_by(f64::total_cmp);
                values.dedup_by(|a, b| (*a - *b).abs() <= SAME * (1.0 + b.abs()));
                values
            });
            if let Some(expected) = case.values.as_ref().or(inside.as_ref()) {
                found.extend(listed(expected, &counts[2], "the finest scan"));
            }
        }
        let words = case.objective.to_string();
        Ok(found.into_iter().map(|m| m.on(words.clone())).collect())
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "Finitely many D-critical values".into(),
            caption: "left: D-critical points and values; right: values found by scanning a grid".into(),
            columns: 2,
            panels: vec![landscape()?, growth(context)?],
        })
    }
}

fn landscape() -> Result<Panel, CheckError> {
    let objective = Subject::named("sum:abs(x+0.25);-abs(x+0.25);abs(abs(x-0.5)-1);0.5*(x-1)^2");
    let terms = Terms::of(&*objective)?;
    let mut oracle = objective.oracle();
    let x: Vec<f64> = (0..=400).map(|i| -1.5 + 0.01 * f64::from(i)).collect();
    let y = x.iter().map(|x| oracle.value(&[*x])).collect();
    let set = critical_set(&terms.all())?;
    let mut panel =
        Panel::new("|θ+¼| − |θ+¼| + ||θ−½| − 1| + ½(θ−1)²", Axis::linear("θ"), Axis::linear("J(θ)"))
            .with(Layer::curve("J", x, y, 0));
    for (critical, label, marker) in
        [(true, "critical", Marker::Circle), (false, "D-critical only", Marker::Ring)]
    {
        let chosen: Vec<_> = set.points.iter().filter(|p| p.critical == critical).collect();
        let (at, values) = chosen.iter().map(|p| (p.point[0], p.value)).unzip();
        panel = panel.with(Layer::points(label, at, values, 1, marker));
    }
    Ok(panel)
}

fn growth(context: &Context<'_>) -> Result<Panel, CheckError> {
    let mut panel = Panel::new("", Axis::log("points of the grid"), Axis::log("values found"));
    let shown = [
        ("expr:x^2*sin(1/x)", "θ² sin(1/θ), not definable", [1e-3, 1.0], Marker::Ring),
        ("wells:0.5,1,2", "Σ ||θ| − bₙ|", [-3.0, 3.0], Marker::Circle),
    ];
    for (color, (name, label, sides, marker)) in shown.into_iter().enumerate() {
        let terms = Terms::of(&*Subject::named(name))?;
        let grids: Vec<usize> = (0..7).map(|k| 100 << k).collect();
        let mut counts = Vec::new();
        for &cells in &grids {
            context.proceed()?;
            counts.push(scan(&terms, sides, cells)?.len() as f64);
        }
        let points: Vec<f64> = grids.iter().map(|&g| g as f64).collect();
        panel = panel
            .with(Layer::curve(String::new(), points.clone(), counts.clone(), color))
            .with(Layer::points(label, points, counts, color, marker));
    }
    Ok(panel)
}
