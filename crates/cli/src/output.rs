//! What a command hands back, and where it goes: a record or a text to standard output, a file by extension.

use std::{
    ffi::OsString,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use anyhow::{bail, Context as _};
use dinlab_record::{real::Real, Provenance};
use dinlab_report::{json::pretty, npy, Table};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::session::Session;

/// File formats of `-o`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Table as CSV.
    Csv,
    /// The record as JSON.
    Json,
    /// Table as NumPy array.
    Npy,
    /// Table, names and plan as NumPy arrays (sweeps).
    Npz,
    /// Table and plan as Parquet.
    #[cfg(feature = "parquet")]
    Parquet,
    /// Rows of a sweep, to be merged.
    Sweep,
}

impl Format {
    /// What commands whose result is a table can fill.
    pub const ALL: &'static [Self] = &[
        Self::Csv,
        Self::Json,
        Self::Npy,
        #[cfg(feature = "parquet")]
        Self::Parquet,
    ];
    /// What commands can fill whose result is no table.
    pub const RECORD: &'static [Self] = &[Self::Json];
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Npy => "npy",
            Self::Npz => "npz",
            #[cfg(feature = "parquet")]
            Self::Parquet => "parquet",
            Self::Sweep => "sweep",
        })
    }
}

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Path.
    pub path: PathBuf,
    /// Format, from the extension.
    pub format: Format,
}

/// Parses the value of `-o`.
pub fn target(text: &str) -> Result<Target, String> {
    let path = PathBuf::from(text);
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    let format = match extension.as_deref() {
        Some("csv") => Format::Csv,
        Some("json") => Format::Json,
        Some("npy") => Format::Npy,
        Some("npz") => Format::Npz,
        Some("sweep") => Format::Sweep,
        #[cfg(feature = "parquet")]
        Some("parquet") => Format::Parquet,
        #[cfg(not(feature = "parquet"))]
        Some("parquet") => {
            let how = "build with `--features parquet` to have it, or use .csv, .json or .npy";
            return Err(format!("Parquet is not built in: {how}"));
        }
        _ => return Err("the extension decides the format: expected .csv, .json or .npy".into()),
    };
    Ok(Target { path, format })
}

/// The result of a command.
#[derive(Debug)]
pub struct Product {
    /// Name in the record's `schema`, which is `dinlab/NAME/1`.
    pub name: &'static str,
    /// The resolved plan.
    pub plan: Value,
    /// Fields of the record besides `schema`, `provenance` and `plan`.
    pub body: Map<String, Value>,
    /// Further fields of the record when it goes to a file (samples).
    pub samples: Map<String, Value>,
    /// The numbers as a table, for .csv and .npy.
    pub table: Option<Table>,
    /// What a person reads on the terminal.
    pub text: String,
}

impl Product {
    /// A result without samples and table.
    pub fn new(name: &'static str, plan: Value, body: Value, text: String) -> Self {
        let body = match body {
            Value::Object(map) => map,
            other => Map::from_iter([("content".to_owned(), other)]),
        };
        Self { name, plan, body, samples: Map::new(), table: None, text }
    }

    /// Adds the numbers of `-o FILE.csv` and `.npy`; they stand in `-o FILE.json` as `columns` and `rows`.
    #[must_use]
    pub fn with_table(mut self, table: Table) -> Self {
        self.table = Some(table);
        self
    }

    fn record(&self, session: &Session) -> Record<'_> {
        Record {
            schema: format!("dinlab/{}/1", self.name),
            provenance: session.provenance(),
            plan: &self.plan,
            body: &self.body,
            samples: None,
        }
    }
}

/// A record as it is written: what every record has comes first.
#[derive(Debug, Serialize)]
struct Record<'a> {
    schema: String,
    provenance: Provenance,
    plan: &'a Value,
    #[serde(flatten)]
    body: &'a Map<String, Value>,
    #[serde(flatten)]
    samples: Option<&'a Map<String, Value>>,
}

