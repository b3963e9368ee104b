//! Stability, rate and oscillation of eigenmodes over planes of α, β, γ and λ.
//!
//! Rates and half-turns are those of runs of the shipped step on the eigenmodes (`modes`). Classes, and the spectral
//! radius of the stability map, come from the matrix of the shipped step, from the images of the basis vectors. The prediction is the closed form: (NS) γ < β + α/λ, (flip) 4 − 2γ(α+βλ) + γ²λ > 0,
//! −log max|1 + γs|, and (α+βλ)² < 4λ for rotation.

use std::sync::atomic::AtomicBool;

use dinlab_analysis::{
    spectrum::{eigenvalues_2x2, modulus, multipliers, spectral_radius},
    stability::stable,
};
use dinlab_indian::step_matrix;
use dinlab_numeric::{max, norm};
use nalgebra::Complex;
use rayon::prelude::*;

use crate::{
    contour,
    error::MapError,
    modes,
    plane::Plane,
    refine::{crossing, refine, segments},
    Curve, Map, Mismatch, Mismatches,
};

/// Class and number for (α, β, γ) and eigenvalues.
type Judge<'a> = dyn Fn([f64; 3], &[f64]) -> (Option<u8>, f64) + 'a;

/// What is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Which instability, if any; spectral radius.
    Stability,
    /// −log ρ.
    Rate,
    /// Half-turns per iteration.
    Oscillation,
}

/// Numbers that are not on an axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Fixed {
    /// α ≥ 0.
    pub alpha: f64,
    /// β ≥ 0.
    pub beta: f64,
    /// γ > 0.
    pub step_size: f64,
    /// λ, one or more; replaced by the axis `eigenvalue` where there is one.
    pub eigenvalues: Vec<f64>,
}

/// Names of the axes.
pub const AXES: [&str; 4] = ["alpha", "beta", "step-size", "eigenvalue"];

/// Where the coordinates of a plane go.
#[derive(Debug, Clone, Copy)]
struct Slots([usize; 2]);

impl Slots {
    fn of(plane: &Plane) -> Result<Self, MapError> {
        let slot = |name: &str| {
            AXES.iter()
                .position(|known| *known == name)
                .ok_or_else(|| MapError::UnknownAxis { axis: name.into(), expected: AXES.join(", ") })
        };
        Ok(Self([slot(&plane.x.name)?, slot(&plane.y.name)?]))
    }

    /// (α, β, γ) and the eigenvalues at a point; `own` holds the eigenvalue of an axis.
    fn fill<'a>(self, fixed: &'a Fixed, at: [f64; 2], own: &'a mut [f64; 1]) -> ([f64; 3], &'a [f64]) {
        let mut p = [fixed.alpha, fixed.beta, fixed.step_size];
        let mut axis = false;
        for (slot, value) in self.0.into_iter().zip(at) {
            match slot {
                3 => (own[0], axis) = (value, true),
                slot => p[slot] = value,
            }
        }
        (p, if axis { own } else { &fixed.eigenvalues })
    }
}

/// Classes of [`Quantity::Stability`].
const STABILITY: [&str; 4] = ["stable", "flip (μ < −1)", "Neimark–Sacker (complex |μ| > 1)", "drift (μ ≥ 1)"];
/// Classes of [`Quantity::Oscillation`].
const OSCILLATION: [&str; 3] = ["no oscillation", "rotation (complex μ)", "alternation (μ < 0)"];

/// The largest multiplier in modulus of all modes.
fn leading(modes: impl Iterator<Item = [Complex<f64>; 2]>) -> (f64, Complex<f64>) {
    let mut best = (0.0, Complex::new(0.0, 0.0));
    for mu in modes.flatten() {
        let size = modulus(mu);
        // NaN wins, so that it is seen. Of equal ones the later counts: the pair has the same type.
        if size >= best.0 || size.is_nan() {
            best = (size, mu);
        }
    }
    best
}

fn measured([alpha, beta, gamma]: [f64; 3], lambdas: &[f64]) -> impl Iterator<Item = [Complex<f64>; 2]> + '_ {
    lambdas.iter().map(move |&lambda| eigenvalues_2x2(step_matrix(alpha, beta, gamma, lambda)))
}

