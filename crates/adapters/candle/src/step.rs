//! One step of one variable, in candle's own memory.

use std::cell::RefCell;

use candle_core::{bail, CpuStorage, DType, Error, InplaceOp2, Layout, Result, Tensor, Var};
use dinlab_indian::indian_step;

use crate::Parameters;

/// Moves θ and u by one step along the gradient v, of θ's shape and type; u is made if there is none.
pub(crate) fn step(
    parameters: &Parameters,
    theta: &Var,
    u: &mut Option<CpuStorage>,
    v: &Tensor,
) -> Result<()> {
    if v.dtype() != theta.dtype() || v.shape() != theta.shape() {
        bail!(
            "indian: a gradient is {:?} {:?}, but its variable is {:?} {:?}",
            v.dtype(),
            v.shape(),
            theta.dtype(),
            theta.shape()
        );
    }
    let u = match u {
        Some(u) => u,
        None => u.insert(first(parameters, theta, v)?),
    };
    theta.inplace_op2(&v.contiguous()?, &Step { parameters, u: RefCell::new(u) })
}

/// u₀ of the named start, computed in double precision.
fn first(parameters: &Parameters, theta: &Tensor, v: &Tensor) -> Result<CpuStorage> {
    let numbers = |x: &Tensor| x.flatten_all()?.to_dtype(DType::F64)?.to_vec1::<f64>();
    let u = parameters
        .start
        .auxiliary(parameters.alpha, parameters.beta, &numbers(theta)?, &numbers(v)?)
        .map_err(Error::wrap)?;
    Ok(match theta.dtype() {
        DType::F32 => CpuStorage::F32(u.into_iter().map(|u| u as f32).collect()),
        _ => CpuStorage::F64(u),
    })
}

/// candle lends a variable's memory to in-place operations only, and lends them to it as `&self`: hence the cell around u.
struct Step<'a> {
    parameters: &'a Parameters,
    u: RefCell<&'a mut CpuStorage>,
}

impl InplaceOp2 for Step<'_> {
    fn name(&self) -> &'static str {
        "indian"
    }

    fn cpu_fwd(
        &self,
        theta: &mut CpuStorage,
        theta_layout: &Layout,
        v: &CpuStorage,
        v_layout: &Layout,
    ) -> Result<()> {
        let (Some((begin, end)), Some((from, to))) =
            (theta_layout.contiguous_offsets(), v_layout.contiguous_offsets())
        else {
            bail!("indian: expected variables that are contiguous in memory");
        };
        let Parameters { alpha, beta, step_size, .. } = *self.parameters;
        match (theta, &mut **self.u.borrow_mut(), v) {
            (CpuStorage::F32(theta), CpuStorage::F32(u), CpuStorage::F32(v)) => {
                let [alpha, beta, gamma] = [alpha, beta, step_size].map(|p| p as f32);
                indian_step(alpha, beta, gamma, &mut theta[begin..end], u, &v[from..to]);
            }
            (CpuStorage::F64(theta), CpuStorage::F64(u), CpuStorage::F64(v)) => {
                indian_step(alpha, beta, step_size, &mut theta[begin..end], u, &v[from..to]);
            }
            _ => bail!("indian: variable, gradient and u have different types"),
        }
        Ok(())
    }
}
