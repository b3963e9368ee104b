//! The worst case of a method over a class: solve, round, verify.

mod frame;
mod ray;

use frame::Frame;

use crate::{
    class::Tightness,
    exact::{self, Refusal},
    expression::Expression,
    lmi::{self, Lmi, Multiplier},
    model::{Key, Model},
    number::Rational,
    rational,
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
    /// It is infinite: along the ray (Gram matrix and function values of [`Answer`]) the measure grows and no condition stops
    /// it, to the solver's accuracy. Never said of statements known to be finite ([`Statement::is_finite`]) nor where the
    /// conditions are not those of the class.
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
    /// Basis vectors whose rows must vanish in the dual.
    rows: Vec<usize>,
}

/// Rooms left for rounding, in the problem's units; the first that works is taken.
const MARGINS: [f64; 4] = [1e-9, 1e-8, 1e-7, 1e-6];
/// Steps back towards the solution with less room, once one has been verified.
const HALVINGS: u32 = 5;
/// A bound further off than this part of itself may be no worst case at all: everything else is tried.
const LOOSE: f64 = 1e-2;
/// A bound further off than this part of itself is sought again in the units of its worst case, this often at most.
const FINE: f64 = 1e-6;
const REFINEMENTS: usize = 4;
/// Solves in the units of a ray before a worst case that is known to be finite is given up.
const RESCALINGS: usize = 8;
/// Part of a unit below which the units of a worst case are not taken.
const FINEST: f64 = 1e-6;
/// A pair left out is taken in when the solution violates it by more than this part of its size in the
/// model's units.
const VIOLATION: f64 = 1e-7;
/// Rounds of taking in what is violated before all pairs are taken.
const ROUNDS: usize = 6;
/// Below this many pairs leaving some out saves nothing.
const FEW: usize = 24;

/// Which pairs of points take part. A multiplier left out is 0, so that bounds are valid in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairs {
    /// All.
    All,
    /// Neighbours first, and what the solution violates.
    Violated,
    /// Neighbours only: the value may be larger than that of all pairs, but the problem has fewer degenerate directions.
    Likely,
}

/// Options of [`worst_case_with`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Which pairs.
    pub pairs: Pairs,
    /// Whether to round and verify.
    pub certify: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { pairs: Pairs::Violated, certify: true }
    }
}

impl Answer {
    /// What the verified bound is above the solver's own value, relative to the bound; `None` without a bound, or where
    /// the solver's value is above it and hence says nothing.
    pub fn loss(&self) -> Option<f64> {
        let Outcome::Certified(proof) = &self.outcome else { return None };
        let bound = rational::float_above(&proof.bound);
        let above = bound - self.value;
        (above >= 0.0 && bound > 0.0).then_some(above / bound)
    }

    /// The model in the basis and units of this worst case.
    pub(crate) fn model_in_its_basis(&self, statement: &Statement) -> Option<Model<f64>> {
        Some(Frame::new(statement.model()).next(self)?.model())
    }

    fn is_close(&self, part: f64) -> bool {
        self.loss().is_some_and(|loss| loss <= part)
    }

    /// Whether bound and value differ by no more than this part of the bound.
    fn is_near(&self, part: f64) -> bool {
        self.bound()
            .map(rational::float_above)
            .is_some_and(|bound| (bound - self.value).abs() <= part * bound)
    }

    /// Whether the solver's accuracy is enough for [`FINE`]: it is relative to the units of the measure, not to its value.
    fn is_known(&self, model: &Model<f64>) -> bool {
        solver::TOLERANCE * model.objective().size(model.basis(), model.values()) <= FINE * self.value.abs()
    }

    pub(crate) fn bound(&self) -> Option<&Rational> {
        match &self.outcome {
            Outcome::Certified(proof) => Some(&proof.bound),
            _ => None,
        }
    }

