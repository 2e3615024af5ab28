//! What ready models do, against theory and against days worked out by hand.

mod network;
mod signal;

use super::{Entry, Given, Registry};
use crate::devs::{
    DevsError, Experiment, Flat, Gantt, Model, Ports, Simulation, Statistics, Summary, Trace, Until,
};

/// Variables as `name=value` with blanks between.
fn given(text: &str) -> Vec<(String, Given)> {
    let pairs = text.split_whitespace().filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.into())).collect()
}

/// A model from lines: `name: model variables`, or `name.port -> name.port`.
fn build(lines: &str) -> Result<Model, DevsError> {
    let registry = Registry::ready();
    let mut model = Model::new("plant", Ports::default())?;
    let root = model.root();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some((from, to)) = line.split_once(" -> ") {
            let (from, to) = (from.split_once('.').unwrap(), to.split_once('.').unwrap());
            model.couple(root, from, to)?;
        } else {
            let (name, rest) = line.split_once(": ").unwrap();
            let (kind, variables) = rest.split_once(' ').unwrap_or((rest, ""));
            registry.place(&mut model, root, name, kind, &given(variables))?;
        }
    }
    Ok(model)
}

fn summary(lines: &str, until: f64) -> Summary {
    let model = build(lines).unwrap();
    let flat = Flat::new(&model).unwrap();
    let mut statistics = Statistics::new(&flat, 0.0);
    Simulation::new(&flat, 7).run(Until::time(until), &mut statistics).unwrap();
    statistics.summary()
}

/// Rows of the trace with one of the words, without the rest.
fn rows(lines: &str, until: f64, words: &[&str]) -> Vec<String> {
    let model = build(lines).unwrap();
    let flat = Flat::new(&model).unwrap();
    let mut trace = Trace::new(&flat, Vec::new());
    Simulation::new(&flat, 7).run(Until::time(until), &mut trace).unwrap();
    let text = String::from_utf8(trace.finish().unwrap()).unwrap();
    let rows = text.lines().filter(|row| words.iter().any(|word| row.contains(word)));
    rows.map(str::to_owned).collect()
}

/// Times at which the sink `end` gets something.
fn arrivals(lines: &str, until: f64) -> Vec<f64> {
    let rows = rows(lines, until, &[",end,receive,"]);
    rows.iter().map(|row| row.split(',').next().unwrap().parse().unwrap()).collect()
}

/// M/M/1 with load 0.8: L = 4, W = 5, Wq = 4 (Kendall's notation; any textbook of queueing).
#[test]
fn a_queue_before_a_server_waits_as_long_as_theory_says() {
    let lines = "
        source: generator interarrival=exponential(1.25)
        line: queue
        desk: server time=exponential(1)
        end: sink
        source.out -> line.in
        desk.ready -> line.next
        line.out -> desk.in
        desk.out -> end.in";
    let model = build(lines).unwrap();
    let flat = Flat::new(&model).unwrap();
    let experiment = Experiment { until: 21_000.0, warmup: 1_000.0, replications: 24, seed: 1 };
    let outcome = experiment.run(&flat).unwrap();
    let measures = outcome.measures();
    let of = |component: &str, name: &str| {
        let found = measures.iter().find(|m| m.component == component && m.name == name);
        found.unwrap_or_else(|| panic!("{component} {name}")).estimate
    };
    for (component, name, theory) in [
        ("", "throughput", 0.8),
        ("", "lead time", 5.0),
        ("", "work in progress", 4.0),
        ("desk", "utilization", 0.8),
        ("line", "stay", 4.0),
        ("line", "jobs", 3.2),
        ("desk", "stay", 1.0),
    ] {
        let estimate = of(component, name);
        // Twice the 95 % interval: one run in ten thousand would miss by chance, and the seed is
        // fixed.
        assert!(
            (estimate.mean - theory).abs() < 2.0 * estimate.half,
            "{component} {name} {estimate:?}"
        );
        assert!(estimate.half < 0.1 * theory, "{component} {name} {estimate:?}");
    }
    let once = Experiment { replications: 1, ..experiment }.run(&flat).unwrap();
    assert_eq!(once.replications[0], outcome.replications[0]);
}

