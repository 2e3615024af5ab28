//! The bytes of a bank.
//!
//! | offset | bytes | what                                                             |
//! |--------|-------|------------------------------------------------------------------|
//! | 0      | 8     | `SECGMM\r\n`                                                     |
//! | 8      | 4     | version, 1                                                       |
//! | 12     | 4     | zero                                                             |
//! | 16     | 8     | length of the head in bytes                                      |
//! | 24     | 32    | BLAKE3 of the 24 bytes before and the head                       |
//! | 56     | 8     | zero                                                             |
//! | 64     | ...   | the head, JSON: settings, thresholds, and where each model lies  |
//! | ...    | ...   | models at multiples of 64: f32 values in the order of `Packed`   |
//!
//! All numbers are little-endian. Each model has its own BLAKE3 in the head. The file ends where
//! the last model ends, filled to a multiple of 64.

use std::path::Path;

use rayon::prelude::*;
use secateur_tensor::Bytes;
use serde::{Deserialize, Serialize};

use super::{Bank, NAME_MAX, SPEAKERS_MAX, Speaker};
use crate::error::SpeakerError;
use crate::mixture::{COMPONENTS_MAX, Floats, Packed, WIDTH_MAX};
use crate::open_set::Thresholds;

const MAGIC: [u8; 8] = *b"SECGMM\r\n";
const VERSION: u32 = 1;
const ALIGN: usize = 64;
/// Longest head, in bytes.
const HEAD_MAX: u64 = 1 << 30;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    width: usize,
    features: serde_json::Value,
    thresholds: Option<Thresholds>,
    background: Option<Place>,
    speakers: Vec<Entry>,
}

/// Where a model lies.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    components: usize,
    /// Offset from the start of the file.
    at: u64,
    blake3: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    frames: u64,
    seconds: f64,
    model: Place,
}

pub(super) fn read(bytes: &Bytes, path: &Path) -> Result<Bank, SpeakerError> {
    let path = path.to_path_buf();
    let size = bytes.len() as u64;
    let truncated = |what, needed| {
        Err(SpeakerError::Truncated { path: path.clone(), what, needed, found: size })
    };
    let damaged = |what: String| SpeakerError::Damaged { path: path.clone(), what };
    let begins = bytes.len().min(MAGIC.len());
    if bytes[..begins] != MAGIC[..begins] || bytes.is_empty() {
        let what = if bytes.is_empty() { ": it is empty" } else { "" };
        return Err(SpeakerError::Foreign { path, what: what.to_owned() });
    }
    if bytes.len() < ALIGN {
        return truncated("the header", ALIGN as u64);
    }
    let four = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    if four(8) > VERSION {
        return Err(SpeakerError::Version { path, found: four(8), known: VERSION });
    }
    if four(8) != VERSION || four(12) != 0 || bytes[56..64] != [0; 8] {
        return Err(damaged("the header makes no sense".to_owned()));
    }
    let head = u64::from_le_bytes(bytes[16..24].try_into().expect("eight bytes"));
    let Some(end) = head.checked_add(ALIGN as u64).filter(|_| head <= HEAD_MAX) else {
        return Err(damaged("the length of the head makes no sense".to_owned()));
    };
    if end > size {
        return truncated("the head", end);
    }
    let text = &bytes[ALIGN..end as usize];
    if *head_hash(&bytes[..24], text).as_bytes() != bytes[24..56] {
        return Err(damaged("the checksum of the head is wrong".to_owned()));
    }
    let head: Head = serde_json::from_slice(text)
        .map_err(|error| damaged(format!("the head cannot be read: {error}")))?;
    if head.width == 0 || head.width > WIDTH_MAX || head.speakers.len() > SPEAKERS_MAX {
        return Err(damaged("the head has sizes that make no sense".to_owned()));
    }
    if head.thresholds.is_some_and(|t| !t.score.is_finite() || !t.margin.is_finite()) {
        return Err(damaged("a threshold is not finite".to_owned()));
    }
    let model = |place: &Place, name: &str| -> Result<Packed, SpeakerError> {
        if place.components == 0 || place.components > COMPONENTS_MAX {
            return Err(damaged(format!("{name} has {} Gaussians", place.components)));
        }
        let len = Packed::len_of(place.components, head.width) as u64 * 4;
        if place.at < end || !place.at.is_multiple_of(4) {
            return Err(damaged(format!("the model of {name} lies at an impossible place")));
        }
        let Some(last) = place.at.checked_add(len).filter(|last| *last <= size) else {
            let needed = place.at.saturating_add(len);
            let path = path.clone();
            return Err(SpeakerError::Truncated { path, what: "a model", needed, found: size });
        };
        let part = bytes.slice(place.at as usize..last as usize);
        if blake3::hash(&part).to_hex().as_str() != place.blake3 {
            return Err(damaged(format!("the checksum of {name} is wrong")));
        }
        Packed::of_values(head.width, place.components, Floats::of_bytes(part))
            .map_err(|error| damaged(format!("{name}: {error}")))
    };
    let background = head.background.as_ref().map(|place| model(place, "the background model"));
    let background = background.transpose()?;
    let speaker = |entry: &Entry| -> Result<Speaker, SpeakerError> {
        let named = (1..=NAME_MAX).contains(&entry.name.len());
        if !named || !entry.seconds.is_finite() || entry.seconds < 0.0 {
            return Err(damaged("a speaker's entry makes no sense".to_owned()));
        }
        let Entry { name, frames, seconds, .. } = entry;
        let model = model(&entry.model, name)?;
        Ok(Speaker { name: name.clone(), frames: *frames, seconds: *seconds, model })
    };
    let speakers: Vec<_> = head.speakers.par_iter().map(speaker).collect();
    // The first error in order, whichever thread was first.
    let speakers = speakers.into_iter().collect::<Result<Vec<_>, _>>()?;
    let bank = Bank {
        width: head.width,
        features: head.features,
        thresholds: head.thresholds,
        background,
        speakers,
    };
    if bank.names_differ() {
        Ok(bank)
    } else {
        Err(damaged("two speakers share a name".to_owned()))
    }
}

