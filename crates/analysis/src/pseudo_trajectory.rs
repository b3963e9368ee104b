//! How far one curve is from another over a window of time, and how such distances scale: what "asymptotic pseudo-trajectory"
//! (Benaïm, Hofbauer, Sorin, SIAM J. Control Optim. 44, 2005) asks, as numbers. Curves are polygons: linear between nodes.

use dinlab_numeric::{distance, max, sum};

use crate::{
    error::{check_columns, check_finite, check_increasing, AnalysisError},
    least_squares::student_quantile,
    statistics::Summary,
};

/// A curve that is linear between its nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Polygon {
    times: Vec<f64>,
    /// States at the nodes, one after another.
    states: Vec<f64>,
    width: usize,
}

impl Polygon {
    /// The polygon through `states` (node after node, all numbers of a node together) at increasing `times`.
    pub fn new(times: Vec<f64>, states: Vec<f64>) -> Result<Self, AnalysisError> {
        check_increasing("time", &times)?;
        if times.is_empty() || !states.len().is_multiple_of(times.len()) || states.is_empty() {
            return Err(AnalysisError::LengthMismatch { x: times.len(), y: states.len() });
        }
        let width = states.len() / times.len();
        Ok(Self { times, states, width })
    }

    /// Times of the nodes.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// The state at node `i`.
    pub fn node(&self, i: usize) -> &[f64] {
        &self.states[i * self.width..(i + 1) * self.width]
    }

    /// The state at time `t`; before the first and after the last node that of the node.
    pub fn at(&self, t: f64) -> Vec<f64> {
        let after = self.times.partition_point(|&node| node < t);
        if after == 0 || after == self.times.len() {
            return self.node(after.min(self.times.len() - 1)).to_vec();
        }
        let share = (t - self.times[after - 1]) / (self.times[after] - self.times[after - 1]);
        let (left, right) = (self.node(after - 1), self.node(after));
        left.iter().zip(right).map(|(a, b)| a + share * (b - a)).collect()
    }
}

/// sup of ‖a(t) − b(t)‖ over the window [low, high]. Exact for polygons: the norm of a linear function is convex, so it is
/// largest at nodes of one of the two or at the ends. A smooth curve sampled at the other's nodes (distance h) is missed by
/// at most h²/8 times its second derivative.
pub fn sup_distance(a: &Polygon, b: &Polygon, window: [f64; 2]) -> Result<f64, AnalysisError> {
    check_finite("window", &window)?;
    if a.width != b.width {
        return Err(AnalysisError::LengthMismatch { x: a.width, y: b.width });
    }
    if a.times == b.times && window[0] <= a.times[0] && a.times[a.times.len() - 1] <= window[1] {
        return Ok((0..a.times.len()).map(|i| distance(a.node(i), b.node(i))).fold(0.0, max));
    }
    let inside = |t: &&f64| window[0] < **t && **t < window[1];
    let nodes = a.times.iter().chain(&b.times).filter(inside).chain(&window);
    Ok(nodes.map(|&t| distance(&a.at(t), &b.at(t))).fold(0.0, max))
}

/// Distances of repetitions on several windows (or at several step sizes), and how their mean scales.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaling {
    /// Mean distance for each window.
    pub means: Vec<f64>,
    /// Half the width of its 95% interval (Student).
    pub half_widths: Vec<f64>,
    /// Slope of log mean against log scale, least squares.
    pub exponent: f64,
    /// One linearised estimate of the slope for each repetition: their mean is `exponent`, their scatter its error.
    pub estimates: Vec<f64>,
}

