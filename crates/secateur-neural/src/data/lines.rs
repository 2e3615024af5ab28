//! Texts in the lines of a file: one JSON object a line, as calibration sets are shared.

use std::path::Path;

use serde_json::Value;

use crate::error::NeuralError;

/// The texts of a file, and what the user should know.
///
/// # Errors
/// [`NeuralError::BadLines`] when more than one line in a hundred has no text under `key`.
pub(super) fn texts(
    path: &Path,
    content: &str,
    key: &str,
) -> Result<(Vec<String>, Option<String>), NeuralError> {
    let mut texts = Vec::new();
    let mut bad = Vec::new();
    for (at, line) in content.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match serde_json::from_str::<Value>(line).ok().as_mut().and_then(|v| v.get_mut(key)) {
            Some(Value::String(text)) => texts.push(std::mem::take(text)),
            _ => bad.push(at + 1),
        }
    }
    let all = texts.len() + bad.len();
    if bad.len() * 100 > all {
        let (path, key) = (path.to_owned(), key.to_owned());
        return Err(NeuralError::BadLines { path, key, bad: bad.len(), all, lines: listed(&bad) });
    }
    let warning = (!bad.is_empty()).then(|| {
        let (count, path) = (bad.len(), path.display());
        format!(
            "{path}: {count} of {all} lines have no text {key:?} and are left out: {}",
            listed(&bad)
        )
    });
    Ok((texts, warning))
}

/// The first line numbers.
fn listed(lines: &[usize]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = lines.iter().take(SHOWN).map(usize::to_string).collect();
    let more = if lines.len() > SHOWN { ", ..." } else { "" };
    let name = if lines.len() == 1 { "line" } else { "lines" };
    format!("{name} {}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &str) -> Result<(Vec<String>, Option<String>), NeuralError> {
        texts(Path::new("c4.jsonl"), content, "text")
    }

    #[test]
    fn one_bad_line_in_a_hundred_is_left_out() {
        let good = "{\"text\": \"a \\u00e9\", \"url\": {\"x\": []}}\r\n";
        let (texts, warning) = read(&format!("{}\n{{\"text\": 3}}\n", good.repeat(99))).unwrap();
        assert_eq!((texts.len(), texts[98].as_str()), (99, "a \u{e9}"));
        let warning = warning.unwrap();
        assert!(warning.contains("1 of 100 lines") && warning.ends_with("line 101"), "{warning}");
        assert_eq!(read(good).unwrap().1, None);
    }

    #[test]
    fn more_are_refused_with_their_numbers() {
        let deep = "[".repeat(100_000);
        let content = format!("{{\"text\": \"a\"}}\nno JSON\n{{}}\n{deep}\n[]\n7\n\"\"\n");
        let error = read(&content).unwrap_err().to_string();
        assert_eq!(
            error,
            "6 of 7 lines are no JSON object with a text \"text\": lines 2, 3, 4, 5, 6, ..."
        );
    }
}
