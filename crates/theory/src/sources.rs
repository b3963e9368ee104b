//! The published sources that checks cite; one constant each, so that a reference is written once.

use dinlab_record::Source;

/// Castera, Bolte, Févotte, Pauwels 2021: INDIAN (there INNA).
pub const JMLR: Source = Source {
    key: "castera2021",
    authors: "C. Castera, J. Bolte, C. Févotte, E. Pauwels",
    title: "An Inertial Newton Algorithm for Deep Learning",
    venue: "Journal of Machine Learning Research 22(134):1-31",
    year: 2021,
    place: "",
};

/// Alvarez, Attouch, Bolte, Redont 2002: DIN.
pub const AABR: Source = Source {
    key: "alvarez2002",
    authors: "F. Alvarez, H. Attouch, J. Bolte, P. Redont",
    title: "A second-order gradient-like dissipative dynamical system with Hessian-driven damping. Application to optimization and mechanics",
    venue: "Journal de Mathématiques Pures et Appliquées 81(8):747-779",
    year: 2002,
    place: "",
};

/// Castera 2023: avoidance of strict saddles.
pub const SADDLES: Source = Source {
    key: "castera2023",
    authors: "C. Castera",
    title: "Inertial Newton Algorithms Avoiding Strict Saddle Points",
    venue: "Journal of Optimization Theory and Applications 199:881-903",
    year: 2023,
    place: "",
};

/// Bolte and Pauwels 2021: conservative fields, path-differentiable functions.
pub const CONSERVATIVE: Source = Source {
    key: "bolte2021",
    authors: "J. Bolte, E. Pauwels",
    title: "Conservative set valued fields, automatic differentiation, stochastic gradient methods and deep learning",
    venue: "Mathematical Programming 188:19-51",
    year: 2021,
    place: "",
};

/// Bertoin, Bolte, Gerchinovitz, Pauwels 2021: numerical influence of relu′(0).
pub const RELU_PRIME: Source = Source {
    key: "bertoin2021",
    authors: "D. Bertoin, J. Bolte, S. Gerchinovitz, E. Pauwels",
    title: "Numerical influence of ReLU'(0) on backpropagation",
    venue: "Advances in Neural Information Processing Systems 34",
    year: 2021,
    place: "",
};

/// Bolte, Pauwels, Ríos-Zertuche 2022: long-term dynamics of the subgradient method.
pub const OSCILLATION: Source = Source {
    key: "bolte2022",
    authors: "J. Bolte, E. Pauwels, R. Ríos-Zertuche",
    title: "Long term dynamics of the subgradient method for Lipschitz path differentiable functions",
    venue: "Journal of the European Mathematical Society 25(8):3213-3241",
    year: 2022,
    place: "",
};

/// Cohen, Kaur, Li, Kolter, Talwalkar 2021: edge of stability.
pub const EDGE: Source = Source {
    key: "cohen2021",
    authors: "J. Cohen, S. Kaur, Y. Li, J. Z. Kolter, A. Talwalkar",
    title: "Gradient descent on neural networks typically occurs at the edge of stability",
    venue: "International Conference on Learning Representations",
    year: 2021,
    place: "",
};

/// Attouch, Maingé, Redont 2012: DIN with a nonsmooth potential as a system with shocks.
pub const SHOCKS: Source = Source {
    key: "attouch2012",
    authors: "H. Attouch, P.-E. Maingé, P. Redont",
    title: "A second-order differential system with Hessian-driven damping; application to non-elastic shock laws",
    venue: "Differential Equations and Applications 4(1):27-65",
    year: 2012,
    place: "",
};

/// Attouch, Peypouquet, Redont 2016: DIN with vanishing damping.
pub const APR: Source = Source {
    key: "attouch2016",
    authors: "H. Attouch, J. Peypouquet, P. Redont",
    title: "Fast convex optimization via inertial dynamics with Hessian driven damping",
    venue: "Journal of Differential Equations 261(10):5734-5783",
    year: 2016,
    place: "",
};

/// Benaïm, Hofbauer, Sorin 2005: asymptotic pseudo-trajectories of differential inclusions.
pub const PSEUDO_TRAJECTORIES: Source = Source {
    key: "benaim2005",
    authors: "M. Benaïm, J. Hofbauer, S. Sorin",
    title: "Stochastic Approximations and Differential Inclusions",
    venue: "SIAM Journal on Control and Optimization 44(1):328-348",
    year: 2005,
    place: "",
};

