//! Counters by the class of a reason code: what stands before its dot. There are few, and all are known here.

use std::sync::atomic::AtomicU64;

use super::{add, read};

/// In the order of the alphabet; whatever is none of them is the last.
const CLASSES: [&str; 25] = [
    "abandoned",
    "answer",
    "approval",
    "audit",
    "auth",
    "body",
    "call",
    "capability",
    "client",
    "credential",
    "forbid",
    "header",
    "internal",
    "interrupted",
    "limit",
    "path",
    "policy",
    "query",
    "request",
    "require",
    "token",
    "upstream",
    "usage",
    "vault",
    "websocket",
];
const COUNT: usize = CLASSES.len() + 1;
const OTHER: &str = "other";

/// A counter for each class.
pub(super) struct ByReason([AtomicU64; COUNT]);

/// Those counters at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reasons([u64; COUNT]);

impl ByReason {
    pub(super) fn new() -> Self {
        Self([const { AtomicU64::new(0) }; COUNT])
    }

    pub(super) fn add(&self, reason: Option<&str>) {
        add(&self.0[class(reason.unwrap_or_default())]);
    }

    pub(super) fn counts(&self) -> Reasons {
        Reasons(std::array::from_fn(|class| read(&self.0[class])))
    }
}

impl Reasons {
    /// The classes that there was anything of.
    #[must_use]
    pub fn told(&self) -> Vec<(&'static str, u64)> {
        let names = CLASSES.iter().copied().chain([OTHER]);
        names.zip(self.0).filter(|(_, count)| *count > 0).collect()
    }
}

fn class(reason: &str) -> usize {
    let class = reason.split_once('.').map_or(reason, |(class, _)| class);
    CLASSES.binary_search(&class).unwrap_or(CLASSES.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Reason;

    #[test]
    fn each_reason_of_a_denial_has_its_class() {
        assert!(CLASSES.is_sorted());
        let nameless: Vec<_> = Reason::ALL
            .into_iter()
            .filter(|reason| *reason != Reason::GrantMatched && class(reason.as_str()) == CLASSES.len())
            .collect();
        assert!(nameless.is_empty(), "{nameless:?}");
        assert_eq!(CLASSES[class("upstream.timeout")], "upstream");
        assert_eq!(class("Upstream.timeout"), CLASSES.len());
    }
}
