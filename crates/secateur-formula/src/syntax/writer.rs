//! Writes formulas, for people and for other languages.

use std::collections::HashMap;
use std::fmt::Write;

use super::names::safe_names;
use super::styles::{self, ATOM, MINUS, PRODUCT, Piece};
use super::{Syntax, TEXT_MAX, functions};
use crate::error::FormulaError;
use crate::op::Op;
use crate::tree::{Node, Tree};

/// What a formula is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// Our own syntax, which reads back to the same tree.
    Infix,
    /// A function of Python over numbers; a fault raises an exception.
    Python,
    /// A function of C.
    C,
    /// A function of Rust.
    Rust,
    /// A formula of LaTeX, for mathematics mode.
    Latex,
    /// A formula for row 2 of a sheet whose columns are those of the data, below a line that says
    /// which is which.
    Excel,
    /// An expression of SymPy.
    Sympy,
    /// An expression of SQL, for SQLite (with its functions of mathematics) and PostgreSQL.
    Sql,
}

impl Target {
    /// Every target.
    pub const ALL: [Self; 8] = [
        Self::Infix,
        Self::Python,
        Self::C,
        Self::Rust,
        Self::Latex,
        Self::Excel,
        Self::Sympy,
        Self::Sql,
    ];

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Infix => "infix",
            Self::Python => "python",
            Self::C => "c",
            Self::Rust => "rust",
            Self::Latex => "latex",
            Self::Excel => "excel",
            Self::Sympy => "sympy",
            Self::Sql => "sql",
        }
    }

    /// The target of a name, as [`Target::name`] gives it.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.name() == name)
    }

    fn is_code(self) -> bool {
        matches!(self, Self::Python | Self::C | Self::Rust)
    }

    /// Longest text: what Excel takes, and for the others what we read.
    fn length_max(self) -> usize {
        if self == Self::Excel { 8192 } else { TEXT_MAX }
    }
}

/// Operators above each other in one statement of exported code; compilers and interpreters
/// limit the parentheses of an expression.
const LEVELS_MAX: usize = 30;

/// Writes a formula over columns of these names; a column beyond them is `x` and its number.
///
/// # Errors
/// [`FormulaError::Export`] when the text would be longer than the target takes: Excel and SymPy
/// write operands of guarded operators twice.
pub fn write(tree: &Tree, names: &[String], target: Target) -> Result<String, FormulaError> {
    let variables = tree.variables();
    let mut all = names.to_vec();
    let needed = variables.last().map_or(0, |last| *last as usize + 1);
    for number in all.len()..needed {
        all.push(format!("x{number}"));
    }
    let safe = safe_names(&all, target);
    let written: HashMap<u32, String> = variables
        .iter()
        .map(|number| (*number, variable(&safe[*number as usize], *number, target)))
        .collect();
    let cuts = if target.is_code() { cuts(tree) } else { HashMap::new() };
    let mut writer = Writer {
        tree,
        starts: tree.starts(),
        target,
        names: &written,
        cuts: &cuts,
        text: String::new(),
    };
    let mut lets = Vec::new();
    for (index, _) in tree.nodes().iter().enumerate() {
        if let Some(number) = cuts.get(&index) {
            writer.node(index, true)?;
            lets.push((*number, std::mem::take(&mut writer.text)));
        }
    }
    writer.node(tree.size() - 1, true)?;
    let value = writer.text;
    let comments = variables.iter().map(|number| *number as usize);
    let comments: Vec<(&str, &str)> = comments
        .filter(|number| safe[*number] != all[*number])
        .map(|number| (safe[number].as_str(), all[number].as_str()))
        .collect();
    let parameters: Vec<&str> =
        variables.iter().map(|number| safe[*number as usize].as_str()).collect();
    Ok(match target {
        Target::Infix | Target::Latex | Target::Sql => value,
        Target::Excel => {
            let cells = variables
                .iter()
                .map(|number| format!("{}: {}", written[number], one_line(&all[*number as usize])));
            let cells: Vec<String> = cells.collect();
            format!("{}\n={value}", cells.join(", "))
        }
        // After the expression: SymPy joins the lines.
        Target::Sympy if comments.is_empty() => value,
        Target::Sympy => format!("{value}\n{}", commented("#", &comments)),
        Target::Python | Target::C | Target::Rust => {
            code(tree, target, &comments, &parameters, &lets, &value)
        }
    })
}

