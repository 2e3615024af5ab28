//! Commands that show maps of the board.

use std::fmt::Write as _;

use super::{Engine, Reply};
use crate::board::{Color, Point};
use crate::criteria::{Maps, Node};
use crate::potential::{Charges, Field};

/// What GoGui offers in its menu.
pub(super) const MENU: &str = "param/Parameters/secateur-param\n\
    dboard/Potential/secateur-potential\n\
    dboard/Density/secateur-density\n\
    dboard/Gradient/secateur-gradient\n\
    gfx/Kept and cut moves/secateur-kept %c\n\
    plist/Dead stones/final_status_list dead\n\
    string/Score/final_score";

/// Which map.
#[derive(Clone, Copy)]
pub(super) enum Map {
    Potential,
    Density,
    Gradient,
}

fn maps(engine: &Engine) -> Result<Maps, String> {
    let board = engine.game.board();
    let (kernel, edge) = (engine.settings.kernel, engine.settings.edge);
    let charges = Charges::new(board.size(), kernel, edge).map_err(|error| error.to_string())?;
    Ok(Maps::new(&Field::new(&charges, board)))
}

/// Rows of numbers from the top.
pub(super) fn rows(engine: &Engine, map: Map) -> Reply {
    let maps = maps(engine)?;
    let values = match map {
        Map::Potential => maps.potential,
        Map::Density => maps.density,
        Map::Gradient => maps.gradient,
    };
    let mut text = String::new();
    for row in values.chunks(engine.game.board().size()) {
        let row: Vec<String> = row.iter().map(|value| format!("{value:.3}")).collect();
        let _ = writeln!(text, "{}", row.join(" "));
    }
    Ok(text)
}

/// Kept moves green, cut ones red.
pub(super) fn kept(engine: &Engine, color: Color) -> Reply {
    let (game, maps) = (&engine.game, maps(engine)?);
    let moves = game.legal(color);
    let last = game.last().map_or(Point::PASS, |(_, point)| point);
    let node = Node { board: game.board(), color, last, moves: &moves };
    let mask = engine.settings.pruning.keep(&node, &maps).map_err(|error| error.to_string())?;
    let list = |name: &str, kept: bool| {
        let mut text = format!("COLOR {name}");
        for (_, point) in moves.iter().enumerate().filter(|(at, _)| mask.keeps(*at) == kept) {
            let _ = write!(text, " {}", point.vertex(game.board().size()));
        }
        text
    };
    Ok(format!("{}\n{}", list("green", true), list("red", false)))
}
