//! What stops training, a bank, or an answer.

use std::path::PathBuf;

use secateur_core::{Kind, PruneError, RunError};

/// What stops training, a bank, or an answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum SpeakerError {
    #[error("frames have {got} numbers, the model has {expected}")]
    Width { expected: usize, got: usize },
    #[error("frame {frame} holds a value that is no number of a usual size")]
    NotFinite { frame: usize },
    #[error("there are no frames of speech{}", of(.who))]
    NoFrames { who: String },
    #[error("not a mixture of Gaussians: {what}")]
    Mixture { what: String },
    #[error("{option} must be {expected}, not {got}")]
    Option { option: &'static str, expected: &'static str, got: String },
    #[error("{}: not a speaker bank{what}", .path.display())]
    Foreign { path: PathBuf, what: String },
    #[error("{}: bank of version {found}; this program reads version {known}", .path.display())]
    Version { path: PathBuf, found: u32, known: u32 },
    #[error("{}: the bank ends too early: {what} needs {needed} bytes, the file has {found}", .path.display())]
    Truncated { path: PathBuf, what: &'static str, needed: u64, found: u64 },
    #[error("{}: the bank is damaged: {what}", .path.display())]
    Damaged { path: PathBuf, what: String },
    #[error("{}: {message}", .path.display())]
    File { path: PathBuf, message: String, kind: Kind },
    #[error("the bank already has a speaker {name}")]
    Known { name: String },
    #[error("the bank has no speaker {name}{near}")]
    Unknown { name: String, near: String },
    #[error("{what} needs {needed} speakers, the bank has {found}")]
    TooFew { what: &'static str, needed: usize, found: usize },
    #[error("the bank was made with other features: {what}")]
    Features { what: String },
    #[error("{what} needs a background model, which the bank does not have")]
    NoBackground { what: &'static str },
    #[error("there are {found} {what} scores, at least {needed} are needed")]
    TooFewScores { what: &'static str, found: usize, needed: usize },
    #[error("{}: there are no recordings of people{}", .path.display(), if *.loose == 0 { String::new() } else { format!("; {loose} recordings lie in it, outside of any person's folder") })]
    NoRecordings { path: PathBuf, loose: usize },
    #[error(transparent)]
    Prune(#[from] PruneError),
}

fn of(who: &str) -> String {
    if who.is_empty() { String::new() } else { format!(" of {who}") }
}

impl SpeakerError {
    /// The stable code; `secateur explain CODE` says more.
    pub fn code(&self) -> &'static str {
        self.card().0
    }

    /// The kind, which decides the exit code.
    pub fn kind(&self) -> Kind {
        self.card().1
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        self.card().2.map(str::to_owned)
    }

    fn card(&self) -> (&'static str, Kind, Option<&'static str>) {
        let input = |code, hint| (code, Kind::Input, Some(hint));
        match self {
            Self::Width { .. } => {
                input("SEC-SP-030", "use the feature settings that the bank was made with")
            }
            Self::NotFinite { .. } => input("SEC-SP-031", "look for NaN samples in the recording"),
            Self::NoFrames { .. } => input(
                "SEC-SP-032",
                "the recording is silent or too short; lower the threshold of the energy detector, or record again",
            ),
            Self::Mixture { .. } => input("SEC-SP-033", "enroll the speaker again"),
            Self::Option { .. } => ("SEC-SP-034", Kind::Usage, None),
            Self::Foreign { .. } => {
                input("SEC-SP-035", "a bank is made by `secateur speaker enroll`")
            }
            Self::Version { .. } => (
                "SEC-SP-036",
                Kind::Unsupported,
                Some("use the version of secateur that wrote it, or enroll again"),
            ),
            Self::Truncated { .. } => input("SEC-SP-037", "copy the bank again, or enroll again"),
            Self::Damaged { .. } => input("SEC-SP-038", "copy the bank again, or enroll again"),
            Self::File { kind, .. } => ("SEC-SP-039", *kind, None),
            Self::Known { .. } => {
                input("SEC-SP-040", "remove the speaker first, or choose another name")
            }
            Self::Unknown { .. } => input("SEC-SP-041", "names are those of the enrolled folders"),
            Self::TooFew { .. } => input("SEC-SP-042", "enroll more speakers"),
            Self::Features { .. } => {
                input("SEC-SP-043", "use the feature settings that the bank was made with")
            }
            Self::NoBackground { .. } => input("SEC-SP-044", "enroll with a background model"),
            Self::TooFewScores { .. } => {
                input("SEC-SP-045", "give more recordings, of enrolled speakers and of others")
            }
            Self::Prune(_) => ("SEC-SP-046", Kind::Input, None),
            Self::NoRecordings { .. } => {
                input("SEC-SP-047", "make a folder for each person, with wav or flac files in it")
            }
        }
    }
}

impl From<SpeakerError> for RunError {
    fn from(error: SpeakerError) -> Self {
        let (code, kind, hint) = error.card();
        let place = match &error {
            SpeakerError::Foreign { path, .. }
            | SpeakerError::Version { path, .. }
            | SpeakerError::Truncated { path, .. }
            | SpeakerError::Damaged { path, .. }
            | SpeakerError::File { path, .. }
            | SpeakerError::NoRecordings { path, .. } => Some(path.clone()),
            _ => None,
        };
        let mut run = Self::new(kind, code, error.to_string());
        run.place = place;
        run.hint = hint.map(str::to_owned);
        run
    }
}

/// Every error code of mixtures, banks and answers with its explanation, sorted.
pub const CODES: &[(&str, &str)] = &[
    (
        "SEC-SP-030",
        "Frames and model have another number of coefficients. A bank keeps the settings of its features; frames made with other settings cannot be scored by it.",
    ),
    (
        "SEC-SP-031",
        "A frame holds NaN or an infinite number. Such a frame would make every score meaningless, so it is refused.",
    ),
    (
        "SEC-SP-032",
        "No frame of a recording was taken for speech: it is silent, too quiet against its loudest part, or shorter than a frame.",
    ),
    (
        "SEC-SP-033",
        "The numbers of a mixture contradict each other: shapes that do not fit, weights that are no shares of one, a variance that is not positive.",
    ),
    ("SEC-SP-034", "An option has a value that makes no sense, such as a kept share above one."),
    ("SEC-SP-035", "The file does not begin as a bank of speakers does."),
    ("SEC-SP-036", "The bank was written by a newer version of the program."),
    (
        "SEC-SP-037",
        "The file is shorter than its header says: a copy was interrupted, or the disk was full.",
    ),
    (
        "SEC-SP-038",
        "A checksum of the bank is wrong, or its parts contradict each other. Nothing of a damaged bank is used, since a damaged model would answer wrongly without a sign.",
    ),
    ("SEC-SP-039", "The bank cannot be read or written: it is not there, or may not be used."),
    ("SEC-SP-040", "A speaker is to be added under a name that the bank already has."),
    ("SEC-SP-041", "A speaker is named that the bank does not have."),
    (
        "SEC-SP-042",
        "There are too few speakers for what was asked: an answer needs one, a margin or pruning two.",
    ),
    (
        "SEC-SP-043",
        "Speakers can only be compared when their features were made with the same settings.",
    ),
    (
        "SEC-SP-044",
        "Fast scoring of the best Gaussians needs models that were adapted from one background model.",
    ),
    (
        "SEC-SP-045",
        "A threshold for a wanted rate of false accepts needs scores of people who should be accepted and of people who should not.",
    ),
    ("SEC-SP-046", "Speakers could not be scored or selected; the message says why."),
    (
        "SEC-SP-047",
        "People are found by their folders: each folder below the one that is named is a person, and the wav, flac and SPHERE files in it are recordings of that person.",
    ),
    (
        "SEC-SP-048",
        "Some recordings cannot be used; each is named with its reason. Mend or remove them, or leave them out with --skip-bad.",
    ),
    ("SEC-SP-049", "Options of `secateur speaker` contradict each other; the message says which."),
    (
        "SEC-SP-050",
        "The stream ended before any speech was heard: check the microphone, its level and the format that --raw says.",
    ),
    ("SEC-SP-051", "It was stopped by Ctrl-C before its end; nothing was written."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_each_error_has_one() {
        assert!(CODES.is_sorted_by(|a, b| a.0 < b.0));
        let error = SpeakerError::Version { path: "a.gmm".into(), found: 9, known: 1 };
        assert!(CODES.iter().any(|(code, _)| *code == error.code()));
        let run = RunError::from(error);
        assert_eq!((run.kind.exit(), run.place), (4, Some("a.gmm".into())));
    }
}
