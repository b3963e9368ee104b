//! The vector units of x86-64, and the choice among them: the only `unsafe` code of this crate.
//!
//! Soundness: the types of this module are private to `lanes`. Code outside sees them only as the type parameter of
//! [`Kernel::run`], and [`widest`] and [`each`] call that only after the processor has said that it has the unit.
#![allow(unsafe_code)] // vector units are reached through unsafe functions

use std::{
    arch::x86_64::*,
    sync::atomic::{AtomicU8, Ordering},
};

use super::{Kernel, Lanes, Register, Vector};

macro_rules! register {
    (
        $name:ident, $raw:ty, $width:literal, $mask:ty, $splat:ident, $load:ident, $store:ident, $add:ident, $sub:ident,
        $mul:ident, $div:ident, $sqrt:ident, $xor:ident, $and:ident, $andnot:ident, $or:ident,
        greater: $greater:expr, equal: $equal:expr, signed: $signed:expr, nan: $nan:expr, select: $select:expr
        $(, special: { $($special:item)* })?
    ) => {
        #[derive(Clone, Copy)]
        pub(super) struct $name($raw);

        // SAFETY of every block: the intrinsics need the vector unit (see the module's comment) and nothing else;
        // `load` and `store` touch `WIDTH` numbers of slices whose lengths are checked.
        impl Register for $name {
            const WIDTH: usize = $width;
            type Mask = $mask;
            #[inline(always)]
            fn splat(value: f64) -> Self {
                Self(unsafe { $splat(value) })
            }
            #[inline(always)]
            fn load(from: &[f64]) -> Self {
                Self(unsafe { $load(from[..$width].as_ptr()) })
            }
            #[inline(always)]
            fn store(self, to: &mut [f64]) {
                unsafe { $store(to[..$width].as_mut_ptr(), self.0) }
            }
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                Self(unsafe { $add(self.0, other.0) })
            }
            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                Self(unsafe { $sub(self.0, other.0) })
            }
            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                Self(unsafe { $mul(self.0, other.0) })
            }
            #[inline(always)]
            fn div(self, other: Self) -> Self {
                Self(unsafe { $div(self.0, other.0) })
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                Self(unsafe { $sqrt(self.0) })
            }
            #[inline(always)]
            fn neg(self) -> Self {
                Self(unsafe { $xor(self.0, $splat(-0.0)) })
            }
            #[inline(always)]
            fn abs(self) -> Self {
                Self(unsafe { $andnot($splat(-0.0), self.0) })
            }
            #[inline(always)]
            fn unit(self) -> Self {
                Self(unsafe { $or($and(self.0, $splat(-0.0)), $splat(1.0)) })
            }
            #[inline(always)]
            fn greater(self, other: Self) -> $mask {
                unsafe { $greater(self.0, other.0) }
            }
            #[inline(always)]
            fn equal(self, other: Self) -> $mask {
                unsafe { $equal(self.0, other.0) }
            }
            #[inline(always)]
            fn signed(self) -> $mask {
                unsafe { $signed(self.0, $splat(0.0)) }
            }
            #[inline(always)]
            fn nan(self) -> $mask {
                unsafe { $nan(self.0, self.0) }
            }
            #[inline(always)]
            fn select(mask: $mask, a: Self, b: Self) -> Self {
                Self(unsafe { $select(mask, a.0, b.0) })
            }
            $($($special)*)?
        }
    };
}

