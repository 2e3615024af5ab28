//! Rows for learning and rows for testing, with equal rows on one side.

use std::collections::HashMap;

use secateur_core::Random;

use crate::table::{Table, TableError};

/// Row numbers of both sides, ascending; together they are all rows, and none is on both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Rows that are learned from.
    pub train: Vec<usize>,
    /// Rows that are tested on.
    pub test: Vec<usize>,
}

/// The group of each row; rows of a group stay together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    of_row: Vec<usize>,
    count: usize,
}

impl Groups {
    /// A group for each row.
    pub fn single(rows: usize) -> Self {
        Self { of_row: (0..rows).collect(), count: rows }
    }

    /// Rows that are equal in all columns are a group, numbered by their first appearance.
    ///
    /// # Panics
    /// When the columns differ in length, or there are none.
    pub fn of(columns: &[&[f64]]) -> Self {
        let rows = columns[0].len();
        let key = |row: usize| -> Vec<u64> {
            // Adding zero makes 0 of -0.
            columns.iter().map(|column| (column[row] + 0.0).to_bits()).collect()
        };
        Self::numbered((0..rows).map(key))
    }

    /// Rows of a table that are equal in the named columns are a group.
    ///
    /// # Errors
    /// [`TableError`] when a name is not there.
    pub fn of_columns(table: &Table, names: &[String]) -> Result<Self, TableError> {
        if names.is_empty() {
            return Ok(Self::single(table.rows));
        }
        let columns = names.iter().map(|name| Ok(&table.columns[table.find(name)?].values[..]));
        Ok(Self::of(&columns.collect::<Result<Vec<_>, TableError>>()?))
    }

    /// The groups of some rows, numbered anew.
    ///
    /// # Panics
    /// When a row is not there.
    #[must_use]
    pub fn of_rows(&self, rows: &[usize]) -> Self {
        Self::numbered(rows.iter().map(|row| self.of_row[*row]))
    }

    fn numbered<K: Eq + std::hash::Hash>(keys: impl Iterator<Item = K>) -> Self {
        let mut numbers = HashMap::new();
        let mut number = |key| {
            let next = numbers.len();
            *numbers.entry(key).or_insert(next)
        };
        let of_row: Vec<usize> = keys.map(&mut number).collect();
        Self { of_row, count: numbers.len() }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.of_row.len()
    }

    /// Number of groups.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The group of each row.
    pub fn of_row(&self) -> &[usize] {
        &self.of_row
    }

    /// Rows of each group.
    fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![0; self.count];
        for group in &self.of_row {
            sizes[*group] += 1;
        }
        sizes
    }

    fn split(&self, is_test: impl Fn(usize) -> bool) -> Split {
        let (test, train) = (0..self.rows()).partition(|row| is_test(self.of_row[*row]));
        Split { train, test }
    }
}

/// A share of rows to test on, drawn by group.
///
/// Groups are taken in a drawn order as long as they fit; then the smallest of the others, if that
/// comes nearer. The share of rows is off by at most half the size of that group.
///
/// # Errors
/// [`TableError::Split`] when the share is not between 0 and 1 or a side would be empty.
pub fn by_share(groups: &Groups, share: f64, seed: u64) -> Result<Split, TableError> {
    if !(share > 0.0 && share < 1.0) {
        let what = format!("a share of rows to test on lies between 0 and 1, {share} does not");
        return Err(TableError::Split { what });
    }
    if groups.count < 2 {
        let what = format!("{} cannot be split in two", counted(groups));
        return Err(TableError::Split { what });
    }
    let sizes = groups.sizes();
    let wanted = share * groups.rows() as f64;
    let mut order: Vec<usize> = (0..groups.count).collect();
    Random::new(seed).shuffle(&mut order);
    let mut is_test = vec![false; groups.count];
    let (mut rows, mut taken) = (0, 0);
    for group in &order {
        if (rows + sizes[*group]) as f64 <= wanted && taken + 1 < groups.count {
            is_test[*group] = true;
            rows += sizes[*group];
            taken += 1;
        }
    }
    let left = order.iter().filter(|group| !is_test[**group]);
    let smallest = left.min_by_key(|group| sizes[**group]).expect("one group is left");
    let over = (rows + sizes[*smallest]) as f64 - wanted;
    if taken == 0 || over < wanted - rows as f64 && taken + 1 < groups.count {
        is_test[*smallest] = true;
    }
    Ok(groups.split(|group| is_test[group]))
}

