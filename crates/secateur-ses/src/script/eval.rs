//! Runs expressions and functions under a budget of steps.

use std::collections::HashMap;
use std::sync::Arc;

use super::ast::{
    Binary, Clause, Compare, Definition, Expr, ExprKind, Statement, StatementKind, Target,
};
use super::builtins;
use super::layout;
use super::value::Value;
use super::{Code, Function};
use secateur_core::nearest;

use crate::error::SesError;
use crate::place::Place;

/// Steps of one evaluation.
const STEPS_MAX: u64 = 5_000_000;
/// Functions that call each other.
const CALLS_MAX: u32 = 60;

/// What functions can be called, by name.
#[derive(Clone, Debug, Default)]
pub struct Functions(HashMap<Arc<str>, Arc<Definition>>);

impl Functions {
    /// The functions of a structure. What a source defines beside its own name can be called
    /// unless another source is named so.
    pub fn new(functions: &[Function]) -> Self {
        let mut table = HashMap::new();
        for function in functions {
            for definition in &*function.definitions {
                if definition.name == function.name {
                    table.insert(Arc::clone(&definition.name), Arc::clone(definition));
                } else {
                    let name = Arc::clone(&definition.name);
                    table.entry(name).or_insert_with(|| Arc::clone(definition));
                }
            }
        }
        Self(table)
    }

    /// The first call of something that is neither among these nor a listed function.
    pub(crate) fn unlisted(functions: &[Function]) -> Option<SesError> {
        let known = Self::new(functions);
        for function in functions {
            for definition in &*function.definitions {
                let mut found = None;
                for statement in &definition.body {
                    statement.visit_calls(&mut |name, place| {
                        let listed = known.has(name) || builtins::FUNCTIONS.contains(&&**name);
                        if !listed && found.is_none() {
                            found = Some((Arc::clone(name), place));
                        }
                    });
                }
                if let Some((name, place)) = found {
                    let fault = builtins::unlisted(&name, place).within(&definition.name);
                    if let Fault::Fatal(error) = fault {
                        return Some(error);
                    }
                }
            }
        }
        None
    }

    /// Whether there is a function of that name.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

/// Values of free names.
#[derive(Clone, Debug, Default)]
pub struct Globals(Vec<(Arc<str>, Value)>);

impl Globals {
    /// Sets a name.
    pub fn set(&mut self, name: &str, value: Value) {
        match self.0.iter_mut().find(|(known, _)| **known == *name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.into(), value)),
        }
    }

    /// The value of a name.
    pub fn find(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| **known == *name).map(|(_, value)| value)
    }

    /// All names with their values, in the order in which they were set.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }
}

/// What stops an evaluation.
#[derive(Debug)]
pub(super) enum Fault {
    /// What a `try` may catch: class, words, place, and the function that it happened in.
    Raised(&'static str, String, Place, Option<Arc<str>>),
    /// What ends everything.
    Fatal(SesError),
}

pub(super) type Outcome<T> = Result<T, Fault>;

pub(super) fn raise<T>(class: &'static str, what: impl Into<String>) -> Outcome<T> {
    Err(Fault::Raised(class, what.into(), Place::None, None))
}

impl Fault {
    /// The fault at a place, unless it has one.
    fn at(self, place: Place) -> Self {
        match self {
            Self::Raised(class, what, Place::None, function) => {
                Self::Raised(class, what, place, function)
            }
            other => other,
        }
    }

    /// The fault in a function, unless it is in one that this calls.
    fn within(self, name: &Arc<str>) -> Self {
        match self {
            Self::Raised(class, what, place, None) => {
                Self::Raised(class, what, place, Some(Arc::clone(name)))
            }
            Self::Fatal(error) => Self::Fatal(error.within_function(name)),
            raised @ Self::Raised(..) => raised,
        }
    }
}

/// An evaluation.
#[derive(Debug)]
pub struct Machine<'a> {
    functions: &'a Functions,
    globals: &'a Globals,
    steps: u64,
    calls: u32,
}

/// How a block ended.
enum Flow {
    On,
    Break,
    Continue,
    Return(Value),
}

type Scope = Vec<(Arc<str>, Value)>;

impl<'a> Machine<'a> {
    /// A machine over functions and values of free names.
    pub fn new(functions: &'a Functions, globals: &'a Globals) -> Self {
        Self { functions, globals, steps: STEPS_MAX, calls: 0 }
    }

    /// The value of an expression.
    ///
    /// # Errors
    /// [`SesError::Script`], [`SesError::UnknownVariable`], [`SesError::Refused`].
    pub fn value(&mut self, code: &Code) -> Result<Value, SesError> {
        self.value_with(code, &[])
    }

