//! Paths that patterns may tell apart.

use std::collections::BTreeSet;

use crate::spec::{PathPattern, Segment};

/// More paths of one pattern than this are not made.
const MAX_PATHS: usize = 256;
/// What stands for any one segment.
const ANY: &str = "x";

/// Paths of each pattern: with its wildcards as nothing of note, and as what other patterns have
/// in their place. Those that a pattern shares with another are among them.
pub(in crate::suite::diff) fn of(patterns: &[&PathPattern]) -> Vec<String> {
    let depth = patterns.iter().map(|pattern| pattern.segments().len()).max().unwrap_or(0) + 2;
    let named: Vec<Vec<&str>> = (0..depth).map(|at| named_at(patterns, at)).collect();
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for pattern in patterns {
        all.extend(of_one(pattern, &named).into_iter().filter(|path| seen.insert(path.clone())));
    }
    let shared = patterns.iter().flat_map(|one| patterns.iter().filter_map(|other| one.overlap(other)));
    all.extend(shared.filter(|path| seen.insert(path.clone())));
    all.sort_by_key(String::len);
    all
}

/// The texts that patterns have at that position, whole or in part.
fn named_at<'p>(patterns: &[&'p PathPattern], at: usize) -> Vec<&'p str> {
    let texts = patterns.iter().filter_map(|pattern| match pattern.segments().get(at)? {
        Segment::Literal(text) | Segment::Starts(text) | Segment::Ends(text) => Some(*text),
        Segment::Any => None,
    });
    let texts: BTreeSet<&str> = texts.filter(|text| !text.is_empty()).collect();
    texts.into_iter().collect()
}

fn of_one(pattern: &PathPattern, named: &[Vec<&str>]) -> Vec<String> {
    let segments = pattern.segments();
    let mut all = vec![String::new()];
    for (at, segment) in segments.iter().enumerate() {
        all = longer(&all, &options(*segment, &named[at]));
    }
    if pattern.has_rest() {
        let mut open = all.clone();
        for names in &named[segments.len()..] {
            open = longer(&open, &options(Segment::Any, names));
            all.extend(open.iter().take(MAX_PATHS).cloned());
        }
    }
    // `/**` without a segment before it stands for at least one.
    all.retain(|path| pattern.matches(path));
    all.truncate(MAX_PATHS * 2);
    all
}

fn longer(all: &[String], options: &[String]) -> Vec<String> {
    let longer = all.iter().flat_map(|path| options.iter().map(move |option| format!("{path}/{option}")));
    longer.take(MAX_PATHS).collect()
}

fn options(segment: Segment<'_>, named: &[&str]) -> Vec<String> {
    let named = named.iter().copied();
    match segment {
        Segment::Literal(text) => vec![text.to_owned()],
        Segment::Any => [ANY].into_iter().chain(named).map(str::to_owned).collect(),
        Segment::Starts(start) => {
            let more = named
                .map(|text| if text.starts_with(start) { text.to_owned() } else { format!("{start}{text}") });
            [format!("{start}{ANY}"), start.to_owned()].into_iter().chain(more).collect()
        }
        Segment::Ends(end) => {
            let more =
                named.map(|text| if text.ends_with(end) { text.to_owned() } else { format!("{text}{end}") });
            [format!("{ANY}{end}"), end.to_owned()].into_iter().chain(more).collect()
        }
    }
}