/// `distances[j][r]` is the distance of repetition r on window j, whose scale (step size) is `scales[j]`; at least two
/// windows with the same number of repetitions, all distances positive.
pub fn scaling(scales: &[f64], distances: &[Vec<f64>]) -> Result<Scaling, AnalysisError> {
    let summaries = distances.iter().map(|d| Summary::of(d)).collect::<Result<Vec<_>, _>>()?;
    let means: Vec<f64> = summaries.iter().map(|s| s.mean).collect();
    check_columns(("scale", scales), ("mean distance", &means), 2)?;
    for (what, values) in [("scale", scales), ("mean distance", means.as_slice())] {
        if let Some(index) = values.iter().position(|v| *v <= 0.0) {
            return Err(AnalysisError::NotPositive { what, index, value: values[index] });
        }
    }
    let repetitions = distances[0].len();
    if let Some(other) = distances.iter().find(|d| d.len() != repetitions) {
        return Err(AnalysisError::LengthMismatch { x: repetitions, y: other.len() });
    }
    let logs: Vec<f64> = scales.iter().map(|s| s.ln()).collect();
    let centre = sum(&logs) / logs.len() as f64;
    let square = sum(&logs.iter().map(|l| (l - centre) * (l - centre)).collect::<Vec<_>>());
    if square == 0.0 {
        return Err(AnalysisError::Degenerate { what: "scale" });
    }
    let weights: Vec<f64> = logs.iter().map(|l| (l - centre) / square).collect();
    let exponent = sum(&weights.iter().zip(&means).map(|(w, m)| w * m.ln()).collect::<Vec<_>>());
    let estimate = |r: usize| {
        let off = |j: usize| weights[j] * (distances[j][r] / means[j] - 1.0);
        exponent + sum(&(0..means.len()).map(off).collect::<Vec<_>>())
    };
    let half_width = |s: &Summary| {
        student_quantile(crate::least_squares::LEVEL, s.samples as f64 - 1.0) * s.standard_error
    };
    Ok(Scaling {
        half_widths: summaries.iter().map(half_width).collect(),
        exponent,
        estimates: (0..repetitions).map(estimate).collect(),
        means,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use dinlab_numeric::Stream;

    #[test]
    fn polygons_are_compared_between_their_nodes() {
        let a = Polygon::new(vec![0.0, 1.0, 2.0], vec![0.0, 0.0, 1.0, 0.0, 0.0, 0.0]).unwrap();
        let b = Polygon::new(vec![0.0, 2.0], vec![0.0, 0.5, 0.0, 0.5]).unwrap();
        assert_eq!(a.at(0.25), [0.25, 0.0]);
        assert_eq!(a.at(-1.0), [0.0, 0.0]);
        let apex = 1.25_f64.sqrt();
        assert!((sup_distance(&a, &b, [0.0, 2.0]).unwrap() - apex).abs() < 1e-15);
        assert!((sup_distance(&b, &a, [0.0, 2.0]).unwrap() - apex).abs() < 1e-15);
        // The apex is outside the window: its end decides.
        let end = (0.5_f64 * 0.5 + 0.25).sqrt();
        assert!((sup_distance(&a, &b, [0.0, 0.5]).unwrap() - end).abs() < 1e-15);
        assert_eq!(sup_distance(&a, &a, [0.0, 2.0]).unwrap(), 0.0);
        assert!(Polygon::new(vec![0.0, 0.0], vec![1.0, 2.0]).is_err());
        assert!(Polygon::new(vec![0.0, 1.0], vec![1.0, 2.0, 3.0]).is_err());
        let wide = Polygon::new(vec![0.0, 1.0], vec![1.0; 6]).unwrap();
        assert!(sup_distance(&a, &wide, [0.0, 1.0]).is_err());
        let bad = Polygon::new(vec![0.0, 1.0], vec![f64::NAN, 0.0]).unwrap();
        let flat = Polygon::new(vec![0.0, 1.0], vec![0.0, 0.0]).unwrap();
        assert!(sup_distance(&bad, &flat, [0.0, 1.0]).unwrap().is_nan());
    }

    #[test]
    fn exponents_come_with_their_scatter() {
        let scales = [0.1, 0.01, 0.001];
        let mut stream = Stream::new(0, "scaling", 0);
        let distances: Vec<Vec<f64>> = scales
            .iter()
            .map(|s: &f64| (0..2000).map(|_| s.powf(0.7) * (1.0 + 0.3 * stream.uniform(-1.0, 1.0))).collect())
            .collect();
        let found = scaling(&scales, &distances).unwrap();
        let summary = Summary::of(&found.estimates).unwrap();
        assert!((summary.mean - found.exponent).abs() < 1e-12);
        // sd of a distance 0.173, over ln 10·√2 decades and √2000 repetitions.
        let expected = 0.3 / 3f64.sqrt() / (10f64.ln() * 2f64.sqrt()) / 2000f64.sqrt();
        assert!((summary.standard_error - expected).abs() < 0.05 * expected);
        assert!((found.exponent - 0.7).abs() < 4.0 * summary.standard_error);
        assert!(scaling(&scales[..1], &distances[..1]).is_err());
        assert!(scaling(&[0.1, 0.1], &distances[..2]).is_err());
        assert!(scaling(&scales[..2], &[vec![0.0; 3], vec![1.0; 3]]).is_err());
        assert!(scaling(&scales[..2], &[vec![1.0; 3], vec![1.0; 4]]).is_err());
    }
}
