//! Edges of cells: pieces of lines, and where 0 enters and leaves D_J along one on which J is constant.

use dinlab_numeric::{dot, maximum, minimum, norm};

use super::{
    cells::Ray,
    critical::{EQUAL, NOTHING},
    pieces::touching,
    problem::SubdifferentialProblem as Problem,
    ON_KINK,
};
use crate::tape::{Scratch, Tape};

/// The point of the plane (of the line) that a ray names; `None` at infinity.
pub(super) fn finite(ray: Ray, n: usize) -> Option<Vec<f64>> {
    (ray[2] > NOTHING).then(|| ray[..n].iter().map(|x| x / ray[2]).collect())
}

/// x(t) = origin + t·direction, 0 ≤ t ≤ length, with a unit direction; the length may be infinite.
pub(super) struct Edge {
    pub origin: Vec<f64>,
    pub direction: Vec<f64>,
    pub length: f64,
}

impl Edge {
    /// The edge between two rays; `None` for edges at infinity.
    pub fn new(a: Ray, b: Ray, n: usize) -> Option<Self> {
        let unit = |d: Vec<f64>| {
            let size = norm(&d);
            (size > 0.0).then(|| d.iter().map(|v| v / size).collect::<Vec<f64>>())
        };
        match (finite(a, n), finite(b, n)) {
            (Some(p), Some(q)) => {
                let step: Vec<f64> = q.iter().zip(&p).map(|(q, p)| q - p).collect();
                let length = norm(&step);
                Some(Self { origin: p, direction: unit(step)?, length })
            }
            (Some(p), None) => {
                Some(Self { origin: p, direction: unit(b[..n].to_vec())?, length: f64::INFINITY })
            }
            (None, Some(_)) => Self::new(b, a, n),
            (None, None) => None,
        }
    }

    pub fn at(&self, t: f64) -> Vec<f64> {
        self.origin.iter().zip(&self.direction).map(|(o, d)| o + t * d).collect()
    }

    /// A parameter in the relative interior.
    fn inside(&self) -> f64 {
        if self.length.is_finite() {
            0.5 * self.length
        } else {
            1.0 + norm(&self.origin)
        }
    }

    /// Where J is constant along the edge: parameters among which are the ends and inner points of every interval with
    /// 0 ∈ D_J, and whether each is such an interval by itself. On the line all points are.
    pub fn d_critical_parameters(&self, terms: &[&Tape]) -> Result<Vec<(f64, bool)>, Problem> {
        if self.origin.len() == 1 {
            let end = if self.length.is_finite() { self.length } else { 2.0 * self.inside() };
            return Ok(vec![(0.0, false), (self.inside(), false), (end, false)]);
        }
        let across = self.across(terms)?;
        let extent = |t: f64| {
            let ends = across.iter().map(|lines| {
                let values: Vec<f64> = lines.iter().map(|[p, q]| p + q * t).collect();
                [minimum(&values), maximum(&values)]
            });
            ends.fold([0.0; 2], |sum, e| [sum[0] + e[0], sum[1] + e[1]])
        };
        let mut ts = self.breakpoints(&across);
        let mut zeros = Vec::new();
        for (k, pair) in ts.windows(2).enumerate() {
            let (a, b) = (extent(pair[0]), extent(pair[1]));
            // The last piece of a ray goes on for ever.
            let unbounded = !self.length.is_finite() && k + 2 == ts.len();
            for end in 0..2 {
                let s = a[end] / (a[end] - b[end]);
                if s > 0.0 && (s < 1.0 || unbounded) {
                    zeros.push(pair[0] + s * (pair[1] - pair[0]));
                }
            }
        }
        ts.extend(zeros);
        ts.sort_by(f64::total_cmp);
        if !self.length.is_finite() {
            ts.push(ts[ts.len() - 1] + 1.0);
        }
        let mut found = Vec::new();
        for pair in ts.windows(2).filter(|pair| pair[1] - pair[0] > EQUAL * (1.0 + pair[1])) {
            let middle = 0.5 * (pair[0] + pair[1]);
            let [low, high] = extent(middle);
            let whole = low <= 0.0 && high >= 0.0;
            found.extend([(pair[0], !whole), (pair[1], !whole)]);
            found.extend(whole.then_some((middle, false)));
        }
        Ok(found)
    }

    /// For each term the components across the edge of its pieces' gradients, p + qt each.
    fn across(&self, terms: &[&Tape]) -> Result<Vec<Vec<[f64; 2]>>, Problem> {
        let normal = [-self.direction[1], self.direction[0]];
        let (t0, step) = (self.inside(), 0.25 * self.inside());
        let mut scratch = Scratch::new();
        let mut all = Vec::with_capacity(terms.len());
        for &tape in terms {
            let mut component = |signs: &[i8], t: f64| {
                let mut v = [0.0; 2];
                tape.gradient_on_piece(&self.at(t), signs, &mut scratch, &mut v);
                dot(&v, &normal)
            };
            let pieces = touching(&[tape], &self.at(t0), ON_KINK)?;
            let lines = pieces.iter().map(|signs| {
                let q = (component(&signs[0], t0 + step) - component(&signs[0], t0 - step)) / (2.0 * step);
                [component(&signs[0], t0) - q * t0, q]
            });
            all.push(lines.collect());
        }
        Ok(all)
    }

    /// Ends of the edge and the points between at which a term's largest or smallest component changes; a ray gets two
    /// more points, which show where the linear ends go.
    fn breakpoints(&self, across: &[Vec<[f64; 2]>]) -> Vec<f64> {
        let mut ts = vec![0.0];
        for lines in across {
            for (i, a) in lines.iter().enumerate() {
                let others = lines[..i].iter().filter(|b| a[1] != b[1]);
                let crossings = others.map(|b| (b[0] - a[0]) / (a[1] - b[1]));
                ts.extend(crossings.filter(|t| *t > 0.0 && *t < self.length));
            }
        }
        let last = maximum(&ts);
        match self.length.is_finite() {
            true => ts.push(self.length),
            false => ts.extend([last + 1.0, last + 2.0]),
        }
        ts.sort_by(f64::total_cmp);
        ts
    }
}
