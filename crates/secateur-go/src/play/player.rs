//! Who plays.

use std::time::Duration;

use crate::error::GoError;
use crate::search::Settings;

/// A player of a match.
#[derive(Clone, Debug, PartialEq)]
pub enum Player {
    /// Our own engine. Its seed is replaced: that of a game follows from the match.
    Own {
        /// Shown in results.
        name: String,
        /// How it searches.
        settings: Box<Settings>,
    },
    /// Another program that speaks GTP on its standard input and output.
    External(External),
}

impl Player {
    /// Our own engine.
    pub fn own(name: impl Into<String>, settings: Settings) -> Self {
        Self::Own { name: name.into(), settings: Box::new(settings) }
    }

    /// What results call it.
    pub fn name(&self) -> &str {
        match self {
            Self::Own { name, .. } => name,
            Self::External(external) => &external.name,
        }
    }

    /// # Errors
    /// [`GoError::Option`] for settings that make no sense, and an empty command.
    pub fn check(&self) -> Result<(), GoError> {
        match self {
            Self::Own { settings, .. } => settings.check(),
            Self::External(external) if external.command.is_empty() => Err(empty()),
            Self::External(_) => Ok(()),
        }
    }
}

fn empty() -> GoError {
    let (option, expected) = ("command", "a program and its arguments");
    GoError::Option { option, expected, got: "nothing".to_owned() }
}

/// How long an answer is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For the first commands of a game: programs load their files then.
    pub start: Duration,
    /// For a move when the rules set no time; else it is their time and grace.
    pub genmove: Duration,
    /// For every other command.
    pub command: Duration,
    /// For the end of the program after `quit`; then it is killed.
    pub quit: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            start: Duration::from_mins(2),
            genmove: Duration::from_mins(10),
            command: Duration::from_mins(1),
            quit: Duration::from_secs(2),
        }
    }
}

/// A program that is started anew for each game.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct External {
    /// Shown in results.
    pub name: String,
    /// The program and its arguments. A program without folders is looked for on the search path,
    /// then in `/usr/games`, where Debian puts GNU Go. `%SEED%` and `{seed}` become the number of the game plus
    /// the seed of the match, below 2^31.
    pub command: Vec<String>,
    /// Limits of waiting.
    pub patience: Patience,
}

impl External {
    /// The program of a line such as `gnugo --mode gtp --level 0`; named by its first word
    /// without folders. Words are split at blanks; quotes and backslashes keep them together as
    /// in a shell, and nothing else of a shell is understood.
    ///
    /// # Errors
    /// [`GoError::Option`] for an empty line and a quote that is not closed.
    pub fn of_line(line: &str) -> Result<Self, GoError> {
        let command = words(line)?;
        let first = command.first().ok_or_else(empty)?;
        let name = first.rsplit(['/', '\\']).next().unwrap_or(first).to_owned();
        Ok(Self { name, command, patience: Patience::default() })
    }

    /// The command of a game.
    pub(super) fn command_of(&self, seed: u64) -> Vec<String> {
        let seed = seed.to_string();
        let fill = |word: &String| word.replace("%SEED%", &seed).replace("{seed}", &seed);
        self.command.iter().map(fill).collect()
    }
}

/// Splits a line into words.
fn words(line: &str) -> Result<Vec<String>, GoError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => {
                word.get_or_insert_default().extend(chars.next());
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        let (option, expected) = ("command", "a line whose quotes are closed");
        return Err(GoError::Option { option, expected, got: format!("`{line}`") });
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expect: &[&str]) {
        assert_eq!(words(line).unwrap(), expect);
    }

    #[test]
    fn lines_are_split_as_a_shell_splits_them() {
        check("gnugo --mode gtp", &["gnugo", "--mode", "gtp"]);
        check("  a 'b c'd \"e \\\" f\" \\ g '' ", &["a", "b cd", "e \" f", " g", ""]);
        check("'\\n' \"$HOME\"", &["\\n", "$HOME"]);
        assert!(words("a 'b").is_err());
        assert!(External::of_line(" ").is_err());
        let external = External::of_line("/usr/games/gnugo --seed %SEED% -x{seed}").unwrap();
        assert_eq!(external.name, "gnugo");
        assert_eq!(external.command_of(7)[1..], ["--seed", "7", "-x7"]);
    }
}
