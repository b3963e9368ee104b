//! One command per file: options, and what they make of the other crates.

pub mod certify;
pub mod check;
pub mod compare;
pub mod completions;
pub mod dictionary;
pub mod diff;
pub mod explain;
pub mod figure;
pub mod iterate;
pub mod landscape;
pub mod list;
pub mod map;
pub mod merge;
pub mod rate;
pub mod schema;
pub mod simulate;
pub mod stability;
pub mod subdifferential;
pub mod sweep;
pub mod train;
