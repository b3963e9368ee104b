//! Which step sizes and curvatures INDIAN tolerates: at λ > 0 one step contracts if and only if (Jury)
//! (NS) γ < β + α/λ and (flip) 4 − 2γ(α + βλ) + γ²λ > 0.

use dinlab_numeric::min;
use serde::{Deserialize, Serialize};

use crate::spectrum::{decay_rate, multipliers, roots_continuous, spectral_radius, spirals};

/// Whether one step is a strict linear contraction at curvature λ, by the two inequalities. Never for λ ≤ 0.
pub fn stable(alpha: f64, beta: f64, step_size: f64, lambda: f64) -> bool {
    let g = step_size;
    let b = alpha + beta * lambda;
    let neimark_sacker = g < beta + alpha / lambda;
    let flip = 4.0 - g * (2.0 * b - g * lambda) > 0.0;
    lambda > 0.0 && g > 0.0 && neimark_sacker && flip
}

/// The same decision from the eigenvalues: spectral radius below 1.
pub fn stable_by_eigenvalues(alpha: f64, beta: f64, step_size: f64, lambda: f64) -> bool {
    spectral_radius(alpha, beta, step_size, lambda) < 1.0
}

/// Supremum of the step sizes that are stable at every λ of the list: at one λ > 0 the stable steps are the interval
/// (0, 2/|s|) with s the fast root when the roots are real, (0, β + α/λ) when they are a pair. 0 if some λ ≤ 0
/// (no step is stable) and infinite for an empty list.
pub fn step_size_max(alpha: f64, beta: f64, lambdas: &[f64]) -> f64 {
    lambdas.iter().map(|&lambda| step_size_max_at(alpha, beta, lambda)).fold(f64::INFINITY, min)
}

fn step_size_max_at(alpha: f64, beta: f64, lambda: f64) -> f64 {
    if lambda <= 0.0 {
        return 0.0;
    }
    let [_, fast] = roots_continuous(alpha, beta, lambda);
    if fast.im != 0.0 {
        return beta + alpha / lambda;
    }
    if fast.re >= 0.0 {
        return 0.0; // no damping (or negative damping)
    }
    -2.0 / fast.re
}

/// The curvatures λ > 0 that are stable at a given step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StableCurvatures {
    /// λ*: all λ in (0, λ*) are stable; 0 if no interval from 0 is, infinite if every λ > 0 is stable.
    pub sharpness_max: f64,
    /// A stable interval away from 0 (possible only for γα > 2), where there is one.
    pub island: Option<[f64; 2]>,
}

/// Stable curvatures at step γ. For γα < 2: λ* is the smaller of the flip sharpness 2(2 − γα)/(γ(2β − γ)) (if
/// γ < 2β) and the Neimark–Sacker sharpness α/(γ − β) (if γ > β). For γα > 2 no interval from 0 is stable; there may
/// be an island (2(γα − 2)/(γ(γ − 2β)), α/(γ − β)), nonempty iff γ > 2β and αγ² − 4γ + 4β < 0. At γα = 2 with
/// αβ < 1 the island's left end is 0 and it is the interval itself.
pub fn stable_curvatures(alpha: f64, beta: f64, step_size: f64) -> StableCurvatures {
    let g = step_size;
    let none = StableCurvatures { sharpness_max: 0.0, island: None };
    let undamped = alpha <= 0.0 && g >= beta; // (NS) fails at every λ
    if !(g > 0.0 && alpha >= 0.0 && beta >= 0.0) || undamped {
        return none;
    }
    let neimark_sacker = if g > beta { alpha / (g - beta) } else { f64::INFINITY };
    let slack = 2.0 - g * alpha;
    if slack > 0.0 {
        let flip = if g < 2.0 * beta { 2.0 * slack / (g * (2.0 * beta - g)) } else { f64::INFINITY };
        return StableCurvatures { sharpness_max: min(flip, neimark_sacker), island: None };
    }
    if g <= 2.0 * beta {
        return none;
    }
    let from = -2.0 * slack / (g * (g - 2.0 * beta));
    if slack == 0.0 {
        StableCurvatures { sharpness_max: neimark_sacker, island: None }
    } else if from < neimark_sacker {
        StableCurvatures { sharpness_max: 0.0, island: Some([from, neimark_sacker]) }
    } else {
        none
    }
}

/// λ*, the supremum of the stable interval of curvatures starting at 0; see [`stable_curvatures`].
pub fn sharpness_max(alpha: f64, beta: f64, step_size: f64) -> f64 {
    stable_curvatures(alpha, beta, step_size).sharpness_max
}

/// How stability is lost first as the curvature grows from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FirstInstability {
    /// A multiplier passes −1: period two.
    Flip,
    /// A complex pair leaves the unit disc: rotation.
    NeimarkSacker,
    /// There is no stable interval of curvatures from 0, so nothing is lost.
    None,
}

