//! Why a record could not be read, rendered or written.

use std::path::PathBuf;

/// Errors of this crate. Row numbers are line numbers of the file, the first line being 1.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The page's template could not be filled.
    #[error("the page could not be rendered: {source}")]
    Template {
        /// What the template engine reports.
        #[from]
        source: minijinja::Error,
    },
    /// A figure handed over for the page is not an SVG document.
    #[error("the figure of check `{check}` is not an SVG document")]
    NotSvg {
        /// The check it belongs to.
        check: String,
    },
    /// A folder could not be created.
    #[error("cannot create the folder {}: {reason}", path.display())]
    CreateFolder {
        /// The folder.
        path: PathBuf,
        /// What the operating system says.
        reason: std::io::Error,
    },
    /// A file could not be written; what stood there before is untouched.
    #[error("cannot write {}: {reason}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        reason: std::io::Error,
    },
    /// A file could not be read.
    #[error("cannot read {}: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        reason: std::io::Error,
    },
    /// A path that has no file name.
    #[error("{} names no file", path.display())]
    NoFileName {
        /// The path.
        path: PathBuf,
    },
    /// JSON that is not a report of checks.
    #[error("{origin} is not a report of checks: {reason}")]
    NotAReport {
        /// File or other origin.
        origin: String,
        /// What the JSON reader says, with line and column.
        #[source]
        reason: serde_json::Error,
    },
    /// A table without any line but comments.
    #[error("{origin} is empty: a header line with column names is required")]
    EmptyTable {
        /// File or other origin.
        origin: String,
    },
    /// A header but no row.
    #[error("{origin} has a header but no rows")]
    NoRows {
        /// File or other origin.
        origin: String,
    },
    /// The first line holds numbers only.
    #[error("{origin}, line {line}: a header line with column names is required, found numbers")]
    NoHeader {
        /// File or other origin.
        origin: String,
        /// Line of the supposed header.
        line: u64,
    },
    /// Two columns have the same name.
    #[error("{origin}: the column `{column}` appears twice")]
    DuplicateColumn {
        /// File or other origin.
        origin: String,
        /// The name.
        column: String,
    },
    /// A row with more or fewer cells than the header.
    #[error("{origin}, line {line}: {found} cells, but the header has {expected}")]
    RaggedRow {
        /// File or other origin.
        origin: String,
        /// Line of the row.
        line: u64,
        /// Cells in the row.
        found: usize,
        /// Columns in the header.
        expected: usize,
    },
    /// A cell that is not a number.
    #[error("{origin}, line {line}, column `{column}`: expected a number, found {found:?}")]
    TextCell {
        /// File or other origin.
        origin: String,
        /// Line of the row.
        line: u64,
        /// Name of the column.
        column: String,
        /// The cell.
        found: String,
    },
    /// A column that the table does not have.
    #[error("{origin} has no column `{column}`;{} it has: {}", hint(suggestion), available.join(", "))]
    MissingColumn {
        /// File or other origin.
        origin: String,
        /// The name asked for.
        column: String,
        /// The nearest name, where one is near.
        suggestion: Option<String>,
        /// All names.
        available: Vec<String>,
    },
    /// Text that is not CSV (for example not UTF-8).
    #[error("{origin}, line {line}: not readable as CSV: {reason}")]
    Malformed {
        /// File or other origin.
        origin: String,
        /// Line where reading stopped.
        line: u64,
        /// What is wrong.
        reason: String,
    },
}

fn hint(suggestion: &Option<String>) -> String {
    suggestion.as_ref().map_or_else(String::new, |name| format!(" did you mean `{name}`?"))
}
