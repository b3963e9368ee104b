//! The closed form: a point on the line with an attracting kink at 0, slopes s⁻ < 0 < s⁺, friction α, and the loss β(s⁺ − s⁻)
//! of speed at every crossing. It knows nothing of the solvers.

use dinlab_numeric::max;

/// Slopes, friction and loss.
#[derive(Debug, Clone, Copy)]
pub struct Law {
    /// s⁻ < 0 < s⁺.
    pub slopes: [f64; 2],
    /// α ≥ 0.
    pub alpha: f64,
    /// Speed lost at a crossing.
    pub loss: f64,
}

/// The motion up to sticking.
#[derive(Debug, Clone)]
pub struct Impacts {
    /// Times of the crossings, and in the end of the impact that sticks.
    pub times: Vec<f64>,
    /// Speeds just before them.
    pub speeds: Vec<f64>,
    /// Whether the last one sticks; otherwise the count was cut off.
    pub sticks: bool,
}

/// Position and velocity a time t after leaving `position` with `velocity` under x″ + αx′ + s = 0.
pub fn flight(alpha: f64, position: f64, velocity: f64, s: f64, t: f64) -> [f64; 2] {
    if alpha == 0.0 {
        return [position + velocity * t - 0.5 * s * t * t, velocity - s * t];
    }
    // (1 − e^{−αt})/α, and (t − that)/α, without cancellation for small αt.
    let fall = -(-alpha * t).exp_m1() / alpha;
    let z = alpha * t;
    let lag = if z < 1e-3 {
        t * t * (0.5 - z / 6.0 + z * z / 24.0 - z * z * z / 120.0)
    } else {
        (t - fall) / alpha
    };
    [position + velocity * fall - s * lag, velocity * (-z).exp() - s * fall]
}

impl Law {
    /// Time and speed of the next impact.
    fn impact(&self, distance: f64, velocity: f64, s: f64) -> [f64; 2] {
        // At the apex the velocity vanishes; after it the point comes down.
        let apex = match (velocity > 0.0, self.alpha == 0.0) {
            (false, _) => 0.0,
            (true, true) => velocity / s,
            (true, false) => (self.alpha * velocity / s).ln_1p() / self.alpha,
        };
        let mut high = 2.0 * apex + 1e-6;
        while flight(self.alpha, distance, velocity, s, high)[0] > 0.0 {
            high *= 2.0;
        }
        let mut low = apex;
        while high - low > 2.0 * f64::EPSILON * high {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                break;
            }
            if flight(self.alpha, distance, velocity, s, middle)[0] > 0.0 {
                low = middle;
            } else {
                high = middle;
            }
        }
        [high, -flight(self.alpha, distance, velocity, s, high)[1]]
    }

    /// The motion from `position` ≠ 0 with `velocity`, until it sticks or has crossed `most` times.
    pub fn impacts(&self, position: f64, velocity: f64, most: usize) -> Impacts {
        let mut side = usize::from(position > 0.0);
        let sign = |side: usize| if side == 1 { 1.0 } else { -1.0 };
        let (mut distance, mut away) = (position.abs(), velocity * sign(side));
        let mut found = Impacts { times: Vec::new(), speeds: Vec::new(), sticks: false };
        let mut t = 0.0;
        while found.times.len() < most {
            let [flight, speed] = self.impact(distance, away, self.slopes[side].abs());
            t += flight;
            found.times.push(t);
            found.speeds.push(speed);
            if speed <= self.loss {
                found.sticks = true;
                break;
            }
            (distance, away, side) = (0.0, max(speed - self.loss, 0.0), 1 - side);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_friction_the_sum_is_explicit() {
        let law = Law { slopes: [-1.0, 1.0], alpha: 0.0, loss: 0.26 };
        let found = law.impacts(1.0, 0.0, 100);
        let v = 2.0_f64.sqrt();
        assert_eq!(found.times.len(), 6);
        let expected = v + (1..=5).map(|k| 2.0 * (v - 0.26 * f64::from(k))).sum::<f64>();
        assert!((found.times[5] - expected).abs() < 1e-13 && found.sticks);
    }

    #[test]
    fn small_friction_is_continuous() {
        let at = |alpha| Law { slopes: [-2.0, 0.5], alpha, loss: 0.3 }.impacts(1.0, 0.4, 100);
        let (none, little) = (at(0.0), at(1e-7));
        for (a, b) in none.times.iter().zip(&little.times) {
            assert!((a - b).abs() < 1e-5);
        }
    }
}
