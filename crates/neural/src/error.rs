//! Errors of this crate: each is an input that cannot be run. A diverging training run is a status, not an error.

use crate::layer::Shape;

/// Why a network, a data set or a training run could not be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NeuralError {
    /// A layer that does not fit to what comes before.
    #[error("layer {layer} ({name}) does not fit to its input of {input} (channels×height×width): {reason}")]
    Shape {
        /// Which layer, counted from 1.
        layer: usize,
        /// What it is.
        name: &'static str,
        /// Size of one sample before it.
        input: Shape,
        /// What does not fit.
        reason: String,
    },
    /// Nothing to train.
    #[error("network `{name}` has no parameters: expected at least one dense or convolution layer")]
    NoParameters {
        /// Its name.
        name: String,
    },
    /// Too large.
    #[error("the network has more than {most} parameters: expected fewer or narrower layers")]
    TooManyParameters {
        /// Largest number accepted.
        most: usize,
    },
    /// The output does not match the targets.
    #[error("network `{network}` has {found} outputs, but {data} needs {expected}")]
    Outputs {
        /// Name of the network.
        network: String,
        /// Its outputs.
        found: usize,
        /// Name of the data.
        data: String,
        /// Outputs needed.
        expected: usize,
    },
    /// The input does not match the data.
    #[error(
        "network `{network}` takes samples of {expected} (channels×height×width), but {data} has {found}"
    )]
    Input {
        /// Name of the network.
        network: String,
        /// What it takes.
        expected: Shape,
        /// Name of the data.
        data: String,
        /// What the data has.
        found: Shape,
    },
    /// Cross-entropy on data that has no classes.
    #[error("cross-entropy needs classes, but {data} has real targets: expected --loss squared")]
    NoClasses {
        /// Name of the data.
        data: String,
    },
    /// An unknown name.
    #[error("unknown {what} `{name}`{}; expected one of {known}", nearest.as_ref().map(|n| format!(" (did you mean `{n}`?)")).unwrap_or_default())]
    Unknown {
        /// Of what.
        what: &'static str,
        /// What was given.
        name: String,
        /// The nearest known name.
        nearest: Option<String>,
        /// All known names.
        known: String,
    },
    /// Wrong arguments after a name.
    #[error("{what} `{given}` is not valid: expected {expected}")]
    Arguments {
        /// Of what.
        what: &'static str,
        /// What was given.
        given: String,
        /// What would be accepted.
        expected: String,
    },
    /// A file that cannot be read.
    #[error("cannot read {file}: {reason}")]
    Read {
        /// Path.
        file: String,
        /// From the system.
        reason: String,
    },
    /// A folder without the files of a known format.
    #[error("{folder} holds no known data set: expected the four files of an IDX set (train-images-idx3-ubyte, train-labels-idx1-ubyte, \
        t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte) or the binary files of CIFAR-10 (data_batch_1.bin …, test_batch.bin) or \
        CIFAR-100 (train.bin, test.bin)")]
    NoData {
        /// The folder.
        folder: String,
    },
    /// A file that begins wrongly.
    #[error("{file} is not an IDX file of {expected}: it begins with {found:#010x}, expected {magic:#010x}")]
    Magic {
        /// Path.
        file: String,
        /// What it should hold.
        expected: &'static str,
        /// First four bytes.
        found: u32,
        /// What they should be.
        magic: u32,
    },
    /// A file of the wrong length.
    #[error("{file} has {found} bytes, expected {expected}: {hint}")]
    Length {
        /// Path.
        file: String,
        /// Its length.
        found: usize,
        /// Length from its header, or a multiple.
        expected: String,
        /// What that means.
        hint: &'static str,
    },
    /// Images and labels that do not belong together.
    #[error("{images} images but {labels} labels in {folder}")]
    Counts {
        /// Number of images.
        images: usize,
        /// Number of labels.
        labels: usize,
        /// Where.
        folder: String,
    },
    /// A label that is no class.
    #[error("label {label} of sample {sample} in {file} is out of range: expected 0 to {last}")]
    Label {
        /// The label.
        label: usize,
        /// Which sample, counted from 0.
        sample: usize,
        /// Path or name.
        file: String,
        /// Largest class.
        last: usize,
    },
    /// A class without samples.
    #[error(
        "class {class} of {data} has no {part} samples: expected at least one of each of the {classes} classes (the largest label is {}: if \
         there is no such class, the labels are wrong)",
        .classes - 1
    )]
    EmptyClass {
        /// The class.
        class: usize,
        /// Number of classes.
        classes: usize,
        /// Name of the data.
        data: String,
        /// Training or test.
        part: &'static str,
    },
    /// A batch that does not fit.
    #[error("batch size {size} is not valid: expected a whole number from 1 to {count}, the number of training samples")]
    BatchSize {
        /// What was given.
        size: usize,
        /// Number of training samples.
        count: usize,
    },
    /// Too few samples asked for.
    #[error("{asked} training samples are not valid: expected a whole number from {classes} to {count}")]
    Samples {
        /// What was given.
        asked: usize,
        /// Smallest number.
        classes: usize,
        /// Largest number.
        count: usize,
    },
    /// A parameter of a method outside its range.
    #[error("method `{method}`: {parameter} = {value} is not valid: expected {expected}")]
    Parameter {
        /// Name of the method.
        method: &'static str,
        /// Name of the parameter.
        parameter: &'static str,
        /// What was given.
        value: f64,
        /// What would be accepted.
        expected: &'static str,
    },
    /// INNAprop divides by β − γ.
    #[error("method `innaprop` divides by beta - step size: step {step} has step size {step_size}, within {margin} of beta = {beta} (relative); \
        choose step sizes that stay away from beta")]
    Pole {
        /// Which step, counted from 0.
        step: u64,
        /// Its step size.
        step_size: f64,
        /// β.
        beta: f64,
        /// Accepted relative distance.
        margin: f64,
    },
    /// A schedule that is not valid.
    #[error(transparent)]
    Schedule(#[from] dinlab_indian::IndianError),
    /// A checkpoint that is no checkpoint, or damaged.
    #[error("{file} is not a whole checkpoint: {reason}")]
    Checkpoint {
        /// Path.
        file: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A checkpoint of another run.
    #[error("{file} belongs to another run: its {field} is {found}, this run's is {expected}")]
    OtherRun {
        /// Path.
        file: String,
        /// What differs.
        field: String,
        /// In the checkpoint.
        found: String,
        /// In this run.
        expected: String,
    },
}

impl NeuralError {
    /// [`NeuralError::Unknown`] with a suggestion.
    pub(crate) fn unknown(what: &'static str, name: &str, known: &[&str]) -> Self {
        let short: String = name.chars().take(60).collect();
        let nearest = known
            .iter()
            .map(|candidate| (strsim::damerau_levenshtein(&short, candidate), *candidate))
            .min()
            .filter(|(distance, candidate)| 2 * distance <= candidate.len())
            .map(|(_, candidate)| candidate.to_owned());
        Self::Unknown { what, name: short, nearest, known: known.join(", ") }
    }
}
