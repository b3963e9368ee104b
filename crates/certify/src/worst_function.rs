//! A worst-case function in few dimensions: among all solutions with (nearly) the worst value, one whose Gram matrix has
//! small rank, by the trace and then the log-det heuristic (Fazel, Hindi, Boyd, ACC 2003; used for performance estimation by
//! Taylor, Hendrickx, Glineur 2017). Its points are data; in one dimension they give the function itself.

use nalgebra::{DMatrix, SymmetricEigen};
use serde::Serialize;

use crate::{
    class::{Class, Point, Tightness},
    expression::{Expression, Vector},
    lmi,
    model::{Key, Model, Relation},
    rational,
    solver::{self, Status},
    statement::Statement,
    worst_case::Answer,
};

/// One function of a worst case, on the points that matter.
#[derive(Debug, Clone, Serialize)]
pub struct Sampled {
    /// Points in the order of evaluation, the minimiser first where there is one (an infimum that is only approached has no
    /// place; values are above it).
    pub points: Vec<SampledPoint>,
    /// Bounds of the difference quotients of the gradient: [μ, L], ∞ where it may jump; both the curvature itself of a quadratic
    /// function of one variable.
    #[serde(with = "dinlab_record::real")]
    pub curvature: [f64; 2],
}

/// x, gradient, value.
#[derive(Debug, Clone, Serialize)]
pub struct SampledPoint {
    /// `0`, `1`, …, `*`.
    pub label: String,
    /// x, of length `dimension`.
    pub x: Vec<f64>,
    /// ∇f(x).
    pub gradient: Vec<f64>,
    /// f(x).
    pub value: f64,
}

/// A worst case as data.
#[derive(Debug, Clone, Serialize)]
pub struct WorstFunction {
    /// Dimension of the points.
    pub dimension: usize,
    /// The measure on it.
    pub measure: f64,
    /// x₀, which not every method asks about.
    pub start: Vec<f64>,
    /// Largest eigenvalue of the Gram matrix that was set to 0, relative to the largest.
    pub dropped: f64,
    /// The functions, in the order of the model.
    pub functions: Vec<Sampled>,
}

/// Part of the worst value that may be given up for a smaller rank.
const GIVEN_UP: f64 = 1e-6;
/// Relative distance from the worst value beyond which a function is not shown.
const NEAR: f64 = 1e-3;
/// Rounds of log-det after the trace.
const ROUNDS: usize = 4;
/// Eigenvalues below this part of the largest are taken for 0.
const RANK: f64 = 1e-5;

/// A worst-case function near the value of an answer; `None` where the solver finds none that satisfies all conditions and
/// has nearly that value, and where the conditions are not those of the class, so that their solutions need not be functions
/// of it.
pub fn worst_function(statement: &Statement, answer: &Answer) -> Option<WorstFunction> {
    let own: Model<f64> = statement.model();
    if own.tightness() != Tightness::Exact {
        return None;
    }
    // Far below the start only the basis of the worst case shows what matters.
    let most = answer.bound().map_or(f64::INFINITY, rational::float_above);
    found_in(&own, answer.value, most)
        .or_else(|| found_in(&answer.model_in_its_basis(statement)?, answer.value, most))
}

/// A Gram matrix in units, and values.
type Solved = (DMatrix<f64>, Vec<f64>);

