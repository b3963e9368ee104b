//! Putting shards together.

use std::path::{Path, PathBuf};

use crate::{
    error::SweepError,
    store::{Header, Reader},
};

/// Files of one sweep that together hold the cells of its plan.
#[derive(Debug)]
pub struct Merge {
    /// Readers in the order of their cells.
    readers: Vec<(PathBuf, Reader)>,
    /// The header of the whole.
    pub header: Header,
    /// Whether the parts leave nothing out.
    pub complete: bool,
}

impl Merge {
    /// Opens the files and checks that they fit together: one plan and version, no cell twice, none missing. With
    /// `partial`, cells may be missing (unfinished checkpoints, shards that are not there yet).
    ///
    /// # Errors
    /// [`SweepError::Mismatch`] naming the file that does not fit and the cells concerned, and as [`Reader::open`].
    pub fn open(paths: &[PathBuf], partial: bool) -> Result<Self, SweepError> {
        let mut readers = Vec::new();
        for path in paths {
            readers.push((path.clone(), Reader::open(path)?));
        }
        readers.sort_by_key(|(_, reader)| (reader.header.first, reader.header.end));
        let Some((first_path, first)) = readers.first() else {
            return Err(SweepError::Plan { key: "merge".into(), reason: "no files given".into() });
        };
        let mut header = first.header.clone();
        for (path, reader) in &readers[1..] {
            if let Some(reason) = header.differs(&reader.header) {
                let reason = format!("{reason} (compared with {})", first_path.display());
                return Err(SweepError::Mismatch { path: path.clone(), reason });
            }
        }
        let mut missing = Vec::new();
        let mut next = 0;
        let mut before: Option<&Path> = None;
        for (path, reader) in &readers {
            let (from, to) = (reader.header.first, reader.header.end);
            if from < next {
                let other = before.unwrap_or(path).display();
                let reason = format!("its cells {from} to {to} overlap with those of {other}");
                return Err(SweepError::Mismatch { path: path.clone(), reason });
            }
            if from > next {
                missing.push((next, from));
            }
            (next, before) = (to, Some(path.as_path()));
        }
        if next < header.cells {
            missing.push((next, header.cells));
        }
        if let Some((from, to)) = missing.first().filter(|_| !partial) {
            let reason = format!(
                "a shard is missing: nobody has the cells {from} to {to} of {}; --partial merges what there is",
                header.cells
            );
            return Err(SweepError::Mismatch { path: first_path.clone(), reason });
        }
        header.first = 0;
        header.end = header.cells;
        let mut merge = Self { readers, header, complete: missing.is_empty() };
        merge.check(partial)?;
        Ok(merge)
    }

    /// Reads all files once, so that a damaged one is known before anything is written.
    fn check(&mut self, partial: bool) -> Result<(), SweepError> {
        for (path, reader) in &mut self.readers {
            while reader.next_rows()?.is_some() {}
            if !reader.complete {
                self.complete = false;
                if !partial {
                    let reason = format!(
                        "it is unfinished or truncated: rows up to cell {} of {} are there; finish it with --resume, or \
                         --partial merges what there is",
                        reader.next, reader.header.end
                    );
                    return Err(SweepError::Damaged { path: path.clone(), reason });
                }
            }
        }
        Ok(())
    }

    /// Number of rows that there are.
    pub fn rows(&self) -> u64 {
        self.readers.iter().map(|(_, reader)| reader.next - reader.header.first).sum()
    }

    /// Hands over the rows in the order of the cells, frame by frame.
    ///
    /// # Errors
    /// As [`Reader::next_rows`], and what `sink` returns.
    pub fn read<E: From<SweepError>>(&self, sink: &mut dyn FnMut(&[f64]) -> Result<(), E>) -> Result<(), E> {
        for (path, _) in &self.readers {
            let mut reader = Reader::open(path)?;
            while let Some(rows) = reader.next_rows()? {
                sink(&rows)?;
            }
        }
        Ok(())
    }
}
