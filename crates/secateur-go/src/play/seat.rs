//! A player at the board of one game.

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::Identity;
use super::parallel::Stop;
use super::player::{External, Patience, Player};
use super::process::Process;
use super::record::Effort;
use super::rules::{Rules, Time};
use crate::board::{Color, Game, Point};
use crate::error::GoError;
use crate::search::{Found, Limits, Search};

/// Kept back of the time of a game for what lies between the search and the clock.
const LAG: Duration = Duration::from_millis(100);

/// Playouts of a thread between two looks at whether to stop.
const SLICE: u64 = 5000;

/// What a player answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Choice {
    /// The move; `None` resigns.
    pub(super) point: Option<Point>,
    /// Share of playouts that the move won, in our own search.
    pub(super) value: Option<f64>,
}

/// A player of one game.
#[derive(Debug)]
pub(super) enum Seat {
    /// Our own search.
    Own(Box<Search>, Option<Duration>),
    /// A program.
    External(Process, Patience),
}

impl Seat {
    /// Gets a player ready for a game whose opening is played already.
    ///
    /// # Errors
    /// [`GoError`]; those of a program make it lose the game.
    pub(super) fn take(
        player: &Player,
        rules: &Rules,
        opening: &Game,
        seeds: (u64, u64),
        stop: &Stop<'_>,
    ) -> Result<Self, GoError> {
        match player {
            Player::Own { settings, .. } => {
                let mut settings = settings.as_ref().clone();
                settings.seed = seeds.0;
                let time = settings.time;
                if settings.playouts.is_none() && rules.time.is_some() {
                    // The clock of the game is set before each move.
                    settings.time = Some(LAG);
                }
                Ok(Self::Own(Box::new(Search::new(settings)?), time))
            }
            Player::External(external) => {
                let words = external.command_of(seeds.1);
                let patience = external.patience;
                let mut process = Process::start(&external.name, &words, patience.quit)?;
                let mut demand = |command: String| process.demand(&command, patience.start, stop);
                demand(format!("boardsize {}", rules.size))?;
                demand("clear_board".to_owned())?;
                demand(format!("komi {}", rules.komi))?;
                let mut seat = Self::External(process, patience);
                seat.set_time(rules, stop)?;
                for (color, point) in opening.moves() {
                    seat.play(*color, *point, rules.size, stop)?;
                }
                Ok(seat)
            }
        }
    }

    /// Tells a program the time of a game; one that does not know the command is told nothing.
    fn set_time(&mut self, rules: &Rules, stop: &Stop<'_>) -> Result<(), GoError> {
        let Self::External(process, patience) = self else { return Ok(()) };
        let command = match rules.time {
            None => return Ok(()),
            Some(Time::Move(time)) => format!("time_settings 0 {} 1", seconds(time)),
            Some(Time::Game(time)) => format!("time_settings {} 0 0", seconds(time)),
        };
        process.ask(&command, patience.command, stop).map(|_| ())
    }

    /// Asks for a move. `left` is the time that the player has for it, or for all its moves.
    ///
    /// # Errors
    /// [`GoError`]; those of a program make it lose the game.
    pub(super) fn choose(
        &mut self,
        game: &Game,
        color: Color,
        rules: &Rules,
        left: Option<Duration>,
        effort: &mut Effort,
        stop: &Stop<'_>,
    ) -> Result<Choice, GoError> {
        match self {
            Self::Own(search, most) => {
                let share = left.map(|left| match rules.time {
                    Some(Time::Game(_)) => share(left, game),
                    Some(Time::Move(_)) | None => left,
                });
                let time = match (share, *most) {
                    (Some(share), Some(most)) => Some(share.min(most)),
                    (share, most) => share.or(most),
                };
                let found = best(search, game, color, time, effort, stop)?;
                let point = (!found.resigns).then_some(found.point);
                Ok(Choice { point, value: Some(found.value) })
            }
            Self::External(process, patience) => {
                if let Some(left) = left {
                    let stones = u32::from(matches!(rules.time, Some(Time::Move(_))));
                    let command = format!("time_left {color} {} {stones}", seconds(left));
                    // Programs without a clock answer with an error.
                    let _ = process.ask(&command, patience.command, stop)?;
                }
                let wait = left.map_or(patience.genmove, |left| left + rules.grace);
                let command = format!("genmove {color}");
                let text = process.demand(&command, wait, stop)?;
                let point = read_move(process, &command, &text, game, color)?;
                Ok(Choice { point, value: None })
            }
        }
    }

