//! Tokens to syntax tree: precedence climbing. From loose to tight: `+ -`, `* /`, sign, `^` (to the right).

use super::{
    lexer::{tokens, Token, TokenKind},
    nearest,
    problem::{shortened, ExpressionProblem as Problem},
    tree::{Binary, Function, Kind, Tree},
    DEPTH_LIMIT,
};

/// Binding strength of a sign: tighter than a product, looser than a power.
const SIGN: u8 = 5;

type Located<T> = Result<T, (Problem, usize)>;

/// The tree of `text` and the names of its variables in order of appearance, which are the positions that the
/// tree's variables carry. With `listed`, other names than these are refused.
pub(crate) fn parse(text: &str, listed: Option<&[String]>) -> Located<(Tree, Vec<String>)> {
    let tokens = tokens(text)?;
    if tokens.len() == 1 {
        return Err((Problem::Empty, 1));
    }
    let mut parser =
        Parser { tokens, next: 0, depth: 0, tree: Tree::default(), names: Names::default(), listed };
    parser.expression(0)?;
    let token = parser.peek();
    match token.kind {
        TokenKind::End => Ok((parser.tree, parser.names.order)),
        _ => Err((unexpected(token, "an operator or the end of the expression"), token.column)),
    }
}

#[derive(Default)]
struct Names {
    order: Vec<String>,
    positions: std::collections::HashMap<String, u32>,
}

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    next: usize,
    depth: usize,
    tree: Tree,
    names: Names,
    listed: Option<&'a [String]>,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Token<'a> {
        // The last token is `End` and is never passed.
        self.tokens[self.next]
    }

    fn advance(&mut self) -> Token<'a> {
        let token = self.peek();
        if token.kind != TokenKind::End {
            self.next += 1;
        }
        token
    }

    /// An expression of operators that bind at least as tightly as `least`.
    fn expression(&mut self, least: u8) -> Located<u32> {
        if self.depth == DEPTH_LIMIT {
            return Err((Problem::TooDeep { limit: DEPTH_LIMIT }, self.peek().column));
        }
        self.depth += 1;
        let mut left = self.operand()?;
        while let TokenKind::Symbol(symbol) = self.peek().kind {
            let Some((operator, strength, right_strength)) = binary(symbol) else { break };
            if strength < least {
                break;
            }
            let column = self.advance().column;
            let right = self.expression(right_strength)?;
            left = self.tree.push(Kind::Binary(operator, left, right), column);
        }
        self.depth -= 1;
        Ok(left)
    }

    /// Signs and what they apply to.
    fn operand(&mut self) -> Located<u32> {
        let first = self.next;
        while matches!(self.peek().kind, TokenKind::Symbol('+' | '-')) {
            self.next += 1;
        }
        let signs = first..self.next;
        if signs.is_empty() {
            return self.atom();
        }
        let mut operand = self.expression(SIGN)?;
        for position in signs.rev() {
            let token = self.tokens[position];
            if token.kind == TokenKind::Symbol('-') {
                operand = self.tree.push(Kind::Neg(operand), token.column);
            }
        }
        Ok(operand)
    }

    fn atom(&mut self) -> Located<u32> {
        let token = self.advance();
        let column = token.column;
        match token.kind {
            TokenKind::Number(value, _) => Ok(self.tree.push(Kind::Number(value), column)),
            TokenKind::Name(name) => self.name(name, column),
            TokenKind::Symbol('(') => {
                let inside = self.expression(0)?;
                self.close(column)?;
                Ok(inside)
            }
            _ => Err((expected("a number, a variable, a function or `(`", token), column)),
        }
    }

    fn close(&mut self, opened: usize) -> Located<()> {
        let token = self.advance();
        match token.kind {
            TokenKind::Symbol(')') => Ok(()),
            TokenKind::Number(..) | TokenKind::Name(_) | TokenKind::Symbol('(') => {
                Err((unexpected(token, "`)`"), token.column))
            }
            _ => Err((Problem::Unclosed { opened, found: token.described() }, token.column)),
        }
    }

    fn name(&mut self, name: &'a str, column: usize) -> Located<u32> {
        let called = self.peek().kind == TokenKind::Symbol('(');
        let is_variable = || match self.listed {
            Some(listed) => listed.iter().any(|l| l == name),
            None => self.names.positions.contains_key(name),
        };
        match (Function::named(name), called) {
            (Some(function), true) => return self.call(function, column),
            (Some(_), false) => return Err((Problem::FunctionAsVariable { name: name.into() }, column)),
            (None, true) if matches!(name, "pi" | "e") => {
                return Err((Problem::NotAFunction { name: name.into(), kind: "constant" }, column))
            }
            (None, true) if is_variable() => {
                return Err((Problem::NotAFunction { name: shortened(name), kind: "variable" }, column))
            }
            (None, true) => return Err((unknown_function(name), column)),
            (None, false) => {}
        }
        let kind = match name {
            "pi" => Kind::Pi,
            "e" => Kind::Euler,
            _ => Kind::Variable(self.variable(name, column)?),
        };
        Ok(self.tree.push(kind, column))
    }

    fn variable(&mut self, name: &str, column: usize) -> Located<u32> {
        if let Some(&position) = self.names.positions.get(name) {
            return Ok(position);
        }
        if let Some(listed) = self.listed.filter(|listed| !listed.iter().any(|l| l == name)) {
            let nearest = nearest(name, listed.iter().map(String::as_str));
            return Err((Problem::UnknownVariable { name: shortened(name), nearest }, column));
        }
        let position = self.names.order.len() as u32;
        self.names.order.push(name.into());
        self.names.positions.insert(name.into(), position);
        Ok(position)
    }

    fn call(&mut self, function: Function, column: usize) -> Located<u32> {
        let opened = self.advance().column;
        let mut arguments = Vec::new();
        if self.peek().kind == TokenKind::Symbol(')') {
            self.next += 1;
        } else {
            arguments.push(self.expression(0)?);
            while self.peek().kind == TokenKind::Symbol(',') {
                self.next += 1;
                arguments.push(self.expression(0)?);
            }
            self.close(opened)?;
        }
        let (count, expected) = function.arguments();
        if !count.contains(&arguments.len()) {
            let found = arguments.len();
            return Err((Problem::Arguments { function: function.name(), expected, found }, column));
        }
        let start = self.tree.arguments.len() as u32;
        self.tree.arguments.extend(arguments);
        let end = self.tree.arguments.len() as u32;
        Ok(self.tree.push(Kind::Call(function, start..end), column))
    }
}

