//! The measurements of each kind of case.

use dinlab_record::{Budget, Measurement};
use std::f64::consts::PI;

use super::{
    mode::{variation, variation_of_flow, Algorithm, Mode},
    price, Case, FOLLOWED,
};
use crate::{check::Context, error::CheckError, subject::Subject};

/// Allowance for the nonlinearity of J beside a minimiser, and for rounding at the small amplitudes there.
fn nonlinear(mode: &Mode) -> f64 {
    if mode.floor == FOLLOWED {
        1e-3
    } else {
        0.0
    }
}

pub(super) fn measure_mode(mode: &Mode) -> Result<Vec<Measurement>, CheckError> {
    let expected = mode.prediction()?;
    let rounding = mode.rounding()?;
    if mode.own && (rounding.is_nan() || rounding > 1e-3) {
        let reason = format!(
            "rounding of the minimiser is more than 10⁻³ of what the fit of the multipliers rests on ({rounding:.1e}): it \
             needs a larger step size or a minimiser nearer to 0"
        );
        return Err(CheckError::OwnCase { reason });
    }
    let found = mode.found()?;
    let words = mode.words();
    if expected.angle == 0.0 {
        return Ok(vec![
            Measurement::at_most(
                "sign changes of a direction that does not spiral",
                found.crossings as f64,
                1.0,
                Budget::default(),
            )
            .on(&words),
            Measurement::holds("no spectral peak", mode.peak()?.is_none()).on(words),
        ]);
    }
    let (steps, per_step) = (found.steps as f64, expected.angle / PI);
    let loose = nonlinear(mode);
    let [spacing, zeros] = found.spacing;
    let budget = |discretisation: f64| Budget { rounding: 1e-9, ..Budget::discretisation(discretisation) };
    let count = |name: &str, n: u64| {
        Measurement::equal(name, n as f64, steps * per_step, Budget::sampling(1.0)).on(&words)
    };
    let mut result = vec![
        count("sign changes", found.crossings),
        count("velocity reversals", found.reversals),
        Measurement::equal(
            "iterations from one zero to the next",
            spacing,
            1.0 / per_step,
            budget(expected.decay / (2.0 * (zeros - 1.0)) + loose / per_step),
        )
        .on(&words),
        Measurement::equal(
            "ratio of the envelope from one extremum to the next",
            found.ratio(),
            expected.ratio,
            budget(1e-6 + loose),
        )
        .on(&words),
    ];
    // A parabola through three samples means something where an oscillation has many.
    if let Some(extrema) = found.extrema.filter(|_| expected.angle < 0.7) {
        let curvature = expected.angle.powi(2);
        let scatter = 0.3 * curvature * (curvature + expected.decay) + 1e-6 + loose;
        result.push(
            Measurement::equal("ratio of interpolated extrema", extrema, expected.ratio, budget(scatter))
                .on(&words),
        );
    }
    // Where the decay is as fast as the oscillation there is no peak to speak of, and a short series has no width.
    let complete = mode.first_below.is_infinite() && mode.floor < FOLLOWED;
    if complete && expected.decay < 0.3 * expected.angle {
        let (frequency, width) = mode.peak()?.map_or((f64::NAN, f64::NAN), |p| (p.frequency, p.half_width));
        let narrow = (2_f64.cbrt() - 1.0).sqrt() * expected.decay / (2.0 * PI);
        result.push(
            Measurement::equal(
                "frequency of the spectral peak",
                frequency,
                expected.angle / (2.0 * PI),
                budget(0.1 * expected.decay / (2.0 * PI)),
            )
            .on(&words)
            .in_unit("1/iteration"),
        );
        result.push(
            Measurement::equal("half-width of the spectral peak", width, narrow, budget(0.1 * narrow))
                .on(&words)
                .in_unit("1/iteration"),
        );
    }
    Ok(result)
}

