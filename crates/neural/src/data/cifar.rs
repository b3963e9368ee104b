//! CIFAR-10 and CIFAR-100, binary version: records of one or two label bytes and 3×32×32 pixel bytes, channel after channel.
//! A. Krizhevsky, Learning multiple layers of features from tiny images, 2009.

use std::path::{Path, PathBuf};

use super::{Part, Targets};
use crate::{error::NeuralError, layer::Shape};

const PIXELS: usize = 3 * 32 * 32;

/// Training and test part, or `None` where the folder has none of the files.
pub(super) fn read(folder: &Path) -> Result<Option<(Part, Part)>, NeuralError> {
    let batches: Vec<PathBuf> = (1..=5).map(|i| folder.join(format!("data_batch_{i}.bin"))).collect();
    if batches.iter().any(|file| file.exists()) || folder.join("test_batch.bin").exists() {
        // All five and the test batch: what is missing is named by the error.
        return Ok(Some((part(&batches, 1, 10)?, part(&[folder.join("test_batch.bin")], 1, 10)?)));
    }
    let (train, test) = (folder.join("train.bin"), folder.join("test.bin"));
    if train.exists() || test.exists() {
        return Ok(Some((part(&[train], 2, 100)?, part(&[test], 2, 100)?)));
    }
    Ok(None)
}

/// `heads` label bytes before the pixels; the last of them is the class.
fn part(files: &[PathBuf], heads: usize, classes: usize) -> Result<Part, NeuralError> {
    let (mut inputs, mut labels) = (Vec::new(), Vec::new());
    for file in files {
        let name = || file.display().to_string();
        let bytes = std::fs::read(file)
            .map_err(|error| NeuralError::Read { file: name(), reason: error.to_string() })?;
        let record = heads + PIXELS;
        if bytes.is_empty() || !bytes.len().is_multiple_of(record) {
            return Err(NeuralError::Length {
                file: name(),
                found: bytes.len(),
                expected: format!("a multiple of {record}"),
                hint: "the file is truncated, or not the binary version of CIFAR",
            });
        }
        for (sample, record) in bytes.chunks_exact(record).enumerate() {
            let label = usize::from(record[heads - 1]);
            if label >= classes {
                return Err(NeuralError::Label { label, sample, file: name(), last: classes - 1 });
            }
            labels.push(label as u32);
            inputs.extend(record[heads..].iter().map(|&p| f32::from(p) / 255.0));
        }
    }
    Ok(Part { shape: Shape::new(3, 32, 32), inputs, targets: Targets::Classes { labels, count: classes } })
}
