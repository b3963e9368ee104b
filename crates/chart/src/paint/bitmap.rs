//! PNG: drawn on a finer grid and averaged, which smooths every edge.

use plotters::backend::{BitMapBackend, DrawingBackend};

use super::{dashes, device, done, style, text, Type};
use crate::font;
use crate::palette::Rgb;
use crate::shape::{Pixel, Shape};
use crate::ChartError;

/// Pixels of the file per nominal pixel.
const SHARP: usize = 2;
/// Samples per pixel of the file and side; large figures take fewer.
const SAMPLES: [usize; 2] = [3, 2];
/// Nominal pixels above which the smaller number is taken.
const LARGE: f64 = 1.5e6;

const NAME: &str = "png";

/// plotters' rasteriser counts a whole line as the size and puts the baseline half of it below the upper end.
const TYPE: Type = Type { name: NAME, size: font::LINE_PER_EM, drop: font::LINE_PER_EM / 2.0 };

/// The display list as a PNG file of twice the nominal size.
pub(crate) fn png(shapes: &[Shape], size: [f64; 2]) -> Result<Vec<u8>, ChartError> {
    font::register()?;
    let samples = SAMPLES[usize::from(size[0] * size[1] > LARGE)];
    let scale = (SHARP * samples) as f64;
    let [columns, rows] = size.map(|s| (s * SHARP as f64).round() as usize);
    let (width, height) = (columns * samples, rows * samples);
    let mut buffer = vec![255u8; 3 * width * height];
    let mut backend = BitMapBackend::with_buffer(&mut buffer, (width as u32, height as u32));
    for shape in shapes {
        draw(&mut backend, shape, scale)?;
    }
    done(NAME, backend.present())?;
    drop(backend);
    encode(&averaged(&buffer, columns, rows, samples), columns, rows)
}

/// Mean of every block of `samples` × `samples` pixels.
fn averaged(buffer: &[u8], columns: usize, rows: usize, samples: usize) -> Vec<u8> {
    let stride = 3 * columns * samples;
    let count = (samples * samples) as u32;
    let mut out = Vec::with_capacity(3 * columns * rows);
    let mut sums = vec![0u32; 3 * columns];
    for r in 0..rows {
        sums.fill(0);
        for line in buffer[r * samples * stride..(r + 1) * samples * stride].chunks_exact(stride) {
            for (sum, block) in sums.chunks_exact_mut(3).zip(line.chunks_exact(3 * samples)) {
                for pixel in block.chunks_exact(3) {
                    for c in 0..3 {
                        sum[c] += u32::from(pixel[c]);
                    }
                }
            }
        }
        out.extend(sums.iter().map(|s| ((s + count / 2) / count) as u8));
    }
    out
}

/// RGB rows as a PNG file.
pub(super) fn encode(rgb: &[u8], columns: usize, rows: usize) -> Result<Vec<u8>, ChartError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, columns as u32, rows as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Best);
    encoder.set_filter(png::FilterType::Up);
    let mut writer = done(NAME, encoder.write_header())?;
    done(NAME, writer.write_image_data(rgb))?;
    done(NAME, writer.finish())?;
    Ok(file)
}

fn draw(backend: &mut BitMapBackend, shape: &Shape, scale: f64) -> Result<(), ChartError> {
    let scaled = |points: &[Pixel]| -> Vec<Pixel> { points.iter().map(|p| p.map(|c| c * scale)).collect() };
    match shape {
        Shape::Path { points, width, color, pattern } => {
            for piece in dashes(points, *pattern) {
                stroke(backend, &scaled(&piece), width * scale, *color)?;
            }
            Ok(())
        }
        Shape::Fill { points, color, alpha } => fill(backend, &scaled(points), *color, *alpha),
        Shape::Disc { center, radius, color } => {
            let at = device(&[*center], scale)[0];
            done(
                NAME,
                backend.draw_circle(at, (radius * scale).round() as u32, &style(*color, 1.0, 1.0), true),
            )
        }
        Shape::Text { .. } => text(backend, &TYPE, shape, scale),
        Shape::Bitmap { corner, extent, columns, rows, rgb } => {
            let corners = device(&[*corner, [corner[0] + extent[0], corner[1] + extent[1]]], scale);
            let [(x0, y0), (x1, y1)] = corners[..] else { return Ok(()) };
            let (width, height) = ((x1 - x0).max(0) as usize, (y1 - y0).max(0) as usize);
            let mut pixels = Vec::with_capacity(3 * width * height);
            for r in 0..height {
                let row = r * rows / height;
                for c in 0..width {
                    let cell = 3 * (row * columns + c * columns / width);
                    pixels.extend_from_slice(&rgb[cell..cell + 3]);
                }
            }
            done(NAME, backend.blit_bitmap((x0, y0), (width as u32, height as u32), &pixels))
        }
    }
}