/// Three servers behind a push: jobs at 1, 2, ..., 10 take 2.5 each, so nobody waits.
#[test]
fn pushed_jobs_are_worked_on_at_once_where_there_is_room() {
    let lines = "
        source: generator interarrival=1 limit=10
        desk: server time=2.5 servers=3
        end: sink
        source.out -> desk.in
        desk.out -> end.in";
    let expect: Vec<f64> = (1..=10).map(|at| f64::from(at) + 2.5).collect();
    assert_eq!(arrivals(lines, 100.0), expect);
    let summary = summary(lines, 20.0);
    assert_eq!((summary.finished, summary.lead_time_mean), (10, Some(2.5)));
    assert_eq!(summary.work_in_progress_max, 3);
    // 25 units of work on 3 servers in 20 units of time.
    assert!((summary.components[1].utilization - 25.0 / 60.0).abs() < 1e-6);
}

/// A failure at 3 for 2: the job begun at 2 is done at 6 instead of 4, the next at 8.
#[test]
fn a_repair_delays_what_is_worked_on() {
    let lines = "
        source: generator interarrival=1 start=1 limit=2
        desk: server time=2 up=3 down=2
        end: sink
        source.out -> desk.in
        desk.out -> end.in";
    assert_eq!(arrivals(lines, 7.9), [6.0]);
    let phases = rows(lines, 9.0, &["desk,phase"]);
    // Up again at 5, down at 8, when the second job is done.
    let expect = [(0, "idle"), (2, "busy"), (3, "down"), (5, "busy"), (8, "down")];
    assert_eq!(phases, expect.map(|(time, phase)| format!("{time},desk,phase,,{phase}")));
    assert_eq!(arrivals(lines, 9.0), [6.0, 8.0]);
}

/// Availability is up / (up + down).
#[test]
fn failures_take_their_share_of_the_time() {
    let lines = "
        desk: server time=1 up=exponential(9) down=exponential(1)";
    let summary = summary(lines, 100_000.0);
    let down = summary.components[0].phases.iter().find(|(phase, _)| *phase == "down").unwrap().1;
    assert!((down - 0.1).abs() < 0.005, "{down}");
}

/// A fast machine, a buffer of 2, a slow machine: the fast one is blocked, nothing is lost.
#[test]
fn a_full_buffer_blocks_the_machine_before_it() {
    let lines = "
        source: generator interarrival=0 mode=pull
        fast: server time=1 blocking=1
        buffer: queue capacity=2
        slow: server time=3
        end: sink
        fast.ready -> source.next
        source.out -> fast.in
        fast.out -> buffer.in
        buffer.space -> fast.space
        buffer.out -> slow.in
        slow.ready -> buffer.next
        slow.out -> end.in";
    let summary = summary(lines, 300.0);
    // The slow machine begins at 1 and never starves.
    assert_eq!(summary.finished, 99);
    let lost = rows(lines, 300.0, &["buffer,send,lost"]);
    assert_eq!(lost, Vec::<String>::new());
    let fast = &summary.components[1];
    let blocked = fast.phases.iter().find(|(phase, _)| *phase == "blocked").unwrap().1;
    assert!((blocked - 2.0 / 3.0).abs() < 0.03, "{blocked}");
    assert_eq!(summary.components[2].jobs_max, 2);
    let unblocked = lines.replace(" blocking=1", "");
    assert!(!rows(&unblocked, 300.0, &["buffer,send,lost"]).is_empty());
}

/// Length 10 at speed 2: 5 from end to end; 4 long each, so one every 2 and two on the belt.
#[test]
fn a_belt_moves_jobs_one_behind_the_other() {
    let lines = "
        source: generator interarrival=1 batch=4 limit=4
        belt: conveyor length=10 speed=2 spacing=4
        end: sink
        source.out -> belt.in
        belt.out -> end.in";
    assert_eq!(arrivals(lines, 50.0), [6.0, 8.0, 11.0, 13.0]);
    assert_eq!(summary(lines, 50.0).components[1].jobs_max, 4);
    let free = lines.replace(" spacing=4", "");
    assert_eq!(arrivals(&free, 50.0), [6.0, 6.0, 6.0, 6.0]);
}

