//! Groups as a matrix of layers and kinds, read from their names.
//!
//! Names such as `model.layers.12.self_attn.q_proj.weight` hold a number; what follows it says
//! which kind of group this is in layer 12. Nothing else is known of a name.

use std::collections::{BTreeMap, BTreeSet};

use secateur_core::record::Group;

/// Most rows of a matrix.
const ROWS_MAX: usize = 24;
/// Most columns of a matrix; further layers share a column with their neighbors.
const COLUMNS_MAX: usize = 100;
/// Share of the groups that must have a place, so that a matrix is worth drawing.
const PLACED_MIN: f64 = 0.6;

/// A matrix of kinds (rows) and layers (columns).
pub(crate) struct Matrix {
    /// Names of the kinds.
    pub(crate) rows: Vec<String>,
    /// First and last layer of each column.
    pub(crate) columns: Vec<(u64, u64)>,
    /// Row-major cells.
    pub(crate) cells: Vec<Cell>,
    /// Indices of the groups that have no place in it.
    pub(crate) rest: Vec<usize>,
}

/// What the groups of one cell add up to.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cell {
    /// Groups in this cell.
    pub(crate) groups: usize,
    /// Those of them that were left alone.
    pub(crate) skipped: usize,
    kept: u64,
    cut: u64,
}

impl Cell {
    /// Share of units cut in the groups that were pruned; `None` when there are none.
    pub(crate) fn sparsity(&self) -> Option<f64> {
        let units = self.kept + self.cut;
        (units > 0).then(|| self.cut as f64 / units as f64)
    }

    pub(crate) fn add(&mut self, group: &Group) {
        self.groups += 1;
        if group.skipped.is_some() {
            self.skipped += 1;
        } else {
            self.kept = self.kept.saturating_add(group.kept);
            self.cut = self.cut.saturating_add(group.cut);
        }
    }
}

/// A name split at its number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    before: String,
    layer: u64,
    after: String,
}

/// The matrix, when at least two layers and most of the groups have a place in it.
pub(crate) fn matrix(groups: &[Group]) -> Option<Matrix> {
    let places: Vec<Option<Place>> = groups.iter().map(|g| place(&g.name)).collect();
    let placed: Vec<&Place> = places.iter().flatten().collect();
    let layers: BTreeSet<u64> = placed.iter().map(|p| p.layer).collect();
    if layers.len() < 2 || (placed.len() as f64) < PLACED_MIN * groups.len() as f64 {
        return None;
    }
    let kinds = kinds(&placed);
    // Without repetition a matrix is a diagonal, and a list says more.
    if kinds.rows.len() * 2 > placed.len() {
        return None;
    }
    let (columns, column_of) = columns(&layers);
    let mut cells = vec![Cell::default(); kinds.rows.len() * columns.len()];
    let mut rest = Vec::new();
    for (at, (group, place)) in groups.iter().zip(&places).enumerate() {
        match place {
            Some(place) => {
                let row = kinds.row(place);
                cells[row * columns.len() + column_of[&place.layer]].add(group);
            }
            None => rest.push(at),
        }
    }
    Some(Matrix { rows: kinds.rows, columns, cells, rest })
}

/// Splits at the first part that is a number, or else at the first that ends in one.
fn place(name: &str) -> Option<Place> {
    let parts: Vec<&str> = name.split(['.', '/']).collect();
    let whole = parts.iter().position(|p| number(p).is_some());
    let (at, stem) = match whole {
        Some(at) => (at, ""),
        None => parts.iter().enumerate().find_map(|(at, part)| {
            let stem = part.trim_end_matches(|c: char| c.is_ascii_digit());
            (!stem.is_empty() && number(&part[stem.len()..]).is_some()).then_some((at, stem))
        })?,
    };
    let mut before = parts[..at].join(".");
    before.push_str(if before.is_empty() || stem.is_empty() { "" } else { "." });
    before.push_str(stem);
    let after = parts[at + 1..].join(".");
    let after = after.strip_suffix(".weight").unwrap_or(&after).to_owned();
    Some(Place { before, layer: number(&parts[at][stem.len()..])?, after })
}

fn number(part: &str) -> Option<u64> {
    let digits = !part.is_empty() && part.len() <= 9 && part.bytes().all(|b| b.is_ascii_digit());
    if digits { part.parse().ok() } else { None }
}

/// Rows and the way from a place to its row.
struct Kinds {
    rows: Vec<String>,
    index: BTreeMap<(String, String), usize>,
    folded: bool,
}

impl Kinds {
    fn row(&self, place: &Place) -> usize {
        // Kinds past the last row of their own share it.
        self.index.get(&key(place, self.folded)).copied().unwrap_or(ROWS_MAX - 1)
    }
}

fn key(place: &Place, folded: bool) -> (String, String) {
    let after = if folded { fold(&place.after) } else { place.after.clone() };
    (place.before.clone(), after)
}

/// Further numbers as `*`: the experts of a layer become one kind.
fn fold(after: &str) -> String {
    let parts = after.split('.').map(|p| if number(p).is_some() { "*" } else { p });
    parts.collect::<Vec<_>>().join(".")
}