fn head_hash(header: &[u8], text: &[u8]) -> blake3::Hash {
    blake3::Hasher::new().update(header).update(text).finalize()
}

pub(super) fn write(bank: &Bank) -> Vec<u8> {
    let models: Vec<&Packed> =
        bank.background.iter().chain(bank.speakers.iter().map(|s| &s.model)).collect();
    let parts: Vec<Vec<u8>> = models
        .par_iter()
        .map(|model| model.values().iter().flat_map(|value| value.to_le_bytes()).collect())
        .collect();
    let hashes: Vec<String> =
        parts.par_iter().map(|part| blake3::hash(part).to_hex().to_string()).collect();
    // Offsets are part of the head whose length they depend on: lengthened until it fits.
    let mut start = ALIGN;
    let head = loop {
        let head = head(bank, start, &models, &parts, &hashes);
        let needed = (ALIGN + head.len()).next_multiple_of(ALIGN);
        if needed <= start {
            break head;
        }
        start = needed;
    };
    let all: usize = parts.iter().map(|part| part.len().next_multiple_of(ALIGN)).sum();
    let mut bytes = Vec::with_capacity(start + all);
    bytes.extend(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend((head.len() as u64).to_le_bytes());
    let hash = head_hash(&bytes, &head);
    bytes.extend(hash.as_bytes());
    bytes.extend([0; 8]);
    bytes.extend(&head);
    bytes.resize(start, 0);
    for part in parts {
        bytes.extend(part);
        bytes.resize(bytes.len().next_multiple_of(ALIGN), 0);
    }
    bytes
}

/// The head when the first model lies at `start`.
fn head(
    bank: &Bank,
    start: usize,
    models: &[&Packed],
    parts: &[Vec<u8>],
    hashes: &[String],
) -> Vec<u8> {
    let mut at = start as u64;
    let mut places = models.iter().zip(parts).zip(hashes).map(|((model, part), hash)| {
        let place = Place { components: model.components(), at, blake3: hash.clone() };
        at += part.len().next_multiple_of(ALIGN) as u64;
        place
    });
    let background = bank.background.as_ref().and_then(|_| places.next());
    let entry = |(speaker, model): (&Speaker, Place)| Entry {
        name: speaker.name.clone(),
        frames: speaker.frames,
        seconds: speaker.seconds,
        model,
    };
    let speakers = bank.speakers.iter().zip(places).map(entry).collect();
    let head = Head {
        width: bank.width,
        features: bank.features.clone(),
        thresholds: bank.thresholds,
        background,
        speakers,
    };
    serde_json::to_vec(&head).expect("strings and finite numbers can be written")
}