    /// The value of an expression with more names bound.
    ///
    /// # Errors
    /// As [`Self::value`].
    pub fn value_with(
        &mut self,
        code: &Code,
        names: &[(Arc<str>, Value)],
    ) -> Result<Value, SesError> {
        self.steps = STEPS_MAX;
        self.calls = 0;
        let mut scope = names.to_vec();
        self.expr(&code.expr, &mut scope).map_err(|fault| match fault {
            Fault::Fatal(error) => error,
            Fault::Raised(class, what, place, function) => {
                let place = if place == Place::None { code.place } else { place };
                let error = SesError::Script { place, what: format!("{class}: {what}") };
                match function {
                    Some(name) => error.within_function(&name),
                    None => error,
                }
            }
        })
    }

    pub(super) fn step(&mut self, steps: usize, place: Place) -> Outcome<()> {
        let left = self.steps.checked_sub(steps as u64 + 1);
        let Some(left) = left else {
            let what = format!("more than {STEPS_MAX} steps");
            return Err(Fault::Fatal(SesError::Script { place, what }));
        };
        self.steps = left;
        Ok(())
    }

    fn name(&self, name: &str, scope: &Scope, place: Place) -> Outcome<Value> {
        let local = scope.iter().rev().find(|(known, _)| **known == *name);
        if let Some((_, value)) = local {
            return Ok(value.clone());
        }
        self.globals.find(name).cloned().ok_or_else(|| {
            let known = self.globals.iter().map(|(known, _)| known);
            let near = nearest(name, known)
                .map_or_else(String::new, |known| format!("; is {known} meant?"));
            Fault::Fatal(SesError::UnknownVariable { place, name: name.to_owned(), near })
        })
    }

    fn many(&mut self, items: &[Expr], scope: &mut Scope) -> Outcome<Vec<Value>> {
        items.iter().map(|item| self.expr(item, scope)).collect()
    }

    fn expr(&mut self, expr: &Expr, scope: &mut Scope) -> Outcome<Value> {
        self.step(0, expr.place)?;
        self.kind(expr, scope).map_err(|fault| fault.at(expr.place))
    }

    fn kind(&mut self, expr: &Expr, scope: &mut Scope) -> Outcome<Value> {
        Ok(match &expr.kind {
            ExprKind::None => Value::None,
            ExprKind::Bool(value) => Value::Bool(*value),
            ExprKind::Int(value) => Value::Int(*value),
            ExprKind::Float(value) => Value::Float(*value),
            ExprKind::Text(value) => Value::Text(Arc::clone(value)),
            ExprKind::Name(name) => self.name(name, scope, expr.place)?,
            ExprKind::List(items) => Value::list(self.many(items, scope)?),
            ExprKind::Tuple(items) => Value::tuple(self.many(items, scope)?),
            ExprKind::Dict(pairs) => {
                let dict = Value::dict([]);
                for (key, value) in pairs {
                    let (key, value) = (self.expr(key, scope)?, self.expr(value, scope)?);
                    builtins::set_item(&dict, &key, value)?;
                }
                dict
            }
            ExprKind::Negate(inner) => match self.expr(inner, scope)? {
                Value::Float(value) => Value::Float(-value),
                other => match other.int().and_then(i64::checked_neg) {
                    Some(value) => Value::Int(value),
                    None => {
                        return raise("TypeError", format!("- does not take {}", other.class()));
                    }
                },
            },
            ExprKind::Not(inner) => Value::Bool(!self.expr(inner, scope)?.truth()),
            ExprKind::Binary(operator, a, b) => {
                let (a, b) = (self.expr(a, scope)?, self.expr(b, scope)?);
                self.binary(*operator, &a, &b, expr.place)?
            }
            ExprKind::Compare(first, rest) => {
                let mut left = self.expr(first, scope)?;
                for (compare, right) in rest {
                    let right = self.expr(right, scope)?;
                    if !self.compare(*compare, &left, &right, expr.place)? {
                        return Ok(Value::Bool(false));
                    }
                    left = right;
                }
                Value::Bool(true)
            }
            ExprKind::And(items) => return self.until(items, scope, false),
            ExprKind::Or(items) => return self.until(items, scope, true),
            ExprKind::IfElse(three) => {
                let [condition, value, other] = &**three;
                let taken = if self.expr(condition, scope)?.truth() { value } else { other };
                self.expr(taken, scope)?
            }
            ExprKind::Call(name, arguments) => {
                // Said before what the arguments are: `isinstance(x, int)` lacks no variable int.
                if !self.functions.has(name) && !builtins::FUNCTIONS.contains(&&**name) {
                    return Err(builtins::unlisted(name, expr.place));
                }
                let arguments = self.many(arguments, scope)?;
                self.call(name, arguments, expr.place)?
            }
            ExprKind::Method(object, name, arguments) => {
                let object = self.expr(object, scope)?;
                let arguments = self.many(arguments, scope)?;
                builtins::method(self, &object, name, &arguments, expr.place)?
            }
            ExprKind::Index(object, index) => {
                let (object, index) = (self.expr(object, scope)?, self.expr(index, scope)?);
                builtins::item(&object, &index)?
            }
            ExprKind::Slice(object, ends) => {
                let object = self.expr(object, scope)?;
                let mut found = [None, None, None];
                for (found, end) in found.iter_mut().zip(&**ends) {
                    *found = end.as_ref().map(|end| self.expr(end, scope)).transpose()?;
                }
                builtins::slice(&object, &found)?
            }
            ExprKind::Comprehension(item, clauses) => {
                let depth = scope.len();
                let mut items = Vec::new();
                let done = self.comprehend(item, clauses, scope, &mut items);
                scope.truncate(depth);
                done?;
                Value::list(items)
            }
        })
    }

