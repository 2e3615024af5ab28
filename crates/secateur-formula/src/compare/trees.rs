//! Operation trees that take part: as a search finds them, and after backward pruning.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use secateur_core::{Kind, RunError};

use super::Contender;
use crate::backward::{self, Choice, Refit, Samples, Scaled, Tips, path, refitted};
use crate::baselines::{Fitted, Model, Rows};
use crate::evaluate::Columns;
use crate::factor::factored;
use crate::scale::Target;
use crate::search::{End, Limits, Search, Settings, run};
use crate::shorten::{READABLE, shortened};
use crate::simplify::simplify;
use crate::split::by_share;
use crate::syntax::{Target as Language, write};
use crate::tree::Tree;

/// How operation trees are found and pruned.
#[derive(Clone, Debug)]
pub struct Trees {
    /// How the search goes; the number of columns and the seed are those of the rows.
    pub search: Settings,
    /// When it ends.
    pub limits: Limits,
    /// Share of the rows for learning that decides in backward pruning.
    pub validation: f64,
    /// What is fitted again when a tip is gone.
    pub refit: Refit,
    /// How a formula is chosen from the path.
    pub choice: Choice,
}

/// Formulas that were found, by the seed of the fold.
type Found = Arc<Mutex<HashMap<u64, Scaled>>>;

/// `got`, genetic operation trees, and `pruned got`, the same formulas after backward pruning; a
/// formula is searched once for both. `stopped` ends a search early.
pub fn trees<'a>(how: &Trees, stopped: impl Fn() -> bool + Send + Sync + 'a) -> [Contender<'a>; 2] {
    let found = Found::default();
    let (searched, again) = (Arc::clone(&found), found);
    let stopped = Arc::new(stopped);
    let (stop, stop_again) = (Arc::clone(&stopped), stopped);
    let (how, how_again) = (how.clone(), how.clone());
    let got = Contender::new("got", move |rows| {
        let formula = search(&how, rows, &searched, &*stop)?;
        fitted(&formula.whole(), rows)
    });
    let pruned = Contender::new("pruned got", move |rows| {
        let formula = search(&how_again, rows, &again, &*stop_again)?;
        let mut fitted = fitted(&prune(&how_again, rows, &formula)?, rows)?;
        fitted.notes.push("its seconds are those after the search.".to_owned());
        Ok(fitted)
    });
    [Contender { alone: true, ..got }, Contender { alone: true, ..pruned }]
}

/// The formula that was found in these rows, or is found now.
fn search(
    how: &Trees,
    rows: &Rows,
    found: &Found,
    stopped: &dyn Fn() -> bool,
) -> Result<Scaled, RunError> {
    let known = found.lock().expect("no search panics").get(&rows.seed).cloned();
    if let Some(formula) = known {
        return Ok(formula);
    }
    let target = Target::new(rows.target.to_vec());
    let train = Samples { columns: rows.inputs, target: &target };
    let mut settings = Settings { seed: rows.seed, ..how.search.clone() };
    settings.alphabet.variables = rows.names.len() as u32;
    let mut search = Search::new(settings, train);
    if run(&mut search, how.limits, |_, _| !stopped()) == End::Stopped {
        return Err(RunError::new(Kind::Interrupted, "SEC-FO-017", "the comparison was stopped"));
    }
    let Some(best) = search.hall.best() else {
        let message = "no formula has a value in every row";
        return Err(RunError::new(Kind::Other, "SEC-FO-015", message)
            .hint("search longer, or with --guarded"));
    };
    let formula = best.formula.clone();
    found.lock().expect("no search panics").insert(rows.seed, formula.clone());
    Ok(formula)
}

/// The formula after backward pruning, fitted to all rows for learning at the end.
fn prune(how: &Trees, rows: &Rows, formula: &Scaled) -> Result<Tree, RunError> {
    let split = by_share(rows.groups, how.validation, rows.seed.wrapping_add(1))?;
    let of = |values: &[f64], places: &[usize]| places.iter().map(|row| values[*row]).collect();
    let inputs = |places: &[usize]| -> Vec<Vec<f64>> {
        (0..rows.names.len()).map(|input| of(rows.inputs.column(input), places)).collect()
    };
    let (train, select) = (inputs(&split.train), inputs(&split.test));
    let goals = [&split.train, &split.test].map(|places| Target::new(of(rows.target, places)));
    let both = backward::Rows {
        train: Samples { columns: Columns::new(&train), target: &goals[0] },
        select: Samples { columns: Columns::new(&select), target: &goals[1] },
    };
    let steps = path(&formula.whole(), Tips::Leaves, how.refit, &both)
        .map_err(|error| RunError::new(Kind::Other, "SEC-FO-015", error.to_string()))?;
    let chosen = backward::choose(&steps, how.choice, &both, rows.seed);
    let tree = steps[chosen].formula.whole();
    let target = Target::new(rows.target.to_vec());
    let all = Samples { columns: rows.inputs, target: &target };
    Ok(refitted(&tree, how.refit, all).map_or(tree, |formula| formula.whole()))
}

fn fitted(tree: &Tree, rows: &Rows) -> Result<Fitted, RunError> {
    let target = Target::new(rows.target.to_vec());
    let samples = Samples { columns: rows.inputs, target: &target };
    let tree = shortened(&simplify(&factored(tree)), samples, READABLE);
    Ok(Fitted {
        parameters: tree.constants().len(),
        text: write(&tree, rows.names, Language::Infix)?,
        notes: Vec::new(),
        model: Model::Formula(tree),
    })
}
