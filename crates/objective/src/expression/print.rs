//! Syntax tree to text and to LaTeX.
//!
//! Every node is used once, so its text is moved into that of the node above; a chain of a hundred thousand sums
//! costs one pass.

use super::tree::{Binary, Function, Kind, Tree};

/// Most nodes that are written out in LaTeX.
const LATEX_LIMIT: usize = 400;

/// Binding strength of what a piece of text ends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Sum,
    Product,
    Sign,
    Power,
    Atom,
}

type Piece = (String, Level);

/// The part below `root` as text that parses to the same tree.
pub(super) fn text(tree: &Tree, names: &[String], root: u32) -> String {
    render(tree, root, |kind, operands| match kind {
        Kind::Number(value) => (number(*value), Level::Atom),
        Kind::Pi => ("pi".into(), Level::Atom),
        Kind::Euler => ("e".into(), Level::Atom),
        Kind::Variable(v) => (names[*v as usize].clone(), Level::Atom),
        Kind::Neg(_) => (format!("-{}", wrapped(take(operands, 0), Level::Sign)), Level::Sign),
        Kind::Binary(operator, _, _) => {
            let (symbol, level, left, right) = match operator {
                Binary::Add => (" + ", Level::Sum, Level::Sum, Level::Product),
                Binary::Sub => (" - ", Level::Sum, Level::Sum, Level::Product),
                Binary::Mul => ("*", Level::Product, Level::Product, Level::Sign),
                Binary::Div => ("/", Level::Product, Level::Product, Level::Sign),
                Binary::Pow => ("^", Level::Power, Level::Atom, Level::Sign),
            };
            let mut joined = wrapped(take(operands, 0), left);
            joined.push_str(symbol);
            joined.push_str(&wrapped(take(operands, 1), right));
            (joined, level)
        }
        Kind::Call(function, _) => (format!("{}({})", function.name(), list(operands)), Level::Atom),
    })
}

/// The whole tree in LaTeX.
pub(super) fn latex(tree: &Tree, names: &[String]) -> String {
    if tree.nodes.len() > LATEX_LIMIT {
        return format!(r"\text{{an expression of {} operations}}", tree.nodes.len());
    }
    render(tree, tree.root(), |kind, operands| match kind {
        Kind::Number(value) => latex_number(*value),
        Kind::Pi => (r"\pi ".into(), Level::Atom),
        Kind::Euler => (r"\mathrm{e}".into(), Level::Atom),
        Kind::Variable(v) => (latex_name(&names[*v as usize]), Level::Atom),
        Kind::Neg(_) => (format!("-{}", latex_wrapped(take(operands, 0), Level::Power)), Level::Sign),
        Kind::Binary(operator, _, _) => latex_binary(*operator, take(operands, 0), take(operands, 1)),
        Kind::Call(function, _) => latex_call(*function, operands),
    })
}

fn render(tree: &Tree, root: u32, mut piece: impl FnMut(&Kind, &mut [Piece]) -> Piece) -> String {
    let end = root as usize + 1;
    let mut pieces: Vec<Option<Piece>> = Vec::with_capacity(end);
    for node in &tree.nodes[..end] {
        let mut operands: Vec<Piece> = match &node.kind {
            Kind::Neg(a) => vec![*a],
            Kind::Binary(_, a, b) => vec![*a, *b],
            Kind::Call(_, range) => tree.call(range).to_vec(),
            _ => Vec::new(),
        }
        .into_iter()
        .filter_map(|i| pieces[i as usize].take())
        .collect();
        pieces.push(Some(piece(&node.kind, &mut operands)));
    }
    pieces.pop().flatten().map(|(text, _)| text).unwrap_or_default()
}

fn take(operands: &mut [Piece], i: usize) -> Piece {
    operands.get_mut(i).map_or((String::new(), Level::Atom), |piece| (std::mem::take(&mut piece.0), piece.1))
}

