//! `secateur speaker ...`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum SpeakerCommand {
    /// Make a bank of people from their recordings, or add people to one
    #[command(after_help = ENROLL_EXAMPLES)]
    Enroll(Box<EnrollArgs>),
    /// Say who speaks in recordings
    #[command(after_help = IDENTIFY_EXAMPLES)]
    Identify(Box<IdentifyArgs>),
    /// Say who speaks in a stream while it comes, as lines of JSON
    #[command(after_help = LISTEN_EXAMPLES)]
    Listen(Box<ListenArgs>),
    /// Measure how often the answer is right, and what pruning saves
    #[command(after_help = EVALUATE_EXAMPLES)]
    Evaluate(Box<EvaluateArgs>),
    /// Find thresholds for unknown people from your own recordings, and keep them in the bank
    #[command(after_help = CALIBRATE_EXAMPLES)]
    Calibrate(Box<CalibrateArgs>),
    /// Show the people of a bank, and how it was made
    List {
        /// The bank
        bank: PathBuf,
    },
    /// Take people out of a bank
    Remove {
        /// The bank
        bank: PathBuf,

        /// Their names
        #[arg(required = true)]
        names: Vec<String>,
    },
}

const ENROLL_EXAMPLES: &str = "Examples:
  secateur speaker enroll voices/ -o bank.gmm
  secateur speaker enroll more/ -o bank.gmm --add
  secateur speaker enroll voices/ -o bank.gmm --background 64 --feature cepstra=16
A folder for each person; wav, flac and SPHERE files of any rate in it.";

const IDENTIFY_EXAMPLES: &str = "Examples:
  secateur speaker identify bank.gmm talk.wav
  secateur speaker identify bank.gmm talk.wav --rule mwmr --keep 0.2 --part 0.2 --json
  secateur speaker identify bank.gmm *.flac --rule wmr:reciprocal --keep 1
Rules: ml; wmr[:WEIGHTS]; mwmr[:m1|m2[=K]][:WEIGHTS]. WEIGHTS: exponential[=RHO], linear, reciprocal, top=K.";

const LISTEN_EXAMPLES: &str = "Examples:
  arecord -f S16_LE -r 16000 | secateur speaker listen bank.gmm --raw 16000
  secateur speaker listen bank.gmm talk.wav";

const EVALUATE_EXAMPLES: &str = "Examples:
  secateur speaker evaluate voices/ --split 2/3 --segment 3s --rules ml,wmr,mwmr --keep 1,0.5,0.2,0.1 --report eval.html
  secateur speaker evaluate voices/ --split 7/10 --by file --background 64
  secateur speaker evaluate TIMIT/ --timit --by file --split 7/10
The first part of each recording (or the first files, with --by file) is learned from, the rest is tried.";

const CALIBRATE_EXAMPLES: &str = "Examples:
  secateur speaker calibrate bank.gmm voices/ --far 0.01
Models are trained anew on the first part of each recording, so that none is tried on what it has heard.";

/// How sound becomes frames, and frames models.
#[derive(Args, Debug)]
pub(crate) struct MakeArgs {
    /// Gaussians of a speaker
    #[arg(long, value_name = "M", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) components: u16,

    /// What is added to every variance; more where there is little speech of each person
    #[arg(long, value_name = "V", default_value_t = 0.1, value_parser = positive)]
    pub(crate) regularization: f64,

    /// Adapt speakers from a mixture of all of so many Gaussians, in place of training each alone
    #[arg(long, value_name = "M", value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub(crate) background: Option<u16>,

    /// Frames for which a speaker's own mean and that of all count the same
    #[arg(long, value_name = "R", default_value_t = 16.0, requires = "background", value_parser = positive)]
    pub(crate) relevance: f64,

    /// What is subtracted of the cepstra: `passage` undoes the microphone, `nothing` keeps it
    #[arg(long, value_name = "WHAT", value_enum, default_value = "passage")]
    pub(crate) center: CenterWord,

    /// Another setting of the features, e.g. rate=8000, cepstra=16, lifter=22, voice=null; repeat it
    /// for more
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) feature: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CenterWord {
    /// The mean over the passage
    Passage,
    /// Nothing
    Nothing,
}