    /// `or` (until one is true) and `and` (until one is false).
    fn until(&mut self, items: &[Expr], scope: &mut Scope, stop: bool) -> Outcome<Value> {
        let mut last = Value::Bool(!stop);
        for item in items {
            last = self.expr(item, scope)?;
            if last.truth() == stop {
                break;
            }
        }
        Ok(last)
    }

    fn comprehend(
        &mut self,
        item: &Expr,
        clauses: &[Clause],
        scope: &mut Scope,
        items: &mut Vec<Value>,
    ) -> Outcome<()> {
        let Some((clause, inner)) = clauses.split_first() else {
            items.push(self.expr(item, scope)?);
            return Ok(());
        };
        let over = self.expr(&clause.over, scope)?;
        for value in self.items(&over, clause.over.place)? {
            self.step(0, item.place)?;
            let depth = scope.len();
            for pair in unpack(&clause.names, value)? {
                scope.push(pair);
            }
            let mut wanted = true;
            for when in &clause.when {
                wanted = wanted && self.expr(when, scope)?.truth();
            }
            if wanted {
                self.comprehend(item, inner, scope, items)?;
            }
            scope.truncate(depth);
        }
        Ok(())
    }

    /// What a loop goes over.
    pub(super) fn items(&mut self, over: &Value, place: Place) -> Outcome<Vec<Value>> {
        let items = match over {
            Value::List(items) | Value::Tuple(items) => items.0.borrow().clone(),
            Value::Dict(items) => items.0.borrow().iter().step_by(2).cloned().collect(),
            Value::Text(text) => text.chars().map(|c| Value::text(c.to_string())).collect(),
            other => return raise("TypeError", format!("{} has no items", other.class())),
        };
        self.step(items.len(), place)?;
        Ok(items)
    }

    fn binary(&mut self, operator: Binary, a: &Value, b: &Value, place: Place) -> Outcome<Value> {
        use Binary::{Add, Divide, Floor, Modulo, Multiply, Power, Subtract};
        match (operator, a, b) {
            (Add, Value::Text(a), Value::Text(b)) => {
                self.step((a.len() + b.len()) / 16, place)?;
                return Ok(Value::text(format!("{a}{b}")));
            }
            (Modulo, Value::Text(text), value) => {
                let out = layout::percent(text, value)?;
                self.step(out.len() / 8, place)?;
                return Ok(Value::text(out));
            }
            (Add, Value::List(a), Value::List(b)) => {
                let mut items = a.0.borrow().clone();
                items.extend(b.0.borrow().iter().cloned());
                self.step(items.len(), place)?;
                return Ok(Value::list(items));
            }
            (Add, Value::Tuple(a), Value::Tuple(b)) => {
                let mut items = a.0.borrow().clone();
                items.extend(b.0.borrow().iter().cloned());
                self.step(items.len(), place)?;
                return Ok(Value::tuple(items));
            }
            (Multiply, Value::List(_) | Value::Tuple(_) | Value::Text(_), Value::Int(n)) => {
                return self.repeat(a, *n, place);
            }
            (Multiply, Value::Int(n), Value::List(_) | Value::Tuple(_) | Value::Text(_)) => {
                return self.repeat(b, *n, place);
            }
            _ => {}
        }
        if let (Some(x), Some(y)) = (a.int(), b.int()) {
            if matches!(operator, Divide | Floor | Modulo) && y == 0 {
                return raise("ZeroDivisionError", "division by zero");
            }
            let whole = match operator {
                Add => x.checked_add(y),
                Subtract => x.checked_sub(y),
                Multiply => x.checked_mul(y),
                Floor => x.checked_div_euclid(y).map(|q| floor(x, y, q)),
                Modulo => {
                    x.checked_rem(y).map(|r| if r != 0 && (r < 0) != (y < 0) { r + y } else { r })
                }
                Power if y >= 0 => u32::try_from(y).ok().and_then(|y| x.checked_pow(y)),
                Divide => return Ok(Value::Float(x as f64 / y as f64)),
                Power => return Ok(Value::Float((x as f64).powf(y as f64))),
            };
            return match whole {
                Some(value) => Ok(Value::Int(value)),
                None => raise("OverflowError", "the number is too large"),
            };
        }
        let (Some(x), Some(y)) = (a.number(), b.number()) else {
            let what = format!("{} and {} do not go together here", a.class(), b.class());
            return raise("TypeError", what);
        };
        if matches!(operator, Divide | Floor | Modulo) && y == 0.0 {
            return raise("ZeroDivisionError", "division by zero");
        }
        Ok(Value::Float(match operator {
            Add => x + y,
            Subtract => x - y,
            Multiply => x * y,
            Divide => x / y,
            Floor => (x / y).floor(),
            Modulo => x - y * (x / y).floor(),
            Power => x.powf(y),
        }))
    }

