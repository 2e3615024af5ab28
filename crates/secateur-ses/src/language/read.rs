//! A text into a structure. Entities in entities are kept on a list and not on the stack, so no
//! depth is too deep.

use std::sync::Arc;

use crate::error::SesError;
use crate::model::{
    Aspect, Attribute, Constraint, Coupling, Each, End, Entity, Given, Id, Kind, Port, Repeat, Ses,
    Variable, index_attribute,
};
use crate::place::Place;
use crate::script::ast::Expr;
use crate::script::lexer::{Token, TokenKind, tokens};
use crate::script::parser::Parser;
use crate::script::{Code, Function};

/// Reads a structure.
///
/// # Errors
/// [`SesError::Syntax`] and [`SesError::Refused`] with line and column.
pub fn read(text: &str) -> Result<Ses, SesError> {
    let tokens = tokens(text, Place::text(1, 1))?;
    let mut reader =
        Reader { text, parser: Parser::new(&tokens), ses: Ses::default(), open: Vec::new() };
    reader.head()?;
    while reader.parser.token().kind != TokenKind::End {
        reader.step()?;
    }
    if let Some(id) = reader.open.last() {
        let node = reader.ses.node(*id);
        return Err(SesError::Syntax {
            place: node.place,
            what: format!("the bracket of {} is never closed", node.name),
        });
    }
    if reader.ses.roots.is_empty() {
        return Err(reader.parser.fault("there is no entity"));
    }
    let mut ses = reader.ses;
    if ses.name.is_empty() {
        ses.name = ses.node(ses.root()).name.to_string();
    }
    Ok(ses)
}

struct Reader<'a> {
    text: &'a str,
    parser: Parser<'a>,
    ses: Ses,
    /// Nodes whose brackets are open.
    open: Vec<Id>,
}

impl<'a> Reader<'a> {
    fn head(&mut self) -> Result<(), SesError> {
        if self.parser.is_word("ses") {
            self.parser.at += 1;
            self.ses.name = self.named()?.to_string();
            if let TokenKind::Text(comment) = &self.parser.token().kind {
                self.ses.comment = comment.to_string();
                self.parser.at += 1;
            }
            self.parser.take(";");
        }
        Ok(())
    }

    /// A name, or a text that is one.
    fn named(&mut self) -> Result<Arc<str>, SesError> {
        let token = self.parser.token();
        let name = match &token.kind {
            TokenKind::Text(text) if !text.is_empty() => Arc::clone(text),
            TokenKind::Name(name) => Arc::clone(name),
            other => {
                return Err(self
                    .parser
                    .fault(format!("a name was expected, not {}", other.shown())));
            }
        };
        self.parser.at += 1;
        Ok(name)
    }

    /// `note TEXT` behind a definition.
    fn remark(&mut self) -> String {
        let next = self.parser.tokens.get(self.parser.at + 1).map(|token| &token.kind);
        match next {
            Some(TokenKind::Text(text)) if self.parser.is_word("note") => {
                self.parser.at += 2;
                text.to_string()
            }
            _ => String::new(),
        }
    }

    /// A word that goes on with a definition, and is not the name of the next variable.
    fn goes_on(&mut self, word: &str) -> bool {
        let next = self.parser.tokens.get(self.parser.at + 1).map(|token| &token.kind);
        let named = matches!(next, Some(TokenKind::Mark("=" | ":")));
        !named && self.parser.take_word(word)
    }

    fn code(&mut self) -> Result<Code, SesError> {
        self.code_of(Parser::expr)
    }

