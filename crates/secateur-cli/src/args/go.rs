//! `secateur go ...`.

mod play;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use secateur::go::criteria::{Strategy, Threshold};
use secateur::go::potential::{Edge, Kernel};
use secateur::go::search::{Settings, Unpruning};

use play::{EXPERIMENT_EXAMPLES, MATCH_EXAMPLES};
pub(crate) use play::{ExperimentArgs, MatchArgs, TestWord};

#[derive(Debug, Subcommand)]
pub(crate) enum GoCommand {
    /// Play against another program by the Go Text Protocol, on standard input and output
    #[command(after_help = GTP_EXAMPLES)]
    Gtp(Box<GtpArgs>),
    /// Show potential, gradient, kept and cut moves of a position in a file
    #[command(
        after_help = ANALYZE_EXAMPLES,
        mut_arg("playouts", |arg| arg.help("Search with so many playouts; none when absent")),
        mut_arg("time_per_move", |arg| arg.help("Search for so long, e.g. 1s or 250ms")),
        mut_arg("prune", |arg| arg.help("Which moves are cut: potential-low (when absent), \
            potential-high, gradient-low, gradient-high, several joined by +, or none")),
        mut_arg("resign", |arg| arg.hide(true))
    )]
    Analyze(Box<AnalyzeArgs>),
    /// Let two engines play a match
    #[command(after_help = MATCH_EXAMPLES)]
    Match(Box<MatchArgs>),
    /// Find how much work pruning saves at equal strength
    #[command(
        after_help = EXPERIMENT_EXAMPLES,
        mut_arg("playouts", |arg| arg.help("Playouts a move of the whole player; 300 when absent")),
        mut_arg("time_per_move", |arg| arg.hide(true)),
        mut_arg("prune", |arg| arg.hide(true)),
        mut_arg("quantile", |arg| arg.hide(true)),
        mut_arg("threshold", |arg| arg.hide(true))
    )]
    Experiment(Box<ExperimentArgs>),
}

const GTP_EXAMPLES: &str = "Examples:
  secateur go gtp --playouts 5000
  secateur go gtp --time-per-move 1s --prune potential-low+gradient-low --quantile 0.2
  gogui -program 'secateur go gtp --board 9'
Any GTP program takes this command as an engine; analyze commands of GoGui show the fields.";

const ANALYZE_EXAMPLES: &str = "Examples:
  secateur go analyze game.sgf --move 60 --svg board.svg
  secateur go analyze game.sgf --prune potential-low+gradient-high --quantile 0.3 --json
  secateur go analyze games.txt --game 12 --move 80 --playouts 10000
FILE is SGF (its main line is read) or has a game a line: a name, a tab and ;B[pd];W[dd].";

/// How moves are searched.
#[derive(Args, Clone, Debug)]
pub(crate) struct EngineArgs {
    /// Most playouts of a move; 5000 unless there is a limit of time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) playouts: Option<u64>,

    /// Most time of a move, e.g. 1s or 250ms; the same seed then gives other moves each time
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) time_per_move: Option<Duration>,

    /// Which moves are cut: potential-low, potential-high, gradient-low, gradient-high, several
    /// joined by +, or none
    #[arg(long, value_name = "NAMES", value_parser = strategies)]
    pub(crate) prune: Option<Strategies>,

    /// Share of the legal moves that each strategy cuts
    #[arg(long, value_name = "Q", conflicts_with = "threshold")]
    pub(crate) quantile: Option<f64>,

    /// Cut at this value of potential, density or gradient instead
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    pub(crate) threshold: Option<f32>,

    /// Fewest moves that are kept; the larger of 4 and 5 % of them when absent
    #[arg(long, value_name = "N")]
    pub(crate) min_keep: Option<usize>,

    /// Where moves are cut: at the position that is searched, or at every node of the tree
    #[arg(long, value_name = "WHERE", value_enum, default_value = "nodes")]
    pub(crate) scope: ScopeWord,

    /// Let cut moves come back: after N visits of a node the first FIRST * N^POWER moves are open
    #[arg(long, value_name = "FIRST,POWER", num_args = 0..=1, require_equals = true, default_missing_value = "8,0.5", value_parser = unpruning)]
    pub(crate) unprune: Option<Unpruning>,

    /// Field of a stone: coulomb, yukawa[=REACH], gauss[=WIDTH], zobrist or gnugo
    #[arg(long, value_name = "KERNEL", default_value = "coulomb", value_parser = kernel)]
    pub(crate) kernel: Kernel,

    /// Stones mirrored at the edge: none, of the same or of the opposite color
    #[arg(long, value_name = "HOW", value_enum, default_value = "open")]
    pub(crate) edge: EdgeWord,

    /// Share playouts evenly among the moves (as in the papers), or grow a tree
    #[arg(long, value_name = "SHAPE", value_enum, default_value = "tree")]
    pub(crate) shape: ShapeWord,

    /// Moves of playouts: at random, or captures and patterns first
    #[arg(long, value_name = "POLICY", value_enum, default_value = "patterns")]
    pub(crate) policy: PolicyWord,

    /// Visits at which all moves as first count as much as the move itself, or off
    #[arg(long, value_name = "N", default_value = "3500", value_parser = number_or_off)]
    pub(crate) rave: OrOff,

    /// Weight of upper confidence
    #[arg(long, value_name = "C", default_value_t = 0.0)]
    pub(crate) exploration: f64,

    /// Visits before a node gets children
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub(crate) expand_at: u32,

    /// Most nodes of the tree, some 40 bytes each
    #[arg(long, value_name = "N", default_value_t = 5_000_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub(crate) nodes: u64,

    /// Resign when the best move wins less often than this, or off
    #[arg(long, value_name = "SHARE", default_value = "0.08", value_parser = share_or_off)]
    pub(crate) resign: OrOff,

    /// Threads of a search, each with a tree of its own; another number gives other moves
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) search_threads: usize,

    /// Seed; with a limit of playouts alone the same seed gives the same moves
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
}

