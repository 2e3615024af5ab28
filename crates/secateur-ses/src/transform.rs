//! From a pruned structure to a model that runs.
//!
//! An entity with parts is a coupled model of them, an entity without parts an atomic model: its
//! attribute `mb` names a model of the model base, its other attributes are the parameters.
//! Attributes that begin with `_` number copies and are no parameters; those that are `None`
//! count as not given. An entity called `NONE` is left out, with its parts and couplings. The
//! ports of a coupled model are those that its couplings name.
//!
//! A hierarchical structure and the flat one made of it behave the same to the last digit: atomic
//! models have the same order in both and draw the same random numbers, those of the flat names.
//!
//! ```
//! use secateur_ses::devs::{Flat, Simulation, Until, models::Registry};
//! use secateur_ses::{language, prune, transform};
//!
//! let ses = language::read(
//!     r#"entity shop { aspect shopDEC {
//!          entity source { mb = "MB/generator"  interarrival = 2 }
//!          entity mill { mb = "MB/machine"  time = 1 }
//!          entity sink { mb = "MB/sink" }
//!          couple source.out -> mill.in
//!          couple mill.out -> sink.in
//!     } }"#,
//! )?;
//! let pes = prune::prune(&ses, &prune::Request::default())?.pes;
//! let model = transform::transform(&pes, &Registry::ready())?;
//! let flat = Flat::new(&model)?;
//! let done = Simulation::new(&flat, 1).run(Until::time(10.0), &mut ())?;
//! assert_eq!(done.received, 9);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod loose;

use std::collections::HashMap;

use secateur_core::{Kind, RunError, nearest};

use crate::devs::models::{Given, Registry};
use crate::devs::{DevsError, End, Id, Model, Ports};
use crate::error::SesError;
use crate::flatten;
use crate::pes::{Pes, Stage};
use crate::place::joined;

pub use loose::{Loose, loose};

/// What keeps a structure from being simulated.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TransformError {
    /// The structure is not complete.
    #[error(transparent)]
    Structure(#[from] SesError),
    /// An entity has neither parts nor a model.
    #[error("{path} has neither parts nor a model")]
    NoModel {
        /// The entity, by the names from the root.
        path: String,
    },
    /// The model base, or the model, does not take it.
    #[error(transparent)]
    Model(#[from] DevsError),
}

impl TransformError {
    /// The stable code; `secateur explain CODE` says more.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Structure(error) => error.code(),
            Self::NoModel { .. } => "SEC-SE-021",
            Self::Model(error) => error.code(),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Structure(error) => error.hint(),
            Self::NoModel { .. } => {
                Some("give the entity a model, e.g. mb = \"MB/queue\", or an aspect".to_owned())
            }
            Self::Model(error) => Some(error.hint()),
        }
    }
}

impl From<TransformError> for RunError {
    fn from(error: TransformError) -> Self {
        match error {
            TransformError::Structure(error) => error.into(),
            TransformError::Model(error) => error.into(),
            TransformError::NoModel { .. } => {
                let run = Self::new(Kind::Input, error.code(), error.to_string());
                match error.hint() {
                    Some(hint) => run.hint(hint),
                    None => run,
                }
            }
        }
    }
}

/// Makes a model of a pruned structure, hierarchical or flat.
///
/// # Errors
/// [`SesError::Kind`] when something is open; [`TransformError::NoModel`]; a [`DevsError`] that
/// names the entity for an unknown model, parameter or port.
pub fn transform(pes: &Pes, registry: &Registry) -> Result<Model, TransformError> {
    if pes.stage == Stage::Ipes {
        let what = "something is open in this ipes; secateur ses resume goes on with it".to_owned();
        return Err(SesError::Kind { what }.into());
    }
    let mut build = Build { pes, registry, ports: Vec::new(), ids: Vec::new() };
    build.ids = vec![None; pes.nodes.len()];
    build.ports = coupled_ports(pes);
    let root = build.take_ports(0);
    let mut model = Model::new(pes.name(0), root)?;
    if pes.is_leaf(0) {
        let root = model.root();
        build.atomic(&mut model, 0, root)?;
        return Ok(model);
    }
    build.ids[0] = Some(model.root());
    let names = flat_names(pes);
    for (node, _) in pes.walk().skip(1).filter(|(node, _)| !pes.nodes[*node as usize].is_aspect) {
        build.entity(&mut model, node, &names)?;
    }
    for (aspect, _) in pes.walk().filter(|(node, _)| pes.nodes[*node as usize].is_aspect) {
        build.couplings(&mut model, aspect)?;
    }
    Ok(model)
}

