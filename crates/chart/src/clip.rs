//! Cutting lines and polygons at a rectangle, and thinning long lines to what a screen can show.

use std::collections::HashSet;

use crate::shape::{Pixel, Rect};

/// Part of the segment `a`–`b` inside `rect` (Liang and Barsky 1984).
pub(crate) fn segment(rect: &Rect, a: Pixel, b: Pixel) -> Option<(Pixel, Pixel)> {
    let d = [b[0] - a[0], b[1] - a[1]];
    let (mut enter, mut leave) = (0.0, 1.0);
    let sides = [
        (-d[0], a[0] - rect.left),
        (d[0], rect.right - a[0]),
        (-d[1], a[1] - rect.top),
        (d[1], rect.bottom - a[1]),
    ];
    for (p, q) in sides {
        if p == 0.0 {
            if q < 0.0 {
                return None;
            }
        } else if p < 0.0 {
            enter = if q / p > enter { q / p } else { enter };
        } else {
            leave = if q / p < leave { q / p } else { leave };
        }
    }
    let at = |t: f64| if t == 1.0 { b } else { [a[0] + t * d[0], a[1] + t * d[1]] };
    (enter <= leave).then(|| (at(enter), at(leave)))
}

/// Visible pieces of a polyline; a piece ends where the line leaves the rectangle.
pub(crate) fn polyline(rect: &Rect, points: &[Pixel]) -> Vec<Vec<Pixel>> {
    let mut pieces: Vec<Vec<Pixel>> = Vec::new();
    for w in points.windows(2) {
        let Some((from, to)) = segment(rect, w[0], w[1]) else { continue };
        match pieces.last_mut() {
            Some(piece) if piece.last() == Some(&from) => piece.push(to),
            _ => pieces.push(vec![from, to]),
        }
    }
    pieces
}

/// Polygon cut at the rectangle, one side after the other (Sutherland and Hodgman 1974).
pub(crate) fn polygon(rect: &Rect, points: &[Pixel]) -> Vec<Pixel> {
    let sides = [(0, rect.left, 1.0), (0, rect.right, -1.0), (1, rect.top, 1.0), (1, rect.bottom, -1.0)];
    let mut kept = points.to_vec();
    for (axis, bound, sign) in sides {
        let inside = |p: &Pixel| sign * (p[axis] - bound) >= 0.0;
        let input = std::mem::take(&mut kept);
        for i in 0..input.len() {
            let (a, b) = (input[(i + input.len() - 1) % input.len()], input[i]);
            if inside(&a) != inside(&b) {
                let t = (bound - a[axis]) / (b[axis] - a[axis]);
                let mut cut = [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])];
                cut[axis] = bound;
                kept.push(cut);
            }
            if inside(&b) {
                kept.push(b);
            }
        }
    }
    kept
}

/// Most points that one layer may leave in a file.
const ENOUGH: usize = 16_000;

/// Thins a polyline: of every run of points in the same half-pixel column only the first, the lowest, the highest and
/// the last survive, in their order, so that no excursion is lost.
pub(crate) fn thin(points: &[Pixel]) -> Vec<Pixel> {
    if points.len() < 512 {
        return points.to_vec();
    }
    let column = |p: &Pixel| (p[0] * 2.0).floor();
    let mut kept: Vec<Pixel> = Vec::new();
    let mut start = 0;
    while start < points.len() {
        let run = points[start..].iter().take_while(|p| column(p) == column(&points[start])).count();
        let stop = start + run.max(1);
        let mut chosen = [start, start, start, stop - 1];
        for i in start..stop {
            if points[i][1] < points[chosen[1]][1] {
                chosen[1] = i;
            }
            if points[i][1] > points[chosen[2]][1] {
                chosen[2] = i;
            }
        }
        chosen.sort_unstable();
        for (position, index) in chosen.iter().enumerate() {
            if position == 0 || chosen[position - 1] != *index {
                kept.push(points[*index]);
            }
        }
        start = stop;
    }
    kept
}

