//! What a search would have found with fewer trials: the law of the smallest of k values drawn without replacement from n.
//!
//! P(the smallest is the i-th smallest of all) = C(n−i, k−1)/C(n, k), i = 1 … n−k+1. Its mean is the unbiased estimate of the expected result of
//! k independent trials (R. Tang et al., Showing Your Work Doesn't Always Work, ACL 2020).

use crate::error::{check_finite, AnalysisError};

/// The law of the smallest of k.
#[derive(Debug, Clone, PartialEq)]
pub struct BestOf {
    values: Vec<f64>,
    weights: Vec<f64>,
}

impl BestOf {
    /// The law for `values` (all finite) and 1 ≤ k ≤ their number.
    pub fn new(values: &[f64], k: usize) -> Result<Self, AnalysisError> {
        check_finite("value", values)?;
        if k == 0 || k > values.len() {
            return Err(AnalysisError::TooFewPoints { needed: k.max(1), found: values.len() });
        }
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        let n = values.len();
        // C(n−1, k−1)/C(n, k) = k/n; then C(n−i−1, k−1)/C(n−i, k−1) = (n−i−k+1)/(n−i).
        let mut weight = k as f64 / n as f64;
        let mut weights = Vec::with_capacity(n);
        for i in 1..=n {
            weights.push(weight);
            weight *= if i < n { (n - i).saturating_sub(k - 1) as f64 / (n - i) as f64 } else { 0.0 };
        }
        Ok(Self { values, weights })
    }

    /// Mean.
    pub fn mean(&self) -> f64 {
        dinlab_numeric::dot(&self.values, &self.weights)
    }

    /// Smallest value at which the distribution function reaches `p`.
    pub fn quantile(&self, p: f64) -> f64 {
        let mut total = 0.0;
        for (value, weight) in self.values.iter().zip(&self.weights) {
            total += weight;
            // Rounding of the sum must not lose the last value.
            if total >= p - 1e-12 {
                return *value;
            }
        }
        f64::NAN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subset_counted_gives_the_same() {
        let values = [3.0, 1.0, 4.0, 1.5, 9.0, 2.6];
        for k in 1..=6 {
            let best = BestOf::new(&values, k).unwrap();
            let mut smallest: Vec<f64> = (0_u32..64)
                .filter(|set| set.count_ones() as usize == k)
                .map(|set| {
                    let inside = |i: &usize| set >> i & 1 == 1;
                    (0..6).filter(inside).map(|i| values[i]).reduce(dinlab_numeric::min).unwrap()
                })
                .collect();
            smallest.sort_by(f64::total_cmp);
            let mean = dinlab_numeric::sum(&smallest) / smallest.len() as f64;
            assert!((best.mean() - mean).abs() < 1e-13, "{k}");
            for p in [0.1, 0.5, 0.9] {
                let place = (p * smallest.len() as f64).ceil() as usize - 1;
                assert_eq!(best.quantile(p), smallest[place], "{k} {p}");
            }
        }
        assert!(BestOf::new(&values, 0).is_err() && BestOf::new(&values, 7).is_err());
        assert!(BestOf::new(&[1.0, f64::NAN], 1).is_err());
    }
}