    fn repeat(&mut self, value: &Value, times: i64, place: Place) -> Outcome<Value> {
        let times = usize::try_from(times).unwrap_or(0);
        let length = match value {
            Value::List(items) | Value::Tuple(items) => items.0.borrow().len(),
            Value::Text(text) => text.len(),
            _ => 0,
        };
        self.step(length.saturating_mul(times), place)?;
        Ok(match value {
            Value::List(items) | Value::Tuple(items) => {
                let items = items.0.borrow();
                let all = items.iter().cycle().take(items.len() * times).cloned().collect();
                if matches!(value, Value::List(_)) { Value::list(all) } else { Value::tuple(all) }
            }
            Value::Text(text) => Value::text(text.repeat(times)),
            other => other.clone(),
        })
    }

    fn compare(&mut self, compare: Compare, a: &Value, b: &Value, place: Place) -> Outcome<bool> {
        use std::cmp::Ordering::{Equal, Greater, Less};
        let is_same = |a: &Value, b: &Value| a.class() == b.class() && a.equals(b);
        Ok(match compare {
            Compare::Equal => a.equals(b),
            Compare::Unequal => !a.equals(b),
            Compare::Is => is_same(a, b),
            Compare::IsNot => !is_same(a, b),
            Compare::In | Compare::NotIn => {
                let found = match (a, b) {
                    (Value::Text(part), Value::Text(whole)) => whole.contains(&**part),
                    _ => self.items(b, place)?.iter().any(|item| item.equals(a)),
                };
                found == (compare == Compare::In)
            }
            Compare::Less => builtins::order(a, b)? == Less,
            Compare::LessEqual => matches!(builtins::order(a, b)?, Less | Equal),
            Compare::Greater => builtins::order(a, b)? == Greater,
            Compare::GreaterEqual => matches!(builtins::order(a, b)?, Greater | Equal),
        })
    }

    fn call(&mut self, name: &str, arguments: Vec<Value>, place: Place) -> Outcome<Value> {
        let Some(definition) = self.functions.0.get(name) else {
            return builtins::call(self, name, &arguments, place);
        };
        let definition = Arc::clone(definition);
        self.calls += 1;
        if self.calls > CALLS_MAX {
            let what = format!("more than {CALLS_MAX} functions call each other");
            return Err(Fault::Fatal(SesError::Script { place, what }));
        }
        if arguments.len() > definition.parameters.len() {
            let most = definition.parameters.len();
            return raise("TypeError", format!("{name} takes {most} arguments"));
        }
        let mut scope = Scope::new();
        let mut given = arguments.into_iter();
        for (parameter, default) in &definition.parameters {
            let value = match (given.next(), default) {
                (Some(value), _) => value,
                (None, Some(default)) => self.expr(default, &mut Scope::new())?,
                (None, None) => {
                    return raise("TypeError", format!("{name} needs the argument {parameter}"));
                }
            };
            scope.push((Arc::clone(parameter), value));
        }
        let flow = self.block(&definition.body, &mut scope);
        let flow = flow.map_err(|fault| fault.within(&definition.name))?;
        self.calls -= 1;
        Ok(if let Flow::Return(value) = flow { value } else { Value::None })
    }

