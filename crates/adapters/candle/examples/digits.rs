//! Trains 64 → 64 → 10 with relu on the handwritten digits with candle's layers and INDIAN, from the weights and on the batches of
//! `dinlab train --data digits --arch mlp:64 --method indian --step-size 0.3`, whose losses it repeats up to rounding.
//!
//!     cargo run --example digits [EPOCHS]

use candle_core::{Device, Result, Tensor, Var, D};
use candle_nn::{loss::cross_entropy, Linear, Module, Optimizer};
use dinlab_agreement::{Batch, Setting};
use dinlab_candle::{Indian, Parameters};

const CPU: Device = Device::Cpu;

fn tensors((inputs, labels): Batch) -> Result<(Tensor, Tensor)> {
    let count = labels.len();
    Ok((Tensor::from_vec(inputs, (count, 64), &CPU)?, Tensor::from_vec(labels, count, &CPU)?))
}

#[allow(clippy::print_stdout)] // an example shows what it does
fn main() -> Result<()> {
    let epochs: u64 = match std::env::args().nth(1).map(|text| text.parse()) {
        None => 5,
        Some(Ok(epochs)) => epochs,
        Some(Err(_)) => candle_core::bail!("expected the number of epochs"),
    };
    let setting = Setting::new(64, "relu").map_err(candle_core::Error::wrap)?;
    let theta = setting.initial::<f32>();
    let mut variables = Vec::new();
    let [hidden, output] = setting.layers().map(|layer| -> Result<Linear> {
        let weights = Var::from_slice(&theta[layer.weights], &layer.shape, &CPU)?;
        let biases = Var::from_slice(&theta[layer.biases], layer.shape[0], &CPU)?;
        variables.extend([weights.clone(), biases.clone()]);
        Ok(Linear::new(weights.into_inner(), Some(biases.into_inner())))
    });
    let (hidden, output) = (hidden?, output?);
    let forward = |x: &Tensor| output.forward(&hidden.forward(x)?.relu()?);

    let mut indian = Indian::new(variables, Parameters::new(0.3))?;
    let [train, test] = setting.parts().map(tensors);
    let (train, test) = (train?, test?);
    println!("epoch  training loss  test accuracy");
    for epoch in 0..=epochs {
        let loss = cross_entropy(&forward(&train.0)?, &train.1)?.to_scalar::<f32>()?;
        let right = forward(&test.0)?.argmax(D::Minus1)?.eq(&test.1)?.to_dtype(candle_core::DType::F32)?;
        println!("{epoch:5}  {loss:13.6}  {:11.2} %", 100.0 * right.mean_all()?.to_scalar::<f32>()?);
        if epoch < epochs {
            for samples in setting.epoch(epoch) {
                let (x, y) = tensors(setting.batch(&samples))?;
                indian.backward_step(&cross_entropy(&forward(&x)?, &y)?)?;
            }
        }
    }
    Ok(())
}
