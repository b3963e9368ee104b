//! Sharpness from Hessian-vector products: what Lanczos' method and power iteration guarantee.

mod draw;

use dinlab_analysis::krylov::{asymmetry, kaniel_paige_saad, lanczos, power_iteration, Orthogonalisation};
use dinlab_numeric::{axpy, dot, max, maximum, min, norm, norm_inf, Stream};
use dinlab_objective::{Objective, Regularity};
use dinlab_record::{figure::Figure, Budget, Claim, Evidence, Hypothesis, HypothesisState, Measurement};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    critical::curvatures,
    error::CheckError,
    problem::brief,
    sources,
    subject::Subject,
};

/// The check.
pub struct SharpnessEstimators;

static CLAIM: Claim = Claim {
    id: "sharpness-estimators",
    family: 'D',
    title: "Sharpness by Lanczos and by power iteration, with error bars that hold",
    sentence: "Lanczos' method underestimates the sharpness by at most the Kaniel–Paige–Saad bound, an eigenvalue lies within every residual, and power \
               iteration converges to the eigenvalue of largest modulus with error ratio (λ₂/λ₁)² per product.",
    statement: r"0\le\lambda_1-\theta_m\le(\lambda_1-\lambda_n)\frac{\tan^2\angle(q,x_1)}{T_{m-1}^2\big(1+2\frac{\lambda_1-\lambda_2}{\lambda_2-\lambda_n}\big)},\qquad\min_i|\lambda_i-\theta|\le\|Ay-\theta y\|",
    hypotheses: &[
        "the operator is symmetric (measured on random vectors)",
        "the start is not orthogonal to the leading eigenvector (by construction for the spectra, assumed for objectives)",
        "J is twice continuously differentiable near the point (from the objective's facts, or no kink there)",
    ],
    sources: &[
        sources::at(sources::GOLUB_VAN_LOAN, "theorem 10.1.2 (bound), section 8.2 (power iteration)"),
        sources::at(sources::PARLETT, "theorem 4.5.1 (residual)"),
    ],
    differences: "as printed; the bound is that of Kaniel with Saad's form of the gap",
    measured: "Operators with prescribed spectra, hidden behind a reflection: every Ritz value of every number of steps against bound, residual and spectrum; \
               copies of the leading eigenvalue after many steps; Rayleigh quotients of power iteration. Objectives: Lanczos on Hessian-vector products against the \
               eigenvalues of the whole matrix, and the products against central differences of independently differentiated gradients.",
    refuted_by: "a Ritz value above λ₁ or below the bound, no eigenvalue within an error bar, a second copy of λ₁, another limit or ratio of power \
                 iteration, or a product that is not the derivative of the gradient",
    tolerance: "Ritz values: 16nε‖A‖; bounds: none beyond that; error ratio: twice what the eigenvalues after λ₂ contribute to the error and those after λ₁ to the norm, \
                from the start's components; products: truncation of the difference (measured with twice its width, a third of the change) and rounding 10ε^(2/3)‖∇J‖ scale",
    control: "gross: λₙ = −2λ₁, where power iteration returns the negative end while the sharpness is claimed; no reorthogonalisation, which finds λ₁ more than once; \
              near miss: an operator 0.1% too large",
    evidence: Evidence::Resolved,
    cost: "matrices of order 200, milliseconds each",
};

/// What is measured.
#[derive(Debug, Clone, Serialize)]
enum Kind {
    /// An operator with this spectrum, largest first.
    Spectrum(Vec<f64>),
    /// The Hessian of an objective at a point.
    Hessian(Subject, Vec<f64>),
}

/// One operator.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    kind: Kind,
    name: String,
    orthogonalisation: Orthogonalisation,
    /// The operator is this times what the spectrum says; 1 except in the near miss.
    factor: f64,
    /// Control: power iteration is claimed to find the largest eigenvalue, not that of largest modulus.
    power_finds_sharpness: bool,
}

