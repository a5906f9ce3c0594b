//! Listing credentials, and choosing the one that a call uses.

use super::bindings::bound;
use super::change::Vault;
use super::error::VaultError;
use super::model::CredentialMeta;
use super::store::{Kind, RecordName};
use crate::spec::{Alternative, CredentialName, ProviderId, Scope};

/// What a call says of the credential that it needs.
#[derive(Debug, Clone, Copy)]
pub struct Sought<'a> {
    pub provider: &'a ProviderId,
    /// The capability's full name, and the caller's: what bindings go by.
    pub capability: &'a str,
    pub caller: &'a str,
    pub named: Option<&'a CredentialName>,
    pub from: &'a Scope,
    /// The provider's further ways to authenticate, by priority.
    pub alternatives: &'a [Alternative],
}

impl Sought<'_> {
    /// How many ways go before the account's; of a way that the provider offers no more, all do.
    fn rank(&self, account: &CredentialMeta) -> usize {
        let Some(way) = &account.way else { return 0 };
        let place = self.alternatives.iter().position(|one| one.name == *way);
        place.map_or(usize::MAX, |place| place + 1)
    }
}

impl Vault {
    /// All readable credentials, by id; [`Vault::damaged`] names the others.
    ///
    /// # Errors
    /// When the stored records cannot be read or are not those last written.
    pub fn credentials(&mut self) -> Result<Vec<CredentialMeta>, VaultError> {
        self.refresh()?;
        Ok(self.index().credentials().cloned().collect())
    }

    /// The providers that have an account of that name, in order.
    ///
    /// # Errors
    /// When the stored records cannot be read or are not those last written.
    pub fn providers_of(&mut self, name: &CredentialName) -> Result<Vec<ProviderId>, VaultError> {
        self.refresh()?;
        let named = self.index().credentials().filter(|account| account.name == *name);
        let mut providers: Vec<ProviderId> = named.map(|account| account.provider.clone()).collect();
        providers.sort();
        providers.dedup();
        Ok(providers)
    }

    /// The credential for a call: of the scopes in sight the narrowest that has one or says by a
    /// binding which it is; there the one that is named or bound, or the only one of the way to
    /// authenticate that goes first.
    ///
    /// A damaged credential is an error where it would have been the answer: falling back to a
    /// wider scope would use another account.
    ///
    /// # Errors
    /// [`VaultError::CredentialNotFound`], [`VaultError::CredentialAmbiguous`], or
    /// [`VaultError::Tampered`].
    pub fn resolve_credential(&mut self, sought: Sought<'_>) -> Result<CredentialMeta, VaultError> {
        self.refresh()?;
        let Sought { provider, named: None, from, .. } = sought else { return self.find_account(sought) };
        for scope in from.in_sight() {
            match bound(self.index(), sought.capability, sought.caller, &scope)?[..] {
                [] => {}
                [name] => return self.find_account(Sought { named: Some(&name.clone()), ..sought }),
                [..] => return Err(VaultError::BindingsDisagree { scope }),
            }
            if let Some(account) = self.account_in(sought, &scope)? {
                return Ok(account);
            }
        }
        Err(not_found(provider, None, from))
    }

    fn find_account(&self, sought: Sought<'_>) -> Result<CredentialMeta, VaultError> {
        for scope in sought.from.in_sight() {
            if let Some(account) = self.account_in(sought, &scope)? {
                return Ok(account);
            }
        }
        Err(not_found(sought.provider, sought.named, sought.from))
    }

    /// The account of that name in exactly this scope, or its only one of the way that goes first.
    fn account_in(&self, sought: Sought<'_>, scope: &Scope) -> Result<Option<CredentialMeta>, VaultError> {
        let Sought { provider, named, .. } = sought;
        self.refuse_damaged_account(provider, named, scope)?;
        let fits = |account: &&CredentialMeta| named.is_none_or(|name| account.name == *name);
        let mut fitting: Vec<_> = self.index().accounts(provider, scope).filter(fits).collect();
        if let Some(first) = fitting.iter().map(|account| sought.rank(account)).min() {
            fitting.retain(|account| sought.rank(account) == first);
        }
        match fitting[..] {
            [] => Ok(None),
            [account] => Ok(Some(account.clone())),
            _ => Err(ambiguous(provider, scope.clone(), &fitting)),
        }
    }

    /// Whether it is the credential that came to be by itself for some secret, so that it is known
    /// where it stands and for whom.
    fn is_provisioned(&self, record: &RecordName) -> bool {
        self.index().secrets().any(|secret| {
            let id = |pin: &ProviderId, place: &Scope| {
                self.unlocked().credential_id(pin, place, &CredentialName::from(pin)).record_name()
            };
            secret.pin.as_ref().is_some_and(|pin| secret.places().any(|place| id(pin, &place) == *record))
        })
    }

    /// The id of a credential follows from provider, scope and name, so that a damaged one can be
    /// told to be this one. Unnamed calls mean the provisioned one.
    fn refuse_damaged_account(
        &self,
        provider: &ProviderId,
        named: Option<&CredentialName>,
        scope: &Scope,
    ) -> Result<(), VaultError> {
        if self.damaged().is_empty() {
            return Ok(());
        }
        // What an account is called that cannot be read is not known: it may be the one.
        let mut nameless = self.damaged_of(Kind::Credential).filter(|record| !self.is_provisioned(record));
        if let (None, Some(record)) = (named, nameless.next()) {
            return Err(VaultError::Tampered { record: record.clone() });
        }
        let name = named.cloned().unwrap_or_else(|| CredentialName::from(provider));
        let record = self.unlocked().credential_id(provider, scope, &name).record_name();
        if self.damaged().contains(&record) { Err(VaultError::Tampered { record }) } else { Ok(()) }
    }
}

fn not_found(provider: &ProviderId, named: Option<&CredentialName>, from: &Scope) -> VaultError {
    VaultError::CredentialNotFound { provider: provider.clone(), name: named.cloned(), from: from.clone() }
}

fn ambiguous(provider: &ProviderId, scope: Scope, accounts: &[&CredentialMeta]) -> VaultError {
    let candidates = accounts.iter().map(|account| (account.id, account.name.clone())).collect();
    VaultError::CredentialAmbiguous { provider: provider.clone(), scope, candidates }
}
