//! One game of a match.

use std::time::{Duration, Instant};

use secateur_core::Random;

use super::Match;
use super::opening::opening;
use super::parallel::Stop;
use super::record::{Effort, End, Forfeit, GameRecord, Reason, Side};
use super::rules::{Adjudication, Rules, Time};
use super::seat::{Choice, Seat};
use crate::board::{Color, Game, Scoring};
use crate::error::GoError;
use crate::search::read_status;

/// Streams of random numbers of a game: one for each side and one for the referee. Openings have
/// the streams below `STREAMS`.
const STREAMS: u64 = 1 << 32;

/// Plays game number `number` of a match.
///
/// # Errors
/// [`GoError::Interrupted`], and errors of our own search; players cannot cause any.
pub(super) fn play(of: &Match, number: usize, stop: &Stop<'_>) -> Result<GameRecord, GoError> {
    let rules = &of.rules;
    let game = opening(rules, of.seed, number as u64 / 2)?;
    let black = Side::BOTH[number % 2];
    let stream = |part: u64| Random::stream(of.seed, STREAMS + 3 * number as u64 + part).bits();
    let mut table = Table {
        rules,
        seats: Vec::new(),
        black,
        opening: game.moves().len(),
        game,
        effort: [Effort::default(); 2],
        left: [None; 2],
        agreed: None,
        stop: *stop,
    };
    let outcome = table.seated(of, number, &stream)?;
    let outcome = match outcome {
        Some(forfeit) => Outcome::forfeited(forfeit),
        None => table.moves()?,
    };
    table.record(number, outcome, stream(2))
}

/// Who won and why.
struct Outcome {
    winner: Option<Side>,
    end: End,
}

impl Outcome {
    fn forfeited(forfeit: Forfeit) -> Self {
        Self { winner: Some(forfeit.side.other()), end: End::Forfeit(forfeit) }
    }
}

/// A game and its players.
struct Table<'a> {
    rules: &'a Rules,
    /// By side; empty until both are seated.
    seats: Vec<Seat>,
    black: Side,
    opening: usize,
    game: Game,
    effort: [Effort; 2],
    /// Time of the game that is left to each side, where there is one.
    left: [Option<Duration>; 2],
    /// Who is winning, and after how many searches in a row that say so.
    agreed: Option<(Color, usize)>,
    stop: Stop<'a>,
}

