//! The kernels, one file each: forward and backward over a chunk of samples.
//!
//! **Layout.** Between layers a chunk of n samples of size C×H×W is stored as C×n×H×W: channel after channel, in each the planes of all
//! samples. Vectors (H = W = 1) are then matrices with one column per sample, and a convolution is one product whose
//! result lies where it belongs.
//!
//! **Backward.** A kernel receives dy, *sets* dx (where it is wanted), and *adds* to the gradient of its parameters.

pub mod activation;
pub mod convolution;
pub mod dense;
pub mod normalise;
pub mod pool;
