//! 20 steps on a small network: bit for bit the native steps along candle's gradients, and within rounding of the native run with native gradients.

use candle_core::{DType, Device, Result, Tensor, Var, WithDType};
use candle_nn::{loss::cross_entropy, Optimizer};
use dinlab_agreement::{Setting, ALPHA, BETA, STEPS, STEP_SIZE};
use dinlab_candle::{Indian, Parameters, Start};
use dinlab_neural::Real;
use dinlab_numeric::distance;

const CPU: Device = Device::Cpu;

fn parameters(start: Start) -> Parameters {
    Parameters { alpha: ALPHA, beta: BETA, step_size: STEP_SIZE, start }
}

/// The network's variables in the order of θ.
fn variables<T: Real + WithDType>(setting: &Setting) -> Result<Vec<Var>> {
    let theta = setting.initial::<T>();
    let mut variables = Vec::new();
    for layer in setting.layers() {
        variables.push(Var::from_slice(&theta[layer.weights], &layer.shape, &CPU)?);
        variables.push(Var::from_slice(&theta[layer.biases], layer.shape[0], &CPU)?);
    }
    Ok(variables)
}

fn loss(setting: &Setting, variables: &[Var], step: usize) -> Result<Tensor> {
    let (inputs, labels) = setting.batch(&setting.epoch(0)[step]);
    let count = labels.len();
    let x = Tensor::from_vec(inputs, (count, 64), &CPU)?.to_dtype(variables[0].dtype())?;
    let hidden = x.matmul(&variables[0].t()?)?.broadcast_add(&variables[1])?.tanh()?;
    let z = hidden.matmul(&variables[2].t()?)?.broadcast_add(&variables[3])?;
    cross_entropy(&z, &Tensor::from_vec(labels, count, &CPU)?)
}

fn flat<T: Real + WithDType>(tensors: &[Tensor]) -> Result<Vec<T>> {
    let all: Vec<Tensor> = tensors.iter().map(Tensor::flatten_all).collect::<Result<_>>()?;
    Tensor::cat(&all, 0)?.to_vec1()
}

fn theta<T: Real + WithDType>(variables: &[Var]) -> Result<Vec<T>> {
    flat(&variables.iter().map(|v| v.as_tensor().clone()).collect::<Vec<_>>())
}

/// candle's run: θ₂₀ and the gradients on the way.
fn run<T: Real + WithDType>(setting: &Setting, start: &Start) -> Result<(Vec<T>, Vec<Vec<T>>)> {
    let variables = variables::<T>(setting)?;
    let mut indian = Indian::new(variables.clone(), parameters(start.clone()))?;
    let mut gradients = Vec::new();
    for step in 0..STEPS {
        let store = loss(setting, &variables, step)?.backward()?;
        let own: Vec<Tensor> =
            variables.iter().map(|v| store.get(v).expect("every variable has a gradient").clone()).collect();
        gradients.push(flat(&own)?);
        indian.step(&store)?;
    }
    Ok((theta(&variables)?, gradients))
}

fn agrees<T: Real + WithDType>(start: Start) -> Result<()> {
    let setting = Setting::smooth();
    let (end, gradients) = run::<T>(&setting, &start)?;
    setting.assert_agrees(&start, &end, &gradients);
    Ok(())
}

#[test]
fn twenty_steps_in_double_precision() -> Result<()> {
    agrees::<f64>(Start::Rest)?;
    agrees::<f64>(Start::Speed(1.0))
}

#[test]
fn twenty_steps_in_single_precision() -> Result<()> {
    agrees::<f32>(Start::Rest)?;
    agrees::<f32>(Start::Speed(1.0))
}

