//! How each target writes each operator.

use super::Target;
use crate::op::Op;

/// A part of a written operator. The numbers say how tightly an operand has to bind to need no
/// parentheses.
#[derive(Clone, Copy, Debug)]
pub(super) enum Piece {
    Text(&'static str),
    Left(u8),
    Right(u8),
}

use Piece::{Left, Right, Text};

/// How tightly a sum binds, and so on.
pub(super) const SUM: u8 = 2;
pub(super) const PRODUCT: u8 = 3;
pub(super) const MINUS: u8 = 4;
pub(super) const POWER: u8 = 5;
/// A base needs to bind tighter than a power and, in Excel, than a minus.
const BASE: u8 = 7;
const CALL: u8 = 8;
pub(super) const ATOM: u8 = 9;

type Form = (u8, Vec<Piece>);

fn call(parts: &[&'static str], arity: usize) -> Form {
    let mut pieces: Vec<Piece> = parts.iter().map(|part| Text(part)).collect();
    pieces.extend([Text("("), Left(0)]);
    if arity == 2 {
        pieces.extend([Text(", "), Right(0)]);
    }
    pieces.push(Text(")"));
    (ATOM, pieces)
}

fn infix(level: u8, text: &'static str) -> Form {
    (level, vec![Left(level), Text(text), Right(level + 1)])
}

/// How an operator is written: how tightly it binds, and its parts.
pub(super) fn form(op: Op, target: Target) -> Form {
    match target {
        Target::Infix => ours(op),
        Target::Python => python(op),
        Target::C => c(op),
        Target::Rust => rust(op),
        Target::Latex => latex(op),
        Target::Excel => excel(op),
        Target::Sympy => sympy(op),
        Target::Sql => sql(op),
    }
}

fn arithmetic(op: Op) -> Form {
    match op {
        Op::Add => infix(SUM, " + "),
        Op::Sub => infix(SUM, " - "),
        Op::Mul => infix(PRODUCT, " * "),
        Op::Div => infix(PRODUCT, " / "),
        Op::Neg => (MINUS, vec![Text("-"), Left(POWER)]),
        other => call(&[other.name()], other.arity()),
    }
}

fn ours(op: Op) -> Form {
    match op {
        Op::Pow => (POWER, vec![Left(BASE), Text(" ^ "), Right(POWER)]),
        other => arithmetic(other),
    }
}

fn python(op: Op) -> Form {
    match op {
        Op::Pow => call(&["math.pow"], 2),
        Op::Inverse => (PRODUCT, vec![Text("1.0 / "), Left(MINUS)]),
        Op::Square => (POWER, vec![Left(BASE), Text(" ** 2")]),
        Op::Cube => (POWER, vec![Left(BASE), Text(" ** 3")]),
        Op::Ln => call(&["math.log"], 1),
        Op::Sqrt | Op::Exp | Op::Log2 | Op::Log10 | Op::Sin | Op::Cos | Op::Tan | Op::Tanh => {
            call(&["math.", op.name()], 1)
        }
        other => arithmetic(other),
    }
}

fn c(op: Op) -> Form {
    match op {
        Op::Abs => call(&["fabs"], 1),
        Op::Min => call(&["smaller"], 2),
        Op::Max => call(&["larger"], 2),
        Op::Inverse => (PRODUCT, vec![Text("1.0 / "), Left(MINUS)]),
        Op::Square => call(&["square"], 1),
        Op::Ln => call(&["log"], 1),
        other => arithmetic(other),
    }
}

fn rust(op: Op) -> Form {
    match op {
        Op::Min => call(&["smaller"], 2),
        Op::Max => call(&["larger"], 2),
        Op::Pow => call(&["f64::powf"], 2),
        Op::Inverse => (PRODUCT, vec![Text("1.0 / "), Left(MINUS)]),
        Op::Square => (ATOM, vec![Text("f64::powi("), Left(0), Text(", 2)")]),
        Op::Cube => (ATOM, vec![Text("f64::powi("), Left(0), Text(", 3)")]),
        Op::Abs
        | Op::Sqrt
        | Op::Exp
        | Op::Ln
        | Op::Log2
        | Op::Log10
        | Op::Sin
        | Op::Cos
        | Op::Tan
        | Op::Tanh => call(&["f64::", op.name()], 1),
        other => arithmetic(other),
    }
}

fn latex(op: Op) -> Form {
    let function =
        |name: &'static str| (CALL, vec![Text(name), Text(r"\left("), Left(0), Text(r"\right)")]);
    let named = |name: &'static str| {
        let mut pieces = vec![Text(r"\operatorname{"), Text(name), Text(r"}\left("), Left(0)];
        if op.arity() == 2 {
            pieces.extend([Text(", "), Right(0)]);
        }
        pieces.push(Text(r"\right)"));
        (CALL, pieces)
    };
    let of_two = |name: &'static str| {
        let pieces =
            vec![Text(name), Text(r"\left("), Left(0), Text(", "), Right(0), Text(r"\right)")];
        (CALL, pieces)
    };
    match op {
        Op::Add => infix(SUM, " + "),
        Op::Sub => infix(SUM, " - "),
        Op::Mul => infix(PRODUCT, r" \cdot "),
        Op::Div => (POWER, vec![Text(r"\frac{"), Left(0), Text("}{"), Right(0), Text("}")]),
        Op::Pow => (POWER, vec![Left(ATOM), Text("^{"), Right(0), Text("}")]),
        Op::Neg => (MINUS, vec![Text("-"), Left(POWER)]),
        Op::Min => of_two(r"\min"),
        Op::Max => of_two(r"\max"),
        Op::Abs => (ATOM, vec![Text(r"\left|"), Left(0), Text(r"\right|")]),
        Op::Inverse => (POWER, vec![Text(r"\frac{1}{"), Left(0), Text("}")]),
        Op::Square => (POWER, vec![Left(ATOM), Text("^{2}")]),
        Op::Cube => (POWER, vec![Left(ATOM), Text("^{3}")]),
        Op::Sqrt => (ATOM, vec![Text(r"\sqrt{"), Left(0), Text("}")]),
        Op::Exp => (POWER, vec![Text("e^{"), Left(0), Text("}")]),
        Op::Ln => function(r"\ln"),
        Op::Log2 => function(r"\log_{2}"),
        Op::Log10 => function(r"\log_{10}"),
        Op::Sin => function(r"\sin"),
        Op::Cos => function(r"\cos"),
        Op::Tan => function(r"\tan"),
        Op::Tanh => function(r"\tanh"),
        Op::Sigmoid => (POWER, vec![Text(r"\frac{1}{1 + e^{-"), Left(POWER), Text("}}")]),
        Op::GuardedSqrt => (ATOM, vec![Text(r"\sqrt{\left|"), Left(0), Text(r"\right|}")]),
        Op::GuardedDiv | Op::GuardedPow | Op::GuardedInverse | Op::GuardedLn => named(op.name()),
    }
}

