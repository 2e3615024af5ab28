//! Traces: what happened, row by row, as CSV.

use std::io::{self, Write};

use super::atomic::State;
use super::error::DevsError;
use super::flat::Flat;
use super::value::Value;
use super::watch::Watch;

/// Writes a row for everything that happens: time, component, what, name, value. *What* is
/// `send`, `receive` or `leave` (the name is a port, the value what was sent), or `phase`, `jobs`
/// or `busy` where these have changed.
pub struct Trace<'f, W: Write> {
    flat: &'f Flat<'f>,
    to: W,
    /// Paths, made when first needed.
    paths: Vec<Option<String>>,
    root: String,
    states: Vec<State>,
    failed: Option<io::Error>,
    rows: u64,
}

/// The first row.
const HEAD: &str = "time,component,what,name,value\n";

impl<'f, W: Write> Trace<'f, W> {
    /// Begins a trace with the row of names.
    pub fn new(flat: &'f Flat<'f>, mut to: W) -> Self {
        let failed = to.write_all(HEAD.as_bytes()).err();
        let paths = vec![None; flat.len()];
        let states = vec![State::default(); flat.len()];
        let root = field(&flat.model.path(flat.model.root()));
        Self { flat, to, paths, root, states, failed, rows: 0 }
    }

    /// Rows written, without the first.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Ends the trace and gives the writer back.
    ///
    /// # Errors
    /// [`DevsError::Trace`] when a row could not be written.
    pub fn finish(mut self) -> Result<W, DevsError> {
        let done = self.failed.map_or_else(|| self.to.flush(), Err);
        done.map_err(|error| DevsError::Trace { message: error.to_string() })?;
        Ok(self.to)
    }

    fn row(&mut self, time: f64, atom: u32, what: &str, name: &str, value: impl std::fmt::Display) {
        if self.failed.is_some() {
            return;
        }
        let path = self.paths[atom as usize].get_or_insert_with(|| field(&self.flat.path(atom)));
        self.failed = writeln!(self.to, "{time},{path},{what},{name},{value}").err();
        self.rows += 1;
    }
}

/// A field of CSV; in quotes where it must be.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

impl<W: Write> Watch for Trace<'_, W> {
    fn begin(&mut self, time: f64, atom: u32, state: State) {
        self.state(time, atom, state);
    }

    fn sent(&mut self, time: f64, atom: u32, port: u32, value: &Value) {
        let name = field(&self.flat.ports(atom).outputs[port as usize]);
        self.row(time, atom, "send", &name, value);
    }

    fn left(&mut self, time: f64, port: u32, value: &Value) {
        if self.failed.is_some() {
            return;
        }
        let ports = self.flat.model.ports(self.flat.model.root());
        let name = field(&ports.outputs[port as usize]);
        self.failed = writeln!(self.to, "{time},{},leave,{name},{value}", self.root).err();
        self.rows += 1;
    }

    fn received(&mut self, time: f64, atom: u32, port: u32, value: &Value) {
        let name = field(&self.flat.ports(atom).inputs[port as usize]);
        self.row(time, atom, "receive", &name, value);
    }

    fn state(&mut self, time: f64, atom: u32, state: State) {
        let before = std::mem::replace(&mut self.states[atom as usize], state);
        if before.phase != state.phase {
            self.row(time, atom, "phase", "", field(state.phase));
        }
        if before.jobs != state.jobs {
            self.row(time, atom, "jobs", "", state.jobs);
        }
        if before.busy != state.busy {
            self.row(time, atom, "busy", "", state.busy);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::devs::devstone::{Kind, model};
    use crate::devs::{Simulation, Until};

    #[test]
    fn names_with_commas_are_in_quotes_and_every_row_is_counted() {
        let model = model(Kind::Homod, 2, 2).unwrap();
        let flat = Flat::new(&model).unwrap();
        let mut trace = Trace::new(&flat, Vec::new());
        Simulation::new(&flat, 0).run(Until::passive(), &mut trace).unwrap();
        let rows = trace.rows() as usize;
        let text = String::from_utf8(trace.finish().unwrap()).unwrap();
        assert_eq!(text.lines().count(), rows + 1);
        assert!(text.contains("0,\"coupled_2/atomic(1,1)\",receive,input,0\n"), "{text}");
    }

    /// Takes so many bytes and then fails.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_is_told_at_the_end() {
        let model = model(Kind::Li, 3, 3).unwrap();
        let flat = Flat::new(&model).unwrap();
        for room in [0, 40, 200] {
            let mut trace = Trace::new(&flat, Full(room));
            Simulation::new(&flat, 0).run(Until::passive(), &mut trace).unwrap();
            assert!(matches!(trace.finish(), Err(DevsError::Trace { .. })), "{room}");
        }
    }
}
