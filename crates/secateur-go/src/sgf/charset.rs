//! How the text of a file is stored.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{BIG5, EUC_KR, Encoding, GBK, SHIFT_JIS, UTF_8};

use crate::error::GoError;

/// Charsets where a bracket may be the second byte of a character.
static HIDING: [&Encoding; 3] = [SHIFT_JIS, GBK, BIG5];

/// A charset, and others to try where the file makes no sense in it.
pub(super) type Charsets = (&'static Encoding, &'static [&'static Encoding]);

/// The charset of a file: what its first `CA` names; without it UTF-8 when the bytes are that,
/// and else the likeliest by the frequencies of letters, with others
/// to try, as a few names may mislead.
///
/// # Errors
/// [`GoError::Charset`] for UTF-16 and for names that are not known, where the bytes are not
/// ASCII.
pub(super) fn charsets(bytes: &[u8]) -> Result<Charsets, GoError> {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        let unknown = GoError::Charset { name: encoding.name().to_owned(), offset: 0 };
        return if encoding == UTF_8 { Ok((UTF_8, &[])) } else { Err(unknown) };
    }
    let Some((offset, name)) = declared(bytes) else { return Ok(guessed(bytes)) };
    match by_name(&name) {
        Some(encoding) if encoding == UTF_8 => Ok(declared_utf8(bytes)),
        Some(encoding) if encoding.is_ascii_compatible() || is_shifting(bytes) => {
            Ok((encoding, &[]))
        }
        _ if bytes.is_ascii() => Ok((UTF_8, &[])),
        _ => Err(GoError::Charset { name, offset }),
    }
}

/// The value of the first `CA` and where it stands.
fn declared(bytes: &[u8]) -> Option<(usize, String)> {
    let named = |at: &usize| {
        bytes[*at..].starts_with(b"CA[") && !(*at > 0 && bytes[at - 1].is_ascii_alphabetic())
    };
    let offset = (0..bytes.len()).find(named)?;
    let rest = &bytes[offset + 3..];
    let end = rest.iter().take(40).position(|byte| *byte == b']')?;
    let name = String::from_utf8_lossy(&rest[..end]).trim().to_ascii_lowercase();
    (!name.is_empty()).then_some((offset, name))
}

/// The names of the Encoding Standard, which has those of RFC 1345 that are in use, and of
/// Windows' code pages.
fn by_name(name: &str) -> Option<&'static Encoding> {
    match name {
        "ascii" | "us-ascii" => Some(UTF_8),
        "cp932" => Some(SHIFT_JIS),
        "cp936" => Some(GBK),
        "cp949" => Some(EUC_KR),
        "cp950" => Some(BIG5),
        _ => Encoding::for_label_no_replacement(name.as_bytes()),
    }
}

/// Some programs write `CA[UTF-8]` into files of another charset. Where a character of UTF-8
/// comes before the first fault, the file is damaged UTF-8.
fn declared_utf8(bytes: &[u8]) -> Charsets {
    let valid = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
    if bytes[..valid].is_ascii() { guessed(bytes) } else { (UTF_8, &[]) }
}

/// Whether there are the escapes with which ISO-2022-JP changes its set of characters.
fn is_shifting(bytes: &[u8]) -> bool {
    bytes.is_ascii() && bytes.contains(&0x1b)
}

fn guessed(bytes: &[u8]) -> Charsets {
    if std::str::from_utf8(bytes).is_ok() && !is_shifting(bytes) {
        return (UTF_8, &[]);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    (detector.guess(None, Utf8Detection::Deny), &HIDING)
}
