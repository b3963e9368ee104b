//! Files of rows (`.sweep`): what a checkpoint is while a sweep runs, what a shard hands over, and what `merge` reads.
//!
//! A header (plan, columns, range of cells) is followed by frames, each with the rows of one chunk, in the order of the
//! cells, and by an end mark once all cells of the range are there. Header and frames carry checksums (the first eight
//! bytes of SHA-256). Frames are only appended; a file whose writer was killed ends inside a frame, and what precedes
//! that frame is sound.

use std::{
    fs::{File, OpenOptions},
    io::{BufReader, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{error::SweepError, plan::Plan};

const MAGIC: &[u8; 12] = b"dinlab-rows\n";
/// Changes with the layout of the file.
const LAYOUT: u32 = 1;
const ROWS: u8 = 1;
const END: u8 = 2;
/// Longest header that is read: 16 MiB.
const HEADER_LIMIT: u32 = 1 << 24;
/// Most numbers in a frame that is read.
const FRAME_LIMIT: u64 = 1 << 28;
/// Rows reach the disk after so long at the latest.
pub(crate) const EVERY: Duration = Duration::from_secs(3);

/// What a file of rows is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the program; files of different versions do not mix.
    pub version: String,
    /// The plan.
    pub plan: Plan,
    /// Names of the numbers of a row.
    pub columns: Vec<String>,
    /// Cells of the whole plan.
    pub cells: u64,
    /// First cell of this file.
    pub first: u64,
    /// One past its last cell.
    pub end: u64,
}

impl Header {
    /// A header for the cells `first..end` of a plan.
    pub fn new(plan: &Plan, columns: Vec<String>, cells: u64, (first, end): (u64, u64)) -> Self {
        Self { version: env!("CARGO_PKG_VERSION").into(), plan: plan.clone(), columns, cells, first, end }
    }

    /// Why the files do not belong to one sweep; `None` if they do.
    pub fn differs(&self, other: &Self) -> Option<String> {
        if self.version != other.version {
            return Some(format!("written by version {}, not {}", other.version, self.version));
        }
        if self.plan != other.plan {
            return Some("it belongs to another plan".into());
        }
        (self.columns != other.columns || self.cells != other.cells)
            .then(|| "its columns or cells differ".into())
    }
}

pub(crate) fn failed<'a>(action: &'static str, path: &'a Path) -> impl Fn(std::io::Error) -> SweepError + 'a {
    move |reason| SweepError::File { action, path: path.into(), reason }
}

pub(crate) fn checksum(parts: &[&[u8]]) -> [u8; 8] {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    let full: [u8; 32] = hash.finalize().into();
    full.first_chunk().copied().unwrap_or_default()
}

/// A file of rows that is being written.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    file: BufWriter<File>,
    width: usize,
    /// Cell after the last one written.
    next: u64,
    end: u64,
    synced: Instant,
}

impl Writer {
    /// A new file in place of what was there.
    ///
    /// # Errors
    /// [`SweepError::File`]; also where another process is writing the same file.
    pub fn create(path: &Path, header: &Header) -> Result<Self, SweepError> {
        let options = OpenOptions::new().write(true).create(true).truncate(false).clone();
        let file = locked(path, &options)?;
        file.set_len(0).map_err(failed("write", path))?;
        let mut writer = Self {
            path: path.into(),
            file: BufWriter::with_capacity(1 << 20, file),
            width: header.columns.len(),
            next: header.first,
            end: header.end,
            synced: Instant::now(),
        };
        let text = serde_json::to_vec(header)
            .map_err(|error| SweepError::Plan { key: "plan".into(), reason: error.to_string() })?;
        let length = (text.len() as u32).to_le_bytes();
        let sum = checksum(&[&LAYOUT.to_le_bytes(), &length, &text]);
        writer.put(&[MAGIC, &LAYOUT.to_le_bytes(), &length, &text, &sum])?;
        writer.sync()?;
        Ok(writer)
    }

