//! Records that stand on what is not there, and values that do not open: what a look at the whole
//! vault finds and no use of another record would.

use std::collections::BTreeSet;

use super::repair::Repair;
use super::store::{Kind, RecordName, RecordStore as _};

/// A record without the one that it stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    pub record: RecordName,
    /// What a person calls it.
    pub label: String,
    pub missing: RecordName,
}

impl Repair {
    /// Accounts whose secret is gone, and tokens whose account is.
    #[must_use]
    pub fn orphans(&self) -> Vec<Orphan> {
        let mut orphans = Vec::new();
        let mut tokens = BTreeSet::new();
        for account in self.index().credentials() {
            let gone = |name: &RecordName| !self.found().contains_key(name);
            let missing = account.secrets.values().map(|id| id.record_name()).find(gone);
            let label = format!("the account {} of {}", account.name, account.provider);
            orphans.extend(missing.map(|missing| Orphan {
                record: account.id.record_name(),
                label,
                missing,
            }));
            tokens.insert(self.unlocked().token_id(account.id).record_name());
        }
        let stored = self.found().keys().filter(|name| name.kind == Kind::Token && !tokens.contains(name));
        orphans.extend(stored.map(|name| Orphan {
            record: name.clone(),
            label: "an access token".to_owned(),
            missing: RecordName { kind: Kind::Credential, id: name.id.clone() },
        }));
        orphans
    }

    /// Records of which any byte does not open.
    #[must_use]
    pub fn unreadable(&self) -> Vec<RecordName> {
        let opens = |name: &RecordName, generation: u64| {
            let record = self.store().load(name).ok().flatten()?;
            let opened = self.unlocked().open(name, generation, &record.blob).ok()?;
            opened.value().ok().map(drop)
        };
        let all = self.found().iter().filter(|(name, generation)| opens(name, **generation).is_none());
        all.map(|(name, _)| name.clone()).collect()
    }
}