impl Case {
    fn spectrum(name: &str, mut spectrum: Vec<f64>) -> Self {
        spectrum.sort_by(|a, b| b.total_cmp(a));
        Self {
            kind: Kind::Spectrum(spectrum),
            name: name.into(),
            orthogonalisation: Orthogonalisation::Twice,
            factor: 1.0,
            power_finds_sharpness: false,
        }
    }

    fn hessian(objective: Subject, at: Vec<f64>) -> Self {
        let name = format!("{objective} at {}", brief(&at));
        Self { kind: Kind::Hessian(objective, at), name, ..Self::spectrum("", vec![1.0]) }
    }
}

/// diag(spectrum) behind a Householder reflection.
fn hidden(spectrum: &[f64], factor: f64) -> impl FnMut(&[f64], &mut [f64]) + '_ {
    let mut w = Stream::new(3, "sharpness-estimators: reflection", 0).normals(spectrum.len());
    let length = norm(&w);
    w.iter_mut().for_each(|x| *x /= length);
    move |v: &[f64], out: &mut [f64]| {
        out.copy_from_slice(v);
        axpy(-2.0 * dot(&w, v), &w, out);
        out.iter_mut().zip(spectrum).for_each(|(x, l)| *x *= factor * l);
        let along = dot(&w, out);
        axpy(-2.0 * along, &w, out);
    }
}

/// A start, and the cosine of its angle with the leading eigenvector of [`hidden`].
fn start(spectrum: &[f64]) -> (Vec<f64>, f64) {
    let n = spectrum.len();
    let q = Stream::new(0, "sharpness-estimators: start", 0).normals(n);
    // The leading eigenvector is the reflection of the first axis; an operator with the spectrum (1, 0, …, 0) projects on it.
    let mut leading = vec![0.0; n];
    leading[0] = 1.0;
    let mut along = vec![0.0; n];
    hidden(&leading, 1.0)(&q, &mut along);
    let cosine = norm(&along) / norm(&q);
    (q, cosine)
}

/// Squared components of the start along the eigenvectors of [`hidden`].
fn weights(spectrum: &[f64], q: &[f64]) -> Vec<f64> {
    // The eigenvectors are the reflected axes, and a reflection is its own inverse: an operator of ones would return q.
    let mut w = Stream::new(3, "sharpness-estimators: reflection", 0).normals(spectrum.len());
    let length = norm(&w);
    w.iter_mut().for_each(|x| *x /= length);
    let mut reflected = q.to_vec();
    axpy(-2.0 * dot(&w, q), &w, &mut reflected);
    reflected.iter().map(|x| x * x).collect()
}

fn of_lanczos(case: &Case, spectrum: &[f64]) -> Result<Vec<Measurement>, CheckError> {
    let n = spectrum.len();
    let (first, last) = (spectrum[0], spectrum[n - 1]);
    let rounding = 16.0 * n as f64 * f64::EPSILON * norm_inf(spectrum);
    let (q, cosine) = start(spectrum);
    let second = spectrum.iter().copied().find(|l| *l < first).unwrap_or(first);
    let (mut bound, mut above, mut outside): (f64, f64, f64) = (0.0, f64::NEG_INFINITY, f64::NEG_INFINITY);
    let mut steps = 2;
    while steps <= n {
        let found = lanczos(&mut hidden(spectrum, case.factor), &q, steps, 0.0, case.orthogonalisation)?;
        let [top, _] = found.largest();
        above = max(above, top - first);
        if second > last && case.orthogonalisation == Orthogonalisation::Twice {
            let allowed = kaniel_paige_saad([first, second, last], cosine, found.steps);
            bound = max(bound, (first - top - rounding) / (allowed + rounding));
        }
        for (value, bar) in found.ritz_values.iter().zip(&found.error_bars) {
            let nearest = spectrum.iter().map(|l| (l - value).abs()).fold(f64::INFINITY, min);
            outside = max(outside, nearest - bar);
        }
        steps += 1 + steps / 4;
    }
    let many = lanczos(&mut hidden(spectrum, case.factor), &q, n, 0.0, case.orthogonalisation)?;
    let copies = many.ritz_values.iter().filter(|v| (*v - first).abs() < 1e-6 * (first - last)).count();
    let on = |m: Measurement| m.on(format!("{}, n = {n}", case.name));
    Ok(vec![
        on(Measurement::equal(
            "largest Ritz value after n steps",
            many.largest()[0],
            first,
            Budget::rounding(rounding),
        )),
        on(Measurement::at_most(
            "largest Ritz value above λ₁, any number of steps",
            above,
            0.0,
            Budget::rounding(rounding),
        )),
        on(Measurement::at_most(
            "shortfall over the bound of Kaniel, Paige and Saad",
            bound,
            1.0,
            Budget::default(),
        )),
        on(Measurement::at_most(
            "distance of a Ritz value to the spectrum beyond its error bar",
            outside,
            0.0,
            Budget::rounding(rounding),
        )),
        on(Measurement::equal("copies of λ₁ among n Ritz values", copies as f64, 1.0, Budget::default())),
    ])
}

