//! Many steps of INDIAN in one go: the whole loop inside of the function that is compiled for the vector unit.

use dinlab_indian::indian_step;
use dinlab_objective::{
    lanes::{longest, widest, Kernel, Vector},
    registry::{visit, Visit},
    tape::{Aligned, Block, GradientProgram, ProgramScratch, LANES},
    Formula, Objective, Selection,
};

use super::state::{Parameters, State};

/// `steps` steps with constant step sizes in registers, where the formula is known; θ has one or two entries, all of which
/// move. Whether it could be done.
pub(super) fn in_registers(objective: &dyn Objective, steps: u64, p: &Parameters, state: &mut State) -> bool {
    visit(objective, Known { steps, p, state }).is_some()
}

/// `steps` steps with constant step sizes, the gradients by a program.
pub(super) fn interpreted(
    program: &GradientProgram,
    selection: Selection,
    memory: &mut Memory,
    moving: &[usize],
    steps: u64,
    p: &Parameters,
    state: &mut State,
) {
    memory.take(state);
    memory.scratch.fit(program);
    selection.during(|| longest(Interpreted { program, memory, moving, steps, p }));
    memory.give(state);
}

/// What the loop of steps works on: θ, u and v from one cache line to the next.
#[derive(Default)]
pub(super) struct Memory {
    scratch: ProgramScratch,
    theta: Vec<Aligned>,
    u: Vec<Aligned>,
    v: Vec<Aligned>,
}

impl Memory {
    fn take(&mut self, state: &State) {
        for (own, blocks) in [(&mut self.theta, &state.theta), (&mut self.u, &state.first)] {
            own.clear();
            own.extend(blocks.iter().copied().map(Aligned));
        }
        self.v.clone_from(&self.theta);
    }

    fn give(&self, state: &mut State) {
        for (own, blocks) in [(&self.theta, &mut state.theta), (&self.u, &mut state.first)] {
            blocks.iter_mut().zip(own).for_each(|(block, own)| *block = own.0);
        }
    }
}

struct Interpreted<'a> {
    program: &'a GradientProgram,
    memory: &'a mut Memory,
    moving: &'a [usize],
    steps: u64,
    p: &'a Parameters,
}

impl Kernel for Interpreted<'_> {
    type Output = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { program, memory: Memory { scratch, theta, u, v }, moving, steps, p } = self;
        for c in (0..LANES).step_by(V::LANES) {
            let (alpha, beta) = (V::load(&p.alpha[c..]), V::load(&p.beta[c..]));
            let gamma = V::load(&p.step_size[c..]);
            for _ in 0..steps {
                program.run_lanes::<V, Aligned>(theta, scratch, v, c);
                for &i in moving {
                    let (theta, u) = (&mut theta[i].0[c..], &mut u[i].0[c..]);
                    let (mut x, mut old) = ([V::load(theta)], [V::load(u)]);
                    indian_step(alpha, beta, gamma, &mut x, &mut old, &[V::load(&v[i].0[c..])]);
                    x[0].store(theta);
                    old[0].store(u);
                }
            }
        }
    }
}

struct Known<'a> {
    steps: u64,
    p: &'a Parameters,
    state: &'a mut State,
}

impl Visit for Known<'_> {
    type Output = ();
    fn visit<F: Formula>(self, formula: &F, selection: Selection) {
        let Self { steps, p, state } = self;
        selection.during(|| match state.theta.len() {
            1 => widest(InRegisters::<F, 1> { formula, steps, p, state }),
            _ => widest(InRegisters::<F, 2> { formula, steps, p, state }),
        });
    }
}

struct InRegisters<'a, F, const N: usize> {
    formula: &'a F,
    steps: u64,
    p: &'a Parameters,
    state: &'a mut State,
}

impl<F: Formula, const N: usize> Kernel for InRegisters<'_, F, N> {
    type Output = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { formula, steps, p, state } = self;
        for c in (0..LANES).step_by(V::LANES) {
            let at = |block: &Block| V::load(&block[c..]);
            let (mut theta, mut u) = ([V::constant(0.0); N], [V::constant(0.0); N]);
            for i in 0..N {
                (theta[i], u[i]) = (at(&state.theta[i]), at(&state.first[i]));
            }
            let (alpha, beta, gamma) = (at(&p.alpha), at(&p.beta), at(&p.step_size));
            for _ in 0..steps {
                let mut v = [V::constant(0.0); N];
                formula.gradient(&theta, &mut v);
                indian_step(alpha, beta, gamma, &mut theta, &mut u, &v);
            }
            for i in 0..N {
                theta[i].store(&mut state.theta[i][c..]);
                u[i].store(&mut state.first[i][c..]);
            }
        }
    }
}