    /// The answer with the smaller bound, and the work of both.
    fn or_better(self, other: Self) -> Self {
        let solves = self.solves + other.solves;
        let better = match (self.bound(), other.bound()) {
            (Some(own), Some(new)) if new < own => other,
            (None, Some(_)) => other,
            _ => self,
        };
        Self { solves, ..better }
    }
}

/// The worst case with a verified bound: the least of several attempts where the first is not close to the solver's value.
pub fn worst_case(statement: &Statement) -> Answer {
    worst_case_with(statement, Options::default())
}

/// The worst case.
pub fn worst_case_with(statement: &Statement, options: Options) -> Answer {
    let mut model: Model<f64> = statement.model();
    let mut answer = in_units(statement, &model, options);
    if matches!(answer.outcome, Outcome::Unbounded) {
        answer = beyond_ray(statement, &mut model, options, answer);
    }
    if !options.certify || matches!(answer.outcome, Outcome::Unbounded | Outcome::Infeasible) {
        return answer;
    }
    answer = refined(statement, &model, options, answer);
    for pairs in [Pairs::Likely, Pairs::All] {
        if !answer.is_close(LOOSE) && pairs != options.pairs {
            answer = answer.or_better(in_units(statement, &model, Options { pairs, ..options }));
        }
    }
    if let Some(proof) = at_the_start(statement) {
        if answer.bound().is_none_or(|bound| proof.bound < *bound) {
            answer.outcome = Outcome::Certified(proof);
        }
    }
    answer
}

/// Solved again in a basis and units of the worst case found, so that the room for rounding is a part of the value; where that is
/// far below those of the problem, its small entries are known only then.
fn refined(statement: &Statement, model: &Model<f64>, options: Options, first: Answer) -> Answer {
    let mut exact: Model<Rational> = statement.model();
    let units = |all: &[(String, f64)]| all.iter().map(|(_, unit)| *unit).collect::<Vec<f64>>();
    exact.rescale(&units(model.basis()), &units(model.values()));
    let (mut frame, mut last, mut best) = (Frame::new(exact), first.clone(), first);
    if best.is_near(FINE) && best.is_known(model) {
        return best;
    }
    for _ in 0..REFINEMENTS {
        let Some(next) = frame.next(&last) else { break };
        frame = next;
        last = in_units(statement, &frame.model(), options);
        let before = best.bound().map(rational::float_above);
        best = best.or_better(Answer { gram: frame.own_gram(&last.gram), ..last.clone() });
        let after = best.bound().map(rational::float_above);
        // What no longer moves is not the frame's fault.
        if before.zip(after).is_none_or(|(before, after)| before - after <= FINE * after) {
            break;
        }
    }
    best
}

/// The best of all iterates is no worse than x₀, which the start may bound by itself.
fn at_the_start(statement: &Statement) -> Option<Proof> {
    let model: Model<Rational> = statement.model();
    let named = |name: &str| {
        model.always().into_iter().find_map(|key| {
            let (own, _, expression) = model.constraint(&key)?;
            (own == name).then_some((key, expression))
        })
    };
    let ((start, bounded), (first, best)) = (named("start")?, named("best <= 0")?);
    let total = model.objective().clone().and(&bounded).and(&best);
    let cancels = |e: &Expression<Rational>| e.gram.is_empty() && e.values.is_empty();
    let mut keys = vec![start, first];
    let mut whole = total.clone();
    if !cancels(&whole) {
        // Where subgradients are asked for twice at x0, a pair says that both values are the same.
        let (pair, sum) = model.pairs().into_iter().find_map(|key| {
            let sum = total.clone().and(&model.constraint(&key)?.2);
            cancels(&sum).then_some((key, sum))
        })?;
        keys.push(pair);
        whole = sum;
    }
    let multipliers = keys.into_iter().map(|key| (Multiplier::Scalar(key), Rational::ONE)).collect();
    Some(Proof { bound: whole.constant, multipliers })
}

