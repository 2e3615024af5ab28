//! Every function and method that may be called.

use std::cmp::Ordering;

use super::eval::{Fault, Machine, Outcome, raise};
use super::layout;
use super::value::Value;
use crate::error::SesError;
use crate::place::Place;

const ALLOWED: &str = "functions that may be called: abs all any bool dict enumerate float int len list max min range repr reversed round sorted str sum tuple zip";
/// Every function that may be called.
pub(crate) const FUNCTIONS: [&str; 21] = [
    "abs",
    "all",
    "any",
    "bool",
    "dict",
    "enumerate",
    "float",
    "int",
    "len",
    "list",
    "max",
    "min",
    "range",
    "repr",
    "reversed",
    "round",
    "sorted",
    "str",
    "sum",
    "tuple",
    "zip",
];

/// Every method that may be called, of whatever.
pub(super) const METHODS: [&str; 25] = [
    "append",
    "extend",
    "insert",
    "pop",
    "remove",
    "index",
    "count",
    "reverse",
    "sort",
    "copy",
    "get",
    "keys",
    "values",
    "items",
    "split",
    "join",
    "strip",
    "lower",
    "upper",
    "startswith",
    "endswith",
    "replace",
    "find",
    "isdigit",
    "format",
];

const METHODS_ALLOWED: &str = "methods that may be called: append extend insert pop remove index count reverse sort copy; get keys values items; split join strip lower upper startswith endswith replace find isdigit format";

/// A call of a function that is not listed.
pub(super) fn unlisted(name: &str, place: Place) -> Fault {
    let name = format!("the function {name}");
    Fault::Fatal(SesError::Refused { place, name, allowed: ALLOWED })
}

/// Calls a listed function.
pub(super) fn call(
    machine: &mut Machine<'_>,
    name: &str,
    arguments: &[Value],
    place: Place,
) -> Outcome<Value> {
    let one = |what: &str| match arguments {
        [value] => Ok(value.clone()),
        _ => raise("TypeError", format!("{name} takes {what}")),
    };
    Ok(match name {
        "len" => {
            let value = one("one value")?;
            let length = match &value {
                Value::Text(text) => text.chars().count(),
                _ => machine.items(&value, place)?.len(),
            };
            Value::Int(length as i64)
        }
        "int" => int(&one("one value")?)?,
        "float" => match one("one value")? {
            Value::Text(text) => match text.trim().parse() {
                Ok(value) => Value::Float(value),
                Err(_) => return raise("ValueError", format!("{text:?} is no number")),
            },
            other => match other.number() {
                Some(value) => Value::Float(value),
                None => return raise("TypeError", format!("float of {}", other.class())),
            },
        },
        "str" => Value::text(one("one value")?.shown()),
        "repr" => Value::text(one("one value")?.repr()),
        "bool" => Value::Bool(one("one value")?.truth()),
        "abs" => match one("one value")? {
            Value::Float(value) => Value::Float(value.abs()),
            other => match other.int().and_then(i64::checked_abs) {
                Some(value) => Value::Int(value),
                None => return raise("TypeError", format!("abs of {}", other.class())),
            },
        },
        "round" => round(arguments)?,
        "range" => range(machine, arguments, place)?,
        "list" | "tuple" | "sorted" | "reversed" => {
            let mut items = match arguments {
                [] => Vec::new(),
                [value] => machine.items(value, place)?,
                _ => return raise("TypeError", format!("{name} takes one value")),
            };
            match name {
                "sorted" => sort(&mut items)?,
                "reversed" => items.reverse(),
                _ => {}
            }
            if name == "tuple" { Value::tuple(items) } else { Value::list(items) }
        }
        "dict" if arguments.is_empty() => Value::dict([]),
        "all" | "any" => {
            let value = one("one list")?;
            let items = machine.items(&value, place)?;
            let found = items.iter().any(|item| item.truth() == (name == "any"));
            Value::Bool(found == (name == "any"))
        }
        "sum" => {
            let (value, start) = match arguments {
                [value] => (value, Value::Int(0)),
                [value, start] => (value, start.clone()),
                _ => return raise("TypeError", "sum takes a list, and what to begin with"),
            };
            let mut total = start;
            for item in machine.items(value, place)? {
                total = match (total.int(), item.int(), total.number(), item.number()) {
                    (Some(a), Some(b), ..) => match a.checked_add(b) {
                        Some(sum) => Value::Int(sum),
                        None => return raise("OverflowError", "the sum is too large"),
                    },
                    (.., Some(a), Some(b)) => Value::Float(a + b),
                    _ => return raise("TypeError", format!("sum over {}", item.class())),
                };
            }
            total
        }
        "min" | "max" => {
            let items = match arguments {
                [value] => machine.items(value, place)?,
                many => many.to_vec(),
            };
            let wanted = if name == "min" { Ordering::Less } else { Ordering::Greater };
            let mut items = items.into_iter();
            let Some(mut best) = items.next() else {
                return raise("ValueError", format!("{name} of nothing"));
            };
            for item in items {
                if order(&item, &best)? == wanted {
                    best = item;
                }
            }
            best
        }
        "enumerate" => {
            let (value, first) = match arguments {
                [value] => (value, 0),
                [value, Value::Int(first)] => (value, *first),
                _ => return raise("TypeError", "enumerate takes a list, and a first number"),
            };
            let items = (first..).zip(machine.items(value, place)?);
            Value::list(items.map(|(at, v)| Value::tuple(vec![Value::Int(at), v])).collect())
        }
        "zip" => {
            let lists = arguments
                .iter()
                .map(|value| machine.items(value, place))
                .collect::<Outcome<Vec<_>>>()?;
            let length = lists.iter().map(Vec::len).min().unwrap_or(0);
            let row = |at: usize| Value::tuple(lists.iter().map(|l| l[at].clone()).collect());
            Value::list((0..length).map(row).collect())
        }
        _ => return Err(unlisted(name, place)),
    })
}

