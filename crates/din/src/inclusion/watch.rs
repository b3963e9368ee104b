//! What is watched during a segment, as event functions of the driver: each surface that may be reached, the walls of
//! the selections of a slide, and what would show that something was missed.

use std::{cell::RefCell, rc::Rc};

use super::{
    field::{split, Field},
    mode::heights,
};
use crate::events::{Direction, Event};

/// What an event means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// The surface is reached.
    Reached(usize),
    /// A wall of the selections is reached.
    Wall(usize),
    /// A surface that was touched has been left.
    Left(usize),
    /// The surface was passed unnoticed.
    Missed(usize),
    /// A minimum of the distance to the surface, not terminal.
    Turn(usize),
}

/// Distances within which a surface counts as met, as touched, and beyond which it was missed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    pub met: f64,
    pub touched: f64,
    pub missed: f64,
}

impl Reach {
    /// For a point of this size and a normal of this length: g changes by ‖normal‖·distance.
    pub(super) fn new(size: f64, normal: f64) -> Self {
        let unit = (1.0 + size) * dinlab_numeric::max(normal, 1e-3);
        Self { met: 1e-10 * unit, touched: 1e-11 * unit, missed: 1e-6 * unit }
    }
}

/// Evaluates everything at one state for all event functions.
struct Watcher<'a> {
    field: Field<'a>,
    t: f64,
    y: Vec<f64>,
    velocity: Vec<f64>,
    heights: Vec<f64>,
}

impl Watcher<'_> {
    fn look(&mut self, t: f64, y: &[f64]) {
        if t == self.t && y == self.y {
            return;
        }
        self.t = t;
        self.y.clear();
        self.y.extend_from_slice(y);
        self.velocity.clone_from_slice(self.field.velocity(t, y));
        let Field { law, pieces, mode, v, mu, normals, .. } = &mut self.field;
        let (theta, _) = split(*law, v.len(), y);
        if !mode.slide.kinks.is_empty() {
            self.heights = heights(&mode.slide, pieces, theta, v, mu, normals);
        }
        pieces.along(theta, &self.velocity, &mode.signs, &[]);
    }
}

/// The event functions of a mode, and what each means, in the same order.
pub(super) fn events<'a>(field: &Field<'a>, reach: &[Reach]) -> (Vec<Event<'a>>, Vec<Sign>) {
    let n = field.v.len();
    let watcher = Rc::new(RefCell::new(Watcher {
        field: field.clone(),
        t: f64::NAN,
        y: Vec::new(),
        velocity: vec![0.0; n],
        heights: Vec::new(),
    }));
    let mode = &field.mode;
    let (mut events, mut signs) = (Vec::new(), Vec::new());
    let mut add = |sign: Sign, function: Box<dyn Fn(&Watcher<'a>) -> f64 + 'a>| {
        let watcher = Rc::clone(&watcher);
        let (direction, terminal) = match sign {
            Sign::Turn(_) => (Direction::Rising, false),
            Sign::Left(_) => (Direction::Rising, true),
            _ => (Direction::Falling, true),
        };
        events.push(Event {
            id: signs.len().to_string(),
            function: Box::new(move |t, y| {
                let mut watcher = watcher.borrow_mut();
                watcher.look(t, y);
                function(&watcher)
            }),
            direction,
            terminal,
        });
        signs.push(sign);
    };
    for (kink, reach) in reach.iter().copied().enumerate() {
        if mode.is_sliding(kink) {
            continue;
        }
        if mode.touching.contains(&kink) {
            add(Sign::Left(kink), Box::new(move |w| w.field.pieces.values[kink].abs() - reach.touched));
            continue;
        }
        let side = f64::from(mode.signs[kink]);
        add(Sign::Reached(kink), Box::new(move |w| side * w.field.pieces.values[kink]));
        add(Sign::Missed(kink), Box::new(move |w| side * w.field.pieces.values[kink] + reach.missed));
        add(Sign::Turn(kink), Box::new(move |w| side * w.field.pieces.value_rates[kink]));
    }
    for wall in 0..mode.slide.walls.len() {
        add(Sign::Wall(wall), Box::new(move |w| w.heights[wall]));
    }
    (events, signs)
}
