//! The interface between a running solver and whatever measures it: streaming, so that long runs need
//! constant memory.

/// Whether a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Keep running.
    Continue,
    /// End the run; its status becomes `interrupted`.
    Stop,
}

/// What a solver shows its observer. Slices are borrowed: copy what must outlive the call.
#[derive(Debug, Clone, Copy)]
pub struct Observation<'a> {
    /// Iteration number (discrete) or index of the sample (continuous).
    pub index: u64,
    /// Time: t for flows, k for algorithms.
    pub time: f64,
    /// Whole state. For DIN and INDIAN this is (θ, u), u = (1/β − α)θ − ψ/β, of length 2n.
    pub state: &'a [f64],
    /// θ, of length n.
    pub theta: &'a [f64],
}

/// Receives the states of a run in order.
pub trait Observe {
    /// Called for the start and then for every observed state.
    fn observe(&mut self, observation: Observation<'_>) -> Flow;

    /// Called every few thousand steps of a discrete run between observed states, so that a run that records little can be
    /// ended as soon as one that records much.
    fn proceed(&mut self, _step: u64) -> Flow {
        Flow::Continue
    }
}

impl<F: FnMut(Observation<'_>) -> Flow> Observe for F {
    fn observe(&mut self, observation: Observation<'_>) -> Flow {
        self(observation)
    }
}

/// Ignores everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Blind;

impl Observe for Blind {
    fn observe(&mut self, _: Observation<'_>) -> Flow {
        Flow::Continue
    }
}
