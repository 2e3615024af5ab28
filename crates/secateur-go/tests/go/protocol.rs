//! GTP: sessions, formats, garbage.

use std::io;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use secateur_go::criteria::Strategy as Cut;
use secateur_go::gtp::Engine;
use secateur_go::search::Settings;

fn engine() -> Engine {
    let mut settings = Settings { playouts: Some(50), ..Settings::default() };
    settings.pruning.strategies = vec![Cut::PotentialLow];
    Engine::new(settings).unwrap()
}

fn session(input: &[u8]) -> String {
    let mut output = Vec::new();
    engine().serve(io::Cursor::new(input.to_vec()), &mut output).unwrap();
    String::from_utf8(output).unwrap()
}

#[track_caller]
fn check(input: &str, expect: &str) {
    assert_eq!(session(input.as_bytes()), expect);
}

#[test]
fn answers_have_the_form_of_the_standard() {
    check("protocol_version\n", "= 2\n\n");
    check("12 protocol_version", "=12 2\n\n");
    check("  7\tname # who are you\r\n\n# nothing\n", "=7 secateur\n\n");
    check(
        "known_command play\nknown_command fly\nknown_command\n",
        "= true\n\n= false\n\n= false\n\n",
    );
    check("3 fly\n", "?3 unknown command\n\n");
    check("12\n", "?12 syntax error\n\n");
    check("99999999999999999999999 name\n", "? syntax error\n\n");
    check("1 quit\n2 name\n", "=1\n\n");
    check("na\u{1}me\n", "= secateur\n\n");
}

#[test]
fn errors_say_what_the_standard_says() {
    check("boardsize 26\n", "? unacceptable size\n\n");
    check("boardsize 1\n", "? unacceptable size\n\n");
    check("boardsize 99999999999999999999\n", "? syntax error: the size is no number\n\n");
    check("komi nan\nkomi inf\nkomi 1e99\n", &"? syntax error: komi is no number\n\n".repeat(3));
    check("play black I5\nplay green A1\nplay\n", &"? invalid color or coordinate\n\n".repeat(3));
    check("play b D4\nplay w d4\n", "=\n\n? illegal move\n\n");
    check("undo\n", "? cannot undo\n\n");
    check(
        "fixed_handicap 10\nset_free_handicap A1 A1\n",
        "? invalid number of stones\n\n? bad vertex list\n\n",
    );
    check("fixed_handicap 2\nfixed_handicap 2\n", "= D4 Q16\n\n? board not empty\n\n");
    check("loadsgf\n", "? syntax error\n\n");
    assert!(session(b"loadsgf no-such-file.sgf\n").starts_with("? cannot load file"));
    check("genmove\nreg_genmove x\n", "? invalid color\n\n? invalid color\n\n");
}

#[test]
fn a_game_is_played_scored_and_taken_back() {
    let play = "boardsize 5\nclear_board\nkomi 0.5\n";
    let moves = "play b C1\nplay b C2\nplay b C3\nplay b C4\nplay b C5\n\
        play w D1\nplay w D2\nplay w D3\nplay w D4\nplay w D5\nplay w A1\n";
    let input =
        format!("{play}{moves}final_status_list dead\nfinal_score\nundo\nundo\nplay w D5\n");
    let got = session(input.as_bytes());
    let head = "=\n\n".repeat(14);
    assert_eq!(got, format!("{head}= A1\n\n= B+4.5\n\n=\n\n=\n\n=\n\n"));
    let got = session(b"boardsize 5\nclear_board\ngenmove b\ngenmove w\nshowboard\nlz-analyze b\nsecateur-kept\nsecateur-potential\nprintsgf\n");
    let answers: Vec<&str> = got.split_terminator("\n\n").collect();
    assert_eq!(answers.len(), 9, "{got}");
    assert!(answers.iter().all(|answer| answer.starts_with('=')));
    assert_eq!(answers[7].lines().count(), 5);
}

