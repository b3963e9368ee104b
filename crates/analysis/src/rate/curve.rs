//! Preparation of a curve: zeros, floor, envelope of an oscillation.

use dinlab_numeric::{max, maximum, min};

use crate::error::{check_columns, check_increasing, AnalysisError};
use crate::least_squares::regress;
use crate::oscillation::parabola_vertex;

/// Values below this are underflow: they have lost relative precision.
const UNDERFLOW: f64 = 1e-290;
/// Points kept for the fits; more are thinned evenly.
const LARGEST: usize = 500;
/// Logarithm of the dynamic range (10⁸) from which on the last values may be rounding.
const WIDE: f64 = 18.4;
/// Blocks used to find a floor.
const BLOCKS: usize = 40;

/// Positive values by their logarithm.
#[derive(Debug, Clone, Default)]
pub(crate) struct Curve {
    pub t: Vec<f64>,
    pub log: Vec<f64>,
    /// Signs of the original values.
    positive: Vec<bool>,
    /// Whether exact zeros follow the last value.
    dies: bool,
    /// Whether these are the maxima of an oscillation.
    pub enveloped: bool,
}

impl Curve {
    /// |y| without zeros and underflow.
    pub fn new(t: &[f64], y: &[f64]) -> Self {
        let mut curve = Self { dies: y.last() == Some(&0.0), ..Self::default() };
        // Underflow only ends a curve that was larger before; a tiny curve as a whole keeps its values.
        let largest = dinlab_numeric::norm_inf(y);
        for (&t, &y) in t.iter().zip(y) {
            if y == 0.0 || (y.abs() < UNDERFLOW && largest > UNDERFLOW) {
                continue;
            }
            curve.push(t, y.abs().ln(), y > 0.0);
        }
        curve
    }

    pub fn len(&self) -> usize {
        self.t.len()
    }

    fn push(&mut self, t: f64, log: f64, positive: bool) {
        self.t.push(t);
        self.log.push(log);
        self.positive.push(positive);
    }

    fn prefix(&self, length: usize) -> Self {
        Self {
            t: self.t[..length].to_vec(),
            log: self.log[..length].to_vec(),
            positive: self.positive[..length].to_vec(),
            dies: false,
            enveloped: self.enveloped,
        }
    }

    /// Sign changes of the original values.
    pub fn crossings(&self) -> usize {
        self.positive.windows(2).filter(|pair| pair[0] != pair[1]).count()
    }

    /// Strict local maxima as (index, smooth), smooth if the two samples on either side fall away monotonically.
    fn maxima(&self) -> Vec<(usize, bool)> {
        let l = &self.log;
        let n = l.len();
        let smooth = |i: usize| i >= 2 && i + 2 < n && l[i - 2] < l[i - 1] && l[i + 2] < l[i + 1];
        let peak = |i: &usize| l[*i] > l[*i - 1] && l[*i] >= l[*i + 1];
        (1..n.saturating_sub(1)).filter(peak).map(|i| (i, smooth(i))).collect()
    }

    fn at_maxima(&self, maxima: &[(usize, bool)]) -> Self {
        let mut curve = Self { enveloped: true, ..Self::default() };
        for &(i, smooth) in maxima {
            let vertex = parabola_vertex(&self.t[i - 1..=i + 1], &self.log[i - 1..=i + 1]);
            let [t, log] = if smooth { vertex } else { [self.t[i], self.log[i]] };
            curve.push(t, log, true);
        }
        curve
    }

    /// Whether the curve oscillates: at least half of its local maxima are smooth (noise: one in seven) or it changes
    /// sign again and again, and there are maxima enough for an envelope.
    fn oscillates(&self, maxima: &[(usize, bool)]) -> bool {
        let smooth = maxima.iter().filter(|m| m.1).count();
        let needed = if self.crossings() >= 2 { 3 } else { 4 };
        maxima.len() >= needed && (2 * smooth >= maxima.len() || self.crossings() >= 3)
    }

    /// The curve of successive maxima if the curve oscillates, itself otherwise.
    pub fn without_oscillation(self) -> Self {
        let maxima = self.maxima();
        if self.oscillates(&maxima) {
            self.at_maxima(&maxima)
        } else {
            self
        }
    }

    /// At most [`LARGEST`] points, evenly thinned, both ends kept.
    pub fn thinned(self) -> Self {
        let n = self.len();
        if n <= LARGEST {
            return self;
        }
        let mut curve = Self { enveloped: self.enveloped, ..Self::default() };
        for k in 0..LARGEST {
            let i = k * (n - 1) / (LARGEST - 1);
            curve.push(self.t[i], self.log[i], self.positive[i]);
        }
        curve
    }

    /// The parts to fit, with the level of the floor; the fit decides which is the cleanest law. Without a floor:
    /// the whole curve, and where zeros follow or the range is wide also the part well above the smallest values, which
    /// rounding may have spoilt. With a floor: the part well above it, as it is and with the floor subtracted.
    pub fn above_floor(&self) -> Vec<(Self, f64)> {
        let Some(floor) = self.floor() else {
            let mut parts = vec![(self.clone(), 0.0)];
            let smallest = dinlab_numeric::minimum(&self.log);
            let wide = self.dies || maximum(&self.log) - smallest > WIDE;
            if wide && !self.oscillates(&self.maxima()) {
                for margin in [1e2_f64, 1e4] {
                    parts.push((self.above(smallest + margin.ln()), 0.0));
                }
            }
            return parts;
        };
        // The cube root of the dynamic range, at most 1000 times the floor.
        let margin = min((maximum(&self.log) - floor) / 3.0, 1000_f64.ln());
        let above = self.above(floor + margin);
        let mut subtracted = Self::default();
        for i in 0..above.len() {
            // Dips below the floor have no logarithm after subtraction.
            let log = above.log[i] + (-(floor - above.log[i]).exp()).ln_1p();
            if log.is_finite() {
                subtracted.push(above.t[i], log, above.positive[i]);
            }
        }
        vec![(above, floor.exp()), (subtracted, floor.exp())]
    }

