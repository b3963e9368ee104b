//! `dinlab train`: networks on data.

mod figure;
mod live;
mod options;
mod results;
mod runs;

use anyhow::{bail, Context as _};
use clap::Args;
use dinlab_neural::{architecture, Real};
use std::{path::PathBuf, sync::Arc};

use crate::{
    args::Common,
    drawing,
    folder::Folder,
    interrupt, output,
    session::{Exit, Session},
    values,
};

use options::{Options, Precision};
use results::Result;
use runs::{Job, Runner};

/// Train networks and compare methods
#[derive(Debug, Args)]
pub struct Train {
    #[command(flatten)]
    options: Options,
    /// Save the state of every run in this folder, and continue what is found there
    #[arg(long, value_name = "DIR")]
    checkpoint: Option<PathBuf>,
    /// Seconds between saves
    #[arg(long, value_name = "S", default_value = "10", value_parser = values::non_negative, allow_hyphen_values = true, requires = "checkpoint")]
    checkpoint_seconds: f64,
    /// Write the final weights of the first run (with --epochs 0 the initial ones), one number per row
    #[arg(long, value_name = "FILE.npy", value_parser = npy_target)]
    weights: Option<PathBuf>,
    /// Draw losses and accuracies into a file: .svg or .png
    #[arg(long, value_name = "FILE", value_parser = drawing::target)]
    figure: Option<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}

/// Parses the name of a file of numbers.
pub fn npy_target(text: &str) -> std::result::Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension().map(|e| e.to_string_lossy().to_lowercase()).as_deref() {
        Some("npy") => Ok(path),
        _ => Err("expected a file with the extension .npy".into()),
    }
}

impl Train {
    /// Trains and hands over the curves.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        match self.options.precision {
            Precision::F32 => self.run_in::<f32>(session),
            Precision::F64 => self.run_in::<f64>(session),
        }
    }

    fn run_in<T: Real>(&self, session: &Session) -> anyhow::Result<Exit> {
        let seed = session.common.seed;
        let data = Arc::new(self.options.data(seed)?);
        let network = architecture::build(&self.options.arch, &data.train)
            .map_err(|error| anyhow::anyhow!("--arch {}: {error}", self.options.arch))?;
        let network = Arc::new(network);
        let setting = self.options.resolve(&network, &data)?;
        let mut contenders = setting.contenders(seed, &data)?;
        session.prepare(output::Format::ALL)?;
        let folder = self.checkpoint.as_deref().map(|path| open(path, &session.common.out)).transpose()?;
        let stop = interrupt::install()?;
        let runner = Runner::new(
            session,
            folder,
            self.checkpoint_seconds,
            stop,
            data.clone(),
            &network,
            setting.batch,
        );
        runner.live.expect(contenders.iter().map(|c| c.samples(&data)).sum());

        // Step sizes first: the runs of all methods at once, then the choice for each.
        let trials: Vec<Job> = contenders.iter().flat_map(|contender| contender.trials()).collect();
        let tried = runner.run::<T>(trials)?;
        let mut rest = &tried[..];
        for contender in &mut contenders {
            let (own, others) = rest.split_at(contender.trials().len());
            contender.choose(own);
            rest = others;
        }
        let jobs: Vec<Job> = contenders.iter().flat_map(|contender| contender.jobs()).collect();
        let done = runner.run::<T>(jobs)?;
        let (threads, workers) = (runner.threads, runner.workers);
        drop(runner);

        let result = Result::new(&setting, &data, &network, contenders, &done, [threads, workers]);
        if let Some(file) = &self.weights {
            let Some(weights) = done.first().and_then(|run| run.weights.as_ref()) else {
                bail!("--weights {}: no run was finished", file.display())
            };
            let table =
                dinlab_report::Table::new(vec!["theta".into()], weights.iter().map(|&w| vec![w]).collect());
            dinlab_report::atomic::write(file, &dinlab_report::npy(&table))
                .with_context(|| format!("--weights {}", file.display()))?;
        }
        if let Some(file) = &self.figure {
            drawing::write(file, &figure::figure(&result))?;
        }
        output::emit(session, &result.product(self.options.plan(&setting)))?;
        let interrupted = stop.load(std::sync::atomic::Ordering::Relaxed);
        Ok(if interrupted { Exit::Interrupted } else { Exit::Success })
    }
}

/// The folder of the checkpoints; a report folder would be cleaned of what is not its own.
fn open(path: &std::path::Path, reports: &std::path::Path) -> anyhow::Result<Folder> {
    if path == reports {
        bail!(
            "--checkpoint {}: this is the folder of the reports (--out), expected another one",
            path.display()
        );
    }
    Folder::open(path)
        .map_err(|error| anyhow::anyhow!("{}", format!("{error:#}").replace("--out", "--checkpoint")))
}
