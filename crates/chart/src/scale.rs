//! From data to pixels: ranges found in the data, and the map of one axis.

use dinlab_record::figure::{Axis, Scale};

use crate::ticks::{self, Ticks};

/// Coordinate in which the axis is uniform: the value, or its decimal logarithm.
fn uniform(scale: Scale, value: f64) -> f64 {
    match scale {
        Scale::Linear => value,
        Scale::Log => value.log10(),
    }
}

/// The smallest positive double.
const SMALLEST: f64 = f64::from_bits(1);

fn back(scale: Scale, coordinate: f64) -> f64 {
    match scale {
        Scale::Linear => coordinate,
        // Ends of the range of doubles: 10^x may leave it by a rounding error.
        Scale::Log => 10f64.powf(coordinate).clamp(SMALLEST, f64::MAX),
    }
}

/// Smallest interval that holds the data of one axis.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    scale: Scale,
    fixed: Option<[f64; 2]>,
    /// Data that want a margin.
    soft: Option<[f64; 2]>,
    /// Edges of grids and bars, which end exactly there.
    hard: Option<[f64; 2]>,
}

fn widen(interval: &mut Option<[f64; 2]>, value: f64) {
    let [low, high] = interval.unwrap_or([value, value]);
    *interval = Some([if value < low { value } else { low }, if value > high { value } else { high }]);
}

impl Reach {
    pub(crate) fn new(axis: &Axis) -> Self {
        let half = |v: f64| uniform(axis.scale, v) / 2.0;
        let usable = |r: &[f64; 2]| r.iter().all(|v| drawable(axis.scale, *v)) && half(r[0]) != half(r[1]);
        let fixed = axis.range.filter(usable).map(|[a, b]| if a < b { [a, b] } else { [b, a] });
        Self { scale: axis.scale, fixed, soft: None, hard: None }
    }

    /// Whether the axis can show the value at all and a fixed range does not exclude it.
    pub(crate) fn admits(&self, value: f64) -> bool {
        drawable(self.scale, value) && self.fixed.is_none_or(|[low, high]| value >= low && value <= high)
    }

    pub(crate) fn add(&mut self, value: f64) {
        if drawable(self.scale, value) {
            widen(&mut self.soft, value);
        }
    }

    pub(crate) fn add_edge(&mut self, value: f64) {
        if drawable(self.scale, value) {
            widen(&mut self.hard, value);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.soft.is_none() && self.hard.is_none()
    }

    /// Range of an axis without data.
    fn nothing(&self) -> [f64; 2] {
        match self.scale {
            Scale::Linear => [0.0, 1.0],
            Scale::Log => [0.1, 10.0],
        }
    }

    /// The range to draw: as fixed, or the data with 4 % on the sides that do not end at a grid; never of width zero.
    pub(crate) fn range(&self) -> [f64; 2] {
        if let Some(range) = self.fixed {
            return range;
        }
        let whole = [self.soft, self.hard].into_iter().flatten().flatten().fold(None, |mut all, value| {
            widen(&mut all, value);
            all
        });
        let Some([low, high]) = whole else {
            return self.nothing();
        };
        let (a, b) = (uniform(self.scale, low), uniform(self.scale, high));
        let margin = match self.scale {
            _ if b / 2.0 - a / 2.0
                > f64::MIN_POSITIVE + 32.0 * f64::EPSILON * (a.abs() / 2.0 + b.abs() / 2.0) =>
            {
                (b / 2.0 - a / 2.0) * 0.08
            }
            Scale::Log => 0.5,
            // Constant up to rounding: a range that is wider than the rounding, and 1 around zero.
            Scale::Linear if a == 0.0 => 1.0,
            Scale::Linear if a == b => a.abs() * 0.05,
            Scale::Linear => 64.0 * f64::EPSILON * (a.abs() / 2.0 + b.abs() / 2.0),
        };
        let hard = self.hard.unwrap_or([f64::INFINITY, f64::NEG_INFINITY]);
        let wide = high > low;
        let low = if wide && hard[0] <= low { low } else { back(self.scale, a - margin) };
        let high = if wide && hard[1] >= high { high } else { back(self.scale, b + margin) };
        let [low, high] = [low.clamp(-f64::MAX, f64::MAX), high.clamp(-f64::MAX, f64::MAX)];
        if low < high {
            [low, high]
        } else {
            self.nothing()
        }
    }
}

/// Whether an axis of this scale has a place for the value.
pub(crate) fn drawable(scale: Scale, value: f64) -> bool {
    value.is_finite() && (scale == Scale::Linear || value > 0.0)
}

/// What the layers of one panel ask of its axes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    pub x: Reach,
    pub y: Reach,
}

