//! The state of one block of trajectories, and one step of it.

use dinlab_indian::{
    indian_step,
    steps::{
        adagrad_step, adam_step, convex_momentum, gradient_descent_step, heavy_ball_step, nesterov_step,
        rmsprop_step,
    },
};
use dinlab_objective::{
    lanes::{widest, Kernel, Vector},
    tape::{Block, LANES},
    BlockOracle, Objective,
};

use super::fused::{in_registers, interpreted, Memory};

pub(crate) const ZERO: Block = [0.0; LANES];

/// The methods, as the inner loop names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Indian,
    GradientDescent,
    HeavyBall,
    Nesterov,
    NesterovConvex,
    Adagrad,
    Rmsprop,
    Adam,
}

impl Kind {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "indian" => Self::Indian,
            "gradient-descent" => Self::GradientDescent,
            "heavy-ball" => Self::HeavyBall,
            "nesterov" => Self::Nesterov,
            "nesterov-convex" => Self::NesterovConvex,
            "adagrad" => Self::Adagrad,
            "rmsprop" => Self::Rmsprop,
            "adam" => Self::Adam,
            _ => return None,
        })
    }
}

/// The numbers of 64 cells, one block each.
#[derive(Debug, Clone)]
pub(crate) struct Parameters {
    pub(crate) alpha: Block,
    pub(crate) beta: Block,
    pub(crate) step_size: Block,
    pub(crate) momentum: Block,
    pub(crate) beta1: Block,
    pub(crate) beta2: Block,
    pub(crate) epsilon: Block,
}

impl Parameters {
    pub(crate) fn zero() -> Self {
        Self {
            alpha: ZERO,
            beta: ZERO,
            step_size: ZERO,
            momentum: ZERO,
            beta1: ZERO,
            beta2: ZERO,
            epsilon: ZERO,
        }
    }
}

/// What a step changes. One block per variable of the objective (those that do not move included).
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    /// θ (the x-sequence of Nesterov's methods).
    pub(crate) theta: Vec<Block>,
    /// u, the displacement, Nesterov's y, the sum or mean of squares, or Adam's mean.
    pub(crate) first: Vec<Block>,
    /// Adam's mean square.
    pub(crate) second: Vec<Block>,
    /// Adam's β₁^k and β₂^k.
    pub(crate) powers: Vec<Block>,
}

impl State {
    pub(crate) fn new(n: usize) -> Self {
        Self {
            theta: vec![ZERO; n],
            first: vec![ZERO; n],
            second: vec![ZERO; n],
            powers: vec![[1.0; LANES]; 2],
        }
    }

    /// Copies one lane.
    pub(crate) fn take_lane(&mut self, from: &Self, lane: usize) {
        let pairs = [
            (&mut self.theta, &from.theta),
            (&mut self.first, &from.first),
            (&mut self.second, &from.second),
            (&mut self.powers, &from.powers),
        ];
        for (to, from) in pairs {
            for (to, from) in to.iter_mut().zip(from) {
                to[lane] = from[lane];
            }
        }
    }

    pub(crate) fn copy_from(&mut self, from: &Self) {
        self.theta.copy_from_slice(&from.theta);
        self.first.copy_from_slice(&from.first);
        self.second.copy_from_slice(&from.second);
        self.powers.copy_from_slice(&from.powers);
    }
}

/// One step from iteration `k` with the step sizes γ = step_size·`factor`; `v` receives the gradient used.
pub(crate) struct Stepper<'a> {
    pub(crate) kind: Kind,
    pub(crate) objective: &'a dyn Objective,
    pub(crate) oracle: Box<dyn BlockOracle + 'a>,
    pub(crate) moving: &'a [usize],
    pub(crate) v: Vec<Block>,
    /// Step sizes of this iteration.
    pub(crate) gamma: Block,
    /// The factor that they were made with; NaN for none.
    factor: f64,
    memory: Memory,
}

impl<'a> Stepper<'a> {
    pub(crate) fn new(kind: Kind, objective: &'a dyn Objective, moving: &'a [usize]) -> Self {
        let n = objective.dimension();
        Self {
            kind,
            objective,
            oracle: objective.blocks(),
            moving,
            v: vec![ZERO; n],
            gamma: ZERO,
            factor: f64::NAN,
            memory: Memory::default(),
        }
    }

    /// To be called when step sizes of cells have changed.
    pub(crate) fn forget(&mut self) {
        self.factor = f64::NAN;
    }

    /// The gradient that the step from here takes.
    pub(crate) fn gradient(&mut self, state: &State) {
        let at = match self.kind {
            Kind::Nesterov | Kind::NesterovConvex => &state.first,
            _ => &state.theta,
        };
        self.oracle.gradients(at, &mut self.v);
    }

