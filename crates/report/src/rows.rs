//! Tables too long for memory, written row by row: CSV, JSON, NumPy's `.npy` and `.npz`, Parquet behind a feature, each with the
//! plan that made them.
//! The file is there whole or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufWriter, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use crate::{number, ReportError};

/// Formats of long tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowFormat {
    /// A comment line `# plan: {…}`, a header, one line per row.
    Csv,
    /// A record with `plan`, `columns` and `rows`.
    Json,
    /// Doubles in two dimensions; the plan stands behind them, where readers of arrays do not look.
    Npy,
    /// The arrays `rows`, `columns` (names) and `plan` (text).
    Npz,
    /// Columns of doubles, codes as texts; the plan is metadata of the file.
    #[cfg(feature = "parquet")]
    Parquet,
}

/// What a long table is about.
#[derive(Debug, Clone)]
pub struct RowHeader {
    /// Name in the record's `schema`, as `dinlab/NAME/1`.
    pub name: &'static str,
    /// The plan as JSON.
    pub plan: String,
    /// Column names.
    pub columns: Vec<String>,
    /// Number of rows that will be written.
    pub rows: u64,
    /// A column of codes and the name of each code, which CSV and Parquet show in place of the number.
    pub codes: Option<(usize, Vec<String>)>,
}

/// A long table being written.
#[derive(Debug)]
pub struct RowWriter {
    path: PathBuf,
    hidden: PathBuf,
    file: BufWriter<File>,
    format: RowFormat,
    header: RowHeader,
    written: u64,
    archive: Option<Archive>,
    #[cfg(feature = "parquet")]
    columns: Option<crate::parquet::ParquetRows<File>>,
}

impl Drop for RowWriter {
    fn drop(&mut self) {
        // Gone after a successful end; otherwise the remains of a table that was not finished.
        let _ = fs::remove_file(&self.hidden);
    }
}

