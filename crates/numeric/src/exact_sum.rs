//! Sums without rounding.

/// The sum of numbers, exactly: an expansion of floats that do not overlap (Shewchuk, Discrete Comput. Geom. 18, 1997,
/// section 2.4). It depends on neither the order of the numbers nor on how they were divided into partial sums.
///
/// Numbers are to be finite and at most [`ExactSum::LARGEST`] in size; then 2⁵³ of them do not overflow.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExactSum {
    /// Smallest first, none zero.
    parts: Vec<f64>,
}

impl ExactSum {
    /// 2⁹⁷⁰: the largest size of a number.
    pub const LARGEST: f64 = f64::from_bits((970 + 1023) << 52);

    /// Adds a number.
    pub fn add(&mut self, x: f64) {
        let mut carried = x;
        let mut kept = 0;
        for place in 0..self.parts.len() {
            let (sum, error) = two_sum(carried, self.parts[place]);
            if error != 0.0 {
                self.parts[kept] = error;
                kept += 1;
            }
            carried = sum;
        }
        self.parts.truncate(kept);
        if carried != 0.0 {
            self.parts.push(carried);
        }
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: &Self) {
        other.parts.iter().for_each(|x| self.add(*x));
    }

    /// The sum, rounded once, to even at a tie.
    pub fn value(&self) -> f64 {
        let mut left = self.parts.iter().rev();
        let Some(&(mut high)) = left.next() else { return 0.0 };
        while let Some(&part) = left.next() {
            let (sum, error) = two_sum(high, part);
            high = sum;
            if error != 0.0 {
                // At a tie the parts below decide, which this addition did not see.
                let below = left.next().copied().unwrap_or(0.0);
                let (beyond, missed) = two_sum(high, 2.0 * error);
                if missed == 0.0 && below != 0.0 && (below > 0.0) == (error > 0.0) {
                    high = beyond;
                }
                break;
            }
        }
        high
    }

    /// The parts of the one expansion in which each part is the rounded rest: equal sums have equal parts. Largest first.
    pub fn canonical(&self) -> Vec<f64> {
        let mut rest = self.clone();
        let mut parts = Vec::new();
        while !rest.parts.is_empty() {
            let part = rest.value();
            parts.push(part);
            rest.add(-part);
        }
        parts
    }
}

impl Extend<f64> for ExactSum {
    fn extend<T: IntoIterator<Item = f64>>(&mut self, numbers: T) {
        numbers.into_iter().for_each(|x| self.add(x));
    }
}

/// a + b and its rounding error (Knuth, TAOCP 2, section 4.2.2, theorem C).
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let of_b = sum - a;
    let of_a = sum - of_b;
    (sum, (a - of_a) + (b - of_b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Draws;

    fn sum(numbers: &[f64]) -> ExactSum {
        let mut sum = ExactSum::default();
        sum.extend(numbers.iter().copied());
        sum
    }

    #[test]
    fn cancellation_leaves_what_is_left() {
        assert_eq!(sum(&[1e100, 1.0, -1e100]).value(), 1.0);
        assert_eq!(sum(&[0.1; 10]).value(), 1.0);
        assert_eq!(sum(&[]).value(), 0.0);
        assert_eq!(sum(&[f64::from_bits(1), 1e200, -1e200]).value(), f64::from_bits(1));
        assert_eq!(sum(&[ExactSum::LARGEST; 1000]).value(), 1000.0 * ExactSum::LARGEST);
    }

    #[test]
    fn ties_are_decided_by_what_is_below() {
        let half = f64::EPSILON / 2.0;
        assert_eq!(sum(&[1.0, half]).value(), 1.0); // to even
        assert_eq!(sum(&[1.0, half, 1e-300]).value(), 1.0 + f64::EPSILON);
        assert_eq!(sum(&[1.0, half, -1e-300]).value(), 1.0);
        assert_eq!(sum(&[1.0 + f64::EPSILON, half]).value(), 1.0 + 2.0 * f64::EPSILON);
        assert_eq!(sum(&[1.0 + f64::EPSILON, half, -1e-300]).value(), 1.0 + f64::EPSILON);
    }

    #[test]
    fn sums_are_those_of_whole_numbers_in_any_order_and_division() {
        let mut stream = Draws::new(3, "exact-sum").stream(0);
        for _ in 0..200 {
            // Multiples of 2⁻³⁰ over forty binary orders, whose sum has a place in 128 bits.
            let whole: Vec<i128> = (0..50)
                .map(|_| {
                    let size = stream.uniform(0.0, 40.0).exp2();
                    (stream.uniform(-1.0, 1.0) * size * 1e6) as i128 as f64 as i128
                })
                .collect();
            let numbers: Vec<f64> = whole.iter().map(|w| *w as f64 * (-30_f64).exp2()).collect();
            let expected = whole.iter().sum::<i128>() as f64 * (-30_f64).exp2();
            let forward = sum(&numbers);
            assert_eq!(forward.value(), expected);
            let backward: Vec<f64> = numbers.iter().rev().copied().collect();
            let mut parts = sum(&numbers[20..]);
            parts.merge(&sum(&numbers[..20]));
            for other in [sum(&backward), parts] {
                assert_eq!(other.canonical(), forward.canonical());
            }
        }
    }
}