/// A text without line breaks, for a comment.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn commented(mark: &str, comments: &[(&str, &str)]) -> String {
    let line = |(safe, name): &(&str, &str)| format!("{mark} {safe}: {}\n", one_line(name));
    comments.iter().map(line).collect()
}

/// A function around a value.
fn code(
    tree: &Tree,
    target: Target,
    comments: &[(&str, &str)],
    parameters: &[&str],
    lets: &[(usize, String)],
    value: &str,
) -> String {
    let used = |op: &Op| tree.nodes().contains(&Node::Op(*op));
    let helpers = Op::ALL.into_iter().filter(used).filter_map(|op| styles::helper(op, target));
    let helpers: Vec<&str> = helpers.collect();
    let typed = |parameter: &&str| match target {
        Target::C => format!("double {parameter}"),
        Target::Rust => format!("{parameter}: f64"),
        _ => (*parameter).to_owned(),
    };
    let typed: Vec<String> = parameters.iter().map(typed).collect();
    let (head, gap, mark) = match target {
        Target::C => ("#include <math.h>\n\n", "\n", "//"),
        Target::Rust => ("", "\n", "//"),
        _ => ("import math\n\n\n", "\n\n", "#"),
    };
    let mut text = head.to_owned();
    for helper in helpers {
        text.push_str(helper);
        text.push_str(gap);
    }
    text.push_str(&commented(mark, comments));
    let list = typed.join(", ");
    let open = match target {
        Target::C if list.is_empty() => "double formula(void) {\n".to_owned(),
        Target::C => format!("double formula({list}) {{\n"),
        Target::Rust => format!("pub fn formula({list}) -> f64 {{\n"),
        _ => format!("def formula({list}):\n"),
    };
    text.push_str(&open);
    for (number, value) in lets {
        let line = match target {
            Target::C => format!("    double t{number} = {value};\n"),
            Target::Rust => format!("    let t{number} = {value};\n"),
            _ => format!("    t{number} = {value}\n"),
        };
        text.push_str(&line);
    }
    let close = match target {
        Target::C => format!("    return {value};\n}}\n"),
        Target::Rust => format!("    {value}\n}}\n"),
        _ => format!("    return {value}\n"),
    };
    text + &close
}

/// Nodes that get a statement of their own, numbered.
fn cuts(tree: &Tree) -> HashMap<usize, usize> {
    let mut heights: Vec<usize> = Vec::new();
    let mut cuts = HashMap::new();
    for (index, node) in tree.nodes().iter().enumerate() {
        let below = heights.drain(heights.len() - node.arity()..).max();
        let mut height = below.map_or(0, |below| below + 1);
        if height > LEVELS_MAX {
            height = 0;
            cuts.insert(index, cuts.len() + 1);
        }
        heights.push(height);
    }
    cuts
}

/// Whether a name can stand bare in our own syntax.
fn is_bare(name: &str) -> bool {
    let mut chars = name.chars();
    let first = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    let rest = chars.all(|c| c.is_alphanumeric() || c == '_');
    let special = functions::function(name, Syntax::Infix).is_some()
        || functions::constant(name, Syntax::Infix).is_some();
    first && rest && !special
}

