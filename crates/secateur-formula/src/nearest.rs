//! The nearest name to one that does not exist.

/// The name with the least edit distance, if it is near enough to be meant.
pub(crate) fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let limit = name.chars().count().max(3) / 3 + 1;
    let near = names.into_iter().map(|other| (distance(name, other), other));
    let best = near.min_by_key(|(distance, _)| *distance)?;
    (best.0 <= limit).then(|| best.1.to_owned())
}

/// The edit distance of Levenshtein, upper and lower case alike.
fn distance(a: &str, b: &str) -> usize {
    let lower = |text: &str| text.to_lowercase().chars().collect::<Vec<char>>();
    let (a, b) = (lower(a), lower(b));
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_what_was_meant_and_nonsense_finds_nothing() {
        let names = ["generator", "queue", "server"];
        assert_eq!(nearest("generater", names), Some("generator".into()));
        assert_eq!(nearest("Qeue", names), Some("queue".into()));
        assert_eq!(nearest("helicopter", names), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
