//! The Go Text Protocol: an engine that answers lines.
//!
//! Source: G. Farnebäck, 2002, "GTP version 2, draft 2"; `unconditional_status` and `new_score`
//! as GNU Go has them, analyze commands for GoGui and Lizzie.
//!
//! Whatever a line holds, the answer is one of the protocol's, and the engine goes on.

mod clock;
mod commands;
mod maps;

use std::io::{self, BufRead, Write};

use crate::board::{Game, Scoring};
use crate::error::GoError;
use crate::search::{Search, Settings};
use clock::Clock;

/// Longest line that is looked at; the rest of a longer one is skipped.
const LINE_MAX: usize = 1 << 16;
/// Most digits of an identifier that is sent back.
const ID_MAX: usize = 20;

/// An engine and its game.
#[derive(Debug)]
pub struct Engine {
    /// How dead stones and prisoners count in `final_score`, unless a record that was loaded
    /// names its rules; the search plays for area.
    pub scoring: Scoring,
    /// What the rules of a loaded record say.
    record_scoring: Option<Scoring>,
    game: Game,
    komi: f32,
    settings: Settings,
    search: Search,
    clock: Clock,
    is_over: bool,
}

/// What a command gives: text, or the reason why not.
type Reply = Result<String, String>;

impl Engine {
    /// An engine with an empty board of 19.
    ///
    /// # Errors
    /// [`GoError::Option`] for settings that make no sense.
    pub fn new(settings: Settings) -> Result<Self, GoError> {
        let search = Search::new(settings.clone())?;
        Ok(Self {
            scoring: Scoring::Area,
            record_scoring: None,
            game: Game::new(19)?,
            komi: 7.5,
            settings,
            search,
            clock: Clock::default(),
            is_over: false,
        })
    }

    /// The game now.
    pub fn game(&self) -> &Game {
        &self.game
    }

    /// Answers one line; `None` for a line without a command.
    pub fn answer(&mut self, line: &[u8]) -> Option<String> {
        let line = cleaned(line);
        let mut words = line.split_whitespace();
        let mut command = words.next()?;
        let mut id = "";
        if command.bytes().all(|byte| byte.is_ascii_digit()) {
            if command.len() > ID_MAX {
                return Some("? syntax error\n\n".to_owned());
            }
            id = command;
            let Some(next) = words.next() else {
                return Some(format!("?{id} syntax error\n\n"));
            };
            command = next;
        }
        let words: Vec<&str> = words.collect();
        let (sign, text) = match commands::run(self, command, &words) {
            Ok(text) => ('=', text),
            Err(text) => ('?', text),
        };
        // An empty line would end the answer.
        let text: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let text = text.join("\n");
        Some(if text.is_empty() {
            format!("{sign}{id}\n\n")
        } else {
            format!("{sign}{id} {text}\n\n")
        })
    }

    /// Answers lines until `quit` or the end.
    ///
    /// # Errors
    /// Those of reading and writing.
    pub fn serve(&mut self, mut input: impl BufRead, mut output: impl Write) -> io::Result<()> {
        let mut line = Vec::new();
        while !self.is_over && next_line(&mut input, &mut line)? {
            if line.len() > LINE_MAX {
                output.write_all(b"? syntax error: the line is too long\n\n")?;
            } else if let Some(answer) = self.answer(&line) {
                output.write_all(answer.as_bytes())?;
            }
            output.flush()?;
        }
        Ok(())
    }
}

/// Reads a line, at most one byte more than [`LINE_MAX`] of it; false at the end.
fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let mut has_any = false;
    loop {
        let bytes = match input.fill_buf() {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if bytes.is_empty() {
            return Ok(has_any);
        }
        has_any = true;
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let part = &bytes[..end.unwrap_or(bytes.len())];
        let room = (LINE_MAX + 1).saturating_sub(line.len());
        line.extend_from_slice(&part[..part.len().min(room)]);
        let used = end.map_or(bytes.len(), |end| end + 1);
        input.consume(used);
        if end.is_some() {
            return Ok(true);
        }
    }
}

/// A line without control characters and comment; tabs are spaces.
fn cleaned(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let text = text.split('#').next().unwrap_or_default();
    let shown = text.chars().map(|c| if c == '\t' { ' ' } else { c });
    shown.filter(|c| !c.is_control()).collect()
}
