//! The recording scalar: running a formula on it writes the formula's tape.

use std::{
    cell::RefCell,
    ops::{Add, Div, Mul, Neg, Sub},
};

use super::{Builder, Tape, Unary};
use crate::{formula::Formula, scalar::Scalar};

thread_local! {
    static BUILDER: RefCell<Builder> = RefCell::new(Builder::default());
}

/// A slot of the tape that this thread is recording. Numbers made in one recording mean nothing in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorder(u32);

/// Records the value of a formula; derivatives come from the tape.
pub(super) fn record<F: Formula + ?Sized>(formula: &F) -> Tape {
    let (builder, outputs) = record_all(formula.dimension(), |x| vec![formula.value(x)]);
    builder.finish(outputs[0])
}

/// Records any computation on `dimension` variables; the slots of its results come with the builder.
pub(super) fn record_all(
    dimension: usize,
    compute: impl FnOnce(&[Recorder]) -> Vec<Recorder>,
) -> (Builder, Vec<u32>) {
    /// Gives back what was being recorded, also when the formula unwinds.
    struct Restore(Option<Builder>);
    impl Drop for Restore {
        fn drop(&mut self) {
            if let Some(outer) = self.0.take() {
                BUILDER.replace(outer);
            }
        }
    }
    let restore = Restore(Some(BUILDER.replace(Builder::new(dimension))));
    let inputs: Vec<Recorder> = (0..dimension as u32).map(|v| with(|b| b.input(v))).collect();
    let outputs = compute(&inputs).into_iter().map(|slot| slot.0).collect();
    let builder = BUILDER.take();
    drop(restore);
    (builder, outputs)
}

fn with(write: impl FnOnce(&mut Builder) -> u32) -> Recorder {
    Recorder(BUILDER.with_borrow_mut(write))
}

fn unary(function: Unary, a: Recorder) -> Recorder {
    with(|b| b.unary(function, a.0))
}

impl Add for Recorder {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        with(|b| b.add(self.0, other.0))
    }
}

impl Sub for Recorder {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        with(|b| b.sub(self.0, other.0))
    }
}

impl Mul for Recorder {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        with(|b| b.mul(self.0, other.0))
    }
}

impl Div for Recorder {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        with(|b| b.div(self.0, other.0))
    }
}

impl Neg for Recorder {
    type Output = Self;
    fn neg(self) -> Self {
        unary(Unary::Neg, self)
    }
}

impl Scalar for Recorder {
    fn constant(value: f64) -> Self {
        with(|b| b.constant(value))
    }
    fn sqrt(self) -> Self {
        unary(Unary::Sqrt, self)
    }
    fn exp(self) -> Self {
        unary(Unary::Exp, self)
    }
    fn ln(self) -> Self {
        unary(Unary::Ln, self)
    }
    fn sin(self) -> Self {
        unary(Unary::Sin, self)
    }
    fn cos(self) -> Self {
        unary(Unary::Cos, self)
    }
    fn tan(self) -> Self {
        unary(Unary::Tan, self)
    }
    fn sinh(self) -> Self {
        unary(Unary::Sinh, self)
    }
    fn cosh(self) -> Self {
        unary(Unary::Cosh, self)
    }
    fn tanh(self) -> Self {
        unary(Unary::Tanh, self)
    }
    fn softplus(self) -> Self {
        unary(Unary::Softplus, self)
    }
    fn logistic(self) -> Self {
        unary(Unary::Logistic, self)
    }
    fn powi(self, n: i32) -> Self {
        with(|b| b.powi(self.0, n))
    }
    fn powf(self, p: f64) -> Self {
        with(|b| b.powf(self.0, p))
    }
    fn pow(self, y: Self) -> Self {
        with(|b| b.pow(self.0, y.0))
    }
    fn abs(self) -> Self {
        with(|b| b.abs(self.0))
    }
    fn abs_slope(self) -> Self {
        with(|b| b.abs_slope(self.0))
    }
    fn relu(self) -> Self {
        with(|b| b.relu(self.0))
    }
    fn relu_slope(self) -> Self {
        with(|b| b.relu_slope(self.0))
    }
    fn max(self, other: Self) -> Self {
        with(|b| b.max(self.0, other.0))
    }
    fn max_weight(self, other: Self) -> Self {
        with(|b| b.max_weight(self.0, other.0))
    }
    fn min(self, other: Self) -> Self {
        with(|b| b.min(self.0, other.0))
    }
    fn sign(self) -> Self {
        with(|b| b.sign(self.0))
    }
    fn huber(self, d: Self) -> Self {
        with(|b| b.huber(self.0, d.0))
    }
    fn norm(values: &[Self]) -> Self {
        let slots: Vec<u32> = values.iter().map(|v| v.0).collect();
        with(|b| b.norm(&slots))
    }
    fn square(self) -> Self {
        unary(Unary::Square, self)
    }
}
