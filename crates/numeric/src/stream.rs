//! Random streams: a stable hash of (seed, labels, indices) keys a counter-based generator, so that the numbers
//! of one repetition do not depend on which thread draws them or on how many were drawn before.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use sha2::{Digest, Sha256};

/// A reproducible stream of random numbers.
#[derive(Debug, Clone)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream of `seed` for the given label (check or run, objective, purpose …) and index (repetition).
    pub fn new(seed: u64, label: &str, index: u64) -> Self {
        let mut hash = Sha256::new();
        hash.update(seed.to_le_bytes());
        hash.update((label.len() as u64).to_le_bytes());
        hash.update(label.as_bytes());
        hash.update(index.to_le_bytes());
        Self(ChaCha8Rng::from_seed(hash.finalize().into()))
    }

    /// Standard normal number.
    pub fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }

    /// `n` independent standard normal numbers.
    pub fn normals(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.normal()).collect()
    }

    /// Uniform number in [low, high).
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.random::<f64>()
    }

    /// Log-uniform number in [low, high), both positive.
    pub fn log_uniform(&mut self, low: f64, high: f64) -> f64 {
        self.uniform(low.ln(), high.ln()).exp()
    }

    /// Uniform integer in 0..n. Panics if n is 0.
    pub fn below(&mut self, n: usize) -> usize {
        self.0.random_range(0..n)
    }

    /// The next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }
}

/// Streams for very many indices: the hash is made once, and the index becomes the generator's stream number, so that a
/// stream costs no hash. They are other streams than those of [`Stream::new`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draws([u8; 32]);

impl Draws {
    /// The streams of `seed` for the given label.
    pub fn new(seed: u64, label: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"draws");
        hash.update(seed.to_le_bytes());
        hash.update(label.as_bytes());
        Self(hash.finalize().into())
    }

    /// The stream of `index`.
    pub fn stream(&self, index: u64) -> Stream {
        let mut generator = ChaCha8Rng::from_seed(self.0);
        generator.set_stream(index);
        Stream(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_stable_and_distinct() {
        let draw = |seed, label: &str, index| Stream::new(seed, label, index).bits();
        assert_eq!(draw(0, "a", 0), draw(0, "a", 0));
        let others = [draw(1, "a", 0), draw(0, "b", 0), draw(0, "a", 1), draw(0, "", 0)];
        assert!(others.iter().all(|&bits| bits != draw(0, "a", 0)));
    }

    #[test]
    fn draws_are_distinct_streams() {
        let draw = |seed, label: &str, index| Draws::new(seed, label).stream(index).bits();
        assert_eq!(draw(0, "a", 3), draw(0, "a", 3));
        let all =
            [draw(0, "a", 3), draw(1, "a", 3), draw(0, "b", 3), draw(0, "a", 4), draw(0, "a", u64::MAX)];
        assert!((0..5).all(|i| (0..i).all(|j| all[i] != all[j])));
        let x: Vec<f64> = (0..100_000).map(|i| Draws::new(2, "u").stream(i).uniform(0.0, 1.0)).collect();
        // Four standard errors of the mean, and of the correlation of neighbours.
        let mean = x.iter().sum::<f64>() / 1e5;
        let product = x.windows(2).map(|w| (w[0] - 0.5) * (w[1] - 0.5)).sum::<f64>() / 1e5;
        assert!(
            (mean - 0.5).abs() < 4.0 / (12.0 * 1e5_f64).sqrt()
                && product.abs() < 4.0 / (12.0 * 1e5_f64.sqrt())
        );
    }

    #[test]
    fn normal_numbers_have_mean_zero_and_variance_one() {
        let x = Stream::new(0, "moments", 0).normals(100_000);
        let mean = x.iter().sum::<f64>() / 1e5;
        let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 1e5;
        // Four standard errors: 4/√n and 4·√(2/n).
        assert!(mean.abs() < 4.0 / 1e5_f64.sqrt() && (variance - 1.0).abs() < 4.0 * (2e-5_f64).sqrt());
    }
}
