//! DEVStone: the benchmark models of DEVS simulators.
//!
//! A model of depth `d` holds a model of depth `d - 1` and atomic models around it; the kinds
//! differ in how these are coupled. One value is sent in at time 0 and everything happens then.
//!
//! Source: E. Glinsky and G. Wainer, 2005, "DEVStone: a benchmarking technique for studying
//! performance of DEVS modeling and simulation environments"; HOmod after J. L. Risco-Martín et
//! al., 2017, "Reconsidering the performance of DEVS modeling and simulation environments using
//! the DEVStone benchmark".

use std::sync::Arc;

use super::atomic::{Atomic, Bag, Make, Output};
use super::error::DevsError;
use super::model::{Counts, Id, Model, Ports};
use super::models::Entry;
use super::value::Value;

/// How the atomic models of a level are coupled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Low level of interconnections: each gets the level's input.
    Li,
    /// High input couplings: as LI, and each gets the output of the one before.
    Hi,
    /// High output couplings: as HI, on an input of their own, and all send out of the level.
    Ho,
    /// As HO with a triangle of atomic models whose outputs go into the level below.
    Homod,
}

impl Kind {
    /// All kinds, by growing work.
    pub const ALL: [Self; 4] = [Self::Li, Self::Hi, Self::Ho, Self::Homod];

    /// The name, as in the literature.
    pub fn name(self) -> &'static str {
        match self {
            Self::Li => "LI",
            Self::Hi => "HI",
            Self::Ho => "HO",
            Self::Homod => "HOmod",
        }
    }
}

/// What one value sent in at the top brings about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// Internal transitions, and external ones as well.
    pub transitions: u64,
    /// Values that come in at atomic models.
    pub events: u64,
}

/// The components and couplings of a model by the closed forms, without the seeder and its
/// couplings.
pub fn counts(kind: Kind, width: u64, depth: u64) -> Counts {
    let (w, levels) = (width - 1, depth - 1);
    let ring = width.saturating_sub(2);
    let atomics = match kind {
        Kind::Li | Kind::Hi | Kind::Ho => w * levels + 1,
        Kind::Homod => (w + w * width / 2) * levels + 1,
    };
    let eic = match kind {
        Kind::Li | Kind::Hi => width * levels + 1,
        Kind::Ho => (width + 1) * levels + 1,
        Kind::Homod => (2 * w + 1) * levels + 1,
    };
    let ic = match kind {
        Kind::Li => 0,
        Kind::Hi | Kind::Ho => ring * levels,
        Kind::Homod => (w * w + w * width / 2) * levels,
    };
    let eoc = match kind {
        Kind::Li | Kind::Hi | Kind::Homod => depth,
        Kind::Ho => width * levels + 1,
    };
    Counts { atomics, coupled: depth, eic, ic, eoc }
}

/// The transitions and events of a model by the closed forms, without those of the seeder.
pub fn work(kind: Kind, width: u64, depth: u64) -> Work {
    let (w, levels) = (width - 1, depth - 1);
    let same = |transitions| Work { transitions, events: transitions };
    match kind {
        Kind::Li => same(w * levels + 1),
        Kind::Hi | Kind::Ho => same(w * width / 2 * levels + 1),
        Kind::Homod => {
            let triangle = |d: u64| (1 + (d - 1) * w) * w * width / 2;
            let transitions = (1..depth).map(|d| triangle(d) + w * (width + (d - 1) * w));
            let above: u64 = (2..depth).map(|i| 1 + (i - 1) * w).sum();
            let events = if w > 0 && levels > 0 {
                let pairs = w * w + width.saturating_sub(2) * w / 2;
                2 * w + above * 2 * w * w + (above + 1) * pairs
            } else {
                0
            };
            Work { transitions: 1 + transitions.sum::<u64>(), events: 1 + events }
        }
    }
}

/// An atomic model of DEVStone without delays: it sends on what it was sent, at once.
#[derive(Clone, Debug)]
struct Stone {
    events: i64,
    sigma: f64,
}

impl Atomic for Stone {
    fn lambda(&self, out: &mut Output) {
        out.send(0, Value::Integer(self.events));
    }

