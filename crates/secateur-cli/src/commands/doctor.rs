//! `secateur doctor`.

use std::process::ExitCode;

use secateur::tensor::kernels::isa;
use serde_json::json;

use super::Manner;
use crate::out;

/// Environment variables that are read.
const KNOWN: [&str; 1] = ["SECATEUR_THREADS"];

pub(crate) fn run(manner: Manner) -> ExitCode {
    let memory = |key: &str| {
        let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(key).map(str::to_owned));
        line.and_then(|l| l.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()).map(|k| k * 1024)
    };
    let folder = std::env::current_dir().unwrap_or_default();
    let report = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "system": format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        "instruction_set": isa::level(),
        "threads": rayon::current_num_threads(),
        "memory_bytes": memory("MemTotal:"),
        "memory_free_bytes": memory("MemAvailable:"),
        "folder": folder.display().to_string(),
        "folder_writable": writable(&folder),
    });
    for name in misspelt() {
        out::note(&format!("warning: {name} is not read; known is {}", KNOWN.join(", ")));
    }
    if manner.json {
        out::json(&report);
        return ExitCode::SUCCESS;
    }
    let word = |key: &str| report[key].as_str().unwrap_or("?").to_owned();
    let size = |key: &str| report[key].as_u64().map_or("unknown".to_owned(), out::bytes);
    out::line(&format!("secateur         {}", word("version")));
    out::line(&format!("system           {}", word("system")));
    out::line(&format!("instruction set  {}", word("instruction_set")));
    out::line(&format!("threads          {}", report["threads"]));
    out::line(&format!(
        "memory           {}, {} free",
        size("memory_bytes"),
        size("memory_free_bytes")
    ));
    let may = if report["folder_writable"] == true { "writable" } else { "not writable" };
    out::line(&format!("folder           {}, {may}", out::clean(&word("folder"))));
    ExitCode::SUCCESS
}

fn writable(folder: &std::path::Path) -> bool {
    let probe = folder.join(format!(".secateur-probe-{}", std::process::id()));
    let made = std::fs::File::create_new(&probe).is_ok();
    made && std::fs::remove_file(&probe).is_ok()
}

fn misspelt() -> Vec<String> {
    let names = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
    let ours = names.filter(|name| name.starts_with("SECATEUR_"));
    ours.filter(|name| !KNOWN.contains(&name.as_str()) && name != "SECATEUR_TEST_DATA").collect()
}