    /// The curve from where it has fallen to 1/e of its maximum for good; itself where that leaves too little.
    pub fn falling(&self) -> Self {
        let top = maximum(&self.log) - 1.0;
        let first = self.log.iter().rposition(|&l| l > top).unwrap_or(0);
        if first + 16 > self.len() {
            return self.clone();
        }
        Self {
            t: self.t[first..].to_vec(),
            log: self.log[first..].to_vec(),
            positive: self.positive[first..].to_vec(),
            dies: self.dies,
            enveloped: self.enveloped,
        }
    }

    /// Everything up to the last point above a level; dips of an oscillation stay in.
    fn above(&self, level: f64) -> Self {
        self.prefix(self.log.iter().rposition(|&l| l > level).map_or(0, |i| i + 1))
    }

    /// Logarithm of the level of a flat end, if there is one: the longest end of the block maxima whose exponent
    /// −d log y/d log t is, with its interval, below a fifth of the largest one before it. Along a power law the
    /// exponent tends to a constant and along an exponential it grows, so neither is taken for a floor.
    fn floor(&self) -> Option<f64> {
        let blocks = self.upper_side().block_maxima();
        let n = blocks.len();
        if n < 6 {
            return None;
        }
        let start = self.t[0];
        for first in 1..=n - 3 {
            let (t, log) = (&blocks.t[first..], &blocks.log[first..]);
            let Ok(line) = regress(t, log) else { continue };
            let middle = 0.5 * (t[0] + t[t.len() - 1]) - start;
            // A few blocks look flat by chance more easily.
            let caution = if log.len() < 6 { 3.0 } else { 1.0 };
            let exponent_at_most = (-line.slope + caution * (line.slope - line.low)) * middle;
            let before = blocks.largest_exponent(first, start);
            let level = median(log);
            let drop = maximum(&blocks.log[..first]) - level;
            if drop > 1.0 && exponent_at_most < 0.2 * before && -line.slope * middle < 0.2 * before {
                return Some(self.level_of_end(t[0]));
            }
        }
        None
    }

    /// For an oscillation its maxima, preceded by what is larger than the first of them; else the curve itself.
    fn upper_side(&self) -> Self {
        let maxima = self.maxima();
        if !self.oscillates(&maxima) {
            return self.clone();
        }
        let top = self.at_maxima(&maxima);
        let mut side = Self::default();
        for i in 0..maxima[0].0 {
            if self.log[i] > top.log[0] {
                side.push(self.t[i], self.log[i], true);
            }
        }
        for i in 0..top.len() {
            if side.t.last().is_none_or(|&last| top.t[i] > last) {
                side.push(top.t[i], top.log[i], true);
            }
        }
        side
    }

    /// Level of the floor: the block maxima locate it, its level is the median of all samples in its last third
    /// (its beginning still contains what decays).
    fn level_of_end(&self, from: f64) -> f64 {
        let from = from + (self.t[self.len() - 1] - from) * 2.0 / 3.0;
        let end: Vec<f64> = (0..self.len()).filter(|&i| self.t[i] >= from).map(|i| self.log[i]).collect();
        median(&end)
    }

    /// Largest exponent over octaves of t − start up to a block. The drop from the first block to the second has no
    /// octave (its start is at 0); it counts, but so little that a power law's start cannot condemn its end.
    fn largest_exponent(&self, until: usize, start: f64) -> f64 {
        let octave = |i: usize| {
            let time = self.t[i] - start;
            let j = (i + 1..=until).find(|&j| self.t[j] - start >= 1.9 * time)?;
            Some((self.log[i] - self.log[j]) / ((self.t[j] - start) / time).ln())
        };
        let first = min(0.5 * (self.log[0] - self.log[1]), 1.5);
        (1..until).filter(|&i| self.t[i] > start).filter_map(octave).fold(max(first, 0.0), max)
    }

    fn block_maxima(&self) -> Self {
        let n = self.len();
        let count = BLOCKS.min(n);
        let mut curve = Self::default();
        for k in 0..count {
            let range = k * n / count..(k + 1) * n / count;
            let best = range.fold(None, |b: Option<usize>, i| match b {
                Some(j) if self.log[j] >= self.log[i] => Some(j),
                _ => Some(i),
            });
            if let Some(i) = best {
                curve.push(self.t[i], self.log[i], self.positive[i]);
            }
        }
        curve
    }
}

fn median(x: &[f64]) -> f64 {
    let mut sorted = x.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    if n == 0 {
        f64::NAN
    } else {
        0.5 * (sorted[(n - 1) / 2] + sorted[n / 2])
    }
}

/// Successive maxima of |y| as [t, maximum], interpolated by a parabola through log|y|. Empty for a monotone curve.
pub fn envelope(t: &[f64], y: &[f64]) -> Result<Vec<[f64; 2]>, AnalysisError> {
    check_columns(("t", t), ("y", y), 3)?;
    check_increasing("t", t)?;
    let curve = Curve::new(t, y);
    let top = curve.at_maxima(&curve.maxima());
    Ok(top.t.iter().zip(&top.log).map(|(&t, l)| [t, l.exp()]).collect())
}
