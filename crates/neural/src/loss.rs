//! Losses of one sample and their derivatives by the network's output.

use crate::{layer::Loss, number::Number};

/// What a sample is compared with.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    /// A class.
    Class(usize),
    /// A vector of the length of the output.
    Values(&'a [f32]),
}

/// The loss of sample `sample`, whose outputs are the column z[·n + sample] of an outputs×n matrix; the derivative by z times `factor` goes
/// to the same column of `dz`. Softmax is computed after subtraction of the largest output.
pub fn loss<T: Number>(
    kind: Loss,
    target: Target<'_>,
    (n, sample): (usize, usize),
    z: &[T],
    factor: T,
    dz: &mut [T],
) -> T {
    let outputs = z.len() / n;
    let at = |i: usize| i * n + sample;
    match (kind, target) {
        (Loss::CrossEntropy, Target::Class(class)) => {
            let largest = (1..outputs).fold(z[sample], |m, i| if z[at(i)].exceeds(m) { z[at(i)] } else { m });
            // A constant as far as derivatives are concerned: it cancels.
            let shift = T::constant(largest.value());
            let mut total = T::ZERO;
            for i in 0..outputs {
                let e = (z[at(i)] - shift).exp();
                dz[at(i)] = e;
                total += e;
            }
            let scale = factor / total;
            for i in 0..outputs {
                dz[at(i)] = scale * dz[at(i)];
            }
            dz[at(class)] = dz[at(class)] - factor;
            total.ln() - (z[at(class)] - shift)
        }
        (_, target) => {
            let mut total = T::ZERO;
            for i in 0..outputs {
                let wanted = match target {
                    Target::Class(class) => T::constant(f64::from(u8::from(i == class))),
                    Target::Values(values) => T::datum(values[i]),
                };
                let residual = z[at(i)] - wanted;
                dz[at(i)] = factor * residual;
                total += residual * residual;
            }
            T::constant(0.5) * total
        }
    }
}

/// Whether the largest output is that of `class` alone.
pub fn is_correct<T: Number>(class: usize, (n, sample): (usize, usize), z: &[T]) -> bool {
    let outputs = z.len() / n;
    let own = z[class * n + sample];
    (0..outputs).filter(|&i| i != class).all(|i| {
        let other = z[i * n + sample];
        !other.exceeds(own) && !other.ties(own)
    }) && own.ties(own)
}
