//! Recordings of people, as frames.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use secateur::core::{Kind, RunError};
use secateur::speaker::audio::{self, Sound};
use secateur::speaker::enroll::{Adaptation, Enrollment, Voice};
use secateur::speaker::evaluate::Trial;
use secateur::speaker::features::{Center, Extracted, Settings, extract};
use secateur::speaker::people::{Arrangement, Person, people};
use serde_json::Value;

use crate::args::speaker::{ByWord, CenterWord, MakeArgs, PartArgs, PeopleArgs};
use crate::out;

/// The people of a folder.
pub(super) fn found(args: &PeopleArgs) -> Result<Vec<Person>, RunError> {
    let arrangement = if args.timit { Arrangement::Innermost } else { Arrangement::FolderEach };
    let found = people(&args.voices, arrangement)?;
    if let Some(pair) = found.windows(2).find(|pair| pair[0].name == pair[1].name) {
        let message = format!("two folders are called {}", out::clean(&pair[0].name));
        return Err(RunError::new(Kind::Input, "SEC-SP-040", message)
            .at(&args.voices)
            .hint("people are told apart by the names of their folders: rename one"));
    }
    Ok(found)
}

/// How people are enrolled, from what was typed.
pub(super) fn enrollment(args: &MakeArgs, seed: u64) -> Result<Enrollment, RunError> {
    let features = Settings {
        center: match args.center {
            CenterWord::Passage => Center::Passage,
            CenterWord::Nothing => Center::Nothing,
        },
        ..Settings::default()
    };
    let refuse = |message: String| {
        RunError::new(Kind::Usage, "SEC-SP-049", message)
            .hint("docs/speakers.md lists the settings of the features")
    };
    let mut value = serde_json::to_value(&features).expect("settings are plain data");
    for (name, text) in &args.feature {
        let known = value.as_object_mut().and_then(|fields| fields.get_mut(name));
        let Some(field) = known else {
            return Err(refuse(format!("features have no setting {name}")));
        };
        *field = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()));
    }
    let features: Settings =
        serde_json::from_value(value).map_err(|error| refuse(format!("--feature: {error}")))?;
    features.validate()?;
    let background = args.background.map(|components| Adaptation {
        components: usize::from(components),
        relevance: args.relevance,
    });
    Ok(Enrollment {
        features,
        components: usize::from(args.components),
        regularization: args.regularization,
        background,
        seed,
    })
}

/// A recording as sound of the rate of the features.
pub(super) fn sound(path: &Path, settings: &Settings) -> Result<Sound, RunError> {
    let options = audio::Options { rate: Some(settings.rate), ..audio::Options::default() };
    audio::read(path, &options).map_err(RunError::from)
}

/// The frames of sound.
pub(super) fn frames(
    sound: &Sound,
    settings: &Settings,
    path: &Path,
) -> Result<Extracted, RunError> {
    extract(sound, settings).map_err(|error| RunError::from(error).at(path))
}

/// Recordings that cannot be used: an error that names them all, or warnings.
pub(super) struct Bad {
    skip: bool,
    faults: Vec<(PathBuf, RunError)>,
}

impl Bad {
    pub(super) fn new(args: &PeopleArgs) -> Self {
        Self { skip: args.skip_bad, faults: Vec::new() }
    }

    fn take<T>(&mut self, path: &Path, made: Result<T, RunError>) -> Option<T> {
        made.map_err(|error| self.faults.push((path.to_path_buf(), error))).ok()
    }

    /// Names what was left out; an error unless that is allowed.
    pub(super) fn end(self) -> Result<Vec<String>, RunError> {
        let line =
            |(path, error): &(PathBuf, RunError)| format!("{}: {}", path.display(), error.message);
        let lines: Vec<String> = self.faults.iter().map(line).collect();
        if self.skip {
            return Ok(lines.into_iter().map(|line| format!("left out: {line}")).collect());
        }
        let Some((path, error)) = self.faults.into_iter().next() else { return Ok(Vec::new()) };
        for line in &lines {
            out::note(&out::clean(line));
        }
        let count = lines.len();
        let message = match count {
            1 => error.message.clone(),
            _ => format!("{count} recordings cannot be used; the first: {}", error.message),
        };
        let hint = match error.hint {
            Some(hint) => format!("{hint}; or leave such recordings out with --skip-bad"),
            None => "leave such recordings out with --skip-bad".to_owned(),
        };
        let code = if count == 1 { error.code } else { "SEC-SP-048" };
        Err(RunError::new(error.kind, code, message).at(path).hint(hint))
    }
}

/// All recordings of people, whole.
pub(super) fn whole(people: &[Person], settings: &Settings, bad: &mut Bad) -> Vec<Voice> {
    let hear = |path: &PathBuf| {
        let sound = sound(path, settings)?;
        Ok((frames(&sound, settings, path)?.frames, sound.seconds()))
    };
    let mut voices = Vec::with_capacity(people.len());
    for (person, heard) in people.iter().zip(by_person(people, hear)) {
        let mut voice = Voice::new(&person.name);
        for (path, heard) in person.files.iter().zip(heard) {
            if let Some((frames, seconds)) = bad.take(path, heard) {
                voice.add(&frames, seconds);
            }
        }
        voices.push(voice);
    }
    voices
}

