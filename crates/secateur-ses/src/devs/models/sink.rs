//! Where jobs end.

use super::registry::Entry;
use crate::devs::atomic::{Atomic, Bag, Make, Output};
use crate::devs::model::Ports;

pub(super) fn entry() -> Entry {
    Entry::new("sink", "takes jobs out of the model", &[], |_| {
        Ok((Ports::new(&["in"], &[]), Make::new(|_| Sink)))
    })
}

struct Sink;

impl Atomic for Sink {
    fn lambda(&self, _out: &mut Output) {}

    fn delta_int(&mut self) {}

    fn delta_ext(&mut self, _elapsed: f64, _bag: &Bag) {}

    fn ta(&self) -> f64 {
        f64::INFINITY
    }
}
