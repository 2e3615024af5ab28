//! What each syntax means.

use secateur_formula::evaluate::value_at;
use secateur_formula::syntax::{Syntax, Target, read, write};

use crate::trees::names;

const ROW: [f64; 3] = [1.5, 2.5, -0.75];

/// A text over columns a, b, c gives this value in the row.
fn check(syntax: Syntax, text: &str, expect: f64) {
    let tree = read(text, syntax, &names(&["a", "b", "c"])).unwrap_or_else(|e| panic!("{e}"));
    let found = value_at(&tree, &ROW);
    assert!((found - expect).abs() <= 1e-14 * expect.abs().max(1.0), "{text}: {found} {expect}");
}

/// A text over columns a, b, c is refused at this column with this message.
fn refused(syntax: Syntax, text: &str, code: &str, says: &str) {
    let error = read(text, syntax, &names(&["a", "b", "c"])).expect_err(text);
    let message = error.to_string();
    assert!(error.code() == code && message.contains(says), "{text}: {} {message}", error.code());
}

#[test]
fn infix_is_what_mathematics_means() {
    let [a, b, c] = ROW;
    check(Syntax::Infix, "a + b * c", a + b * c);
    check(Syntax::Infix, "-a ^ 2", -(a * a));
    check(Syntax::Infix, "-2 ^ 2", -4.0);
    check(Syntax::Infix, "(-2) ** 2", 4.0);
    check(Syntax::Infix, "2 ^ 3 ^ 2", 512.0);
    check(Syntax::Infix, "a ^ -b * c", a.powf(-b) * c);
    check(Syntax::Infix, "a - -2", a + 2.0);
    check(Syntax::Infix, "a - b - c", a - b - c);
    check(Syntax::Infix, "a / b / c", a / b / c);
    check(Syntax::Infix, "math.log(a) + np.exp(c) - LOG10(b)", a.ln() + c.exp() - b.log10());
    check(Syntax::Infix, "max(a, b, c) + min(a, b, c)", b + c);
    check(Syntax::Infix, "`a` + [b] + X2 + x0", a + b + c + a);
    check(Syntax::Infix, "2 * pi + 1.5e-3 + .5 + 3.", std::f64::consts::TAU + 0.0015 + 3.5);
    check(Syntax::Infix, "# a comment\na\n  + b", a + b);
    check(Syntax::Infix, "log(b, 2) + log(b, 10) + log(b, 3)", {
        b.log2() + b.log10() + b.ln() / 3_f64.ln()
    });
}

#[test]
fn gplearn_is_guarded() {
    let [a, b, c] = ROW;
    check(Syntax::Gplearn, "add(mul(X0, X1), sub(X2, X2))", a * b);
    check(Syntax::Gplearn, "div(X0, sub(X1, X1))", 1.0);
    check(Syntax::Gplearn, "log(X2)", c.abs().ln());
    check(Syntax::Gplearn, "sqrt(X2)", c.abs().sqrt());
    check(Syntax::Gplearn, "inv(sub(a, a))", 0.0);
    check(Syntax::Gplearn, "add(-0.517, sig(neg(b)))", -0.517 + 1.0 / (1.0 + b.exp()));
    refused(Syntax::Gplearn, "add(X0, X1) + 1", "SEC-FO-001", "formulas of gplearn have functions");
    refused(Syntax::Gplearn, "exp(X0)", "SEC-FO-002", "column 1: there is no function exp");
}

#[test]
fn sympy_and_pysr_are_read_as_they_print() {
    let [a, b, c] = ROW;
    check(Syntax::Sympy, "x0**2*exp(-x1/3) + Abs(x2) + Max(x0, 1)", {
        a * a * (-b / 3.0).exp() + c.abs() + a
    });
    check(Syntax::Sympy, "E*pi/3 - Rational(1, 2) + Pow(x0, 2)", {
        std::f64::consts::E * std::f64::consts::PI / 3.0 - 0.5 + a * a
    });
    check(Syntax::Sympy, "Piecewise((a/b, Abs(b) > 0.001), (1, True))", a / b);
    check(Syntax::Pysr, "square(x0) + (x1 * -2.3) - cube(inv(x2))", {
        a * a - 2.3 * b - (1.0 / c).powi(3)
    });
    check(Syntax::Pysr, "safe_log(x0 ^ 2) + 1.2e-5 + relu(x2) + neg(x1)", {
        (a * a).ln() + 1.2e-5 - b
    });
}

#[test]
fn excel_has_its_own_precedence() {
    let [a, b, c] = ROW;
    check(Syntax::Excel, "=-2^2", 4.0);
    check(Syntax::Excel, "=2^3^2", 64.0);
    check(Syntax::Excel, "=2^-1", 0.5);
    check(Syntax::Excel, "=LN(A2)*POWER(B2,2)+PI()", a.ln() * b * b + std::f64::consts::PI);
    check(Syntax::Excel, "=LOG(B2)+LOG10(B2)+LOG(B2;2)+1,5", 2.0 * b.log10() + b.log2() + 1.5);
    check(Syntax::Excel, "=$A$2+Sheet1!B2+'my sheet'!C2+50%", a + b + c + 0.5);
    check(Syntax::Excel, "=[@a]+[@[b]]+Table1[c]+Table1[@[a]]", 2.0 * a + b + c);
    check(Syntax::Excel, "A2 = a, B2 = b\n=SUM(A2,B2,C2)", a + b + c);
    check(Syntax::Excel, "=IF(ABS(B2)>0.001,A2/B2,1)", a / b);
    refused(Syntax::Excel, "=A2+B3", "SEC-FO-001", "B3 is not in row 2");
    refused(Syntax::Excel, "=IF(A2>1,2,3)", "SEC-FO-001", "the only condition");
    refused(Syntax::Excel, "=1,5*A2", "SEC-FO-001", "decimals are written with a point");
    refused(Syntax::Excel, "=D2", "SEC-FO-003", "no column D2");
}