fn kinds(placed: &[&Place]) -> Kinds {
    let keys = |folded| {
        let mut order = Vec::new();
        let mut seen = BTreeSet::new();
        for place in placed {
            let key = key(place, folded);
            if seen.insert(key.clone()) {
                order.push(key);
            }
        }
        order
    };
    let plain = keys(false);
    let folded = plain.len() > ROWS_MAX;
    let mut order = if folded { keys(true) } else { plain };
    let others = order.len() > ROWS_MAX;
    if others {
        order.truncate(ROWS_MAX - 1);
    }
    let mut rows = labels(&order);
    if others {
        rows.push("others".to_owned());
    }
    Kinds { rows, index: order.into_iter().zip(0..).collect(), folded }
}

/// What follows the number; with what precedes it where that is needed to tell rows apart.
fn labels(order: &[(String, String)]) -> Vec<String> {
    let mut count = BTreeMap::new();
    for (_, after) in order {
        *count.entry(after).or_insert(0) += 1;
    }
    let label = |(before, after): &(String, String)| match (count[after] > 1, after.as_str()) {
        (false, "") => before.clone(),
        (false, after) => after.to_owned(),
        (true, "") => format!("{before}.…"),
        (true, after) => format!("{before}.….{after}"),
    };
    order.iter().map(label).collect()
}

fn columns(layers: &BTreeSet<u64>) -> (Vec<(u64, u64)>, BTreeMap<u64, usize>) {
    let layers: Vec<u64> = layers.iter().copied().collect();
    let per = layers.len().div_ceil(COLUMNS_MAX);
    let columns = layers.chunks(per).map(|c| (c[0], c[c.len() - 1])).collect();
    let of = layers.iter().enumerate().map(|(at, layer)| (*layer, at / per)).collect();
    (columns, of)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(name: &str, skipped: bool) -> Group {
        Group {
            name: name.to_owned(),
            shape: vec![2, 2],
            dtype: "f32".to_owned(),
            kept: 3,
            cut: 1,
            score_kept: None,
            skipped: skipped.then(|| "asked".to_owned()),
        }
    }

    #[track_caller]
    fn check(name: &str, expect: Option<(&str, u64, &str)>) {
        let place = place(name);
        let found = place.as_ref().map(|p| (p.before.as_str(), p.layer, p.after.as_str()));
        assert_eq!(found, expect);
    }

    #[test]
    fn a_name_splits_at_its_number() {
        check("model.layers.12.mlp.up_proj.weight", Some(("model.layers", 12, "mlp.up_proj")));
        check("blk.3.attn_q.weight", Some(("blk", 3, "attn_q")));
        check("/layer1/layer1.0/conv1/Conv", Some((".layer1.layer1", 0, "conv1.Conv")));
        check("encoder/layer_7/dense", Some(("encoder.layer_", 7, "dense")));
        check("speaker 12", Some(("speaker ", 12, "")));
        check("lm_head.weight", None);
        check("99999999999999999999", None);
        check("", None);
    }

    #[test]
    fn layers_by_kinds() {
        let names = (0..6).flat_map(|layer| ["q", "k", "up"].map(|k| format!("l.{layer}.{k}")));
        let mut groups: Vec<Group> = names.map(|n| group(&n, n == "l.2.k")).collect();
        groups.push(group("head", true));
        let matrix = matrix(&groups).unwrap();
        assert_eq!(matrix.rows, ["q", "k", "up"]);
        assert_eq!(matrix.columns.len(), 6);
        assert_eq!(matrix.rest, [18]);
        assert_eq!(matrix.cells[0].sparsity(), Some(0.25));
        assert_eq!(matrix.cells[6 + 2].sparsity(), None);
        assert_eq!(matrix.cells[6 + 2].skipped, 1);
    }

    #[test]
    fn experts_and_many_layers_are_folded() {
        let names = (0..250).flat_map(|layer| (0..40).map(move |e| format!("l.{layer}.x.{e}.up")));
        let groups: Vec<Group> = names.map(|n| group(&n, false)).collect();
        let matrix = matrix(&groups).unwrap();
        assert_eq!(matrix.rows, ["x.*.up"]);
        assert_eq!(matrix.columns.len(), 84);
        assert_eq!(matrix.columns[0], (0, 2));
        assert_eq!(matrix.cells[0].groups, 120);
        assert_eq!(matrix.cells.iter().map(|c| c.groups).sum::<usize>(), 10_000);
    }

    #[test]
    fn two_stacks_keep_apart_and_no_numbers_give_no_matrix() {
        let names = (0..3).flat_map(|l| [format!("enc.{l}.q"), format!("dec.{l}.q")]);
        let groups: Vec<Group> = names.map(|n| group(&n, false)).collect();
        assert_eq!(matrix(&groups).unwrap().rows, ["enc.….q", "dec.….q"]);
        let groups: Vec<Group> = ["a", "b", "c"].map(|n| group(n, false)).to_vec();
        assert!(matrix(&groups).is_none());
    }
}
