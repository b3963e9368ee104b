//! What burn saves of INDIAN.

use burn::{
    optim::{RecordState, StateSink, StateSource},
    tensor::{Device, Tensor},
};

/// u of one parameter, of its shape. With the parameter it is the complete state; ψ = (1 − αβ)θ − βu.
#[derive(Debug, Clone)]
pub struct IndianState<const D: usize> {
    /// u, in double precision for parameters in double precision, else in single precision.
    pub auxiliary: Tensor<D>,
}

const NAME: &str = "auxiliary";

/// By hand: the derived form reads tensors in the device's own precision, which would round a u of double precision.
impl<const D: usize> RecordState for IndianState<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        out.push_tensor(prefix, NAME, self.auxiliary.to_data());
    }

    fn state_unflatten(prefix: &str, source: &mut StateSource, device: &Device) -> Option<Self> {
        let data = source.take_tensor(prefix, NAME)?;
        let dtype = data.dtype();
        Some(Self { auxiliary: Tensor::from_data(data, (device, dtype)) })
    }
}
