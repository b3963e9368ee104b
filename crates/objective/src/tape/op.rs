//! Operations of a tape.

use crate::scalar::Scalar;

/// Smooth functions of one argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // each is the method of [`Scalar`] of its name
pub enum Unary {
    Neg,
    Square,
    Sqrt,
    Exp,
    Ln,
    Sin,
    Cos,
    Tan,
    Sinh,
    Cosh,
    Tanh,
    Softplus,
    Logistic,
}

impl Unary {
    /// f(a).
    #[inline]
    pub fn value<S: Scalar>(self, a: S) -> S {
        match self {
            Self::Neg => -a,
            Self::Square => a.square(),
            Self::Sqrt => a.sqrt(),
            Self::Exp => a.exp(),
            Self::Ln => a.ln(),
            Self::Sin => a.sin(),
            Self::Cos => a.cos(),
            Self::Tan => a.tan(),
            Self::Sinh => a.sinh(),
            Self::Cosh => a.cosh(),
            Self::Tanh => a.tanh(),
            Self::Softplus => a.softplus(),
            Self::Logistic => a.logistic(),
        }
    }

    /// f′(a), where `v` = f(a).
    #[inline]
    pub fn slope<S: Scalar>(self, a: S, v: S) -> S {
        let c = S::constant;
        match self {
            Self::Neg => c(-1.0),
            Self::Square => a + a,
            Self::Sqrt => c(0.5) / v,
            Self::Exp => v,
            Self::Ln => c(1.0) / a,
            Self::Sin => a.cos(),
            Self::Cos => -a.sin(),
            Self::Tan => c(1.0) + v * v,
            Self::Sinh => a.cosh(),
            Self::Cosh => a.sinh(),
            Self::Tanh => c(1.0) - v * v,
            Self::Softplus => a.logistic(),
            Self::Logistic => v * (-a).logistic(),
        }
    }
}

/// Kinked functions of one argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kinked {
    Abs,
    Relu,
    Sign,
}

/// Piecewise constant functions of one argument: the slopes of the kinked ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slope {
    Abs,
    Relu,
}

/// Marks an operation whose kink is no surface (a constant argument).
pub(super) const NO_KINK: u32 = u32::MAX;

/// An operation. Operands are slots before its own; the last number of a kinked one is its kink.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Op {
    Input(u32),
    Constant(f64),
    Unary(Unary, u32),
    Add(u32, u32),
    Sub(u32, u32),
    Mul(u32, u32),
    Div(u32, u32),
    /// a + c.
    AddConstant(u32, f64),
    /// c − a.
    SubFrom(u32, f64),
    /// c·a.
    MulConstant(u32, f64),
    Powi(u32, i32),
    Powf(u32, f64),
    Pow(u32, u32),
    Kinked(Kinked, u32, u32),
    Max(u32, u32, u32),
    Min(u32, u32, u32),
    Slope(Slope, u32),
    /// Weight of the first argument of a maximum.
    Weight(u32, u32),
    Huber(u32, u32),
    /// Start and length of the operands in the list.
    Norm(u32, u32),
}

impl Op {
    /// Calls `visit` with each operand.
    pub(super) fn operands(&self, lists: &[u32], mut visit: impl FnMut(u32)) {
        match *self {
            Self::Input(_) | Self::Constant(_) => {}
            Self::Unary(_, a)
            | Self::AddConstant(a, _)
            | Self::SubFrom(a, _)
            | Self::MulConstant(a, _)
            | Self::Powi(a, _)
            | Self::Powf(a, _)
            | Self::Kinked(_, a, _)
            | Self::Slope(_, a) => visit(a),
            Self::Add(a, b)
            | Self::Sub(a, b)
            | Self::Mul(a, b)
            | Self::Div(a, b)
            | Self::Pow(a, b)
            | Self::Max(a, b, _)
            | Self::Min(a, b, _)
            | Self::Weight(a, b)
            | Self::Huber(a, b) => {
                visit(a);
                visit(b);
            }
            Self::Norm(start, length) => {
                lists[start as usize..(start + length) as usize].iter().copied().for_each(visit);
            }
        }
    }

    /// The same operation on renamed operands (norms keep theirs: their list is renamed as a whole).
    pub(super) fn renamed(self, new: impl Fn(u32) -> u32, kink: u32) -> Self {
        match self {
            Self::Input(_) | Self::Constant(_) | Self::Norm(..) => self,
            Self::Unary(f, a) => Self::Unary(f, new(a)),
            Self::AddConstant(a, c) => Self::AddConstant(new(a), c),
            Self::SubFrom(a, c) => Self::SubFrom(new(a), c),
            Self::MulConstant(a, c) => Self::MulConstant(new(a), c),
            Self::Powi(a, n) => Self::Powi(new(a), n),
            Self::Powf(a, p) => Self::Powf(new(a), p),
            Self::Kinked(f, a, _) => Self::Kinked(f, new(a), kink),
            Self::Slope(f, a) => Self::Slope(f, new(a)),
            Self::Add(a, b) => Self::Add(new(a), new(b)),
            Self::Sub(a, b) => Self::Sub(new(a), new(b)),
            Self::Mul(a, b) => Self::Mul(new(a), new(b)),
            Self::Div(a, b) => Self::Div(new(a), new(b)),
            Self::Pow(a, b) => Self::Pow(new(a), new(b)),
            Self::Max(a, b, _) => Self::Max(new(a), new(b), kink),
            Self::Min(a, b, _) => Self::Min(new(a), new(b), kink),
            Self::Weight(a, b) => Self::Weight(new(a), new(b)),
            Self::Huber(a, b) => Self::Huber(new(a), new(b)),
        }
    }
}
