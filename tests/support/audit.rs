//! The audit log as `aivault audit --json` gives it.

use serde_json::Value;

use super::Done;

/// One entry: its number, and the event.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub seq: u64,
    /// The whole entry, whether the event stands within it or is spread in it.
    pub event: Value,
}

impl Entry {
    pub fn is(&self, action: &str, outcome: &str) -> bool {
        self.event["action"] == action && self.event["outcome"] == outcome
    }
}

#[track_caller]
pub fn entries(done: &Done) -> Vec<Entry> {
    let json = done.json();
    let list = json.as_array().unwrap_or_else(|| panic!("no list: {json}"));
    list.iter().map(entry).collect()
}

fn entry(entry: &Value) -> Entry {
    let seq = entry["seq"].as_u64().unwrap_or_else(|| panic!("no seq: {entry}"));
    let event = entry.get("event").unwrap_or(entry).clone();
    Entry { seq, event }
}
