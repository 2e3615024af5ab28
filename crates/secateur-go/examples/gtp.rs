//! A GTP engine on standard input and output:
//! `gtp [--playouts N] [--time SECONDS] [--seed N] [--prune NAME+NAME] [--quantile Q] [--territory]`.

#![allow(clippy::print_stderr, reason = "a program")]

use std::time::Duration;

use secateur_go::board::Scoring;
use secateur_go::criteria::{Strategy, Threshold};
use secateur_go::gtp::Engine;
use secateur_go::search::Settings;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = words.iter().position(|word| word == name);
        at.and_then(|at| words.get(at + 1)).map(String::as_str)
    };
    let mut settings = Settings::default();
    if let Some(seconds) = value("--time").and_then(|word| word.parse().ok()) {
        settings.time = Some(Duration::from_secs_f64(seconds));
        settings.playouts = None;
    }
    if let Some(playouts) = value("--playouts").and_then(|word| word.parse().ok()) {
        settings.playouts = Some(playouts);
    }
    if let Some(seed) = value("--seed").and_then(|word| word.parse().ok()) {
        settings.seed = seed;
    }
    if let Some(threads) = value("--threads").and_then(|word| word.parse().ok()) {
        settings.threads = threads;
    }
    if let Some(names) = value("--prune") {
        settings.pruning.strategies = names.split('+').filter_map(Strategy::named).collect();
    }
    if let Some(share) = value("--quantile").and_then(|word| word.parse().ok()) {
        settings.pruning.threshold = Threshold::Quantile(share);
    }
    let mut engine = match Engine::new(settings) {
        Ok(engine) => engine,
        Err(error) => return eprintln!("{error}"),
    };
    engine.ponders = words.iter().any(|word| word == "--ponder");
    if words.iter().any(|word| word == "--territory") {
        engine.scoring = Scoring::Territory;
    }
    if let Err(error) =
        engine.serve(std::io::BufReader::new(std::io::stdin()), std::io::stdout().lock())
    {
        eprintln!("{error}");
    }
}
