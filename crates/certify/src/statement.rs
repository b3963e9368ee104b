//! What a certificate is about: method, class, steps, measure, start; and the model that follows from it.

use serde::{Deserialize, Serialize};

use crate::{
    class::Class,
    error::CertifyError,
    expression::Expression,
    method::{registry, Method},
    model::{Model, Relation, Units},
    number::{Number, Rational},
    rational,
    setting::{Setting, Target},
    target::{self, Constants},
};

/// What is bounded at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// f(x_N) − f*.
    F,
    /// ‖x_N − x*‖².
    Distance,
    /// ‖∇f(x_N)‖².
    Gradient,
    /// min over k of f(x_k) − f*.
    BestF,
    /// min over k of ‖∇f(x_k)‖².
    BestGradient,
}

/// What is bounded at the start, by 1 · radius² or radius.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// ‖x₀ − x*‖² ≤ R².
    Distance,
    /// f(x₀) − f* ≤ R.
    F,
    /// ‖∇f(x₀)‖² ≤ R².
    Gradient,
    /// D_h(x*, x₀) ≤ R.
    Bregman,
}

impl Measure {
    /// As a formula.
    pub fn formula(self) -> &'static str {
        match self {
            Self::F => "f(x_N) - f*",
            Self::Distance => "|x_N - x*|^2",
            Self::Gradient => "|grad f(x_N)|^2",
            Self::BestF => "min_k f(x_k) - f*",
            Self::BestGradient => "min_k |grad f(x_k)|^2",
        }
    }
}

impl Start {
    /// As a formula with the bound.
    pub fn formula(self, radius: &Rational) -> String {
        let (r, r2) = (target::show(radius), target::show(&radius.sqr()));
        match self {
            Self::Distance => format!("|x_0 - x*|^2 <= {r2}"),
            Self::F => format!("f(x_0) - f* <= {r}"),
            Self::Gradient => format!("|grad f(x_0)|^2 <= {r2}"),
            Self::Bregman => format!("D_h(x*, x_0) <= {r}"),
        }
    }
}

/// Largest number of steps: the Gram matrix has N + 2 rows, and solving takes about N⁶ operations.
pub const MOST_STEPS: usize = 100;

/// A complete question.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// Name of the method on the command line (its coefficients say what it is).
    pub name: String,
    /// The method.
    pub method: Method,
    /// Name of the class.
    pub class: String,
    /// Constants of the class.
    pub constants: Constants,
    /// The functions.
    pub target: Target,
    /// N ≥ 1.
    pub steps: usize,
    /// What is bounded.
    pub measure: Measure,
    /// What is given.
    pub start: Start,
    /// R > 0.
    pub radius: Rational,
}

impl Statement {
    /// A question by names; see [`registry::build`] and [`target::build`].
    ///
    /// # Errors
    /// What those refuse; N = 0; a measure or start that the class does not have.
    pub fn new(
        method: &str,
        parameters: &registry::Given,
        class: &str,
        constants: &Constants,
        steps: usize,
        [measure, start]: [Option<&str>; 2],
        radius: Rational,
    ) -> Result<Self, CertifyError> {
        let (target, constants) = target::build(class, constants)?;
        let given =
            parameters.iter().flat_map(|(name, list)| list.iter().map(move |value| (name.as_str(), value)));
        let all = given.chain(constants.iter().map(|(name, value)| (name.as_str(), value)));
        for (name, value) in all.chain([("radius", &radius)]) {
            if !rational::is_of_usual_size(value) {
                let reason = format!(
                    "{} is too large or too small, expected 0 or a size from 1e-100 to 1e100",
                    target::show(value)
                );
                return Err(CertifyError::Number { name: format!("--{name}"), reason });
            }
        }
        if steps == 0 || steps > MOST_STEPS {
            return Err(CertifyError::Steps { found: steps, largest: MOST_STEPS });
        }
        let built = registry::build(method, parameters, &target, steps, &radius)?;
        let (usual_measure, usual_start) = usual(&target);
        let measure = measure.map_or(Ok(usual_measure), |text| named("measure", text))?;
        let start = start.map_or(Ok(usual_start), |text| named("start", text))?;
        let statement = Self {
            name: method.to_owned(),
            method: built,
            class: class.to_owned(),
            constants,
            target,
            steps,
            measure,
            start,
            radius,
        };
        statement.fits()?;
        Ok(statement)
    }

