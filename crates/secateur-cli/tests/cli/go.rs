//! `secateur go` from outside.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::schemas::check;
use crate::setup::{Folder, PROGRAM, scratch};

/// A game of 9 x 9 with a variation, and one of 5 x 5.
const GAMES: &str = "(;SZ[9]KM[7]PB[Ann]PW[Bob\u{202e}]RE[B+R];B[ee];W[cc];B[gc](;W[cg];B[gg])(;W[gg]))\n\
    (;SZ[5];B[cc];W[bb])";

fn folder() -> Folder {
    let folder = Folder(scratch());
    std::fs::write(folder.join("game.sgf"), GAMES).unwrap();
    std::fs::write(folder.join("lines.txt"), "7\t;B[pd];W[dd];B[pp];W[dq]\n8\t;B[qd]\n").unwrap();
    folder
}

#[track_caller]
fn json(folder: &Folder, schema: &str, words: &str) -> Value {
    let ran = folder.must(&format!("{words} --json -q"));
    check(schema, ran.stdout.as_bytes());
    serde_json::from_str(&ran.stdout).unwrap()
}

/// Answers of the engine to some input.
fn gtp(options: &str, input: &[u8]) -> (i32, String) {
    let folder = Folder(scratch());
    let mut command = folder.command(&format!("go gtp {options}"));
    let output = command.write_stdin(input).output().unwrap();
    let text = String::from_utf8(output.stdout).expect("answers are text");
    (output.status.code().unwrap_or(-1), text)
}

#[test]
fn an_engine_answers_whatever_it_is_told() {
    let (exit, text) =
        gtp("--playouts 50 --board 5 --komi 0.5", b"1 name\n2 genmove b\nquit\nname\n");
    assert_eq!(exit, 0);
    assert!(text.starts_with("=1 secateur\n\n=2 ") && text.ends_with("\n\n=\n\n"), "{text:?}");
    let mut input = b"\x00\xff\xfe\n#\n\n".to_vec();
    input.extend(vec![b'a'; 1 << 20]);
    input.extend(b"\nboardsize 26\nboardsize -1\nkomi nan\nplay b z99\nplay b c3\nplay w c3\n");
    input.extend(b"loadsgf /dev/zero\nloadsgf nowhere\nname\n");
    let (exit, text) = gtp("--playouts 50 --board 9", &input);
    assert_eq!(exit, 0);
    let answers: Vec<&str> = text.split("\n\n").filter(|answer| !answer.is_empty()).collect();
    let good = answers.iter().filter(|answer| answer.starts_with('=')).count();
    assert!(answers.iter().all(|answer| answer.starts_with(['=', '?'])), "{text}");
    assert_eq!((answers.len(), good), (11, 2), "{text}");
    for expect in ["too long", "unacceptable size", "illegal move", "cannot load file"] {
        assert!(text.contains(expect), "{expect}: {text}");
    }
}