#[test]
fn mistakes_are_shown_where_they_are() {
    let infix = Syntax::Infix;
    refused(infix, "a + sqr(b)", "SEC-FO-002", "\n  a + sqr(b)\n      ^");
    refused(infix, "a + sqr(b)", "SEC-FO-002", "the nearest is sq");
    refused(infix, "a +\n  dd", "SEC-FO-003", "line 2, column 3: there is no column dd");
    refused(infix, "2a", "SEC-FO-001", "column 2: the name a, where an operator is expected");
    refused(infix, "1e400 * a", "SEC-FO-004", "1e400 is no finite number");
    refused(infix, "a * nan", "SEC-FO-004", "nan");
    refused(infix, "(a + b", "SEC-FO-001", "column 1: this parenthesis is not closed");
    refused(infix, "a + b)", "SEC-FO-001", "column 6: this parenthesis closes nothing");
    refused(infix, "a +", "SEC-FO-001", "the end of the text, where an operand is expected");
    refused(infix, "", "SEC-FO-001", "the end of the text");
    refused(infix, "sqrt(a, b)", "SEC-FO-001", "takes 1 operand, not 2");
    refused(infix, "min()", "SEC-FO-001", "takes 1 or more operands, not 0");
    refused(infix, "a, b", "SEC-FO-001", "a comma outside of a function");
    refused(infix, "a % b", "SEC-FO-001", "remainder");
    refused(infix, "y = a", "SEC-FO-001", "column 3: an equation was found");
    refused(infix, "`a", "SEC-FO-001", "the backquote is not closed");
    refused(infix, "True", "SEC-FO-001", "a condition");
    refused(infix, "a > b", "SEC-FO-001", "a guard");
    refused(infix, "x3", "SEC-FO-003", "x3");
    refused(infix, "1..2", "SEC-FO-001", "");
    refused(Syntax::Excel, "=IF(1,2,TRUE)", "SEC-FO-001", "");
}

#[test]
fn depth_is_no_limit() {
    const DEPTH: usize = 1_000_000;
    let one = names(&["x"]);
    let nested = "(".repeat(DEPTH) + "x" + &")".repeat(DEPTH);
    assert_eq!(read(&nested, Syntax::Infix, &one).unwrap().size(), 1);
    let minus = "-".repeat(DEPTH) + "x";
    let tree = read(&minus, Syntax::Infix, &one).unwrap();
    assert_eq!(tree.depth(), DEPTH + 1);
    for target in [Target::Infix, Target::C, Target::Sympy] {
        write(&tree, &one, target).unwrap();
    }
    let powers = "x^".repeat(DEPTH) + "x";
    assert_eq!(read(&powers, Syntax::Infix, &one).unwrap().depth(), DEPTH + 1);
    let calls = "log(".repeat(DEPTH);
    assert!(read(&calls, Syntax::Infix, &one).is_err());
    let sheets = "a!".repeat(DEPTH);
    assert!(read(&sheets, Syntax::Excel, &one).is_err());
    let long = "x+".repeat(9 << 20);
    assert_eq!(read(&long, Syntax::Infix, &one).unwrap_err().code(), "SEC-FO-005");
}

#[test]
fn parentheses_are_those_that_are_needed() {
    let names = names(&["a", "b", "fine aggregate", "ln", "d`e"]);
    for text in [
        "a + b + a",
        "a + (b + a)",
        "a - (b - a)",
        "a * (b + 2)",
        "a / (b * a)",
        "-a ^ 2",
        "(-a) ^ 2",
        "-(a + b)",
        "-(2)",
        "a ^ b ^ a",
        "(a ^ b) ^ a",
        "a + -2",
        "(-2) ^ a",
        "`fine aggregate` * `ln` + `d``e`",
        "ln(a) * sq(b) - gdiv(a, b)",
        "1e-7 * a + 12345678.9",
    ] {
        let tree = read(text, Syntax::Infix, &names).unwrap();
        assert_eq!(write(&tree, &names, Target::Infix).unwrap(), text);
    }
}

#[test]
fn latex_reads_well() {
    let names = names(&["x0", "w/b ratio", "fly_ash", "t"]);
    for (text, expect) in [
        ("x0 / t + ln(t)", r"\frac{x_{0}}{t} + \ln\left(t\right)"),
        ("2 * `w/b ratio` ^ -0.5", r"2 \cdot \mathrm{w/b\ ratio}^{-0.5}"),
        ("sq(x0 + t) * exp(-t)", r"\left(x_{0} + t\right)^{2} \cdot e^{-t}"),
        ("sqrt(fly_ash) - 1e-7", r"\sqrt{\mathrm{fly\_ash}} - 1 \cdot 10^{-7}"),
        ("abs(t) * inv(x0)", r"\left|t\right| \cdot \frac{1}{x_{0}}"),
        ("sq(ln(t))", r"\left(\ln\left(t\right)\right)^{2}"),
    ] {
        let tree = read(text, Syntax::Infix, &names).unwrap();
        assert_eq!(write(&tree, &names, Target::Latex).unwrap(), expect);
    }
}
