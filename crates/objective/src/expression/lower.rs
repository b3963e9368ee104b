//! Syntax tree to tape.

use super::{
    constant,
    tree::{Binary, Function, Kind},
    Expression,
};
use crate::tape::{Builder, Tape, Unary};

/// The tape of an expression.
pub(super) fn lower(expression: &Expression) -> Tape {
    let tree = &expression.tree;
    let constants = constant::values(tree);
    let mut builder = Builder::new(expression.variables.len());
    let mut places: Vec<u32> = Vec::with_capacity(tree.nodes.len());
    for node in &tree.nodes {
        let at = |i: &u32| places[*i as usize];
        builder.mark_column(node.column);
        let place = match &node.kind {
            Kind::Number(value) => builder.constant(*value),
            Kind::Pi => builder.constant(std::f64::consts::PI),
            Kind::Euler => builder.constant(std::f64::consts::E),
            Kind::Variable(v) => builder.input(*v),
            Kind::Neg(a) => builder.unary(Unary::Neg, at(a)),
            Kind::Binary(operator, a, b) => {
                let (x, y) = (at(a), at(b));
                match operator {
                    Binary::Add => builder.add(x, y),
                    Binary::Sub => builder.sub(x, y),
                    Binary::Mul => builder.mul(x, y),
                    Binary::Div => builder.div(x, y),
                    Binary::Pow => power(&mut builder, x, y, constants[*b as usize]),
                }
            }
            Kind::Call(function, range) => {
                let arguments: Vec<u32> = tree.call(range).iter().map(at).collect();
                let last = tree.call(range).last().and_then(|&i| constants[i as usize]);
                call(&mut builder, *function, &arguments, last)
            }
        };
        places.push(place);
    }
    builder.finish(places[places.len() - 1])
}

/// base^exponent: whole constant exponents by repeated multiplication, other constants by `powf`, which is
/// defined for a negative base only where the exponent is whole.
fn power(builder: &mut Builder, base: u32, exponent: u32, constant: Option<f64>) -> u32 {
    match constant {
        Some(p) if p == p.trunc() && p.abs() <= f64::from(i32::MAX) => builder.powi(base, p as i32),
        Some(p) => builder.powf(base, p),
        None => builder.pow(base, exponent),
    }
}

fn call(builder: &mut Builder, function: Function, arguments: &[u32], last: Option<f64>) -> u32 {
    // The parser has counted the arguments.
    let (first, second) = (arguments[0], arguments[arguments.len() - 1]);
    let unary = match function {
        Function::Sqrt => Unary::Sqrt,
        Function::Exp => Unary::Exp,
        Function::Log => Unary::Ln,
        Function::Sin => Unary::Sin,
        Function::Cos => Unary::Cos,
        Function::Tan => Unary::Tan,
        Function::Tanh => Unary::Tanh,
        Function::Sinh => Unary::Sinh,
        Function::Cosh => Unary::Cosh,
        Function::Softplus => Unary::Softplus,
        Function::Abs => return builder.abs(first),
        Function::Relu => return builder.relu(first),
        Function::Sign => return builder.sign(first),
        Function::Max => return arguments[1..].iter().fold(first, |m, &a| builder.max(m, a)),
        Function::Min => return arguments[1..].iter().fold(first, |m, &a| builder.min(m, a)),
        Function::Huber => return builder.huber(first, second),
        Function::Pow => return power(builder, first, second, last),
        Function::Norm => return builder.norm(arguments),
    };
    builder.unary(unary, first)
}
