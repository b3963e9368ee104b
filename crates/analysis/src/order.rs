//! Order tables: errors against step sizes, order between neighbours, and a fitted order from the rows that are
//! neither pre-asymptotic nor spoilt by rounding. Dropped rows stay in the table with the reason.

use dinlab_numeric::{max, maximum, minimum};
use dinlab_record::real;
use serde::{Deserialize, Serialize};

use crate::error::{check_finite, AnalysisError};
use crate::least_squares::regress;

/// Why a row does not enter the fitted order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Dropped {
    /// Step too large: the order between neighbours has not settled.
    PreAsymptotic,
    /// Step too small: the order between neighbours is lost in rounding (or in the reference's error).
    Rounding,
    /// The error is exactly 0.
    ZeroError,
    /// The error is not finite: the run diverged.
    NotFinite,
}

/// One row, largest step first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OrderRow {
    /// Step size.
    pub step_size: f64,
    /// Error at this step.
    #[serde(with = "real")]
    pub error: f64,
    /// log(e₋/e)/log(h₋/h) with the previous row; absent in the first row and beside unusable errors.
    #[serde(with = "real")]
    pub order: Option<f64>,
    /// Absent for the rows the fit uses.
    pub dropped: Option<Dropped>,
}

/// A fitted order with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FittedOrder {
    /// Order p of error ≈ C hᵖ.
    #[serde(with = "real")]
    pub value: f64,
    /// Lower end of the interval: Student's t at 95 % or the drift of the pair orders, whichever is wider.
    #[serde(with = "real")]
    pub low: f64,
    /// Upper end.
    #[serde(with = "real")]
    pub high: f64,
}

/// An order table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderTable {
    /// Rows, largest step first.
    pub rows: Vec<OrderRow>,
    /// Fitted order; NaN (with an infinite interval) if no two neighbouring rows are usable.
    pub order: FittedOrder,
    /// C of error ≈ C hᵖ at the fitted order; NaN without one.
    #[serde(with = "real")]
    pub constant: f64,
}

/// Spread of neighbouring pair orders up to which they count as settled.
const SETTLED: f64 = 0.05;

impl OrderTable {
    /// Builds the table. Steps must be positive, finite and distinct (any sequence; the table is sorted); errors may
    /// be 0 or not finite, such rows are dropped visibly; negative errors are refused.
    pub fn new(steps: &[f64], errors: &[f64]) -> Result<Self, AnalysisError> {
        if steps.len() != errors.len() {
            return Err(AnalysisError::LengthMismatch { x: steps.len(), y: errors.len() });
        }
        check_finite("step size", steps)?;
        for (what, values, strict) in [("step size", steps, true), ("error", errors, false)] {
            let bad = |v: &f64| *v < 0.0 || (strict && *v == 0.0);
            if let Some(index) = values.iter().position(bad) {
                return Err(AnalysisError::NotPositive { what, index, value: values[index] });
            }
        }
        let mut sorted: Vec<(f64, f64)> = steps.iter().copied().zip(errors.iter().copied()).collect();
        sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
        if let Some(index) = sorted.windows(2).position(|pair| pair[0].0 == pair[1].0) {
            return Err(AnalysisError::NotMonotone { what: "step size", index: index + 1 });
        }
        let mut rows: Vec<OrderRow> = sorted.iter().map(|&(h, e)| row(h, e)).collect();
        for i in 1..rows.len() {
            if rows[i - 1].dropped.is_none() && rows[i].dropped.is_none() {
                let (a, b) = (rows[i - 1], rows[i]);
                rows[i].order = Some((a.error / b.error).ln() / (a.step_size / b.step_size).ln());
            }
        }
        let window = asymptotic_window(&rows);
        let (order, constant) = fit(&rows, window);
        mark_dropped(&mut rows, window);
        Ok(Self { rows, order, constant })
    }
}

fn row(step_size: f64, error: f64) -> OrderRow {
    let dropped = if !error.is_finite() {
        Some(Dropped::NotFinite)
    } else if error == 0.0 {
        Some(Dropped::ZeroError)
    } else {
        None
    };
    OrderRow { step_size, error, order: None, dropped }
}

/// First and last row (inclusive) of the part that is fitted: the longest run of rows whose pair orders are positive
/// and differ by at most [`SETTLED`]; failing that, the three rows whose two pair orders agree best; failing that
/// (two usable rows), the pair. The finer run wins a tie.
fn asymptotic_window(rows: &[OrderRow]) -> Option<(usize, usize)> {
    let spread = |first: usize, last: usize| -> Option<f64> {
        let orders: Option<Vec<f64>> = (first + 1..=last).map(|i| rows[i].order).collect();
        let orders = orders?;
        (minimum(&orders) > 0.0).then(|| maximum(&orders) - minimum(&orders))
    };
    let n = rows.len();
    for length in (3..=n).rev() {
        let settled = |first: &usize| spread(*first, first + length - 1).is_some_and(|s| s <= SETTLED);
        if let Some(first) = (0..=n - length).rev().find(settled) {
            return Some((first, first + length - 1));
        }
    }
    for length in [3, 2] {
        let runs = (0..(n + 1).saturating_sub(length)).rev();
        let best = runs.filter_map(|first| spread(first, first + length - 1).map(|s| (s, first))).fold(
            None,
            |best: Option<(f64, usize)>, run| match best {
                Some(b) if b.0 <= run.0 => Some(b),
                _ => Some(run),
            },
        );
        if let Some((_, first)) = best {
            return Some((first, first + length - 1));
        }
    }
    None
}

