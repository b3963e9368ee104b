//! What can be wrong with an expression, and where.

/// Longest excerpt of the text shown with an error, in characters.
const EXCERPT: usize = 60;
/// Longest name repeated in a message, in characters.
const NAME: usize = 40;

/// What is wrong with an expression or with the list of its variables.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ExpressionProblem {
    /// Nothing but white space.
    #[error("the expression is empty: expected a formula such as `x^2 + abs(y)`")]
    Empty,
    /// Longer than the limit.
    #[error("the expression has {bytes} bytes: at most {limit} are accepted")]
    TooLong {
        /// Length found.
        bytes: usize,
        /// Longest accepted length.
        limit: usize,
    },
    /// Too many levels of parentheses, calls or powers inside one another.
    #[error("the expression is nested deeper than {limit} levels of parentheses, calls, signs and powers")]
    TooDeep {
        /// Deepest accepted nesting.
        limit: usize,
    },
    /// A character that begins no token.
    #[error("unexpected character {found:?}{}", hint.map(|h| format!(": {h}")).unwrap_or_default())]
    Character {
        /// The character.
        found: char,
        /// How to write what was probably meant.
        hint: Option<&'static str>,
    },
    /// Something else should stand here.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// What was expected.
        expected: &'static str,
        /// What was found.
        found: String,
    },
    /// A parenthesis without its partner.
    #[error("expected `)` or an operator, found {found}: the `(` of column {opened} is not closed")]
    Unclosed {
        /// Column of the opening parenthesis.
        opened: usize,
        /// What was found.
        found: String,
    },
    /// Two operands side by side.
    #[error("expected an operator, found {found}: a product is written with `*`")]
    MissingOperator {
        /// The second operand.
        found: String,
    },
    /// Digits that are not a number of finite size.
    #[error("`{text}` is not a finite number: expected digits such as 1, .5 or 2e-3")]
    Number {
        /// What was given.
        text: String,
    },
    /// A call of something that is not a function.
    #[error(
        "unknown function `{name}`{}; a product is written with `*`; functions are {}",
        suggest(nearest),
        super::tree::Function::names()
    )]
    UnknownFunction {
        /// What was called.
        name: String,
        /// The function nearest to it.
        nearest: Option<String>,
    },
    /// A variable or constant followed by an opening parenthesis.
    #[error("`{name}` is a {kind}, not a function: a product is written `{name}*(...)`")]
    NotAFunction {
        /// The name.
        name: String,
        /// What it is.
        kind: &'static str,
    },
    /// A function without arguments.
    #[error("`{name}` is a function: expected `(` and its arguments after it")]
    FunctionAsVariable {
        /// The function.
        name: String,
    },
    /// A name that is not in the given list of variables.
    #[error("`{name}` is not among the variables given{}", suggest(nearest))]
    UnknownVariable {
        /// The name.
        name: String,
        /// The variable nearest to it.
        nearest: Option<String>,
    },
    /// The list of variables contains a name twice.
    #[error("the variable `{name}` is listed twice")]
    DuplicateVariable {
        /// The name.
        name: String,
    },
    /// The list of variables contains something that cannot name a variable.
    #[error(
        "`{name}` cannot name a variable: expected letters, digits and `_`, not beginning with a digit, \
        and not the name of a function or constant"
    )]
    VariableName {
        /// What was given.
        name: String,
    },
    /// A function called with another number of arguments than it takes.
    #[error("`{function}` takes {expected}, found {found}")]
    Arguments {
        /// The function.
        function: &'static str,
        /// How many it takes.
        expected: &'static str,
        /// How many were given.
        found: usize,
    },
    /// A constant part of the expression that is undefined or infinite.
    #[error("`{text}` is not a finite number")]
    NotFinite {
        /// That part.
        text: String,
    },
    /// A division by a constant that is zero.
    #[error("`{text}` divides by zero")]
    DivisionByZero {
        /// The quotient.
        text: String,
    },
    /// A constant where a function of some variables is needed.
    #[error("the expression has no variable: expected one such as `x`, or a list of variables (`--variables x,y`)")]
    NoVariables,
}

fn suggest(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|n| format!(" (did you mean `{n}`?)")).unwrap_or_default()
}

/// A place in an expression, with the text around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Column in characters, counted from 1.
    pub column: usize,
    /// The text around it, shortened, control characters replaced.
    pub excerpt: String,
    /// Characters of the excerpt before the place.
    pub caret: usize,
}

impl Place {
    /// The place at `column` (from 1; one past the end is allowed) of `text`.
    pub(crate) fn new(text: &str, column: usize) -> Self {
        let skipped = (column - 1).saturating_sub(EXCERPT / 2);
        let mut rest = text.chars().skip(skipped).map(printable);
        let mut excerpt: String = if skipped > 0 { "…".into() } else { String::new() };
        let caret = column - 1 - skipped + usize::from(skipped > 0);
        excerpt.extend(rest.by_ref().take(EXCERPT));
        if rest.next().is_some() {
            excerpt.push('…');
        }
        Self { column, excerpt, caret }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "column {}\n  {}\n  {:>width$}", self.column, self.excerpt, '^', width = self.caret + 1)
    }
}

fn printable(c: char) -> char {
    if c.is_whitespace() {
        ' '
    } else if c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    {
        char::REPLACEMENT_CHARACTER
    } else {
        c
    }
}

/// `text` made printable and not longer than a message can bear.
pub(crate) fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(NAME).map(printable).collect();
    if text.chars().nth(NAME).is_some() {
        short.push('…');
    }
    short
}
