//! Tables as CSV: [`Table`] holds numbers, [`Sheet`] the cells of a file as they were written, so that a text
//! column harms only those who ask for it. Lines starting with `#` are comments.

use std::path::Path;

use crate::{number, ReportError};

/// Numbers under named columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Column names.
    pub columns: Vec<String>,
    /// Rows, each as long as `columns`.
    pub rows: Vec<Vec<f64>>,
    /// A column of codes and the name of each code, which CSV and Parquet show in place of the number.
    pub codes: Option<(usize, Vec<String>)>,
    /// Lines before the header of CSV, which readers of tables skip.
    pub comments: Vec<String>,
}

impl Table {
    /// A table from names and rows.
    pub fn new(columns: Vec<String>, rows: Vec<Vec<f64>>) -> Self {
        Self { columns, rows, codes: None, comments: Vec::new() }
    }

    /// CSV text: a header, then one line per row; floats round-trip, non-finite ones are `inf`, `-inf`, `nan`.
    pub fn to_csv(&self) -> String {
        let header: Vec<String> = self.columns.iter().map(|name| cell(name)).collect();
        let mut out: String = self.comments.iter().map(|line| format!("# {line}\n")).collect();
        out += &header.join(",");
        out.push('\n');
        for row in &self.rows {
            let text = |(i, x): (usize, &f64)| match &self.codes {
                Some((column, names)) if *column == i => {
                    named(*x, names).map_or_else(|| number::exact(*x), |name| cell(name))
                }
                _ => number::exact(*x),
            };
            let line: Vec<String> = row.iter().enumerate().map(text).collect();
            out += &line.join(",");
            out.push('\n');
        }
        out
    }
}

/// The name of a code; `None` for a number that is none.
pub(crate) fn named(code: f64, names: &[String]) -> Option<&String> {
    // NaN becomes 0, and equals nothing.
    names.get(code as usize).filter(|_| code as usize as f64 == code)
}

/// Text as a CSV cell, quoted where it must be.
pub(crate) fn cell(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r', '#']) || text.trim() != text {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// The cells of a CSV file under its header.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// File or other origin, for messages.
    pub origin: String,
    /// Column names.
    pub columns: Vec<String>,
    /// Line number and cells of each row, as many as columns.
    rows: Vec<(u64, Vec<String>)>,
}

