//! Linear rates certified by Lyapunov functions that are quadratic in the state plus a multiple of f − f*.
//!
//! Discrete time: the family of INDIAN with a constant step, which contains gradient descent, heavy ball, Nesterov's method
//! with constant momentum and triple momentum. Continuous time: DIN, which contains gradient flow and the heavy ball with
//! friction. All on 𝓕_{μ,L}, in any dimension.

pub mod certificate;
pub mod discrete;
pub mod flow;
pub mod search;

use crate::{error::CertifyError, method::sequences, number::Rational, target};

/// The class 𝓕_{μ,L} with 0 < μ < L.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// μ.
    pub convexity: Rational,
    /// L.
    pub smoothness: Rational,
}

impl Condition {
    /// μ and L.
    ///
    /// # Errors
    /// Unless 0 < μ < L.
    pub fn new(convexity: Rational, smoothness: Rational) -> Result<Self, CertifyError> {
        let refuse = |name, value: &Rational, expected: String| {
            Err(CertifyError::Constant { name, value: target::show(value), expected })
        };
        if smoothness <= Rational::ZERO {
            return refuse("smoothness", &smoothness, "a number greater than 0".into());
        }
        if convexity <= Rational::ZERO || convexity >= smoothness {
            let expected =
                format!("a number greater than 0 and less than --smoothness {}", target::show(&smoothness));
            return refuse("convexity", &convexity, expected);
        }
        Ok(Self { convexity, smoothness })
    }

    /// √(μ/L) as a fraction, exact where it is one.
    pub fn inverse_root(&self) -> Rational {
        sequences::root(&(&self.convexity / &self.smoothness))
    }
}

/// INDIAN with a constant step, by products that are rational more often than α, β, γ themselves:
/// θ⁺ = θ + w − c·g, w⁺ = (1 − m)w − (s − m·c)g with w = γu, s = γ², m = αγ, c = γβ.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// s = γ².
    pub step_squared: Rational,
    /// m = αγ.
    pub friction: Rational,
    /// c = γβ.
    pub damping: Rational,
}

impl Family {
    /// INDIAN.
    pub fn indian(alpha: &Rational, beta: &Rational, gamma: &Rational) -> Self {
        Self { step_squared: gamma.sqr(), friction: alpha * gamma, damping: gamma * beta }
    }

    /// The three-parameter family: s = a, m = 1 − b, c = a(1 + η).
    pub fn three_parameter(a: &Rational, b: &Rational, eta: &Rational) -> Self {
        let one = Rational::ONE;
        Self { step_squared: a.clone(), friction: &one - b, damping: a * (&one + eta) }
    }

    /// Whether w⁺ = 0 whatever w was, as in gradient descent: m = 1 and s = c. From w = 0, which is rest, w stays 0.
    pub fn forgets(&self) -> bool {
        self.friction == Rational::ONE && self.step_squared == self.damping
    }

    /// Gradient descent with step h.
    pub fn gradient_descent(h: &Rational) -> Self {
        Self::three_parameter(h, &Rational::ZERO, &Rational::ZERO)
    }

    /// Heavy ball with step h and momentum b.
    pub fn heavy_ball(h: &Rational, b: &Rational) -> Self {
        Self::three_parameter(h, b, &Rational::ZERO)
    }

    /// Nesterov's method with step h and momentum b.
    pub fn nesterov(h: &Rational, b: &Rational) -> Self {
        Self::three_parameter(h, b, b)
    }

    /// Gradient descent with the step 2/(μ + L), the best on the class.
    pub fn tuned_gradient_descent(class: &Condition) -> Self {
        Self::gradient_descent(&(Rational::from(2) / (&class.convexity + &class.smoothness)))
    }

    /// Polyak's heavy ball, the best on quadratics of the class: with q = √(μ/L), step 4/(L(1 + q)²) and momentum
    /// ((1 − q)/(1 + q))².
    pub fn tuned_heavy_ball(class: &Condition) -> Self {
        let (one, q) = (Rational::ONE, class.inverse_root());
        let plus = &one + &q;
        Self::heavy_ball(&(Rational::from(4) / (&class.smoothness * plus.sqr())), &((one - q) / plus).sqr())
    }

