//! Finished training runs of long checks outlive a run that is killed, where the program that runs the checks says where to keep them.

use std::sync::OnceLock;

use dinlab_neural::{contest::Means, Keep};

use crate::check::Context;

static PLACE: OnceLock<Box<dyn Keep>> = OnceLock::new();

/// Training runs are kept in `place` from now on. The first call counts.
pub fn keep_runs(place: impl Keep + 'static) {
    // A second place in one process would be another report folder: runs are then kept in the first, which does no harm.
    let _ = PLACE.set(Box::new(place));
}

/// Threads of the current pool in number, the context's interruption, and the place.
pub(crate) fn means<'a>(context: &Context<'a>) -> Means<'a> {
    let keep = PLACE.get().map(|place| &**place);
    Means { threads: rayon::current_num_threads(), stop: context.interrupted, keep }
}
