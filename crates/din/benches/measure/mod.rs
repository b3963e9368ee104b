//! What the benchmarks of this crate share: times, and curves of time against error.

use std::time::Instant;

/// Least time in microseconds of 100 short batches: what else the machine does only adds.
pub fn time(mut work: impl FnMut()) -> f64 {
    let first = Instant::now();
    work();
    let once = first.elapsed().as_secs_f64();
    let batch = (5e-4 / once).ceil() as u32;
    let count = ((0.2 / (once * f64::from(batch))) as usize).clamp(5, 100);
    let times: Vec<f64> = (0..count)
        .map(|_| {
            let begin = Instant::now();
            (0..batch).for_each(|_| work());
            1e6 * begin.elapsed().as_secs_f64() / f64::from(batch)
        })
        .collect();
    dinlab_numeric::minimum(&times)
}

/// Error and time at each tolerance, the loosest first.
pub struct Curve {
    pub name: String,
    pub points: Vec<[f64; 2]>,
}

impl Curve {
    /// Time for an error of at most `error`: between neighbouring tolerances log time is linear in log error.
    pub fn time_at(&self, error: f64) -> f64 {
        if self.points.first().is_none_or(|p| p[0] <= error) {
            return self.points.first().map_or(f64::NAN, |p| p[1]);
        }
        let crossing = self.points.windows(2).find(|p| p[1][0] <= error);
        let Some([[e0, t0], [e1, t1]]) = crossing.and_then(|p| <[[f64; 2]; 2]>::try_from(p).ok()) else {
            return f64::NAN;
        };
        let s = (e0 / error).ln() / (e0 / e1).ln();
        (t0.ln() + s * (t1 / t0).ln()).exp()
    }
}
