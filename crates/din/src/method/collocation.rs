//! Collocation polynomials: dense output of the implicit methods, and first guesses of their next steps.

use super::Storage;

/// The collocation polynomial of the last step in Newton's form.
pub(super) struct Polynomial<V> {
    /// 0, then those of the method.
    nodes: Vec<f64>,
    base: V,
    /// Divided differences of the increments; the first is 0 and left out.
    differences: Vec<V>,
    /// 1/(xⱼ − xⱼ₋ₖ) in the order of use.
    reciprocals: Vec<f64>,
    /// Step; 0 for none.
    pub h: f64,
}

impl<V: Storage> Polynomial<V> {
    pub(super) fn new(n: usize, most: usize) -> Self {
        let differences = (0..most).map(|_| V::zero(n)).collect();
        Self { nodes: Vec::new(), base: V::zero(n), differences, reciprocals: Vec::new(), h: 0.0 }
    }

    /// The polynomial through (0, 0) and (cᵢ, zᵢ), on top of y.
    pub(super) fn fit(&mut self, y: &[f64], h: f64, c: &[f64], z: &[V]) {
        let (s, d) = (c.len(), &mut self.differences);
        if self.nodes.len() != s + 1 {
            self.nodes.clear();
            self.nodes.push(0.0);
            self.nodes.extend(c);
            self.reciprocals.clear();
            for k in 1..=s {
                self.reciprocals.extend((k..=s).rev().map(|j| 1.0 / (self.nodes[j] - self.nodes[j - k])));
            }
        }
        for (d, z) in d[..s].iter_mut().zip(z) {
            d.as_mut().copy_from_slice(z.as_ref());
        }
        let mut reciprocals = self.reciprocals.iter();
        for k in 1..=s {
            for j in (k..=s).rev() {
                let r = reciprocals.next().copied().unwrap_or(0.0);
                // Entry j belongs to the nodes up to xⱼ, at index j − 1.
                let (before, at) = d.split_at_mut(j - 1);
                let at = at[0].as_mut();
                if let Some(before) = before.last() {
                    at.iter_mut().zip(before.as_ref()).for_each(|(a, b)| *a = (*a - b) * r);
                } else {
                    at.iter_mut().for_each(|a| *a *= r);
                }
            }
        }
        self.base.as_mut().copy_from_slice(y);
        self.h = h;
    }

    /// State at x, which is 0 at the start of the step and 1 at its end.
    #[inline]
    pub(super) fn at(&self, x: f64, out: &mut [f64]) {
        // The length that the compiler knows.
        let base = self.base.as_ref();
        let out = &mut out[..base.len()];
        out.fill(0.0);
        let degree = self.nodes.len() - 1;
        for (d, node) in self.differences[..degree].iter().zip(&self.nodes[..degree]).rev() {
            let x = x - node;
            out.iter_mut().zip(d.as_ref()).for_each(|(o, d)| *o = (*o + d) * x);
        }
        out.iter_mut().zip(base).for_each(|(o, b)| *o += b);
    }
}