fn predicted(
    [alpha, beta, gamma]: [f64; 3],
    lambdas: &[f64],
) -> impl Iterator<Item = [Complex<f64>; 2]> + '_ {
    lambdas.iter().map(move |&lambda| multipliers(alpha, beta, gamma, lambda))
}

/// Class and number of a set of multipliers.
fn judge(quantity: Quantity, modes: impl Iterator<Item = [Complex<f64>; 2]>) -> (Option<u8>, f64) {
    if quantity == Quantity::Oscillation {
        let (mut class, mut turn): (u8, f64) = (0, 0.0);
        for pair in modes {
            // What is seen in the end is the larger of the two.
            let leading = if modulus(pair[0]) >= modulus(pair[1]) { pair[0] } else { pair[1] };
            turn = max(turn, (leading.im.atan2(leading.re) / std::f64::consts::PI).abs());
            let [a, b] = pair;
            if a.re.is_nan() || b.re.is_nan() {
                return (None, f64::NAN);
            }
            let complex = a.im != 0.0 || b.im != 0.0;
            class = match (complex, a.re < 0.0 || b.re < 0.0, class) {
                (true, ..) => 1,
                (false, true, 0) => 2,
                _ => class,
            };
        }
        return (Some(class), turn);
    }
    let (radius, mu) = leading(modes);
    let class = match () {
        () if radius.is_nan() => None,
        () if radius < 1.0 => Some(0),
        () if mu.im != 0.0 => Some(2),
        () if mu.re < 0.0 => Some(1),
        () => Some(3),
    };
    (class, if quantity == Quantity::Rate { -radius.ln() } else { radius })
}

/// Rounding of a radius: that of a double root, √(16εS), S the norm of the matrix; 16εS where that is more.
fn rounding([alpha, beta, gamma]: [f64; 3], lambdas: &[f64]) -> f64 {
    let size = |lambda: &f64| norm(&step_matrix(alpha, beta, gamma, *lambda).concat());
    let largest = lambdas.iter().map(size).fold(1.0, max);
    let entries = 16.0 * f64::EPSILON * largest;
    max(entries.sqrt(), entries)
}

/// Whether the closed form has the point inside: stable, or (for oscillation) turning.
fn inside(quantity: Quantity, [alpha, beta, gamma]: [f64; 3], lambdas: &[f64]) -> bool {
    match quantity {
        Quantity::Oscillation => lambdas.iter().any(|l| (alpha + beta * l).powi(2) < 4.0 * l),
        _ => lambdas.iter().all(|&lambda| stable(alpha, beta, gamma, lambda)),
    }
}

