//! Every coefficient of a method matters: worst cases against recursions written here once more, in numbers instead of vectors.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests are outside what clippy knows to be a test

mod support;

use support::{certified, question};

/// What the certified bound may be above the truth: see `known_worst_cases.rs`.
const ROOM: f64 = 1e-6;

/// The largest ‖x_N − x*‖² over quadratics with spectrum in [0.1, 1] is that of one of one variable: the maximum of x_N² over its
/// curvature λ, x₀ = 1. On a grid of 10⁻⁶ the maximum is missed by its square, and the ends are in it.
fn over_curvatures(last: impl Fn(f64) -> f64) -> f64 {
    (0..=900_000).map(|i| last(0.1 + f64::from(i) / 1e6).powi(2)).fold(0.0, dinlab_numeric::max)
}

/// Each method with each of its coefficients also moved by 10⁻³, which must be seen.
#[test]
fn recursions_on_quadratics_are_met_in_every_coefficient() {
    type Last = fn(f64, &[f64]) -> f64;
    let nesterov: Last = |l, c| {
        let (mut x, mut y) = (1.0, 1.0);
        for _ in 0..4 {
            let next = y - c[0] * l * y;
            y = next + c[1] * (next - x);
            x = next;
        }
        x
    };
    let three: Last = |l, c| {
        let (mut before, mut xi) = (1.0, 1.0);
        for _ in 0..4 {
            let moved = xi - before;
            let next = xi + c[1] * moved - c[0] * l * (xi + c[2] * moved);
            (before, xi) = (xi, next);
        }
        xi + c[3] * (xi - before)
    };
    let heavy: Last = |l, c| {
        let (mut before, mut x) = (1.0, 1.0);
        for _ in 0..4 {
            (before, x) = (x, x - c[0] * l * x + c[1] * (x - before));
        }
        x
    };
    // In the variables of the paper (θ, ψ): α, β, γ.
    let indian: Last = |l, c| {
        let [alpha, beta, gamma] = [c[0], c[1], c[2]];
        let (mut theta, mut psi) = (1.0, 1.0 - alpha * beta);
        for _ in 0..4 {
            let common = (1.0 / beta - alpha) * theta - psi / beta;
            (theta, psi) = (theta + gamma * (common - beta * l * theta), psi + gamma * common);
        }
        theta
    };
    for (method, names, usual, last) in [
        ("nesterov", &["step-size", "momentum"][..], &[0.9, 0.35][..], nesterov),
        ("three-parameter", &["a", "b", "eta", "delta"], &[0.9, 0.4, 0.2, 0.15], three),
        ("heavy-ball", &["step-size", "momentum"], &[1.1, 0.25], heavy),
        ("indian", &["alpha", "beta", "step-size"], &[0.9, 0.7, 0.8], indian),
    ] {
        let truth = |c: &[f64]| over_curvatures(|l| last(l, c));
        let options = |c: &[f64]| {
            let list: Vec<String> =
                names.iter().zip(c).map(|(name, value)| format!("{name}={value}")).collect();
            format!("convexity=0.1 measure=distance {}", list.join(" "))
        };
        let (bound, _) = certified(&question(method, "quadratic", 4, &options(usual)));
        let own = truth(usual);
        assert!(bound >= own * (1.0 - 1e-9) && bound <= own * (1.0 + ROOM), "{method}: {bound} {own}");
        for k in 0..usual.len() {
            let mut moved = usual.to_vec();
            moved[k] *= 1.001;
            let other = truth(&moved);
            assert!((other - own).abs() > 10.0 * ROOM * own, "{method} does not see {}", names[k]);
        }
    }
}

/// With f = 0 and h = τ|x| the proximal steps subtract a constant gradient as long as they stay on one side: x_N = x₀ − τd_N, value
/// τ(R − τd_N), at most R²/(4d_N). It is the worst case of proximal gradient (d_N = N) and, as found here, of FISTA.
#[test]
fn the_momenta_of_fista_matter() {
    for steps in [2_usize, 4, 6] {
        let (mut t, mut d, mut y) = (1.0_f64, 0.0, 0.0);
        for _ in 0..steps {
            let next = y + 1.0;
            let later = 0.5 * (1.0 + (1.0 + 4.0 * t * t).sqrt());
            y = next + (t - 1.0) / later * (next - d);
            (d, t) = (next, later);
        }
        let truth = 0.25 / d;
        let (bound, _) = certified(&question("fista", "composite", steps, ""));
        assert!(bound >= truth * (1.0 - 1e-12) && bound <= truth * (1.0 + ROOM), "{steps}: {bound} {truth}");
    }
}

/// The same method as a matrix: the coefficients of each gradient in each iterate.
#[test]
fn a_matrix_is_the_method_it_spells() {
    let (h, m) = (0.5, 0.1);
    // x₁ = x₀ − hg₀, x₂ = x₀ − h(1 + m)g₀ − hg₁, x₃ = x₀ − h(1 + m + m²)g₀ − h(1 + m)g₁ − hg₂.
    let rows = format!("{h},{},{h},{},{},{h}", h * (1.0 + m), h * (1.0 + m + m * m), h * (1.0 + m));
    let (own, _) =
        certified(&question("heavy-ball", "smooth-convex", 3, &format!("step-size={h} momentum={m}")));
    let (spelt, _) = certified(&question("matrix", "smooth-convex", 3, &format!("matrix={rows}")));
    assert!((own - spelt).abs() <= ROOM * own, "{own} {spelt}");
    // Nothing overshoots here (docs/certify.md, Huber functions): R²/(2(1 + 2d_N)), d_N the displacement under a constant gradient 1.
    let truth = 0.5 / (1.0 + 2.0 * h * (3.0 + 2.0 * m + m * m));
    assert!((spelt - truth).abs() <= ROOM * truth, "{spelt} {truth}");
}

/// Classes whose conditions are necessary only: what these conditions say, from both sides. Under growth
/// ‖x⁺ − x*‖² = ‖x − x*‖² − 2⟨g, x − x*⟩/L + ‖g‖²/L² ≤ ‖x − x*‖² − 2(f − f*)/L ≤ (1 − μ/L)‖x − x*‖².
#[test]
fn necessary_conditions_say_this_much() {
    for (class, steps, options, value) in [
        ("smooth-lojasiewicz", 1, "convexity=0.1 step-size=1 measure=f", 1.8 / 2.1),
        ("smooth-convex-quadratic-growth", 1, "convexity=0.25 step-size=1 measure=distance", 0.75),
        ("smooth-convex-quadratic-growth", 3, "convexity=0.4 step-size=1 measure=distance", 0.216),
    ] {
        let (bound, _) = certified(&question("gradient-descent", class, steps, options));
        assert!((bound - value).abs() <= ROOM * value, "{class} {options}: {bound} {value}");
    }
}
