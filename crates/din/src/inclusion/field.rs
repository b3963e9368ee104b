//! The right-hand side in a mode. Free: DIN of one smooth piece. Sliding: the same with the selection that keeps the
//! trajectory on the surfaces that hold it.
//!
//! With d = c − b·v the quantity that the selection decides (d = θ′, c = u, b = β; for β = 0 d = θ″, c = −a·u, b = 1)
//! and normals nᵢ of the holding surfaces, v = v₀ + Σ μⱼnⱼ and 0 = ⟨nᵢ, d⟩ + (curvature): jumps of ∇J across a surface
//! are parallel to its normal, so no other v is a convex combination of the gradients that meet. The normals are
//! those at the present θ, which is all that a curved surface needs for β > 0; for β = 0 there is uᵀ∇²gᵢu besides.

use dinlab_numeric::{all_finite, axpy, dot};

use super::{dense, law::Law, mode::Mode, pieces::Pieces};
use crate::system::System;

/// The surfaces attract sliding states: ġ = −RETURN·g (for β = 0: critically damped). Zero on the surface; without it
/// errors of the steps would add up to a drift.
const RETURN: f64 = 1.0;

/// The system of one mode. State (θ, u, D, V) or (θ, D, V) with D′ = a‖θ′‖² + β‖v‖² and V′ = ‖v‖².
#[derive(Clone)]
pub(super) struct Field<'a> {
    pub law: Law,
    pub pieces: Pieces<'a>,
    pub mode: Mode,
    /// The selection after `select`.
    pub v: Vec<f64>,
    /// Its coordinates along the independent normals.
    pub mu: Vec<f64>,
    /// Those normals.
    pub normals: Vec<f64>,
    c: Vec<f64>,
    velocity: Vec<f64>,
}

/// θ and u of a state.
pub(super) fn split(law: Law, n: usize, y: &[f64]) -> (&[f64], &[f64]) {
    (&y[..n], if law.has_second() { &y[n..2 * n] } else { &[] })
}

impl<'a> Field<'a> {
    pub(super) fn new(law: Law, pieces: Pieces<'a>, mode: Mode) -> Self {
        let n = pieces.dimension();
        let zero = || vec![0.0; n];
        Self {
            law,
            pieces,
            mode,
            v: zero(),
            mu: Vec::new(),
            normals: Vec::new(),
            c: zero(),
            velocity: zero(),
        }
    }

    /// Sets v (and μ) at a state; NaN where the normals have become dependent.
    pub(super) fn select(&mut self, t: f64, y: &[f64]) {
        let n = self.v.len();
        let (theta, u) = split(self.law, n, y);
        self.pieces.gradient(theta, &self.mode.signs, &mut self.v);
        let held = &self.mode.slide.independent;
        let k = held.len();
        self.mu.clear();
        self.mu.resize(k, 0.0);
        if k == 0 {
            return;
        }
        let (law, b) = (self.law, self.law.weight());
        law.drift(t, u, &mut self.c);
        axpy(-b, &self.v, &mut self.c);
        if law.continuous_velocity() {
            self.pieces.along(theta, u, &self.mode.signs, held);
        } else {
            self.pieces.kinks(theta, &self.mode.signs, held);
        }
        let normal = |i: usize| &self.pieces.normals[i * n..(i + 1) * n];
        for (i, &kink) in held.iter().enumerate() {
            let g = self.pieces.values[kink];
            let back = if law.continuous_velocity() {
                let curvature = dot(&self.pieces.normal_rates[i * n..(i + 1) * n], u);
                curvature + 2.0 * RETURN * dot(normal(i), u) + RETURN * RETURN * g
            } else {
                RETURN * g
            };
            self.mu[i] = (dot(normal(i), &self.c) + back) / b;
        }
        let regular = if k == 1 {
            self.mu[0] /= dot(normal(0), normal(0));
            true
        } else {
            let mut gram: Vec<f64> = (0..k * k).map(|ij| dot(normal(ij / k), normal(ij % k))).collect();
            dense::solve(&mut gram, &mut self.mu)
        };
        if !regular {
            self.mu.fill(f64::NAN);
        }
        for i in 0..k {
            axpy(self.mu[i], &self.pieces.normals[i * n..(i + 1) * n], &mut self.v);
        }
        self.normals.clone_from(&self.pieces.normals);
    }

    /// θ′ at a state.
    pub(super) fn velocity(&mut self, t: f64, y: &[f64]) -> &[f64] {
        self.select(t, y);
        let (_, u) = split(self.law, self.v.len(), y);
        self.law.velocity(u, &self.v, &mut self.velocity);
        &self.velocity
    }
}

impl System for Field<'_> {
    fn dimension(&self) -> usize {
        let n = self.v.len();
        if self.law.has_second() {
            2 * n + 2
        } else {
            n + 2
        }
    }
    fn rhs(&mut self, t: f64, y: &[f64], dy: &mut [f64]) {
        let (n, law) = (self.v.len(), self.law);
        let a = law.friction(t);
        self.velocity(t, y);
        let (velocity, v) = (&self.velocity, &self.v);
        let square = dot(v, v);
        let mut dissipation = law.beta * square;
        dy[..n].copy_from_slice(velocity);
        if law.has_second() {
            dissipation += a * dot(velocity, velocity);
            for i in 0..n {
                dy[n + i] = -a * velocity[i] - v[i];
            }
        }
        let size = dy.len();
        (dy[size - 2], dy[size - 1]) = (dissipation, square);
        if !all_finite(dy) {
            dy.fill(f64::NAN);
        }
    }
    fn jacobian(&mut self, t: f64, y: &[f64], out: &mut [f64]) {
        let (n, law, size) = (self.v.len(), self.law, self.dimension());
        if !self.mode.slide.independent.is_empty() {
            return Differences(self).jacobian(t, y, out);
        }
        let (a, beta) = (law.friction(t), law.beta);
        self.velocity(t, y);
        out.fill(0.0);
        let (mut unit, mut column) = (vec![0.0; n], vec![0.0; n]);
        for j in 0..n {
            unit[j] = 1.0;
            self.pieces.hessian_vector(&y[..n], &self.mode.signs, &unit, &mut column);
            unit[j] = 0.0;
            for i in 0..n {
                out[i * size + j] = -beta * column[i];
                if law.has_second() {
                    out[(n + i) * size + j] = (a * beta - 1.0) * column[i];
                    let identity = if i == j { 1.0 } else { 0.0 };
                    out[i * size + n + j] = identity;
                    out[(n + i) * size + n + j] = -a * identity;
                }
            }
            let friction = if law.has_second() { a } else { 0.0 };
            let (dissipation, square) = ((size - 2) * size, (size - 1) * size);
            let along_v = dot(&self.v, &column);
            out[dissipation + j] = 2.0 * beta * (along_v - friction * dot(&self.velocity, &column));
            out[square + j] = 2.0 * along_v;
            if law.has_second() {
                out[dissipation + n + j] = 2.0 * friction * self.velocity[j];
            }
        }
    }
}

/// The trait's own Jacobian by differences.
struct Differences<'b, 'a>(&'b mut Field<'a>);

impl System for Differences<'_, '_> {
    fn dimension(&self) -> usize {
        self.0.dimension()
    }
    fn rhs(&mut self, t: f64, y: &[f64], dy: &mut [f64]) {
        self.0.rhs(t, y, dy);
    }
}
