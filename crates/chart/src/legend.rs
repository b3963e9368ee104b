//! Legends: inside the frame where they cover nothing, below it otherwise.

use dinlab_record::figure::{Dash, Layer, Panel};

use crate::clip;
use crate::font;
use crate::layer::{self, Key, Mark};
use crate::palette::{FAINT, INK, WHITE};
use crate::shape::{line, Anchor, Pattern, Pixel, Rect, Shape};

const SIZE: f64 = 11.0;
const LINE: f64 = 15.0;
/// Room for the mark, and its gap to the text.
const MARK: f64 = 30.0;
const PAD: f64 = 6.0;
/// A legend inside the frame has at most this many entries.
pub(crate) const MOST_INSIDE: usize = 5;
/// A legend has at most this many entries; one more says how many are left out.
const MOST: usize = 24;

/// Whether the labelled solid curves of a panel need markers: two of them differ in colour only.
pub(crate) fn needs_marks(panel: &Panel) -> bool {
    let mut colors = panel.layers.iter().filter_map(|layer| match layer {
        Layer::Curve { label, color, dash: Dash::Solid, .. } if !label.is_empty() => Some(*color),
        _ => None,
    });
    let first = colors.next();
    colors.any(|color| Some(color) != first)
}

/// Entries of a panel, each once, in the order of the layers.
pub(crate) fn keys(panel: &Panel) -> Vec<Key> {
    let marked = needs_marks(panel);
    let mut keys: Vec<Key> = Vec::new();
    for mut key in panel.layers.iter().flat_map(|layer| (layer::kind(layer).keys)(layer)) {
        if let Mark::Line { marker, .. } = &mut key.mark {
            *marker = marker.filter(|_| marked);
        }
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// Mark of an entry, centred at `at`.
fn mark(mark: Mark, at: Pixel) -> Vec<Shape> {
    let [x, y] = at;
    match mark {
        Mark::Line { color, pattern, marker } => {
            let stroke =
                Shape::Path { points: vec![[x - 12.0, y], [x + 12.0, y]], width: 1.75, color, pattern };
            let middle = marker.map(|m| layer::marker(m, at, 3.6, color)).unwrap_or_default();
            std::iter::once(stroke).chain(middle).collect()
        }
        Mark::Point { color, marker, bar } => {
            let mut shapes = Vec::new();
            if bar {
                shapes.push(line(vec![[x, y - 6.0], [x, y + 6.0]], 1.25, color));
            }
            shapes.extend(layer::marker(marker, at, 3.8, color));
            shapes
        }
        Mark::Area { color, alpha } => {
            let area = Rect { left: x - 11.0, top: y - 4.5, right: x + 11.0, bottom: y + 4.5 };
            vec![Shape::Fill { points: area.corners(), color, alpha }]
        }
        Mark::Critical(kind) => layer::symbol(kind, at),
    }
}

/// One entry whose first line has its middle at `y`.
fn entry(lines: &[String], key: &Key, x: f64, y: f64) -> Vec<Shape> {
    let mut shapes = mark(key.mark, [x + MARK / 2.0 - 2.0, y]);
    for (i, text) in lines.iter().enumerate() {
        shapes.push(Shape::Text {
            text: text.clone(),
            at: [x + MARK, y + 4.0 + LINE * i as f64],
            size: SIZE,
            anchor: Anchor::Start,
            rising: false,
            color: INK,
        });
    }
    shapes
}

/// A legend inside the frame, where one fits without covering any of the shapes; `None` where it does not.
pub(crate) fn inside(keys: &[Key], frame: &Rect, shapes: &[Shape]) -> Option<Vec<Shape>> {
    let text = keys.iter().map(|k| font::width(&k.label, SIZE)).fold(0.0, |a, b| if b > a { b } else { a });
    let (width, height) = (text + MARK + 2.0 * PAD, LINE * keys.len() as f64 + 2.0 * PAD - 2.0);
    if keys.len() > MOST_INSIDE || width > 0.6 * frame.width() || height > 0.5 * frame.height() {
        return None;
    }
    let gap = 8.0;
    let xs = [frame.right - gap - width, frame.left + gap, (frame.left + frame.right - width) / 2.0];
    let ys = [frame.top + gap, frame.bottom - gap - height, (frame.top + frame.bottom - height) / 2.0];
    let order = [(0, 0), (1, 0), (0, 1), (1, 1), (2, 0), (2, 1), (0, 2), (1, 2)];
    let place = order
        .iter()
        .map(|(i, j)| Rect { left: xs[*i], top: ys[*j], right: xs[*i] + width, bottom: ys[*j] + height })
        .find(|place| !shapes.iter().any(|shape| covers(&place.grown(3.0), shape)))?;
    let mut drawn = vec![Shape::Fill { points: place.corners(), color: WHITE, alpha: 0.88 }];
    let outline: Vec<Pixel> = place.corners().into_iter().chain([[place.left, place.top]]).collect();
    drawn.push(line(outline, 0.75, FAINT));
    for (i, key) in keys.iter().enumerate() {
        let y = place.top + PAD + LINE * (i as f64 + 0.5) - 1.0;
        drawn.extend(entry(std::slice::from_ref(&key.label), key, place.left + PAD, y));
    }
    Some(drawn)
}

/// Whether a rectangle would hide a part of a shape.
fn covers(place: &Rect, shape: &Shape) -> bool {
    match shape {
        Shape::Path { points, .. } => points.windows(2).any(|w| clip::segment(place, w[0], w[1]).is_some()),
        Shape::Fill { points, .. } => clip::polygon(place, points).len() > 2,
        Shape::Disc { center, radius, .. } => place.grown(*radius).contains(*center),
        Shape::Bitmap { .. } => true,
        Shape::Text { .. } => false,
    }
}

/// A legend below the frame: shapes relative to the upper left corner of its room, and the height it needs.
pub(crate) fn below(keys: &[Key], width: f64) -> (Vec<Shape>, f64) {
    let mut keys = keys.to_vec();
    if keys.len() > MOST {
        let rest = keys.len() - MOST;
        keys.truncate(MOST);
        let mark = Mark::Area { color: WHITE, alpha: 1.0 };
        keys.push(Key { label: format!("and {rest} more"), mark });
    }
    let wrapped: Vec<Vec<String>> =
        keys.iter().map(|key| font::wrapped(&key.label, SIZE, width - MARK - PAD, 3)).collect();
    let widths: Vec<f64> = wrapped
        .iter()
        .map(|lines| lines.iter().map(|l| font::width(l, SIZE)).fold(0.0, |a, b| if b > a { b } else { a }))
        .map(|text| text + MARK + 14.0)
        .collect();
    let widest = widths.iter().copied().fold(1.0, |a, b| if b > a { b } else { a });
    let columns = ((width / widest) as usize).clamp(1, keys.len().max(1));
    // Columns as wide as they need, a little more where there is room, the block centred.
    let share = width / columns as f64;
    let step = if share < widest + 24.0 { share } else { widest + 24.0 };
    let left = (width - step * columns as f64) / 2.0;
    let (mut shapes, mut y) = (Vec::new(), 0.0);
    for (row, entries) in wrapped.chunks(columns).enumerate() {
        for (column, lines) in entries.iter().enumerate() {
            let key = &keys[row * columns + column];
            shapes.extend(entry(lines, key, left + step * column as f64, y + LINE / 2.0));
        }
        y += LINE * entries.iter().map(Vec::len).max().unwrap_or(1) as f64;
    }
    (shapes, y)
}

/// Moves shapes by an offset.
pub(crate) fn moved(shapes: Vec<Shape>, dx: f64, dy: f64) -> Vec<Shape> {
    let shift = |p: Pixel| [p[0] + dx, p[1] + dy];
    let shift_all = |points: Vec<Pixel>| points.into_iter().map(shift).collect();
    let one = |shape| match shape {
        Shape::Path { points, width, color, pattern } => {
            Shape::Path { points: shift_all(points), width, color, pattern }
        }
        Shape::Fill { points, color, alpha } => Shape::Fill { points: shift_all(points), color, alpha },
        Shape::Disc { center, radius, color } => Shape::Disc { center: shift(center), radius, color },
        Shape::Text { text, at, size, anchor, rising, color } => {
            Shape::Text { text, at: shift(at), size, anchor, rising, color }
        }
        Shape::Bitmap { corner, extent, columns, rows, rgb } => {
            Shape::Bitmap { corner: shift(corner), extent, columns, rows, rgb }
        }
    };
    shapes.into_iter().map(one).collect()
}

/// A thin frame.
pub(crate) fn outline(frame: &Rect, color: crate::palette::Rgb) -> Shape {
    let mut points = frame.corners();
    points.push([frame.left, frame.top]);
    Shape::Path { points, width: 1.0, color, pattern: Pattern::Solid }
}