#[test]
fn what_gnu_go_and_gogui_tell_and_ask_is_understood() {
    check("get_komi\nkomi 6.5\nget_komi\n", "= 7.5\n\n=\n\n= 6.5\n\n");
    let board = "boardsize 5\nclear_board\n";
    let said = |input: &str| {
        session(format!("{board}{input}").as_bytes())["=\n\n=\n\n".len()..].to_owned()
    };
    assert_eq!(said("query_boardsize\nlast_move\n"), "= 5\n\n? no previous move known\n\n");
    let sequence = "gogui-play_sequence B A1 W A2 B C3 W B1\n";
    let asked =
        "list_stones b\ncaptures white\nmove_history\nlast_move\nis_legal b A1\nis_legal b E5\n";
    assert_eq!(
        said(&format!("{sequence}{asked}")),
        "=\n\n= C3\n\n= 1\n\n= white B1\nblack C3\nwhite A2\nblack A1\n\n= white B1\n\n= 0\n\n= 1\n\n"
    );
    let back = "gg-undo 5\ngg-undo 3\nmove_history\ngg-undo\nmove_history\ngg-undo x\n";
    assert_eq!(
        said(&format!("{sequence}{back}")),
        "=\n\n? cannot undo\n\n=\n\n= black A1\n\n=\n\n=\n\n? syntax error\n\n"
    );
    let illegal = "gogui-play_sequence b C3 w C3\ngogui-play_sequence b\nmove_history\n";
    assert_eq!(said(illegal), "? illegal move\n\n? invalid coordinate\n\n=\n\n");
    let setup = "play b E5\ngogui-setup b A1 w C3 b A2\ngogui-setup_player w\nlist_stones black\nlist_stones w\n";
    assert_eq!(said(setup), "=\n\n=\n\n=\n\n= A2 A1\n\n= C3\n\n");
    assert!(said("gogui-setup b A1 w A2 w B1\n").starts_with("? "), "a chain without liberties");
}

#[test]
fn rules_and_the_end_of_a_game_of_kgs() {
    check("kgs-rules japanese\nkgs-rules chess\nkgs-game_over\n", "=\n\n? unknown rules\n\n=\n\n");
    // A dead stone of white in the area of black is taken off before black passes.
    let moves =
        "gogui-setup b C1 b C2 b C3 b C4 b C5 b A4 b B4 w D1 w D2 w D3 w D4 w D5 w E4 w A1\n";
    let ask =
        "final_status_list dead\n".to_owned() + &"kgs-genmove_cleanup b\nplay w pass\n".repeat(8);
    let input = format!("boardsize 5\nclear_board\n{moves}{ask}list_stones w\nis_legal w C2\n");
    let got = session(input.as_bytes());
    assert!(got.contains("= A1\n\n") && !got.contains("resign"), "{got}");
    assert!(got.contains("= D5 D4 E4 D3 D2 D1\n\n"), "A1 was captured: {got}");
}

#[test]
fn pruning_is_switched_as_a_game_goes_on() {
    let shown = "[string] prune potential-low\n[string] quantile 0.2\n[string] playouts 50";
    check("secateur-param\n", &format!("= {shown}\n\n"));
    let input = "secateur-param prune gradient-low+potential-high\nsecateur-param quantile 0.5\n\
        secateur-param playouts 30\nsecateur-param\nsecateur-param threshold 0.25\n\
        secateur-param prune none\nsecateur-param\nboardsize 5\ngenmove b\n";
    let got = session(input.as_bytes());
    let expect = "=\n\n=\n\n=\n\n= [string] prune gradient-low+potential-high\n[string] quantile 0.5\n\
        [string] playouts 30\n\n=\n\n=\n\n= [string] prune none\n[string] threshold 0.25\n\
        [string] playouts 30\n\n=\n\n= ";
    assert!(got.starts_with(expect), "{got}");
    for (wrong, says) in [
        ("prune potential", "potential-high"),
        ("prune", "a name and a value"),
        ("quantile 2", "between 0 and 1"),
        ("quantile nan", "between 0 and 1"),
        ("playouts 0", "at least 1"),
        ("playouts off", "no limit of time"),
        ("playouts x", "no number"),
        ("komi 3", "the names are"),
    ] {
        let got = session(format!("secateur-param {wrong}\nsecateur-param\n").as_bytes());
        assert!(got.starts_with("? ") && got.contains(says), "{wrong}: {got}");
        assert!(got.ends_with(&format!("= {shown}\n\n")), "nothing changed: {got}");
    }
}

