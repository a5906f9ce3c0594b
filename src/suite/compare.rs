//! Two texts line by line: what is gone, what is new, and what stayed.

/// One line of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Same(String),
    Gone(String),
    New(String),
}

/// Beyond this many lines a text is shown as replaced whole: the search takes their product.
const MAX_LINES: usize = 1000;

/// The lines of both, in order, by their longest common subsequence.
#[must_use]
pub fn unified(old: &str, new: &str) -> Vec<Change> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let mut changes = Vec::with_capacity(old.len().max(new.len()));
    let (mut a, mut b) = (0, 0);
    if old.len() <= MAX_LINES && new.len() <= MAX_LINES {
        let common = common_lengths(&old, &new);
        while a < old.len() && b < new.len() {
            if old[a] == new[b] {
                changes.push(Change::Same(old[a].to_owned()));
                (a, b) = (a + 1, b + 1);
            } else if common[a + 1][b] >= common[a][b + 1] {
                changes.push(Change::Gone(old[a].to_owned()));
                a += 1;
            } else {
                changes.push(Change::New(new[b].to_owned()));
                b += 1;
            }
        }
    }
    changes.extend(old[a..].iter().map(|line| Change::Gone((*line).to_owned())));
    changes.extend(new[b..].iter().map(|line| Change::New((*line).to_owned())));
    changes
}

/// For each pair of tails, how many lines they have in common.
fn common_lengths(old: &[&str], new: &[&str]) -> Vec<Vec<usize>> {
    let mut lengths = vec![vec![0; new.len() + 1]; old.len() + 1];
    for a in (0..old.len()).rev() {
        for b in (0..new.len()).rev() {
            lengths[a][b] = if old[a] == new[b] {
                lengths[a + 1][b + 1] + 1
            } else {
                lengths[a + 1][b].max(lengths[a][b + 1])
            };
        }
    }
    lengths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_line_is_one_gone_and_one_new() {
        let [same, gone, new] =
            [Change::Same, Change::Gone, Change::New].map(|kind| move |text: &str| kind(text.to_owned()));
        assert_eq!(unified("a\nb\nc", "a\nx\nc\nd"), [same("a"), gone("b"), new("x"), same("c"), new("d")]);
        assert_eq!(unified("", "a"), [new("a")]);
        assert_eq!(unified("a", ""), [gone("a")]);
        assert!(unified("a\nb", "a\nb").iter().all(|change| matches!(change, Change::Same(_))));
    }
}
