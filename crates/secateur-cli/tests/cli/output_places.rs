//! Places that an output cannot take, and what stands there already.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use secateur_store::{Disk, Existing, Output};
use serde_json::json;

use crate::setup::{Folder, MAGNITUDE, valid};

#[track_caller]
fn refused(folder: &Folder, out: &str, exit: i32, code: &str, says: &[&str]) {
    let model = folder.files("model");
    folder.fails(&format!("{MAGNITUDE} -o {out}"), exit, code).says(says);
    assert_eq!(folder.files("model"), model, "the input was changed");
}

#[test]
fn an_output_is_no_input() {
    let folder = valid();
    refused(&folder, "model", 2, "SEC-ST-005", &["model", "-o outside"]);
    refused(&folder, "model/", 2, "SEC-ST-005", &["model"]);
    refused(&folder, "model/inside", 2, "SEC-ST-005", &["model/inside", "lies inside"]);
    refused(&folder, "./model/../model", 2, "SEC-ST-005", &["model"]);
    refused(&folder, ".", 2, "SEC-ST-005", &["contains"]);
    for force in ["--force", "--resume"] {
        folder.fails(&format!("{MAGNITUDE} -o model {force}"), 2, "SEC-ST-005");
    }
}

#[cfg(unix)]
#[test]
fn an_output_is_no_input_by_way_of_links() {
    use std::os::unix::fs::symlink;
    let folder = valid();
    symlink("model", folder.join("link")).unwrap();
    refused(&folder, "link", 2, "SEC-ST-005", &["the output", "model/config.json"]);
    refused(&folder, "link/inside", 2, "SEC-ST-005", &["link/inside"]);
    symlink(folder.path(), folder.join("here")).unwrap();
    refused(&folder, "here/model", 2, "SEC-ST-005", &["here/model"]);
    fs::create_dir(folder.join("hard")).unwrap();
    fs::hard_link(folder.join("model/config.json"), folder.join("hard/config.json")).unwrap();
    refused(&folder, "hard", 2, "SEC-ST-005", &["hard"]);
    symlink("nowhere", folder.join("dangling")).unwrap();
    refused(&folder, "dangling", 2, "SEC-ST-001", &["dangling"]);
}

#[test]
fn calibration_text_is_an_input_too() {
    let folder = valid();
    let words = crate::setup::WANDA;
    folder.fails(&format!("{words} -o text.txt --force"), 2, "SEC-ST-005").says(&["text.txt"]);
}

#[test]
fn an_output_that_exists_is_kept() {
    let folder = valid();
    folder.must(&format!("{MAGNITUDE} -o out"));
    let first = folder.files("out");
    let again = MAGNITUDE.replace("0.5", "0.25");
    folder.fails(&format!("{again} -o out"), 2, "SEC-ST-001").says(&["out", "--force"]);
    folder.fails(&format!("{again} -o out --resume"), 2, "SEC-ST-004").says(&["complete"]);
    assert_eq!(folder.files("out"), first);

    fs::write(folder.join("out/notes.md"), "mine").unwrap();
    let ran = folder.fails(&format!("{again} -o out --force"), 2, "SEC-ST-003");
    ran.says(&["notes.md"]);
    assert_eq!(fs::read_to_string(folder.join("out/notes.md")).unwrap(), "mine");

    fs::remove_file(folder.join("out/notes.md")).unwrap();
    folder.must(&format!("{again} -o out --force"));
    assert_ne!(folder.files("out")["model.safetensors"], first["model.safetensors"]);
    assert_eq!(folder.names(), ["model", "out", "text.txt"]);
}

#[test]
fn what_is_not_an_output_is_never_replaced() {
    let folder = valid();
    fs::create_dir(folder.join("work")).unwrap();
    fs::write(folder.join("work/thesis.tex"), "years").unwrap();
    refused(&folder, "work", 2, "SEC-ST-001", &["work"]);
    folder.fails(&format!("{MAGNITUDE} -o work --force"), 2, "SEC-ST-003").says(&["thesis.tex"]);
    assert_eq!(fs::read_to_string(folder.join("work/thesis.tex")).unwrap(), "years");
    fs::write(folder.join("file"), "a file").unwrap();
    refused(&folder, "file", 2, "SEC-ST-001", &["file"]);
    folder.fails(&format!("{MAGNITUDE} -o file --force"), 2, "SEC-ST-003");
    // An empty directory is free.
    fs::create_dir(folder.join("empty")).unwrap();
    folder.must(&format!("{MAGNITUDE} -o empty"));
}

#[test]
fn a_place_that_cannot_be_written() {
    let folder = valid();
    refused(&folder, "no/where/out", 5, "SEC-ST-016", &["no/where", "mkdir -p no/where"]);
    refused(&folder, "text.txt/out", 5, "SEC-ST-016", &["text.txt"]);
    let long = "x".repeat(300);
    refused(&folder, &long, 5, "SEC-ST-021", &["too long"]);
    if Path::new("/proc/self").exists() {
        // A directory in which nobody may write, not even root.
        let ran = folder.run(&format!("{MAGNITUDE} -o /proc/out"));
        assert_eq!(ran.exit, 5, "{}", ran.stderr);
        ran.says(&["error[SEC-ST-0", "file: /proc/", "help: "]);
    }
}

#[cfg(unix)]
#[test]
fn a_directory_that_may_not_be_written() {
    use std::os::unix::fs::PermissionsExt;
    let folder = valid();
    fs::create_dir(folder.join("closed")).unwrap();
    fs::set_permissions(folder.join("closed"), fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(folder.join("closed/probe"), "").is_ok() {
        println!("skipped: this user may write everywhere");
        return;
    }
    refused(&folder, "closed/out", 5, "SEC-ST-015", &["closed", "may write"]);
}

#[cfg(unix)]
#[test]
fn a_name_that_is_not_utf8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = valid();
    let name = OsStr::from_bytes(b"out\xff");
    let output = folder.command(MAGNITUDE).arg("-o").arg(name).output().unwrap();
    let ran = crate::setup::Ran::of(&output, std::time::Duration::ZERO);
    ran.check_no_panic("a name that is not UTF-8");
    assert_eq!(ran.exit, 0, "{}", ran.stderr);
    assert!(folder.path().join(name).join("secateur.json").is_file());
}

#[test]
fn two_runs_do_not_share_an_output() {
    let folder = valid();
    let files = Arc::new(Disk);
    let run = json!({"run": "another"});
    let held = Output::begin(files, &folder.join("out"), Existing::Refuse, &[], &run).unwrap();
    let pid = std::process::id().to_string();
    for more in ["", " --force", " --resume"] {
        let ran = folder.fails(&format!("{MAGNITUDE} -o out{more}"), 7, "SEC-ST-013");
        ran.says(&[&pid, ".out.lock", "wait"]);
    }
    // Another output is free all the while, and this one once the other run has ended.
    folder.must(&format!("{MAGNITUDE} -o other"));
    drop(held);
    folder.must(&format!("{MAGNITUDE} -o out"));
}

#[test]
fn a_lock_file_of_a_killed_run_locks_nothing() {
    let folder = valid();
    fs::write(folder.join(".out.lock"), "1 somewhere\n").unwrap();
    folder.must(&format!("{MAGNITUDE} -o out"));
    assert_eq!(folder.names(), ["model", "out", "text.txt"]);
}