fn variable(name: &str, number: u32, target: Target) -> String {
    match target {
        Target::Infix if is_bare(name) => name.to_owned(),
        Target::Infix => format!("`{}`", name.replace('`', "``")),
        Target::Python | Target::C | Target::Rust | Target::Sympy => name.to_owned(),
        Target::Sql => format!("CAST(\"{}\" AS DOUBLE PRECISION)", name.replace('"', "\"\"")),
        Target::Excel => {
            let mut letters = Vec::new();
            let mut rest = number + 1;
            while rest > 0 {
                letters.push(char::from(b'A' + ((rest - 1) % 26) as u8));
                rest = (rest - 1) / 26;
            }
            letters.iter().rev().collect::<String>() + "2"
        }
        Target::Latex => {
            let indexed = name
                .strip_prefix(['x', 'X'])
                .filter(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
            if let Some(index) = indexed {
                return format!("x_{{{index}}}");
            }
            if name.chars().count() == 1 && name.chars().all(char::is_alphabetic) {
                return name.to_owned();
            }
            let mut escaped = String::new();
            for c in name.chars() {
                match c {
                    '_' | '%' | '&' | '#' | '$' | '{' | '}' => {
                        escaped.push('\\');
                        escaped.push(c);
                    }
                    '\\' => escaped.push_str(r"\backslash "),
                    '^' => escaped.push_str(r"\hat{}"),
                    '~' => escaped.push_str(r"\sim "),
                    ' ' => escaped.push_str(r"\ "),
                    c if c.is_control() => escaped.push(' '),
                    c => escaped.push(c),
                }
            }
            format!(r"\mathrm{{{escaped}}}")
        }
    }
}

/// A constant, and how tightly its text binds. The digits are the fewest that read back to it.
fn constant(value: f64, target: Target) -> (u8, String) {
    if !value.is_finite() {
        return not_finite(value, target);
    }
    let size = value.abs();
    let plain = size == 0.0 || (1e-5..1e16).contains(&size);
    let digits = match target {
        Target::Python | Target::C | Target::Rust | Target::Sql => format!("{size:?}"),
        _ if plain => format!("{size}"),
        Target::Latex => {
            let written = format!("{size:e}");
            let (mantissa, exponent) = written.split_once('e').expect("the format has an e");
            let text = format!(r"{mantissa} \cdot 10^{{{exponent}}}");
            return if value < 0.0 { (MINUS - 1, format!("-{text}")) } else { (PRODUCT, text) };
        }
        _ => format!("{size:e}"),
    };
    match (value.is_sign_negative(), target) {
        (false, _) => (ATOM, digits),
        (true, Target::Sql) => (ATOM, format!("(-{digits})")),
        (true, _) => (MINUS, format!("-{digits}")),
    }
}

/// Infinities and NaN, which folding a fault leaves behind.
fn not_finite(value: f64, target: Target) -> (u8, String) {
    let (nan, infinity) = match target {
        Target::Python => ("math.nan", "math.inf"),
        Target::C => ("NAN", "INFINITY"),
        Target::Rust => ("f64::NAN", "f64::INFINITY"),
        Target::Latex => (r"\mathrm{NaN}", r"\infty"),
        Target::Excel => ("(0/0)", "(1/0)"),
        Target::Infix | Target::Sympy => ("(0 / 0)", "(1 / 0)"),
        Target::Sql => ("CAST('NaN' AS DOUBLE PRECISION)", "CAST('Infinity' AS DOUBLE PRECISION)"),
    };
    if value.is_nan() {
        (ATOM, nan.to_owned())
    } else if value > 0.0 {
        (ATOM, infinity.to_owned())
    } else {
        (ATOM, format!("(-{infinity})"))
    }
}

enum Task {
    Node { index: usize, level: u8 },
    Text(&'static str),
}

struct Writer<'a> {
    tree: &'a Tree,
    starts: Vec<usize>,
    target: Target,
    names: &'a HashMap<u32, String>,
    cuts: &'a HashMap<usize, usize>,
    text: String,
}

impl Writer<'_> {
    /// Writes the subtree of a node; `root` says that its own cut does not count.
    fn node(&mut self, index: usize, root: bool) -> Result<(), FormulaError> {
        let mut tasks = vec![Task::Node { index, level: 0 }];
        let mut first = root;
        while let Some(task) = tasks.pop() {
            if self.text.len() > self.target.length_max() {
                let most = self.target.length_max();
                let what = format!("a text of more than {most} characters");
                return Err(FormulaError::Export { target: self.target.name(), what });
            }
            match task {
                Task::Text(text) => self.text.push_str(text),
                Task::Node { index, level } => {
                    let cut = self.cuts.get(&index).filter(|_| !first);
                    first = false;
                    if let Some(number) = cut {
                        write!(self.text, "t{number}").expect("a text takes all");
                    } else {
                        self.open(index, level, &mut tasks);
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes a leaf, or puts the parts of an operator on the tasks.
    fn open(&mut self, index: usize, level: u8, tasks: &mut Vec<Task>) {
        let (open, close) =
            if self.target == Target::Latex { (r"\left(", r"\right)") } else { ("(", ")") };
        let (binds, pieces) = match self.tree.nodes()[index] {
            Node::Var(number) => return self.text.push_str(&self.names[&number]),
            Node::Const(value) => {
                let (binds, text) = constant(value, self.target);
                let text = if binds < level { format!("{open}{text}{close}") } else { text };
                return self.text.push_str(&text);
            }
            Node::Op(op) => self.form(op, index),
        };
        let operands = self.tree.operands(index, &self.starts);
        if binds < level {
            tasks.push(Task::Text(close));
        }
        for piece in pieces.iter().rev() {
            tasks.push(match *piece {
                Piece::Text(text) => Task::Text(text),
                Piece::Left(level) => {
                    Task::Node { index: operands[0].expect("an operator has operands"), level }
                }
                Piece::Right(level) => {
                    Task::Node { index: operands[1].expect("the operator has two"), level }
                }
            });
        }
        if binds < level {
            tasks.push(Task::Text(open));
        }
    }

    fn form(&self, op: Op, index: usize) -> (u8, Vec<Piece>) {
        let nodes = self.tree.nodes();
        let [left, right] = self.tree.operands(index, &self.starts);
        let constant = |at: Option<usize>| match at.map(|at| nodes[at]) {
            Some(Node::Const(value)) => Some(value),
            _ => None,
        };
        let positive = constant(left).is_some_and(f64::is_sign_positive);
        match (op, self.target) {
            // Without the parentheses it would read back as a negative constant.
            (Op::Neg, Target::Infix) if positive => {
                (MINUS, vec![Piece::Text("-("), Piece::Left(0), Piece::Text(")")])
            }
            (op, Target::Sql) => {
                let leaves = [left, right].into_iter().flatten().all(|at| nodes[at].arity() == 0);
                sql(op, leaves)
            }
            (op, target) => styles::form(op, target),
        }
    }
}

/// An operator in SQL. Operands that are named twice and are no leaves become columns of a query,
/// so that the text does not double at each level.
fn sql(op: Op, leaves: bool) -> (u8, Vec<Piece>) {
    let Some(case) = styles::sql_case(op) else { return styles::form(op, Target::Sql) };
    if leaves {
        return (ATOM, case);
    }
    let mut pieces = vec![Piece::Text("(SELECT ")];
    pieces.extend(case.into_iter().map(|piece| match piece {
        Piece::Left(_) => Piece::Text("g.x"),
        Piece::Right(_) => Piece::Text("g.y"),
        Piece::Text(text) => Piece::Text(text),
    }));
    pieces.extend([Piece::Text(" FROM (SELECT "), Piece::Left(0), Piece::Text(" AS x")]);
    if op.arity() == 2 {
        pieces.extend([Piece::Text(", "), Piece::Right(0), Piece::Text(" AS y")]);
    }
    pieces.push(Piece::Text(") AS g)"));
    (ATOM, pieces)
}
