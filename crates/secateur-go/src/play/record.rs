//! What is kept of each game.

use serde::{Deserialize, Serialize};

use super::Rules;
use crate::board::{Color, Game, Point};
use crate::error::GoError;
use crate::search::Found;
use crate::sgf;

/// One of the two players of a match, whatever its color.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The player that results are told of; plays black in games 0, 2, 4.
    First,
    /// Its opponent.
    Second,
}

impl Side {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::First, Self::Second];

    /// The opponent.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }

    /// 0 or 1.
    pub fn at(self) -> usize {
        self as usize
    }
}

/// Why a game was lost without being played to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The engine could not be started.
    NoStart,
    /// It gave no answer in time and was killed.
    Hung,
    /// It answered, later than the time of the game allows.
    Overtime,
    /// It ended.
    Died,
    /// Its answer is none of the protocol's.
    Garbage,
    /// It answered with an error.
    Refused,
    /// Its move is illegal.
    Illegal,
}

/// A game lost by what a player did outside of the board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forfeit {
    /// Who lost.
    pub side: Side,
    /// By what.
    pub reason: Reason,
    /// A sentence with the line, the exit status, or the last lines of the engine's errors.
    pub message: String,
}

/// How a game ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// Two passes; the board was counted.
    Passes,
    /// The most moves were played; the board was counted as it stood.
    MovesMax,
    /// The loser resigned.
    Resignation,
    /// Searches agreed on the winner.
    Adjudication,
    /// The loser broke off, or broke the rules.
    Forfeit(Forfeit),
}

/// Work and time of one player in one game.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Effort {
    /// Moves that the player chose, passes included.
    pub turns: u64,
    /// Playouts; zero for GTP engines, as all numbers of the search.
    pub playouts: u64,
    /// Nodes that got children.
    pub nodes: u64,
    /// Legal moves generated at those nodes.
    pub moves: u64,
    /// Moves of these that were cut.
    pub cut: u64,
    /// Time of all moves, in seconds.
    pub seconds: f64,
    /// Time of the slowest move, in seconds.
    pub seconds_max: f64,
}

impl Effort {
    /// Counts a search.
    pub(super) fn count(&mut self, found: &Found) {
        self.playouts += found.work.playouts;
        self.nodes += found.work.nodes;
        self.moves += found.work.moves;
        self.cut += found.work.cut;
    }

    /// Counts a move and its time.
    pub(super) fn time(&mut self, seconds: f64) {
        self.turns += 1;
        self.seconds += seconds;
        self.seconds_max = self.seconds_max.max(seconds);
    }

    /// Adds another game.
    pub fn add(&mut self, other: &Self) {
        self.turns += other.turns;
        self.playouts += other.playouts;
        self.nodes += other.nodes;
        self.moves += other.moves;
        self.cut += other.cut;
        self.seconds += other.seconds;
        self.seconds_max = self.seconds_max.max(other.seconds_max);
    }
}

/// One game of a match.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GameRecord {
    /// From 0. Games 2k and 2k + 1 have the same opening, with colors swapped.
    pub number: usize,
    /// Who played black.
    pub black: Side,
    /// Who won; `None` for a draw.
    pub winner: Option<Side>,
    /// How it ended.
    pub end: End,
    /// Black's lead after komi as the referee counts it; `None` when nothing was counted.
    pub lead: Option<f32>,
    /// What each side's `final_score` said where it is a GTP engine and was asked.
    pub claims: [Option<String>; 2],
    /// Whether a claim names another winner than the referee does; the referee's counts.
    pub disputed: bool,
    /// Moves of `moves` that were played before the players began.
    pub opening: usize,
    /// All moves as GTP writes them, by turns, black first.
    pub moves: Vec<String>,
    /// Work and time, by side.
    pub effort: [Effort; 2],
}

impl GameRecord {
    /// Who played a color.
    pub fn player(&self, color: Color) -> Side {
        match color {
            Color::Black => self.black,
            Color::White => self.black.other(),
        }
    }

    /// The color of a player.
    pub fn color(&self, side: Side) -> Color {
        if side == self.black { Color::Black } else { Color::White }
    }

    /// As SGF writes it: `B+3.5`, `W+R`, `B+F`, `W+` when it was adjudicated, `0` for a draw.
    pub fn result(&self) -> String {
        let Some(winner) = self.winner else { return "0".to_owned() };
        let letter = self.color(winner).letter();
        match (&self.end, self.lead) {
            (End::Resignation, _) => format!("{letter}+R"),
            (End::Forfeit(_), _) => format!("{letter}+F"),
            (_, Some(lead)) => format!("{letter}+{:.1}", lead.abs()),
            (End::Passes | End::MovesMax | End::Adjudication, None) => format!("{letter}+"),
        }
    }

    /// The same with all times zero: what must not depend on the machine.
    #[must_use]
    pub fn timeless(&self) -> Self {
        let mut record = self.clone();
        for effort in &mut record.effort {
            (effort.seconds, effort.seconds_max) = (0.0, 0.0);
        }
        record
    }

    /// The game on a board.
    ///
    /// # Errors
    /// [`GoError`] when the moves are none of a game by these rules.
    pub fn replay(&self, rules: &Rules) -> Result<Game, GoError> {
        let mut game = Game::new(rules.size)?;
        (game.komi, game.ko) = (rules.komi, rules.ko);
        for vertex in &self.moves {
            game.play(Point::of_vertex(vertex, rules.size)?, game.to_play())?;
        }
        Ok(game)
    }

    /// The game as a file, with the names of the players and how it ended.
    ///
    /// # Errors
    /// [`GoError`] when the moves are none of a game by these rules.
    pub fn sgf(&self, rules: &Rules, names: [&str; 2]) -> Result<String, GoError> {
        let mut tree = sgf::of_game(&self.replay(rules)?);
        let mut put = |name: &str, value: String| {
            let values = vec![sgf::escaped(&value)];
            tree.nodes[0].properties.push(sgf::Property {
                name: name.to_owned(),
                values,
                offset: 0,
            });
        };
        put("RU", "Chinese".to_owned());
        put("PB", names[self.black.at()].to_owned());
        put("PW", names[self.black.other().at()].to_owned());
        put("RE", self.result());
        if let End::Forfeit(forfeit) = &self.end {
            put("GC", forfeit.message.clone());
        } else if self.disputed {
            let claims: Vec<&str> = self.claims.iter().flatten().map(String::as_str).collect();
            put("GC", format!("disputed: a player counts {}", claims.join(" and ")));
        }
        Ok(sgf::write(&tree))
    }
}
