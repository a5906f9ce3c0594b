//! Minting, recognising and revoking callers' access tokens.
//!
//! A look-up goes by the id alone, which is no secret; the rest is compared in constant time. A token
//! whose record does not open is an error that names the record: it might be one that was revoked.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::caller_token::{CallerToken, Digest, NewCallerToken, PresentedToken, TokenText};
use super::change::Vault;
use super::draft::Draft;
use super::error::{Existing, VaultError};
use super::ids::CallerTokenId;
use super::index::Index;
use super::store::{Kind, RecordName};
use super::unlocked::Unlocked;
use crate::platform::entropy;
use crate::spec::TokenName;

/// What became of a token that was presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recognised {
    Valid(Arc<CallerToken>),
    /// It was one until its time was over or its process ended.
    Ended(Arc<CallerToken>),
    /// There is no such token, or there is none any more.
    Unknown,
}

/// Which tokens are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tokens {
    /// By name, by id, or by the first 8 digits of the id.
    Called(String),
    All,
}

/// A token that is revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedToken {
    pub id: CallerTokenId,
    /// None when it has none, or its record was damaged and could only be deleted.
    pub name: Option<TokenName>,
}

impl Vault {
    /// Makes a token, and clears away those that have ended. Its text is given here and never again.
    ///
    /// # Errors
    /// [`VaultError::AlreadyExists`] when one that has not ended has this name; when the stored
    /// records cannot be read or written.
    pub fn mint_caller_token(
        &mut self,
        new: &NewCallerToken,
    ) -> Result<(Arc<CallerToken>, TokenText), VaultError> {
        self.change(|draft| {
            let index = draft.index();
            let now_ms = new.created_ms;
            refuse_taken(index, new.name.as_ref(), now_ms)?;
            clear_ended(draft, now_ms);
            let presented = draw(index)?;
            let token = Arc::new(kept(draft.unlocked(), new, &presented));
            draft.put_caller_token(Arc::clone(&token))?;
            Ok((token, presented.text()))
        })
    }

    /// All tokens that can be read, the oldest first.
    ///
    /// # Errors
    /// When the stored records cannot be read or are not those last written.
    pub fn caller_tokens(&mut self) -> Result<Vec<Arc<CallerToken>>, VaultError> {
        self.refresh()?;
        let mut tokens: Vec<_> = self.index().caller_tokens().cloned().collect();
        tokens.sort_by_key(|token| (token.created_ms, token.id));
        Ok(tokens)
    }

    /// Whose token it is that somebody presents.
    ///
    /// # Errors
    /// [`VaultError::Tampered`] when the token's record does not open; when the stored records cannot
    /// be read or are not those last written.
    pub fn recognise(&mut self, presented: &PresentedToken, now_ms: u64) -> Result<Recognised, VaultError> {
        self.look(|vault| {
            let token = find(vault.index(), presented.id)?;
            // An id that nobody has costs as much as one that somebody has.
            let digest = token.map_or([0; 32], |token| token.digest.0);
            let is_right = vault.unlocked().is_token_digest(presented, &digest);
            Ok(match token {
                Some(token) if is_right && token.has_ended(now_ms) => Recognised::Ended(Arc::clone(token)),
                Some(token) if is_right => Recognised::Valid(Arc::clone(token)),
                _ => Recognised::Unknown,
            })
        })
    }

    /// Whether a token that was recognised stands to this moment.
    ///
    /// # Errors
    /// As [`Vault::recognise`].
    pub fn caller_token_holds(&mut self, id: CallerTokenId, now_ms: u64) -> Result<bool, VaultError> {
        self.look(|vault| Ok(find(vault.index(), id)?.is_some_and(|token| !token.has_ended(now_ms))))
    }

    /// Revokes tokens, ended or not, damaged or not, and says which.
    ///
    /// # Errors
    /// [`VaultError::TokenNotFound`] when none is called so.
    pub fn revoke_caller_tokens(&mut self, which: &Tokens) -> Result<Vec<RevokedToken>, VaultError> {
        self.change(|draft| {
            let revoked = meant(draft.index(), which)?;
            for token in &revoked {
                draft.delete(token.id.record_name());
            }
            Ok(revoked)
        })
    }
}

fn find(index: &Index, id: CallerTokenId) -> Result<Option<&Arc<CallerToken>>, VaultError> {
    let record = id.record_name();
    if index.damaged().contains(&record) {
        return Err(VaultError::Tampered { record });
    }
    Ok(index.caller_token(id))
}

fn refuse_taken(index: &Index, name: Option<&TokenName>, now_ms: u64) -> Result<(), VaultError> {
    let Some(name) = name else { return Ok(()) };
    let is_it = |token: &&Arc<CallerToken>| token.name.as_ref() == Some(name) && !token.has_ended(now_ms);
    match index.caller_tokens().find(is_it) {
        Some(_) => Err(VaultError::AlreadyExists { what: Existing::CallerToken(name.clone()) }),
        None => Ok(()),
    }
}

fn clear_ended(draft: &mut Draft<'_>, now_ms: u64) {
    let ended = draft.index().caller_tokens().filter(|token| token.has_ended(now_ms));
    let ended: Vec<RecordName> = ended.map(|token| token.id.record_name()).collect();
    for record in ended {
        draft.delete(record);
    }
}

/// A new token's bytes. The first digits of its id, by which it is called where it has no name, are
/// no other's.
fn draw(index: &Index) -> Result<PresentedToken, VaultError> {
    loop {
        let id = CallerTokenId::from_bytes(entropy::bytes()?);
        if index.caller_tokens().all(|token| token.id.short() != id.short()) {
            let mut secret = Zeroizing::new([0; 32]);
            entropy::fill(secret.as_mut_slice())?;
            return Ok(PresentedToken { id, secret });
        }
    }
}

fn kept(unlocked: &Unlocked, new: &NewCallerToken, presented: &PresentedToken) -> CallerToken {
    let NewCallerToken { name, capabilities, credential, scope, created_ms, expires_ms, lives_with } =
        new.clone();
    let (id, digest) = (presented.id, Digest(unlocked.token_digest(presented)));
    CallerToken { id, name, digest, capabilities, credential, scope, created_ms, expires_ms, lives_with }
}

fn meant(index: &Index, which: &Tokens) -> Result<Vec<RevokedToken>, VaultError> {
    let readable = index.caller_tokens().map(|token| RevokedToken { id: token.id, name: token.name.clone() });
    let damaged =
        index.damaged_of(Kind::CallerToken).filter_map(|record| CallerTokenId::of_record(&record.id));
    let all = readable.chain(damaged.map(|id| RevokedToken { id, name: None }));
    let Tokens::Called(text) = which else { return Ok(all.collect()) };
    let is_called = |token: &RevokedToken| {
        token.name.as_ref().is_some_and(|name| name.as_str() == text)
            || token.id.short() == *text
            || token.id.to_string() == *text
    };
    let called: Vec<_> = all.filter(is_called).collect();
    match index.damaged_of(Kind::CallerToken).next() {
        _ if !called.is_empty() => Ok(called),
        // It may be the one.
        Some(record) => Err(VaultError::Tampered { record: record.clone() }),
        None => Err(VaultError::TokenNotFound { sought: text.escape_debug().to_string() }),
    }
}
