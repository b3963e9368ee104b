//! Trains 64 → 64 → 10 with relu on the handwritten digits with burn's layers and INDIAN, from the weights and on the batches of
//! `dinlab train --data digits --arch mlp:64 --method indian --step-size 0.3`, whose losses it repeats up to rounding.
//!
//!     cargo run --example digits [EPOCHS]

use burn::{
    module::{Module, Param},
    nn::{loss::CrossEntropyLossConfig, Linear},
    optim::{GradientsParams, ModuleOptimizer},
    tensor::{activation::relu, Device, Int, Tensor, TensorData},
};
use dinlab_agreement::{Batch, Setting};
use dinlab_burn::Indian;

#[derive(Module, Debug)]
struct Network {
    hidden: Linear,
    output: Linear,
}

impl Network {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.output.forward(relu(self.hidden.forward(x)))
    }

    fn loss(&self, (x, y): (Tensor<2>, Tensor<1, Int>)) -> Tensor<1> {
        CrossEntropyLossConfig::new().init(&x.device()).forward(self.forward(x), y)
    }
}

fn tensors((inputs, labels): Batch, device: &Device) -> (Tensor<2>, Tensor<1, Int>) {
    let count = labels.len();
    let labels: Vec<i64> = labels.into_iter().map(i64::from).collect();
    (
        Tensor::from_data(TensorData::new(inputs, [count, 64]), device),
        Tensor::from_data(TensorData::new(labels, [count]), device),
    )
}

#[allow(clippy::print_stdout)] // an example shows what it does
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let epochs: u64 = match std::env::args().nth(1).map(|text| text.parse()) {
        None => 5,
        Some(Ok(epochs)) => epochs,
        Some(Err(_)) => return Err("expected the number of epochs".into()),
    };
    let device = Device::flex().autodiff();
    let setting = Setting::new(64, "relu")?;
    let theta = setting.initial::<f32>();
    let [hidden, output] = setting.layers().map(|layer| {
        // burn keeps weights input by input.
        let weights =
            Tensor::<2>::from_data(TensorData::new(theta[layer.weights].to_vec(), layer.shape), &device);
        let biases =
            Tensor::from_data(TensorData::new(theta[layer.biases].to_vec(), [layer.shape[0]]), &device);
        Linear { weight: Param::from_tensor(weights.transpose()), bias: Some(Param::from_tensor(biases)) }
    });
    let mut network = Network { hidden, output };

    let mut indian = ModuleOptimizer::from(Indian::new(0.5, 0.1)?);
    let [train, test] = setting.parts().map(|part| tensors(part, &device));
    println!("epoch  training loss  test accuracy");
    for epoch in 0..=epochs {
        let loss = network.loss(train.clone()).into_scalar::<f32>();
        let right = network.forward(test.0.clone()).argmax(1).squeeze_dim::<1>(1).equal(test.1.clone());
        println!("{epoch:5}  {loss:13.6}  {:11.2} %", 100.0 * right.float().mean().into_scalar::<f32>());
        if epoch < epochs {
            for samples in setting.epoch(epoch) {
                let loss = network.loss(tensors(setting.batch(&samples), &device));
                let gradients = GradientsParams::from_grads(loss.backward(), &network);
                network = indian.step(0.3, network, gradients);
            }
        }
    }
    Ok(())
}
