//! IDX files (MNIST, Fashion-MNIST, KMNIST …): big-endian header, then bytes. <http://yann.lecun.com/exdb/mnist/>.

use std::path::Path;

use super::{Part, Targets};
use crate::{error::NeuralError, layer::Shape};

const IMAGES: u32 = 0x0000_0803;
const LABELS: u32 = 0x0000_0801;

/// Training and test part, or `None` where the folder has none of the files.
pub(super) fn read(folder: &Path) -> Result<Option<(Part, Part)>, NeuralError> {
    let names = [
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    ];
    if !names.iter().any(|name| folder.join(name).exists()) {
        return Ok(None);
    }
    let read = |images, labels| part(folder, &folder.join(images), &folder.join(labels));
    let (train, mut test) = (read(names[0], names[1])?, read(names[2], names[3])?);
    // The training part says how many classes there are.
    let known = train.outputs();
    if let Targets::Classes { labels, count } = &mut test.targets {
        if let Some(sample) = labels.iter().position(|&label| label as usize >= known) {
            let (label, file) = (labels[sample] as usize, folder.join(names[3]).display().to_string());
            return Err(NeuralError::Label { label, sample, file, last: known - 1 });
        }
        *count = known;
    }
    if train.shape != test.shape {
        return Err(NeuralError::Input {
            network: "of the training images".into(),
            expected: train.shape,
            data: names[2].into(),
            found: test.shape,
        });
    }
    Ok(Some((train, test)))
}

fn bytes(file: &Path) -> Result<Vec<u8>, NeuralError> {
    std::fs::read(file)
        .map_err(|error| NeuralError::Read { file: file.display().to_string(), reason: error.to_string() })
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
}

/// Header checked: magic number and lengths. Returns the lengths and the content.
fn open<'a, const N: usize>(
    file: &Path,
    bytes: &'a [u8],
    magic: u32,
    expected: &'static str,
) -> Result<([usize; N], &'a [u8]), NeuralError> {
    let name = || file.display().to_string();
    let short = || NeuralError::Length {
        file: name(),
        found: bytes.len(),
        expected: format!("at least {}", 4 + 4 * N),
        hint: "the header is cut off",
    };
    let found = word(bytes, 0).ok_or_else(short)?;
    if found != magic {
        return Err(NeuralError::Magic { file: name(), expected, found, magic });
    }
    let mut sizes = [0; N];
    for (i, size) in sizes.iter_mut().enumerate() {
        *size = word(bytes, 4 + 4 * i).ok_or_else(short)? as usize;
    }
    let content = &bytes[4 + 4 * N..];
    let wanted = sizes.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
    if wanted != Some(content.len()) {
        let expected = wanted.map_or("an impossible number of".into(), |w| (w + 4 + 4 * N).to_string());
        let hint = "the file is truncated, or not what its header says";
        return Err(NeuralError::Length { file: name(), found: bytes.len(), expected, hint });
    }
    Ok((sizes, content))
}

fn part(folder: &Path, images: &Path, labels: &Path) -> Result<Part, NeuralError> {
    let (image_bytes, label_bytes) = (bytes(images)?, bytes(labels)?);
    let ([count, height, width], pixels) =
        open(images, &image_bytes, IMAGES, "images (unsigned bytes, three dimensions)")?;
    let ([labelled], classes) = open(labels, &label_bytes, LABELS, "labels (unsigned bytes, one dimension)")?;
    if count != labelled {
        return Err(NeuralError::Counts {
            images: count,
            labels: labelled,
            folder: folder.display().to_string(),
        });
    }
    let shape = Shape::new(1, height, width);
    if count < 2 || shape.is_empty() {
        let hint = "there are no images in it";
        return Err(NeuralError::Length {
            file: images.display().to_string(),
            found: image_bytes.len(),
            expected: "more".into(),
            hint,
        });
    }
    let largest = classes.iter().copied().max().unwrap_or(0);
    Ok(Part {
        shape,
        inputs: pixels.iter().map(|&p| f32::from(p) / 255.0).collect(),
        targets: Targets::Classes {
            labels: classes.iter().map(|&c| u32::from(c)).collect(),
            count: usize::from(largest) + 1,
        },
    })
}