impl Extent {
    /// A data point; it counts only if both of its coordinates can be shown.
    pub(crate) fn add(&mut self, x: f64, y: f64) {
        if self.x.admits(x) && self.y.admits(y) {
            self.x.add(x);
            self.y.add(y);
        }
    }
}

/// Affine map between one axis and the pixels from `start` to `end`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub scale: Scale,
    pub range: [f64; 2],
    pub start: f64,
    pub end: f64,
}

impl Span {
    /// Pixel of a value; `None` where the axis has no place for it. Far outside the frame the position is bounded,
    /// which no visible line can notice.
    pub(crate) fn pixel(&self, value: f64) -> Option<f64> {
        let [low, high] = self.range.map(|v| uniform(self.scale, v) / 2.0);
        let t = (uniform(self.scale, value) / 2.0 - low) / (high - low);
        let pixel = self.start + t.clamp(-1e5, 1e5) * (self.end - self.start);
        (drawable(self.scale, value) && pixel.is_finite()).then_some(pixel)
    }

    /// Width in the uniform coordinate.
    pub(crate) fn width(&self) -> f64 {
        uniform(self.scale, self.range[1]) - uniform(self.scale, self.range[0])
    }

    /// The same axis with its width in the uniform coordinate multiplied by `factor` around its middle.
    pub(crate) fn stretched(mut self, factor: f64) -> Self {
        let [a, b] = self.range.map(|v| uniform(self.scale, v));
        let (middle, half) = (a / 2.0 + b / 2.0, (b / 2.0 - a / 2.0) * factor);
        let range = [middle - half, middle + half].map(|c| back(self.scale, c));
        if range.iter().all(|v| drawable(self.scale, *v)) && range[0] < range[1] {
            self.range = range;
        }
        self
    }

    /// Ticks with at most about `count` texts.
    pub(crate) fn ticks(&self, count: usize) -> Ticks {
        let [low, high] = self.range;
        match self.scale {
            Scale::Linear => ticks::linear(low, high, count),
            Scale::Log => ticks::log(low, high, count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(axis: Axis, values: &[f64]) -> [f64; 2] {
        let mut reach = Reach::new(&axis);
        values.iter().for_each(|v| reach.add(*v));
        reach.range()
    }

    #[test]
    fn ranges_are_never_empty_and_never_infinite() {
        for values in [
            &[][..],
            &[0.0],
            &[3.0],
            &[1.0, 1.0 + f64::EPSILON],
            &[-1.7e308, 1.7e308],
            &[f64::NAN],
            &[5e-324],
        ] {
            for axis in [
                Axis::linear("x"),
                Axis::log("x"),
                Axis::linear("x").range(2.0, 2.0),
                Axis::log("x").range(0.0, 1.0),
            ] {
                let [low, high] = range(axis, values);
                assert!(low < high && low.is_finite() && high.is_finite(), "{values:?}: {low} {high}");
            }
        }
    }

    #[test]
    fn a_log_axis_ignores_what_it_cannot_show_and_never_shifts_it() {
        let [low, high] = range(Axis::log("x"), &[-1.0, 0.0, 1e-4, 1.0]);
        assert!(low < 1e-4 && low > 1e-5 && high > 1.0 && high < 10.0);
    }

    #[test]
    fn pixels_and_values_are_inverse() {
        let span = Span { scale: Scale::Log, range: [1e-6, 1e2], start: 10.0, end: 410.0 };
        assert!((span.pixel(1e-2).unwrap() - 210.0).abs() < 1e-9);
        assert_eq!(span.pixel(0.0), None);
        let wide = Span { scale: Scale::Linear, range: [-1.7e308, 1.7e308], start: 0.0, end: 1.0 };
        assert_eq!(wide.pixel(0.0), Some(0.5));
    }
}
