//! `dinlab sweep`: many trajectories at once.

mod export;
mod flags;
mod ranks;
mod summary;

use std::{
    ffi::OsString,
    ops::Range,
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
    time::Instant,
};

use anyhow::{bail, Context as _};
use clap::Args;
use dinlab_sweep::{Plan, Resolved, SweepError};
use rayon::ThreadPool;
use serde_json::json;

use crate::{
    args::Common,
    interrupt,
    output::{self, Format, Product, Target},
    progress::Progress,
    session::{Exit, Session},
};

pub use export::{export, FORMATS};
use flags::Flags;
use summary::Bins;
pub use summary::Summary;

/// Run many trajectories at once: a grid of parameters and starts
#[derive(Debug, Args)]
#[command(after_help = "Without -o the rows are counted and summarised, not kept. With -o FILE they go to \
    FILE.checkpoint while the sweep runs; after a kill or Ctrl-C, --resume continues there. docs/sweep.md has \
    examples, job arrays and MPI.")]
pub struct Sweep {
    /// Plan: a .toml or .json file, or the record of a sweep
    plan: Option<PathBuf>,
    #[command(flatten)]
    flags: Flags,
    /// Run part i of n only (i from 1); needs -o FILE.sweep, and `dinlab merge` afterwards
    #[arg(long, value_name = "i/n", value_parser = shard)]
    shard: Option<(u64, u64)>,
    /// Continue from the checkpoint, if there is one
    #[arg(long, conflicts_with = "fresh")]
    resume: bool,
    /// Throw an old checkpoint away
    #[arg(long)]
    fresh: bool,
    /// Start a sweep of enormous size all the same
    #[arg(long)]
    yes: bool,
    /// Count a column in bins on the fly; with or without -o
    #[arg(long = "histogram", value_name = "NAME=LOW:HIGH:BINS", allow_hyphen_values = true)]
    histograms: Vec<Bins>,
    /// Write the plan to a .toml or .json file and stop
    #[arg(long, value_name = "FILE")]
    write_plan: Option<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}

fn shard(text: &str) -> Result<(u64, u64), String> {
    let numbers =
        text.split_once('/').and_then(|(i, n)| Some((i.trim().parse().ok()?, n.trim().parse().ok()?)));
    match numbers {
        Some((i, n)) if 1 <= i && i <= n => Ok((i, n)),
        _ => Err("expected i/n with whole numbers 1 <= i <= n, such as 3/16".into()),
    }
}

