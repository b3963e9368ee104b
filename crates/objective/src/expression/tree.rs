//! Syntax trees, kept as a flat list in which every node stands after its operands: walking and dropping them
//! needs no recursion, however deep they are.

use std::ops::Range;

/// Functions of the expression language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // each is the function of its name
pub enum Function {
    Abs,
    Sqrt,
    Exp,
    Log,
    Sin,
    Cos,
    Tan,
    Tanh,
    Sinh,
    Cosh,
    Relu,
    Max,
    Min,
    Sign,
    Huber,
    Softplus,
    Pow,
    Norm,
}

impl Function {
    /// All functions with their names, in the order in which messages list them.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("abs", Self::Abs),
        ("sqrt", Self::Sqrt),
        ("exp", Self::Exp),
        ("log", Self::Log),
        ("sin", Self::Sin),
        ("cos", Self::Cos),
        ("tan", Self::Tan),
        ("tanh", Self::Tanh),
        ("sinh", Self::Sinh),
        ("cosh", Self::Cosh),
        ("relu", Self::Relu),
        ("max", Self::Max),
        ("min", Self::Min),
        ("sign", Self::Sign),
        ("huber", Self::Huber),
        ("softplus", Self::Softplus),
        ("pow", Self::Pow),
        ("norm", Self::Norm),
    ];

    /// The function of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(n, _)| *n == name).map(|(_, f)| *f)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, f)| *f == self).map_or("", |(n, _)| n)
    }

    /// All names, separated by blanks.
    pub(crate) fn names() -> String {
        Self::ALL.iter().map(|(n, _)| *n).collect::<Vec<_>>().join(" ")
    }

    /// How many arguments it takes, in numbers and in words.
    pub(crate) fn arguments(self) -> (Range<usize>, &'static str) {
        match self {
            Self::Max | Self::Min => (2..usize::MAX, "two or more arguments"),
            Self::Norm => (1..usize::MAX, "one or more arguments"),
            Self::Huber => (2..3, "two arguments (x, d)"),
            Self::Pow => (2..3, "two arguments (base, exponent)"),
            _ => (1..2, "one argument"),
        }
    }
}

/// Binary operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the variants are the names of the functions
pub enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Pow,
}

/// A node; operands are positions in [`Tree::nodes`].
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A number ≥ 0.
    Number(f64),
    /// π.
    Pi,
    /// Euler's number.
    Euler,
    /// A variable by its position in the order of variables.
    Variable(u32),
    /// −a.
    Neg(u32),
    /// a ∘ b.
    Binary(Binary, u32, u32),
    /// f(…): the arguments are a range of [`Tree::arguments`].
    Call(Function, Range<u32>),
}

/// A node and the column (in characters, from 1) of its operator, name or number.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub column: u32,
}

/// A syntax tree; the root is the last node.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tree {
    /// Nodes, operands before operators.
    pub nodes: Vec<Node>,
    /// Argument lists of the calls.
    pub arguments: Vec<u32>,
}

impl Tree {
    /// The arguments of a call.
    pub fn call(&self, range: &Range<u32>) -> &[u32] {
        &self.arguments[range.start as usize..range.end as usize]
    }

    /// Appends a node and returns its position.
    pub(crate) fn push(&mut self, kind: Kind, column: usize) -> u32 {
        self.nodes.push(Node { kind, column: column as u32 });
        (self.nodes.len() - 1) as u32
    }

    /// Position of the root.
    pub fn root(&self) -> u32 {
        (self.nodes.len() - 1) as u32
    }

    /// Makes this the tree of the sum of itself and `other`.
    pub(crate) fn add(&mut self, other: &Self) {
        let (first, nodes, arguments) = (self.root(), self.nodes.len() as u32, self.arguments.len() as u32);
        self.arguments.extend(other.arguments.iter().map(|a| a + nodes));
        self.nodes.extend(other.nodes.iter().map(|node| {
            let kind = match &node.kind {
                Kind::Neg(a) => Kind::Neg(a + nodes),
                Kind::Binary(operator, a, b) => Kind::Binary(*operator, a + nodes, b + nodes),
                Kind::Call(function, range) => {
                    Kind::Call(*function, range.start + arguments..range.end + arguments)
                }
                leaf => leaf.clone(),
            };
            Node { kind, column: node.column }
        }));
        let second = self.root();
        self.push(Kind::Binary(Binary::Add, first, second), 0);
    }
}
