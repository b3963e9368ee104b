//! One panel: ranges, room for texts, layers, legend.

use dinlab_record::figure::{Layer, Panel};

use crate::axes;
use crate::font;
use crate::layer::{self, Key, Pen};
use crate::legend;
use crate::palette::{GREY, INK};
use crate::scale::{Extent, Reach, Span};
use crate::shape::{Anchor, Rect, Shape};
use crate::ticks::Ticks;

const TITLE_TEXT: f64 = 13.0;
const TITLE_LINE: f64 = 17.0;
const NOTE_TEXT: f64 = 10.0;

/// Decisions that depend on a first drawing.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Plan {
    /// The legend stands below the panel.
    legend_below: bool,
    /// Points that a logarithmic axis cannot show.
    hidden: usize,
}

/// Draws a panel into `room`, with the entries of its legend.
pub(crate) fn draw(panel: &Panel, room: &Rect, keys: &[Key]) -> Vec<Shape> {
    let first = Plan { legend_below: panel.layers.iter().any(is_grid), hidden: 0 };
    let (shapes, plan) = attempt(panel, room, keys, first);
    if plan == first {
        return shapes;
    }
    // A second pass with room for the legend or the note; what it finds out cannot change the plan any more.
    attempt(panel, room, keys, plan).0
}

fn has_map(panel: &Panel) -> Option<(&str, [f64; 2])> {
    panel.layers.iter().rev().find_map(|layer| match layer {
        Layer::Map { label, limits, .. } => Some((label.as_str(), *limits)),
        _ => None,
    })
}

/// Whether a layer covers the frame with cells.
fn is_grid(layer: &Layer) -> bool {
    matches!(layer, Layer::Map { .. } | Layer::Classes { .. })
}

/// Draws with a plan and says which plan the result asks for.
fn attempt(panel: &Panel, room: &Rect, keys: &[Key], plan: Plan) -> (Vec<Shape>, Plan) {
    let extent = extent(panel);
    let (below, below_height) = legend::below(keys, room.width() - 20.0);
    let title = font::wrapped(&font::clean(&panel.title), TITLE_TEXT, room.width() - 16.0, 3);
    let top = room.top + 6.0 + TITLE_LINE * title.len() as f64;
    let bottom = room.bottom - 44.0 - if plan.legend_below { below_height + 4.0 } else { 0.0 };
    let (frame, x, y, ticks) = frame(panel, room, [top, bottom], &extent, plan.hidden > 0);

    let mut pen = Pen {
        x,
        y,
        frame,
        marked: legend::needs_marks(panel),
        halo: panel.layers.iter().any(is_grid),
        shapes: axes::grid(&frame, &x, &y, &ticks),
        hidden: 0,
    };
    let mut foreground: Vec<Shape> = Vec::new();
    for layer in &panel.layers {
        let before = pen.shapes.len();
        (layer::kind(layer).draw)(layer, &mut pen);
        if !matches!(layer, Layer::Contour { .. } | Layer::Field { .. }) {
            foreground.extend_from_slice(&pen.shapes[before..]);
        }
    }
    let Pen { mut shapes, hidden, .. } = pen;
    shapes.extend(axes::axes(&frame, &x, &y, &ticks, [&panel.x.label, &panel.y.label]));
    if let Some((label, limits)) = has_map(panel) {
        shapes.extend(axes::colour_bar(&frame, limits, label));
    }
    shapes.extend(texts(&title, &frame, room, hidden, extent.x.is_empty() || extent.y.is_empty()));
    let mut wanted = Plan { hidden, ..plan };
    if plan.legend_below {
        shapes.extend(legend::moved(below, room.left + 10.0, bottom + 44.0));
    } else if !keys.is_empty() {
        match legend::inside(keys, &frame, &foreground) {
            Some(legend) => shapes.extend(legend),
            None => wanted.legend_below = true,
        }
    }
    (shapes, wanted)
}

/// What the layers ask of the axes. Where there is a map, the axes end at its edges; reference slopes come last, because
/// they follow the others.
fn extent(panel: &Panel) -> Extent {
    let mut extent = Extent { x: Reach::new(&panel.x), y: Reach::new(&panel.y) };
    let (guides, data): (Vec<&Layer>, Vec<&Layer>) =
        panel.layers.iter().partition(|layer| matches!(layer, Layer::Slope { .. }));
    let maps: Vec<&Layer> = data.iter().copied().filter(|layer| is_grid(layer)).collect();
    let data = if maps.is_empty() { data } else { maps };
    data.into_iter().chain(guides).for_each(|layer| (layer::kind(layer).extent)(layer, &mut extent));
    extent
}

