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
/// Most steps of narrowing the box of a critical point: each cuts off at least 5 % of a side, so that this is enough from any
/// width that the search meets down to rounding.
const POLISHING: usize = 400;

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
    /// Boxes in which critical points of the region are neither shown nor excluded (degenerate ones, kinks, and points so
    /// close to the border of the region that the side is not shown). Empty: `points` are all.
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
    // Locations of critical points that are on the border or not shown to be on one side of it.
    let mut border: Vec<Cell> = Vec::new();
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
                if !known && lies_within(&point.location, region) {
                    survey.points.push(point);
                } else if !known && meets(&point.location, region) {
                    border.push(point.location);
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
    survey.undecided.extend(border);
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
    if function.gradient(cell).1.iter().any(excludes_zero) {
        return Outcome::Empty;
    }
    let wide: Cell = cell.iter().map(|&side| inflated(side, INFLATION)).collect();
    let jet = function.jet(&wide);
    let Some(image) = krawczyk(function, &wide, &jet) else { return Outcome::Open };
    if image.iter().zip(&wide).all(|(k, x)| k.is_interior_of(*x)) {
        return Outcome::Unique(polished(function, image, wide));
    }
    match common(&image, cell) {
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

/// Contracts the box of a critical point as far as rounding allows and reads off its type. Krawczyk's operator alone may
/// stall on a wide box (its image can be as wide as the box): then slices without critical points are cut off.
fn polished(function: Function, mut location: Cell, unique_in: Cell) -> CriticalPoint {
    for _ in 0..POLISHING {
        let jet = function.jet(&location);
        let image = krawczyk(function, &location, &jet);
        let both = image.and_then(|image| common(&image, &location));
        let settled =
            |new: &Cell| new.iter().zip(&location).all(|(b, x)| b.high - b.low > 0.95 * (x.high - x.low));
        match both.filter(|new| !settled(new)).or_else(|| trimmed(function, &location)) {
            Some(smaller) => location = smaller,
            None => break,
        }
    }
    let jet = function.jet(&location);
    let n = location.len();
    let kind = match inertia(&jet.hessian, n) {
        Some((0, _)) => Kind::Minimum,
        Some((_, 0)) => Kind::Maximum,
        Some((index, _)) => Kind::Saddle { index },
        None => Kind::Unknown,
    };
    CriticalPoint { value: function.value(&location), location, unique_in, kind }
}

/// What two boxes have in common; `None` where that is empty or not known.
fn common(a: &[Interval], b: &[Interval]) -> Option<Cell> {
    a.iter().zip(b).map(|(a, b)| a.intersection(*b)).collect()
}

/// The box without slices at its ends in which ∇J does not vanish; `None` where none is found. Not for boxes so narrow that
/// only rounding is left.
fn trimmed(function: Function, cell: &[Interval]) -> Option<Cell> {
    let mut left = cell.to_vec();
    let mut cut = false;
    for i in 0..left.len() {
        for upper in [false, true] {
            for part in [0.25, 0.05] {
                let (side, mut slice) = (left[i], left.clone());
                let width = side.high - side.low;
                if !(width > NARROWEST * (1.0 + side.magnitude())) {
                    break;
                }
                let at = if upper { side.high - part * width } else { side.low + part * width };
                let (below, above) = (Interval::new(side.low, at), Interval::new(at, side.high));
                slice[i] = if upper { above } else { below };
                if function.gradient(&slice).1.iter().any(excludes_zero) {
                    left[i] = if upper { below } else { above };
                    cut = true;
                    break;
                }
            }
        }
    }
    cut.then_some(left)
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

/// Boxes that touch become their hull, until none do: a degenerate point or a kink leaves a cluster of them. Each pass goes
/// through the boxes in the order of their first sides and compares with those that still reach there.
fn merge_neighbours(cells: &mut Vec<Cell>) {
    loop {
        let before = cells.len();
        cells.sort_by(|a, b| a[0].low.total_cmp(&b[0].low));
        let (mut done, mut reaching): (Vec<Cell>, Vec<Cell>) = (Vec::new(), Vec::new());
        for cell in cells.drain(..) {
            let gone = reaching.extract_if(.., |other| other[0].high < cell[0].low);
            done.extend(gone);
            match reaching.iter_mut().find(|other| meets(other, &cell)) {
                Some(other) => other.iter_mut().zip(cell).for_each(|(a, b)| *a = a.hull(b)),
                None => reaching.push(cell),
            }
        }
        done.extend(reaching);
        *cells = done;
        if cells.len() == before {
            return;
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

    /// The only critical point of the first is outside the box; that of the second is located by cutting, since the image
    /// of Krawczyk's operator is as wide as the box.
    /// Second derivatives are 1 wherever they exist: only the question about kinks keeps three points from being one.
    #[test]
    fn a_kink_between_two_minima_is_not_passed_over() {
        let found = survey("expr:0.5*x^2-0.1*abs(x)", &[(-1.0, 1.1)]);
        assert_eq!(found.points.len(), 2, "{found:?}");
        assert!(found.points.iter().all(|p| p.kind == Kind::Minimum));
        assert!(found.undecided.iter().any(|cell| cell[0].contains(0.0)), "{found:?}");
    }

    #[test]
    fn a_point_outside_the_box_is_not_one_of_the_box() {
        let outside = survey("expr:exp(-x)+5*(x-1)^2-2.5*(x+1)^2-12.5*x", &[(-5.0, 5.0)]);
        assert!(outside.points.is_empty() && outside.undecided.is_empty(), "{outside:?}");
        let inside = survey("expr:exp(-x)+5*(x-1)^2-2.5*(x+1)^2-12.5*x", &[(-5.0, 6.0)]);
        let [only] = &inside.points[..] else { panic!("{inside:?}") };
        // −e⁻ˣ + 5x − 27.5 = 0.
        let root = only.location[0];
        let slope = |x: f64| -(-x).exp() + 5.0 * x - 27.5;
        assert!(
            slope(root.low) <= 1e-12 && slope(root.high) >= -1e-12 && root.high - root.low < 1e-12,
            "{root:?}"
        );
        assert!(only.kind == Kind::Minimum && inside.undecided.is_empty());
        let quartic = survey("expr:x^4+x^2", &[(-5.0, 5.0)]);
        let side = quartic.points[0].location[0];
        assert!(side.contains(0.0) && side.high - side.low < 1e-12, "{side:?}");
    }

    /// On the border neither side is shown, and nothing is claimed.
    #[test]
    fn a_point_on_the_border_is_undecided() {
        let found = survey("expr:(x-0.1)^2", &[(0.1, 2.0)]);
        let shown = found.points.len() == 1 && found.points[0].location[0].low >= 0.1;
        assert!(shown || (found.points.is_empty() && found.undecided.len() == 1), "{found:?}");
        let kept = survey("expr:(x-0.1)^2", &[(0.0, 2.0)]);
        assert!(kept.points.len() == 1 && kept.undecided.is_empty(), "{kept:?}");
    }

    #[test]
    fn hubers_function_is_smooth_at_its_minimum_and_undefined_is_not_zero() {
        let huber = survey("expr:huber(x,1)", &[(-2.0, 2.0)]);
        assert!(huber.undecided.is_empty() && huber.points.len() == 1, "{huber:?}");
        assert_eq!(huber.points[0].kind, Kind::Minimum);
        let nowhere = survey("expr:x*x+sin(log(x))*0", &[(-2.0, -1.0)]);
        assert!(nowhere.points.is_empty() && nowhere.undecided.len() == 1, "{nowhere:?}");
    }

    /// A flat function leaves as many boxes as may be looked at, in one cluster; merging them takes no longer than finding them.
    #[test]
    fn many_undecided_boxes_are_merged_in_time() {
        for (name, n) in [("expr:0*x", 1), ("expr:0*x*y", 2)] {
            let objective = build(name, &Options::default()).unwrap();
            let region = vec![Interval::new(-1.0, 1.0); n];
            let found =
                critical_points(Function::new(objective.as_ref()).unwrap(), &region, 100_000).unwrap();
            assert!(found.points.is_empty() && found.undecided.len() == 1, "{}", found.undecided.len());
        }
        // Two clusters stay two.
        let cell = |a: f64, b: f64| vec![Interval::new(a, a + 1.0), Interval::new(b, b + 1.0)];
        let mut cells = vec![cell(0.0, 0.0), cell(5.0, 0.0), cell(1.0, 1.0), cell(0.0, 5.0), cell(2.0, 1.5)];
        merge_neighbours(&mut cells);
        assert_eq!(cells.len(), 3, "{cells:?}");
    }
}
