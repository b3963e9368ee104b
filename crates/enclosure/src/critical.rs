//! All critical points of J in a box: branch and prune with Krawczyk's operator (Krawczyk 1969; Neumaier, *Interval
//! Methods for Systems of Equations*, 1990, section 5.1).

use dinlab_objective::Interval;
use nalgebra::DMatrix;

use crate::{
    function::{Function, Jet},
    matrix::{apply, identity_minus, middles, points, product},
    spectrum::inertia,
    Cell, EnclosureError,
};

/// Boxes narrower than this, relative to 1 + |x|, are not divided further.
const NARROWEST: f64 = 1e-9;
/// Part by which a box is widened before the test for a unique zero, so that a zero on the common side of two boxes is
/// found by one of them.
const INFLATION: f64 = 0.1;

/// Type of a critical point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// All eigenvalues of the Hessian are positive.
    Minimum,
    /// All are negative.
    Maximum,
    /// This many are negative, the others positive.
    Saddle {
        /// Number of negative eigenvalues.
        index: usize,
    },
    /// The signs were not shown.
    Unknown,
}

/// One critical point.
#[derive(Debug, Clone)]
pub struct CriticalPoint {
    /// Box that holds it.
    pub location: Cell,
    /// Box in which it is the only critical point.
    pub unique_in: Cell,
    /// Its type.
    pub kind: Kind,
    /// J there.
    pub value: Interval,
}

/// What was found in a box.
#[derive(Debug, Clone)]
pub struct Survey {
    /// Critical points, each proved to exist and to be unique in its box, by increasing value.
    pub points: Vec<CriticalPoint>,
    /// Boxes in which critical points are neither shown nor excluded (degenerate ones, kinks). Empty: `points` are all.
    pub undecided: Vec<Cell>,
    /// Boxes looked at.
    pub examined: usize,
}

/// Finds all critical points of J in `region`, looking at no more than `limit` boxes; those that are left over are undecided.
pub fn critical_points(
    function: Function,
    region: &[Interval],
    limit: usize,
) -> Result<Survey, EnclosureError> {
    check_box(function, region)?;
    let mut survey = Survey { points: Vec::new(), undecided: Vec::new(), examined: 0 };
    let mut waiting = vec![region.to_vec()];
    while let Some(cell) = waiting.pop() {
        if survey.examined >= limit {
            survey.undecided.push(cell);
            continue;
        }
        survey.examined += 1;
        if survey.points.iter().any(|p| lies_within(&cell, &p.unique_in)) {
            continue;
        }
        match examine(function, &cell) {
            Outcome::Empty => {}
            Outcome::Unique(point) => {
                let known = survey.points.iter().any(|p| lies_within(&point.location, &p.unique_in));
                if !known && meets(&point.location, region) {
                    survey.points.push(point);
                }
                // The rest of the box holds no other one.
            }
            Outcome::Smaller(cell) => waiting.push(cell),
            Outcome::Open => match halves(&cell) {
                Some((a, b)) => waiting.extend([b, a]),
                None => survey.undecided.push(cell),
            },
        }
    }
    survey.undecided.retain(|cell| !survey.points.iter().any(|p| lies_within(cell, &p.unique_in)));
    merge_neighbours(&mut survey.undecided);
    survey.points.sort_by(|a, b| a.value.low.total_cmp(&b.value.low));
    Ok(survey)
}

pub(crate) fn check_box(function: Function, region: &[Interval]) -> Result<(), EnclosureError> {
    if region.len() != function.dimension() {
        return Err(EnclosureError::Length {
            what: "the box",
            found: region.len(),
            expected: function.dimension(),
        });
    }
    match region.iter().find(|side| !(side.low <= side.high && side.low.is_finite() && side.high.is_finite()))
    {
        Some(side) => Err(EnclosureError::Parameter {
            what: "a side of the box",
            value: side.low,
            expected: "finite ends in order",
        }),
        None => Ok(()),
    }
}

enum Outcome {
    Empty,
    Unique(CriticalPoint),
    Smaller(Cell),
    Open,
}

