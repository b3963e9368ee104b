//! DIN on J = k|θ₁| + ½θᵀHθ + gᵀθ without an integrator. On either side of the kink and along a slide in it the state
//! (θ, u) obeys an affine system, whose solution is a matrix exponential; where a part ends is found by bisection on it.
//! The rules at the kink are written out for this one surface: with q± = u₁ − β((Hθ+g)₁ ± k) it is crossed when both
//! have one sign, held when q⁻ > 0 > q⁺, and left when u₁/β − (Hθ+g)₁ reaches ±k.

use nalgebra::{DMatrix, DVector};
use serde::Serialize;

use crate::error::CheckError;

/// J and the parameters of DIN.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Kinked {
    /// k.
    pub strength: f64,
    /// H, by rows; one or two of them.
    pub hessian: Vec<Vec<f64>>,
    /// g.
    pub slope: Vec<f64>,
    pub alpha: f64,
    /// β > 0.
    pub beta: f64,
}

/// The part of the state space in which the motion is.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Minus,
    Plus,
    Held,
}

/// Parts of a horizon in which a change of part is looked for.
const SCAN: usize = 2000;
/// More changes of part than any case has.
const MOST_PARTS: usize = 1000;

impl Kinked {
    /// J as a formula in x and y: the objective and its closed form come from the same numbers.
    pub fn formula(&self) -> String {
        let names = ["x", "y"];
        let mut text = format!("expr:{}*abs(x)", self.strength);
        for (i, row) in self.hessian.iter().enumerate() {
            for (j, h) in row.iter().enumerate() {
                text += &format!("+({})*{}*{}", 0.5 * h, names[i], names[j]);
            }
            text += &format!("+({})*{}", self.slope[i], names[i]);
        }
        text
    }

    /// First component of Hθ + g.
    fn normal_slope(&self, y: &DVector<f64>) -> f64 {
        self.hessian[0].iter().enumerate().map(|(j, h)| h * y[j]).sum::<f64>() + self.slope[0]
    }

    /// [[M, c], [0, 0]] of y′ = My + c, y = (θ, u).
    fn generator(&self, part: Part) -> DMatrix<f64> {
        let n = self.slope.len();
        let Self { strength, alpha, beta, .. } = *self;
        let mut m = DMatrix::zeros(2 * n + 1, 2 * n + 1);
        for i in 0..n {
            // v_i as a row over (θ, u, 1).
            let mut v = vec![0.0; 2 * n + 1];
            if part == Part::Held && i == 0 {
                v[n] = 1.0 / beta;
            } else {
                v[..n].copy_from_slice(&self.hessian[i]);
                let side = if part == Part::Plus { strength } else { -strength };
                v[2 * n] = self.slope[i] + if i == 0 { side } else { 0.0 };
            }
            for (j, v) in v.iter().enumerate() {
                let theta = if j == n + i { 1.0 } else { 0.0 } - beta * v;
                m[(i, j)] = theta;
                m[(n + i, j)] = -alpha * theta - v;
            }
        }
        m
    }

    fn advance(&self, part: Part, y: &DVector<f64>, time: f64) -> DVector<f64> {
        let n = y.len();
        let state = y.clone().push(1.0);
        let image = (self.generator(part) * time).exp() * state;
        image.rows(0, n).into_owned()
    }

    /// Where the motion goes from a state on the surface.
    fn part_at_kink(&self, y: &DVector<f64>) -> Result<Part, CheckError> {
        let speed =
            |side: f64| y[self.slope.len()] - self.beta * (self.normal_slope(y) + side * self.strength);
        let (minus, plus) = (speed(-1.0), speed(1.0));
        match (minus > 0.0, plus > 0.0) {
            (true, true) => Ok(Part::Plus),
            (false, false) if minus < 0.0 => Ok(Part::Minus),
            (true, false) => Ok(Part::Held),
            _ => Err(CheckError::needs("a run without branching states")),
        }
    }

