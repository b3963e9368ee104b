//! Putting shards together.

use std::path::{Path, PathBuf};

use crate::{
    error::SweepError,
    reduce::Tally,
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
        let parts: Vec<(&Path, &Header)> =
            readers.iter().map(|(path, reader)| (path.as_path(), &reader.header)).collect();
        let (header, complete) = together(&parts, partial)?;
        let mut merge = Self { readers, header, complete };
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
                    let done = format!("rows up to cell {} of {}", reader.next, reader.header.end);
                    return Err(unfinished(path, &done));
                }
            }
        }
        Ok(())
    }

    /// Number of rows that there are.
    pub fn rows(&self) -> u64 {
        self.readers.iter().map(|(_, reader)| reader.next - reader.header.first).sum()
    }

    /// Hands over the rows in the order of the cells, frame by frame, each with the number of its first cell.
    ///
    /// # Errors
    /// As [`Reader::next_rows`], and what `sink` returns.
    pub fn read<E: From<SweepError>>(
        &self,
        mut sink: impl FnMut(u64, &[f64]) -> Result<(), E>,
    ) -> Result<(), E> {
        for (path, _) in &self.readers {
            let mut reader = Reader::open(path)?;
            let mut first = reader.next;
            while let Some(rows) = reader.next_rows()? {
                sink(first, &rows)?;
                first = reader.next;
            }
        }
        Ok(())
    }
}

/// The header of the whole of some parts, which are sorted by their cells, and whether they leave nothing out: one plan and
/// version, no cell twice, and none missing unless `partial`.
fn together(parts: &[(&Path, &Header)], partial: bool) -> Result<(Header, bool), SweepError> {
    let Some(((first_path, first), others)) = parts.split_first() else {
        return Err(SweepError::Plan { key: "merge".into(), reason: "no files given".into() });
    };
    let mismatch = |path: &Path, reason| SweepError::Mismatch { path: path.into(), reason };
    for (path, header) in others {
        if let Some(reason) = first.differs(header) {
            return Err(mismatch(path, format!("{reason} (compared with {})", first_path.display())));
        }
    }
    let mut missing = Vec::new();
    let mut next = 0;
    let mut before = *first_path;
    for (path, header) in parts {
        let (from, to) = (header.first, header.end);
        if from < next {
            let reason = format!("its cells {from} to {to} overlap with those of {}", before.display());
            return Err(mismatch(path, reason));
        }
        if from > next {
            missing.push((next, from));
        }
        (next, before) = (to, path);
    }
    if next < first.cells {
        missing.push((next, first.cells));
    }
    if let Some((from, to)) = missing.first().filter(|_| !partial) {
        let reason = format!(
            "a shard is missing: nobody has the cells {from} to {to} of {}; --partial merges what there is",
            first.cells
        );
        return Err(mismatch(first_path, reason));
    }
    Ok((Header { first: 0, end: first.cells, ..(*first).clone() }, missing.is_empty()))
}

fn unfinished(path: &Path, done: &str) -> SweepError {
    let reason = format!(
        "it is unfinished or truncated: {done} are there; finish it with --resume, or --partial merges what there is"
    );
    SweepError::Damaged { path: path.into(), reason }
}

/// Puts the reductions of shards together, as [`Merge::open`] does with rows. All files are read before anything is added up.
///
/// # Errors
/// As [`Merge::open`] and [`Tally::read`].
pub fn merge_reductions(paths: &[PathBuf], partial: bool) -> Result<Tally, SweepError> {
    let mut parts = Vec::new();
    for path in paths {
        let tally = Tally::read(path)?;
        if !partial && !tally.complete() {
            return Err(unfinished(path, &format!("{} of its cells", tally.cells())));
        }
        parts.push((path.as_path(), tally.header));
    }
    parts.sort_by_key(|(_, header)| (header.first, header.end));
    let headers: Vec<(&Path, &Header)> = parts.iter().map(|(path, header)| (*path, header)).collect();
    let (header, _) = together(&headers, partial)?;
    let mut whole = Tally::new(&header.plan.resolve()?, &(0..header.cells))?;
    for path in paths {
        whole.merge(&Tally::read(path)?);
    }
    Ok(whole)
}
