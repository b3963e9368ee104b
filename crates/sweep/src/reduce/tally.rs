//! A reduction that knows which cells it holds, and its file: a checkpoint while the sweep runs, a shard afterwards.
//!
//! The file (`.sweep`, as that of rows) has a header with the plan and a body with the cells that are in and the numbers, and ends
//! with a checksum (the first eight bytes of SHA-256 of all before). It is replaced as a whole.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::Write as _,
    ops::Range,
    path::{Path, PathBuf},
};

use super::{
    bytes::{Bytes, Cursor},
    Reduction,
};
use crate::{
    error::SweepError,
    plan::Resolved,
    store::{checksum, failed, fill, locked, Header},
};

const MAGIC: &[u8; 12] = b"dinlab-sums\n";
/// Changes with the layout of the file.
const LAYOUT: u32 = 1;

/// A reduction and the cells that are in it.
#[derive(Debug, Clone)]
pub struct Tally {
    /// Plan, columns and range of cells.
    pub header: Header,
    /// What the rows have been reduced to.
    pub reduction: Reduction,
    /// Cells that are in, as ranges (first, end) that do not touch.
    done: BTreeMap<u64, u64>,
}

impl Tally {
    /// Of no cells of this range yet.
    ///
    /// # Errors
    /// As [`Reduction::new`].
    pub fn new(resolved: &Resolved, cells: &Range<u64>) -> Result<Self, SweepError> {
        let header = resolved.header(cells);
        let reduction = Reduction::new(header.columns.clone(), &resolved.grid, &resolved.reduce)?;
        Ok(Self { header, reduction, done: BTreeMap::new() })
    }

    /// Adds the rows of consecutive cells that are not in yet.
    pub fn add(&mut self, first: u64, rows: &[f64]) {
        self.reduction.add(first, rows);
        self.note(first, first + (rows.len() / self.header.columns.len()) as u64);
    }

    fn note(&mut self, mut first: u64, mut end: u64) {
        if let Some((&before, &touching)) = self.done.range(..=first).next_back() {
            if touching == first {
                first = before;
            }
        }
        if let Some(after) = self.done.remove(&end) {
            end = after;
        }
        if first < end {
            self.done.insert(first, end);
        }
    }

    /// The first cells at or after `from` that are not in; `None` where all are.
    pub fn gap(&self, from: u64) -> Option<Range<u64>> {
        let mut first = from;
        if let Some((_, &end)) = self.done.range(..=from).next_back() {
            first = if end > first { end } else { first };
        }
        let end = self.done.range(first..).next().map_or(self.header.end, |(&next, _)| next);
        (first < end).then_some(first..end)
    }

    /// Number of cells that are in.
    pub fn cells(&self) -> u64 {
        self.done.iter().map(|(first, end)| end - first).sum()
    }

    /// Whether all cells of the range are in.
    pub fn complete(&self) -> bool {
        self.gap(self.header.first).is_none()
    }

    /// Adds other cells of the same plan: shards.
    pub fn merge(&mut self, other: &Self) {
        self.reduction.merge(&other.reduction);
        other.done.iter().for_each(|(first, end)| self.note(*first, *end));
    }

    /// Whether a file holds a tally, and not rows.
    ///
    /// # Errors
    /// [`SweepError::File`].
    pub fn is_in(path: &Path) -> Result<bool, SweepError> {
        let mut file = File::open(path).map_err(failed("open", path))?;
        let mut magic = [0; 12];
        fill(&mut file, &mut magic).map_err(failed("read", path))?;
        Ok(magic == *MAGIC)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`SweepError::File`], [`SweepError::Damaged`].
    pub fn read(path: &Path) -> Result<Self, SweepError> {
        let bytes = fs::read(path).map_err(failed("read", path))?;
        let damaged = |reason: &str| SweepError::Damaged { path: path.into(), reason: reason.into() };
        let Some((all, sum)) = bytes.split_last_chunk::<8>() else {
            return Err(damaged("the file is truncated"));
        };
        if checksum(&[all]) != *sum {
            return Err(damaged("the file is truncated or corrupted: its checksum does not fit"));
        }
        let another = || damaged("it is of another version");
        let rest = all.strip_prefix(MAGIC).ok_or_else(|| damaged("this is no file of reductions"))?;
        let (layout, rest) = rest.split_first_chunk().ok_or_else(another)?;
        let (length, rest) = rest.split_first_chunk().ok_or_else(another)?;
        if u32::from_le_bytes(*layout) != LAYOUT {
            return Err(another());
        }
        let (text, body) = rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(another)?;
        let header: Header = serde_json::from_slice(text).map_err(|_| another())?;
        if header.version != env!("CARGO_PKG_VERSION") {
            let reason = format!("written by version {}, not {}", header.version, env!("CARGO_PKG_VERSION"));
            return Err(SweepError::Mismatch { path: path.into(), reason });
        }
        let mut tally = Self::new(&header.plan.resolve()?, &(header.first..header.end))?;
        if tally.header != header {
            return Err(another());
        }
        tally.take(&mut Cursor(body)).ok_or_else(another)?;
        Ok(tally)
    }