    /// Whether a state has left its part, and for which.
    fn left(&self, part: Part, y: &DVector<f64>) -> Option<Part> {
        let excess = y[self.slope.len()] / self.beta - self.normal_slope(y);
        match part {
            Part::Minus => (y[0] > 0.0).then_some(Part::Plus),
            Part::Plus => (y[0] < 0.0).then_some(Part::Minus),
            Part::Held if excess > self.strength => Some(Part::Plus),
            Part::Held if excess < -self.strength => Some(Part::Minus),
            Part::Held => None,
        }
    }

    /// (θ, u) at the given increasing times from 0, and the times at which the motion changes at the kink.
    pub fn states(&self, start: &[f64], times: &[f64]) -> Result<(Vec<Vec<f64>>, Vec<f64>), CheckError> {
        let mut y = DVector::from_column_slice(start);
        let until = times.last().copied().unwrap_or(0.0);
        let scan = until / SCAN as f64;
        let mut part = match y[0] {
            x if x > 0.0 => Part::Plus,
            x if x < 0.0 => Part::Minus,
            _ => self.part_at_kink(&y)?,
        };
        let (mut from, mut rows, mut events) = (0.0, Vec::new(), Vec::new());
        for _ in 0..MOST_PARTS {
            let out = |time: f64| self.left(part, &self.advance(part, &y, time));
            let step =
                (1..=SCAN).find(|&k| from + k as f64 * scan >= until || out(k as f64 * scan).is_some());
            let mut high = step.unwrap_or(SCAN) as f64 * scan;
            let next = out(high).filter(|_| from + high < until);
            let mut low = high - scan;
            while next.is_some() && low < 0.5 * (low + high) && 0.5 * (low + high) < high {
                let middle = 0.5 * (low + high);
                if out(middle).is_some() {
                    high = middle;
                } else {
                    low = middle;
                }
            }
            let to = if next.is_some() { from + high } else { f64::INFINITY };
            while let Some(t) = times.get(rows.len()).filter(|t| **t < to) {
                rows.push(self.advance(part, &y, t - from).as_slice().to_vec());
            }
            let Some(next) = next else { return Ok((rows, events)) };
            y = self.advance(part, &y, high);
            y[0] = 0.0;
            part = if part == Part::Held { next } else { self.part_at_kink(&y)? };
            from = to;
            events.push(to);
        }
        Err(CheckError::needs("a run with fewer changes at its kink"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_absolute_value_without_friction_is_two_parabolas() {
        // α = 0: u′ = −s, θ′ = u − βs; from 1 with velocity 0 the first impact is at √2 with speed √2, after it √2 − 2β.
        let j = Kinked { strength: 1.0, hessian: vec![vec![0.0]], slope: vec![0.0], alpha: 0.0, beta: 0.25 };
        let times: Vec<f64> = (0..=100).map(|k| 0.02 * f64::from(k)).collect();
        let (rows, events) = j.states(&[1.0, 0.25], &times).unwrap();
        assert!((events[0] - 2.0_f64.sqrt()).abs() < 1e-13, "{events:?}");
        for (t, y) in times.iter().zip(&rows) {
            let late = t - 2.0_f64.sqrt();
            let expected = if late < 0.0 {
                1.0 - 0.5 * t * t
            } else {
                -(2.0_f64.sqrt() - 0.5) * late + 0.5 * late * late
            };
            assert!((y[0] - expected).abs() < 1e-13, "{t} {y:?}");
        }
    }

    #[test]
    fn a_slide_ends_where_the_selection_reaches_its_end() {
        // On θ₁ = 0: θ₂′ = u₂ with H₂₂ = 0 and α = 0, so θ₂ = t; u₁ = 0 and |0.5 θ₂| reaches 1 at t = 2.
        let j = Kinked {
            strength: 1.0,
            hessian: vec![vec![0.0, 0.5], vec![0.5, 0.0]],
            slope: vec![0.0, 0.0],
            alpha: 0.0,
            beta: 0.3,
        };
        let (rows, events) = j.states(&[0.0, 0.0, 0.0, 1.0], &[0.0, 1.0, 1.9, 2.5]).unwrap();
        assert!((events[0] - 2.0).abs() < 1e-12, "{events:?}");
        assert!(rows[2][0] == 0.0 && (rows[2][1] - 1.9).abs() < 1e-12, "{rows:?}");
        assert!(rows[3][0] < 0.0, "{rows:?}");
    }
}
