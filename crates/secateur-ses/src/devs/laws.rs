//! Laws of the simulators, on random models.

use proptest::prelude::*;
use secateur_core::Random;

use super::*;

/// Does something at random times; what it sends depends on all it has received, and on the order
/// in which it did.
struct Chatter {
    random: Random,
    outputs: usize,
    mixed: i64,
    sigma: f64,
    next: Vec<(usize, i64)>,
}

impl Chatter {
    fn new(birth: Birth, outputs: usize) -> Self {
        let mut chatter =
            Self { random: birth.random, outputs, mixed: 0, sigma: 0.0, next: Vec::new() };
        chatter.plan();
        chatter
    }

    fn plan(&mut self) {
        const TIMES: [f64; 7] = [0.0, 0.5, 1.0, 1.0, 2.0, 0.1, f64::INFINITY];
        self.sigma = TIMES[self.random.below(TIMES.len())];
        self.next.clear();
        if self.outputs > 0 {
            for _ in 0..self.random.below(3) {
                self.next.push((self.random.below(self.outputs), self.mixed));
            }
        }
    }

    fn mix(&mut self, value: i64) {
        self.mixed = self.mixed.wrapping_mul(31).wrapping_add(value) % 1_000_003;
    }

    fn hear(&mut self, bag: &Bag) {
        for (port, value) in bag {
            if let Value::Integer(value) = value {
                self.mix(*value * 7 + port as i64 + 1);
            }
        }
    }
}

impl Atomic for Chatter {
    fn lambda(&self, out: &mut Output) {
        for (port, value) in &self.next {
            out.send(*port, Value::Integer(*value));
        }
    }

    fn delta_int(&mut self) {
        self.mix(1);
        self.plan();
    }

    fn delta_ext(&mut self, elapsed: f64, bag: &Bag) {
        self.mix((elapsed * 100.0) as i64);
        self.hear(bag);
        self.plan();
    }

    fn delta_conf(&mut self, bag: &Bag) {
        self.hear(bag);
        self.mix(5);
        self.plan();
    }

    fn ta(&self) -> f64 {
        self.sigma
    }

    fn state(&self) -> State {
        State { phase: "", jobs: self.mixed.unsigned_abs() as u32, busy: 0.0 }
    }
}

/// A random tree of `size` components with about `wires` couplings in each coupled model.
fn tangle(seed: u64, size: usize, wires: usize) -> Model {
    let mut random = Random::new(seed);
    let ports = |random: &mut Random| {
        let names = |prefix: &str, n: usize| (0..n).map(|i| format!("{prefix}{i}")).collect();
        Ports { inputs: names("i", random.below(4)), outputs: names("o", random.below(4)) }
    };
    let mut model = Model::new("top", ports(&mut random)).unwrap();
    let mut coupled = vec![model.root()];
    let mut children: Vec<Vec<Id>> = vec![Vec::new()];
    for at in 0..size {
        let owner = random.below(coupled.len());
        let (name, ports) = (format!("c{at}"), ports(&mut random));
        if random.below(3) == 0 {
            let id = model.coupled(coupled[owner], &name, ports).unwrap();
            children[owner].push(id);
            coupled.push(id);
            children.push(Vec::new());
        } else {
            let outputs = ports.outputs.len();
            let make = Make::new(move |birth| Chatter::new(birth, outputs));
            children[owner].push(model.atomic(coupled[owner], &name, ports, make).unwrap());
        }
    }
    for (&owner, children) in coupled.iter().zip(&children) {
        let ends: Vec<Id> = children.iter().copied().chain([owner]).collect();
        for _ in 0..wires {
            let [from, to] = [0; 2].map(|_| ends[random.below(ends.len())]);
            let is = |end: Id| end == owner;
            let (sources, targets) = (model.ports(from), model.ports(to));
            let outs = if is(from) { sources.inputs.len() } else { sources.outputs.len() };
            let ins = if is(to) { targets.outputs.len() } else { targets.inputs.len() };
            if from != to && outs > 0 && ins > 0 {
                let from = End { node: from, port: random.below(outs) as u32 };
                let to = End { node: to, port: random.below(ins) as u32 };
                model.couple_ends(owner, from, to).unwrap();
            }
        }
    }
    model
}

/// The trace of a run of so many transitions, and what was done.
fn fast(flat: &Flat, seed: u64, transitions: u64) -> (String, Done) {
    let mut trace = Trace::new(flat, Vec::new());
    let until = Until { time: 50.0, transitions };
    let done = Simulation::new(flat, seed).run(until, &mut trace).unwrap();
    (String::from_utf8(trace.finish().unwrap()).unwrap(), done)
}

fn slow(flat: &Flat, seed: u64, transitions: u64) -> (String, Done) {
    let mut trace = Trace::new(flat, Vec::new());
    let until = Until { time: 50.0, transitions };
    let done = Hierarchy::new(flat, seed).unwrap().run(until, &mut trace).unwrap();
    (String::from_utf8(trace.finish().unwrap()).unwrap(), done)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Closure under coupling: hierarchical and flat simulation give the same trace, and so does
    /// the flat model written down as a model of one level.
    #[test]
    fn hierarchy_and_flat_give_one_trace(seed in 0_u64..1 << 40, size in 1_usize..40, wires in 0_usize..30) {
        let model = tangle(seed, size, wires);
        let flat = Flat::new(&model).unwrap();
        let (expect, done) = slow(&flat, seed, 400);
        prop_assert_eq!(fast(&flat, seed, 400), (expect.clone(), done));
        let level = flat.model().unwrap();
        let flat_again = Flat::new(&level).unwrap();
        prop_assert_eq!(fast(&flat_again, seed, 400), (expect, done));
        prop_assert_eq!(
            flat.couplings().collect::<Vec<_>>(),
            flat_again.couplings().collect::<Vec<_>>()
        );
    }

    /// A run that nobody watches does the same; a run in two parts is a run.
    #[test]
    fn watching_and_stopping_change_nothing(seed in 0_u64..1 << 40, size in 1_usize..40) {
        let model = tangle(seed, size, 20);
        let flat = Flat::new(&model).unwrap();
        let (_, done) = fast(&flat, seed, 400);
        let mut simulation = Simulation::new(&flat, seed);
        simulation.run(Until { time: 3.0, transitions: 100 }, &mut ()).unwrap();
        prop_assert_eq!(simulation.run(Until { time: 50.0, transitions: 400 }, &mut ()).unwrap(), done);
    }
}

