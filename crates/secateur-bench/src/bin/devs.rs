//! Times DEVStone: `devs [--pruned] [--peer PROGRAM] [--runs N] [KIND WIDTH DEPTH]...` prints the
//! median seconds of a simulation and its transitions a second. With `--pruned` the models are
//! pruned from the structures in `examples/ses`, a seeder included, whose few transitions are not
//! counted. With a peer (`peers/xdevs`) each run of
//! ours is followed by one of the peer's, and the ratio of the medians is printed. Each run is a
//! process of its own on one thread; building the model is not timed.
//!
//! `devs once KIND WIDTH DEPTH` is such a run, `devs pruned KIND WIDTH DEPTH` one of a pruned model:
//! it prints its seconds.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the times are the result")]

use std::process::{Command, ExitCode};
use std::time::Instant;

use secateur_ses::devs::devstone::{self, Kind};
use secateur_ses::devs::models::Registry;
use secateur_ses::devs::{Flat, Simulation, Until};
use secateur_ses::language;
use secateur_ses::prune::{Request, prune};
use secateur_ses::transform::transform;

/// A model of the benchmark.
#[derive(Clone, Copy)]
struct Case {
    kind: Kind,
    width: usize,
    depth: usize,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.first().map(String::as_str) {
        Some("once") => case(&words[1..]).and_then(once).map(|seconds| println!("{seconds}")),
        Some("pruned") => case(&words[1..]).and_then(pruned).map(|seconds| println!("{seconds}")),
        _ => compare(&words),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn case(words: &[String]) -> Result<Case, String> {
    let [kind, width, depth] = words else { return Err("KIND WIDTH DEPTH are wanted".into()) };
    let known = Kind::ALL.into_iter().find(|known| known.name() == kind);
    let number = |word: &String| word.parse().map_err(|e| format!("{word}: {e}"));
    let kind = known.ok_or_else(|| format!("{kind}: no such kind"))?;
    Ok(Case { kind, width: number(width)?, depth: number(depth)? })
}

/// The seconds of one simulation.
fn once(case: Case) -> Result<f64, String> {
    let Case { kind, width, depth } = case;
    let model = devstone::model(kind, width, depth).map_err(|e| e.to_string())?;
    let flat = Flat::new(&model).map_err(|e| e.to_string())?;
    let mut simulation = Simulation::new(&flat, 0);
    let start = Instant::now();
    let done = simulation.run(Until::passive(), &mut ()).map_err(|e| e.to_string())?;
    let seconds = start.elapsed().as_secs_f64();
    let expect = devstone::work(kind, width as u64, depth as u64);
    if (done.external, done.received) != (expect.transitions, expect.events) {
        return Err(format!("{} did {done:?}, not {expect:?}", kind.name()));
    }
    Ok(seconds)
}

/// The seconds of one simulation of the model that the example prunes to.
fn pruned(case: Case) -> Result<f64, String> {
    let Case { kind, width, depth } = case;
    let text = match kind {
        Kind::Li => include_str!("../../../../examples/ses/devstone-li.ses"),
        Kind::Hi => include_str!("../../../../examples/ses/devstone-hi.ses"),
        Kind::Ho => include_str!("../../../../examples/ses/devstone-ho.ses"),
        Kind::Homod => include_str!("../../../../examples/ses/devstone-homod.ses"),
    };
    let ses = language::read(text).map_err(|e| e.to_string())?;
    let sizes = [("width", width), ("depth", depth)];
    let variables = sizes.map(|(name, size)| (name.to_owned(), size.to_string())).to_vec();
    let request = Request { variables, depth: depth as u32, ..Request::default() };
    let pes = prune(&ses, &request).map_err(|e| e.to_string())?.pes;
    let model = transform(&pes, &Registry::ready()).map_err(|e| e.to_string())?;
    let flat = Flat::new(&model).map_err(|e| e.to_string())?;
    let mut simulation = Simulation::new(&flat, 0);
    let start = Instant::now();
    let done = simulation.run(Until::time(1.0), &mut ()).map_err(|e| e.to_string())?;
    let seconds = start.elapsed().as_secs_f64();
    let expect = devstone::work(kind, width as u64, depth as u64);
    if (done.external, done.received) != (expect.transitions, expect.events) {
        return Err(format!("{} did {done:?}, not {expect:?}", kind.name()));
    }
    Ok(seconds)
}

fn compare(words: &[String]) -> Result<(), String> {
    let (mut peer, mut runs, mut rest, mut how) = (None, 5, Vec::new(), "once");
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--pruned" => how = "pruned",
            "--peer" => peer = words.next().cloned(),
            "--runs" => {
                let count = words.next().and_then(|n| n.parse().ok());
                runs = count.filter(|n| *n > 0).ok_or("--runs wants a number")?;
            }
            _ => rest.push(word.clone()),
        }
    }
    let mut cases = rest.chunks(3).map(case).collect::<Result<Vec<_>, _>>()?;
    if cases.is_empty() {
        let usual = [Kind::Li, Kind::Hi, Kind::Ho];
        cases.extend(usual.map(|kind| Case { kind, width: 200, depth: 40 }));
        cases.push(Case { kind: Kind::Homod, width: 40, depth: 20 });
    }
    let own = std::env::current_exe().map_err(|e| e.to_string())?.display().to_string();
    println!("model    size       transitions    ours s   ours M/s    peer s   peer M/s   ratio");
    for case in cases {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            ours.push(run(&own, &[how], case)?);
            if let Some(peer) = &peer {
                theirs.push(run(peer, &[], case)?);
            }
        }
        line(case, median(&mut ours), (!theirs.is_empty()).then(|| median(&mut theirs)));
    }
    Ok(())
}

fn run(program: &str, first: &[&str], case: Case) -> Result<f64, String> {
    let sizes = [case.width.to_string(), case.depth.to_string()];
    let output = Command::new(program).args(first).arg(case.kind.name()).args(sizes).output();
    let output = output.map_err(|e| format!("{program}: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let seconds = text.trim().parse();
    seconds.map_err(|_| format!("{program}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn median(seconds: &mut [f64]) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

fn line(case: Case, ours: f64, peer: Option<f64>) {
    let work = devstone::work(case.kind, case.width as u64, case.depth as u64);
    let speed = |seconds: f64| work.transitions as f64 * 2.0 / seconds / 1e6;
    let size = format!("{} x {}", case.width, case.depth);
    let (name, transitions) = (case.kind.name(), work.transitions * 2);
    print!("{name:<8} {size:<9} {transitions:>12} {ours:>9.5} {:>10.1}", speed(ours));
    match peer {
        Some(peer) => println!(" {peer:>9.5} {:>10.1} {:>7.2}", speed(peer), peer / ours),
        None => println!(),
    }
}
