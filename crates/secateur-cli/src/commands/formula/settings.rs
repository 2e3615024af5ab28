//! How formulas are searched, from what was typed.

use secateur::formula::op::Op;
use secateur::formula::search::{Limits, OPERATORS, Settings};

use crate::args::formula::SearchArgs;

/// Nodes of `a + b f` beside f.
const SCALE: usize = 4;

pub(super) fn settings(args: &SearchArgs, variables: u32, seed: u64) -> Settings {
    let mut settings = Settings::new(variables, seed);
    settings.levels = args.levels;
    settings.size_max = usize::from(args.size) - SCALE;
    settings.population = usize::from(args.population);
    settings.islands = usize::from(args.islands);
    let operators =
        if args.operators.is_empty() { OPERATORS.to_vec() } else { args.operators.clone() };
    let guarded = |op: Op| if args.guarded { op.guarded() } else { op };
    settings.alphabet.operators = operators.into_iter().map(guarded).collect();
    settings
}

/// When a search ends; `generations` counts where neither generations nor a time were given.
pub(super) fn limits(args: &SearchArgs, generations: u64) -> Limits {
    Limits {
        generations: args.generations.or(args.time.is_none().then_some(generations)),
        time: args.time,
        patience: Some(args.patience),
    }
}
