//! `dinlab landscape spectrum`: where the Hessian's eigenvalues lie.

use std::path::PathBuf;

use clap::Args;
use dinlab_analysis::{
    krylov::{lanczos, Lanczos, Orthogonalisation},
    spectral_density::{Estimate, SpectralDensity},
    spectrum::symmetric_eigenvalues,
};
use dinlab_numeric::{max, Stream};
use dinlab_record::figure::{Axis, Dash, Figure, Layer, Panel};
use dinlab_report::Table;
use serde_json::{json, Value};

use super::{
    check_memory, hessian,
    place::{Place, Resolved},
};
use crate::{
    args::Common,
    drawing,
    output::{self, number, numbers, Product},
    session::{Exit, Session},
    values,
};

/// Up to this many variables the whole Hessian is formed as well, to compare with.
const WHOLE: usize = 500;
/// Confidence of the intervals.
const LEVEL: f64 = 0.95;
/// Error of quadrature, as a share of the smoothing Gaussian's height, that the default width allows: less than one outlier among
/// thousands of eigenvalues shows.
const ERROR: f64 = 1e-4;
/// Points of density and share.
const POINTS: usize = 401;
/// Eigenvalues nearer to 0 than this share of the largest modulus are counted as near 0.
const NEAR: f64 = 1e-3;

/// Density of the Hessian's eigenvalues, trace and norm, by stochastic Lanczos quadrature with error bars
#[derive(Debug, Args)]
pub struct Spectrum {
    #[command(flatten)]
    place: Place,
    /// Random directions
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = values::positive_count, allow_hyphen_values = true)]
    probes: u64,
    /// Hessian-vector products for each of them
    #[arg(long, value_name = "M", default_value_t = 60, value_parser = values::positive_count, allow_hyphen_values = true)]
    products: u64,
    /// Standard deviation of the Gaussian through which the density is seen [default: what so many products resolve]
    #[arg(long, value_name = "W", value_parser = values::positive, allow_hyphen_values = true)]
    width: Option<f64>,
    /// Draw density and share into a file: .svg or .png
    #[arg(long, value_name = "FILE", value_parser = drawing::target)]
    figure: Option<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}

/// What was found.
struct Found {
    density: SpectralDensity,
    extremes: Lanczos,
    exact: Option<Vec<f64>>,
    width: f64,
    /// Abscissae with density and share up to there.
    curve: Vec<(f64, Estimate, Estimate)>,
}