fn int(value: &Value) -> Outcome<Value> {
    match value {
        Value::Text(text) => match text.trim().parse() {
            Ok(value) => Ok(Value::Int(value)),
            Err(_) => raise("ValueError", format!("{text:?} is no whole number")),
        },
        Value::Float(value) if value.abs() < 9e18 => Ok(Value::Int(value.trunc() as i64)),
        Value::Float(_) => raise("OverflowError", "the number is too large"),
        other => match other.int() {
            Some(value) => Ok(Value::Int(value)),
            None => raise("TypeError", format!("int of {}", other.class())),
        },
    }
}

fn round(arguments: &[Value]) -> Outcome<Value> {
    let (value, digits) = match arguments {
        [value] => (value, None),
        [value, digits] => (value, digits.int()),
        _ => return raise("TypeError", "round takes one or two values"),
    };
    match (value, digits) {
        (Value::Float(value), None) => int(&Value::Float(value.round_ties_even())),
        // By its decimal digits, of which 2.675 has one less than it seems.
        (Value::Float(value), Some(digits)) if digits >= 0 => {
            let digits = digits.min(400) as usize;
            let rounded = format!("{value:.digits$}").parse();
            Ok(Value::Float(rounded.unwrap_or(*value)))
        }
        (Value::Float(value), Some(digits)) => {
            let scale = 10_f64.powi(digits.max(-300).unsigned_abs() as i32);
            Ok(Value::Float((value / scale).round_ties_even() * scale))
        }
        (other, Some(digits)) if digits < 0 && other.int().is_some() => {
            let whole = i128::from(other.int().unwrap_or(0));
            let scale = 10_i128.pow(digits.max(-20).unsigned_abs() as u32);
            let down = whole.div_euclid(scale);
            let up = match (2 * whole.rem_euclid(scale)).cmp(&scale) {
                Ordering::Less => 0,
                Ordering::Equal => down.rem_euclid(2),
                Ordering::Greater => 1,
            };
            match i64::try_from((down + up) * scale) {
                Ok(rounded) => Ok(Value::Int(rounded)),
                Err(_) => raise("OverflowError", "the number is too large"),
            }
        }
        (other, _) if other.int().is_some() => Ok(Value::Int(other.int().unwrap_or(0))),
        (other, _) => raise("TypeError", format!("round of {}", other.class())),
    }
}

