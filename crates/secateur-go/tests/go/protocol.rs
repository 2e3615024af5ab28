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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn every_line_with_a_command_gets_one_answer(
        words in proptest::collection::vec((0_usize..31, "[ -~]{0,14}"), 1..8), bytes: Vec<u8>,
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
