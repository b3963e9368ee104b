//! The loop shared by all methods: step-size control, output on a grid, events, limits, and how the run ended.

use dinlab_numeric::{all_finite, max, min, norm_inf};
use dinlab_record::{Flow, Status, Work};

use crate::{
    choice::{method, Choice},
    control::Controller,
    error::{check_finite, check_vector, DinError},
    events::{Event, Located, Watch},
    foreign,
    integrator::{Integrator, Settings, INCLUSION_INTEGRATORS, SMALLEST_RTOL},
    method::{Attempt, Method, Tolerance},
    system::System,
};

/// How a run ended and what it cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// How the run ended.
    pub status: Status,
    /// Time reached.
    pub t: f64,
    /// State there.
    pub state: Vec<f64>,
    /// Work done.
    pub work: Work,
    /// The method used (the last one, if `auto` changed it).
    pub integrator: Integrator,
    /// Why this method, and what was changed in the settings.
    pub reason: String,
    /// Events in the order in which they happened.
    pub events: Vec<Located>,
}

/// Solves y′ = f(t, y), y(from) = start, up to `until` (which may lie before `from`: then time runs backward).
/// The observer sees the state at every time of `grid`, which must be monotone in the direction of integration
/// and lie between the two ends; values between steps come from the method's dense output.
#[allow(clippy::too_many_arguments)] // shapes and slices of one formula; a struct would only rename them
pub fn integrate(
    system: &mut dyn System,
    start: &[f64],
    from: f64,
    until: f64,
    grid: &[f64],
    events: &mut [Event<'_>],
    settings: &Settings,
    observer: &mut dyn FnMut(f64, &[f64]) -> Flow,
) -> Result<Outcome, DinError> {
    settings.check()?;
    check_vector("start", start, system.dimension())?;
    check_finite("start time", from)?;
    check_finite("end time", until)?;
    check_finite("length of the time interval", until - from)?;
    check_grid(grid, from, until)?;

    if INCLUSION_INTEGRATORS.iter().any(|entry| entry.integrator == settings.integrator) {
        return Err(DinError::NeedsObjective { integrator: settings.integrator });
    }
    let mut tolerance = Tolerance { rtol: settings.rtol, atol: settings.atol };
    let mut choice = Choice::new(settings, system, from, start);
    if tolerance.rtol < SMALLEST_RTOL {
        tolerance.rtol = SMALLEST_RTOL;
        choice.reason +=
            &format!("; rtol {:e} raised to {SMALLEST_RTOL:e}, ten times the rounding unit", settings.rtol);
    }
    if matches!(settings.integrator, Integrator::OdeSolversDopri5 | Integrator::OdeSolversDop853) {
        if !events.is_empty() {
            return Err(DinError::NoEvents { integrator: settings.integrator });
        }
        let interval = [from, until];
        let (status, place) = foreign::run(system, start, interval, grid, settings, tolerance, observer);
        if status == Status::BudgetExhausted {
            choice.reason += &exhausted(settings, place.t, system);
        }
        return Ok(Outcome {
            status,
            t: place.t,
            state: place.state,
            work: place.work,
            integrator: choice.integrator,
            reason: with_remark(choice.reason, system),
            events: Vec::new(),
        });
    }
    let watch = Watch::new(events, from, start);
    let walk = Walk {
        tolerance,
        settings,
        method: method(choice.integrator, start.len(), tolerance),
        choice,
        t: from,
        y: start.to_vec(),
        until,
        direction: if until < from { -1.0 } else { 1.0 },
        buffer: vec![0.0; start.len()],
        grid,
        work: Work::default(),
        located: Vec::new(),
        watch,
    };
    Ok(walk.run(system, events, observer))
}

/// What to do about a budget that was used up.
fn exhausted(settings: &Settings, t: f64, system: &dyn System) -> String {
    let advice = if system.is_smooth() {
        "looser tolerances or a larger budget get farther"
    } else {
        "the right-hand side jumps at kinks: a run that slides along one takes steps of the size of the tolerance, \
         so looser tolerances get farther, and the integrator `event` slides with long ones"
    };
    format!("; all {} evaluations used up at t = {t:.6}: {advice}", settings.max_evaluations)
}

fn with_remark(reason: String, system: &dyn System) -> String {
    match system.remark() {
        Some(remark) => format!("{reason}; {remark}"),
        None => reason,
    }
}

fn check_grid(grid: &[f64], from: f64, until: f64) -> Result<(), DinError> {
    let direction = if until < from { -1.0 } else { 1.0 };
    let mut last = from;
    for (index, &value) in grid.iter().enumerate() {
        let ordered = direction * value >= direction * last && direction * value <= direction * until;
        if !ordered {
            return Err(DinError::Grid { index, value, from, until });
        }
        last = value;
    }
    Ok(())
}

struct Walk<'a> {
    tolerance: Tolerance,
    settings: &'a Settings,
    choice: Choice,
    method: Box<dyn Method>,
    t: f64,
    y: Vec<f64>,
    until: f64,
    direction: f64,
    buffer: Vec<f64>,
    /// Sample times that are still to come.
    grid: &'a [f64],
    work: Work,
    located: Vec<Located>,
    watch: Watch,
}

