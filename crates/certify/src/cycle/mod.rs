//! Cycles: orbits of a method on a function of 𝓕_{μ,L} that return to where they were. One of them refutes every rate, in
//! the way in which a certificate proves one: an infeasible inequality refutes nothing.
//!
//! A cycle is a list of points x_k with gradients g_k and values f_k, and the minimiser x* = 0 with g* = 0, f* = 0. Some
//! function of 𝓕_{μ,L} has these points, gradients and values iff all pairs satisfy the interpolation condition (Taylor,
//! Hendrickx, Glineur, Math. Program. 161, 2017, theorem 4); the method visits them iff its recursion holds around the
//! cycle. Both are decided in fractions.

pub mod certificate;
pub mod cover;
pub mod polygon;
pub mod threshold;

use crate::{
    lyapunov::{Condition, Family},
    number::Rational,
};

/// Points, gradients and values of a cycle; inner length is the dimension. The minimiser is the origin, with value 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Cycle {
    /// x_0, …, x_{K−1}.
    pub points: Vec<Vec<Rational>>,
    /// ∇f(x_k).
    pub gradients: Vec<Vec<Rational>>,
    /// f(x_k) − f*.
    pub values: Vec<Rational>,
}

fn dot(a: &[Rational], b: &[Rational]) -> Rational {
    a.iter().zip(b).fold(Rational::ZERO, |sum, (a, b)| sum + a * b)
}

fn minus(a: &[Rational], b: &[Rational]) -> Vec<Rational> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

impl Cycle {
    /// Whether the method runs around the cycle on a function of the class, exactly.
    ///
    /// # Errors
    /// In words, the first condition that fails.
    pub fn holds(&self, family: &Family, class: &Condition) -> Result<(), String> {
        let period = self.points.len();
        let dimension = self.points.first().map_or(0, Vec::len);
        let shaped =
            |rows: &[Vec<Rational>]| rows.len() == period && rows.iter().all(|r| r.len() == dimension);
        if period < 2 || dimension == 0 || !shaped(&self.points) || !shaped(&self.gradients) {
            return Err("a cycle has at least two points and as many gradients, all of one length".into());
        }
        if self.values.len() != period {
            return Err("there are not as many values as points".into());
        }
        if self.points.iter().all(|point| *point == self.points[0]) {
            return Err("all points are the same".into());
        }
        self.closes(family)?;
        self.interpolates(class)
    }

    /// θ_{k+2} = θ_{k+1} + (1 − m)(θ_{k+1} − θ_k) − c·g_{k+1} + (c − s)·g_k, all indices modulo the period.
    fn closes(&self, family: &Family) -> Result<(), String> {
        let period = self.points.len();
        let momentum = Rational::ONE - &family.friction;
        let memory = &family.damping - &family.step_squared;
        for k in 0..period {
            let (next, last) = ((k + 1) % period, (k + 2) % period);
            for i in 0..self.points[0].len() {
                let moved = &self.points[next][i] + &momentum * (&self.points[next][i] - &self.points[k][i]);
                let arrived =
                    moved - &family.damping * &self.gradients[next][i] + &memory * &self.gradients[k][i];
                if arrived != self.points[last][i] {
                    return Err(format!("the method does not go from points {k} and {next} to point {last}"));
                }
            }
        }
        Ok(())
    }

    /// f_i − f_j − ⟨g_j, x_i − x_j⟩ ≥ (‖g_i − g_j‖²/L + μ‖x_i − x_j‖² − 2(μ/L)⟨g_i − g_j, x_i − x_j⟩)/(2(1 − μ/L)) for all ordered
    /// pairs, the minimiser among them.
    fn interpolates(&self, class: &Condition) -> Result<(), String> {
        let zero = vec![Rational::ZERO; self.points[0].len()];
        let period = self.points.len();
        let nothing = Rational::ZERO;
        let at = |k: usize| {
            if k == period {
                (&zero, &zero, &nothing)
            } else {
                (&self.points[k], &self.gradients[k], &self.values[k])
            }
        };
        let (mu, l) = (&class.convexity, &class.smoothness);
        let (ratio, two) = (mu / l, Rational::from(2));
        let half = Rational::ONE / (&two * (Rational::ONE - &ratio));
        for i in 0..=period {
            for j in 0..=period {
                if i == j {
                    continue;
                }
                let ((x_i, g_i, f_i), (x_j, g_j, f_j)) = (at(i), at(j));
                let (x, g) = (minus(x_i, x_j), minus(g_i, g_j));
                let square = dot(&g, &g) / l + mu * dot(&x, &x) - &two * &ratio * dot(&g, &x);
                if f_i - f_j - dot(g_j, &x) < &half * square {
                    let name =
                        |k: usize| if k == period { "the minimiser".into() } else { format!("point {k}") };
                    return Err(format!(
                        "no function of the class has these values and gradients at {} and {}",
                        name(i),
                        name(j)
                    ));
                }
            }
        }
        Ok(())
    }
}
