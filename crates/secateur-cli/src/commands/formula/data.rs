//! Tables, and which rows are for what.

use std::path::Path;

use secateur::core::{Kind, RunError};
use secateur::formula::backward::{Rows, Samples};
use secateur::formula::formula::Split;
use secateur::formula::scale::Target;
use secateur::formula::split::{Groups, by_share};
use secateur::formula::table::{
    self, Decimal, Missing, Name, Options, Problem, Table, TableError, Which,
};

use crate::args::formula::{DecimalWord, LearnArgs, MissingWord, ReadingArgs};

fn options(args: &ReadingArgs) -> Options {
    Options {
        decimal: match args.decimal {
            DecimalWord::Point => Decimal::Point,
            DecimalWord::Comma => Decimal::Comma,
        },
        missing: match args.missing {
            MissingWord::Refuse => Missing::Refuse,
            MissingWord::Drop => Missing::DropRows,
            MissingWord::Median => Missing::Median,
        },
        ..Options::default()
    }
}

/// The columns of a table, before its values are read.
pub(super) fn columns(path: &Path, args: &ReadingArgs) -> Result<Vec<Name>, RunError> {
    table::names(path, &options(args)).map_err(|error| RunError::from(error).at(path))
}

/// Names of columns, without units.
pub(super) fn texts(columns: &[Name]) -> Vec<String> {
    columns.iter().map(|name| name.text.clone()).collect()
}

/// Reads columns of a table; `groups` are read too, and may hold texts where they are no inputs.
pub(super) fn table(
    path: &Path,
    args: &ReadingArgs,
    which: Which,
    groups: &[String],
) -> Result<Table, RunError> {
    let options = Options { which, labels: groups.to_vec(), ..options(args) };
    table::read(path, &options).map_err(|error| RunError::from(error).at(path))
}

/// The table that is learned from, and its inputs and target.
pub(super) fn learned(args: &LearnArgs, groups: &[String]) -> Result<(Table, Problem), RunError> {
    let path = &args.table;
    let Some(target) = &args.reading.target else {
        let message = "no target is named";
        return Err(RunError::new(Kind::Usage, "SEC-FO-012", message)
            .hint("give the column that is to be met with --target NAME"));
    };
    let which = if !args.inputs.is_empty() {
        Which::Only(args.inputs.iter().chain([target]).cloned().collect())
    } else if !args.ignore.is_empty() {
        Which::Except(args.ignore.clone())
    } else {
        Which::All
    };
    let table = table(path, &args.reading, which, groups)?;
    let inputs = (!args.inputs.is_empty()).then_some(&args.inputs[..]);
    let problem = table.problem(target, inputs).map_err(|error| RunError::from(error).at(path))?;
    Ok((table, problem))
}

/// An error unless enough rows are left to learn anything from.
fn enough(problem: &Problem, what: &str, path: &Path) -> Result<(), RunError> {
    if problem.rows() >= 2 {
        return Ok(());
    }
    let message = format!("{} rows are left for {what}", problem.rows());
    Err(RunError::new(Kind::Input, "SEC-FO-013", message)
        .at(path)
        .hint("give more rows, smaller shares, or fewer columns to --group"))
}

/// Rows for each use.
pub(super) struct Parts {
    /// Rows that a formula is fitted to.
    pub(super) train: Problem,
    /// Rows that decide between formulas; those of the training where none are held out.
    pub(super) select: Problem,
    /// Rows for the last measurement, if any are kept aside.
    pub(super) test: Option<Problem>,
    /// Numbers of the rows that are not for that.
    pub(super) learned: Vec<usize>,
}

impl Parts {
    /// What is to be met in training and in selection.
    pub(super) fn goals(&self) -> [Target; 2] {
        [&self.train, &self.select].map(|part| Target::new(part.target.clone()))
    }

    /// The rows that backward pruning looks at.
    pub(super) fn rows<'a>(&'a self, goals: &'a [Target; 2]) -> Rows<'a> {
        Rows {
            train: Samples { columns: self.train.columns(), target: &goals[0] },
            select: Samples { columns: self.select.columns(), target: &goals[1] },
        }
    }
}

/// Parts the rows of a table as a split says.
pub(super) fn parts(
    table: &Table,
    problem: &Problem,
    split: &Split,
    path: &Path,
) -> Result<Parts, RunError> {
    let refuse = |error: TableError| RunError::from(error).at(path);
    let groups = Groups::of_columns(table, &split.group).map_err(refuse)?;
    let all: Vec<usize> = (0..problem.rows()).collect();
    let (rest, test) = part(&all, &groups, split.test, split.seed).map_err(refuse)?;
    // Another seed: the same would draw the same order of groups again.
    let seed = split.seed.wrapping_add(1);
    let (train, select) = part(&rest, &groups, split.validation, seed).map_err(refuse)?;
    let train = problem.of_rows(&train);
    let select = if select.is_empty() { train.clone() } else { problem.of_rows(&select) };
    let test = (!test.is_empty()).then(|| problem.of_rows(&test));
    enough(&train, "training", path)?;
    enough(&select, "validation", path)?;
    Ok(Parts { train, select, test, learned: rest })
}

/// Rows that stay, and a share that is held out by whole groups.
fn part(
    rows: &[usize],
    groups: &Groups,
    share: f64,
    seed: u64,
) -> Result<(Vec<usize>, Vec<usize>), TableError> {
    if share == 0.0 {
        return Ok((rows.to_vec(), Vec::new()));
    }
    let split = by_share(&groups.of_rows(rows), share, seed)?;
    let of = |places: Vec<usize>| places.into_iter().map(|place| rows[place]).collect();
    Ok((of(split.train), of(split.test)))
}