    fn delta_int(&mut self) {
        self.sigma = f64::INFINITY;
    }

    fn delta_ext(&mut self, _elapsed: f64, bag: &Bag) {
        self.events += bag.iter().count() as i64;
        self.sigma = 0.0;
    }

    fn ta(&self) -> f64 {
        self.sigma
    }
}

/// The atomic model for the model base.
pub(super) fn entry() -> Entry {
    Entry::new("devstone", "sends on at once what it was sent (DEVStone)", &[], |_| {
        let stone = |_| Stone { events: 0, sigma: f64::INFINITY };
        Ok((Ports::new(&["in"], &["out"]), Make::new(stone)))
    })
}

/// Sends one value at time 0.
#[derive(Clone, Debug)]
struct Seeder(f64);

impl Atomic for Seeder {
    fn lambda(&self, out: &mut Output) {
        out.send(0, Value::Integer(0));
    }

    fn delta_int(&mut self) {
        self.0 = f64::INFINITY;
    }

    fn delta_ext(&mut self, _elapsed: f64, _bag: &Bag) {}

    fn ta(&self) -> f64 {
        self.0
    }
}

/// A model of a kind with a seeder beside it.
///
/// # Errors
/// [`DevsError::BadOption`] when the width or the depth is 0, [`DevsError::TooMany`].
pub fn model(kind: Kind, width: usize, depth: usize) -> Result<Model, DevsError> {
    for (what, value) in [("the width", width), ("the depth", depth)] {
        if value == 0 {
            return Err(DevsError::BadOption { what, value: "0".into() });
        }
    }
    let mut model = Model::new(kind.name(), Ports::default())?;
    let root = model.root();
    let ports = Ports::new(&[], &["output"]);
    model.atomic(root, "seeder", ports, Make::new(|_| Seeder(0.0)))?;
    let two_in = ["input_1", "input_2"];
    let ports = Arc::new(match kind {
        Kind::Li | Kind::Hi => Ports::new(&["input"], &["output"]),
        Kind::Ho => Ports::new(&two_in, &["output_1", "output_2"]),
        Kind::Homod => Ports::new(&two_in, &["output"]),
    });
    let mut build = Build {
        model,
        level_ports: Arc::clone(&ports),
        stone_ports: Arc::new(Ports::new(&["input"], &["output"])),
        stone: Make::new(|_| Stone { events: 0, sigma: f64::INFINITY }),
    };
    let mut owner = root;
    for level in (1..=depth).rev() {
        let name = format!("coupled_{level}");
        let inner = build.model.coupled(owner, &name, Arc::clone(&ports))?;
        if level == depth {
            for input in &ports.inputs {
                build.model.couple(root, ("seeder", "output"), (&name, input))?;
            }
        } else {
            build.around(kind, owner, &name, width)?;
        }
        owner = inner;
    }
    build.stone(owner, "inner_atomic")?;
    let (input, output) = (&ports.inputs[0], &ports.outputs[0]);
    build.model.couple(owner, ("", input), ("inner_atomic", "input"))?;
    build.model.couple(owner, ("inner_atomic", "output"), ("", output))?;
    Ok(build.model)
}

struct Build {
    model: Model,
    level_ports: Arc<Ports>,
    stone_ports: Arc<Ports>,
    stone: Make,
}

impl Build {
    fn stone(&mut self, owner: Id, name: &str) -> Result<Id, DevsError> {
        self.model.atomic(owner, name, Arc::clone(&self.stone_ports), self.stone.clone())
    }