/// Writes the file of `-o` and then the record or the text to standard output.
pub fn emit(session: &Session, product: &Product) -> anyhow::Result<()> {
    let mut record = product.record(session);
    if let Some(target) = &session.common.output {
        let bytes = match (target.format, &product.table) {
            (Format::Json, _) => {
                record.samples = Some(&product.samples);
                pretty(&record).into_bytes()
            }
            (Format::Csv, Some(table)) => table.to_csv().into_bytes(),
            (Format::Npy, Some(table)) => npy(table),
            #[cfg(feature = "parquet")]
            (Format::Parquet, Some(table)) => dinlab_report::parquet(table, &product.plan.to_string())
                .with_context(|| format!("cannot write {}", target.path.display()))?,
            _ => bail!("{}: `{}` has no table: use -o FILE.json", target.path.display(), product.name),
        };
        dinlab_report::atomic::write(&target.path, &bytes)?;
    }
    if session.common.json {
        record.samples = None;
        stdout(&pretty(&record))
    } else if session.common.quiet {
        Ok(())
    } else {
        stdout(&product.text)
    }
}

/// A number in the JSON form of the contract.
pub fn number(x: f64) -> Value {
    x.to_json()
}

/// Numbers in the JSON form of the contract.
pub fn numbers(x: &[f64]) -> Value {
    x.iter().map(Real::to_json).collect()
}

/// Prints to standard output. A reader that went away (`dinlab list checks | head -1`) is no error.
pub fn stdout(text: &str) -> anyhow::Result<()> {
    let mut stream = std::io::stdout().lock();
    let newline = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let result = stream.write_all(text.as_bytes()).and_then(|()| stream.write_all(newline.as_bytes()));
    match result.and_then(|()| stream.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to standard output")
        }
        _ => Ok(()),
    }
}

/// Prints a line to standard error; where that fails there is nowhere left to complain.
pub fn stderr(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Fails unless files can be made in `folder`, which must exist.
pub fn check_writable(folder: &Path) -> anyhow::Result<()> {
    let folder = if folder == Path::new("") { Path::new(".") } else { folder };
    if !folder.exists() {
        bail!("the folder {} does not exist", folder.display());
    }
    if !folder.is_dir() {
        bail!("{} is not a folder", folder.display());
    }
    let mut name = OsString::from(".dinlab-probe-");
    name.push(std::process::id().to_string());
    let probe = folder.join(name);
    // A full disk lets an empty file be made, so one byte has to reach it.
    let result = std::fs::File::create_new(&probe).and_then(|mut file| {
        file.write_all(b"x")?;
        file.sync_all()
    });
    let _ = std::fs::remove_file(&probe);
    result.with_context(|| format!("cannot write into the folder {}", folder.display()))
}

/// Fails unless `file` can be written.
pub fn check_file(file: &Path) -> anyhow::Result<()> {
    if file.is_dir() {
        bail!("this is a folder, expected a file");
    }
    check_writable(file.parent().unwrap_or(Path::new(".")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_decides_the_format() {
        assert_eq!(target("a/b.CSV").unwrap().format, Format::Csv);
        assert_eq!(target("b.npy").unwrap().format, Format::Npy);
        #[cfg(not(feature = "parquet"))]
        assert!(target("b.parquet").unwrap_err().contains("--features parquet"));
        #[cfg(feature = "parquet")]
        assert_eq!(target("b.parquet").unwrap().format, Format::Parquet);
        for text in ["b", "b.txt", "", ".json"] {
            assert!(target(text).unwrap_err().contains(".csv, .json or .npy"), "{text}");
        }
    }

    #[test]
    fn folders_that_cannot_be_written_are_named() {
        let folder = tempfile::tempdir().unwrap();
        check_writable(folder.path()).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(check_writable(&file).unwrap_err().to_string().contains("is not a folder"));
        assert!(check_writable(&folder.path().join("no"))
            .unwrap_err()
            .to_string()
            .contains("does not exist"));
    }
}
