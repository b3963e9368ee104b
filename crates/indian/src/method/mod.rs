//! The algorithms, one file each, and their registry.

mod adagrad;
mod adam;
mod gradient_descent;
mod heavy_ball;
mod indian;
mod nesterov;
mod nesterov_convex;
mod rmsprop;

use dinlab_objective::{Oracle, Start};

pub use adagrad::adagrad_step;
pub use adam::adam_step;
pub use gradient_descent::gradient_descent_step;
pub use heavy_ball::heavy_ball_step;
pub use indian::{indian_step, step_matrix};
pub use nesterov::nesterov_step;
pub use nesterov_convex::convex_momentum;
pub use rmsprop::rmsprop_step;

use crate::{
    entry::Parameter,
    error::{nearest, IndianError},
};

/// One algorithm of the registry.
pub type Entry = crate::entry::Entry<Method>;

/// One algorithm with its memory. `start` allocates; `step` does not.
pub trait Step {
    /// Registry name.
    fn name(&self) -> &'static str;

    /// Sets the algorithm up at θ₀ (length n). Fails where `start` asks for something the algorithm has not.
    fn start(&mut self, oracle: &mut dyn Oracle, theta: &[f64], start: &Start) -> Result<(), IndianError>;

    /// One iteration, k → k + 1, with step size γ_k: updates θ (length n) in place and evaluates exactly one
    /// gradient. Never panics on non-finite numbers: they go through to θ.
    fn step(&mut self, k: u64, step_size: f64, oracle: &mut dyn Oracle, theta: &mut [f64]);

    /// u of INDIAN (length n), current after `start` and after every `step`; `None` for methods without it.
    fn auxiliary(&self) -> Option<&[f64]>;
}

/// A method with its parameters. The step size is not among them: it belongs to the schedule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Method {
    /// INDIAN (INNA).
    Indian {
        /// Viscous damping, ≥ 0.
        alpha: f64,
        /// Hessian-driven (Newtonian) damping, ≥ 0; 0 gives the explicit Euler scheme of the heavy ball with
        /// friction.
        beta: f64,
    },
    /// Gradient descent.
    GradientDescent,
    /// Polyak's heavy ball.
    HeavyBall {
        /// Momentum in [0, 1).
        momentum: f64,
    },
    /// Nesterov's method with constant momentum.
    Nesterov {
        /// Momentum in [0, 1).
        momentum: f64,
    },
    /// Nesterov's method for convex J, with momentum k/(k+3).
    NesterovConvex,
    /// AdaGrad (diagonal).
    Adagrad {
        /// Added to the square root, > 0.
        epsilon: f64,
    },
    /// RMSprop.
    Rmsprop {
        /// Decay of the mean square in [0, 1).
        beta2: f64,
        /// Added to the square root, > 0.
        epsilon: f64,
    },
    /// Adam with bias correction.
    Adam {
        /// Decay of the mean in [0, 1).
        beta1: f64,
        /// Decay of the mean square in [0, 1).
        beta2: f64,
        /// Added to the square root, > 0.
        epsilon: f64,
    },
}

/// All methods in the order of `dinlab list methods`.
pub const ALL: &[Entry] = &[
    indian::ENTRY,
    gradient_descent::ENTRY,
    heavy_ball::ENTRY,
    nesterov::ENTRY,
    nesterov_convex::ENTRY,
    adagrad::ENTRY,
    rmsprop::ENTRY,
    adam::ENTRY,
];

/// The named method; `value` gives a parameter by name, `None` stands for its default. The result is validated.
pub fn build(name: &str, value: impl Fn(&str) -> Option<f64>) -> Result<Method, IndianError> {
    let entry = ALL.iter().find(|entry| entry.name == name).ok_or_else(|| unknown(name))?;
    let method = (entry.make)(&entry.values(value));
    method.validate()?;
    Ok(method)
}

fn unknown(name: &str) -> IndianError {
    let nearest = nearest(name, ALL.iter().map(|entry| entry.name));
    IndianError::UnknownMethod { name: name.chars().take(60).collect(), nearest }
}