    /// Opens a file of an unfinished sweep to write on after its last whole frame; what a killed writer left of another
    /// frame is dropped.
    ///
    /// # Errors
    /// As [`Reader::open`]; [`SweepError::Mismatch`] where the file belongs to another plan, version or range.
    pub fn resume(path: &Path, header: &Header) -> Result<Self, SweepError> {
        let file = locked(path, OpenOptions::new().read(true).write(true))?;
        let mut reader = Reader::open(path)?;
        let mismatch = |reason: String| SweepError::Mismatch { path: path.into(), reason };
        if let Some(reason) = header.differs(&reader.header) {
            return Err(mismatch(format!(
                "this checkpoint cannot be resumed: {reason}; --fresh starts anew"
            )));
        }
        if (header.first, header.end) != (reader.header.first, reader.header.end) {
            let (first, end) = (reader.header.first, reader.header.end);
            return Err(mismatch(format!(
                "this checkpoint is of the cells {first} to {end}; --fresh starts anew"
            )));
        }
        while reader.next_rows()?.is_some() {}
        let (place, next) = (reader.sound, reader.next);
        file.set_len(place).map_err(failed("write", path))?;
        let mut file = BufWriter::with_capacity(1 << 20, file);
        file.seek(SeekFrom::Start(place)).map_err(failed("write", path))?;
        let width = header.columns.len();
        Ok(Self { path: path.into(), file, width, next, end: header.end, synced: Instant::now() })
    }

    /// Cell after the last one written.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Appends the rows of the next cells; every few seconds they are made to reach the disk.
    ///
    /// # Errors
    /// [`SweepError::File`], on a full disk for instance; whole frames before are sound.
    pub fn append(&mut self, rows: &[f64]) -> Result<(), SweepError> {
        let count = (rows.len() / self.width) as u64;
        let bytes: Vec<u8> = rows.iter().flat_map(|x| x.to_le_bytes()).collect();
        let head = [&[ROWS][..], &self.next.to_le_bytes(), &count.to_le_bytes()].concat();
        let sum = checksum(&[&head, &bytes]);
        self.put(&[&head, &bytes, &sum])?;
        self.next += count;
        if self.synced.elapsed() > EVERY {
            self.sync()?;
        }
        Ok(())
    }

    /// Puts the end mark, if all cells are there, and makes everything reach the disk.
    ///
    /// # Errors
    /// [`SweepError::File`].
    pub fn finish(mut self) -> Result<(), SweepError> {
        if self.next == self.end {
            let head = [&[END][..], &self.next.to_le_bytes(), &0_u64.to_le_bytes()].concat();
            let sum = checksum(&[&head]);
            self.put(&[&head, &sum])?;
        }
        self.sync()
    }

    fn put(&mut self, parts: &[&[u8]]) -> Result<(), SweepError> {
        parts.iter().try_for_each(|part| self.file.write_all(part)).map_err(failed("write", &self.path))
    }

    fn sync(&mut self) -> Result<(), SweepError> {
        self.file.flush().map_err(failed("write", &self.path))?;
        self.file.get_ref().sync_data().map_err(failed("write", &self.path))?;
        self.synced = Instant::now();
        Ok(())
    }
}

pub(crate) fn locked(path: &Path, options: &OpenOptions) -> Result<File, SweepError> {
    let file = options.open(path).map_err(failed("open", path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(SweepError::File {
            action: "write",
            path: path.into(),
            reason: std::io::Error::new(ErrorKind::ResourceBusy, "another process is writing it"),
        }),
        // A file system without locks: then nobody else can be noticed.
        Err(std::fs::TryLockError::Error(_)) => Ok(file),
    }
}

/// A file of rows that is being read.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    file: BufReader<File>,
    /// What the file is about.
    pub header: Header,
    /// Cell after the last one read.
    pub next: u64,
    /// Bytes up to the end of the last whole frame of rows.
    sound: u64,
    /// Whether the end mark was read.
    pub complete: bool,
}

