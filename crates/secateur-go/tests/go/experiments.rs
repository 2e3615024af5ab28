//! Experiments: taken up again they are as undisturbed; journals of others are refused.

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use secateur_go::GoError;
use secateur_go::board::{Color, Game, Point};
use secateur_go::criteria::{Pruning, Strategy, Threshold};
use secateur_go::experiment::agreement::{Question, agreement};
use secateur_go::experiment::picture::{Fate, Picture};
use secateur_go::experiment::{Basis, Event, Outcome, Plan, Test, journal, read_games, run};
use secateur_go::play::Sprt;
use secateur_go::potential::{Edge, Kernel};

use crate::data;

fn tiny() -> Plan {
    let (low, flat) = (Strategy::PotentialLow, Strategy::GradientLow);
    Plan {
        sizes: vec![4],
        later_sizes: vec![5],
        strategies: vec![vec![low], vec![flat], vec![low, flat]],
        quantiles: vec![0.4],
        savings: vec![0.0, 0.9],
        playouts: 12,
        games: 4,
        test: Test::Sprt(Sprt { elo0: -300.0, elo1: 0.0, alpha: 0.2, beta: 0.2 }),
        opening_moves: 2,
        ..Plan::default()
    }
}

/// Runs from a journal until so many games more are played; returns what it found and the
/// journal after that.
fn went_on(plan: &Plan, before: &[u8], most: usize, jobs: usize) -> (Outcome, Vec<u8>) {
    let journal = journal::read(before, plan).unwrap();
    let mut bytes = before[..journal.bytes].to_vec();
    if !journal.has_head {
        bytes.extend(journal::head(plan).bytes());
    }
    let mut games = 0;
    let stop = AtomicBool::new(false);
    let outcome = run(plan, jobs, &journal, &stop, &mut |event| {
        if let Event::Game { line, .. } = event {
            bytes.extend(line.bytes());
            games += 1;
        }
        if games >= most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    (outcome.unwrap(), bytes)
}

/// Without times.
fn timeless(outcome: &Outcome) -> Outcome {
    let mut outcome = outcome.clone();
    for cell in outcome.rows.iter_mut().flat_map(|row| &mut row.cells) {
        cell.saved.seconds = 0.0;
        for effort in &mut cell.tally.effort {
            (effort.seconds, effort.seconds_max) = (0.0, 0.0);
        }
    }
    outcome
}

#[test]
fn an_experiment_that_was_killed_anywhere_finds_the_same() {
    let plan = tiny();
    let (whole, bytes) = went_on(&plan, b"", usize::MAX, 1);
    assert!(whole.is_complete);
    let expect = timeless(&whole);
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    assert!(lines.len() > 12, "{}", lines.len());
    for count in 0..=lines.len() {
        let before = lines[..count].concat();
        let (after, again) = went_on(&plan, &before, usize::MAX, 1);
        assert_eq!(timeless(&after), expect, "after {count} lines");
        assert_eq!(again.split(|byte| *byte == b'\n').count(), lines.len() + 1);
        // A line that was cut off in its middle was never written.
        if let Some(next) = lines.get(count) {
            let torn = [&before[..], &next[..next.len() / 2]].concat();
            let (after, again) = went_on(&plan, &torn, usize::MAX, 2);
            assert_eq!(timeless(&after), expect, "in line {count}");
            assert!(journal::read(&again, &plan).unwrap().len() + 1 >= lines.len());
        }
    }
    // Game by game: each time it is stopped after one more.
    let mut bytes = Vec::new();
    for _ in 0..lines.len() {
        let (outcome, after) = went_on(&plan, &bytes, 1, 1);
        assert!(outcome.rows.len() <= whole.rows.len());
        bytes = after;
    }
    assert_eq!(timeless(&went_on(&plan, &bytes, usize::MAX, 1).0), expect);
}

#[test]
fn rows_climb_until_they_do_not_hold_and_the_best_go_on() {
    let plan = tiny();
    let (outcome, _) = went_on(&plan, b"", usize::MAX, 2);
    assert_eq!((outcome.rows.len(), plan.most()), (5, (5, 5 * 2 * 4)));
    for row in &outcome.rows {
        let held: Vec<bool> = row.cells.iter().map(|cell| cell.holds).collect();
        assert!(held[..held.len() - 1].iter().all(|holds| *holds), "{held:?}");
        let last = row.cells.iter().rfind(|cell| cell.holds).map(|cell| cell.cell.saving);
        assert_eq!(row.largest, last);
        for cell in &row.cells {
            let effort = cell.tally.effort;
            assert!(effort[0].cut > 0 && effort[1].cut == 0);
            let saved = 1.0 - plan.playouts_left(cell.cell.saving) as f64 / 12.0;
            assert!((cell.saved.playouts - saved).abs() < 1e-12);
            assert!(matches!(cell.basis, Basis::Sprt | Basis::Likelier));
        }
    }
    let sizes: Vec<usize> = outcome.rows.iter().map(|row| row.size).collect();
    assert_eq!(sizes, [4, 4, 4, 5, 5]);
    let single = outcome.claims.iter().find(|claim| claim.size == 4).unwrap();
    assert_eq!((single.strategies.len(), single.paper), (1, 0.18));
    assert_eq!(outcome.rows[3].strategies, single.strategies);
    assert_eq!(outcome.rows[4].strategies.len(), 2);
    assert_eq!(outcome.claims.len(), 4);
    // All games are counted under the other test.
    let wilson = Plan { test: Test::Wilson, later_sizes: Vec::new(), ..plan };
    let (outcome, _) = went_on(&wilson, b"", usize::MAX, 2);
    let cells = outcome.rows.iter().flat_map(|row| &row.cells);
    assert!(cells.clone().all(|cell| cell.tally.score.games() == 4));
    assert!(cells.clone().all(|cell| cell.holds == (cell.interval[1] >= 0.5)));
}

#[test]
fn journals_of_others_and_damaged_ones_are_refused() {
    let plan = tiny();
    let (_, bytes) = went_on(&plan, b"", 3, 1);
    let other = Plan { playouts: 13, ..plan.clone() };
    let error = journal::read(&bytes, &other).unwrap_err();
    let expect = "the journal is that of another experiment: playouts is 12, not 13";
    assert_eq!((error.to_string().as_str(), error.code()), (expect, "SEC-GO-017"));
    let mut other = plan.clone();
    other.search.exploration = 0.5;
    let error = journal::read(&bytes, &other).unwrap_err();
    assert!(matches!(error, GoError::OtherJournal { what, .. } if what == "search"));
    // More cells and more games are no other experiment.
    let larger = Plan { games: 6, quantiles: vec![0.4, 0.5], ..plan.clone() };
    let games = journal::read(&bytes, &plan).unwrap().len();
    assert!(games >= 3, "{games}");
    assert_eq!(journal::read(&bytes, &larger).unwrap().len(), games);
    for text in ["a letter to a friend", "{\"journal\":\"diary\"}\n", "\n"] {
        let error = journal::read(text.as_bytes(), &plan).unwrap_err();
        assert!(matches!(error, GoError::OtherJournal { .. }), "{text}: {error}");
    }
    let text = String::from_utf8(bytes.clone()).unwrap();
    let damaged = text.replacen("\"opening\":2", "\"opening\":x", 1);
    let error = journal::read(damaged.as_bytes(), &plan).unwrap_err();
    assert_eq!(error, GoError::Journal { line: 2 });
    let zeros = [&bytes[..], &[0; 100], b"\n"].concat();
    assert_eq!(journal::read(&zeros, &plan).unwrap().bytes, bytes.len());
}

#[test]
fn plans_that_make_no_sense_are_refused() {
    let fault = |change: &dyn Fn(&mut Plan)| {
        let mut plan = tiny();
        change(&mut plan);
        plan.check().is_err()
    };
    assert!(fault(&|plan| plan.sizes.clear()));
    assert!(fault(&|plan| plan.later_sizes = vec![30]));
    assert!(fault(&|plan| plan.strategies.push(Vec::new())));
    assert!(fault(&|plan| plan.strategies.push(vec![Strategy::PotentialLow; 2])));
    assert!(fault(&|plan| plan.quantiles = vec![1.5]));
    assert!(fault(&|plan| plan.savings = vec![0.2, 0.1]));
    assert!(fault(&|plan| plan.savings = vec![1.0]));
    assert!(fault(&|plan| plan.games = 5));
    assert!(fault(&|plan| plan.playouts = 1));
    assert!(fault(&|plan| plan.search.rave = Some(-1.0)));
    assert!(Plan::default().check().is_ok());
}

/// Two games of 5 x 5 in one file; the second has a pass, which is not asked about.
const GAMES: &[u8] = b"(;SZ[5];B[cc];W[bb];B[cb];W[bc];B[cd];W[bd])
    (;SZ[5]AB[aa][ee];W[cc];B[];W[dd](;B[ed];W[de])(;B[de]))";

fn asked(games: &[Game], question: &Question) -> secateur_go::experiment::agreement::Agreement {
    let stop = AtomicBool::new(false);
    agreement(games, question, &stop, &mut |_| ControlFlow::Continue(())).unwrap()
}

#[test]
fn moves_of_game_records_are_asked_for() {
    let games = read_games(GAMES).unwrap();
    assert_eq!(games.len(), 2);
    let quantiles = vec![0.0, 0.5, 1.0];
    let question = Question { quantiles, phases: vec![2, 4], ..Question::default() };
    let found = asked(&games, &question);
    assert_eq!((found.games, found.is_complete, found.lines.len()), (2, true, 30));
    for line in &found.lines {
        let positions: Vec<u64> = line.phases.iter().map(|count| count.positions).collect();
        assert_eq!((line.all.positions, positions), (10, vec![3, 4, 3]));
        // 25 + 24 + 23 + 22 + 21 + 20 legal moves, and 23, 22, 21, 20.
        assert_eq!(line.all.legal, 221);
        if line.quantile == 0.0 {
            assert_eq!((line.all.kept, line.all.cut), (10, 0));
        } else {
            assert!(line.all.cut > 0 && line.all.kept < 10 + line.all.cut);
        }
    }
    // The first position is empty: nothing is cut there, whatever is asked for.
    let first = asked(&games[..1], &Question { phases: vec![1], ..question.clone() });
    assert!(first.lines.iter().all(|line| line.phases[0].cut == 0 && line.phases[0].kept == 1));
    let skipped = asked(&games, &Question { skip: 4, ..question.clone() });
    assert!(skipped.lines.iter().all(|line| line.all.positions == 3));
    let stop = AtomicBool::new(true);
    let none = agreement(&games, &question, &stop, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!((none.games, none.is_complete), (0, false));
    let bad = Question { phases: vec![5, 5], ..question };
    assert!(agreement(&games, &bad, &stop, &mut |_| ControlFlow::Continue(())).is_err());
}

#[test]
fn files_of_lines_are_read_and_faults_have_a_place_in_the_file() {
    let games = read_games(b"1\t;B[pd];W[dd]\n\n2\t;B[qq]\n").unwrap();
    assert_eq!((games.len(), games[1].moves().len()), (2, 1));
    let error = read_games(b"1\t;B[pd];W[dd]\n2\t;B[qq\n").unwrap_err();
    assert!(matches!(error, GoError::Sgf { offset: 18, .. }), "{error}");
    assert!(matches!(read_games(b"1\t;B[pd];W[pd]\n"), Err(GoError::Illegal { number: 2, .. })));
    assert!(matches!(read_games(b"nothing"), Err(GoError::Sgf { .. })));
    let Some(data) = data() else { return };
    let text = std::fs::read(data.join("data/go/tygem_devtest_300.txt")).unwrap();
    let games = read_games(&text).unwrap();
    assert_eq!(games.len(), 300);
    let quantiles = vec![0.2];
    let found = asked(&games[..40], &Question { quantiles, ..Question::default() });
    // Players rarely move where nothing is, so cutting there loses fewer moves than chance.
    let low = &found.lines[0].all;
    assert!(1.0 - low.share_kept().unwrap() < low.share_cut().unwrap());
}

#[test]
fn pictures_show_what_pruning_does() {
    let mut game = Game::new(9).unwrap();
    for (x, y) in [(4, 4), (4, 3), (2, 6)] {
        game.play(Point::new(9, x, y), game.to_play()).unwrap();
    }
    let strategies = vec![Strategy::PotentialLow];
    let pruning = Pruning { strategies, threshold: Threshold::Quantile(0.5), min_keep: None };
    let picture = Picture::new(&game, &pruning, Kernel::default(), Edge::default()).unwrap();
    let count = |fate: Fate| picture.fates.iter().filter(|f| **f == fate).count();
    assert_eq!((count(Fate::Black), count(Fate::White), count(Fate::Illegal)), (2, 1, 0));
    assert_eq!((picture.legal, picture.cut, count(Fate::Cut)), (78, 39, 39));
    assert_eq!(picture.fates[4 * 9 + 4], Fate::Black);
    assert_eq!((picture.to_play.as_str(), picture.last.as_deref()), ("white", Some("C3")));
    // Beside the last move nothing is cut; the corner farthest from all stones is.
    assert_eq!(picture.fates[6 * 9 + 1], Fate::Safe);
    assert_eq!(picture.fates[8], Fate::Cut);
    assert_eq!(picture.density.len(), 81);
    game.turn(Color::Black);
    assert!(Picture::new(&game, &pruning, Kernel::Gauss { width: -1.0 }, Edge::Open).is_err());
}
