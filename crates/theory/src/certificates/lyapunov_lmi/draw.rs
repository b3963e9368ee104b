//! Certified rate between its brackets, over the Hessian damping.

use dinlab_certify::{
    lyapunov::{
        flow::Flow,
        search::{self, Found, Precision},
        Family,
    },
    rational,
};
use dinlab_record::figure::{Axis, Figure, Layer, Marker, Panel};

use crate::{
    bounds::{class, fraction, number},
    check::Context,
    error::CheckError,
};

const KAPPA: u64 = 25;
/// Enough for the eye.
const PRECISION: Precision = Precision { width: 1e-3, certify: true };

pub(super) fn figure(id: &str, context: &Context<'_>) -> Result<Figure, CheckError> {
    Ok(Figure {
        id: id.into(),
        title: "Certified rates between quadratics and the sector inequality".into(),
        caption: format!("every marker is verified in exact arithmetic; κ = {KAPPA}, L = 1"),
        columns: 2,
        panels: vec![steps(context)?, flows(context)?],
    })
}

fn steps(context: &Context<'_>) -> Result<Panel, CheckError> {
    let class = class(KAPPA)?;
    let half = number("0.5")?;
    let rate = |found: &Found| found.certified.as_ref().map_or(f64::NAN, |r| rational::float_above(&r.rate));
    let betas: Vec<f64> = (0..=22).map(|i| 0.1 * f64::from(i)).collect();
    let (mut quadratics, mut interpolation, mut sector) = (Vec::new(), Vec::new(), Vec::new());
    for &beta in &betas {
        context.proceed()?;
        let family = Family::indian(&half, &fraction(beta)?, &half);
        quadratics.push(Some(family.spectral_radius(&class)).filter(|r| *r < 1.0).unwrap_or(f64::NAN));
        interpolation.push(rate(&search::discrete(&family, &class, PRECISION)));
        sector.push(rate(&search::sector(&family, &class, PRECISION)));
    }
    Ok(Panel::new("INDIAN, α = γ = 0.5", Axis::linear("Hessian damping β"), Axis::linear("rate ρ"))
        .with(Layer::dashed("quadratics: no rate below", betas.clone(), quadratics, 7))
        .with(Layer::points("interpolation: certified", betas.clone(), interpolation, 0, Marker::Circle))
        .with(Layer::points("sector: certified", betas, sector, 3, Marker::Cross)))
}

fn flows(context: &Context<'_>) -> Result<Panel, CheckError> {
    let class = class(KAPPA)?;
    let root = 0.2;
    let alpha = fraction(2.0 * root)?;
    let betas: Vec<f64> = (0..=20).map(|i| 0.25 * f64::from(i)).collect();
    let (mut quadratics, mut certified) = (Vec::new(), Vec::new());
    for &beta in &betas {
        context.proceed()?;
        let flow = Flow::Din { alpha: alpha.clone(), beta: fraction(beta)? };
        quadratics.push(search::flow_limit(&flow, &class));
        let found = search::continuous(&flow, &class, PRECISION).certified;
        certified.push(found.map_or(f64::NAN, |r| rational::float_below(&r.rate)));
    }
    let printed = vec![0.25 * root; 2];
    Ok(Panel::new("DIN, α = 2√μ", Axis::linear("Hessian damping β"), Axis::linear("rate r"))
        .with(Layer::dashed("quadratics: no rate above", betas.clone(), quadratics, 7))
        .with(Layer::points("interpolation: certified", betas, certified, 0, Marker::Circle))
        .with(Layer::curve("printed: √μ/4, β ≤ 1/(2√μ)", vec![0.0, 0.5 / root], printed, 2)))
}
