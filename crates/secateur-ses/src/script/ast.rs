//! The tree of an expression or a function.

use std::sync::Arc;

use crate::place::Place;

/// An expression.
#[derive(Clone, Debug)]
pub(crate) struct Expr {
    pub(crate) place: Place,
    pub(crate) kind: ExprKind,
}

/// What an expression is.
#[derive(Clone, Debug)]
pub(crate) enum ExprKind {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Arc<str>),
    Name(Arc<str>),
    List(Vec<Expr>),
    Tuple(Vec<Expr>),
    Dict(Vec<(Expr, Expr)>),
    Negate(Box<Expr>),
    Not(Box<Expr>),
    Binary(Binary, Box<Expr>, Box<Expr>),
    Compare(Box<Expr>, Vec<(Compare, Expr)>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    IfElse(Box<[Expr; 3]>),
    Call(Arc<str>, Vec<Expr>),
    Method(Box<Expr>, Arc<str>, Vec<Expr>),
    Index(Box<Expr>, Box<Expr>),
    Slice(Box<Expr>, Box<[Option<Expr>; 3]>),
    Comprehension(Box<Expr>, Vec<Clause>),
}

/// One `for .. in .. if ..` of a comprehension.
#[derive(Clone, Debug)]
pub(crate) struct Clause {
    pub(crate) names: Vec<Arc<str>>,
    pub(crate) over: Expr,
    pub(crate) when: Vec<Expr>,
}

/// Operators on two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Floor,
    Modulo,
    Power,
}

/// Comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compare {
    Equal,
    Unequal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    NotIn,
    Is,
    IsNot,
}

/// `def name(parameters): body`.
#[derive(Clone, Debug)]
pub(crate) struct Definition {
    pub(crate) name: Arc<str>,
    pub(crate) parameters: Vec<(Arc<str>, Option<Expr>)>,
    pub(crate) body: Vec<Statement>,
}

/// A statement.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) place: Place,
    pub(crate) kind: StatementKind,
}

/// What a statement is.
#[derive(Clone, Debug)]
pub(crate) enum StatementKind {
    Assign(Vec<Target>, Expr),
    Update(Target, Binary, Expr),
    Value(Expr),
    If(Vec<(Expr, Vec<Statement>)>, Vec<Statement>),
    For(Vec<Arc<str>>, Expr, Vec<Statement>),
    Try(Vec<Statement>, Vec<(Vec<Arc<str>>, Vec<Statement>)>),
    Return(Option<Expr>),
    Pass,
    Break,
    Continue,
}

/// What is assigned to.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    Name(Arc<str>),
    Names(Vec<Arc<str>>),
    Index(Expr, Expr),
}

impl Expr {
    /// Whether a free name occurs.
    pub(crate) fn mentions(&self, wanted: &str) -> bool {
        let mut found = false;
        self.visit_names(&mut |name| found |= name == wanted);
        found
    }

    /// Whether no name occurs and nothing is called.
    pub(crate) fn is_literal(&self) -> bool {
        let mut free = false;
        self.visit_names(&mut |_| free = true);
        !free && !self.calls()
    }

    fn calls(&self) -> bool {
        matches!(self.kind, ExprKind::Call(..) | ExprKind::Method(..) | ExprKind::Comprehension(..))
            || self.parts().iter().any(|part| part.calls())
    }

