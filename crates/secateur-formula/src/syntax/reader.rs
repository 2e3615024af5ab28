//! Reads formulas: operator precedence with two stacks, operands straight into the order of
//! [`Tree`].

use secateur_core::nearest;
use std::collections::HashMap;

use super::functions::{self, Function};
use super::lexer::{Lexer, Token};
use super::{Place, Syntax, TEXT_MAX, guards};
use crate::error::FormulaError;
use crate::op::{GUARD, Op};
use crate::tree::{Node, Tree};

/// Reads a formula over columns of these names. A name that no column has may be `x` or `X` and
/// the number of a column from 0.
///
/// # Errors
/// [`FormulaError`] with the place where the text is no formula of the syntax.
pub fn read(text: &str, syntax: Syntax, names: &[String]) -> Result<Tree, FormulaError> {
    let mut numbers = HashMap::new();
    for (number, name) in names.iter().enumerate() {
        numbers.entry(name.clone()).or_insert(number as u32);
    }
    let columns = Columns { numbers, names: names.to_vec(), open: false };
    Ok(Reader::new(text, syntax, columns)?.run()?.0)
}

/// Reads a formula whose columns are what it names, numbered in the order in which they appear.
///
/// # Errors
/// [`FormulaError`] with the place where the text is no formula of the syntax.
pub fn read_open(text: &str, syntax: Syntax) -> Result<(Tree, Vec<String>), FormulaError> {
    let columns = Columns { numbers: HashMap::new(), names: Vec::new(), open: true };
    Reader::new(text, syntax, columns)?.run()
}

/// Most names that are compared for the nearest of a name that is not there.
const COMPARED_MAX: usize = 10_000;

struct Columns {
    numbers: HashMap<String, u32>,
    names: Vec<String>,
    /// Names that are not there are added.
    open: bool,
}

impl Columns {
    fn number(&mut self, name: &str, cell: bool) -> Option<u32> {
        if let Some(number) = self.numbers.get(name) {
            return Some(*number);
        }
        if self.open {
            let number = self.names.len() as u32;
            self.names.push(name.to_owned());
            self.numbers.insert(name.to_owned(), number);
            return Some(number);
        }
        let digits = name.strip_prefix(['x', 'X']).filter(|_| !cell)?;
        let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
        let number: u32 = digits.parse().ok().filter(|_| plain)?;
        ((number as usize) < self.names.len()).then_some(number)
    }

    fn near(&self, name: &str) -> String {
        let names = self.names.iter().take(COMPARED_MAX).map(String::as_str);
        nearest(name, names).map_or_else(String::new, |near| format!("; the nearest is {near}"))
    }
}

/// Column and row of a cell, both from 0 and 1.
fn cell(name: &str) -> Option<(u32, u32)> {
    let name = name.strip_prefix('$').unwrap_or(name);
    let letters = name.bytes().take_while(u8::is_ascii_alphabetic).count();
    if !(1..=3).contains(&letters) {
        return None;
    }
    let row = name[letters..].strip_prefix('$').unwrap_or(&name[letters..]);
    let column = name[..letters]
        .bytes()
        .fold(0, |column, letter| column * 26 + u32::from(letter.to_ascii_uppercase() - b'A') + 1);
    let plain = row.bytes().all(|digit| digit.is_ascii_digit());
    let row: u32 = row.parse().ok().filter(|row| plain && *row > 0)?;
    Some((column - 1, row))
}

/// What an operand on the stack is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Number,
    /// `abs(y) > 0.001`; y is set aside.
    Guard,
    True,
}

#[derive(Clone, Copy)]
struct Operand {
    /// Its first node.
    start: usize,
    meaning: Meaning,
}

#[derive(Clone, Copy)]
enum Held {
    Infix(Op),
    Greater,
    Minus,
    /// A parenthesis.
    Group,
    /// A function; the operands that were there before it.
    Call {
        function: Function,
        before: usize,
    },
}