impl RowWriter {
    /// Begins a table; `path` is touched at the end only.
    ///
    /// # Errors
    /// [`ReportError::Write`], [`ReportError::NoFileName`].
    pub fn create(path: &Path, format: RowFormat, header: RowHeader) -> Result<Self, ReportError> {
        let Some(name) = path.file_name() else { return Err(ReportError::NoFileName { path: path.into() }) };
        let hidden = path.with_file_name(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id()));
        let failed = |reason| ReportError::Write { path: path.into(), reason };
        let file =
            OpenOptions::new().write(true).create(true).truncate(true).open(&hidden).map_err(failed)?;
        let file = BufWriter::with_capacity(1 << 20, file);
        let mut writer = Self {
            path: path.into(),
            hidden,
            file,
            format,
            header,
            written: 0,
            archive: None,
            #[cfg(feature = "parquet")]
            columns: None,
        };
        writer.begin().map_err(failed)?;
        Ok(writer)
    }

    /// Writes whole rows, one after the other.
    ///
    /// # Errors
    /// [`ReportError::Write`].
    pub fn write(&mut self, rows: &[f64]) -> Result<(), ReportError> {
        self.put(rows).map_err(|reason| ReportError::Write { path: self.path.clone(), reason })
    }

    /// Ends the table and puts it in its place.
    ///
    /// # Errors
    /// [`ReportError::Write`].
    pub fn finish(mut self) -> Result<(), ReportError> {
        self.end().map_err(|reason| ReportError::Write { path: self.path.clone(), reason })
    }

    fn begin(&mut self) -> std::io::Result<()> {
        let RowHeader { name, plan, columns, rows, .. } = &self.header;
        match self.format {
            RowFormat::Csv => {
                let names: Vec<String> = columns.iter().map(|name| crate::table::cell(name)).collect();
                writeln!(self.file, "# plan: {plan}\n{}", names.join(","))
            }
            RowFormat::Json => {
                let names = serde_json::to_string(columns)?;
                write!(
                    self.file,
                    "{{\"schema\":\"dinlab/{name}/1\",\n\"provenance\":{{\"version\":\"{}\"}},\n\"plan\":{plan},\n\
                     \"columns\":{names},\n",
                    env!("CARGO_PKG_VERSION")
                )?;
                if let Some((column, codes)) = &self.header.codes {
                    let codes = serde_json::to_string(codes)?;
                    writeln!(
                        self.file,
                        "\"codes\":{{{}:{codes}}},",
                        serde_json::to_string(&columns[*column])?
                    )?;
                }
                self.file.write_all(b"\"rows\":[")
            }
            RowFormat::Npy => {
                let head = array_header("<f8", &[*rows, columns.len() as u64]);
                self.file.write_all(&head)
            }
            RowFormat::Npz => {
                let mut archive = Archive::default();
                archive.whole(&mut self.file, "plan.npy", &text_array(std::slice::from_ref(plan), true))?;
                archive.whole(&mut self.file, "columns.npy", &text_array(columns, false))?;
                let head = array_header("<f8", &[*rows, columns.len() as u64]);
                let length = head.len() as u64 + 8 * rows * columns.len() as u64;
                archive.open(&mut self.file, "rows.npy", length)?;
                archive.add(&mut self.file, &head)?;
                self.archive = Some(archive);
                Ok(())
            }
            #[cfg(feature = "parquet")]
            RowFormat::Parquet => {
                // Another handle of the same file: `file` itself stays unused, and is the one that is synchronised.
                let sink = self.file.get_ref().try_clone()?;
                self.columns = Some(crate::parquet::ParquetRows::begin(sink, &self.header)?);
                Ok(())
            }
        }
    }

    fn put(&mut self, rows: &[f64]) -> std::io::Result<()> {
        match self.format {
            RowFormat::Npy => rows.iter().try_for_each(|x| self.file.write_all(&x.to_le_bytes()))?,
            RowFormat::Npz => {
                let bytes: Vec<u8> = rows.iter().flat_map(|x| x.to_le_bytes()).collect();
                if let Some(archive) = &mut self.archive {
                    archive.add(&mut self.file, &bytes)?;
                }
            }
            #[cfg(feature = "parquet")]
            RowFormat::Parquet => {
                if let Some(columns) = &mut self.columns {
                    columns.put(rows)?;
                }
            }
            RowFormat::Csv => {
                for row in rows.chunks(self.header.columns.len()) {
                    for (i, x) in row.iter().enumerate() {
                        if i > 0 {
                            self.file.write_all(b",")?;
                        }
                        let name = self.header.codes.as_ref().filter(|(column, _)| *column == i);
                        match name.and_then(|(_, names)| crate::table::named(*x, names)) {
                            Some(name) => self.file.write_all(name.as_bytes())?,
                            None => self.file.write_all(number::exact(*x).as_bytes())?,
                        }
                    }
                    self.file.write_all(b"\n")?;
                }
            }
            RowFormat::Json => {
                for (i, row) in rows.chunks(self.header.columns.len()).enumerate() {
                    let first = self.written == 0 && i == 0;
                    self.file.write_all(if first { b"\n[" } else { b",\n[" })?;
                    for (j, x) in row.iter().enumerate() {
                        let text = number::exact(*x);
                        let comma = if j > 0 { "," } else { "" };
                        match x.is_finite() {
                            true => write!(self.file, "{comma}{text}")?,
                            false => write!(self.file, "{comma}\"{text}\"")?,
                        }
                    }
                    self.file.write_all(b"]")?;
                }
            }
        }
        self.written += (rows.len() / self.header.columns.len()) as u64;
        Ok(())
    }

    fn end(&mut self) -> std::io::Result<()> {
        if self.written != self.header.rows {
            // The shape was announced: a caller's mistake must not become a file that cannot be read.
            return Err(std::io::Error::other(format!("{} rows of {}", self.written, self.header.rows)));
        }
        match self.format {
            RowFormat::Csv => {}
            RowFormat::Json => self.file.write_all(b"\n]}\n")?,
            RowFormat::Npy => writeln!(self.file, "\n# plan: {}", self.header.plan)?,
            RowFormat::Npz => {
                if let Some(archive) = self.archive.take() {
                    archive.close(&mut self.file)?;
                }
            }
            #[cfg(feature = "parquet")]
            RowFormat::Parquet => {
                if let Some(columns) = self.columns.take() {
                    columns.end()?;
                }
            }
        }
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        fs::rename(&self.hidden, &self.path)
    }
}

