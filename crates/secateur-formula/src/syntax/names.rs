//! Names of columns as identifiers of other languages.

use std::collections::HashSet;

use super::Target;

/// Words that are no names in Python, C or Rust, and those that the exported code uses.
const RESERVED: &[&str] = &[
    "False",
    "None",
    "True",
    "and",
    "as",
    "assert",
    "async",
    "await",
    "break",
    "class",
    "continue",
    "def",
    "del",
    "elif",
    "else",
    "except",
    "finally",
    "for",
    "from",
    "global",
    "if",
    "import",
    "in",
    "is",
    "lambda",
    "nonlocal",
    "not",
    "or",
    "pass",
    "raise",
    "return",
    "try",
    "while",
    "with",
    "yield",
    "math",
    "abs",
    "min",
    "max",
    "formula",
    "auto",
    "case",
    "char",
    "const",
    "default",
    "do",
    "double",
    "enum",
    "extern",
    "float",
    "goto",
    "inline",
    "int",
    "long",
    "register",
    "restrict",
    "short",
    "signed",
    "sizeof",
    "static",
    "struct",
    "switch",
    "typedef",
    "union",
    "unsigned",
    "void",
    "volatile",
    "bool",
    "true",
    "false",
    "main",
    "pow",
    "sqrt",
    "exp",
    "log",
    "log2",
    "log10",
    "sin",
    "cos",
    "tan",
    "tanh",
    "fabs",
    "y0",
    "y1",
    "yn",
    "j0",
    "j1",
    "jn",
    "gamma",
    "abstract",
    "become",
    "box",
    "crate",
    "dyn",
    "final",
    "fn",
    "gen",
    "impl",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "pub",
    "ref",
    "self",
    "Self",
    "super",
    "trait",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "f64",
    "smaller",
    "larger",
    "square",
    "cube",
    "sigmoid",
    "gdiv",
    "gpow",
    "ginv",
    "gsqrt",
    "gln",
    "NAN",
    "INFINITY",
    "E",
    "I",
    "N",
    "O",
    "Q",
    "S",
    "C",
    "pi",
    "oo",
    "zoo",
    "nan",
    "inf",
    "beta",
    "zeta",
    "Abs",
    "Min",
    "Max",
    "Piecewise",
    "Symbol",
    "Integer",
    "Float",
    "Rational",
    "Function",
    "Pow",
    "Add",
    "Mul",
    "ln",
    "e",
    "infinity",
];

/// Whether a word is kept for temporary values: `t` and a number.
fn is_temporary(word: &str) -> bool {
    word.strip_prefix('t').is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()))
}

/// Names for use in a language: those of columns with what the language does not allow replaced,
/// no two the same. SQL, Excel, LaTeX and our own infix take any name, so there they stay.
pub fn safe_names(names: &[String], target: Target) -> Vec<String> {
    match target {
        Target::Infix | Target::Sql | Target::Latex | Target::Excel => return names.to_vec(),
        Target::Python | Target::C | Target::Rust | Target::Sympy => {}
    }
    let mut taken: HashSet<String> = HashSet::new();
    let clean = |(number, name): (usize, &String)| {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let mut safe: String = name.chars().map(plain).collect();
        if safe != *name {
            let parts: Vec<&str> = safe.split('_').filter(|part| !part.is_empty()).collect();
            safe = parts.join("_");
        }
        if safe.is_empty() || safe.bytes().all(|b| b == b'_') {
            safe = format!("x{number}");
        }
        if safe.starts_with(|c: char| c.is_ascii_digit()) || safe.starts_with("__") {
            safe = format!("x_{safe}");
        }
        if is_temporary(&safe) || RESERVED.contains(&safe.as_str()) {
            safe.push('_');
        }
        let mut unique = safe.clone();
        let mut copy = 2;
        while !taken.insert(unique.clone()) {
            unique = format!("{safe}_{copy}");
            copy += 1;
        }
        unique
    };
    names.iter().enumerate().map(clean).collect()
}
