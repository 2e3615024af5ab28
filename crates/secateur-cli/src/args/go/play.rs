//! Options of matches and experiments.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use secateur::go::criteria::Strategy;
use secateur::go::experiment::singles_and_pairs;
use secateur::go::play::Sprt;

use super::{EngineArgs, Strategies, komi, number, strategies, time};

pub(super) const MATCH_EXAMPLES: &str = "Examples:
  secateur go match --a '--prune none' --b '--prune potential-low' --games 200 --board 9
  secateur go match --gtp-opponent 'gnugo --mode gtp --chinese-rules' --games 20 -o games
  secateur go match --a '--playouts 800 --prune gradient-low' --b '--playouts 1000' --sprt=-50,0
The options of a side are those of `secateur go gtp --help`. A plays black in games 1, 3, 5.";

pub(super) const EXPERIMENT_EXAMPLES: &str = "Examples:
  secateur go experiment --boards 9,13,19 --report go.html --journal go.jsonl
  secateur go experiment --boards 9,13,19 --report go.html --journal go.jsonl --resume
  secateur go experiment --boards 9 --strategies potential-low --quantiles 0.1,0.2 --test wilson
  secateur go experiment --games 0 --agree games.sgf more.txt
A pruned player with fewer playouts meets a whole one; the largest saving that it holds is found.";

#[derive(Args, Debug)]
pub(crate) struct MatchArgs {
    /// Options of our own engine that is A
    #[arg(long, value_name = "OPTIONS", default_value = "", allow_hyphen_values = true)]
    pub(crate) a: String,

    /// Options of our own engine that is B
    #[arg(
        long,
        value_name = "OPTIONS",
        default_value = "",
        allow_hyphen_values = true,
        conflicts_with = "gtp_opponent"
    )]
    pub(crate) b: String,

    /// A program that speaks GTP and is B; {seed} in it becomes the seed of a game
    #[arg(long, value_name = "COMMAND")]
    pub(crate) gtp_opponent: Option<String>,

    /// Most games; an even number plays each opening with both colors
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) games: usize,

    /// Points on a side
    #[arg(long, value_name = "N", default_value_t = 9)]
    pub(crate) board: usize,

    /// Points for white
    #[arg(long, value_name = "POINTS", default_value_t = 7.5, allow_hyphen_values = true, value_parser = komi)]
    pub(crate) komi: f32,

    /// Moves at random before the players begin
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) opening: usize,

    /// Time of a move, for both; who takes longer has lost
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with = "game_time")]
    pub(crate) move_time: Option<Duration>,

    /// Time of a game, for both
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) game_time: Option<Duration>,

    /// How long answers of the program are waited for; 120 s at its start and 600 s for moves when
    /// absent
    #[arg(long, value_name = "TIME", value_parser = time, requires = "gtp_opponent")]
    pub(crate) patience: Option<Duration>,

    /// End a game when so many searches in a row see a winner with this share of playouts
    #[arg(long, value_name = "SHARE[,MOVES]", value_parser = adjudication)]
    pub(crate) adjudicate: Option<(f64, usize)>,

    /// Most moves of a game; three a point when absent
    #[arg(long, value_name = "N")]
    pub(crate) moves_max: Option<usize>,

    /// End the match when a sequential test can tell these Elo of A apart
    #[arg(long, value_name = "ELO0,ELO1[,ALPHA[,BETA]]", value_parser = sprt, allow_hyphen_values = true)]
    pub(crate) sprt: Option<Sprt>,

    /// Games at once; as many as threads when absent
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,

    /// Seed of openings and games
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// A folder that gets each game as SGF
    #[arg(long, short, value_name = "FOLDER")]
    pub(crate) output: Option<PathBuf>,

    /// The page or record to write: .html or .json
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// Replace games and reports that are there
    #[arg(long)]
    pub(crate) force: bool,
}

/// What decides whether a pruned player is as good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestWord {
    /// A sequential test, which ends matches early
    Sprt,
    /// The upper end of the Wilson interval of all games is a half or more
    Wilson,
}

#[derive(Args, Debug)]
pub(crate) struct ExperimentArgs {
    /// Sizes of the board; every strategy is tried on the first, the best on the others
    #[arg(long, value_name = "SIZES", num_args = 1.., value_delimiter = ',', default_value = "9,13,19")]
    pub(crate) boards: Vec<usize>,

    /// Try every strategy on every board
    #[arg(long)]
    pub(crate) full: bool,

    /// Strategies, several joined by +, or all: the four and their six pairs
    #[arg(long, value_name = "NAMES", num_args = 1.., value_delimiter = ',', default_value = "all", value_parser = entries)]
    pub(crate) strategies: Vec<Entries>,

