//! DEVStone by the xdevs crate: `xdevs-devstone KIND WIDTH DEPTH` prints the seconds that the
//! simulation took, without building the model.

use std::process::ExitCode;
use std::time::Instant;

use xdevs::devstone::{HI, HO, HOmod, LI};
use xdevs::simulation::RootCoordinator;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| words.get(at).and_then(|word| word.parse().ok());
    let (Some(kind), Some(width), Some(depth)) = (words.first(), number(1), number(2)) else {
        eprintln!("usage: xdevs-devstone LI|HI|HO|HOmod WIDTH DEPTH");
        return ExitCode::from(2);
    };
    let model = match kind.as_str() {
        "LI" => LI::create(width, depth, 0, 0),
        "HI" => HI::create(width, depth, 0, 0),
        "HO" => HO::create(width, depth, 0, 0),
        "HOmod" => HOmod::create(width, depth, 0, 0),
        _ => {
            eprintln!("{kind}: no such model");
            return ExitCode::from(2);
        }
    };
    let mut simulator = RootCoordinator::new(model);
    let start = Instant::now();
    simulator.simulate(f64::INFINITY);
    println!("{}", start.elapsed().as_secs_f64());
    ExitCode::SUCCESS
}
