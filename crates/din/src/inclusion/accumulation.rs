//! Recognises events that accumulate: intervals that shrink geometrically, so that infinitely many of them fit into a
//! finite time. Intervals that shrink like 1/n (heavy ball on |θ|: tₙ ~ (3/α) log n) do not accumulate and are not
//! reported; those that shrink like a higher power of 1/n are, once they are below the resolution of time.

use dinlab_numeric::{max, maximum};

/// Each quarter of the window must have shrunk to this fraction of the quarter before: over a window of length L an
/// interval ~ n^(−p) shrinks from one quarter to the next by (3/4)^p at its end, which is above this for p < 8.
const FRACTION: f64 = 0.1;
const SHORTEST: usize = 16;

/// Times of events so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Intervals {
    last: Option<f64>,
    intervals: Vec<f64>,
}

impl Intervals {
    /// Notes an event; true if the events accumulate.
    pub(super) fn note(&mut self, t: f64) -> bool {
        if let Some(last) = self.last {
            self.intervals.push(t - last);
        }
        self.last = Some(t);
        // Intervals below the resolution of time: nothing can be located any more.
        let resolution = 32.0 * f64::EPSILON * max(t.abs(), f64::MIN_POSITIVE);
        let count = self.intervals.len();
        if count >= SHORTEST && maximum(&self.intervals[count - SHORTEST..]) <= resolution {
            return true;
        }
        let mut length = SHORTEST;
        while length <= count {
            if self.shrinks(length) {
                return true;
            }
            length *= 2;
        }
        false
    }

    /// Whether the maxima over the quarters of the last `length` intervals shrink by [`FRACTION`] each time.
    fn shrinks(&self, length: usize) -> bool {
        let window = &self.intervals[self.intervals.len() - length..];
        let quarter: Vec<f64> = window.chunks(length / 4).map(maximum).collect();
        quarter.windows(2).all(|pair| pair[1] <= FRACTION * pair[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_alarm(interval: impl Fn(usize) -> f64, most: usize) -> Option<usize> {
        let (mut intervals, mut t) = (Intervals::default(), 0.0);
        (1..=most).find(|&n| {
            t += interval(n);
            intervals.note(t)
        })
    }

    #[test]
    fn geometric_intervals_are_recognised_and_powers_are_not() {
        for ratio in [0.1_f64, 0.5, 0.8, 0.95, 0.99] {
            let alarm = first_alarm(|n| ratio.powi(n as i32), 20_000);
            assert!(alarm.is_some(), "ratio {ratio}");
        }
        for power in [0.5, 1.0] {
            assert_eq!(first_alarm(|n| (n as f64).powf(-power), 20_000), None, "power {power}");
        }
        // Sticking: a finite arithmetic progression.
        assert_eq!(first_alarm(|n| 1.0 - n as f64 / 1001.0, 1000), None);
        // A long regular run before the accumulation.
        assert!(first_alarm(|n| if n < 500 { 1.0 } else { 0.7_f64.powi(n as i32 - 500) }, 2000).is_some());
    }
}
