//! Programs that break off, break the protocol or break the rules; and one that does neither.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use secateur_go::GoError;
use secateur_go::play::{
    self, End, External, Forfeit, GameRecord, Match, Patience, Player, Reason, Rules, Side, Time,
};
use secateur_go::search::Settings;

/// Time after which a program counts as hanging. It only has to be longer than nothing: the
/// programs that are to answer get more.
const HUNG: Duration = Duration::from_millis(200);

fn rules() -> Rules {
    Rules { size: 5, status_playouts: 50, ..Rules::default() }
}

/// Plays one game; the program is white.
fn game_of(external: External, rules: Rules) -> GameRecord {
    let settings = Settings { playouts: Some(20), resign_below: None, ..Settings::default() };
    let players = [Player::own("own", settings), Player::External(external)];
    let of = Match { players, rules, games: 1, seed: 5, jobs: 1, sprt: None };
    let stop = AtomicBool::new(false);
    play::run(&of, &stop, &mut |_, _| ControlFlow::Continue(())).unwrap().games.remove(0)
}

/// A program of a shell that does this at each `genmove`, and agrees with all else.
#[cfg(unix)]
fn fake(genmove: &str) -> External {
    let script = format!(
        "while read -r command first rest; do case $command in
            genmove) {genmove};;
            final_score) printf '= B+99\\n\\n';;
            quit) printf '=\\n\\n'; exit 0;;
            *) printf '=\\n\\n';;
        esac; done"
    );
    fake_of(&script)
}

#[cfg(unix)]
fn fake_of(script: &str) -> External {
    let command = ["sh", "-c", script].map(str::to_owned).to_vec();
    let patience = Patience { genmove: Duration::from_mins(1), ..Patience::default() };
    External { name: "fake".to_owned(), command, patience }
}

#[cfg(unix)]
#[track_caller]
fn forfeit(external: External) -> Forfeit {
    let game = game_of(external, rules());
    let End::Forfeit(forfeit) = game.end.clone() else { panic!("{game:?}") };
    assert_eq!((forfeit.side, game.winner), (Side::Second, Some(Side::First)));
    assert_eq!(game.result(), "B+F");
    assert!(game.sgf(&rules(), ["a", "b"]).unwrap().contains("GC["));
    forfeit
}

#[cfg(unix)]
#[track_caller]
fn check(genmove: &str, reason: Reason, message: &str) {
    let forfeit = forfeit(fake(genmove));
    assert_eq!(forfeit.reason, reason, "{forfeit:?}");
    assert!(forfeit.message.contains(message), "{forfeit:?}");
}

#[cfg(unix)]
#[test]
fn what_a_program_does_wrong_is_named() {
    check("printf 'C3\\n\\n'", Reason::Garbage, "answered `genmove white` with `C3`");
    check("printf '= hello\\n\\n'", Reason::Garbage, "with `hello`");
    check("printf '=\\n\\n'", Reason::Garbage, "with ``");
    check("printf '\\377\\001\\033[2J\\000\\n\\n'", Reason::Garbage, "\\u{1}\\u{1b}[2J");
    check("printf '= T19\\n\\n'", Reason::Illegal, "white may not play T19");
    check("printf '= I5\\n\\n'", Reason::Illegal, "white may not play I5");
    check("printf '? no more ideas\\n\\n'", Reason::Refused, "no more ideas");
    check("head -c 200000 /dev/zero; printf '\\n\\n'", Reason::Garbage, "...");
    check("yes | head -n 9", Reason::Garbage, "with `y`");
    let endless = "printf '= C3\\n'; yes";
    check(endless, Reason::Garbage, "an answer without an end");
    // The first move is legal, and the second the same.
    check("printf '= A1\\n\\n'", Reason::Illegal, "white may not play A1");
}