fn fit(rows: &[OrderRow], window: Option<(usize, usize)>) -> (FittedOrder, f64) {
    let nothing = (FittedOrder { value: f64::NAN, low: f64::NEG_INFINITY, high: f64::INFINITY }, f64::NAN);
    let Some((first, last)) = window else { return nothing };
    let used = &rows[first..=last];
    let log_step: Vec<f64> = used.iter().map(|r| r.step_size.ln()).collect();
    let log_error: Vec<f64> = used.iter().map(|r| r.error.ln()).collect();
    let finest = used.last().and_then(|r| r.order).unwrap_or(f64::NAN);
    if used.len() == 2 {
        let order = FittedOrder { value: finest, low: f64::NEG_INFINITY, high: f64::INFINITY };
        return (order, (log_error[1] - finest * log_step[1]).exp());
    }
    let Ok(line) = regress(&log_step, &log_error) else { return nothing };
    let before = used[used.len() - 2].order.unwrap_or(finest);
    // The pair orders approach the limit; what they still move bounds the bias of the regression.
    let drift = (line.slope - finest).abs() + (finest - before).abs();
    let half = max(line.high - line.slope, drift);
    (FittedOrder { value: line.slope, low: line.slope - half, high: line.slope + half }, line.intercept.exp())
}

fn mark_dropped(rows: &mut [OrderRow], window: Option<(usize, usize)>) {
    let (first, last) = window.unwrap_or((rows.len(), rows.len()));
    for (i, row) in rows.iter_mut().enumerate() {
        if row.dropped.is_none() && i < first {
            row.dropped = Some(Dropped::PreAsymptotic);
        } else if row.dropped.is_none() && i > last {
            row.dropped = Some(Dropped::Rounding);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn halvings(n: i32) -> Vec<f64> {
        (0..n).map(|k| 0.5_f64.powi(k)).collect()
    }

    #[test]
    fn exact_powers_give_exact_orders_and_constants() {
        for p in [0.5, 1.0, 2.0, 8.0] {
            let steps = halvings(6);
            let errors: Vec<f64> = steps.iter().map(|h| 3.0 * h.powf(p)).collect();
            let table = OrderTable::new(&steps, &errors).unwrap();
            assert!((table.order.value - p).abs() < 1e-12 && (table.constant - 3.0).abs() < 1e-10);
            assert!(table.rows.iter().all(|r| r.dropped.is_none()));
        }
    }

    #[test]
    fn both_ends_are_dropped_and_labelled() {
        let steps = halvings(14);
        let errors: Vec<f64> = steps.iter().map(|h| h.powi(4) * (1.0 + 30.0 * h * h) + 1e-13).collect();
        let table = OrderTable::new(&steps, &errors).unwrap();
        assert!((table.order.value - 4.0).abs() < 0.06, "{:?}", table.order);
        assert!(table.order.low <= 4.0 && 4.0 <= table.order.high, "{:?}", table.order);
        assert_eq!(table.rows[0].dropped, Some(Dropped::PreAsymptotic));
        assert_eq!(table.rows[13].dropped, Some(Dropped::Rounding));
        // The naive regression over everything is what this protects from.
        let log = |v: &[f64]| v.iter().map(|x| x.ln()).collect::<Vec<_>>();
        assert!((regress(&log(&steps), &log(&errors)).unwrap().slope - 4.0).abs() > 0.1);
    }

    #[test]
    fn order_of_rows_does_not_matter_and_bad_rows_are_visible() {
        let table = OrderTable::new(&[0.1, 1.0, 0.01, 0.001], &[0.2, f64::INFINITY, 0.02, 0.0]).unwrap();
        assert_eq!(table.rows[0].dropped, Some(Dropped::NotFinite));
        assert_eq!(table.rows[3].dropped, Some(Dropped::ZeroError));
        assert!((table.order.value - 1.0).abs() < 1e-12 && (table.constant - 2.0).abs() < 1e-12);
        assert!(table.order.low.is_infinite(), "two rows carry no interval");
        let empty = OrderTable::new(&[0.1], &[0.2]).unwrap();
        assert!(empty.order.value.is_nan() && empty.rows.len() == 1);
        assert!(OrderTable::new(&[0.1, 0.1], &[0.1, 0.1]).is_err());
        assert!(OrderTable::new(&[-0.1, 0.1], &[0.1, 0.1]).is_err());
        assert!(OrderTable::new(&[0.2, 0.1], &[-0.1, 0.1]).is_err());
        assert!(OrderTable::new(&[0.2], &[]).is_err());
    }
}
