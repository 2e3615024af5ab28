//! Settings that can be changed between moves, as GoGui shows and sets them.

use super::commands::syntax;
use super::{Engine, Reply};
use crate::criteria::{Strategy, Threshold};
use crate::experiment::joined;
use crate::search::{Search, Settings};

/// `secateur-param` lists names and values, `secateur-param NAME VALUE` changes one.
pub(super) fn secateur_param(engine: &mut Engine, words: &[&str]) -> Reply {
    let [name, values @ ..] = words else { return Ok(list(&engine.settings)) };
    let [value] = values else { return syntax("a name and a value are expected") };
    let mut settings = engine.settings.clone();
    set(&mut settings, name, value)?;
    engine.search = Search::new(settings.clone()).map_err(|error| error.to_string())?;
    engine.settings = settings;
    Ok(String::new())
}

fn list(settings: &Settings) -> String {
    let prune = match &settings.pruning.strategies[..] {
        [] => "none".to_owned(),
        some => joined(some),
    };
    let (kind, limit) = match settings.pruning.threshold {
        Threshold::Quantile(share) => ("quantile", share.to_string()),
        Threshold::Absolute(value) => ("threshold", value.to_string()),
    };
    let playouts = settings.playouts.map_or_else(|| "off".to_owned(), |most| most.to_string());
    format!("[string] prune {prune}\n[string] {kind} {limit}\n[string] playouts {playouts}")
}

fn set(settings: &mut Settings, name: &str, value: &str) -> Result<(), String> {
    let no_number = |_| format!("`{value}` is no number");
    match name {
        "prune" => settings.pruning.strategies = strategies(value)?,
        "quantile" => {
            let share = value.parse().map_err(|_| format!("`{value}` is no number"))?;
            settings.pruning.threshold = Threshold::Quantile(share);
        }
        "threshold" => {
            let value = value.parse().map_err(|_| format!("`{value}` is no number"))?;
            settings.pruning.threshold = Threshold::Absolute(value);
        }
        "playouts" if value == "off" => settings.playouts = None,
        "playouts" => settings.playouts = Some(value.parse().map_err(no_number)?),
        _ => return syntax("the names are prune, quantile, threshold and playouts"),
    }
    Ok(())
}

/// Strategies joined by `+`, or none.
fn strategies(text: &str) -> Result<Vec<Strategy>, String> {
    if text == "none" {
        return Ok(Vec::new());
    }
    let named = |name: &str| {
        Strategy::named(name).ok_or_else(|| {
            let names = Strategy::ALL.map(Strategy::name).join(", ");
            format!("`{name}` is none of {names}; join several by +, or say none")
        })
    };
    text.split('+').map(named).collect()
}
