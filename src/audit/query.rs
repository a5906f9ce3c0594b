//! Which entries are wanted. Pure.

use memchr::memmem::Finder;
use serde::{Deserialize, Serialize};

use crate::spec::policy::Glob;

use super::event::{Event, Outcome};
use super::raw::{self, Field};

/// Which entries to read; what is not said is not asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Query {
    /// No more than so many, the newest.
    pub limit: usize,
    /// Only entries behind this one.
    pub after_seq: u64,
    /// Only entries of this time or later, in milliseconds since 1970.
    pub since_ms: Option<u64>,
    /// Only entries of an earlier time than this.
    pub before_ms: Option<u64>,
    pub capability: Option<Glob>,
    pub action: Option<Glob>,
    pub caller: Option<Glob>,
    /// One of these; none: any.
    pub outcomes: Vec<Outcome>,
}

/// A query that tells lines apart quickly.
pub(super) struct Sieve<'q> {
    query: &'q Query,
    texts: Vec<(Finder<'static>, &'q Glob)>,
    outcome: Finder<'static>,
}

impl<'q> Sieve<'q> {
    pub(super) fn of(query: &'q Query) -> Self {
        let wanted = [
            (r#","capability":""#, &query.capability),
            (r#","action":""#, &query.action),
            (r#","caller":""#, &query.caller),
        ];
        let texts = wanted.into_iter().filter_map(|(key, glob)| Some((Finder::new(key), glob.as_ref()?)));
        Self { query, texts: texts.collect(), outcome: Finder::new(r#","outcome":""#) }
    }

    /// Whether the line may be wanted: no line that is wanted is let fall.
    pub(super) fn lets_through(&self, line: &[u8]) -> bool {
        let Query { since_ms, before_ms, outcomes, .. } = self.query;
        let is_in_time = raw::time_of(line).is_none_or(|at| {
            since_ms.is_none_or(|since| at >= since) && before_ms.is_none_or(|before| at < before)
        });
        let is_outcome = outcomes.is_empty()
            || match raw::field(line, &self.outcome) {
                Field::Plain(text) => outcomes.iter().any(|outcome| outcome.as_str() == text),
                Field::Absent | Field::Escaped => true,
            };
        is_in_time
            && is_outcome
            && self.texts.iter().all(|(key, glob)| match raw::field(line, key) {
                Field::Plain(text) => glob.matches(text),
                Field::Absent => false,
                Field::Escaped => true,
            })
    }

    /// Whether a line that was let through is wanted for sure, as far as its plain texts tell.
    pub(super) fn is_exact(&self, line: &[u8]) -> bool {
        raw::time_of(line).is_some()
            && self.texts.iter().all(|(key, _)| matches!(raw::field(line, key), Field::Plain(_)))
    }

    pub(super) fn wants(&self, event: &Event) -> bool {
        let Query { since_ms, before_ms, capability, action, caller, outcomes, .. } = self.query;
        let fits = |glob: &Option<Glob>, text: &str| glob.as_ref().is_none_or(|glob| glob.matches(text));
        since_ms.is_none_or(|since| event.ts_ms >= since)
            && before_ms.is_none_or(|before| event.ts_ms < before)
            && (outcomes.is_empty() || outcomes.contains(&event.outcome))
            && fits(action, event.action.as_str())
            && fits(caller, &event.caller)
            && capability
                .as_ref()
                .is_none_or(|glob| event.capability.as_ref().is_some_and(|id| glob.matches(id)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audit::event::Action;
    use crate::audit::line;

    fn glob() -> impl Strategy<Value = Option<Glob>> {
        prop::option::of(prop::sample::select(vec!["a*", "invoke", "*\u{e9}", "x", "*"]))
            .prop_map(|text| text.map(|text| Glob::parse(text).unwrap()))
    }

    fn text() -> impl Strategy<Value = String> {
        prop::sample::select(vec!["a", "ab", "x", "\u{e9}", "a\"b", "\",\"outcome\":\"ok", ""])
            .prop_map(String::from)
    }

    proptest! {
        #[test]
        fn the_sieve_lets_nothing_fall_that_is_wanted(
            since_ms in prop::option::of(0u64..4), before_ms in prop::option::of(0u64..4), ts_ms in 0u64..4,
            capability in glob(), action in glob(), caller in glob(), by in text(), id in prop::option::of(text()),
            outcomes in prop::collection::vec(prop::sample::select(Outcome::ALL), 0..3),
            outcome in prop::sample::select(Outcome::ALL)
        ) {
            let query =
                Query { since_ms, before_ms, capability, action, caller, outcomes, ..Query::default() };
            let event = Event { capability: id, ..Event::new(ts_ms, by, Action::Invoke, outcome) };
            let mut body = Vec::new();
            line::write_body(&mut body, 1, &event).unwrap();
            let sieve = Sieve::of(&query);
            prop_assert!(sieve.lets_through(&body) || !sieve.wants(&event));
        }
    }
}
