//! Bounds that are guaranteed, not sampled: the exact worst case of a method over a class of functions (performance
//! estimation), certified linear rates (Lyapunov inequalities), cycles that refute rates, and an exact verifier for all three.
//!
//! A method is written once, over the arithmetic of a [`model::Model`]. In `f64` the model becomes a semidefinite problem whose
//! solution suggests multipliers; in fractions the same model decides whether they prove the bound. Nothing that the solver
//! says is believed before that.
//!
//! ```
//! use dinlab_certify::{worst_case::{worst_case, Outcome}, Statement};
//! let one = dinlab_certify::Rational::ONE;
//! let question = Statement::new("gradient-descent", &Default::default(), "smooth-convex", &Default::default(), 3,
//!     [None, None], one)?;
//! let answer = worst_case(&question);
//! let Outcome::Certified(proof) = &answer.outcome else { panic!("{:?}", answer.outcome) };
//! // L R² / (4N + 2) = 1/14, never below it.
//! assert!(proof.bound >= dinlab_certify::rational::parse("1/14").unwrap());
//! assert!(dinlab_certify::rational::float(&proof.bound) < (1.0 + 1e-6) / 14.0);
//! # Ok::<(), dinlab_certify::CertifyError>(())
//! ```

pub mod certificate;
pub mod class;
pub mod cycle;
pub mod error;
pub mod exact;
pub mod expression;
pub mod file;
pub mod ldl;
pub mod literature;
pub mod lmi;
pub mod lyapunov;
pub mod method;
pub mod model;
pub mod number;
pub mod rational;
pub mod setting;
pub mod solver;
pub mod statement;
pub mod target;
pub mod verify;
pub mod worst_case;
pub mod worst_curve;
pub mod worst_function;

pub use error::CertifyError;
pub use file::CertificateFile;
pub use number::Rational;
pub use statement::{Measure, Start, Statement};
