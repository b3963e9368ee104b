//! All checks, in the order of the page.

use crate::suite::AnyCheck;

/// Every check of the workspace.
pub const ALL: &[&dyn AnyCheck] = &[];

/// The check with this name.
pub fn find(id: &str) -> Option<&'static dyn AnyCheck> {
    ALL.iter().copied().find(|check| check.claim().id == id)
}