/// The law above is not about nothing: random models send, and values come in together.
#[test]
fn random_models_are_lively() {
    let totals = (0..50).map(|seed| {
        let model = tangle(seed, 30, 20);
        let flat = Flat::new(&model).unwrap();
        fast(&flat, seed, 400).1
    });
    let totals: Vec<Done> = totals.collect();
    assert!(totals.iter().filter(|done| done.received > 100).count() > 20);
    assert!(totals.iter().filter(|done| done.confluent > 10).count() > 20);
}

/// Sends on whatever comes in, at once.
struct Echo {
    sigma: f64,
}

impl Atomic for Echo {
    fn lambda(&self, out: &mut Output) {
        out.send(0, Value::Signal);
    }

    fn delta_int(&mut self) {
        self.sigma = f64::INFINITY;
    }

    fn delta_ext(&mut self, _elapsed: f64, _bag: &Bag) {
        self.sigma = 0.0;
    }

    fn ta(&self) -> f64 {
        self.sigma
    }
}

fn echoes(names: &[&str], sigma: f64, wires: &[(&str, &str)]) -> Model {
    let mut model = Model::new("top", Ports::default()).unwrap();
    let root = model.root();
    for name in names {
        let ports = Ports::new(&["in"], &["out"]);
        model.atomic(root, name, ports, Make::new(move |_| Echo { sigma })).unwrap();
    }
    for (from, to) in wires {
        model.couple(root, (from, "out"), (to, "in")).unwrap();
    }
    model
}

#[test]
fn time_that_stands_still_is_an_error_with_the_names() {
    let model = echoes(
        &["ping", "pong", "wall"],
        1.0,
        &[("ping", "pong"), ("pong", "ping"), ("ping", "wall")],
    );
    let flat = Flat::new(&model).unwrap();
    let fast = Simulation::new(&flat, 0).zero_steps_max(1000).run(Until::passive(), &mut ());
    let error = fast.unwrap_err();
    let DevsError::ZeroTimeLoop { time, components, .. } = &error else { panic!("{error}") };
    assert_eq!(*time, 1.0);
    assert_eq!(components, &["ping", "pong", "wall"]);
    let mut slow = Hierarchy::new(&flat, 0).unwrap().zero_steps_max(1000);
    assert_eq!(slow.run(Until::passive(), &mut ()), Err(error));
}

#[test]
fn a_long_chain_without_delay_is_no_loop() {
    let names: Vec<String> = (0..2000).map(|at| format!("e{at}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let wires: Vec<(&str, &str)> = names.windows(2).map(|pair| (pair[0], pair[1])).collect();
    let model = echoes(&names, 1.0, &wires);
    let flat = Flat::new(&model).unwrap();
    assert!(Simulation::new(&flat, 0).run(Until::passive(), &mut ()).is_ok());
}

#[test]
fn bad_time_advances_and_ports_are_errors() {
    for (sigma, port_names, expect) in [
        (-1.0, &["out"][..], "e: the time advance at time 0 is -1"),
        (f64::NAN, &["out"][..], "e: the time advance at time 0 is NaN"),
        (0.0, &[][..], "e sent from its output port number 0; it has 0"),
    ] {
        let mut model = Model::new("top", Ports::default()).unwrap();
        let make = Make::new(move |_| Echo { sigma });
        model.atomic(model.root(), "e", Ports::new(&["in"], port_names), make).unwrap();
        let flat = Flat::new(&model).unwrap();
        let error = Simulation::new(&flat, 0).run(Until::passive(), &mut ()).unwrap_err();
        assert_eq!(error.to_string(), expect);
        assert!(!error.hint().is_empty());
    }
}

/// A hundred thousand levels: neither description nor simulators use the stack for depth.
#[test]
fn depth_costs_no_stack() {
    let mut model = Model::new("top", Ports::new(&[], &["out"])).unwrap();
    let mut owner = model.root();
    for _ in 0..100_000 {
        let inner = model.coupled(owner, "in", Ports::new(&[], &["out"])).unwrap();
        let (from, to) = (End { node: inner, port: 0 }, End { node: owner, port: 0 });
        model.couple_ends(owner, from, to).unwrap();
        owner = inner;
    }
    let make = Make::new(|_| Echo { sigma: 1.0 });
    model.atomic(owner, "echo", Ports::new(&["in"], &["out"]), make).unwrap();
    model.couple(owner, ("echo", "out"), ("", "out")).unwrap();
    let flat = Flat::new(&model).unwrap();
    let (trace, done) = fast(&flat, 0, 10);
    assert_eq!(done.internal, 1);
    assert!(trace.ends_with("1,top,leave,out,signal\n"), "{}", &trace[trace.len() - 80..]);
    assert_eq!(slow(&flat, 0, 10).1, done);
}