/// The names that leaves have in the flat structure.
fn flat_names(pes: &Pes) -> HashMap<u32, String> {
    let leaves = flatten::leaves(pes);
    let names = match pes.stage {
        // It has been given its names.
        Stage::Fpes => vec![None; leaves.len()],
        Stage::Pes | Stage::Ipes => flatten::names(pes, &leaves),
    };
    let own = |leaf: u32| pes.name(leaf).to_owned();
    leaves
        .iter()
        .zip(names)
        .map(|(&leaf, name)| (leaf, name.unwrap_or_else(|| own(leaf))))
        .collect()
}

/// Ports by the number of their name, and their places.
#[derive(Default)]
struct Named {
    order: Vec<u32>,
    places: HashMap<u32, u32>,
}

impl Named {
    fn add(&mut self, name: u32) {
        let next = self.order.len() as u32;
        if *self.places.entry(name).or_insert(next) == next {
            self.order.push(name);
        }
    }
}

/// The ports of each node that has parts: inputs and outputs.
fn coupled_ports(pes: &Pes) -> Vec<[Named; 2]> {
    let mut ports: Vec<[Named; 2]> = Vec::new();
    ports.resize_with(pes.nodes.len(), Default::default);
    for (aspect, _) in pes.walk() {
        for link in pes.links(aspect) {
            let ends =
                [(link.source, link.source_port, true), (link.target, link.target_port, false)];
            for (end, port, is_source) in ends {
                let node = pes.end(aspect, end);
                if !pes.is_leaf(node) {
                    // The parent's inputs are sources inside of it.
                    let is_output = (end == 0) != is_source;
                    ports[node as usize][usize::from(is_output)].add(port);
                }
            }
        }
    }
    ports
}

struct Build<'a> {
    pes: &'a Pes,
    registry: &'a Registry,
    /// Of nodes with parts.
    ports: Vec<[Named; 2]>,
    /// The component of each entity that is not left out.
    ids: Vec<Option<Id>>,
}

impl Build<'_> {
    /// The names from the root, without those of aspects.
    fn path(&self, node: u32) -> String {
        path(self.pes, node)
    }

    fn take_ports(&self, node: u32) -> Ports {
        let [inputs, outputs] = &self.ports[node as usize];
        let names = |named: &Named| {
            named.order.iter().map(|name| self.pes.names.text(*name).to_owned()).collect()
        };
        Ports { inputs: names(inputs), outputs: names(outputs) }
    }

    fn entity(
        &mut self,
        model: &mut Model,
        node: u32,
        names: &HashMap<u32, String>,
    ) -> Result<(), TransformError> {
        let aspect = self.pes.nodes[node as usize].parent;
        let owner = self.ids[self.pes.nodes[aspect as usize].parent as usize];
        let (Some(owner), false) = (owner, self.pes.is_left_out(node)) else {
            return Ok(());
        };
        if self.pes.is_leaf(node) {
            let id = self.atomic(model, node, owner)?;
            if let Some(name) = names.get(&node) {
                model.draw_as(id, name);
            }
        } else {
            let ports = self.take_ports(node);
            self.ids[node as usize] = Some(model.coupled(owner, self.pes.name(node), ports)?);
        }
        Ok(())
    }

    fn atomic(&mut self, model: &mut Model, node: u32, owner: Id) -> Result<Id, TransformError> {
        let path = self.path(node);
        let Some(kind) = self.pes.model(node).filter(|kind| !kind.is_empty()) else {
            return Err(TransformError::NoModel { path });
        };
        let attributes = self.pes.attributes(node);
        let given: Vec<(String, Given)> = attributes
            .filter(|(name, _)| *name != "mb" && !name.starts_with('_'))
            .filter_map(|(name, value)| Some((name.to_owned(), given(&value)?)))
            .collect();
        let (ports, make) = self.registry.build(&path, &kind, &given)?;
        let id = model.atomic(owner, self.pes.name(node), ports, make)?;
        self.ids[node as usize] = Some(id);
        Ok(id)
    }

    fn couplings(&self, model: &mut Model, aspect: u32) -> Result<(), TransformError> {
        let owner = self.pes.nodes[aspect as usize].parent;
        let Some(owner) = self.ids[owner as usize] else { return Ok(()) };
        for link in self.pes.links(aspect) {
            let source = self.pes.end(aspect, link.source);
            let target = self.pes.end(aspect, link.target);
            let (Some(from), Some(to)) = (self.ids[source as usize], self.ids[target as usize])
            else {
                continue;
            };
            let from_port =
                self.port(model, source, from, link.source_port, usize::from(link.source != 0))?;
            let to_port =
                self.port(model, target, to, link.target_port, usize::from(link.target == 0))?;
            let from = End { node: from, port: from_port };
            model.couple_ends(owner, from, End { node: to, port: to_port })?;
        }
        Ok(())
    }

    /// The number of a port of an entity; `side` is 0 for inputs, 1 for outputs.
    fn port(
        &self,
        model: &Model,
        node: u32,
        id: Id,
        name: u32,
        side: usize,
    ) -> Result<u32, TransformError> {
        if !self.pes.is_leaf(node) {
            let place = self.ports[node as usize][side].places.get(&name);
            return Ok(*place.expect("the ports were gathered from these couplings"));
        }
        let text = self.pes.names.text(name);
        let ports = model.ports(id);
        let names = if side == 0 { &ports.inputs } else { &ports.outputs };
        let place = names.iter().position(|known| known == text);
        place.map(|place| place as u32).ok_or_else(|| {
            TransformError::Model(DevsError::UnknownPort {
                component: self.path(node),
                direction: if side == 0 { "input" } else { "output" },
                port: text.to_owned(),
                nearest: nearest(text, names.iter().map(String::as_str)),
            })
        })
    }
}