/// One of small rank among those with nearly the value.
fn of_small_rank(base: &Model<f64>, value: f64) -> Option<Solved> {
    let n = base.basis().len();
    let unit = |a: usize| base.basis()[a].1;
    let mut weight = DMatrix::<f64>::identity(n, n);
    let mut best = None;
    for _ in 0..=ROUNDS {
        let mut model = base.clone();
        let enough = model.objective().clone().minus(&Expression::constant(value - GIVEN_UP * value.abs()));
        model.require("nearly worst", Relation::NonNegative, enough);
        let mut cost = Expression::zero();
        for a in 0..n {
            for b in a..n {
                let factor = if a == b { -1.0 } else { -2.0 } * weight[(a, b)] / (unit(a) * unit(b));
                cost = cost.plus(&factor, &Vector::<f64>::basis(a).dot(&Vector::basis(b)));
            }
        }
        model.maximise(cost);
        let keys: Vec<Key> = model.always().into_iter().chain(model.pairs()).collect();
        let solution = solver::solve(&lmi::dual(&model, &keys).0, 0.0);
        if !matches!(solution.status, Status::Solved | Status::AlmostSolved) {
            break;
        }
        let gram = DMatrix::from_fn(n, n, |a, b| solution.matrices[0][a * n + b] / (unit(a) * unit(b)));
        let size = gram.trace();
        let inverse = (&gram + DMatrix::identity(n, n) * (1e-4 * size)).try_inverse()?;
        weight = &inverse * (1.0 / inverse.norm());
        best = Some((gram, solution.numbers));
    }
    best
}

/// A function near `value`, and not above `most`, with the Gram matrix in the basis of `base`.
fn found_in(base: &Model<f64>, value: f64, most: f64) -> Option<WorstFunction> {
    let n = base.basis().len();
    let (gram, mut values) = of_small_rank(base, value)?;
    let eigen = SymmetricEigen::new(gram);
    let largest = eigen.eigenvalues.iter().fold(0.0, |m, v| dinlab_numeric::max(m, *v));
    let mut kept: Vec<usize> = (0..n).filter(|&i| eigen.eigenvalues[i] > RANK * largest).collect();
    kept.sort_by(|&i, &j| eigen.eigenvalues[j].total_cmp(&eigen.eigenvalues[i]));
    let rest = (0..n).filter(|i| !kept.contains(i)).map(|i| eigen.eigenvalues[i].abs());
    let dropped = rest.fold(0.0, dinlab_numeric::max) / largest;
    let along =
        |a: usize, i: usize| eigen.eigenvalues[i].sqrt() * eigen.eigenvectors[(a, i)] * base.basis()[a].1;
    // Signs are chosen so that x₀ has nonnegative coordinates.
    let start = base.start()?;
    let sign = |i: usize| {
        let sum: f64 = start.coefficients().iter().map(|(&a, c)| c * along(a, i)).sum();
        if sum < 0.0 {
            -1.0
        } else {
            1.0
        }
    };
    // Row a: coordinates of basis vector a.
    let mut coordinates: Vec<Vec<f64>> =
        (0..n).map(|a| kept.iter().map(|&i| sign(i) * along(a, i)).collect()).collect();
    let products = |rows: &[Vec<f64>]| -> Vec<f64> {
        (0..n * n).map(|k| rows[k / n].iter().zip(&rows[k % n]).map(|(x, y)| x * y).sum()).collect()
    };
    let part = within_the_start(base, &products(&coordinates), &values, most);
    coordinates.iter_mut().flatten().for_each(|x| *x *= part.sqrt());
    values.iter_mut().for_each(|f| *f *= part);
    let flat = products(&coordinates);
    let place = |v: &Vector<f64>| {
        let mut sum = vec![0.0; kept.len()];
        for (&a, c) in v.coefficients() {
            for (s, x) in sum.iter_mut().zip(&coordinates[a]) {
                *s += c * x;
            }
        }
        sum
    };
    let sampled = |p: &Point<f64>| SampledPoint {
        label: p.label.clone(),
        x: place(&p.x),
        gradient: place(&p.g),
        value: p.f.at(&flat, n, &values),
    };
    let functions: Vec<Sampled> = base
        .functions()
        .map(|f| {
            let class = base.class(f);
            let placed = base.points(f).iter().filter(|p| class.has_minimiser() || p.label != "*");
            let points: Vec<SampledPoint> = placed.map(sampled).collect();
            let curvature = curvature(class, &points);
            Sampled { points, curvature }
        })
        .collect();
    let measure = base.objective().at(&flat, n, &values);
    let whole = Found { gram: &flat, values: &values, largest };
    let near = (measure - value).abs() <= NEAR * value.abs();
    if kept.is_empty() || !near || !whole.fits(base) {
        return None;
    }
    Some(WorstFunction { dimension: kept.len(), measure, start: place(start), dropped, functions })
}

