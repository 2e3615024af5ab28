//! `secateur inspect`.

use std::path::Path;
use std::process::ExitCode;

use secateur::core::RunError;
use secateur::neural::NeuralError;
use secateur::neural::measure::inspect::inspect;

use super::Manner;
use crate::args::ShapeArgs;
use crate::out;

pub(crate) fn run(model: &Path, shapes: &ShapeArgs, manner: Manner) -> Result<ExitCode, RunError> {
    if super::network::is_network(model) {
        return super::network::inspect(model, shapes, manner);
    }
    let model = secateur::checkpoint::open(model).map_err(NeuralError::from)?;
    let found = inspect(&model)?;
    if manner.json {
        out::json(&found);
        return Ok(ExitCode::SUCCESS);
    }
    let share = |part: u64| part as f64 / found.parameters.max(1) as f64 * 100.0;
    out::line(&format!("model       {}", out::clean(&found.summary)));
    let types: Vec<String> = found.types.iter().map(|(t, n)| format!("{t} x {n}")).collect();
    out::line(&format!("format      {}, {}", found.format, types.join(", ")));
    out::line(&format!(
        "parameters  {}, {}",
        out::count(found.parameters),
        out::bytes(found.bytes)
    ));
    out::line(&format!(
        "nonzeros    {} ({:.2} %)",
        out::count(found.nonzeros),
        share(found.nonzeros)
    ));
    out::line(&format!(
        "prunable    {} ({:.2} %)",
        out::count(found.prunable),
        share(found.prunable)
    ));
    out::line(&format!("MACs/token  {}", out::count(found.macs_per_token)));
    out::line(&format!(
        "tokenizer   {}",
        if found.tokenizer { "yes" } else { "none that can be used" }
    ));
    out::line("");
    let rows = found.linears.iter().map(|l| {
        vec![
            l.name.clone(),
            format!("{} x {}", l.shape[0], l.shape[1]),
            l.dtype.clone(),
            format!("{:.2} %", l.sparsity * 100.0),
            l.pattern.clone().unwrap_or_default(),
        ]
    });
    out::print(&out::table(
        &["layer", "out x in", "type", "zeros", "N:M"],
        rows.collect(),
        &[1, 3],
    ));
    for warning in &found.warnings {
        out::note(&format!("warning: {}", out::clean(warning)));
    }
    Ok(ExitCode::SUCCESS)
}