impl Sheet {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ReportError::Read`], and those of [`Sheet::parse`].
    pub fn read(path: &Path) -> Result<Self, ReportError> {
        let bytes = std::fs::read(path).map_err(|reason| ReportError::Read { path: path.into(), reason })?;
        Self::parse(&bytes, &path.display().to_string())
    }

    /// Reads CSV text; `origin` is named in messages.
    ///
    /// # Errors
    /// `EmptyTable`, `NoHeader`, `DuplicateColumn`, `RaggedRow`, `NoRows`, `Malformed` of [`ReportError`].
    pub fn parse(text: &[u8], origin: &str) -> Result<Self, ReportError> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .comment(Some(b'#'))
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text);
        let mut records = reader.records();
        let mut next = || -> Result<Option<(u64, Vec<String>)>, ReportError> {
            let Some(record) = records.next() else { return Ok(None) };
            let record = record.map_err(|error| malformed(origin, &error))?;
            let line = record.position().map_or(0, csv::Position::line);
            Ok(Some((line, record.iter().map(str::to_owned).collect())))
        };
        let Some((line, columns)) = next()? else {
            return Err(ReportError::EmptyTable { origin: origin.into() });
        };
        check_header(&columns, line, origin)?;
        let mut rows = Vec::new();
        while let Some((line, cells)) = next()? {
            if cells.len() != columns.len() {
                let (found, expected) = (cells.len(), columns.len());
                return Err(ReportError::RaggedRow { origin: origin.into(), line, found, expected });
            }
            rows.push((line, cells));
        }
        if rows.is_empty() {
            return Err(ReportError::NoRows { origin: origin.into() });
        }
        Ok(Self { origin: origin.into(), columns, rows })
    }

    /// The numbers of one column.
    ///
    /// # Errors
    /// [`ReportError::MissingColumn`] with the nearest name, [`ReportError::TextCell`] with the line.
    pub fn column(&self, name: &str) -> Result<Vec<f64>, ReportError> {
        let at = self.columns.iter().position(|column| column == name).ok_or_else(|| self.missing(name))?;
        self.rows.iter().map(|(line, cells)| self.number(*line, at, &cells[at])).collect()
    }

    /// All columns as numbers.
    ///
    /// # Errors
    /// [`ReportError::TextCell`] for the first cell that is no number.
    pub fn table(&self) -> Result<Table, ReportError> {
        let row = |(line, cells): &(u64, Vec<String>)| {
            cells.iter().enumerate().map(|(at, text)| self.number(*line, at, text)).collect()
        };
        Ok(Table::new(self.columns.clone(), self.rows.iter().map(row).collect::<Result<_, _>>()?))
    }

    fn number(&self, line: u64, at: usize, text: &str) -> Result<f64, ReportError> {
        text.parse().map_err(|_| ReportError::TextCell {
            origin: self.origin.clone(),
            line,
            column: self.columns[at].clone(),
            // The start is enough, so that a message stays one line.
            found: number::shorten(text, 40),
        })
    }

    fn missing(&self, name: &str) -> ReportError {
        let similarity = |column: &String| strsim::jaro_winkler(&column.to_lowercase(), &name.to_lowercase());
        let nearest = self.columns.iter().max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
        ReportError::MissingColumn {
            origin: self.origin.clone(),
            column: name.into(),
            suggestion: nearest.filter(|column| similarity(column) > 0.6).cloned(),
            available: self.columns.clone(),
        }
    }
}

fn check_header(columns: &[String], line: u64, origin: &str) -> Result<(), ReportError> {
    if columns.iter().all(|name| name.parse::<f64>().is_ok()) {
        return Err(ReportError::NoHeader { origin: origin.into(), line });
    }
    for (i, name) in columns.iter().enumerate() {
        if columns[..i].contains(name) {
            return Err(ReportError::DuplicateColumn { origin: origin.into(), column: name.clone() });
        }
    }
    Ok(())
}

fn malformed(origin: &str, error: &csv::Error) -> ReportError {
    let line = error.position().map_or(0, csv::Position::line);
    let reason = match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "the text is not UTF-8".to_owned(),
        _ => error.to_string(),
    };
    ReportError::Malformed { origin: origin.into(), line, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Sheet, ReportError> {
        Sheet::parse(text.as_bytes(), "f.csv")
    }

    #[test]
    fn written_tables_read_back_bit_for_bit() {
        let rows = vec![
            vec![0.1, f64::NEG_INFINITY, 1e-300],
            vec![-0.0, f64::INFINITY, 5e-324],
            vec![3.0, 1e16, -1.0 / 3.0],
        ];
        let table = Table::new(vec!["t".into(), "a,b".into(), "c \"d\"".into()], rows);
        let back = parse(&table.to_csv()).unwrap().table().unwrap();
        assert_eq!(back, table);
        assert_eq!(back.rows[1][0].to_bits(), (-0.0f64).to_bits());
        let nan = Table::new(vec!["x".into()], vec![vec![f64::NAN]]);
        assert_eq!(nan.to_csv(), "x\nnan\n");
        assert!(parse(&nan.to_csv()).unwrap().column("x").unwrap()[0].is_nan());
    }

    #[test]
    fn comments_spaces_and_text_in_other_columns_are_no_trouble() {
        let sheet = parse("\u{feff}# source\nlabel, k , value\na, 0, 1\n# pause\nb,1, +2.5e-1\n").unwrap();
        assert_eq!(sheet.column("value").unwrap(), [1.0, 0.25]);
        assert!(matches!(sheet.table(), Err(ReportError::TextCell { line: 3, .. })));
    }

    #[test]
    fn bad_files_have_their_own_errors() {
        let message = |text: &str| parse(text).unwrap_err().to_string();
        assert_eq!(message(""), "f.csv is empty: a header line with column names is required");
        assert_eq!(
            message("# only a comment\n\n"),
            "f.csv is empty: a header line with column names is required"
        );
        assert_eq!(message("t,x\n"), "f.csv has a header but no rows");
        assert!(message("0,1\n1,2\n").contains("line 1: a header line"));
        assert_eq!(message("t,x\n0,1\n1\n"), "f.csv, line 3: 1 cells, but the header has 2");
        assert!(message("t,t\n0,1\n").contains("`t` appears twice"));
        let not_text = Sheet::parse(b"t,x\n0,\xff\n", "f.csv").unwrap_err();
        assert!(not_text.to_string().contains("UTF-8"), "{not_text}");
        assert!(matches!(Sheet::read(Path::new("/no/such/file.csv")), Err(ReportError::Read { .. })));
    }

    #[test]
    fn text_cells_and_missing_columns_are_named() {
        let sheet = parse("t,value\n0,1\n1,many\n2,\n").unwrap();
        let text = sheet.column("value").unwrap_err().to_string();
        assert_eq!(text, "f.csv, line 3, column `value`: expected a number, found \"many\"");
        let missing = sheet.column("vlaue").unwrap_err().to_string();
        assert_eq!(missing, "f.csv has no column `vlaue`; did you mean `value`? it has: t, value");
        let far = sheet.column("zzz").unwrap_err().to_string();
        assert!(!far.contains("did you mean"), "{far}");
    }
}
