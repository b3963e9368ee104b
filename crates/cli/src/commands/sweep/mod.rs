//! `dinlab sweep`: many trajectories at once.

mod export;
mod flags;
mod ranks;
pub mod reduced;
pub mod summary;

use std::{
    ffi::OsString,
    ops::Range,
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
    time::Instant,
};

use anyhow::{bail, Context as _};
use clap::Args;
use dinlab_sweep::{
    reduce::{Reduce, Reduction},
    Plan, Resolved, SweepError,
};
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
use summary::HistogramFlag;

/// Run many trajectories at once: a grid of parameters and starts
#[derive(Debug, Args)]
#[command(
    after_help = "Without -o the rows are counted and summarised, not kept. With -o FILE (.csv, .json, .npy, .npz, or \
    .sweep for `dinlab merge`) they go to FILE.checkpoint while the sweep runs; after a kill or Ctrl-C, --resume continues \
    there. With --reduce no rows are kept: FILE holds the reductions (.json all, .csv or .npy a single one, .sweep for `dinlab \
    merge`). --jobs are the threads of this process, of each rank under MPI. docs/sweep.md has examples, job arrays and MPI."
)]
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
    histograms: Vec<HistogramFlag>,
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
        if plan.objective.trim_start().starts_with("net:") {
            bail!(
                "--objective {}: networks cannot be swept, as sweeps run formulas on many lanes at once; expected a registered name, expr:.. or sum:.. \
                 (for networks: `dinlab train` with several --method, --step-size and --seeds, or `dinlab iterate --objective net:..` run by run)",
                plan.objective.chars().take(60).collect::<String>()
            );
        }
        let target = session.common.output.as_ref();
        let resolved = self.resolve(&mut plan, target.is_some())?;
        if let Some(path) = &self.write_plan {
            let text = match path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) {
                true => serde_json::to_string_pretty(&plan)? + "\n",
                false => plan.to_toml()?,
            };
            dinlab_report::atomic::write(path, text.as_bytes())?;
            return Ok(Exit::Success);
        }
        let cells = match self.shard {
            Some((i, n)) => resolved.shard(i - 1, n),
            None => 0..resolved.grid.cells(),
        };
        if self.shard.is_some() && target.is_none_or(|target| target.format != Format::Sweep) {
            bail!("--shard needs -o FILE.sweep: `dinlab merge` makes tables of such files");
        }
        if let Some(target) = target.filter(|_| !resolved.reduce.is_empty()) {
            reduced::check(target, &resolved.reduce)?;
        }
        session.prepare(FORMATS)?;
        let ranks = ranks::join();
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
        let how = (ranks, pool, stop);
        match target {
            Some(target) if resolved.reduce.is_empty() => {
                self.fill_file(session, &resolved, cells, target, how)
            }
            target => self.reduce(session, &resolved, cells, target, how),
        }
    }

    /// The plan with its histograms checked. Where no rows are kept they are reductions like others.
    fn resolve(&self, plan: &mut Plan, file: bool) -> anyhow::Result<Resolved> {
        let resolved = plan.resolve()?;
        if self.histograms.is_empty() {
            return Ok(resolved);
        }
        Reduction::new(resolved.columns(), &resolved.grid, &self.histograms()).context("--histogram")?;
        if file && plan.reduce.is_empty() {
            return Ok(resolved);
        }
        plan.reduce.extend(self.histograms().iter().map(Reduce::to_string));
        Ok(plan.resolve()?)
    }

    fn histograms(&self) -> Vec<Reduce> {
        self.histograms.iter().map(|HistogramFlag(bins)| Reduce::Histogram(bins.clone())).collect()
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
            let rows = target.is_some() && resolved.reduce.is_empty();
            pool.install(|| ask(resolved, cells, stop, rows))?;
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

    fn reduce(
        &self,
        session: &Session,
        resolved: &Resolved,
        cells: Range<u64>,
        target: Option<&Target>,
        (ranks, pool, stop): (Option<&ranks::Ranks>, &ThreadPool, &AtomicBool),
    ) -> anyhow::Result<Exit> {
        let checkpoint = target.map(|target| checkpoint(&target.path));
        let mut progress = Progress::with_rate(cells.end - cells.start, session.common.quiet);
        let mut tell = |done| progress.at(done);
        let how = (self.resume, stop);
        let (tally, ended) =
            ranks::reduce_into((ranks, pool), resolved, checkpoint.as_deref(), cells, how, &mut tell)?;
        drop(progress);
        let mut exit = Exit::Success;
        match (ended, &checkpoint) {
            (Ok(()), _) => {}
            (Err(SweepError::Interrupted), None) => exit = Exit::Interrupted,
            (Err(error), Some(checkpoint)) => return unfinished(error, checkpoint),
            (Err(error), None) => return Err(error.into()),
        }
        if let (Some(target), Some(checkpoint)) = (target, &checkpoint) {
            reduced::write(&tally, target).with_context(|| {
                let kept = checkpoint.display();
                format!("the sweep is finished; it is kept in {kept}, --resume writes the file")
            })?;
            std::fs::remove_file(checkpoint)
                .with_context(|| format!("cannot remove {}", checkpoint.display()))?;
        }
        self.report(
            session,
            resolved,
            &tally.reduction,
            target.map(|target| ("reduced to", target.path.as_path())),
        )?;
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
        if let Err(error) = ended {
            return unfinished(error, &checkpoint);
        }
        let mut summary = Reduction::new(resolved.columns(), &resolved.grid, &self.histograms())?;
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
        self.report(session, resolved, &summary, Some(("rows in", &target.path)))?;
        Ok(Exit::Success)
    }

    fn report(
        &self,
        session: &Session,
        resolved: &Resolved,
        reduction: &Reduction,
        file: Option<(&str, &Path)>,
    ) -> anyhow::Result<()> {
        let mut body = summary::record(reduction);
        body["cells"] = json!(resolved.grid.cells());
        body["shape"] = json!(resolved.grid.shape());
        body["shard"] = json!(self.shard.map(|(i, n)| [i, n]));
        body["file"] = json!(file.map(|(_, path)| path.to_string_lossy()));
        let mut text = summary::text(reduction, resolved.reduce.contains(&Reduce::Extremes));
        if let Some((what, file)) = file {
            text += &format!("{what:<15}{}\n", file.display());
        }
        let plan = serde_json::to_value(&resolved.plan)?;
        output::emit(&without_output(session), &Product::new("sweep", plan, body, text))
    }
}

/// A session whose `emit` does not write the file again.
pub fn without_output(session: &Session) -> Session {
    Session { common: Common { output: None, ..session.common.clone() }, ..session.clone() }
}

/// A sweep into a file that did not come to its end.
fn unfinished(error: SweepError, checkpoint: &Path) -> anyhow::Result<Exit> {
    let kept = format!("{} keeps what is finished; --resume continues", checkpoint.display());
    match error {
        SweepError::Interrupted => {
            output::stderr(&kept);
            Ok(Exit::Interrupted)
        }
        SweepError::File { .. } => Err(anyhow::Error::from(error).context(kept)),
        error => Err(error.into()),
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