/// Frame, axes and ticks. `vertical` are the ends of the room that titles and legends leave.
fn frame(
    panel: &Panel,
    room: &Rect,
    vertical: [f64; 2],
    extent: &Extent,
    note: bool,
) -> (Rect, Span, Span, [Ticks; 2]) {
    let [mut top, bottom] = vertical;
    let bottom = if bottom - top < 80.0 { top + 80.0 } else { bottom };
    let mut y = Span { scale: panel.y.scale, range: extent.y.range(), start: bottom, end: top };
    let mut y_ticks = axes::vertical_ticks(&y, bottom - top);
    let bar_note = has_map(panel).is_some_and(|(_, limits)| axes::colour_bar_has_note(limits, bottom - top));
    if note || bar_note || !y_ticks.note.is_empty() {
        top += 15.0;
    }
    let left = room.left + 8.0 + 16.0 + axes::texts_width(&y_ticks) + 12.0;
    let right = match has_map(panel) {
        Some((_, limits)) => room.right - axes::colour_bar_width(limits, bottom - top) - 4.0,
        None => room.right - 18.0,
    };
    let mut frame = Rect { left, top: top + 4.0, right, bottom };
    let mut x = Span { scale: panel.x.scale, range: extent.x.range(), start: left, end: right };
    if panel.equal_aspect {
        (frame, x, y) = equal_aspect(frame, x, y);
    }
    (x.start, x.end, y.start, y.end) = (frame.left, frame.right, frame.bottom, frame.top);
    y_ticks = if panel.equal_aspect { axes::vertical_ticks(&y, frame.height()) } else { y_ticks };
    let x_ticks = axes::horizontal_ticks(&x, frame.width());
    (frame, x, y, [x_ticks, y_ticks])
}

/// Shrinks the frame until both axes have the same scale. Where that would leave a sliver, the narrower range is
/// widened first, so that the sides of the frame stay within a ratio of three.
fn equal_aspect(frame: Rect, x: Span, y: Span) -> (Rect, Span, Span) {
    const RATIO: f64 = 3.0;
    let ratio = x.width() / y.width();
    let (x, y) = if ratio > RATIO {
        (x, y.stretched(ratio / RATIO))
    } else if ratio < 1.0 / RATIO {
        (x.stretched(1.0 / (RATIO * ratio)), y)
    } else {
        (x, y)
    };
    let ratio = x.width() / y.width();
    if !(ratio.is_finite() && ratio > 0.0) {
        return (frame, x, y);
    }
    let mut fitted = frame;
    if frame.width() > ratio * frame.height() {
        let spare = (frame.width() - ratio * frame.height()) / 2.0;
        (fitted.left, fitted.right) = (frame.left + spare, frame.right - spare);
    } else {
        let spare = (frame.height() - frame.width() / ratio) / 2.0;
        (fitted.top, fitted.bottom) = (frame.top + spare, frame.bottom - spare);
    }
    (fitted, x, y)
}

/// Title, note on points that are not shown, and a word where there are no data.
fn texts(title: &[String], frame: &Rect, room: &Rect, hidden: usize, empty: bool) -> Vec<Shape> {
    let text =
        |text: String, at, size, anchor, color| Shape::Text { text, at, size, anchor, rising: false, color };
    let mut shapes = Vec::new();
    let middle = (frame.left + frame.right) / 2.0;
    for (i, words) in title.iter().enumerate() {
        let half = font::width(words, TITLE_TEXT) / 2.0;
        // Centred on the frame as far as the room allows.
        let (low, high) = (room.left + 8.0 + half, room.right - 8.0 - half);
        let x = if low < high { middle.clamp(low, high) } else { (low + high) / 2.0 };
        let at = [x, room.top + 14.0 + TITLE_LINE * i as f64];
        shapes.push(text(words.clone(), at, TITLE_TEXT, Anchor::Middle, INK));
    }
    if hidden > 0 {
        let words = format!("{hidden} {} ≤ 0 not shown", if hidden == 1 { "point" } else { "points" });
        shapes.push(text(words, [frame.right, frame.top - 4.0], NOTE_TEXT, Anchor::End, GREY));
    }
    if empty {
        let at = [middle, (frame.top + frame.bottom) / 2.0];
        shapes.push(text("no data to show".into(), at, LABEL_TEXT, Anchor::Middle, GREY));
    }
    shapes
}

const LABEL_TEXT: f64 = axes::LABEL_TEXT;