impl EngineArgs {
    /// The settings of a search; what is not sensible there is left to its own check.
    pub(crate) fn settings(&self) -> Settings {
        let mut settings = Settings {
            shape: self.shape.into(),
            policy: self.policy.into(),
            time: self.time_per_move,
            threads: self.search_threads,
            seed: self.seed,
            rave: self.rave.number(),
            exploration: self.exploration,
            expand_at: self.expand_at,
            nodes_max: self.nodes as usize,
            scope: self.scope.into(),
            unpruning: self.unprune,
            kernel: self.kernel,
            edge: self.edge.into(),
            resign_below: self.resign.number(),
            ..Settings::default()
        };
        if self.playouts.is_some() || self.time_per_move.is_some() {
            settings.playouts = self.playouts;
        }
        if let Some(strategies) = &self.prune {
            settings.pruning.strategies.clone_from(&strategies.0);
        }
        if let Some(share) = self.quantile {
            settings.pruning.threshold = Threshold::Quantile(share);
        }
        if let Some(value) = self.threshold {
            settings.pruning.threshold = Threshold::Absolute(value);
        }
        settings.pruning.min_keep = self.min_keep;
        settings
    }
}

/// Strategies that a move must pass, none for no pruning.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Strategies(pub(crate) Vec<Strategy>);

/// A number, or the word off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum OrOff {
    Off,
    At(f64),
}

impl OrOff {
    fn number(self) -> Option<f64> {
        match self {
            Self::Off => None,
            Self::At(number) => Some(number),
        }
    }
}