/// Drops points between which the line is straight within a tenth of a pixel: from each kept point, the directions that
/// stay that close to all later points form a wedge; a point outside it, or a turn back, starts a new stretch.
fn straightened(points: &[Pixel]) -> Vec<Pixel> {
    const TOLERANCE: f64 = 0.1;
    let cross = |a: Pixel, b: Pixel| a[0] * b[1] - a[1] * b[0];
    let mut kept: Vec<Pixel> = points.first().copied().into_iter().collect();
    let (mut reach, mut wedge): (f64, Option<[Pixel; 2]>) = (0.0, None);
    for i in 1..points.len() {
        let anchor = kept[kept.len() - 1];
        let d = [points[i][0] - anchor[0], points[i][1] - anchor[1]];
        let length = d[0].hypot(d[1]);
        let inside = wedge.is_none_or(|[a, b]| cross(a, d) >= 0.0 && cross(d, b) >= 0.0);
        if i > 1 && (length < reach || !inside) {
            kept.push(points[i - 1]);
            wedge = None;
        }
        let anchor = kept[kept.len() - 1];
        let d = [points[i][0] - anchor[0], points[i][1] - anchor[1]];
        reach = d[0].hypot(d[1]);
        if reach > TOLERANCE {
            let [nx, ny] = [-d[1] * TOLERANCE / reach, d[0] * TOLERANCE / reach];
            let (right, left) = ([d[0] - nx, d[1] - ny], [d[0] + nx, d[1] + ny]);
            let [a, b] = wedge.unwrap_or([right, left]);
            wedge = Some([
                if cross(a, right) > 0.0 { right } else { a },
                if cross(left, b) > 0.0 { left } else { b },
            ]);
        }
    }
    if points.len() > 1 {
        kept.push(points[points.len() - 1]);
    }
    kept
}

/// Thins the pieces of one curve together. A path that winds over the same area again and again stays long after
/// [`thin`]; there, segments that would be drawn over themselves on a pixel grid are dropped, on coarser grids until
/// the rest is short enough.
pub(crate) fn thin_all(pieces: Vec<Vec<Pixel>>) -> Vec<Vec<Pixel>> {
    let mut result: Vec<Vec<Pixel>> = pieces.iter().map(|p| straightened(&thin(p))).collect();
    let mut grid = 0.5;
    while result.iter().map(Vec::len).sum::<usize>() > ENOUGH && grid < 64.0 {
        let mut seen = HashSet::new();
        result = result.iter().flat_map(|piece| without_repeats(piece, grid, &mut seen)).collect();
        grid *= 1.5;
    }
    result
}

fn without_repeats(piece: &[Pixel], grid: f64, seen: &mut HashSet<[i64; 4]>) -> Vec<Vec<Pixel>> {
    let cell = |p: &Pixel| [(p[0] / grid).round() as i64, (p[1] / grid).round() as i64];
    let mut pieces: Vec<Vec<Pixel>> = Vec::new();
    let mut current: Vec<Pixel> = Vec::new();
    let mut at: Option<[i64; 2]> = None;
    for point in piece {
        let next = cell(point);
        let Some(previous) = at.replace(next) else {
            current.push(*point);
            continue;
        };
        if previous == next {
            continue;
        }
        let (a, b) = if previous < next { (previous, next) } else { (next, previous) };
        if seen.insert([a[0], a[1], b[0], b[1]]) {
            if current.is_empty() {
                current.push([previous[0] as f64 * grid, previous[1] as f64 * grid]);
            }
            current.push(*point);
        } else if current.len() > 1 {
            pieces.push(std::mem::take(&mut current));
        } else {
            current.clear();
        }
    }
    if current.len() > 1 {
        pieces.push(current);
    }
    pieces
}

