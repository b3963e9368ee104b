//! The state of a training run as bytes: identity of the run, position, parameters, the method's memory and the curve, closed by a checksum. A run
//! continued from it makes the same steps, bit for bit.

use std::sync::Arc;

use dinlab_record::Status;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::{
    data::Dataset,
    error::NeuralError,
    method::State,
    network::Network,
    number::Real,
    train::{architecture, Plan, Point, Training},
};

const MAGIC: &[u8; 8] = b"dinlabT1";
const CHECKSUM: usize = 32;

/// Everything but the long vectors.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    identity: Map<String, Value>,
    epoch: u64,
    position: usize,
    /// Bits, because JSON text is not where bit-exactness should depend on.
    epoch_loss: u64,
    powers: [u64; 2],
    steps: u64,
    vectors: usize,
    curve: Vec<Point>,
    status: Option<Status>,
}

impl<T: Real> Training<T> {
    /// The state as bytes.
    pub fn checkpoint(&self) -> Vec<u8> {
        let (powers, steps, vectors) = self.state.parts();
        let head = Head {
            identity: self.plan.identity::<T>(&self.data),
            epoch: self.epoch,
            position: self.position,
            epoch_loss: self.epoch_loss.to_bits(),
            powers: powers.map(f64::to_bits),
            steps,
            vectors: vectors.len(),
            curve: self.curve.clone(),
            status: self.status.clone(),
        };
        let head = serde_json::to_vec(&head).unwrap_or_default();
        let mut bytes =
            Vec::with_capacity(16 + head.len() + (1 + vectors.len()) * self.theta.len() * T::SIZE + CHECKSUM);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&(head.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&head);
        for vector in std::iter::once(&self.theta).chain(vectors) {
            vector.iter().for_each(|v| v.write(&mut bytes));
        }
        let checksum = Sha256::digest(&bytes);
        bytes.extend_from_slice(&checksum);
        bytes
    }

    /// Continues from a checkpoint of the same run; `plan.epochs` may have grown. `file` is named in errors.
    pub fn resume(plan: Plan, data: Arc<Dataset>, bytes: &[u8], file: &str) -> Result<Self, NeuralError> {
        plan.validate(&data)?;
        let (head, rest) = open(bytes, file)?;
        let damaged = |reason| NeuralError::Checkpoint { file: file.to_owned(), reason };
        same_run(&head.identity, &plan.identity::<T>(&data), file)?;
        let mut vectors: Vec<Vec<T>> = split(rest, &head, plan.network.parameters(), file)?;
        let theta = vectors.remove(0);
        let state = State::from_parts(plan.method, head.powers.map(f64::from_bits), head.steps, vectors)
            .ok_or_else(|| damaged("it does not fit the method"))?;
        let epochs = plan.epochs;
        let mut training = Self::bare(plan, data, theta)?;
        training.state = state;
        training.epoch = head.epoch;
        training.position = head.position;
        training.epoch_loss = f64::from_bits(head.epoch_loss);
        training.curve.extend(head.curve);
        // A run that reached its end goes on if it was given more epochs.
        training.status = head.status.filter(|status| *status != Status::ReachedEnd || head.epoch >= epochs);
        Ok(training)
    }
}

/// The weights in the checkpoint of a run of `network`, whatever its data, method and arithmetic were. `file` is named in errors.
pub fn weights(bytes: &[u8], network: &Network, file: &str) -> Result<Vec<f64>, NeuralError> {
    let (head, rest) = open(bytes, file)?;
    let (field, expected) = ("architecture", architecture(network));
    let given = |field: &str| head.identity.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    if given(field) != expected {
        let (file, field, found) = (file.to_owned(), field.to_owned(), given(field));
        return Err(NeuralError::OtherRun { file, field, found, expected });
    }
    // Nesterov's method takes gradients elsewhere than at the weights, which come next.
    let which = usize::from(given("method").starts_with("nesterov"));
    let size = network.parameters();
    let wide = |vectors: Vec<Vec<f32>>| {
        vectors.into_iter().map(|v| v.into_iter().map(f64::from).collect()).collect::<Vec<Vec<f64>>>()
    };
    let mut vectors = match given("precision").as_str() {
        "f32" => wide(split(rest, &head, size, file)?),
        _ => split(rest, &head, size, file)?,
    };
    if which >= vectors.len() {
        return Err(NeuralError::Checkpoint { file: file.to_owned(), reason: "it does not fit the method" });
    }
    Ok(vectors.swap_remove(which))
}

/// Head and vectors' bytes of a whole checkpoint.
fn open<'a>(bytes: &'a [u8], file: &str) -> Result<(Head, &'a [u8]), NeuralError> {
    let damaged = |reason| NeuralError::Checkpoint { file: file.to_owned(), reason };
    if !bytes.starts_with(MAGIC) {
        return Err(damaged("it does not begin like one"));
    }
    let body = bytes.len().checked_sub(CHECKSUM).ok_or_else(|| damaged("it is cut off"))?;
    let (content, checksum) = bytes.split_at(body);
    if Sha256::digest(content)[..] != *checksum {
        return Err(damaged("its checksum is wrong"));
    }
    let rest = content.get(MAGIC.len()..).ok_or_else(|| damaged("it is cut off"))?;
    let (length, rest) = rest.split_at_checked(8).ok_or_else(|| damaged("it is cut off"))?;
    let length = length.iter().rev().fold(0_u64, |n, &b| n << 8 | u64::from(b)) as usize;
    let (head, rest) = rest.split_at_checked(length).ok_or_else(|| damaged("it is cut off"))?;
    let head = serde_json::from_slice(head).map_err(|_| damaged("its head is not readable"))?;
    Ok((head, rest))
}

/// θ and the method's vectors.
fn split<T: Real>(rest: &[u8], head: &Head, size: usize, file: &str) -> Result<Vec<Vec<T>>, NeuralError> {
    let expected = head.vectors.checked_add(1).and_then(|count| count.checked_mul(size * T::SIZE));
    if expected != Some(rest.len()) {
        let (file, reason) = (file.to_owned(), "its vectors have the wrong length");
        return Err(NeuralError::Checkpoint { file, reason });
    }
    let read = |v: &[u8]| v.chunks_exact(T::SIZE).map(T::read).collect();
    Ok(rest.chunks_exact(size * T::SIZE).map(read).collect())
}

/// An error naming the first field that differs.
fn same_run(
    found: &Map<String, Value>,
    expected: &Map<String, Value>,
    file: &str,
) -> Result<(), NeuralError> {
    for (field, value) in expected {
        let other = found.get(field).unwrap_or(&Value::Null);
        if other != value {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let (found, expected) = (text(other), text(value));
            return Err(NeuralError::OtherRun {
                file: file.to_owned(),
                field: field.clone(),
                found,
                expected,
            });
        }
    }
    Ok(())
}
