//! Expressions as objectives.

use std::sync::OnceLock;

use super::Expression;
use crate::{
    blocks::{BlockOracle, TapeBlocks},
    error::ObjectiveError,
    facts::{Facts, Regularity},
    formula::forward_gradient,
    oracle::{Objective, Oracle},
    samples::FiniteSum,
    scalar::{dual::Dual, selection::Selection},
    tape::{BlockScratch, GradientProgram, KinkKind, KinkSurface, ProgramScratch, Scratch, Tape},
};

use super::{
    print,
    problem::shortened,
    tree::{Function, Kind},
};

/// An objective given by a tape, and as a finite sum by one for each term.
#[derive(Debug, Clone)]
pub struct TapeObjective {
    tape: Tape,
    /// Tapes of the terms; empty where J is not given as a finite sum.
    pub(super) terms: Vec<Tape>,
    facts: Facts,
    pub(super) selection: Selection,
    /// The gradient for blocks of points, made when it is first asked for.
    program: OnceLock<GradientProgram>,
}

impl TapeObjective {
    /// The objective of an expression. The facts state the class of smoothness that the functions used allow (where the
    /// expression is defined), the kinks, and whether they are definable; nothing else is known. `variables` is as in [`Expression::parse`].
    pub fn parse(
        text: &str,
        variables: Option<&[String]>,
        selection: Selection,
    ) -> Result<Self, ObjectiveError> {
        let text = text.trim();
        let expression = Expression::parse(text, variables)?;
        Ok(Self::of(&expression, Vec::new(), format!("expr:{text}"), selection))
    }

    /// The objective of a finite sum, see [`Expression::parse_sum`]; facts are those of the sum as an expression.
    pub fn parse_sum(
        text: &str,
        variables: Option<&[String]>,
        selection: Selection,
    ) -> Result<Self, ObjectiveError> {
        let text = text.trim();
        let terms = Expression::parse_sum(text, variables)?;
        let tapes = terms.iter().map(Expression::tape).collect();
        Ok(Self::of(&Expression::sum_of(&terms), tapes, format!("sum:{text}"), selection))
    }

    fn of(expression: &Expression, terms: Vec<Tape>, name: String, selection: Selection) -> Self {
        let tape = expression.tape();
        let facts = Facts {
            regularity: regularity(&tape),
            tame: tape.is_definable(),
            kinks: kinks(expression, &tape),
            source: "expression given by the user".into(),
            ..Facts::unknown(name, expression.latex(), tape.dimension())
        };
        Self { tape, terms, facts, selection, program: OnceLock::new() }
    }
}

/// From the operations used; the true class may be better where kinks cancel.
fn regularity(tape: &Tape) -> Regularity {
    if !tape.kinks().is_empty() || tape.has_norm() {
        Regularity::Lipschitz
    } else if tape.has_huber() {
        Regularity::ContinuouslyDifferentiable
    } else {
        Regularity::Smooth
    }
}

/// Kink set in words.
fn kinks(expression: &Expression, tape: &Tape) -> Vec<String> {
    /// Most kinks that are described one by one.
    const DESCRIBED: usize = 20;
    let mut words: Vec<String> =
        tape.kinks().iter().take(DESCRIBED).map(|kink| kink_in_words(expression, kink)).collect();
    if tape.kinks().len() > DESCRIBED {
        words.push(format!("and {} more", tape.kinks().len() - DESCRIBED));
    }
    let norms =
        expression.tree.nodes.iter().filter(|node| matches!(node.kind, Kind::Call(Function::Norm, _)));
    words.extend(
        norms
            .take(DESCRIBED)
            .map(|node| format!("norm at column {}: where its arguments vanish", node.column)),
    );
    words
}

fn kink_in_words(expression: &Expression, kink: &KinkSurface) -> String {
    let (tree, column) = (&expression.tree, kink.column.unwrap_or(0));
    let name = match kink.kind {
        KinkKind::Abs => "abs",
        KinkKind::Relu => "relu",
        KinkKind::Max => "max",
        KinkKind::Min => "min",
        KinkKind::Sign => "sign",
    };
    let arguments: Vec<String> = tree
        .nodes
        .iter()
        .find(|node| node.column == column && matches!(node.kind, Kind::Call(..)))
        .map(|node| match &node.kind {
            Kind::Call(_, range) => tree.call(range),
            _ => &[],
        })
        .unwrap_or(&[])
        .iter()
        .map(|&a| shortened(&print::text(tree, &expression.variables, a)))
        .collect();
    let surface = match (kink.kind, arguments.as_slice()) {
        (KinkKind::Max | KinkKind::Min, several) => format!("ties of {}", several.join(" and ")),
        (_, several) => format!("{} = 0", several.join(", ")),
    };
    format!("{name} at column {column}: {surface}")
}

impl Objective for TapeObjective {
    fn facts(&self) -> &Facts {
        &self.facts
    }
    fn oracle(&self) -> Box<dyn Oracle + '_> {
        let n = self.tape.dimension();
        Box::new(TapeOracle {
            tape: &self.tape,
            selection: self.selection,
            scratch: Scratch::new(),
            dual_scratch: Scratch::new(),
            point: vec![Dual::lift(0.0); n],
            image: vec![Dual::lift(0.0); n],
        })
    }
    fn selection(&self) -> Selection {
        self.selection
    }
    fn gradient_from_value(&self, x: &[f64]) -> Option<Vec<f64>> {
        let mut out = vec![0.0; x.len()];
        self.selection.during(|| forward_gradient(&self.tape, x, &mut out));
        Some(out)
    }
    fn tape(&self) -> Option<&Tape> {
        Some(&self.tape)
    }
    fn blocks(&self) -> Box<dyn BlockOracle + '_> {
        let program = self.program.get_or_init(|| self.tape.gradient_program());
        Box::new(TapeBlocks {
            tape: &self.tape,
            program,
            selection: self.selection,
            scratch: BlockScratch::new(),
            slots: ProgramScratch::default(),
        })
    }
    fn samples(&self) -> Option<&dyn FiniteSum> {
        (!self.terms.is_empty()).then_some(self)
    }
}

/// Allocates in its first call of each kind only.
struct TapeOracle<'a> {
    tape: &'a Tape,
    selection: Selection,
    scratch: Scratch<f64>,
    dual_scratch: Scratch<Dual<f64, 1>>,
    point: Vec<Dual<f64, 1>>,
    image: Vec<Dual<f64, 1>>,
}

impl Oracle for TapeOracle<'_> {
    fn dimension(&self) -> usize {
        self.tape.dimension()
    }
    fn value(&mut self, x: &[f64]) -> f64 {
        self.tape.value_with(x, &mut self.scratch)
    }
    fn gradient(&mut self, x: &[f64], out: &mut [f64]) {
        self.value_gradient(x, out);
    }
    fn hessian_vector(&mut self, x: &[f64], direction: &[f64], out: &mut [f64]) {
        for ((target, &re), &e) in self.point.iter_mut().zip(x).zip(direction) {
            *target = Dual { re, eps: [e] };
        }
        self.selection
            .during(|| self.tape.gradient_with(&self.point, &mut self.dual_scratch, &mut self.image));
        for (target, image) in out.iter_mut().zip(&self.image) {
            *target = image.eps[0];
        }
    }
    fn value_gradient(&mut self, x: &[f64], out: &mut [f64]) -> f64 {
        self.selection.during(|| self.tape.gradient_with(x, &mut self.scratch, out))
    }
}