    /// The atomic models and couplings of a level around the one below.
    fn around(
        &mut self,
        kind: Kind,
        owner: Id,
        inner: &str,
        width: usize,
    ) -> Result<(), DevsError> {
        let ports = Arc::clone(&self.level_ports);
        let (first, last) = (&ports.inputs[0], &ports.inputs[ports.inputs.len() - 1]);
        self.model.couple(owner, ("", first), (inner, first))?;
        self.model.couple(owner, (inner, &ports.outputs[0]), ("", &ports.outputs[0]))?;
        if kind == Kind::Homod {
            return self.triangle(owner, inner, width);
        }
        if kind == Kind::Ho {
            self.model.couple(owner, ("", first), (inner, last))?;
        }
        let mut before: Option<String> = None;
        for at in 1..width {
            let name = format!("atomic_{at}");
            self.stone(owner, &name)?;
            self.model.couple(owner, ("", last), (&name, "input"))?;
            if let Some(before) = before.filter(|_| kind != Kind::Li) {
                self.model.couple(owner, (&before, "output"), (&name, "input"))?;
            }
            if kind == Kind::Ho {
                self.model.couple(owner, (&name, "output"), ("", &ports.outputs[1]))?;
            }
            before = Some(name);
        }
        Ok(())
    }

    /// Rows of HOmod: the first two have `width - 1` atomic models, each further one fewer.
    fn triangle(&mut self, owner: Id, inner: &str, width: usize) -> Result<(), DevsError> {
        let name = |row: usize, at: usize| format!("atomic({row},{at})");
        for at in 1..width {
            self.stone(owner, &name(1, at))?;
            self.model.couple(owner, ("", "input_2"), (&name(1, at), "input"))?;
            self.model.couple(owner, (&name(1, at), "output"), (inner, "input_2"))?;
        }
        for row in 2..=width {
            let members = if row == 2 { width - 1 } else { width + 1 - row };
            for at in 1..=members {
                self.stone(owner, &name(row, at))?;
                if at == 1 {
                    self.model.couple(owner, ("", "input_2"), (&name(row, 1), "input"))?;
                }
                if row == 2 {
                    for above in 1..width {
                        let (from, to) = (name(2, at), name(1, above));
                        self.model.couple(owner, (&from, "output"), (&to, "input"))?;
                    }
                } else {
                    let (from, to) = (name(row, at), name(row - 1, at + 1));
                    self.model.couple(owner, (&from, "output"), (&to, "input"))?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::devs::{Flat, Hierarchy, Simulation, Until};

    /// Counts of components, couplings, transitions and events of one model, both simulators,
    /// against the closed forms.
    #[track_caller]
    fn check(kind: Kind, width: usize, depth: usize) {
        let about = format!("{} {width} x {depth}", kind.name());
        let model = model(kind, width, depth).unwrap();
        let mut expect = counts(kind, width as u64, depth as u64);
        // The seeder, what it is coupled by, and the model around it.
        expect.atomics += 1;
        expect.coupled += 1;
        expect.ic += if matches!(kind, Kind::Li | Kind::Hi) { 1 } else { 2 };
        assert_eq!(model.counts(), expect, "{about}");
        let flat = Flat::new(&model).unwrap();
        let fast = Simulation::new(&flat, 0).run(Until::passive(), &mut ()).unwrap();
        let expect = work(kind, width as u64, depth as u64);
        assert_eq!(fast.internal - 1, expect.transitions, "{about}");
        assert_eq!(fast.external, expect.transitions, "{about}");
        assert_eq!(fast.received, expect.events, "{about}");
        let slow = Hierarchy::new(&flat, 0).unwrap().run(Until::passive(), &mut ()).unwrap();
        assert_eq!(slow, fast, "{about}");
    }

    #[test]
    fn models_have_the_counts_of_the_closed_forms() {
        for kind in Kind::ALL {
            for width in [1, 2, 3, 4, 7, 10] {
                for depth in [1, 2, 3, 5, 8] {
                    check(kind, width, depth);
                }
            }
        }
        for kind in [Kind::Li, Kind::Hi, Kind::Ho] {
            check(kind, 46, 41);
        }
    }

    /// By hand: the inner atomic model, three levels of 199 around it.
    #[test]
    fn closed_forms_give_known_numbers() {
        assert_eq!(counts(Kind::Li, 200, 40).atomics, 7_762);
        assert_eq!(work(Kind::Hi, 200, 40).transitions, 776_101);
        assert_eq!(work(Kind::Li, 1, 1).events, 1);
    }

    #[test]
    fn nothing_is_built_without_width_or_depth() {
        let error = model(Kind::Li, 0, 3).unwrap_err();
        assert_eq!(error, DevsError::BadOption { what: "the width", value: "0".into() });
    }
}
