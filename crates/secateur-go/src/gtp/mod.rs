//! The Go Text Protocol: an engine that answers lines.
//!
//! Source: G. Farnebäck, 2002, "GTP version 2, draft 2"; `unconditional_status` and `new_score`
//! as GNU Go has them, analyze commands for GoGui and Lizzie.
//!
//! Whatever a line holds, the answer is one of the protocol's, and the engine goes on.

mod clock;
mod commands;
mod lines;
mod maps;
mod parameters;
mod score;
mod setup;
mod think;

use std::io::{self, BufRead, Write};

use crate::board::{Game, Scoring};
use crate::error::GoError;
use crate::search::{Interrupt, Search, Settings};
use clock::Clock;
use lines::{LINE_MAX, Line, Lines};
use think::Analysis;

/// Most digits of an identifier that is sent back.
const ID_MAX: usize = 20;

/// An engine and its game.
#[derive(Debug)]
pub struct Engine {
    /// How dead stones and prisoners count in `final_score`, unless a record that was loaded
    /// names its rules; the search plays for area.
    pub scoring: Scoring,
    /// Whether it thinks on while the opponent does.
    pub ponders: bool,
    /// What the rules of a loaded record say.
    record_scoring: Option<Scoring>,
    game: Game,
    komi: f32,
    settings: Settings,
    search: Search,
    clock: Clock,
    /// Raised by a line `# interrupt`, as GoGui sends it.
    interrupt: Interrupt,
    /// Whether the last command was a move of its own.
    has_moved: bool,
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
            ponders: false,
            record_scoring: None,
            game: Game::new(19)?,
            komi: 7.5,
            settings,
            search,
            clock: Clock::default(),
            interrupt: Interrupt::default(),
            has_moved: false,
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
        self.has_moved = matches!(command, "genmove" | "lz-genmove_analyze");
        let (sign, text) = match commands::run(self, command, &words) {
            Ok(text) => ('=', text),
            Err(text) => ('?', text),
        };
        let between = if text.starts_with('\n') { "\n" } else { " " };
        // An empty line would end the answer.
        let text: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let text = text.join("\n");
        Some(if text.is_empty() {
            format!("{sign}{id}\n\n")
        } else {
            format!("{sign}{id}{between}{text}\n\n")
        })
    }

    /// Answers lines until `quit` or the end. `lz-analyze` reports until the next line comes, and
    /// a line `# interrupt` ends a search: what it has found by then is the answer.
    ///
    /// # Errors
    /// Those of reading and writing.
    pub fn serve(
        &mut self,
        input: impl BufRead + Send + 'static,
        mut output: impl Write,
    ) -> io::Result<()> {
        let mut lines = Lines::of(input, self.interrupt.clone());
        while !self.is_over {
            let Some(line) = lines.next() else { break };
            let Line { text: line, interrupts } = line?;
            self.interrupt.heed(interrupts);
            if line.len() > LINE_MAX {
                output.write_all(b"? syntax error: the line is too long\n\n")?;
            } else if let Some((id, words)) = analysis(&line) {
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                let analysis = Analysis::of(self, &words);
                writeln!(output, "={id}")?;
                think::analyze(self, &analysis, &mut lines, &mut output)?;
                writeln!(output)?;
            } else if let Some(answer) = self.answer(&line) {
                output.write_all(answer.as_bytes())?;
            }
            output.flush()?;
            if self.ponders && self.has_moved {
                think::ponder(self, &mut lines);
            }
        }
        Ok(())
    }
}

/// Identifier and words of a line that asks for an analysis.
fn analysis(line: &[u8]) -> Option<(String, Vec<String>)> {
    let line = cleaned(line);
    let mut words = line.split_whitespace().map(str::to_owned).peekable();
    let is_id =
        |word: &String| word.len() <= ID_MAX && word.bytes().all(|byte| byte.is_ascii_digit());
    let id = words.next_if(is_id).unwrap_or_default();
    (words.next()? == "lz-analyze").then(|| (id, words.collect()))
}

/// A line without control characters and comment; tabs are spaces.
fn cleaned(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let text = text.split('#').next().unwrap_or_default();
    let shown = text.chars().map(|c| if c == '\t' { ' ' } else { c });
    shown.filter(|c| !c.is_control()).collect()
}
