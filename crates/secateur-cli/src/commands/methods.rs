//! `secateur methods`.

use std::process::ExitCode;

use secateur::core::RunError;
use secateur::go::criteria::METHODS as STRATEGIES;
use secateur::neural::criteria;
use secateur::neural::network::score::METHODS;
use secateur::speaker::criteria::METHODS as RULES;
use serde_json::json;

use super::Manner;
use crate::out;

pub(crate) fn run(name: Option<&str>, manner: Manner) -> Result<ExitCode, RunError> {
    if let Some(name) = name {
        let mut others = METHODS.iter().chain(RULES).chain(STRATEGIES);
        let method = match others.find(|method| method.name == name) {
            Some(method) => *method,
            None => criteria::find(name)?.method,
        };
        if manner.json {
            out::json(
                &json!({ "name": method.name, "summary": method.summary, "page": method.page }),
            );
        } else {
            out::print(method.page);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let entries = || criteria::ALL.iter();
    if manner.json {
        let all: Vec<_> = entries()
            .map(|e| json!({ "name": e.method.name, "summary": e.method.summary, "scope": e.scope.name() }))
            .chain(METHODS.iter().map(|m| json!({ "name": m.name, "summary": m.summary, "scope": "layer" })))
            .chain(RULES.iter().map(|m| json!({ "name": m.name, "summary": m.summary, "scope": "speaker" })))
            .chain(STRATEGIES.iter().map(|m| json!({ "name": m.name, "summary": m.summary, "scope": "move" })))
            .collect();
        out::json(&all);
        return Ok(ExitCode::SUCCESS);
    }
    let row = |e: &criteria::Entry| {
        vec![e.method.name.to_owned(), e.scope.name().to_owned(), e.method.summary.to_owned()]
    };
    out::print(&out::table(
        &["method", "scope", "what a weight is worth"],
        entries().map(row).collect(),
        &[],
    ));
    let row = |m: &secateur::core::prune::Method| vec![m.name.to_owned(), m.summary.to_owned()];
    out::line("");
    out::print(&out::table(
        &["method", "which channels of an ONNX network go (also random, wanda)"],
        METHODS.iter().map(row).collect(),
        &[],
    ));
    out::line("");
    out::print(&out::table(
        &["method", "which speakers go while speech is heard"],
        RULES.iter().map(row).collect(),
        &[],
    ));
    out::line("");
    out::print(&out::table(
        &["method", "which moves of Go go before they are tried"],
        STRATEGIES.iter().map(row).collect(),
        &[],
    ));
    out::note("`secateur methods NAME` shows the page of one");
    Ok(ExitCode::SUCCESS)
}