/// The map; `accuracy` is that of the boundary, as a fraction of each axis.
///
/// # Errors
/// A bad plane, numbers out of range (α, β ≥ 0, γ > 0 on the whole of it), or an interruption by `stop`.
pub fn map(
    quantity: Quantity,
    plane: &Plane,
    fixed: &Fixed,
    accuracy: f64,
    stop: &AtomicBool,
) -> Result<Map, MapError> {
    plane.validate()?;
    let slots = Slots::of(plane)?;
    check(plane, slots, fixed)?;
    let with = |at: [f64; 2], use_: &Judge<'_>| {
        let mut own = [0.0];
        let (p, lambdas) = slots.fill(fixed, at, &mut own);
        use_(p, lambdas)
    };
    let here = |at: [f64; 2]| with(at, &|p, l| judge(quantity, measured(p, l)));
    let cells: Vec<(Option<u8>, f64)> =
        (0..plane.len()).into_par_iter().map(|cell| here(plane.centre(cell))).collect();
    let theory: Vec<(Option<u8>, f64)> = (0..plane.len())
        .into_par_iter()
        .map(|cell| with(plane.centre(cell), &|p, l| judge(quantity, predicted(p, l))))
        .collect();
    let (class, mut value): (Vec<Option<u8>>, Vec<f64>) = cells.into_iter().unzip();
    if quantity != Quantity::Stability {
        from_runs(quantity, plane, slots, fixed, &mut value, stop)?;
    }
    let mismatches = compare(quantity, plane, slots, fixed, &class, &value, &theory);
    // The boundary that is refined is that of the closed form's inside: types of instability may change elsewhere.
    let side = |class: Option<u8>| match quantity {
        Quantity::Oscillation => class.map(|c| u8::from(c != 1)),
        _ => class.map(|c| u8::from(c != 0)),
    };
    let sides: Vec<Option<u8>> = class.iter().map(|c| side(*c)).collect();
    let classify = |points: &[[f64; 2]]| Ok(points.par_iter().map(|t| side(here(plane.at(*t)).0)).collect());
    let (original, mut boundary) = refine(plane, segments(plane, &sides), accuracy, &classify)?;
    for (segment, point) in original.iter().zip(&mut boundary) {
        let closed = crossing(segment, |t| {
            let mut own = [0.0];
            let (p, lambdas) = slots.fill(fixed, plane.at(t), &mut own);
            inside(quantity, p, lambdas)
        });
        point.distance = closed.map(|t| {
            let c = plane.at(t);
            max(away(&plane.x, c[0], point.at[0]), away(&plane.y, c[1], point.at[1]))
        });
    }
    let classes: &[&str] = if quantity == Quantity::Oscillation { &OSCILLATION } else { &STABILITY };
    let marks = if quantity == Quantity::Rate { fastest(plane, &value) } else { Vec::new() };
    Ok(Map {
        classes: classes.iter().map(|c| (*c).to_owned()).collect(),
        class,
        quantity: match quantity {
            Quantity::Stability => "spectral radius ρ",
            Quantity::Rate => "rate −log ρ per iteration",
            Quantity::Oscillation => "half-turns per iteration",
        }
        .into(),
        predicted: theory.into_iter().map(|t| t.1).collect(),
        value,
        mismatches,
        boundary,
        curves: curves(quantity, plane, slots, fixed),
        marks,
        dots: Vec::new(),
        notes: Vec::new(),
        plane: plane.clone(),
    })
}

/// Replaces the numbers of the cells by those of runs.
fn from_runs(
    quantity: Quantity,
    plane: &Plane,
    slots: Slots,
    fixed: &Fixed,
    value: &mut [f64],
    stop: &AtomicBool,
) -> Result<(), MapError> {
    /// Cells whose modes are listed at a time.
    const PART: usize = 1 << 16;
    let mut first = 0;
    for part in value.chunks_mut(PART) {
        let (mut all, mut own) = (Vec::new(), [0.0]);
        for cell in first..first + part.len() {
            let ([a, b, g], lambdas) = slots.fill(fixed, plane.centre(cell), &mut own);
            all.extend(lambdas.iter().map(|l| [a, b, g, *l]));
        }
        let seen = modes::run(&all, stop)?;
        let count = all.len() / part.len();
        for (value, seen) in part.iter_mut().zip(seen.chunks(count)) {
            *value = match quantity {
                Quantity::Oscillation => seen.iter().fold(0.0, |s, seen| max(s, seen.turns)),
                _ => seen.iter().fold(f64::INFINITY, |s, seen| dinlab_numeric::min(s, seen.rate)),
            };
        }
        first += part.len();
    }
    Ok(())
}

/// How far the number of a cell may be from the closed form; infinite where the closed form itself is not decided.
fn allowance(quantity: Quantity, p: [f64; 3], lambdas: &[f64]) -> f64 {
    let rounding = rounding(p, lambdas);
    let mut allowed: f64 = 0.0;
    for &lambda in lambdas {
        let mode = [p[0], p[1], p[2], lambda];
        let pair = multipliers(p[0], p[1], p[2], lambda);
        let (large, small) = (
            max(modulus(pair[0]), modulus(pair[1])),
            dinlab_numeric::min(modulus(pair[0]), modulus(pair[1])),
        );
        let one = match quantity {
            Quantity::Stability => rounding,
            // A radius that is rounding has a logarithm that says nothing.
            _ if large <= 4.0 * rounding => f64::INFINITY,
            Quantity::Rate => modes::allowance(mode, pair) + rounding / large,
            // Of two real multipliers the smaller must have died away where their signs differ.
            Quantity::Oscillation => {
                let opposite = pair[0].im == 0.0 && pair[0].re * pair[1].re <= 0.0;
                let undecided = opposite && (small / large).powf((modes::STEPS / 2) as f64) > 1e-12;
                if undecided {
                    f64::INFINITY
                } else {
                    2.0 / (modes::STEPS / 2) as f64
                }
            }
        };
        allowed = max(allowed, one);
    }
    allowed
}

