//! Files that are there whole or not at all: written beside their place under another name, then renamed.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::ReportError;

/// Distinguishes files that threads of one process write at the same time.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Removes the file it names unless it was renamed.
struct Temporary {
    path: PathBuf,
    renamed: bool,
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.renamed {
            // Nothing better can be done about a failure here; the write's own error is already on its way.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Writes a file, and the folders above it, replacing what was there in one step.
///
/// # Errors
/// [`ReportError::CreateFolder`], [`ReportError::Write`] or [`ReportError::NoFileName`]; the old file, if there was
/// one, is then untouched and no partial file is left.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    let Some(name) = path.file_name() else { return Err(ReportError::NoFileName { path: path.into() }) };
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    create_folder(folder)?;
    let failed = |reason| ReportError::Write { path: path.into(), reason };
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let hidden = format!(".{}.{}-{number}.tmp", name.to_string_lossy(), std::process::id());
    let mut temporary = Temporary { path: folder.join(hidden), renamed: false };
    let mut file: File =
        OpenOptions::new().write(true).create_new(true).open(&temporary.path).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    // Without this a power cut after the rename could leave an empty file under the final name.
    file.sync_all().map_err(failed)?;
    drop(file);
    fs::rename(&temporary.path, path).map_err(failed)?;
    temporary.renamed = true;
    Ok(())
}

/// Creates a folder and those above it; it is no error if it is there.
///
/// # Errors
/// [`ReportError::CreateFolder`].
pub fn create_folder(path: &Path) -> Result<(), ReportError> {
    fs::create_dir_all(path).map_err(|reason| ReportError::CreateFolder { path: path.into(), reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn files_are_replaced_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/checks.json");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(names(path.parent().unwrap()), ["checks.json"]);
    }

    #[test]
    fn failures_name_the_path_and_leave_no_partial_file() {
        let folder = tempfile::tempdir().unwrap();
        let occupied = folder.path().join("taken");
        fs::create_dir_all(occupied.join("inside")).unwrap();
        let error = write(&occupied, b"x").unwrap_err();
        assert!(matches!(error, ReportError::Write { .. }) && error.to_string().contains("taken"), "{error}");
        assert_eq!(names(folder.path()), ["taken"]);
        fs::write(folder.path().join("file"), b"").unwrap();
        let below_a_file = write(&folder.path().join("file/x.json"), b"x").unwrap_err();
        assert!(matches!(below_a_file, ReportError::CreateFolder { .. }), "{below_a_file}");
        assert!(matches!(write(Path::new("/"), b""), Err(ReportError::NoFileName { .. })));
    }

    #[test]
    fn threads_may_write_the_same_file_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::thread::scope(|scope| {
            for i in 0..8u8 {
                let path = &path;
                scope.spawn(move || write(path, &[i; 4096]).unwrap());
            }
        });
        let bytes = fs::read(&path).unwrap();
        assert!(bytes.len() == 4096 && bytes.iter().all(|b| *b == bytes[0]));
        assert_eq!(names(folder.path()), ["x"]);
    }
}
