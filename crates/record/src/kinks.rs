//! What a run of a nonsmooth system did at its kink surfaces: on which side it was when, where it crossed, slid or
//! could have gone several ways.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::real::{self, RealNumber};

/// Where a piece of a trajectory lies with respect to a kink surface g = 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// g < 0.
    Minus,
    /// g > 0.
    Plus,
    /// On the surface, held there by a selection strictly between the one-sided gradients.
    Slide,
    /// On the surface, where it makes no difference (both sides give the same motion to first order).
    Touch,
}

/// A maximal piece of a trajectory on which nothing changes at any surface.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KinkSegment {
    /// Start time.
    #[serde(with = "real")]
    #[schemars(with = "RealNumber")]
    pub from: f64,
    /// End time.
    #[serde(with = "real")]
    #[schemars(with = "RealNumber")]
    pub to: f64,
    /// One entry per surface.
    pub sides: Vec<Side>,
    /// The element v of the subdifferential in force at the start.
    #[serde(with = "real")]
    #[schemars(with = "Vec<RealNumber>")]
    pub selection_from: Vec<f64>,
    /// The same at the end.
    #[serde(with = "real")]
    #[schemars(with = "Vec<RealNumber>")]
    pub selection_to: Vec<f64>,
}

impl KinkSegment {
    /// Whether the piece slides on some surface.
    pub fn slides(&self) -> bool {
        self.sides.contains(&Side::Slide)
    }
}

/// What happened at a surface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KinkEventKind {
    /// From one side to the other.
    Cross,
    /// Sliding begins.
    SlideEnter,
    /// Sliding ends.
    SlideLeave,
    /// Several solutions leave this state.
    Branch,
    /// Touched with zero normal velocity and left on the side it came from.
    Graze,
}

/// Something that happened at kink surfaces.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KinkEvent {
    /// Time.
    #[serde(with = "real")]
    #[schemars(with = "RealNumber")]
    pub t: f64,
    /// What.
    pub kind: KinkEventKind,
    /// Indices of the surfaces concerned.
    pub surfaces: Vec<usize>,
    /// Normal velocity ⟨θ′, n⟩ of the motion on the side g < 0, n the unit normal towards g > 0; one entry per surface.
    #[serde(with = "real")]
    #[schemars(with = "Vec<RealNumber>")]
    pub velocity_minus: Vec<f64>,
    /// The same on the side g > 0.
    #[serde(with = "real")]
    #[schemars(with = "Vec<RealNumber>")]
    pub velocity_plus: Vec<f64>,
}

/// One way to leave a branching state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Departure {
    /// Where it goes, one entry per surface.
    pub sides: Vec<Side>,
    /// The element v of the subdifferential with which it goes.
    #[serde(with = "real")]
    #[schemars(with = "Vec<RealNumber>")]
    pub selection: Vec<f64>,
    /// Right derivative θ′ (θ″ where θ′ is continuous).
    #[serde(with = "real")]
    #[schemars(with = "Vec<RealNumber>")]
    pub direction: Vec<f64>,
}

/// A state from which several solutions leave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KinkBranch {
    /// Time.
    #[serde(with = "real")]
    #[schemars(with = "RealNumber")]
    pub t: f64,
    /// θ there.
    #[serde(with = "real")]
    #[schemars(with = "Vec<RealNumber>")]
    pub theta: Vec<f64>,
    /// The distinct solutions.
    pub departures: Vec<Departure>,
    /// Which of them this run follows.
    pub taken: usize,
    /// What else there is.
    pub note: String,
}

/// Everything a run did at its kink surfaces.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KinkReport {
    /// Names of the surfaces.
    pub surfaces: Vec<String>,
    /// Pieces in order.
    pub segments: Vec<KinkSegment>,
    /// Events in order.
    pub events: Vec<KinkEvent>,
    /// Branching states in order.
    pub branches: Vec<KinkBranch>,
}

impl KinkReport {
    /// Total time spent sliding.
    pub fn sliding_time(&self) -> f64 {
        // From 0: the sum of nothing is −0.
        self.segments.iter().filter(|s| s.slides()).fold(0.0, |sum, s| sum + (s.to - s.from))
    }

    /// Number of events of a kind.
    pub fn count(&self, kind: KinkEventKind) -> usize {
        self.events.iter().filter(|e| e.kind == kind).count()
    }
}
