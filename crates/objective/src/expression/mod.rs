//! The expression language of `expr:` objectives.
//!
//! Numbers (`1`, `.5`, `2e-3`), constants `pi` and `e`, variables (letters, digits, `_`), `+ - * / ^`, signs,
//! parentheses and the functions of [`Function::ALL`]. `^` binds to the right and tighter than a sign
//! (`-x^2` = −(x²)); there is no implicit product; `log` is natural. Constant parts must be finite numbers.
//!
//! A `sum:` objective is a finite sum: expressions separated by `;`.

mod constant;
mod lexer;
mod lower;
mod objective;
mod parser;
mod print;
pub(crate) mod problem;
mod sum;
pub mod tree;

use crate::{error::ObjectiveError, tape::Tape};

pub use objective::TapeObjective;
pub use problem::{ExpressionProblem, Place};
pub use tree::{Binary, Function};

use lexer::is_name;
use problem::{shortened, ExpressionProblem as Problem};
use tree::{Kind, Tree};

/// Longest accepted text in bytes.
pub const LENGTH_LIMIT: usize = 1 << 18;
/// Deepest accepted nesting of parentheses, calls, signs and powers. Sums and products may be of any length.
pub const DEPTH_LIMIT: usize = 200;

/// A parsed expression with an order of its variables.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    tree: Tree,
    variables: Vec<String>,
}

impl Expression {
    /// Parses `text`. `variables` fixes the order of the variables and may name some that do not occur; without it
    /// those that occur are taken in natural order (x2 before x10).
    pub fn parse(text: &str, variables: Option<&[String]>) -> Result<Self, ObjectiveError> {
        check_length(text)?;
        let mut parsed = parse_all(text, &[text], variables)?;
        let tree = parsed.trees.swap_remove(0);
        Ok(Self { tree, variables: parsed.variables })
    }

    /// Parses a finite sum: expressions separated by `;`, in common variables. Columns of errors and kinks are those of
    /// the whole text.
    pub fn parse_sum(text: &str, variables: Option<&[String]>) -> Result<Vec<Self>, ObjectiveError> {
        check_length(text)?;
        let parts: Vec<&str> = text.split(';').collect();
        let parsed = parse_all(text, &parts, variables)?;
        let with_names = |tree| Self { tree, variables: parsed.variables.clone() };
        Ok(parsed.trees.into_iter().map(with_names).collect())
    }

    /// The sum of expressions in the same variables. Panics where there is none.
    pub fn sum_of(terms: &[Self]) -> Self {
        let mut total = terms[0].clone();
        for term in &terms[1..] {
            total.tree.add(&term.tree);
        }
        total
    }

    /// Names of the variables in the order of the coordinates.
    pub fn variables(&self) -> &[String] {
        &self.variables
    }

    /// The syntax tree.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The formula in LaTeX; very long ones are only described.
    pub fn latex(&self) -> String {
        print::latex(&self.tree, &self.variables)
    }

    /// The expression as a tape; kink surfaces carry the column of the function that makes them.
    pub fn tape(&self) -> Tape {
        lower::lower(self)
    }
}

/// The expression as text that parses to the same tree.
impl std::fmt::Display for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&print::text(&self.tree, &self.variables, self.tree.root()))
    }
}

/// Trees over common variables, in order.
struct Parsed {
    trees: Vec<Tree>,
    variables: Vec<String>,
}

/// Parses the `parts` of `text`, which follow one another with one character between them.
fn parse_all(text: &str, parts: &[&str], variables: Option<&[String]>) -> Result<Parsed, ObjectiveError> {
    if let Some(listed) = variables {
        check_list(listed).map_err(nowhere)?;
    }
    let (mut trees, mut named): (Vec<Tree>, Vec<Vec<String>>) = Default::default();
    let mut before = 0;
    for part in parts {
        let located = |(problem, column): (Problem, usize)| ObjectiveError::Expression {
            problem,
            place: Some(Place::new(text, before + column)),
        };
        let (mut tree, occurring) = parser::parse(part, variables).map_err(located)?;
        constant::check(&tree, &occurring).map_err(located)?;
        tree.nodes.iter_mut().for_each(|node| node.column += before as u32);
        trees.push(tree);
        named.push(occurring);
        before += part.chars().count() + 1;
    }
    let order = match variables {
        Some(listed) => listed.to_vec(),
        None => naturally_sorted(named.iter().flatten()),
    };
    if order.is_empty() {
        return Err(ObjectiveError::Expression {
            problem: Problem::NoVariables,
            place: Some(Place::new(text, 1)),
        });
    }
    let positions: std::collections::HashMap<&str, u32> =
        order.iter().zip(0..).map(|(name, i)| (name.as_str(), i)).collect();
    for (tree, occurring) in trees.iter_mut().zip(&named) {
        for node in &mut tree.nodes {
            if let Kind::Variable(v) = &mut node.kind {
                *v = positions[occurring[*v as usize].as_str()];
            }
        }
    }
    Ok(Parsed { trees, variables: order })
}

fn check_length(text: &str) -> Result<(), ObjectiveError> {
    if text.len() > LENGTH_LIMIT {
        return Err(nowhere(Problem::TooLong { bytes: text.len(), limit: LENGTH_LIMIT }));
    }
    Ok(())
}

fn nowhere(problem: Problem) -> ObjectiveError {
    ObjectiveError::Expression { problem, place: None }
}

/// Refuses what cannot be a list of variables.
fn check_list(names: &[String]) -> Result<(), Problem> {
    let mut seen = std::collections::HashSet::new();
    if names.is_empty() {
        return Err(Problem::NoVariables);
    }
    for name in names {
        let reserved = Function::named(name).is_some() || matches!(name.as_str(), "pi" | "e");
        if reserved || !is_name(name) {
            return Err(Problem::VariableName { name: shortened(name) });
        }
        if !seen.insert(name) {
            return Err(Problem::DuplicateVariable { name: shortened(name) });
        }
    }
    Ok(())
}

/// Distinct names in natural order: runs of digits compare as numbers.
fn naturally_sorted<'a>(names: impl Iterator<Item = &'a String>) -> Vec<String> {
    let distinct: std::collections::BTreeSet<&String> = names.collect();
    let mut sorted: Vec<String> = distinct.into_iter().cloned().collect();
    sorted.sort_by_cached_key(|name| (natural_key(name), name.clone()));
    sorted
}

/// Pieces of a name, a run of digits as (length without leading zeros, digits) so that the order is numeric at any
/// length.
fn natural_key(name: &str) -> Vec<(usize, String)> {
    let mut pieces: Vec<(bool, String)> = Vec::new();
    for c in name.chars() {
        match pieces.last_mut() {
            Some((digits, piece)) if *digits == c.is_ascii_digit() => piece.push(c),
            _ => pieces.push((c.is_ascii_digit(), c.into())),
        }
    }
    pieces
        .into_iter()
        .map(|(digits, piece)| {
            if !digits {
                return (usize::MAX, piece);
            }
            let trimmed = piece.trim_start_matches('0').to_owned();
            (trimmed.len(), trimmed)
        })
        .collect()
}

/// The candidate nearest to `name`, if it is near.
fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    if name.len() > 64 {
        return None;
    }
    candidates
        .take(1000)
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .min()
        .filter(|(distance, candidate)| {
            2 * distance <= candidate.chars().count().min(name.chars().count() + 1)
        })
        .map(|(_, candidate)| shortened(candidate))
}
