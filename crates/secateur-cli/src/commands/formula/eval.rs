//! `secateur formula eval`.

use std::path::PathBuf;
use std::process::ExitCode;

use secateur::core::{Kind, RunError};
use secateur::formula::evaluate::values;
use secateur::formula::formula::Formula;
use secateur::formula::table::{Table, Which};
use secateur::formula::tree::Tree;
use serde_json::json;

use super::report::Errors;
use super::{Manner, data, files};
use crate::args::formula::{FormulaArgs, TableArgs};
use crate::out;

pub(super) fn run(
    args: &FormulaArgs,
    table_args: &TableArgs,
    manner: Manner,
) -> Result<ExitCode, RunError> {
    let path = &table_args.data;
    let table = data::table(path, &table_args.reading, Which::All)?;
    let names = data::names(&table);
    let formula = files::formula(args, &names)?;
    let (target, inputs) = target(&formula, table_args.reading.target.as_deref(), &table, args)?;
    let problem =
        table.problem(&target, Some(&inputs)).map_err(|error| RunError::from(error).at(path))?;
    let tree = over(&formula, &inputs, args)?;
    let found = values(&tree, problem.columns());
    faults(&found).map_err(|error| error.at(path))?;
    let errors = Errors::of(&found, &problem.target);
    let size = formula.tree.size();
    if manner.json {
        out::json(&json!({
            "rmse": errors.rmse,
            "r2": errors.r2,
            "mae": errors.mae,
            "error_max": errors.most,
            "size": size,
            "variables": tree.variables().len(),
            "rows": problem.rows(),
            "target": target,
        }));
    } else {
        let rows = out::count(problem.rows() as u64);
        out::line(&format!("{target} in {rows} rows of {}", path.display()));
        out::line(&errors.line());
        out::line(&format!("{size} nodes, {} variables", tree.variables().len()));
    }
    Ok(ExitCode::SUCCESS)
}

/// The column that is to be met, and the columns that are inputs: all others.
pub(super) fn target(
    formula: &Formula,
    asked: Option<&str>,
    table: &Table,
    args: &FormulaArgs,
) -> Result<(String, Vec<String>), RunError> {
    let names = data::names(table);
    // Only a document says what it gives; a text is called y.
    let named = (args.expr.is_none() && names.contains(&formula.target)).then_some(&formula.target);
    let last = names.last().expect("a table has columns");
    let target = match (asked, named) {
        (Some(asked), _) => {
            let found = table.find(asked).map_err(RunError::from)?;
            names[found].clone()
        }
        (None, Some(named)) => named.clone(),
        (None, None) => {
            out::note(&format!("the target is the last column, {}", out::clean(last)));
            last.clone()
        }
    };
    let inputs = names.into_iter().filter(|name| *name != target).collect();
    Ok((target, inputs))
}

/// The tree of a formula over the columns of the data.
pub(super) fn over(
    formula: &Formula,
    inputs: &[String],
    args: &FormulaArgs,
) -> Result<Tree, RunError> {
    let place = args.formula.clone().unwrap_or_else(|| PathBuf::from("--expr"));
    formula.over(inputs).map_err(files::at(&place))
}

/// An error where a formula has no value in some row.
pub(super) fn faults(found: &[f64]) -> Result<(), RunError> {
    let count = found.iter().filter(|value| !value.is_finite()).count();
    let Some(first) = found.iter().position(|value| !value.is_finite()) else { return Ok(()) };
    let message = format!(
        "the formula has no value in {count} of {} rows, the first is row {} of the data: it is {} there",
        found.len(),
        first + 1,
        found[first]
    );
    Err(RunError::new(Kind::Input, "SEC-FO-014", message)
        .hint("a division by zero, a logarithm of nothing or an overflow; guarded operators have a value everywhere"))
}
