//! Initial parameters: random weights, biases 0, scales 1, shifts 0.

use dinlab_numeric::Stream;
use serde::{Deserialize, Serialize};

use crate::{
    layer::Activation,
    network::{Network, Op, Stage},
    number::Real,
};

/// Law of the weights, all independent and normal with mean 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Initial {
    /// Variance 2/fan-in (1/fan-in where the layer after is neither relu nor leaky relu, gelu or softplus). He, Zhang, Ren, Sun, ICCV 2015, eq. (10).
    He,
    /// Variance 2/(fan-in + fan-out). Glorot, Bengio, AISTATS 2010, eq. (12).
    Glorot,
    /// The given standard deviation.
    Normal(f64),
}

impl Initial {
    /// `he`, `glorot` or `normal:σ` with σ > 0; `None` for other texts.
    pub fn named(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None if text == "he" => Some(Self::He),
            None if text == "glorot" => Some(Self::Glorot),
            Some(("normal", sigma)) => {
                sigma.parse().ok().filter(|s: &f64| *s > 0.0 && s.is_finite()).map(Self::Normal)
            }
            _ => None,
        }
    }

    /// θ₀ of the given seed. In each precision it is the same vector up to rounding.
    pub fn draw<T: Real>(self, network: &Network, seed: u64) -> Vec<T> {
        let mut theta = vec![T::ZERO; network.parameters()];
        let stages = network.stages();
        for (i, stage) in stages.iter().enumerate() {
            let own = &mut theta[stage.parameters.clone()];
            // A stream of its own: adding a layer does not change the weights of the others.
            let mut stream = Stream::new(seed, "neural/initial", i as u64);
            match stage.op {
                Op::Dense | Op::Convolution(_) => {
                    let sigma = self.deviation(stage, stages.get(i + 1));
                    let biases = stage.output.channels;
                    let weights = own.len() - biases;
                    own[..weights].iter_mut().for_each(|w| *w = T::constant(sigma * stream.normal()));
                }
                Op::Normalise(_) => own[..stage.input.channels].fill(T::ONE),
                _ => {}
            }
        }
        theta
    }

    fn deviation(self, stage: &Stage, next: Option<&Stage>) -> f64 {
        let area = match stage.op {
            Op::Convolution(window) => window.size[0] * window.size[1],
            _ => 1,
        };
        let (fan_in, fan_out) = ((stage.input.channels * area) as f64, (stage.output.channels * area) as f64);
        match self {
            Self::He => {
                use Activation::{Gelu, LeakyRelu, Relu, Softplus};
                let rectifies = matches!(
                    next.map(|next| next.op),
                    Some(Op::Activation(Relu | LeakyRelu | Gelu | Softplus))
                );
                (if rectifies { 2.0 } else { 1.0 } / fan_in).sqrt()
            }
            Self::Glorot => (2.0 / (fan_in + fan_out)).sqrt(),
            Self::Normal(sigma) => sigma,
        }
    }
}

impl std::fmt::Display for Initial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::He => f.write_str("he"),
            Self::Glorot => f.write_str("glorot"),
            Self::Normal(sigma) => write!(f, "normal:{sigma}"),
        }
    }
}
