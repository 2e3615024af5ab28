//! Tokens into the definitions of a function's source; blocks are told by indentation.

use std::sync::Arc;

use super::ast::{Binary, Definition, Expr, ExprKind, Statement, StatementKind, Target};
use super::lexer::{Token, TokenKind, tokens};
use super::parser::Parser;
use crate::error::SesError;
use crate::place::Place;

/// The mark before each line.
const LINE: &str = "\n";

/// Blocks in blocks.
const BLOCKS_MAX: u32 = 40;

const ALLOWED: &str = "functions are made of def, assignments, if, for, try, return, pass, break, continue and listed functions";

/// Statements of Python that are never run.
const REFUSED: [&str; 15] = [
    "import", "from", "class", "global", "nonlocal", "with", "async", "await", "del", "raise",
    "assert", "yield", "exec", "match", "while",
];

/// Reads a source that is made of definitions.
pub(crate) fn module(source: &str, place: Place) -> Result<Vec<Definition>, SesError> {
    // A mark before each line, so that no expression goes over its end.
    let mut lines = Vec::new();
    for token in tokens(source, place)? {
        if token.indent.is_some() {
            lines.push(Token { kind: TokenKind::Mark(LINE), ..token.clone() });
        }
        lines.push(token);
    }
    let mut reader = Reader { parser: Parser::new(&lines), blocks: 0 };
    let mut definitions = Vec::new();
    loop {
        let indent = reader.parser.token().indent.unwrap_or(0);
        reader.parser.take(LINE);
        if reader.parser.token().kind == TokenKind::End {
            break;
        }
        if reader.parser.is_word("def") {
            definitions.push(reader.definition(indent)?);
            continue;
        }
        reader.refuse_statement()?;
        // A text that stands alone is a comment.
        if matches!(reader.parser.token().kind, TokenKind::Text(_)) {
            reader.parser.at += 1;
            reader.end_of_line()?;
            continue;
        }
        return Err(reader.refused("code outside of a def"));
    }
    Ok(definitions)
}

struct Reader<'a> {
    parser: Parser<'a>,
    blocks: u32,
}

