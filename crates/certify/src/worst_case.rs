//! The worst case of a method over a class: solve, round, verify.

use crate::{
    class::Tightness,
    exact::{self, Refusal},
    expression::Expression,
    lmi::{self, Lmi, Multiplier},
    model::{Key, Model, Relation},
    number::Rational,
    solver::{self, Solution, Status},
    statement::Statement,
};

/// A bound that exact arithmetic has verified.
#[derive(Debug, Clone)]
pub struct Proof {
    /// The bound: the measure never exceeds it.
    pub bound: Rational,
    /// Multipliers that are not 0.
    pub multipliers: Vec<(Multiplier, Rational)>,
}

/// What is known about the supremum.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It is at most the proof's bound.
    Certified(Proof),
    /// It is infinite: along the ray (Gram matrix and function values of [`Answer`]) the measure grows and no condition stops it.
    Unbounded,
    /// No function of the class fits the conditions.
    Infeasible,
    /// Nothing: the solver or the rounding failed, for this reason.
    Unknown(Option<Refusal>),
}

/// Result of [`worst_case`].
#[derive(Debug, Clone)]
pub struct Answer {
    /// What is known.
    pub outcome: Outcome,
    /// Status of the last solve.
    pub status: Status,
    /// The solver's value of the measure at its own worst case: close to the supremum, from either side.
    pub value: f64,
    /// Gram matrix of that worst case (or ray), row-major.
    pub gram: Vec<f64>,
    /// Its function values.
    pub values: Vec<f64>,
    /// Relative residuals of the solver.
    pub residuals: [f64; 2],
    /// Constraints used, of all there are.
    pub constraints: [usize; 2],
    /// Semidefinite problems solved.
    pub solves: u32,
    /// Whether the class's conditions are exact.
    pub tightness: Tightness,
}

/// Rooms left for rounding, in the problem's units; the first that works is taken.
const MARGINS: [f64; 4] = [1e-9, 1e-8, 1e-7, 1e-6];
/// Steps back towards the solution with less room, once one has been verified.
const HALVINGS: u32 = 5;
/// A pair left out is taken in when the solution violates it by more than this, in the problem's units.
const VIOLATION: f64 = 1e-7;
/// Rounds of taking in what is violated before all pairs are taken.
const ROUNDS: usize = 6;
/// Below this many pairs leaving some out saves nothing.
const FEW: usize = 24;

/// Options of [`worst_case_with`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Start with neighbouring pairs only and take in what the solution violates.
    pub presolve: bool,
    /// Whether to round and verify.
    pub certify: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { presolve: true, certify: true }
    }
}

/// The worst case with a verified bound.
pub fn worst_case(statement: &Statement) -> Answer {
    worst_case_with(statement, Options::default())
}

/// The worst case.
pub fn worst_case_with(statement: &Statement, options: Options) -> Answer {
    let model: Model<f64> = statement.model();
    let mut search = Search::new(&model, options);
    let mut solution = search.solve(MARGINS[0]);
    while solution.status == Status::Infeasible {
        // Either the measure is unbounded, or only the trace of the Gram matrix, which the margin charges for.
        let without = search.solve(0.0);
        if without.status == Status::Infeasible {
            // A ray in all coordinates, those that were taken out of the inequality included.
            search.rows.clear();
            let ray = search.solve(0.0);
            let good = ray.status == Status::Infeasible && ray_is_good(&model, &search.keys, &ray);
            return search.answer(ray, if good { Outcome::Unbounded } else { Outcome::Unknown(None) });
        }
        let free = free_directions(&solution, model.basis().len());
        let before = search.rows.len();
        search.rows.extend(free);
        search.rows.sort_unstable();
        search.rows.dedup();
        if search.rows.len() == before {
            return search.answer(without, Outcome::Unknown(None));
        }
        solution = search.solve(MARGINS[0]);
    }
    if solution.status == Status::Unbounded {
        return search.answer(solution, Outcome::Infeasible);
    }
    if !options.certify {
        return search.answer(solution, Outcome::Unknown(None));
    }
    match prove(statement, &mut search, &mut solution) {
        Ok(proof) => search.answer(solution, Outcome::Certified(proof)),
        Err(refusal) => search.answer(solution, Outcome::Unknown(Some(refusal))),
    }
}

/// Rounds a solution and verifies it against the same constraints in fractions; with more room, solved again, where that
/// fails.
fn prove(statement: &Statement, search: &mut Search<'_>, solution: &mut Solution) -> Result<Proof, Refusal> {
    let model: Model<Rational> = statement.model();
    let mut refusal = Refusal::NotFinite;
    let mut failed: Option<Vec<f64>> = None;
    for (attempt, margin) in MARGINS.into_iter().enumerate() {
        if attempt > 0 {
            let keys = search.keys.len();
            *solution = search.solve(margin);
            // With more constraints the multipliers of before have another meaning.
            failed = failed.filter(|_| keys == search.keys.len());
        }
        let (mut lmi, multipliers) = lmi::dual(&model, &search.keys);
        if !search.rows.is_empty() {
            lmi.without_rows(0, &search.rows);
        }
        match exact::certify(&lmi, &solution.y) {
            Ok(mut y) => {
                let nearer =
                    failed.and_then(|low| exact::nearest_certified(&lmi, &low, &solution.y, HALVINGS));
                if let Some(better) = nearer.filter(|z| exact::cost(&lmi, z) < exact::cost(&lmi, &y)) {
                    y = better;
                }
                let bound = exact::cost(&lmi, &y);
                let multipliers =
                    multipliers.into_iter().zip(y).filter(|(_, value)| !value.is_zero()).collect();
                return Ok(Proof { bound, multipliers });
            }
            Err(reason) => refusal = reason,
        }
        failed = Some(solution.y.clone());
    }
    Err(refusal)
}

