//! Clarabel on a linear matrix inequality. What comes back is a suggestion: nothing here is believed before it has been
//! verified in exact arithmetic.

use std::{
    cell::Cell,
    panic::{catch_unwind, AssertUnwindSafe},
    sync::Once,
};

use clarabel::{
    algebra::CscMatrix,
    solver::{DefaultSettings, DefaultSolver, IPSolver, SolverStatus, SupportedConeT},
};
use serde::Serialize;

use crate::lmi::{Lmi, Symmetric};

/// How a solve ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// To the tolerances asked for.
    Solved,
    /// To looser ones, or stalled near a solution.
    AlmostSolved,
    /// No y satisfies the inequalities (to the solver's tolerance): the problem it is the dual of is unbounded.
    Infeasible,
    /// The cost has no lower bound: the problem it is the dual of has no point.
    Unbounded,
    /// Anything else, a panic of the solver among it.
    Unknown,
}

/// What the solver found.
#[derive(Debug, Clone)]
pub struct Solution {
    /// How it ended.
    pub status: Status,
    /// y; of an infeasible problem it has no meaning.
    pub y: Vec<f64>,
    /// Dual matrices of the blocks, row-major (the Gram matrix of a performance-estimation problem), or a ray.
    pub matrices: Vec<Vec<f64>>,
    /// Dual numbers of the equations (function values), or a ray.
    pub numbers: Vec<f64>,
    /// cᵀy + constant.
    pub cost: f64,
    /// Cost of the dual, without the constant's and the margin's part.
    pub dual_cost: f64,
    /// Relative residuals of the inequalities and of their dual.
    pub residuals: [f64; 2],
    /// Iterations.
    pub iterations: u32,
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}
static HOOK: Once = Once::new();

/// Runs `work` so that a panic inside is an answer and prints nothing.
fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.with(Cell::get) {
                before(info);
            }
        }));
    });
    QUIET.with(|quiet| quiet.set(true));
    let result = catch_unwind(AssertUnwindSafe(work)).ok();
    QUIET.with(|quiet| quiet.set(false));
    result
}

/// Accuracy asked of the solver; what it cannot reach it reports as almost solved.
pub const TOLERANCE: f64 = 1e-10;
/// Accuracy at which a stalled run counts as almost solved.
pub const REDUCED: f64 = 1e-6;

/// Index of (a ≤ b) in the triangle, column by column.
fn triangle(a: usize, b: usize) -> usize {
    b * (b + 1) / 2 + a
}

struct Rows {
    columns: Vec<Vec<(usize, f64)>>,
    right: Vec<f64>,
}

/// Solves with every block replaced by block − margin·I, in its own units and that of the objective. A margin > 0 leaves room for rounding.
pub fn solve(lmi: &Lmi<f64>, margin: f64) -> Solution {
    #[cfg(feature = "shim")]
    dinlab_lapack_shim::link();
    guarded(|| run(lmi, margin)).unwrap_or_else(|| failed(lmi))
}

fn failed(lmi: &Lmi<f64>) -> Solution {
    Solution {
        status: Status::Unknown,
        y: vec![f64::NAN; lmi.variables()],
        matrices: lmi.blocks.iter().map(|b| vec![f64::NAN; b.size * b.size]).collect(),
        numbers: vec![f64::NAN; lmi.equations.len()],
        cost: f64::NAN,
        dual_cost: f64::NAN,
        residuals: [f64::NAN; 2],
        iterations: 0,
    }
}

/// Size of the constant parts in units: that of the objective of which this is the dual. 1 where there is none.
fn objective_size(lmi: &Lmi<f64>) -> f64 {
    let mut size = 0.0;
    let mut note = |value: f64| size = dinlab_numeric::max(size, value.abs());
    for block in &lmi.blocks {
        for (&(a, b), value) in &block.constant {
            note(value * block.units[a] * block.units[b]);
        }
    }
    for equation in &lmi.equations {
        note(equation.constant * equation.unit);
    }
    if size > 0.0 && size.is_finite() {
        size
    } else {
        1.0
    }
}

/// Largest absolute coefficient of each variable in units, 1 where there is none.
fn size_of(lmi: &Lmi<f64>) -> Vec<f64> {
    let mut size = vec![0.0; lmi.variables()];
    let mut note = |i: usize, value: f64| size[i] = dinlab_numeric::max(size[i], value.abs());
    for block in &lmi.blocks {
        for (i, matrix) in &block.terms {
            for (&(a, b), value) in matrix {
                note(*i, value * block.units[a] * block.units[b]);
            }
        }
    }
    for equation in &lmi.equations {
        for (i, value) in &equation.terms {
            note(*i, value * equation.unit);
        }
    }
    size.into_iter().map(|s| if s > 0.0 && s.is_finite() { s } else { 1.0 }).collect()
}