impl Table<'_> {
    /// Starts both players; a player that cannot be has lost.
    fn seated(
        &mut self,
        of: &Match,
        number: usize,
        stream: &dyn Fn(u64) -> u64,
    ) -> Result<Option<Forfeit>, GoError> {
        // Programs take small seeds that a person can tell.
        let small = of.seed.wrapping_add(number as u64) & 0x7fff_ffff;
        for side in Side::BOTH {
            let player = &of.players[side.at()];
            let seeds = (stream(side.at() as u64), small);
            match Seat::take(player, self.rules, &self.game, seeds, &self.stop) {
                Ok(seat) => self.seats.push(seat),
                Err(error) => return forfeit(side, error).map(Some),
            }
            if let Some(Time::Game(time)) = self.rules.time {
                self.left[side.at()] = Some(time);
            }
        }
        Ok(None)
    }

    /// The color's player.
    fn side(&self, color: Color) -> Side {
        match color {
            Color::Black => self.black,
            Color::White => self.black.other(),
        }
    }

    /// Plays until the game is over.
    fn moves(&mut self) -> Result<Outcome, GoError> {
        loop {
            if self.stop.is_set() {
                return Err(GoError::Interrupted);
            }
            if self.game.passes() >= 2 && self.game.moves().len() > self.opening {
                return Ok(Outcome { winner: None, end: End::Passes });
            }
            if self.game.moves().len() >= self.rules.most_moves() {
                return Ok(Outcome { winner: None, end: End::MovesMax });
            }
            let color = self.game.to_play();
            let side = self.side(color);
            let choice = match self.choose(side, color) {
                Ok(Ok(choice)) => choice,
                Ok(Err(forfeit)) => return Ok(Outcome::forfeited(forfeit)),
                Err(error) => return forfeit(side, error).map(Outcome::forfeited),
            };
            let Some(point) = choice.point else {
                return Ok(Outcome { winner: Some(side.other()), end: End::Resignation });
            };
            if let Err(error) = self.game.play(point, color) {
                return forfeit(side, error).map(Outcome::forfeited);
            }
            let other = side.other();
            let seat = &mut self.seats[other.at()];
            if let Err(error) = seat.play(color, point, self.rules.size, &self.stop) {
                return forfeit(other, error).map(Outcome::forfeited);
            }
            if let Some(winner) = self.adjudicated(color, &choice) {
                return Ok(Outcome { winner: Some(self.side(winner)), end: End::Adjudication });
            }
        }
    }

    /// Asks a player for a move and takes its time.
    fn choose(&mut self, side: Side, color: Color) -> Result<Result<Choice, Forfeit>, GoError> {
        let at = side.at();
        let left = match self.rules.time {
            Some(Time::Move(time)) => Some(time),
            Some(Time::Game(_)) => self.left[at],
            None => None,
        };
        let begin = Instant::now();
        let (game, rules, effort) = (&self.game, self.rules, &mut self.effort[at]);
        let choice = self.seats[at].choose(game, color, rules, left, effort, &self.stop);
        let used = begin.elapsed();
        self.effort[at].time(used.as_secs_f64());
        let is_late = left.is_some_and(|left| used > left + self.rules.grace)
            || (left.is_some() && matches!(choice, Err(GoError::Hung { .. })));
        if let Some(left) = left
            && is_late
        {
            let message = format!(
                "it had {:.1} s and took {:.1} s for move {}",
                left.as_secs_f64(),
                used.as_secs_f64(),
                self.game.moves().len() + 1
            );
            return Ok(Err(Forfeit { side, reason: Reason::Overtime, message }));
        }
        self.left[at] = self.left[at].map(|left| left.saturating_sub(used));
        choice.map(Ok)
    }

    /// The winner, when enough searches agree.
    fn adjudicated(&mut self, color: Color, choice: &Choice) -> Option<Color> {
        let Adjudication { value: least, moves } = self.rules.adjudication?;
        let value = choice.value?;
        let leader = if value >= least {
            color
        } else if value <= 1.0 - least {
            color.other()
        } else {
            self.agreed = None;
            return None;
        };
        let before = self.agreed.filter(|(winner, _)| *winner == leader).map_or(0, |(_, n)| n);
        self.agreed = Some((leader, before + 1));
        (before + 1 >= moves).then_some(leader)
    }

    /// Counts the board where that decides, and writes the game down.
    fn record(mut self, number: usize, outcome: Outcome, seed: u64) -> Result<GameRecord, GoError> {
        let Outcome { mut winner, end } = outcome;
        let mut lead = None;
        let mut claims = [None, None];
        let mut disputed = false;
        if matches!(end, End::Passes | End::MovesMax) {
            let board = self.game.board();
            let reading = read_status(board, self.rules.status_playouts, seed, 1);
            let count = board.points_without(&reading.dead, Scoring::Area).lead(self.game.komi);
            lead = Some(count);
            winner = winner_of(count).map(|color| self.side(color));
            for (seat, claim) in self.seats.iter_mut().zip(&mut claims) {
                *claim = seat.claim(&self.stop)?;
            }
            disputed = claims.iter().flatten().any(|claim| contradicts(claim, winner_of(count)));
        }
        let size = self.rules.size;
        let moves = self.game.moves().iter().map(|(_, point)| point.vertex(size)).collect();
        Ok(GameRecord {
            number,
            black: self.black,
            winner,
            end,
            lead,
            claims,
            disputed,
            opening: self.opening,
            moves,
            effort: self.effort,
        })
    }
}

/// What an error of a player costs it.
fn forfeit(side: Side, error: GoError) -> Result<Forfeit, GoError> {
    let reason = match &error {
        GoError::NoStart { .. } => Reason::NoStart,
        GoError::Hung { .. } => Reason::Hung,
        GoError::Died { .. } => Reason::Died,
        GoError::Garbage { .. } => Reason::Garbage,
        GoError::Refused { .. } => Reason::Refused,
        GoError::Illegal { .. } => Reason::Illegal,
        GoError::Size { .. }
        | GoError::Vertex { .. }
        | GoError::Occupied { .. }
        | GoError::NoLiberty { .. }
        | GoError::NoUndo
        | GoError::Option { .. }
        | GoError::Sgf { .. }
        | GoError::TooLarge { .. }
        | GoError::Charset { .. }
        | GoError::OtherJournal { .. }
        | GoError::Journal { .. }
        | GoError::Interrupted
        | GoError::Prune(_) => return Err(error),
    };
    Ok(Forfeit { side, reason, message: error.to_string() })
}

fn winner_of(lead: f32) -> Option<Color> {
    if lead > 0.0 {
        Some(Color::Black)
    } else if lead < 0.0 {
        Some(Color::White)
    } else {
        None
    }
}

/// Whether an answer to `final_score` names another winner; one that cannot be read does not.
fn contradicts(claim: &str, winner: Option<Color>) -> bool {
    let claimed = match claim.trim().as_bytes() {
        [b'B' | b'b', b'+', ..] => Some(Color::Black),
        [b'W' | b'w', b'+', ..] => Some(Color::White),
        [b'0', ..] => None,
        _ => return false,
    };
    claimed != winner
}