    /// Nesterov's method with step 1/L and momentum (1 − q)/(1 + q), q = √(μ/L).
    pub fn tuned_nesterov(class: &Condition) -> Self {
        let (one, q) = (Rational::ONE, class.inverse_root());
        Self::nesterov(&(&one / &class.smoothness), &((&one - &q) / (&one + &q)))
    }

    /// Triple momentum with ρ = 1 − √(μ/L) (Van Scoy, Freeman, Lynch 2018); a fraction near it where ρ is irrational.
    pub fn triple_momentum(class: &Condition) -> Self {
        let (one, two) = (Rational::ONE, Rational::from(2));
        let rho = &one - class.inverse_root();
        let square = rho.sqr();
        let a = (&one + &rho) / &class.smoothness;
        let b = &square / (&two - &rho);
        let eta = &square / ((&one + &rho) * (&two - &rho));
        Self::three_parameter(&a, &b, &eta)
    }

    /// In words, by the parameters of INDIAN.
    pub fn words(&self) -> String {
        let [a, b, eta] = self.as_three_parameter().map(|value| target::show(&value));
        format!("INDIAN with step size^2 = {a}, 1 - alpha step size = {b}, beta / step size - 1 = {eta}")
    }

    /// (a, b, η) of the three-parameter family; η is 0 for s = 0.
    pub fn as_three_parameter(&self) -> [Rational; 3] {
        let one = Rational::ONE;
        let eta = if self.step_squared.is_zero() {
            Rational::ZERO
        } else {
            &self.damping / &self.step_squared - &one
        };
        [self.step_squared.clone(), &one - &self.friction, eta]
    }

    /// Largest spectral radius on quadratics with eigenvalue in [μ, L], rounded down: no rate can be below it. It is that of an end of the
    /// interval or of a double root inside, all of which are looked at.
    pub fn spectral_radius(&self, class: &Condition) -> f64 {
        let float = crate::rational::float;
        let (s, m, c) = (float(&self.step_squared), float(&self.friction), float(&self.damping));
        let (mu, l) = (float(&class.convexity), float(&class.smoothness));
        // Multipliers: z² − Tz + D, T = 2 − m − cλ, D = 1 − m − cλ + sλ.
        let radius = |lambda: f64| {
            let (t, d) = (2.0 - m - c * lambda, 1.0 - m - c * lambda + s * lambda);
            let error = 8.0 * f64::EPSILON * (4.0 + m.abs() + (c.abs() + s.abs()) * lambda);
            let discriminant = 0.25 * t * t - d;
            // Rounded down: |T|/2 is a lower bound in any case, and near a double root the sign is not known.
            let largest = if discriminant < -error {
                (d - error).sqrt()
            } else {
                0.5 * t.abs() + dinlab_numeric::max(discriminant - error, 0.0).sqrt()
            };
            largest - error
        };
        let mut largest = dinlab_numeric::max(radius(mu), radius(l));
        // (2 − m − cλ)² = 4(1 − m − cλ + sλ): c²λ² + (2cm − 4s)λ + m² = 0.
        let (half, square) = (c * m - 2.0 * s, c * c);
        let inside = half * half - square * m * m;
        if inside >= 0.0 && square > 0.0 {
            for sign in [-1.0, 1.0] {
                let lambda = (-half + sign * inside.sqrt()) / square;
                if lambda > mu && lambda < l {
                    largest = dinlab_numeric::max(largest, radius(lambda));
                }
            }
        }
        // Between these the radius is monotone or √D, which is linear under the root; the trace may change sign.
        if c > 0.0 {
            let lambda = (2.0 - m) / c;
            if lambda > mu && lambda < l {
                largest = dinlab_numeric::max(largest, radius(lambda));
            }
        }
        largest
    }
}
