//! `secateur eval`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use secateur::core::RunError;
use secateur::neural::measure::embeddings::{cosines, embeddings};
use secateur::neural::measure::perplexity::perplexity;
use secateur::neural::{NeuralError, data, family};
use serde_json::json;

use super::{Manner, prune::evaluation};
use crate::args::EvalArgs;
use crate::out;

pub(crate) fn run(args: &EvalArgs, manner: Manner) -> Result<ExitCode, RunError> {
    if super::network::is_network(&args.model) {
        return super::network::eval(args, manner);
    }
    if args.images.is_some() {
        return Err(super::network::images_need_a_network());
    }
    match (&args.embeddings, &args.against) {
        (Some(sentences), Some(dense)) => compare(&args.model, dense, sentences, manner),
        _ => measure(args, manner),
    }
}

/// Cosines of the embeddings of sentences by two encoders.
fn compare(
    model: &Path,
    dense: &Path,
    sentences: &Path,
    manner: Manner,
) -> Result<ExitCode, RunError> {
    let texts = data::sentences(sentences)?;
    let embed =
        |path| -> Result<_, NeuralError> { embeddings(&secateur::checkpoint::open(path)?, &texts) };
    let cosines = cosines(&embed(model)?, &embed(dense)?);
    let mean = cosines.iter().sum::<f64>() / cosines.len() as f64;
    let lowest = cosines.iter().copied().fold(f64::INFINITY, f64::min);
    if manner.json {
        out::json(&json!({ "cosine": mean, "lowest": lowest, "sentences": cosines.len() }));
    } else {
        out::line(&format!("cosine {mean:.6}, lowest {lowest:.6}"));
        out::line(&format!("  sentences: {}, from {}", cosines.len(), sentences.display()));
        out::line("  embedding: mean over all tokens, special ones included, of length 1");
    }
    Ok(ExitCode::SUCCESS)
}

fn measure(args: &EvalArgs, manner: Manner) -> Result<ExitCode, RunError> {
    let start = Instant::now();
    let model = secateur::checkpoint::open(&args.model).map_err(NeuralError::from)?;
    let asked = evaluation(&args.perplexity, args.windows, args.seq_len.unwrap_or(2048));
    let windows = data::windows(&asked, &model, 0)?;
    let mut progress = manner.progress();
    for warning in model.warnings.iter().chain(&windows.warnings) {
        secateur::core::Progress::warn(&mut progress, warning);
    }
    let result = perplexity(&model, &windows, &mut progress)?;
    let protocol: Vec<(String, String)> = family::protocol(&windows);
    let seconds = start.elapsed().as_secs_f64();
    if manner.json {
        out::json(&json!({
            "perplexity": result.value,
            "interval": result.interval,
            "windows": result.windows,
            "tokens": result.windows * result.seq_len,
            "seq_len": result.seq_len,
            "predictions": result.predictions,
            "seconds": seconds,
            "protocol": protocol.into_iter().collect::<BTreeMap<_, _>>(),
        }));
        return Ok(ExitCode::SUCCESS);
    }
    let interval = result
        .interval
        .map_or(String::new(), |[low, high]| format!("  (95 %: {low:.3} to {high:.3})"));
    out::line(&format!("perplexity {:.4}{interval}", result.value));
    for (name, value) in protocol {
        out::line(&format!("  {name}: {}", out::clean(&value)));
    }
    out::line(&format!("  seconds: {seconds:.1}"));
    Ok(ExitCode::SUCCESS)
}
