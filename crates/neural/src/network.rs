//! A network: layers with all sizes known, and where each finds its parameters in the one vector θ.

use std::ops::Range;

use crate::{
    error::NeuralError,
    layer::{Activation, Layer, Shape, Window},
};

/// One step of a forward pass: the input is activation number i of the pass, the output number i + 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// What it does.
    pub op: Op,
    /// Size of a sample before.
    pub input: Shape,
    /// Size of a sample after.
    pub output: Shape,
    /// Its parameters in θ: weights (output by output, row-major), then one bias per output channel. For `Normalise` scales, then shifts.
    pub parameters: Range<usize>,
    /// Index of its layer in the list that the network was made of (nested ones carry that of the residual layer).
    pub layer: usize,
}

/// What a stage does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// Reorders a sample into a vector.
    Flatten,
    /// Wx + b on vectors.
    Dense,
    /// Cross-correlation.
    Convolution(Window),
    /// Maximum over windows.
    MaxPool(Window),
    /// Mean over windows.
    AveragePool(Window),
    /// Group normalisation with so many groups.
    Normalise(usize),
    /// Scalar function.
    Activation(Activation),
    /// Adds the activation of that number.
    Add(usize),
}

/// A network with its sizes.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    name: String,
    layers: Vec<Layer>,
    stages: Vec<Stage>,
    input: Shape,
    parameters: usize,
}

/// More parameters than this are refused: each needs some 40 bytes while training.
const MOST_PARAMETERS: usize = 200_000_000;

impl Network {
    /// Fits the layers to the input. Fails, naming the layer and the sizes, where they do not fit.
    pub fn new(name: impl Into<String>, input: Shape, layers: Vec<Layer>) -> Result<Self, NeuralError> {
        let mut builder = Builder { shape: input, stages: Vec::new(), parameters: 0 };
        for (index, layer) in layers.iter().enumerate() {
            builder.add(index, layer)?;
        }
        if builder.stages.is_empty() || builder.parameters == 0 {
            return Err(NeuralError::NoParameters { name: name.into() });
        }
        let Builder { stages, parameters, .. } = builder;
        Ok(Self { name: name.into(), layers, stages, input, parameters })
    }

    /// Name as typed.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// The layers it was made of.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }
    /// Steps of a forward pass in order.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }
    /// Size of a sample.
    pub fn input(&self) -> Shape {
        self.input
    }
    /// Length of the output vector.
    pub fn outputs(&self) -> usize {
        self.stages.last().map_or(0, |stage| stage.output.len())
    }
    /// Length of θ.
    pub fn parameters(&self) -> usize {
        self.parameters
    }
    /// Whether some activation or pooling has kinks.
    pub fn has_kinks(&self) -> bool {
        self.stages.iter().any(|stage| match stage.op {
            Op::Activation(activation) => activation.has_kink(),
            Op::MaxPool(_) => true,
            _ => false,
        })
    }
    /// Multiplications of one forward pass of one sample (matrix products only).
    pub fn multiplications(&self) -> usize {
        let products = self.stages.iter().map(|stage| match stage.op {
            Op::Dense => stage.input.len() * stage.output.len(),
            Op::Convolution(w) => w.size[0] * w.size[1] * stage.input.channels * stage.output.len(),
            _ => 0,
        });
        products.sum()
    }
}

struct Builder {
    shape: Shape,
    stages: Vec<Stage>,
    parameters: usize,
}

impl Builder {
    fn add(&mut self, index: usize, layer: &Layer) -> Result<(), NeuralError> {
        let input = self.shape;
        let failed =
            |reason: String| NeuralError::Shape { layer: index + 1, name: layer.name(), input, reason };
        let windowed = |window: &Window, channels| {
            let [height, width] = window
                .positions([input.height, input.width])
                .ok_or_else(|| failed(format!("{window} does not fit")))?;
            Ok::<Shape, NeuralError>(Shape { channels, height, width })
        };
        let (op, output, parameters) = match layer {
            Layer::Dense { outputs } => {
                if input.plane() > 1 {
                    self.push(index, Op::Flatten, Shape::vector(input.len()), 0)?;
                }
                let count = self.shape.len().saturating_mul(*outputs).saturating_add(*outputs);
                (Op::Dense, Shape::vector(*outputs), count)
            }
            Layer::Convolution { channels, window } => {
                let output = windowed(window, *channels)?;
                let each = (window.size[0] * window.size[1]).saturating_mul(input.channels).saturating_add(1);
                (Op::Convolution(*window), output, each.saturating_mul(*channels))
            }
            Layer::MaxPool(window) => (Op::MaxPool(*window), windowed(window, input.channels)?, 0),
            Layer::AveragePool(window) => (Op::AveragePool(*window), windowed(window, input.channels)?, 0),
            Layer::GlobalAverage => {
                let size = [input.height, input.width];
                let window = Window { size, stride: [1; 2], padding: [0; 2] };
                (Op::AveragePool(window), Shape::vector(input.channels), 0)
            }
            Layer::Normalise { groups } => {
                if *groups == 0 || !input.channels.is_multiple_of(*groups) {
                    return Err(failed(format!("{groups} groups do not divide {} channels", input.channels)));
                }
                (Op::Normalise(*groups), input, 2 * input.channels)
            }
            Layer::Activation(activation) => (Op::Activation(*activation), input, 0),
            Layer::Residual(inner) => {
                let from = self.stages.len();
                if inner.is_empty() {
                    return Err(failed("it has no inner layers".into()));
                }
                for layer in inner {
                    self.add(index, layer)?;
                }
                if self.shape != input {
                    return Err(failed(format!(
                        "its inner layers give {}, and x + f(x) needs the same size",
                        self.shape
                    )));
                }
                (Op::Add(from), input, 0)
            }
        };
        if output.is_empty() {
            return Err(failed("its output is empty".into()));
        }
        self.push(index, op, output, parameters)
    }

    fn push(&mut self, layer: usize, op: Op, output: Shape, parameters: usize) -> Result<(), NeuralError> {
        let end = self.parameters.saturating_add(parameters);
        if end > MOST_PARAMETERS {
            return Err(NeuralError::TooManyParameters { most: MOST_PARAMETERS });
        }
        self.stages.push(Stage { op, input: self.shape, output, parameters: self.parameters..end, layer });
        self.parameters = end;
        self.shape = output;
        Ok(())
    }
}