    /// Shares of the legal moves that each strategy cuts
    #[arg(long, value_name = "Q", num_args = 1.., value_delimiter = ',', default_value = "0.05,0.1,0.2,0.3")]
    pub(crate) quantiles: Vec<f64>,

    /// Shares of the playouts that the pruned player goes without, rising
    #[arg(long, value_name = "R", num_args = 1.., value_delimiter = ',', default_value = "0,0.1,0.18,0.23,0.3,0.4,0.5")]
    pub(crate) savings: Vec<f64>,

    /// Most games of a match; 0 plays none
    #[arg(long, value_name = "N", default_value_t = 400)]
    pub(crate) games: usize,

    /// What decides a match
    #[arg(long, value_name = "TEST", value_enum, default_value = "sprt")]
    pub(crate) test: TestWord,

    /// A loss in Elo that would matter, and one that would not
    #[arg(long, value_name = "ELO0,ELO1[,ALPHA[,BETA]]", value_parser = sprt, allow_hyphen_values = true, default_value = "-50,0")]
    pub(crate) sprt: Sprt,

    /// Points for white
    #[arg(long, value_name = "POINTS", default_value_t = 7.5, allow_hyphen_values = true, value_parser = komi)]
    pub(crate) komi: f32,

    /// Moves at random before the players begin
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(crate) opening: usize,

    #[command(flatten)]
    pub(crate) engine: EngineArgs,

    /// Games at once; as many as threads when absent
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,

    /// Game records of strong players, SGF or lines: how often are their moves kept?
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) agree: Vec<PathBuf>,

    /// A file that gets each game as it ends, so that a run can go on
    #[arg(long, value_name = "FILE.jsonl")]
    pub(crate) journal: Option<PathBuf>,

    /// Go on from the journal; the report is replaced
    #[arg(long, requires = "journal", conflicts_with = "force")]
    pub(crate) resume: bool,

    /// The page or record to write: .html or .json
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// Replace a journal and a report that are there
    #[arg(long)]
    pub(crate) force: bool,
}

/// Combinations of strategies that one word names.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entries(pub(crate) Vec<Vec<Strategy>>);

fn entries(text: &str) -> Result<Entries, String> {
    match text {
        "all" => Ok(Entries(singles_and_pairs())),
        "none" => Err("none prunes nothing; name strategies, or all".to_owned()),
        text => strategies(text).map(|Strategies(found)| Entries(vec![found])),
    }
}

/// A share and a number of searches.
fn adjudication(text: &str) -> Result<(f64, usize), String> {
    let (value, moves) = text.split_once(',').unwrap_or((text, "3"));
    let expected = "a share above 0.5 and below 1 and a number of moves, e.g. 0.95,3";
    let moves = moves.trim().parse().map_err(|_| expected.to_owned())?;
    Ok((number(value.trim(), expected, |share| share > 0.5 && share < 1.0)?, moves))
}

/// Two differences in Elo, and the chances of an error.
fn sprt(text: &str) -> Result<Sprt, String> {
    let expected = "two numbers such as -50,0, and the chances of an error such as 0.05,0.05";
    let numbers: Vec<f64> = text
        .split(',')
        .map(|part| number(part.trim(), expected, f64::is_finite))
        .collect::<Result<_, String>>()?;
    let (elo0, elo1, alpha, beta) = match numbers[..] {
        [elo0, elo1] => (elo0, elo1, 0.05, 0.05),
        [elo0, elo1, alpha] => (elo0, elo1, alpha, alpha),
        [elo0, elo1, alpha, beta] => (elo0, elo1, alpha, beta),
        _ => return Err(expected.to_owned()),
    };
    Ok(Sprt { elo0, elo1, alpha, beta })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_values_or_say_what_they_should_be() {
        assert_eq!(entries("all").map(|entries| entries.0.len()), Ok(10));
        assert!(entries("none").is_err() && entries("potential").is_err());
        assert_eq!(adjudication("0.95"), Ok((0.95, 3)));
        assert!(adjudication("0.5,2").is_err() && adjudication("NaN").is_err());
        let test = Sprt { elo0: -50.0, elo1: 0.0, alpha: 0.05, beta: 0.05 };
        assert_eq!(sprt("-50,0"), Ok(test));
        assert_eq!(sprt("-50,0,0.1,0.05"), Ok(Sprt { alpha: 0.1, ..test }));
        assert!(sprt("1").is_err() && sprt("nan,0").is_err());
    }
}