impl Reader {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// [`SweepError::File`], [`SweepError::Damaged`].
    pub fn open(path: &Path) -> Result<Self, SweepError> {
        let file = File::open(path).map_err(failed("open", path))?;
        let mut file = BufReader::with_capacity(1 << 20, file);
        let damaged = |reason: &str| SweepError::Damaged { path: path.into(), reason: reason.into() };
        let short = || damaged("the file ends inside its header: it is truncated");
        let mut magic = [0; 12];
        let found = fill(&mut file, &mut magic).map_err(failed("read", path))?;
        if magic != *MAGIC {
            return Err(match found {
                0 => damaged("the file is empty"),
                _ => damaged(
                    "this is no file of rows: expected a .sweep file or a checkpoint of `dinlab sweep`",
                ),
            });
        }
        let mut numbers = [0; 8];
        if fill(&mut file, &mut numbers).map_err(failed("read", path))? < 8 {
            return Err(short());
        }
        let number =
            |i: usize| u32::from_le_bytes([numbers[i], numbers[i + 1], numbers[i + 2], numbers[i + 3]]);
        let (layout, length) = (number(0), number(4));
        if layout != LAYOUT {
            return Err(damaged(&format!("layout {layout} of another version, expected {LAYOUT}")));
        }
        if length > HEADER_LIMIT {
            return Err(damaged("the header is corrupted (its length)"));
        }
        let mut text = vec![0; length as usize];
        let mut sum = [0; 8];
        for part in [&mut text[..], &mut sum[..]] {
            if fill(&mut file, part).map_err(failed("read", path))? < part.len() {
                return Err(short());
            }
        }
        if sum != checksum(&[&numbers, &text]) {
            return Err(damaged("the header is corrupted: its checksum does not fit"));
        }
        let header: Header = serde_json::from_slice(&text)
            .map_err(|error| damaged(&format!("the header is of another version: {error}")))?;
        if header.columns.is_empty() || header.first > header.end {
            return Err(damaged("the header is of another version"));
        }
        let (next, sound) = (header.first, 12 + 8 + u64::from(length) + 8);
        Ok(Self { path: path.into(), file, header, next, sound, complete: false })
    }

    /// The rows of the next frame; `None` at the end mark, or where the file ends (then [`Reader::complete`] is false),
    /// be it inside a frame that its writer did not finish.
    ///
    /// # Errors
    /// [`SweepError::Damaged`] where a checksum or the order of cells does not fit.
    pub fn next_rows(&mut self) -> Result<Option<Vec<f64>>, SweepError> {
        let place = self.sound;
        let damaged = |path: &Path, what: &str| SweepError::Damaged {
            path: path.into(),
            reason: format!("corrupted at byte {place}: {what}"),
        };
        let mut head = [0; 17];
        if self.fill(&mut head)? < head.len() {
            return Ok(None);
        }
        let number = |i: usize| u64::from_le_bytes(head[i..i + 8].first_chunk().copied().unwrap_or_default());
        let (first, count) = (number(1), number(9));
        let width = self.header.columns.len() as u64;
        let expected = match head[0] {
            ROWS => count.checked_mul(width).filter(|n| *n <= FRAME_LIMIT),
            END => Some(0),
            _ => None,
        };
        let Some(numbers) = expected else { return Err(damaged(&self.path, "no frame begins here")) };
        let mut bytes = vec![0; 8 * numbers as usize];
        let mut sum = [0; 8];
        if self.fill(&mut bytes)? < bytes.len() || self.fill(&mut sum)? < sum.len() {
            return Ok(None);
        }
        if sum != checksum(&[&head, &bytes]) {
            return Err(damaged(&self.path, "the checksum does not fit"));
        }
        if first != self.next || first.checked_add(count).is_none_or(|end| end > self.header.end) {
            return Err(damaged(&self.path, "the cells are out of order"));
        }
        if head[0] == END {
            self.complete = self.next == self.header.end;
            return match self.complete {
                true => Ok(None),
                false => Err(damaged(&self.path, "the end mark comes too early")),
            };
        }
        self.next += count;
        self.sound += (head.len() + bytes.len() + sum.len()) as u64;
        let number = |b: &[u8]| f64::from_le_bytes(b.first_chunk().copied().unwrap_or_default());
        Ok(Some(bytes.chunks_exact(8).map(number).collect()))
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<usize, SweepError> {
        fill(&mut self.file, bytes).map_err(failed("read", &self.path))
    }
}

/// Reads as many bytes as there are, up to the length of `bytes`.
pub(crate) fn fill(file: &mut impl Read, bytes: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
