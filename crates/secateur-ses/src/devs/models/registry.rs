//! Models by name.

use secateur_core::nearest;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::parameters::{Given, Parameter, Parameters};
use super::{ALIASES, READY};
use crate::devs::atomic::Make;
use crate::devs::error::DevsError;
use crate::devs::model::{Id, Model, Ports};

/// How a model is made: its ports and a function that makes it, from its parameters.
type Build = dyn Fn(&Parameters) -> Result<(Ports, Make), DevsError> + Send + Sync;

/// A model of the model base.
#[derive(Clone)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// What it does, one line.
    pub help: &'static str,
    /// What it takes.
    pub parameters: &'static [Parameter],
    build: Arc<Build>,
}

impl Entry {
    /// A model: `build` gives the ports and the way to make it from parameters that are checked
    /// against `parameters`; it may refuse them ([`Parameters::refuse`]).
    pub fn new(
        name: &'static str,
        help: &'static str,
        parameters: &'static [Parameter],
        build: impl Fn(&Parameters) -> Result<(Ports, Make), DevsError> + Send + Sync + 'static,
    ) -> Self {
        Self { name, help, parameters, build: Arc::new(build) }
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Models by name.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    entries: BTreeMap<&'static str, Entry>,
}

impl Registry {
    /// The ready models.
    pub fn ready() -> Self {
        let mut registry = Self::default();
        for entry in READY {
            registry.add(entry());
        }
        registry
    }

    /// Adds a model; one of the same name is replaced.
    pub fn add(&mut self, entry: Entry) {
        self.entries.insert(entry.name, entry);
    }

    /// The models, ordered by name.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// The model of a name, which may be another name of it.
    pub fn find(&self, name: &str) -> Option<&Entry> {
        let other = || ALIASES.iter().find(|(alias, _)| *alias == name);
        self.entries.get(name).or_else(|| self.entries.get(other()?.1))
    }

    /// The ports of a model and the way to make it, for a component named in errors.
    ///
    /// # Errors
    /// [`DevsError::UnknownModel`] with the nearest name, and those of [`Parameters::read`].
    pub fn build(
        &self,
        component: &str,
        model: &str,
        given: &[(String, Given)],
    ) -> Result<(Ports, Make), DevsError> {
        let names = self.entries.keys().copied().chain(ALIASES.iter().map(|(alias, _)| *alias));
        let entry = self.find(model).ok_or_else(|| DevsError::UnknownModel {
            component: component.to_owned(),
            model: model.to_owned(),
            nearest: nearest(model, names),
        })?;
        (entry.build)(&Parameters::read(component, entry.name, entry.parameters, given)?)
    }

    /// Adds a model of the model base to a coupled model.
    ///
    /// # Errors
    /// Those of [`build`](Self::build) and of [`Model::atomic`].
    pub fn place(
        &self,
        into: &mut Model,
        parent: Id,
        name: &str,
        model: &str,
        given: &[(String, Given)],
    ) -> Result<Id, DevsError> {
        let component = match into.parent(parent) {
            Some(_) => format!("{}/{name}", into.path(parent)),
            None => name.to_owned(),
        };
        let (ports, make) = self.build(&component, model, given)?;
        into.atomic(parent, name, ports, make)
    }
}
