//! Outcomes of checks kept in `OUT/cache/ID.json`, valid as long as everything they depend on is unchanged.

use anyhow::Context as _;
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

    fn file(&self, id: &str) -> String {
        format!("cache/{id}{}.json", self.suffix)
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
    fn a_folder_in_use_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let first = Folder::open(place.path()).unwrap();
        assert!(Folder::open(place.path()).unwrap_err().to_string().contains("another run"));
        drop(first);
        Folder::open(place.path()).unwrap();
    }
}