/// The names from the root to an entity, without those of aspects; of a very long way the ends.
pub fn path(pes: &Pes, node: u32) -> String {
    let mut names = Vec::new();
    let mut at = node;
    while let Some(found) = pes.nodes.get(at as usize) {
        if !found.is_aspect {
            names.push(pes.name(at));
        }
        at = found.parent;
    }
    names.reverse();
    joined(&names, NAMES_MAX)
}

/// Names of a path in messages.
const NAMES_MAX: usize = 24;

/// A value as the model base takes it: texts without quotes, lists without brackets; nothing for
/// `None`.
fn given(value: &str) -> Option<Given> {
    let bare = value.trim();
    let inner = |open: char, close: char| bare.strip_prefix(open)?.strip_suffix(close);
    let text = inner('"', '"')
        .or_else(|| inner('\'', '\''))
        .or_else(|| inner('[', ']'))
        .or_else(|| inner('(', ')'))
        .unwrap_or(bare);
    match text {
        "None" => None,
        "True" => Some(Given::Number(1.0)),
        "False" => Some(Given::Number(0.0)),
        _ => Some(Given::Text(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language;
    use crate::prune::{Request, prune};

    fn model(text: &str) -> Result<Model, TransformError> {
        let ses = language::read(text).unwrap();
        transform(&prune(&ses, &Request::default()).unwrap().pes, &Registry::ready())
    }

    /// A structure with one thing wrong in it, and what is said.
    #[track_caller]
    fn check(parts: &str, message: &str, hint: &str) {
        let text = format!("entity shop {{ aspect shopDEC {{ {parts} }} }}");
        let error = model(&text).unwrap_err();
        assert_eq!(error.to_string(), message);
        let said = error.hint().unwrap_or_default();
        assert!(said.contains(hint), "{said}");
    }

    #[test]
    fn what_is_unknown_is_named_with_its_path_and_the_nearest_name() {
        let sink = r#"entity sink { mb = "MB/sink" }"#;
        check(
            r#"entity a { mb = "MB/machin"  time = 1 }"#,
            "/shop/a: there is no model `machin`",
            "machine",
        );
        check(
            r#"entity a { mb = "MB/machine"  tme = 1 }"#,
            "/shop/a: the model `server` has no parameter `tme`",
            "time",
        );
        check(
            r#"entity a { mb = "MB/machine"  time = "soon" }"#,
            &format!(
                "/shop/a: parameter `time` cannot be `soon`: {}",
                crate::devs::models::Kind::Duration
            ),
            "variable",
        );
        check(
            &format!(r#"entity a {{ mb = "MB/queue" }} {sink} couple a.spce -> sink.in"#),
            "/shop/a has no output port `spce`",
            "space",
        );
        check(
            "entity a { aspect b { entity c } }",
            "/shop/a/c has neither parts nor a model",
            "mb",
        );
    }

    #[test]
    fn entities_called_none_are_left_out_with_their_couplings() {
        let found = model(
            r#"entity shop { aspect shopDEC {
                entity source { mb = "MB/generator"  interarrival = 1 }
                entity NONE { mb = "MB/queue" }
                entity sink { mb = "MB/sink" }
                couple source.out -> NONE.in
                couple source.out -> sink.in
            } }"#,
        )
        .unwrap();
        let counts = found.counts();
        assert_eq!((counts.atomics, counts.ic), (2, 1));
    }

    #[test]
    fn values_lose_their_quotes_and_brackets() {
        let text = |text: &str| Some(Given::Text(text.to_owned()));
        for (value, expect) in [
            ("\"fifo\"", text("fifo")),
            ("'a \"b\"'", text("a \"b\"")),
            ("[3, 1]", text("3, 1")),
            ("2.5", text("2.5")),
            ("True", Some(Given::Number(1.0))),
            ("None", None),
        ] {
            assert_eq!(given(value), expect, "{value}");
        }
    }

    #[test]
    fn a_single_atomic_model_runs() {
        let found = model(r#"entity source { mb = "MB/generator"  interarrival = 1 }"#).unwrap();
        assert_eq!(found.counts().atomics, 1);
    }
}
