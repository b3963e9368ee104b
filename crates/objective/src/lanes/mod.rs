//! SIMD lanes: several points at once in the arithmetic of a [`Scalar`], with the vector units that the processor has.
//!
//! [`widest`] looks at the processor once and runs a [`Kernel`] with the widest vectors there are (AVX-512, AVX2, SSE2 on
//! x86-64, one number at a time elsewhere). Every lane takes the same operations in the same order as `f64` does, and none
//! is fused, so results are equal to those of `f64` bit by bit on every processor (payloads of NaN excepted).

mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::scalar::{selection::Selection, Scalar};

/// A register of a vector unit.
pub(crate) trait Register: Copy {
    /// Numbers in it.
    const WIDTH: usize;
    /// One truth value per number.
    type Mask: Copy;
    fn splat(value: f64) -> Self;
    fn load(from: &[f64]) -> Self;
    fn store(self, to: &mut [f64]);
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    fn div(self, other: Self) -> Self;
    fn sqrt(self) -> Self;
    fn neg(self) -> Self;
    fn abs(self) -> Self;
    /// 1 with the sign bit of `self`.
    fn unit(self) -> Self;
    fn greater(self, other: Self) -> Self::Mask;
    fn equal(self, other: Self) -> Self::Mask;
    /// Neither 0 nor NaN.
    fn signed(self) -> Self::Mask;
    fn nan(self) -> Self::Mask;
    /// `a` where the mask is set, `b` elsewhere.
    fn select(mask: Self::Mask, a: Self, b: Self) -> Self;
    /// The sign of `self`, `tie` at 0, NaN for NaN.
    #[inline(always)]
    fn sign_or(self, tie: Self) -> Self {
        // At 0 the sum is the tie, and NaN passes through it.
        Self::select(self.signed(), self.unit(), self.add(tie))
    }
    /// 1 above 0, 0 below it, `tie` at 0, NaN for NaN.
    #[inline(always)]
    fn positive_or(self, tie: Self) -> Self {
        let (zero, one) = (Self::splat(0.0), Self::splat(1.0));
        let rest = Self::select(zero.greater(self), zero, self.add(tie));
        Self::select(self.greater(zero), one, rest)
    }
    /// The sign of `self`, itself at 0 and for NaN.
    #[inline(always)]
    fn sign(self) -> Self {
        Self::select(self.signed(), self.unit(), self)
    }
}

/// [`Vector::LANES`] points at once.
pub trait Vector: Scalar + num_traits::One {
    /// Number of lanes; divides [`crate::tape::LANES`].
    const LANES: usize;
    /// Reads the first `LANES` numbers. Panics if there are fewer.
    fn load(from: &[f64]) -> Self;
    /// Writes the first `LANES` numbers. Panics if there are fewer.
    fn store(self, to: &mut [f64]);
}

/// A computation that is compiled once for every vector unit.
pub trait Kernel {
    /// What it hands back.
    type Output;
    /// The computation; must be `#[inline(always)]`, or it is not compiled for the vector unit.
    fn run<V: Vector>(self) -> Self::Output;
}

/// Runs with the widest vectors of this processor.
pub fn widest<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    return x86::widest(kernel);
    #[cfg(not(target_arch = "x86_64"))]
    kernel.run::<Lanes<f64, 8>>()
}

/// As [`widest`], with eight registers side by side: for computations that share a cost among all lanes.
pub fn longest<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    return x86::longest(kernel);
    #[cfg(not(target_arch = "x86_64"))]
    kernel.run::<Lanes<f64, 8>>()
}

/// Runs one number at a time: the reference for tests.
pub fn narrowest<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Lanes<f64, 1>>()
}

/// Runs with every kind of vectors that this processor has, narrow to wide; results in this order.
pub fn each<K: Kernel + Clone>(kernel: &K) -> Vec<K::Output> {
    let mut all = vec![narrowest(kernel.clone()), kernel.clone().run::<Lanes<f64, 8>>()];
    #[cfg(target_arch = "x86_64")]
    x86::each(kernel, &mut all);
    all
}

/// `U` registers side by side.
#[derive(Clone, Copy)]
pub(crate) struct Lanes<R, const U: usize>([R; U]);

impl<R: Register, const U: usize> Lanes<R, U> {
    #[inline(always)]
    fn map(self, f: impl Fn(R) -> R) -> Self {
        let mut out = self.0;
        for register in &mut out {
            *register = f(*register);
        }
        Self(out)
    }
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(R, R) -> R) -> Self {
        let mut out = self.0;
        for (a, b) in out.iter_mut().zip(other.0) {
            *a = f(*a, b);
        }
        Self(out)
    }
    /// Number by number: for the functions of the mathematical library.
    #[inline(always)]
    fn each(self, f: impl Fn(f64) -> f64) -> Self {
        self.map(|register| {
            let mut numbers = [0.0; 8];
            register.store(&mut numbers);
            for number in &mut numbers[..R::WIDTH] {
                *number = f(*number);
            }
            R::load(&numbers)
        })
    }
}