fn of_power(case: &Case, spectrum: &[f64]) -> Result<Vec<Measurement>, CheckError> {
    let mut by_size = spectrum.to_vec();
    by_size.sort_by(|a, b| b.abs().total_cmp(&a.abs()));
    let [first, second] = [by_size[0], by_size[1]];
    let (q, _) = start(spectrum);
    let found = power_iteration(&mut hidden(spectrum, case.factor), &q, 20_000, 1e-13)?;
    let target = if case.power_finds_sharpness { spectrum[0] } else { first };
    let rounding = 16.0 * spectrum.len() as f64 * f64::EPSILON * first.abs();
    let mut all = vec![Measurement::equal(
        "limit of power iteration",
        found.value,
        target,
        Budget::rounding(rounding + found.error_bar),
    )
    .on(&case.name)];
    // Errors of Rayleigh quotients, from where they fall below 10⁻³ to where they are rounding.
    let error = |k: usize| (found.history[k] - first).abs() / first.abs();
    let inside: Vec<usize> =
        (0..found.history.len()).filter(|&k| error(k) < 1e-3 && error(k) > 1e-10).collect();
    if inside.len() >= 12 {
        let (from, to) = (inside[inside.len() / 2], inside[inside.len() - 1]);
        let ratio = (error(to) / error(from)).powf(1.0 / (to - from) as f64);
        let predicted = (second / first).powi(2);
        // The error is Σ wᵢ(λ₁−λᵢ)(λᵢ/λ₁)²ᵏ over Σ wᵢ(λᵢ/λ₁)²ᵏ: what the terms after the second add to the former, and those after the
        // first to the latter, at the first of the two places.
        let weights = weights(spectrum, &q);
        let (mut leading, mut others, mut main, mut rest) = (0.0, 0.0, 0.0, 0.0);
        for (&lambda, w) in spectrum.iter().zip(weights) {
            let size = w * (lambda / first).abs().powi(2 * from as i32);
            let share = size * (first - lambda).abs();
            if lambda == first {
                leading += size;
            } else {
                others += size;
                *(if lambda == second { &mut main } else { &mut rest }) += share;
            }
        }
        // Where many eigenvalues crowd below the second the ratio has no limit within reach.
        if rest < 0.1 * main && others < 0.1 * leading {
            let tolerance = predicted * (rest / main + others / leading + 1e-5) / (to - from) as f64 * 2.0;
            all.push(
                Measurement::equal(
                    "error ratio of power iteration per product",
                    ratio,
                    predicted,
                    Budget::rounding(tolerance),
                )
                .on(&case.name),
            );
        }
    }
    Ok(all)
}

