//! The registry: every named objective, one file each.

mod arguments;
mod beale;
mod cosines;
mod digits_logistic;
mod double_well;
mod hill;
mod himmelblau;
mod lasso;
mod logistic;
mod medians;
mod power;
mod quadratic;
mod relu_sum;
mod rosenbrock;
mod sconv;
mod spurious;
mod styblinski_tang;
mod valley;
mod well;
mod wells;

use std::sync::Arc;

use arguments::{bad_argument, listed, no_arguments, number_or, numbers, whole_or, DIMENSION_MAX};

use crate::{
    error::ObjectiveError,
    expression::TapeObjective,
    formula::Formula,
    oracle::{Native, Objective},
    scalar::selection::Selection,
};

/// How an objective is to be built.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    /// Selection at kinks.
    pub selection: Selection,
    /// Order of the variables of an `expr:` objective; natural sort order without it.
    pub variables: Option<Vec<String>>,
}

/// A shared objective.
pub type Shared = Arc<dyn Objective>;

/// One named objective.
pub struct Entry {
    /// Name as typed, without arguments.
    pub name: &'static str,
    /// What may follow the name, e.g. `[:n]`; empty for none.
    pub arguments: &'static str,
    /// One line for `dinlab list objectives`.
    pub summary: &'static str,
    /// Example specifications, the first of which is the default; the generic tests run over all of them.
    pub examples: &'static [&'static str],
    /// Builds it from the text after the colon (empty when there is none).
    pub build: fn(&str, &Options) -> Result<Shared, ObjectiveError>,
}

/// All named objectives in the order of `dinlab list objectives`.
pub const ALL: &[Entry] = &[
    quadratic::ENTRY,
    power::ENTRY,
    valley::ENTRY,
    rosenbrock::ENTRY,
    double_well::ENTRY,
    hill::ENTRY,
    well::ENTRY,
    sconv::ENTRY,
    cosines::ENTRY,
    himmelblau::ENTRY,
    beale::ENTRY,
    styblinski_tang::ENTRY,
    lasso::ENTRY,
    logistic::ENTRY,
    digits_logistic::ENTRY,
    relu_sum::ENTRY,
    medians::ENTRY,
    wells::ENTRY,
    spurious::ENTRY,
];

/// Builds the objective named by `specification`: `name`, `name:arguments`, `expr:` and a formula, or `sum:` and formulas
/// separated by `;`.
pub fn build(specification: &str, options: &Options) -> Result<Shared, ObjectiveError> {
    let specification = specification.trim();
    let variables = options.variables.as_deref();
    if let Some(text) = specification.strip_prefix("expr:") {
        return Ok(Arc::new(TapeObjective::parse(text, variables, options.selection)?));
    }
    if let Some(text) = specification.strip_prefix("sum:") {
        return Ok(Arc::new(TapeObjective::parse_sum(text, variables, options.selection)?));
    }
    let (name, arguments) = specification.split_once(':').unwrap_or((specification, ""));
    match ALL.iter().find(|entry| entry.name == name) {
        Some(entry) => (entry.build)(arguments, options),
        None if name.trim().is_empty() => Err(ObjectiveError::MissingName),
        None => Err(unknown(name)),
    }
}

/// What is done with a formula whose type the compiler knows.
pub trait Visit {
    /// What it hands back.
    type Output;
    /// Called with the formula and the selection at its kinks.
    fn visit<F: Formula>(self, formula: &F, selection: Selection) -> Self::Output;
}

/// Calls `visitor` with the formula of a registered objective; `None` for expressions, and for those objectives that are
/// large sums over data, for which nothing is gained.
pub fn visit<V: Visit>(objective: &dyn Objective, visitor: V) -> Option<V::Output> {
    let native = objective.native()?;
    macro_rules! try_each {
        ($($formula:ty),* $(,)?) => {$(
            if let Some(known) = native.downcast_ref::<Native<$formula>>() {
                return Some(visitor.visit(known.formula(), known.selection()));
            }
        )*};
    }
    try_each!(
        quadratic::Quadratic,
        power::Power,
        valley::Valley,
        rosenbrock::Rosenbrock,
        double_well::DoubleWell,
        hill::Hill,
        well::Well,
        sconv::StronglyConvex,
        cosines::Cosines,
        himmelblau::Himmelblau,
        beale::Beale,
        styblinski_tang::StyblinskiTang,
        wells::Wells,
    );
    None
}

fn unknown(name: &str) -> ObjectiveError {
    let name: String = name.chars().take(60).collect();
    let typed = name.to_lowercase();
    let nearest = ALL
        .iter()
        .map(|entry| (strsim::damerau_levenshtein(&typed, entry.name), entry.name))
        .min()
        .filter(|(distance, candidate)| 2 * distance <= candidate.len())
        .map(|(_, candidate)| candidate.to_owned());
    ObjectiveError::UnknownName { name, nearest }
}