    /// Names that are read and not bound by a comprehension around them; names of functions
    /// that are called count too.
    pub(crate) fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        match &self.kind {
            ExprKind::Name(name) => visit(name),
            ExprKind::Call(name, arguments) => {
                visit(name);
                for argument in arguments {
                    argument.visit_names(visit);
                }
            }
            ExprKind::Comprehension(item, clauses) => {
                let bound: Vec<&Arc<str>> = clauses.iter().flat_map(|c| &c.names).collect();
                let mut inner = |name: &str| {
                    if !bound.iter().any(|b| ***b == *name) {
                        visit(name);
                    }
                };
                item.visit_names(&mut inner);
                for clause in clauses {
                    clause.over.visit_names(&mut inner);
                    clause.when.iter().for_each(|w| w.visit_names(&mut inner));
                }
            }
            _ => self.parts().iter().for_each(|part| part.visit_names(visit)),
        }
    }

    /// Everything that is called by name, with its place.
    pub(crate) fn visit_calls(&self, visit: &mut dyn FnMut(&Arc<str>, Place)) {
        if let ExprKind::Call(name, _) = &self.kind {
            visit(name, self.place);
        }
        self.parts().iter().for_each(|part| part.visit_calls(visit));
    }

    fn parts(&self) -> Vec<&Expr> {
        match &self.kind {
            ExprKind::None
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Text(_)
            | ExprKind::Name(_) => Vec::new(),
            ExprKind::List(items)
            | ExprKind::Tuple(items)
            | ExprKind::And(items)
            | ExprKind::Or(items)
            | ExprKind::Call(_, items) => items.iter().collect(),
            ExprKind::Dict(pairs) => pairs.iter().flat_map(|(k, v)| [k, v]).collect(),
            ExprKind::Negate(inner) | ExprKind::Not(inner) => vec![inner],
            ExprKind::Binary(_, a, b) | ExprKind::Index(a, b) => vec![a, b],
            ExprKind::Compare(first, rest) => {
                std::iter::once(&**first).chain(rest.iter().map(|(_, e)| e)).collect()
            }
            ExprKind::IfElse(three) => three.iter().collect(),
            ExprKind::Method(object, _, arguments) => {
                std::iter::once(&**object).chain(arguments).collect()
            }
            ExprKind::Slice(object, ends) => {
                std::iter::once(&**object).chain(ends.iter().flatten()).collect()
            }
            ExprKind::Comprehension(item, clauses) => std::iter::once(&**item)
                .chain(clauses.iter().flat_map(|c| std::iter::once(&c.over).chain(&c.when)))
                .collect(),
        }
    }
}

impl Statement {
    /// Everything that is called by name in it, with its place.
    pub(crate) fn visit_calls(&self, visit: &mut dyn FnMut(&Arc<str>, Place)) {
        let (exprs, blocks) = self.parts();
        for expr in exprs {
            expr.visit_calls(visit);
        }
        for inner in blocks.into_iter().flatten() {
            inner.visit_calls(visit);
        }
    }

    /// The expressions of a statement, and the statements in it.
    fn parts(&self) -> (Vec<&Expr>, Vec<&[Statement]>) {
        match &self.kind {
            StatementKind::Assign(targets, value) => {
                let targets = targets.iter().flat_map(Target::parts);
                (targets.chain([value]).collect(), Vec::new())
            }
            StatementKind::Update(target, _, value) => {
                (target.parts().into_iter().chain([value]).collect(), Vec::new())
            }
            StatementKind::Value(value) => (vec![value], Vec::new()),
            StatementKind::If(branches, last) => {
                let (conditions, mut blocks): (Vec<_>, Vec<_>) =
                    branches.iter().map(|(condition, block)| (condition, block.as_slice())).unzip();
                blocks.push(last);
                (conditions, blocks)
            }
            StatementKind::For(_, over, block) => (vec![over], vec![block]),
            StatementKind::Try(block, handlers) => {
                let handlers = handlers.iter().map(|(_, block)| block.as_slice());
                (Vec::new(), std::iter::once(block.as_slice()).chain(handlers).collect())
            }
            StatementKind::Return(value) => (value.iter().collect(), Vec::new()),
            StatementKind::Pass | StatementKind::Break | StatementKind::Continue => {
                (Vec::new(), Vec::new())
            }
        }
    }
}

impl Target {
    fn parts(&self) -> Vec<&Expr> {
        match self {
            Self::Name(_) | Self::Names(_) => Vec::new(),
            Self::Index(object, index) => vec![object, index],
        }
    }
}
