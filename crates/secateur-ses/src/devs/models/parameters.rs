//! Parameters: what entities give and what models take.

use secateur_core::nearest;
use std::fmt;

use crate::devs::distribution::{Distribution, FORMS};
use crate::devs::error::DevsError;

/// The value of an entity's variable.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// A number.
    Number(f64),
    /// A text; a number as a text is as good as a number.
    Text(String),
}

impl From<f64> for Given {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Given {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// What a parameter may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A number from a range.
    Number {
        /// The least.
        low: f64,
        /// The greatest, which may be infinite (`inf`).
        high: f64,
    },
    /// A whole number from a range.
    Whole {
        /// The least.
        low: u32,
        /// The greatest.
        high: u32,
    },
    /// A duration as a distribution.
    Duration,
    /// One of several words.
    Word(&'static [&'static str]),
    /// Numbers that are not negative, with `,` between.
    Numbers,
}

/// A parameter of a model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Its name, as a variable of an entity.
    pub name: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// What it is when not given; `None` when it must be.
    pub default: Option<&'static str>,
    /// What it means, one line.
    pub help: &'static str,
}

#[derive(Clone, Debug, PartialEq)]
enum Read {
    Number(f64),
    Duration(Distribution),
    Word(&'static str),
    Numbers(Vec<f64>),
}

/// The parameters of a model, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    component: String,
    values: Vec<(&'static str, Read)>,
}

impl Parameters {
    /// Checks what is given for a component against what its model takes.
    ///
    /// # Errors
    /// [`DevsError::UnknownParameter`], [`DevsError::MissingParameter`],
    /// [`DevsError::BadParameter`].
    pub fn read(
        component: &str,
        model: &'static str,
        takes: &[Parameter],
        given: &[(String, Given)],
    ) -> Result<Self, DevsError> {
        let component = component.to_owned();
        for (name, _) in given {
            if !takes.iter().any(|parameter| parameter.name == name) {
                let nearest = nearest(name, takes.iter().map(|parameter| parameter.name));
                let parameter = name.clone();
                return Err(DevsError::UnknownParameter { component, model, parameter, nearest });
            }
        }
        let mut values = Vec::with_capacity(takes.len());
        for parameter in takes {
            let found = given.iter().rev().find(|(name, _)| name == parameter.name);
            let text = match (found, parameter.default) {
                (Some((_, value)), _) => value.to_string(),
                (None, Some(default)) => default.to_owned(),
                (None, None) => {
                    let parameter = parameter.name;
                    return Err(DevsError::MissingParameter { component, model, parameter });
                }
            };
            let read = parameter.kind.read(&text).ok_or_else(|| DevsError::BadParameter {
                component: component.clone(),
                parameter: parameter.name.to_owned(),
                value: text.clone(),
                expected: parameter.kind.to_string(),
            })?;
            values.push((parameter.name, read));
        }
        Ok(Self { component, values })
    }

    /// An error that says what a parameter should be.
    pub fn refuse(&self, parameter: &str, expected: impl Into<String>) -> DevsError {
        let value = self.values.iter().find(|(name, _)| *name == parameter);
        DevsError::BadParameter {
            component: self.component.clone(),
            parameter: parameter.to_owned(),
            value: value.map(|(_, read)| read.to_string()).unwrap_or_default(),
            expected: expected.into(),
        }
    }

    fn find(&self, name: &str) -> &Read {
        let found = self.values.iter().find(|(known, _)| *known == name);
        &found.expect("a model asks only for parameters that its entry lists").1
    }

    /// A parameter of the kinds `Number` or `Whole`.
    ///
    /// # Panics
    /// When the entry of the model does not list it so.
    pub fn number(&self, name: &str) -> f64 {
        match self.find(name) {
            Read::Number(number) => *number,
            other => panic!("{name} is no number but {other}"),
        }
    }

    /// A parameter of the kind `Whole`.
    ///
    /// # Panics
    /// When the entry of the model does not list it so.
    pub fn whole(&self, name: &str) -> u32 {
        self.number(name) as u32
    }

    /// A parameter of the kind `Duration`.
    ///
    /// # Panics
    /// When the entry of the model does not list it so.
    pub fn duration(&self, name: &str) -> Distribution {
        match self.find(name) {
            Read::Duration(distribution) => *distribution,
            other => panic!("{name} is no duration but {other}"),
        }
    }

    /// A parameter of the kind `Word`.
    ///
    /// # Panics
    /// When the entry of the model does not list it so.
    pub fn word(&self, name: &str) -> &'static str {
        match self.find(name) {
            Read::Word(word) => word,
            other => panic!("{name} is no word but {other}"),
        }
    }

    /// A parameter of the kind `Numbers`.
    ///
    /// # Panics
    /// When the entry of the model does not list it so.
    pub fn numbers(&self, name: &str) -> Vec<f64> {
        match self.find(name) {
            Read::Numbers(numbers) => numbers.clone(),
            other => panic!("{name} is no list of numbers but {other}"),
        }
    }
}

impl Kind {
    fn read(&self, text: &str) -> Option<Read> {
        let text = text.trim();
        match *self {
            Self::Number { low, high } => {
                let number = text.parse::<f64>().ok()?;
                (low <= number && number <= high).then_some(Read::Number(number))
            }
            Self::Whole { low, high } => {
                let number = text.parse::<f64>().ok().filter(|number| number.fract() == 0.0)?;
                let fits = f64::from(low) <= number && number <= f64::from(high);
                fits.then_some(Read::Number(number))
            }
            Self::Duration => Distribution::parse(text).map(Read::Duration),
            Self::Word(words) => words.iter().find(|word| **word == text).map(|w| Read::Word(w)),
            Self::Numbers => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                let fine = |n: &f64| *n >= 0.0 && n.is_finite();
                let numbers = parts.map(|part| part.parse::<f64>().ok().filter(fine));
                numbers.collect::<Option<Vec<f64>>>().map(Read::Numbers)
            }
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number { low, high } => write!(f, "a number from {low} to {high}"),
            Self::Whole { low, high } => write!(f, "a whole number from {low} to {high}"),
            Self::Duration => f.write_str(FORMS),
            Self::Word(words) => write!(f, "one of {}", words.join(", ")),
            Self::Numbers => f.write_str("numbers that are not negative, with commas between"),
        }
    }
}

impl fmt::Display for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Duration(distribution) => write!(f, "{distribution}"),
            Self::Word(word) => f.write_str(word),
            Self::Numbers(numbers) => {
                let texts: Vec<String> = numbers.iter().map(f64::to_string).collect();
                f.write_str(&texts.join(","))
            }
        }
    }
}
