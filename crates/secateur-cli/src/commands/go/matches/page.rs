//! The page of a match.

use secateur::core::figure::{Counts, Estimates, Figure};
use secateur::core::record::{Measured, Named, Quality, Record};
use secateur::go::play::{GameRecord, Score, Side, Stopped};
use secateur::go::search::Settings;

use super::{Seen, side_cells, verdict};
use crate::commands::go::report;
use crate::commands::go::results::{costs, rate};
use crate::out;

/// Places at which the page shows how the match went.
const SHOWN: usize = 24;
/// Bins of the lengths of games.
const BINS: usize = 20;

pub(super) fn record(seen: &Seen<'_>, warnings: &[String]) -> Record {
    let (of, tally) = (seen.of, &seen.found.tally);
    let games = tally.score.games();
    let [low, high] = tally.score.interval();
    let quality = tally.score.share().map(|share| Quality {
        metric: "win rate of A".to_owned(),
        lower_is_better: false,
        protocol: vec![
            ("games".to_owned(), games.to_string()),
            ("before".to_owned(), "B, and a half for players of equal strength".to_owned()),
            ("after".to_owned(), "A".to_owned()),
        ],
        before: Some(Measured { value: 0.5, interval: None }),
        after: Some(Measured { value: share, interval: Some([low, high]) }),
    });
    let [a, b] = tally.effort;
    let head = report::Head {
        model: format!(
            "{} on {size} x {size}: A, {}, against B, {}",
            out::counted(games, "game"),
            seen.name(Side::First),
            seen.name(Side::Second),
            size = of.rules.size
        ),
        name: format!("Go on {size} x {size}", size = of.rules.size),
        method: "A against B".to_owned(),
        inputs: Vec::new(),
        costs: costs(&[b, a]),
        quality: quality.into_iter().collect(),
        seconds: seen.seconds,
    };
    let engines = ["A", "B"].into_iter().zip(seen.settings);
    let engines: Vec<(&str, &Settings)> =
        engines.filter_map(|(name, settings)| Some((name, settings?))).collect();
    let figures = vec![
        outcome(seen),
        course(&seen.found.games),
        lengths(&seen.found.games),
        report::settings(&engines),
    ];
    // What the page says of pruning is what the pruned side did.
    let prunes = |settings: &&Settings| !settings.pruning.strategies.is_empty();
    let pruned = seen.settings.into_iter().flatten().find(prunes);
    let settings = pruned.or(seen.settings[0]).cloned().unwrap_or_default();
    let mut record = report::record(head, &settings, figures, warnings.to_vec());
    record.run.recipe.seed = of.seed;
    record.run.threads = of.jobs;
    record
}

fn outcome(seen: &Seen<'_>) -> Named {
    let tally = &seen.found.tally;
    let columns = [
        "",
        "won as black",
        "won as white",
        "resigned",
        "forfeited",
        "playouts of a move",
        "moves cut",
        "seconds of a move",
    ];
    let row = |(side, letter): (Side, &str)| {
        std::iter::once(format!("{letter}: {}", seen.name(side)))
            .chain(side_cells(tally, side))
            .collect()
    };
    let ended = match seen.found.stopped {
        Stopped::Complete => "",
        Stopped::Decided => " The sequential test ended it.",
        Stopped::Interrupted => " It was interrupted.",
    };
    let sprt = seen
        .found
        .sprt
        .as_ref()
        .map_or_else(String::new, |s| format!(" By the end {}.", verdict(s)));
    Named {
        title: "Outcome".to_owned(),
        caption: format!(
            "A won {}, lost {}, {} draws; it scores {}, with 95 % Wilson intervals.{ended}{sprt}",
            tally.score.wins,
            tally.score.losses,
            tally.score.draws,
            rate(&tally.score)
        ),
        figure: Figure::Table {
            columns: columns.map(str::to_owned).into(),
            rows: Side::BOTH.into_iter().zip(["A", "B"]).map(row).collect(),
        },
    }
}

/// The score after ever more games.
fn course(games: &[GameRecord]) -> Named {
    let mut score = Score::default();
    let every = games.len().div_ceil(SHOWN).max(1);
    let mut points = Vec::new();
    for (at, game) in games.iter().enumerate() {
        score.add(game.winner);
        if (at + 1).is_multiple_of(every) || at + 1 == games.len() {
            let [low, high] = score.interval();
            let share = score.share().unwrap_or(0.5);
            points.push([(at + 1) as f64, share * 100.0, low * 100.0, high * 100.0]);
        }
    }
    Named {
        title: "Score of A as games went on".to_owned(),
        caption: "With 95 % Wilson intervals.".to_owned(),
        figure: Figure::Intervals {
            x: "games".to_owned(),
            y: "score, %".to_owned(),
            series: vec![Estimates { name: "A".to_owned(), points }],
            line: Some(50.0),
        },
    }
}

fn lengths(games: &[GameRecord]) -> Named {
    let longest = games.iter().map(|game| game.moves.len()).max().unwrap_or(1).max(1);
    let mut counts = vec![0_u64; BINS];
    for game in games {
        counts[(game.moves.len() * BINS / (longest + 1)).min(BINS - 1)] += 1;
    }
    Named {
        title: "Length of games".to_owned(),
        caption: "Moves, openings and passes included.".to_owned(),
        figure: Figure::Histogram {
            x: "moves".to_owned(),
            low: 0.0,
            high: (longest + 1) as f64,
            series: vec![Counts { name: "games".to_owned(), counts }],
            log_y: false,
        },
    }
}
