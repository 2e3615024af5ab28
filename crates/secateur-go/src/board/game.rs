//! A game: a position to begin with, the moves, undo, and superko.
//!
//! Undo plays the moves again: that is rare, and a copy of the position would have to be kept for
//! each move.

use std::collections::HashMap;

use super::{Board, Color, Point};
use crate::error::GoError;

/// Which repetitions are forbidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Ko {
    /// A single stone may not be taken back at once.
    Simple,
    /// No position of stones may come again, whoever plays.
    #[default]
    PositionalSuperko,
}

/// Moves on a board.
#[derive(Clone, Debug)]
pub struct Game {
    /// Which repetitions are forbidden.
    pub ko: Ko,
    /// Points that white gets for playing second.
    pub komi: f32,
    start: Board,
    board: Board,
    moves: Vec<(Color, Point)>,
    /// How often each position was there.
    seen: HashMap<u64, u32>,
    to_play: Color,
    first: Color,
}

impl Game {
    /// An empty board of this size; black is to play.
    ///
    /// # Errors
    /// [`GoError::Size`] outside of 2 to 25.
    pub fn new(size: usize) -> Result<Self, GoError> {
        Ok(Self::of_board(Board::new(size)?, Color::Black))
    }

    /// A game that begins with this position.
    pub fn of_board(board: Board, to_play: Color) -> Self {
        let seen = HashMap::from([(board.hash(), 1)]);
        let start = board.clone();
        let (moves, ko) = (Vec::new(), Ko::default());
        Self { ko, komi: 7.5, start, board, moves, seen, to_play, first: to_play }
    }

    /// The position now.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// The position that the game began with.
    pub fn start(&self) -> &Board {
        &self.start
    }

    /// Moves since the game began.
    pub fn moves(&self) -> &[(Color, Point)] {
        &self.moves
    }

    /// Who plays next.
    pub fn to_play(&self) -> Color {
        self.to_play
    }

    /// Lets a color play next.
    pub fn turn(&mut self, color: Color) {
        self.to_play = color;
    }

    /// Whether a position of stones has been there.
    pub fn has_seen(&self, hash: u64) -> bool {
        self.seen.contains_key(&hash)
    }

    /// The hashes of all positions so far.
    pub fn seen(&self) -> impl Iterator<Item = u64> + '_ {
        self.seen.keys().copied()
    }

    /// The last move; `None` at the beginning.
    pub fn last(&self) -> Option<(Color, Point)> {
        self.moves.last().copied()
    }

    /// How many passes ended the game so far, up to all moves.
    pub fn passes(&self) -> usize {
        self.moves.iter().rev().take_while(|(_, point)| point.is_pass()).count()
    }

    /// Whether a move is legal under the rules of this game.
    pub fn is_legal(&self, point: Point, color: Color) -> bool {
        if !self.board.is_legal(point, color) {
            return false;
        }
        if point.is_pass() || self.ko == Ko::Simple {
            return true;
        }
        !self.has_seen(self.board.hash_after(point, color))
    }

    /// Legal moves of a color, without the pass.
    pub fn legal(&self, color: Color) -> Vec<Point> {
        self.board.points().filter(|point| self.is_legal(*point, color)).collect()
    }

    /// Plays a move.
    ///
    /// # Errors
    /// [`GoError::Illegal`]; the game is as it was.
    pub fn play(&mut self, point: Point, color: Color) -> Result<(), GoError> {
        if !self.is_legal(point, color) {
            let vertex = point.vertex(self.board.size());
            return Err(GoError::Illegal { color, vertex, number: self.moves.len() + 1 });
        }
        self.push(point, color);
        Ok(())
    }

    fn push(&mut self, point: Point, color: Color) {
        self.board.play(point, color);
        self.moves.push((color, point));
        *self.seen.entry(self.board.hash()).or_insert(0) += 1;
        self.to_play = color.other();
    }

    /// Takes the last move back.
    ///
    /// # Errors
    /// [`GoError::NoUndo`] when there is none.
    pub fn undo(&mut self) -> Result<(), GoError> {
        self.moves.pop().ok_or(GoError::NoUndo)?;
        let hash = self.board.hash();
        if let Some(count) = self.seen.get_mut(&hash) {
            *count -= 1;
            if *count == 0 {
                self.seen.remove(&hash);
            }
        }
        self.board.copy_from(&self.start);
        for (color, point) in &self.moves {
            self.board.play(*point, *color);
        }
        self.to_play = self.moves.last().map_or(self.first, |(color, _)| color.other());
        Ok(())
    }
}