fn excel(op: Op) -> Form {
    let function = |name: &'static str| (ATOM, vec![Text(name), Left(0), Text(")")]);
    let of_two =
        |name: &'static str| (ATOM, vec![Text(name), Left(0), Text(","), Right(0), Text(")")]);
    match op {
        Op::Add => infix(SUM, "+"),
        Op::Sub => infix(SUM, "-"),
        Op::Mul => infix(PRODUCT, "*"),
        Op::Div => infix(PRODUCT, "/"),
        Op::Pow => (POWER, vec![Left(BASE), Text("^"), Right(BASE)]),
        Op::Neg => (MINUS, vec![Text("-"), Left(BASE)]),
        Op::Min => of_two("MIN("),
        Op::Max => of_two("MAX("),
        Op::Abs => function("ABS("),
        Op::Inverse => (PRODUCT, vec![Text("1/"), Left(MINUS)]),
        Op::Square => (POWER, vec![Left(BASE), Text("^2")]),
        Op::Cube => (POWER, vec![Left(BASE), Text("^3")]),
        Op::Sqrt => function("SQRT("),
        Op::Exp => function("EXP("),
        Op::Ln => function("LN("),
        Op::Log2 => (ATOM, vec![Text("LOG("), Left(0), Text(",2)")]),
        Op::Log10 => function("LOG10("),
        Op::Sin => function("SIN("),
        Op::Cos => function("COS("),
        Op::Tan => function("TAN("),
        Op::Tanh => function("TANH("),
        Op::Sigmoid => (PRODUCT, vec![Text("1/(1+EXP(-"), Left(BASE), Text("))")]),
        Op::GuardedSqrt => (ATOM, vec![Text("SQRT(ABS("), Left(0), Text("))")]),
        Op::GuardedPow => {
            let pieces = vec![Text("ABS("), Left(0), Text(")^MAX(MIN("), Right(0), Text(",3),-3)")];
            (POWER, pieces)
        }
        Op::GuardedDiv => {
            let condition = [Text("IF(ABS("), Right(0), Text(")>0.001,")];
            let values = [Left(PRODUCT), Text("/"), Right(MINUS), Text(",1)")];
            (ATOM, [condition.as_slice(), &values].concat())
        }
        Op::GuardedInverse => {
            let condition = [Text("IF(ABS("), Left(0), Text(")>0.001,")];
            (ATOM, [condition.as_slice(), &[Text("1/"), Left(MINUS), Text(",0)")]].concat())
        }
        Op::GuardedLn => {
            let condition = [Text("IF(ABS("), Left(0), Text(")>0.001,")];
            (ATOM, [condition.as_slice(), &[Text("LN(ABS("), Left(0), Text(")),0)")]].concat())
        }
    }
}

