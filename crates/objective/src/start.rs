//! Initial states of DIN and INDIAN, named once and for all. Both use the variable
//! u = (1/β − α)θ − ψ/β (= ψ′), which is continuous where ∂J jumps and stays meaningful for β = 0.

use dinlab_numeric::all_finite;

/// How the second variable starts; g₀ is the selected element of ∂J(θ₀).
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Start {
    /// ψ₀ = (1 − αβ)θ₀, that is u₀ = 0 and θ′(0) = −βg₀.
    #[default]
    Rest,
    /// θ′(0) = −c·g₀, that is u₀ = (β − c)g₀.
    Speed(f64),
    /// θ′(0) given, that is u₀ = θ′(0) + βg₀; length n.
    Velocity(Vec<f64>),
    /// ψ₀ given, that is u₀ = (1/β − α)θ₀ − ψ₀/β; length n, needs β > 0.
    Psi(Vec<f64>),
    /// u₀ given; length n.
    Auxiliary(Vec<f64>),
}

/// Why an initial state could not be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StartError {
    /// ψ does not exist for β = 0.
    #[error(
        "psi needs beta > 0: for beta = 0 the system has no psi; give a velocity or a named start instead"
    )]
    PsiWithoutBeta,
    /// A vector of the wrong length.
    #[error("{what} has {found} entries, but the objective has dimension {expected}")]
    Dimension {
        /// Which vector.
        what: &'static str,
        /// Its length.
        found: usize,
        /// Dimension of the objective.
        expected: usize,
    },
    /// A NaN or infinite number.
    #[error("{what} must consist of finite numbers")]
    NonFinite {
        /// Which vector.
        what: &'static str,
    },
}

impl Start {
    /// u₀ for the parameters α, β, the point θ₀ and the selected gradient g₀ there (all of length n).
    pub fn auxiliary(
        &self,
        alpha: f64,
        beta: f64,
        theta: &[f64],
        gradient: &[f64],
    ) -> Result<Vec<f64>, StartError> {
        let check = |what, vector: &[f64]| match vector {
            v if v.len() != theta.len() => {
                Err(StartError::Dimension { what, found: v.len(), expected: theta.len() })
            }
            v if !all_finite(v) => Err(StartError::NonFinite { what }),
            _ => Ok(()),
        };
        match self {
            Self::Rest => Ok(vec![0.0; theta.len()]),
            Self::Speed(c) if !c.is_finite() => Err(StartError::NonFinite { what: "speed" }),
            Self::Speed(c) => Ok(gradient.iter().map(|g| (beta - c) * g).collect()),
            Self::Velocity(v) => {
                check("velocity", v)?;
                Ok(v.iter().zip(gradient).map(|(v, g)| v + beta * g).collect())
            }
            Self::Psi(_) if beta == 0.0 => Err(StartError::PsiWithoutBeta),
            Self::Psi(psi) => {
                check("psi", psi)?;
                // (θ − ψ)/β first: for small β the two terms of u cancel.
                Ok(theta.iter().zip(psi).map(|(t, p)| (t - p) / beta - alpha * t).collect())
            }
            Self::Auxiliary(u) => {
                check("u", u)?;
                Ok(u.clone())
            }
        }
    }
}

/// ψ = (1 − αβ)θ − βu, component by component.
pub fn psi(alpha: f64, beta: f64, theta: &[f64], auxiliary: &[f64]) -> Vec<f64> {
    theta.iter().zip(auxiliary).map(|(t, u)| (1.0 - alpha * beta) * t - beta * u).collect()
}

impl std::fmt::Display for Start {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rest => f.write_str("rest"),
            Self::Speed(c) => write!(f, "speed:{c}"),
            Self::Velocity(v) => write!(f, "velocity {v:?}"),
            Self::Psi(p) => write!(f, "psi {p:?}"),
            Self::Auxiliary(u) => write!(f, "u {u:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_starts_are_the_stated_psi() {
        let (alpha, beta, theta, g) = (0.7, 0.3, [1.5, -2.0], [4.0, -1.0]);
        for c in [0.0, 0.1, 0.3, 1.0] {
            let u = Start::Speed(c).auxiliary(alpha, beta, &theta, &g).unwrap();
            // ψ₀ = (1 − αβ)θ₀ − (β² − cβ)g₀.
            for (i, p) in psi(alpha, beta, &theta, &u).into_iter().enumerate() {
                let expected = (1.0 - alpha * beta) * theta[i] - (beta * beta - c * beta) * g[i];
                assert!((p - expected).abs() < 1e-15);
            }
        }
        assert_eq!(Start::Speed(beta).auxiliary(alpha, beta, &theta, &g).unwrap(), vec![0.0; 2]);
    }

    #[test]
    fn psi_and_velocity_round_trip() {
        let (alpha, beta, theta, g) = (0.7, 1e-6, [1.5, -2.0], [4.0, -1.0]);
        let u = Start::Velocity(vec![0.4, -0.3]).auxiliary(alpha, beta, &theta, &g).unwrap();
        let again = Start::Psi(psi(alpha, beta, &theta, &u)).auxiliary(alpha, beta, &theta, &g).unwrap();
        // ψ carries u only to ε|θ|/β.
        assert!(u.iter().zip(&again).all(|(a, b)| (a - b).abs() < 4.0 * f64::EPSILON * 2.0 / beta));
        assert_eq!(
            Start::Psi(vec![0.0; 2]).auxiliary(alpha, 0.0, &theta, &g),
            Err(StartError::PsiWithoutBeta)
        );
    }
}
