//! When the audit log's old files are due to go: beside the syncs, never in a request's way, and seldom.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::audit;
use crate::platform::clock::Stopwatch;
use crate::spec::Age;
use crate::vault::{SettingName, Settings};

/// How often it is looked at.
const EVERY_MS: u64 = 600_000;

/// How long entries are kept, as the vault's settings say.
#[must_use]
pub fn kept_ms(settings: &Settings) -> Option<u64> {
    let age = Age::parse(&settings.get(&SettingName::AuditRetention)?.value);
    // What cannot be read removes nothing.
    age.ok().map(Age::as_ms)
}

/// How long entries are kept, and when that was last looked at.
#[derive(Default)]
pub(super) struct Retention {
    /// 0: for ever.
    keep_ms: AtomicU64,
    looked: Mutex<Option<Stopwatch>>,
}

impl Retention {
    pub(super) fn keep_for(&self, keep_ms: Option<u64>) {
        let keep_ms = keep_ms.unwrap_or(0);
        if self.keep_ms.swap(keep_ms, Ordering::AcqRel) != keep_ms {
            *self.looked.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    /// How long entries are kept, when it is time to look and there may be older ones.
    pub(super) fn due(&self, folder: &Path) -> Option<u64> {
        let keep_ms = self.keep_ms.load(Ordering::Acquire);
        if keep_ms == 0 {
            return None;
        }
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.is_some_and(|looked| looked.elapsed_ms() < EVERY_MS) {
            return None;
        }
        *looked = Some(Stopwatch::start());
        audit::may_retire(folder, keep_ms).is_ok_and(|may| may).then_some(keep_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_due_unless_the_operator_says_how_long() {
        let folder = tempfile::tempdir().unwrap();
        let retention = Retention::default();
        assert_eq!(retention.due(folder.path()), None);
        retention.keep_for(Some(1000));
        assert_eq!(retention.due(folder.path()), None, "there is no log");
        assert!(retention.looked.lock().unwrap().is_some());
        retention.keep_for(Some(1000));
        assert!(retention.looked.lock().unwrap().is_some(), "the same is not looked at again");
        retention.keep_for(Some(2000));
        assert!(retention.looked.lock().unwrap().is_none());
    }
}