fn range(machine: &mut Machine<'_>, arguments: &[Value], place: Place) -> Outcome<Value> {
    let mut numbers = Vec::new();
    for argument in arguments {
        match argument.int() {
            Some(number) => numbers.push(number),
            None => return raise("TypeError", format!("range of {}", argument.class())),
        }
    }
    let (from, to, by) = match numbers[..] {
        [to] => (0, to, 1),
        [from, to] => (from, to, 1),
        [from, to, by] if by != 0 => (from, to, by),
        _ => return raise("TypeError", "range takes one to three whole numbers, the last not 0"),
    };
    let span =
        if by > 0 { i128::from(to) - i128::from(from) } else { i128::from(from) - i128::from(to) };
    let length = (span.max(0) as u128).div_ceil(u128::from(by.unsigned_abs()));
    machine.step(usize::try_from(length).unwrap_or(usize::MAX >> 1), place)?;
    Ok(Value::list((0..length as i64).map(|at| Value::Int(from + at * by)).collect()))
}

fn sort(items: &mut [Value]) -> Outcome<()> {
    let mut fault = None;
    items.sort_by(|a, b| {
        order(a, b).unwrap_or_else(|error| {
            fault.get_or_insert(error);
            Ordering::Equal
        })
    });
    fault.map_or(Ok(()), Err)
}

/// How two values are ordered.
pub(super) fn order(a: &Value, b: &Value) -> Outcome<Ordering> {
    order_at(a, b, 0)
}

fn order_at(a: &Value, b: &Value, depth: u32) -> Outcome<Ordering> {
    if let (Some(a), Some(b)) = (a.int(), b.int()) {
        return Ok(a.cmp(&b));
    }
    if let (Some(a), Some(b)) = (a.number(), b.number()) {
        return match a.partial_cmp(&b) {
            Some(order) => Ok(order),
            None => raise("ValueError", "nan has no order"),
        };
    }
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => Ok(a.cmp(b)),
        (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) if depth < 32 => {
            let (a, b) = (a.0.borrow(), b.0.borrow());
            for (a, b) in a.iter().zip(&*b) {
                match order_at(a, b, depth + 1)? {
                    Ordering::Equal => {}
                    other => return Ok(other),
                }
            }
            Ok(a.len().cmp(&b.len()))
        }
        _ => raise("TypeError", format!("{} and {} have no order", a.class(), b.class())),
    }
}

fn position(length: usize, index: i64) -> Option<usize> {
    let at = if index < 0 { index + length as i64 } else { index };
    usize::try_from(at).ok().filter(|at| *at < length)
}

/// `object[index]`.
pub(super) fn item(object: &Value, index: &Value) -> Outcome<Value> {
    if let Value::Dict(items) = object {
        let items = items.0.borrow();
        let found = items.chunks(2).find(|pair| pair[0].equals(index));
        return match found {
            Some(pair) => Ok(pair[1].clone()),
            None => raise("KeyError", index.repr()),
        };
    }
    let Some(index) = index.int() else {
        return raise("TypeError", format!("an index is a whole number, not {}", index.class()));
    };
    match object {
        Value::List(items) | Value::Tuple(items) => {
            let items = items.0.borrow();
            match position(items.len(), index) {
                Some(at) => Ok(items[at].clone()),
                None => raise("IndexError", format!("index {index} of {} items", items.len())),
            }
        }
        Value::Text(text) => {
            let length = text.chars().count();
            match position(length, index).and_then(|at| text.chars().nth(at)) {
                Some(c) => Ok(Value::text(c.to_string())),
                None => raise("IndexError", format!("index {index} of {length} characters")),
            }
        }
        other => raise("TypeError", format!("{} has no items", other.class())),
    }
}

