//! Rows of text.

use super::{Body, Drawn, Table};
use crate::number::integer;
use crate::text::name;

/// Most cells of a table on the page.
const CELLS_MAX: usize = 4_000;

pub(super) fn table(columns: &[String], rows: &[Vec<String>]) -> Drawn {
    if rows.is_empty() || columns.is_empty() {
        return Drawn::nothing("The table is empty.");
    }
    let most = (CELLS_MAX / columns.len()).max(1);
    let cells = |row: &Vec<String>| row.iter().map(|c| name(c)).collect();
    let shown: Vec<Vec<String>> = rows.iter().take(most).map(cells).collect();
    let note = (rows.len() > most).then(|| {
        let total = integer(rows.len() as u64);
        format!("The first {most} of {total} rows; all are in the JSON report.")
    });
    let heads: Vec<String> = columns.iter().map(|c| name(c)).collect();
    let across = |row: &Vec<String>| row.iter().map(|c| c.chars().count() + 3).sum::<usize>();
    let wide = shown.iter().chain([&heads]).any(|row| across(row) > 64);
    Drawn { body: Body::Table(Table::new(heads, shown)), wide, data: None, note }
}

/// Whether a cell reads as a number, possibly with a unit.
pub(super) fn is_number(cell: &str) -> bool {
    let start = cell.trim_start_matches(['-', '−', '+', '<', '>', '×', '~']);
    let number = start.starts_with(|c: char| c.is_ascii_digit());
    let letters = start.chars().filter(|c| c.is_alphabetic()).count();
    let dash = matches!(cell, "" | "–" | "-" | "—" | "∞");
    dash || number && letters <= 4 && !start.contains([':', '[', '_'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_from_words() {
        for cell in ["12", "−3.5 %", "1,024", "12.3 ms", "", "–", "3.4 GiB", "+1e-3"] {
            assert!(is_number(cell), "{cell}");
        }
        for cell in ["q_proj", "2:4", "[1, 2]", "3 layers of", "4x_up", "x1"] {
            assert!(!is_number(cell), "{cell}");
        }
    }
}