/// γ₋ = 2β/(1 + √(1 − αβ)): below it the first instability is a flip, above it Neimark–Sacker. `None` for αβ ≥ 1,
/// where it is always a flip.
pub fn gamma_minus(alpha: f64, beta: f64) -> Option<f64> {
    let slack = 1.0 - alpha * beta;
    (slack > 0.0).then(|| 2.0 * beta / (1.0 + slack.sqrt()))
}

/// First instability as λ grows at step γ. At γ = γ₋ exactly both meet in a double −1; it is called a flip.
pub fn first_instability(alpha: f64, beta: f64, step_size: f64) -> FirstInstability {
    let limit = sharpness_max(alpha, beta, step_size);
    if limit.is_nan() || limit <= 0.0 || limit.is_infinite() {
        return FirstInstability::None;
    }
    match gamma_minus(alpha, beta) {
        Some(edge) if step_size > edge => FirstInstability::NeimarkSacker,
        _ => FirstInstability::Flip,
    }
}

/// Turns per iteration at the onset of Neimark–Sacker, arccos(1 − γ²α/(2(γ − β)))/2π; `None` where that is not the
/// first instability.
pub fn rotation_number(alpha: f64, beta: f64, step_size: f64) -> Option<f64> {
    if first_instability(alpha, beta, step_size) != FirstInstability::NeimarkSacker {
        return None;
    }
    let cosine = 1.0 - step_size * step_size * alpha / (2.0 * (step_size - beta));
    Some(dinlab_numeric::max(cosine, -1.0).acos() / std::f64::consts::TAU)
}

/// Everything `dinlab stability` prints about one eigenvalue; complex numbers are [re, im].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModeStability {
    /// λ.
    pub hessian_eigenvalue: f64,
    /// Roots of the continuous system, slow one first.
    pub roots: [[f64; 2]; 2],
    /// Multipliers of one step, in the order of the roots; absent without a step size.
    pub multipliers: Option<[[f64; 2]; 2]>,
    /// −max Re s.
    pub decay_rate: f64,
    /// Largest |μ|; absent without a step size.
    pub spectral_radius: Option<f64>,
    /// Whether one step contracts; without a step size, whether the flow decays.
    pub stable: bool,
    /// Whether the roots are a complex pair.
    pub spirals: bool,
}