    /// A question whose constants, parameters, `measure`, `start` and `radius` are `name=value` separated by blanks, lists
    /// with commas: `"convexity=0.1 step-size=1 measure=distance"`.
    ///
    /// # Errors
    /// As [`Statement::new`]; numbers that are none.
    pub fn parse(method: &str, class: &str, steps: usize, options: &str) -> Result<Self, CertifyError> {
        let (mut parameters, mut constants) = (registry::Given::new(), Constants::new());
        let (mut names, mut radius) = ([None, None], Rational::ONE);
        for word in options.split_whitespace() {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            let number = |text: &str| {
                rational::parse(text).map_err(|reason| CertifyError::Number { name: name.to_owned(), reason })
            };
            match name {
                "measure" => names[0] = Some(value),
                "start" => names[1] = Some(value),
                "radius" => radius = number(value)?,
                "smoothness" | "convexity" | "lipschitz" => {
                    constants.insert(name.to_owned(), number(value)?);
                }
                _ => {
                    let list = value.split(',').map(number).collect::<Result<Vec<_>, _>>()?;
                    parameters.insert(name.to_owned(), list);
                }
            }
        }
        Self::new(method, &parameters, class, &constants, steps, names, radius)
    }

    /// Refuses measures and starts that mean nothing on the class.
    pub fn fits(&self) -> Result<(), CertifyError> {
        if self.radius <= Rational::ZERO {
            let value = target::show(&self.radius);
            return Err(CertifyError::Constant {
                name: "radius",
                value,
                expected: "a number greater than 0".into(),
            });
        }
        let refuse = |option, value: &dyn std::fmt::Debug, reason| {
            let value = format!("{value:?}").to_lowercase();
            Err(CertifyError::DoesNotFit { option, value, class: self.class.clone(), reason })
        };
        let placeless = matches!(&self.target, Target::Single(class) if !class.has_minimiser());
        if placeless && self.measure == Measure::Distance {
            return refuse(
                "measure",
                &self.measure,
                "a minimiser need not exist; take f, gradient or best-gradient",
            );
        }
        if placeless && self.start == Start::Distance {
            return refuse("start", &self.start, "a minimiser need not exist; take f");
        }
        let relative = matches!(self.target, Target::Relative { .. });
        if relative != (self.start == Start::Bregman) {
            let reason = "the Bregman distance is the start of `relatively-smooth`, and of no other class";
            return refuse("start", &self.start, reason);
        }
        if relative && self.measure != Measure::F && self.measure != Measure::BestF {
            return refuse("measure", &self.measure, "nothing Euclidean is bounded; take f or best-f");
        }
        Ok(())
    }

    /// The performance-estimation problem.
    pub fn model<S: Number>(&self) -> Model<S> {
        let mut o: Setting<S> = Setting::new(&self.target, self.units());
        let iterates = self.method.run(&mut o, self.steps, &self.target, &self.radius);
        let constant = |value: &Rational| Expression::constant(S::of(value));
        let first = &iterates[0];
        match self.start {
            Start::Distance => {
                let bound = constant(&self.radius.sqr()).minus(&first.x.square());
                o.model.require("start", Relation::NonNegative, bound);
            }
            Start::F => {
                let (value, _) = o.whole(first);
                o.model.require("start", Relation::NonNegative, constant(&self.radius).minus(&value));
            }
            Start::Gradient => {
                let (_, gradient) = o.whole(first);
                o.model.require(
                    "start",
                    Relation::NonNegative,
                    constant(&self.radius.sqr()).minus(&gradient.square()),
                );
            }
            // The method's own run states it: it knows ∇h(x₀).
            Start::Bregman => {}
        }
        let last = &iterates[iterates.len() - 1];
        match self.measure {
            Measure::F => {
                // Every model puts the infimum to 0.
                let value = o.whole(last).0;
                o.model.maximise(value);
            }
            Measure::Distance => o.model.maximise_square(last.x.clone()),
            Measure::Gradient => {
                let gradient = o.whole(last).1;
                o.model.maximise(gradient.square());
            }
            Measure::BestF | Measure::BestGradient => {
                let mut all = Vec::new();
                for (k, iterate) in iterates.iter().enumerate() {
                    let (value, gradient) = o.whole(iterate);
                    let expression = match self.measure {
                        Measure::BestF => value,
                        _ => gradient.square(),
                    };
                    all.push((k.to_string(), expression));
                }
                o.model.maximise_smallest("best", all);
            }
        }
        o.model
    }

