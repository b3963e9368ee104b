//! Random measurements repeated with fresh seeds (`--effort thorough`): are their p-values uniform?
//!
//! A verdict needs only that the value lies within its margin. This asks more of the numbers: with z = (value −
//! prediction)/(standard error) the p-value 2P(T > |z|), T Student's with n − 1 degrees of freedom, is uniform on
//! [0, 1] over independent seeds when the prediction is exact and the standard error right. It is a report, not a
//! verdict: a bias inside the margin is allowed, and shows here.

use dinlab_analysis::statistics::{holm, kolmogorov_smirnov, student_p_value, Summary};
use dinlab_record::{FreshSeeds, Measurement};
use serde::{Deserialize, Serialize};

use crate::{
    check::{Check, Context, Effort},
    error::CheckError,
    judge::LEVEL,
};

/// Fresh seeds per random measurement. At this number a shift of the mean by 1.5 standard errors is found at the level
/// 0.01 in nine of ten runs (the Kolmogorov distance is then about 0.38, its critical value 0.25).
pub const SEEDS: u64 = 40;

/// One random measurement under fresh seeds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Repeats {
    /// Name of the measurement.
    pub name: String,
    /// Its case.
    pub case: String,
    /// Margin of equivalence.
    pub margin: f64,
    /// Value − prediction, one per seed.
    pub deviations: Vec<f64>,
    /// Two-sided p-values, one per seed.
    pub p_values: Vec<f64>,
}

/// Measures the case, at the size of `quick`, under [`SEEDS`] fresh seeds. A case without random measurements is
/// measured once and gives nothing.
pub fn repeat<C: Check>(
    check: &C,
    case: &C::Case,
    context: &Context<'_>,
) -> Result<Vec<Repeats>, CheckError> {
    let mut repeats: Vec<Repeats> = Vec::new();
    for index in 0..SEEDS {
        context.proceed()?;
        let seed = context.stream("fresh seeds", index).bits();
        let measured = check.measure(case, &Context { effort: Effort::Quick, seed, ..*context })?;
        let random: Vec<&Measurement> = measured.iter().filter(|m| m.sampling.is_some()).collect();
        if random.is_empty() {
            break;
        }
        for m in random {
            let place = repeats.iter().position(|r| r.name == m.name && r.case == m.case);
            let place = place.unwrap_or_else(|| {
                let (name, case, margin) = (m.name.clone(), m.case.clone(), m.tolerance);
                repeats.push(Repeats { name, case, margin, deviations: Vec::new(), p_values: Vec::new() });
                repeats.len() - 1
            });
            repeats[place].deviations.push(m.value - m.predicted);
            repeats[place].p_values.push(p_value(m));
        }
    }
    Ok(repeats)
}

fn p_value(m: &Measurement) -> f64 {
    let Some(sampling) = m.sampling else { return f64::NAN };
    let deviation = m.value - m.predicted;
    if deviation == 0.0 {
        return 1.0;
    }
    student_p_value(deviation / sampling.standard_error, sampling.samples as f64 - 1.0)
}

/// Judges the uniformity of all repeats of a run together: one list per check, in order.
pub fn judge(checks: &[&[Repeats]]) -> Vec<Vec<FreshSeeds>> {
    let uniform = |r: &Repeats| kolmogorov_smirnov(&r.p_values, |p| p).ok();
    let tests: Vec<_> = checks.iter().flat_map(|list| list.iter().map(uniform)).collect();
    let raw: Vec<f64> = tests.iter().map(|t| t.map_or(f64::NAN, |t| t.p_value)).collect();
    let mut results = tests.iter().zip(holm(&raw));
    let mut one = |r: &Repeats| {
        let (test, p_uniform) = results.next().map_or((None, f64::NAN), |(test, p)| (*test, p));
        let bias = Summary::of(&r.deviations).ok();
        FreshSeeds {
            name: r.name.clone(),
            case: r.case.clone(),
            p_values: r.p_values.clone(),
            distance: test.map_or(f64::NAN, |t| t.distance),
            p_uniform,
            uniform: p_uniform >= LEVEL,
            bias: bias.map_or(f64::NAN, |b| b.mean),
            bias_error: bias.map_or(f64::NAN, |b| b.standard_error),
            margin: r.margin,
        }
    };
    checks.iter().map(|list| list.iter().map(&mut one).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dinlab_analysis::statistics::equivalence_mean;
    use dinlab_numeric::Stream;
    use dinlab_record::Budget;

    /// Means of 200 normal numbers against a prediction off by `shift` standard errors, `spread` times too small errors.
    fn repeats(shift: f64, spread: f64) -> Repeats {
        let (mut deviations, mut p_values) = (Vec::new(), Vec::new());
        for seed in 0..SEEDS {
            let mut stream = Stream::new(seed, "fresh-seeds/test", 0);
            let x: Vec<f64> = (0..200).map(|_| stream.normal()).collect();
            let mut sampling = equivalence_mean(&x, 0.0, 0.5).unwrap();
            let predicted = -shift * sampling.standard_error;
            sampling.standard_error /= spread;
            let value = Summary::of(&x).unwrap().mean;
            let m = Measurement::equal("mean", value, predicted, Budget::sampling(0.5)).sampled(sampling);
            deviations.push(m.value - m.predicted);
            p_values.push(p_value(&m));
        }
        Repeats { name: "mean".into(), case: String::new(), margin: 0.5, deviations, p_values }
    }

    #[test]
    fn exact_predictions_give_uniform_p_values_and_others_do_not() {
        let list = [repeats(0.0, 1.0), repeats(1.5, 1.0), repeats(0.0, 3.0)];
        let judged = judge(&[&list[..1], &[], &list[1..]]);
        assert_eq!(judged.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0, 2]);
        let uniform: Vec<bool> = judged.into_iter().flatten().map(|f| f.uniform).collect();
        assert_eq!(uniform, [true, false, false]);
    }

    #[test]
    fn nan_is_never_uniform() {
        let mut broken = repeats(0.0, 1.0);
        broken.p_values[3] = f64::NAN;
        assert!(!judge(&[&[broken]])[0][0].uniform);
    }
}