/// The part t ≤ 1 of a Gram matrix and values, x ↦ t f(x/√t) from √t x₀, that starts within its bound, has gradients within theirs, and
/// does not exceed `most`: the solver's accuracy is relative to the largest entries, which can be far above those. All other
/// conditions are homogeneous and stay as they are.
fn within_the_start(model: &Model<f64>, gram: &[f64], values: &[f64], most: f64) -> f64 {
    let n = model.basis().len();
    let allowed = |e: &Expression<f64>| match e.constant - e.at(gram, n, values) {
        used if used > e.constant => e.constant / used,
        _ => 1.0,
    };
    let bounded = |e: &Expression<f64>| e.constant > 0.0;
    let conditions = model.always().into_iter().filter_map(|key| model.constraint(&key));
    let parts = conditions.filter(|(_, _, e)| bounded(e)).map(|(_, _, e)| allowed(&e));
    let measure = model.objective().at(gram, n, values);
    let last = if measure > most { most / measure } else { 1.0 };
    parts.fold(last, dinlab_numeric::min)
}

/// Gram matrix and values after the small eigenvalues have been dropped; the largest of the Gram matrix in units.
struct Found<'a> {
    gram: &'a [f64],
    values: &'a [f64],
    largest: f64,
}

impl Found<'_> {
    /// Whether interpolation, method and start hold as far as the dropped eigenvalues (each at most [`RANK`] of the largest, and
    /// so every entry's change) and the solver's reduced accuracy allow.
    fn fits(&self, model: &Model<f64>) -> bool {
        let n = model.basis().len();
        let products = dinlab_numeric::max(self.largest, 1.0);
        let room = |e: &Expression<f64>| {
            (RANK + solver::REDUCED) * (products * e.size(model.basis(), model.values()) + e.constant.abs())
        };
        let at = |e: &Expression<f64>| e.at(self.gram, n, self.values);
        model.always().iter().chain(&model.pairs()).all(|key| match model.constraint(key) {
            Some((_, Relation::NonNegative, e)) => at(&e) >= -room(&e),
            Some((_, Relation::Zero, e)) => at(&e).abs() <= room(&e),
            None => model.matrix(key).is_none_or(|(_, rows)| {
                let k = rows.len();
                let matrix = DMatrix::from_fn(k, k, |a, b| at(&rows[a][b]));
                let rooms = rows.iter().flatten().map(room).fold(0.0, dinlab_numeric::max);
                matrix.iter().all(|x| x.is_finite())
                    && SymmetricEigen::new(matrix).eigenvalues.iter().all(|v| *v >= -rooms * k as f64)
            }),
        })
    }
}

fn curvature(class: &Class, points: &[SampledPoint]) -> [f64; 2] {
    let l = class.smoothness().map_or(f64::INFINITY, rational::float);
    let low = match class {
        Class::Quadratic { .. } if points.iter().all(|p| p.x.len() == 1) => {
            let sum = |term: fn(&SampledPoint) -> f64| points.iter().map(term).sum::<f64>();
            let own = sum(|p| p.x[0] * p.gradient[0]) / sum(|p| p.x[0] * p.x[0]);
            return [own, own];
        }
        Class::Smooth { .. } | Class::SmoothLojasiewicz { .. } => -l,
        Class::SmoothConvexQuadraticGrowth { .. } => 0.0,
        _ => class.convexity().map_or(0.0, rational::float),
    };
    [low, l]
}
