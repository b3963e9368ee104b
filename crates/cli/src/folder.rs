//! The report folder: made where it is missing, locked while in use. The lock is the operating system's, so that
//! it goes with the process, however that ends.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
};

use anyhow::{bail, Context as _};

use crate::output;

/// A report folder that belongs to this process.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes and locks the folder; fails where another run uses it or it cannot be written.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let name = || format!("--out {}", path.display());
        if path.exists() && !path.is_dir() {
            bail!("{}: this is a file, expected a folder", name());
        }
        std::fs::create_dir_all(path).with_context(|| format!("{}: cannot create the folder", name()))?;
        output::check_writable(path).with_context(name)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path.join(".lock"));
        let lock = lock.with_context(|| format!("{}: cannot open the lock file", name()))?;
        match lock.try_lock() {
            Ok(()) => {
                remove_leftovers(path);
                Ok(Self { path: path.to_owned(), _lock: lock })
            }
            Err(TryLockError::WouldBlock) => {
                bail!("{}: another run is writing to this folder; wait for it or give another --out", name())
            }
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("{}: cannot lock the folder", name()))
            }
        }
    }

    /// Path of a file in the folder.
    pub fn join(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.path.join(relative)
    }

    /// Replaces a file of the folder in one step; makes the folders on the way.
    pub fn write(&self, relative: impl AsRef<Path>, bytes: &[u8]) -> anyhow::Result<()> {
        Ok(dinlab_report::atomic::write(&self.join(relative), bytes)?)
    }
}

/// Removes the unfinished files (`.NAME.tmp`) of a run that was killed. Only the holder of the lock may: nobody else
/// is writing then. What cannot be removed does no harm.
fn remove_leftovers(path: &Path) {
    for folder in ["", "cache", "cache/runs", "data", "figures"] {
        for file in std::fs::read_dir(path.join(folder)).into_iter().flatten().flatten() {
            let name = file.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.') && name.ends_with(".tmp") {
                let _ = std::fs::remove_file(file.path());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_killed_run_leaves_nothing_behind_for_the_next() {
        let place = tempfile::tempdir().unwrap();
        std::fs::create_dir(place.path().join("cache")).unwrap();
        for name in ["cache/.euler-order.json.12-3.tmp", "cache/euler-order.json", "mine.tmp"] {
            std::fs::write(place.path().join(name), "").unwrap();
        }
        let folder = Folder::open(place.path()).unwrap();
        assert!(!folder.join("cache/.euler-order.json.12-3.tmp").exists());
        assert!(folder.join("cache/euler-order.json").exists() && folder.join("mine.tmp").exists());
    }
}
