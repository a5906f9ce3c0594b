//! Texts that globs and predicates may tell apart.

use super::{numbers, scalars};
use crate::spec::policy::{Glob, Pred, Scalar};

/// Texts of more characters than this are not made.
const MAX_LENGTH: u64 = 4096;
/// More samples of one glob than this are not made.
const MAX_SAMPLES: usize = 12;

/// Texts that one of the globs matches, and texts near to them.
pub(in crate::suite::diff) fn of_globs<'g>(globs: impl IntoIterator<Item = &'g Glob>) -> Vec<String> {
    let globs: Vec<&Glob> = globs.into_iter().collect();
    let mut all: Vec<String> = globs.iter().flat_map(|glob| samples(glob.as_str())).collect();
    let pairs: Vec<String> = globs
        .iter()
        .flat_map(|one| globs.iter().map(move |other| (one, other)))
        .filter_map(|(one, other)| {
            Some(format!("{}{}", samples(one.as_str()).first()?, samples(other.as_str()).first()?))
        })
        .take(64)
        .collect();
    all.extend(pairs);
    let longer: Vec<String> = all.iter().take(64).map(|text| format!("{text}x")).collect();
    all.extend(longer);
    all
}

/// Texts that predicates may tell apart, the plainest first.
pub(in crate::suite::diff) fn of_preds(preds: &[&Pred]) -> Vec<String> {
    let mut all: Vec<String> = preds.iter().flat_map(|pred| scalars(pred)).map(text_of).collect();
    all.extend(numbers(preds).iter().map(ToString::to_string));
    all.extend(["1", "true", ""].map(str::to_owned));
    all.extend(in_json(preds));
    distinct(all)
}

/// Texts of a JSON body that predicates may tell apart: one that spells a number is none there.
pub(in crate::suite::diff) fn in_json(preds: &[&Pred]) -> Vec<String> {
    let texts = preds.iter().flat_map(|pred| scalars(pred)).filter(|one| matches!(one, Scalar::Text(_)));
    let mut all: Vec<String> = texts.map(text_of).collect();
    all.extend(of_globs(preds.iter().filter_map(|pred| pred.glob.as_ref())));
    for most in preds.iter().filter_map(|pred| pred.max_len).filter(|most| *most < MAX_LENGTH) {
        let length = usize::try_from(most).unwrap_or(0);
        all.extend([length, length + 1].map(|length| "x".repeat(length)));
    }
    all.extend(["x", ""].map(str::to_owned));
    distinct(all)
}

fn distinct(mut all: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|text| seen.insert(text.clone()));
    all
}

fn text_of(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Bool(value) => value.to_string(),
        Scalar::Number(value) => value.to_string(),
        Scalar::Text(value) => value.clone(),
    }
}

/// Some texts that a glob matches: each `*` as nothing and as a letter, each choice as every option.
fn samples(glob: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut rest = glob.chars();
    while let Some(character) = rest.next() {
        let options: Vec<String> = match character {
            '*' => vec!["x".to_owned(), String::new()],
            '?' => vec!["x".to_owned()],
            '\\' => vec![rest.next().map(String::from).unwrap_or_default()],
            '[' => class(rest.by_ref().take_while(|c| *c != ']').collect::<String>().as_str()),
            '{' => {
                let group: String = rest.by_ref().take_while(|c| *c != '}').collect();
                group.split(',').flat_map(samples).collect()
            }
            plain => vec![plain.to_string()],
        };
        let longer = all.iter().flat_map(|text| options.iter().map(move |option| format!("{text}{option}")));
        all = longer.take(MAX_SAMPLES).collect();
    }
    all
}

/// A character of a class such as `a-z` or `!0-9`.
fn class(class: &str) -> Vec<String> {
    match class.strip_prefix(['!', '^']) {
        Some(not) => {
            ["x", "1", "-", "Z"].into_iter().filter(|one| !not.contains(one)).map(str::to_owned).collect()
        }
        None => class.chars().filter(|c| *c != '-').map(String::from).collect(),
    }
}
