//! The sheet: panels in a grid, title above, caption below.

use dinlab_record::figure::Figure;

use crate::font;
use crate::layer::{self, Key};
use crate::legend;
use crate::paint;
use crate::palette::{Rgb, GREY, INK, WHITE};
use crate::panel;
use crate::shape::{Anchor, Rect, Shape};
use crate::ChartError;

const MOST_PANELS: usize = 48;
const MARGIN: f64 = 10.0;
const TITLE: Words = Words { size: 17.0, line: 22.0, most: 3, color: INK };
const CAPTION: Words = Words { size: 11.0, line: 15.0, most: 6, color: GREY };

/// Form of a block of text.
struct Words {
    size: f64,
    line: f64,
    most: usize,
    color: Rgb,
}

/// Width and height of a panel's room, by number of columns.
fn room(columns: usize) -> [f64; 2] {
    match columns {
        1 => [720.0, 440.0],
        2 => [500.0, 420.0],
        _ => [440.0, 390.0],
    }
}

/// Display list and nominal size of a figure.
pub(crate) fn sheet(figure: &Figure) -> Result<(Vec<Shape>, [f64; 2]), ChartError> {
    let found = figure.panels.len();
    if found == 0 {
        return Err(ChartError::NoPanels { id: figure.id.clone() });
    }
    if found > MOST_PANELS {
        return Err(ChartError::TooManyPanels { id: figure.id.clone(), found, limit: MOST_PANELS });
    }
    for layer in figure.panels.iter().flat_map(|panel| &panel.layers) {
        (layer::kind(layer).check)(layer)?;
    }
    font::register()?;
    let columns = figure.columns.clamp(1, found);
    let [panel_width, panel_height] = room(columns);
    let width = panel_width * columns as f64 + 2.0 * MARGIN;
    let lines = |text: &str, form: &Words| {
        font::wrapped(&font::clean(text), form.size, width - 4.0 * MARGIN, form.most)
    };
    let (title, caption) = (lines(&figure.title, &TITLE), lines(&figure.caption, &CAPTION));
    let top = MARGIN + if title.is_empty() { 0.0 } else { TITLE.line * title.len() as f64 + 4.0 };
    let bottom = top + panel_height * found.div_ceil(columns) as f64;
    let (keys, shared) = legends(figure);
    let (legend, legend_height) = legend::below(&shared, width - 4.0 * MARGIN);
    let below = bottom + if shared.is_empty() { 0.0 } else { legend_height + 8.0 };
    let height =
        below + MARGIN + if caption.is_empty() { 0.0 } else { CAPTION.line * caption.len() as f64 + 4.0 };

    let paper = Rect { left: 0.0, top: 0.0, right: width, bottom: height };
    let mut shapes = vec![Shape::Fill { points: paper.corners(), color: WHITE, alpha: 1.0 }];
    shapes.extend(block(&title, &TITLE, width / 2.0, MARGIN + 17.0, Anchor::Middle));
    for (i, panel) in figure.panels.iter().enumerate() {
        let left = MARGIN + panel_width * (i % columns) as f64;
        let top = top + panel_height * (i / columns) as f64;
        let room = Rect { left, top, right: left + panel_width, bottom: top + panel_height };
        shapes.extend(panel::draw(panel, &room, &keys[i]));
    }
    shapes.extend(legend::moved(legend, 2.0 * MARGIN, bottom + 2.0));
    shapes.extend(block(&caption, &CAPTION, 2.0 * MARGIN, below + 14.0, Anchor::Start));
    Ok((shapes, [width, height]))
}

/// Entries of the legend of each panel, and of one legend for all: where every panel has the same long legend, it stands
/// once, below the last row.
fn legends(figure: &Figure) -> (Vec<Vec<Key>>, Vec<Key>) {
    let keys: Vec<Vec<Key>> = figure.panels.iter().map(legend::keys).collect();
    let same = keys.len() > 1 && keys.iter().all(|k| *k == keys[0]);
    if same && keys[0].len() > legend::MOST_INSIDE {
        let shared = keys[0].clone();
        return (vec![Vec::new(); keys.len()], shared);
    }
    (keys, Vec::new())
}

fn block(lines: &[String], form: &Words, x: f64, y: f64, anchor: Anchor) -> Vec<Shape> {
    let text = |(i, words): (usize, &String)| Shape::Text {
        text: words.clone(),
        at: [x, y + form.line * i as f64],
        size: form.size,
        anchor,
        rising: false,
        color: form.color,
    };
    lines.iter().enumerate().map(text).collect()
}

/// The figure as an SVG document with its font embedded; about 1000 × 420 pixels a row of two panels.
///
/// # Errors
/// [`ChartError`] where the figure has no or too many panels, or lists of a layer do not fit together.
pub fn svg(figure: &Figure) -> Result<String, ChartError> {
    let (shapes, size) = sheet(figure)?;
    let title = if figure.title.is_empty() { &figure.id } else { &figure.title };
    paint::svg(&shapes, size, &font::clean(title))
}

/// The figure as a PNG file, at twice the nominal size of [`svg`].
///
/// # Errors
/// As [`svg`].
pub fn png(figure: &Figure) -> Result<Vec<u8>, ChartError> {
    let (shapes, size) = sheet(figure)?;
    paint::png(&shapes, size)
}
