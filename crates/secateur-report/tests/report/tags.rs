//! A tiny reader of tags, strict where browsers forgive.

/// Elements without an end.
const VOID: [&str; 4] = ["meta", "link", "br", "input"];
/// Elements whose content is not markup.
const RAW: [&str; 2] = ["script", "style"];

/// Panics unless every element is closed by its own end tag, in order, and every attribute value
/// is quoted.
#[track_caller]
pub(crate) fn balanced(page: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page.strip_prefix("<!doctype html>").expect("a doctype");
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let (tag, after) = rest.split_at(end_of(rest));
        rest = &after[1..];
        let name = tag.trim_start_matches('/').split([' ', '\n']).next().unwrap_or("");
        assert!(name.bytes().all(|b| b.is_ascii_alphanumeric()), "odd tag <{}", shown(tag));
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "</{name}> closes something else");
        } else if !VOID.contains(&name) {
            open.push(name);
        }
        if RAW.contains(&name) && !tag.starts_with('/') {
            let end = rest.find(&format!("</{name}>")).expect("raw text ends");
            rest = &rest[end..];
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
}

/// The end of a tag, past any quoted value.
fn end_of(text: &str) -> usize {
    let mut quoted = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'>' if !quoted => return at,
            b'<' if !quoted => panic!("< inside a tag: {}", shown(text)),
            _ => {}
        }
    }
    panic!("a tag without an end: {}", shown(text));
}

fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

/// Panics when an attribute or a style would load something.
#[track_caller]
pub(crate) fn self_contained(page: &str) {
    for attribute in [" src=", " href=", " srcset=", " data=", " action=", " poster="] {
        for value in page.split(attribute).skip(1) {
            let value = value.trim_start_matches('"');
            let inside = value.starts_with('#') || value.starts_with("data:");
            assert!(inside, "{attribute} from outside: {}", shown(value));
        }
    }
    assert!(!page.contains("@import"), "a style from outside");
    assert!(!page.contains("url("), "a style loads something");
}

/// Panics when a character that cannot be seen is in the text, line breaks aside.
#[track_caller]
pub(crate) fn no_hidden(text: &str) {
    let hidden = |c: &char| {
        c.is_control() && *c != '\n'
            || matches!(*c as u32, 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff)
    };
    assert_eq!(text.chars().find(hidden), None);
}

/// Separators of cells in a row of a Markdown table.
pub(crate) fn pipes(row: &str) -> usize {
    row.replace("\\|", "").matches('|').count()
}

#[test]
fn the_reader_can_fail() {
    for page in ["<p>", "<p></b>", "<p><b></p></b>", "</p>", "<p a=\"<b\"", "<p <b>"] {
        let page = format!("<!doctype html>{page}");
        assert!(std::panic::catch_unwind(|| balanced(&page)).is_err(), "{page}");
    }
    balanced("<!doctype html><p a=\"x>y\">b<br></p><script>if (a<b) {}</script>");
    assert!(std::panic::catch_unwind(|| no_hidden("a\u{202e}")).is_err());
}