#[cfg(unix)]
#[test]
fn a_program_that_dies_is_told_with_its_status_and_last_words() {
    let last_words = "for n in 1 2 3 4 5 6 7; do echo word $n >&2; done; exit 42";
    let told = forfeit(fake(last_words));
    assert_eq!(told.reason, Reason::Died);
    assert!(told.message.contains("exit status: 42"), "{told:?}");
    assert!(told.message.ends_with("it said: word 3 | word 4 | word 5 | word 6 | word 7"));
    check("kill -9 $$", Reason::Died, "signal: 9");
    assert_eq!(forfeit(fake_of("exit 1")).reason, Reason::Died);
    let flood = "head -c 3000000 /dev/zero >&2; exit 3";
    assert!(forfeit(fake(flood)).message.len() < 1000);
}

#[cfg(unix)]
#[test]
fn a_program_that_hangs_is_killed_with_what_it_started() {
    let mut external = fake_of("sleep 1000 & wait");
    external.patience.start = HUNG;
    let stop = AtomicBool::new(false);
    let error = play::probe(&external, &rules(), &stop).unwrap_err();
    assert!(matches!(&error, GoError::Hung { seconds, .. } if *seconds == 0.2), "{error}");

    let mut external = fake("sleep 1000 & wait");
    external.patience.genmove = HUNG;
    let told = forfeit(external);
    assert_eq!(told.reason, Reason::Hung);
    assert!(told.message.contains("no answer to `genmove white` in 0.2 s"), "{told:?}");

    // With a limit of time by the rules it is overtime.
    let rules = Rules { time: Some(Time::Move(HUNG)), grace: HUNG, ..rules() };
    let game = game_of(fake("sleep 1000 & wait"), rules);
    assert!(matches!(&game.end, End::Forfeit(told) if told.reason == Reason::Overtime));
}

/// The numbers of a program and its child come in a wrong answer; both are gone afterwards.
#[cfg(target_os = "linux")]
#[test]
fn no_process_is_left() {
    let leaves_a_child = "sleep 1000 >/dev/null 2>&1 & printf '= %s %s\\n\\n' $$ $!";
    let told = forfeit(fake(leaves_a_child));
    let numbers = told.message.rsplit('`').nth(1).unwrap();
    let (program, child) = numbers.split_once(' ').unwrap();
    let state = |number: &str| std::fs::read_to_string(format!("/proc/{number}/stat")).ok();
    assert_eq!(state(program), None);
    // The child of a child dies when the system gets to it, and is buried by the system.
    let lives = || state(child).is_some_and(|stat| !stat.contains(") Z "));
    let mut looks = 0;
    while lives() {
        assert!(looks < 2000, "{child} lives");
        looks += 1;
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[cfg(unix)]
#[test]
fn setups_that_fail_are_forfeits_too() {
    let refuses = "while read -r c rest; do case $c in
        boardsize) printf '? unacceptable size\\n\\n';; *) printf '=\\n\\n';; esac; done";
    let told = forfeit(fake_of(refuses));
    assert_eq!(told.reason, Reason::Refused);
    assert!(told.message.contains("refused `boardsize 5`: unacceptable size"), "{told:?}");
    let stop = AtomicBool::new(false);
    let error = play::probe(&fake_of(refuses), &rules(), &stop).unwrap_err();
    assert!(matches!(error, GoError::Refused { .. }));
    let refuses = "while read -r c rest; do case $c in
        play) printf '? illegal move\\n\\n';; *) printf '=\\n\\n';; esac; done";
    assert!(forfeit(fake_of(refuses)).message.contains("refused `play black"));
    let absent = External::of_line("/no/such/program --gtp").unwrap();
    let told = forfeit(absent.clone());
    assert_eq!(told.reason, Reason::NoStart);
    assert!(told.message.contains("program cannot be started: `/no/such/program`"), "{told:?}");
    let error = play::probe(&absent, &rules(), &stop).unwrap_err();
    assert_eq!((error.code(), error.hint().is_some()), ("SEC-GO-012", true));
}

