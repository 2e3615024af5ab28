//! Values of SES variables, and conditions over them.

use std::sync::Arc;

use secateur_core::nearest;

use crate::error::SesError;
use crate::model::{Origin, Ses};
use crate::pes::Bound;
use crate::place::Place;
use crate::script::value::Value;
use crate::script::{Code, Functions, Globals, Machine};

/// Binds the variables of a structure: given values, else its own. Checks what they may be and
/// the semantic conditions.
///
/// # Errors
/// [`SesError::UnknownVariable`], [`SesError::Condition`], and those of expressions.
pub fn bind(ses: &Ses, given: &[(String, String)]) -> Result<(Globals, Vec<Bound>), SesError> {
    for (name, text) in given {
        if !ses.variables.iter().any(|variable| *variable.name == **name) {
            let known: Vec<&str> = ses.variables.iter().map(|v| &*v.name).collect();
            let near = match nearest(name, known.iter().copied()) {
                Some(near) => format!("; is {near} meant?"),
                None if known.is_empty() => "; there are none".to_owned(),
                None => format!("; there are {}", known.join(", ")),
            };
            let error = SesError::UnknownVariable { place: Place::None, name: name.clone(), near };
            return Err(error.within(&format!("-D {name}")));
        }
        Code::read(text, Place::None).map_err(|error| error.within(&format!("-D {name}")))?;
    }
    let functions = Functions::new(&ses.functions);
    let mut globals = Globals::default();
    let mut bound = Vec::new();
    for variable in &ses.variables {
        let given = given.iter().rev().find(|(name, _)| **name == *variable.name);
        let value = match (given, &variable.value) {
            (Some((_, text)), _) => {
                let value = Code::read(text, Place::None)
                    .and_then(|code| Machine::new(&functions, &globals).value(&code));
                value.map_err(|error| error.within(&format!("-D {}", variable.name)))?
            }
            (None, Some(code)) => {
                let value = own(ses, &functions, &globals, code);
                value.map_err(|error| error.within(&format!("variable {}", variable.name)))?
            }
            (None, None) => {
                let name = variable.name.to_string();
                let near = ", and no value was given".to_owned();
                return Err(SesError::UnknownVariable { place: variable.place, name, near });
            }
        };
        bound.push(Bound {
            name: Arc::clone(&variable.name),
            text: value.repr(),
            value: value.json(),
            comment: variable.comment.clone(),
        });
        globals.set(&variable.name, value);
    }
    let allowed = ses.variables.iter().filter_map(|variable| variable.allowed.as_ref());
    for condition in allowed.chain(&ses.conditions) {
        let holds = Machine::new(&functions, &globals).value(condition);
        let part = || format!("condition `{}`", condition.text);
        if !holds.map_err(|error| error.within(&part()))?.truth() {
            let named = condition.names();
            let values: Vec<String> = named
                .iter()
                .filter_map(|name| Some(format!("{name} = {}", globals.find(name)?.repr())))
                .collect();
            let values =
                if values.is_empty() { String::new() } else { format!(": {}", values.join(", ")) };
            let condition_text = condition.text.to_string();
            return Err(SesError::Condition {
                place: condition.place,
                condition: condition_text,
                values,
            });
        }
    }
    Ok((globals, bound))
}

/// The value that a structure gives a variable. In files of SESToPy what is no value is a text.
fn own(
    ses: &Ses,
    functions: &Functions,
    globals: &Globals,
    code: &Code,
) -> Result<Value, SesError> {
    let value = Machine::new(functions, globals).value(code);
    if ses.origin == Origin::Sestopy && value.is_err() {
        return Ok(Value::text(&*code.text));
    }
    value
}