/// How people lie in folders, and what is done about recordings that cannot be used.
#[derive(Args, Debug)]
pub(crate) struct PeopleArgs {
    /// The folder: in it a folder for each person
    pub(crate) voices: PathBuf,

    /// The folder is laid out as the corpus TIMIT: each innermost folder is a person
    #[arg(long)]
    pub(crate) timit: bool,

    /// Leave out recordings that cannot be used
    #[arg(long)]
    pub(crate) skip_bad: bool,
}

#[derive(Args, Debug)]
pub(crate) struct EnrollArgs {
    #[command(flatten)]
    pub(crate) people: PeopleArgs,

    /// The bank to write
    #[arg(long, short, value_name = "BANK.gmm")]
    pub(crate) output: PathBuf,

    /// Add the people to the bank that is there; it stays as it was made
    #[arg(long, conflicts_with_all = ["force", "components", "regularization", "background", "center", "feature", "seed"])]
    pub(crate) add: bool,

    #[command(flatten)]
    pub(crate) make: MakeArgs,

    /// Seed of the training
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// Replace a bank that is there
    #[arg(long)]
    pub(crate) force: bool,
}

/// How an answer is found.
#[derive(Args, Debug)]
pub(crate) struct RuleArgs {
    /// The rule: ml, wmr or mwmr, with weights
    #[arg(long, value_name = "RULE", default_value = "mwmr")]
    pub(crate) rule: String,

    /// Share of the speakers that is kept after the first part; 1 prunes nothing
    #[arg(long, value_name = "SHARE", default_value_t = 0.2, value_parser = share)]
    pub(crate) keep: f64,

    /// Share of the speech that is heard before
    #[arg(long, value_name = "SHARE", default_value_t = 0.2, value_parser = share)]
    pub(crate) part: f64,
}

#[derive(Args, Debug)]
pub(crate) struct IdentifyArgs {
    /// The bank
    pub(crate) bank: PathBuf,

    /// Recordings
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) rule: RuleArgs,

    /// How speakers are cut
    #[arg(long, value_name = "HOW", value_enum, default_value = "two-stage")]
    pub(crate) pruning: PruningWord,

    /// Frames between cuts of `static`, `adaptive` and `confidence`
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) every: u32,

    /// Work out only so many of the best Gaussians of the mixture of all
    #[arg(long, value_name = "C", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) top: Option<u16>,

    /// Speakers that are listed; 5, or all with --json
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PruningWord {
    /// Once, after a part (Kim et al. 2015)
    TwoStage,
    /// Twice, each time to the share
    Cascade,
    /// By models of eight Gaussians first
    Hierarchical,
    /// A fixed number again and again (Kinnunen et al. 2006)
    Static,
    /// Those far below the mean again and again
    Adaptive,
    /// Those that are poor and have settled
    Confidence,
}

#[derive(Args, Debug)]
pub(crate) struct ListenArgs {
    /// The bank
    pub(crate) bank: PathBuf,

    /// A recording or a pipe; standard input when absent
    pub(crate) file: Option<PathBuf>,

    /// The stream has no header and so many samples a second
    #[arg(long, value_name = "RATE")]
    pub(crate) raw: Option<u32>,

    /// Samples of a stream without a header, as arecord and ffmpeg call them
    #[arg(long, value_name = "CODING", default_value = "s16le", requires = "raw")]
    pub(crate) format: String,

    /// Channels of a stream without a header
    #[arg(long, value_name = "N", default_value_t = 1, requires = "raw")]
    pub(crate) channels: u16,

    /// The rule: ml, wmr or mwmr, with weights
    #[arg(long, value_name = "RULE", default_value = "mwmr")]
    pub(crate) rule: String,

    /// Share of the speakers that is kept after the first part of the speech; 1 cuts nobody
    #[arg(long, value_name = "SHARE", default_value_t = 0.2, value_parser = share)]
    pub(crate) keep: f64,

    /// Speech that is heard before: with less, the wrong people go
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = seconds)]
    pub(crate) first: f64,

    /// Time between answers
    #[arg(long, value_name = "TIME", default_value = "0.1s", value_parser = seconds)]
    pub(crate) every: f64,

    /// Time without speech after which another person may speak
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = seconds)]
    pub(crate) pause: f64,

    /// End with the first answer that is certain
    #[arg(long)]
    pub(crate) once: bool,
}

