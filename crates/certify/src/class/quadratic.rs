//! x ↦ ⟨x, Qx⟩/2 with μI ⪯ Q ⪯ LI: (xᵢ, gᵢ) come from one such Q iff XᵀG is symmetric and
//! (G − μX)ᵀ(LX − G) ⪰ 0 (Bousselmi, Hendrickx, Glineur, arXiv 2302.08781, theorem 3.3). Values are ⟨xᵢ, gᵢ⟩/2.

use super::{JointCondition, Point};
use crate::number::{Number, Rational};

/// The equations ⟨xᵢ, gⱼ⟩ = ⟨xⱼ, gᵢ⟩ and the matrix. The minimiser (x = g = 0) takes no part.
pub(super) fn joint<S: Number>(points: &[Point<S>], mu: &Rational, l: &Rational) -> JointCondition<S> {
    let live: Vec<&Point<S>> =
        points.iter().filter(|p| !(p.x.coefficients().is_empty() && p.g.coefficients().is_empty())).collect();
    let mut equations = Vec::new();
    for (a, i) in live.iter().enumerate() {
        for j in &live[a + 1..] {
            let name = format!("symmetric {} {}", i.label, j.label);
            equations.push((name, i.x.dot(&j.g).minus(&j.x.dot(&i.g))));
        }
    }
    let minus_mu = S::of(&-mu.clone());
    let entry = |i: &Point<S>, j: &Point<S>| {
        let (above, below) = (i.g.plus(&minus_mu, &i.x), j.x.scaled(&S::of(l)).minus(&j.g));
        above.dot(&below)
    };
    // Symmetric on the equations; the mean of both orders makes it so identically.
    let half = S::ratio(1, 2);
    let matrix = live
        .iter()
        .map(|i| live.iter().map(|j| entry(i, j).and(&entry(j, i)).scaled(&half)).collect())
        .collect();
    (equations, matrix)
}
