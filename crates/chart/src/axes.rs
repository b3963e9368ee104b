//! Frame, grid lines, ticks and their texts, axis labels, colour bar.

use dinlab_record::figure::Scale;

use crate::font;
use crate::legend::outline;
use crate::palette::{viridis, Rgb, FAINT, GREY, INK};
use crate::scale::Span;
use crate::shape::{line, Anchor, Rect, Shape};
use crate::ticks::Ticks;

pub(crate) const TICK_TEXT: f64 = 11.0;
pub(crate) const LABEL_TEXT: f64 = 12.0;
/// Length of a tick and its gap to the text.
const TICK: f64 = 4.0;

/// Width of the room for the texts of a vertical axis.
pub(crate) fn texts_width(ticks: &Ticks) -> f64 {
    ticks.major.iter().map(|t| font::width(&t.1, TICK_TEXT)).fold(0.0, |a, b| if b > a { b } else { a })
}

/// As many ticks as fit without touching, for a horizontal axis of `width` pixels.
pub(crate) fn horizontal_ticks(span: &Span, width: f64) -> Ticks {
    let mut count = (width / 45.0).clamp(2.0, 10.0) as usize;
    loop {
        let ticks = span.ticks(count);
        let needed: f64 = ticks.major.iter().map(|t| font::width(&t.1, TICK_TEXT) + 12.0).sum();
        // Texts are wider than their share where ticks are uneven: compare neighbours too.
        let place = |value: f64| span.pixel(value).unwrap_or(0.0);
        let close = ticks.major.windows(2).any(|w| {
            let half = font::width(&w[0].1, TICK_TEXT) / 2.0 + font::width(&w[1].1, TICK_TEXT) / 2.0;
            (place(w[1].0) - place(w[0].0)).abs() < half + 6.0
        });
        if count <= 2 || (needed <= width && !close) {
            return ticks;
        }
        count -= 1;
    }
}

/// As many ticks as fit, for a vertical axis of `height` pixels.
pub(crate) fn vertical_ticks(span: &Span, height: f64) -> Ticks {
    span.ticks((height / 28.0).clamp(2.0, 10.0) as usize)
}

fn text(text: &str, x: f64, y: f64, size: f64, anchor: Anchor, color: Rgb) -> Shape {
    Shape::Text { text: font::clean(text), at: [x, y], size, anchor, rising: false, color }
}

/// Grid lines at the ticks that have texts.
pub(crate) fn grid(frame: &Rect, x: &Span, y: &Span, ticks: &[Ticks; 2]) -> Vec<Shape> {
    let mut shapes = Vec::new();
    for p in ticks[0].major.iter().filter_map(|t| x.pixel(t.0)) {
        shapes.push(line(vec![[p, frame.top], [p, frame.bottom]], 0.75, FAINT));
    }
    for p in ticks[1].major.iter().filter_map(|t| y.pixel(t.0)) {
        shapes.push(line(vec![[frame.left, p], [frame.right, p]], 0.75, FAINT));
    }
    shapes
}

/// Frame, ticks and texts.
pub(crate) fn axes(frame: &Rect, x: &Span, y: &Span, ticks: &[Ticks; 2], labels: [&str; 2]) -> Vec<Shape> {
    let mut shapes = vec![outline(frame, GREY)];
    for (value, caption) in &ticks[0].major {
        let Some(p) = x.pixel(*value) else { continue };
        shapes.push(line(vec![[p, frame.bottom], [p, frame.bottom + TICK]], 1.0, GREY));
        shapes.push(text(caption, p, frame.bottom + TICK + 12.0, TICK_TEXT, Anchor::Middle, INK));
    }
    for (value, caption) in &ticks[1].major {
        let Some(p) = y.pixel(*value) else { continue };
        shapes.push(line(vec![[frame.left - TICK, p], [frame.left, p]], 1.0, GREY));
        shapes.push(text(caption, frame.left - TICK - 3.0, p + 4.0, TICK_TEXT, Anchor::End, INK));
    }
    for p in ticks[0].minor.iter().filter_map(|v| x.pixel(*v)) {
        shapes.push(line(vec![[p, frame.bottom], [p, frame.bottom + 2.0]], 0.75, GREY));
    }
    for p in ticks[1].minor.iter().filter_map(|v| y.pixel(*v)) {
        shapes.push(line(vec![[frame.left - 2.0, p], [frame.left, p]], 0.75, GREY));
    }
    let note = font::width(&ticks[0].note, TICK_TEXT);
    let baseline = frame.bottom + TICK + 30.0;
    if note > 0.0 {
        shapes.push(text(&ticks[0].note, frame.right, baseline, TICK_TEXT, Anchor::End, INK));
    }
    let room = frame.width() + 60.0 - if note > 0.0 { 2.0 * note + 80.0 } else { 0.0 };
    let middle = (frame.left + frame.right) / 2.0;
    let (label, size) = shrunk(labels[0], room);
    shapes.push(text(&label, middle, baseline, size, Anchor::Middle, INK));
    let left = frame.left - TICK - 3.0 - texts_width(&ticks[1]) - 8.0;
    shapes.push(rising(labels[1], left, frame));
    if !ticks[1].note.is_empty() {
        shapes.push(text(&ticks[1].note, frame.left, frame.top - 4.0, TICK_TEXT, Anchor::Start, INK));
    }
    shapes
}

