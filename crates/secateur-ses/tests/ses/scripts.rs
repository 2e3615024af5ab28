//! Expressions and functions: what they give, as Python 3.11 gives it, and what is refused.

use secateur_ses::check::check;
use secateur_ses::error::SesError;
use secateur_ses::model::Ses;
use secateur_ses::prune::{Request, prune};

use crate::tree::{Tree, entity};

/// The value of `f(1)` in a file with one function, or the error.
fn value(source: &str) -> Result<String, SesError> {
    let ses = read(source)?;
    let pes = prune(&ses, &Request::default())?.pes;
    Ok(pes.attribute(0, "v").unwrap())
}

fn read(source: &str) -> Result<Ses, SesError> {
    let root = entity(1, "a", 0).attribute("v", "f(1)", "x");
    Tree::new(&[root]).function("f", source).read()
}

/// What an expression gives.
#[track_caller]
fn check_value(expression: &str, expect: &str) {
    let found = value(&format!("def f(x):\n\treturn {expression}\n"));
    assert_eq!(found.as_deref(), Ok(expect), "{expression}");
}

/// What a body gives.
#[track_caller]
fn check_body(body: &str, expect: &str) {
    let found = value(&format!("def f(x):\n\t{}\n", body.replace('\n', "\n\t")));
    assert_eq!(found.as_deref(), Ok(expect), "{body}");
}

/// What is refused, and by which words.
#[track_caller]
fn check_refused(source: &str, expect: &[&str]) {
    let error = value(source).unwrap_err();
    let said = error.to_string();
    assert_eq!(error.code(), "SEC-SE-002", "{said}");
    assert!(expect.iter().all(|part| said.contains(part)), "{said}\n  lacks one of {expect:?}");
}

#[test]
fn expressions_give_what_python_gives() {
    for (expression, expect) in [
        ("(1, 2) + (3,)", "(1, 2, 3)"),
        ("2 * (1, 2)", "(1, 2, 1, 2)"),
        ("[1, 2, 3, 4, 5][::2]", "[1, 3, 5]"),
        ("[1, 2, 3, 4, 5][::-1]", "[5, 4, 3, 2, 1]"),
        ("[1, 2, 3, 4, 5][-2:]", "[4, 5]"),
        ("[1, 2, 3, 4, 5][3:1]", "[]"),
        ("[1, 2, 3, 4, 5][3:0:-2]", "[4, 2]"),
        ("[1, 2, 3][-9:9]", "[1, 2, 3]"),
        ("[1, 2, 3][-9:9:-1]", "[]"),
        ("'abc'[::-1]", "cba"),
        ("round(2.675, 2)", "2.67"),
        ("round(2.5)", "2"),
        ("round(-0.5)", "0"),
        ("round(1234, -2)", "1200"),
        ("round(1250, -2)", "1200"),
        ("round(1350, -2)", "1400"),
        ("round(-1250, -2)", "-1200"),
        ("round(1234.5, -2)", "1200.0"),
        ("round(True)", "1"),
        ("sum([1, 2], 10)", "13"),
        ("list(enumerate(['a'], 1))", "[(1, 'a')]"),
        ("'banana'.count('an')", "2"),
        ("'banana'.index('n')", "2"),
        ("-7 // 2", "-4"),
        ("-7 % 3", "2"),
        ("7 % -3", "-2"),
        ("-7.5 % 2", "0.5"),
        ("2 ** 3 ** 2", "512"),
        ("-2 ** 2", "-4"),
        ("1 < 2 < 3 and not 1 < 3 < 2", "True"),
        ("None or 0", "0"),
        ("str(1e16) + str(1e-5) + str(0.1 + 0.2)", "1e+161e-050.30000000000000004"),
        ("[[i, j] for i in range(2) for j in range(2) if i != j]", "[[0, 1], [1, 0]]"),
        ("[i + j for (i, j) in [[1, 2], [3, 4]]]", "[3, 7]"),
        ("'out' + str(x + 1) + ' / SPR'", "out2 / SPR"),
    ] {
        check_value(expression, expect);
    }
}

#[test]
fn statements_do_what_python_does() {
    check_body("a = b = []\na.append(1)\nreturn b", "[1]");
    check_body("a = []\nb = a\nb += [1]\nb += (2,)\nreturn a", "[1, 2]");
    check_body("a = 'x'\nb = a\nb += 'y'\nreturn a + b", "xxy");
    check_body("a = (1,)\nb = a\nb += (2,)\nreturn [a, b]", "[(1,), (1, 2)]");
    check_body("a = [[1], 2]\na[0] += [3]\na[1] **= 3\nreturn a", "[[1, 3], 8]");
    check_body("for (i, j) in [[1, 2]]:\n\treturn i + j", "3");
    check_body("a, b = 1, 2\na, b = b, a\nreturn [a, b]", "[2, 1]");
    check_body(
        "r = []\nfor i in range(0, 6, 2):\n\tfor j in [1, 2]:\n\t\tif i == 2 and j == 1:\n\t\t\tcontinue\n\t\telif i == 4:\n\t\t\tbreak\n\t\tr.append([i, j])\nreturn r",
        "[[0, 1], [0, 2], [2, 2]]",
    );
    check_body("try:\n\treturn {}['k']\nexcept KeyError:\n\treturn 'none'", "none");
}

