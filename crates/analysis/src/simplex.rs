//! Minimisation without derivatives: the downhill simplex of Nelder and Mead (Comput. J. 7, 1965), restarted from its own
//! result until that no longer helps. For a few variables and functions that are not smooth at their minimum.

use dinlab_numeric::distance;

/// Minimiser and value found from `start`, with first simplices of edge `size` in every coordinate. Restarts with
/// simplices of half the size end when four in a row gain nothing, evaluations are at most `budget`. A value that is NaN counts as
/// infinite.
pub fn minimise(
    mut f: impl FnMut(&[f64]) -> f64,
    start: &[f64],
    size: f64,
    budget: usize,
) -> (Vec<f64>, f64) {
    let mut used = 0;
    let mut value = |x: &[f64]| {
        used += 1;
        let v = f(x);
        (if v.is_nan() { f64::INFINITY } else { v }, used < budget)
    };
    let (mut best, (mut lowest, mut more)) = (start.to_vec(), value(start));
    let (mut size, mut idle) = (size, 0);
    while more && idle < 4 {
        let (found, v, left) = descend(&mut value, &best, size);
        more = left;
        idle = if v < lowest { 0 } else { idle + 1 };
        if v < lowest {
            (best, lowest) = (found, v);
        }
        // Alternating signs: a simplex that collapsed onto one side of a ridge gets the other.
        size *= -0.5;
    }
    (best, lowest)
}

/// One simplex, until its values agree to rounding or its edges vanish.
fn descend(value: &mut impl FnMut(&[f64]) -> (f64, bool), start: &[f64], size: f64) -> (Vec<f64>, f64, bool) {
    let n = start.len();
    let mut more = true;
    let mut simplex: Vec<(f64, Vec<f64>)> = Vec::with_capacity(n + 1);
    for i in 0..=n {
        let mut x = start.to_vec();
        if i > 0 {
            x[i - 1] += size;
        }
        simplex.push((value(&x).0, x));
    }
    while more {
        simplex.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (low, high) = (simplex[0].0, simplex[n].0);
        let edge = distance(&simplex[0].1, &simplex[n].1);
        if edge < 1e-13 || high - low <= 4.0 * f64::EPSILON * low.abs() {
            break;
        }
        let centre: Vec<f64> = (0..n)
            .map(|j| simplex[..n].iter().map(|(_, x)| x[j]).fold(0.0, |s, v| s + v) / n as f64)
            .collect();
        let along = |t: f64, worst: &[f64]| -> Vec<f64> {
            centre.iter().zip(worst).map(|(c, w)| c + t * (c - w)).collect()
        };
        let worst = simplex[n].1.clone();
        let mut at = |t: f64| {
            let x = along(t, &worst);
            let (v, left) = value(&x);
            more = left;
            (v, x)
        };
        let reflected = at(1.0);
        let next = if reflected.0 < low {
            let expanded = at(2.0);
            Some(if expanded.0 < reflected.0 { expanded } else { reflected })
        } else if reflected.0 < simplex[n - 1].0 {
            Some(reflected)
        } else {
            let contracted = if reflected.0 < high { at(0.5) } else { at(-0.5) };
            Some(contracted).filter(|c| c.0 < high)
        };
        match next {
            Some(vertex) => simplex[n] = vertex,
            None => {
                let best = simplex[0].1.clone();
                for (v, x) in &mut simplex[1..] {
                    x.iter_mut().zip(&best).for_each(|(x, b)| *x = 0.5 * (*x + b));
                    *v = value(x).0;
                }
            }
        }
    }
    simplex.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (v, x) = simplex.swap_remove(0);
    (x, v, more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smooth_and_kinked_minima_are_found() {
        let rosenbrock = |x: &[f64]| (1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2);
        let (x, v) = minimise(rosenbrock, &[-1.2, 1.0], 0.5, 20_000);
        assert!(v < 1e-15 && (x[0] - 1.0).abs() < 1e-7, "{x:?} {v}");
        let kinked = |x: &[f64]| (x[0] - 2.0).abs() + 3.0 * (x[1] + x[0]).abs() + (x[2] - 1.0).abs().sqrt();
        let (x, v) = minimise(kinked, &[0.0, 0.0, 0.0], 0.5, 20_000);
        assert!(v < 1e-5, "{x:?} {v}");
    }

    #[test]
    fn nan_is_avoided_and_the_budget_kept() {
        let mut count = 0;
        let (x, v) = minimise(
            |x| {
                count += 1;
                if x[0] < 0.0 {
                    f64::NAN
                } else {
                    x[0]
                }
            },
            &[1.0],
            0.3,
            500,
        );
        assert!(x[0] >= 0.0 && v < 1e-9 && count <= 503, "{x:?} {count}");
    }
}
