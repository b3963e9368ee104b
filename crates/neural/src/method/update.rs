//! The updates themselves, number by number, in blocks on all threads where there are many parameters (each number is computed alone, so the
//! number of threads does not matter).

use dinlab_indian::indian_step;
use rayon::prelude::*;

use super::{Method, State};
use crate::number::Real;

/// Parameters per block; fewer than two blocks are done at once.
const BLOCK: usize = 1 << 16;

/// Runs `update(θ, first vector, second vector, v)` over blocks, compiled for every vector unit; vectors that the method has not are empty. No unit fuses a product with a sum, so that all
/// give the same bits.
fn blocks<T: Real>(
    vectors: &mut [Vec<T>],
    theta: &mut [T],
    gradient: &[T],
    update: impl Fn(&mut [T], &mut [T], &mut [T], &[T]) + Sync,
) {
    let arch = pulp::Arch::new();
    let update = |theta: &mut [T], a: &mut [T], b: &mut [T], v: &[T]| {
        arch.dispatch(
            #[inline(always)]
            || update(theta, a, b, v),
        )
    };
    let (mut none, mut neither) = (Vec::new(), Vec::new());
    let (first, second) = match vectors {
        [a, b, ..] => (a, b),
        [a] => (a, &mut neither),
        [] => (&mut none, &mut neither),
    };
    if theta.len() < 2 * BLOCK {
        return update(theta, first, second, gradient);
    }
    match (first.is_empty(), second.is_empty()) {
        (true, _) => theta
            .par_chunks_mut(BLOCK)
            .zip(gradient.par_chunks(BLOCK))
            .for_each(|(theta, v)| update(theta, &mut [], &mut [], v)),
        (_, true) => theta
            .par_chunks_mut(BLOCK)
            .zip(first.par_chunks_mut(BLOCK))
            .zip(gradient.par_chunks(BLOCK))
            .for_each(|((theta, a), v)| update(theta, a, &mut [], v)),
        _ => theta
            .par_chunks_mut(BLOCK)
            .zip(first.par_chunks_mut(BLOCK))
            .zip(second.par_chunks_mut(BLOCK))
            .zip(gradient.par_chunks(BLOCK))
            .for_each(|(((theta, a), b), v)| update(theta, a, b, v)),
    }
}

pub(super) fn step<T: Real>(state: &mut State<T>, step_size: f64, theta: &mut [T], gradient: &[T]) {
    let c = T::constant;
    let g = c(step_size);
    let vectors = &mut state.vectors[..];
    match state.method {
        Method::Indian { alpha, beta } => blocks(vectors, theta, gradient, |theta, u, _, v| {
            indian_step(c(alpha), c(beta), g, theta, u, v);
        }),
        Method::Sgd => blocks(vectors, theta, gradient, |theta, _, _, v| {
            for (theta, &v) in theta.iter_mut().zip(v) {
                *theta = *theta - g * v;
            }
        }),
        Method::Momentum { momentum } => {
            let m = c(momentum);
            blocks(vectors, theta, gradient, |theta, d, _, v| {
                for ((theta, d), &v) in theta.iter_mut().zip(d).zip(v) {
                    *d = m * *d - g * v;
                    *theta += *d;
                }
            });
        }
        Method::Nesterov { momentum } => {
            let m = c(momentum);
            blocks(vectors, theta, gradient, |y, x, _, v| {
                for ((y, x), &v) in y.iter_mut().zip(x).zip(v) {
                    let old = *x;
                    *x = *y - g * v;
                    *y = *x + m * (*x - old);
                }
            });
        }
        Method::Adagrad { epsilon } => {
            let e = c(epsilon);
            blocks(vectors, theta, gradient, |theta, squares, _, v| {
                for ((theta, squares), &v) in theta.iter_mut().zip(squares).zip(v) {
                    *squares += v * v;
                    *theta = *theta - g * v / (squares.sqrt() + e);
                }
            });
        }
        Method::Rmsprop { beta2, epsilon } => {
            let (b, e) = (c(beta2), c(epsilon));
            let rest = c(1.0 - beta2);
            blocks(vectors, theta, gradient, |theta, r, _, v| {
                for ((theta, r), &v) in theta.iter_mut().zip(r).zip(v) {
                    *r = b * *r + rest * v * v;
                    *theta = *theta - g * v / (r.sqrt() + e);
                }
            });
        }
        Method::Adam { beta1, beta2, epsilon } => {
            adam(state, [beta1, beta2, epsilon, 0.0], step_size, theta, gradient)
        }
        Method::Adamw { beta1, beta2, epsilon, weight_decay } => {
            adam(state, [beta1, beta2, epsilon, weight_decay], step_size, theta, gradient);
        }
        Method::Innaprop { alpha, beta, beta2, epsilon, weight_decay } => {
            innaprop(state, [alpha, beta, beta2, epsilon, weight_decay], step_size, theta, gradient);
        }
    }
}