/// `k` folds: each row is tested on once. Groups go, the largest first, to the fold with the
/// fewest rows, so that folds differ by at most the size of a group.
///
/// # Errors
/// [`TableError::Split`] for fewer than two folds or fewer groups than folds.
pub fn folds(groups: &Groups, k: usize, seed: u64) -> Result<Vec<Split>, TableError> {
    if k < 2 {
        let what = format!("{k} folds leave nothing to learn from; at least 2 are needed");
        return Err(TableError::Split { what });
    }
    if groups.count < k {
        let what = format!("{} cannot be shared out over {k} folds", counted(groups));
        return Err(TableError::Split { what });
    }
    let sizes = groups.sizes();
    let mut order: Vec<usize> = (0..groups.count).collect();
    Random::new(seed).shuffle(&mut order);
    order.sort_by_key(|group| std::cmp::Reverse(sizes[*group]));
    let mut rows = vec![0; k];
    let mut fold_of = vec![0; groups.count];
    for group in order {
        let fold = (0..k).min_by_key(|fold| rows[*fold]).expect("there are folds");
        rows[fold] += sizes[group];
        fold_of[group] = fold;
    }
    Ok((0..k).map(|fold| groups.split(|group| fold_of[group] == fold)).collect())
}

/// `repeats` times `k` folds, each time drawn anew.
///
/// # Errors
/// As [`folds`]; no repeat is an error too.
pub fn repeated_folds(
    groups: &Groups,
    k: usize,
    repeats: usize,
    seed: u64,
) -> Result<Vec<Split>, TableError> {
    if repeats == 0 {
        return Err(TableError::Split { what: "at least one repeat is needed".to_owned() });
    }
    let mut seeds = Random::stream(seed, 1);
    let mut all = Vec::with_capacity(k * repeats);
    for repeat in 0..repeats {
        let seed = if repeat == 0 { seed } else { seeds.bits() };
        all.extend(folds(groups, k, seed)?);
    }
    Ok(all)
}

/// The split whose test rows are given.
///
/// # Errors
/// [`TableError::Split`] when a row is not there or is given twice, or a side is empty.
pub fn by_rows(rows: usize, test: &[usize]) -> Result<Split, TableError> {
    let refuse = |what: String| Err(TableError::Split { what });
    let mut is_test = vec![false; rows];
    for row in test {
        match is_test.get_mut(*row) {
            None => return refuse(format!("there is no row {row}: rows are 0 to {}", rows - 1)),
            Some(true) => return refuse(format!("the row {row} is given twice")),
            Some(is_test) => *is_test = true,
        }
    }
    if test.is_empty() || test.len() == rows {
        return refuse("one side of the split has no rows".to_owned());
    }
    Ok(Groups::single(rows).split(|row| is_test[row]))
}

/// Row numbers of a text, separated by blanks, line breaks or commas; brackets around them are
/// passed over.
///
/// # Errors
/// [`TableError::RowNumbers`] with the line of what is no number.
pub fn row_numbers(text: &str) -> Result<Vec<usize>, TableError> {
    let mut rows = Vec::new();
    for (line, content) in text.lines().enumerate() {
        let words = content.split(|c: char| c.is_whitespace() || ",[]".contains(c));
        for word in words.filter(|word| !word.is_empty()) {
            let what = || format!("{word:?} is no row number");
            let row = word
                .parse()
                .map_err(|_| TableError::RowNumbers { line: line + 1, what: what() })?;
            rows.push(row);
        }
    }
    Ok(rows)
}