#[test]
fn every_option_of_the_search_is_taken() {
    let all = "--playouts 40 --time-per-move 2s --prune potential-low+gradient-high --quantile 0.3 \
        --min-keep 3 --scope root --unprune=4,0.7 --kernel gauss=1.5 --edge same --shape flat \
        --policy light --rave off --exploration 0.5 --expand-at 2 --nodes 10000 --resign off \
        --seed 3 --board 7 --komi -2 --scoring territory --search-threads 2 --ponder";
    let (exit, text) = gtp(all, b"genmove b\nsecateur-kept w\nfinal_score\nquit\n");
    assert!(exit == 0 && !text.contains('?'), "{text}");
    let same = |seed: u32| {
        let moves = b"genmove b\ngenmove w\ngenmove b\ngenmove w\nquit\n";
        gtp(&format!("--playouts 60 --board 9 --seed {seed}"), moves).1
    };
    assert_eq!(same(1), same(1), "the same moves for a seed");
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let folder = folder();
    for (words, says) in [
        ("go gtp --komi NaN", "a number of points"),
        ("go gtp --quantile 1.5", "SEC-GO-007"),
        ("go gtp --quantile nan", "SEC-GO-007"),
        ("go gtp --prune potential", "potential-low, potential-high"),
        ("go gtp --prune gradient-low+gradient-low", "named twice"),
        ("go gtp --kernel gauss=-1", "SEC-GO-007"),
        ("go gtp --kernel coulomb=2", "coulomb has no length"),
        ("go gtp --time-per-move 0s", "250ms"),
        ("go gtp --playouts 0", "0"),
        ("go gtp --quantile 0.2 --threshold 1", "cannot be used with"),
        ("go gtp --unprune=8", "FIRST,POWER"),
        ("go gtp --search-threads 0", "SEC-GO-007"),
        ("go analyze game.sgf --game 0", "0"),
        ("go analyze game.sgf --svg board.png", "ends in .svg"),
        ("go analyze game.sgf --png board.svg", "ends in .png"),
        ("go match --games 0", "SEC-GO-007"),
        ("go match --komi inf", "a number of points"),
        ("go match --adjudicate 0.4", "above 0.5"),
        ("go match --sprt 5,nan", "two numbers"),
        ("go experiment --games 3", "SEC-GO-007"),
        ("go experiment --games 0", "--agree"),
        ("go experiment --prune potential-low", "--strategies"),
        ("go experiment --time-per-move 1s", "--savings"),
        ("go experiment --strategies none", "none prunes nothing"),
        ("go experiment --savings 0.3,0.1", "SEC-GO-007"),
        ("go experiment --resume", "--journal"),
        ("go experiment --games 2 --journal x.json --report x.json", "the same place"),
        ("go match --games 2 -o m.html --report ./m.html", "the same place"),
        ("go match --games 2 --report here", "no ending"),
    ] {
        let ran = folder.run(words);
        assert_eq!(ran.exit, 2, "{words}: {}", ran.stderr);
        assert!(ran.stderr.contains(says) && ran.stdout.is_empty(), "{words}: {}", ran.stderr);
    }
    assert_eq!(folder.run("go gtp --board 26").exit, 4);
    assert_eq!(folder.run("go match --board 1").exit, 4);
    let mut command = folder.command("go match --games 2 --a");
    let side = command.args(["--playouts 10", "--b", "--prune gradient"]).output().unwrap();
    let said = String::from_utf8(side.stderr).unwrap();
    assert_eq!(side.status.code(), Some(2), "{said}");
    assert!(said.contains("--b \"--prune gradient\"") && said.contains("gradient-low"), "{said}");
    assert_eq!(folder.names(), ["game.sgf", "lines.txt"], "nothing was written");
}

#[test]
fn options_that_a_command_refuses_are_not_in_its_help() {
    let folder = folder();
    let help = folder.must("go experiment --help").stdout;
    for refused in ["--prune", "--quantile ", "--threshold", "--time-per-move"] {
        assert!(!help.contains(refused), "{refused}: {help}");
    }
    assert!(help.contains("whole player; 300 when absent"), "{help}");
    assert!(help.find("--report") < help.find("--quiet"), "what is global comes last: {help}");
    let help = folder.must("go analyze --help").stdout;
    assert!(help.contains("Search with so many playouts; none when absent"), "{help}");
    assert!(help.contains("potential-low (when absent)"), "{help}");
}

#[test]
fn one_game_is_one_game() {
    let folder = folder();
    let mut command = folder.command("go match --games 1 --board 3 --report m.html -q");
    let output = command.args(["--a", "--playouts 10", "--b", "--playouts 10"]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("\n1 game on 3 x 3") && said.contains("inf ("), "{said}");
    let page = std::fs::read_to_string(folder.join("m.html")).unwrap();
    assert!(page.contains("A against B") && page.contains("win rate of A"));
    let agree =
        "go experiment --games 0 --agree game.sgf --strategies potential-low --report a.html";
    let said = folder.must(&format!("{agree} -q")).stdout;
    assert!(said.contains("2 games, ") && !said.contains("0 games"), "{said}");
    let page = std::fs::read_to_string(folder.join("a.html")).unwrap();
    assert!(page.contains("2 game records") && !page.contains("id=\"cost\""), "no empty section");
}

