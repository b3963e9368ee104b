//! The objective of a case: shared, and serialised by the text that builds it again.

use std::{fmt, ops::Deref};

use dinlab_objective::{build, registry::Shared, Objective, Options, Selection};
use serde::{Serialize, Serializer};

/// An objective as part of a case.
#[derive(Clone)]
pub struct Subject(Shared);

impl Subject {
    /// A registered objective. Panics on a name that does not build: checks name their own cases, and a test runs
    /// them all.
    pub fn named(specification: &str) -> Self {
        match build(specification, &Options::default()) {
            Ok(objective) => Self(objective),
            Err(error) => panic!("a check names an objective that does not build: {error}"),
        }
    }
}

impl From<Shared> for Subject {
    fn from(objective: Shared) -> Self {
        Self(objective)
    }
}

impl Deref for Subject {
    type Target = dyn Objective;
    fn deref(&self) -> &Self::Target {
        self.0.as_ref()
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())?;
        match self.0.selection() {
            Selection::DEFAULT => Ok(()),
            other => write!(f, " ({other})"),
        }
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// c of `power:c`.
pub fn power(objective: &dyn Objective) -> Option<f64> {
    objective.name().strip_prefix("power:")?.parse().ok()
}