register!(
    Sse2, __m128d, 2, __m128d, _mm_set1_pd, _mm_loadu_pd, _mm_storeu_pd, _mm_add_pd, _mm_sub_pd, _mm_mul_pd, _mm_div_pd,
    _mm_sqrt_pd, _mm_xor_pd, _mm_and_pd, _mm_andnot_pd, _mm_or_pd,
    greater: _mm_cmpgt_pd,
    equal: _mm_cmpeq_pd,
    signed: |x, zero| _mm_or_pd(_mm_cmpgt_pd(x, zero), _mm_cmplt_pd(x, zero)),
    nan: _mm_cmpunord_pd,
    select: |mask, a, b| _mm_or_pd(_mm_and_pd(mask, a), _mm_andnot_pd(mask, b))
);
register!(
    Avx2, __m256d, 4, __m256d, _mm256_set1_pd, _mm256_loadu_pd, _mm256_storeu_pd, _mm256_add_pd, _mm256_sub_pd,
    _mm256_mul_pd, _mm256_div_pd, _mm256_sqrt_pd, _mm256_xor_pd, _mm256_and_pd, _mm256_andnot_pd, _mm256_or_pd,
    greater: _mm256_cmp_pd::<_CMP_GT_OQ>,
    equal: _mm256_cmp_pd::<_CMP_EQ_OQ>,
    signed: _mm256_cmp_pd::<_CMP_NEQ_OQ>,
    nan: _mm256_cmp_pd::<_CMP_UNORD_Q>,
    select: |mask, a, b| _mm256_blendv_pd(b, a, mask)
);
register!(
    Avx512, __m512d, 8, __mmask8, _mm512_set1_pd, _mm512_loadu_pd, _mm512_storeu_pd, _mm512_add_pd, _mm512_sub_pd,
    _mm512_mul_pd, _mm512_div_pd, _mm512_sqrt_pd, _mm512_xor_pd, _mm512_and_pd, _mm512_andnot_pd, _mm512_or_pd,
    greater: _mm512_cmp_pd_mask::<_CMP_GT_OQ>,
    equal: _mm512_cmp_pd_mask::<_CMP_EQ_OQ>,
    signed: _mm512_cmp_pd_mask::<_CMP_NEQ_OQ>,
    nan: _mm512_cmp_pd_mask::<_CMP_UNORD_Q>,
    select: |mask, a, b| _mm512_mask_blend_pd(mask, b, a),
    special: {
        #[inline(always)]
        fn sign_or(self, tie: Self) -> Self {
            self.by_class::<0xA9A9_A022>(tie)
        }
        #[inline(always)]
        fn positive_or(self, tie: Self) -> Self {
            self.by_class::<0xA8A8_A022>(tie)
        }
        #[inline(always)]
        fn sign(self) -> Self {
            self.by_class::<0xA9A9_A122>(self)
        }
    }
);

impl Avx512 {
    /// A number for the class of each number, in one instruction. The classes are the hexadecimal digits of `TABLE`, from the
    /// last: NaN, signalling NaN, 0, 1, −∞, ∞, negative, positive. What stands there: 0 for `tie`, 1 for the number itself, 2
    /// for it as a quiet NaN, 8 for 0, 9 for −1, A for 1.
    #[inline(always)]
    fn by_class<const TABLE: i64>(self, tie: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm512_fixupimm_pd::<0>(tie.0, self.0, _mm512_set1_epi64(TABLE)) })
    }
}

// Registers to a vector: measured on the valley, see docs/benchmarks.md.
type Narrow = Lanes<Sse2, 4>;
type Middle = Lanes<Avx2, 4>;
type Wide = Lanes<Avx512, 2>;

#[target_feature(enable = "avx2")]
fn with_avx2<K: Kernel, V: Vector>(kernel: K) -> K::Output {
    kernel.run::<V>()
}

#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2")]
fn with_avx512<K: Kernel, V: Vector>(kernel: K) -> K::Output {
    kernel.run::<V>()
}

/// 1 for SSE2, 2 for AVX2, 3 for AVX-512; 0 while nobody has looked.
static LEVEL: AtomicU8 = AtomicU8::new(0);

#[inline]
fn level() -> u8 {
    match LEVEL.load(Ordering::Relaxed) {
        0 => look(),
        level => level,
    }
}

#[cold]
fn look() -> u8 {
    let avx2 = is_x86_feature_detected!("avx2");
    let avx512 = avx2
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl");
    let level = 1 + u8::from(avx2) + u8::from(avx512);
    LEVEL.store(level, Ordering::Relaxed);
    level
}

#[inline]
pub(super) fn widest<K: Kernel>(kernel: K) -> K::Output {
    match level() {
        // SAFETY: the processor has the unit.
        3 => unsafe { with_avx512::<K, Wide>(kernel) },
        // SAFETY: the processor has the unit.
        2 => unsafe { with_avx2::<K, Middle>(kernel) },
        _ => kernel.run::<Narrow>(),
    }
}

pub(super) fn longest<K: Kernel>(kernel: K) -> K::Output {
    match level() {
        // SAFETY: the processor has the unit.
        3 => unsafe { with_avx512::<K, Lanes<Avx512, 8>>(kernel) },
        // SAFETY: the processor has the unit.
        2 => unsafe { with_avx2::<K, Lanes<Avx2, 8>>(kernel) },
        _ => kernel.run::<Lanes<Sse2, 8>>(),
    }
}

pub(super) fn each<K: Kernel + Clone>(kernel: &K, all: &mut Vec<K::Output>) {
    all.push(kernel.clone().run::<Narrow>());
    if level() >= 2 {
        // SAFETY: the processor has the unit.
        all.push(unsafe { with_avx2::<K, Middle>(kernel.clone()) });
    }
    if level() >= 3 {
        // SAFETY: the processor has the unit.
        all.push(unsafe { with_avx512::<K, Wide>(kernel.clone()) });
    }
}