struct Reader<'a> {
    text: &'a str,
    syntax: Syntax,
    lexer: Lexer<'a>,
    columns: Columns,
    nodes: Vec<Node>,
    operands: Vec<Operand>,
    held: Vec<(Held, usize)>,
    /// What the conditions that are open compare.
    guarded: Vec<Vec<Node>>,
    /// The row that all cells are of.
    row: Option<u32>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, syntax: Syntax, columns: Columns) -> Result<Self, FormulaError> {
        if text.len() > TEXT_MAX {
            let (found, most) = (text.len() as u64, TEXT_MAX as u64);
            return Err(FormulaError::TooLarge { what: "bytes of the formula", found, most });
        }
        let mut from = 0;
        if syntax == Syntax::Excel {
            // Lines before the one with the formula say which column is which.
            let mut at = 0;
            for line in text.split_inclusive('\n') {
                if line.trim_start().starts_with('=') {
                    from = at + line.len() - line.trim_start().len() + 1;
                    break;
                }
                at += line.len();
            }
        }
        Ok(Self {
            text,
            syntax,
            lexer: Lexer::new(text, from, syntax),
            columns,
            nodes: Vec::new(),
            operands: Vec::new(),
            held: Vec::new(),
            guarded: Vec::new(),
            row: None,
        })
    }

    fn wrong(&self, at: usize, what: impl Into<String>) -> FormulaError {
        FormulaError::Syntax { place: Place::of(self.text, at), what: what.into() }
    }

    fn run(mut self) -> Result<(Tree, Vec<String>), FormulaError> {
        let mut next = self.lexer.next()?;
        loop {
            // An operand is expected.
            let (token, at) = next;
            next = self.lexer.next()?;
            match token {
                Token::Plus => continue,
                Token::Minus => {
                    if let Some(after) = self.negative(&next)? {
                        next = after;
                    } else {
                        self.held.push((Held::Minus, at));
                        continue;
                    }
                }
                Token::Number(value) => self.push(Node::Const(value)),
                Token::Quoted(name) => self.variable(&name, false, at)?,
                Token::Name(name) if next.0 == Token::Open => {
                    let function = self.function(&name, at)?;
                    self.held.push((Held::Call { function, before: self.operands.len() }, at));
                    next = self.lexer.next()?;
                    if next.0 != Token::Close {
                        continue;
                    }
                    let (_, closed) = next;
                    next = self.lexer.next()?;
                    self.close(closed)?;
                }
                Token::Name(name) => self.name(&name, at)?,
                Token::Open => {
                    self.held.push((Held::Group, at));
                    continue;
                }
                other => {
                    let found = describe(&other);
                    return Err(self.wrong(at, format!("{found}, where an operand is expected")));
                }
            }
            // An operator is expected.
            loop {
                let (token, at) = next;
                let op = match token {
                    Token::Plus => Held::Infix(Op::Add),
                    Token::Minus => Held::Infix(Op::Sub),
                    Token::Times => Held::Infix(Op::Mul),
                    Token::Over => Held::Infix(Op::Div),
                    Token::Power => Held::Infix(Op::Pow),
                    Token::Greater => Held::Greater,
                    Token::Percent => {
                        self.push(Node::Const(100.0));
                        self.apply(Op::Div, at)?;
                        next = self.lexer.next()?;
                        continue;
                    }
                    Token::Comma => {
                        self.comma(at)?;
                        next = self.lexer.next()?;
                        break;
                    }
                    Token::Close => {
                        self.close(at)?;
                        next = self.lexer.next()?;
                        continue;
                    }
                    Token::End => return self.end(),
                    other => {
                        let what = format!(
                            "{}, where an operator is expected; products are written with *",
                            describe(&other)
                        );
                        return Err(self.wrong(at, what));
                    }
                };
                self.infix(op, at)?;
                next = self.lexer.next()?;
                break;
            }
        }
    }

    /// A minus that is the sign of a number: pushes the number, gives what comes after it.
    fn negative(&mut self, next: &(Token, usize)) -> Result<Option<(Token, usize)>, FormulaError> {
        let Token::Number(value) = next.0 else { return Ok(None) };
        let after = self.lexer.next()?;
        if after.0 == Token::Power && self.syntax != Syntax::Excel {
            // -2 ^ x is -(2 ^ x).
            self.held.push((Held::Minus, next.1));
            self.push(Node::Const(value));
        } else {
            self.push(Node::Const(-value));
        }
        Ok(Some(after))
    }

    fn push(&mut self, node: Node) {
        self.operands.push(Operand { start: self.nodes.len(), meaning: Meaning::Number });
        self.nodes.push(node);
    }

    fn variable(&mut self, name: &str, cell: bool, at: usize) -> Result<(), FormulaError> {
        match self.columns.number(name, cell) {
            Some(number) => {
                self.push(Node::Var(number));
                Ok(())
            }
            None => Err(FormulaError::UnknownVariable {
                place: Place::of(self.text, at),
                name: name.to_owned(),
                near: self.columns.near(name),
            }),
        }
    }

    fn name(&mut self, name: &str, at: usize) -> Result<(), FormulaError> {
        if self.columns.numbers.contains_key(name) {
            return self.variable(name, false, at);
        }
        if self.syntax == Syntax::Excel
            && let Some((column, row)) = cell(name)
        {
            if *self.row.get_or_insert(row) != row {
                let first = self.row.unwrap_or(row);
                let what = format!("{name} is not in row {first}; a formula is over one row");
                return Err(self.wrong(at, what));
            }
            if self.columns.open {
                return self.variable(&name.replace('$', ""), true, at);
            }
            if (column as usize) < self.columns.names.len() {
                self.push(Node::Var(column));
                return Ok(());
            }
        }
        if let Some(value) = functions::constant(name, self.syntax) {
            self.push(Node::Const(value));
            return Ok(());
        }
        let lower = name.to_lowercase();
        if lower == "true" && self.syntax != Syntax::Gplearn {
            self.operands.push(Operand { start: self.nodes.len(), meaning: Meaning::True });
            return Ok(());
        }
        if matches!(lower.as_str(), "nan" | "inf" | "infinity" | "oo" | "zoo") {
            let place = Place::of(self.text, at);
            return Err(FormulaError::NotFinite { place, text: name.to_owned() });
        }
        self.variable(name, false, at)
    }

    fn function(&self, name: &str, at: usize) -> Result<Function, FormulaError> {
        functions::function(name, self.syntax).ok_or_else(|| {
            let near = nearest(name, functions::all_names(self.syntax));
            FormulaError::UnknownFunction {
                place: Place::of(self.text, at),
                name: name.to_owned(),
                near: near.map_or_else(String::new, |near| format!("; the nearest is {near}")),
            }
        })
    }

    /// How tightly an operator binds.
    fn level(&self, held: Held) -> u8 {
        let excel = self.syntax == Syntax::Excel;
        match held {
            Held::Group | Held::Call { .. } => 0,
            Held::Greater => 1,
            Held::Infix(Op::Add | Op::Sub) => 2,
            Held::Infix(Op::Mul | Op::Div) => 3,
            Held::Minus if excel => 6,
            Held::Minus => 4,
            Held::Infix(_) => 5,
        }
    }

    fn infix(&mut self, held: Held, at: usize) -> Result<(), FormulaError> {
        if self.syntax == Syntax::Gplearn {
            return Err(self.wrong(at, "formulas of gplearn have functions, add(a, b), only"));
        }
        let level = self.level(held);
        // Powers are worked out from the right, in Excel from the left.
        let right = matches!(held, Held::Infix(Op::Pow)) && self.syntax != Syntax::Excel;
        self.reduce(level + u8::from(right))?;
        self.held.push((held, at));
        Ok(())
    }

    /// Applies what is held and binds at least as tightly as `level`.
    fn reduce(&mut self, level: u8) -> Result<(), FormulaError> {
        while let Some((held, at)) = self.held.last().copied() {
            if self.level(held) < level.max(1) {
                break;
            }
            self.held.pop();
            match held {
                Held::Infix(op) => self.apply(op, at)?,
                Held::Minus => self.apply(Op::Neg, at)?,
                Held::Greater => self.compare(at)?,
                Held::Group | Held::Call { .. } => break,
            }
        }
        Ok(())
    }

    /// An operator over the operands last read.
    fn apply(&mut self, op: Op, at: usize) -> Result<(), FormulaError> {
        let first = self.operands.len().checked_sub(op.arity());
        let first = first.expect("operators are held between operands");
        if self.operands[first..].iter().any(|operand| operand.meaning != Meaning::Number) {
            return Err(self.wrong(at, "a condition stands where a number is expected"));
        }
        self.operands.truncate(first + 1);
        self.nodes.push(Node::Op(op));
        Ok(())
    }

    /// A comparison: the size of something with the guard.
    fn compare(&mut self, at: usize) -> Result<(), FormulaError> {
        let limit = self.operands.pop().expect("operators are held between operands");
        let size = self.operands.last_mut().expect("operators are held between operands");
        let numbers = limit.meaning == Meaning::Number && size.meaning == Meaning::Number;
        let bound = matches!(self.nodes[limit.start..], [Node::Const(bound)] if bound == GUARD);
        let absolute = limit.start > 0 && self.nodes[limit.start - 1] == Node::Op(Op::Abs);
        if !(numbers && bound && absolute) {
            let what = "the only condition that is read is that of a guard, abs(y) > 0.001";
            return Err(self.wrong(at, what));
        }
        size.meaning = Meaning::Guard;
        let start = size.start;
        self.nodes.truncate(limit.start - 1);
        self.guarded.push(self.nodes.split_off(start));
        Ok(())
    }

    fn comma(&mut self, at: usize) -> Result<(), FormulaError> {
        self.reduce(1)?;
        let inside = matches!(
            self.held.as_slice(),
            [.., (Held::Call { .. }, _)]
                | [.., (Held::Call { function: Function::Piecewise, .. }, _), (Held::Group, _)]
        );
        if let Some((Held::Call { function: Function::Log, .. }, _)) = self.held.last() {
            return self.apply(Op::Ln, at);
        }
        if inside {
            return Ok(());
        }
        Err(self.wrong(at, "a comma outside of a function; decimals are written with a point"))
    }

    fn close(&mut self, at: usize) -> Result<(), FormulaError> {
        self.reduce(1)?;
        match self.held.pop() {
            Some((Held::Group, _)) => Ok(()),
            Some((Held::Call { function, before }, called)) => {
                self.call(function, self.operands.len() - before, called)
            }
            _ => Err(self.wrong(at, "this parenthesis closes nothing")),
        }
    }

    fn call(&mut self, function: Function, count: usize, at: usize) -> Result<(), FormulaError> {
        let takes = |least: usize, most: usize| {
            if (least..=most).contains(&count) {
                return Ok(());
            }
            let wanted = if least == most {
                least.to_string()
            } else if most == usize::MAX {
                format!("{least} or more")
            } else {
                format!("{least} to {most}")
            };
            let plural = if wanted == "1" { "" } else { "s" };
            Err(self.wrong(at, format!("the function takes {wanted} operand{plural}, not {count}")))
        };
        match function {
            Function::Op(op) => {
                takes(op.arity(), op.arity())?;
                self.apply(op, at)
            }
            Function::Chain(op) => {
                takes(1, usize::MAX)?;
                self.chain(op, count, at)
            }
            Function::Same => takes(1, 1),
            Function::Pi => {
                takes(0, 0)?;
                self.push(Node::Const(std::f64::consts::PI));
                Ok(())
            }
            Function::Log => {
                takes(1, 2)?;
                self.log(count, at)
            }
            Function::CubeRoot => {
                takes(1, 1)?;
                self.push(Node::Const(1.0 / 3.0));
                self.apply(Op::Pow, at)
            }
            Function::Ramp => {
                takes(1, 1)?;
                self.push(Node::Const(0.0));
                self.apply(Op::Max, at)
            }
            Function::Log1p => {
                takes(1, 1)?;
                self.push(Node::Const(1.0));
                self.apply(Op::Add, at)?;
                self.apply(Op::Ln, at)
            }
            Function::If => {
                takes(3, 3)?;
                self.guard([1, 0, 2], at)
            }
            Function::Piecewise => {
                takes(4, 4)?;
                if self.operands.pop().map(|last| last.meaning) != Some(Meaning::True) {
                    return Err(self.wrong(at, "the last condition of Piecewise is True"));
                }
                self.guard([0, 1, 2], at)
            }
        }
    }

    /// An operator of two over the last `count` operands.
    fn chain(&mut self, op: Op, count: usize, at: usize) -> Result<(), FormulaError> {
        for _ in 1..count {
            self.apply(op, at)?;
        }
        Ok(())
    }

    fn log(&mut self, count: usize, at: usize) -> Result<(), FormulaError> {
        if count == 1 {
            let op = if self.syntax == Syntax::Excel { Op::Log10 } else { Op::Ln };
            return self.apply(op, at);
        }
        // The comma has made a natural logarithm of the first operand.
        let base = *self.operands.last().expect("two operands");
        let known = match self.nodes[base.start..] {
            [Node::Const(2.0)] => Some(Op::Log2),
            [Node::Const(10.0)] => Some(Op::Log10),
            _ => None,
        };
        if let Some(op) = known {
            self.nodes.truncate(base.start - 1);
            self.nodes.push(Node::Op(op));
            self.operands.pop();
            return Ok(());
        }
        self.apply(Op::Ln, at)?;
        self.apply(Op::Div, at)
    }

    /// The last three operands as a guarded operator; `order` says which are the value where the
    /// condition holds, the condition, and the value elsewhere.
    fn guard(&mut self, order: [usize; 3], at: usize) -> Result<(), FormulaError> {
        let [then, condition, otherwise] = order;
        let first = self.operands.len() - 3;
        let three: Vec<Operand> = self.operands[first..].to_vec();
        let expected = |number: usize| {
            if number == condition { Meaning::Guard } else { Meaning::Number }
        };
        let meant = (0..3).all(|number| three[number].meaning == expected(number));
        let range = |number: usize| {
            let end = three.get(number + 1).map_or(self.nodes.len(), |next| next.start);
            &self.nodes[three[number].start..end]
        };
        let operand = if meant { self.guarded.pop() } else { None };
        let found = operand.and_then(|y| guards::guarded(&y, range(then), range(otherwise)));
        let Some(found) = found else {
            let what = "the only condition that is read is a guard: \
                        x/y, 1/y or log(abs(y)) where abs(y) > 0.001, and 1 or 0 elsewhere";
            return Err(self.wrong(at, what));
        };
        // The nodes are the value where the condition holds, then a constant.
        self.nodes.pop();
        match found {
            Op::GuardedLn => self.nodes.truncate(self.nodes.len() - 2),
            Op::GuardedInverse => {
                self.nodes.pop();
                self.nodes.remove(three[0].start);
            }
            _ => self.nodes.truncate(self.nodes.len() - 1),
        }
        self.nodes.push(Node::Op(found));
        self.operands.truncate(first + 1);
        self.operands[first].meaning = Meaning::Number;
        Ok(())
    }

    fn end(mut self) -> Result<(Tree, Vec<String>), FormulaError> {
        self.reduce(1)?;
        if let Some((_, at)) = self.held.last() {
            return Err(self.wrong(*at, "this parenthesis is not closed"));
        }
        if self.operands.len() != 1 || self.operands[0].meaning != Meaning::Number {
            return Err(self.wrong(0, "a condition stands where a number is expected"));
        }
        let tree = Tree::new(self.nodes).expect("operators have their operands");
        Ok((tree, self.columns.names))
    }
}

fn describe(token: &Token) -> String {
    match token {
        Token::Number(value) => format!("the number {value:?}"),
        Token::Name(name) | Token::Quoted(name) => format!("the name {name}"),
        Token::Plus => "a +".to_owned(),
        Token::Minus => "a -".to_owned(),
        Token::Times => "a *".to_owned(),
        Token::Over => "a /".to_owned(),
        Token::Power => "a power".to_owned(),
        Token::Percent => "a %".to_owned(),
        Token::Greater => "a >".to_owned(),
        Token::Open => "a parenthesis".to_owned(),
        Token::Close => "a closing parenthesis".to_owned(),
        Token::Comma => "a comma".to_owned(),
        Token::End => "the end of the text".to_owned(),
    }
}