    /// The rest of the step, after [`Stepper::gradient`].
    pub(crate) fn update(&mut self, k: u64, factor: f64, p: &Parameters, state: &mut State) {
        if factor != self.factor {
            self.factor = factor;
            for (gamma, size) in self.gamma.iter_mut().zip(&p.step_size) {
                *gamma = size * factor;
            }
        }
        let Self { kind, moving, v, gamma, .. } = self;
        widest(Update { kind: *kind, k, gamma, moving, v, p, state });
    }

    /// `steps` steps of INDIAN with constant step sizes in one go, where that is faster; whether it was done.
    pub(crate) fn fused(&mut self, steps: u64, p: &Parameters, state: &mut State) -> bool {
        if self.kind != Kind::Indian {
            return false;
        }
        let n = state.theta.len();
        if n <= 2 && self.moving.len() == n && in_registers(self.objective, steps, p, state) {
            return true;
        }
        let Self { oracle, moving, memory, .. } = self;
        match oracle.program() {
            Some((program, selection)) => {
                interpreted(program, selection, memory, moving, steps, p, state);
                true
            }
            None => false,
        }
    }
}

struct Update<'a> {
    kind: Kind,
    k: u64,
    gamma: &'a Block,
    moving: &'a [usize],
    v: &'a [Block],
    p: &'a Parameters,
    state: &'a mut State,
}

impl Kernel for Update<'_> {
    type Output = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { kind, k, gamma, moving, v, p, state } = self;
        if kind == Kind::Indian && moving.len() == 2 && state.theta.len() == 2 {
            return indian_in_the_plane::<V>(gamma, v, p, state);
        }
        let State { theta, first, second, powers } = state;
        if kind == Kind::Adam {
            for (powers, beta) in powers.iter_mut().zip([&p.beta1, &p.beta2]) {
                for c in (0..LANES).step_by(V::LANES) {
                    (V::load(&powers[c..]) * V::load(&beta[c..])).store(&mut powers[c..]);
                }
            }
        }
        for &i in moving {
            let (theta, first, second, v) = (&mut theta[i], &mut first[i], &mut second[i], &v[i]);
            for c in (0..LANES).step_by(V::LANES) {
                let at = |block: &Block| V::load(&block[c..]);
                let (gamma, v) = (at(gamma), at(v));
                let (mut x, mut a, mut b) = (at(theta), at(first), at(second));
                match kind {
                    Kind::Indian => {
                        let (x, a) = (std::slice::from_mut(&mut x), std::slice::from_mut(&mut a));
                        indian_step(at(&p.alpha), at(&p.beta), gamma, x, a, &[v]);
                    }
                    Kind::GradientDescent => gradient_descent_step(gamma, &mut x, v),
                    Kind::HeavyBall => heavy_ball_step(at(&p.momentum), gamma, &mut x, &mut a, v),
                    Kind::Nesterov => nesterov_step(at(&p.momentum), gamma, &mut x, &mut a, v),
                    Kind::NesterovConvex => {
                        nesterov_step(V::constant(convex_momentum(k)), gamma, &mut x, &mut a, v);
                    }
                    Kind::Adagrad => adagrad_step(at(&p.epsilon), gamma, &mut x, &mut a, v),
                    Kind::Rmsprop => rmsprop_step(at(&p.beta2), at(&p.epsilon), gamma, &mut x, &mut a, v),
                    Kind::Adam => {
                        let constants = (at(&p.beta1), at(&p.beta2), at(&p.epsilon));
                        let one = V::constant(1.0);
                        let biases = (one - at(&powers[0]), one - at(&powers[1]));
                        adam_step(constants, biases, gamma, &mut x, (&mut a, &mut b), v);
                        b.store(&mut second[c..]);
                    }
                }
                x.store(&mut theta[c..]);
                a.store(&mut first[c..]);
            }
        }
    }
}

#[inline(always)]
fn indian_in_the_plane<V: Vector>(gamma: &Block, v: &[Block], p: &Parameters, state: &mut State) {
    for c in (0..LANES).step_by(V::LANES) {
        let at = |block: &Block| V::load(&block[c..]);
        let mut theta = [at(&state.theta[0]), at(&state.theta[1])];
        let mut u = [at(&state.first[0]), at(&state.first[1])];
        indian_step(at(&p.alpha), at(&p.beta), at(gamma), &mut theta, &mut u, &[at(&v[0]), at(&v[1])]);
        for i in 0..2 {
            theta[i].store(&mut state.theta[i][c..]);
            u[i].store(&mut state.first[i][c..]);
        }
    }
}
