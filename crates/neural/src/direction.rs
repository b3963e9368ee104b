//! Directions in the space of the weights along which losses are compared: random ones, each filter as large as that of the weights.

use dinlab_numeric::{norm, Stream};

use crate::network::{Network, Op};

/// A random direction normalised filter by filter (Li, Xu, Taylor, Studer, Goldstein, NeurIPS 2018, section 4): normal entries, each row of a dense
/// layer and each output channel of a convolution scaled to the norm that it has in `theta`; 0 for biases and for scales and shifts of normalisations.
/// Rescaling a layer and its successor against each other, which changes no output of a relu network, then rescales the direction alike.
pub fn filter_normalised(network: &Network, theta: &[f64], stream: &mut Stream) -> Vec<f64> {
    assert_eq!(theta.len(), network.parameters(), "length of theta");
    let mut direction = vec![0.0; theta.len()];
    for stage in network.stages() {
        if !matches!(stage.op, Op::Dense | Op::Convolution(_)) {
            continue;
        }
        let filters = stage.output.channels;
        let weights = stage.parameters.len() - filters;
        let own = stage.parameters.start..stage.parameters.start + weights;
        let size = weights / filters;
        let pairs = direction[own.clone()].chunks_exact_mut(size).zip(theta[own].chunks_exact(size));
        for (filter, wanted) in pairs {
            filter.iter_mut().for_each(|v| *v = stream.normal());
            let scale = norm(wanted) / norm(filter);
            filter.iter_mut().for_each(|v| *v *= scale);
        }
    }
    direction
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{architecture, data, Initial};

    #[test]
    fn every_filter_has_the_norm_of_its_weights_and_biases_stay() {
        let part = data::load("digits", 0).unwrap().train;
        let network = architecture::build("lenet5", &part);
        // 8×8 images are too small for it: the widths below are those of a network that fits.
        assert!(network.is_err());
        let network = architecture::build("residual:4,1", &part).unwrap();
        let mut theta: Vec<f64> = Initial::He.draw(&network, 3);
        theta.iter_mut().enumerate().for_each(|(i, v)| *v += 0.01 * (i % 7) as f64);
        let direction = filter_normalised(&network, &theta, &mut Stream::new(1, "direction", 0));
        let mut filters = 0;
        for stage in network.stages() {
            let own = stage.parameters.clone();
            match stage.op {
                Op::Dense | Op::Convolution(_) => {
                    let count = stage.output.channels;
                    let end = own.end - count;
                    assert!(direction[end..own.end].iter().all(|v| *v == 0.0));
                    let size = (end - own.start) / count;
                    for k in 0..count {
                        let filter = own.start + k * size..own.start + (k + 1) * size;
                        let (d, t) = (norm(&direction[filter.clone()]), norm(&theta[filter]));
                        assert!((d - t).abs() < 1e-13 * t, "{d} {t}");
                        filters += 1;
                    }
                }
                _ => assert!(direction[own].iter().all(|v| *v == 0.0)),
            }
        }
        assert_eq!(filters, 4 + 2 * 4 + 10);
    }
}
