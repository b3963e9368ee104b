//! Scalar functions and their derivatives.

use dinlab_objective::Selection;

use crate::{
    layer::{Activation, LEAK},
    number::Number,
};

/// max(x, 0); with a tangent its derivative at 0 is `at_zero`.
#[inline]
pub fn relu<T: Number>(x: T, at_zero: T) -> T {
    if x.is_negative() {
        T::ZERO
    } else if x.is_zero() {
        at_zero * x
    } else {
        x
    }
}

/// The factor with which relu multiplies: 0, 1, or `at_zero` at 0.
#[inline]
pub fn relu_slope<T: Number>(x: T, at_zero: T) -> T {
    if x.is_negative() {
        T::ZERO
    } else if x.is_zero() {
        at_zero
    } else {
        T::ONE
    }
}

fn value<T: Number>(activation: Activation, x: T, at_zero: T) -> T {
    let half = T::constant(0.5);
    match activation {
        Activation::Relu => relu(x, at_zero),
        Activation::LeakyRelu => T::constant(LEAK) * x + T::constant(1.0 - LEAK) * relu(x, at_zero),
        Activation::Tanh => x.tanh(),
        Activation::Sigmoid => x.logistic(),
        Activation::Softplus => x.softplus(),
        Activation::Gelu => x * normal_distribution(x),
        Activation::Sqnl => {
            let size = if x.is_negative() { -x } else { x };
            let signed = if size.exceeds(T::constant(2.0)) {
                saturated(size)
            } else {
                size - half * half * size * size
            };
            if x.is_negative() {
                -signed
            } else {
                signed
            }
        }
    }
}

/// 1, but NaN for NaN.
fn saturated<T: Number>(size: T) -> T {
    if size.ties(size) {
        T::ONE
    } else {
        size
    }
}

fn normal_distribution<T: Number>(x: T) -> T {
    let half = T::constant(0.5);
    half * (T::ONE + (T::constant(std::f64::consts::FRAC_1_SQRT_2) * x).erf())
}

fn slope<T: Number>(activation: Activation, x: T, y: T, at_zero: T) -> T {
    let half = T::constant(0.5);
    match activation {
        Activation::Relu => relu_slope(x, at_zero),
        Activation::LeakyRelu => T::constant(LEAK) + T::constant(1.0 - LEAK) * relu_slope(x, at_zero),
        Activation::Tanh => T::ONE - y * y,
        Activation::Sigmoid => y * (T::ONE - y),
        Activation::Softplus => x.logistic(),
        Activation::Gelu => {
            // Φ(x) + xφ(x), φ(x) = e^(−x²/2)/√(2π).
            let density =
                T::constant(0.5 * std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2)
                    * (-(half * x * x)).exp();
            normal_distribution(x) + x * density
        }
        Activation::Sqnl => {
            let size = if x.is_negative() { -x } else { x };
            if size.exceeds(T::constant(2.0)) {
                saturated(size) - T::ONE
            } else {
                T::ONE - half * size
            }
        }
    }
}

/// y = φ(x), number by number.
pub fn forward<T: Number>(activation: Activation, selection: Selection, x: &[T], y: &mut [T]) {
    let at_zero = T::constant(selection.relu);
    // The frequent one apart, so that the compiler sees a loop without branches.
    if activation == Activation::Relu {
        for (y, &x) in y.iter_mut().zip(x) {
            *y = relu(x, at_zero);
        }
    } else {
        for (y, &x) in y.iter_mut().zip(x) {
            *y = value(activation, x, at_zero);
        }
    }
}

/// dx = φ′(x) dy.
pub fn backward<T: Number>(
    activation: Activation,
    selection: Selection,
    x: &[T],
    y: &[T],
    dy: &[T],
    dx: &mut [T],
) {
    let at_zero = T::constant(selection.relu);
    if activation == Activation::Relu {
        for ((dx, &dy), &x) in dx.iter_mut().zip(dy).zip(x) {
            *dx = relu_slope(x, at_zero) * dy;
        }
    } else {
        for (((dx, &dy), &x), &y) in dx.iter_mut().zip(dy).zip(x).zip(y) {
            *dx = slope(activation, x, y, at_zero) * dy;
        }
    }
}