/// A word of the command line for each value of a type of the library.
macro_rules! words {
    ($(#[$doc:meta] $name:ident => $of:path { $($(#[$what:meta])* $word:ident),* })*) => { $(
        #[$doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
        pub(crate) enum $name { $($(#[$what])* $word),* }

        impl From<$name> for $of {
            fn from(word: $name) -> Self {
                match word { $($name::$word => Self::$word),* }
            }
        }
    )* };
}

words! {
    /// Where moves are cut.
    ScopeWord => secateur::go::search::Scope {
        /// At the position that is searched
        Root,
        /// At every node of the tree
        Nodes
    }
    /// What the edge does.
    EdgeWord => Edge {
        /// Nothing
        Open,
        /// Mirror stones of the same color
        Same,
        /// Mirror stones of the other color
        Opposite
    }
    /// How playouts are shared.
    ShapeWord => secateur::go::search::Shape {
        /// The same number for each move
        Flat,
        /// A tree
        Tree
    }
    /// Moves of playouts.
    PolicyWord => secateur::go::playout::Policy {
        /// Any that fill no eye
        Light,
        /// Captures and patterns first
        Patterns,
        /// These, and vital points of eyes
        Nakade
    }
    /// How the end is counted.
    ScoringWord => secateur::go::board::Scoring {
        /// Stones and points around them
        Area,
        /// Points around and prisoners
        Territory
    }
}

#[derive(Args, Debug)]
pub(crate) struct GtpArgs {
    #[command(flatten)]
    pub(crate) engine: EngineArgs,

    /// Points on a side until a controller says otherwise
    #[arg(long, value_name = "N", default_value_t = 19)]
    pub(crate) board: usize,

    /// Points for white until a controller says otherwise
    #[arg(long, value_name = "POINTS", default_value_t = 7.5, allow_hyphen_values = true, value_parser = komi)]
    pub(crate) komi: f32,

    /// Think on while the opponent does
    #[arg(long)]
    pub(crate) ponder: bool,

    /// How final_score counts; the search plays for area
    #[arg(long, value_name = "RULE", value_enum, default_value = "area")]
    pub(crate) scoring: ScoringWord,
}

#[derive(Args, Debug)]
pub(crate) struct AnalyzeArgs {
    /// The game: SGF, or lines of moves
    pub(crate) file: PathBuf,

    /// Which game of the file
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) game: u32,

    /// The position after so many moves; the last one when absent
    #[arg(long = "move", value_name = "N")]
    pub(crate) after: Option<usize>,

    #[command(flatten)]
    pub(crate) engine: EngineArgs,

    /// Moves that are listed; all with --json
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,

    /// The picture of the board to write
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) svg: Option<PathBuf>,

    /// The same in pixels
    #[arg(long, value_name = "FILE.png")]
    pub(crate) png: Option<PathBuf>,

    /// The page or record to write: .html or .json
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// Replace files that are there
    #[arg(long)]
    pub(crate) force: bool,
}

fn number(text: &str, what: &str, holds: impl Fn(f64) -> bool) -> Result<f64, String> {
    text.parse().ok().filter(|number| holds(*number)).ok_or_else(|| what.to_owned())
}

/// A time such as `1s`, `250ms` or `2.5`.
fn time(text: &str) -> Result<Duration, String> {
    let (digits, factor) = match text.strip_suffix("ms") {
        Some(rest) => (rest, 0.001),
        None => (text.strip_suffix('s').unwrap_or(text), 1.0),
    };
    let holds = |seconds: f64| seconds > 0.0 && seconds < 1e6;
    let seconds = number(digits, "a time such as 1s or 250ms", holds)?;
    Ok(Duration::from_secs_f64(seconds * factor))
}

fn komi(text: &str) -> Result<f32, String> {
    // No board has more points than 625.
    number(text, "a number of points such as 7.5", |komi| komi.abs() <= 625.0)
        .map(|komi| komi as f32)
}

fn number_or_off(text: &str) -> Result<OrOff, String> {
    if text == "off" {
        return Ok(OrOff::Off);
    }
    let holds = |number: f64| number > 0.0 && number.is_finite();
    number(text, "a number above 0, or off", holds).map(OrOff::At)
}

fn share_or_off(text: &str) -> Result<OrOff, String> {
    if text == "off" {
        return Ok(OrOff::Off);
    }
    let holds = |share: f64| (0.0..=1.0).contains(&share);
    number(text, "a share from 0 to 1 such as 0.08, or off", holds).map(OrOff::At)
}

fn unpruning(text: &str) -> Result<Unpruning, String> {
    let expected =
        || "FIRST,POWER such as 8,0.5: moves that are open at first, and growth".to_owned();
    let (first, power) = text.split_once(',').ok_or_else(expected)?;
    let (Ok(first), Ok(power)) = (first.trim().parse(), power.trim().parse()) else {
        return Err(expected());
    };
    Ok(Unpruning { first, power })
}

fn kernel(text: &str) -> Result<Kernel, String> {
    let (name, length) = text.split_once('=').map_or((text, None), |(a, b)| (a, Some(b)));
    let length = |or: f32| match length {
        None => Ok(or),
        Some(length) => length.parse().map_err(|_| format!("{name}=LENGTH in points of the board")),
    };
    let named = Kernel::ALL.into_iter().find(|kernel| kernel.name() == name);
    match named {
        Some(Kernel::Yukawa { reach }) => Ok(Kernel::Yukawa { reach: length(reach)? }),
        Some(Kernel::Gauss { width }) => Ok(Kernel::Gauss { width: length(width)? }),
        Some(kernel) if !text.contains('=') => Ok(kernel),
        Some(kernel) => Err(format!("{} has no length", kernel.name())),
        None => Err("coulomb, yukawa[=REACH], gauss[=WIDTH], zobrist or gnugo".to_owned()),
    }
}

/// Strategies joined by `+`.
pub(crate) fn strategies(text: &str) -> Result<Strategies, String> {
    if text == "none" {
        return Ok(Strategies(Vec::new()));
    }
    let mut found = Vec::new();
    for name in text.split('+') {
        let Some(strategy) = Strategy::named(name) else {
            let names = Strategy::ALL.map(Strategy::name).join(", ");
            return Err(format!("`{name}` is none of {names}; join several by +, or say none"));
        };
        if found.contains(&strategy) {
            return Err(format!("{name} is named twice"));
        }
        found.push(strategy);
    }
    Ok(Strategies(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_values_or_say_what_they_should_be() {
        assert_eq!(strategies("none"), Ok(Strategies(Vec::new())));
        let pair = Strategies(vec![Strategy::PotentialLow, Strategy::GradientHigh]);
        assert_eq!(strategies("potential-low+gradient-high"), Ok(pair));
        for wrong in ["", "potential", "potential-low+", "gradient-low+gradient-low"] {
            assert!(strategies(wrong).is_err(), "{wrong}");
        }
        assert_eq!(kernel("gauss=1.5"), Ok(Kernel::Gauss { width: 1.5 }));
        assert_eq!(kernel("zobrist"), Ok(Kernel::Zobrist));
        assert!(kernel("zobrist=3").is_err() && kernel("gauss=x").is_err());
        assert_eq!(time("250ms"), Ok(Duration::from_millis(250)));
        assert!(time("0s").is_err() && time("inf").is_err() && time("-1").is_err());
        assert!(komi("NaN").is_err() && komi("inf").is_err() && komi("-3.5") == Ok(-3.5));
        assert_eq!(share_or_off("off"), Ok(OrOff::Off));
        assert!(share_or_off("1.5").is_err() && number_or_off("0").is_err());
        assert_eq!(unpruning("8,0.5"), Ok(Unpruning { first: 8.0, power: 0.5 }));
    }
}
