//! The door of structures: the language, JSON, SESToPy or XML, and everything that is done with
//! what was read.

use secateur_ses::check::check;
use secateur_ses::devs::models::Registry;
use secateur_ses::diff::diff;
use secateur_ses::family::Family;
use secateur_ses::flatten::flatten;
use secateur_ses::format::{Document, Format, read, write};
use secateur_ses::model::Ses;
use secateur_ses::pes::{Pes, Stage};
use secateur_ses::prune::{Request, Resume, prune, resume};
use secateur_ses::transform::transform;

/// Most entities of what is pruned.
const ENTITIES_MAX: u64 = 2000;

/// A structure or a result. What was read, is sound and was written can be read again.
pub fn door(bytes: &[u8]) {
    match read(bytes) {
        Ok(Document::Ses(ses)) => structure(&ses),
        Ok(Document::Pes(pes)) => result(*pes),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn structure(ses: &Ses) {
    let sound = !check(ses).iter().any(|finding| finding.is_error);
    let document = Document::Ses(Box::new(ses.clone()));
    for format in [Format::Language, Format::Json, Format::Sestopy, Format::Sestools] {
        if let Ok((text, _)) = write(&document, format)
            && sound
        {
            let again = read(text.as_bytes());
            assert!(again.is_ok(), "{format:?}: {:?}\n{text}", again.err());
        }
    }
    let request =
        Request { entities_max: ENTITIES_MAX, leave_open: true, depth: 2, ..Request::default() };
    if let Ok(pruned) = prune(ses, &request) {
        result(pruned.pes);
    }
    if let Ok(family) = Family::new(ses, &request)
        && family.count().bits() > 0
    {
        let _ = family.member(&(family.count() - 1_u32));
    }
}

fn result(pes: Pes) {
    if let Ok(flat) = flatten(&pes) {
        let _ = transform(&flat, &Registry::ready());
    }
    let _ = transform(&pes, &Registry::ready());
    let document = Document::Pes(Box::new(pes.clone()));
    for format in [Format::Json, Format::Sestopy, Format::Dot, Format::Mermaid] {
        let Ok((text, _)) = write(&document, format) else { continue };
        if matches!(format, Format::Json | Format::Sestopy) {
            match read(text.as_bytes()) {
                Ok(Document::Pes(again)) if format == Format::Json => {
                    assert!(diff(&pes, &again).is_empty(), "{text}");
                }
                Ok(_) => {}
                Err(error) => panic!("{format:?}: {error}\n{text}"),
            }
        }
    }
    if pes.stage == Stage::Ipes {
        let _ = resume(pes, &Resume { leave_open: true, ..Resume::default() });
    }
}