fn examine(function: Function, cell: &[Interval]) -> Outcome {
    let (value, gradient) = function.gradient(cell);
    if gradient.iter().any(excludes_zero) {
        return Outcome::Empty;
    }
    if !value.smooth {
        return Outcome::Open;
    }
    let wide: Cell = cell.iter().map(|&side| inflated(side, INFLATION)).collect();
    let jet = function.jet(&wide);
    let Some(image) = krawczyk(function, &wide, &jet) else { return Outcome::Open };
    if image.iter().zip(&wide).all(|(k, x)| k.is_interior_of(*x)) {
        return Outcome::Unique(polished(function, image, wide));
    }
    let common: Option<Cell> = image.iter().zip(cell).map(|(k, x)| k.intersection(*x)).collect();
    match common {
        // Every zero in the box lies in the image.
        None if image.iter().all(|k| k.low <= k.high) => Outcome::Empty,
        None => Outcome::Open,
        Some(smaller) => {
            let shrinks = smaller.iter().zip(cell).any(|(s, x)| s.high - s.low < 0.7 * (x.high - x.low));
            if shrinks {
                Outcome::Smaller(smaller)
            } else {
                Outcome::Open
            }
        }
    }
}

fn excludes_zero(side: &Interval) -> bool {
    side.low > 0.0 || side.high < 0.0
}

/// K(X) = m − Y∇J(m) + (I − Y∇²J(X))(X − m) with Y close to the inverse of the middle Hessian: every zero of ∇J in X lies in
/// it, and K(X) inside X shows that there is exactly one. `None` where J is not smooth on X or Y does not exist.
fn krawczyk(function: Function, cell: &[Interval], jet: &Jet) -> Option<Cell> {
    let n = cell.len();
    if !jet.smooth {
        return None;
    }
    let inverse = DMatrix::from_row_slice(n, n, &middles(&jet.hessian)).try_inverse()?;
    let y: Vec<f64> = (0..n * n).map(|k| inverse[(k / n, k % n)]).collect();
    if y.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let y = points(&y);
    let middle = points(&middles(cell));
    let newton = apply(&y, &function.gradient(&middle).1);
    let away: Vec<Interval> = cell.iter().zip(&middle).map(|(&x, &m)| x - m).collect();
    let rest = apply(&identity_minus(&product(&y, &jet.hessian, n), n), &away);
    Some((0..n).map(|i| middle[i] - newton[i] + rest[i]).collect())
}

/// Contracts the box of a critical point as far as rounding allows and reads off its type.
fn polished(function: Function, mut location: Cell, unique_in: Cell) -> CriticalPoint {
    let mut jet = function.jet(&location);
    for _ in 0..60 {
        let Some(image) = krawczyk(function, &location, &jet) else { break };
        let both: Option<Cell> = image.iter().zip(&location).map(|(k, x)| k.intersection(*x)).collect();
        let Some(both) = both else { break };
        let settled = both.iter().zip(&location).all(|(b, x)| b.high - b.low > 0.95 * (x.high - x.low));
        location = both;
        jet = function.jet(&location);
        if settled {
            break;
        }
    }
    let n = location.len();
    let kind = match inertia(&jet.hessian, n) {
        Some((0, _)) => Kind::Minimum,
        Some((_, 0)) => Kind::Maximum,
        Some((index, _)) => Kind::Saddle { index },
        None => Kind::Unknown,
    };
    CriticalPoint { value: function.value(&location), location, unique_in, kind }
}

fn inflated(side: Interval, part: f64) -> Interval {
    let extra = part * (side.high - side.low) + 1e-14 * (1.0 + side.magnitude());
    Interval::new(side.low - extra, side.high + extra)
}

fn lies_within(cell: &[Interval], outer: &[Interval]) -> bool {
    cell.iter().zip(outer).all(|(a, b)| a.is_within(*b))
}

fn meets(a: &[Interval], b: &[Interval]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.intersection(*b).is_some())
}