/// Operator, its strength, and the least strength of its right operand.
fn binary(symbol: char) -> Option<(Binary, u8, u8)> {
    Some(match symbol {
        '+' => (Binary::Add, 1, 2),
        '-' => (Binary::Sub, 1, 2),
        '*' => (Binary::Mul, 3, 4),
        '/' => (Binary::Div, 3, 4),
        '^' => (Binary::Pow, 8, 7),
        _ => return None,
    })
}

fn expected(expected: &'static str, token: Token<'_>) -> Problem {
    Problem::Expected { expected, found: token.described() }
}

/// An operand after an operand is a missing operator; anything else is what it is.
fn unexpected(token: Token<'_>, wanted: &'static str) -> Problem {
    match token.kind {
        TokenKind::Number(..) | TokenKind::Name(_) | TokenKind::Symbol('(') => {
            Problem::MissingOperator { found: token.described() }
        }
        _ => expected(wanted, token),
    }
}

fn unknown_function(name: &str) -> Problem {
    let lower = name.chars().take(64).collect::<String>().to_lowercase();
    let nearest = match lower.as_str() {
        "ln" => Some("log".into()),
        "sgn" | "signum" => Some("sign".into()),
        "fabs" => Some("abs".into()),
        _ => nearest(&lower, Function::ALL.iter().map(|(n, _)| *n)),
    };
    Problem::UnknownFunction { name: shortened(name), nearest }
}