fn sympy(op: Op) -> Form {
    match op {
        Op::Pow => (POWER, vec![Left(BASE), Text("**"), Right(POWER)]),
        Op::Mul => infix(PRODUCT, "*"),
        Op::Div => infix(PRODUCT, "/"),
        Op::Abs => call(&["Abs"], 1),
        Op::Min => call(&["Min"], 2),
        Op::Max => call(&["Max"], 2),
        Op::Inverse => (PRODUCT, vec![Text("1/"), Left(MINUS)]),
        Op::Square => (POWER, vec![Left(BASE), Text("**2")]),
        Op::Cube => (POWER, vec![Left(BASE), Text("**3")]),
        Op::Ln => call(&["log"], 1),
        Op::Log2 => (ATOM, vec![Text("log("), Left(0), Text(", 2)")]),
        Op::Log10 => (ATOM, vec![Text("log("), Left(0), Text(", 10)")]),
        Op::Sigmoid => (PRODUCT, vec![Text("1/(1 + exp(-"), Left(POWER), Text("))")]),
        Op::GuardedSqrt => (ATOM, vec![Text("sqrt(Abs("), Left(0), Text("))")]),
        Op::GuardedPow => {
            let pieces =
                vec![Text("Abs("), Left(0), Text(")**Max(Min("), Right(0), Text(", 3), -3)")];
            (POWER, pieces)
        }
        Op::GuardedDiv => {
            let value = [Text("Piecewise(("), Left(PRODUCT), Text("/"), Right(MINUS)];
            let rest = [Text(", Abs("), Right(0), Text(") > 0.001), (1, True))")];
            (ATOM, [value.as_slice(), &rest].concat())
        }
        Op::GuardedInverse => {
            let value = [Text("Piecewise((1/"), Left(MINUS), Text(", Abs("), Left(0)];
            (ATOM, [value.as_slice(), &[Text(") > 0.001), (0, True))")]].concat())
        }
        Op::GuardedLn => {
            let value = [Text("Piecewise((log(Abs("), Left(0), Text(")), Abs("), Left(0)];
            (ATOM, [value.as_slice(), &[Text(") > 0.001), (0, True))")]].concat())
        }
        other => arithmetic(other),
    }
}

fn sql(op: Op) -> Form {
    match op {
        // Two minus signs would begin a comment.
        Op::Neg => (ATOM, vec![Text("(-("), Left(0), Text("))")]),
        Op::Pow => call(&["power"], 2),
        Op::Square => (ATOM, vec![Text("power("), Left(0), Text(", 2.0)")]),
        Op::Cube => (ATOM, vec![Text("power("), Left(0), Text(", 3.0)")]),
        Op::Inverse => (PRODUCT, vec![Text("1.0 / "), Left(MINUS)]),
        // PostgreSQL has no log2.
        Op::Log2 => (PRODUCT, vec![Text("ln("), Left(0), Text(") * 1.4426950408889634")]),
        Op::Sigmoid => (PRODUCT, vec![Text("1.0 / (1.0 + exp(-("), Left(0), Text(")))")]),
        Op::GuardedSqrt => (ATOM, vec![Text("sqrt(abs("), Left(0), Text("))")]),
        other => arithmetic(other),
    }
}

/// Operators that name an operand twice in SQL, for operands that are leaves.
pub(super) fn sql_case(op: Op) -> Option<Vec<Piece>> {
    let x = Left(MINUS);
    let y = Right(MINUS);
    let pieces = match op {
        Op::Min => {
            vec![Text("CASE WHEN "), x, Text(" < "), y, Text(" THEN "), x, Text(" ELSE "), y]
        }
        Op::Max => {
            vec![Text("CASE WHEN "), x, Text(" > "), y, Text(" THEN "), x, Text(" ELSE "), y]
        }
        Op::GuardedDiv => {
            let condition = [Text("CASE WHEN abs("), y, Text(") > 0.001 THEN ")];
            [condition.as_slice(), &[x, Text(" / "), y, Text(" ELSE 1.0")]].concat()
        }
        Op::GuardedPow => {
            let clamp = [Text("CASE WHEN "), y, Text(" > 3.0 THEN power(abs("), x];
            let low = [Text("), 3.0) WHEN "), y, Text(" < -3.0 THEN power(abs("), x];
            let free = [Text("), -3.0) ELSE power(abs("), x, Text("), "), y, Text(")")];
            [clamp.as_slice(), &low, &free].concat()
        }
        Op::GuardedInverse => {
            vec![Text("CASE WHEN abs("), x, Text(") > 0.001 THEN 1.0 / "), x, Text(" ELSE 0.0")]
        }
        Op::GuardedLn => {
            let value = [Text(") > 0.001 THEN ln(abs("), x, Text(")) ELSE 0.0")];
            [[Text("CASE WHEN abs("), x].as_slice(), &value].concat()
        }
        _ => return None,
    };
    Some([pieces.as_slice(), &[Text(" END")]].concat())
}