/// Strokes a polyline segment by segment with round joins: plotters' own outline of a whole line fills wrongly where the
/// line crosses itself.
fn stroke(backend: &mut BitMapBackend, points: &[Pixel], width: f64, color: Rgb) -> Result<(), ChartError> {
    let half = width / 2.0;
    for w in points.windows(2) {
        let (dx, dy) = (w[1][0] - w[0][0], w[1][1] - w[0][1]);
        let norm = dx.hypot(dy);
        if norm > 0.0 {
            let (nx, ny) = (-dy / norm * half, dx / norm * half);
            let quad = [
                [w[0][0] + nx, w[0][1] + ny],
                [w[1][0] + nx, w[1][1] + ny],
                [w[1][0] - nx, w[1][1] - ny],
                [w[0][0] - nx, w[0][1] - ny],
            ];
            fill(backend, &quad, color, 1.0)?;
        }
    }
    if points.len() > 2 {
        for p in &points[1..points.len() - 1] {
            fill(backend, &disc(*p, half), color, 1.0)?;
        }
    }
    Ok(())
}

fn disc(center: Pixel, radius: f64) -> Vec<Pixel> {
    let corner = |i: u32| f64::from(i) * std::f64::consts::TAU / 12.0;
    (0..12).map(|i| [center[0] + radius * corner(i).cos(), center[1] + radius * corner(i).sin()]).collect()
}

/// Fills a polygon line by line (even-odd rule).
fn fill(backend: &mut BitMapBackend, points: &[Pixel], color: Rgb, alpha: f64) -> Result<(), ChartError> {
    let style = style(color, alpha, 1.0);
    let (mut top, mut bottom) = (f64::INFINITY, f64::NEG_INFINITY);
    for p in points {
        top = if p[1] < top { p[1] } else { top };
        bottom = if p[1] > bottom { p[1] } else { bottom };
    }
    let height = f64::from(backend.get_size().1);
    let (first, last) =
        ((top - 0.5).ceil().clamp(0.0, height) as usize, (bottom - 0.5).ceil().clamp(0.0, height) as usize);
    let mut crossings: Vec<Vec<f64>> = vec![Vec::new(); last.saturating_sub(first)];
    for i in 0..points.len() {
        let (a, b) = (points[i], points[(i + 1) % points.len()]);
        let (a, b) = if a[1] < b[1] { (a, b) } else { (b, a) };
        let from = ((a[1] - 0.5).ceil().clamp(0.0, height) as usize).max(first);
        let to = ((b[1] - 0.5).ceil().clamp(0.0, height) as usize).min(last);
        for row in from..to {
            let t = (row as f64 + 0.5 - a[1]) / (b[1] - a[1]);
            crossings[row - first].push(a[0] + t * (b[0] - a[0]));
        }
    }
    for (offset, mut xs) in crossings.into_iter().enumerate() {
        xs.sort_by(f64::total_cmp);
        let row = (first + offset) as i32;
        for pair in xs.chunks_exact(2) {
            let (from, to) = ((pair[0] - 0.5).ceil() as i32, (pair[1] - 0.5).ceil() as i32 - 1);
            if to >= from {
                done(NAME, backend.draw_line((from, row), (to, row), &style))?;
            }
        }
    }
    Ok(())
}