/// Largest relative difference of ∇²J·v and a central difference of the gradient, and its budget.
fn products(objective: &dyn Objective, at: &[f64], factor: f64) -> Option<Measurement> {
    let n = at.len();
    let gradient = |h: f64, v: &[f64]| {
        let mut x = at.to_vec();
        axpy(h, v, &mut x);
        objective.gradient_from_value(&x)
    };
    let width = f64::EPSILON.cbrt() * (1.0 + norm_inf(at));
    let (mut worst, mut truncation, mut scale, mut rounding): (f64, f64, f64, f64) = (0.0, 0.0, 0.0, 0.0);
    for index in 0..4 {
        let v = Stream::new(0, "sharpness-estimators: direction", index).normals(n);
        let mut exact = vec![0.0; n];
        objective.oracle().hessian_vector(at, &v, &mut exact);
        let mut central = |h: f64| -> Option<Vec<f64>> {
            let (plus, minus) = (gradient(h, &v)?, gradient(-h, &v)?);
            rounding = max(rounding, f64::EPSILON * max(norm_inf(&plus), norm_inf(&minus)) / width);
            Some(plus.iter().zip(&minus).map(|(p, m)| (p - m) / (2.0 * h)).collect())
        };
        let (near, wide) = (central(width)?, central(2.0 * width)?);
        for i in 0..n {
            worst = max(worst, (factor * exact[i] - near[i]).abs());
            truncation = max(truncation, (wide[i] - near[i]).abs() / 3.0);
            scale = max(scale, exact[i].abs());
        }
    }
    // Rounding inside the gradient is that of its largest terms, ‖∇²J‖‖θ‖.
    let inner = f64::EPSILON * scale * (1.0 + norm_inf(at)) / width;
    let budget = Budget { rounding: 10.0 * (rounding + inner), ..Budget::discretisation(truncation) };
    Some(Measurement::equal("largest difference of ∇²J·v from central differences", worst, 0.0, budget))
}

fn of_hessian(case: &Case, objective: &Subject, at: &[f64]) -> Result<Vec<Measurement>, CheckError> {
    let n = at.len();
    let mut oracle = objective.oracle();
    let mut product = |v: &[f64], out: &mut [f64]| {
        oracle.hessian_vector(at, v, out);
        out.iter_mut().for_each(|x| *x *= case.factor);
    };
    let q = Stream::new(0, "sharpness-estimators: start", 0).normals(n);
    let found = lanczos(&mut product, &q, 200, 1e-12, Orthogonalisation::Twice)?;
    let whole = curvatures(&**objective, at)?;
    let [value, bar] = found.largest();
    let rounding = 16.0 * n as f64 * f64::EPSILON * norm_inf(&whole);
    let mut all = vec![
        Measurement::equal("largest Ritz value", value, maximum(&whole), Budget::rounding(rounding + bar))
            .on(format!("{}, {} steps", case.name, found.steps)),
        Measurement::equal(
            "smallest Ritz value",
            found.smallest()[0],
            whole[0],
            Budget::rounding(rounding + found.smallest()[1]),
        )
        .on(&case.name),
    ];
    all.extend(products(&**objective, at, case.factor).map(|m| m.on(&case.name)));
    Ok(all)
}