#[test]
fn a_resumed_run_is_the_run() -> Result<()> {
    let setting = Setting::smooth();
    let (end, _) = run::<f32>(&setting, &Start::Speed(1.0))?;
    let variables = variables::<f32>(&setting)?;
    let mut indian = Indian::new(variables.clone(), parameters(Start::Speed(1.0)))?;
    for step in 0..STEPS {
        if step == STEPS / 2 {
            // The start belongs to the past: rest here must not matter.
            indian = Indian::resume(variables.clone(), parameters(Start::Rest), &indian.auxiliary()?)?;
        }
        indian.backward_step(&loss(&setting, &variables, step)?)?;
    }
    assert_eq!(theta::<f32>(&variables)?, end);
    Ok(())
}

/// Transposed gradients and variables that are views into other tensors step like plain ones.
#[test]
fn layouts_do_not_matter() -> Result<()> {
    let x = Var::from_vec(vec![1.0, -2.0, 3.0, 0.5, -0.25, 4.0], (2, 3), &CPU)?;
    let c = Tensor::from_vec(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], (3, 2), &CPU)?;
    let mut indian = Indian::new(vec![x.clone()], Parameters { beta: 0.2, ..Parameters::new(0.5) })?;
    // J = Σ cᵢⱼ xⱼᵢ: the gradient is cᵀ.
    indian.backward_step(&(x.t()? * c)?.sum_all()?)?;
    // From rest θ⁺ = θ − γβv.
    let expected = [1.0 - 0.1, -2.0 - 0.3, 3.0 - 0.5, 0.5 - 0.2, -0.25 - 0.4, 4.0 - 0.6];
    let moved = x.flatten_all()?.to_vec1::<f64>()?;
    assert!(distance(&moved, &expected) < 1e-15, "{moved:?}");
    Ok(())
}

#[test]
fn variables_without_gradient_stay() -> Result<()> {
    let [x, y] = [Var::new(&[1.0_f32], &CPU)?, Var::new(&[1.0_f32], &CPU)?];
    let mut indian = Indian::new(vec![x.clone(), y.clone()], Parameters::new(0.1))?;
    indian.backward_step(&x.sqr()?.sum_all()?)?;
    assert_ne!(x.to_vec1::<f32>()?, [1.0]);
    assert_eq!(y.to_vec1::<f32>()?, [1.0]);
    let u = indian.auxiliary()?;
    assert!(u[0].is_some() && u[1].is_none());
    Ok(())
}

#[test]
fn what_cannot_be_done_is_said() -> Result<()> {
    let x = Var::new(&[1.0_f64], &CPU)?;
    let refused = |variable: &Var, parameters: Parameters| {
        Indian::new(vec![variable.clone()], parameters).unwrap_err().to_string()
    };
    let plain = Parameters::new(0.1);
    assert!(refused(&x, Parameters { alpha: -1.0, ..plain.clone() }).contains("alpha"));
    assert!(refused(&x, Parameters { beta: f64::NAN, ..plain.clone() }).contains("beta"));
    assert!(refused(&x, Parameters::new(-0.1)).contains("step size -0.1"));
    assert!(refused(&x, Parameters { start: Start::Psi(vec![0.0]), ..plain.clone() }).contains("psi"));
    assert!(refused(&x, Parameters { start: Start::Speed(f64::NAN), ..plain.clone() }).contains("speed"));
    let half = Var::zeros(2, DType::BF16, &CPU)?;
    assert!(refused(&half, plain.clone()).contains("BF16"));

    let mut indian = Indian::new(vec![x.clone()], plain.clone())?;
    indian.set_learning_rate(f64::NAN);
    let error = indian.backward_step(&x.sqr()?.sum_all()?).unwrap_err().to_string();
    assert!(error.contains("step size NaN"), "{error}");
    assert_eq!(x.to_vec1::<f64>()?, [1.0], "nothing moved");

    let wrong = [Some(Tensor::zeros(3, DType::F64, &CPU)?)];
    assert!(Indian::resume(vec![x.clone()], plain.clone(), &wrong).unwrap_err().to_string().contains("[3]"));
    assert!(Indian::resume(vec![x], plain, &[]).unwrap_err().to_string().contains("0 auxiliary"));
    Ok(())
}