/// `object[index] = value`.
pub(super) fn set_item(object: &Value, index: &Value, value: Value) -> Outcome<()> {
    match object {
        Value::Dict(items) => {
            let mut items = items.0.borrow_mut();
            let at = items.iter().step_by(2).position(|key| key.equals(index));
            match at {
                Some(at) => items[2 * at + 1] = value,
                None => items.extend([index.clone(), value]),
            }
            Ok(())
        }
        Value::List(items) => {
            let mut items = items.0.borrow_mut();
            let length = items.len();
            match index.int().and_then(|index| position(length, index)) {
                Some(at) => items[at] = value,
                None => {
                    return raise(
                        "IndexError",
                        format!("index {} of {length} items", index.shown()),
                    );
                }
            }
            Ok(())
        }
        other => raise("TypeError", format!("{} cannot be changed", other.class())),
    }
}

/// `object[from:to:step]`.
pub(super) fn slice(object: &Value, ends: &[Option<Value>; 3]) -> Outcome<Value> {
    let mut numbers = [None; 3];
    for (number, end) in numbers.iter_mut().zip(ends) {
        *number = match end {
            None | Some(Value::None) => None,
            Some(value) => match value.int() {
                Some(at) => Some(at),
                None => return raise("TypeError", "a slice takes whole numbers"),
            },
        };
    }
    let [from, to, step] = numbers;
    let step = step.unwrap_or(1);
    if step == 0 {
        return raise("ValueError", "the step of a slice is 0");
    }
    let taken = |length: usize| -> Vec<usize> {
        let length = length as i64;
        // What is before the first and behind the last item, seen in the direction of the step.
        let (low, high) = if step > 0 { (0, length) } else { (-1, length - 1) };
        let end = |end: Option<i64>, default: i64| match end {
            None => default,
            Some(at) if at < 0 => at.saturating_add(length).clamp(low, high),
            Some(at) => at.clamp(low, high),
        };
        let (first, last) = if step > 0 { (low, high) } else { (high, low) };
        let (from, to) = (end(from, first), end(to, last));
        let mut found = Vec::new();
        let mut at = from;
        while (step > 0 && at < to) || (step < 0 && at > to) {
            found.push(at as usize);
            at = at.saturating_add(step);
        }
        found
    };
    match object {
        Value::List(items) | Value::Tuple(items) => {
            let items = items.0.borrow();
            let part = taken(items.len()).into_iter().map(|at| items[at].clone()).collect();
            Ok(if matches!(object, Value::List(_)) {
                Value::list(part)
            } else {
                Value::tuple(part)
            })
        }
        Value::Text(text) => {
            let all: Vec<char> = text.chars().collect();
            let part = taken(all.len()).into_iter().map(|at| all[at]);
            Ok(Value::text(part.collect::<String>()))
        }
        other => raise("TypeError", format!("{} has no slices", other.class())),
    }
}

/// Calls a listed method.
pub(super) fn method(
    machine: &mut Machine<'_>,
    object: &Value,
    name: &str,
    arguments: &[Value],
    place: Place,
) -> Outcome<Value> {
    let found = match object {
        Value::List(_) => list_method(machine, object, name, arguments, place)?,
        Value::Dict(items) => {
            let items = items.0.borrow();
            match (name, arguments) {
                ("get", [key, rest @ ..]) => {
                    let found = items.chunks(2).find(|pair| pair[0].equals(key));
                    let other = rest.first().cloned().unwrap_or(Value::None);
                    Some(found.map_or(other, |pair| pair[1].clone()))
                }
                ("keys", []) => Some(Value::list(items.iter().step_by(2).cloned().collect())),
                ("values", []) => {
                    Some(Value::list(items.iter().skip(1).step_by(2).cloned().collect()))
                }
                ("items", []) => {
                    Some(Value::list(items.chunks(2).map(|p| Value::tuple(p.to_vec())).collect()))
                }
                _ => None,
            }
        }
        Value::Text(text) => text_method(machine, text, name, arguments, place)?,
        _ => None,
    };
    found.ok_or_else(|| {
        let name = format!("the method {name} of {}", object.class());
        Fault::Fatal(SesError::Refused { place, name, allowed: METHODS_ALLOWED })
    })
}

