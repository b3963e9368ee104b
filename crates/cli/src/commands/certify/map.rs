//! `dinlab certify map`.

use std::path::PathBuf;

use anyhow::{ensure, Context as _};
use clap::Args;
use dinlab_certify::{
    lyapunov::{
        certificate::{Exact, RateCertificate},
        search::{discrete, Precision},
        Condition, Family,
    },
    rational, target, CertificateFile, Rational,
};
use dinlab_record::figure::{Axis, Figure, Layer, Marker, Panel};
use dinlab_report::Table;
use rayon::prelude::*;
use serde_json::{json, Value};

use super::options::one;
use crate::{
    args::Common,
    drawing,
    output::{self, number, Product},
    session::{Exit, Session},
    values,
};

/// Certified rate of INDIAN over step and friction at one ratio of damping to step
#[derive(Debug, Args)]
#[command(
    after_help = "Cells are INDIAN with a constant step: horizontally a = step size^2 L in (0, 2], vertically
b = 1 - alpha step size in [0, 1), at fixed eta = beta / step size - 1. Every rate has been verified in exact
arithmetic. -o FILE.csv has one row per cell: a, b, alpha, beta, step size, certified rate, limit on quadratics."
)]
pub struct Map {
    /// Constant of strong convexity
    #[arg(long, visible_alias = "mu", value_name = "MU", allow_hyphen_values = true)]
    convexity: String,
    /// Lipschitz constant of the gradient
    #[arg(long, visible_alias = "L", value_name = "L", default_value = "1", allow_hyphen_values = true)]
    smoothness: String,
    /// beta / step size - 1 [default: that of triple momentum]
    #[arg(long, value_name = "ETA", allow_hyphen_values = true)]
    eta: Option<String>,
    /// Cells per side
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = values::positive_count, allow_hyphen_values = true)]
    cells: u64,
    /// Width of the last bracket of each bisection, relative to 1 - rho of quadratics
    #[arg(long, value_name = "E", default_value_t = 1e-3, value_parser = values::positive, allow_hyphen_values = true)]
    precision: f64,
    /// Draw the map: .svg or .png
    #[arg(long, value_name = "FILE", value_parser = drawing::target)]
    figure: Option<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}

/// Largest a = γ²L: triple momentum has a = 2 − 1/√κ.
const LARGEST_STEP: f64 = 2.0;

struct Cell {
    a: f64,
    b: f64,
    certified: f64,
    quadratics: f64,
    /// Slowest of some runs.
    simulated: f64,
}

/// Steps of a simulated run, of which the first half is not looked at.
const STEPS: u32 = 400;

/// Rate at which the distance to the minimiser falls in the second half of runs on functions of one variable, the slowest of
/// them: quadratics of curvature μ and L, and functions with slope L inside, μ between 1 and 2 and L outside (Lessard, Recht,
/// Packard's, with its two borders), from starts on both sides. It is a lower estimate of the true rate, with no proof; 1 or more
/// where a run does not converge.
fn simulated([a, b, eta]: [f64; 3], [mu, l]: [f64; 2]) -> f64 {
    let (s, m, c) = (a, 1.0 - b, a * (1.0 + eta));
    let kinked = |x: f64| {
        if x < 1.0 {
            l * x
        } else if x < 2.0 {
            l + mu * (x - 1.0)
        } else {
            l + mu + l * (x - 2.0)
        }
    };
    let gradients: [&dyn Fn(f64) -> f64; 3] = [&|x| mu * x, &|x| l * x, &kinked];
    let mut slowest: f64 = 0.0;
    for gradient in gradients {
        for start in [0.3, 1.5, 3.3, -2.0] {
            let (mut theta, mut w) = (start, 0.0_f64);
            let mut size = [0.0_f64; 2];
            for k in 0..STEPS {
                let g = gradient(theta);
                (theta, w) = (theta + w - c * g, (1.0 - m) * w - (s - m * c) * g);
                let norm = theta.hypot(w);
                // The largest of a quarter, at the middle and at the end: cycles and spirals have no last value.
                if (STEPS / 4..STEPS / 2).contains(&k) {
                    size[0] = dinlab_numeric::max(size[0], norm);
                } else if k >= 3 * STEPS / 4 {
                    size[1] = dinlab_numeric::max(size[1], norm);
                }
            }
            let rate = if size[1] == 0.0 { 0.0 } else { (size[1] / size[0]).powf(2.0 / f64::from(STEPS)) };
            slowest = dinlab_numeric::max(slowest, rate);
        }
    }
    slowest
}