/// Distance of two values as a fraction of the axis.
fn away(axis: &crate::Axis, a: f64, b: f64) -> f64 {
    match axis.log {
        true => (a / b).ln().abs() / (axis.to / axis.from).ln(),
        false => (a - b).abs() / (axis.to - axis.from),
    }
}

fn check(plane: &Plane, slots: Slots, fixed: &Fixed) -> Result<(), MapError> {
    let on_axis = |slot: usize| slots.0.contains(&slot);
    for (axis, slot) in [&plane.x, &plane.y].into_iter().zip(slots.0) {
        if slot < 2 && axis.from < 0.0 || slot == 2 && axis.from <= 0.0 {
            let expected =
                if slot == 2 { "step sizes greater than 0" } else { "numbers that are not negative" };
            return Err(MapError::Range { axis: axis.name.clone(), from: axis.from, to: axis.to, expected });
        }
    }
    let bad = |what, value, expected| Err(MapError::Value { what, value, expected });
    let usable = fixed.step_size > 0.0 && fixed.step_size.is_finite();
    if !(on_axis(2) || usable) {
        return bad("step size", fixed.step_size, "given and greater than 0, or an axis");
    }
    if !on_axis(3) {
        if fixed.eigenvalues.is_empty() {
            return bad("Hessian eigenvalue", f64::NAN, "given, or an axis");
        }
        if let Some(&value) = fixed.eigenvalues.iter().find(|v| !v.is_finite()) {
            return bad("Hessian eigenvalue", value, "finite");
        }
    }
    Ok(())
}

/// Cells whose class or number differs from the closed form by more than rounding.
fn compare(
    quantity: Quantity,
    plane: &Plane,
    slots: Slots,
    fixed: &Fixed,
    class: &[Option<u8>],
    value: &[f64],
    theory: &[(Option<u8>, f64)],
) -> Mismatches {
    const EDGE: f64 = 1e-9;
    let mut found = Mismatches::default();
    for (cell, (expected, number)) in theory.iter().enumerate() {
        let at = plane.centre(cell);
        let mut differs = false;
        if class[cell] != *expected
            || (value[cell] - number).abs() > EDGE
            || value[cell].is_nan() != number.is_nan()
        {
            // Only here is it worth asking what rounding allows.
            let mut own = [0.0];
            let (p, lambdas) = slots.fill(fixed, at, &mut own);
            let allowed = rounding(p, lambdas);
            let radius = leading(measured(p, lambdas)).0;
            // The angle of a pair near a double root is as uncertain as its roots.
            let near_edge = match quantity {
                Quantity::Oscillation => {
                    let gap = |l: &f64| (p[0] + p[1] * l).powi(2) - 4.0 * l;
                    lambdas.iter().any(|l| gap(l).abs() * p[2] * p[2] < 1e2 * allowed * allowed)
                        || predicted(p, lambdas).flatten().any(|mu| modulus(mu) < 1e-9)
                }
                _ => {
                    (radius - 1.0).abs() <= max(EDGE, allowed * f64::EPSILON.sqrt()) || !lone_type(p, lambdas)
                }
            };
            // Infinite numbers are equal, or compared with an infinite allowance.
            // NaN is not within it.
            let within = (value[cell] - number).abs() <= allowance(quantity, p, lambdas);
            let apart = value[cell] != *number && !within;
            differs = apart || (class[cell] != *expected && !near_edge) || value[cell].is_nan();
        }
        let code = |c: Option<u8>| c.map_or(f64::NAN, f64::from);
        let (measured, predicted) = match class[cell] == *expected {
            true => (value[cell], *number),
            false => (code(class[cell]), code(*expected)),
        };
        found.compare(differs, Mismatch { at, measured, predicted });
    }
    found
}

