//! Data sets: embedded, generated, or read from files. Inputs are single-precision numbers, so that `f32` and `f64` see the same data.

mod cifar;
mod digits;
mod generated;
mod idx;
mod mnist;
mod mnist1d;
mod split;

use std::path::Path;

use crate::{error::NeuralError, layer::Shape, number::Number};

pub use split::{shuffle, Split};

/// What samples are compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Targets {
    /// Classes 0 … `count` − 1.
    Classes {
        /// Class of each sample.
        labels: Vec<u32>,
        /// Number of classes.
        count: usize,
    },
    /// Vectors of length `width`, one after the other.
    Values {
        /// The numbers.
        values: Vec<f32>,
        /// Length of one.
        width: usize,
    },
}

/// Samples: training or test.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Size of one sample.
    pub shape: Shape,
    /// Inputs, sample after sample, in each channel after channel, row by row.
    pub inputs: Vec<f32>,
    /// Targets.
    pub targets: Targets,
}

impl Part {
    /// Number of samples.
    pub fn len(&self) -> usize {
        match &self.targets {
            Targets::Classes { labels, .. } => labels.len(),
            Targets::Values { values, width } => values.len() / width,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies the samples `which` into the layout of a pass: channel after channel, in each the planes of all samples.
    pub fn gather<T: Number>(&self, which: &[usize], out: &mut [T]) {
        let (plane, size, n) = (self.shape.plane(), self.shape.len(), which.len());
        for (i, &sample) in which.iter().enumerate() {
            let source = &self.inputs[sample * size..(sample + 1) * size];
            for (channel, source) in source.chunks_exact(plane).enumerate() {
                let begin = (channel * n + i) * plane;
                for (out, &v) in out[begin..begin + plane].iter_mut().zip(source) {
                    *out = T::datum(v);
                }
            }
        }
    }

    /// The samples `which`, in that order.
    pub fn select(&self, which: &[usize]) -> Self {
        let size = self.shape.len();
        let inputs =
            which.iter().flat_map(|&s| self.inputs[s * size..(s + 1) * size].iter().copied()).collect();
        let targets = match &self.targets {
            Targets::Classes { labels, count } => {
                Targets::Classes { labels: which.iter().map(|&s| labels[s]).collect(), count: *count }
            }
            Targets::Values { values, width } => Targets::Values {
                values: which
                    .iter()
                    .flat_map(|&s| values[s * width..(s + 1) * width].iter().copied())
                    .collect(),
                width: *width,
            },
        };
        Self { shape: self.shape, inputs, targets }
    }

    /// Length of the output that a network for this data needs.
    pub fn outputs(&self) -> usize {
        match &self.targets {
            Targets::Classes { count, .. } => *count,
            Targets::Values { width, .. } => *width,
        }
    }
}

/// A data set with its parts.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// Name as given.
    pub name: String,
    /// Where it comes from.
    pub source: &'static str,
    /// Training samples.
    pub train: Part,
    /// Test samples.
    pub test: Part,
}

/// One named data set.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Name as typed.
    pub name: &'static str,
    /// What follows the name, if anything does.
    pub arguments: &'static str,
    /// One line for `dinlab list data`.
    pub summary: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// All samples, to be split; the arguments are what was typed after the colon.
    make: fn(&str, u64) -> Result<Part, NeuralError>,
}

/// All data sets that need no files.
pub const ALL: &[Entry] = &[
    digits::ENTRY,
    mnist::ENTRY,
    mnist1d::ENTRY,
    generated::TWO_MOONS,
    generated::SPIRAL,
    generated::CHEBYSHEV,
];

/// The data set that `specification` names (`NAME` or `NAME:ARGUMENTS`), or the files in that folder. Generated data and the split depend on
/// `seed`; data that come with a test set keep it.
pub fn load(specification: &str, seed: u64) -> Result<Dataset, NeuralError> {
    let (name, arguments) = specification.split_once(':').unwrap_or((specification, ""));
    if let Some(entry) = ALL.iter().find(|entry| entry.name == name) {
        let all = (entry.make)(arguments, seed)?;
        let Split { train, test } = Split::new(&all, seed);
        let dataset = Dataset {
            name: specification.to_owned(),
            source: entry.source,
            train: all.select(&train),
            test: all.select(&test),
        };
        return dataset.checked();
    }
    let folder = Path::new(specification);
    if folder.is_dir() {
        return from_folder(folder)?.checked();
    }
    let names: Vec<&str> =
        ALL.iter().map(|entry| entry.name).chain(["a folder with IDX or CIFAR files"]).collect();
    Err(NeuralError::unknown("data set", specification, &names))
}

fn from_folder(folder: &Path) -> Result<Dataset, NeuralError> {
    let (source, (train, test)) = if let Some(parts) = idx::read(folder)? {
        ("IDX files given by the user", parts)
    } else if let Some(parts) = cifar::read(folder)? {
        ("CIFAR files given by the user", parts)
    } else {
        return Err(NeuralError::NoData { folder: folder.display().to_string() });
    };
    Ok(Dataset { name: folder.display().to_string(), source, train, test })
}

impl Dataset {
    /// Every class must have samples in both parts.
    fn checked(self) -> Result<Self, NeuralError> {
        for (part, what) in [(&self.train, "training"), (&self.test, "test")] {
            let Targets::Classes { labels, count } = &part.targets else { continue };
            let mut seen = vec![false; *count];
            labels.iter().for_each(|&label| seen[label as usize] = true);
            if let Some(class) = seen.iter().position(|seen| !seen) {
                return Err(NeuralError::EmptyClass { class, classes: *count, data: self.name, part: what });
            }
        }
        Ok(self)
    }

    /// The same with the first `samples` training samples only (they are shuffled already).
    pub fn with_training_samples(mut self, samples: usize) -> Result<Self, NeuralError> {
        let count = self.train.len();
        let classes = match &self.train.targets {
            Targets::Classes { count, .. } => *count,
            Targets::Values { .. } => 1,
        };
        if !(classes..=count).contains(&samples) {
            return Err(NeuralError::Samples { asked: samples, classes, count });
        }
        let first: Vec<usize> = (0..samples).collect();
        self.train = self.train.select(&first);
        self.checked()
    }
}

/// Whole numbers separated by commas, as many as there are defaults at most.
fn numbers<const N: usize>(
    what: &str,
    arguments: &str,
    defaults: [f64; N],
    expected: &str,
) -> Result<[f64; N], NeuralError> {
    let mut out = defaults;
    let given = || NeuralError::Arguments {
        what: "data set",
        given: format!("{what}:{arguments}"),
        expected: expected.into(),
    };
    if arguments.is_empty() {
        return Ok(out);
    }
    for (i, text) in arguments.split(',').enumerate() {
        let value: f64 = text.trim().parse().map_err(|_| given())?;
        *out.get_mut(i).ok_or_else(given)? = value;
    }
    Ok(out)
}
