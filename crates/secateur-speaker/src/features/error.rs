//! What stops the making of frames.

use secateur_core::{Kind, RunError};

/// What stops the making of frames.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum FeatureError {
    #[error("{name} is {found}, {allowed}")]
    Setting { name: &'static str, found: String, allowed: String },
    #[error("filter {filter} of {filters} is empty: {fft} points at {rate} Hz are too coarse")]
    EmptyFilter { filter: usize, filters: usize, fft: usize, rate: u32 },
    #[error("the sound has {found} Hz, the features {expected} Hz")]
    Rate { found: u32, expected: u32 },
    #[error("the passage lasts {ms:.1} ms, one window is {window_ms:.1} ms")]
    TooShort { ms: f64, window_ms: f64 },
    #[error("no voiced frames: {what}")]
    NoVoice { what: String },
    #[error("the sample at {seconds:.4} s is {value}")]
    NotFinite { seconds: f64, value: f32 },
    #[error("a stream cannot subtract the mean of the passage, which it does not know yet")]
    PassageMean,
}

impl FeatureError {
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
        match self {
            Self::Setting { .. } => ("SEC-SP-020", Kind::Usage, None),
            Self::EmptyFilter { .. } => {
                ("SEC-SP-021", Kind::Usage, Some("use fewer filters, or more points"))
            }
            Self::Rate { .. } => ("SEC-SP-022", Kind::Usage, Some("resample the sound first")),
            Self::TooShort { .. } => ("SEC-SP-023", Kind::Input, Some("use a longer passage")),
            Self::NoVoice { .. } => (
                "SEC-SP-024",
                Kind::Input,
                Some("is the microphone on? Recordings that are very quiet need more gain"),
            ),
            Self::NotFinite { .. } => ("SEC-SP-025", Kind::Input, None),
            Self::PassageMean => (
                "SEC-SP-026",
                Kind::Usage,
                Some("enroll with a running mean, or without, to listen to streams"),
            ),
        }
    }
}

impl From<FeatureError> for RunError {
    fn from(error: FeatureError) -> Self {
        let (code, kind, hint) = error.card();
        let run = Self::new(kind, code, error.to_string());
        match hint {
            Some(hint) => run.hint(hint),
            None => run,
        }
    }
}

/// Every error code of features with its explanation, sorted.
pub const CODES: &[(&str, &str)] = &[
    (
        "SEC-SP-020",
        "A setting of the features is out of its range or contradicts another. The message says which values are allowed.",
    ),
    (
        "SEC-SP-021",
        "A mel filter lies between two points of the Fourier transform and gathers nothing, so that its logarithm would be the same for every sound. Low filters are the narrowest.",
    ),
    (
        "SEC-SP-022",
        "Frames are made at one rate of samples, that of the bank; sound of another rate has other filters.",
    ),
    ("SEC-SP-023", "A passage is shorter than one window, so that there is not even one frame."),
    (
        "SEC-SP-024",
        "No frame of a passage has the energy of a voice: it is silent, or all but silent. The floor is a setting.",
    ),
    ("SEC-SP-025", "A sample is not a number or infinite."),
    (
        "SEC-SP-026",
        "The mean of a whole passage is known at its end only. A stream subtracts a running mean instead, which gives other frames than the mean of the passage: what is enrolled one way is compared the same way.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_each_error_has_one() {
        assert!(CODES.is_sorted_by(|a, b| a.0 < b.0));
        let error = FeatureError::PassageMean;
        assert!(CODES.iter().any(|(code, _)| *code == error.code()));
        assert_eq!(RunError::from(error).kind.exit(), 2);
    }
}