fn adam<T: Real>(
    state: &mut State<T>,
    [beta1, beta2, epsilon, weight_decay]: [f64; 4],
    step_size: f64,
    theta: &mut [T],
    gradient: &[T],
) {
    let c = T::constant;
    state.powers[0] *= beta1;
    state.powers[1] *= beta2;
    let (mean_factor, square_factor) = (c(1.0 - state.powers[0]), c(1.0 - state.powers[1]));
    let (b1, rest1, b2, rest2) = (c(beta1), c(1.0 - beta1), c(beta2), c(1.0 - beta2));
    let (g, e, keep) = (c(step_size), c(epsilon), c(1.0 - step_size * weight_decay));
    blocks(&mut state.vectors, theta, gradient, |theta, mean, square, v| {
        for (((theta, m), r), &v) in theta.iter_mut().zip(mean).zip(square).zip(v) {
            *m = b1 * *m + rest1 * v;
            *r = b2 * *r + rest2 * v * v;
            *theta = keep * *theta - g * (*m / mean_factor) / ((*r / square_factor).sqrt() + e);
        }
    });
}

fn innaprop<T: Real>(
    state: &mut State<T>,
    [alpha, beta, beta2, epsilon, weight_decay]: [f64; 5],
    step_size: f64,
    theta: &mut [T],
    gradient: &[T],
) {
    let c = T::constant;
    state.powers[1] *= beta2;
    let square_factor = c(1.0 - state.powers[1]);
    let (b2, rest2, e) = (c(beta2), c(1.0 - beta2), c(epsilon));
    let keep = c(1.0 - step_size * weight_decay);
    let (psi_keep, psi_pull) = (c(1.0 - step_size / beta), c(step_size * (1.0 / beta - alpha)));
    let stretch = c(1.0 + step_size * (1.0 - alpha * beta) / (beta - step_size));
    let (pull, push) = (c(step_size / (beta - step_size)), c(step_size * beta));
    blocks(&mut state.vectors, theta, gradient, |theta, psi, square, v| {
        for (((theta, psi), r), &v) in theta.iter_mut().zip(psi).zip(square).zip(v) {
            let decayed = keep * *theta;
            *r = b2 * *r + rest2 * v * v;
            *psi = psi_keep * *psi + psi_pull * decayed;
            *theta = stretch * decayed - pull * *psi - push * (v / ((*r / square_factor).sqrt() + e));
        }
    });
}

#[cfg(test)]
mod tests {
    use dinlab_numeric::Stream;
    use dinlab_objective::{build as objective, Options, Start};

    use super::super::{build, Method, State};

    /// The same step sizes on Rosenbrock's function, with `dinlab_indian`'s method beside.
    #[test]
    fn updates_are_those_of_indian_bit_for_bit() {
        let function = objective("rosenbrock", &Options::default()).unwrap();
        let pairs = [
            ("indian", "indian"),
            ("sgd", "gradient-descent"),
            ("momentum", "heavy-ball"),
            ("nesterov", "nesterov"),
            ("adagrad", "adagrad"),
            ("rmsprop", "rmsprop"),
            ("adam", "adam"),
        ];
        for (own, other) in pairs {
            let mut oracle = function.oracle();
            let method = build(own, |_| None).unwrap();
            let mut peer = dinlab_indian::build(other, |_| None).unwrap().stepper();
            let mut theta = vec![-1.2, 1.0];
            let mut reference = theta.clone();
            let mut v = vec![0.0; 2];
            let start = if own == "indian" { Start::Speed(1.0) } else { Start::Rest };
            oracle.gradient(&theta, &mut v);
            let mut state = State::<f64>::new(method, &theta, &start, &v).unwrap();
            peer.start(&mut *oracle, &reference, &start).unwrap();
            for k in 0..50 {
                let step_size = 1e-3 / ((k + 1) as f64).sqrt();
                oracle.gradient(&theta, &mut v);
                state.step(step_size, &mut theta, &v);
                peer.step(k, step_size, &mut *oracle, &mut reference);
                assert_eq!(state.weights(&theta), reference, "{own}, step {k}");
            }
        }
    }

