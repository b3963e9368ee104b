//! The selection at kinks: which element of the Clarke subdifferential of a primitive stands for its derivative.
//!
//! It is read only at exact ties, from a thread-local that an oracle sets for the length of one call when its
//! selection is not the default; ordinary evaluations pay nothing for it.

use std::cell::Cell;

/// Derivatives used at exact ties.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Selection {
    /// Derivative of `abs` at 0; elements of the subdifferential are in [−1, 1].
    pub abs: f64,
    /// Derivative of `relu` at 0; elements of the subdifferential are in [0, 1].
    pub relu: f64,
    /// Weight of the first argument of `max` or `min` at a tie; elements of the subdifferential are in [0, 1].
    pub max: f64,
}

impl Default for Selection {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Selection {
    /// `abs=0,relu=0,max=0.5`.
    pub const DEFAULT: Self = Self { abs: 0.0, relu: 0.0, max: 0.5 };

    /// The selection in force on this thread.
    #[inline(always)]
    pub fn current() -> Self {
        CURRENT.get()
    }

    /// Runs `body` with `self` in force, and restores what was in force before, also when `body` unwinds.
    #[inline]
    pub fn during<T>(self, body: impl FnOnce() -> T) -> T {
        if self == Self::DEFAULT {
            return body();
        }
        struct Restore(Selection);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.set(self.0);
            }
        }
        let _restore = Restore(CURRENT.replace(self));
        body()
    }
}

impl std::fmt::Display for Selection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "abs={},relu={},max={}", self.abs, self.relu, self.max)
    }
}

thread_local! {
    static CURRENT: Cell<Selection> = const { Cell::new(Selection::DEFAULT) };
}
