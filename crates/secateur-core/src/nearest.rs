//! The nearest name to one that does not exist.

/// The name with the least edit distance, upper and lower case alike, if it is near enough to be
/// meant.
pub fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let limit = name.chars().count().max(3) / 3 + 1;
    let lower = name.to_lowercase();
    let distance = |other: &str| strsim::osa_distance(&lower, &other.to_lowercase());
    let near = names.into_iter().map(|other| (distance(other), other));
    let best = near.min_by_key(|(distance, _)| *distance)?;
    (best.0 <= limit).then(|| best.1.to_owned())
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
    }
}
