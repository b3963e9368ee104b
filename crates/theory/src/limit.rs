//! Limits of quantities known for steps or parameters in ratio 2.

use dinlab_analysis::{
    least_squares::{regress, Line},
    AnalysisError,
};
use dinlab_numeric::maximum;

use crate::error::CheckError;

/// The last two entries of the diagonal of Richardson's tableau, that is from all but the last value and from all of
/// them, for a quantity whose error has an expansion in the powers of something that falls by `ratio` from each value
/// to the next. At least two values.
pub fn extrapolated(values: &[f64], ratio: f64) -> [f64; 2] {
    let (mut row, mut ends, mut power) = (values.to_vec(), vec![values[0]], 1.0);
    while row.len() > 1 {
        power *= ratio;
        row = row.windows(2).map(|w| w[1] + (w[1] - w[0]) / (power - 1.0)).collect();
        ends.push(row[0]);
    }
    [ends[ends.len() - 2], ends[ends.len() - 1]]
}

/// Order between neighbours of errors for a quantity in ratio 2.
pub fn orders(errors: &[f64]) -> Vec<f64> {
    errors.windows(2).map(|pair| (pair[0] / pair[1]).log2()).collect()
}

/// Order over all steps: log error over log step by least squares, with the slope's confidence interval.
pub fn power([steps, errors]: &[Vec<f64>; 2]) -> Result<Line, AnalysisError> {
    let logs = |v: &[f64]| v.iter().map(|x| x.ln()).collect::<Vec<f64>>();
    regress(&logs(steps), &logs(errors))
}

/// Largest error/step of the finer half over that of the coarser half.
pub fn growth([steps, errors]: &[Vec<f64>; 2]) -> f64 {
    let quotients: Vec<f64> = errors.iter().zip(steps).map(|(e, h)| e / h).collect();
    let (coarse, fine) = quotients.split_at(quotients.len() / 2);
    maximum(fine) / maximum(coarse)
}

/// Refuses distances that all are at the level of integration errors: they have no order.
pub fn visible(distances: &[f64]) -> Result<(), CheckError> {
    if maximum(distances) < 1e-8 {
        return Err(CheckError::needs(
            "a run on which kinks make a difference: here all distances are below 1e-8",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_are_extrapolated_exactly() {
        let at = |h: f64| 3.0 - h + 2.0 * h * h - 0.5 * h * h * h;
        let values: Vec<f64> = (0..5).map(|k| at(0.5_f64.powi(k))).collect();
        assert!((extrapolated(&values, 2.0)[1] - 3.0).abs() < 1e-13);
        let even: Vec<f64> = (0..4).map(|k| 1.0 + 4.0_f64.powi(-k)).collect();
        assert!(extrapolated(&even, 4.0).iter().all(|v| (v - 1.0).abs() < 1e-14));
        assert_eq!(orders(&[4.0, 2.0, 0.5]), [1.0, 2.0]);
        let root = [vec![1.0, 0.25, 0.0625], vec![3.0, 1.5, 0.75]];
        assert!((power(&root).unwrap().slope - 0.5).abs() < 1e-14 && (growth(&root) - 4.0).abs() < 1e-14);
    }
}
