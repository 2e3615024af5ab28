//! Tokens into expressions: precedence climbing, with a limit on depth.

use std::sync::Arc;

use super::ast::{Binary, Clause, Compare, Expr, ExprKind};
use super::builtins;
use super::lexer::{Token, TokenKind, tokens};
use crate::error::SesError;
use crate::place::Place;

/// Levels of an expression: brackets in brackets, or terms of one sum.
const DEPTH_MAX: u32 = 200;

/// Words that are no names.
const RESERVED: [&str; 12] =
    ["and", "or", "not", "in", "is", "if", "else", "for", "lambda", "True", "False", "None"];

/// What may stand in an expression, for messages.
pub(crate) const ALLOWED: &str = "expressions are made of numbers, texts, lists, operators, comparisons and calls of listed functions";

/// Reads a text that is one expression.
pub(crate) fn expression(text: &str, place: Place) -> Result<Expr, SesError> {
    let tokens = tokens(text, place)?;
    let mut parser = Parser::new(&tokens);
    let expr = parser.expr()?;
    parser.operators()?;
    match &parser.token().kind {
        TokenKind::End => Ok(expr),
        other => Err(parser.fault(format!("the expression ends before {}", other.shown()))),
    }
}

/// A place in tokens.
pub(crate) struct Parser<'a> {
    pub(crate) tokens: &'a [Token],
    pub(crate) at: usize,
    depth: u32,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(tokens: &'a [Token]) -> Self {
        Self { tokens, at: 0, depth: 0 }
    }

    pub(crate) fn token(&self) -> &'a Token {
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    pub(crate) fn place(&self) -> Place {
        self.token().place
    }

    pub(crate) fn fault(&self, what: impl Into<String>) -> SesError {
        SesError::Syntax { place: self.place(), what: what.into() }
    }

    pub(crate) fn refuse(&self, name: &str) -> SesError {
        SesError::Refused { place: self.place(), name: name.to_owned(), allowed: ALLOWED }
    }

    pub(crate) fn is(&self, mark: &str) -> bool {
        matches!(self.token().kind, TokenKind::Mark(found) if found == mark)
    }

    pub(crate) fn is_word(&self, word: &str) -> bool {
        matches!(&self.token().kind, TokenKind::Name(found) if **found == *word)
    }

    pub(crate) fn take(&mut self, mark: &str) -> bool {
        let found = self.is(mark);
        self.at += usize::from(found);
        found
    }

    pub(crate) fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    pub(crate) fn expect(&mut self, mark: &str) -> Result<(), SesError> {
        if self.take(mark) {
            return Ok(());
        }
        self.operators()?;
        Err(self.fault(format!("`{mark}` was expected, not {}", self.token().kind.shown())))
    }

    /// Refuses operators of Python that are not known, where one stands.
    pub(crate) fn operators(&self) -> Result<(), SesError> {
        const UNKNOWN: [&str; 8] = ["&", "|", "^", "~", "<<", ">>", "@", ":="];
        match UNKNOWN.into_iter().find(|mark| self.is(mark)) {
            Some(mark) => Err(self.refuse(&format!("the operator {mark}"))),
            None => Ok(()),
        }
    }

    /// A name that is no word of the language.
    pub(crate) fn name(&mut self) -> Result<Arc<str>, SesError> {
        match &self.token().kind {
            TokenKind::Name(name) if !RESERVED.contains(&&**name) => {
                self.at += 1;
                Ok(Arc::clone(name))
            }
            other => Err(self.fault(format!("a name was expected, not {}", other.shown()))),
        }
    }

    fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, SesError>,
    ) -> Result<T, SesError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.fault(format!("more than {DEPTH_MAX} levels in one expression")));
        }
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// One expression, up to what cannot go on with it.
    pub(crate) fn expr(&mut self) -> Result<Expr, SesError> {
        self.deeper(|parser| {
            let value = parser.or()?;
            if !parser.is_word("if") {
                return Ok(value);
            }
            let place = parser.place();
            parser.at += 1;
            let condition = parser.or()?;
            if !parser.take_word("else") {
                return Err(parser.fault("`else` was expected"));
            }
            let other = parser.expr()?;
            Ok(Expr { place, kind: ExprKind::IfElse(Box::new([condition, value, other])) })
        })
    }

    fn or(&mut self) -> Result<Expr, SesError> {
        let place = self.place();
        let mut items = vec![self.and()?];
        while self.take_word("or") {
            items.push(self.and()?);
        }
        Ok(single(items, place, ExprKind::Or))
    }

    fn and(&mut self) -> Result<Expr, SesError> {
        let place = self.place();
        let mut items = vec![self.not()?];
        while self.take_word("and") {
            items.push(self.not()?);
        }
        Ok(single(items, place, ExprKind::And))
    }

    fn not(&mut self) -> Result<Expr, SesError> {
        let place = self.place();
        if !self.take_word("not") {
            return self.comparison();
        }
        self.deeper(|parser| Ok(Expr { place, kind: ExprKind::Not(Box::new(parser.not()?)) }))
    }

    fn comparison(&mut self) -> Result<Expr, SesError> {
        let first = self.sum()?;
        let place = first.place;
        let mut rest = Vec::new();
        while let Some(compare) = self.compare() {
            rest.push((compare, self.sum()?));
        }
        if rest.is_empty() {
            return Ok(first);
        }
        Ok(Expr { place, kind: ExprKind::Compare(Box::new(first), rest) })
    }

    fn compare(&mut self) -> Option<Compare> {
        const MARKS: [(&str, Compare); 6] = [
            ("==", Compare::Equal),
            ("!=", Compare::Unequal),
            ("<=", Compare::LessEqual),
            (">=", Compare::GreaterEqual),
            ("<", Compare::Less),
            (">", Compare::Greater),
        ];
        if let Some((_, compare)) = MARKS.iter().find(|(mark, _)| self.is(mark)) {
            self.at += 1;
            return Some(*compare);
        }
        if self.take_word("in") {
            return Some(Compare::In);
        }
        let next = |word: &str| {
            let token = self.tokens.get(self.at + 1).map(|t| &t.kind);
            matches!(token, Some(TokenKind::Name(found)) if **found == *word)
        };
        if self.is_word("not") && next("in") {
            self.at += 2;
            return Some(Compare::NotIn);
        }
        if self.is_word("is") {
            let negated = next("not");
            self.at += 1 + usize::from(negated);
            return Some(if negated { Compare::IsNot } else { Compare::Is });
        }
        None
    }

    /// A chain of operators of one rank; it gets one level deeper with each.
    fn chain(
        &mut self,
        operators: &[(&str, Binary)],
        operand: impl Fn(&mut Self) -> Result<Expr, SesError>,
    ) -> Result<Expr, SesError> {
        let mut left = operand(self)?;
        let mut levels = 0;
        while let Some((_, operator)) = operators.iter().find(|(mark, _)| self.is(mark)) {
            let place = self.place();
            self.at += 1;
            levels += 1;
            if levels + self.depth > DEPTH_MAX {
                return Err(self.fault(format!("more than {DEPTH_MAX} levels in one expression")));
            }
            let right = operand(self)?;
            left =
                Expr { place, kind: ExprKind::Binary(*operator, Box::new(left), Box::new(right)) };
        }
        Ok(left)
    }

    /// Sums and what binds tighter; ranges end with one.
    pub(crate) fn sum(&mut self) -> Result<Expr, SesError> {
        self.chain(&[("+", Binary::Add), ("-", Binary::Subtract)], Self::product)
    }

    fn product(&mut self) -> Result<Expr, SesError> {
        let operators = [
            ("*", Binary::Multiply),
            ("/", Binary::Divide),
            ("//", Binary::Floor),
            ("%", Binary::Modulo),
        ];
        self.chain(&operators, Self::sign)
    }

    fn sign(&mut self) -> Result<Expr, SesError> {
        let place = self.place();
        if self.take("+") {
            return self.deeper(Self::sign);
        }
        if self.take("-") {
            let inner = self.deeper(Self::sign)?;
            return Ok(match inner.kind {
                ExprKind::Int(value) => Expr { place, kind: ExprKind::Int(-value) },
                ExprKind::Float(value) => Expr { place, kind: ExprKind::Float(-value) },
                _ => Expr { place, kind: ExprKind::Negate(Box::new(inner)) },
            });
        }
        let value = self.postfix()?;
        let place = self.place();
        if !self.take("**") {
            return Ok(value);
        }
        let exponent = self.deeper(Self::sign)?;
        let kind = ExprKind::Binary(Binary::Power, Box::new(value), Box::new(exponent));
        Ok(Expr { place, kind })
    }

    /// `a in` or `a, b in`, also in parentheses: the names that a loop binds.
    pub(crate) fn loop_names(&mut self) -> Result<Vec<Arc<str>>, SesError> {
        let bracket = self.take("(");
        let mut names = vec![self.name()?];
        while self.take(",") {
            names.push(self.name()?);
        }
        if bracket {
            self.expect(")")?;
        }
        if !self.take_word("in") {
            return Err(self.fault("`in` was expected"));
        }
        Ok(names)
    }

    fn postfix(&mut self) -> Result<Expr, SesError> {
        let mut value = self.atom()?;
        let mut levels = 0;
        loop {
            let place = self.place();
            levels += 1;
            if levels + self.depth > DEPTH_MAX {
                return Err(self.fault(format!("more than {DEPTH_MAX} levels in one expression")));
            }
            let kind = if self.take("[") {
                self.subscript(value)?
            } else if self.is(".") {
                self.at += 1;
                let name = self.name()?;
                if !self.is("(") {
                    self.at -= 1;
                    return Err(self.refuse(&format!("the attribute {name}")));
                }
                if !builtins::METHODS.contains(&&*name) {
                    self.at -= 1;
                    return Err(self.refuse(&format!("the method {name}")));
                }
                self.at += 1;
                ExprKind::Method(Box::new(value), name, self.arguments()?)
            } else if self.is("(") {
                return Err(self.refuse("a call of something that is no name"));
            } else {
                return Ok(value);
            };
            value = Expr { place, kind };
        }
    }

    fn subscript(&mut self, object: Expr) -> Result<ExprKind, SesError> {
        let object = Box::new(object);
        let from = if self.is(":") { None } else { Some(self.expr()?) };
        if !self.take(":") {
            self.expect("]")?;
            let index = from.expect("an index was read, since there is no colon");
            return Ok(ExprKind::Index(object, Box::new(index)));
        }
        let to = if self.is("]") || self.is(":") { None } else { Some(self.expr()?) };
        let step = if !self.take(":") || self.is("]") { None } else { Some(self.expr()?) };
        self.expect("]")?;
        Ok(ExprKind::Slice(object, Box::new([from, to, step])))
    }

    fn arguments(&mut self) -> Result<Vec<Expr>, SesError> {
        let mut arguments = Vec::new();
        while !self.take(")") {
            if self.is("*") || self.is("**") {
                return Err(self.refuse("an argument with a star"));
            }
            let item = self.expr()?;
            if self.is("=") {
                return Err(self.refuse("an argument with a name"));
            }
            arguments.push(if self.is_word("for") { self.comprehension(item)? } else { item });
            if !self.take(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(arguments)
    }

    fn comprehension(&mut self, item: Expr) -> Result<Expr, SesError> {
        let place = item.place;
        let mut clauses = Vec::new();
        while self.take_word("for") {
            let names = self.loop_names()?;
            let over = self.deeper(Self::or)?;
            let mut when = Vec::new();
            while self.take_word("if") {
                when.push(self.deeper(Self::or)?);
            }
            clauses.push(Clause { names, over, when });
        }
        Ok(Expr { place, kind: ExprKind::Comprehension(Box::new(item), clauses) })
    }

    fn atom(&mut self) -> Result<Expr, SesError> {
        let token = self.token();
        let place = token.place;
        let kind = match &token.kind {
            TokenKind::Int(value) => ExprKind::Int(*value),
            TokenKind::Float(value) => ExprKind::Float(*value),
            TokenKind::Text(text) => return Ok(self.texts(Arc::clone(text))),
            TokenKind::Name(name) => return self.word(name),
            TokenKind::Mark("(") => return self.parenthesis(),
            TokenKind::Mark("[") => return self.list(),
            TokenKind::Mark("{") => return self.dict(),
            other => {
                self.operators()?;
                return Err(self.fault(format!("a value was expected, not {}", other.shown())));
            }
        };
        self.at += 1;
        Ok(Expr { place, kind })
    }

    /// A text, or several beside each other, which are one.
    fn texts(&mut self, first: Arc<str>) -> Expr {
        let place = self.place();
        self.at += 1;
        let mut value = first;
        while let TokenKind::Text(more) = &self.token().kind {
            value = format!("{value}{more}").into();
            self.at += 1;
        }
        Expr { place, kind: ExprKind::Text(value) }
    }

    fn word(&mut self, name: &Arc<str>) -> Result<Expr, SesError> {
        let place = self.place();
        let constant = match &**name {
            "True" | "true" => Some(ExprKind::Bool(true)),
            "False" | "false" => Some(ExprKind::Bool(false)),
            "None" => Some(ExprKind::None),
            "lambda" | "yield" | "await" => return Err(self.refuse(name)),
            word if RESERVED.contains(&word) => {
                return Err(self.fault(format!("a value was expected, not `{word}`")));
            }
            _ => None,
        };
        self.at += 1;
        if let Some(kind) = constant {
            return Ok(Expr { place, kind });
        }
        let kind = if self.take("(") {
            ExprKind::Call(Arc::clone(name), self.deeper(Self::arguments)?)
        } else {
            ExprKind::Name(Arc::clone(name))
        };
        Ok(Expr { place, kind })
    }

    fn parenthesis(&mut self) -> Result<Expr, SesError> {
        let place = self.place();
        self.at += 1;
        if self.take(")") {
            return Ok(Expr { place, kind: ExprKind::Tuple(Vec::new()) });
        }
        let first = self.expr()?;
        if self.is_word("for") {
            let all = self.comprehension(first)?;
            self.expect(")")?;
            return Ok(all);
        }
        if self.take(")") {
            return Ok(first);
        }
        let items = self.items(first, ")")?;
        Ok(Expr { place, kind: ExprKind::Tuple(items) })
    }

    fn items(&mut self, first: Expr, end: &'static str) -> Result<Vec<Expr>, SesError> {
        let mut items = vec![first];
        while !self.take(end) {
            self.expect(",")?;
            if !self.is(end) {
                items.push(self.expr()?);
            }
        }
        Ok(items)
    }

    fn list(&mut self) -> Result<Expr, SesError> {
        let place = self.place();
        self.at += 1;
        if self.take("]") {
            return Ok(Expr { place, kind: ExprKind::List(Vec::new()) });
        }
        let first = self.expr()?;
        if self.is_word("for") {
            let all = self.comprehension(first)?;
            self.expect("]")?;
            return Ok(all);
        }
        let items = self.items(first, "]")?;
        Ok(Expr { place, kind: ExprKind::List(items) })
    }

    fn dict(&mut self) -> Result<Expr, SesError> {
        let place = self.place();
        self.at += 1;
        let mut pairs = Vec::new();
        while !self.take("}") {
            let key = self.expr()?;
            if self.is(",") || self.is("}") {
                return Err(self.refuse("a set"));
            }
            self.expect(":")?;
            pairs.push((key, self.expr()?));
            if self.is_word("for") {
                return Err(self.refuse("a dictionary made by a loop"));
            }
            if !self.take(",") {
                self.expect("}")?;
                break;
            }
        }
        Ok(Expr { place, kind: ExprKind::Dict(pairs) })
    }
}

fn single(mut items: Vec<Expr>, place: Place, many: fn(Vec<Expr>) -> ExprKind) -> Expr {
    if items.len() > 1 {
        return Expr { place, kind: many(items) };
    }
    items.pop().expect("an operand was read")
}
