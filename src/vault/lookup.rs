//! From what an operator calls a secret to the secret.

use super::error::VaultError;
use super::ids::SecretId;
use super::index::Index;
use super::model::{SecretMeta, SecretRef};
use super::store::Kind;
use crate::spec::Scope;

/// The one secret that is meant. A scope given with a name is the secret's own, so that nobody
/// changes a workspace's secret through a group that merely uses it.
pub(super) fn locate<'i>(index: &'i Index, reference: &SecretRef) -> Result<&'i SecretMeta, VaultError> {
    match reference {
        SecretRef::Id(id) => by_id(index, *id),
        SecretRef::Claimed { name, scope } => {
            by_label(index, name, scope.as_ref(), |meta| meta.name.as_str() == name)
        }
        SecretRef::Name { name_or_alias, scope } => by_label(index, name_or_alias, scope.as_ref(), |_| true),
    }
}

/// As [`locate`], but an id may be that of a damaged record.
pub(super) fn locate_to_delete(index: &Index, reference: &SecretRef) -> Result<SecretId, VaultError> {
    match reference {
        SecretRef::Id(id) if index.damaged().contains(&id.record_name()) => Ok(*id),
        _ => Ok(locate(index, reference)?.id),
    }
}

pub(super) fn by_id(index: &Index, id: SecretId) -> Result<&SecretMeta, VaultError> {
    let record = id.record_name();
    match index.secret(id) {
        Some(meta) => Ok(meta),
        None if index.damaged().contains(&record) => Err(VaultError::Tampered { record }),
        None => Err(VaultError::SecretNotFound { sought: id.to_string() }),
    }
}

fn by_label<'i>(
    index: &'i Index,
    label: &str,
    scope: Option<&Scope>,
    meant: impl Fn(&SecretMeta) -> bool,
) -> Result<&'i SecretMeta, VaultError> {
    let labelled = index.labelled(label).filter(|meta| meant(meta));
    let fitting: Vec<_> = labelled.filter(|meta| scope.is_none_or(|scope| meta.scope == *scope)).collect();
    match (fitting.as_slice(), index.damaged_of(Kind::Secret).next()) {
        ([meta], _) => Ok(meta),
        // The damaged one may be the one that is meant.
        ([], Some(record)) => Err(VaultError::Tampered { record: record.clone() }),
        ([], None) => Err(VaultError::SecretNotFound { sought: sought(label, scope) }),
        (several, _) => {
            let candidates = several.iter().map(|meta| (meta.id, meta.scope.clone())).collect();
            Err(VaultError::SecretAmbiguous { sought: sought(label, scope), candidates })
        }
    }
}

fn sought(label: &str, scope: Option<&Scope>) -> String {
    let label = label.escape_debug();
    scope.map_or_else(|| label.to_string(), |scope| format!("{label} in {scope}"))
}
