//! `dinlab check`: the main job.

mod own;
mod report;
mod select;

use std::sync::atomic::AtomicBool;

use anyhow::{bail, Context as _};
use clap::{ArgAction, Args, ValueEnum};
use dinlab_record::{CheckReport, Verdict};
use dinlab_theory::{suite, AnyCheck, Effort, Outcome, Request};
use rayon::prelude::*;
use serde_json::{json, Value};

use crate::{
    args::Common,
    cache::Cache,
    folder::Folder,
    interrupt,
    output::{self, Format},
    progress,
    session::{Exit, Session},
};

/// Run the checks and write the report: the main job
#[derive(Debug, Args)]
pub struct Check {
    /// Names of checks, beginnings of names, or family:A [default: all]
    #[arg(value_name = "ID|PREFIX|family:A")]
    ids: Vec<String>,
    #[arg(long = "ids", id = "ids_option", hide = true, value_delimiter = ',')]
    ids_option: Vec<String>,
    /// How much work to do
    #[arg(long, value_enum, default_value = "standard")]
    effort: Level,
    /// Compute everything again, also what is unchanged since the last run
    #[arg(long, action = ArgAction::SetTrue)]
    fresh: bool,
    /// Exit with 1 also when something is inconclusive
    #[arg(long, action = ArgAction::SetTrue)]
    strict: bool,
    #[command(flatten)]
    own: own::Own,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Level {
    Quick,
    Standard,
    Thorough,
}

impl From<Level> for Effort {
    fn from(level: Level) -> Self {
        match level {
            Level::Quick => Self::Quick,
            Level::Standard => Self::Standard,
            Level::Thorough => Self::Thorough,
        }
    }
}

/// Outcome of a check, and whether it was kept from an earlier run.
struct Done {
    outcome: Outcome,
    cached: bool,
}

impl Check {
    /// Runs, writes the report folder, prints the summary.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let asked = if self.ids.is_empty() { &self.ids_option } else { &self.ids };
        let checks = select::select(asked, dinlab_theory::ALL)?;
        if checks.is_empty() {
            bail!("there are no checks to run");
        }
        let plan = self.plan(asked, session)?;
        let unused = AtomicBool::new(false);
        let mut request = Request {
            effort: self.effort.into(),
            seed: session.common.seed,
            own: self.own.case()?,
            interrupted: &unused,
        };
        let checks = fitting(checks, asked, &request, session)?;
        let jobs = jobs(session)?;
        session.prepare(&[Format::Json, Format::Csv])?;
        let folder = Folder::open(&session.common.out)?;
        request.interrupted = interrupt::install()?;
        let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build().context("--jobs: no threads")?;
        let done = pool.install(|| self.outcomes(&checks, &request, &folder, session))?;

        let interrupted = done.iter().any(|d| d.outcome.interrupted);
        let (kept, done): (Vec<&dyn AnyCheck>, Vec<Done>) =
            checks.iter().copied().zip(done).filter(|(_, d)| !d.outcome.interrupted).unzip();
        if interrupted && kept.is_empty() {
            // An earlier report is worth more than an empty one.
            output::stderr("interrupted: no check was finished, nothing is written");
            return Ok(Exit::Interrupted);
        }
        let report = self.report(&kept, done, &request, plan, session);
        pool.install(|| report::write(&folder, &report, &kept))?;
        report::print(session, &report)?;
        if interrupted {
            output::stderr(&format!(
                "interrupted: {} of {} checks are finished and kept; the same command does the rest",
                kept.len(),
                checks.len()
            ));
            return Ok(Exit::Interrupted);
        }
        Ok(exit(&report, self.strict))
    }

    fn plan(&self, asked: &[String], session: &Session) -> anyhow::Result<Value> {
        let effort = self.effort.to_possible_value().map(|v| v.get_name().to_owned());
        let mut plan = json!({
            "command": "check", "ids": if asked.is_empty() { Value::Null } else { json!(asked) },
            "effort": effort, "strict": self.strict, "seed": session.common.seed,
        });
        if let (Value::Object(plan), Value::Object(own)) = (&mut plan, self.own.plan()) {
            plan.extend(own);
        }
        Ok(plan)
    }