/// Both halves of the widest side; `None` where all sides are narrow.
pub(crate) fn halves(cell: &[Interval]) -> Option<(Cell, Cell)> {
    let width = |side: &Interval| (side.high - side.low) / (1.0 + side.magnitude());
    let widest = (0..cell.len()).reduce(|a, b| if width(&cell[b]) > width(&cell[a]) { b } else { a })?;
    if !(width(&cell[widest]) > NARROWEST) {
        return None;
    }
    let middle = cell[widest].middle();
    let (mut a, mut b) = (cell.to_vec(), cell.to_vec());
    a[widest] = Interval::new(cell[widest].low, middle);
    b[widest] = Interval::new(middle, cell[widest].high);
    Some((a, b))
}

/// Boxes that touch become their hull: a degenerate point or a kink leaves a cluster of them.
fn merge_neighbours(cells: &mut Vec<Cell>) {
    let mut at = 0;
    while at < cells.len() {
        let touching = (at + 1..cells.len()).find(|&j| meets(&cells[at], &cells[j]));
        match touching {
            Some(j) => {
                let other = cells.swap_remove(j);
                for (a, b) in cells[at].iter_mut().zip(other) {
                    *a = a.hull(b);
                }
                at = 0;
            }
            None => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dinlab_objective::{build, Options};

    fn survey(name: &str, region: &[(f64, f64)]) -> Survey {
        let objective = build(name, &Options::default()).unwrap();
        let region: Cell = region.iter().map(|&(a, b)| Interval::new(a, b)).collect();
        critical_points(Function::new(objective.as_ref()).unwrap(), &region, 200_000).unwrap()
    }

    #[test]
    fn himmelblau_has_nine_critical_points() {
        let found = survey("himmelblau", &[(-6.0, 6.0), (-6.0, 6.0)]);
        let count = |kind: fn(Kind) -> bool| found.points.iter().filter(|p| kind(p.kind)).count();
        assert!(found.undecided.is_empty(), "{:?}", found.undecided);
        assert_eq!(found.points.len(), 9);
        assert_eq!(count(|k| k == Kind::Minimum), 4);
        assert_eq!(count(|k| k == Kind::Maximum), 1);
        assert_eq!(count(|k| k == Kind::Saddle { index: 1 }), 4);
        // (3, 2) is one of the minima, with value 0.
        let known = found.points.iter().find(|p| p.location[0].contains(3.0)).unwrap();
        assert!(known.location[1].contains(2.0) && known.value.contains(0.0));
        assert!(known.location.iter().all(|side| side.high - side.low < 1e-13));
    }

    #[test]
    fn stated_critical_points_of_the_registry_are_the_ones_found() {
        for name in ["double-well", "well", "hill", "styblinski-tang:2", "cosines:1:1", "rosenbrock"] {
            let Ok(objective) = build(name, &Options::default()) else { continue };
            let n = objective.dimension();
            let found = survey(name, &vec![(-3.5, 3.5); n]);
            for stated in &objective.facts().critical_points {
                if stated.point.iter().any(|x| x.abs() > 3.4) {
                    continue;
                }
                let near = found.points.iter().any(|p| {
                    p.location
                        .iter()
                        .zip(&stated.point)
                        .all(|(side, x)| (side.low - x).abs() < 1e-9 && (side.high - x).abs() < 1e-9)
                });
                assert!(near, "{name}: {:?} not among {:?}", stated.point, found.points);
            }
            assert!(found.undecided.is_empty(), "{name}: {:?}", found.undecided);
        }
    }

    #[test]
    fn degenerate_points_and_kinks_stay_undecided() {
        let flat = survey("expr:x^4", &[(-1.0, 2.0)]);
        assert!(flat.points.is_empty() && flat.undecided.len() == 1 && flat.undecided[0][0].contains(0.0));
        let kink = survey("expr:abs(x)+x/2", &[(-1.0, 2.0)]);
        assert!(kink.points.is_empty() && kink.undecided.len() == 1 && kink.undecided[0][0].contains(0.0));
        let none = survey("expr:exp(x)", &[(-5.0, 5.0)]);
        assert!(none.points.is_empty() && none.undecided.is_empty());
    }
}