/// Moreau 1965: the envelope and the proximal map.
pub const MOREAU: Source = Source {
    key: "moreau1965",
    authors: "J. J. Moreau",
    title: "Proximité et dualité dans un espace hilbertien",
    venue: "Bulletin de la Société Mathématique de France 93:273-299",
    year: 1965,
    place: "",
};

/// Filippov 1988: discontinuous right-hand sides and sliding.
pub const FILIPPOV: Source = Source {
    key: "filippov1988",
    authors: "A. F. Filippov",
    title: "Differential equations with discontinuous righthand sides",
    venue: "Kluwer, Dordrecht",
    year: 1988,
    place: "",
};

/// Aubin, Cellina 1984: differential inclusions.
pub const AUBIN_CELLINA: Source = Source {
    key: "aubin1984",
    authors: "J.-P. Aubin, A. Cellina",
    title: "Differential inclusions",
    venue: "Springer, Berlin",
    year: 1984,
    place: "",
};

/// Kuznetsov 2004: bifurcations of maps.
pub const KUZNETSOV: Source = Source {
    key: "kuznetsov2004",
    authors: "Y. A. Kuznetsov",
    title: "Elements of Applied Bifurcation Theory",
    venue: "Springer, New York, 3rd edition",
    year: 2004,
    place: "",
};

/// Polyak 1964: the heavy ball.
pub const POLYAK: Source = Source {
    key: "polyak1964",
    authors: "B. T. Polyak",
    title: "Some methods of speeding up the convergence of iteration methods",
    venue: "USSR Computational Mathematics and Mathematical Physics 4(5):1-17",
    year: 1964,
    place: "",
};

/// Lessard, Recht, Packard 2016: rates of first-order methods.
pub const LRP: Source = Source {
    key: "lessard2016",
    authors: "L. Lessard, B. Recht, A. Packard",
    title: "Analysis and Design of Optimization Algorithms via Integral Quadratic Constraints",
    venue: "SIAM Journal on Optimization 26(1):57-95",
    year: 2016,
    place: "",
};

/// Goldstein 1977: the ε-subdifferential of Lipschitz functions.
pub const GOLDSTEIN: Source = Source {
    key: "goldstein1977",
    authors: "A. A. Goldstein",
    title: "Optimization of Lipschitz Continuous Functions",
    venue: "Mathematical Programming 13(1):14-22",
    year: 1977,
    place: "",
};

/// Wu, Ma, E 2018: which minima a stochastic method can stay at.
pub const WU_MA_E: Source = Source {
    key: "wu2018",
    authors: "L. Wu, C. Ma, W. E",
    title:
        "How SGD Selects the Global Minima in Over-parameterized Learning: A Dynamical Stability Perspective",
    venue: "Advances in Neural Information Processing Systems 31",
    year: 2018,
    place: "",
};

/// Mulayoff, Michaeli, Soudry 2021: stable minima are flat.
pub const MULAYOFF: Source = Source {
    key: "mulayoff2021",
    authors: "R. Mulayoff, T. Michaeli, D. Soudry",
    title: "The Implicit Bias of Minima Stability: A View from Function Space",
    venue: "Advances in Neural Information Processing Systems 34",
    year: 2021,
    place: "",
};

/// Golub, Van Loan 2013: Lanczos' method and its bounds.
pub const GOLUB_VAN_LOAN: Source = Source {
    key: "golub2013",
    authors: "G. H. Golub, C. F. Van Loan",
    title: "Matrix Computations",
    venue: "Johns Hopkins University Press, 4th edition",
    year: 2013,
    place: "",
};

/// Parlett 1998: symmetric eigenvalue problems.
pub const PARLETT: Source = Source {
    key: "parlett1998",
    authors: "B. N. Parlett",
    title: "The Symmetric Eigenvalue Problem",
    venue: "SIAM, Philadelphia",
    year: 1998,
    place: "",
};

/// Drori and Teboulle 2014: performance estimation.
pub const DRORI_TEBOULLE: Source = Source {
    key: "drori2014",
    authors: "Y. Drori, M. Teboulle",
    title: "Performance of first-order methods for smooth convex minimization: a novel approach",
    venue: "Mathematical Programming 145:451-482",
    year: 2014,
    place: "",
};

/// Taylor, Hendrickx, Glineur 2017: interpolation conditions.
pub const INTERPOLATION: Source = Source {
    key: "taylor2017",
    authors: "A. B. Taylor, J. M. Hendrickx, F. Glineur",
    title: "Smooth strongly convex interpolation and exact worst-case performance of first-order methods",
    venue: "Mathematical Programming 161:307-345",
    year: 2017,
    place: "",
};

