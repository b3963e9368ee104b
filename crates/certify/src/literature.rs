//! Known worst cases, with their sources. Units: L = M = R = 1 unless the options say otherwise.
//!
//! *Tight*: the constant is the worst case. *Upper*: proved, not claimed attained. *Lower*: no method of its kind does
//! better, so this one does not either. Tests compare every line with a certified bound.

use serde::Serialize;

use crate::{error::CertifyError, method::sequences, statement::Statement};

/// What a constant claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It is the worst case.
    Tight,
    /// The worst case is at most this.
    Upper,
    /// The worst case is at least this.
    Lower,
}

/// A line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// Method, class, N.
    pub method: &'static str,
    /// Class.
    pub class: &'static str,
    /// N.
    pub steps: usize,
    /// Constants, parameters, measure and start, as `name=value` separated by blanks.
    pub options: &'static str,
    /// The constant.
    pub value: f64,
    /// What it claims.
    pub kind: Kind,
    /// The formula.
    pub formula: &'static str,
    /// Where it is from.
    pub source: &'static str,
}

impl Known {
    /// The question.
    ///
    /// # Errors
    /// None for the lines of [`TABLE`], which a test shows.
    pub fn statement(&self) -> Result<Statement, CertifyError> {
        Statement::parse(self.method, self.class, self.steps, self.options)
    }
}

const DT14: &str = "Drori, Teboulle, Math. Program. 145, 2014, theorems 3.1 and 3.2, conjecture 3.1";
const THG17: &str = "Taylor, Hendrickx, Glineur, SIAM J. Optim. 27, 2017";
const THG18: &str = "Taylor, Hendrickx, Glineur, J. Optim. Theory Appl. 178, 2018, theorem 2.1";
const KGT17: &str = "de Klerk, Glineur, Taylor, Optim. Lett. 11, 2017, theorem 1.2";
const DT16: &str = "Drori, Teboulle, Math. Program. 160, 2016";
const KF16: &str = "Kim, Fessler, Math. Program. 159, 2016, theorem 2; exact: Kim, Fessler, J. Optim. Theory Appl. 172, 2017";
const D17: &str = "Drori, J. Complexity 39, 2017, theorem 3";
const BT09: &str = "Beck, Teboulle, SIAM J. Imaging Sci. 2, 2009, theorem 4.4";
const AKZ22: &str = "Abbaszadehpeivasti, de Klerk, Zamani, Optim. Lett. 16, 2022";
const AKZ23: &str = "Abbaszadehpeivasti, de Klerk, Zamani, Optim. Lett. 17, 2023";
const NNG19: &str = "Necoara, Nesterov, Glineur, Math. Program. 175, 2019";
const DTB22: &str = "Dragomir, Taylor, d'Aspremont, Bolte, Math. Program. 194, 2022, theorem 1";
const AP24: &str = "Altschuler, Parrilo, Math. Program., 2024 (silver steps II), theorem 1.1";
const TD23: &str = "Taylor, Drori, Math. Program. 199, 2023; lower: Drori, Taylor, J. Complexity 68, 2022";
const NY83: &str = "Nemirovski, J. Complexity 8, 1992; Chebyshev polynomials";
const ROCK: &str = "Rockafellar, SIAM J. Control Optim. 14, 1976";
const HERE: &str = "derived in this project (Huber functions), see docs/certify.md";
const DICT: &str = "derived in this project (the method is gradient descent in other words)";