/// Header of a `.npy` file, version 1.0 (NEP 1).
fn array_header(kind: &str, shape: &[u64]) -> Vec<u8> {
    let sizes: Vec<String> = shape.iter().map(|n| format!("{n},")).collect();
    let mut text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({}), }}", sizes.concat());
    let unpadded = 10 + text.len() + 1;
    text.extend(std::iter::repeat_n(' ', unpadded.next_multiple_of(64) - unpadded));
    text.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes
}

/// Texts as a `.npy` array of UTF-32 strings, padded with zeros; without dimensions if `scalar`.
fn text_array(texts: &[String], scalar: bool) -> Vec<u8> {
    let longest = texts.iter().map(|text| text.chars().count()).max().unwrap_or(0).max(1);
    let shape: &[u64] = if scalar { &[] } else { &[texts.len() as u64] };
    let mut bytes = array_header(&format!("<U{longest}"), shape);
    for text in texts {
        let padded = text.chars().map(u32::from).chain(std::iter::repeat(0)).take(longest);
        padded.for_each(|c| bytes.extend(c.to_le_bytes()));
    }
    bytes
}

/// A zip archive without compression (APPNOTE.TXT 6.3.10 of PKWARE), with 64-bit sizes throughout.
#[derive(Debug, Default)]
struct Archive {
    /// Name, place of the header, length, checksum.
    entries: Vec<(String, u64, u64, u32)>,
    sum: crc32fast::Hasher,
}

/// 1980-01-01, so that the same table has the same bytes.
const TIME_DATE: [u8; 4] = [0, 0, 0x21, 0];

impl Archive {
    fn whole(&mut self, file: &mut BufWriter<File>, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        self.open(file, name, bytes.len() as u64)?;
        self.add(file, bytes)?;
        self.shut(file)
    }

    /// Begins an entry of known length; its checksum is filled in at its end.
    fn open(&mut self, file: &mut BufWriter<File>, name: &str, length: u64) -> std::io::Result<()> {
        let place = file.stream_position()?;
        self.sum = crc32fast::Hasher::new();
        self.entries.push((name.into(), place, length, 0));
        file.write_all(b"PK\x03\x04\x2d\x00\x00\x00\x00\x00")?;
        file.write_all(&TIME_DATE)?;
        file.write_all(&[0; 4])?;
        file.write_all(&[0xff; 8])?;
        file.write_all(&(name.len() as u16).to_le_bytes())?;
        file.write_all(&20_u16.to_le_bytes())?;
        file.write_all(name.as_bytes())?;
        file.write_all(&[1, 0, 16, 0])?;
        file.write_all(&length.to_le_bytes())?;
        file.write_all(&length.to_le_bytes())
    }

    fn add(&mut self, file: &mut BufWriter<File>, bytes: &[u8]) -> std::io::Result<()> {
        self.sum.update(bytes);
        file.write_all(bytes)
    }

    fn shut(&mut self, file: &mut BufWriter<File>) -> std::io::Result<()> {
        let sum = std::mem::take(&mut self.sum).finalize();
        if let Some(entry) = self.entries.last_mut() {
            entry.3 = sum;
            file.seek(SeekFrom::Start(entry.1 + 14))?;
            file.write_all(&sum.to_le_bytes())?;
            file.seek(SeekFrom::End(0))?;
        }
        Ok(())
    }

