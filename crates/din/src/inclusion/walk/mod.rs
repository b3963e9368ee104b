//! From event to event.

mod notes;

use dinlab_numeric::{axpy, dot, norm};
use dinlab_objective::Objective;
use dinlab_record::{Flow, KinkReport, KinkSegment, Status, Work};

use super::{
    accumulation::Intervals,
    decide::{candidates, Candidate, MOST_TRIED},
    dense,
    field::{split, Field},
    law::Law,
    many,
    mode::Mode,
    pieces::Pieces,
    site::Site,
    watch::{events, Reach, Sign},
    Ended, Options, Sample,
};
use crate::{
    driver::{integrate, Outcome},
    error::DinError,
    integrator::{Integrator, Settings},
    system::System,
};

/// Up to this many surfaces the pieces around a state are enumerated; with more it is first tried whether the
/// surfaces act independently.
const FEW: usize = 3;

/// Most unknowns for which the pieces are always integrated by the implicit method.
const IMPLICIT: usize = 64;

/// Flights shorter than this, relative to 1 + t, are not resolved in time.
const SHORTEST_FLIGHT: f64 = 1e-12;

/// A run between two of its events.
#[derive(Clone)]
pub(super) struct Walk<'a> {
    objective: &'a dyn Objective,
    law: Law,
    field: Field<'a>,
    pub t: f64,
    /// (θ, u, D, V).
    y: Vec<f64>,
    grid: &'a [f64],
    samples: Vec<Sample>,
    report: KinkReport,
    intervals: Intervals,
    work: Work,
    integrator: Integrator,
    reason: String,
}

/// What comes after a segment.
pub(super) enum Next {
    /// The run is over.
    End(Status),
    /// One motion leaves the state.
    Go,
    /// Several do; nothing is chosen yet.
    Branch(Vec<Candidate>),
}

