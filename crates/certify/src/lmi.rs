//! Linear matrix inequalities: minimise cᵀy over y with signs, linear equations and F₀ + Σ yᵢFᵢ ⪰ 0. The dual of a
//! performance-estimation problem is one, and so is the search for a Lyapunov function.

use std::collections::BTreeMap;

use crate::{
    expression::Expression,
    model::{Key, Model, Relation},
    number::Number,
};

/// Upper triangle of a symmetric matrix, entries by (row ≤ column).
pub type Symmetric<S> = BTreeMap<(usize, usize), S>;

/// One matrix that must be positive semidefinite.
#[derive(Debug, Clone)]
pub struct Block<S> {
    /// What it is, for messages.
    pub name: String,
    /// Rows.
    pub size: usize,
    /// Sizes of the rows in the problem's units: entry (a, b) is of the size 1/(uₐ u_b) times a number.
    pub units: Vec<f64>,
    /// F₀.
    pub constant: Symmetric<S>,
    /// (i, Fᵢ), ascending in i.
    pub terms: Vec<(usize, Symmetric<S>)>,
}

/// Σ cᵢyᵢ + constant = 0.
#[derive(Debug, Clone)]
pub struct Equation<S> {
    /// (i, cᵢ).
    pub terms: Vec<(usize, S)>,
    /// Constant.
    pub constant: S,
    /// Size of the equation's dual number in the problem's units.
    pub unit: f64,
}

/// The problem.
#[derive(Debug, Clone)]
pub struct Lmi<S> {
    /// Whether variable i must be ≥ 0.
    pub nonnegative: Vec<bool>,
    /// c.
    pub cost: Vec<S>,
    /// Added to the cost.
    pub cost_constant: S,
    /// Equations.
    pub equations: Vec<Equation<S>>,
    /// Matrices.
    pub blocks: Vec<Block<S>>,
}

impl<S: Number> Lmi<S> {
    /// Number of variables.
    pub fn variables(&self) -> usize {
        self.cost.len()
    }

    /// Rows of block `block` whose diagonal entry cannot be positive whatever y is, by signs alone: it and hence the whole
    /// row must vanish. Rows that vanish because others do are found as well.
    pub fn vanishing_rows(&self, block: usize) -> Vec<usize>
    where
        S: PartialOrd,
    {
        let (b, zero) = (&self.blocks[block], S::zero());
        let mut dead = vec![false; self.variables()];
        let mut rows: Vec<usize> = Vec::new();
        loop {
            let fresh: Vec<usize> = (0..b.size)
                .filter(|a| !rows.contains(a))
                .filter(|&a| {
                    let harmless = |(i, matrix): &(usize, Symmetric<S>)| match matrix.get(&(a, a)) {
                        None => true,
                        Some(value) => {
                            dead[*i] || value.vanishes() || (self.nonnegative[*i] && *value < zero)
                        }
                    };
                    b.constant.get(&(a, a)).is_none_or(|value| *value <= zero) && b.terms.iter().all(harmless)
                })
                .collect();
            if fresh.is_empty() {
                return rows;
            }
            for &a in &fresh {
                for (i, matrix) in &b.terms {
                    // A multiplier that could only push the diagonal below 0 is 0.
                    if matrix.get(&(a, a)).is_some_and(|value| *value < zero) {
                        dead[*i] = true;
                    }
                }
            }
            rows.extend(fresh);
        }
    }

    /// Forces `rows` of block `block` to vanish, by equations, and takes them out. What is left says less about y than
    /// before by nothing: a positive semidefinite matrix with a zero on its diagonal has a zero row.
    pub fn without_rows(&mut self, block: usize, rows: &[usize]) {
        let b = &mut self.blocks[block];
        let gone = |a: usize| rows.contains(&a);
        let mut place = vec![0; b.size];
        let kept: Vec<usize> = (0..b.size).filter(|&a| !gone(a)).collect();
        for (new, &old) in kept.iter().enumerate() {
            place[old] = new;
        }
        let mut equations: BTreeMap<(usize, usize), Equation<S>> = BTreeMap::new();
        let units = b.units.clone();
        let mut split = |matrix: &Symmetric<S>, variable: Option<usize>| -> Symmetric<S> {
            let mut rest = Symmetric::new();
            for (&(a, c), value) in matrix {
                if gone(a) || gone(c) {
                    let fresh =
                        || Equation { terms: Vec::new(), constant: S::zero(), unit: units[a] * units[c] };
                    let equation = equations.entry((a, c)).or_insert_with(fresh);
                    match variable {
                        Some(i) => equation.terms.push((i, value.clone())),
                        None => equation.constant = value.clone(),
                    }
                } else {
                    rest.insert((place[a], place[c]), value.clone());
                }
            }
            rest
        };
        b.constant = split(&b.constant, None);
        b.terms = b.terms.iter().map(|(i, matrix)| (*i, split(matrix, Some(*i)))).collect();
        b.units = kept.iter().map(|&a| b.units[a]).collect();
        b.size = kept.len();
        self.equations.extend(equations.into_values());
    }
}

