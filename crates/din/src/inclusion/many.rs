//! Many surfaces at once, where they act independently of each other: v = v₀ + Σ λᵢκᵢnᵢ, λ ∈ [0, 1]ᵏ, with normals nᵢ
//! and strengths κᵢ > 0 that do not depend on the sides taken at the others (θ ↦ Σ|θᵢ| plus a smooth function). The
//! motion is then the solution of a convex quadratic problem on a box, d the least-norm element of c − b·∂J(θ), and
//! no pieces need to be enumerated.

use dinlab_numeric::{axpy, distance, dot, max, norm};

use super::{
    decide::Candidate,
    dense::{independent, solve},
    law::Law,
    mode::{Mode, Slide, Wall},
    pieces::Pieces,
    site::Site,
};

/// Sweeps over the coordinates that identify which of them are at an end of their interval.
const SWEEPS: usize = 2000;

/// The motion that leaves a state on the surfaces in `active`; `None` if they do not act independently or one of them
/// is concave. `site` is without pieces and gets those on both sides of each surface.
pub(super) fn motion(
    law: Law,
    pieces: &mut Pieces<'_>,
    site: &mut Site,
    theta: &[f64],
    u: &[f64],
    signs: &[i8],
) -> Option<Candidate> {
    let mut base = signs.to_vec();
    site.active.iter().for_each(|&kink| base[kink] = -1);
    let strengths = strengths(pieces, site, theta, &base)?;
    site.add_sides(law, pieces, theta, u, signs);
    let cell = site.piece(law, pieces, theta, u, base.clone());
    let small = site.small();
    let k = site.active.len();
    let start = site.motion(&cell.v);
    let rates: Vec<(f64, f64)> = (0..k).map(|i| site.rate(&cell, i, &start)).collect();
    // With a continuous velocity across the surface the side is known.
    let given: Vec<f64> = (0..k)
        .map(|i| match law.continuous_velocity() {
            true => {
                let (speed, length) = (dot(&cell.normals[i], u), norm(&cell.normals[i]));
                if speed.abs() > super::site::ZERO * length * norm(u) {
                    speed.signum()
                } else {
                    0.0
                }
            }
            false => 0.0,
        })
        .collect();
    let concave = (0..k).any(|i| given[i] == 0.0 && strengths[i] * norm(&cell.normals[i]) < -small);
    if concave {
        return None;
    }
    let gram: Vec<f64> =
        (0..k * k).map(|ij| site.b * dot(&cell.normals[ij / k], &cell.normals[ij % k])).collect();
    let mu = on_box(&gram, &rates, &strengths, &given)?;
    let mut v = cell.v.clone();
    mu.iter().zip(&cell.normals).for_each(|(m, normal)| axpy(*m, normal, &mut v));
    let d = site.motion(&v);

    let mut mode = Mode::free(base);
    let mut strict = true;
    let mut held = Vec::new();
    for i in 0..k {
        let (kink, length) = (site.active[i], norm(&cell.normals[i]));
        let (rate, zero) = site.rate(&cell, i, &d);
        let weak = strengths[i].abs() * length <= small;
        let inside = mu[i] * length > small && (strengths[i] - mu[i]) * length > small;
        if given[i] != 0.0 || rate.abs() > zero {
            mode.signs[kink] = if given[i] + rate > 0.0 || given[i] > 0.0 { 1 } else { -1 };
        } else if inside {
            held.push(i);
        } else {
            mode.touching.push(kink);
            mode.signs[kink] = if mu[i] * length > small { 1 } else { -1 };
            strict &= weak;
        }
    }
    mode.slide = slide(site, &held, &mode.signs);
    Some(Candidate { mode, v, d, strict })
}