/// What a decision found.
struct Verdict {
    strict: Vec<Candidate>,
    site: Site,
    /// Whether it took a look ahead: the state is on the edge between two motions.
    edge: bool,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        objective: &'a dyn Objective,
        law: Law,
        pieces: Pieces<'a>,
        surfaces: Vec<String>,
        t: f64,
        y: Vec<f64>,
        grid: &'a [f64],
    ) -> Self {
        let mode = Mode::free(vec![0; pieces.surfaces()]);
        Self {
            objective,
            law,
            field: Field::new(law, pieces, mode),
            t,
            y,
            grid,
            samples: Vec::new(),
            report: KinkReport { surfaces, ..KinkReport::default() },
            intervals: Intervals::default(),
            work: Work::default(),
            integrator: Integrator::Auto,
            reason: String::new(),
        }
    }

    fn n(&self) -> usize {
        self.field.v.len()
    }

    fn theta(&self) -> &[f64] {
        &self.y[..self.n()]
    }

    /// Decides how the start is left.
    pub(super) fn begin(&mut self) -> Next {
        let theta = self.y[..self.n()].to_vec();
        let all: Vec<usize> = (0..self.field.pieces.surfaces()).collect();
        self.field.pieces.kinks(&theta, &vec![0; all.len()], &all);
        for kink in all {
            self.field.mode.signs[kink] = if self.field.pieces.values[kink] < 0.0 { -1 } else { 1 };
        }
        let active = self.active(&[]);
        if active.is_empty() {
            return Next::Go;
        }
        self.decide(&active, None)
    }

    /// One segment and the decision at its end.
    pub(super) fn step(
        &mut self,
        until: f64,
        settings: &Settings,
        options: &Options,
        observer: &mut dyn FnMut(usize, &Sample) -> Flow,
    ) -> Result<Next, DinError> {
        if self.report.events.len() as u64 >= options.max_events {
            self.reason += &format!("; all {} events used up at t = {:.6}", options.max_events, self.t);
            return Ok(Next::End(Status::BudgetExhausted));
        }
        let (outcome, sign, rows) = self.segment(until, settings)?;
        let from = self.t;
        self.field.select(from, &self.y);
        let selection_from = self.field.v.clone();
        (self.t, self.y) = (outcome.t, outcome.state.clone());
        self.field.select(self.t, &self.y);
        self.report.segments.push(KinkSegment {
            from,
            to: self.t,
            sides: self.field.mode.sides(),
            selection_from,
            selection_to: self.field.v.clone(),
        });
        if self.keep(rows, observer) == Flow::Stop {
            return Ok(Next::End(Status::Interrupted));
        }
        let Some(sign) = sign else { return Ok(Next::End(outcome.status)) };
        Ok(self.after(sign))
    }

    /// Integrates in the present mode up to the next event. Samples are kept back until it is clear that nothing was
    /// missed: where the distance to a surface had a minimum on its other side, both crossings fell between two looks,
    /// and the segment is repeated up to that minimum; where it ends on the other side, it is repeated from a shorter
    /// first step.
    #[allow(clippy::type_complexity)] // the three results of one integration
    fn segment(
        &mut self,
        mut until: f64,
        settings: &Settings,
    ) -> Result<(Outcome, Option<Sign>, Vec<(f64, Vec<f64>)>), DinError> {
        let reach = self.reach();
        let (mut first_step, mut integrator) = (settings.first_step, self.between());
        loop {
            let (mut events, signs) = events(&self.field, &reach);
            let mut settings = Settings { integrator, first_step, ..settings.clone() };
            settings.max_evaluations = settings.max_evaluations.saturating_sub(self.work.evaluations);
            let grid = &self.grid[..self.grid.partition_point(|&t| t <= until)];
            let mut rows = Vec::new();
            let outcome = integrate(
                &mut self.field,
                &self.y,
                self.t,
                until,
                grid,
                &mut events,
                &settings,
                &mut |t, y| {
                    rows.push((t, y.to_vec()));
                    Flow::Continue
                },
            )?;
            drop(events);
            self.book(&outcome);
            let meaning = |id: &str| id.parse::<usize>().ok().and_then(|i| signs.get(i).copied());
            let missed = outcome.events.iter().find(|event| match meaning(&event.id) {
                Some(Sign::Turn(kink)) => self.depth(kink, &event.state) > reach[kink].touched,
                _ => false,
            });
            let sign = match &outcome.status {
                Status::Event { id, .. } => meaning(id),
                _ => None,
            };
            if outcome.status == (Status::NonFinite { at: outcome.t }) && integrator != Integrator::Dop853 {
                // A Hessian that is infinite on a surface where ∇J is continuous (|x|^1.5) stops an implicit method.
                integrator = Integrator::Dop853;
                continue;
            }
            match missed {
                Some(event) if event.t > self.t && event.t < until => {
                    until = event.t;
                    continue;
                }
                _ => {}
            }
            let Some(kink) = self.passed(sign, &reach, &outcome.state) else {
                return Ok((outcome, sign, rows));
            };
            // A flight from a surface and back to it that was shorter than the first look: one that begins with a
            // fraction of it sees it.
            let lasted = (outcome.t - self.t).abs();
            let shorter = first_step.map_or(lasted, |step| dinlab_numeric::min(step, lasted)) / 32.0;
            if shorter < SHORTEST_FLIGHT * (1.0 + self.t.abs()) {
                return Ok((outcome, Some(Sign::Missed(kink)), rows));
            }
            first_step = Some(shorter);
        }
    }

    /// The surface beyond which a segment ended unnoticed, if there is one.
    fn passed(&mut self, sign: Option<Sign>, reach: &[Reach], y: &[f64]) -> Option<usize> {
        if let Some(Sign::Missed(kink)) = sign {
            return Some(kink);
        }
        let free = |walk: &Self, kink: usize| {
            let mode = &walk.field.mode;
            !mode.is_sliding(kink) && !mode.touching.contains(&kink)
        };
        (0..reach.len()).find(|&kink| free(self, kink) && self.depth(kink, y) > 10.0 * reach[kink].met)
    }

    /// The method between events. What is located on dense output is as good as that: the one of `radau` is under error
    /// control, that of `dop853` magnifies fast modes that have died out.
    fn between(&self) -> Integrator {
        if self.y.len() <= IMPLICIT {
            Integrator::Radau
        } else {
            Integrator::Auto
        }
    }

    fn book(&mut self, outcome: &Outcome) {
        let (mine, other) = (&mut self.work, outcome.work);
        mine.accepted += other.accepted;
        mine.rejected += other.rejected;
        mine.evaluations += other.evaluations;
        mine.jacobians += other.jacobians;
        mine.factorisations += other.factorisations;
        self.integrator = outcome.integrator;
        if outcome.status == Status::BudgetExhausted {
            self.reason += &format!("; all evaluations used up at t = {:.6}", outcome.t);
        }
    }

    /// How far a state is beyond a surface.
    fn depth(&mut self, kink: usize, y: &[f64]) -> f64 {
        let n = self.n();
        self.field.pieces.kinks(&y[..n], &self.field.mode.signs, &[]);
        -f64::from(self.field.mode.signs[kink]) * self.field.pieces.values[kink]
    }

    /// The run as it ended.
    pub(super) fn end(mut self, status: Status) -> Ended {
        let (t, y) = (self.t, self.y.clone());
        let last = self.sample(t, &y);
        let (samples, report, work) = (self.samples, self.report, self.work);
        let pieces = format!("{} between events", self.integrator);
        Ended {
            samples,
            last,
            report,
            work,
            integrator: Integrator::Event,
            reason: pieces + &self.reason,
            status,
        }
    }

    fn sample(&mut self, t: f64, y: &[f64]) -> Sample {
        let n = self.n();
        self.field.select(t, y);
        Sample {
            t,
            theta: y[..n].to_vec(),
            u: if self.law.has_second() { y[n..2 * n].to_vec() } else { Vec::new() },
            selection: self.field.v.clone(),
            dissipated: y[y.len() - 2],
            selection_square: y[y.len() - 1],
            segment: self.report.segments.len().saturating_sub(1),
        }
    }

    fn keep(&mut self, rows: Vec<(f64, Vec<f64>)>, observer: &mut dyn FnMut(usize, &Sample) -> Flow) -> Flow {
        self.grid = &self.grid[rows.len()..];
        for (t, y) in rows {
            let sample = self.sample(t, &y);
            let flow = observer(self.samples.len(), &sample);
            self.samples.push(sample);
            if flow == Flow::Stop {
                return flow;
            }
        }
        Flow::Continue
    }

    /// Reaches for all surfaces at the present state.
    fn reach(&mut self) -> Vec<Reach> {
        let theta = self.theta().to_vec();
        let all: Vec<usize> = (0..self.field.pieces.surfaces()).collect();
        self.field.pieces.kinks(&theta, &self.field.mode.signs, &all);
        let size = dinlab_numeric::norm_inf(&theta);
        let normals = self.field.pieces.normals.chunks(theta.len());
        normals.map(|normal| Reach::new(size, norm(normal))).collect()
    }

    /// Surfaces that meet the present state, `sure` among them. Where a normal vanishes (|x²|) there is no side to
    /// choose: such a surface is touched until it is left.
    fn active(&mut self, sure: &[usize]) -> Vec<usize> {
        let reach = self.reach();
        let n = self.n();
        let mut active = Vec::new();
        for (kink, reach) in reach.iter().enumerate() {
            let met = sure.contains(&kink) || self.field.pieces.values[kink].abs() <= reach.met;
            if !met {
                continue;
            }
            let normal = norm(&self.field.pieces.normals[kink * n..(kink + 1) * n]);
            if normal > 1e-9 {
                active.push(kink);
            } else if !self.field.mode.touching.contains(&kink) {
                self.field.mode.touching.push(kink);
            }
        }
        active
    }

    fn after(&mut self, sign: Sign) -> Next {
        let held = self.field.mode.slide.kinks.clone();
        let (sure, independent) = match sign {
            Sign::Left(kink) => {
                self.field.mode.touching.retain(|&k| k != kink);
                self.depth(kink, &self.y.clone());
                self.field.mode.signs[kink] = if self.field.pieces.values[kink] < 0.0 { -1 } else { 1 };
                return Next::Go;
            }
            Sign::Missed(kink) => {
                return self.unresolved("the passage through", &[kink]);
            }
            Sign::Reached(kink) => {
                let mut independent = self.field.mode.slide.independent.clone();
                independent.push(kink);
                ([held.as_slice(), &[kink]].concat(), independent)
            }
            Sign::Wall(_) | Sign::Turn(_) => (held, self.field.mode.slide.independent.clone()),
        };
        self.project(&independent);
        if self.intervals.note(self.t) {
            let id = format!("accumulation of events at {}", self.names(&sure));
            return Next::End(Status::Event { id, at: self.t });
        }
        let active = self.active(&sure);
        let reached = if let Sign::Reached(kink) = sign { Some(kink) } else { None };
        self.decide(&active, reached)
    }

    /// Moves θ onto the surfaces by Newton's method; the located state is off by the error of dense output.
    fn project(&mut self, kinks: &[usize]) {
        let (n, k) = (self.n(), kinks.len());
        for _ in 0..2 {
            let theta = self.theta().to_vec();
            self.field.pieces.kinks(&theta, &self.field.mode.signs, kinks);
            let normal = |i: usize| &self.field.pieces.normals[i * n..(i + 1) * n];
            let mut share: Vec<f64> = kinks.iter().map(|&kink| -self.field.pieces.values[kink]).collect();
            let mut gram: Vec<f64> = (0..k * k).map(|ij| dot(normal(ij / k), normal(ij % k))).collect();
            if !dense::solve(&mut gram, &mut share) {
                return;
            }
            for i in 0..k {
                axpy(share[i], &self.field.pieces.normals[i * n..(i + 1) * n], &mut self.y[..n]);
            }
        }
    }

    fn names(&self, kinks: &[usize]) -> String {
        let names: Vec<&str> = kinks.iter().map(|&k| self.report.surfaces[k].as_str()).collect();
        names.join(", ")
    }

    fn unresolved(&self, what: &str, kinks: &[usize]) -> Next {
        Next::End(Status::Event {
            id: format!("{what} {} cannot be resolved", self.names(kinks)),
            at: self.t,
        })
    }

    /// Chooses the mode in which the present state is left. `reached` is the surface that was
    /// reached, if one was.
    fn decide(&mut self, active: &[usize], reached: Option<usize>) -> Next {
        let Some(verdict) = self.verdict(active) else { return self.unresolved("the motion at", active) };
        match verdict.strict.as_slice() {
            [] => self.unresolved("the motion at", active),
            [only] => {
                self.go(&verdict.site, only, reached, verdict.edge);
                Next::Go
            }
            several => {
                let several = several.to_vec();
                self.note_branch(&verdict.site, &several);
                Next::Branch(several)
            }
        }
    }

    fn verdict(&mut self, active: &[usize]) -> Option<Verdict> {
        let (t, y) = (self.t, self.y.clone());
        let (site, mut found) = self.motions(t, &y, active)?;
        if found.first().is_some_and(|first| first.strict) {
            found.retain(|candidate| candidate.strict);
            return Some(Verdict { strict: found, site, edge: false });
        }
        // On the edge between two motions, which agree to first order: a little later it is clear which one it is.
        let first = found.first()?.clone();
        let (t, y) = self.ahead(&first.mode);
        let (_, mut strict) = self.motions(t, &y, active)?;
        strict.retain(|candidate| candidate.strict);
        if strict.is_empty() {
            // It stays on the edge, where all motions are the same; without holding surfaces none of their walls
            // can be left by rounding.
            let choice = found.iter().find(|c| c.mode.slide.kinks.is_empty()).unwrap_or(&first);
            strict.push(choice.clone());
        }
        Some(Verdict { strict, site, edge: true })
    }

    /// All motions that leave a state on these surfaces; `None` if there are too many surfaces to tell.
    fn motions(&mut self, t: f64, y: &[f64], active: &[usize]) -> Option<(Site, Vec<Candidate>)> {
        let (law, n) = (self.law, self.n());
        let (theta, u) = split(law, n, y);
        let (pieces, signs) = (&mut self.field.pieces, self.field.mode.signs.clone());
        if active.len() > FEW {
            let mut site = Site::bare(law, n, t, y, active);
            if let Some(candidate) = many::motion(law, pieces, &mut site, theta, u, &signs) {
                return Some((site, vec![candidate]));
            }
        }
        if active.len() > MOST_TRIED {
            return None;
        }
        let site = Site::new(law, pieces, t, y, active, &signs);
        let found = candidates(&site, pieces, theta);
        Some((site, found))
    }

    /// A state a little later in the given mode: far enough for differences to be far above rounding, near enough
    /// for terms of second order not to matter.
    fn ahead(&self, mode: &Mode) -> (f64, Vec<f64>) {
        let mut field = Field::new(self.law, self.field.pieces.clone(), mode.clone());
        let mut slope = vec![0.0; self.y.len()];
        field.rhs(self.t, &self.y, &mut slope);
        let fastest = dinlab_numeric::norm_inf(&slope);
        let step = 1e-6 * dinlab_numeric::min(1.0, (1.0 + norm(&self.y)) / (1.0 + fastest));
        let mut y = self.y.clone();
        axpy(step, &slope, &mut y);
        (self.t + step, y)
    }

    /// Follows one of the motions of the last branching state.
    pub(super) fn take(&mut self, several: &[Candidate], index: usize) {
        let active = self.report.events.last().map(|event| event.surfaces.clone()).unwrap_or_default();
        let signs = self.field.mode.signs.clone();
        let site = Site::new(self.law, &mut self.field.pieces, self.t, &self.y, &active, &signs);
        if let Some(branch) = self.report.branches.last_mut() {
            branch.taken = index;
        }
        self.go(&site, &several[index], None, false);
    }

    /// The motion whose selection is nearest to the one that the formula makes at this point: what an explicit
    /// method that starts here does.
    pub(super) fn nearest(&self, several: &[Candidate]) -> usize {
        let mut selected = vec![0.0; self.n()];
        self.objective.oracle().gradient(self.theta(), &mut selected);
        let distance = |i: usize| dinlab_numeric::distance(&several[i].v, &selected);
        (1..several.len()).fold(0, |best, i| if distance(i) < distance(best) { i } else { best })
    }
}