/// What the variables of the dual of a model are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Multiplier {
    /// Of a scalar constraint.
    Scalar(Key),
    /// Entry (a ≤ b) of the matrix multiplier of a matrix condition of some size.
    Entry(Key, usize, usize),
}

/// −M as a symmetric matrix: ⟨M, G⟩ counts each product of basis vectors once.
fn add_negated<S: Number>(into: &mut Symmetric<S>, expression: &Expression<S>, factor: &S) {
    let half = S::ratio(1, 2);
    for (&(a, b), c) in &expression.gram {
        let value = c.times(factor);
        let value = if a == b { value } else { value.times(&half) };
        let entry = into.entry((a, b)).or_insert_with(S::zero);
        *entry = entry.minus(&value);
    }
}

/// Dual of a model with the constraints `keys`: the bound is Σ λₖbₖ + constant, where constraint k reads
/// ⟨Mₖ, G⟩ + mₖᵀf + bₖ ≥ 0, the objective ⟨C, G⟩ + cᵀf, and −C − ΣλₖMₖ ⪰ 0, c + Σλₖmₖ = 0. A matrix condition
/// A(G) ⪰ 0 has a multiplier Y ⪰ 0 and adds ⟨Y, A(G)⟩.
pub fn dual<S: Number>(model: &Model<S>, keys: &[Key]) -> (Lmi<S>, Vec<Multiplier>) {
    let one = S::whole(1);
    let (basis, values) = (model.basis(), model.values());
    let mut gram = Block {
        name: "Gram matrix".into(),
        size: basis.len(),
        units: basis.iter().map(|(_, unit)| *unit).collect(),
        constant: Symmetric::new(),
        terms: Vec::new(),
    };
    let fresh = |unit: f64| Equation { terms: Vec::new(), constant: S::zero(), unit };
    let mut equations: Vec<Equation<S>> = values.iter().map(|(_, unit)| fresh(*unit)).collect();
    add_negated(&mut gram.constant, model.objective(), &one);
    for (&v, c) in &model.objective().values {
        equations[v].constant = c.clone();
    }
    let (mut nonnegative, mut cost, mut multipliers) = (Vec::new(), Vec::new(), Vec::new());
    let mut more = Vec::new();
    let mut add = |what: Multiplier, sign: bool, expression: &Expression<S>, factor: &S| {
        let index = cost.len();
        nonnegative.push(sign);
        cost.push(expression.constant.times(factor));
        multipliers.push(what);
        let mut matrix = Symmetric::new();
        add_negated(&mut matrix, expression, factor);
        gram.terms.push((index, matrix));
        for (&v, c) in &expression.values {
            equations[v].terms.push((index, c.times(factor)));
        }
        index
    };
    for key in keys {
        if let Some((_, relation, expression)) = model.constraint(key) {
            add(Multiplier::Scalar(key.clone()), relation == Relation::NonNegative, &expression, &one);
        } else if let Some((name, entries)) = model.matrix(key) {
            let size = entries.len();
            let mut terms = Vec::new();
            for b in 0..size {
                for a in 0..=b {
                    let factor = S::whole(if a == b { 1 } else { 2 });
                    let index = add(Multiplier::Entry(key.clone(), a, b), false, &entries[a][b], &factor);
                    terms.push((index, Symmetric::from([((a, b), one.clone())])));
                }
            }
            // The multiplier of a matrix of size u_a·u_b is of size 1/(u_a·u_b).
            let unit = |a: usize| entries[a][a].size(basis, values).sqrt();
            let units = (0..size).map(unit).map(|u| if u > 0.0 && u.is_finite() { u } else { 1.0 }).collect();
            more.push(Block { name, size, units, constant: Symmetric::new(), terms });
        }
    }
    let mut blocks = vec![gram];
    blocks.extend(more);
    let cost_constant = model.objective().constant.clone();
    (Lmi { nonnegative, cost, cost_constant, equations, blocks }, multipliers)
}