/// Taylor, Van Scoy, Lessard 2018: Lyapunov functions with interpolation.
pub const LYAPUNOV: Source = Source {
    key: "taylor2018",
    authors: "A. Taylor, B. Van Scoy, L. Lessard",
    title: "Lyapunov functions for first-order methods: tight automated convergence guarantees",
    venue: "International Conference on Machine Learning, PMLR 80:4897-4906",
    year: 2018,
    place: "",
};

/// Fazlyab, Ribeiro, Morari, Preciado 2018: certified rates of methods and of flows.
pub const CONTINUOUS_LYAPUNOV: Source = Source {
    key: "fazlyab2018",
    authors: "M. Fazlyab, A. Ribeiro, M. Morari, V. M. Preciado",
    title:
        "Analysis of optimization algorithms via integral quadratic constraints: nonstrongly convex problems",
    venue: "SIAM Journal on Optimization 28(3):2654-2689",
    year: 2018,
    place: "",
};

/// Attouch, Chbani, Fadili, Riahi 2022: inertial systems with Hessian-driven damping.
pub const HESSIAN_DAMPING: Source = Source {
    key: "attouch2022",
    authors: "H. Attouch, Z. Chbani, J. Fadili, H. Riahi",
    title: "First-order optimization algorithms via inertial systems with Hessian driven damping",
    venue: "Mathematical Programming 193:113-155",
    year: 2022,
    place: "",
};

/// Van Scoy, Freeman, Lynch 2018: triple momentum.
pub const TRIPLE_MOMENTUM: Source = Source {
    key: "vanscoy2018",
    authors: "B. Van Scoy, R. A. Freeman, K. M. Lynch",
    title:
        "The fastest known globally convergent first-order method for minimizing strongly convex functions",
    venue: "IEEE Control Systems Letters 2(1):49-54",
    year: 2018,
    place: "",
};

/// Dragomir, Taylor, d'Aspremont, Bolte 2022: optimality of Bregman gradient methods.
pub const BREGMAN: Source = Source {
    key: "dragomir2022",
    authors: "R.-A. Dragomir, A. B. Taylor, A. d'Aspremont, J. Bolte",
    title: "Optimal complexity and certification of Bregman first-order methods",
    venue: "Mathematical Programming 194:41-83",
    year: 2022,
    place: "",
};

/// Bauschke, Bolte, Teboulle 2017: relative smoothness.
pub const NOLIPS: Source = Source {
    key: "bauschke2017",
    authors: "H. H. Bauschke, J. Bolte, M. Teboulle",
    title:
        "A descent lemma beyond Lipschitz gradient continuity: first-order methods revisited and applications",
    venue: "Mathematics of Operations Research 42(2):330-348",
    year: 2017,
    place: "",
};

/// Sivaprasad, Mai, Vogels, Jaggi, Fleuret 2020: comparisons of optimisers as functions of the tuning budget.
pub const SEARCH_BUDGET: Source = Source {
    key: "sivaprasad2020",
    authors: "P. T. Sivaprasad, F. Mai, T. Vogels, M. Jaggi, F. Fleuret",
    title: "Optimizer Benchmarking Needs to Account for Hyperparameter Tuning",
    venue: "International Conference on Machine Learning, PMLR 119:9036-9045",
    year: 2020,
    place: "",
};

/// Searches of parameters as a source of variance.
pub const BENCHMARK_VARIANCE: Source = Source {
    key: "bouthillier2021",
    authors: "X. Bouthillier, P. Delaunay, M. Bronzi, A. Trofimov, B. Nichyporuk, J. Szeto, N. Mohammadi Sepahvand, E. Raff, K. Madan, V. Voleti, S. Ebrahimi Kahou, V. Michalski, D. Serdyuk, T. Arbel, C. Pal, G. Varoquaux, P. Vincent",
    title: "Accounting for Variance in Machine Learning Benchmarks",
    venue: "Proceedings of Machine Learning and Systems 3",
    year: 2021,
    place: "",
};

/// Schmidt, Schneider, Hennig 2021: benchmark of optimisers with equal tuning budgets.
pub const CROWDED_VALLEY: Source = Source {
    key: "schmidt2021",
    authors: "R. M. Schmidt, F. Schneider, P. Hennig",
    title: "Descending through a Crowded Valley: Benchmarking Deep Learning Optimizers",
    venue: "International Conference on Machine Learning, PMLR 139:9367-9376",
    year: 2021,
    place: "",
};

/// The same source with the place of the statement.
pub const fn at(source: Source, place: &'static str) -> Source {
    Source { place, ..source }
}