/// Random numbers belong to a component, whatever else there is, and to the seed.
#[test]
fn components_keep_their_random_numbers_when_others_come() {
    let lines = "
        source: generator interarrival=exponential(3)
        end: sink
        source.out -> end.in";
    let more =
        format!("other: generator interarrival=exponential(3)\n desk: server time=1 \n{lines}");
    let expect = arrivals(lines, 100.0);
    assert!(expect.len() > 10);
    assert_eq!(arrivals(&more, 100.0), expect);
    assert_ne!(arrivals(&lines.replace("source", "spring"), 100.0), expect);
}

/// Two jobs a trip, 10 there and 10 back, 1 to load and 2 to unload.
#[test]
fn a_vehicle_carries_goes_back_and_carries_again() {
    let lines = "
        source: generator interarrival=1 batch=5 limit=5
        agv: transporter capacity=2 distance=20 speed=2 load=1 unload=2
        end: sink
        source.out -> agv.in
        agv.out -> end.in";
    assert_eq!(arrivals(lines, 100.0), [14.0, 14.0, 37.0, 37.0, 60.0]);
    let two = lines.replace("capacity=2", "capacity=2 vehicles=2");
    assert_eq!(arrivals(&two, 100.0), [14.0, 14.0, 14.0, 14.0, 37.0]);
}

#[test]
fn junctions_take_turns_or_look_at_the_kind_or_draw() {
    let lines = |policy: &str| {
        format!(
            "
        source: generator interarrival=1 kinds=1,1,1 limit=3000
        way: router outputs=2 {policy}
        one: sink
        two: sink
        source.out -> way.in
        way.out1 -> one.in
        way.out2 -> two.in"
        )
    };
    let count = |policy: &str| {
        let summary = summary(&lines(policy), 4000.0);
        assert_eq!(summary.finished, 3000);
        summary.components[2].received
    };
    assert_eq!(count("policy=cycle"), 1500);
    assert!((900..1100).contains(&count("policy=kind")));
    assert!((650..850).contains(&count("policy=random weights=1,3")));
    assert_eq!(count("policy=random weights=0,1"), 0);
}

/// A job is taken apart into two parts that take different ways; together again at the slower.
#[test]
fn parts_are_joined_when_the_last_is_there() {
    let lines = "
        source: generator interarrival=10 limit=2
        apart: splitter
        long: server time=4
        short: server time=1
        together: joiner
        end: sink
        source.out -> apart.in
        apart.out1 -> long.in
        apart.out2 -> short.in
        long.out -> together.in1
        short.out -> together.in2
        together.out -> end.in";
    assert_eq!(arrivals(lines, 100.0), [14.0, 24.0]);
    let summary = summary(lines, 100.0);
    assert_eq!(summary.lead_time_mean, Some(4.0));
    // The job itself took the long way and was not kept waiting.
    assert_eq!(summary.components[4].stay_mean, Some(0.0));
    assert_eq!((summary.components[4].received, summary.components[4].sent), (4, 2));
}

/// Members of 2 and 3 a job, one job each at once: 5 jobs at 1.
#[test]
fn a_controller_keeps_its_members_busy() {
    let lines = "
        source: generator interarrival=1 batch=5 limit=5
        boss: controller members=2
        a: server time=2
        b: server time=3
        end: sink
        source.out -> boss.in
        boss.to1 -> a.in
        boss.to2 -> b.in
        a.out -> boss.done1
        b.out -> boss.done2
        boss.out -> end.in";
    assert_eq!(arrivals(lines, 50.0), [3.0, 4.0, 5.0, 7.0, 7.0]);
    // Two of the five never wait.
    assert_eq!(summary(lines, 50.0).components[1].jobs_max, 3);
}

#[test]
fn a_chart_has_a_span_for_every_time_of_work() {
    let lines = "
        source: generator interarrival=5 limit=2
        desk: server time=2
        source.out -> desk.in";
    let model = build(lines).unwrap();
    let flat = Flat::new(&model).unwrap();
    let (mut gantt, mut statistics) = (Gantt::new(&flat), Statistics::new(&flat, 0.0));
    let both = &mut (&mut gantt, &mut statistics);
    Simulation::new(&flat, 0).run(Until::time(11.0), both).unwrap();
    assert!((statistics.summary().components[1].utilization - 3.0 / 11.0).abs() < 1e-6);
    let secateur_core::Figure::Spans { lanes, spans, .. } = gantt.figure("min") else { panic!() };
    let ends: Vec<[f64; 2]> = spans.iter().map(|span| [span.start, span.end]).collect();
    assert_eq!((lanes, ends), (vec!["desk".to_owned()], vec![[5.0, 7.0], [10.0, 11.0]]));
    assert_eq!(gantt.figure("min").check(), Ok(()));
}

