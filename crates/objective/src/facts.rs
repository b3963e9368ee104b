//! What is known about an objective. Facts are tested, not trusted: the generic tests over the registry check
//! every one of them.

/// How smooth J is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Regularity {
    /// Twice continuously differentiable (at least).
    Smooth,
    /// Continuously differentiable, Hessian not continuous.
    ContinuouslyDifferentiable,
    /// Locally Lipschitz with kinks.
    Lipschitz,
}

/// Type of a critical point (0 ∈ ∂J).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CriticalKind {
    /// Local minimum.
    Minimum,
    /// A negative Hessian eigenvalue and a positive one.
    StrictSaddle,
    /// Negative definite Hessian.
    Maximum,
    /// Anything else: singular Hessian, inflection.
    Degenerate,
}

/// A critical point.
#[derive(Debug, Clone, PartialEq)]
pub struct CriticalPoint {
    /// Position, length n.
    pub point: Vec<f64>,
    /// Type.
    pub kind: CriticalKind,
}

/// Where a constant holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Domain {
    /// Everywhere.
    Global,
    /// On the box with these sides.
    Box(Vec<[f64; 2]>),
}

impl Domain {
    /// Whether `x` lies in the domain; NaN lies nowhere.
    pub fn contains(&self, x: &[f64]) -> bool {
        match self {
            Self::Global => x.iter().all(|v| !v.is_nan()),
            Self::Box(sides) => x.iter().zip(sides).all(|(v, [low, high])| low <= v && v <= high),
        }
    }
}

/// A bound on the Hessian's eigenvalues (on the difference quotients of the gradient where there is no Hessian).
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// The constant.
    pub value: f64,
    /// Where it holds.
    pub domain: Domain,
}

impl Bound {
    /// A constant that holds everywhere.
    pub fn global(value: f64) -> Self {
        Self { value, domain: Domain::Global }
    }
}

/// Known facts about an objective.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// Registry name with arguments, as it can be typed again.
    pub name: String,
    /// Formula in LaTeX.
    pub formula: String,
    /// n.
    pub dimension: usize,
    /// Smoothness class.
    pub regularity: Regularity,
    /// Whether J is convex.
    pub convex: bool,
    /// Whether J(x) → ∞ as ‖x‖ → ∞.
    pub coercive: bool,
    /// Whether J is semi-algebraic or globally subanalytic or otherwise definable (KL inequality holds).
    pub tame: bool,
    /// inf J where known.
    pub infimum: Option<f64>,
    /// Known critical points.
    pub critical_points: Vec<CriticalPoint>,
    /// Whether that list is complete.
    pub complete: bool,
    /// L: upper bound on |eigenvalues| of the Hessian (Lipschitz constant of the gradient); `None` where the
    /// gradient jumps.
    pub smoothness: Option<Bound>,
    /// Upper bound on |eigenvalues| of the Hessian off the kinks, of use where `smoothness` is `None`.
    pub piece_smoothness: Option<Bound>,
    /// μ: lower bound on the eigenvalues of the Hessian (negative for weakly convex J).
    pub convexity: Option<Bound>,
    /// Łojasiewicz exponent a of |J − J*|ᵃ ≤ C‖∇J‖ at the minimisers.
    pub kl_exponent: Option<f64>,
    /// Kink set in words, one entry per surface; empty where J is continuously differentiable.
    pub kinks: Vec<String>,
    /// Box that shows what matters, for figures and sampling.
    pub view: Vec<[f64; 2]>,
    /// Source of the function and of the facts.
    pub source: String,
}

impl Facts {
    /// Facts of a function about which nothing is known.
    pub fn unknown(name: impl Into<String>, formula: impl Into<String>, dimension: usize) -> Self {
        Self {
            name: name.into(),
            formula: formula.into(),
            dimension,
            regularity: Regularity::Lipschitz,
            convex: false,
            coercive: false,
            tame: false,
            infimum: None,
            critical_points: Vec::new(),
            complete: false,
            smoothness: None,
            piece_smoothness: None,
            convexity: None,
            kl_exponent: None,
            kinks: Vec::new(),
            view: vec![[-2.0, 2.0]; dimension],
            source: String::new(),
        }
    }

    /// Known local minimisers.
    pub fn minimisers(&self) -> impl Iterator<Item = &CriticalPoint> {
        self.critical_points.iter().filter(|c| c.kind == CriticalKind::Minimum)
    }
}
