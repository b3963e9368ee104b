//! Level lines of a function on a grid, by marching squares.

use std::collections::BTreeMap;

use dinlab_record::figure::Layer;

use super::{same, Key, Kind, Pen};
use crate::palette::Rgb;
use crate::scale::Extent;
use crate::shape::{Pattern, Pixel};
use crate::ChartError;

pub(crate) const KIND: Kind = Kind {
    name: "contour",
    sentence: "Level lines of a function on a grid; higher levels are darker.",
    check,
    extent,
    draw,
    keys: |_| Vec::<Key>::new(),
};

/// Grids are read with a stride so that no side has more nodes than this: finer cells are smaller than a pixel.
const FINEST: usize = 400;

fn check(layer: &Layer) -> Result<(), ChartError> {
    let Layer::Contour { x, y, values, .. } = layer else { return Ok(()) };
    same("values of a contour grid", x.len().saturating_mul(y.len()), values.len())
}

fn extent(layer: &Layer, extent: &mut Extent) {
    let Layer::Contour { x, y, .. } = layer else { return };
    x.iter().for_each(|x| extent.x.add_edge(*x));
    y.iter().for_each(|y| extent.y.add_edge(*y));
}

fn draw(layer: &Layer, pen: &mut Pen) {
    let Layer::Contour { x, y, values, levels } = layer else { return };
    let every = |n: usize| (0..n).step_by((n / FINEST).max(1)).collect::<Vec<_>>();
    let (columns, rows) = (every(x.len()), every(y.len()));
    let grid = Grid {
        x: columns.iter().map(|i| pen.x.pixel(x[*i])).collect(),
        y: rows.iter().map(|j| pen.y.pixel(y[*j])).collect(),
        values: rows.iter().flat_map(|j| columns.iter().map(move |i| values[j * x.len() + i])).collect(),
    };
    let levels: Vec<f64> = levels.iter().copied().filter(|l| l.is_finite()).take(200).collect();
    for (i, level) in levels.iter().enumerate() {
        let lines = grid.lines(*level);
        pen.stroke(&lines, 0.8, shade(i, levels.len()), Pattern::Solid);
    }
}

/// From light to dark grey with the level's rank.
fn shade(rank: usize, count: usize) -> Rgb {
    let t = rank as f64 / count.saturating_sub(1).max(1) as f64;
    [(198.0 - 98.0 * t) as u8; 3]
}

/// Nodes in pixels (`None` where an axis has no place for them) and values, row by row.
struct Grid {
    x: Vec<Option<f64>>,
    y: Vec<Option<f64>>,
    values: Vec<f64>,
}

/// An edge of the grid: its lower left node, and whether it runs upwards.
type Edge = (usize, bool);

impl Grid {
    fn value(&self, node: usize) -> f64 {
        self.values[node]
    }

    fn pixel(&self, node: usize) -> Option<Pixel> {
        let nx = self.x.len();
        self.x[node % nx].zip(self.y[node / nx]).map(|(x, y)| [x, y])
    }

    /// Where the level crosses an edge.
    fn crossing(&self, edge: Edge, level: f64) -> Option<Pixel> {
        let (a, b) = (edge.0, if edge.1 { edge.0 + self.x.len() } else { edge.0 + 1 });
        let (p, q) = (self.pixel(a)?, self.pixel(b)?);
        // Halves, because the difference of two values may overflow.
        let (from, to, level) = (self.value(a) / 2.0, self.value(b) / 2.0, level / 2.0);
        let t = if to == from { 0.5 } else { ((level - from) / (to - from)).clamp(0.0, 1.0) };
        Some([p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])])
    }

    /// Pairs of edges that one cell connects.
    fn cell(&self, node: usize, level: f64) -> Vec<[Edge; 2]> {
        let nx = self.x.len();
        let corners = [node, node + 1, node + nx + 1, node + nx].map(|n| self.value(n));
        if corners.iter().any(|v| !v.is_finite()) {
            return Vec::new();
        }
        let above = corners.map(|v| v >= level);
        let edges = [(node, false), (node + 1, true), (node + nx, false), (node, true)];
        let crossed: Vec<Edge> =
            (0..4).filter(|i| above[*i] != above[(i + 1) % 4]).map(|i| edges[i]).collect();
        match crossed.len() {
            2 => vec![[crossed[0], crossed[1]]],
            // A saddle: the mean of the corners decides which two of them are connected.
            4 if above[0] == (corners.iter().map(|v| v / 4.0).sum::<f64>() >= level) => {
                vec![[edges[0], edges[1]], [edges[2], edges[3]]]
            }
            4 => vec![[edges[3], edges[0]], [edges[1], edges[2]]],
            _ => Vec::new(),
        }
    }

    /// The level line as polylines in pixels: every edge belongs to at most two cells, so the pieces form chains.
    fn lines(&self, level: f64) -> Vec<Vec<Pixel>> {
        let (nx, ny) = (self.x.len(), self.y.len());
        let mut neighbours: BTreeMap<Edge, Vec<Edge>> = BTreeMap::new();
        for j in 0..ny.saturating_sub(1) {
            for i in 0..nx.saturating_sub(1) {
                for [a, b] in self.cell(j * nx + i, level) {
                    neighbours.entry(a).or_default().push(b);
                    neighbours.entry(b).or_default().push(a);
                }
            }
        }
        let ends: Vec<Edge> = neighbours.iter().filter(|(_, n)| n.len() == 1).map(|(e, _)| *e).collect();
        let all: Vec<Edge> = neighbours.keys().copied().collect();
        // Open chains from their ends first; what remains is closed.
        ends.into_iter().chain(all).flat_map(|start| self.chain(start, &mut neighbours, level)).collect()
    }

    /// Follows and removes the chain that begins at an edge.
    fn chain(
        &self,
        start: Edge,
        neighbours: &mut BTreeMap<Edge, Vec<Edge>>,
        level: f64,
    ) -> Option<Vec<Pixel>> {
        let mut line = vec![self.crossing(start, level)?];
        let mut at = start;
        while let Some(next) = neighbours.get_mut(&at).and_then(Vec::pop) {
            if let Some(back) = neighbours.get_mut(&next) {
                if let Some(position) = back.iter().position(|e| *e == at) {
                    back.swap_remove(position);
                }
            }
            line.extend(self.crossing(next, level));
            at = next;
        }
        (line.len() > 1).then_some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_line_of_a_bowl_is_one_closed_circle() {
        let axis: Vec<f64> = (0..=40).map(|i| f64::from(i) / 10.0 - 2.0).collect();
        let values = axis.iter().flat_map(|y| axis.iter().map(move |x| x * x + y * y)).collect();
        let pixels: Vec<Option<f64>> = axis.iter().map(|v| Some(*v)).collect();
        let lines = Grid { x: pixels.clone(), y: pixels, values }.lines(1.0);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].first(), lines[0].last());
        assert!(lines[0].len() > 40);
        assert!(lines[0].iter().all(|p| (p[0].hypot(p[1]) - 1.0).abs() < 5e-3), "{lines:?}");
    }

    #[test]
    fn saddles_and_missing_values_leave_open_lines() {
        let axis = vec![Some(0.0), Some(1.0)];
        let saddle = Grid { x: axis.clone(), y: axis.clone(), values: vec![1.0, -1.0, -1.0, 1.0] };
        assert_eq!(saddle.lines(0.1).len(), 2);
        let missing = Grid { x: axis.clone(), y: axis, values: vec![1.0, f64::NAN, -1.0, 1.0] };
        assert!(missing.lines(0.0).is_empty());
    }
}