    /// Whether the worst case is known to be finite, by these arguments. (1) Gradients are Lipschitz and vanish at x* = 0:
    /// from ‖x₀‖ ≤ R, or from a bound on f(x₀) or ∇f(x₀) where μ > 0, all iterates of a method with fixed coefficients
    /// stay bounded, and with them gradients and values. (2) The same from f(x₀) − f* ≤ R with μ = 0, where
    /// ‖∇f(x₀)‖² ≤ 2LR, but for the distance from x*; from ‖∇f(x₀)‖ ≤ R for gradients only. (3) Subgradients of
    /// norm ≤ M: from ‖x₀‖ ≤ R all is bounded. (4) Proximal steps from ‖x₀‖ ≤ R: x⁺ is bounded by nonexpansiveness, so is
    /// s = (y − x⁺)/h, and h(x⁺) ≤ h(x*) + ⟨s, x⁺ − x*⟩.
    pub fn is_finite(&self) -> bool {
        let placed = self.start == Start::Distance;
        let class = match (&self.method, &self.target) {
            (Method::ExactLineSearch, _) | (_, Target::Relative { .. }) => return false,
            (Method::ProximalPoint { .. } | Method::ProximalGradient { .. }, _) => return placed,
            (_, Target::Composite { .. }) => return false,
            (_, Target::Single(class)) => class,
        };
        let strong = class.convexity().is_some_and(|mu| *mu > Rational::ZERO) && class.has_minimiser();
        match class {
            Class::ConvexLipschitz { .. } => placed,
            Class::Convex { .. } => false,
            _ => match self.measure {
                Measure::Distance => placed || strong,
                Measure::F | Measure::BestF => placed || strong || self.start == Start::F,
                Measure::Gradient | Measure::BestGradient => true,
            },
        }
    }

    fn units(&self) -> Units {
        let r = rational::float(&self.radius);
        let l = match &self.target {
            Target::Single(class) | Target::Composite { smooth: class, .. } => scale_of(class, r),
            Target::Relative { .. } => 1.0,
        };
        match self.start {
            Start::Distance => Units { length: r, gradient: l * r, value: l * r * r },
            Start::F => Units { length: (r / l).sqrt(), gradient: (r * l).sqrt(), value: r },
            Start::Gradient => Units { length: r / l, gradient: r, value: r * r / l },
            Start::Bregman => {
                let l = self.constants.get("smoothness").map_or(1.0, rational::float);
                Units { length: r.sqrt(), gradient: l * r.sqrt(), value: l * r }
            }
        }
    }

    /// In words.
    pub fn sentence(&self) -> String {
        let constants: Vec<String> =
            self.constants.iter().map(|(name, value)| format!("{name} {}", target::show(value))).collect();
        let class = if constants.is_empty() {
            self.class.clone()
        } else {
            format!("{} ({})", self.class, constants.join(", "))
        };
        format!(
            "{} on {class}, N = {}: {} given {}",
            self.name,
            self.steps,
            self.measure.formula(),
            self.start.formula(&self.radius)
        )
    }
}

/// Gradient per length in the class's own units.
fn scale_of(class: &Class, r: f64) -> f64 {
    match class {
        Class::ConvexLipschitz { lipschitz } => rational::float(lipschitz) / r,
        Class::Convex { convexity } if *convexity > Rational::ZERO => rational::float(convexity),
        _ => class.smoothness().map_or(1.0, rational::float),
    }
}

fn usual(target: &Target) -> (Measure, Start) {
    match target {
        Target::Relative { .. } => (Measure::F, Start::Bregman),
        Target::Single(class) if !class.has_minimiser() => (Measure::BestGradient, Start::F),
        Target::Single(Class::ConvexLipschitz { .. }) => (Measure::BestF, Start::Distance),
        _ => (Measure::F, Start::Distance),
    }
}

fn named<T: for<'a> Deserialize<'a>>(option: &'static str, text: &str) -> Result<T, CertifyError> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).map_err(|_| CertifyError::Number {
        name: format!("--{option} `{}`", text.chars().take(40).collect::<String>()),
        reason: if option == "measure" {
            "expected f, distance, gradient, best-f or best-gradient".into()
        } else {
            "expected distance, f, gradient or bregman".into()
        },
    })
}