#[test]
fn tables_begin_below_the_sign_of_the_answer() {
    let got = session(b"boardsize 3\nshowboard\nlz-genmove_analyze b\nmove_history\n");
    assert!(got.starts_with("=\n\n=\n   A B C\n 3 . . . 3\n"), "{got}");
    let (_, analysis) = got.split_once("\n\n=\ninfo move ").expect("an analysis");
    let (lines, history) = analysis.split_once("\n\n").unwrap();
    let played = lines.lines().last().and_then(|line| line.strip_prefix("play ")).unwrap();
    assert_eq!(history, format!("= black {played}\n\n"));
}

#[test]
fn a_line_of_a_megabyte_and_binary_are_survived() {
    let mut input = vec![b'x'; 1 << 20];
    input.extend(b"\n\xff\xfe\x00\x01 \x80\nname\n");
    let got = session(&input);
    assert!(
        got.starts_with("? syntax error: the line is too long\n\n? unknown command\n\n"),
        "{got}"
    );
    assert!(got.ends_with("= secateur\n\n"));
}

#[test]
fn a_search_ends_with_its_interrupt_and_the_next_one_does_not() {
    let settings = Settings { playouts: Some(u64::from(u32::MAX)), ..Settings::default() };
    let mut engine = Engine::new(settings).unwrap();
    let mut output = Vec::new();
    let input = b"boardsize 5\n# interrupt\ngenmove b\n # interrupt \nreg_genmove w\n# interrupt\n\
                  gogui-interrupt\nsecateur-param playouts 50\n";
    engine.serve(io::Cursor::new(input.to_vec()), &mut output).unwrap();
    let got = String::from_utf8(output).unwrap();
    let answers: Vec<&str> = got.split_terminator("\n\n").collect();
    let [size, black, white, known, set] = answers[..] else { panic!("{got}") };
    assert_eq!((size, known, set), ("=", "=", "="));
    assert!(black.starts_with("= ") && white.starts_with("= ") && black != white, "{got}");
    assert_eq!(engine.game().moves().len(), 1);
    // Another conversation with the same engine begins without an interrupt.
    let mut output = Vec::new();
    engine.serve(io::Cursor::new(b"lz-genmove_analyze w\n".to_vec()), &mut output).unwrap();
    let got = String::from_utf8(output).unwrap();
    let visits = got.split("visits ").skip(1).filter_map(|text| text.split(' ').next());
    let visits: u32 = visits.map(|visits| visits.parse::<u32>().unwrap()).sum();
    assert!(visits > 40, "{got}");
}

#[cfg(unix)]
#[test]
fn the_time_of_the_process_is_told() {
    let seconds = |text: &str| text.trim_start_matches("= ").trim().parse::<f64>().unwrap();
    let mut engine = engine();
    let before = seconds(&engine.answer(b"cputime").unwrap());
    engine.answer(b"boardsize 9");
    engine.answer(b"genmove b");
    assert!(seconds(&engine.answer(b"cputime").unwrap()) > before);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn every_line_with_a_command_gets_one_answer(
        words in proptest::collection::vec((0_usize..99, "[ -~]{0,14}"), 1..8), bytes: Vec<u8>,
    ) {
        let mut engine = engine();
        engine.answer(b"boardsize 4");
        let list = engine.answer(b"list_commands").unwrap();
        let names: Vec<&str> = list[2..].trim().lines().collect();
        for (at, rest) in words {
            let name = names[at % names.len()];
            // Sizes are kept small so that every search is short.
            if name == "boardsize" || name == "loadsgf" {
                continue;
            }
            let answer = engine.answer(format!("5 {name} {rest}").as_bytes()).unwrap();
            prop_assert!(answer.starts_with("=5") || answer.starts_with("?5"), "{}", answer);
            prop_assert!(answer.ends_with("\n\n") && answer.matches("\n\n").count() == 1);
        }
        if let Some(answer) = engine.answer(&bytes) {
            prop_assert!(answer.starts_with(['=', '?']));
        }
    }
}

