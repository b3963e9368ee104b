//! Functions of one variable of the class 𝓕_{μ,L} with the minimum 0 at 0: what certified rates are tried on.

use dinlab_numeric::{min, Stream};

/// J and J′ in closed form.
#[derive(Debug, Clone)]
pub(super) enum Function {
    /// J″ is piecewise constant: (end of the piece, slope of J′) outwards from 0, to the right and to the left; the last
    /// piece ends at infinity. Quadratics, Huber functions and their opposites are of this kind.
    Piecewise([Vec<(f64, f64)>; 2]),
    /// μx²/2 + (L − μ)w² log cosh(x/w): a logistic loss with a ridge.
    Logistic {
        /// μ.
        floor: f64,
        /// L − μ.
        rest: f64,
        /// w.
        width: f64,
    },
}

impl Function {
    /// λx²/2.
    pub(super) fn quadratic(lambda: f64) -> Self {
        let side = vec![(f64::INFINITY, lambda)];
        Self::Piecewise([side.clone(), side])
    }

    /// Random function number `index`: quadratic, Huber, flat inside and steep outside, logistic, or up to four pieces a side
    /// with slopes that are mostly μ or L, where worst cases live.
    pub(super) fn random(stream: &mut Stream, index: u64, [mu, l]: [f64; 2]) -> Self {
        let width = stream.log_uniform(0.1, 10.0);
        let both = |inner: f64, outer: f64| {
            let side = vec![(width, inner), (f64::INFINITY, outer)];
            Self::Piecewise([side.clone(), side])
        };
        match index % 5 {
            0 => Self::quadratic(stream.uniform(mu, l)),
            1 => both(l, mu),
            2 => both(mu, l),
            3 => Self::Logistic { floor: mu, rest: l - mu, width },
            _ => {
                let mut side = || {
                    let mut end = 0.0;
                    let pieces = 1 + stream.below(4);
                    let mut all: Vec<(f64, f64)> = Vec::with_capacity(pieces);
                    for piece in 1..=pieces {
                        end =
                            if piece == pieces { f64::INFINITY } else { end + stream.log_uniform(0.05, 5.0) };
                        let slope = match stream.below(3) {
                            0 => mu,
                            1 => l,
                            _ => stream.uniform(mu, l),
                        };
                        all.push((end, slope));
                    }
                    all
                };
                Self::Piecewise([side(), side()])
            }
        }
    }

    /// (J(x), J′(x)).
    pub(super) fn at(&self, x: f64) -> [f64; 2] {
        match self {
            Self::Piecewise([right, left]) => {
                let (mut from, mut value, mut slope) = (0.0, 0.0, 0.0);
                for &(end, curvature) in if x >= 0.0 { right } else { left } {
                    let part = min(end, x.abs()) - from;
                    value += part * (slope + 0.5 * curvature * part);
                    slope += curvature * part;
                    if end >= x.abs() {
                        break;
                    }
                    from = end;
                }
                [value, slope.copysign(x)]
            }
            Self::Logistic { floor, rest, width } => {
                let t = (x / width).abs();
                // log cosh t without overflow; near 0 the difference below would lose all digits.
                let log_cosh = if t < 1e-2 {
                    t * t * (0.5 - t * t * (1.0 / 12.0 - t * t / 45.0))
                } else {
                    t + (-2.0 * t).exp().ln_1p() - std::f64::consts::LN_2
                };
                [
                    0.5 * floor * x * x + rest * width * width * log_cosh,
                    floor * x + rest * width * (x / width).tanh(),
                ]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Huber's function of width 2 with slopes 1 and 0.1; J′ against differences; slopes within [μ, L].
    #[test]
    fn values_and_slopes_belong_together_and_to_the_class() {
        let side = vec![(2.0, 1.0), (f64::INFINITY, 0.1)];
        let huber = Function::Piecewise([side.clone(), side]);
        assert_eq!(huber.at(-1.0), [0.5, -1.0]);
        assert_eq!(huber.at(4.0), [2.0 + 2.0 * 2.0 + 0.05 * 4.0, 2.2]);
        let (mu, l, h) = (0.04, 1.0, 1e-4);
        for index in 0..200 {
            let f = Function::random(&mut Stream::new(7, "functions", index), index, [mu, l]);
            for x in [-11.3, -2.1, -0.013, 0.004, 0.7, 1.9, 8.2] {
                let ([above, up], [below, down]) = (f.at(x + h), f.at(x - h));
                let slope = f.at(x)[1];
                // f is C¹ with J″ between μ and L, so a central difference is off by at most (L − μ)h/2.
                assert!(((above - below) / (2.0 * h) - slope).abs() < 0.5 * h + 1e-9, "{f:?} at {x}");
                let curvature = (up - down) / (2.0 * h);
                assert!(curvature > mu - 1e-9 && curvature < l + 1e-9, "{f:?} at {x}: {curvature}");
            }
        }
    }
}
