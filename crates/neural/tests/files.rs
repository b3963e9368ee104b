//! Loaders of IDX and CIFAR files, on small files made here.

#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

use std::{fs, path::Path};

use dinlab_neural::{data, NeuralError, Targets};

fn idx(magic: u32, sizes: &[u32], content: &[u8]) -> Vec<u8> {
    let head = std::iter::once(magic).chain(sizes.iter().copied()).flat_map(u32::to_be_bytes);
    head.chain(content.iter().copied()).collect()
}

fn write_idx(folder: &Path, train: usize, test: usize) {
    for (name, count) in [("train", train), ("t10k", test)] {
        let pixels: Vec<u8> = (0..count * 6).map(|i| (i % 256) as u8).collect();
        let labels: Vec<u8> = (0..count).map(|i| (i % 3) as u8).collect();
        fs::write(
            folder.join(format!("{name}-images-idx3-ubyte")),
            idx(0x803, &[count as u32, 2, 3], &pixels),
        )
        .unwrap();
        fs::write(folder.join(format!("{name}-labels-idx1-ubyte")), idx(0x801, &[count as u32], &labels))
            .unwrap();
    }
}

#[test]
fn idx_files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    write_idx(folder.path(), 9, 6);
    let set = data::load(folder.path().to_str().unwrap(), 0).unwrap();
    assert_eq!((set.train.len(), set.test.len()), (9, 6));
    assert_eq!((set.train.shape.height, set.train.shape.width), (2, 3));
    assert_eq!(set.train.inputs[5], 5.0 / 255.0);
    assert!(
        matches!(&set.test.targets, Targets::Classes { labels, count: 3 } if labels[..4] == [0, 1, 2, 0])
    );
}

#[test]
fn broken_idx_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let load = || data::load(folder.path().to_str().unwrap(), 0).unwrap_err();
    assert!(matches!(load(), NeuralError::NoData { .. }));
    let images = folder.path().join("train-images-idx3-ubyte");
    let rewrite = |bytes: &[u8]| {
        write_idx(folder.path(), 9, 6);
        fs::write(&images, bytes).unwrap();
    };
    rewrite(&idx(0x801, &[9, 2, 3], &[0; 54]));
    let error = load().to_string();
    assert!(
        error.contains("0x00000801") && error.contains("0x00000803") && error.contains("train-images"),
        "{error}"
    );
    rewrite(&idx(0x803, &[9, 2, 3], &[0; 53]));
    assert!(load().to_string().contains("has 69 bytes, expected 70"), "{}", load());
    rewrite(&[0, 0]);
    assert!(load().to_string().contains("header is cut off"));
    rewrite(&idx(0x803, &[u32::MAX, u32::MAX, u32::MAX], &[0; 4]));
    assert!(matches!(load(), NeuralError::Length { .. }));
    rewrite(&idx(0x803, &[8, 2, 3], &[0; 48]));
    assert!(matches!(load(), NeuralError::Counts { images: 8, labels: 9, .. }));
    rewrite(&idx(0x803, &[0, 2, 3], &[]));
    assert!(matches!(load(), NeuralError::Counts { .. } | NeuralError::Length { .. }));
    fs::remove_file(&images).unwrap();
    assert!(matches!(load(), NeuralError::Read { .. }));
    write_idx(folder.path(), 9, 6);
    fs::write(folder.path().join("t10k-labels-idx1-ubyte"), idx(0x801, &[6], &[0, 1, 2, 0, 3, 2])).unwrap();
    assert!(matches!(load(), NeuralError::Label { label: 3, sample: 4, last: 2, .. }), "{}", load());
    // A class of the training part without a test sample.
    write_idx(folder.path(), 9, 2);
    assert!(matches!(load(), NeuralError::EmptyClass { class: 2, part: "test", .. }), "{}", load());
}

fn cifar(labels: &[&[u8]]) -> Vec<u8> {
    labels.iter().flat_map(|heads| heads.iter().copied().chain((0..3072).map(|i| (i % 251) as u8))).collect()
}

#[test]
fn cifar_files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let all: Vec<[u8; 1]> = (0..10).map(|c| [c]).collect();
    let all: Vec<&[u8]> = all.iter().map(|h| &h[..]).collect();
    let names = (1..=5).map(|i| format!("data_batch_{i}.bin")).chain(["test_batch.bin".to_owned()]);
    for name in names {
        fs::write(folder.path().join(name), cifar(&all)).unwrap();
    }
    let set = data::load(folder.path().to_str().unwrap(), 0).unwrap();
    assert_eq!((set.train.len(), set.test.len(), set.train.shape.channels), (50, 10, 3));
    assert_eq!(set.train.inputs[3072 + 250], 250.0 / 255.0);
    let fine: Vec<[u8; 2]> = (0..100).map(|c| [0, c]).collect();
    let fine: Vec<&[u8]> = fine.iter().map(|h| &h[..]).collect();
    let folder = tempfile::tempdir().unwrap();
    for name in ["train.bin", "test.bin"] {
        fs::write(folder.path().join(name), cifar(&fine)).unwrap();
    }
    assert_eq!(data::load(folder.path().to_str().unwrap(), 0).unwrap().train.outputs(), 100);
}

#[test]
fn broken_cifar_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let load = || data::load(folder.path().to_str().unwrap(), 0).unwrap_err();
    let write = |bytes: &[u8]| fs::write(folder.path().join("data_batch_1.bin"), bytes).unwrap();
    write(&cifar(&[&[10]]));
    assert!(matches!(load(), NeuralError::Label { label: 10, sample: 0, last: 9, .. }));
    write(&cifar(&[&[1]])[..3000]);
    assert!(load().to_string().contains("has 3000 bytes, expected a multiple of 3073"));
    // A part of the training set that is missing is not left out silently.
    write(&cifar(&[&[1]]));
    assert!(load().to_string().contains("data_batch_2.bin"), "{}", load());
    write(&[]);
    assert!(matches!(load(), NeuralError::Length { .. }));
}
