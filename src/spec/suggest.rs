//! "Did you mean": the known word nearest to the one that was written.

/// The nearest of `known` to `word`, when it is near enough to be a slip.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = word.to_lowercase();
    let scored = known.into_iter().map(|candidate| {
        let score = strsim::normalized_damerau_levenshtein(&folded, &candidate.to_lowercase());
        (candidate, score)
    });
    let best = scored.max_by(|(_, a), (_, b)| a.total_cmp(b))?;
    (best.1 >= 0.5).then_some(best.0)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        assert_eq!(nearest("POTS", ["GET", "POST", "PUT"]), Some("POST"));
        assert_eq!(nearest("post", ["GET", "POST"]), Some("POST"));
        assert_eq!(nearest("metods", ["methods", "paths"]), Some("methods"));
        assert_eq!(nearest("zebra", ["methods", "paths"]), None);
        assert_eq!(nearest("x", []), None);
    }
}
