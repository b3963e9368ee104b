//! Named architectures: `NAME[:ARGUMENTS]`, where numbers are widths and a word is the activation.

use crate::{
    data::Part,
    error::NeuralError,
    layer::{Activation, Layer, Shape, Window},
    network::Network,
};

/// One named architecture.
#[derive(Debug, Clone, Copy)]
pub struct Architecture {
    /// Name as typed.
    pub name: &'static str,
    /// What follows the name.
    pub arguments: &'static str,
    /// One line for `dinlab list architectures`.
    pub summary: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// The layers for widths, activation, input and number of outputs; `None` where the widths are not what it takes.
    make: Make,
}

/// Layers from widths, activation, input and number of outputs.
type Make = fn(&[usize], Activation, Shape, usize) -> Option<Vec<Layer>>;

/// All of them in the order of `dinlab list architectures`.
pub const ALL: &[Architecture] = &[
    Architecture {
        name: "linear",
        arguments: "",
        summary: "one dense layer (softmax regression with cross-entropy)",
        source: "",
        make: |widths, _, _, outputs| widths.is_empty().then(|| vec![Layer::Dense { outputs }]),
    },
    Architecture {
        name: "mlp",
        arguments: ":w1,w2,..[,activation]",
        summary: "dense layers of the given widths, each with the activation (relu), and a dense layer to the outputs",
        source: "",
        make: |widths, activation, _, outputs| {
            let hidden = widths.iter().flat_map(|&w| [Layer::Dense { outputs: w }, Layer::Activation(activation)]);
            (!widths.is_empty()).then(|| hidden.chain([Layer::Dense { outputs }]).collect())
        },
    },
    Architecture {
        name: "lenet5",
        arguments: "[:activation]",
        summary: "LeNet-5: 5x5 convolutions to 6 and 16 channels, 2x2 pooling, dense 120, 84 (relu with maximum, else mean pooling)",
        source: "LeCun, Bottou, Bengio, Haffner, Proc. IEEE 86(11), 1998; full connections, softmax output and, by default, relu and \
            maximum pooling in place of the original's",
        make: |widths, activation, input, outputs| widths.is_empty().then(|| lenet5(activation, input, outputs)),
    },
    Architecture {
        name: "nin",
        arguments: "[:width,activation]",
        summary: "Network in Network for 32x32 images (width 192: 966,986 parameters for 3 channels and 10 classes), without dropout",
        source: "Lin, Chen, Yan, Network In Network, ICLR 2014; the network of Castera, Bolte, Fevotte, Pauwels, JMLR 22(134), 2021, section 5.3",
        make: |widths, activation, _, outputs| match *widths {
            [] => Some(network_in_network(192, activation, outputs)),
            [width] => Some(network_in_network(width, activation, outputs)),
            _ => None,
        },
    },
    Architecture {
        name: "residual",
        arguments: "[:width,blocks,activation]",
        summary: "3x3 convolutions of the given width (8), residual blocks (2) with normalisation that sees one sample, global mean, dense",
        source: "He, Zhang, Ren, Sun, Identity mappings in deep residual networks, ECCV 2016 (order inside a block); group normalisation in \
            place of batch normalisation",
        make: |widths, activation, input, outputs| match *widths {
            [] => Some(residual(8, 2, activation, input, outputs)),
            [width] => Some(residual(width, 2, activation, input, outputs)),
            [width, blocks] => Some(residual(width, blocks, activation, input, outputs)),
            _ => None,
        },
    },
];

/// The network that `specification` names, for samples like those of `part`.
pub fn build(specification: &str, part: &Part) -> Result<Network, NeuralError> {
    let (name, arguments) = specification.split_once(':').unwrap_or((specification, ""));
    let Some(entry) = ALL.iter().find(|entry| entry.name == name) else {
        let names: Vec<&str> = ALL.iter().map(|entry| entry.name).collect();
        return Err(NeuralError::unknown("architecture", name, &names));
    };
    let refused = || NeuralError::Arguments {
        what: "architecture",
        given: specification.chars().take(60).collect(),
        expected: format!(
            "{}{} with whole numbers from 1 to 100000 and one of the activations {}",
            entry.name,
            entry.arguments,
            Activation::ALL.map(Activation::name).join(", ")
        ),
    };
    let (mut widths, mut activation) = (Vec::new(), None);
    for word in arguments.split(',').map(str::trim).filter(|_| !arguments.is_empty()) {
        match (Activation::named(word), word.parse::<usize>()) {
            (Some(named), _) if activation.is_none() => activation = Some(named),
            (None, Ok(width)) if (1..=100_000).contains(&width) && activation.is_none() => widths.push(width),
            _ => return Err(refused()),
        }
    }
    if activation.is_some() && !entry.arguments.contains("activation") {
        return Err(refused());
    }
    let activation = activation.unwrap_or(Activation::Relu);
    let layers = (entry.make)(&widths, activation, part.shape, part.outputs()).ok_or_else(refused)?;
    Network::new(specification, part.shape, layers)
}