/// How recordings are parted.
#[derive(Args, Debug)]
pub(crate) struct PartArgs {
    /// Part that is learned from, the rest is tried
    #[arg(long, value_name = "A/B", default_value = "2/3", value_parser = fraction)]
    pub(crate) split: (u64, u64),

    /// What is parted: each recording, or the recordings of each person
    #[arg(long, value_name = "WHAT", value_enum, default_value = "time")]
    pub(crate) by: ByWord,

    /// Length of a trial; without it what is tried of a recording is one
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    pub(crate) segment: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ByWord {
    /// Each recording is cut
    Time,
    /// Whole recordings
    File,
}

#[derive(Args, Debug)]
pub(crate) struct EvaluateArgs {
    #[command(flatten)]
    pub(crate) people: PeopleArgs,

    #[command(flatten)]
    pub(crate) parts: PartArgs,

    #[command(flatten)]
    pub(crate) make: MakeArgs,

    /// Rules, as those of `identify`
    #[arg(long, value_name = "RULE", num_args = 1.., value_delimiter = ',', default_value = "ml,wmr,mwmr")]
    pub(crate) rules: Vec<String>,

    /// Shares of the speakers that are kept; 1 is no pruning
    #[arg(long, value_name = "SHARE", num_args = 1.., value_delimiter = ',', default_value = "1,0.5,0.2,0.1", value_parser = share)]
    pub(crate) keep: Vec<f64>,

    /// Share of the speech that is heard before the cut
    #[arg(long, value_name = "SHARE", default_value_t = 0.2, value_parser = share)]
    pub(crate) part: f64,

    /// Work out only so many of the best Gaussians of the mixture of all
    #[arg(long, value_name = "C", requires = "background", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) top: Option<u16>,

    /// Seed of training and intervals
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// The page or record to write: .html or .json
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// Replace a report that is there
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Args, Debug)]
pub(crate) struct CalibrateArgs {
    /// The bank; it gets the thresholds
    pub(crate) bank: PathBuf,

    #[command(flatten)]
    pub(crate) people: PeopleArgs,

    /// Share of unknown people that may be accepted
    #[arg(long, value_name = "SHARE", default_value_t = 0.01, value_parser = rate)]
    pub(crate) far: f64,

    #[command(flatten)]
    pub(crate) parts: PartArgs,

    /// The rule: ml, wmr or mwmr, with weights
    #[arg(long, value_name = "RULE", default_value = "mwmr")]
    pub(crate) rule: String,

    /// Say what would be kept, and leave the bank as it is
    #[arg(long)]
    pub(crate) dry_run: bool,
}

fn number(text: &str, what: &str, holds: impl Fn(f64) -> bool) -> Result<f64, String> {
    text.parse().ok().filter(|number| holds(*number)).ok_or_else(|| what.to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    number(text, "a share above 0 and at most 1, e.g. 0.2", |share| share > 0.0 && share <= 1.0)
}

fn rate(text: &str) -> Result<f64, String> {
    number(text, "a share from 0 to below 1, e.g. 0.01", |rate| (0.0..1.0).contains(&rate))
}

fn positive(text: &str) -> Result<f64, String> {
    number(text, "a number above 0", |number| number > 0.0 && number.is_finite())
}

/// A time such as `3s`, `250ms` or `2.5`, in seconds.
fn seconds(text: &str) -> Result<f64, String> {
    let (number_text, factor) = match text.strip_suffix("ms") {
        Some(rest) => (rest, 0.001),
        None => (text.strip_suffix('s').unwrap_or(text), 1.0),
    };
    number(number_text, "a time such as 3s or 250ms", |seconds| seconds > 0.0 && seconds < 1e6)
        .map(|seconds| seconds * factor)
}

/// A part of a whole such as `2/3`.
fn fraction(text: &str) -> Result<(u64, u64), String> {
    let parts = text
        .split_once('/')
        .and_then(|(a, b)| Some((a.trim().parse::<u64>().ok()?, b.trim().parse::<u64>().ok()?)));
    parts
        .filter(|(a, b)| *a > 0 && a < b && *b <= 1_000_000)
        .ok_or_else(|| "a part of the whole such as 2/3".to_owned())
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| "expected NAME=VALUE, e.g. cepstra=16".to_owned())?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}