/// Basis vectors along which a ray of the problem with a charge on the trace goes: the measure does not see them.
fn free_directions(ray: &Solution, n: usize) -> Vec<usize> {
    let diagonal: Vec<f64> = (0..n).map(|a| ray.matrices[0][a * n + a].abs()).collect();
    let largest = diagonal.iter().fold(0.0, |m, &d| dinlab_numeric::max(m, d));
    (0..n).filter(|&a| diagonal[a] > 1e-5 * largest).collect()
}

/// Whether a ray satisfies the homogeneous constraints and raises the measure.
fn ray_is_good(model: &Model<f64>, keys: &[Key], ray: &Solution) -> bool {
    let n = model.basis().len();
    let homogeneous = |expression: &Expression<f64>| {
        let flat = Expression { constant: 0.0, ..expression.clone() };
        flat.at(&ray.matrices[0], n, &ray.numbers)
    };
    let gain = homogeneous(model.objective());
    let size = ray.matrices[0].iter().chain(&ray.numbers).fold(0.0, |m, x| dinlab_numeric::max(m, x.abs()));
    let slack = 1e-6 * size;
    let fits = |key: &Key| match model.constraint(key) {
        Some((_, Relation::NonNegative, e)) => homogeneous(&e) >= -slack,
        Some((_, Relation::Zero, e)) => homogeneous(&e).abs() <= slack,
        None => true,
    };
    gain > 10.0 * slack && keys.iter().all(fits)
}

struct Search<'a> {
    model: &'a Model<f64>,
    keys: Vec<Key>,
    left_out: Vec<Key>,
    rows: Vec<usize>,
    solves: u32,
}

impl<'a> Search<'a> {
    fn new(model: &'a Model<f64>, options: Options) -> Self {
        let (all, mut keys) = (model.pairs(), model.always());
        let likely = if options.presolve && all.len() > FEW { model.likely_pairs() } else { all.clone() };
        let left_out = all.into_iter().filter(|key| !likely.contains(key)).collect();
        keys.extend(likely);
        // Signs decide this for all pairs at once; the problem with fewer pairs could only have more such rows.
        let every: Vec<Key> = model.always().into_iter().chain(model.pairs()).collect();
        let rows = lmi::dual(model, &every).0.vanishing_rows(0);
        Self { model, keys, left_out, rows, solves: 0 }
    }

    /// Solves, taking in pairs until the solution violates none: the value is then that of all pairs.
    fn solve(&mut self, margin: f64) -> Solution {
        for round in 0.. {
            let (mut lmi, _): (Lmi<f64>, _) = lmi::dual(self.model, &self.keys);
            if !self.rows.is_empty() {
                lmi.without_rows(0, &self.rows);
            }
            let equations = self.model.values().len();
            let mut solution = solver::solve(&lmi, margin);
            self.solves += 1;
            self.widen(&mut solution, equations);
            if self.left_out.is_empty() {
                return solution;
            }
            let violated: Vec<Key> = match solution.status {
                Status::Solved | Status::AlmostSolved if round < ROUNDS => {
                    self.left_out.iter().filter(|key| self.violates(key, &solution)).cloned().collect()
                }
                // Without a solution to look at (or patience) everything goes in.
                _ => self.left_out.clone(),
            };
            if violated.is_empty() {
                return solution;
            }
            self.left_out.retain(|key| !violated.contains(key));
            self.keys.extend(violated);
        }
        unreachable!("the loop returns once nothing is left out")
    }

    /// Puts rows that were taken out back as zeros, and drops the numbers of their equations.
    fn widen(&self, solution: &mut Solution, equations: usize) {
        solution.numbers.truncate(equations);
        if self.rows.is_empty() {
            return;
        }
        let n = self.model.basis().len();
        let kept: Vec<usize> = (0..n).filter(|a| !self.rows.contains(a)).collect();
        let small = &solution.matrices[0];
        let mut full = vec![0.0; n * n];
        for (i, &a) in kept.iter().enumerate() {
            for (j, &b) in kept.iter().enumerate() {
                full[a * n + b] = small[i * kept.len() + j];
            }
        }
        solution.matrices[0] = full;
    }

    fn violates(&self, key: &Key, solution: &Solution) -> bool {
        if !self.rows.is_empty() {
            // Products with the rows taken out are not known.
            return true;
        }
        let n = self.model.basis().len();
        let unit = self.model.units().value;
        self.model.constraint(key).is_none_or(|(_, _, e)| {
            let value = e.at(&solution.matrices[0], n, &solution.numbers);
            value.is_nan() || value < -VIOLATION * unit
        })
    }

    fn answer(self, solution: Solution, outcome: Outcome) -> Answer {
        let n = self.model.basis().len();
        Answer {
            outcome,
            status: solution.status,
            value: self.model.objective().at(&solution.matrices[0], n, &solution.numbers),
            gram: solution.matrices[0].clone(),
            values: solution.numbers,
            residuals: solution.residuals,
            constraints: [self.keys.len(), self.keys.len() + self.left_out.len()],
            solves: self.solves,
            tightness: self.model.tightness(),
        }
    }
}