/// Whether the leading multiplier's type is beyond rounding: away from double roots, and ahead of other modes.
fn lone_type(p: [f64; 3], lambdas: &[f64]) -> bool {
    let allowed = rounding(p, lambdas);
    let radius = spectral(p, lambdas);
    let near: Vec<Complex<f64>> =
        predicted(p, lambdas).flatten().filter(|mu| modulus(*mu) > radius - 10.0 * allowed).collect();
    let kind = |mu: &Complex<f64>| (mu.im != 0.0, mu.re < 0.0);
    near.windows(2).all(|w| kind(&w[0]) == kind(&w[1]))
        && near.iter().all(|mu| mu.im == 0.0 || mu.im.abs() > 10.0 * allowed)
}

fn spectral([alpha, beta, gamma]: [f64; 3], lambdas: &[f64]) -> f64 {
    lambdas.iter().map(|&lambda| spectral_radius(alpha, beta, gamma, lambda)).fold(0.0, max)
}

/// The closed-form curves, those parts of them that bound the region.
fn curves(quantity: Quantity, plane: &Plane, slots: Slots, fixed: &Fixed) -> Vec<Curve> {
    const MOST: usize = 8;
    type Form = fn([f64; 3], f64) -> f64;
    let forms: &[(&str, Form)] = match quantity {
        Quantity::Oscillation => &[
            ("pair: (α+βλ)² = 4λ", |[a, b, _], l| 4.0 * l - (a + b * l).powi(2)),
            ("the larger multiplier changes its sign: γ(α+βλ) = 2", |[a, b, g], l| {
                // Of real multipliers only: elsewhere NaN, and no curve.
                if (a + b * l).powi(2) < 4.0 * l {
                    f64::NAN
                } else {
                    2.0 - g * (a + b * l)
                }
            }),
        ],
        _ => &[
            ("flip: 4 − 2γ(α+βλ) + γ²λ = 0", |[a, b, g], l| 4.0 - 2.0 * g * (a + b * l) + g * g * l),
            ("Neimark–Sacker: γ = β + α/λ", |[a, b, g], l| a + (b - g) * l),
        ],
    };
    let count = if slots.0.contains(&3) { 1 } else { fixed.eigenvalues.len().min(MOST) };
    let mut all = Vec::new();
    for (place, (label, form)) in forms.iter().enumerate() {
        let mut named = false;
        for index in 0..count {
            let value = |at: [f64; 2]| {
                let mut own = [0.0];
                let (p, lambdas) = slots.fill(fixed, at, &mut own);
                form(p, lambdas[index])
            };
            let (mut x, mut y) = contour::zeros(plane, value);
            for (x, y) in x.iter_mut().zip(&mut y) {
                let mut own = [0.0];
                let (p, lambdas) = slots.fill(fixed, [*x, *y], &mut own);
                // Beyond another limit the curve bounds nothing.
                let outside = quantity != Quantity::Oscillation && spectral(p, lambdas) > 1.0 + 1e-6;
                if outside {
                    (*x, *y) = (f64::NAN, f64::NAN);
                }
            }
            if x.iter().any(|v| v.is_finite()) {
                let label = if named { String::new() } else { (*label).to_owned() };
                named = true;
                all.push(Curve { label, style: place, x, y });
            }
        }
    }
    all
}

/// The cell with the largest rate.
fn fastest(plane: &Plane, rate: &[f64]) -> Vec<(String, [f64; 2])> {
    let best = (0..rate.len()).filter(|&i| rate[i] > 0.0).max_by(|&a, &b| rate[a].total_cmp(&rate[b]));
    best.map(|cell| (format!("fastest cell: ρ = {:.4}", (-rate[cell]).exp()), plane.centre(cell)))
        .into_iter()
        .collect()
}

#[cfg(test)]
#[path = "linear_tests.rs"]
mod tests;
