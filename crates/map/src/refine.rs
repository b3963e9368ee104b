//! Where the class of cells changes: bisection of the segments between the centres of neighbouring cells, all segments at
//! once.

use crate::{error::MapError, plane::Plane, BoundaryPoint};

/// Most segments that are refined; of more, evenly spread ones are taken.
pub const MOST_SEGMENTS: usize = 200_000;

/// A segment between two points (fractions of the axes) of different classes.
#[derive(Debug, Clone, Copy)]
pub struct Segment {
    /// Its ends.
    pub ends: [[f64; 2]; 2],
    /// Their classes.
    pub classes: [u8; 2],
}

/// Segments between neighbouring cells of different classes; cells without a class are left out.
pub fn segments(plane: &Plane, class: &[Option<u8>]) -> Vec<Segment> {
    let (nx, ny) = (plane.x.cells, plane.y.cells);
    let mut all = Vec::new();
    let mut add = |a: usize, b: usize| {
        if let (Some(p), Some(q)) = (class[a], class[b]) {
            if p != q {
                all.push(Segment { ends: [plane.fractions(a), plane.fractions(b)], classes: [p, q] });
            }
        }
    };
    for j in 0..ny {
        for i in 0..nx {
            let cell = j * nx + i;
            if i + 1 < nx {
                add(cell, cell + 1);
            }
            if j + 1 < ny {
                add(cell, cell + nx);
            }
        }
    }
    if all.len() > MOST_SEGMENTS {
        let step = all.len().div_ceil(MOST_SEGMENTS);
        all = all.into_iter().step_by(step).collect();
    }
    all
}

/// Classes of many points, given as fractions of the axes.
pub type Classify<'a> = dyn Fn(&[[f64; 2]]) -> Result<Vec<Option<u8>>, MapError> + 'a;

/// Bisects the segments until each is at most 2·`accuracy` long (as a fraction of its axis). `classify` gives the classes of
/// many points (fractions of the axes) at once; where a middle has neither class of the ends, the half with the first end's
/// change is kept.
///
/// # Errors
/// What `classify` returns.
pub fn refine(
    plane: &Plane,
    segments: Vec<Segment>,
    accuracy: f64,
    classify: &Classify<'_>,
) -> Result<(Vec<Segment>, Vec<BoundaryPoint>), MapError> {
    let points = bisect(segments.clone(), accuracy, classify)?
        .iter()
        .map(|s| BoundaryPoint {
            at: plane.at(middle(s)),
            error: 0.5 * length(s),
            classes: s.classes,
            distance: None,
        })
        .collect();
    Ok((segments, points))
}

fn length(s: &Segment) -> f64 {
    (s.ends[1][0] - s.ends[0][0]).abs() + (s.ends[1][1] - s.ends[0][1]).abs()
}

fn middle(s: &Segment) -> [f64; 2] {
    [0.5 * (s.ends[0][0] + s.ends[1][0]), 0.5 * (s.ends[0][1] + s.ends[1][1])]
}

/// The segments that [`refine`] ends with.
///
/// # Errors
/// What `classify` returns.
pub(crate) fn bisect(
    mut segments: Vec<Segment>,
    accuracy: f64,
    classify: &Classify<'_>,
) -> Result<Vec<Segment>, MapError> {
    while segments.iter().any(|s| length(s) > 2.0 * accuracy) {
        let middles: Vec<[f64; 2]> = segments.iter().map(middle).collect();
        for ((segment, at), class) in segments.iter_mut().zip(&middles).zip(classify(&middles)?) {
            match class {
                Some(class) if class == segment.classes[0] => segment.ends[0] = *at,
                Some(class) => (segment.ends[1], segment.classes[1]) = (*at, class),
                None => segment.ends[1] = *at,
            }
        }
    }
    Ok(segments)
}

/// Fraction of the way along a segment at which `inside` changes, by bisection to rounding; `None` where it does not.
pub fn crossing(segment: &Segment, inside: impl Fn([f64; 2]) -> bool) -> Option<[f64; 2]> {
    let at = |t: f64| {
        let [p, q] = segment.ends;
        [p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])]
    };
    let first = inside(at(0.0));
    if inside(at(1.0)) == first {
        return None;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if inside(at(middle)) == first {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(at(0.5 * (low + high)))
}