#[test]
fn a_position_is_shown_with_what_pruning_cuts() {
    let folder = folder();
    let analyze =
        "go analyze game.sgf --move 4 --svg b.svg --png b.png --report b.html --playouts 100";
    let found =
        json(&folder, "go-analyze", &format!("{analyze} --prune potential-low --quantile 0.3"));
    assert_eq!(
        (&found["legal"], &found["cut"], &found["kept"]),
        (&77.into(), &23.into(), &54.into())
    );
    assert_eq!((&found["color"], &found["komi"]), (&"black".into(), &7.0.into()));
    assert_eq!((&found["next"]["vertex"], &found["moves"]), (&"G3".into(), &5.into()));
    assert_eq!(found["points"].as_array().unwrap().len(), 77);
    assert_eq!(found["search"]["playouts"], 100);
    assert!(found["title"].as_str().unwrap().contains("Bob\\u{202e}"), "{found}");
    let cut = |point: &&Value| point["kept"] == false;
    let points = found["points"].as_array().unwrap();
    assert!(points.iter().filter(cut).all(|point| point["cut_by"][0] == "potential-low"));
    let picture = std::fs::read_to_string(folder.join("b.svg")).unwrap();
    assert!(picture.starts_with("<svg xmlns=") && picture.matches("class=\"cut\"").count() > 20);
    assert!(std::fs::read(folder.join("b.png")).unwrap().starts_with(b"\x89PNG"));
    let page = std::fs::read_to_string(folder.join("b.html")).unwrap();
    assert!(page.contains("Potential and gradient") && page.contains("Kept and cut moves"));
    assert_eq!(folder.run(analyze).exit, 2, "what is there is not replaced");
    let shown = folder.must("go analyze game.sgf --game 2 --limit 3");
    assert!(shown.stdout.contains("game 2 of 2") && shown.stdout.contains("and 20 more"));
    let line = json(&folder, "go-analyze", "go analyze lines.txt --game 1 --move 3");
    assert_eq!((&line["size"], &line["stones"]), (&19.into(), &3.into()));
    assert_eq!(line["search"], Value::Null);
}

#[test]
fn files_that_are_no_games_are_named() {
    let folder = folder();
    let write = |name: &str, text: &[u8]| std::fs::write(folder.join(name), text).unwrap();
    write("open.sgf", b"(;SZ[9];B[aa]");
    write("point.sgf", b"(;SZ[9];B[zz])");
    write("size.sgf", b"(;SZ[99])");
    write("twice.sgf", b"(;SZ[9];B[aa];W[aa])");
    write("noise.sgf", b"\x00\x01\xff\xfe");
    write("charset.sgf", b"(;CA[EBCDIC]PB[\xa4\xfc])");
    write("line.txt", b"1\t;X[aa]\n");
    for (file, exit, code) in [
        ("none.sgf", 3, "SEC-CL-008"),
        ("open.sgf", 3, "SEC-GO-009"),
        ("point.sgf", 3, "SEC-GO-009"),
        ("size.sgf", 4, "SEC-GO-001"),
        ("twice.sgf", 3, "SEC-GO-003"),
        ("noise.sgf", 3, "SEC-GO-009"),
        ("charset.sgf", 4, "SEC-GO-011"),
        ("line.txt", 3, "SEC-GO-009"),
        (".", 3, "SEC-CL-008"),
    ] {
        let ran = folder.fails(&format!("go analyze {file}"), exit, code);
        assert!(ran.stderr.contains(file), "{}", ran.stderr);
    }
    folder.fails("go analyze game.sgf --move 6", 2, "SEC-GO-007").says(&["the game has 5"]);
    folder.fails("go analyze game.sgf --game 3", 2, "SEC-GO-007").says(&["the file has 2"]);
    let deep = "(;B[aa]".repeat(100_000) + &")".repeat(100_000);
    write("deep.sgf", deep.as_bytes());
    folder.fails("go analyze deep.sgf", 3, "SEC-GO-003");
    let passes = "(;B[]".repeat(100_000) + &")".repeat(100_000);
    write("passes.sgf", passes.as_bytes());
    assert_eq!(json(&folder, "go-analyze", "go analyze passes.sgf")["moves"], 100_000);
}