fn rows(lmi: &Lmi<f64>, margin: f64, size: f64, scale: &[f64]) -> (Rows, Vec<SupportedConeT<f64>>) {
    let n = lmi.variables();
    let (mut columns, mut right, mut cones) = (vec![Vec::new(); n], Vec::new(), Vec::new());
    for equation in &lmi.equations {
        for (i, value) in &equation.terms {
            columns[*i].push((right.len(), value * equation.unit / scale[*i]));
        }
        right.push(-equation.constant * equation.unit / size);
    }
    if !right.is_empty() {
        cones.push(SupportedConeT::ZeroConeT(right.len()));
    }
    let mut signs = 0;
    for i in (0..n).filter(|&i| lmi.nonnegative[i]) {
        columns[i].push((right.len(), -1.0));
        right.push(0.0);
        signs += 1;
    }
    if signs > 0 {
        cones.push(SupportedConeT::NonnegativeConeT(signs));
    }
    for block in lmi.blocks.iter().filter(|block| block.size > 0) {
        let first = right.len();
        let packed = |matrix: &Symmetric<f64>| -> Vec<(usize, f64)> {
            let entry = |(&(a, b), value): (&(usize, usize), &f64)| {
                let weight = if a == b { 1.0 } else { std::f64::consts::SQRT_2 };
                (first + triangle(a, b), weight * value * block.units[a] * block.units[b])
            };
            let mut entries: Vec<(usize, f64)> = matrix.iter().map(entry).collect();
            entries.sort_by_key(|e| e.0);
            entries
        };
        right.resize(first + block.size * (block.size + 1) / 2, 0.0);
        for a in 0..block.size {
            right[first + triangle(a, a)] = -margin;
        }
        for (row, value) in packed(&block.constant) {
            right[row] += value / size;
        }
        for (i, matrix) in &block.terms {
            columns[*i].extend(packed(matrix).into_iter().map(|(row, value)| (row, -value / scale[*i])));
        }
        cones.push(SupportedConeT::PSDTriangleConeT(block.size));
    }
    (Rows { columns, right }, cones)
}

fn run(lmi: &Lmi<f64>, margin: f64) -> Solution {
    let n = lmi.variables();
    let (size, scale) = (objective_size(lmi), size_of(lmi));
    let (Rows { columns, right }, cones) = rows(lmi, margin, size, &scale);
    let m = right.len();
    let (mut pointers, mut indices, mut entries) = (vec![0], Vec::new(), Vec::new());
    for column in &columns {
        for &(row, value) in column {
            indices.push(row);
            entries.push(value);
        }
        pointers.push(indices.len());
    }
    let a = CscMatrix::new(m, n, pointers, indices, entries);
    let p = CscMatrix::zeros((n, n));
    let q: Vec<f64> = lmi.cost.iter().zip(&scale).map(|(c, s)| c / s).collect();
    let settings = DefaultSettings {
        verbose: false,
        max_iter: 100,
        tol_gap_abs: TOLERANCE,
        tol_gap_rel: TOLERANCE,
        tol_feas: TOLERANCE,
        reduced_tol_gap_abs: REDUCED,
        reduced_tol_gap_rel: REDUCED,
        reduced_tol_feas: REDUCED,
        chordal_decomposition_enable: false,
        presolve_enable: false,
        ..DefaultSettings::default()
    };
    let Ok(mut solver) = DefaultSolver::new(&p, &q, &a, &right, &cones, settings) else { return failed(lmi) };
    solver.solve();
    let found = &solver.solution;
    let status = match found.status {
        SolverStatus::Solved => Status::Solved,
        SolverStatus::AlmostSolved | SolverStatus::InsufficientProgress | SolverStatus::MaxIterations => {
            Status::AlmostSolved
        }
        SolverStatus::PrimalInfeasible | SolverStatus::AlmostPrimalInfeasible => Status::Infeasible,
        SolverStatus::DualInfeasible | SolverStatus::AlmostDualInfeasible => Status::Unbounded,
        _ => Status::Unknown,
    };
    let y: Vec<f64> = found.x.iter().zip(&scale).map(|(x, s)| x * size / s).collect();
    let numbers = lmi.equations.iter().zip(&found.z).map(|(e, z)| e.unit * z).collect();
    let mut first = lmi.equations.len() + lmi.nonnegative.iter().filter(|&&s| s).count();
    let mut matrices = Vec::new();
    for block in &lmi.blocks {
        let k = block.size;
        let mut matrix = vec![0.0; k * k];
        for b in 0..k {
            for a in 0..=b {
                let weight = if a == b { 1.0 } else { std::f64::consts::FRAC_1_SQRT_2 };
                let value = weight * found.z[first + triangle(a, b)] * block.units[a] * block.units[b];
                (matrix[a * k + b], matrix[b * k + a]) = (value, value);
            }
        }
        first += k * (k + 1) / 2;
        matrices.push(matrix);
    }
    let cost = lmi.cost.iter().zip(&y).map(|(c, y)| c * y).sum::<f64>() + lmi.cost_constant;
    Solution {
        status,
        y,
        matrices,
        numbers,
        cost,
        dual_cost: found.obj_val_dual * size + lmi.cost_constant,
        residuals: [found.r_prim, found.r_dual],
        iterations: found.iterations,
    }
}