/// Functions that exported code brings along, by target, in the order in which they are written.
pub(super) fn helper(op: Op, target: Target) -> Option<&'static str> {
    match target {
        Target::Python => match op {
            Op::Sigmoid => Some(
                "def sigmoid(x):\n    return 1.0 / (1.0 + math.exp(-x)) if x > -709.0 else 0.0\n",
            ),
            Op::GuardedDiv => {
                Some("def gdiv(x, y):\n    return x / y if abs(y) > 0.001 else 1.0\n")
            }
            Op::GuardedPow => {
                Some("def gpow(x, y):\n    return math.pow(abs(x), max(min(y, 3.0), -3.0))\n")
            }
            Op::GuardedInverse => {
                Some("def ginv(x):\n    return 1.0 / x if abs(x) > 0.001 else 0.0\n")
            }
            Op::GuardedSqrt => Some("def gsqrt(x):\n    return math.sqrt(abs(x))\n"),
            Op::GuardedLn => {
                Some("def gln(x):\n    return math.log(abs(x)) if abs(x) > 0.001 else 0.0\n")
            }
            _ => None,
        },
        Target::C => match op {
            Op::Min => Some(
                "static double smaller(double x, double y) { return isnan(x) || x < y ? x : y; }\n",
            ),
            Op::Max => Some(
                "static double larger(double x, double y) { return isnan(x) || x > y ? x : y; }\n",
            ),
            Op::Square => Some("static double square(double x) { return x * x; }\n"),
            Op::Cube => Some("static double cube(double x) { return x * x * x; }\n"),
            Op::Sigmoid => {
                Some("static double sigmoid(double x) { return 1.0 / (1.0 + exp(-x)); }\n")
            }
            Op::GuardedDiv => Some(
                "static double gdiv(double x, double y) { return fabs(y) > 0.001 ? x / y : 1.0; }\n",
            ),
            Op::GuardedPow => Some(
                "static double gpow(double x, double y) { return pow(fabs(x), y > 3.0 ? 3.0 : y < -3.0 ? -3.0 : y); }\n",
            ),
            Op::GuardedInverse => {
                Some("static double ginv(double x) { return fabs(x) > 0.001 ? 1.0 / x : 0.0; }\n")
            }
            Op::GuardedSqrt => Some("static double gsqrt(double x) { return sqrt(fabs(x)); }\n"),
            Op::GuardedLn => Some(
                "static double gln(double x) { return fabs(x) > 0.001 ? log(fabs(x)) : 0.0; }\n",
            ),
            _ => None,
        },
        Target::Rust => match op {
            Op::Min => Some(
                "fn smaller(x: f64, y: f64) -> f64 {\n    if x.is_nan() || x < y { x } else { y }\n}\n",
            ),
            Op::Max => Some(
                "fn larger(x: f64, y: f64) -> f64 {\n    if x.is_nan() || x > y { x } else { y }\n}\n",
            ),
            Op::Sigmoid => Some("fn sigmoid(x: f64) -> f64 {\n    1.0 / (1.0 + f64::exp(-x))\n}\n"),
            Op::GuardedDiv => Some(
                "fn gdiv(x: f64, y: f64) -> f64 {\n    if y.abs() > 0.001 { x / y } else { 1.0 }\n}\n",
            ),
            Op::GuardedPow => {
                Some("fn gpow(x: f64, y: f64) -> f64 {\n    x.abs().powf(y.clamp(-3.0, 3.0))\n}\n")
            }
            Op::GuardedInverse => Some(
                "fn ginv(x: f64) -> f64 {\n    if x.abs() > 0.001 { 1.0 / x } else { 0.0 }\n}\n",
            ),
            Op::GuardedSqrt => Some("fn gsqrt(x: f64) -> f64 {\n    x.abs().sqrt()\n}\n"),
            Op::GuardedLn => Some(
                "fn gln(x: f64) -> f64 {\n    if x.abs() > 0.001 { x.abs().ln() } else { 0.0 }\n}\n",
            ),
            _ => None,
        },
        Target::Infix | Target::Latex | Target::Excel | Target::Sympy | Target::Sql => None,
    }
}
