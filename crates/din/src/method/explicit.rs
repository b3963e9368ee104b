//! What the explicit methods share: the estimate of stiffness, and the part of the dense output that interpolates values
//! and slopes at both ends of a step.

/// |h|·(eigenvalue estimate) from slopes at two states near the end of the step (Hairer, Wanner, Solving Ordinary
/// Differential Equations II, 2nd ed., IV.2); `None` if it is not finite.
#[inline(always)]
pub(super) fn stiffness(h: f64, slopes: [&[f64]; 2], states: [&[f64]; 2]) -> Option<f64> {
    let n = states[0].len();
    let [last, earlier] = slopes.map(|k| &k[..n]);
    let [end, before] = states.map(|y| &y[..n]);
    let (mut top, mut bottom) = (0.0, 0.0);
    for i in 0..n {
        let (slope, shift) = (last[i] - earlier[i], end[i] - before[i]);
        top += slope * slope;
        bottom += shift * shift;
    }
    top.is_finite().then(|| if bottom > 0.0 { h.abs() * (top / bottom).sqrt() } else { 0.0 })
}

/// Coefficients of y + s(r₂ + (1 − s)(r₃ + s(r₄ + (1 − s)…))), whose part before the dots is the cubic with the values
/// y and `next` and the slopes `first` and `last`.
#[inline(always)]
pub(super) fn cubic(r: [&mut [f64]; 4], y: &[f64], next: &[f64], h: f64, first: &[f64], last: &[f64]) {
    let [r1, r2, r3, r4] = r;
    for i in 0..next.len() {
        let rise = next[i] - y[i];
        let bend = h * first[i] - rise;
        r1[i] = y[i];
        r2[i] = rise;
        r3[i] = bend;
        r4[i] = rise - h * last[i] - bend;
    }
}