fn counted(groups: &Groups) -> String {
    let (rows, count) = (groups.rows(), groups.count);
    if rows == count { format!("{rows} rows") } else { format!("{count} groups of {rows} rows") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(groups: &Groups, split: &Split) {
        let mut all = [&split.train[..], &split.test[..]].concat();
        all.sort_unstable();
        assert_eq!(all, (0..groups.rows()).collect::<Vec<_>>(), "disjoint and complete");
        assert!(!split.train.is_empty() && !split.test.is_empty());
        let sides = |rows: &[usize]| -> Vec<usize> {
            let mut found: Vec<usize> = rows.iter().map(|row| groups.of_row[*row]).collect();
            found.sort_unstable();
            found.dedup();
            found
        };
        let (train, test) = (sides(&split.train), sides(&split.test));
        assert_eq!(train.len() + test.len(), groups.count, "groups are whole");
    }

    proptest! {
        #[test]
        fn shares_are_whole_groups_and_near(
            column in prop::collection::vec(0_u8..12, 2..80), share in 0.02..0.98, seed: u64,
        ) {
            let column: Vec<f64> = column.into_iter().map(f64::from).collect();
            let groups = Groups::of(&[&column]);
            prop_assume!(groups.count > 1);
            let split = by_share(&groups, share, seed).unwrap();
            check(&groups, &split);
            let off = (split.test.len() as f64 - share * column.len() as f64).abs();
            let largest = *groups.sizes().iter().max().unwrap() as f64;
            prop_assert!(off <= largest, "{off} {largest}");
            prop_assert_eq!(&split, &by_share(&groups, share, seed).unwrap());
        }

        #[test]
        fn folds_test_each_row_once_and_are_near(
            column in prop::collection::vec(0_u8..30, 2..120), k in 2_usize..8, seed: u64,
        ) {
            let column: Vec<f64> = column.into_iter().map(f64::from).collect();
            let groups = Groups::of(&[&column]);
            prop_assume!(groups.count >= k);
            let folds = folds(&groups, k, seed).unwrap();
            let mut tested: Vec<usize> = folds.iter().flat_map(|f| f.test.clone()).collect();
            tested.sort_unstable();
            prop_assert_eq!(tested, (0..column.len()).collect::<Vec<_>>());
            for fold in &folds {
                check(&groups, fold);
            }
            let sizes = || folds.iter().map(|fold| fold.test.len());
            let largest = *groups.sizes().iter().max().unwrap();
            prop_assert!(sizes().max().unwrap() - sizes().min().unwrap() <= largest);
        }
    }

    #[test]
    fn rows_without_groups_are_shared_out_to_the_count() {
        let groups = Groups::single(103);
        assert_eq!(by_share(&groups, 0.2, 1).unwrap().test.len(), 21);
        assert_ne!(by_share(&groups, 0.2, 1).unwrap(), by_share(&groups, 0.2, 2).unwrap());
        let sizes: Vec<usize> =
            folds(&groups, 10, 1).unwrap().iter().map(|fold| fold.test.len()).collect();
        assert!(sizes.iter().all(|size| [10, 11].contains(size)), "{sizes:?}");
        let repeated = repeated_folds(&groups, 10, 2, 1).unwrap();
        assert_eq!(repeated[..10], folds(&groups, 10, 1).unwrap());
        assert_ne!(repeated[..10], repeated[10..]);
    }

    #[test]
    fn zeros_of_both_signs_are_equal() {
        assert_eq!(Groups::of(&[&[0.0, -0.0, 1.0]]).of_row(), [0, 0, 1]);
        assert_eq!(Groups::of(&[&[1.0, 1.0], &[1.0, 2.0]]).count(), 2);
    }

    #[test]
    fn what_cannot_be_split_is_said() {
        let check = |found: TableError, part: &str| {
            assert_eq!(found.code(), "SEC-FO-038");
            assert!(found.to_string().contains(part), "{found}");
        };
        let groups = Groups::of(&[&[1.0, 1.0, 2.0]]);
        check(folds(&groups, 3, 0).unwrap_err(), "2 groups of 3 rows");
        check(folds(&groups, 1, 0).unwrap_err(), "at least 2");
        check(by_share(&groups, 1.0, 0).unwrap_err(), "between 0 and 1");
        check(by_share(&groups, f64::NAN, 0).unwrap_err(), "between 0 and 1");
        check(by_share(&Groups::single(1), 0.5, 0).unwrap_err(), "1 rows");
        check(by_rows(3, &[3]).unwrap_err(), "no row 3");
        check(by_rows(3, &[1, 1]).unwrap_err(), "twice");
        check(by_rows(3, &[]).unwrap_err(), "no rows");
        assert_eq!(by_rows(3, &[1]).unwrap().train, [0, 2]);
        assert_eq!(row_numbers("[1, 2,\n3]").unwrap(), [1, 2, 3]);
        assert_eq!(row_numbers("1\n2 x").unwrap_err().code(), "SEC-FO-039");
    }
}
