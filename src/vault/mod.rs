//! The encrypted vault: secrets at rest, and the one door through which a value leaves.
//!
//! Records are sealed one by one ([`store`] keeps them and knows nothing of their content), and a
//! sealed manifest vouches for the whole set, so that what was edited, swapped, deleted or set
//! back is an error and never a wrong answer. Names, scopes and pins are kept in memory; a value
//! is opened only by [`Vault::reveal`], for the provider it is pinned to.
//!
//! The vault must never print, log or serialise a value or a key, read the environment, know the
//! registry, or be made beside the remains of an earlier one.

mod accounts;
mod alias;
mod backup;
mod bindings;
mod caller_token;
mod callers;
mod change;
mod compare;
mod credentials;
mod diagnose;
mod draft;
mod epoch;
mod error;
pub mod former;
mod groups;
mod header;
mod hex;
mod ids;
mod index;
mod init;
mod keys;
mod lookup;
mod manifest;
mod model;
mod multiset;
mod open;
mod orphans;
mod paths;
mod policies;
mod providers;
mod provision;
mod rekey;
mod repair;
mod resident;
mod reveal;
mod seal;
mod secret;
mod secrets;
mod settings;
mod sqlite;
pub mod store;
mod switches;
mod tokens;
mod unlocked;
mod upstreams;
mod usage;

pub use alias::Alias;
pub use backup::{Checked, Staged, back_up, stage};
pub use caller_token::{CallerToken, NewCallerToken, PresentedToken, TokenText};
pub use callers::{Recognised, RevokedToken, Tokens};
pub use change::{Moment, Superseded, Vault, VaultStatus};
pub use credentials::Sought;
pub use error::{Difference, Existing, VaultError, VaultErrorKind};
pub use header::{Header, HeaderError, VaultId};
pub use ids::{CallerTokenId, CredentialId, IdError, SecretId, UpstreamId};
pub use init::{init, open_or_init};
pub use keys::{
    Argon2Params, AuditKey, CredentialFile, FormerKeys, Kek, KeyCommand, KeyError, KeyMaterial, KeyProvider,
    KeychainEntry, SecretText, Session, UsageKey,
};
pub use model::{
    Binding, Claim, ClaimedWay, Created, CredentialMeta, Destination, Group, NewCredential, NewSecret,
    Provisioned, Removed, SecretChange, SecretMeta, SecretRef, StoredPolicy, StoredProvider, Switch,
    Upstream,
};
pub use open::{LockedVault, Presence, find, open, presence};
pub use orphans::Orphan;
pub use paths::VaultPaths;
pub use rekey::{Rekeyed, rekey};
pub use repair::{Repair, repair};
pub use secret::{Secret, SecretInput};
pub use settings::{Setting, SettingName, Settings};
pub use tokens::{NewToken, TokenMeta, Versions};

#[cfg(test)]
mod tests;
