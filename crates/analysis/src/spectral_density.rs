//! Where the eigenvalues of a large symmetric operator lie: stochastic Lanczos quadrature (Ubaru, Chen, Saad, SIAM J. Matrix Anal. Appl. 38,
//! 2017; for network Hessians: Ghorbani, Krishnan, Xiao, ICML 2019), with error bars that are derived.
//!
//! For a unit vector q the m-step rule of Lanczos' method integrates the spectral measure of q; for q uniform on the sphere the mean of that measure is
//! the distribution of the eigenvalues. So there are two errors:
//!
//! - *Sampling*. For f the variance of qᵀf(A)q is 2(mean f² − (mean f)²)/(n + 2), means over the eigenvalues (fourth moments of the sphere). For the share F of
//!   eigenvalues up to x that is 2F(1 − F)/(n + 2), as if (n + 2)/2 eigenvalues had been drawn.
//! - *Quadrature*. For the share up to x the rule and the measure differ by at most the weights of the nodes beside x (separation theorem of Chebyshev, Markov,
//!   Stieltjes; Szegő, Orthogonal Polynomials, 3.41). For an analytic f they differ by at most twice the distance of f to polynomials of degree 2m − 1 on the
//!   interval of the eigenvalues, bounded by Bernstein's ellipses (Trefethen, Approximation Theory and Approximation Practice, theorem 8.2).

use dinlab_numeric::{max, min, Stream};

use crate::{
    error::AnalysisError,
    krylov::{quadrature, Operator, Rule},
    statistics::{normal_quantile, wilson_share},
};

/// An estimate with the ends of its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Estimate.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Rules of several probes for one operator.
#[derive(Debug, Clone, PartialEq)]
pub struct SpectralDensity {
    /// The rule of every probe.
    pub rules: Vec<Rule>,
    /// n.
    pub dimension: usize,
    /// Two-sided normal quantile of the intervals.
    quantile: f64,
}

impl SpectralDensity {
    /// Draws `probes` directions from `stream` and makes `steps` products with each; `level` is the confidence of the intervals, such as 0.95.
    ///
    /// # Errors
    /// No probe or no step, a level outside (0, 1), a product that is not finite.
    pub fn of(
        operator: &mut Operator<'_>,
        dimension: usize,
        probes: usize,
        steps: usize,
        level: f64,
        stream: &mut Stream,
    ) -> Result<Self, AnalysisError> {
        if probes == 0 {
            return Err(AnalysisError::TooFewPoints { needed: 1, found: 0 });
        }
        if !(level > 0.0 && level < 1.0) {
            return Err(AnalysisError::OutOfRange { what: "level", value: level, low: 0.0, high: 1.0 });
        }
        let rules = (0..probes).map(|_| quadrature(operator, &stream.normals(dimension), steps));
        let rules = rules.collect::<Result<_, _>>()?;
        Ok(Self { rules, dimension, quantile: normal_quantile(0.5 + 0.5 * level) })
    }

    /// Smallest and largest node of all.
    pub fn extremes(&self) -> [f64; 2] {
        let nodes = || self.rules.iter().flat_map(|rule| &rule.nodes).copied();
        [nodes().fold(f64::INFINITY, min), nodes().fold(f64::NEG_INFINITY, max)]
    }

    /// Mean of f over the eigenvalues, with the error of sampling alone: for polynomials f with deg f² ≤ 2m − 1 there is no other.
    pub fn mean(&self, f: impl Fn(f64) -> f64) -> Estimate {
        let first = self.average(&f);
        let variance = max(self.average(|x| f(x) * f(x)) - first * first, 0.0);
        let half = self.quantile * (2.0 * variance / self.draws()).sqrt();
        Estimate { value: first, low: first - half, high: first + half }
    }

    /// Share of eigenvalues ≤ x.
    pub fn share_up_to(&self, x: f64) -> Estimate {
        let (mut value, mut low, mut high) = (0.0, 0.0, 0.0);
        for rule in &self.rules {
            // Nodes beside x: below it the sum of weights can be too large by its last one, and above too small by the next one.
            let below = rule.nodes.partition_point(|node| *node <= x);
            let sum: f64 = rule.weights[..below].iter().sum();
            let wrong = |weight: Option<&f64>| weight.copied().filter(|_| !rule.exact).unwrap_or(0.0);
            let (last, next) = (wrong(rule.weights[..below].last()), wrong(rule.weights.get(below)));
            value += sum;
            low += sum - last;
            high += sum + next;
        }
        let count = self.rules.len() as f64;
        let ends = [low, high].map(|share| min(max(share / count, 0.0), 1.0));
        let [low, high] = ends.map(|share| wilson_share(share, 0.5 * self.draws(), self.quantile));
        let (low, high) = (low[0], high[1]);
        Estimate { value: value / count, low, high }
    }

    /// Density of the eigenvalues seen through a Gaussian of standard deviation `width`, at x.
    pub fn density(&self, x: f64, width: f64) -> Estimate {
        let peak = 1.0 / (width * std::f64::consts::TAU.sqrt());
        let kernel = |node: f64| peak * (-0.5 * ((node - x) / width).powi(2)).exp();
        let Estimate { value, low, high } = self.mean(kernel);
        let rule = peak * self.smoothing_error(width);
        Estimate { value, low: max(low - rule, 0.0), high: high + rule }
    }

    /// Bound on the error of quadrature of a Gaussian of this standard deviation and height 1, wherever its centre is: the least of
    /// 4Mρ^(1−2m)/(ρ − 1) over ellipses of size ρ around the interval of all nodes, M = exp(b²/2σ²), b = R(ρ − 1/ρ)/2 the smaller half-axis.
    pub fn smoothing_error(&self, width: f64) -> f64 {
        let [low, high] = self.extremes();
        let reach = 0.5 * (high - low) / width;
        let steps = self.rules.iter().filter(|rule| !rule.exact).map(|rule| rule.nodes.len()).min();
        let Some(steps) = steps.map(|m| m as f64) else { return 0.0 };
        let logarithm = |rho: f64| {
            0.5 * (0.5 * reach * (rho - 1.0 / rho)).powi(2)
                - (2.0 * steps - 1.0) * rho.ln()
                - (rho - 1.0).ln()
        };
        let tried = (1..2000).map(|i| logarithm(1.0 + 10_f64.powf(-5.0 + 0.003 * f64::from(i))));
        4.0 * tried.fold(f64::INFINITY, min).exp()
    }

    /// The smallest standard deviation for which quadrature is wrong by at most `error` times the height of the Gaussian (a hundredth, say): what so
    /// many steps resolve.
    pub fn resolution(&self, error: f64) -> f64 {
        let [low, high] = self.extremes();
        let range = max(high - low, f64::MIN_POSITIVE);
        let (mut fine, mut coarse) = (1e-6 * range, 1e3 * range);
        for _ in 0..60 {
            let middle = (fine * coarse).sqrt();
            if self.smoothing_error(middle) > error {
                fine = middle;
            } else {
                coarse = middle;
            }
        }
        coarse
    }

    fn average(&self, f: impl Fn(f64) -> f64) -> f64 {
        let sums = self
            .rules
            .iter()
            .map(|rule| rule.nodes.iter().zip(&rule.weights).map(|(x, w)| w * f(*x)).sum::<f64>());
        sums.sum::<f64>() / self.rules.len() as f64
    }

    /// (n + 2)·probes.
    fn draws(&self) -> f64 {
        (self.dimension as f64 + 2.0) * self.rules.len() as f64
    }
}

#[cfg(test)]
#[path = "spectral_density_tests.rs"]
mod tests;