/// A pipe that is written to as a test goes on, and an output that it can look at.
struct Live {
    lines: std::sync::mpsc::Sender<Vec<u8>>,
    output: Arc<Mutex<Vec<u8>>>,
    engine: std::thread::JoinHandle<()>,
}

struct Pipe(std::sync::mpsc::Receiver<Vec<u8>>);

impl io::Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Ok(line) = self.0.recv() else { return Ok(0) };
        buffer[..line.len()].copy_from_slice(&line);
        Ok(line.len())
    }
}

struct Shared(Arc<Mutex<Vec<u8>>>);

impl io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Live {
    fn begin(ponders: bool) -> Self {
        let (lines, receiver) = std::sync::mpsc::channel();
        let output = Arc::new(Mutex::new(Vec::new()));
        let shared = Shared(output.clone());
        let engine = std::thread::spawn(move || {
            let mut engine = engine();
            engine.ponders = ponders;
            engine.serve(io::BufReader::new(Pipe(receiver)), shared).unwrap();
        });
        Self { lines, output, engine }
    }

    fn say(&self, line: &str) {
        self.lines.send(line.as_bytes().to_vec()).unwrap();
    }

    /// Waits until the output has so many of these.
    fn hear(&self, what: &str, times: usize) {
        loop {
            let text = String::from_utf8(self.output.lock().unwrap().clone()).unwrap();
            if text.matches(what).count() >= times {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }

    fn end(self) -> String {
        drop(self.lines);
        self.engine.join().unwrap();
        String::from_utf8(self.output.lock().unwrap().clone()).unwrap()
    }
}

#[test]
fn an_analysis_reports_until_the_next_line() {
    let live = Live::begin(false);
    live.say("boardsize 7\n3 lz-analyze b 2\n");
    live.hear("\ninfo move", 3);
    live.say("4 name\n");
    live.hear("=4 secateur", 1);
    live.say("5 lz-analyze\n");
    live.hear("=5", 1);
    let text = live.end();
    let answers: Vec<&str> = text.split("\n\n").collect();
    assert!(answers[1].starts_with("=3\ninfo move "), "{text}");
    let lines = answers[1].lines().skip(1);
    assert!(lines.clone().count() >= 3 && lines.clone().all(|line| line.contains(" order 0 pv ")));
    assert_eq!(answers[2], "=4 secateur");
    assert!(answers[3].starts_with("=5\ninfo move "), "the end of the input ends a report");
}

#[test]
fn an_engine_that_ponders_listens() {
    let live = Live::begin(true);
    live.say("boardsize 7\n2 genmove b\n");
    live.hear("=2", 1);
    live.say("3 genmove w\n");
    live.hear("=3", 1);
    live.say("quit\n");
    assert!(live.end().ends_with("=\n\n"));
}

#[test]
fn clocks_are_set_by_every_system() {
    let input = "kgs-time_settings none\nkgs-time_settings absolute 300\n\
        kgs-time_settings byoyomi 300 30 5\nkgs-time_settings canadian 300 60 10\n\
        time_settings 0 1 1\ntime_left b 30 2\n";
    assert_eq!(session(input.as_bytes()), "=\n\n".repeat(6));
    let bad = "kgs-time_settings\nkgs-time_settings fischer 1 2\nkgs-time_settings byoyomi 1\n\
        time_settings 1 2\ntime_settings nan 1 1\n";
    assert_eq!(session(bad.as_bytes()), "? syntax error\n\n".repeat(5));
}
