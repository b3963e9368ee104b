//! Results that several tasks of one run share: the first that asks computes, the others wait for it.

use std::sync::{Arc, Mutex, PoisonError};

use crate::error::CheckError;

/// Results by key. They must be functions of their key alone.
pub struct Memo<T>(Mutex<Vec<(String, Arc<T>)>>);

impl<T> Memo<T> {
    /// An empty memo.
    pub const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// The result under `key`, made by `make` if nobody has yet. One result is made at a time. `make` must not use rayon's current pool: a
    /// worker that waits inside it could be handed a task that asks this memo again, and would wait for itself.
    pub fn get(&self, key: &str, make: impl FnOnce() -> Result<T, CheckError>) -> Result<Arc<T>, CheckError> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, value)) = kept.iter().find(|(own, _)| own == key) {
            return Ok(value.clone());
        }
        let value = Arc::new(make()?);
        kept.push((key.to_owned(), value.clone()));
        Ok(value)
    }
}

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_made_once_and_errors_are_not_kept() {
        let memo = Memo::new();
        assert!(memo.get("a", || Err(CheckError::Interrupted)).is_err());
        assert_eq!(*memo.get("a", || Ok(1)).unwrap(), 1);
        assert_eq!(*memo.get("a", || Ok(2)).unwrap(), 1);
        assert_eq!(*memo.get("b", || Ok(3)).unwrap(), 3);
    }
}
