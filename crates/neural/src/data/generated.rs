//! Small generated sets in the plane and on the line.

use dinlab_numeric::Stream;

use super::{Entry, Part, Targets};
use crate::{error::NeuralError, layer::Shape};

pub(super) const TWO_MOONS: Entry = Entry {
    name: "two-moons",
    arguments: "[:samples,noise]",
    summary: "two interleaved half circles with normal noise, 2 classes (1000 samples, noise 0.1)",
    source:
        "generated: (cos t, sin t) and (1 - cos t, 1/2 - sin t), t equidistant on [0, pi], plus normal noise",
    make: |arguments, seed| {
        let (count, noise) = sizes("two-moons", arguments, [1000.0, 0.1])?;
        plane(seed, "neural/two-moons", count, |class, s, stream| {
            let t = std::f64::consts::PI * s;
            let [x, y] = if class == 0 { [t.cos(), t.sin()] } else { [1.0 - t.cos(), 0.5 - t.sin()] };
            [x + noise * stream.normal(), y + noise * stream.normal()]
        })
    },
};

pub(super) const SPIRAL: Entry = Entry {
    name: "spiral",
    arguments: "[:samples,noise]",
    summary: "two spirals of one and a half turns with normal noise, 2 classes (1000 samples, noise 0.02)",
    source: "generated: +-s (cos 3 pi s, sin 3 pi s), s equidistant on [0, 1], plus normal noise",
    make: |arguments, seed| {
        let (count, noise) = sizes("spiral", arguments, [1000.0, 0.02])?;
        plane(seed, "neural/spiral", count, |class, s, stream| {
            let angle = 3.0 * std::f64::consts::PI * s;
            let sign = if class == 0 { 1.0 } else { -1.0 };
            [
                sign * s * angle.cos() + noise * stream.normal(),
                sign * s * angle.sin() + noise * stream.normal(),
            ]
        })
    },
};

pub(super) const CHEBYSHEV: Entry = Entry {
    name: "chebyshev",
    arguments: "[:degree,samples]",
    summary: "Chebyshev's polynomial on equidistant points of [-1, 1], real targets (degree 3, 25 samples)",
    source: "generated: cos(d arccos x); the toy problem of Cohen et al., Gradient descent on neural networks typically occurs at the edge of \
        stability, ICLR 2021",
    make: |arguments, _| {
        let expected = "chebyshev:degree,samples with whole numbers, at most 100 and from 5 to 100000";
        let [degree, count] = super::numbers("chebyshev", arguments, [3.0, 25.0], expected)?;
        if !(whole(degree, 0.0, 100.0) && whole(count, 5.0, 1e5)) {
            return Err(refused("chebyshev", arguments, expected));
        }
        let points: Vec<f64> = (0..count as usize).map(|i| -1.0 + 2.0 * i as f64 / (count - 1.0)).collect();
        Ok(Part {
            shape: Shape::vector(1),
            inputs: points.iter().map(|&x| x as f32).collect(),
            targets: Targets::Values {
                values: points.iter().map(|&x| (degree * x.acos()).cos() as f32).collect(),
                width: 1,
            },
        })
    },
};

fn whole(value: f64, low: f64, high: f64) -> bool {
    value == value.trunc() && (low..=high).contains(&value)
}

fn refused(what: &str, arguments: &str, expected: &str) -> NeuralError {
    NeuralError::Arguments {
        what: "data set",
        given: format!("{what}:{arguments}"),
        expected: expected.into(),
    }
}

fn sizes(what: &str, arguments: &str, defaults: [f64; 2]) -> Result<(usize, f64), NeuralError> {
    let expected =
        format!("{what}:samples,noise with a whole number from 10 to 1000000 and a finite number >= 0");
    let [count, noise] = super::numbers(what, arguments, defaults, &expected)?;
    if whole(count, 10.0, 1e6) && noise >= 0.0 && noise.is_finite() {
        Ok((count as usize, noise))
    } else {
        Err(refused(what, arguments, &expected))
    }
}

/// Half of the samples of each class, at equidistant s ∈ [0, 1].
fn plane(
    seed: u64,
    label: &str,
    count: usize,
    point: impl Fn(u32, f64, &mut Stream) -> [f64; 2],
) -> Result<Part, NeuralError> {
    let mut stream = Stream::new(seed, label, 0);
    let (mut inputs, mut labels) = (Vec::with_capacity(2 * count), Vec::with_capacity(count));
    for i in 0..count {
        let (class, position) = ((i % 2) as u32, i / 2);
        let of_class = (count + 1 - i % 2) / 2;
        let s = position as f64 / (of_class - 1) as f64;
        inputs.extend(point(class, s, &mut stream).map(|v| v as f32));
        labels.push(class);
    }
    Ok(Part { shape: Shape::vector(2), inputs, targets: Targets::Classes { labels, count: 2 } })
}
