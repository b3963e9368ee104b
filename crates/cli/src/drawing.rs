//! Figures that a command draws into a file on request (`--figure FILE`).

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use dinlab_record::figure::Figure;

/// Parses the value of `--figure`.
pub fn target(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension().map(|e| e.to_string_lossy().to_lowercase()).as_deref() {
        Some("svg" | "png") => Ok(path),
        _ => Err("the extension decides the format: expected .svg or .png".into()),
    }
}

/// Draws the figure into `file`.
pub fn write(file: &Path, figure: &Figure) -> anyhow::Result<()> {
    let failed = || format!("--figure {}", file.display());
    let bytes = match file.extension().is_some_and(|e| e.eq_ignore_ascii_case("png")) {
        true => dinlab_chart::png(figure).with_context(failed)?,
        false => dinlab_chart::svg(figure).with_context(failed)?.into_bytes(),
    };
    dinlab_report::atomic::write(file, &bytes).with_context(failed)
}