impl Check for SharpnessEstimators {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let n = if effort == Effort::Quick { 60 } else { 200 };
        let count = f64::from(n);
        let even: Vec<f64> = (0..n).map(|i| f64::from(i) / count).collect();
        let mut outlier = even.clone();
        outlier.extend([1.3, 2.0]);
        let mut negative: Vec<f64> = even.iter().map(|l| l - 0.3).collect();
        negative.push(-1.2);
        let clustered =
            (0..n).map(|i| if i < 5 { 3.0 + 1e-3 * f64::from(i) } else { f64::from(i) / count }).collect();
        let named = |objective: &str, at: &[f64]| Case::hessian(Subject::named(objective), at.to_vec());
        vec![
            Case::spectrum("outliers 2 and 1.3 over [0, 1)", outlier),
            Case::spectrum(
                "geometric from 1 to 10⁻⁶",
                (0..n).map(|i| 1e-6_f64.powf(f64::from(i) / count)).collect(),
            ),
            Case::spectrum("five leading eigenvalues within 0.005", clustered),
            Case::spectrum("largest modulus negative", negative),
            named("rosenbrock:10", &[0.3; 10]),
            named("hill", &[0.4, -0.7]),
            named("digits-logistic", &vec![0.01; 65]),
            named("expr:log(cosh(x+2*y))+exp(x-z)+(y*z)^2", &[0.3, -0.2, 0.5]),
        ]
    }

    fn control(&self) -> Vec<Case> {
        let line: Vec<f64> = (0..80).map(|i| f64::from(i) / 80.0).collect();
        let mut negative = line.clone();
        negative.push(-2.0 * 79.0 / 80.0);
        let mut outlier = line;
        outlier.push(3.0);
        let gross = Case { power_finds_sharpness: true, ..Case::spectrum("λₙ = −2λ₁", negative) };
        let ghosts = Case {
            orthogonalisation: Orthogonalisation::None,
            ..Case::spectrum("no reorthogonalisation", outlier.clone())
        };
        let near = Case { factor: 1.001, ..Case::spectrum("operator 0.1% too large", outlier) };
        let hill = Case { factor: 1.001, ..Case::hessian(Subject::named("hill"), vec![0.4, -0.7]) };
        vec![gross, ghosts, near, hill]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let (objective, at) = (own.subject()?, own.start_point()?);
        if at.len() > 1_000 {
            return Err(CheckError::needs(
                "at most 1000 variables: the whole Hessian is formed for comparison",
            ));
        }
        Ok(Case::hessian(objective, at))
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let vectors = |n: usize| -> Vec<Vec<f64>> {
            (0..4).map(|i| Stream::new(1, "sharpness-estimators: symmetry", i).normals(n)).collect()
        };
        let (defect, smooth) = match &case.kind {
            Kind::Spectrum(spectrum) => {
                (asymmetry(&mut hidden(spectrum, 1.0), &vectors(spectrum.len())), true)
            }
            Kind::Hessian(objective, at) => {
                let mut oracle = objective.oracle();
                let mut product = |v: &[f64], out: &mut [f64]| oracle.hessian_vector(at, v, out);
                let smooth = objective.facts().regularity == Regularity::Smooth || off_kinks(objective, at);
                (asymmetry(&mut product, &vectors(at.len())), smooth)
            }
        };
        let words = "the operator is symmetric";
        vec![
            match defect < 1e-12 {
                true => Hypothesis::new(words, HypothesisState::Sampled),
                false => Hypothesis::exact(words, false),
            },
            Hypothesis::new(
                "the start is not orthogonal to the leading eigenvector",
                HypothesisState::Assumed,
            ),
            Hypothesis::exact("J is twice continuously differentiable near the point", smooth),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        context.proceed()?;
        match &case.kind {
            Kind::Spectrum(spectrum) => {
                let mut all = of_lanczos(case, spectrum)?;
                all.extend(of_power(case, spectrum)?);
                Ok(all)
            }
            Kind::Hessian(objective, at) => of_hessian(case, objective, at),
        }
    }

    fn figure(&self, _: &Context<'_>) -> Result<Figure, CheckError> {
        draw::figure(CLAIM.id)
    }
}

/// Whether the point lies farther than 10⁻⁴ from every kink surface of the formula (in its value).
fn off_kinks(objective: &Subject, at: &[f64]) -> bool {
    objective.tape().is_some_and(|tape| {
        let mut values = vec![0.0; tape.kinks().len()];
        tape.kink_values(at, &mut dinlab_objective::tape::Scratch::new(), &mut values);
        values.iter().all(|g| g.abs() > 1e-4)
    })
}