/// Spectrum and stability at one eigenvalue, with or without a step size.
pub fn mode_stability(alpha: f64, beta: f64, step_size: Option<f64>, lambda: f64) -> ModeStability {
    let pair = |z: nalgebra::Complex<f64>| [z.re, z.im];
    let rate = decay_rate(alpha, beta, lambda);
    ModeStability {
        hessian_eigenvalue: lambda,
        roots: roots_continuous(alpha, beta, lambda).map(pair),
        multipliers: step_size.map(|g| multipliers(alpha, beta, g, lambda).map(pair)),
        decay_rate: rate,
        spectral_radius: step_size.map(|g| spectral_radius(alpha, beta, g, lambda)),
        stable: step_size.map_or(rate > 0.0, |g| stable(alpha, beta, g, lambda)),
        spirals: spirals(alpha, beta, lambda),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dinlab_numeric::Stream;
    use proptest::prelude::*;

    fn draw(stream: &mut Stream) -> [f64; 4] {
        [(); 4].map(|()| stream.log_uniform(1e-3, 1e3))
    }

    #[test]
    fn inequalities_and_eigenvalues_never_disagree() {
        let mut stream = Stream::new(0, "jury", 0);
        let (mut stable_count, mut without_ns) = (0, 0);
        for _ in 0..100_000 {
            let [alpha, beta, g, lambda] = draw(&mut stream);
            if (spectral_radius(alpha, beta, g, lambda) - 1.0).abs() < 1e-9 {
                continue;
            }
            let by_eigenvalues = stable_by_eigenvalues(alpha, beta, g, lambda);
            assert_eq!(stable(alpha, beta, g, lambda), by_eigenvalues, "{alpha} {beta} {g} {lambda}");
            stable_count += i32::from(by_eigenvalues);
            let flip_alone = 4.0 - 2.0 * g * (alpha + beta * lambda) + g * g * lambda > 0.0;
            without_ns += i32::from(flip_alone != by_eigenvalues);
        }
        assert!(stable_count > 5_000 && without_ns > 1_000, "{stable_count} {without_ns}");
    }

    proptest! {
        #[test]
        fn the_largest_step_separates_stable_from_unstable(
            a in -3.0..3.0_f64, b in -3.0..3.0_f64, l in proptest::collection::vec(-3.0..3.0_f64, 1..4),
        ) {
            let (alpha, beta) = (10_f64.powf(a), 10_f64.powf(b));
            let lambdas: Vec<f64> = l.iter().map(|v| 10_f64.powf(*v)).collect();
            let limit = step_size_max(alpha, beta, &lambdas);
            for share in [1e-6, 0.01, 0.3, 0.9, 1.0 - 1e-9] {
                prop_assert!(lambdas.iter().all(|&v| stable(alpha, beta, share * limit, v)));
            }
            prop_assert!(lambdas.iter().any(|&v| !stable(alpha, beta, (1.0 + 1e-9) * limit, v)));
        }

        #[test]
        fn stable_curvatures_are_exactly_the_stable_set(
            a in -2.0..2.0_f64, b in -2.0..2.0_f64, g in -2.0..2.0_f64, l in -4.0..4.0_f64,
        ) {
            let [alpha, beta, g, lambda] = [a, b, g, l].map(|v| 10_f64.powf(v));
            let set = stable_curvatures(alpha, beta, g);
            let island = set.island.is_some_and(|[from, to]| from < lambda && lambda < to);
            let edges = [set.sharpness_max, set.island.map_or(0.0, |i| i[0]), set.island.map_or(0.0, |i| i[1])];
            prop_assume!(edges.iter().all(|e| (lambda / e - 1.0).abs() > 1e-9));
            prop_assert_eq!(stable(alpha, beta, g, lambda), lambda < set.sharpness_max || island);
        }
    }

    #[test]
    fn the_first_instability_is_what_the_multipliers_show() {
        let mut stream = Stream::new(0, "first", 0);
        let mut seen = [0; 3];
        for _ in 0..20_000 {
            let [alpha, beta, g, _] = draw(&mut stream);
            let kind = first_instability(alpha, beta, g);
            if kind == FirstInstability::None {
                seen[0] += 1;
                assert!(!stable(alpha, beta, g, 1e-12) || sharpness_max(alpha, beta, g).is_infinite());
                continue;
            }
            let [mu, nu] = multipliers(alpha, beta, g, (1.0 + 1e-7) * sharpness_max(alpha, beta, g));
            if (g / gamma_minus(alpha, beta).unwrap_or(f64::INFINITY) - 1.0).abs() < 1e-3 {
                continue;
            }
            if kind == FirstInstability::Flip {
                seen[1] += 1;
                assert!(nu.im == 0.0 && nu.re < -1.0 && (nu.re + 1.0).abs() < 1e-2 && mu.re.abs() <= 1.0);
            } else {
                seen[2] += 1;
                let turns = mu.im.atan2(mu.re) / std::f64::consts::TAU;
                let expected = rotation_number(alpha, beta, g).unwrap();
                assert!(mu.im > 0.0 && (turns - expected).abs() < 1e-4, "{turns} {expected}");
            }
        }
        assert!(seen.iter().all(|&count| count > 500), "{seen:?}");
    }

    #[test]
    fn edges_of_the_parameter_range() {
        let island = stable_curvatures(1.0, 0.1, 3.0).island.unwrap();
        assert!((island[0] - 5.0 / 21.0).abs() < 1e-15 && (island[1] - 10.0 / 29.0).abs() < 1e-15);
        assert_eq!(sharpness_max(1.0, 0.1, 3.0), 0.0);
        assert_eq!(sharpness_max(0.0, 1.0, 1.0), 0.0); // no damping at γ = β
        assert_eq!(sharpness_max(0.5, 0.0, 0.1), 5.0); // explicit Euler on heavy ball: α/γ
        assert_eq!(first_instability(0.5, 0.0, 0.1), FirstInstability::NeimarkSacker);
        assert_eq!(first_instability(1.05, 1.0, 1.5), FirstInstability::Flip);
        assert!((sharpness_max(1.0, 0.5, 2.0) - 1.0 / 1.5).abs() < 1e-15 && stable(1.0, 0.5, 2.0, 0.5)); // γα = 2
        assert!(
            !stable(1.0, 0.1, 0.1, 0.0) && !stable(1.0, 0.1, 0.1, -1.0) && !stable(1.0, 0.1, f64::NAN, 1.0)
        );
        assert_eq!(step_size_max(1.0, 0.1, &[2.0, 0.0]), 0.0);
        assert_eq!(step_size_max(0.0, 0.0, &[1.0]), 0.0);
        assert_eq!(step_size_max(1.0, 0.1, &[]), f64::INFINITY);
        assert!(step_size_max(1e-200, 1e-200, &[1e-300]) > 1e90);
        assert!(step_size_max(1.0, 1.0, &[1e300]) > 0.0);
    }

    #[test]
    fn words_of_the_contract() {
        let word = |kind: FirstInstability| serde_json::to_string(&kind).unwrap();
        assert_eq!(word(FirstInstability::NeimarkSacker), "\"neimark-sacker\"");
        let mode = mode_stability(0.5, 0.1, None, 1.0);
        assert!(mode.stable && mode.spirals && mode.multipliers.is_none());
        assert!(!mode_stability(0.5, 0.1, Some(0.1), -1.0).stable);
    }
}
