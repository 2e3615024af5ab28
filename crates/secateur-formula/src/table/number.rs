//! What a field holds.

use super::Decimal;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Field {
    Number(f64),
    Missing,
    /// Written as a number, but infinite or too large.
    NotFinite,
    /// A number but for its decimal comma.
    DecimalComma,
    Text,
}

/// Reads a field.
pub(super) fn read(field: &[u8], decimal: Decimal) -> Field {
    let field = field.trim_ascii();
    let Ok(text) = std::str::from_utf8(field) else { return Field::Text };
    let value = match decimal {
        Decimal::Point => text.parse(),
        Decimal::Comma => with_point(text).parse(),
    };
    match value {
        Ok(value) if f64::is_finite(value) => Field::Number(value),
        Ok(value) if value.is_nan() => Field::Missing,
        Ok(_) => Field::NotFinite,
        Err(_) => without_number(text, decimal),
    }
}

/// The text with a comma as point. A point beside it would be of thousands, so it is none.
fn with_point(text: &str) -> String {
    if text.contains('.') { String::from("?") } else { text.replacen(',', ".", 1) }
}

fn without_number(text: &str, decimal: Decimal) -> Field {
    if is_missing(text) {
        return Field::Missing;
    }
    let is_comma = decimal == Decimal::Point
        && text.contains(',')
        && with_point(text).parse::<f64>().is_ok_and(f64::is_finite);
    if is_comma { Field::DecimalComma } else { Field::Text }
}

/// The ways in which a missing value is written.
fn is_missing(text: &str) -> bool {
    let words = ["na", "n/a", "#n/a", "nan", "null", "none", "?"];
    text.is_empty() || words.iter().any(|word| text.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Field) {
        assert_eq!(read(text.as_bytes(), Decimal::Point), expect, "{text:?}");
    }

    #[test]
    fn fields_are_told_apart() {
        check(" 1.5 ", Field::Number(1.5));
        check("-1e-3", Field::Number(-0.001));
        check("+7", Field::Number(7.0));
        check("1e400", Field::NotFinite);
        check("-inf", Field::NotFinite);
        check("Infinity", Field::NotFinite);
        for missing in ["", " ", "NA", "nan", "NaN", "?", "null", "N/A"] {
            check(missing, Field::Missing);
        }
        check("1,5", Field::DecimalComma);
        check("1,234.5", Field::Text);
        check("1,2,3", Field::Text);
        check("12 kg", Field::Text);
        check("0x10", Field::Text);
    }

    #[test]
    fn decimal_commas_are_read_when_asked_for() {
        assert_eq!(read(b"1,5", Decimal::Comma), Field::Number(1.5));
        assert_eq!(read(b"-2", Decimal::Comma), Field::Number(-2.0));
        assert_eq!(read(b"1.234,5", Decimal::Comma), Field::Text);
        assert_eq!(read(b"1.5", Decimal::Comma), Field::Text);
        assert_eq!(read(b"?", Decimal::Comma), Field::Missing);
    }
}
