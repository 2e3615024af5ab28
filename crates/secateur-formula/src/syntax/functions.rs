//! The functions of each syntax.

use super::Syntax;
use crate::op::Op;

/// What a call means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    /// An operator with its own number of operands.
    Op(Op),
    /// An operator of two over one operand or more, from the left.
    Chain(Op),
    /// A logarithm to a base, the natural one without; in Excel the decimal one.
    Log,
    /// x^(1/3)
    CubeRoot,
    /// max(x, 0)
    Ramp,
    /// ln(1 + x)
    Log1p,
    /// The value itself.
    Same,
    /// The number pi, of no operand.
    Pi,
    /// `IF(condition, then, else)`
    If,
    /// `Piecewise((then, condition), (else, True))`
    Piecewise,
}

/// The functions of gplearn.
pub(super) const GPLEARN: &[(&str, Function)] = &[
    ("add", Function::Op(Op::Add)),
    ("sub", Function::Op(Op::Sub)),
    ("mul", Function::Op(Op::Mul)),
    ("div", Function::Op(Op::GuardedDiv)),
    ("sqrt", Function::Op(Op::GuardedSqrt)),
    ("log", Function::Op(Op::GuardedLn)),
    ("abs", Function::Op(Op::Abs)),
    ("neg", Function::Op(Op::Neg)),
    ("inv", Function::Op(Op::GuardedInverse)),
    ("max", Function::Op(Op::Max)),
    ("min", Function::Op(Op::Min)),
    ("sin", Function::Op(Op::Sin)),
    ("cos", Function::Op(Op::Cos)),
    ("tan", Function::Op(Op::Tan)),
    ("sig", Function::Op(Op::Sigmoid)),
];

/// The functions of Excel.
const EXCEL: &[(&str, Function)] = &[
    ("abs", Function::Op(Op::Abs)),
    ("cos", Function::Op(Op::Cos)),
    ("exp", Function::Op(Op::Exp)),
    ("if", Function::If),
    ("ln", Function::Op(Op::Ln)),
    ("log", Function::Log),
    ("log10", Function::Op(Op::Log10)),
    ("max", Function::Chain(Op::Max)),
    ("min", Function::Chain(Op::Min)),
    ("pi", Function::Pi),
    ("power", Function::Op(Op::Pow)),
    ("product", Function::Chain(Op::Mul)),
    ("sin", Function::Op(Op::Sin)),
    ("sqrt", Function::Op(Op::Sqrt)),
    ("sum", Function::Chain(Op::Add)),
    ("tan", Function::Op(Op::Tan)),
    ("tanh", Function::Op(Op::Tanh)),
];

/// Names of our own infix, SymPy and PySR beside those of [`Op::name`].
const ALIASES: &[(&str, Function)] = &[
    ("cbrt", Function::CubeRoot),
    ("cos", Function::Op(Op::Cos)),
    ("divide", Function::Op(Op::Div)),
    ("fabs", Function::Op(Op::Abs)),
    ("float", Function::Same),
    ("integer", Function::Same),
    ("log", Function::Log),
    ("log1p", Function::Log1p),
    ("logistic", Function::Op(Op::Sigmoid)),
    ("max", Function::Chain(Op::Max)),
    ("maximum", Function::Op(Op::Max)),
    ("min", Function::Chain(Op::Min)),
    ("minimum", Function::Op(Op::Min)),
    ("mult", Function::Op(Op::Mul)),
    ("multiply", Function::Op(Op::Mul)),
    ("negative", Function::Op(Op::Neg)),
    ("piecewise", Function::Piecewise),
    ("plus", Function::Op(Op::Add)),
    ("power", Function::Op(Op::Pow)),
    ("rational", Function::Op(Op::Div)),
    ("reciprocal", Function::Op(Op::Inverse)),
    ("relu", Function::Ramp),
    ("safe_log", Function::Op(Op::Ln)),
    ("safe_log10", Function::Op(Op::Log10)),
    ("safe_log1p", Function::Log1p),
    ("safe_log2", Function::Op(Op::Log2)),
    ("safe_pow", Function::Op(Op::Pow)),
    ("safe_sqrt", Function::Op(Op::Sqrt)),
    ("sig", Function::Op(Op::Sigmoid)),
    ("square", Function::Op(Op::Square)),
    ("subtract", Function::Op(Op::Sub)),
    ("add", Function::Chain(Op::Add)),
    ("mul", Function::Chain(Op::Mul)),
];

/// The function of a name, upper and lower case alike.
pub(super) fn function(name: &str, syntax: Syntax) -> Option<Function> {
    let lower = name.to_lowercase();
    let mut short = lower.as_str();
    let among = |table: &[(&str, Function)], name: &str| {
        table.iter().find(|(known, _)| *known == name).map(|(_, function)| *function)
    };
    match syntax {
        Syntax::Gplearn => among(GPLEARN, short),
        Syntax::Excel => among(EXCEL, short),
        Syntax::Infix | Syntax::Sympy | Syntax::Pysr => {
            for module in ["math.", "np.", "numpy.", "sympy."] {
                short = short.strip_prefix(module).unwrap_or(short);
            }
            among(ALIASES, short).or_else(|| Op::of_name(short).map(Function::Op))
        }
    }
}

/// Every name of a syntax, to find the nearest of.
pub(super) fn all_names(syntax: Syntax) -> Vec<&'static str> {
    match syntax {
        Syntax::Gplearn => GPLEARN.iter().map(|(name, _)| *name).collect(),
        Syntax::Excel => EXCEL.iter().map(|(name, _)| *name).collect(),
        Syntax::Infix | Syntax::Sympy | Syntax::Pysr => {
            let aliases = ALIASES.iter().map(|(name, _)| *name);
            Op::ALL.into_iter().map(Op::name).chain(aliases).collect()
        }
    }
}

/// A constant that a name without parentheses means where no column has it.
pub(super) fn constant(name: &str, syntax: Syntax) -> Option<f64> {
    match (name, syntax) {
        (_, Syntax::Gplearn | Syntax::Excel) => None,
        ("pi" | "math.pi" | "np.pi" | "\u{3c0}", _) => Some(std::f64::consts::PI),
        ("E" | "math.e" | "np.e", _) => Some(std::f64::consts::E),
        _ => None,
    }
}