/// What `hear` makes of every recording, in parallel, in order.
fn by_person<T: Send>(
    people: &[Person],
    hear: impl Fn(&PathBuf) -> Result<T, RunError> + Send + Sync,
) -> Vec<Vec<Result<T, RunError>>> {
    let all: Vec<&PathBuf> = people.iter().flat_map(|person| &person.files).collect();
    let mut heard = all.into_par_iter().map(hear).collect::<Vec<_>>().into_iter();
    people.iter().map(|person| heard.by_ref().take(person.files.len()).collect()).collect()
}

/// What is learned from and what is tried.
pub(super) struct Parted {
    pub(super) voices: Vec<Voice>,
    pub(super) trials: Vec<Trial>,
    /// What the reader must know.
    pub(super) warnings: Vec<String>,
}

impl Parted {
    /// The same without people of whom nothing was learned, and without their trials.
    ///
    /// # Errors
    /// When nobody or no trial is left.
    pub(super) fn of_speakers(
        mut self,
        folder: &Path,
        warnings: &mut Vec<String>,
    ) -> Result<Self, RunError> {
        let mut places = Vec::with_capacity(self.voices.len());
        let mut next = 0;
        for voice in &self.voices {
            places.push((!voice.frames.is_empty()).then_some(next));
            if voice.frames.is_empty() {
                warnings.push(format!("{} has nothing to be learned from.", voice.name));
            } else {
                next += 1;
            }
        }
        self.voices.retain(|voice| !voice.frames.is_empty());
        let known = self
            .trials
            .into_iter()
            .filter_map(|trial| Some(Trial { speaker: places[trial.speaker]?, ..trial }));
        self.trials = known.collect();
        if self.voices.is_empty() || self.trials.is_empty() {
            let message = if self.voices.is_empty() {
                "nobody is left to be learned from"
            } else {
                "no trial is left"
            };
            return Err(RunError::new(Kind::Input, "SEC-SP-032", message)
                .at(folder)
                .hint("give longer or more recordings, or another --split"));
        }
        Ok(self)
    }
}

/// Parts of a recording.
struct Pieces {
    learned: Option<Extracted>,
    seconds: f64,
    tried: Vec<Result<Extracted, RunError>>,
    hash: u64,
}

/// Parts the recordings of people.
pub(super) fn parted(
    people: &[Person],
    settings: &Settings,
    parts: &PartArgs,
    bad: &mut Bad,
) -> Parted {
    let (a, b) = parts.split;
    let mut first: HashMap<&Path, bool> = HashMap::new();
    if parts.by == ByWord::File {
        for person in people {
            let learned = (person.files.len() as u64 * a / b) as usize;
            let files = person.files.iter().enumerate();
            first.extend(files.map(|(number, file)| (file.as_path(), number < learned)));
        }
    }
    let hear = |path: &PathBuf| -> Result<Pieces, RunError> {
        let sound = sound(path, settings)?;
        let cut = match first.get(path.as_path()) {
            None => (sound.samples.len() as u64 * a / b) as usize,
            Some(true) => sound.samples.len(),
            Some(false) => 0,
        };
        pieces(&sound, cut, settings, parts.segment, path)
    };
    let mut parted = Parted { voices: Vec::new(), trials: Vec::new(), warnings: Vec::new() };
    let mut known: HashMap<u64, &Path> = HashMap::new();
    let mut silent = 0;
    for (number, (person, heard)) in people.iter().zip(by_person(people, hear)).enumerate() {
        let mut voice = Voice::new(&person.name);
        for (path, heard) in person.files.iter().zip(heard) {
            let Some(pieces) = bad.take(path, heard) else { continue };
            if let Some(other) = known.insert(pieces.hash, path) {
                parted.warnings.push(format!(
                    "{} holds the same sound as {}: where one is learned from and the other tried, the rate flatters.",
                    path.display(),
                    other.display()
                ));
            }
            if let Some(learned) = pieces.learned {
                voice.add(&learned.frames, pieces.seconds);
            }
            for tried in pieces.tried {
                match tried {
                    Ok(tried) => {
                        parted.trials.push(Trial { speaker: number, frames: tried.frames });
                    }
                    Err(_) => silent += 1,
                }
            }
        }
        parted.voices.push(voice);
    }
    if silent > 0 {
        parted.warnings.push(format!("{silent} trials hold no speech and are left out."));
    }
    parted
}

fn pieces(
    sound: &Sound,
    cut: usize,
    settings: &Settings,
    segment: Option<f64>,
    path: &Path,
) -> Result<Pieces, RunError> {
    let part = |samples: &[f32]| Sound { rate: sound.rate, samples: samples.to_vec() };
    let (before, after) = sound.samples.split_at(cut);
    let learned =
        if before.is_empty() { None } else { Some(frames(&part(before), settings, path)?) };
    let length = segment.map(|seconds| (seconds * f64::from(sound.rate)).round() as usize);
    // A rest that is shorter than a trial is one; what is left over behind whole ones is dropped.
    let tried: Vec<&[f32]> = match length {
        _ if after.is_empty() => Vec::new(),
        Some(length) if after.len() >= length => after.chunks_exact(length.max(1)).collect(),
        _ => vec![after],
    };
    let mut hash = DefaultHasher::new();
    sound.samples.iter().for_each(|sample| sample.to_bits().hash(&mut hash));
    Ok(Pieces {
        learned,
        seconds: before.len() as f64 / f64::from(sound.rate),
        tried: tried.into_iter().map(|tried| frames(&part(tried), settings, path)).collect(),
        hash: hash.finish(),
    })
}
