//! Names of columns: units in headers, lookup.

use super::error::TableError;

/// The name of a column, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name without its unit.
    pub text: String,
    /// The unit that stood in brackets behind it.
    pub unit: Option<String>,
    /// What the header has.
    pub header: String,
}

/// What stands before brackets that hold an argument and no unit.
const FUNCTIONS: [&str; 12] =
    ["exp", "ln", "log", "log2", "log10", "sqrt", "abs", "sin", "cos", "tan", "f", "g"];

impl Name {
    /// Takes a header apart: `cement (kg/m3)`, `age [day]`.
    pub fn of_header(header: &str) -> Self {
        let header = header.split_whitespace().collect::<Vec<_>>().join(" ");
        let whole = || Self { text: header.clone(), unit: None, header: header.clone() };
        let (open, close) = match header.chars().last() {
            Some(')') => ('(', ')'),
            Some(']') => ('[', ']'),
            _ => return whole(),
        };
        let mut depth = 0;
        let opening = header.char_indices().rev().find(|(_, c)| {
            depth += i32::from(*c == close) - i32::from(*c == open);
            depth == 0
        });
        let Some((at, _)) = opening else { return whole() };
        let name = header[..at].trim();
        let unit = header[at + 1..header.len() - 1].trim();
        let is_function =
            FUNCTIONS.iter().any(|function| header[..at].eq_ignore_ascii_case(function));
        if name.is_empty() || unit.is_empty() || is_function {
            return whole();
        }
        Self { text: name.to_owned(), unit: Some(unit.to_owned()), header: header.clone() }
    }

    /// Takes headers apart; where two names differ in their units alone, both keep them.
    pub(super) fn of_headers(headers: &[String]) -> Vec<Self> {
        let mut names: Vec<Self> = headers.iter().map(|header| Self::of_header(header)).collect();
        let mut order: Vec<usize> = (0..names.len()).collect();
        order.sort_by(|a, b| names[*a].text.cmp(&names[*b].text));
        let same = |a: &usize, b: &usize| names[*a].text == names[*b].text;
        let twice = order.chunk_by(same).filter(|chunk| chunk.len() > 1);
        let twice: Vec<usize> = twice.flatten().copied().collect();
        for index in twice {
            let header = names[index].header.clone();
            names[index].text = header;
        }
        names
    }
}

/// Letters of a part of a name that is looked for.
const PART_MIN: usize = 3;

/// The column of a name: as the header has it, then without the unit, then without regard to
/// upper and lower case, then the only one whose name has it as a part.
///
/// # Errors
/// [`TableError::NoColumn`] with the nearest name, [`TableError::Ambiguous`].
pub fn find(name: &str, names: &[Name]) -> Result<usize, TableError> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let lower = name.to_lowercase();
    let ways: [&dyn Fn(&Name) -> bool; 5] = [
        &|other| other.header == name,
        &|other| other.text == name,
        &|other| other.header.to_lowercase() == lower,
        &|other| other.text.to_lowercase() == lower,
        &|other| lower.len() >= PART_MIN && other.text.to_lowercase().contains(&lower),
    ];
    for way in ways {
        let found: Vec<usize> = (0..names.len()).filter(|index| way(&names[*index])).collect();
        match found[..] {
            [] => {}
            [index] => return Ok(index),
            _ => {
                let candidates: Vec<&str> =
                    found.iter().map(|index| names[*index].header.as_str()).collect();
                let candidates = candidates.join(", ");
                return Err(TableError::Ambiguous { name: name.clone(), candidates });
            }
        }
    }
    let near = nearest(&lower, names);
    Err(TableError::NoColumn { name, near })
}

/// Most names that a message lists.
const LISTED: usize = 12;

/// What a message says about the names that there are.
fn nearest(lower: &str, names: &[Name]) -> String {
    if let Some(name) = secateur_core::nearest(lower, names.iter().map(|name| name.text.as_str())) {
        return format!("; did you mean {name:?}?");
    }
    let mut listed: Vec<&str> = names.iter().take(LISTED).map(|name| name.text.as_str()).collect();
    if names.len() > LISTED {
        listed.push("...");
    }
    format!("; there are {}", listed.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &str, text: &str, unit: Option<&str>) {
        let name = Name::of_header(header);
        assert_eq!((name.text.as_str(), name.unit.as_deref()), (text, unit), "{header:?}");
    }

    #[test]
    fn units_are_split_off() {
        check("cement (kg/m3)", "cement", Some("kg/m3"));
        check("age [day]", "age", Some("day"));
        check("speed[m/(s)]", "speed", Some("m/(s)"));
        check(
            "Cement (component 1)(kg in a m^3 mixture)",
            "Cement (component 1)",
            Some("kg in a m^3 mixture"),
        );
        check("Strength(MPa, megapascals) ", "Strength", Some("MPa, megapascals"));
        check("log(price)", "log(price)", None);
        check("f(x)", "f(x)", None);
        check("(x)", "(x)", None);
        check("x)", "x)", None);
        check("x ()", "x ()", None);
        check("plain", "plain", None);
    }

    #[test]
    fn names_are_found_and_nearly_found() {
        let headers = ["Cement (kg/m3)", "temp (C)", "temp (F)", "Age", "age"].map(str::to_owned);
        let names = Name::of_headers(&headers);
        let find = |name: &str| super::find(name, &names);
        assert_eq!(find("Cement (kg/m3)"), Ok(0));
        assert_eq!(find("Cement"), Ok(0));
        assert_eq!(find("cement"), Ok(0));
        assert_eq!(find("temp (F)"), Ok(2));
        assert_eq!(find("age"), Ok(4));
        assert_eq!(find("AGE").unwrap_err().code(), "SEC-FO-035");
        assert!(find("temp").unwrap_err().to_string().contains("temp (C)"));
        assert!(find("cemnet").unwrap_err().to_string().contains("did you mean \"Cement\"?"));
        assert!(find("zzzzzzzz").unwrap_err().to_string().contains("there are Cement, "));
    }
}