fn convolution(channels: usize, size: usize, padding: usize) -> Layer {
    Layer::Convolution { channels, window: Window::square(size, 1, padding) }
}

/// 28×28 images are padded to 32×32 by the first convolution, as in the original; 32×32 images are not padded.
fn lenet5(activation: Activation, input: Shape, outputs: usize) -> Vec<Layer> {
    let pool = || {
        let window = Window::square(2, 2, 0);
        if activation.has_kink() {
            Layer::MaxPool(window)
        } else {
            Layer::AveragePool(window)
        }
    };
    let act = Layer::Activation(activation);
    let padding = if input.height < 32 { 2 } else { 0 };
    vec![
        convolution(6, 5, padding),
        act.clone(),
        pool(),
        convolution(16, 5, 0),
        act.clone(),
        pool(),
        Layer::Dense { outputs: 120 },
        act.clone(),
        Layer::Dense { outputs: 84 },
        act,
        Layer::Dense { outputs },
    ]
}

/// Three blocks of one spatial and two 1×1 convolutions; widths in the proportions 192, 160, 96 of the original.
fn network_in_network(width: usize, activation: Activation, outputs: usize) -> Vec<Layer> {
    let of = |part: usize| (width * part).div_ceil(192);
    let pool = Window::square(3, 2, 1);
    let spatial = [(192, 5, 2), (160, 1, 0), (96, 1, 0)];
    let second = [(192, 5, 2), (192, 1, 0), (192, 1, 0)];
    let third = [(192, 3, 1), (192, 1, 0)];
    let block = |list: &[(usize, usize, usize)]| -> Vec<Layer> {
        let pair = |&(channels, size, padding): &(usize, usize, usize)| {
            [convolution(of(channels), size, padding), Layer::Activation(activation)]
        };
        list.iter().flat_map(pair).collect()
    };
    let mut layers = block(&spatial);
    layers.push(Layer::MaxPool(pool));
    layers.extend(block(&second));
    layers.push(Layer::AveragePool(pool));
    layers.extend(block(&third));
    layers.extend([convolution(outputs, 1, 0), Layer::Activation(activation), Layer::GlobalAverage]);
    layers
}

/// Along an axis of length 1 a window of 3 is one of 1.
fn residual(width: usize, blocks: usize, activation: Activation, input: Shape, outputs: usize) -> Vec<Layer> {
    let axis = |length: usize| if length > 1 { (3, 1) } else { (1, 0) };
    let ((rows, above), (columns, left)) = (axis(input.height), axis(input.width));
    let window = Window { size: [rows, columns], stride: [1; 2], padding: [above, left] };
    let convolution = || Layer::Convolution { channels: width, window };
    let half = || [Layer::Normalise { groups: 1 }, Layer::Activation(activation), convolution()];
    let mut layers = vec![convolution()];
    layers.extend((0..blocks).map(|_| Layer::Residual(half().into_iter().chain(half()).collect())));
    layers.extend([Layer::Activation(activation), Layer::GlobalAverage, Layer::Dense { outputs }]);
    layers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Targets;

    fn part(shape: Shape) -> Part {
        let targets = Targets::Classes { labels: vec![0, 1], count: 10 };
        Part { shape, inputs: vec![0.0; 2 * shape.len()], targets }
    }

    #[test]
    fn numbers_of_parameters_are_the_published_ones() {
        let count = |name: &str, shape| build(name, &part(shape)).unwrap().parameters();
        let mnist = Shape::new(1, 28, 28);
        assert_eq!(count("linear", mnist), 7850);
        assert_eq!(count("mlp:300,100", mnist), 784 * 300 + 300 + 300 * 100 + 100 + 1010);
        // LeCun et al. count 61,706 without the sparse connections and with a dense output.
        assert_eq!(count("lenet5", mnist), 61_706);
        assert_eq!(count("nin", Shape::new(3, 32, 32)), 966_986);
        assert_eq!(count("residual:4,1", Shape::new(1, 1, 40)), (3 * 4 + 4) + 2 * (8 + 3 * 16 + 4) + 50);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let error = build("lenet5", &part(Shape::new(1, 8, 8))).unwrap_err().to_string();
        assert!(error.contains("layer 4 (convolution)") && error.contains("6×4×4"), "{error}");
        for bad in ["mlp", "mlp:0", "mlp:3,rely", "mlp:relu,3", "linear:relu", "nin:1,2", "mlp:1e3", "mlp:"] {
            let error = build(bad, &part(Shape::new(1, 8, 8))).unwrap_err();
            assert!(matches!(error, NeuralError::Arguments { .. }), "{bad}: {error}");
        }
        let error = build("lenet", &part(Shape::new(1, 8, 8))).unwrap_err().to_string();
        assert!(error.contains("did you mean `lenet5`"), "{error}");
        assert!(build("mlp:100000,100000", &part(Shape::new(1, 8, 8))).is_err());
    }
}