/// At most about `ENOUGH / 4` positions: one per cell of a grid that is refined no further than needed.
pub(crate) fn thin_marks(points: Vec<(usize, Pixel)>) -> Vec<(usize, Pixel)> {
    let mut kept = points;
    let mut grid = 1.0;
    while kept.len() > ENOUGH / 4 && grid < 64.0 {
        let mut seen = HashSet::new();
        kept.retain(|(_, p)| seen.insert([(p[0] / grid).round() as i64, (p[1] / grid).round() as i64]));
        grid *= 1.5;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOX: Rect = Rect { left: 0.0, top: 0.0, right: 100.0, bottom: 50.0 };

    #[test]
    fn lines_are_cut_at_the_frame_and_split_where_they_leave_it() {
        let pieces =
            polyline(&BOX, &[[-10.0, 10.0], [50.0, 10.0], [50.0, -40.0], [60.0, -40.0], [60.0, 20.0]]);
        assert_eq!(pieces, [vec![[0.0, 10.0], [50.0, 10.0], [50.0, 0.0]], vec![[60.0, 0.0], [60.0, 20.0]]]);
        assert!(polyline(&BOX, &[[-5.0, -5.0], [-1.0, 200.0]]).is_empty());
    }

    #[test]
    fn polygons_are_cut_to_the_frame() {
        let cut = polygon(&BOX, &[[-50.0, -50.0], [500.0, -50.0], [500.0, 500.0], [-50.0, 500.0]]);
        assert!(cut.iter().all(|p| BOX.contains(*p)), "{cut:?}");
        let area: f64 = (0..cut.len())
            .map(|i| (cut[i], cut[(i + 1) % cut.len()]))
            .map(|(a, b)| a[0] * b[1] - a[1] * b[0])
            .sum();
        assert!((area.abs() / 2.0 - 5000.0).abs() < 1e-9);
    }

    #[test]
    fn a_single_spike_among_a_million_points_survives_thinning() {
        let mut points: Vec<Pixel> = (0..1_000_000).map(|i| [f64::from(i) * 1e-4, 25.0]).collect();
        points[412_345][1] = 3.0;
        let kept = thin_all(vec![points]);
        assert!(kept[0].len() < 1000, "{}", kept[0].len());
        assert!(kept[0].iter().any(|p| p[1] == 3.0));
    }

    #[test]
    fn straight_stretches_lose_their_inner_points_and_no_turn() {
        let line: Vec<Pixel> = (0..100).map(|i| [f64::from(i), 0.02 * f64::from(i % 2)]).collect();
        assert_eq!(straightened(&line).len(), 2);
        let back = [[0.0, 0.0], [10.0, 0.0], [3.0, 0.0], [20.0, 0.0]];
        assert_eq!(straightened(&back), back);
        let circle: Vec<Pixel> =
            (0..=1000).map(|i| f64::from(i) * 0.00628).map(|t| [50.0 * t.cos(), 50.0 * t.sin()]).collect();
        let kept = straightened(&circle);
        assert!(kept.len() > 20 && kept.len() < 120, "{}", kept.len());
        assert!(kept.windows(2).all(|w| ((w[0][0] + w[1][0]) / 2.0).hypot((w[0][1] + w[1][1]) / 2.0) > 49.7));
    }

    #[test]
    fn a_path_that_winds_over_itself_becomes_short_and_still_covers_its_area() {
        let points: Vec<Pixel> = (0..300_000)
            .map(|i| f64::from(i) * 0.05)
            .map(|t| [50.0 + 40.0 * t.sin(), 25.0 + 20.0 * (t * 1.0001).cos()])
            .collect();
        let kept: Vec<Pixel> = thin_all(vec![points]).concat();
        assert!(kept.len() <= ENOUGH, "{}", kept.len());
        assert!(kept.iter().any(|p| p[0] < 11.0) && kept.iter().any(|p| p[0] > 89.0));
    }
}
