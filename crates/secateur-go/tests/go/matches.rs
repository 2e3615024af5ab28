//! Matches: the same for any number of games at once, colors, results, early ends.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use secateur_go::GoError;
use secateur_go::board::Color;
use secateur_go::play::{
    self, Adjudication, End, External, GameRecord, Match, MatchResult, Player, Rules, Side, Sprt,
    Stopped, opening,
};
use secateur_go::search::Settings;

fn own(playouts: u64) -> Player {
    let settings = Settings { playouts: Some(playouts), ..Settings::default() };
    Player::own(format!("own {playouts}"), settings)
}

/// A short match of a weak player against a weaker one.
fn small() -> Match {
    let rules = Rules { size: 5, opening_moves: 2, status_playouts: 50, ..Rules::default() };
    Match { players: [own(40), own(8)], rules, games: 6, seed: 3, jobs: 1, sprt: None }
}

fn played(of: &Match) -> MatchResult {
    let stop = AtomicBool::new(false);
    play::run(of, &stop, &mut |_, _| ControlFlow::Continue(())).unwrap()
}

fn timeless(result: &MatchResult) -> Vec<GameRecord> {
    result.games.iter().map(GameRecord::timeless).collect()
}

#[test]
fn games_are_the_same_however_many_are_played_at_once() {
    let one = played(&small());
    assert_eq!((one.games.len(), one.stopped), (6, Stopped::Complete));
    for jobs in [2, 5] {
        assert_eq!(timeless(&one), timeless(&played(&Match { jobs, ..small() })));
    }
    // A longer match begins with the same games; another seed has others.
    let longer = played(&Match { games: 8, jobs: 3, ..small() });
    assert_eq!(timeless(&one), timeless(&longer)[..6]);
    assert_ne!(timeless(&one), timeless(&played(&Match { seed: 4, ..small() })));
    // Without openings the seeds alone make games differ.
    let mut bare = small();
    (bare.rules.opening_moves, bare.rules.size) = (0, 6);
    let games = played(&bare).games;
    assert!(games[0].moves != games[2].moves && games[1].moves != games[3].moves);
}

#[test]
fn colors_alternate_and_openings_are_played_twice() {
    let of = small();
    let result = played(&of);
    for (number, game) in result.games.iter().enumerate() {
        assert_eq!(game.number, number);
        assert_eq!(game.black, Side::BOTH[number % 2]);
        assert_eq!(game.opening, 2);
        let pair = &result.games[number / 2 * 2];
        assert_eq!(game.moves[..2], pair.moves[..2]);
        let begun = opening(&of.rules, of.seed, number as u64 / 2).unwrap();
        let replayed = game.replay(&of.rules).unwrap();
        assert_eq!(replayed.moves()[..2], *begun.moves());
        let turns: u64 = game.effort.iter().map(|effort| effort.turns).sum();
        // The turn of a player that resigns leaves no move.
        let resigned = u64::from(game.end == End::Resignation);
        assert_eq!(turns, game.moves.len() as u64 - 2 + resigned);
        let black = game.effort[game.black.at()];
        assert_eq!(black.playouts, black.turns * if game.black == Side::First { 40 } else { 8 });
        assert!(black.nodes > 0 && black.moves > 0 && black.cut == 0);
    }
    let openings = |pair: usize| result.games[2 * pair].moves[..2].to_vec();
    assert!(openings(0) != openings(1) || openings(1) != openings(2));
    let tally = &result.tally;
    assert_eq!(tally.score.games(), 6);
    assert_eq!((tally.as_black.games(), tally.as_white.games()), (3, 3));
    assert_eq!(tally.score.wins, tally.as_black.wins + tally.as_white.wins);
    assert_eq!(tally.black_wins + tally.white_wins + tally.score.draws, 6);
}

#[test]
fn records_come_back_from_text_and_are_written_as_games() {
    let of = small();
    let game = &played(&of).games[1];
    let text = serde_json::to_string(game).unwrap();
    assert_eq!(serde_json::from_str::<GameRecord>(&text).unwrap(), *game);
    let sgf = game.sgf(&of.rules, ["first", "a [second]"]).unwrap();
    assert!(sgf.contains("PB[a [second\\]]PW[first]"), "{sgf}");
    assert!(sgf.contains(&format!("RE[{}]", game.result())), "{sgf}");
    let tree = secateur_go::sgf::parse(sgf.as_bytes()).unwrap();
    let again = secateur_go::sgf::replay(&tree, usize::MAX).unwrap();
    assert_eq!(again.moves(), game.replay(&of.rules).unwrap().moves());
    assert_eq!(game.player(Color::Black), Side::Second);
}