#[cfg(unix)]
#[test]
fn a_program_may_resign_pass_and_dispute_the_result() {
    let game = game_of(fake("printf '=RESIGN\\n\\n'"), rules());
    assert_eq!((&game.end, game.result().as_str()), (&End::Resignation, "B+R"));
    // White passes always and claims the win of black, who has one by area, or not.
    let game = game_of(fake("printf '= pass\\n\\n'"), rules());
    assert_eq!(game.end, End::Passes);
    assert_eq!(game.claims, [None, Some("B+99".to_owned())]);
    assert_eq!((game.winner, game.disputed), (Some(Side::First), false));
    let lost = Rules { komi: 70.5, ..rules() };
    let game = game_of(fake("printf '= pass\\n\\n'"), lost);
    assert_eq!((game.winner, game.disputed), (Some(Side::Second), true));
}

#[cfg(unix)]
#[test]
fn programs_are_told_the_time() {
    let script = "while read -r command rest; do case $command in
        time_settings) settings=$rest; printf '=\\n\\n';;
        time_left) printf '? unknown command\\n\\n'; left=$rest;;
        genmove) printf '= %s, %s\\n\\n' \"$settings\" \"$left\";;
        *) printf '=\\n\\n';;
    esac; done";
    let told = |time: Option<Time>| {
        let rules = Rules { time, ..rules() };
        // Our own player has its playouts, and needs none of the time.
        let End::Forfeit(forfeit) = game_of(fake_of(script), rules).end else { panic!("a game") };
        forfeit.message.rsplit('`').nth(1).unwrap().to_owned()
    };
    assert_eq!(told(None), ",");
    assert_eq!(told(Some(Time::Move(Duration::from_millis(60_500)))), "0 60.5 1, white 60.5 1");
    assert_eq!(told(Some(Time::Game(Duration::from_mins(9)))), "540 0 0, white 540 0");
}

#[cfg(unix)]
#[test]
fn a_stopped_match_does_not_wait_for_a_program() {
    let settings = Settings { playouts: Some(5), ..Settings::default() };
    let players = [Player::External(fake("sleep 1000 & wait")), Player::own("own", settings)];
    let of = Match { players, rules: rules(), games: 2, seed: 0, jobs: 2, sprt: None };
    let stop = AtomicBool::new(false);
    // The second game ends by the fault of the program, while the first hangs.
    let players = [of.players[0].clone(), Player::External(fake("exit 9"))];
    let of = Match { players, ..of };
    let result = play::run(&of, &stop, &mut |_, _| ControlFlow::Break(())).unwrap();
    assert_eq!(result.games.len(), 1);
    assert_eq!(result.games[0].number, 1);
}

#[test]
fn gnu_go_plays_a_match() {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&paths).collect();
    folders.push(Path::new("/usr/games").to_path_buf());
    if !folders.iter().any(|folder| folder.join("gnugo").is_file()) {
        println!("skipped: gnugo is not installed");
        return;
    }
    let line = "gnugo --mode gtp --chinese-rules --level 0 --seed %SEED%";
    let external = External::of_line(line).unwrap();
    let rules = Rules { size: 7, opening_moves: 2, ..rules() };
    let stop = AtomicBool::new(false);
    let identity = play::probe(&external, &rules, &stop).unwrap();
    assert_eq!(identity.name, "GNU Go");
    let settings = Settings { playouts: Some(100), ..Settings::default() };
    let players = [Player::own("own", settings), Player::External(external)];
    let of = Match { players, rules, games: 2, seed: 11, jobs: 2, sprt: None };
    let play = || play::run(&of, &stop, &mut |_, _| ControlFlow::Continue(())).unwrap();
    let result = play();
    assert_eq!((result.tally.forfeited, result.tally.disputed), ([0, 0], 0), "{result:?}");
    let timeless = |games: &[GameRecord]| -> Vec<GameRecord> {
        games.iter().map(GameRecord::timeless).collect()
    };
    assert_eq!(timeless(&result.games), timeless(&play().games));
}
