//! Figures that a command draws into a file on request (`--figure FILE`).

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use dinlab_record::figure::Figure;

use crate::output;

/// Parses the value of `--figure`; a file that cannot be written is refused before anything is computed.
pub fn target(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension().map(|e| e.to_string_lossy().to_lowercase()).as_deref() {
        Some("svg" | "png") => {}
        Some("pdf") if cfg!(feature = "pdf") => {}
        Some("pdf") => return Err("PDF is not built in (feature `pdf`): use .svg or .png".into()),
        _ => return Err("the extension decides the format: expected .svg or .png".into()),
    }
    output::check_file(&path).map_err(|error| format!("{error:#}"))?;
    Ok(path)
}

/// Draws the figure into `file`.
pub fn write(file: &Path, figure: &Figure) -> anyhow::Result<()> {
    let failed = || format!("--figure {}", file.display());
    let extension = file.extension().map(|e| e.to_string_lossy().to_lowercase());
    let bytes = match extension.as_deref() {
        Some("png") => dinlab_chart::png(figure).with_context(failed)?,
        #[cfg(feature = "pdf")]
        Some("pdf") => dinlab_chart::pdf(figure).with_context(failed)?,
        _ => dinlab_chart::svg(figure).with_context(failed)?.into_bytes(),
    };
    dinlab_report::atomic::write(file, &bytes).with_context(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_decides_the_format() {
        assert!(target("a.svg").is_ok() && target("b.PNG").is_ok());
        assert!(target("c.gif").unwrap_err().contains("expected .svg or .png"));
        assert_eq!(target("d.pdf").is_ok(), cfg!(feature = "pdf"));
        assert!(target("no/such/folder/a.svg").unwrap_err().contains("does not exist"));
    }
}
