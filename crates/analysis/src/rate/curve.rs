//! Preparation of a curve: zeros, floor, envelope of an oscillation.

use dinlab_numeric::{max, maximum, min};

use crate::error::{check_columns, check_increasing, AnalysisError};
use crate::least_squares::regress;
use crate::oscillation::parabola_vertex;

/// Values below this are underflow: they have lost relative precision.
const UNDERFLOW: f64 = 1e-290;
/// Points kept for the fits; more are thinned evenly.
const LARGEST: usize = 1000;
/// Blocks used to find a floor.
const BLOCKS: usize = 40;

/// Positive values by their logarithm.
#[derive(Debug, Clone, Default)]
pub(crate) struct Curve {
    pub t: Vec<f64>,
    pub log: Vec<f64>,
    /// Sign changes of the original values.
    crossings: usize,
}

impl Curve {
    /// |y| without zeros and underflow.
    pub fn new(t: &[f64], y: &[f64]) -> Self {
        let mut curve = Self::default();
        let mut sign = 0.0;
        // Underflow only ends a curve that was larger before; a tiny curve as a whole keeps its values.
        let largest = dinlab_numeric::norm_inf(y);
        for (&t, &y) in t.iter().zip(y) {
            if y == 0.0 || (y.abs() < UNDERFLOW && largest > UNDERFLOW) {
                continue;
            }
            if y.signum() * sign < 0.0 {
                curve.crossings += 1;
            }
            sign = y.signum();
            curve.push(t, y.abs().ln());
        }
        curve
    }

    pub fn len(&self) -> usize {
        self.t.len()
    }

    fn push(&mut self, t: f64, log: f64) {
        self.t.push(t);
        self.log.push(log);
    }

    fn prefix(&self, length: usize) -> Self {
        Self { t: self.t[..length].to_vec(), log: self.log[..length].to_vec(), crossings: self.crossings }
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
        let mut curve = Self::default();
        for &(i, smooth) in maxima {
            let vertex = parabola_vertex(&self.t[i - 1..=i + 1], &self.log[i - 1..=i + 1]);
            let [t, log] = if smooth { vertex } else { [self.t[i], self.log[i]] };
            curve.push(t, log);
        }
        curve
    }

    /// The curve of successive maxima if the curve oscillates, itself otherwise. It oscillates if at least half of
    /// its local maxima are smooth (noise: one in seven) or if it changes sign, and there are enough of them.
    pub fn without_oscillation(self) -> (Self, bool) {
        let maxima = self.maxima();
        let smooth = maxima.iter().filter(|m| m.1).count();
        let oscillates = 2 * smooth >= maxima.len() || self.crossings >= 3;
        if maxima.len() < 4 || !oscillates {
            return (self, false);
        }
        (self.at_maxima(&maxima), true)
    }

    /// At most [`LARGEST`] points, evenly thinned, both ends kept.
    pub fn thinned(self) -> Self {
        let n = self.len();
        if n <= LARGEST {
            return self;
        }
        let mut curve = Self { crossings: self.crossings, ..Self::default() };
        for k in 0..LARGEST {
            let i = k * (n - 1) / (LARGEST - 1);
            curve.push(self.t[i], self.log[i]);
        }
        curve
    }

    /// The parts to fit, with the level of the floor: the whole curve where there is no floor, else the part well
    /// above it, as it is and with the floor subtracted (the fit decides which of the two is a cleaner law).
    pub fn above_floor(&self) -> Vec<(Self, f64)> {
        let Some(floor) = self.floor() else { return vec![(self.clone(), 0.0)] };
        let headroom = maximum(&self.log) - floor;
        // The cube root of the dynamic range, between 3 and 1000 times the floor.
        let margin = min(max(headroom / 3.0, 3_f64.ln()), 1000_f64.ln());
        // Last point above the margin: dips of an oscillation stay in.
        let end = self.log.iter().rposition(|&l| l > floor + margin).map_or(0, |i| i + 1);
        let above = self.prefix(end);
        let mut subtracted = above.clone();
        subtracted.log.iter_mut().for_each(|l| *l += (-(floor - *l).exp()).ln_1p());
        let keep = |i: &usize| subtracted.log[*i].is_finite();
        let kept: Vec<usize> = (0..end).filter(keep).collect();
        let subtracted = Self {
            t: kept.iter().map(|&i| subtracted.t[i]).collect(),
            log: kept.iter().map(|&i| subtracted.log[i]).collect(),
            crossings: self.crossings,
        };
        vec![(above, floor.exp()), (subtracted, floor.exp())]
    }

    /// Logarithm of the level of a flat end, if there is one: the longest end of the block maxima whose exponent
    /// −d log y/d log t is, with its interval, below a fifth of the largest one before it. Along a power law the
    /// exponent tends to a constant and along an exponential it grows, so neither is taken for a floor.
    fn floor(&self) -> Option<f64> {
        let maxima = self.maxima();
        let source = if maxima.len() >= 10 { self.at_maxima(&maxima) } else { self.clone() };
        let blocks = source.block_maxima();
        let n = blocks.len();
        if n < 6 {
            return None;
        }
        let start = self.t[0];
        for first in 1..=n - 3 {
            let (t, log) = (&blocks.t[first..], &blocks.log[first..]);
            let Ok(line) = regress(t, log) else { continue };
            let middle = 0.5 * (t[0] + t[t.len() - 1]) - start;
            let exponent_at_most = -line.low * middle;
            let before = blocks.largest_exponent(first, start);
            let level = median(log);
            let drop = maximum(&blocks.log[..first]) - level;
            if drop > 1.0 && exponent_at_most < 0.2 * before && -line.slope * middle < 0.2 * before {
                return Some(self.level_of_end(t[0]));
            }
        }
        None
    }

    /// Median of log y from a time on: the block maxima locate the floor, its level is that of all samples.
    fn level_of_end(&self, from: f64) -> f64 {
        let end: Vec<f64> = (0..self.len()).filter(|&i| self.t[i] >= from).map(|i| self.log[i]).collect();
        median(&end)
    }

    fn largest_exponent(&self, until: usize, start: f64) -> f64 {
        let exponent = |i: usize| {
            let rate = (self.log[i - 1] - self.log[i]) / (self.t[i] - self.t[i - 1]);
            rate * (0.5 * (self.t[i] + self.t[i - 1]) - start)
        };
        (1..=until).map(exponent).fold(0.0, max)
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
                curve.push(self.t[i], self.log[i]);
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
