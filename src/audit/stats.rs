//! How many calls there were, by capability and by day; in bounded memory, whatever callers named.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use memchr::memmem::Finder;
use serde::{Deserialize, Serialize};

use super::error::AuditError;
use super::event::{Action, Event, Outcome};
use super::line;
use super::query::{Query, Sieve};
use super::raw::{self, Field};
use super::read::{Place, backwards};

const DAY_MS: u64 = 86_400_000;
/// Callers may name what does not exist, and as many of that as they like.
const MOST_CAPABILITIES: usize = 1000;
/// What the rest is counted under.
const OTHERS: &str = "(others)";

/// How calls were decided, and how many of those that were allowed failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calls {
    pub allowed: u64,
    pub denied: u64,
    pub failed: u64,
}

/// The calls of one capability.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfCapability {
    #[serde(flatten)]
    pub calls: Calls,
    /// How many were decided on each day, by its number since 1970.
    pub days: BTreeMap<u64, u64>,
}

/// What was counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stats {
    /// Entries of all kinds.
    pub entries: u64,
    pub calls: Calls,
    pub capabilities: BTreeMap<String, OfCapability>,
    /// By the day's number since 1970.
    pub days: BTreeMap<u64, Calls>,
    /// Lines that are no entries.
    pub damaged: u64,
}

/// Counts the entries that are asked for; the query's limit does not hold here. Says as well from where the log
/// has to be checked for the counts to be believed.
///
/// # Errors
/// [`AuditError::Absent`] when there is no log; else what kept it from being read.
pub fn stats(folder: &Path, query: &Query) -> Result<(Stats, Option<Place>), AuditError> {
    let (sieve, columns) = (Sieve::of(query), Columns::new());
    let (mut stats, mut from) = (Stats::default(), None);
    backwards(folder, |found, place| {
        match found {
            Some(text) if !sieve.lets_through(text) => {}
            Some(text) => match columns.of(text, &sieve) {
                Some(Counted::Entry(entry)) => stats.count(&entry),
                Some(Counted::Other) => {}
                None => stats.damaged += 1,
            },
            None => stats.damaged += 1,
        }
        from = Some(place);
        ControlFlow::Continue(())
    })?;
    Ok((stats, from))
}

/// What is counted of an entry.
struct Row {
    ts_ms: u64,
    action: Option<Action>,
    outcome: Option<Outcome>,
    capability: Option<String>,
}

enum Counted {
    Entry(Row),
    /// It was not asked for.
    Other,
}

/// The keys of the fields that are counted.
struct Columns {
    action: Finder<'static>,
    outcome: Finder<'static>,
    capability: Finder<'static>,
}

impl Columns {
    fn new() -> Self {
        Self {
            action: Finder::new(r#","action":""#),
            outcome: Finder::new(r#","outcome":""#),
            capability: Finder::new(r#","capability":""#),
        }
    }

    /// None when the line is no entry.
    fn of(&self, text: &[u8], sieve: &Sieve<'_>) -> Option<Counted> {
        let fields = [&self.action, &self.outcome, &self.capability].map(|key| raw::field(text, key));
        if sieve.is_exact(text)
            && let [Field::Plain(action), Field::Plain(outcome), capability] = fields
            && capability != Field::Escaped
        {
            let capability = if let Field::Plain(id) = capability { Some(id.to_owned()) } else { None };
            return Some(Counted::Entry(Row {
                ts_ms: raw::time_of(text)?,
                action: Action::ALL.iter().copied().find(|known| known.as_str() == action),
                outcome: Outcome::ALL.iter().copied().find(|known| known.as_str() == outcome),
                capability,
            }));
        }
        let event = line::event_of(&line::split(text)?)?;
        Some(if sieve.wants(&event) { Counted::Entry(Row::from(event)) } else { Counted::Other })
    }
}

impl From<Event> for Row {
    fn from(event: Event) -> Self {
        let Event { ts_ms, action, outcome, capability, .. } = event;
        Self { ts_ms, action: Some(action), outcome: Some(outcome), capability }
    }
}

impl Stats {
    fn count(&mut self, row: &Row) {
        self.entries += 1;
        let (Some(action), Some(outcome)) = (row.action, row.outcome) else { return };
        let count: fn(&mut Calls) = match (action, outcome) {
            (Action::Invoke, Outcome::Allowed) => |calls| calls.allowed += 1,
            (Action::Invoke, Outcome::Denied) => |calls| calls.denied += 1,
            (Action::Response, Outcome::Failed) => |calls| calls.failed += 1,
            _ => return,
        };
        let day = row.ts_ms / DAY_MS;
        count(&mut self.calls);
        count(self.days.entry(day).or_default());
        let Some(id) = row.capability.as_deref() else { return };
        let has_room = self.capabilities.len() < MOST_CAPABILITIES || self.capabilities.contains_key(id);
        let id = if has_room { id } else { OTHERS };
        let one = self.capabilities.entry(id.to_owned()).or_default();
        count(&mut one.calls);
        if action == Action::Invoke {
            *one.days.entry(day).or_default() += 1;
        }
    }
}
