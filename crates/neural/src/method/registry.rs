//! Names, parameters and sources of the training methods.

use dinlab_indian::Parameter;

use super::Method;
use crate::error::NeuralError;

/// One training method of the registry.
pub type Entry = dinlab_indian::entry::Entry<Method>;

/// All methods in the order in which they are listed.
pub const ALL: &[Entry] = &[
    Entry {
        name: "indian",
        parameters: &[Parameter::non_negative("alpha", 0.5), Parameter::non_negative("beta", 0.1)],
        summary: "inertial Newton algorithm (INDIAN, published as INNA)",
        source: "Castera, Bolte, Fevotte, Pauwels, JMLR 22(134), 2021, algorithm 1",
        make: |p| Method::Indian { alpha: p[0], beta: p[1] },
    },
    Entry {
        name: "sgd",
        parameters: &[],
        summary: "stochastic gradient descent",
        source: "Robbins, Monro, Ann. Math. Stat. 22, 1951",
        make: |_| Method::Sgd,
    },
    Entry {
        name: "momentum",
        parameters: &[Parameter::fraction("momentum", 0.9)],
        summary: "heavy ball with constant momentum",
        source: "Polyak, USSR Comput. Math. Math. Phys. 4(5), 1964",
        make: |p| Method::Momentum { momentum: p[0] },
    },
    Entry {
        name: "nesterov",
        parameters: &[Parameter::fraction("momentum", 0.9)],
        summary: "Nesterov's accelerated gradient with constant momentum",
        source: "Nesterov, Introductory Lectures on Convex Optimization, 2004, scheme (2.2.11)",
        make: |p| Method::Nesterov { momentum: p[0] },
    },
    Entry {
        name: "adagrad",
        parameters: &[Parameter::positive("epsilon", 1e-10)],
        summary: "AdaGrad with a diagonal matrix",
        source: "Duchi, Hazan, Singer, JMLR 12, 2011",
        make: |p| Method::Adagrad { epsilon: p[0] },
    },
    Entry {
        name: "rmsprop",
        parameters: &[Parameter::fraction("beta2", 0.9), Parameter::positive("epsilon", 1e-8)],
        summary: "RMSprop without centring or momentum",
        source: "Tieleman, Hinton, Neural Networks for Machine Learning, lecture 6.5, 2012",
        make: |p| Method::Rmsprop { beta2: p[0], epsilon: p[1] },
    },
    Entry {
        name: "adam",
        parameters: &[
            Parameter::fraction("beta1", 0.9),
            Parameter::fraction("beta2", 0.999),
            Parameter::positive("epsilon", 1e-8),
        ],
        summary: "Adam with bias correction",
        source: "Kingma, Ba, ICLR 2015, algorithm 1",
        make: |p| Method::Adam { beta1: p[0], beta2: p[1], epsilon: p[2] },
    },
    Entry {
        name: "adamw",
        parameters: &[
            Parameter::fraction("beta1", 0.9),
            Parameter::fraction("beta2", 0.999),
            Parameter::positive("epsilon", 1e-8),
            Parameter::non_negative("weight_decay", 0.01),
        ],
        summary: "Adam with decoupled weight decay (decay scaled by the step size, as in the frameworks)",
        source: "Loshchilov, Hutter, ICLR 2019, algorithm 2",
        make: |p| Method::Adamw { beta1: p[0], beta2: p[1], epsilon: p[2], weight_decay: p[3] },
    },
    Entry {
        name: "innaprop",
        parameters: &[
            Parameter::non_negative("alpha", 0.1),
            Parameter::positive("beta", 0.9),
            Parameter::fraction("beta2", 0.999),
            Parameter::positive("epsilon", 1e-8),
            Parameter::non_negative("weight_decay", 0.01),
        ],
        summary: "INNAprop: INDIAN along RMSprop's scaled gradient, with decoupled weight decay; a pole at step size = beta",
        source: "Bolte, Boustany, Pauwels, Purica, A second-order-like optimizer with adaptive gradient scaling for deep learning, arXiv \
            2410.05871, 2024, algorithm 1 (their sigma is beta2 here)",
        make: |p| Method::Innaprop { alpha: p[0], beta: p[1], beta2: p[2], epsilon: p[3], weight_decay: p[4] },
    },
];

/// The named method; `value` gives a parameter by name, `None` stands for its default. The result is validated.
pub fn build(name: &str, value: impl Fn(&str) -> Option<f64>) -> Result<Method, NeuralError> {
    let Some(entry) = ALL.iter().find(|entry| entry.name == name) else {
        let names: Vec<&str> = ALL.iter().map(|entry| entry.name).collect();
        return Err(NeuralError::unknown("training method", name, &names));
    };
    let values = entry.values(value);
    if let Some((parameter, value)) = entry.refused(&values) {
        let (method, parameter, expected) = (entry.name, parameter.name, parameter.expected);
        return Err(NeuralError::Parameter { method, parameter, value, expected });
    }
    Ok((entry.make)(&values))
}

pub(super) fn entry(method: &Method) -> &'static Entry {
    let index = match method {
        Method::Indian { .. } => 0,
        Method::Sgd => 1,
        Method::Momentum { .. } => 2,
        Method::Nesterov { .. } => 3,
        Method::Adagrad { .. } => 4,
        Method::Rmsprop { .. } => 5,
        Method::Adam { .. } => 6,
        Method::Adamw { .. } => 7,
        Method::Innaprop { .. } => 8,
    };
    &ALL[index]
}

impl Method {
    /// Values of the parameters in the order of the entry's `parameters`.
    pub fn values(&self) -> Vec<f64> {
        match *self {
            Self::Indian { alpha, beta } => vec![alpha, beta],
            Self::Sgd => Vec::new(),
            Self::Momentum { momentum } | Self::Nesterov { momentum } => vec![momentum],
            Self::Adagrad { epsilon } => vec![epsilon],
            Self::Rmsprop { beta2, epsilon } => vec![beta2, epsilon],
            Self::Adam { beta1, beta2, epsilon } => vec![beta1, beta2, epsilon],
            Self::Adamw { beta1, beta2, epsilon, weight_decay } => vec![beta1, beta2, epsilon, weight_decay],
            Self::Innaprop { alpha, beta, beta2, epsilon, weight_decay } => {
                vec![alpha, beta, beta2, epsilon, weight_decay]
            }
        }
    }
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.entry().describe(&self.values(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_and_methods_agree() {
        for listed in ALL {
            let method = build(listed.name, |_| None).unwrap();
            assert_eq!(method.name(), listed.name);
            assert_eq!(method.values(), listed.parameters.iter().map(|p| p.default).collect::<Vec<_>>());
            for parameter in listed.parameters {
                for value in [-0.1, f64::NAN, f64::INFINITY] {
                    let error =
                        build(listed.name, |name| (name == parameter.name).then_some(value)).unwrap_err();
                    assert!(matches!(error, NeuralError::Parameter { .. }), "{error}");
                }
            }
        }
        assert!(build("adan", |_| None).unwrap_err().to_string().contains("did you mean `adam`"));
    }

    #[test]
    fn step_sizes_near_the_pole_are_refused() {
        let method = build("innaprop", |name| (name == "beta").then_some(0.1)).unwrap();
        assert!(method.check_step_size(3, 0.1).unwrap_err().to_string().contains("step 3"));
        assert!(method.check_step_size(0, 0.100_01).is_err() && method.check_step_size(0, 0.099).is_ok());
        assert!(build("indian", |_| None).unwrap().check_step_size(0, 0.1).is_ok());
    }
}
