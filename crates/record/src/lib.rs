//! Plain data that every crate of the workspace exchanges: claims, measurements, verdicts, trajectories,
//! figures and provenance. No mathematics happens here; everything serialises to JSON and back without loss.

pub mod claim;
pub mod figure;
pub mod kinks;
pub mod measurement;
pub mod observe;
pub mod provenance;
pub mod real;
pub mod report;
pub mod trajectory;

pub use claim::{Claim, Hypothesis, HypothesisState, Source};
pub use kinks::{Departure, KinkBranch, KinkEvent, KinkEventKind, KinkReport, KinkSegment, Side};
pub use measurement::{Budget, Kind, Measurement, Sampling, Verdict};
pub use observe::{Flow, Observation, Observe};
pub use provenance::Provenance;
pub use report::{CheckEntry, CheckReport, Control, Erratum, Evidence, FreshSeeds};
pub use trajectory::{Final, Status, Trajectory, Work};
