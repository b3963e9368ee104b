//! A worst-case function in few dimensions: among all solutions with (nearly) the worst value, one whose Gram matrix has
//! small rank, by the trace and then the log-det heuristic (Fazel, Hindi, Boyd, ACC 2003; used for performance estimation by
//! Taylor, Hendrickx, Glineur 2017). Its points are data; in one dimension they give the function itself.

use nalgebra::{DMatrix, SymmetricEigen};
use serde::Serialize;

use crate::{
    class::{Class, Tightness},
    expression::{Expression, Vector},
    lmi,
    model::{Key, Model, Relation},
    rational,
    solver::{self, Status},
    statement::Statement,
};

/// One function of a worst case, on the points that matter.
#[derive(Debug, Clone, Serialize)]
pub struct Sampled {
    /// Points in the order of evaluation, the minimiser first where there is one.
    pub points: Vec<SampledPoint>,
    /// Bounds of the difference quotients of the gradient: [μ, L], ∞ where it may jump.
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

/// A worst-case function near `value`; `None` where the solver finds none that satisfies all conditions and has nearly that
/// value, and where the conditions are not those of the class, so that their solutions need not be functions of it.
pub fn worst_function(statement: &Statement, value: f64) -> Option<WorstFunction> {
    let base: Model<f64> = statement.model();
    if base.tightness() != Tightness::Exact {
        return None;
    }
    let n = base.basis().len();
    let units: Vec<f64> = base.basis().iter().map(|(_, unit)| *unit).collect();
    let mut weight = DMatrix::<f64>::identity(n, n);
    let mut best: Option<(DMatrix<f64>, Vec<f64>)> = None;
    for _ in 0..=ROUNDS {
        let mut model = base.clone();
        let enough = model.objective().clone().minus(&Expression::constant(value - GIVEN_UP * value.abs()));
        model.require("nearly worst", Relation::NonNegative, enough);
        let mut cost = Expression::zero();
        for a in 0..n {
            for b in a..n {
                let factor = if a == b { -1.0 } else { -2.0 } * weight[(a, b)] / (units[a] * units[b]);
                cost = cost.plus(&factor, &Vector::<f64>::basis(a).dot(&Vector::basis(b)));
            }
        }
        model.maximise(cost);
        let keys: Vec<Key> = model.always().into_iter().chain(model.pairs()).collect();
        let solution = solver::solve(&lmi::dual(&model, &keys).0, 0.0);
        if !matches!(solution.status, Status::Solved | Status::AlmostSolved) {
            break;
        }
        let gram = DMatrix::from_fn(n, n, |a, b| solution.matrices[0][a * n + b] / (units[a] * units[b]));
        let size = gram.trace();
        let inverse = (&gram + DMatrix::identity(n, n) * (1e-4 * size)).try_inverse()?;
        weight = &inverse * (1.0 / inverse.norm());
        best = Some((gram, solution.numbers));
    }
    let (gram, values) = best?;
    let eigen = SymmetricEigen::new(gram);
    let largest = eigen.eigenvalues.iter().fold(0.0, |m, v| dinlab_numeric::max(m, *v));
    let mut kept: Vec<usize> = (0..n).filter(|&i| eigen.eigenvalues[i] > RANK * largest).collect();
    kept.sort_by(|&i, &j| eigen.eigenvalues[j].total_cmp(&eigen.eigenvalues[i]));
    let rest = (0..n).filter(|i| !kept.contains(i)).map(|i| eigen.eigenvalues[i].abs());
    let dropped = rest.fold(0.0, dinlab_numeric::max) / largest;
    // Row a: coordinates of basis vector a. Signs are chosen so that x₀ has nonnegative ones.
    let coordinates: Vec<Vec<f64>> = (0..n)
        .map(|a| {
            let along = |&i: &usize| {
                let sign = if eigen.eigenvectors[(0, i)] < 0.0 { -1.0 } else { 1.0 };
                sign * eigen.eigenvalues[i].sqrt() * eigen.eigenvectors[(a, i)] * units[a]
            };
            kept.iter().map(along).collect()
        })
        .collect();
    let flat: Vec<f64> = (0..n * n)
        .map(|k| coordinates[k / n].iter().zip(&coordinates[k % n]).map(|(x, y)| x * y).sum())
        .collect();
    let place = |v: &Vector<f64>| {
        let mut sum = vec![0.0; kept.len()];
        for (&a, c) in v.coefficients() {
            for (s, x) in sum.iter_mut().zip(&coordinates[a]) {
                *s += c * x;
            }
        }
        sum
    };
    let functions = base
        .functions()
        .map(|f| Sampled {
            points: base
                .points(f)
                .iter()
                .map(|p| SampledPoint {
                    label: p.label.clone(),
                    x: place(&p.x),
                    gradient: place(&p.g),
                    value: p.f.at(&flat, n, &values),
                })
                .collect(),
            curvature: curvature(base.class(f)),
        })
        .collect();
    let measure = base.objective().at(&flat, n, &values);
    let whole = Found { gram: &flat, values: &values, largest };
    let near = (measure - value).abs() <= NEAR * value.abs();
    if kept.is_empty() || !near || !whole.fits(&base) {
        return None;
    }
    Some(WorstFunction { dimension: kept.len(), measure, dropped, functions })
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
        let room = |e: &Expression<f64>| {
            let unit = |a: usize| model.basis()[a].1;
            let products: f64 = e.gram.iter().map(|(&(a, b), c)| c.abs() * unit(a) * unit(b)).sum();
            let values: f64 = e.values.iter().map(|(&v, c)| c.abs() * model.values()[v].1).sum();
            (RANK + solver::REDUCED) * (self.largest * products + values + e.constant.abs())
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

fn curvature(class: &Class) -> [f64; 2] {
    let l = class.smoothness().map_or(f64::INFINITY, rational::float);
    let low = match class {
        Class::Smooth { .. } | Class::SmoothLojasiewicz { .. } => -l,
        Class::SmoothConvexQuadraticGrowth { .. } => 0.0,
        _ => class.convexity().map_or(0.0, rational::float),
    };
    [low, l]
}

/// f and f′ on `count` places of an interval that contains all points of a one-dimensional function: between neighbours
/// f′ has the slope μ, then L (or a jump), then μ, with lengths that the two slopes' rise and the difference of values
/// determine; beyond the ends the slope is μ.
pub fn draw(function: &Sampled, count: usize) -> Option<[Vec<f64>; 3]> {
    let mut points: Vec<(f64, f64, f64)> =
        function.points.iter().filter(|p| p.x.len() == 1).map(|p| (p.x[0], p.gradient[0], p.value)).collect();
    points.sort_by(|p, q| p.0.total_cmp(&q.0).then(p.1.total_cmp(&q.1)));
    let (first, last) = (*points.first()?, *points.last()?);
    let width = last.0 - first.0;
    if width <= 0.0 || count < 2 {
        return None;
    }
    let [mu, l] = function.curvature;
    let (left, right) = (first.0 - 0.15 * width, last.0 + 0.15 * width);
    let at = |x: f64| {
        let Some(k) = points.windows(2).position(|w| w[0].0 <= x && x < w[1].0) else {
            let end = if x < first.0 { first } else { last };
            let d = x - end.0;
            return (end.2 + end.1 * d + 0.5 * mu * d * d, end.1 + mu * d);
        };
        let ((x0, g0, f0), (x1, g1, f1)) = (points[k], points[k + 1]);
        let (dx, d) = (x1 - x0, x - x0);
        let rise = g1 - g0 - mu * dx;
        let b = if l.is_finite() { rise / (l - mu) } else { 0.0 };
        // ∫f′ = g₀Δ + μΔ²/2 + rise·(Δ − a) − (L − μ)b²/2 with a the length before the steep part.
        let a = if rise.abs() > 1e-9 * (g0.abs() + g1.abs() + 1e-300) {
            dx - (f1 - f0 - g0 * dx - 0.5 * mu * dx * dx + 0.5 * rise * b) / rise
        } else {
            0.0
        };
        let inside = d - a;
        let (extra, area) = if inside <= 0.0 {
            (0.0, 0.0)
        } else if inside < b {
            ((l - mu) * inside, 0.5 * (l - mu) * inside * inside)
        } else {
            (rise, 0.5 * rise * b + rise * (inside - b))
        };
        (f0 + g0 * d + 0.5 * mu * d * d + area, g0 + mu * d + extra)
    };
    let mut out = [Vec::new(), Vec::new(), Vec::new()];
    for i in 0..count {
        let x = left + (right - left) * i as f64 / (count - 1) as f64;
        let (f, g) = at(x);
        out[0].push(x);
        out[1].push(f);
        out[2].push(g);
    }
    Some(out)
}
