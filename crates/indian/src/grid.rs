//! Which iterations are observed. The start (k = 0) and the last iterate always are.

use crate::error::IndianError;

/// Grid of observed iterations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grid {
    /// k = 0, K, 2K, …
    Every(u64),
    /// k = 0 and the integers nearest to 10^(j/p), j = 0, 1, …, each once.
    Geometric {
        /// p, the number of grid points per decade.
        per_decade: u32,
    },
}

impl Default for Grid {
    fn default() -> Self {
        Self::Every(1)
    }
}

impl Grid {
    /// An error for a grid that records nothing.
    pub fn validate(&self) -> Result<(), IndianError> {
        match self {
            Self::Every(0) => Err(IndianError::Grid { what: "recording interval" }),
            Self::Geometric { per_decade: 0 } => Err(IndianError::Grid { what: "points per decade" }),
            _ => Ok(()),
        }
    }

    /// The first grid point after k (u64::MAX if none can be represented or the grid is empty).
    pub fn next_after(&self, k: u64) -> u64 {
        match *self {
            Self::Every(0) | Self::Geometric { per_decade: 0 } => u64::MAX,
            Self::Every(interval) => (k / interval).saturating_add(1).saturating_mul(interval),
            Self::Geometric { .. } if k == 0 => 1,
            Self::Geometric { per_decade } => {
                let p = f64::from(per_decade);
                // 10^(j/p) rounds to more than k from k + 1/2 on; start there, one early against rounding.
                let mut j = (p * (k as f64 + 0.5).log10()).ceil() - 1.0;
                loop {
                    let candidate = 10f64.powf(j / p).round() as u64; // saturates at u64::MAX
                    if candidate > k || candidate == u64::MAX {
                        return candidate;
                    }
                    j += 1.0;
                }
            }
        }
    }
}

impl std::fmt::Display for Grid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Every(interval) => write!(f, "every {interval}"),
            Self::Geometric { per_decade } => write!(f, "geometric, {per_decade} per decade"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(grid: Grid, end: u64) -> Vec<u64> {
        std::iter::successors(Some(0), |&k| Some(grid.next_after(k))).take_while(|&k| k <= end).collect()
    }

    #[test]
    fn grids_are_the_stated_integers() {
        assert_eq!(points(Grid::Every(3), 10), [0, 3, 6, 9]);
        assert_eq!(Grid::Every(3).next_after(4), 6);
        assert_eq!(points(Grid::Geometric { per_decade: 1 }, 10_000), [0, 1, 10, 100, 1000, 10_000]);
        assert_eq!(points(Grid::Geometric { per_decade: 3 }, 100), [0, 1, 2, 5, 10, 22, 46, 100]);
        // Dense grids start with every integer and never repeat one.
        let dense = points(Grid::Geometric { per_decade: 100 }, 1_000_000);
        assert!(dense.windows(2).all(|w| w[0] < w[1]));
        assert_eq!(dense[..10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(dense.last(), Some(&1_000_000));
    }

    #[test]
    fn extremes_end() {
        assert_eq!(Grid::Every(u64::MAX).next_after(1), u64::MAX);
        assert_eq!(Grid::Every(2).next_after(u64::MAX), u64::MAX);
        assert_eq!(Grid::Geometric { per_decade: u32::MAX }.next_after(7), 8);
        assert_eq!(Grid::Geometric { per_decade: 2 }.next_after(u64::MAX), u64::MAX);
        assert!(Grid::Every(0).validate().is_err());
        assert!(Grid::Geometric { per_decade: 0 }.validate().is_err());
        assert_eq!(Grid::Every(0).next_after(5), u64::MAX);
    }
}
