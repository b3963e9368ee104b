//! What a decision means at each surface, for the report.

use dinlab_numeric::{dot, norm};
use dinlab_record::{Departure, KinkBranch, KinkEvent, KinkEventKind, Side};

use super::{Candidate, Site, Walk};

impl Walk<'_> {
    /// Takes a motion and notes what that means at each surface.
    pub(super) fn go(&mut self, site: &Site, choice: &Candidate, reached: Option<usize>, edge: bool) {
        let before = self.field.mode.sides();
        let mut mode = choice.mode.clone();
        for &kink in &self.field.mode.touching {
            if !site.active.contains(&kink) {
                mode.touching.push(kink);
            }
        }
        let after = mode.sides();
        let changed = |test: &dyn Fn(Side, Side) -> bool| -> Vec<usize> {
            site.active.iter().copied().filter(|&k| test(before[k], after[k])).collect()
        };
        // At the start of a run there is no side from which the state was reached.
        let started = self.report.segments.is_empty();
        let one_side = |side: Side| matches!(side, Side::Minus | Side::Plus);
        let entered = changed(&|b, a| a == Side::Slide && (started || b != Side::Slide));
        let left = changed(&|b, a| !started && b == Side::Slide && a != Side::Slide);
        let crossed = changed(&|b, a| !started && one_side(b) && one_side(a) && a != b);
        let grazed: Vec<usize> = reached
            .filter(|&k| before[k] == after[k] || (edge && after[k] == Side::Touch))
            .into_iter()
            .collect();
        for (kind, surfaces) in [
            (KinkEventKind::Cross, crossed),
            (KinkEventKind::SlideEnter, entered),
            (KinkEventKind::SlideLeave, left),
            (KinkEventKind::Graze, grazed),
        ] {
            if !surfaces.is_empty() {
                self.note_event(site, kind, surfaces);
            }
        }
        self.field.mode = mode;
    }

    fn note_event(&mut self, site: &Site, kind: KinkEventKind, surfaces: Vec<usize>) {
        let before = self.field.mode.signs.clone();
        let velocity = |wanted: i8| -> Vec<f64> {
            surfaces.iter().map(|&kink| self.normal_velocity(site, kink, wanted, &before)).collect()
        };
        let (velocity_minus, velocity_plus) = (velocity(-1), velocity(1));
        self.report.events.push(KinkEvent { t: self.t, kind, surfaces, velocity_minus, velocity_plus });
    }

    /// ⟨θ′, n⟩ on one side of a surface, on the side of the others from which the trajectory came; NaN where no
    /// piece has that side.
    fn normal_velocity(&self, site: &Site, kink: usize, side: i8, before: &[i8]) -> f64 {
        let agreement = |signs: &[i8]| signs.iter().zip(before).filter(|(a, b)| a == b).count();
        // A continuous velocity is the same on both sides.
        let any = self.law.continuous_velocity();
        let cells = site.cells.iter().filter(|cell| any || cell.signs[kink] == side);
        let Some(cell) = cells.max_by_key(|cell| agreement(&cell.signs)) else { return f64::NAN };
        let Some(i) = site.active.iter().position(|&k| k == kink) else { return f64::NAN };
        let n = self.n();
        let mut velocity = vec![0.0; n];
        let u = if self.law.has_second() { &self.y[n..2 * n] } else { &[] };
        self.law.velocity(u, &cell.v, &mut velocity);
        dot(&cell.normals[i], &velocity) / norm(&cell.normals[i])
    }

    pub(super) fn note_branch(&mut self, site: &Site, several: &[Candidate]) {
        let departures = several
            .iter()
            .map(|candidate| Departure {
                sides: candidate.mode.sides(),
                selection: candidate.v.clone(),
                direction: candidate.d.clone(),
            })
            .collect();
        let stays = several.iter().any(|candidate| !candidate.mode.slide.kinks.is_empty());
        let mut note = "no uniqueness: the one-sided motions point away from a surface".to_owned();
        if stays {
            note += "; the solution that stays on it may also leave at any later time";
        }
        self.report.branches.push(KinkBranch {
            t: self.t,
            theta: self.theta().to_vec(),
            departures,
            taken: 0,
            note,
        });
        self.note_event(site, KinkEventKind::Branch, site.active.clone());
    }
}
