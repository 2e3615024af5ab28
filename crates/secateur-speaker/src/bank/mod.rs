//! Speakers in one file.
//!
//! A bank is mapped into memory and its models are used in place, so that thousands of speakers
//! open in milliseconds. Speakers are added and removed without training; the file is written
//! anew beside its place and moved there in one step.

mod layout;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use secateur_core::{Kind, nearest};
use secateur_store::{Disk, write_atomic};
use secateur_tensor::Bytes;

use crate::error::SpeakerError;
use crate::identify::Roster;
use crate::mixture::{Mixture, Packed, WIDTH_MAX};
use crate::open_set::Thresholds;

/// Longest name of a speaker, in bytes.
pub const NAME_MAX: usize = 1024;
/// Most speakers of a bank.
pub const SPEAKERS_MAX: usize = 1 << 20;

/// Enrolled speakers, and what their frames were made with.
#[derive(Clone, Debug, PartialEq)]
pub struct Bank {
    width: usize,
    /// Settings of the features, as the program that makes them wrote them.
    pub features: serde_json::Value,
    /// What an answer must reach to be accepted, once calibrated.
    pub thresholds: Option<Thresholds>,
    background: Option<Packed>,
    speakers: Vec<Speaker>,
}

/// An enrolled speaker.
#[derive(Clone, Debug, PartialEq)]
pub struct Speaker {
    /// Name, unlike all others of a bank.
    pub name: String,
    /// Frames of speech that the model was trained on.
    pub frames: u64,
    /// Seconds of sound that they are from.
    pub seconds: f64,
    /// The model.
    pub model: Packed,
}

impl Bank {
    /// A bank without speakers.
    ///
    /// # Errors
    /// [`SpeakerError::Option`] for a width of zero or above 1,024.
    pub fn new(width: usize, features: serde_json::Value) -> Result<Self, SpeakerError> {
        if width == 0 || width > WIDTH_MAX {
            let (option, expected) = ("width", "1 to 1024");
            return Err(SpeakerError::Option { option, expected, got: width.to_string() });
        }
        let speakers = Vec::new();
        Ok(Self { width, features, thresholds: None, background: None, speakers })
    }

    /// Opens a bank. All of it is checked: sizes against the file before anything is allocated,
    /// checksums, and that every number makes sense.
    ///
    /// # Errors
    /// [`SpeakerError::File`], [`SpeakerError::Foreign`], [`SpeakerError::Version`],
    /// [`SpeakerError::Truncated`], [`SpeakerError::Damaged`].
    pub fn open(path: &Path) -> Result<Self, SpeakerError> {
        let bytes = Bytes::map(path).map_err(|error| {
            let kind = match error.kind() {
                std::io::ErrorKind::PermissionDenied => Kind::Resources,
                _ => Kind::Input,
            };
            SpeakerError::File { path: path.to_path_buf(), message: error.to_string(), kind }
        })?;
        Self::of_bytes(&bytes, path)
    }

    /// The bank in these bytes; `path` is for messages.
    ///
    /// # Errors
    /// As [`Bank::open`].
    pub fn of_bytes(bytes: &Bytes, path: &Path) -> Result<Self, SpeakerError> {
        layout::read(bytes, path)
    }

    /// The bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        layout::write(self)
    }

    /// Writes the bank: after a kill at any moment the file is the old one or the new one.
    ///
    /// # Errors
    /// [`SpeakerError::File`].
    pub fn save(&self, path: &Path) -> Result<(), SpeakerError> {
        let files: Arc<dyn secateur_store::Files> = Arc::new(Disk);
        write_atomic(&files, path, &self.to_bytes()).map_err(|error| SpeakerError::File {
            path: path.to_path_buf(),
            message: error.to_string(),
            kind: Kind::of_exit(error.exit()),
        })
    }

    /// Numbers of a frame.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The speakers; their places are their numbers.
    pub fn speakers(&self) -> &[Speaker] {
        &self.speakers
    }

    /// The mixture of all speakers.
    pub fn background(&self) -> Option<&Packed> {
        self.background.as_ref()
    }

    /// Sets the mixture of all speakers.
    ///
    /// # Errors
    /// [`SpeakerError::Mixture`], [`SpeakerError::Width`].
    pub fn put_background(&mut self, mixture: &Mixture) -> Result<(), SpeakerError> {
        mixture.check()?;
        self.fits(mixture.width)?;
        self.background = Some(Packed::new(mixture));
        Ok(())
    }

    /// Adds a speaker.
    ///
    /// # Errors
    /// [`SpeakerError::Known`] for a name that is there, [`SpeakerError::Option`] for one that is
    /// empty or too long, [`SpeakerError::Width`].
    pub fn add(&mut self, speaker: Speaker) -> Result<(), SpeakerError> {
        self.fits(speaker.model.width())?;
        if speaker.name.is_empty() || speaker.name.len() > NAME_MAX {
            let (option, expected) = ("the name of a speaker", "1 to 1024 bytes long");
            return Err(SpeakerError::Option { option, expected, got: speaker.name });
        }
        if self.speakers.iter().any(|known| known.name == speaker.name) {
            return Err(SpeakerError::Known { name: speaker.name });
        }
        self.speakers.push(speaker);
        Ok(())
    }

    /// Removes a speaker; those after it move up by one number.
    ///
    /// # Errors
    /// [`SpeakerError::Unknown`].
    pub fn remove(&mut self, name: &str) -> Result<Speaker, SpeakerError> {
        let at = self.find(name)?;
        Ok(self.speakers.remove(at))
    }

    /// The number of a speaker.
    ///
    /// # Errors
    /// [`SpeakerError::Unknown`] with the nearest name.
    pub fn find(&self, name: &str) -> Result<usize, SpeakerError> {
        let found = self.speakers.iter().position(|speaker| speaker.name == name);
        found.ok_or_else(|| {
            let names = self.speakers.iter().map(|s| s.name.as_str());
            let near = nearest(name, names).map(|near| format!("; do you mean {near}?"));
            SpeakerError::Unknown { name: name.to_owned(), near: near.unwrap_or_default() }
        })
    }

    /// The models for identification.
    ///
    /// # Errors
    /// [`SpeakerError::TooFew`] for an empty bank.
    pub fn roster(&self) -> Result<Roster, SpeakerError> {
        let models = self.speakers.iter().map(|speaker| speaker.model.clone()).collect();
        Roster::new(models, self.background.clone())
    }

    fn fits(&self, got: usize) -> Result<(), SpeakerError> {
        if got == self.width {
            return Ok(());
        }
        Err(SpeakerError::Width { expected: self.width, got })
    }

    /// Whether no two speakers share a name.
    fn names_differ(&self) -> bool {
        let mut names = HashSet::with_capacity(self.speakers.len());
        self.speakers.iter().all(|speaker| names.insert(speaker.name.as_str()))
    }
}
