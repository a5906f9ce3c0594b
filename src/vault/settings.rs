//! How requests leave this machine, and how long the log is kept, as the operator says: sealed like all else, since whoever could change it would
//! be in the middle. What the settings mean is not known here.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::change::Vault;
use super::error::VaultError;
use super::store::{Kind, RecordId, RecordName};

/// The longest value: more certificate authorities than anybody adds.
const MAX_VALUE: usize = 256 * 1024;

/// What can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SettingName {
    /// The proxy that connections to public hosts go through.
    EgressProxy,
    /// Certificate authorities that are trusted beside the built-in ones.
    ExtraCa,
    /// How long entries of the audit log are kept.
    AuditRetention,
}

/// Something that was set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    pub name: SettingName,
    pub value: String,
    pub set_ms: u64,
}

/// All that is set; cheap to compare and to copy.
pub type Settings = BTreeMap<SettingName, Arc<Setting>>;

impl SettingName {
    pub const ALL: [Self; 3] = [Self::EgressProxy, Self::ExtraCa, Self::AuditRetention];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EgressProxy => "egress-proxy",
            Self::ExtraCa => "extra-ca",
            Self::AuditRetention => "audit-retention",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.as_str() == text)
    }

    pub(super) fn record_name(self) -> RecordName {
        let id = RecordId::parse(self.as_str()).expect("each name is a well-formed id");
        RecordName { kind: Kind::Config, id }
    }
}

impl fmt::Display for SettingName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Vault {
    /// Keeps a setting; what was set before is replaced.
    ///
    /// # Errors
    /// [`VaultError::Invalid`] when the value is empty or too long; when the stored records cannot be read or
    /// written.
    pub fn set_setting(&mut self, setting: &Setting) -> Result<(), VaultError> {
        if setting.value.is_empty() || setting.value.len() > MAX_VALUE {
            return Err(VaultError::Invalid { what: "setting", rule: "give a value of at most 256 KiB" });
        }
        self.change(|draft| draft.put_setting(setting.clone()))
    }

    /// Takes a setting back, damaged or not; says whether it was there.
    ///
    /// # Errors
    /// When the stored records cannot be read or written.
    pub fn unset_setting(&mut self, name: SettingName) -> Result<bool, VaultError> {
        let mut was_there = false;
        self.change(|draft| {
            was_there = draft.delete(name.record_name());
            Ok(())
        })?;
        Ok(was_there)
    }

    /// All settings.
    ///
    /// # Errors
    /// When the stored records cannot be read or are not those last written; and [`VaultError::Tampered`] when a
    /// setting cannot be read: requests would leave another way than the operator said.
    pub fn settings(&mut self) -> Result<Settings, VaultError> {
        self.refresh()?;
        match self.index().damaged_of(Kind::Config).next() {
            Some(record) => Err(VaultError::Tampered { record: record.clone() }),
            None => Ok(self.index().settings().clone()),
        }
    }
}
