//! Results of games, as people and programs get them.

use secateur::core::record::{CostRow, Unit};
use secateur::go::play::{Effort, Score};
use secateur::go::search::Settings;
use serde_json::{Value, json};

use super::report;

pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A win rate with its interval.
pub(super) fn rate(score: &Score) -> String {
    let [low, high] = score.interval();
    match score.share() {
        Some(share) => format!("{} ({} to {})", percent(share), percent(low), percent(high)),
        None => "-".to_owned(),
    }
}

/// Share of the moves that pruning cut.
pub(super) fn cut(effort: &Effort) -> f64 {
    effort.cut as f64 / effort.moves.max(1) as f64
}

pub(super) fn score(score: &Score) -> Value {
    json!({
        "wins": score.wins,
        "draws": score.draws,
        "losses": score.losses,
        "share": score.share(),
        "interval": score.interval(),
        "elo": score.elo(),
        "elo_interval": score.elo_interval(),
    })
}

/// All settings, by name.
pub(super) fn options(settings: &Settings) -> Value {
    report::rows(settings).into_iter().map(|(name, value)| (name, Value::from(value))).collect()
}

/// Work of a move of two players, one beside the other.
pub(super) fn costs([before, after]: &[Effort; 2]) -> Vec<CostRow> {
    let row = |label: &str, unit: Unit, of: &dyn Fn(&Effort) -> f64| {
        let of_move = |effort: &Effort| of(effort) / effort.turns.max(1) as f64;
        let own = |effort: &Effort| {
            (effort.playouts > 0 || unit == Unit::Seconds).then(|| of_move(effort))
        };
        CostRow::new(label, unit, own(before), own(after))
    };
    vec![
        row("Playouts for a turn", Unit::Number, &|effort| effort.playouts as f64),
        row("Moves opened for a turn", Unit::Number, &|e| (e.moves - e.cut) as f64),
        row("Time of a turn", Unit::Seconds, &|effort| effort.seconds),
    ]
}