/// Upward variation and path excess of one direction of the flow, from three step sizes.
pub(super) fn measure_variation(case: &Case) -> Result<Vec<Measurement>, CheckError> {
    let Case::Variation { alpha, beta, hessian_eigenvalue: lambda, step_size, time, factor } = *case else {
        return Ok(Vec::new());
    };
    let objective = Subject::named(&format!("quadratic:{lambda}"));
    let at = |level: i32| {
        variation(Algorithm::indian(alpha, beta, step_size * 0.5_f64.powi(level)), &objective, &[1.0], time)
    };
    let (coarse, middle, fine) = (at(0)?, at(1)?, at(2)?);
    let predicted = variation_of_flow(alpha, factor * beta, lambda);
    let words = format!(
        "quadratic:{lambda}, α={alpha}, β={beta}, γ={step_size}, {}, {}",
        0.5 * step_size,
        0.25 * step_size
    );
    let names = ["upward variation of J over J₀", "path length over displacement"];
    Ok((0..2)
        .map(|i| {
            let (first, second) = (2.0 * middle[i] - coarse[i], 2.0 * fine[i] - middle[i]);
            // The excess alone is compared: the 1 in the path carries nothing.
            let size = predicted[i] - i as f64;
            Measurement::equal(names[i], second, predicted[i], Budget::discretisation(1e-3 * size))
                .on(&words)
                .refined(second - first)
        })
        .collect())
}

/// Measures 1 to 5 at eight values of β up to the last that spirals.
pub(super) fn measure_decrease(case: &Case) -> Result<Vec<Measurement>, CheckError> {
    let Case::Decrease { alpha, hessian_eigenvalue: lambda, step_size, time } = *case else {
        return Ok(Vec::new());
    };
    let name = format!("quadratic:{lambda}");
    let objective = Subject::named(&name);
    let last = (2.0 * lambda.sqrt() - alpha) / lambda;
    let mut measures: Vec<[f64; 5]> = Vec::new();
    for i in 0..8 {
        let algorithm = Algorithm::indian(alpha, last * f64::from(i) / 8.0, step_size);
        let [upward, excess] = variation(algorithm, &objective, &[1.0], time)?;
        let found = Mode::new(&name, algorithm, &[1.0], 0, lambda).found()?;
        let reversals = found.reversals as f64 / found.steps as f64;
        measures.push([1.0 / found.spacing[0], reversals, found.ratio(), upward, excess]);
    }
    let names = [
        "sign changes per iteration",
        "velocity reversals per iteration",
        "overshoot",
        "upward variation",
        "path excess",
    ];
    let words = format!("{name}, α={alpha}, γ={step_size}, β = 0…{:.4}", last * 7.0 / 8.0);
    let mut result: Vec<Measurement> = (0..5)
        .map(|i| {
            // A NaN counts as an increase: it is not a decrease.
            let decreases = measures.windows(2).filter(|pair| pair[1][i] < pair[0][i]).count();
            let increases = measures.len() - 1 - decreases;
            Measurement::equal(
                format!("increases of the {} along β", names[i]),
                increases as f64,
                0.0,
                Budget::default(),
            )
            .on(&words)
        })
        .collect();
    for factor in [1.02, 2.0] {
        let algorithm = Algorithm::indian(alpha, factor * last, step_size);
        let found = Mode::new(&name, algorithm, &[1.0], 0, lambda).found()?;
        result.push(
            Measurement::at_most(
                "sign changes beyond the last β that spirals",
                found.crossings as f64,
                1.0,
                Budget::default(),
            )
            .on(format!("{name}, {}", algorithm.words())),
        );
    }
    Ok(result)
}

pub(super) fn measure_price(case: &Case, context: &Context<'_>) -> Vec<Measurement> {
    let Case::Price { interval, draws, factor } = *case else { return Vec::new() };
    let [mu, l] = interval;
    let [any, free] = price::search(interval, draws, context);
    let (root, cost) = ((l / mu).sqrt(), factor * mu / l);
    let words = format!("μ={mu}, L={l}, {draws} draws");
    let best = 2.0 / (root + 1.0);
    vec![
        Measurement::equal(
            "1 − best factor with oscillation",
            1.0 - any,
            best,
            Budget::sampling(0.02 * best),
        )
        .on(&words),
        Measurement::at_most(
            "1 − best factor without oscillation",
            1.0 - free,
            cost,
            Budget::rounding(1e-6 * cost),
        )
        .on(&words),
        Measurement::at_least(
            "1 − best factor without oscillation",
            1.0 - free,
            cost,
            Budget::sampling(0.02 * cost),
        )
        .on(words),
    ]
}