impl Spectrum {
    /// Measures and hands over.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let seed = session.common.seed;
        let place = self.place.resolve(seed)?;
        let n = place.dimension();
        let steps = usize::try_from(self.products).unwrap_or(usize::MAX).min(n);
        check_memory("--products", steps, n)?;
        check_memory("--probes", usize::try_from(self.probes).unwrap_or(usize::MAX), steps)?;
        session.prepare(output::Format::ALL)?;
        let found = self.measure(&place, steps, seed)?;
        if let Some(file) = &self.figure {
            drawing::write(file, &figure(&place, &found))?;
        }
        let mut plan = self.place.plan("spectrum", seed, &place);
        plan.insert("probes".into(), json!(self.probes));
        plan.insert("products".into(), json!(self.products));
        plan.insert("width".into(), json!(self.width));
        let mut body = place.body();
        let scale = n as f64;
        let [below, near] = shares(&found);
        let bar = |[value, error]: [f64; 2]| json!({ "value": number(value), "error_bound": number(error) });
        let fields = [
            ("trace", estimate(found.density.mean(|l| l), |x| scale * x)),
            ("frobenius_norm", estimate(found.density.mean(|l| l * l), |x| (scale * max(x, 0.0)).sqrt())),
            ("largest", bar(found.extremes.largest())),
            ("smallest", bar(found.extremes.smallest())),
            ("share_negative", estimate(below, |x| x)),
            ("share_near_zero", estimate(near, |x| x)),
            ("width", number(found.width)),
            ("quadrature_error", number(found.density.smoothing_error(found.width))),
            ("level", json!(LEVEL)),
            ("eigenvalues", found.exact.as_ref().map_or(Value::Null, |all| numbers(all))),
        ];
        body.extend(fields.map(|(key, value)| (key.to_owned(), value)));
        let text = place.text() + &self.text(&found, scale);
        let product = Product::new("landscape", Value::Object(plan), Value::Object(body), text)
            .with_table(table(&found));
        output::emit(session, &product)?;
        Ok(Exit::Success)
    }

    fn measure(&self, place: &Resolved, steps: usize, seed: u64) -> anyhow::Result<Found> {
        let n = place.dimension();
        let failed = |error| anyhow::anyhow!("--at: the Hessian there: {error}");
        let mut oracle = place.oracle();
        let mut operator = hessian(oracle.as_mut(), &place.theta);
        let mut stream = Stream::new(seed, "landscape/probes", 0);
        let probes = usize::try_from(self.probes).unwrap_or(usize::MAX);
        let density =
            SpectralDensity::of(&mut *operator, n, probes, steps, LEVEL, &mut stream).map_err(failed)?;
        let start = Stream::new(seed, "landscape/extremes", 0).normals(n);
        let most = (4 * steps).min(n);
        let extremes =
            lanczos(&mut *operator, &start, most, 1e-10, Orthogonalisation::Twice).map_err(failed)?;
        drop(operator);
        let exact = match n <= WHOLE {
            true => {
                let mut entries = vec![0.0; n * n];
                oracle.hessian(&place.theta, &mut entries);
                Some(symmetric_eigenvalues(&entries, n).map_err(failed)?)
            }
            false => None,
        };
        let width = self.width.unwrap_or_else(|| default_width(&density));
        let [low, high] = density.extremes();
        let (low, high) = (low - 4.0 * width, high + 4.0 * width);
        let at = |i: usize| low + (high - low) * i as f64 / (POINTS - 1) as f64;
        let curve =
            (0..POINTS).map(at).map(|x| (x, density.density(x, width), density.share_up_to(x))).collect();
        Ok(Found { density, extremes, exact, width, curve })
    }

    fn text(&self, found: &Found, scale: f64) -> String {
        let line = |name: &str, e: Estimate, map: &dyn Fn(f64) -> f64| {
            format!("{name:<22}{:.6e}  ({:.6e} to {:.6e})\n", map(e.value), map(e.low), map(e.high))
        };
        let bar = |name: &str, [value, error]: [f64; 2]| format!("{name:<22}{value:.6e}  ± {error:.1e}\n");
        let mut out = bar("largest eigenvalue", found.extremes.largest());
        out += &bar("smallest eigenvalue", found.extremes.smallest());
        out += &line("trace", found.density.mean(|l| l), &|x| scale * x);
        out += &line("Frobenius norm", found.density.mean(|l| l * l), &|x| (scale * max(x, 0.0)).sqrt());
        let [below, near] = shares(found);
        let percent = |name: &str, e: Estimate| {
            let [value, low, high] = [e.value, e.low, e.high].map(|x| 100.0 * x);
            format!("{name:<22}{value:.2} %  ({low:.2} to {high:.2})\n")
        };
        out += &percent("negative", below);
        out += &percent("near 0", near);
        out += &format!(
            "{} probes of {} products, intervals of {} %; near 0: within {NEAR:.0e} of the largest modulus\n",
            found.density.rules.len(),
            found.density.rules[0].nodes.len(),
            100.0 * LEVEL
        );
        out += &match found.density.smoothing_error(found.width) {
            0.0 => format!("density seen through a Gaussian of width {:.3e}: the quadrature is exact\n", found.width),
            error => format!(
                "density seen through a Gaussian of width {:.3e}: error of quadrature below {error:.1e} of its height\n",
                found.width
            ),
        };
        if let Some(all) = &found.exact {
            let trace: f64 = all.iter().sum();
            let negative = all.iter().filter(|l| **l <= -near_zero(found)).count() as f64 / scale;
            let squares: f64 = all.iter().map(|l| l * l).sum();
            out += &format!(
                "all {} eigenvalues      trace {trace:.6e}, Frobenius norm {:.6e}, negative {:.2} %\n",
                all.len(),
                squares.sqrt(),
                100.0 * negative
            );
        }
        out
    }
}

