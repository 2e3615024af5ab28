//! `secateur diff`.

use std::path::Path;
use std::process::ExitCode;

use secateur::core::RunError;
use secateur::neural::diff::{Row, diff};

use super::Manner;
use crate::out;

pub(crate) fn run(a: &Path, b: &Path, manner: Manner) -> Result<ExitCode, RunError> {
    if super::network::is_network(a) && super::network::is_network(b) {
        return super::network::diff(a, b, manner);
    }
    let found = diff(a, b)?;
    if manner.json {
        out::json(&found);
        return Ok(ExitCode::SUCCESS);
    }
    let pair = |[a, b]: [u64; 2], show: fn(u64) -> String| {
        if a == b { show(a) } else { format!("{} -> {}", show(a), show(b)) }
    };
    out::line(&format!("parameters  {}", pair(found.parameters, out::count)));
    out::line(&format!("bytes       {}", pair(found.bytes, out::bytes)));
    out::line(&format!(
        "tensors     {} identical, {} changed",
        found.identical,
        found.changed.len()
    ));
    for (word, names) in [("removed", &found.removed), ("added", &found.added)] {
        for name in names {
            out::line(&format!("{word}  {}", out::clean(name)));
        }
    }
    if !found.changed.is_empty() {
        out::line("");
        let heads = ["tensor", "type", "zeros before", "after", "changed", "L2 change"];
        let rows = found.changed.iter().map(cells).collect();
        out::print(&out::table(&heads, rows, &[2, 3, 4, 5]));
    }
    Ok(ExitCode::SUCCESS)
}

fn cells(row: &Row) -> Vec<String> {
    let [before, after] = &row.dtype;
    let same_type = before == after;
    vec![
        row.name.clone(),
        if same_type { after.clone() } else { format!("{before} -> {after}") },
        format!("{:.2} %", row.sparsity[0] * 100.0),
        format!("{:.2} %", row.sparsity[1] * 100.0),
        match row.values_changed {
            Some(n) => out::count(n),
            None => format!("{:?} -> {:?}", row.shape[0], row.shape[1]),
        },
        row.change.map_or(String::new(), |c| format!("{c:.4}")),
    ]
}
