//! Interpolated extrema and the ratio of successive ones.

use serde::{Deserialize, Serialize};

use crate::error::{check_columns, check_increasing, AnalysisError};
use crate::least_squares::regress;

/// Interpolated local extrema of a signed series: [t, w] in order. Three neighbouring samples give a parabola; flat
/// stretches and both ends give none. Abscissae need not be equidistant.
pub fn extrema(t: &[f64], w: &[f64]) -> Result<Vec<[f64; 2]>, AnalysisError> {
    check_columns(("t", t), ("w", w), 3)?;
    check_increasing("t", t)?;
    let turns = |i: &usize| {
        let (before, after) = (w[*i] - w[*i - 1], w[*i + 1] - w[*i]);
        (before > 0.0 && after <= 0.0) || (before < 0.0 && after >= 0.0)
    };
    Ok((1..t.len() - 1)
        .filter(turns)
        .map(|i| parabola_vertex(&t[i - 1..=i + 1], &w[i - 1..=i + 1]))
        .collect())
}

/// Vertex of the parabola through three points whose middle one is extreme.
pub(crate) fn parabola_vertex(t: &[f64], w: &[f64]) -> [f64; 2] {
    let (left, right) = (t[0] - t[1], t[2] - t[1]);
    let (p, q) = ((w[0] - w[1]) / left, (w[2] - w[1]) / right);
    let curvature = (q - p) / (right - left);
    let slope = p - curvature * left;
    let shift = -0.5 * slope / curvature;
    if shift.is_finite() && shift >= left && shift <= right {
        [t[1] + shift, w[1] + 0.5 * slope * shift]
    } else {
        [t[1], w[1]]
    }
}

/// Ratio of successive extrema.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Overshoot {
    /// |next extremum / extremum|, from the regression of log|extremum| on its number.
    pub ratio: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Number of extrema used.
    pub extrema: usize,
}

/// Overshoot ratio of an oscillation about 0: extrema that alternate in sign and stay above `floor`, from the first
/// on (the start itself is no extremum). At least 3 are needed.
pub fn overshoot(t: &[f64], w: &[f64], floor: f64) -> Result<Overshoot, AnalysisError> {
    let all = extrema(t, w)?;
    let usable: Vec<f64> = all.iter().map(|e| e[1]).take_while(|v| v.abs() > floor).collect();
    let length = 1 + usable.windows(2).take_while(|pair| pair[0] * pair[1] < 0.0).count();
    let chosen = &usable[..length.min(usable.len())];
    if chosen.len() < 3 {
        return Err(AnalysisError::TooFewPoints { needed: 3, found: chosen.len() });
    }
    let number: Vec<f64> = (0..chosen.len()).map(|i| i as f64).collect();
    let log: Vec<f64> = chosen.iter().map(|v| v.abs().ln()).collect();
    let line = regress(&number, &log)?;
    Ok(Overshoot {
        ratio: line.slope.exp(),
        low: line.low.exp(),
        high: line.high.exp(),
        extrema: chosen.len(),
    })
}