/// The shape of a line.
type Row = (&'static str, &'static str, usize, &'static str, f64, Kind, &'static str, &'static str);

const fn known(row: Row) -> Known {
    let (method, class, steps, options, value, kind, formula, source) = row;
    Known { method, class, steps, options, value, kind, formula, source }
}

use Kind::{Lower, Tight, Upper};

const GD: &str = "gradient-descent";
const CONVEX: &str = "smooth-convex";
const STRONG: &str = "smooth-strongly-convex";

/// The table.
pub static TABLE: &[Known] = &[
    known((GD, CONVEX, 1, "", 1.0 / 6.0, Tight, "L R²/(4N+2)", DT14)),
    known((GD, CONVEX, 5, "", 1.0 / 22.0, Tight, "L R²/(4N+2)", DT14)),
    known((GD, CONVEX, 10, "", 1.0 / 42.0, Tight, "L R²/(4N+2)", DT14)),
    known((GD, CONVEX, 4, "step-size=0.5", 0.1, Tight, "L R²/(4Nh+2)", DT14)),
    known((GD, CONVEX, 2, "step-size=1.5", 1.0 / 14.0, Tight, "(L R²/2) max(1/(2Nh+1), (1−h)^2N)", DT14)),
    known((GD, CONVEX, 2, "step-size=1.9", 0.328_05, Tight, "(L R²/2) max(1/(2Nh+1), (1−h)^2N)", DT14)),
    known((GD, CONVEX, 3, "measure=gradient", 1.0 / 16.0, Tight, "L² R²/(N+1)²", THG17)),
    known((GD, CONVEX, 3, "measure=gradient start=f", 2.0 / 7.0, Tight, "2L R/(2N+1)", THG17)),
    known((
        GD,
        STRONG,
        2,
        "convexity=0.1 step-size=1 measure=distance",
        0.6561,
        Tight,
        "max(|1−hμ|, |1−hL|)^2N R²",
        THG18,
    )),
    known((
        GD,
        STRONG,
        1,
        "convexity=0.1 measure=distance",
        81.0 / 121.0,
        Tight,
        "((κ−1)/(κ+1))^2N R²",
        THG18,
    )),
    known((
        GD,
        STRONG,
        1,
        "convexity=0.1 step-size=1.3 measure=f start=f",
        0.7569,
        Tight,
        "max(|1−hμ|, |1−hL|)^2N R",
        THG18,
    )),
    known((
        GD,
        STRONG,
        1,
        "convexity=0.1 step-size=1.3 measure=gradient start=gradient",
        0.7569,
        Tight,
        "max(|1−hμ|, |1−hL|)^2N R²",
        THG18,
    )),
    known((
        GD,
        STRONG,
        1,
        "convexity=0.3 step-size=1.9 measure=distance",
        0.81,
        Tight,
        "max(|1−hμ|, |1−hL|)^2N R²",
        THG18,
    )),
    known((GD, "smooth", 1, "", 0.8, Tight, "4L R/(3N+2)", AKZ22)),
    known((GD, "smooth", 3, "", 4.0 / 11.0, Tight, "4L R/(3N+2)", AKZ22)),
    known((
        GD,
        "smooth-lojasiewicz",
        1,
        "convexity=0.1 step-size=1 measure=f",
        1.8 / 2.1,
        Upper,
        "(2L−2μ)/(2L+μ) R",
        AKZ23,
    )),
    known((
        GD,
        "smooth-convex-quadratic-growth",
        2,
        "convexity=0.25 step-size=1 measure=distance",
        0.64,
        Upper,
        "(L/(L+μ))^N R²",
        NNG19,
    )),
    known((
        GD,
        "quadratic",
        3,
        "step-size=1",
        0.5 / 7.0 * 46_656.0 / 117_649.0,
        Tight,
        "(1/2)(1/(2N+1))(2N/(2N+1))^2N L R²",
        NY83,
    )),
    known((
        GD,
        "quadratic",
        2,
        "convexity=0.1 step-size=1.1518109240549248,4.3140275852618455 measure=distance",
        0.2531152347517457,
        Tight,
        "R²/T_N((κ+1)/(κ−1))²",
        NY83,
    )),
    known((
        "heavy-ball",
        "quadratic",
        3,
        "convexity=0.1 measure=distance",
        0.0756198133669408,
        Lower,
        "R²/T_N((κ+1)/(κ−1))²",
        NY83,
    )),
    known((
        "exact-line-search",
        STRONG,
        1,
        "convexity=0.1 start=f",
        81.0 / 121.0,
        Tight,
        "((κ−1)/(κ+1))^2N R",
        KGT17,
    )),
    known((
        "exact-line-search",
        STRONG,
        2,
        "convexity=0.1 start=f",
        6561.0 / 14_641.0,
        Tight,
        "((κ−1)/(κ+1))^2N R",
        KGT17,
    )),
    known(("subgradient", "convex-lipschitz", 3, "", 0.5, Tight, "M R/√(N+1)", DT16)),
    known(("subgradient", "convex-lipschitz", 5, "", 0.408_248_290_463_863, Tight, "M R/√(N+1)", DT16)),
    known(("proximal-point", "convex", 3, "", 1.0 / 12.0, Tight, "R²/(4Nh)", THG17)),
    known(("proximal-point", "convex", 2, "step-size=2", 1.0 / 16.0, Tight, "R²/(4Nh)", THG17)),
    known(("proximal-point", "convex", 2, "measure=gradient", 0.25, Tight, "R²/(Nh)²", THG17)),
    known((
        "proximal-point",
        "strongly-convex",
        2,
        "convexity=0.5 measure=distance",
        16.0 / 81.0,
        Tight,
        "R²/(1+hμ)^2N",
        ROCK,
    )),
    known(("proximal-gradient", "composite", 3, "", 1.0 / 12.0, Tight, "L R²/(4N)", THG17)),
    known((
        "proximal-gradient",
        "composite",
        2,
        "convexity=0.2 step-size=1 measure=distance",
        0.4096,
        Tight,
        "max(|1−hμ|, |1−hL|)^2N R²",
        THG18,
    )),
    known(("fista", "composite", 4, "", 2.0 / 25.0, Upper, "2L R²/(N+1)²", BT09)),
    known(("nesterov-convex", CONVEX, 5, "", 2.0 / 36.0, Upper, "2L R²/(N+1)²", BT09)),
    known(("nesterov-convex", CONVEX, 5, "", 0.018588136663651052, Lower, "L R²/(2θ_N²)", D17)),
    known(("optimized-gradient", CONVEX, 3, "", 0.03769239720788238, Tight, "L R²/(2θ_N²)", KF16)),
    known(("optimized-gradient", CONVEX, 5, "", 0.018588136663651052, Tight, "L R²/(2θ_N²)", KF16)),
    known((
        "triple-momentum",
        STRONG,
        3,
        "convexity=0.1 measure=distance",
        0.19321932271693099,
        Lower,
        "R²/(1+qA_N)",
        TD23,
    )),
    known(("bregman-gradient", "relatively-smooth", 3, "", 1.0 / 3.0, Tight, "L D_h(x*, x₀)/N", DTB22)),
    known((
        "silver",
        CONVEX,
        3,
        "",
        0.0798246641838415,
        Upper,
        "L R²/(1+√(4ρ^2k−3)), N = 2^k−1, ρ = 1+√2",
        AP24,
    )),
    known((
        "silver",
        CONVEX,
        7,
        "",
        0.034377511048613626,
        Upper,
        "L R²/(1+√(4ρ^2k−3)), N = 2^k−1, ρ = 1+√2",
        AP24,
    )),
    known((
        "indian",
        CONVEX,
        2,
        "alpha=0.5 beta=0.5 step-size=0.5",
        0.21052631578947367,
        Tight,
        "L R²/(2+4Ld_N)",
        HERE,
    )),
    known((
        "indian",
        CONVEX,
        4,
        "alpha=0.5 beta=1 step-size=0.5",
        0.0798004987531172,
        Tight,
        "L R²/(2+4Ld_N)",
        HERE,
    )),
    known((
        "indian",
        CONVEX,
        4,
        "alpha=1 beta=0.5 step-size=0.5",
        0.12307692307692308,
        Tight,
        "L R²/(2+4Ld_N)",
        HERE,
    )),
    known((
        "indian",
        CONVEX,
        3,
        "alpha=2 beta=0.5 step-size=0.6",
        0.5 / 2.8,
        Tight,
        "αβ = 1: gradient descent of step γβ",
        DICT,
    )),
];

/// Largest number of steps in the table, for whoever sizes a run.
pub fn longest() -> usize {
    TABLE.iter().map(|known| known.steps).max().unwrap_or(0)
}

/// θ of the optimised gradient method, from which two lines of the table are made.
pub fn optimized_bound(n: usize) -> f64 {
    let theta = sequences::optimized_theta(n)[n];
    0.5 / (theta * theta)
}