/// A program of a shell that answers everything, and does this at `genmove`.
#[cfg(unix)]
fn opponent(folder: &Path, genmove: &str) {
    let script = format!(
        "while read -r command rest; do case $command in
            genmove) {genmove};;
            name) printf '= fake\\n\\n';;
            quit) printf '=\\n\\n'; exit 0;;
            *) printf '=\\n\\n';;
        esac; done"
    );
    std::fs::write(folder.join("fake.sh"), script).unwrap();
}

#[test]
fn two_engines_play_a_match() {
    let folder = folder();
    let mut command =
        folder.command("go match --games 4 --board 5 --seed 2 -o games --report m.html --json -q");
    let sides = ["--a", "--playouts 30 --prune potential-low", "--b", "--playouts 30"];
    let output = command.args(sides).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    check("go-match", &output.stdout);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let score = &found["score"];
    let sum: u64 = ["wins", "draws", "losses"].iter().filter_map(|name| score[name].as_u64()).sum();
    assert_eq!((sum, &found["stopped"]), (4, &"complete".into()));
    assert!(found["effort"][0]["cut"].as_u64() > Some(0) && found["effort"][1]["cut"] == 0);
    let games = std::fs::read_dir(folder.join("games")).unwrap().count();
    assert_eq!(games, 4);
    folder.must("go analyze games/game-00004.sgf");
    assert!(std::fs::read_to_string(folder.join("m.html")).unwrap().contains("Score of A"));
    assert_eq!(folder.run("go match --games 2 -o games").exit, 2, "they are not replaced");
    std::fs::write(folder.join("games/mine.txt"), "keep").unwrap();
    let foreign = folder.run("go match --games 2 -o games --force");
    assert!(foreign.exit == 2 && foreign.stderr.contains("mine.txt"), "{}", foreign.stderr);
}

#[cfg(unix)]
#[test]
fn opponents_that_break_off_lose() {
    let folder = folder();
    let run = |genmove: &str, more: &[&str]| {
        opponent(folder.path(), genmove);
        let mut command = folder.command("go match --games 1 --board 5 --json");
        let sides = ["--a", "--playouts 20 --resign off", "--gtp-opponent", "sh fake.sh"];
        let output = command.args(sides).args(more).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{genmove}: {said}");
        check("go-match", &output.stdout);
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(found["score"]["wins"], 1, "{genmove}: {found}");
        assert_eq!(found["players"][1]["name"], "fake", "{found}");
        (found["forfeited"][1].as_u64().unwrap(), said)
    };
    assert_eq!(run("printf '= resign\\n\\n'", &[]).0, 0);
    for (genmove, says) in [
        ("exit 3", "ended"),
        ("printf 'nonsense\\n\\n'", "nonsense"),
        ("printf '= Z99\\n\\n'", "Z99"),
        ("printf '? cannot\\n\\n'", "cannot"),
    ] {
        let (forfeited, said) = run(genmove, &[]);
        assert!(forfeited == 1 && said.contains(says), "{genmove}: {said}");
    }
    let (forfeited, said) = run("sleep 30", &["--patience", "1s"]);
    assert!(forfeited == 1 && said.contains("no answer"), "{said}");
    folder.fails("go match --gtp-opponent false", 3, "SEC-GO-014");
    folder.fails("go match --gtp-opponent nowhere/nothing", 3, "SEC-GO-012");
    folder.fails("go match --gtp-opponent cat --patience 1s", 3, "SEC-GO-015");
}

const EXPERIMENT: &str = "go experiment --boards 5,6 --strategies potential-low,gradient-low \
    --quantiles 0.2 --savings 0,0.5 --games 6 --playouts 15 --opening 2 --journal j.jsonl";

