//! Nesterov's method for convex J: x⁺ = y − γ∇J(y), y⁺ = x⁺ + k/(k+3)·(x⁺ − x) after step k = 0, 1, …, y₀ = x₀.
//!
//! The reported θ is x. The step is that of [`super::nesterov`].

use super::{Entry, Method};

pub(super) const ENTRY: Entry = Entry {
    name: "nesterov-convex",
    parameters: &[],
    summary: "Nesterov's accelerated gradient with momentum k/(k+3); theta is the x-sequence",
    source: "Nesterov, Soviet Math. Dokl. 27, 1983; momentum as in Su, Boyd, Candes, JMLR 17(153), 2016",
    make: |_| Method::NesterovConvex,
};

/// k/(k+3).
pub fn convex_momentum(k: u64) -> f64 {
    k as f64 / (k as f64 + 3.0)
}