#[track_caller]
fn refused(lines: &str, message: &str, hint: &str) {
    let error = build(lines).unwrap_err();
    assert_eq!((error.to_string().as_str(), error.hint().as_str()), (message, hint));
    assert!(crate::devs::CODES.iter().any(|(code, _)| *code == error.code()));
}

#[test]
fn slips_are_named_with_what_was_meant() {
    refused("a: sever time=1", "a: there is no model `sever`", "is `server` meant?");
    refused("a: mashine", "a: there is no model `mashine`", "is `machine` meant?");
    refused("a: server tme=1", "a: the model `server` has no parameter `tme`", "is `time` meant?");
    refused(
        "a: server",
        "a: the model `server` needs the parameter `time`",
        "give the entity a variable `time`",
    );
    refused(
        "a: queue capacity=0",
        "a: parameter `capacity` cannot be `0`: a number from 1 to inf",
        "change the variable of the entity",
    );
    refused(
        "a: conveyor length=1 spacing=2",
        "a: parameter `spacing` cannot be `2`: at most the length",
        "change the variable of the entity",
    );
    refused("a: queue\nb: sink\na.ot -> b.in", "a has no output port `ot`", "is `out` meant?");
    refused("a: queue\nb: sink\na.out -> c.in", "plant has no component `c`", "is `a` meant?");
    refused("a: queue\na: sink", "plant has two parts of the name `a`", "rename one of them");
    refused(
        "a: queue\na.out -> a.in",
        "a is coupled to itself, from `out` to `in`",
        "let the model keep what it would send to itself",
    );
}

/// Work that takes no time, fetched again and again.
#[test]
fn a_line_without_any_time_is_an_error_with_its_members() {
    let lines = "
        stock: generator interarrival=0 mode=pull
        desk: server time=0
        end: sink
        desk.ready -> stock.next
        stock.out -> desk.in
        desk.out -> end.in";
    let model = build(lines).unwrap();
    let flat = Flat::new(&model).unwrap();
    let mut simulation = Simulation::new(&flat, 0).zero_steps_max(10_000);
    let error = simulation.run(Until::time(10.0), &mut ()).unwrap_err();
    let DevsError::ZeroTimeLoop { time, components, .. } = error else { panic!("{error}") };
    assert_eq!((time, components), (0.0, vec!["stock".to_owned(), "desk".to_owned()]));
}

/// A model of one's own stands beside the ready ones.
#[test]
fn the_registry_takes_models_of_ones_own() {
    let mut registry = Registry::ready();
    let ready: Vec<&str> = registry.entries().map(|entry| entry.name).collect();
    assert!(ready.is_sorted() && ready.len() == super::READY.len(), "{ready:?}");
    registry.add(Entry::new("wall", "sends nothing", &[], |_| {
        let make = crate::devs::Make::new(|_| Wall);
        Ok((Ports::new(&["in"], &[]), make))
    }));
    assert!(registry.build("w", "wall", &[]).is_ok());
    for (alias, name) in super::ALIASES {
        assert_eq!(registry.find(alias).unwrap().name, *name);
        assert!(!ready.contains(alias));
    }
    for entry in registry.entries() {
        let needed = entry.parameters.iter().filter(|parameter| parameter.default.is_none());
        let needed: Vec<_> = needed.map(|p| (p.name.to_owned(), Given::Number(1.0))).collect();
        let (ports, _) = registry.build("x", entry.name, &needed).unwrap();
        assert!(!ports.inputs.is_empty() || !ports.outputs.is_empty());
        assert!(!entry.help.is_empty());
    }
}

struct Wall;

impl crate::devs::Atomic for Wall {
    fn lambda(&self, _out: &mut crate::devs::Output) {}
    fn delta_int(&mut self) {}
    fn delta_ext(&mut self, _elapsed: f64, _bag: &crate::devs::Bag) {}
    fn ta(&self) -> f64 {
        f64::INFINITY
    }
}
