//! A search on paper, to be continued another day.
//!
//! Everything that the next generation depends on is in it: a continued search gives the same
//! formulas as one that was never stopped.

use serde_json::{Map, Value, json};

use super::{Entry, Hall, Individual, Search, Settings};
use crate::backward::{Samples, Scaled};
use crate::genes::Genes;
use crate::op::Op;
use crate::refine::Effort;
use crate::scale::Scale;
use crate::tree::{Node, Tree};

/// Version of what is written.
const VERSION: u64 = 2;

/// What is wrong with a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the checkpoint cannot be continued: {0}")]
pub struct CheckpointError(String);

fn fault(what: impl Into<String>) -> CheckpointError {
    CheckpointError(what.into())
}

impl Search<'_> {
    /// The search as JSON. `data` names the rows it is about; a search is continued only with the
    /// same.
    pub fn checkpoint(&self, data: &str) -> Value {
        let individual = |i: &Individual| {
            let genes: Vec<Value> = i.genes.genes.iter().map(node).collect();
            json!({ "genes": genes, "error": finite(i.error), "size": i.size })
        };
        let islands: Vec<Vec<Value>> =
            self.islands.iter().map(|island| island.iter().map(individual).collect()).collect();
        let hall: Vec<Value> = self.hall.entries().map(entry).collect();
        json!({
            "secateur": "formula-search",
            "version": VERSION,
            "data": data,
            "settings": settings(&self.settings),
            "generation": self.generation,
            "evaluations": self.evaluations,
            "islands": islands,
            "hall": hall,
        })
    }
}

/// Continues a search.
///
/// # Errors
/// [`CheckpointError`] when it is none, of another version, or of other settings or rows.
pub fn resume<'a>(
    value: &Value,
    wanted: Settings,
    data: &str,
    train: Samples<'a>,
) -> Result<Search<'a>, CheckpointError> {
    if value["secateur"] != "formula-search" || value["version"] != VERSION {
        return Err(fault("it is no checkpoint of a search, or of another version"));
    }
    if value["data"] != data {
        return Err(fault("it is of other rows"));
    }
    if value["settings"] != settings(&wanted) {
        return Err(fault("it is of other settings; give the ones it was begun with"));
    }
    let places = Genes::places(wanted.levels);
    let variables = wanted.alphabet.variables;
    let individual = |value: &Value| {
        let genes: Vec<Node> = list(&value["genes"])?
            .iter()
            .map(|gene| read_node(gene, variables))
            .collect::<Result<_, _>>()?;
        if genes.len() != places || !leaves_below(&genes, wanted.levels) {
            return Err(fault("genes do not fit the levels"));
        }
        let error = value["error"].as_f64().unwrap_or(f64::INFINITY);
        let genes = Genes { levels: wanted.levels, genes };
        Ok(Individual { genes, error, size: whole(&value["size"])? as usize })
    };
    let mut islands = Vec::new();
    for island in list(&value["islands"])? {
        let island: Vec<Individual> =
            list(island)?.iter().map(individual).collect::<Result<_, _>>()?;
        if island.is_empty() {
            return Err(fault("an island is empty"));
        }
        islands.push(island);
    }
    if islands.len() != wanted.islands {
        return Err(fault("islands are missing"));
    }
    let mut hall = Hall::default();
    for value in list(&value["hall"])? {
        hall.offer(read_entry(value, variables)?);
    }
    Ok(Search {
        spans: Genes::spans(wanted.levels),
        settings: wanted,
        hall,
        generation: whole(&value["generation"])?,
        evaluations: whole(&value["evaluations"])?,
        train,
        islands,
    })
}

/// Whether no operator is on the last level.
fn leaves_below(genes: &[Node], levels: u32) -> bool {
    let last = |(gene, span): (&Node, &usize)| *span > 1 || gene.arity() == 0;
    genes.iter().zip(&Genes::spans(levels)).all(last)
}

fn list(value: &Value) -> Result<&Vec<Value>, CheckpointError> {
    value.as_array().ok_or_else(|| fault("a list is missing"))
}

fn whole(value: &Value) -> Result<u64, CheckpointError> {
    value.as_u64().ok_or_else(|| fault("a whole number is missing"))
}

fn number(value: &Value) -> Result<f64, CheckpointError> {
    value.as_f64().ok_or_else(|| fault("a number is missing"))
}

/// JSON has no infinity: a fault is null.
fn finite(value: f64) -> Value {
    if value.is_finite() { json!(value) } else { Value::Null }
}

fn node(node: &Node) -> Value {
    match node {
        Node::Const(value) => finite(*value),
        Node::Var(column) => json!(format!("x{column}")),
        Node::Op(op) => json!(op.name()),
    }
}

fn read_node(value: &Value, variables: u32) -> Result<Node, CheckpointError> {
    let Some(name) = value.as_str() else {
        return Ok(Node::Const(value.as_f64().unwrap_or(f64::NAN)));
    };
    if let Some(op) = Op::of_name(name) {
        return Ok(Node::Op(op));
    }
    let column = name.strip_prefix('x').and_then(|column| column.parse().ok());
    match column {
        Some(column) if column < variables => Ok(Node::Var(column)),
        _ => Err(fault(format!("{name} is neither an operator nor a column"))),
    }
}

fn entry(entry: &Entry) -> Value {
    let nodes: Vec<Value> = entry.formula.tree.nodes().iter().map(node).collect();
    let Scale { a, b } = entry.formula.scale;
    json!({ "tree": nodes, "a": a, "b": b, "error": entry.error })
}

fn read_entry(value: &Value, variables: u32) -> Result<Entry, CheckpointError> {
    let nodes: Result<Vec<Node>, _> =
        list(&value["tree"])?.iter().map(|node| read_node(node, variables)).collect();
    let tree = Tree::new(nodes?).map_err(|error| fault(error.to_string()))?;
    let scale = Scale { a: number(&value["a"])?, b: number(&value["b"])? };
    let size = tree.size();
    Ok(Entry { formula: Scaled { tree, scale }, size, error: number(&value["error"])? })
}

fn settings(settings: &Settings) -> Value {
    let Settings { alphabet, .. } = settings;
    let effort = |Effort { steps, gain_min }| json!({ "steps": steps, "gain_min": gain_min });
    let names: Vec<&str> = alphabet.operators.iter().map(|op| op.name()).collect();
    let fields = [
        ("levels", json!(settings.levels)),
        ("size_max", json!(settings.size_max)),
        ("islands", json!(settings.islands)),
        ("population", json!(settings.population)),
        ("tournament", json!(settings.tournament)),
        ("crossover", json!(settings.crossover)),
        ("mutation", json!(settings.mutation)),
        ("effort", effort(settings.effort)),
        ("further", effort(settings.further)),
        ("migrate_every", json!(settings.migrate_every)),
        ("renew_every", json!(settings.renew_every)),
        ("operators", json!(names)),
        ("variables", json!(alphabet.variables)),
        ("constants", json!(alphabet.constants)),
        ("seed", json!(settings.seed)),
    ];
    Value::Object(fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect::<Map<_, _>>())
}
