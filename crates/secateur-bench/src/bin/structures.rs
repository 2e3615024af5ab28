//! Times pruning and counting: `structures [RUNS]` prints the medians of so many runs (5) for
//! structures that unfold to 10^5 and 10^6 entities, wide (one multi-aspect) and deep (a structure
//! that holds itself twice on every level), with the memory that a process has at most, and the
//! time that counting a family of more than 10^1000 members takes. Each run is a process of its own;
//! reading the structure is timed too, writing the result is not.
//!
//! `structures once wide|deep|count SIZE` is such a run.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the times are the result")]

use std::process::{Command, ExitCode};
use std::time::Instant;

use secateur_ses::family::Family;
use secateur_ses::language;
use secateur_ses::prune::{Request, prune};

/// Copies of a cell of four entities.
const WIDE: &str = r#"
    variable copies = 10
    entity plant { multi plantMASP [copies] {
        entity cell { aspect cellDEC {
            entity robot { mb = "MB/robot"  time = 1 }
            entity machine { specialization machineSPEC {
                entity mill when copies > 0 { mb = "MB/machine"  time = 2 }
                entity lathe when copies <= 0 { mb = "MB/machine"  time = 3 }
            } }
            entity buffer { mb = "MB/queue" }
            couple PARENT.in -> buffer.in
            couple buffer.out -> robot.in
            couple robot.out -> machine.in
            couple machine.out -> PARENT.out
        } }
        couple cell[i].out -> cell[i + 1].in for i in range(1, NUMREP)
    } }"#;

/// Two of the same on every level.
const DEEP: &str = r#"
    variable levels = 3
    entity unit { specialization unitSPEC {
        entity leaf when LEVEL >= levels { mb = "MB/machine"  time = 1 }
        entity group when LEVEL < levels { aspect groupDEC {
            entity left ref unit
            entity right ref unit
            couple PARENT.in -> left.in
            couple left.out -> right.in
            couple right.out -> PARENT.out
        } }
    } }"#;

/// Each of the copies is one of two: 2 to their power.
const MANY: &str = r"
    variable copies = 10
    entity plant { multi plantMASP [copies] {
        entity cell { specialization cellSPEC { entity one { } entity other { } } }
    } }";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["once", what, size] => size.parse().map_err(|e| format!("{size}: {e}")).and_then(|size| {
            let (seconds, result) = once(what, size)?;
            println!("{seconds} {} {result}", peak());
            Ok(())
        }),
        [] => compare(5),
        [runs] => runs.parse().map_err(|e| format!("{runs}: {e}")).and_then(compare),
        _ => Err("structures [RUNS]".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Seconds, and the entities or the digits of the count.
fn once(what: &str, size: u64) -> Result<(f64, u64), String> {
    let (text, name) = match what {
        "wide" => (WIDE, "copies"),
        "deep" => (DEEP, "levels"),
        "count" => (MANY, "copies"),
        _ => return Err(format!("{what}: wide, deep or count")),
    };
    let variables = vec![(name.to_owned(), size.to_string())];
    let depth = if what == "deep" { size as u32 } else { 0 };
    let request = Request { variables, depth, ..Request::default() };
    let start = Instant::now();
    let ses = language::read(text).map_err(|e| e.to_string())?;
    if what == "count" {
        let family = Family::new(&ses, &request).map_err(|e| e.to_string())?;
        let digits = family.count().to_string().len() as u64;
        return Ok((start.elapsed().as_secs_f64(), digits));
    }
    let pes = prune(&ses, &request).map_err(|e| e.to_string())?.pes;
    let seconds = start.elapsed().as_secs_f64();
    Ok((seconds, pes.entities()))
}

/// Most memory of this process, KiB; 0 where the system does not say.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn compare(runs: usize) -> Result<(), String> {
    let own = std::env::current_exe().map_err(|e| e.to_string())?;
    println!("what         size      result  median ms  least ms  most ms   peak MiB");
    let cases = [
        ("wide", 25_000),
        ("wide", 250_000),
        ("deep", 16),
        ("deep", 19),
        ("count", 3_330),
        ("count", 100_000),
    ];
    for (what, size) in cases {
        let mut rows = Vec::new();
        for _ in 0..runs.max(1) {
            let output = Command::new(&own).args(["once", what, &size.to_string()]).output();
            let output = output.map_err(|e| e.to_string())?;
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let row: Vec<f64> = text.split_whitespace().filter_map(|w| w.parse().ok()).collect();
            let [seconds, memory, result] = row[..] else {
                return Err(String::from_utf8_lossy(&output.stderr).into_owned());
            };
            rows.push((seconds * 1e3, memory / 1024.0, result));
        }
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (median, memory, result) = rows[rows.len() / 2];
        let (least, most) = (rows[0].0, rows[rows.len() - 1].0);
        println!(
            "{what:<6} {size:>10} {result:>11} {median:>10.2} {least:>9.2} {most:>8.2} {memory:>10.1}"
        );
    }
    Ok(())
}