/// A label that is too long is made smaller, down to 8.5 pixels, and then cut.
fn shrunk(label: &str, room: f64) -> (String, f64) {
    let label = font::clean(label);
    let size = (LABEL_TEXT * room / font::width(&label, LABEL_TEXT)).clamp(8.5, LABEL_TEXT);
    (font::fitted(&label, size, room + 1.0), size)
}

/// A label that reads upwards, its baseline at `x`, centred on the frame.
fn rising(label: &str, x: f64, frame: &Rect) -> Shape {
    let (text, size) = shrunk(label, frame.height() + 40.0);
    let at = [x, (frame.top + frame.bottom) / 2.0];
    Shape::Text { text, at, size, anchor: Anchor::Middle, rising: true, color: INK }
}

/// Gap and bar of a colour bar, without its texts.
const BAR: [f64; 2] = [10.0, 12.0];

fn bar_ticks(limits: [f64; 2], height: f64) -> (Span, Ticks) {
    let span = Span { scale: Scale::Linear, range: limits, start: 0.0, end: -height };
    let usable = limits[0] < limits[1] && limits.iter().all(|v| v.is_finite());
    (span, if usable { vertical_ticks(&span, height) } else { Ticks::default() })
}

/// Room that a colour bar needs on the right of a frame.
pub(crate) fn colour_bar_width(limits: [f64; 2], height: f64) -> f64 {
    BAR[0] + BAR[1] + TICK + 3.0 + texts_width(&bar_ticks(limits, height).1) + 20.0
}

/// Whether the texts of a colour bar share a factor, which needs room above it.
pub(crate) fn colour_bar_has_note(limits: [f64; 2], height: f64) -> bool {
    !bar_ticks(limits, height).1.note.is_empty()
}

/// The colour bar beside a frame.
pub(crate) fn colour_bar(frame: &Rect, limits: [f64; 2], label: &str) -> Vec<Shape> {
    let left = frame.right + BAR[0];
    let bar = Rect { left, right: left + BAR[1], ..*frame };
    let rows = 128;
    let rgb = (0..rows).rev().flat_map(|i| viridis((i as f64 + 0.5) / rows as f64)).collect();
    let extent = [bar.width(), bar.height()];
    let mut shapes = vec![
        Shape::Bitmap { corner: [bar.left, bar.top], extent, columns: 1, rows, rgb },
        outline(&bar, GREY),
    ];
    let (span, ticks) = bar_ticks(limits, frame.height());
    for (value, caption) in &ticks.major {
        let Some(p) = span.pixel(*value).map(|p| p + frame.bottom) else { continue };
        shapes.push(line(vec![[bar.right, p], [bar.right + TICK, p]], 1.0, GREY));
        shapes.push(text(caption, bar.right + TICK + 3.0, p + 4.0, TICK_TEXT, Anchor::Start, INK));
    }
    if !ticks.note.is_empty() {
        shapes.push(text(&ticks.note, bar.left, frame.top - 4.0, TICK_TEXT, Anchor::Start, INK));
    }
    shapes.push(rising(label, bar.right + TICK + 3.0 + texts_width(&ticks) + 14.0, frame));
    shapes
}
