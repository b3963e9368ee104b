//! Bounds of the eigenvalues of ∇²J over a box: μ and L of the literature, from both sides.

use dinlab_objective::Interval;

use crate::{
    critical::{check_box, halves},
    function::Function,
    matrix::{middles, points},
    spectrum::{attained, eigenvalue_bounds},
    Cell, EnclosureError,
};

/// Extreme curvatures over a box.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curvature {
    /// Encloses the least eigenvalue of ∇²J that occurs in the box (μ where it is positive).
    pub least: Interval,
    /// Encloses the greatest one (L where −L is not above the least).
    pub greatest: Interval,
    /// Whether J is smooth on the whole box; both bounds are [−∞, ∞] where that is not known.
    pub smooth: bool,
}

/// Bounds the curvature over `region`, dividing it into at most `pieces` boxes, each time one that holds a bound back.
pub fn curvature(
    function: Function,
    region: &[Interval],
    pieces: usize,
) -> Result<Curvature, EnclosureError> {
    check_box(function, region)?;
    let mut cells = vec![Piece::new(function, region.to_vec())];
    let (mut least, mut greatest) = (cells[0].occurs.0, cells[0].occurs.1);
    while cells.len() < pieces {
        // By turns the piece with the lowest lower and the one with the highest upper bound; one of unknown bounds first.
        let badness = |piece: &Piece| match cells.len() % 2 {
            0 => -piece.eigenvalues.low,
            _ => piece.eigenvalues.high,
        };
        let worse = |a: &Piece, b: &Piece| badness(a).is_nan() || badness(a) > badness(b);
        let worst = (0..cells.len()).reduce(|a, b| if worse(&cells[b], &cells[a]) { b } else { a });
        let Some((at, (first, second))) = worst.and_then(|at| Some((at, halves(&cells[at].cell)?))) else {
            break;
        };
        cells.swap_remove(at);
        for half in [first, second] {
            let piece = Piece::new(function, half);
            least = dinlab_numeric::min(least, piece.occurs.0);
            greatest = dinlab_numeric::max(greatest, piece.occurs.1);
            cells.push(piece);
        }
    }
    if !cells.iter().all(|piece| piece.smooth) {
        return Ok(Curvature { least: Interval::REALS, greatest: Interval::REALS, smooth: false });
    }
    let lows: Vec<f64> = cells.iter().map(|piece| piece.eigenvalues.low).collect();
    let highs: Vec<f64> = cells.iter().map(|piece| piece.eigenvalues.high).collect();
    Ok(Curvature {
        least: Interval::new(dinlab_numeric::minimum(&lows), least),
        greatest: Interval::new(greatest, dinlab_numeric::maximum(&highs)),
        smooth: true,
    })
}

struct Piece {
    cell: Cell,
    eigenvalues: Interval,
    /// Bounds of the extreme eigenvalues at the middle: the least one is at most the first, the greatest at least the second.
    occurs: (f64, f64),
    smooth: bool,
}

impl Piece {
    fn new(function: Function, cell: Cell) -> Self {
        let n = cell.len();
        let jet = function.jet(&cell);
        let middle = function.jet(&points(&middles(&cell)));
        Self {
            eigenvalues: eigenvalue_bounds(&jet.hessian, n),
            occurs: attained(&middle.hessian, n),
            smooth: jet.smooth,
            cell,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dinlab_objective::{build, Options};

    fn bounds(name: &str, region: &[(f64, f64)], pieces: usize) -> Curvature {
        let objective = build(name, &Options::default()).unwrap();
        let region: Cell = region.iter().map(|&(a, b)| Interval::new(a, b)).collect();
        curvature(Function::new(objective.as_ref()).unwrap(), &region, pieces).unwrap()
    }

    #[test]
    fn known_curvatures_lie_inside_and_the_bounds_close() {
        // (x² − 1)²/4 has second derivative 3x² − 1: between −1 and 11 on [−2, 2].
        let found = bounds("well", &[(-2.0, 2.0)], 400);
        assert!(found.smooth && found.least.contains(-1.0) && found.greatest.contains(11.0), "{found:?}");
        assert!(
            found.least.high - found.least.low < 0.01 && found.greatest.high - found.greatest.low < 0.1,
            "{found:?}"
        );
        let quadratic = bounds("quadratic:1,400", &[(-2.0, 2.0), (-1.0, 3.0)], 4);
        assert!(quadratic.least.contains(1.0) && quadratic.greatest.contains(400.0));
        assert!(quadratic.greatest.high - quadratic.least.low < 399.0 + 1e-9);
    }

    #[test]
    fn a_kink_in_the_box_leaves_the_curvature_open() {
        assert!(!bounds("expr:x^2+abs(x)", &[(-1.0, 1.0)], 50).smooth);
        assert!(bounds("expr:x^2+abs(x)", &[(0.5, 1.0)], 50).least.contains(2.0));
    }
}
