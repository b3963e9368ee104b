//! Values of the constant parts of an expression; those that are not finite numbers are refused.

use super::{
    print,
    problem::{shortened, ExpressionProblem as Problem},
    tree::{Binary, Function, Kind, Tree},
};
use crate::scalar::Scalar;

/// For each node its value if it depends on no variable.
pub(super) fn values(tree: &Tree) -> Vec<Option<f64>> {
    let mut values: Vec<Option<f64>> = Vec::with_capacity(tree.nodes.len());
    for node in &tree.nodes {
        let at = |i: &u32| values[*i as usize];
        let value = match &node.kind {
            Kind::Number(value) => Some(*value),
            Kind::Pi => Some(std::f64::consts::PI),
            Kind::Euler => Some(std::f64::consts::E),
            Kind::Variable(_) => None,
            Kind::Neg(a) => at(a).map(|a| -a),
            Kind::Binary(operator, a, b) => at(a).zip(at(b)).map(|(a, b)| binary(*operator, a, b)),
            Kind::Call(function, range) => tree
                .call(range)
                .iter()
                .map(at)
                .collect::<Option<Vec<f64>>>()
                .map(|arguments| call(*function, &arguments)),
        };
        values.push(value);
    }
    values
}

fn binary(operator: Binary, a: f64, b: f64) -> f64 {
    match operator {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Pow => a.powf(b),
    }
}

fn call(function: Function, arguments: &[f64]) -> f64 {
    // The parser has counted the arguments: there is at least one, and two where two are taken.
    let (x, y) = (arguments[0], arguments[arguments.len() - 1]);
    match function {
        Function::Abs => x.abs(),
        Function::Sqrt => x.sqrt(),
        Function::Exp => x.exp(),
        Function::Log => x.ln(),
        Function::Sin => x.sin(),
        Function::Cos => x.cos(),
        Function::Tan => x.tan(),
        Function::Tanh => x.tanh(),
        Function::Sinh => x.sinh(),
        Function::Cosh => x.cosh(),
        Function::Relu => x.relu(),
        Function::Max => dinlab_numeric::maximum(arguments),
        Function::Min => dinlab_numeric::minimum(arguments),
        Function::Sign => x.sign(),
        Function::Huber => x.huber(y),
        Function::Softplus => x.softplus(),
        Function::Pow => x.powf(y),
        Function::Norm => dinlab_numeric::norm(arguments),
    }
}

/// Refuses constant parts that are undefined or infinite, and divisions by a constant zero.
pub(super) fn check(tree: &Tree, names: &[String]) -> Result<(), (Problem, usize)> {
    let values = values(tree);
    for (i, (node, value)) in tree.nodes.iter().zip(&values).enumerate() {
        let text = || shortened(&print::text(tree, names, i as u32));
        if value.is_some_and(|v| !v.is_finite()) {
            return Err((Problem::NotFinite { text: text() }, node.column as usize));
        }
        if let Kind::Binary(Binary::Div, _, divisor) = node.kind {
            if values[divisor as usize] == Some(0.0) {
                return Err((Problem::DivisionByZero { text: text() }, node.column as usize));
            }
        }
    }
    Ok(())
}
