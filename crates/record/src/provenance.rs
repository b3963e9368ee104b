//! Where a record comes from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Version, commit, seed and machine of a run. `started` and `wall_seconds` stand outside the compared part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Provenance {
    /// Version of dinlab.
    pub version: String,
    /// Git commit it was built from, "unknown" outside a checkout.
    pub commit: String,
    /// Whether the checkout had uncommitted changes when it was built.
    pub dirty: bool,
    /// Compiler version.
    pub toolchain: String,
    /// Target triple.
    pub target: String,
    /// Seed from which every random stream is derived.
    pub seed: u64,
    /// The command line that makes it again.
    pub command: String,
    /// Start, RFC 3339 in UTC.
    pub started: String,
    /// Wall time in seconds.
    pub wall_seconds: f64,
}