/// What a ray is worth. Along the ray of a finite but large worst case the start condition fails by less than the solver's
/// accuracy. Scaled so that the start is at its bound, such a ray is close to the worst case: in its units the problem has a
/// solution of size 1. A true ray stays one.
fn beyond_ray(statement: &Statement, model: &mut Model<f64>, options: Options, ray: Answer) -> Answer {
    let finite = statement.is_finite();
    let mut last = ray.clone();
    for _ in 0..if finite { RESCALINGS } else { 1 } {
        let Some(units) = start_scale(model, &last).and_then(|c| units_of(model, &last, c)) else {
            break;
        };
        model.rescale(&units.0, &units.1);
        last = in_units(statement, model, options);
        if !matches!(last.outcome, Outcome::Unbounded) {
            break;
        }
    }
    match last.outcome {
        Outcome::Certified(_) => last,
        // Neither finite worst cases nor conditions that say too little make an unbounded class.
        _ if finite || ray.tightness == Tightness::UpperBound => {
            Answer { outcome: Outcome::Unknown(None), ..ray }
        }
        _ => ray,
    }
}

/// Factor by which a ray meets the start condition with equality.
fn start_scale(model: &Model<f64>, ray: &Answer) -> Option<f64> {
    let n = model.basis().len();
    let start = model.always().iter().find_map(|key| model.constraint(key).filter(|c| c.0 == "start"))?.2;
    let used = start.constant - start.at(&ray.gram, n, &ray.values);
    let factor = start.constant / dinlab_numeric::max(used.abs(), f64::MIN_POSITIVE);
    factor.is_finite().then_some(factor)
}

/// Units in which `factor` times a Gram matrix with its values is of size 1, but not below those in use.
fn units_of(model: &Model<f64>, answer: &Answer, factor: f64) -> Option<(Vec<f64>, Vec<f64>)> {
    let n = model.basis().len();
    let at_least = |unit: f64, size: f64| dinlab_numeric::max(unit, size);
    let basis: Vec<f64> = model
        .basis()
        .iter()
        .enumerate()
        .map(|(a, (_, unit))| at_least(*unit, (factor * answer.gram[a * n + a].abs()).sqrt()))
        .collect();
    let values: Vec<f64> = model
        .values()
        .iter()
        .zip(&answer.values)
        .map(|((_, unit), value)| at_least(*unit, factor * value.abs()))
        .collect();
    let usable = basis.iter().chain(&values).all(|unit| unit.is_finite() && *unit > 0.0);
    usable.then_some((basis, values))
}

/// One attempt, in the units of `model`. [`Outcome::Unbounded`] is the solver's word here.
fn in_units(statement: &Statement, model: &Model<f64>, options: Options) -> Answer {
    let mut search = Search::new(model, options);
    let least = MARGINS[0];
    let mut solution = search.solve(least);
    while solution.status == Status::Infeasible {
        // Either the measure is unbounded, or only the trace of the Gram matrix, which the margin charges for.
        let without = search.solve(0.0);
        if without.status == Status::Infeasible {
            // A ray in all coordinates, those that were taken out of the inequality included.
            search.rows.clear();
            let ray = search.solve(0.0);
            let good = ray.status == Status::Infeasible && ray::is_good(model, &search.keys, &ray);
            return search.answer(ray, if good { Outcome::Unbounded } else { Outcome::Unknown(None) });
        }
        let free = ray::free_directions(&solution, model.basis().len());
        let before = search.rows.len();
        search.rows.extend(free);
        search.rows.sort_unstable();
        search.rows.dedup();
        if search.rows.len() == before {
            return search.answer(without, Outcome::Unknown(None));
        }
        solution = search.solve(least);
    }
    if solution.status == Status::Unbounded {
        return search.answer(solution, Outcome::Infeasible);
    }
    if !options.certify {
        return search.answer(solution, Outcome::Unknown(None));
    }
    match prove(statement, &mut search, &mut solution, &MARGINS) {
        Ok(proof) => search.answer(solution, Outcome::Certified(proof)),
        Err(refusal) => search.answer(solution, Outcome::Unknown(Some(refusal))),
    }
}

