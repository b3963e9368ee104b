//! What every command gets: the common options, and where the run comes from.

use dinlab_record::Provenance;

use crate::{
    args::Common,
    output::{self, Format},
    provenance::Origin,
};

/// How a command that could run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Nothing violated, nothing different.
    Success,
    /// Something violated (or inconclusive under `--strict`), or two records that differ.
    Violated,
    /// Some part could not run.
    CouldNotRun,
    /// The user stopped it; what was finished is kept.
    Interrupted,
}

impl Exit {
    /// Exit code of the process.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Violated => 1,
            Self::CouldNotRun => 2,
            Self::Interrupted => 130,
        }
    }
}

/// One invocation.
#[derive(Debug, Clone)]
pub struct Session {
    /// Options of every command.
    pub common: Common,
    /// Clock and command line.
    pub origin: Origin,
}

impl Session {
    /// Provenance of a record written now.
    pub fn provenance(&self) -> Provenance {
        self.origin.provenance(self.common.seed)
    }

    /// To be called once the input is known to be good and before work begins: fails unless the file of `-o` has
    /// one of the `formats` that the command can fill, and can be written.
    pub fn prepare(&self, formats: &[Format]) -> anyhow::Result<()> {
        let Some(target) = &self.common.output else { return Ok(()) };
        if !formats.contains(&target.format) {
            let names: Vec<String> = formats.iter().map(|format| format!(".{format}")).collect();
            anyhow::bail!("-o {}: this command writes {}", target.path.display(), names.join(", "));
        }
        output::check_file(&target.path)
            .map_err(|error| error.context(format!("-o {}", target.path.display())))
    }
}
