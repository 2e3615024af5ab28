//! A table taken apart into inputs and a target.

use super::{Column, Name, Table, TableError};
use crate::evaluate::Columns;

/// Inputs and a target.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Names of the inputs: column `j` of a formula is the input `j`.
    pub names: Vec<Name>,
    /// The inputs, each of shape `[rows]`.
    pub inputs: Vec<Vec<f64>>,
    /// Name of the target.
    pub target_name: Name,
    /// The target, of shape `[rows]`.
    pub target: Vec<f64>,
    /// What the reader must know, each a full sentence.
    pub warnings: Vec<String>,
}

impl Table {
    /// Takes a table apart: the target, and as inputs the named columns or all others that are no
    /// labels.
    ///
    /// An input that is the same in every row is kept, with a warning.
    ///
    /// # Errors
    /// [`TableError`] when a name is not there, the target is constant or has values that a median
    /// stands for, or no input is left.
    pub fn problem(&self, target: &str, inputs: Option<&[String]>) -> Result<Problem, TableError> {
        let target = self.find(target)?;
        let are_all = inputs.is_none();
        let inputs: Vec<usize> = match inputs {
            None => {
                let is_input = |index: &usize| *index != target && !self.columns[*index].is_label;
                (0..self.columns.len()).filter(is_input).collect()
            }
            Some(names) => names.iter().map(|name| self.find(name)).collect::<Result<_, _>>()?,
        };
        let refuse = |what: String| Err(TableError::Columns { what });
        let target = &self.columns[target];
        let name = &target.name.text;
        if inputs.is_empty() && are_all {
            return refuse(format!("beside the target {name:?} there is no column for an input"));
        }
        for (place, index) in inputs.iter().enumerate() {
            let input = &self.columns[*index];
            if std::ptr::eq(input, target) {
                return refuse(format!("the column {name:?} is both input and target"));
            }
            if inputs[..place].contains(index) {
                return refuse(format!("the input {:?} is named twice", input.name.text));
            }
        }
        if !target.filled.is_empty() {
            let count = target.filled.len();
            let what = format!(
                "the target {name:?} has {count} missing values, and a median there would be made up: leave such rows out (--missing drop)"
            );
            return refuse(what);
        }
        if is_constant(&target.values) {
            let value = target.values[0].to_string();
            return Err(TableError::ConstantTarget { column: name.clone(), value });
        }
        let columns = || inputs.iter().map(|index| &self.columns[*index]);
        Ok(Problem {
            names: columns().map(|column| column.name.clone()).collect(),
            inputs: columns().map(|column| column.values.clone()).collect(),
            target_name: target.name.clone(),
            target: target.values.clone(),
            warnings: columns().filter_map(warning).collect(),
        })
    }
}

impl Problem {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.target.len()
    }

    /// The inputs as the evaluation takes them.
    pub fn columns(&self) -> Columns<'_> {
        Columns::of(self.rows(), &self.inputs)
    }

    /// The same of some rows, in their order.
    ///
    /// # Panics
    /// When a row is not there.
    #[must_use]
    pub fn of_rows(&self, rows: &[usize]) -> Self {
        let of = |values: &Vec<f64>| rows.iter().map(|row| values[*row]).collect();
        Self {
            names: self.names.clone(),
            inputs: self.inputs.iter().map(of).collect(),
            target_name: self.target_name.clone(),
            target: of(&self.target),
            warnings: Vec::new(),
        }
    }
}

fn is_constant(values: &[f64]) -> bool {
    values.iter().all(|value| *value == values[0])
}

fn warning(column: &Column) -> Option<String> {
    let name = &column.name.text;
    if is_constant(&column.values) {
        let value = column.values[0];
        return Some(format!("The input {name:?} is {value} in every row and explains nothing."));
    }
    let count = column.filled.len();
    (count > 0)
        .then(|| format!("In the input {name:?} the median stands for {count} missing values."))
}