    /// Tells a move of the opponent, or of the opening.
    ///
    /// # Errors
    /// [`GoError`]; those of a program make it lose the game.
    pub(super) fn play(
        &mut self,
        color: Color,
        point: Point,
        size: usize,
        stop: &Stop<'_>,
    ) -> Result<(), GoError> {
        let Self::External(process, patience) = self else { return Ok(()) };
        let command = format!("play {color} {}", point.vertex(size));
        process.demand(&command, patience.command, stop).map(|_| ())
    }

    /// What a program says that the result is; `None` where it does not say.
    ///
    /// # Errors
    /// [`GoError::Interrupted`] only: the game is over, whatever the program does.
    pub(super) fn claim(&mut self, stop: &Stop<'_>) -> Result<Option<String>, GoError> {
        let Self::External(process, patience) = self else { return Ok(None) };
        match process.ask("final_score", patience.command, stop) {
            Ok(answer) => Ok(answer.ok()),
            Err(GoError::Interrupted) => Err(GoError::Interrupted),
            Err(_) => Ok(None),
        }
    }
}

/// The best move. It is searched in slices, which together are one search, so that a match can be
/// stopped in the middle of it.
fn best(
    search: &mut Search,
    game: &Game,
    color: Color,
    time: Option<Duration>,
    effort: &mut Effort,
    stop: &Stop<'_>,
) -> Result<Found, GoError> {
    let begin = Instant::now();
    let slice = SLICE * search.settings().threads as u64;
    let mut left = search.settings().playouts.unwrap_or(u64::MAX);
    loop {
        let most = left.min(slice);
        let time = time.map(|time| time.saturating_sub(begin.elapsed()));
        let found =
            search.think(game, color, Limits { playouts: Some(most), time, interrupt: None })?;
        effort.count(&found);
        if stop.is_set() {
            return Err(GoError::Interrupted);
        }
        let done = found.work.playouts;
        left = left.saturating_sub(done);
        // Less than a slice was done when the time is over.
        if done < most || left == 0 {
            return Ok(found);
        }
    }
}

/// Seconds as GTP takes them: whole ones where they are.
fn seconds(time: Duration) -> String {
    let seconds = (time.as_secs_f64() * 1000.0).round() / 1000.0;
    seconds.to_string()
}

/// The share of a move in the time of a game, by the moves that are likely to come.
fn share(left: Duration, game: &Game) -> Duration {
    let points = game.board().size() * game.board().size();
    let to_come = (points * 2 / 3).saturating_sub(game.moves().len()).max(points / 6) / 2;
    let share = left.saturating_sub(LAG) / to_come.max(10) as u32;
    share.max(Duration::from_millis(1))
}

/// The move of an answer; `None` resigns.
fn read_move(
    process: &Process,
    command: &str,
    text: &str,
    game: &Game,
    color: Color,
) -> Result<Option<Point>, GoError> {
    if text.eq_ignore_ascii_case("resign") {
        return Ok(None);
    }
    let size = game.board().size();
    if let Ok(point) = Point::of_vertex(text, size) {
        return Ok(Some(point));
    }
    let is_vertex = |text: &str| {
        let mut bytes = text.bytes();
        bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic())
            && (2..=3).contains(&text.len())
            && bytes.all(|byte| byte.is_ascii_digit())
    };
    if is_vertex(text) {
        // A point of another board.
        let (vertex, number) = (text.to_owned(), game.moves().len() + 1);
        return Err(GoError::Illegal { color, vertex, number });
    }
    Err(process.garbage(command, text.as_bytes()))
}

/// See [`super::probe`].
pub(super) fn probe(
    external: &External,
    rules: &Rules,
    stop: &AtomicBool,
) -> Result<Identity, GoError> {
    Player::External(external.clone()).check()?;
    let (words, patience) = (external.command_of(0), external.patience);
    let stop = Stop::of(stop);
    let mut process = Process::start(&external.name, &words, patience.quit)?;
    let name = process.demand("name", patience.start, &stop)?;
    let version = process.ask("version", patience.command, &stop)?.unwrap_or_default();
    process.demand(&format!("boardsize {}", rules.size), patience.command, &stop)?;
    Ok(Identity { name, version })
}