    /// Runs what is not kept. Each check is kept as soon as it is finished, so that a killed run loses little.
    fn outcomes(
        &self,
        checks: &[&dyn AnyCheck],
        request: &Request<'_>,
        folder: &Folder,
        session: &Session,
    ) -> anyhow::Result<Vec<Done>> {
        let cache = Cache::open(folder, request.own.is_some())?;
        let runs = cache.runs(self.fresh);
        dinlab_theory::keep::keep_runs(runs.clone());
        let own = self.own.plan();
        let keys: Vec<Option<String>> = checks
            .iter()
            .map(|check| {
                let plan = check.plan(request).ok()?;
                Some(cache.key(check.claim().id, request.seed, &json!([plan, own])))
            })
            .collect();
        let kept = |i: usize| match &keys[i] {
            Some(key) if !self.fresh => cache.load(checks[i].claim().id, key),
            _ => None,
        };
        let mut done: Vec<Option<Done>> =
            (0..checks.len()).map(|i| kept(i).map(|outcome| Done { outcome, cached: true })).collect();
        let left: Vec<usize> = (0..checks.len()).filter(|&i| done[i].is_none()).collect();
        let total: usize = left.iter().map(|&i| suite::size(checks[i], request)).sum();
        let bar = progress::bar(total as u64, session.common.quiet);
        let fresh: Vec<anyhow::Result<(usize, Done)>> = left
            .par_iter()
            .with_max_len(1)
            .map(|&i| {
                let tick = |_| bar.inc(1);
                let mut outcomes = suite::run(&checks[i..=i], request, &tick);
                let outcome = outcomes.pop().context("the suite returns one outcome per check")?;
                let id = checks[i].claim().id;
                if let Some(key) = &keys[i] {
                    cache.store(id, key, &outcome)?;
                }
                bar.set_message(id);
                Ok((i, Done { outcome, cached: false }))
            })
            .collect();
        bar.finish_and_clear();
        for result in fresh {
            let (i, outcome) = result?;
            done[i] = Some(outcome);
        }
        let done: Vec<Done> = done.into_iter().flatten().collect();
        if !done.iter().any(|d| d.outcome.interrupted) {
            runs.forget();
        }
        Ok(done)
    }

    fn report(
        &self,
        checks: &[&dyn AnyCheck],
        done: Vec<Done>,
        request: &Request<'_>,
        plan: Value,
        session: &Session,
    ) -> CheckReport {
        let (outcomes, cached): (Vec<Outcome>, Vec<bool>) =
            done.into_iter().map(|d| (d.outcome, d.cached)).unzip();
        let mut entries = dinlab_theory::entries(checks, &outcomes, request);
        for (entry, cached) in entries.iter_mut().zip(cached) {
            entry.cached = cached;
            entry.command += &self.own.options();
        }
        CheckReport {
            schema: dinlab_record::report::CHECKS_SCHEMA.into(),
            provenance: session.provenance(),
            plan,
            checks: entries,
        }
    }
}

/// The checks that can take the user's own case. One that was named in full must take it; of all the checks, of a
/// family or of a beginning of names, those that cannot are left out. Where none is left, nothing is written.
fn fitting<'a>(
    checks: Vec<&'a dyn AnyCheck>,
    asked: &[String],
    request: &Request<'_>,
    session: &Session,
) -> anyhow::Result<Vec<&'a dyn AnyCheck>> {
    let (mut fitting, mut left_out, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for check in checks {
        let id = check.claim().id;
        match check.plan(request) {
            Ok(_) => fitting.push(check),
            Err(error) => {
                let reasons = if asked.iter().any(|name| name == id) { &mut refused } else { &mut left_out };
                reasons.push(format!("{id}: {error}"));
            }
        }
    }
    if !refused.is_empty() {
        bail!("{}", refused.join("\n  "));
    }
    if fitting.is_empty() {
        bail!("no check can take this case\n  {}", left_out.join("\n  "));
    }
    if !left_out.is_empty() && !session.common.quiet {
        output::stderr(&format!("left out, as they cannot take this case:\n  {}", left_out.join("\n  ")));
    }
    Ok(fitting)
}

/// Number of threads.
fn jobs(session: &Session) -> anyhow::Result<usize> {
    const MOST: u64 = 4096;
    match session.common.jobs {
        Some(jobs) if jobs > MOST => bail!("--jobs {jobs}: expected at most {MOST}"),
        Some(jobs) => Ok(usize::try_from(jobs)?),
        None => Ok(std::thread::available_parallelism().map_or(1, usize::from)),
    }
}

fn exit(report: &CheckReport, strict: bool) -> Exit {
    let any = |wanted| report.checks.iter().any(|entry| entry.verdict == Some(wanted));
    if report.checks.iter().any(|entry| entry.error.is_some()) {
        Exit::CouldNotRun
    } else if any(Verdict::Violated) || (strict && any(Verdict::Inconclusive)) {
        Exit::Violated
    } else {
        Exit::Success
    }
}