    fn take(&mut self, from: &mut Cursor<'_>) -> Option<()> {
        for _ in 0..from.whole()? {
            let (first, end) = (from.whole()?, from.whole()?);
            self.done.insert(first, end);
        }
        self.reduction.take(from)?;
        from.0.is_empty().then_some(())
    }

    fn bytes(&self) -> Result<Vec<u8>, SweepError> {
        let text = serde_json::to_vec(&self.header)
            .map_err(|error| SweepError::Plan { key: "plan".into(), reason: error.to_string() })?;
        let mut to = Bytes(MAGIC.to_vec());
        to.0.extend(LAYOUT.to_le_bytes());
        to.0.extend((text.len() as u32).to_le_bytes());
        to.0.extend(text);
        to.whole(self.done.len() as u64);
        self.done.iter().for_each(|(first, end)| to.wholes(&[*first, *end]));
        self.reduction.put(&mut to);
        let sum = checksum(&[&to.0]);
        to.0.extend(sum);
        Ok(to.0)
    }

    /// Writes a file in place of what was there.
    ///
    /// # Errors
    /// [`SweepError::File`], on a full disk for instance: then the old file is still there.
    pub fn write(&self, path: &Path) -> Result<(), SweepError> {
        Keeper { path: path.into(), held: None }.save(self)
    }
}

/// Keeps a tally in a file that no other process writes meanwhile.
#[derive(Debug)]
pub(crate) struct Keeper {
    path: PathBuf,
    /// The file that is there now, locked.
    held: Option<File>,
}

impl Keeper {
    /// A tally to go on with, from the file if it is there and `resume` is set, and the keeper of the file, which is there
    /// afterwards.
    pub(crate) fn open(
        path: &Path,
        resolved: &Resolved,
        cells: &Range<u64>,
        resume: bool,
    ) -> Result<(Self, Tally), SweepError> {
        let mut tally = Tally::new(resolved, cells)?;
        let held = match path.exists() {
            true => Some(locked(path, OpenOptions::new().read(true).write(true))?),
            false => None,
        };
        if held.is_some() && resume {
            let mismatch = |reason: String| SweepError::Mismatch { path: path.into(), reason };
            if !Tally::is_in(path)? {
                return Err(mismatch("no checkpoint of a sweep with reductions; --fresh starts anew".into()));
            }
            let found = Tally::read(path)?;
            if let Some(reason) = tally.header.differs(&found.header) {
                return Err(mismatch(format!(
                    "this checkpoint cannot be resumed: {reason}; --fresh starts anew"
                )));
            }
            let (first, end) = (found.header.first, found.header.end);
            if (first, end) != (cells.start, cells.end) {
                return Err(mismatch(format!(
                    "this checkpoint is of the cells {first} to {end}; --fresh starts anew"
                )));
            }
            tally = found;
        }
        let mut keeper = Self { path: path.into(), held };
        keeper.save(&tally)?;
        Ok((keeper, tally))
    }

    /// Replaces the file by one with this tally. Where that fails the old one is still there.
    ///
    /// # Errors
    /// [`SweepError::File`], on a full disk for instance.
    pub(crate) fn save(&mut self, tally: &Tally) -> Result<(), SweepError> {
        let mut name = self.path.clone().into_os_string();
        name.push(".part");
        let part = PathBuf::from(name);
        let written = self.replace(&part, &tally.bytes()?);
        if written.is_err() {
            // The error of the write is on its way already.
            let _ = fs::remove_file(&part);
        }
        self.held = Some(written?);
        Ok(())
    }

    fn replace(&self, part: &Path, bytes: &[u8]) -> Result<File, SweepError> {
        let failed = failed("write", &self.path);
        let mut file = locked(part, OpenOptions::new().write(true).create(true).truncate(true))?;
        file.write_all(bytes).map_err(&failed)?;
        file.sync_all().map_err(&failed)?;
        fs::rename(part, &self.path).map_err(&failed)?;
        Ok(file)
    }
}
