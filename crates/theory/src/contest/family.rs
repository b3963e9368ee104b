//! Which point of INDIAN's family a search chose: distance to the methods that INDIAN contains.

use dinlab_indian::dictionary::Parameters;

/// What INDIAN contains, started at rest with constant steps.
pub const FAMILY: [&str; 3] = ["gradient descent", "heavy ball", "Nesterov"];

/// Decades by which β would have to change for INDIAN to be each of the methods it contains (with constant step size and started at rest), nearest
/// first: gradient descent for αβ = 1, heavy ball for β = γ, Nesterov's method for β = (1 + m)γ with m = 1 − αγ.
pub fn distances(p: Parameters) -> Vec<(&'static str, f64)> {
    let Parameters { alpha, beta, step_size: gamma } = p;
    let apart = |other: f64| (beta / other).log10().abs();
    let mut all = vec![
        (FAMILY[0], apart(1.0 / alpha)),
        (FAMILY[1], apart(gamma)),
        (FAMILY[2], apart((2.0 - alpha * gamma) * gamma)),
    ];
    all.retain(|(_, distance)| distance.is_finite());
    all.sort_by(|a, b| a.1.total_cmp(&b.1));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use dinlab_indian::dictionary::Named;

    #[test]
    fn the_members_of_the_family_are_at_distance_zero() {
        let of = |named: Named| distances(named.indian().unwrap())[0];
        for (named, name) in [
            (Named::GradientDescent { step_size: 0.04 }, "gradient descent"),
            (Named::HeavyBall { step_size: 0.04, momentum: 0.7 }, "heavy ball"),
            (Named::Nesterov { step_size: 0.04, momentum: 0.7 }, "Nesterov"),
        ] {
            let (nearest, distance) = of(named);
            // Gradient descent is written with β = γ there, and is a heavy ball without momentum as well.
            assert!(
                distance < 1e-12 && (nearest == name || name == "gradient descent"),
                "{nearest} {distance}"
            );
        }
        let between = distances(Parameters { alpha: 1.0, beta: 0.2, step_size: 0.1 });
        assert_eq!(between[0].0, "Nesterov");
        assert!((between[1].1 - 2.0_f64.log10()).abs() < 1e-12 && between[1].0 == "heavy ball");
    }
}
