//! Text that comes from files, made harmless and made to fit.

use std::fmt::Write;

/// Most characters of a name on a page.
pub(crate) const NAME_MAX: usize = 160;

/// Whether a character can be neither seen nor trusted: controls, and what reorders or hides.
fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// The text with hidden characters written as `\u{202e}`.
pub(crate) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        push_visible(&mut out, c);
    }
    out
}

/// As [`visible`], with line breaks and tabs kept.
pub(crate) fn visible_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").chars() {
        if matches!(c, '\n' | '\t') { out.push(c) } else { push_visible(&mut out, c) }
    }
    out
}

fn push_visible(out: &mut String, c: char) {
    if hidden(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
}

/// Text for an element or a quoted attribute of HTML or SVG: visible and escaped.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => push_visible(&mut out, c),
        }
    }
    out
}

/// At most `most` characters, the middle left out: the end of a name tells more than its start.
pub(crate) fn clip(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    let head = (most - 1) / 3;
    let tail = most - 1 - head;
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(count - tail).collect();
    format!("{start}…{end}")
}

/// A name: visible, and at most [`NAME_MAX`] characters.
pub(crate) fn name(text: &str) -> String {
    clip(&visible(&clip(text, NAME_MAX)), NAME_MAX)
}

/// Width of a text in pixels, about, in a wide sans-serif face at `size` pixels: faces
/// differ, and a label must fit in all of them.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(advance).sum::<f64>() * size
}

fn advance(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | '('
        | ')' | '[' | ']' | ' ' | 'I' | '/' | '-' => 0.37,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' => 0.95,
        '\u{300}'..='\u{36f}' => 0.0,
        c if c.is_ascii_uppercase() => 0.7,
        c if c.is_ascii() => 0.62,
        c if (c as u32) < 0x1100 => 0.66,
        '\u{2000}'..='\u{22ff}' => 0.8,
        _ => 1.05,
    }
}

/// The text, or as much of it as fits in `px` pixels at `size` pixels.
pub(crate) fn fit(text: &str, size: f64, px: f64) -> String {
    if width(text, size) <= px {
        return text.to_owned();
    }
    let mut most = text.chars().count().min((px / size / 0.3) as usize + 2);
    while most > 1 {
        let shorter = clip(text, most);
        if width(&shorter, size) <= px {
            return shorter;
        }
        most -= 1;
    }
    "…".to_owned()
}

/// One line for a shell: words that need it are quoted, so that pasting runs the same command
/// and shows no hidden character.
pub(crate) fn shell(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,+@%^".contains(c);
    if word.chars().any(hidden) {
        return format!("$'{}'", ansi_quoted(word));
    }
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn ansi_quoted(word: &str) -> String {
    let mut out = String::new();
    for c in word.chars() {
        match c {
            '\'' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if hidden(c) => {
                let code = c as u32;
                let _ = match code {
                    0..0x80 => write!(out, "\\x{code:02x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_shown() {
        assert_eq!(visible("a\u{1b}[31mb\u{202e}c"), r"a\u{1b}[31mb\u{202e}c");
        assert_eq!(visible("층.무게"), "층.무게");
        assert_eq!(visible_lines("a\r\n\tb\u{7}"), "a\n\tb\\u{7}");
    }

    #[test]
    fn markup_is_escaped() {
        assert_eq!(escape(r#"<b a='1'>&"</b>"#), "&lt;b a=&#39;1&#39;&gt;&amp;&quot;&lt;/b&gt;");
    }

    #[test]
    fn names_lose_their_middle() {
        assert_eq!(clip("model.layers.3.q_proj", 12), "mod…3.q_proj");
        assert_eq!(clip("short", 12), "short");
        assert_eq!(name(&"\u{202e}".repeat(500)).chars().count(), NAME_MAX);
    }

    #[test]
    fn what_fits_fits() {
        for px in [10.0, 40.0, 80.0, 200.0] {
            let text = fit("model.layers.12.self_attn.q_proj.weight", 12.0, px);
            assert!(text == "…" || width(&text, 12.0) <= px, "{text} in {px}");
        }
        assert_eq!(fit("q", 12.0, 100.0), "q");
    }

    #[test]
    fn commands_can_be_pasted() {
        let words = ["a", "--x=1", "two words", "it's", "", "$HOME", "e\u{1b}'\u{202e}"];
        let words: Vec<String> = words.map(str::to_owned).to_vec();
        let expect = r"a --x=1 'two words' 'it'\''s' '' '$HOME' $'e\x1b\'\U0000202e'";
        assert_eq!(shell(&words), expect);
    }
}