#[test]
fn an_experiment_finds_what_pruning_saves() {
    let folder = folder();
    let words = format!("{EXPERIMENT} --report e.html --agree game.sgf lines.txt");
    let found = json(&folder, "go-experiment", &words);
    assert_eq!(found["is_complete"], true);
    assert_eq!(found["played"], found["games"]);
    assert!(found["rows"].as_array().unwrap().len() >= 3, "{found}");
    assert_eq!(found["claims"][0]["paper"], 0.18);
    assert_eq!(found["agreement"]["games"], 4);
    let page = std::fs::read_to_string(folder.join("e.html")).unwrap();
    for title in ["What pruning saves", "All matches", "Agreement with game records", "5 x 5"] {
        assert!(page.contains(title), "{title}");
    }
    assert_eq!(folder.run(EXPERIMENT).exit, 2, "the journal is not replaced");
    let journal = std::fs::read_to_string(folder.join("j.jsonl")).unwrap();
    let half: String = journal.split_inclusive('\n').take(9).collect::<String>() + "{\"cell\":{";
    std::fs::write(folder.join("j.jsonl"), half).unwrap();
    let again = json(&folder, "go-experiment", &format!("{EXPERIMENT} --resume --report e.html"));
    let scores = |found: &Value| -> Vec<Value> {
        let rows = found["rows"].as_array().unwrap().iter();
        rows.flat_map(|row| row["cells"].as_array().unwrap())
            .map(|cell| cell["score"].clone())
            .collect()
    };
    assert_eq!(scores(&again), scores(&found), "a run that goes on ends the same");
    assert_eq!(again["played"].as_u64().unwrap() + 8, again["games"].as_u64().unwrap());
    let one = json(&folder, "go-experiment", &format!("{EXPERIMENT} --force --threads 1"));
    assert_eq!(scores(&one), scores(&found), "for any number of threads");
    folder.fails(&format!("{EXPERIMENT} --resume --seed 4"), 3, "SEC-GO-017");
    std::fs::write(folder.join("j.jsonl"), "mine").unwrap();
    folder.fails(&format!("{EXPERIMENT} --force"), 2, "SEC-CL-009");
    let only = json(&folder, "go-experiment", "go experiment --games 0 --agree lines.txt");
    assert_eq!((&only["games"], &only["agreement"]["games"]), (&0.into(), &2.into()));
}

#[cfg(unix)]
#[test]
fn an_interrupt_keeps_what_was_finished() {
    let folder = folder();
    let lines = |name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        text.lines().count()
    };
    let words =
        "go experiment --boards 9 --games 1000 --test wilson --journal j.jsonl --report e.json";
    let mut command = std::process::Command::new(PROGRAM);
    command.current_dir(folder.path()).args(words.split(' '));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while lines("j.jsonl") < 3 {
        std::thread::sleep(Duration::from_millis(20));
    }
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("--resume goes on"), "{said}");
    assert!(lines("j.jsonl") >= 3 && folder.join("e.json").exists());
}

#[test]
fn the_demo_shows_a_position_and_plays() {
    let folder = Folder(scratch());
    let mut command = folder.command("demo go --json -q");
    let output = command.timeout(Duration::from_mins(2)).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    check("demo-go", &output.stdout);
    let table: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(table["rows"].as_array().unwrap().len(), 3);
    assert!(table["position"]["cut"].as_u64() > Some(10), "{table}");
    for row in table["rows"].as_array().unwrap() {
        assert!(row["share_cut"].as_f64().unwrap() > 0.1, "{row}");
        assert!(row["score"]["interval"][0].as_f64() < row["score"]["interval"][1].as_f64());
    }
    let at = folder.join("secateur-demo-go");
    assert!(
        std::fs::read_to_string(at.join("report.html")).unwrap().contains("Pruned against whole")
    );
    assert!(std::fs::read_to_string(at.join("board.svg")).unwrap().starts_with("<svg xmlns="));
    folder.must("go analyze secateur-demo-go/game.sgf --prune potential-low+gradient-low");
    std::fs::write(at.join("mine.txt"), "keep").unwrap();
    assert_eq!(folder.run("demo go").exit, 2, "other files are spared");
}

#[test]
fn the_strategies_have_pages_and_the_errors_explanations() {
    let folder = Folder(scratch());
    let listed = folder.must("methods").stdout;
    for name in ["potential-low", "potential-high", "gradient-low", "gradient-high"] {
        assert!(listed.contains(name), "{listed}");
        let page = folder.must(&format!("methods {name}")).stdout;
        assert!(page.starts_with(&format!("# {name}")) && page.contains("## Reference"));
    }
    assert!(folder.must("explain SEC-GO-001").stdout.contains("2 to 25"));
}