impl Map {
    /// Maps.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let class = Condition::new(one("convexity", &self.convexity)?, one("smoothness", &self.smoothness)?)?;
        let triple = Family::triple_momentum(&class).as_three_parameter();
        let eta = match &self.eta {
            Some(text) => one("eta", text)?,
            None => triple[2].clone(),
        };
        ensure!(
            eta >= -Rational::ONE,
            "--eta {}: expected a number of at least -1 (beta >= 0)",
            target::show(&eta)
        );
        ensure!(self.cells <= 400, "--cells {}: expected a whole number from 1 to 400", self.cells);
        ensure!(
            (1e-9..=0.1).contains(&self.precision),
            "--precision {}: expected a number from 1e-9 to 0.1",
            self.precision
        );
        session.prepare(output::Format::ALL)?;
        let cells = self.cells(&class, &eta, session)?;
        let best = cells
            .iter()
            .filter(|c| c.certified.is_finite())
            .min_by(|x, y| x.certified.total_cmp(&y.certified));
        let kappa = rational::float(&(&class.smoothness / &class.convexity));
        let lower = 1.0 - 1.0 / kappa.sqrt();
        if let Some(file) = &self.figure {
            drawing::write(file, &self.draw(&cells, &class, &eta, best))?;
        }
        let plan = json!({
            "command": "certify map", "convexity": self.convexity, "smoothness": self.smoothness,
            "eta": self.eta, "cells": self.cells, "precision": self.precision,
            "resolved": {"eta": target::show(&eta)},
        });
        let certified = cells.iter().filter(|c| c.certified.is_finite()).count();
        let body = json!({
            "evidence": "certified",
            "eta": number(rational::float(&eta)),
            "eta_triple_momentum": number(rational::float(&triple[2])),
            "certified_cells": certified, "cells": cells.len(),
            "best": best.map_or(Value::Null, |c| json!({
                "a": number(c.a), "b": number(c.b), "rate": number(c.certified), "limit_on_quadratics": number(c.quadratics),
            })),
            "lower_bound_of_all_methods": number(lower),
        });
        let mut text = format!(
            "INDIAN with beta / step size - 1 = {:.6} (triple momentum: {:.6}), condition number {kappa}\n",
            rational::float(&eta),
            rational::float(&triple[2])
        );
        text += &format!("  {certified} of {} cells have a certified rate below 1\n", cells.len());
        if let Some(c) = best {
            text += &format!(
                "  best: rho = {:.6} at a = {:.4}, b = {:.4}; on quadratics {:.6} there\n",
                c.certified, c.a, c.b, c.quadratics
            );
        }
        text += &format!("  best known method on the class: rho = {lower:.6} (triple momentum)\n");
        output::emit(
            session,
            &Product::new("certify-map", plan, body, text).with_table(self.table(&cells, &class, &eta)),
        )?;
        Ok(Exit::Success)
    }

    fn cells(&self, class: &Condition, eta: &Rational, session: &Session) -> anyhow::Result<Vec<Cell>> {
        let n = usize::try_from(self.cells).unwrap_or(1);
        let whole =
            |i: usize| Rational::from(u64::try_from(2 * i + 1).unwrap_or(1)) / Rational::from(2 * self.cells);
        let threads = session.common.jobs.and_then(|jobs| usize::try_from(jobs).ok()).unwrap_or(0);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .context("--jobs: cannot make threads")?;
        let largest = Rational::from(2);
        let precision = Precision { width: self.precision, certify: true };
        let cell = |index: usize| {
            let a = whole(index % n) * &largest / &class.smoothness;
            let b = whole(index / n);
            let family = Family::three_parameter(&a, &b, eta);
            // From the certificate, as `certify verify` reads it.
            let found = discrete(&family, class, precision).certified.filter(|rate| {
                RateCertificate::new(&Exact::Discrete(family.clone()), class, rate).verify().is_ok()
            });
            Cell {
                a: rational::float(&(a * &class.smoothness)),
                b: rational::float(&b),
                certified: found.map_or(f64::NAN, |rate| rational::float_above(&rate.rate)),
                quadratics: family.spectral_radius(class),
                simulated: simulated(
                    family.as_three_parameter().map(|x| rational::float(&x)),
                    [rational::float(&class.convexity), rational::float(&class.smoothness)],
                ),
            }
        };
        // Collected in order: the same bytes on any number of threads.
        Ok(pool.install(|| (0..n * n).into_par_iter().map(cell).collect()))
    }

    fn table(&self, cells: &[Cell], class: &Condition, eta: &Rational) -> Table {
        let (l, eta) = (rational::float(&class.smoothness), rational::float(eta));
        let columns = [
            "a",
            "b",
            "alpha",
            "beta",
            "step_size",
            "certified_rate",
            "limit_on_quadratics",
            "simulated_rate",
        ];
        let row = |c: &Cell| {
            let gamma = (c.a / l).sqrt();
            vec![
                c.a,
                c.b,
                (1.0 - c.b) / gamma,
                gamma * (1.0 + eta),
                gamma,
                c.certified,
                c.quadratics,
                c.simulated,
            ]
        };
        Table::new(columns.map(str::to_owned).to_vec(), cells.iter().map(row).collect())
    }

    /// The row of the best certified cell: certificate, quadratics, runs, and the lower bound of all methods.
    fn cut(&self, cells: &[Cell], class: &Condition, best: Option<&Cell>) -> Panel {
        let n = usize::try_from(self.cells).unwrap_or(1);
        let b = best.or(cells.last()).map_or(0.0, |c| c.b);
        let row: Vec<&Cell> = cells.iter().filter(|c| c.b == b).take(n).collect();
        let line = |pick: &dyn Fn(&Cell) -> f64| -> Vec<f64> {
            row.iter().map(|c| Some(pick(c)).filter(|v| *v < 1.0).unwrap_or(f64::NAN)).collect()
        };
        let x: Vec<f64> = row.iter().map(|c| c.a).collect();
        let kappa = rational::float(&(&class.smoothness / &class.convexity));
        let lower = 1.0 - kappa.sqrt().recip();
        Panel::new(
            format!("the row b = {b:.3}"),
            Axis::linear("a = γ²L").range(0.0, LARGEST_STEP),
            Axis::linear("ρ"),
        )
        .with(Layer::points("certified", x.clone(), line(&|c| c.certified), 0, Marker::Circle))
        .with(Layer::dashed("limit of quadratics", x.clone(), line(&|c| c.quadratics), 7))
        .with(Layer::points("simulated", x, line(&|c| c.simulated), 3, Marker::Cross))
        .with(Layer::Horizontal {
            label: "lower bound of all methods".into(),
            y: lower,
            color: 2,
            dash: dinlab_record::figure::Dash::Dotted,
        })
    }

    fn draw(&self, cells: &[Cell], class: &Condition, eta: &Rational, best: Option<&Cell>) -> Figure {
        let n = usize::try_from(self.cells).unwrap_or(1);
        let map = |title: &str, pick: &dyn Fn(&Cell) -> f64| {
            let values: Vec<f64> =
                cells.iter().map(|c| Some(pick(c)).filter(|v| *v < 1.0).unwrap_or(f64::NAN)).collect();
            let least = values.iter().filter(|v| v.is_finite()).fold(1.0, |m, v| dinlab_numeric::min(m, *v));
            let layer = Layer::Map {
                label: "ρ".into(),
                x: [0.0, LARGEST_STEP],
                y: [0.0, 1.0],
                nx: n,
                ny: n,
                values,
                limits: [least, 1.0],
            };
            let x = Axis::linear("a = γ²L").range(0.0, LARGEST_STEP);
            let mut panel = Panel::new(title, x, Axis::linear("b = 1 − αγ").range(0.0, 1.0)).with(layer);
            if let Some(c) = best {
                panel = panel.with(Layer::points("best certified", vec![c.a], vec![c.b], 7, Marker::Cross));
            }
            panel
        };
        let kappa = rational::float(&(&class.smoothness / &class.convexity));
        Figure {
            id: "certify-map".into(),
            title: "Certified linear rate of INDIAN on strongly convex smooth functions".into(),
            caption: format!(
                "η = β/γ − 1 = {:.4}, κ = {kappa}; grey: none below 1 found",
                rational::float(eta)
            ),
            columns: 2,
            panels: vec![
                map("certified", &|c| c.certified),
                map("limit of quadratics", &|c| c.quadratics),
                map("simulated (slowest of 12 runs)", &|c| c.simulated),
                self.cut(cells, class, best),
            ],
        }
    }
}
