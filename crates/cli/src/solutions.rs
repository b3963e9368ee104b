//! The solutions of a simulation: one, or all that leave a branching state, with what they do at kinks.

use dinlab_din::{
    inclusion::{self, Options},
    simulate_with_outcome, DinError, Integrator, Run,
};
use dinlab_objective::Objective;
use dinlab_record::{Flow, KinkEventKind, KinkReport, Observation, Trajectory};
use serde_json::{json, Map, Value};

use crate::{
    output::{numbers, Format},
    session::Session,
};

/// One solution.
pub struct Found {
    /// Its samples.
    pub trajectory: Trajectory,
    /// What made it.
    pub integrator: Integrator,
    /// Why that, and what there is to say about the run.
    pub reason: String,
    /// What it did at kinks, and the selection at each sample, where the event solver made it.
    kinks: Option<(KinkReport, Vec<Vec<f64>>)>,
}

/// The solution that is followed, and the others.
pub struct Solutions {
    /// What `--branch one` gives.
    pub first: Found,
    others: Vec<Found>,
    all: bool,
}

/// Simulates; `all` follows every solution that leaves a branching state, so many at most.
pub fn follow(
    objective: &dyn Objective,
    run: &Run,
    all: Option<usize>,
    observer: &mut dyn FnMut(Observation<'_>) -> Flow,
) -> Result<Solutions, DinError> {
    let mut observer = |o: Observation<'_>| observer(o);
    let Some(why) = inclusion::route(objective, run) else {
        let (trajectory, outcome) = simulate_with_outcome(objective, run, &mut observer)?;
        let (integrator, reason) = (outcome.integrator, outcome.reason);
        let first = Found { trajectory, integrator, reason, kinks: None };
        return Ok(Solutions { first, others: Vec::new(), all: false });
    };
    let solutions = match all {
        Some(max_solutions) => {
            let options = Options { max_solutions, ..Options::default() };
            inclusion::solve_all(objective, run, &options, &mut observer)?
        }
        None => vec![inclusion::solve(objective, run, &Options::default(), &mut observer)?],
    };
    let mut found = solutions.into_iter().map(|solution| Found {
        reason: format!("{why}; {}", solution.reason),
        integrator: solution.integrator,
        kinks: (solution.integrator == Integrator::Event).then(|| {
            (solution.report, solution.samples.into_iter().map(|sample| sample.selection).collect())
        }),
        trajectory: solution.trajectory,
    });
    let first = found.next().expect("a run has at least one solution");
    let others = found.collect();
    Ok(Solutions { first, others, all: all.is_some() })
}

impl Found {
    /// What it did at kinks.
    pub fn report(&self) -> Option<&KinkReport> {
        self.kinks.as_ref().map(|(report, _)| report)
    }
}

impl Solutions {
    /// All solutions found, the one that is followed first.
    pub fn all(&self) -> impl Iterator<Item = &Found> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Fields of the record: `kinks` of the solution followed, and with `--branch all` all `solutions`.
    pub fn record(&self) -> anyhow::Result<Value> {
        let mut record = json!({});
        if let Some((report, _)) = &self.first.kinks {
            record["kinks"] = serde_json::to_value(report)?;
        }
        if self.all {
            let one = |found: &Found| -> anyhow::Result<Value> {
                Ok(json!({
                    "status": serde_json::to_value(&found.trajectory.status)?,
                    "final": serde_json::to_value(&found.trajectory.last)?,
                    "work": serde_json::to_value(found.trajectory.work)?,
                    "kinks": found.kinks.as_ref().map(|(report, _)| serde_json::to_value(report)).transpose()?,
                }))
            };
            record["solutions"] = self.all().map(one).collect::<anyhow::Result<Vec<_>>>()?.into();
        }
        Ok(record)
    }

    /// What a JSON file gets besides: the selection v at each sample, and the samples of the other solutions.
    pub fn samples(&self, session: &Session) -> Map<String, Value> {
        let mut more = Map::new();
        let json = session.common.output.as_ref().is_some_and(|target| target.format == Format::Json);
        if !json {
            return more;
        }
        if let Some((_, selections)) = &self.first.kinks {
            more.insert("selection".into(), selections.iter().map(|v| numbers(v)).collect());
        }
        if self.all {
            let rows = |found: &Found| -> Value {
                let table = dinlab_report::trajectory::trajectory_table(&found.trajectory);
                table.rows.iter().map(|row| numbers(row)).collect()
            };
            more.insert("other_rows".into(), self.others.iter().map(rows).collect());
        }
        more
    }

    /// Lines of the summary.
    pub fn text(&self) -> String {
        let Some((report, _)) = &self.first.kinks else { return String::new() };
        let mut out = format!(
            "kinks          {} crossings, {} slides, {:.6} of time sliding\n",
            report.count(KinkEventKind::Cross),
            report.count(KinkEventKind::SlideEnter),
            report.sliding_time()
        );
        for branch in &report.branches {
            out += &format!(
                "branch         at t = {}: {} solutions leave, followed number {} ({})\n",
                branch.t,
                branch.departures.len(),
                branch.taken + 1,
                branch.note
            );
        }
        for other in &self.others {
            let theta: Vec<String> = other
                .trajectory
                .last
                .theta
                .iter()
                .take(6)
                .map(|v| dinlab_report::number::exact(*v))
                .collect();
            out += &format!("other          {}, theta {}\n", other.trajectory.status, theta.join(", "));
        }
        out
    }
}
