//! `secateur formula eval`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use secateur::core::{Kind, RunError};
use secateur::formula::evaluate::values;
use secateur::formula::formula::Formula;
use secateur::formula::metrics::metrics;
use secateur::formula::table::{Name, Problem, Table, Which, find};
use secateur::formula::tree::{Node, Tree};
use serde_json::json;

use super::report::line;
use super::{Manner, data, files};
use crate::args::formula::{FormulaArgs, TableArgs};
use crate::out;

pub(super) fn run(
    args: &FormulaArgs,
    table_args: &TableArgs,
    manner: Manner,
) -> Result<ExitCode, RunError> {
    let path = &table_args.data;
    let columns = data::columns(path, &table_args.reading)?;
    let formula = files::formula(args, &data::texts(&columns))?;
    let used = Used::of(&formula, table_args, &columns, args)?;
    let table = used.table(table_args, &[])?;
    let Used { tree, target, .. } = &used;
    let problem = used.problem(&table, path)?;
    let found = values(tree, problem.columns());
    faults(&found).map_err(|error| error.at(path))?;
    let errors = metrics(&problem.target, &found);
    let size = formula.tree.size();
    if manner.json {
        out::json(&json!({
            "rmse": errors.rmse,
            "r2": errors.r2,
            "mae": errors.mae,
            "error_max": errors.error_max,
            "size": size,
            "variables": tree.variables().len(),
            "rows": problem.rows(),
            "target": target,
        }));
    } else {
        let rows = out::count(problem.rows() as u64);
        out::line(&format!("{target} in {rows} rows of {}", path.display()));
        out::line(&line(&errors));
        out::line(&format!("{size} nodes, {} variables", tree.variables().len()));
    }
    Ok(ExitCode::SUCCESS)
}

/// What a formula uses of a table. Other columns are not read: they may hold anything.
pub(super) struct Used {
    /// The formula over the inputs.
    pub(super) tree: Tree,
    /// Names of the inputs.
    inputs: Vec<String>,
    /// The column that is to be met.
    pub(super) target: String,
}

impl Used {
    pub(super) fn of(
        formula: &Formula,
        table: &TableArgs,
        columns: &[Name],
        args: &FormulaArgs,
    ) -> Result<Self, RunError> {
        let asked = table.reading.target.as_deref();
        let target =
            target(formula, asked, columns, args).map_err(|error| error.at(&table.data))?;
        let mut others = data::texts(columns);
        others.retain(|name| *name != target);
        let place = args.formula.clone().unwrap_or_else(|| PathBuf::from("--expr"));
        let whole = formula.over(&others).map_err(files::at(&place))?;
        let used = whole.variables();
        let number = |column: &u32| used.binary_search(column).expect("it is used") as u32;
        let moved = |node: &Node| match node {
            Node::Var(column) => Node::Var(number(column)),
            other => *other,
        };
        let nodes = whole.nodes().iter().map(moved).collect();
        let tree = Tree::new(nodes).expect("variables stay variables");
        let inputs = used.iter().map(|column| others[*column as usize].clone()).collect();
        Ok(Self { tree, inputs, target })
    }

    /// The columns that are used, and those of groups.
    pub(super) fn table(&self, table: &TableArgs, groups: &[String]) -> Result<Table, RunError> {
        let which = Which::Only(self.inputs.iter().chain([&self.target]).cloned().collect());
        data::table(&table.data, &table.reading, which, groups)
    }

    pub(super) fn problem(&self, table: &Table, path: &Path) -> Result<Problem, RunError> {
        table
            .problem(&self.target, Some(&self.inputs))
            .map_err(|error| RunError::from(error).at(path))
    }
}

/// The column that is to be met.
fn target(
    formula: &Formula,
    asked: Option<&str>,
    columns: &[Name],
    args: &FormulaArgs,
) -> Result<String, RunError> {
    let names = data::texts(columns);
    if let Some(asked) = asked {
        return Ok(names[find(asked, columns)?].clone());
    }
    // Only a document says what it gives; a text is called y.
    if args.expr.is_none() && names.contains(&formula.target) {
        return Ok(formula.target.clone());
    }
    let last = names.last().expect("a table has columns");
    out::note(&format!("the target is the last column, {}", out::clean(last)));
    Ok(last.clone())
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