    /// An expression with its text, cut out of the whole.
    fn code_of(
        &mut self,
        read: impl FnOnce(&mut Parser<'a>) -> Result<Expr, SesError>,
    ) -> Result<Code, SesError> {
        let first = self.parser.token();
        let (place, start) = (first.place, first.start);
        let expr = read(&mut self.parser)?;
        let end = self.before().map_or(start, |token| token.end);
        let text = self.text.get(start..end).unwrap_or("").into();
        Ok(Code { text, place, expr: Arc::new(expr) })
    }

    fn before(&self) -> Option<&Token> {
        self.parser.tokens.get(self.parser.at.wrapping_sub(1))
    }

    /// One item: a definition, or the end of a bracket.
    fn step(&mut self) -> Result<(), SesError> {
        if self.parser.take(";") {
            return Ok(());
        }
        if self.parser.is("}") {
            if self.open.pop().is_none() {
                return Err(self.parser.fault("`}` closes nothing"));
            }
            self.parser.at += 1;
            return Ok(());
        }
        match self.open.last().copied() {
            None => self.outside(),
            Some(id) => match self.ses.node(id).kind {
                Kind::Entity(_) => self.in_entity(id),
                Kind::Aspect(_) | Kind::Multi(..) => self.in_aspect(id),
                Kind::Spec => self.in_spec(id),
            },
        }
    }

    fn word(&self) -> &str {
        match &self.parser.token().kind {
            TokenKind::Name(name) => name,
            _ => "",
        }
    }

    fn unexpected(&self, wanted: &str) -> SesError {
        let found = self.parser.token().kind.shown();
        self.parser.fault(format!("{wanted} was expected, not {found}"))
    }

    fn outside(&mut self) -> Result<(), SesError> {
        match self.word() {
            "variable" => self.variable(),
            "condition" => {
                self.parser.at += 1;
                let code = self.code()?;
                self.ses.conditions.push(code);
                Ok(())
            }
            "function" => self.function(),
            "constraint" => self.constraint(),
            "entity" | "delay" => self.entity(None),
            _ => Err(self.unexpected("variable, condition, function, constraint or entity")),
        }
    }

    fn variable(&mut self) -> Result<(), SesError> {
        self.parser.at += 1;
        let place = self.parser.place();
        let name = self.parser.name()?;
        let value = if self.parser.take("=") { Some(self.code()?) } else { None };
        let mut allowed = None;
        if self.goes_on("range") {
            let (low, high) = self.range()?;
            allowed = Some(Code::read(
                &format!("{} <= {name} and {name} <= {}", low.text, high.text),
                low.place,
            )?);
        } else if self.parser.take_word("of") {
            let list = self.code()?;
            allowed = Some(Code::read(&format!("{name} in {}", list.text), list.place)?);
        }
        let comment = self.remark();
        self.ses.variables.push(Variable { name, value, allowed, comment, place });
        Ok(())
    }

    fn range(&mut self) -> Result<(Code, Code), SesError> {
        let low = self.code_of(Parser::sum)?;
        self.parser.expect("..")?;
        Ok((low, self.code_of(Parser::sum)?))
    }

    fn function(&mut self) -> Result<(), SesError> {
        self.parser.at += 1;
        let name = self.parser.name()?;
        let token = self.parser.token();
        let (TokenKind::Text(source), place) = (&token.kind, token.place) else {
            return Err(self.unexpected("the source in three quotes"));
        };
        // Inside of three quotes the source begins behind them.
        let place = match place {
            Place::Text { line, column } => Place::text(line, column + 3),
            other => other,
        };
        let function = Function::read(&name, source, place)?;
        self.parser.at += 1;
        self.ses.functions.push(function);
        Ok(())
    }

    fn constraint(&mut self) -> Result<(), SesError> {
        self.parser.at += 1;
        let place = self.parser.place();
        let from = self.named()?;
        let requires = self.parser.is_word("requires");
        if !requires && !self.parser.is_word("excludes") {
            return Err(self.unexpected("requires or excludes"));
        }
        self.parser.at += 1;
        let to = self.named()?;
        self.ses.constraints.push(Constraint { from, requires, to, place });
        Ok(())
    }

    /// `[delay] [once] entity NAME [ref TARGET] [when RULE]`.
    fn entity(&mut self, parent: Option<Id>) -> Result<(), SesError> {
        let mut entity = Entity::default();
        while !self.parser.is_word("entity") {
            let (word, flag) = match self.word() {
                "delay" => ("delay", &mut entity.delayed),
                "once" => ("once", &mut entity.once),
                _ => return Err(self.unexpected("entity")),
            };
            if *flag {
                return Err(self.parser.fault(format!("{word} stands twice")));
            }
            *flag = true;
            self.parser.at += 1;
        }
        let place = self.parser.place();
        self.parser.at += 1;
        let name = self.named()?;
        if self.parser.take_word("ref") {
            entity.copies = Some(self.named()?);
        }
        let many = parent.is_some_and(|id| matches!(self.ses.node(id).kind, Kind::Multi(..)));
        if many && !entity.once {
            entity.attributes.push(index_attribute(&name));
        }
        if entity.once && !many {
            return Err(self.parser.fault("once stands only below a multi-aspect"));
        }
        let rule = self.rule()?;
        let comment = self.remark();
        let id = self.ses.add(parent, &name, place, Kind::Entity(entity));
        (self.ses.nodes[id as usize].rule, self.ses.nodes[id as usize].comment) = (rule, comment);
        self.bracket(id);
        Ok(())
    }

    fn rule(&mut self) -> Result<Option<Code>, SesError> {
        if self.parser.take_word("when") { Ok(Some(self.code()?)) } else { Ok(None) }
    }

    /// `{` opens a node; without it the node is complete.
    fn bracket(&mut self, id: Id) {
        if self.parser.take("{") {
            self.open.push(id);
        } else {
            self.parser.take(";");
        }
    }

    fn in_entity(&mut self, id: Id) -> Result<(), SesError> {
        let next = self.parser.tokens.get(self.parser.at + 1).map(|token| &token.kind);
        let names = matches!(next, Some(TokenKind::Name(_) | TokenKind::Text(_)));
        let place = self.parser.place();
        match self.word() {
            "aspect" if names => {
                self.parser.at += 1;
                let name = self.named()?;
                self.node(id, &name, place, Kind::Aspect, Vec::new())
            }
            "multi" if names => {
                self.parser.at += 1;
                let name = self.named()?;
                let mut repeat = Repeat::default();
                if self.parser.take("[") {
                    let code = self.code_of(Parser::expr)?;
                    if self.parser.take("..") {
                        let high = self.code_of(Parser::sum)?;
                        repeat.range = Some((whole(&code)?, whole(&high)?));
                    } else {
                        repeat.count = Some(code);
                    }
                    self.parser.expect("]")?;
                }
                self.node(id, &name, place, |aspect| Kind::Multi(aspect, repeat), Vec::new())
            }
            "specialization" if names => {
                self.parser.at += 1;
                let name = self.named()?;
                let spec = self.ses.add(Some(id), &name, place, Kind::Spec);
                self.ses.nodes[spec as usize].comment = self.remark();
                self.bracket(spec);
                Ok(())
            }
            word @ ("input" | "output") if names => {
                let input = word == "input";
                self.parser.at += 1;
                self.ports(id, input)
            }
            "entity" | "delay" | "once" if names => Err(self.parser.fault(
                "an entity stands below an aspect, a multi-aspect or a specialization (A3)",
            )),
            "" if !matches!(self.parser.token().kind, TokenKind::Text(_)) => {
                Err(self.unexpected("aspect, multi, specialization, input, output or a variable"))
            }
            _ => self.attribute(id),
        }
    }

    /// The rest of the head of an aspect or multi-aspect.
    fn node(
        &mut self,
        parent: Id,
        name: &str,
        place: Place,
        kind: impl FnOnce(Aspect) -> Kind,
        computed: Vec<Code>,
    ) -> Result<(), SesError> {
        let mut aspect = Aspect { computed, ..Aspect::default() };
        let mut rule = None;
        loop {
            if self.parser.take_word("priority") {
                aspect.priority = Some(self.code()?);
            } else if self.parser.is_word("when") {
                rule = self.rule()?;
            } else {
                break;
            }
        }
        let comment = self.remark();
        let id = self.ses.add(Some(parent), name, place, kind(aspect));
        (self.ses.nodes[id as usize].rule, self.ses.nodes[id as usize].comment) = (rule, comment);
        self.bracket(id);
        Ok(())
    }

    fn ports(&mut self, id: Id, input: bool) -> Result<(), SesError> {
        let mut ports = Vec::new();
        loop {
            let name = self.named()?;
            let class = if self.parser.take(":") { Some(self.named()?) } else { None };
            ports.push(Port { name, input, class });
            if !self.parser.take(",") {
                break;
            }
        }
        if let Kind::Entity(entity) = &mut self.ses.nodes[id as usize].kind {
            entity.ports.extend(ports);
        }
        Ok(())
    }

    /// `NAME [: TYPE] [= VALUE] [range LOW .. HIGH]`.
    fn attribute(&mut self, id: Id) -> Result<(), SesError> {
        let place = self.parser.place();
        let quoted = matches!(self.parser.token().kind, TokenKind::Text(_));
        let name = if quoted { self.named()? } else { self.parser.name()? };
        let class = if self.parser.take(":") { Some(self.named()?.to_string()) } else { None };
        if class.is_none() && !self.parser.is("=") {
            return Err(self.unexpected("`=` or `:`"));
        }
        let value = if self.parser.take("=") {
            let code = self.code()?;
            if code.is_literal() { Given::Literal(code.text) } else { Given::Computed(code) }
        } else {
            Given::Open
        };
        let range = if self.goes_on("range") { Some(self.range()?) } else { None };
        let comment = self.remark();
        if let Kind::Entity(entity) = &mut self.ses.nodes[id as usize].kind {
            entity.attributes.push(Attribute { name, value, class, range, comment, place });
        }
        Ok(())
    }

    fn in_spec(&mut self, id: Id) -> Result<(), SesError> {
        match self.word() {
            "entity" | "delay" => self.entity(Some(id)),
            _ => Err(self.unexpected("entity")),
        }
    }

    fn in_aspect(&mut self, id: Id) -> Result<(), SesError> {
        match self.word() {
            "entity" | "delay" | "once" => self.entity(Some(id)),
            "couple" => {
                let coupling = self.coupling()?;
                if let Kind::Aspect(aspect) | Kind::Multi(aspect, _) =
                    &mut self.ses.nodes[id as usize].kind
                {
                    aspect.couplings.push(coupling);
                }
                Ok(())
            }
            "couplings" => {
                self.parser.at += 1;
                let code = self.code()?;
                if let Kind::Aspect(aspect) | Kind::Multi(aspect, _) =
                    &mut self.ses.nodes[id as usize].kind
                {
                    aspect.computed.push(code);
                }
                Ok(())
            }
            _ => Err(self.unexpected("entity, couple or couplings")),
        }
    }

    /// `couple A.port -> B.port [for NAME in LIST [when CONDITION]]`.
    fn coupling(&mut self) -> Result<Coupling, SesError> {
        let place = self.parser.place();
        self.parser.at += 1;
        let source = self.end()?;
        self.parser.expect("->")?;
        let target = self.end()?;
        let mut each = None;
        if self.parser.take_word("for") {
            let name = self.parser.name()?;
            if !self.parser.take_word("in") {
                return Err(self.unexpected("`in`"));
            }
            each = Some(Each { name, over: self.code()?, when: self.rule()? });
        }
        let comment = self.remark();
        Ok(Coupling { source, target, comment, each, place })
    }

    /// `ENTITY[INDEX].PORT[INDEX] : TYPE`.
    fn end(&mut self) -> Result<End, SesError> {
        let entity = self.named()?;
        let index = self.index()?;
        self.parser.expect(".")?;
        let port = self.named()?;
        let port_index = self.index()?;
        let class = if self.parser.take(":") { Some(self.named()?) } else { None };
        Ok(End { entity, index, port, port_index, class })
    }

    fn index(&mut self) -> Result<Option<Code>, SesError> {
        if !self.parser.take("[") {
            return Ok(None);
        }
        if self.parser.take("*") {
            self.parser.expect("]")?;
            return Ok(None);
        }
        let code = self.code()?;
        self.parser.expect("]")?;
        Ok(Some(code))
    }
}

fn whole(code: &Code) -> Result<u64, SesError> {
    code.text.parse().map_err(|_| SesError::Syntax {
        place: code.place,
        what: format!("{} is no whole number", code.text),
    })
}
