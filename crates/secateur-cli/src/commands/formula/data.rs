//! Tables, and which rows are for what.

use std::path::Path;

use secateur::core::{Kind, Random, RunError};
use secateur::formula::formula::Split;
use secateur::formula::table::{self, Decimal, Missing, Options, Problem, Table, Which};

use crate::args::formula::{DecimalWord, MissingWord, ReadingArgs};

/// Reads a table.
pub(super) fn table(path: &Path, args: &ReadingArgs, which: Which) -> Result<Table, RunError> {
    let options = Options {
        decimal: match args.decimal {
            DecimalWord::Point => Decimal::Point,
            DecimalWord::Comma => Decimal::Comma,
        },
        missing: match args.missing {
            MissingWord::Refuse => Missing::Refuse,
            MissingWord::Drop => Missing::DropRows,
            MissingWord::Median => Missing::Median,
        },
        which,
        ..Options::default()
    };
    table::read(path, &options).map_err(|error| RunError::from(error).at(path))
}

/// Names of the columns, without units.
pub(super) fn names(table: &Table) -> Vec<String> {
    table.columns.iter().map(|column| column.name.text.clone()).collect()
}

/// Rows that are equal in all of the named columns have the same number.
fn groups(table: &Table, names: &[String], path: &Path) -> Result<Vec<usize>, RunError> {
    let mut columns = Vec::new();
    for name in names {
        let found = table.find(name).map_err(|error| RunError::from(error).at(path))?;
        columns.push(&table.columns[found].values);
    }
    if columns.is_empty() {
        return Ok((0..table.rows).collect());
    }
    let mut known = std::collections::HashMap::new();
    let number = |row: usize| {
        let key: Vec<u64> = columns.iter().map(|column| column[row].to_bits()).collect();
        let next = known.len();
        *known.entry(key).or_insert(next)
    };
    Ok((0..table.rows).map(number).collect())
}

/// Parts rows in two by whole groups: those that stay, and a share that is held out.
fn hold_out(
    rows: &[usize],
    groups: &[usize],
    share: f64,
    seed: u64,
    stream: u64,
) -> (Vec<usize>, Vec<usize>) {
    let mut order: Vec<usize> = rows.iter().map(|row| groups[*row]).collect();
    order.sort_unstable();
    order.dedup();
    Random::stream(seed, stream).shuffle(&mut order);
    let wanted = (share * rows.len() as f64).round() as usize;
    let mut taken = std::collections::HashSet::new();
    let mut count = 0;
    for group in order {
        let size = rows.iter().filter(|row| groups[**row] == group).count();
        if count + size / 2 >= wanted.max(1) || taken.len() + 1 >= rows.len() {
            break;
        }
        count += size;
        taken.insert(group);
    }
    rows.iter().partition(|row| !taken.contains(&groups[**row]))
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
}

/// Parts the rows of a table as a split says.
pub(super) fn parts(
    table: &Table,
    problem: &Problem,
    split: &Split,
    path: &Path,
) -> Result<Parts, RunError> {
    let groups = groups(table, &split.group, path)?;
    let all: Vec<usize> = (0..problem.rows()).collect();
    let (rest, test) = part(&all, &groups, split.test, split.seed, 1);
    let (train, select) = part(&rest, &groups, split.validation, split.seed, 2);
    let train = problem.of_rows(&train);
    let select = if select.is_empty() { train.clone() } else { problem.of_rows(&select) };
    let test = (!test.is_empty()).then(|| problem.of_rows(&test));
    enough(&train, "training", path)?;
    enough(&select, "validation", path)?;
    Ok(Parts { train, select, test })
}

fn part(
    rows: &[usize],
    groups: &[usize],
    share: f64,
    seed: u64,
    stream: u64,
) -> (Vec<usize>, Vec<usize>) {
    if share > 0.0 {
        hold_out(rows, groups, share, seed, stream)
    } else {
        (rows.to_vec(), Vec::new())
    }
}
