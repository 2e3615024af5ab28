//! The header of a NIST SPHERE file, as TIMIT and its kin have it: lines of text in 1024 bytes.
//!
//! Source: NIST, 1990, "SPeech HEader REsources" (the file `sphere.doc` of the package).

use super::source::Source;
use super::{Coding, Fault, Layout};

/// Largest header.
const HEADER_MAX: usize = 1 << 16;

/// Reads up to the first sample.
pub(super) fn layout(source: &mut Source) -> Result<Layout, Fault> {
    let head = source.exactly(16, "a header")?;
    let size = std::str::from_utf8(&head[8..16]).ok().and_then(|text| text.trim().parse().ok());
    let Some(size) = size.filter(|size| (32..=HEADER_MAX).contains(size)) else {
        return Err(Fault::header(8, "the second line does not say how long the header is"));
    };
    let rest = source.exactly(size - 16, "a header")?;
    let text = String::from_utf8_lossy(&rest).into_owned();
    let Some(end) = text.find("end_head") else {
        return Err(Fault::header(16, "the header has no line end_head"));
    };
    let text = &text[..end];
    let number = |name: &str| -> Result<u64, Fault> {
        let found = value(text, name);
        let parsed = found.and_then(|value| value.parse().ok());
        parsed.ok_or_else(|| match found {
            Some(value) => Fault::header(16, format!("{name} is {value:?}")),
            None => Fault::header(16, format!("the header does not say {name}")),
        })
    };
    let coding = value(text, "sample_coding").unwrap_or("pcm");
    if coding != "pcm" {
        return Err(Fault::codec(format!("SPHERE with the coding {coding:?}")));
    }
    let bytes = number("sample_n_bytes")?;
    if bytes != 2 {
        return Err(Fault::codec(format!("SPHERE with samples of {bytes} bytes")));
    }
    let order = value(text, "sample_byte_format");
    let coding = match order {
        Some("01") => Coding::S16Le,
        Some("10") => Coding::S16Be,
        _ => return Err(Fault::header(16, format!("sample_byte_format is {order:?}"))),
    };
    let channels = number("channel_count")?;
    let rate = number("sample_rate")?;
    let layout = Layout {
        rate: u32::try_from(rate).unwrap_or(u32::MAX),
        channels: u16::try_from(channels).unwrap_or(u16::MAX),
        coding,
        bytes: None,
        is_open: false,
    };
    layout.check()?;
    let frames = number("sample_count")?;
    if frames == 0 {
        return Err(Fault::Empty { what: "there are no samples".to_owned() });
    }
    let declared = frames.saturating_mul(layout.frame_bytes() as u64);
    if let Some(found) = source.left()
        && found < declared
    {
        return Err(Fault::Cut { what: "sound", declared, found });
    }
    Ok(Layout { bytes: Some(declared), ..layout })
}

/// The value of a line `name -type value`.
fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some(name) && words.next().is_some_and(|word| word.starts_with('-')))
            .then(|| words.next())
            .flatten()
    })
}