fn list(operands: &[Piece]) -> String {
    operands.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join(", ")
}

fn wrapped((text, level): Piece, least: Level) -> String {
    if level < least {
        format!("({text})")
    } else {
        text
    }
}

fn latex_wrapped((text, level): Piece, least: Level) -> String {
    if level < least {
        format!(r"\left({text}\right)")
    } else {
        text
    }
}

/// The shortest decimal that reads back as `value` (finite, ≥ 0).
fn number(value: f64) -> String {
    if value != 0.0 && !(1e-5..1e16).contains(&value) {
        format!("{value:e}")
    } else {
        value.to_string()
    }
}

fn latex_number(value: f64) -> Piece {
    let text = number(value);
    match text.split_once('e') {
        Some(("1", exponent)) => (format!("10^{{{exponent}}}"), Level::Power),
        Some((mantissa, exponent)) => (format!(r"{mantissa}\cdot 10^{{{exponent}}}"), Level::Product),
        None => (text, Level::Atom),
    }
}

fn latex_binary(operator: Binary, a: Piece, b: Piece) -> Piece {
    match operator {
        Binary::Add => (a.0 + "+" + &latex_wrapped(b, Level::Product), Level::Sum),
        Binary::Sub => (a.0 + "-" + &latex_wrapped(b, Level::Product), Level::Sum),
        Binary::Mul => {
            let (left, right) = (latex_wrapped(a, Level::Product), latex_wrapped(b, Level::Power));
            let dot = if right.starts_with(|c: char| c.is_ascii_digit()) { r"\cdot " } else { r"\," };
            (left + dot + &right, Level::Product)
        }
        Binary::Div => (format!(r"\frac{{{}}}{{{}}}", a.0, b.0), Level::Atom),
        Binary::Pow => {
            let fraction = a.0.starts_with(r"\frac");
            let base =
                if fraction { format!(r"\left({}\right)", a.0) } else { latex_wrapped(a, Level::Atom) };
            (format!("{base}^{{{}}}", b.0), Level::Power)
        }
    }
}

fn latex_call(function: Function, operands: &mut [Piece]) -> Piece {
    let arguments = list(operands);
    let text = match function {
        Function::Abs => format!(r"\left|{arguments}\right|"),
        Function::Sqrt => format!(r"\sqrt{{{arguments}}}"),
        Function::Norm => format!(r"\left\|\left({arguments}\right)\right\|"),
        Function::Pow => return latex_binary(Binary::Pow, take(operands, 0), take(operands, 1)),
        Function::Relu | Function::Sign | Function::Huber | Function::Softplus => {
            format!(r"\operatorname{{{}}}\left({arguments}\right)", function.name())
        }
        _ => format!(r"\{}\left({arguments}\right)", function.name()),
    };
    (text, Level::Atom)
}

const GREEK: &[&str] = &[
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu",
    "nu", "xi", "rho", "sigma", "tau", "phi", "chi", "psi", "omega",
];
const GREEK_LETTERS: &str = "αβγδεζηθικλμνξρστφχψω";

/// `x12` and `x_12` as x₁₂, `theta` as θ, other long names upright.
fn latex_name(name: &str) -> String {
    let base = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let index = &name[base.len()..];
    let stem = if index.is_empty() { base } else { base.strip_suffix('_').unwrap_or(base) };
    let letter = GREEK_LETTERS.chars().position(|c| stem == c.to_string()).map(|i| GREEK[i]);
    let head = match letter.or_else(|| GREEK.iter().find(|g| **g == stem).copied()) {
        Some(greek) => format!(r"\{greek} "),
        None if stem.chars().count() == 1 && stem != "_" => stem.into(),
        None => format!(r"\mathrm{{{}}}", stem.replace('_', r"\_")),
    };
    if index.is_empty() {
        return head;
    }
    format!("{}_{{{index}}}", head.trim_end())
}
