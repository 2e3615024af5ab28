//! Values put into texts: `"out{}".format(i)` and `"out%d" % i`.

use super::eval::{Outcome, raise};
use super::value::Value;

/// Widest field.
const WIDTH_MAX: usize = 1000;

/// A text with `{}` or `{0}` replaced; `{{` and `}}` stand for braces.
pub(super) fn braces(text: &str, values: &[Value]) -> Outcome<String> {
    let mut out = String::new();
    let mut next = 0;
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let tail = &rest[at + 1..];
        let mark = rest.as_bytes()[at];
        if tail.as_bytes().first() == Some(&mark) {
            out.push(mark as char);
            rest = &tail[1..];
            continue;
        }
        let Some(end) = tail.find('}').filter(|_| mark == b'{') else {
            return raise("ValueError", "a brace of the text is never closed or opened");
        };
        let field = &tail[..end];
        let number = if field.is_empty() {
            next += 1;
            next - 1
        } else {
            let Ok(number) = field.parse::<usize>() else {
                let what = format!("{{{field}}} is not known; {{}} and {{0}} are");
                return raise("ValueError", what);
            };
            number
        };
        let Some(value) = values.get(number) else {
            return raise("IndexError", "format has too few values");
        };
        out.push_str(&value.shown());
        rest = &tail[end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

/// A text with `%s`, `%r`, `%d`, `%i` or `%f` replaced, each with a width and a precision before
/// the letter; `%%` stands for itself.
pub(super) fn percent(text: &str, value: &Value) -> Outcome<String> {
    let values = match value {
        Value::Tuple(items) => items.0.borrow().clone(),
        one => vec![one.clone()],
    };
    let mut values = values.into_iter();
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let tail = &rest[at + 1..];
        let Some(end) = tail.find(|c: char| !(c.is_ascii_digit() || c == '.')) else {
            return raise("ValueError", "the text ends inside of a field");
        };
        let (size, letter) = (&tail[..end], tail.as_bytes()[end]);
        if letter == b'%' && size.is_empty() {
            out.push('%');
        } else {
            let Some(value) = values.next() else {
                return raise("TypeError", "there are too few values for the text");
            };
            out.push_str(&field(size, letter, &value)?);
        }
        rest = tail.get(end + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    if values.next().is_some() {
        return raise("TypeError", "there are more values than the text has fields");
    }
    Ok(out)
}

fn field(size: &str, letter: u8, value: &Value) -> Outcome<String> {
    let (width, precision) = size.split_once('.').unwrap_or((size, ""));
    let zeros = width.starts_with('0');
    let number = |text: &str| if text.is_empty() { Ok(0) } else { text.parse::<usize>() };
    let (Ok(width), Ok(digits)) = (number(width), number(precision)) else {
        return raise("ValueError", format!("%{size} is no width"));
    };
    if width > WIDTH_MAX || digits > WIDTH_MAX {
        return raise("ValueError", format!("a field is at most {WIDTH_MAX} wide"));
    }
    let word = match (letter, value.number()) {
        (b's', _) if precision.is_empty() => value.shown(),
        (b'r', _) if precision.is_empty() => value.repr(),
        (b'd' | b'i', Some(number)) if precision.is_empty() => {
            value.int().map_or_else(|| format!("{:.0}", number.trunc()), |whole| whole.to_string())
        }
        (b'f', Some(number)) => {
            format!("{number:.*}", if precision.is_empty() { 6 } else { digits })
        }
        (b'd' | b'i' | b'f', None) => {
            let what = format!("%{} takes a number, not {}", letter as char, value.class());
            return raise("TypeError", what);
        }
        _ => {
            let shown = (letter as char).escape_default();
            return raise("ValueError", format!("%{size}{shown} is not known; %s %r %d %i %f are"));
        }
    };
    let missing = width.saturating_sub(word.chars().count());
    if zeros && letter != b's' && letter != b'r' {
        let (sign, digits) = word.strip_prefix('-').map_or(("", &*word), |rest| ("-", rest));
        return Ok(format!("{sign}{}{digits}", "0".repeat(missing)));
    }
    Ok(format!("{}{word}", " ".repeat(missing)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_filled_as_python_fills_them() {
        let two = [Value::Int(7), Value::text("x")];
        let braced = |text: &str| braces(text, &two).ok();
        assert_eq!(braced("{}-{}"), Some("7-x".into()));
        assert_eq!(braced("{1}{0}{1}"), Some("x7x".into()));
        assert_eq!(braced("{{{}}}"), Some("{7}".into()));
        for wrong in ["{:02d}", "{name}", "{2}", "{", "}", "{}{}{}"] {
            assert_eq!(braced(wrong), None, "{wrong}");
        }
        let tuple = Value::tuple(vec![Value::Int(-7), Value::Float(2.5), Value::text("é")]);
        let filled = |text: &str, value: &Value| percent(text, value).ok();
        assert_eq!(filled("%d %f %s", &tuple), Some("-7 2.500000 é".into()));
        assert_eq!(filled("%03d|%5.1f|%2s%%", &tuple), Some("-07|  2.5| é%".into()));
        assert_eq!(filled("in%d / SPR", &Value::Int(3)), Some("in3 / SPR".into()));
        assert_eq!(filled("%r", &Value::text("a")), Some("'a'".into()));
        assert_eq!(filled("%d", &Value::Float(3.9)), Some("3".into()));
        for (wrong, value) in [
            ("%d", Value::text("a")),
            ("%q", Value::Int(1)),
            ("%é", Value::Int(1)),
            ("%", Value::Int(1)),
            ("none", Value::Int(1)),
            ("%d%d", Value::Int(1)),
            ("%99999999999999999999d", Value::Int(1)),
            ("%9999999d", Value::Int(1)),
            ("%1.2.3f", Value::Int(1)),
        ] {
            assert_eq!(filled(wrong, &value), None, "{wrong}");
        }
    }
}