impl Sweep {
    /// Runs.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let mut plan = match &self.plan {
            Some(path) => Plan::read(path)?,
            None => Plan { samples: 1, ..Plan::default() },
        };
        self.flags.apply(&mut plan)?;
        if session.common.seed != 0 {
            plan.seed = session.common.seed;
        }
        if plan.objective.is_empty() {
            bail!("--objective is missing: give it, or a plan file");
        }
        let resolved = plan.resolve()?;
        if let Some(path) = &self.write_plan {
            let text = match path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) {
                true => serde_json::to_string_pretty(&plan)? + "\n",
                false => plan.to_toml()?,
            };
            dinlab_report::atomic::write(path, text.as_bytes())?;
            return Ok(Exit::Success);
        }
        Summary::new(resolved.columns()).with_histograms(&self.histograms)?;
        let cells = match self.shard {
            Some((i, n)) => resolved.shard(i - 1, n),
            None => 0..resolved.grid.cells(),
        };
        let target = session.common.output.as_ref();
        if self.shard.is_some() && target.is_none_or(|target| target.format != Format::Sweep) {
            bail!("--shard needs -o FILE.sweep: `dinlab merge` makes tables of such files");
        }
        session.prepare(FORMATS)?;
        let ranks = ranks::join();
        if ranks.is_some() && target.is_none() {
            bail!("-o is missing: a sweep over the ranks of an MPI job writes its rows to a file");
        }
        // Ranks share the cores of a machine already.
        let threads = session.common.jobs.unwrap_or(u64::from(ranks.is_some()));
        let threads = usize::try_from(threads).unwrap_or(usize::MAX).min(4096);
        let pool =
            rayon::ThreadPoolBuilder::new().num_threads(threads).build().context("cannot start threads")?;
        let stop = interrupt::install()?;
        let (ranks, pool) = (ranks.as_ref(), &pool);
        if ranks::work(ranks, pool, &resolved, stop) {
            return Ok(Exit::Success);
        }
        let ready = self.ready(&resolved, &cells, target, (pool, stop));
        if ready.is_err() {
            ranks::dismiss(ranks);
        }
        ready?;
        match target {
            None => self.summarise(session, &resolved, cells, (pool, stop)),
            Some(target) => self.fill_file(session, &resolved, cells, target, (ranks, pool, stop)),
        }
    }

    /// What has to be in order before work begins.
    fn ready(
        &self,
        resolved: &Resolved,
        cells: &Range<u64>,
        target: Option<&Target>,
        (pool, stop): (&ThreadPool, &AtomicBool),
    ) -> anyhow::Result<()> {
        if !self.yes {
            pool.install(|| ask(resolved, cells, stop, target.is_some()))?;
        }
        let Some(checkpoint) = target.map(|target| checkpoint(&target.path)) else { return Ok(()) };
        if checkpoint.exists() && !self.resume {
            if !self.fresh {
                bail!(
                    "{} is the checkpoint of a sweep that was not finished: --resume continues it, --fresh starts anew",
                    checkpoint.display()
                );
            }
            std::fs::remove_file(&checkpoint)
                .with_context(|| format!("cannot remove {}", checkpoint.display()))?;
        }
        Ok(())
    }

    fn summarise(
        &self,
        session: &Session,
        resolved: &Resolved,
        cells: Range<u64>,
        (pool, stop): (&ThreadPool, &AtomicBool),
    ) -> anyhow::Result<Exit> {
        let mut progress = Progress::with_rate(cells.end - cells.start, session.common.quiet);
        let mut summary = Summary::new(resolved.columns()).with_histograms(&self.histograms)?;
        let ended = pool.install(|| {
            resolved.run(cells, stop, &mut |_, rows| {
                summary.add(rows);
                progress.at(summary.rows());
                Ok(())
            })
        });
        drop(progress);
        let exit = match ended {
            Ok(()) => Exit::Success,
            Err(SweepError::Interrupted) => Exit::Interrupted,
            Err(error) => return Err(error.into()),
        };
        self.report(session, resolved, &summary, None)?;
        Ok(exit)
    }

    fn fill_file(
        &self,
        session: &Session,
        resolved: &Resolved,
        cells: Range<u64>,
        target: &Target,
        (ranks, pool, stop): (Option<&ranks::Ranks>, &ThreadPool, &AtomicBool),
    ) -> anyhow::Result<Exit> {
        let checkpoint = checkpoint(&target.path);
        let mut progress = Progress::with_rate(cells.end - cells.start, session.common.quiet);
        let mut tell = |done| progress.at(done);
        let ended =
            ranks::run_into((ranks, pool), resolved, &checkpoint, cells, (self.resume, stop), &mut tell);
        drop(progress);
        match ended {
            Ok(()) => {}
            Err(SweepError::Interrupted) => {
                output::stderr(&format!(
                    "{} keeps what is finished; --resume continues",
                    checkpoint.display()
                ));
                return Ok(Exit::Interrupted);
            }
            Err(error @ SweepError::File { .. }) => {
                let kept =
                    format!("the rows finished are kept in {}; --resume continues", checkpoint.display());
                return Err(anyhow::Error::from(error).context(kept));
            }
            Err(error) => return Err(error.into()),
        }
        let mut summary = Summary::new(resolved.columns()).with_histograms(&self.histograms)?;
        export(std::slice::from_ref(&checkpoint), target, true, &mut summary, true).with_context(|| {
            format!(
                "the sweep is finished; its rows are kept in {}, --resume writes the file",
                checkpoint.display()
            )
        })?;
        if checkpoint.exists() {
            std::fs::remove_file(&checkpoint)
                .with_context(|| format!("cannot remove {}", checkpoint.display()))?;
        }
        self.report(session, resolved, &summary, Some(&target.path))?;
        Ok(Exit::Success)
    }

    fn report(
        &self,
        session: &Session,
        resolved: &Resolved,
        summary: &Summary,
        file: Option<&Path>,
    ) -> anyhow::Result<()> {
        let mut body = summary.record();
        body["cells"] = json!(resolved.grid.cells());
        body["shape"] = json!(resolved.grid.shape());
        body["shard"] = json!(self.shard.map(|(i, n)| [i, n]));
        body["file"] = json!(file.map(|path| path.to_string_lossy()));
        let mut text = summary.text();
        if let Some(file) = file {
            text += &format!("rows in        {}\n", file.display());
        }
        // `emit` must not write the file again.
        let quiet = Session { common: Common { output: None, ..session.common.clone() }, ..session.clone() };
        output::emit(&quiet, &Product::new("sweep", serde_json::to_value(&resolved.plan)?, body, text))
    }
}

/// The checkpoint beside a file.
fn checkpoint(path: &Path) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(".checkpoint");
    name.into()
}

/// Refuses a sweep that would run for a day, or fill a hundred gigabytes, and says so.
fn ask(resolved: &Resolved, cells: &Range<u64>, stop: &AtomicBool, rows: bool) -> anyhow::Result<()> {
    const SMALL: u64 = 1_000_000;
    const DAY: f64 = 86_400.0;
    const GIGABYTE: f64 = 1e9;
    let count = cells.end - cells.start;
    if count <= SMALL {
        return Ok(());
    }
    // Blocks spread over the range, so that a corner where runs end early does not stand for all.
    let probes: Vec<u64> = (0..256).map(|i| cells.start + (count / 256) * i).collect();
    let begin = Instant::now();
    dinlab_sweep::run_list(&resolved.job, &probes, &resolved.grid, stop)?;
    let threads = rayon::current_num_threads() as f64;
    // The probe is one chunk, which runs on one thread.
    let seconds = begin.elapsed().as_secs_f64() * (count as f64 / 256.0) / threads;
    let bytes = if rows { count as f64 * resolved.columns().len() as f64 * 8.0 } else { 0.0 };
    if seconds < DAY && bytes < 100.0 * GIGABYTE {
        return Ok(());
    }
    let time = match seconds {
        s if s < DAY => format!("{:.1} hours", s / 3600.0),
        s if s < 1000.0 * DAY => format!("{:.1} days", s / DAY),
        s => format!("{:.0} years", s / (365.25 * DAY)),
    };
    let disk = if rows {
        format!("{:.3} TB of disk for the rows (and again for the file made of them)", bytes / 1e12)
    } else {
        "no disk".into()
    };
    bail!(
        "{count} cells would take about {time} on {threads} threads and {disk}: --yes starts it all the same, --shard i/n \
         divides it, fewer values on the axes make it smaller"
    )
}
