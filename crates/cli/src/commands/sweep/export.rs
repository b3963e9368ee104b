//! Files of rows → tables.

use std::path::PathBuf;

use anyhow::Context as _;
use dinlab_report::{RowFormat, RowHeader, RowWriter};
use dinlab_sweep::{reduce::Reduction, Ending, Merge};

use crate::output::{Format, Target};

/// What rows can be written as.
pub const FORMATS: &[Format] = &[
    Format::Csv,
    Format::Json,
    Format::Npy,
    Format::Npz,
    #[cfg(feature = "parquet")]
    Format::Parquet,
    Format::Sweep,
];

/// Writes the rows of some files, which must fit together, to `target`, and adds them to `summary`. A single file of rows
/// that is to become another one is moved there if `take` is set.
pub fn export(
    files: &[PathBuf],
    target: &Target,
    partial: bool,
    summary: &mut Reduction,
    take: bool,
) -> anyhow::Result<()> {
    let merged = Merge::open(files, partial)?;
    let format = match target.format {
        Format::Csv => RowFormat::Csv,
        Format::Json => RowFormat::Json,
        Format::Npy => RowFormat::Npy,
        Format::Npz => RowFormat::Npz,
        #[cfg(feature = "parquet")]
        Format::Parquet => RowFormat::Parquet,
        Format::Sweep => return into_rows(&merged, files, target, summary, take),
    };
    let header = RowHeader {
        name: "sweep",
        plan: serde_json::to_string(&merged.header.plan)?,
        columns: merged.header.columns.clone(),
        rows: merged.rows(),
        codes: merged
            .header
            .columns
            .iter()
            .position(|name| name == "status")
            .map(|column| (column, Ending::ALL.iter().map(|ending| ending.name().to_owned()).collect())),
    };
    let mut writer = RowWriter::create(&target.path, format, header)?;
    merged.read::<anyhow::Error>(|first, rows| {
        summary.add(first, rows);
        Ok(writer.write(rows)?)
    })?;
    Ok(writer.finish()?)
}

/// One file of rows that may be taken becomes the target by a new name; otherwise there is a new file.
fn into_rows(
    merged: &Merge,
    files: &[PathBuf],
    target: &Target,
    summary: &mut Reduction,
    take: bool,
) -> anyhow::Result<()> {
    merged.read::<anyhow::Error>(|first, rows| {
        summary.add(first, rows);
        Ok(())
    })?;
    if let ([only], true) = (files, take) {
        return std::fs::rename(only, &target.path)
            .with_context(|| format!("cannot write {}", target.path.display()));
    }
    let hidden = target.path.with_extension("sweep.part");
    let mut writer = dinlab_sweep::store::Writer::create(&hidden, &merged.header)?;
    merged.read::<anyhow::Error>(|_, rows| Ok(writer.append(rows)?))?;
    writer.finish()?;
    std::fs::rename(&hidden, &target.path).with_context(|| format!("cannot write {}", target.path.display()))
}
