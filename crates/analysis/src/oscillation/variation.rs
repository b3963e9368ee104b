//! Variation of a scalar series and length of a path, streaming.

use dinlab_numeric::{axpy, distance};

/// Upward and total variation of a scalar series.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Variation {
    first: Option<f64>,
    last: f64,
    upward: f64,
    downward: f64,
}

impl Variation {
    /// Next value; NaN spoils the result.
    pub fn push(&mut self, value: f64) {
        if self.first.is_none() {
            self.first = Some(value);
        } else {
            let change = value - self.last;
            if change > 0.0 {
                self.upward += change;
            } else {
                self.downward -= change;
            }
        }
        self.last = value;
    }

    /// Σ (J_{k+1} − J_k)₊.
    pub fn upward(&self) -> f64 {
        self.upward
    }

    /// Σ |J_{k+1} − J_k|.
    pub fn total(&self) -> f64 {
        self.upward + self.downward
    }

    /// Σ (J_{k+1} − J_k)₊ / J₀; NaN before the first value or for J₀ = 0 without variation.
    pub fn upward_ratio(&self) -> f64 {
        self.upward / self.first.unwrap_or(f64::NAN)
    }
}

/// Length of a path and distance between its ends.
#[derive(Debug, Clone, Default)]
pub struct PathLength {
    first: Vec<f64>,
    last: Vec<f64>,
    length: f64,
}

impl PathLength {
    /// Next position; all positions must have the same length.
    pub fn push(&mut self, theta: &[f64]) {
        if self.first.is_empty() {
            self.first = theta.to_vec();
        } else {
            self.length += distance(theta, &self.last);
        }
        self.last = theta.to_vec();
    }

    /// Σ ‖θ_{k+1} − θ_k‖.
    pub fn length(&self) -> f64 {
        self.length
    }

    /// ‖θ_K − θ₀‖.
    pub fn displacement(&self) -> f64 {
        let mut gap = self.last.clone();
        axpy(-1.0, &self.first, &mut gap);
        dinlab_numeric::norm(&gap)
    }

    /// Length over displacement, at least 1; NaN for a path that did not move, infinite for a closed one.
    pub fn excess(&self) -> f64 {
        self.length / self.displacement()
    }
}
