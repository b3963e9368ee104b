//! Outcomes of checks kept in `OUT/cache/ID.json`, valid as long as everything they depend on is unchanged.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use dinlab_neural::{Keep, Point};
use dinlab_theory::Outcome;
use serde::{Deserialize, Serialize};
use serde_json::{json, Value};
use sha2::{Digest, Sha256};

use crate::folder::Folder;

/// One file of the cache.
#[derive(Serialize, Deserialize)]
struct Kept {
    key: String,
    outcome: Outcome,
}

/// The cache of one report folder for one executable.
#[derive(Debug)]
pub struct Cache<'a> {
    folder: &'a Folder,
    executable: [u8; 32],
    /// Distinguishes files of the user's own cases from those of the standard ones.
    suffix: &'static str,
}

impl<'a> Cache<'a> {
    /// Opens the cache. The running executable's bytes, data included, are part of every key.
    pub fn open(folder: &'a Folder, own: bool) -> anyhow::Result<Self> {
        let path = std::env::current_exe().context("cannot find the running executable")?;
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self { folder, executable: Sha256::digest(bytes).into(), suffix: if own { "-own" } else { "" } })
    }

    /// Key of a check under a resolved plan.
    pub fn key(&self, id: &str, seed: u64, plan: &Value) -> String {
        let mut hash = Sha256::new();
        hash.update(self.executable);
        hash.update(json!([id, seed, plan]).to_string());
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The kept outcome, if its key is `key`. A file that cannot be read is as good as none.
    pub fn load(&self, id: &str, key: &str) -> Option<Outcome> {
        let bytes = std::fs::read(self.folder.join(self.file(id))).ok()?;
        let kept: Kept = serde_json::from_slice(&bytes).ok()?;
        (kept.key == key).then_some(kept.outcome)
    }

    /// Keeps a finished outcome; one that was interrupted or could not run is not finished.
    pub fn store(&self, id: &str, key: &str, outcome: &Outcome) -> anyhow::Result<()> {
        if outcome.interrupted || outcome.error.is_some() {
            return Ok(());
        }
        let kept = Kept { key: key.to_owned(), outcome: outcome.clone() };
        self.folder.write(self.file(id), &serde_json::to_vec(&kept)?)
    }

    /// The place for training runs of checks that are not finished; where `fresh`, nothing is read from it.
    pub fn runs(&self, fresh: bool) -> Runs {
        let folder = self.folder.join("cache/runs");
        Runs { folder, executable: self.executable, fresh, used: Arc::default() }
    }

    fn file(&self, id: &str) -> String {
        format!("cache/{id}{}.json", self.suffix)
    }
}

/// Training runs of checks that are not finished, one file each, valid for one executable.
#[derive(Debug, Clone)]
pub struct Runs {
    folder: PathBuf,
    executable: [u8; 32],
    fresh: bool,
    /// Files that were read or written.
    used: Arc<Mutex<Vec<PathBuf>>>,
}

impl Runs {
    /// Removes what was read or written, once the checks it belongs to are kept; what other checks have there stays.
    pub fn forget(&self) {
        for path in self.used.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // What cannot be removed does no harm.
            let _ = std::fs::remove_file(path);
        }
        // Only when it is empty.
        let _ = std::fs::remove_dir(&self.folder);
    }

    fn path(&self, key: &str) -> PathBuf {
        let mut hash = Sha256::new();
        hash.update(self.executable);
        hash.update(key);
        let name: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let path = self.folder.join(name + ".json");
        self.used.lock().unwrap_or_else(PoisonError::into_inner).push(path.clone());
        path
    }
}

impl Keep for Runs {
    fn load(&self, key: &str) -> Option<Vec<Point>> {
        if self.fresh {
            return None;
        }
        serde_json::from_slice(&std::fs::read(self.path(key)).ok()?).ok()
    }

    fn store(&self, key: &str, curve: &[Point]) {
        if let Ok(bytes) = serde_json::to_vec(curve) {
            let _ = dinlab_report::atomic::write(&self.path(key), &bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_finished_outcomes_of_the_same_key_come_back() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        let cache = Cache::open(&folder, false).unwrap();
        let key = cache.key("a", 0, &json!({"x": 1}));
        assert_eq!(key.len(), 64);
        for other in [
            cache.key("b", 0, &json!({"x": 1})),
            cache.key("a", 1, &json!({"x": 1})),
            cache.key("a", 0, &json!({})),
        ] {
            assert_ne!(key, other);
        }
        cache.store("a", &key, &Outcome { seconds: 1.5, ..Outcome::default() }).unwrap();
        assert_eq!(cache.load("a", &key).unwrap().seconds, 1.5);
        assert!(cache.load("a", "other").is_none() && cache.load("b", &key).is_none());
        cache.store("b", &key, &Outcome { interrupted: true, ..Outcome::default() }).unwrap();
        assert!(cache.load("b", &key).is_none());
        std::fs::write(folder.join("cache/a.json"), "{\"key\": ").unwrap();
        assert!(cache.load("a", &key).is_none());
    }

    #[test]
    fn runs_come_back_to_the_bit_until_they_are_forgotten() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        let cache = Cache::open(&folder, false).unwrap();
        let point = Point {
            epoch: 1,
            step: 7,
            train_loss: 0.1 + 0.2,
            train_accuracy: 1.0 / 3.0,
            test_loss: f64::INFINITY,
            test_accuracy: f64::NAN,
            batch_loss: 5e-324,
        };
        let runs = cache.runs(false);
        runs.store("a", &[point]);
        // As text, because NaN is among the numbers.
        assert_eq!(format!("{:?}", runs.load("a").unwrap()), format!("{:?}", [point]));
        assert!(runs.load("b").is_none() && cache.runs(true).load("a").is_none());
        let other = Cache { executable: [0; 32], ..Cache::open(&folder, false).unwrap() };
        assert!(other.runs(false).load("a").is_none(), "another executable");
        other.runs(false).forget();
        assert!(runs.load("a").is_some());
        runs.forget();
        assert!(runs.load("a").is_none());
    }

    #[test]
    fn a_folder_in_use_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let first = Folder::open(place.path()).unwrap();
        assert!(Folder::open(place.path()).unwrap_err().to_string().contains("another run"));
        drop(first);
        Folder::open(place.path()).unwrap();
    }
}
