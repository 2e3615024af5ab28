//! Records of Go.

use secateur::core::figure::Figure;
use secateur::core::recipe::Scope;
use secateur::core::record::{self, CostRow, Costs, Input, Named, Quality, Record};
use secateur::core::{Budget, Recipe};
use secateur::go::criteria::{Strategy, Threshold};
use secateur::go::potential::{Edge, Kernel};
use secateur::go::search::{Scope as Where, Settings, Shape};
use serde_json::{Value, json};

/// What a record of Go says.
pub(super) struct Head {
    /// What was done to, in a line.
    pub(super) model: String,
    /// The file or boards.
    pub(super) name: String,
    /// What pruned, or what was asked.
    pub(super) method: String,
    pub(super) inputs: Vec<Input>,
    pub(super) costs: Vec<CostRow>,
    pub(super) quality: Vec<Quality>,
    pub(super) seconds: f64,
}

/// A record of Go.
pub(super) fn record(
    head: Head,
    settings: &Settings,
    figures: Vec<Named>,
    warnings: Vec<String>,
) -> Record {
    let budget = match settings.pruning.threshold {
        Threshold::Quantile(share) => Budget::Sparsity(share),
        Threshold::Absolute(value) => Budget::AtLeast(value),
    };
    let mut recipe = Recipe::new("go", &head.name, &head.method, budget, Scope::Global);
    recipe.seed = settings.seed;
    recipe.options = rows(settings).into_iter().collect();
    Record {
        format: record::FORMAT,
        run: record::Run {
            command: crate::commands::prune::command(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            recipe,
            inputs: head.inputs,
            instruction_set: "plain".to_owned(),
            threads: rayon::current_num_threads(),
            model: head.model,
            seconds: Some(head.seconds),
            peak_memory_bytes: None,
        },
        groups: Vec::new(),
        cost: Costs::Rows(head.costs),
        quality: head.quality,
        warnings,
        figures,
    }
}

/// Strategies as the command line has them.
pub(super) fn names(strategies: &[Strategy]) -> String {
    match strategies {
        [] => "none".to_owned(),
        some => some.iter().map(|strategy| strategy.name()).collect::<Vec<_>>().join("+"),
    }
}

/// Where moves are cut, for a person.
pub(super) fn threshold(settings: &Settings) -> String {
    match settings.pruning.threshold {
        Threshold::Quantile(share) => format!("quantile {share}"),
        Threshold::Absolute(value) => format!("threshold {value}"),
    }
}

fn kernel(kernel: Kernel) -> String {
    match kernel {
        Kernel::Yukawa { reach } => format!("yukawa={reach}"),
        Kernel::Gauss { width } => format!("gauss={width}"),
        Kernel::Coulomb | Kernel::Zobrist | Kernel::Gnugo => kernel.name().to_owned(),
    }
}

fn edge(edge: Edge) -> &'static str {
    match edge {
        Edge::Open => "open",
        Edge::Same => "same",
        Edge::Opposite => "opposite",
    }
}

/// How moves are pruned, for programs.
pub(super) fn pruning(settings: &Settings) -> Value {
    let (quantile, threshold) = match settings.pruning.threshold {
        Threshold::Quantile(share) => (Some(share), None),
        Threshold::Absolute(value) => (None, Some(value)),
    };
    json!({
        "strategies": settings.pruning.strategies.iter().map(|s| s.name()).collect::<Vec<_>>(),
        "quantile": quantile,
        "threshold": threshold,
        "min_keep": settings.pruning.min_keep,
        "kernel": kernel(settings.kernel),
        "edge": edge(settings.edge),
    })
}

/// All settings, a name and a value each.
pub(super) fn rows(settings: &Settings) -> Vec<(String, String)> {
    let off = |value: Option<String>| value.unwrap_or_else(|| "off".to_owned());
    let shape = match settings.shape {
        Shape::Flat => "flat",
        Shape::Tree => "tree",
    };
    let scope = match settings.scope {
        Where::Root => "root",
        Where::Nodes => "nodes",
    };
    let unpruning = settings.unpruning.map(|open| format!("{},{}", open.first, open.power));
    let pairs = [
        ("prune", names(&settings.pruning.strategies)),
        ("where moves are cut", threshold(settings)),
        ("min-keep", off(settings.pruning.min_keep.map(|least| least.to_string()))),
        ("scope", scope.to_owned()),
        ("unprune", off(unpruning)),
        ("kernel", kernel(settings.kernel)),
        ("edge", edge(settings.edge).to_owned()),
        ("shape", shape.to_owned()),
        ("policy", format!("{:?}", settings.policy).to_lowercase()),
        ("playouts", off(settings.playouts.map(|most| most.to_string()))),
        ("time-per-move", off(settings.time.map(|most| format!("{} s", most.as_secs_f64())))),
        ("search-threads", settings.threads.to_string()),
        ("rave", off(settings.rave.map(|equal| equal.to_string()))),
        ("exploration", settings.exploration.to_string()),
        ("expand-at", settings.expand_at.to_string()),
        ("nodes", settings.nodes_max.to_string()),
        ("resign", off(settings.resign_below.map(|least| least.to_string()))),
        ("seed", settings.seed.to_string()),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// All settings as a figure, a column for each engine.
pub(super) fn settings(engines: &[(&str, &Settings)]) -> Named {
    let columns: Vec<Vec<(String, String)>> = engines.iter().map(|(_, s)| rows(s)).collect();
    let names = columns.first().map_or(&[][..], |rows| &rows[..]);
    let row = |(at, (name, _)): (usize, &(String, String))| {
        std::iter::once(name.clone()).chain(columns.iter().map(|rows| rows[at].1.clone())).collect()
    };
    let heads = std::iter::once("option").chain(engines.iter().map(|(name, _)| *name));
    Named {
        title: "Settings".to_owned(),
        caption: "Options of the search.".to_owned(),
        figure: Figure::Table {
            columns: heads.map(str::to_owned).collect(),
            rows: names.iter().enumerate().map(row).collect(),
        },
    }
}