/// Rounds a solution and verifies it against the same constraints in fractions; with more room, solved again, where that
/// fails or gives a bound far above the value. The least bound is kept, and `solution` is left at its solution.
fn prove(
    statement: &Statement,
    search: &mut Search<'_>,
    solution: &mut Solution,
    margins: &[f64],
) -> Result<Proof, Refusal> {
    let model: Model<Rational> = statement.model();
    let mut refusal = Refusal::NotFinite;
    let mut failed: Option<Vec<f64>> = None;
    let mut best: Option<(Proof, Solution)> = None;
    for (attempt, &margin) in margins.iter().enumerate() {
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
                    failed.take().and_then(|low| exact::nearest_certified(&lmi, &low, &solution.y, HALVINGS));
                if let Some(better) = nearer.filter(|z| exact::cost(&lmi, z) < exact::cost(&lmi, &y)) {
                    y = better;
                }
                let bound = exact::cost(&lmi, &y);
                let (float, value) = (rational::float_above(&bound), search.value(solution));
                if best.as_ref().is_none_or(|(least, _)| bound < least.bound) {
                    let multipliers =
                        multipliers.into_iter().zip(y).filter(|(_, value)| !value.is_zero()).collect();
                    best = Some((Proof { bound, multipliers }, solution.clone()));
                }
                if (float - value).abs() <= LOOSE * float {
                    break;
                }
            }
            Err(reason) => {
                refusal = reason;
                failed = Some(solution.y.clone());
            }
        }
    }
    let (proof, own) = best.ok_or(refusal)?;
    *solution = own;
    Ok(proof)
}

struct Search<'a> {
    model: &'a Model<f64>,
    keys: Vec<Key>,
    left_out: Vec<Key>,
    grows: bool,
    rows: Vec<usize>,
    solves: u32,
}

impl<'a> Search<'a> {
    fn new(model: &'a Model<f64>, options: Options) -> Self {
        let (all, mut keys) = (model.pairs(), model.always());
        let some = options.pairs != Pairs::All && all.len() > FEW;
        let likely = if some { model.likely_pairs() } else { all.clone() };
        let left_out: Vec<Key> = all.into_iter().filter(|key| !likely.contains(key)).collect();
        keys.extend(likely);
        // Signs decide this for all pairs at once; with fewer pairs there are no fewer such rows, and mostly none at all.
        let vanishing = |keys: &[Key]| lmi::dual(model, keys).0.vanishing_rows(0);
        let mut rows = vanishing(&keys);
        if !rows.is_empty() && !left_out.is_empty() {
            let every: Vec<Key> = keys.iter().chain(&left_out).cloned().collect();
            rows = vanishing(&every);
        }
        Self { model, keys, left_out, grows: options.pairs == Pairs::Violated, rows, solves: 0 }
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
            if self.left_out.is_empty() || !self.grows {
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
        let (basis, values) = (self.model.basis(), self.model.values());
        self.model.constraint(key).is_none_or(|(_, _, e)| {
            let value = e.at(&solution.matrices[0], n, &solution.numbers);
            value.is_nan() || value < -VIOLATION * e.size(basis, values)
        })
    }

    /// The measure at a solution.
    fn value(&self, solution: &Solution) -> f64 {
        self.model.objective().at(&solution.matrices[0], self.model.basis().len(), &solution.numbers)
    }

    fn answer(self, solution: Solution, outcome: Outcome) -> Answer {
        Answer {
            outcome,
            status: solution.status,
            value: self.value(&solution),
            gram: solution.matrices[0].clone(),
            values: solution.numbers,
            residuals: solution.residuals,
            constraints: [self.keys.len(), self.keys.len() + self.left_out.len()],
            solves: self.solves,
            tightness: self.model.tightness(),
            rows: self.rows,
        }
    }
}
