//! Layers as plain data: what an architecture is made of, independent of sizes and arithmetic.

use serde::{Deserialize, Serialize};

/// Size of one sample between two layers: channels × height × width. A vector of length n is n×1×1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Channels.
    pub channels: usize,
    /// Rows of one channel.
    pub height: usize,
    /// Columns of one channel.
    pub width: usize,
}

impl Shape {
    /// channels × height × width.
    pub fn new(channels: usize, height: usize, width: usize) -> Self {
        Self { channels, height, width }
    }
    /// A vector.
    pub fn vector(length: usize) -> Self {
        Self::new(length, 1, 1)
    }
    /// Numbers per channel.
    pub fn plane(&self) -> usize {
        self.height * self.width
    }
    /// Numbers in all.
    pub fn len(&self) -> usize {
        self.channels * self.plane()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}×{}×{}", self.channels, self.height, self.width)
    }
}

/// Scalar functions between layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// max(x, 0); the derivative at 0 is that of the selection.
    Relu,
    /// max(x, 0) + 0.01 min(x, 0); the derivative at 0 is 0.01 + 0.99 relu′(0). Maas, Hannun, Ng, ICML workshop 2013.
    LeakyRelu,
    /// tanh x.
    Tanh,
    /// 1/(1 + e⁻ˣ).
    Sigmoid,
    /// log(1 + eˣ).
    Softplus,
    /// x Φ(x) with the normal distribution function Φ (exact, by erf). Hendrycks, Gimpel, arXiv 1606.08415.
    Gelu,
    /// The square nonlinearity: x − sign(x) x²/4 on [−2, 2], ±1 beyond; C¹ with Lipschitz derivative. Wuraola, Patel, IJCNN 2018.
    Sqnl,
}

impl Activation {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Relu, Self::LeakyRelu, Self::Tanh, Self::Sigmoid, Self::Softplus, Self::Gelu, Self::Sqnl];

    /// Name as typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::LeakyRelu => "leaky-relu",
            Self::Tanh => "tanh",
            Self::Sigmoid => "sigmoid",
            Self::Softplus => "softplus",
            Self::Gelu => "gelu",
            Self::Sqnl => "sqnl",
        }
    }

    /// The activation of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|activation| activation.name() == name)
    }

    /// Whether its derivative jumps.
    pub fn has_kink(self) -> bool {
        matches!(self, Self::Relu | Self::LeakyRelu)
    }
}

/// Slope of the leaky relu on the left.
pub const LEAK: f64 = 0.01;

/// A window that moves over a plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Rows and columns.
    pub size: [usize; 2],
    /// Rows and columns from one position to the next.
    pub stride: [usize; 2],
    /// Rows and columns added on each side.
    pub padding: [usize; 2],
}

impl Window {
    /// A square window.
    pub fn square(size: usize, stride: usize, padding: usize) -> Self {
        Self { size: [size; 2], stride: [stride; 2], padding: [padding; 2] }
    }

    /// Positions over a plane of `input` rows and columns; `None` where there is none, or a window could lie in the padding alone.
    pub fn positions(&self, input: [usize; 2]) -> Option<[usize; 2]> {
        let mut out = [0; 2];
        for axis in 0..2 {
            let (size, stride, padding) = (self.size[axis], self.stride[axis], self.padding[axis]);
            if size == 0 || stride == 0 || padding >= size {
                return None;
            }
            out[axis] = input[axis].checked_add(2 * padding)?.checked_sub(size)? / stride + 1;
        }
        Some(out)
    }
}

impl std::fmt::Display for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pair = |p: [usize; 2]| format!("{}×{}", p[0], p[1]);
        write!(f, "window {}, stride {}, padding {}", pair(self.size), pair(self.stride), pair(self.padding))
    }
}

/// One layer. Padding of a convolution is 0; pooling leaves padded places out (neither maximum nor mean sees them).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// y = Wx + b; the input is flattened channel by channel.
    Dense {
        /// Length of y.
        outputs: usize,
    },
    /// Two-dimensional cross-correlation with bias.
    Convolution {
        /// Channels of the output.
        channels: usize,
        /// Its window.
        window: Window,
    },
    /// Maximum over each window; at ties the selection decides.
    MaxPool(Window),
    /// Mean over each window.
    AveragePool(Window),
    /// Mean over each channel.
    GlobalAverage,
    /// Normalisation that sees one sample at a time: mean 0 and variance 1 in each of `groups` groups of channels, then scale and shift
    /// per channel. One group is layer normalisation, a group per channel instance normalisation. Wu, He, ECCV 2018 (ε = 10⁻⁵).
    Normalise {
        /// Number of groups; divides the number of channels.
        groups: usize,
    },
    /// An activation.
    Activation(Activation),
    /// x + f(x), with f made of layers.
    Residual(Vec<Layer>),
}

/// ε of [`Layer::Normalise`], added to the variance.
pub const NORMALISE_EPSILON: f64 = 1e-5;

impl Layer {
    /// Name in messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Dense { .. } => "dense",
            Self::Convolution { .. } => "convolution",
            Self::MaxPool(_) => "max-pool",
            Self::AveragePool(_) => "average-pool",
            Self::GlobalAverage => "global-average",
            Self::Normalise { .. } => "normalise",
            Self::Activation(activation) => activation.name(),
            Self::Residual(_) => "residual",
        }
    }
}

/// What is summed over samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// −log softmax(z)_y, classes only.
    CrossEntropy,
    /// ½‖z − y‖²; for classes y is the unit vector of the class.
    Squared,
}

impl Loss {
    /// Name as typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::CrossEntropy => "cross-entropy",
            Self::Squared => "squared",
        }
    }
}
