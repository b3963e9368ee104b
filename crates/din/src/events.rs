//! Event location on the dense output of a step.

/// Which crossings of zero count, seen in the direction of integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// From negative to positive.
    Rising,
    /// From positive to negative.
    Falling,
    /// Both.
    #[default]
    Both,
}

/// A real function of (t, y).
pub type EventFunction<'a> = Box<dyn FnMut(f64, &[f64]) -> f64 + 'a>;

/// A function of (t, y) whose zeros are located during the integration.
pub struct Event<'a> {
    /// Name in the outcome and in the status.
    pub id: String,
    /// The function; its zeros are the events.
    pub function: EventFunction<'a>,
    /// Which crossings count.
    pub direction: Direction,
    /// Whether the run ends at the event.
    pub terminal: bool,
}

/// An event that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Located {
    /// Name of the event.
    pub id: String,
    /// Its time.
    pub t: f64,
    /// The state there (dense output).
    pub state: Vec<f64>,
}

/// Each step is searched in this many pieces, so that two crossings in one step are both seen.
const PIECES: usize = 8;

/// What the search remembers between steps.
pub(crate) struct Watch {
    /// Sign of each event function at the last point where it was not zero; 0 where none is known.
    signs: Vec<f64>,
}

fn sign(value: f64) -> f64 {
    if value > 0.0 {
        1.0
    } else if value < 0.0 {
        -1.0
    } else {
        0.0
    }
}

impl Watch {
    /// Starts at (t, y); a zero there is not an event.
    pub(crate) fn new(events: &mut [Event<'_>], t: f64, y: &[f64]) -> Self {
        Self { signs: events.iter_mut().map(|event| sign((event.function)(t, y))).collect() }
    }

    /// Crossings in the step from t to t + h in the order in which they happen, as (fraction of the step, index of
    /// the event). `dense(s, out)` gives the state at t + s·h.
    pub(crate) fn search(
        &mut self,
        events: &mut [Event<'_>],
        t: f64,
        h: f64,
        dense: &mut dyn FnMut(f64, &mut [f64]),
        state: &mut [f64],
    ) -> Vec<(f64, usize)> {
        let mut found = Vec::new();
        let mut last: Vec<f64> = self.signs.clone();
        for piece in 1..=PIECES {
            let (left, right) = ((piece - 1) as f64 / PIECES as f64, piece as f64 / PIECES as f64);
            for (index, event) in events.iter_mut().enumerate() {
                dense(right, state);
                let value = (event.function)(t + right * h, state);
                let (before, after) = (last[index], sign(value));
                // An exact zero counts as the crossing; afterwards the sign is unknown until it is seen again.
                if value.is_nan() {
                    continue;
                }
                last[index] = after;
                let crossed = before != 0.0 && before != after;
                let counts = match event.direction {
                    Direction::Rising => before < 0.0,
                    Direction::Falling => before > 0.0,
                    Direction::Both => true,
                };
                if crossed && counts {
                    let mut function = |s: f64| {
                        dense(s, state);
                        (event.function)(t + s * h, state)
                    };
                    let resolution = 4.0 * f64::EPSILON * (t.abs() + h.abs()) / h.abs();
                    found.push((bracketed_root(&mut function, left, right, value, resolution), index));
                }
            }
        }
        self.signs = last;
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        found
    }
}

/// Root in [a, b] of a function that has the value `fb` at b and the opposite sign at a. ITP iteration (Oliveira, Takahashi, ACM Trans. Math. Softw. 47, 2020): never more evaluations than bisection
/// plus one, superlinear on smooth functions.
pub(crate) fn bracketed_root(
    function: &mut dyn FnMut(f64) -> f64,
    mut a: f64,
    mut b: f64,
    mut fb: f64,
    resolution: f64,
) -> f64 {
    let mut fa = function(a);
    if fb == 0.0 || fa.is_nan() {
        return b;
    }
    if sign(fa) == sign(fb) {
        return a;
    }
    let half = dinlab_numeric::max(0.5 * resolution, f64::MIN_POSITIVE);
    let (k1, width) = (0.2 / (b - a), b - a);
    let most = (width / (2.0 * half)).log2().ceil() + 1.0;
    let mut j = 0.0;
    while b - a > 2.0 * half && j < 200.0 {
        let middle = 0.5 * (a + b);
        let radius = dinlab_numeric::max(half * f64::exp2(most - j) - 0.5 * (b - a), 0.0);
        let delta = k1 * (b - a) * (b - a);
        let secant = (fb * a - fa * b) / (fb - fa);
        let side = sign(middle - secant);
        let truncated = if delta <= (middle - secant).abs() { secant + side * delta } else { middle };
        let mut x = if (truncated - middle).abs() <= radius { truncated } else { middle - side * radius };
        if !(x > a && x < b) {
            x = middle;
        }
        if !(x > a && x < b) {
            break;
        }
        let fx = function(x);
        if fx == 0.0 {
            return x;
        }
        if sign(fx) == sign(fb) {
            (b, fb) = (x, fx);
        } else {
            (a, fa) = (x, fx);
        }
        j += 1.0;
    }
    // The secant point of the final bracket is better than either end.
    let x = (fb * a - fa * b) / (fb - fa);
    if x >= a && x <= b {
        x
    } else {
        b
    }
}
