//! `dinlab figure [ID ...]`: draws figures again from the records of the last `check`.

use anyhow::{bail, Context as _};
use clap::{Args, ValueEnum};
use dinlab_record::{figure::Figure as Drawing, CheckEntry};
use serde_json::json;

use crate::{
    args::Common,
    folder::Folder,
    output::{self, Product},
    session::{Exit, Session},
    values,
};

/// Draw figures again from the records of the last `check`
#[derive(Debug, Args)]
pub struct Figure {
    /// Names of checks [default: all in the report]
    ids: Vec<String>,
    #[arg(long = "ids", id = "ids_option", hide = true, value_delimiter = ',')]
    ids_option: Vec<String>,
    /// File formats
    #[arg(long, value_enum, value_delimiter = ',', default_value = "svg,png")]
    format: Vec<Format>,
    #[command(flatten)]
    pub common: Common,
}

/// File formats of figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Vector graphics
    Svg,
    /// Pixels
    Png,
    /// Vector graphics for LaTeX
    #[cfg(feature = "pdf")]
    Pdf,
}

/// What `check` draws.
pub const DEFAULT: &[Format] = &[Format::Svg, Format::Png];

impl Figure {
    /// Draws into `OUT/figures`.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let file = session.common.out.join("checks.json");
        let text = std::fs::read_to_string(&file).with_context(|| {
            format!(
                "--out {}: cannot read {}; run `dinlab check` first",
                session.common.out.display(),
                file.display()
            )
        })?;
        let report = dinlab_report::from_json(&text, &file.display().to_string())?;
        let asked = if self.ids.is_empty() { &self.ids_option } else { &self.ids };
        let chosen = choose(asked, &report.checks)?;
        session.prepare(output::Format::RECORD)?;
        let folder = Folder::open(&session.common.out)?;
        let mut files = Vec::new();
        for (id, figure) in chosen {
            draw(&folder, id, figure, &self.format)?;
            let names = self.format.iter().map(|format| folder.join(path(id, *format)));
            files.extend(names.map(|name| name.to_string_lossy().into_owned()));
        }
        let formats: Vec<String> = self.format.iter().map(|f| extension(*f).to_owned()).collect();
        let plan = json!({"command": "figure", "ids": asked, "format": formats});
        let text = files.join("\n");
        output::emit(session, &Product::new("figure", plan, json!({"files": files}), text))?;
        Ok(Exit::Success)
    }
}

fn choose<'a>(asked: &[String], entries: &'a [CheckEntry]) -> anyhow::Result<Vec<(&'a str, &'a Drawing)>> {
    let drawable = || entries.iter().filter_map(|e| e.figure.as_ref().map(|figure| (e.id.as_str(), figure)));
    if asked.is_empty() {
        return Ok(drawable().collect());
    }
    let find = |id: &String| match drawable().find(|(known, _)| known == id) {
        Some(found) => Ok(found),
        None => bail!(
            "{}",
            values::unknown(
                "figure",
                id,
                drawable().map(|(known, _)| known),
                "the report holds no figure of that name"
            )
        ),
    };
    asked.iter().map(find).collect()
}

/// Draws one figure into `figures/` and returns it as SVG.
pub fn draw(folder: &Folder, id: &str, figure: &Drawing, formats: &[Format]) -> anyhow::Result<String> {
    let failed = || format!("figure {id}");
    let svg = dinlab_chart::svg(figure).with_context(failed)?;
    for &format in formats {
        let bytes = match format {
            Format::Svg => svg.clone().into_bytes(),
            Format::Png => dinlab_chart::png(figure).with_context(failed)?,
            #[cfg(feature = "pdf")]
            Format::Pdf => dinlab_chart::pdf(figure).with_context(failed)?,
        };
        folder.write(path(id, format), &bytes)?;
    }
    Ok(svg)
}

fn path(id: &str, format: Format) -> String {
    format!("figures/{id}.{}", extension(format))
}

fn extension(format: Format) -> &'static str {
    match format {
        Format::Svg => "svg",
        Format::Png => "png",
        #[cfg(feature = "pdf")]
        Format::Pdf => "pdf",
    }
}