/// κᵢ; `None` unless the kinks act independently and their normals are independent.
fn strengths(pieces: &mut Pieces<'_>, site: &Site, theta: &[f64], base: &[i8]) -> Option<Vec<f64>> {
    let (n, active) = (theta.len(), &site.active);
    let mut gradient = |positive: &[usize]| {
        let mut signs = base.to_vec();
        positive.iter().for_each(|&kink| signs[kink] = 1);
        let mut out = vec![0.0; n];
        pieces.gradient(theta, &signs, &mut out);
        out
    };
    let start = gradient(&[]);
    let single: Vec<Vec<f64>> = active.iter().map(|&kink| gradient(&[kink])).collect();
    let small = 1e-9 * single.iter().map(|v| norm(v)).fold(norm(&start), max);
    for i in 0..active.len() {
        for j in 0..i {
            let both = gradient(&[active[i], active[j]]);
            let sum: Vec<f64> = (0..n).map(|x| single[i][x] + single[j][x] - start[x]).collect();
            if distance(&both, &sum) > small {
                return None;
            }
        }
    }
    let mut opposite = base.to_vec();
    active.iter().for_each(|&kink| opposite[kink] = 1);
    pieces.kinks(theta, &opposite, active);
    let there = pieces.normals.clone();
    pieces.kinks(theta, base, active);
    let rows: Vec<&[f64]> = pieces.normals.chunks(n).collect();
    if distance(&there, &pieces.normals) > 1e-9 * norm(&there) || independent(&rows, 1e-9).len() < rows.len()
    {
        return None;
    }
    Some(rows.iter().zip(&single).map(|(row, v)| (dot(v, row) - dot(&start, row)) / dot(row, row)).collect())
}

/// Minimises ½μᵀGμ − ρᵀμ over 0 ≤ μᵢ ≤ κᵢ (μᵢ at the end named by `given` where that is not 0).
fn on_box(gram: &[f64], rates: &[(f64, f64)], strengths: &[f64], given: &[f64]) -> Option<Vec<f64>> {
    let k = rates.len();
    let top = |i: usize| max(strengths[i], 0.0);
    let mut mu: Vec<f64> = (0..k).map(|i| if given[i] > 0.0 { strengths[i] } else { 0.0 }).collect();
    let slope = |mu: &[f64], i: usize| rates[i].0 - (0..k).map(|j| gram[i * k + j] * mu[j]).sum::<f64>();
    for _ in 0..SWEEPS {
        let mut change = 0.0;
        for i in (0..k).filter(|&i| given[i] == 0.0) {
            let wanted = (mu[i] + slope(&mu, i) / gram[i * k + i]).clamp(0.0, top(i));
            change = max(change, (wanted - mu[i]).abs() / max(top(i), f64::MIN_POSITIVE));
            mu[i] = wanted;
        }
        if change < 1e-15 {
            break;
        }
    }
    // The coordinates inside their intervals exactly, the others being at an end.
    let free: Vec<usize> = (0..k).filter(|&i| given[i] == 0.0 && mu[i] > 0.0 && mu[i] < top(i)).collect();
    let mut exact: Vec<f64> = free
        .iter()
        .map(|&i| slope(&mu, i) + free.iter().map(|&j| gram[i * k + j] * mu[j]).sum::<f64>())
        .collect();
    let mut matrix: Vec<f64> =
        free.iter().flat_map(|&i| free.iter().map(move |&j| gram[i * k + j])).collect();
    if !solve(&mut matrix, &mut exact) {
        return None;
    }
    for (&i, value) in free.iter().zip(exact) {
        mu[i] = value;
    }
    Some(mu)
}

/// The slide on these positions of the site's surfaces.
fn slide(site: &Site, held: &[usize], signs: &[i8]) -> Slide {
    let kinks: Vec<usize> = held.iter().map(|&i| site.active[i]).collect();
    if kinks.is_empty() {
        return Slide::default();
    }
    let mut cells = vec![signs.to_vec()];
    for &kink in &kinks {
        let mut cell = signs.to_vec();
        cell[kink] = 1;
        cells.push(cell);
    }
    let walls = (0..kinks.len())
        .flat_map(|index| [false, true].map(|upper| Wall::Side { index, upper, orientation: 1.0 }))
        .collect();
    Slide { independent: kinks.clone(), kinks, cells, walls }
}
