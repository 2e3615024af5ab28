//! Records of structures, and the pages that show them.

use std::path::Path;

use secateur::core::figure::Figure;
use secateur::core::recipe::Scope;
use secateur::core::record::{self, CostRow, Costs, Input, Named, Record, Unit};
use secateur::core::{Budget, Kind, Recipe, RunError};
use secateur::ses::family::Family;
use secateur::ses::format::draw;
use secateur::ses::model::{self, Ses};
use secateur::ses::pes::Pes;
use secateur::ses::prune::{self as pruning, Pruned, Request};

use super::files::Target;

/// Decisions that the page shows.
const SHOWN: usize = 2000;

/// A place for a page or a record.
pub(super) fn place(path: &Path, force: bool, inputs: &[&Path]) -> Result<Target, RunError> {
    if !matches!(path.extension().and_then(|ending| ending.to_str()), Some("html" | "json")) {
        let message = "a report ends in .html or .json";
        return Err(RunError::new(Kind::Usage, "SEC-SE-020", message).at(path));
    }
    Target::report(path, force, inputs)
}

/// Writes a record as a page or as JSON, by the ending of the file.
pub(super) fn write(record: &Record, report: &Target) -> Result<(), RunError> {
    let html = report.path.extension().is_some_and(|ending| ending == "html");
    let text = if html {
        secateur::report::html(record)
            .map_err(|error| RunError::new(Kind::Other, "SEC-CL-001", error.to_string()))?
    } else {
        secateur::report::json(record)
    };
    report.text(&text)
}

/// What a record of a structure says besides its figures.
pub(super) struct Head<'a> {
    /// What was done.
    pub(super) method: &'a str,
    /// The file that was read.
    pub(super) input: &'a Input,
    /// The result.
    pub(super) pes: &'a Pes,
    /// What it costs before and after.
    pub(super) costs: Vec<CostRow>,
    /// How long it took.
    pub(super) seconds: f64,
}

/// A record of a structure that one was pruned to.
pub(super) fn record(head: Head<'_>, figures: Vec<Named>, warnings: Vec<String>) -> Record {
    let Head { method, input, pes, costs, seconds } = head;
    let entities = pes.entities();
    let budget = Budget::Keep(entities as usize);
    Record {
        format: record::FORMAT,
        run: record::Run {
            command: crate::commands::prune::command(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            recipe: Recipe::new("ses", &input.name, method, budget, Scope::Global),
            inputs: vec![input.clone()],
            instruction_set: "plain".to_owned(),
            threads: rayon::current_num_threads(),
            model: format!("{}: {entities} entities", pes.name),
            seconds: Some(seconds),
            peak_memory_bytes: None,
        },
        groups: Vec::new(),
        cost: Costs::Rows(costs),
        quality: Vec::new(),
        warnings,
        figures,
    }
}

/// What pruning a structure did to it.
pub(super) fn costs_of_pruning(ses: &Ses, request: &Request, pes: &Pes) -> Vec<CostRow> {
    let ids = || 0..ses.nodes.len() as u32;
    let entities = ids().filter(|id| ses.entity(*id).is_some()).count();
    let couplings: usize = ids().map(|id| couplings_of(&ses.node(id).kind)).sum();
    let points = ids().filter(|id| is_point(ses, *id)).count();
    let open = pruning::waiting(pes).len();
    let mut rows = vec![
        row("Entities", Some(entities as u64), pes.entities()),
        row("Couplings", Some(couplings as u64), couplings_in(pes)),
        row("Variation points", Some(points as u64), open as u64),
    ];
    let members = Family::new(ses, request).ok();
    let members = members.and_then(|family| family.count().to_string().parse::<f64>().ok());
    // A family of more members than a number can say has no row.
    let after = (open == 0).then_some(1.0);
    rows.extend(
        members.filter(|members| members.is_finite()).map(|members| {
            CostRow::new("Members of the family", Unit::Count, Some(members), after)
        }),
    );
    rows
}

/// What going on with an incomplete result did to it.
pub(super) fn costs_of_resuming(before: [u64; 3], pes: &Pes) -> Vec<CostRow> {
    let names = ["Entities", "Couplings", "Open variation points"];
    let after = sizes(pes);
    let rows = names.into_iter().zip(before.into_iter().zip(after));
    rows.map(|(name, (before, after))| row(name, Some(before), after)).collect()
}

/// Entities, couplings and open variation points.
pub(super) fn sizes(pes: &Pes) -> [u64; 3] {
    [pes.entities(), couplings_in(pes), pruning::waiting(pes).len() as u64]
}

/// A count; what comes out of nothing has no value before.
pub(super) fn row(label: &str, before: Option<u64>, after: u64) -> CostRow {
    CostRow::new(label, Unit::Count, before.map(|count| count as f64), Some(after as f64))
}

pub(super) fn couplings_in(pes: &Pes) -> u64 {
    (0..pes.nodes.len() as u32).map(|node| pes.links(node).len() as u64).sum()
}

fn couplings_of(kind: &model::Kind) -> usize {
    match kind {
        model::Kind::Aspect(aspect) | model::Kind::Multi(aspect, _) => {
            aspect.couplings.len() + aspect.computed.len()
        }
        model::Kind::Entity(_) | model::Kind::Spec => 0,
    }
}

/// Whether something is decided here: which child, which aspect, how often.
fn is_point(ses: &Ses, id: model::Id) -> bool {
    let node = ses.node(id);
    let aspects =
        |kind: &model::Kind| matches!(kind, model::Kind::Aspect(_) | model::Kind::Multi(..));
    match &node.kind {
        model::Kind::Spec | model::Kind::Multi(..) => true,
        model::Kind::Aspect(_) => false,
        model::Kind::Entity(_) => {
            node.children.iter().filter(|child| aspects(&ses.node(**child).kind)).count() > 1
        }
    }
}

/// The drawn structure.
pub(super) fn structure(pes: &Pes) -> Named {
    Named {
        title: "Structure".into(),
        caption:
            "Entities with their parts to the right; copies that are equal in all below them are \
                  drawn once. What is left open is crossed out."
                .into(),
        figure: draw::parts(pes),
    }
}

/// The decisions that led to a structure.
pub(super) fn decisions(pruned: &Pruned) -> Named {
    let rows = pruned.log.iter().take(SHOWN).map(|d| {
        vec![d.path.clone(), d.point.clone(), d.chosen.clone(), d.reason.word().to_owned()]
    });
    let columns = ["entity", "decision", "taken", "why"].map(str::to_owned).to_vec();
    let shown = pruned.log.len().min(SHOWN);
    let caption = if shown as u64 == pruned.decisions {
        format!("The {shown} decisions, in the order in which they were taken.")
    } else {
        format!(
            "The first {shown} of {} decisions, in the order in which they were taken.",
            pruned.decisions
        )
    };
    Named {
        title: "Decisions".into(),
        caption,
        figure: Figure::Table { columns, rows: rows.collect() },
    }
}