macro_rules! operator {
    ($($trait:ident $method:ident),*) => {$(
        impl<R: Register, const U: usize> $trait for Lanes<R, U> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                self.zip(other, R::$method)
            }
        }
    )*};
}
operator!(Add add, Sub sub, Mul mul, Div div);

impl<R: Register, const U: usize> Neg for Lanes<R, U> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        self.map(R::neg)
    }
}

impl<R: Register, const U: usize> num_traits::One for Lanes<R, U> {
    #[inline(always)]
    fn one() -> Self {
        Self::constant(1.0)
    }
}

impl<R: Register, const U: usize> Vector for Lanes<R, U> {
    const LANES: usize = U * R::WIDTH;
    #[inline(always)]
    fn load(from: &[f64]) -> Self {
        let from = &from[..Self::LANES];
        // No `array::from_fn`: its closure may end up in a function of its own, outside of the vector unit.
        let mut registers = [R::splat(0.0); U];
        for (i, register) in registers.iter_mut().enumerate() {
            *register = R::load(&from[i * R::WIDTH..]);
        }
        Self(registers)
    }
    #[inline(always)]
    fn store(self, to: &mut [f64]) {
        let to = &mut to[..Self::LANES];
        for (i, register) in self.0.into_iter().enumerate() {
            register.store(&mut to[i * R::WIDTH..]);
        }
    }
}

macro_rules! by_number {
    ($($name:ident),*) => {$(
        #[inline(always)]
        fn $name(self) -> Self {
            self.each(Scalar::$name)
        }
    )*};
}

impl<R: Register, const U: usize> Scalar for Lanes<R, U> {
    #[inline(always)]
    fn constant(value: f64) -> Self {
        Self([R::splat(value); U])
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        self.map(R::sqrt)
    }
    by_number!(exp, ln, sin, cos, tan, sinh, cosh, tanh, softplus, logistic);
    /// By repeated squaring, in the order of the runtime's `__powidf2`.
    #[inline(always)]
    fn powi(self, n: i32) -> Self {
        let (mut left, mut square, mut result) = (n.unsigned_abs(), self, Self::constant(1.0));
        loop {
            if left & 1 == 1 {
                result = result * square;
            }
            left >>= 1;
            if left == 0 {
                break;
            }
            square = square * square;
        }
        if n < 0 {
            Self::constant(1.0) / result
        } else {
            result
        }
    }
    #[inline(always)]
    fn powf(self, p: f64) -> Self {
        self.each(|x| x.powf(p))
    }
    #[inline(always)]
    fn pow(self, y: Self) -> Self {
        self.zip(y, |x, y| {
            let (mut a, mut b) = ([0.0; 8], [0.0; 8]);
            x.store(&mut a);
            y.store(&mut b);
            for i in 0..R::WIDTH {
                a[i] = a[i].powf(b[i]);
            }
            R::load(&a)
        })
    }
    #[inline(always)]
    fn abs(self) -> Self {
        self.map(R::abs)
    }
    #[inline(always)]
    fn abs_slope(self) -> Self {
        let tie = R::splat(Selection::current().abs);
        self.map(|x| x.sign_or(tie))
    }
    #[inline(always)]
    fn relu(self) -> Self {
        let zero = R::splat(0.0);
        self.map(|x| R::select(x.greater(zero), x, R::select(x.nan(), x, zero)))
    }
    #[inline(always)]
    fn relu_slope(self) -> Self {
        let tie = R::splat(Selection::current().relu);
        self.map(|x| x.positive_or(tie))
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.zip(other, |a, b| R::select(a.greater(b), a, R::select(a.nan(), a, b)))
    }
    #[inline(always)]
    fn max_weight(self, other: Self) -> Self {
        let (zero, one, nan) = (R::splat(0.0), R::splat(1.0), R::splat(f64::NAN));
        let tie = R::splat(Selection::current().max);
        self.zip(other, |a, b| {
            let rest = R::select(a.equal(b), tie, nan);
            R::select(a.greater(b), one, R::select(b.greater(a), zero, rest))
        })
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        self.zip(other, |a, b| R::select(b.greater(a), a, R::select(a.nan(), a, b)))
    }
    #[inline(always)]
    fn sign(self) -> Self {
        self.map(R::sign)
    }
}