/// The finest width that quadrature resolves; any where the rules are exact or all eigenvalues are one.
fn default_width(density: &SpectralDensity) -> f64 {
    let [low, high] = density.extremes();
    let range = high - low;
    if range <= 0.0 {
        return max(0.01 * high.abs(), f64::MIN_POSITIVE);
    }
    // Finer than a three-hundredth of the range cannot be seen in a figure.
    max(density.resolution(ERROR), range / 300.0)
}

fn near_zero(found: &Found) -> f64 {
    NEAR * max(found.extremes.largest()[0].abs(), found.extremes.smallest()[0].abs())
}

/// Share of eigenvalues that are negative, and that are near 0.
fn shares(found: &Found) -> [Estimate; 2] {
    let edge = near_zero(found);
    let (below, upto) = (found.density.share_up_to(-edge), found.density.share_up_to(edge));
    let near = Estimate {
        value: upto.value - below.value,
        low: max(upto.low - below.high, 0.0),
        high: upto.high - below.low,
    };
    [below, near]
}

fn estimate(e: Estimate, map: impl Fn(f64) -> f64) -> Value {
    json!({ "value": number(map(e.value)), "low": number(map(e.low)), "high": number(map(e.high)) })
}

fn table(found: &Found) -> Table {
    let columns =
        ["eigenvalue", "density", "density_low", "density_high", "share_up_to", "share_low", "share_high"];
    let row =
        |(x, d, s): &(f64, Estimate, Estimate)| vec![*x, d.value, d.low, d.high, s.value, s.low, s.high];
    Table::new(columns.map(str::to_owned).to_vec(), found.curve.iter().map(row).collect())
}

fn figure(place: &Resolved, found: &Found) -> Figure {
    let x = || found.curve.iter().map(|p| p.0).collect::<Vec<f64>>();
    let part =
        |pick: &dyn Fn(&(f64, Estimate, Estimate)) -> f64| found.curve.iter().map(pick).collect::<Vec<_>>();
    let top = found.curve.iter().map(|p| p.1.high).fold(0.0, max);
    // Less than one eigenvalue in ten shows below this.
    let peak = 1.0 / (found.width * std::f64::consts::TAU.sqrt());
    let floor = dinlab_numeric::min(0.1 * peak / place.dimension() as f64, 1e-2 * top);
    let mut density = Panel::new(
        format!("density, seen through a Gaussian of width {:.2e}", found.width),
        Axis::linear("eigenvalue of the Hessian"),
        Axis::log("density").range(floor, 2.0 * top),
    )
    .with(Layer::Band {
        label: "95 % and quadrature".into(),
        x: x(),
        low: part(&|p| p.1.low),
        high: part(&|p| p.1.high),
        color: 0,
    })
    .with(Layer::curve("stochastic Lanczos quadrature", x(), part(&|p| p.1.value), 0));
    let mut share =
        Panel::new("share of eigenvalues up to x", Axis::linear("x"), Axis::linear("share").range(0.0, 1.0))
            .with(Layer::Band {
                label: "95 % and quadrature".into(),
                x: x(),
                low: part(&|p| p.2.low),
                high: part(&|p| p.2.high),
                color: 0,
            })
            .with(Layer::curve("stochastic Lanczos quadrature", x(), part(&|p| p.2.value), 0));
    if let Some(all) = &found.exact {
        let n = all.len() as f64;
        let smooth = |x: f64| {
            let seen = |l: &f64| peak * (-0.5 * ((x - l) / found.width).powi(2)).exp();
            all.iter().map(seen).sum::<f64>() / n
        };
        let upto = |x: f64| all.partition_point(|l| *l <= x) as f64 / n;
        let dotted = |y: Vec<f64>| Layer::Curve {
            label: format!("all {} eigenvalues", all.len()),
            x: x(),
            y,
            color: 1,
            dash: Dash::Dashed,
        };
        density = density.with(dotted(x().into_iter().map(smooth).collect()));
        share = share.with(dotted(x().into_iter().map(upto).collect()));
    }
    Figure {
        id: "landscape-spectrum".into(),
        title: "Eigenvalues of the Hessian".into(),
        caption: place.caption(),
        columns: 2,
        panels: vec![density, share],
    }
}
