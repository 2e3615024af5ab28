//! Files: which formats there are, and how one is told from the other.

pub mod draw;
pub mod json;
pub mod sestools;
pub mod sestopy;
pub mod tree;

use crate::error::SesError;
use crate::language;
use crate::model::Ses;
use crate::pes::{Pes, Stage};
use crate::place::Place;

/// What a file holds.
#[derive(Clone, Debug)]
pub enum Document {
    /// A structure.
    Ses(Box<Ses>),
    /// A pruned one.
    Pes(Box<Pes>),
}

/// Formats, told by the ending of a file's name when writing and by its beginning when reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The language.
    Language,
    /// Our JSON.
    Json,
    /// SESToPy.
    Sestopy,
    /// XML of SESTools.
    Sestools,
    /// Graphviz.
    Dot,
    /// Mermaid.
    Mermaid,
}

impl Format {
    /// The format of an ending, without the dot.
    pub fn of_ending(ending: &str) -> Option<Self> {
        Some(match ending.to_ascii_lowercase().as_str() {
            "ses" => Self::Language,
            "json" | "pes" | "ipes" | "fpes" => Self::Json,
            "jsonsestree" => Self::Sestopy,
            "xml" => Self::Sestools,
            "dot" | "gv" => Self::Dot,
            "mmd" | "mermaid" => Self::Mermaid,
            _ => return None,
        })
    }
}

/// Reads a document of any format that can be read.
///
/// # Errors
/// Those of the format; [`SesError::Syntax`] for bytes that are no UTF-8.
pub fn read(bytes: &[u8]) -> Result<Document, SesError> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let place = Place::Byte(error.valid_up_to() as u64);
            return Err(SesError::Syntax { place, what: "this is no UTF-8".into() });
        }
    };
    let start = text.trim_start_matches('\u{feff}').trim_start();
    if start.starts_with('<') {
        Ok(Document::Ses(Box::new(sestools::read(text.trim_start_matches('\u{feff}'))?)))
    } else if start.starts_with('{') {
        json::read(start)
    } else if start.starts_with("SES JSON") || start.starts_with('[') {
        sestopy::read(text)
    } else {
        Ok(Document::Ses(Box::new(language::read(text)?)))
    }
}

/// Writes a document, with what the format had no place for.
///
/// # Errors
/// [`SesError::Format`] when the format cannot hold it.
pub fn write(document: &Document, format: Format) -> Result<(String, Vec<String>), SesError> {
    let text = match (format, document) {
        (Format::Dot, _) => draw::dot(document),
        (Format::Mermaid, _) => draw::mermaid(document),
        (Format::Language, Document::Ses(ses)) => language::write(ses),
        (Format::Json, Document::Ses(ses)) => tree::write(ses),
        (Format::Sestopy, Document::Ses(ses)) => sestopy::write_ses(ses)?,
        (Format::Sestools, Document::Ses(ses)) => return Ok(sestools::write(ses)),
        (Format::Json, Document::Pes(pes)) => json::write_pes(pes),
        (Format::Sestopy, Document::Pes(pes)) => sestopy::write_pes(pes)?,
        (Format::Language | Format::Sestools, Document::Pes(pes)) => {
            let as_ses = back(pes)?;
            return write(&Document::Ses(Box::new(as_ses)), format);
        }
    };
    Ok((text, Vec::new()))
}

/// A pruned structure as a structure in which nothing is left to decide.
///
/// # Errors
/// [`SesError::Format`] for an incomplete one.
fn back(pes: &Pes) -> Result<Ses, SesError> {
    if pes.stage == Stage::Ipes {
        let what = "decisions that are still open".to_owned();
        return Err(SesError::Format { format: "a text", what });
    }
    let text = sestopy::write_pes(pes)?;
    let text = text.replacen(&format!("[[\"{}\"", pes.stage.word()), "[[\"ses\"", 1);
    match sestopy::read(&text)? {
        Document::Ses(ses) => Ok(*ses),
        Document::Pes(_) => {
            Err(SesError::Format { format: "a text", what: "this structure".to_owned() })
        }
    }
}
