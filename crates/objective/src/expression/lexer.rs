//! Text to tokens.

use super::problem::{shortened, ExpressionProblem};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum TokenKind<'a> {
    /// A finite number ≥ 0 and its text.
    Number(f64, &'a str),
    /// A name.
    Name(&'a str),
    /// One of `+ - * / ^ ( ) ,`.
    Symbol(char),
    /// After the last token.
    End,
}

/// A token and its column (in characters, from 1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: TokenKind<'a>,
    pub(crate) column: usize,
}

impl Token<'_> {
    /// The token as a message names it.
    pub(crate) fn described(&self) -> String {
        match self.kind {
            TokenKind::Number(_, text) | TokenKind::Name(text) => format!("`{}`", shortened(text)),
            TokenKind::Symbol(symbol) => format!("`{symbol}`"),
            TokenKind::End => "the end of the expression".into(),
        }
    }
}

/// Whether a name may begin with `c`.
fn begins_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

/// Whether a name may go on with `c`; superscript digits are refused, since they look like powers.
fn continues_name(c: char) -> bool {
    begins_name(c) || c.is_ascii_digit() || ('₀'..='₉').contains(&c)
}

/// Whether `text` has the form of a name.
pub(crate) fn is_name(text: &str) -> bool {
    text.chars().next().is_some_and(begins_name) && text.chars().all(continues_name)
}

/// The tokens of `text`, an `End` last; or what is wrong and in which column.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token<'_>>, (ExpressionProblem, usize)> {
    let mut found = Vec::new();
    let (mut rest, mut column) = (text, 1);
    while let Some(c) = rest.chars().next() {
        let (kind, bytes) = if c.is_whitespace() {
            (None, c.len_utf8())
        } else if c.is_ascii_digit() || c == '.' {
            let bytes = number_length(rest);
            (Some(number(&rest[..bytes], rest[bytes..].starts_with('.')).map_err(|p| (p, column))?), bytes)
        } else if begins_name(c) {
            let bytes = rest.find(|c| !continues_name(c)).unwrap_or(rest.len());
            (Some(TokenKind::Name(&rest[..bytes])), bytes)
        } else if "+-*/^(),".contains(c) {
            if rest.starts_with("**") {
                let hint = Some("a power is written with `^`");
                return Err((ExpressionProblem::Character { found: '*', hint }, column + 1));
            }
            (Some(TokenKind::Symbol(c)), 1)
        } else {
            return Err((ExpressionProblem::Character { found: c, hint: hint(c) }, column));
        };
        found.extend(kind.map(|kind| Token { kind, column }));
        column += rest[..bytes].chars().count();
        rest = &rest[bytes..];
    }
    found.push(Token { kind: TokenKind::End, column });
    Ok(found)
}

/// Bytes of the longest prefix `digits[.digits][e[±]digits]`.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut length = digits(0);
    if bytes.get(length) == Some(&b'.') {
        length += 1;
        length += digits(length);
    }
    if matches!(bytes.get(length), Some(b'e' | b'E')) {
        let signed = length + 1 + usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
        if signed < bytes.len() && digits(signed) > 0 {
            length = signed + digits(signed);
        }
    }
    length
}

fn number(text: &str, dot_follows: bool) -> Result<TokenKind<'_>, ExpressionProblem> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && !dot_follows => Ok(TokenKind::Number(value, text)),
        _ => Err(ExpressionProblem::Number { text: shortened(text) }),
    }
}

fn hint(c: char) -> Option<&'static str> {
    match c {
        '|' => Some("an absolute value is written `abs(x)`, a norm `norm(x, y)`"),
        '[' | ']' | '{' | '}' => Some("only round parentheses group"),
        '×' | '·' | '⋅' => Some("a product is written with `*`"),
        '÷' => Some("a quotient is written with `/`"),
        '−' | '–' | '—' => Some("the minus sign is the hyphen `-`"),
        '√' => Some("a root is written `sqrt(x)`"),
        '²' | '³' => Some("a power is written with `^`"),
        '=' | '<' | '>' | '!' | ';' | ':' => Some("expected one formula without relations or assignments"),
        _ => None,
    }
}
