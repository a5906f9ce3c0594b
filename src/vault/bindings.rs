//! Which credential serves a call that names none: what the operator bound, scope by scope.
//!
//! A binding only chooses among accounts that a call may use anyway. It gives nobody anything.

use super::change::Vault;
use super::error::VaultError;
use super::index::Index;
use super::model::Binding;
use super::store::Kind;
use crate::spec::policy::Glob;
use crate::spec::{CredentialName, Scope};

impl Vault {
    /// Keeps a binding; the one of the same capabilities, scope and consumer is replaced.
    ///
    /// # Errors
    /// When the stored records cannot be read or written.
    pub fn bind(&mut self, binding: &Binding) -> Result<(), VaultError> {
        self.change(|draft| draft.put_binding(binding.clone()))
    }

    /// Removes the binding of these capabilities, scope and consumer, damaged or not.
    ///
    /// # Errors
    /// [`VaultError::BindingNotFound`] when there is none.
    pub fn unbind(&mut self, binding: &Binding) -> Result<(), VaultError> {
        self.change(|draft| {
            let name = draft.unlocked().binding_id(binding).record_name();
            if draft.delete(name) { Ok(()) } else { Err(VaultError::BindingNotFound) }
        })
    }

    /// All bindings that can be read, by capability, scope and consumer.
    ///
    /// # Errors
    /// When the stored records cannot be read or are not those last written.
    pub fn bindings(&mut self) -> Result<Vec<Binding>, VaultError> {
        self.refresh()?;
        let mut bindings: Vec<_> = self.index().bindings().values().cloned().collect();
        bindings.sort_by_key(|one| {
            (one.capabilities.as_str().to_owned(), one.scope.clone(), one.consumer.as_ref().map(name))
        });
        Ok(bindings)
    }
}

fn name(glob: &Glob) -> String {
    glob.as_str().to_owned()
}

/// The credentials that the closest bindings of `scope` name for a call: none where nothing is
/// bound, and several only where bindings of the same closeness disagree.
///
/// # Errors
/// [`VaultError::Tampered`] when a binding cannot be read: it might be the one.
pub(super) fn bound<'i>(
    index: &'i Index,
    capability: &str,
    caller: &str,
    scope: &Scope,
) -> Result<Vec<&'i CredentialName>, VaultError> {
    if let Some(record) = index.damaged_of(Kind::Binding).next() {
        return Err(VaultError::Tampered { record: record.clone() });
    }
    let fits = |binding: &&Binding| {
        binding.scope == *scope
            && binding.capabilities.matches(capability)
            && binding.consumer.as_ref().is_none_or(|consumer| consumer.matches(caller))
    };
    let fitting: Vec<&Binding> = index.bindings().values().filter(fits).collect();
    let closest = fitting.iter().map(|binding| closeness(binding)).max();
    let mut names: Vec<_> = fitting
        .into_iter()
        .filter(|binding| Some(closeness(binding)) == closest)
        .map(|binding| &binding.credential)
        .collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// A named consumer says more than a named capability, and a name more than a pattern.
fn closeness(binding: &Binding) -> (u8, bool) {
    let consumer = match &binding.consumer {
        Some(consumer) if consumer.is_literal() => 2,
        Some(_) => 1,
        None => 0,
    };
    (consumer, binding.capabilities.is_literal())
}