fn list_method(
    machine: &mut Machine<'_>,
    object: &Value,
    name: &str,
    arguments: &[Value],
    place: Place,
) -> Outcome<Option<Value>> {
    let Value::List(list) = object else { return Ok(None) };
    machine.step(if name == "append" { 0 } else { list.0.borrow().len() }, place)?;
    let added = match (name, arguments) {
        ("extend", [more]) => machine.items(more, place)?,
        _ => Vec::new(),
    };
    let mut items = list.0.borrow_mut();
    let at = |value: &Value| items.iter().position(|item| item.equals(value));
    Ok(Some(match (name, arguments) {
        ("append", [value]) => {
            items.push(value.clone());
            Value::None
        }
        ("extend", [_]) => {
            items.extend(added);
            Value::None
        }
        ("insert", [index, value]) => {
            let length = items.len() as i64;
            let index = index.int().unwrap_or(0);
            let index = if index < 0 { index + length } else { index };
            items.insert(index.clamp(0, length) as usize, value.clone());
            Value::None
        }
        ("pop", _) => {
            let index = arguments.first().map_or(Some(-1), Value::int).unwrap_or(-1);
            match position(items.len(), index) {
                Some(at) => items.remove(at),
                None => return raise("IndexError", "pop from an empty list"),
            }
        }
        ("remove", [value]) => match at(value) {
            Some(at) => {
                items.remove(at);
                Value::None
            }
            None => return raise("ValueError", "the value is not in the list"),
        },
        ("index", [value]) => match at(value) {
            Some(at) => Value::Int(at as i64),
            None => return raise("ValueError", "the value is not in the list"),
        },
        ("count", [value]) => {
            Value::Int(items.iter().filter(|item| item.equals(value)).count() as i64)
        }
        ("reverse", []) => {
            items.reverse();
            Value::None
        }
        ("sort", []) => {
            sort(&mut items)?;
            Value::None
        }
        ("copy", []) => Value::list(items.clone()),
        _ => return Ok(None),
    }))
}

fn text_method(
    machine: &mut Machine<'_>,
    text: &str,
    name: &str,
    arguments: &[Value],
    place: Place,
) -> Outcome<Option<Value>> {
    machine.step(text.len() / 8, place)?;
    Ok(Some(match (name, arguments) {
        ("split", []) => Value::list(text.split_whitespace().map(Value::text).collect()),
        ("split", [Value::Text(by)]) if !by.is_empty() => {
            Value::list(text.split(&**by).map(Value::text).collect())
        }
        ("join", [list]) => {
            let mut parts = Vec::new();
            for item in machine.items(list, place)? {
                match item {
                    Value::Text(part) => parts.push(part),
                    other => return raise("TypeError", format!("join of {}", other.class())),
                }
            }
            let length: usize = parts.iter().map(|part| part.len() + text.len()).sum();
            machine.step(length / 8, place)?;
            Value::text(parts.join(text))
        }
        ("strip", []) => Value::text(text.trim()),
        ("lower", []) => Value::text(text.to_lowercase()),
        ("upper", []) => Value::text(text.to_uppercase()),
        ("isdigit", []) => {
            Value::Bool(!text.is_empty() && text.chars().all(|c| c.is_ascii_digit()))
        }
        ("startswith", [Value::Text(start)]) => Value::Bool(text.starts_with(&**start)),
        ("endswith", [Value::Text(end)]) => Value::Bool(text.ends_with(&**end)),
        ("find", [Value::Text(part)]) => {
            let found = text.find(&**part).map(|at| text[..at].chars().count() as i64);
            Value::Int(found.unwrap_or(-1))
        }
        ("index", [Value::Text(part)]) => match text.find(&**part) {
            Some(at) => Value::Int(text[..at].chars().count() as i64),
            None => return raise("ValueError", "the text is not in it"),
        },
        ("count", [Value::Text(part)]) if part.is_empty() => {
            Value::Int(text.chars().count() as i64 + 1)
        }
        ("count", [Value::Text(part)]) => Value::Int(text.matches(&**part).count() as i64),
        ("replace", [Value::Text(from), Value::Text(to)]) => {
            machine.step(text.len().saturating_mul(to.len() + 1) / 8, place)?;
            Value::text(text.replace(&**from, to))
        }
        ("format", values) => {
            let out = layout::braces(text, values)?;
            machine.step(out.len() / 8, place)?;
            Value::text(out)
        }
        _ => return Ok(None),
    }))
}
