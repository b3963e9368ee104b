//! Writes the test figures into a folder: `cargo run -p dinlab-chart --example gallery -- FOLDER`.

#[allow(dead_code, missing_docs)] // each of those who include this file uses a part of it
#[path = "../tests/common/mod.rs"]
mod common;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "chart-gallery".into());
    std::fs::create_dir_all(&folder)?;
    for figure in common::all() {
        let path = std::path::Path::new(&folder).join(&figure.id);
        std::fs::write(path.with_extension("svg"), dinlab_chart::svg(&figure)?)?;
        std::fs::write(path.with_extension("png"), dinlab_chart::png(&figure)?)?;
    }
    Ok(())
}