    /// INNAprop without weight decay is INDIAN along v/(√r̂ + ε): the published form with ψ against the form with u.
    #[test]
    fn innaprop_is_indian_with_scaled_gradients() {
        for (alpha, beta, gamma) in [(0.1, 0.9, 0.01), (0.5, 0.1, 0.03), (2.0, 2.0, 0.3), (0.5, 0.1, 0.3)] {
            let method = Method::Innaprop { alpha, beta, beta2: 0.99, epsilon: 1e-8, weight_decay: 0.0 };
            let mut stream = Stream::new(6, "innaprop", 0);
            let mut theta = stream.normals(5);
            let (mut reference, mut u, mut r) = (theta.clone(), vec![0.0; 5], vec![0.0; 5]);
            let mut state = State::new(method, &theta, &Start::Rest, &[]).unwrap();
            for k in 1..=40 {
                let v = stream.normals(5);
                state.step(gamma, &mut theta, &v);
                let mut scaled = vec![0.0; 5];
                for i in 0..5 {
                    r[i] = 0.99 * r[i] + 0.01 * v[i] * v[i];
                    scaled[i] = v[i] / ((r[i] / (1.0 - 0.99_f64.powi(k))).sqrt() + 1e-8);
                }
                dinlab_indian::indian_step(alpha, beta, gamma, &mut reference, &mut u, &scaled);
                // ψ carries u to ε‖θ‖/β, and γ/(β − γ) multiplies that, in each of k steps.
                let scale = dinlab_numeric::norm_inf(&theta) + dinlab_numeric::norm_inf(&reference);
                let budget =
                    100.0 * f64::EPSILON * f64::from(k) * scale * (1.0 + gamma / (beta - gamma).abs()) / beta;
                assert!(
                    dinlab_numeric::distance(&theta, &reference) <= budget,
                    "{alpha} {beta} {gamma}, step {k}"
                );
            }
        }
    }

    #[test]
    fn weight_decay_is_decoupled() {
        let adamw = build("adamw", |name| (name == "weight_decay").then_some(0.1)).unwrap();
        let adam = build("adam", |_| None).unwrap();
        let (mut a, mut b) = (vec![2.0, -1.0], vec![2.0, -1.0]);
        let mut with = State::<f64>::new(adamw, &a, &Start::Rest, &[]).unwrap();
        let mut without = State::<f64>::new(adam, &b, &Start::Rest, &[]).unwrap();
        with.step(0.5, &mut a, &[1.0, 3.0]);
        without.step(0.5, &mut b, &[1.0, 3.0]);
        for (i, start) in [2.0, -1.0].into_iter().enumerate() {
            assert!((a[i] - (b[i] - 0.5 * 0.1 * start)).abs() < 1e-15);
        }
    }

    #[test]
    fn blocks_do_not_change_the_update() {
        let n = 3 * super::BLOCK + 17;
        let mut stream = Stream::new(7, "blocks", 0);
        let v: Vec<f32> = (0..n).map(|_| stream.uniform(-1.0, 1.0) as f32).collect();
        for entry in super::super::ALL {
            let method = build(entry.name, |_| None).unwrap();
            let start: Vec<f32> = v.iter().rev().copied().collect();
            let mut whole = start.clone();
            let mut state = State::new(method, &whole, &Start::Rest, &[]).unwrap();
            state.step(0.01, &mut whole, &v);
            for i in [0, 1, super::BLOCK - 1, super::BLOCK, n - 1] {
                let mut one = [start[i]];
                State::new(method, &one, &Start::Rest, &[]).unwrap().step(0.01, &mut one, &v[i..=i]);
                assert_eq!(one[0], whole[i], "{}", entry.name);
            }
        }
    }
}