    fn block(&mut self, statements: &[Statement], scope: &mut Scope) -> Outcome<Flow> {
        for statement in statements {
            self.step(0, statement.place)?;
            let flow = self.statement(&statement.kind, scope);
            let flow = flow.map_err(|fault| fault.at(statement.place))?;
            if !matches!(flow, Flow::On) {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    fn statement(&mut self, kind: &StatementKind, scope: &mut Scope) -> Outcome<Flow> {
        match kind {
            StatementKind::Assign(targets, value) => {
                let value = self.expr(value, scope)?;
                for target in targets {
                    self.assign(target, value.clone(), scope)?;
                }
            }
            StatementKind::Update(target, operator, value) => {
                let old = match target {
                    Target::Name(name) => self.name(name, scope, Place::None)?,
                    Target::Index(object, index) => {
                        let object = self.expr(object, scope)?;
                        builtins::item(&object, &self.expr(index, scope)?)?
                    }
                    Target::Names(_) => return raise("TypeError", "several names"),
                };
                let value = self.expr(value, scope)?;
                // A list grows, for all who share it.
                if let (Value::List(list), Binary::Add) = (&old, operator) {
                    let more = self.items(&value, Place::None)?;
                    list.0.borrow_mut().extend(more);
                } else {
                    let new = self.binary(*operator, &old, &value, Place::None)?;
                    self.assign(target, new, scope)?;
                }
            }
            StatementKind::Value(value) => {
                self.expr(value, scope)?;
            }
            StatementKind::If(branches, last) => {
                for (condition, block) in branches {
                    if self.expr(condition, scope)?.truth() {
                        return self.block(block, scope);
                    }
                }
                return self.block(last, scope);
            }
            StatementKind::For(names, over, block) => {
                let items = self.expr(over, scope)?;
                for item in self.items(&items, over.place)? {
                    for (name, value) in unpack(names, item)? {
                        bind(scope, &name, value);
                    }
                    match self.block(block, scope)? {
                        Flow::On | Flow::Continue => {}
                        Flow::Break => break,
                        Flow::Return(value) => return Ok(Flow::Return(value)),
                    }
                }
            }
            StatementKind::Try(body, handlers) => {
                let calls = self.calls;
                let (class, fault) = match self.block(body, scope) {
                    Err(Fault::Raised(class, what, place, function)) => {
                        (class, Fault::Raised(class, what, place, function))
                    }
                    other => return other,
                };
                self.calls = calls;
                for (classes, block) in handlers {
                    let catches = |name: &Arc<str>| {
                        matches!(&**name, "Exception" | "BaseException") || **name == *class
                    };
                    if classes.is_empty() || classes.iter().any(catches) {
                        return self.block(block, scope);
                    }
                }
                return Err(fault);
            }
            StatementKind::Return(value) => {
                let value = value.as_ref().map(|value| self.expr(value, scope)).transpose()?;
                return Ok(Flow::Return(value.unwrap_or(Value::None)));
            }
            StatementKind::Pass => {}
            StatementKind::Break => return Ok(Flow::Break),
            StatementKind::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::On)
    }

    fn assign(&mut self, target: &Target, value: Value, scope: &mut Scope) -> Outcome<()> {
        match target {
            Target::Name(name) => bind(scope, name, value),
            Target::Names(names) => {
                for (name, value) in unpack(names, value)? {
                    bind(scope, &name, value);
                }
            }
            Target::Index(object, index) => {
                let object = self.expr(object, scope)?;
                let index = self.expr(index, scope)?;
                builtins::set_item(&object, &index, value)?;
            }
        }
        Ok(())
    }
}

/// Euclidean to floored division.
fn floor(x: i64, y: i64, euclidean: i64) -> i64 {
    if y < 0 && x.rem_euclid(y) != 0 { euclidean - 1 } else { euclidean }
}

fn bind(scope: &mut Scope, name: &Arc<str>, value: Value) {
    match scope.iter_mut().find(|(known, _)| known == name) {
        Some((_, old)) => *old = value,
        None => scope.push((Arc::clone(name), value)),
    }
}

fn unpack(names: &[Arc<str>], value: Value) -> Outcome<Vec<(Arc<str>, Value)>> {
    if let [name] = names {
        return Ok(vec![(Arc::clone(name), value)]);
    }
    let (Value::List(items) | Value::Tuple(items)) = &value else {
        return raise("TypeError", format!("{} has no parts", value.class()));
    };
    let items = items.0.borrow();
    if items.len() != names.len() {
        return raise("ValueError", format!("{} parts for {} names", items.len(), names.len()));
    }
    Ok(names.iter().cloned().zip(items.iter().cloned()).collect())
}