#[test]
fn openings_leave_both_sides_a_chance_and_keep_off_the_edge() {
    let rules = Rules { opening_moves: 6, ..Rules::default() };
    for pair in 0..5 {
        let game = opening(&rules, 1, pair).unwrap();
        assert_eq!(game.moves().len(), 6);
        for (_, point) in game.moves() {
            let (x, y) = point.column_row(9).unwrap();
            assert!((2..7).contains(&x) && (2..7).contains(&y));
        }
    }
    assert!(opening(&Rules { opening_moves: 0, ..rules }, 1, 0).unwrap().moves().is_empty());
}

#[test]
fn a_sequential_test_ends_a_match_at_the_same_game_for_any_jobs() {
    let sprt = Some(Sprt { elo0: 0.0, elo1: 400.0, alpha: 0.2, beta: 0.2 });
    let of = Match { players: [own(60), own(1)], games: 40, sprt, ..small() };
    let one = played(&of);
    assert_eq!(one.stopped, Stopped::Decided);
    assert!(one.games.len() < 40 && one.games.len().is_multiple_of(2), "{}", one.games.len());
    let four = played(&Match { jobs: 4, ..of });
    assert_eq!(timeless(&one), timeless(&four));
    assert_eq!(one.sprt, four.sprt);
}

#[test]
fn what_was_finished_is_kept_when_a_match_is_stopped() {
    let stop = AtomicBool::new(false);
    let mut seen = Vec::new();
    let result = play::run(&Match { jobs: 2, ..small() }, &stop, &mut |game, tally| {
        seen.push(game.number);
        assert_eq!(tally.score.games(), seen.len() as u64);
        if seen.len() == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let result = result.unwrap();
    assert_eq!(result.stopped, Stopped::Interrupted);
    seen.sort_unstable();
    let kept: Vec<usize> = result.games.iter().map(|game| game.number).collect();
    assert_eq!(kept, seen);
    assert!((2..6).contains(&kept.len()));
    stop.store(true, Ordering::Relaxed);
    let none = play::run(&small(), &stop, &mut |_, _| ControlFlow::Continue(())).unwrap();
    assert_eq!((none.games.len(), none.stopped), (0, Stopped::Interrupted));
}

#[test]
fn a_match_is_stopped_in_the_middle_of_a_search() {
    // Nobody lives to see the end of this search.
    let endless = Match { players: [own(u64::MAX), own(u64::MAX)], jobs: 2, ..small() };
    let stop = AtomicBool::new(false);
    let result = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            stop.store(true, Ordering::Relaxed);
        });
        play::run(&endless, &stop, &mut |_, _| ControlFlow::Continue(())).unwrap()
    });
    assert_eq!((result.games.len(), result.stopped), (0, Stopped::Interrupted));
}

#[test]
fn games_end_by_their_length_and_by_agreement_of_searches() {
    let mut of = small();
    of.rules.moves_max = Some(5);
    let game = &played(&of).games[0];
    assert_eq!((&game.end, game.moves.len()), (&End::MovesMax, 5));
    assert!(game.lead.is_some());
    // Komi of 100 decides the game before it begins.
    let mut of = small();
    (of.rules.komi, of.rules.opening_moves) = (100.5, 0);
    of.rules.adjudication = Some(Adjudication { value: 0.95, moves: 4 });
    let result = played(&of);
    assert_eq!((result.tally.adjudicated, result.tally.white_wins), (6, 6));
    assert_eq!(result.games[0].moves.len(), 4);
    assert_eq!(result.games[0].result(), "W+");
}

#[test]
fn matches_that_make_no_sense_are_refused() {
    let fault = |change: &dyn Fn(&mut Match)| {
        let mut of = small();
        change(&mut of);
        of.check().unwrap_err()
    };
    let is_option = |error: GoError| matches!(error, GoError::Option { .. });
    assert!(is_option(fault(&|of| of.games = 0)));
    assert!(is_option(fault(&|of| of.jobs = 0)));
    assert!(is_option(fault(&|of| of.players[1] = own(0))));
    assert!(is_option(fault(&|of| of.rules.komi = f32::NAN)));
    assert!(is_option(fault(&|of| of.rules.opening_moves = 13)));
    assert!(is_option(fault(&|of| of.rules.moves_max = Some(2))));
    assert!(is_option(fault(&|of| of.rules.status_playouts = 0)));
    let adjudication = Some(Adjudication { value: 0.5, moves: 1 });
    assert!(is_option(fault(&|of| of.rules.adjudication = adjudication)));
    assert!(matches!(fault(&|of| of.rules.size = 26), GoError::Size { size: 26 }));
    let empty = External { command: Vec::new(), ..External::of_line("x").unwrap() };
    assert!(is_option(fault(&|of| of.players[0] = Player::External(empty.clone()))));
}