impl Walk<'_> {
    fn run(
        mut self,
        system: &mut dyn System,
        events: &mut [Event<'_>],
        observer: &mut dyn FnMut(f64, &[f64]) -> Flow,
    ) -> Outcome {
        let status = self.advance(system, events, observer);
        if status == Status::BudgetExhausted {
            self.choice.reason += &exhausted(self.settings, self.t, system);
        }
        self.book();
        Outcome {
            status,
            t: self.t,
            state: self.y,
            work: self.work,
            integrator: self.choice.integrator,
            reason: with_remark(self.choice.reason, system),
            events: self.located,
        }
    }

    /// Evaluations so far; a Jacobian counts for as many as the state has entries.
    fn spent(&self) -> u64 {
        let cost = self.method.cost();
        let jacobians = self.work.jacobians + cost.jacobians;
        self.work.evaluations + cost.evaluations + jacobians * self.y.len() as u64
    }

    /// Adds the method's evaluations to the books; called once for each method.
    fn book(&mut self) {
        let cost = self.method.cost();
        self.work.evaluations += cost.evaluations;
        self.work.jacobians += cost.jacobians;
        self.work.factorisations += cost.factorisations;
    }

    fn advance(
        &mut self,
        system: &mut dyn System,
        events: &mut [Event<'_>],
        observer: &mut dyn FnMut(f64, &[f64]) -> Flow,
    ) -> Status {
        while let [first, rest @ ..] = self.grid {
            if *first != self.t {
                break;
            }
            self.grid = rest;
            if observer(self.t, &self.y) == Flow::Stop {
                return Status::Interrupted;
            }
        }
        if self.t == self.until {
            return Status::ReachedEnd;
        }
        if norm_inf(&self.y) > self.settings.divergence_bound {
            return Status::Diverged { at: self.t };
        }
        let mut slope = vec![0.0; self.y.len()];
        system.rhs(self.t, &self.y, &mut slope);
        self.work.evaluations += 1;
        if !all_finite(&slope) {
            return Status::NonFinite { at: self.t };
        }
        self.method.begin(&slope);
        let mut h = self.first_step(system, &slope);
        let mut control = Controller::new();
        loop {
            if self.spent() >= self.settings.max_evaluations {
                return Status::BudgetExhausted;
            }
            let remaining = self.until - self.t;
            let last = 1.01 * h.abs() >= remaining.abs();
            if last {
                h = remaining;
            }
            let attempt = self.method.attempt(system, self.t, &self.y, h, self.tolerance);
            let error = match attempt {
                Attempt::Done { error } if error <= 1.0 => error,
                refused => {
                    self.work.rejected += 1;
                    h *= control.after_refusal(refused, self.method.control());
                    if h.abs() <= 4.0 * f64::EPSILON * self.t.abs() + f64::MIN_POSITIVE {
                        return match refused {
                            Attempt::NonFinite => Status::NonFinite { at: self.t },
                            _ => Status::StepUnderflow { at: self.t },
                        };
                    }
                    continue;
                }
            };
            self.work.accepted += 1;
            if let Some(status) = self.take(system, h, last, events, observer) {
                return status;
            }
            h *= control.after_success(error, self.method.control());
            if let Some(next) = self.choice.review(self.t, h, self.method.stiffness(), self.method.cost()) {
                self.book();
                slope.copy_from_slice(self.method.slope());
                self.method = method(next, self.y.len(), self.tolerance);
                self.method.begin(&slope);
                control = Controller::new();
            }
            h = self.direction * min(h.abs(), self.settings.max_step);
            if self.t + h == self.t {
                return Status::StepUnderflow { at: self.t };
            }
        }
    }

    /// Takes the step that was just tried; a status if the run ends with it.
    fn take(
        &mut self,
        system: &mut dyn System,
        h: f64,
        last: bool,
        events: &mut [Event<'_>],
        observer: &mut dyn FnMut(f64, &[f64]) -> Flow,
    ) -> Option<Status> {
        let from = self.t;
        let to = if last { self.until } else { from + h };
        let samples = self.grid.first().is_some_and(|g| self.direction * g <= self.direction * to);
        self.method.accept(system, from, &self.y, h, samples || !events.is_empty());
        let mut crossings = Vec::new();
        if !events.is_empty() {
            let method = &self.method;
            let mut dense = |s: f64, out: &mut [f64]| method.dense(s, out);
            crossings = self.watch.search(events, from, h, &mut dense, &mut self.buffer);
        }
        for (s, index) in crossings {
            let t = from + s * h;
            if self.sample(from, h, t, observer) == Flow::Stop {
                return Some(Status::Interrupted);
            }
            self.method.dense(s, &mut self.buffer);
            let id = events[index].id.clone();
            self.located.push(Located { id: id.clone(), t, state: self.buffer.clone() });
            if events[index].terminal {
                self.t = t;
                self.y.copy_from_slice(&self.buffer);
                return Some(Status::Event { id, at: t });
            }
        }
        // Up to, not including, the end of the step: there the step itself is more accurate.
        if self.sample(from, h, to, observer) == Flow::Stop {
            return Some(Status::Interrupted);
        }
        self.t = to;
        self.y.copy_from_slice(self.method.candidate());
        while let [first, rest @ ..] = self.grid {
            if *first != to {
                break;
            }
            self.grid = rest;
            if observer(to, &self.y) == Flow::Stop {
                return Some(Status::Interrupted);
            }
        }
        let size = norm_inf(&self.y);
        if size > self.settings.divergence_bound {
            return Some(Status::Diverged { at: self.t });
        }
        (to == self.until).then_some(Status::ReachedEnd)
    }

    /// Shows the observer the samples in [from, end); the step is from..from + h.
    fn sample(&mut self, from: f64, h: f64, end: f64, observer: &mut dyn FnMut(f64, &[f64]) -> Flow) -> Flow {
        while let [first, rest @ ..] = self.grid {
            let t = *first;
            if self.direction * t >= self.direction * end {
                break;
            }
            self.grid = rest;
            self.method.dense((t - from) / h, &mut self.buffer);
            if observer(t, &self.buffer) == Flow::Stop {
                self.t = t;
                self.y.copy_from_slice(&self.buffer);
                return Flow::Stop;
            }
        }
        Flow::Continue
    }

    /// First step after Hairer, Nørsett, Wanner I, II.4: two trial slopes bound the second derivative.
    fn first_step(&mut self, system: &mut dyn System, slope: &[f64]) -> f64 {
        let limit = min((self.until - self.t).abs(), self.settings.max_step);
        if let Some(h) = self.settings.first_step {
            return self.direction * min(h, limit);
        }
        let n = self.y.len() as f64;
        let weighted = |v: &dyn Fn(usize) -> f64| {
            let sum = (0..self.y.len())
                .map(|i| v(i) / self.tolerance.scale(self.y[i], self.y[i]))
                .fold(0.0, |s, r| s + r * r);
            (sum / n).sqrt()
        };
        let (size, speed) = (weighted(&|i| self.y[i]), weighted(&|i| slope[i]));
        // Norms of huge numbers overflow; the step that follows from them must not be NaN or 0.
        let ratio = 0.01 * size / speed;
        let usable = size >= 1e-5 && speed >= 1e-5 && ratio > 0.0 && ratio.is_finite();
        let mut h0 = if usable { ratio } else { 1e-6 };
        h0 = self.direction * min(h0, limit);
        let probe: Vec<f64> = self.y.iter().zip(slope).map(|(y, f)| y + h0 * f).collect();
        let mut moved = vec![0.0; self.y.len()];
        system.rhs(self.t + h0, &probe, &mut moved);
        self.work.evaluations += 1;
        if !all_finite(&moved) {
            return h0;
        }
        let bend = weighted(&|i| moved[i] - slope[i]) / h0.abs();
        let steepest = max(speed, bend);
        if !steepest.is_finite() {
            return h0;
        }
        let h1 = if steepest <= 1e-15 {
            max(1e-6, h0.abs() * 1e-3)
        } else {
            (0.01 / steepest).powf(1.0 / self.method.control().error_order)
        };
        self.direction * min(min(100.0 * h0.abs(), h1), limit)
    }
}
