//! A split into training and test samples that is fixed by the seed.

use dinlab_numeric::Stream;

use super::Part;

/// Share of the samples that become test samples.
const TEST_SHARE: f64 = 0.2;

/// Which samples belong to which part, both in shuffled order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Training samples.
    pub train: Vec<usize>,
    /// Test samples: a fifth of all, rounded, at least one.
    pub test: Vec<usize>,
}

impl Split {
    /// The split of all samples by a random order that depends on `seed` alone.
    pub fn new(all: &Part, seed: u64) -> Self {
        let mut order: Vec<usize> = (0..all.len()).collect();
        shuffle(&mut order, &mut Stream::new(seed, "neural/split", 0));
        let test = ((all.len() as f64 * TEST_SHARE).round() as usize).clamp(1, all.len() - 1);
        let train = order.split_off(test);
        Self { train, test: order }
    }
}

/// Random order by Fisher and Yates.
pub fn shuffle(order: &mut [usize], stream: &mut Stream) {
    for i in (1..order.len()).rev() {
        order.swap(i, stream.below(i + 1));
    }
}