impl Method {
    /// Registry entry.
    pub fn entry(&self) -> &'static Entry {
        match self {
            Self::Indian { .. } => &indian::ENTRY,
            Self::GradientDescent => &gradient_descent::ENTRY,
            Self::HeavyBall { .. } => &heavy_ball::ENTRY,
            Self::Nesterov { .. } => &nesterov::ENTRY,
            Self::NesterovConvex => &nesterov_convex::ENTRY,
            Self::Adagrad { .. } => &adagrad::ENTRY,
            Self::Rmsprop { .. } => &rmsprop::ENTRY,
            Self::Adam { .. } => &adam::ENTRY,
        }
    }

    /// Registry name.
    pub fn name(&self) -> &'static str {
        self.entry().name
    }

    /// Values of the parameters in the order of the entry's `parameters`.
    pub fn values(&self) -> Vec<f64> {
        match *self {
            Self::Indian { alpha, beta } => vec![alpha, beta],
            Self::GradientDescent | Self::NesterovConvex => Vec::new(),
            Self::HeavyBall { momentum } | Self::Nesterov { momentum } => vec![momentum],
            Self::Adagrad { epsilon } => vec![epsilon],
            Self::Rmsprop { beta2, epsilon } => vec![beta2, epsilon],
            Self::Adam { beta1, beta2, epsilon } => vec![beta1, beta2, epsilon],
        }
    }

    /// An error naming the first parameter outside its range.
    pub fn validate(&self) -> Result<(), IndianError> {
        let entry = self.entry();
        match entry.refused(&self.values()) {
            None => Ok(()),
            Some((parameter, value)) => Err(IndianError::Parameter {
                method: entry.name,
                parameter: parameter.name,
                value,
                expected: parameter.expected,
            }),
        }
    }

    /// The algorithm itself, not yet started.
    pub fn stepper(&self) -> Box<dyn Step> {
        match *self {
            Self::Indian { alpha, beta } => Box::new(indian::Indian::new(alpha, beta)),
            Self::GradientDescent => Box::<gradient_descent::GradientDescent>::default(),
            Self::HeavyBall { momentum } => Box::new(heavy_ball::HeavyBall::new(momentum)),
            Self::Nesterov { momentum } => {
                Box::new(nesterov::Nesterov::new(nesterov::Momentum::Constant(momentum)))
            }
            Self::NesterovConvex => Box::new(nesterov::Nesterov::new(nesterov::Momentum::Convex)),
            Self::Adagrad { epsilon } => Box::new(adagrad::Adagrad::new(epsilon)),
            Self::Rmsprop { beta2, epsilon } => Box::new(rmsprop::Rmsprop::new(beta2, epsilon)),
            Self::Adam { beta1, beta2, epsilon } => Box::new(adam::Adam::new(beta1, beta2, epsilon)),
        }
    }
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.entry().describe(&self.values(), f)
    }
}

/// The methods without u start from rest: no velocity, empty averages.
fn rest_only(method: &'static str, start: &Start) -> Result<(), IndianError> {
    match start {
        Start::Rest => Ok(()),
        other => Err(IndianError::StartNotSupported { method, start: other.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_registered() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/method");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|f| f.unwrap().file_name().to_string_lossy().replace(".rs", "").replace('_', "-"))
            .filter(|f| f != "mod")
            .collect();
        let mut names: Vec<&str> = ALL.iter().map(|e| e.name).collect();
        files.sort();
        names.sort_unstable();
        assert_eq!(files, names);
    }

    #[test]
    fn entries_and_methods_agree() {
        for entry in ALL {
            let values: Vec<f64> = entry.parameters.iter().map(|p| p.default).collect();
            let method = (entry.make)(&values);
            assert_eq!(method.values(), values, "{}", entry.name);
            assert_eq!((method.name(), method.stepper().name()), (entry.name, entry.name));
            assert_eq!(build(entry.name, |_| None), Ok(method));
            assert!(!entry.summary.is_empty() && !entry.source.is_empty());
        }
    }

    #[test]
    fn parameters_outside_their_range_are_named() {
        for entry in ALL {
            for parameter in entry.parameters {
                for value in [-0.1, f64::NAN, f64::INFINITY] {
                    let error =
                        build(entry.name, |name| (name == parameter.name).then_some(value)).unwrap_err();
                    let IndianError::Parameter { method, parameter: named, .. } = error else {
                        panic!("{error}");
                    };
                    assert_eq!((method, named), (entry.name, parameter.name));
                }
            }
        }
        assert!(build("heavy-ball", |_| Some(1.0)).is_err());
        assert!(build("adam", |n| (n == "epsilon").then_some(0.0)).is_err());
        assert!(build("indian", |_| Some(0.0)).is_ok());
    }

    #[test]
    fn unknown_names_get_a_suggestion() {
        let error = build("nestrov", |_| None).unwrap_err();
        assert_eq!(
            error,
            IndianError::UnknownMethod { name: "nestrov".into(), nearest: Some("nesterov".into()) }
        );
        assert!(matches!(build("xyzzy", |_| None), Err(IndianError::UnknownMethod { nearest: None, .. })));
    }

    #[test]
    fn display_names_the_parameters() {
        assert_eq!(Method::Indian { alpha: 0.5, beta: 0.1 }.to_string(), "indian (alpha = 0.5, beta = 0.1)");
        assert_eq!(Method::GradientDescent.to_string(), "gradient-descent");
    }
}