impl Reader<'_> {
    fn refused(&self, name: &str) -> SesError {
        SesError::Refused { place: self.parser.place(), name: name.to_owned(), allowed: ALLOWED }
    }

    fn refuse_statement(&self) -> Result<(), SesError> {
        let TokenKind::Name(word) = &self.parser.token().kind else {
            return if self.parser.is("@") { Err(self.refused("a decorator")) } else { Ok(()) };
        };
        let next = self.parser.tokens.get(self.parser.at + 1).map(|t| &t.kind);
        // Two of them are names as well.
        let plain = matches!(&**word, "exec" | "match")
            && matches!(next, Some(TokenKind::Mark("=" | "." | "[" | "+=" | "-=" | ",")));
        if REFUSED.contains(&&**word) && !plain {
            return Err(self.refused(word));
        }
        Ok(())
    }

    fn definition(&mut self, indent: u32) -> Result<Definition, SesError> {
        self.parser.at += 1;
        let name = self.parser.name()?;
        self.parser.expect("(")?;
        let mut parameters = Vec::new();
        while !self.parser.take(")") {
            if self.parser.is("*") || self.parser.is("**") {
                return Err(self.refused("a parameter with a star"));
            }
            let parameter = self.parser.name()?;
            if self.parser.is(":") {
                return Err(self.refused("an annotation of a parameter"));
            }
            let default = if self.parser.take("=") { Some(self.parser.expr()?) } else { None };
            parameters.push((parameter, default));
            if !self.parser.take(",") {
                self.parser.expect(")")?;
                break;
            }
        }
        if self.parser.is("->") {
            return Err(self.refused("an annotation of what is returned"));
        }
        let body = self.block(indent)?;
        Ok(Definition { name, parameters, body })
    }

    fn starts_line(&self) -> bool {
        self.parser.is(LINE)
    }

    fn end_of_line(&mut self) -> Result<(), SesError> {
        if self.parser.take(";") || self.starts_line() {
            return Ok(());
        }
        self.parser.operators()?;
        let shown = self.parser.token().kind.shown();
        Err(self.parser.fault(format!("the statement ends before {shown}")))
    }

    /// `:` and the statements after it, on the same line or further in than `outer`.
    fn block(&mut self, outer: u32) -> Result<Vec<Statement>, SesError> {
        self.parser.expect(":")?;
        self.blocks += 1;
        if self.blocks > BLOCKS_MAX {
            return Err(self.parser.fault(format!("more than {BLOCKS_MAX} blocks in each other")));
        }
        let mut statements = Vec::new();
        if self.starts_line() {
            let indent = self.parser.token().indent.unwrap_or(0);
            if indent <= outer {
                return Err(self.parser.fault("an indented statement was expected"));
            }
            while let Some(found) = self.parser.token().indent {
                if found < indent {
                    break;
                }
                if found > indent {
                    return Err(self.parser.fault("the line is indented further than its block"));
                }
                self.parser.take(LINE);
                statements.push(self.statement(indent)?);
                while !self.starts_line() {
                    statements.push(self.statement(indent)?);
                }
            }
        } else {
            loop {
                statements.push(self.statement(outer)?);
                if self.starts_line() {
                    break;
                }
            }
        }
        self.blocks -= 1;
        Ok(statements)
    }

    fn statement(&mut self, indent: u32) -> Result<Statement, SesError> {
        self.refuse_statement()?;
        let place = self.parser.place();
        let word = match &self.parser.token().kind {
            TokenKind::Name(name) => Arc::clone(name),
            _ => "".into(),
        };
        let kind = match &*word {
            "if" => return self.branches(indent, place),
            "for" => {
                self.parser.at += 1;
                let names = self.parser.loop_names()?;
                let over = self.parser.expr()?;
                let block = self.block(indent)?;
                if self.at_word("else", indent) {
                    return Err(self.refused("else after for"));
                }
                StatementKind::For(names, over, block)
            }
            "try" => return self.attempt(indent, place),
            "def" => return Err(self.refused("def inside of a def")),
            _ => {
                let kind = self.simple(&word)?;
                self.end_of_line()?;
                kind
            }
        };
        Ok(Statement { place, kind })
    }

    fn branches(&mut self, indent: u32, place: Place) -> Result<Statement, SesError> {
        let mut branches = Vec::new();
        let mut last = Vec::new();
        loop {
            self.parser.at += 1;
            let condition = self.parser.expr()?;
            branches.push((condition, self.block(indent)?));
            if self.at_word("elif", indent) {
                continue;
            }
            if self.at_word("else", indent) {
                self.parser.at += 1;
                last = self.block(indent)?;
            }
            return Ok(Statement { place, kind: StatementKind::If(branches, last) });
        }
    }

    /// Takes the start of a line that begins with a word.
    fn at_word(&mut self, word: &str, indent: u32) -> bool {
        let next = self.parser.tokens.get(self.parser.at + 1).map(|token| &token.kind);
        let found = self.starts_line()
            && self.parser.token().indent == Some(indent)
            && matches!(next, Some(TokenKind::Name(name)) if **name == *word);
        self.parser.at += usize::from(found);
        found
    }

    fn attempt(&mut self, indent: u32, place: Place) -> Result<Statement, SesError> {
        self.parser.at += 1;
        let body = self.block(indent)?;
        let mut handlers = Vec::new();
        while self.at_word("except", indent) {
            self.parser.at += 1;
            let mut classes = Vec::new();
            let many = self.parser.take("(");
            while !self.parser.is(":") && !self.parser.is(")") {
                if self.parser.is_word("as") {
                    return Err(self.refused("except .. as"));
                }
                classes.push(self.parser.name()?);
                self.parser.take(",");
            }
            if many {
                self.parser.expect(")")?;
            }
            handlers.push((classes, self.block(indent)?));
        }
        if self.at_word("finally", indent) || self.at_word("else", indent) {
            let TokenKind::Name(word) = &self.parser.token().kind else { unreachable!() };
            return Err(self.refused(&format!("{word} after try")));
        }
        if handlers.is_empty() {
            return Err(self.parser.fault("`except` was expected"));
        }
        Ok(Statement { place, kind: StatementKind::Try(body, handlers) })
    }

    fn simple(&mut self, word: &str) -> Result<StatementKind, SesError> {
        let kind = match word {
            "pass" => StatementKind::Pass,
            "break" => StatementKind::Break,
            "continue" => StatementKind::Continue,
            "return" => {
                self.parser.at += 1;
                let ends = self.starts_line() || self.parser.is(";");
                return Ok(StatementKind::Return(if ends { None } else { Some(self.values()?) }));
            }
            _ => {
                let value = self.values()?;
                return self.assignment(value);
            }
        };
        self.parser.at += 1;
        Ok(kind)
    }

    /// One expression, or several with commas, which are a tuple.
    fn values(&mut self) -> Result<Expr, SesError> {
        let first = self.parser.expr()?;
        if !self.parser.is(",") {
            return Ok(first);
        }
        let place = first.place;
        let mut items = vec![first];
        while self.parser.take(",") {
            if self.starts_line() || self.parser.is("=") {
                break;
            }
            items.push(self.parser.expr()?);
        }
        Ok(Expr { place, kind: ExprKind::Tuple(items) })
    }

    fn assignment(&mut self, value: Expr) -> Result<StatementKind, SesError> {
        const UPDATES: [(&str, Binary); 7] = [
            ("+=", Binary::Add),
            ("-=", Binary::Subtract),
            ("*=", Binary::Multiply),
            ("/=", Binary::Divide),
            ("//=", Binary::Floor),
            ("**=", Binary::Power),
            ("%=", Binary::Modulo),
        ];
        if let Some((_, operator)) = UPDATES.iter().find(|(mark, _)| self.parser.is(mark)) {
            let target = self.target(value)?;
            self.parser.at += 1;
            return Ok(StatementKind::Update(target, *operator, self.values()?));
        }
        if !self.parser.is("=") {
            return Ok(StatementKind::Value(value));
        }
        let mut targets = Vec::new();
        let mut value = value;
        while self.parser.take("=") {
            targets.push(self.target(value)?);
            value = self.values()?;
        }
        Ok(StatementKind::Assign(targets, value))
    }

    fn target(&self, value: Expr) -> Result<Target, SesError> {
        match value.kind {
            ExprKind::Name(name) => Ok(Target::Name(name)),
            ExprKind::Index(object, index) => Ok(Target::Index(*object, *index)),
            ExprKind::Tuple(items) | ExprKind::List(items) => {
                let names = items.into_iter().map(|item| match item.kind {
                    ExprKind::Name(name) => Ok(name),
                    _ => Err(self.refused("an assignment to parts of values")),
                });
                Ok(Target::Names(names.collect::<Result<_, _>>()?))
            }
            _ => Err(self.parser.fault("this cannot be assigned to")),
        }
    }
}