#[test]
fn what_is_not_listed_is_refused_by_name_and_place() {
    let body = |body: &str| format!("def f(x):\n\tif x == 99:\n\t\t{body}\n\treturn 1\n");
    // None of these lines is ever run.
    for (line, name) in [
        ("return open('x')", "the function open"),
        ("return [print(x) for y in [1]]", "the function print"),
        ("x[eval('0')] = 1", "the function eval"),
        ("for i in map(x, [1]):\n\t\t\tpass", "the function map"),
        ("return x.system('y')", "the method system"),
        ("return x.real", "the attribute real"),
        ("return x & 1", "the operator &"),
        ("return ~x", "the operator ~"),
        ("return x << 1", "the operator <<"),
        ("return {1, 2}", "a set"),
        ("return {k: 1 for k in x}", "a dictionary made by a loop"),
        ("while x: x -= 1", "while"),
        ("while [x]: x -= 1", "while"),
        ("del x[0]", "del"),
        ("import os", "import"),
        ("global x", "global"),
        ("return (lambda y: y)", "lambda"),
        ("return f'{x}'", "a text that begins with f"),
    ] {
        check_refused(&body(line), &["function f: line 3", name]);
    }
    check_refused("def f(x: int):\n\treturn 1", &["an annotation"]);
    check_refused("def f(x) -> int:\n\treturn 1", &["an annotation"]);
    check_refused("def f(x):\n\tfor i in x:\n\t\tpass\n\telse:\n\t\tpass", &["else after for"]);
    check_refused("def f(x):\n\treturn g(x)\n", &["the function g"]);
    check_refused("def f(x):\n\treturn isinstance(x, int)\n", &["the function isinstance"]);
    assert_eq!(value("def g(x):\n\treturn x\ndef f(x):\n\treturn g(x)\n").as_deref(), Ok("1"));
}

#[test]
fn a_check_finds_calls_that_are_never_run() {
    let ses = read("def f(x):\n\tif x == 99:\n\t\treturn open('x')\n\treturn 1\n").unwrap();
    let findings = check(&ses);
    let found = findings.iter().find(|finding| finding.rule == "name").unwrap();
    assert!(found.is_error && found.message.contains("the function open"), "{}", found.message);
}

#[test]
fn errors_say_in_which_part_they_are() {
    let said = |source: &str| value(source).unwrap_err().to_string();
    let zero = said("def g(x):\n\treturn 1 / 0\n\ndef f(x):\n\treturn g(x)\n");
    assert!(zero.starts_with("function g: line 2, column 11: ZeroDivisionError"), "{zero}");
    let caught = "def g(x):\n\treturn [x][5]\n\ndef f(x):\n\ttry:\n\t\treturn g(x)\n\texcept IndexError:\n\t\treturn {}['k']\n";
    assert!(said(caught).starts_with("function f: line 8"), "{}", said(caught));
    assert!(said("def f(x)\n\treturn 1").starts_with("function f: line 2"));
    let root = entity(1, "a", 0).attribute("v", "y + 1", "x");
    let ses = Tree::new(&[root]).read().unwrap();
    let named = prune(&ses, &Request::default()).unwrap_err().to_string();
    assert!(named.starts_with("/a: node 1: there is no variable y"), "{named}");
    let root = entity(1, "a", 0).attribute("v", "1 +", "x");
    let named = Tree::new(&[root]).read().unwrap_err().to_string();
    assert!(named.starts_with("a: node 1: "), "{named}");
    let tree = || Tree::new(&[entity(1, "a", 0)]).variable("n", "1");
    let ses = tree().condition("len(n) > 0").read().unwrap();
    let failed = prune(&ses, &Request::default()).unwrap_err().to_string();
    assert!(failed.starts_with("condition `len(n) > 0`: "), "{failed}");
    assert!(tree().condition("n >").read().unwrap_err().to_string().contains("`n >`"));
    let ses = tree().read().unwrap();
    let request = Request { variables: vec![("n".into(), "l".into())], ..Request::default() };
    let given = prune(&ses, &request).unwrap_err().to_string();
    assert!(given.starts_with("-D n: ") && given.contains("variable l"), "{given}");
}