    fn close(mut self, file: &mut BufWriter<File>) -> std::io::Result<()> {
        self.shut(file)?;
        let directory = file.stream_position()?;
        for (name, place, length, sum) in &self.entries {
            file.write_all(b"PK\x01\x02\x2d\x00\x2d\x00\x00\x00\x00\x00")?;
            file.write_all(&TIME_DATE)?;
            file.write_all(&sum.to_le_bytes())?;
            file.write_all(&[0xff; 8])?;
            file.write_all(&(name.len() as u16).to_le_bytes())?;
            file.write_all(&28_u16.to_le_bytes())?;
            // Comment, disk, attributes: none. The place is in the extra field.
            file.write_all(&[0; 10])?;
            file.write_all(&[0xff; 4])?;
            file.write_all(name.as_bytes())?;
            file.write_all(&[1, 0, 24, 0])?;
            for value in [length, length, place] {
                file.write_all(&value.to_le_bytes())?;
            }
        }
        let end = file.stream_position()?;
        let count = self.entries.len() as u64;
        file.write_all(b"PK\x06\x06")?;
        file.write_all(&44_u64.to_le_bytes())?;
        file.write_all(&[0x2d, 0, 0x2d, 0])?;
        file.write_all(&[0; 8])?;
        for value in [count, count, end - directory, directory] {
            file.write_all(&value.to_le_bytes())?;
        }
        file.write_all(b"PK\x06\x07\x00\x00\x00\x00")?;
        file.write_all(&end.to_le_bytes())?;
        file.write_all(&1_u32.to_le_bytes())?;
        file.write_all(b"PK\x05\x06\x00\x00\x00\x00")?;
        file.write_all(&[0xff; 12])?;
        file.write_all(&[0; 2])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: RowFormat, name: &str) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let header = RowHeader {
            name: "sweep",
            plan: r#"{"objective":"valley"}"#.into(),
            columns: vec!["alpha".into(), "status".into()],
            rows: 3,
            codes: Some((1, ["reached-end", "converged"].map(String::from).to_vec())),
        };
        let mut writer = RowWriter::create(&path, format, header).unwrap();
        writer.write(&[0.5, 0.0, f64::NAN, 1.0]).unwrap();
        assert!(!path.exists());
        writer.write(&[f64::INFINITY, 0.0]).unwrap();
        writer.finish().unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        fs::read(&path).unwrap()
    }

    #[test]
    fn text_formats_hold_rows_and_plan() {
        let csv = String::from_utf8(written(RowFormat::Csv, "a.csv")).unwrap();
        assert_eq!(
            csv,
            "# plan: {\"objective\":\"valley\"}\nalpha,status\n0.5,reached-end\nnan,converged\ninf,reached-end\n"
        );
        let json: serde_json::Value = serde_json::from_slice(&written(RowFormat::Json, "a.json")).unwrap();
        assert_eq!(json["rows"], serde_json::json!([[0.5, 0], ["nan", 1], ["inf", 0]]));
        assert_eq!(json["plan"]["objective"], "valley");
    }

    #[test]
    fn arrays_begin_as_the_format_says() {
        let npy = written(RowFormat::Npy, "a.npy");
        assert_eq!(&npy[..8], b"\x93NUMPY\x01\x00");
        assert!(String::from_utf8_lossy(&npy).contains("'shape': (3,2,)"));
        let npz = written(RowFormat::Npz, "a.npz");
        assert!(npz.starts_with(b"PK\x03\x04") && npz[npz.len() - 22..].starts_with(b"PK\x05\x06"));
    }

    #[test]
    fn a_table_with_the_wrong_number_of_rows_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let columns = vec!["x".into()];
        let header = RowHeader { name: "sweep", plan: "{}".into(), columns, rows: 2, codes: None };
        let mut writer = RowWriter::create(&path, RowFormat::Csv, header).unwrap();
        writer.write(&[1.0]).unwrap();
        assert!(matches!(writer.finish(), Err(ReportError::Write { .. })));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
