//! Records → files: one self-contained HTML page, LaTeX and BibTeX, Markdown, CSV, JSON and its schema, `.npy`, Parquet,
//! a table for terminals, and the comparison of two records. One format per file; no mathematics happens here.
//!
//! Every function takes records and returns text or bytes; [`atomic`] and [`rows`] alone touch the disk.

pub mod atomic;
pub mod bibtex;
pub mod csv_text;
pub mod diff;
pub mod error;
pub mod html;
pub mod json;
pub mod latex;
pub mod markdown;
pub mod mathml;
pub mod npy;
pub mod number;
#[cfg(feature = "parquet")]
mod parquet;
pub mod rows;
pub mod schema;
pub mod summary;
mod svg;
pub mod table;
pub mod terminal;
mod tex_escape;
pub mod trajectory;
mod view;

#[cfg(test)]
mod fixture;

pub use bibtex::bibtex;
pub use csv_text::{figure_csv, measurements_csv};
pub use diff::{diff, diff_values, Change, Diff};
pub use error::ReportError;
pub use html::html;
pub use json::{from_json, to_json};
pub use latex::latex;
pub use markdown::markdown;
pub use npy::npy;
#[cfg(feature = "parquet")]
pub use parquet::parquet;
pub use rows::{RowFormat, RowHeader, RowWriter};
pub use schema::schema;
pub use table::{Sheet, Table};
pub use terminal::{summary_table, TerminalStyle};
pub use trajectory::{trajectory_csv, trajectory_npy, trajectory_record};
