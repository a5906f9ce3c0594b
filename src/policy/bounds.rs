//! What a caller with an access token may use at most, whatever the rules allow: some capabilities,
//! perhaps one credential, one scope, for a time. A token only ever narrows.

use std::borrow::Cow;

use super::call::Call;
use super::caller::Caller;
use super::denial::{Denial, Reason};
use crate::spec::policy::{Glob, Instant};
use crate::spec::{CapabilityId, CredentialName, Scope};

/// The bounds of one token, as it was minted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenBounds {
    id: String,
    label: String,
    capabilities: Vec<Glob>,
    credential: Option<CredentialName>,
    scope: Scope,
    expires_ms: u64,
}

impl TokenBounds {
    /// `label` is the token's name, or where it has none, the beginning of its id. Without a pattern
    /// of capabilities, it covers nothing.
    #[must_use]
    pub fn new(
        id: impl Into<String>,
        label: impl Into<String>,
        capabilities: Vec<Glob>,
        credential: Option<CredentialName>,
        scope: Scope,
        expires_ms: u64,
    ) -> Self {
        Self { id: id.into(), label: label.into(), capabilities, credential, scope, expires_ms }
    }

    /// The token's record in the vault.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The scope that its calls are made in.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The only credential that its calls are made with; none where any in sight may serve.
    #[must_use]
    pub fn credential(&self) -> Option<&CredentialName> {
        self.credential.as_ref()
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn expires_ms(&self) -> u64 {
        self.expires_ms
    }

    /// Whether it covers the capability. What is allowed of that is for policy to say.
    #[must_use]
    pub fn permits(&self, capability: &CapabilityId) -> bool {
        self.covers(capability.as_str())
    }

    fn covers(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|glob| glob.matches(capability))
    }

    fn patterns(&self) -> String {
        self.capabilities.iter().map(Glob::as_str).collect::<Vec<_>>().join(", ")
    }
}

/// The call within the bounds of its caller: what it leaves open is as the token says. A call of no
/// token is as it was.
///
/// # Errors
/// The denial where it asks for more than its token covers, or the token's time is over.
pub fn confine<'c>(caller: &Caller, call: &'c Call, now: Instant) -> Result<Cow<'c, Call>, Denial> {
    let Some(bounds) = caller.bounds() else { return Ok(Cow::Borrowed(call)) };
    if now.0 >= bounds.expires_ms {
        return Err(token_ended(bounds));
    }
    // Whether there is such a capability is nothing to tell whoever may not use it.
    if !bounds.covers(&call.capability) {
        return Err(outside(bounds, "this capability").help(format!("it covers {}", bounds.patterns())));
    }
    let credential = match (&call.credential, &bounds.credential) {
        (Some(named), Some(only)) if named != only => {
            let help = format!("name `{only}`, or none");
            return Err(outside(bounds, &format!("the credential `{named}`")).help(help));
        }
        (named, only) => named.as_ref().or(only.as_ref()),
    };
    if call.scope != Scope::Global && call.scope != bounds.scope {
        let help = format!("leave the scope out: its calls are made in {}", bounds.scope);
        return Err(outside(bounds, &format!("the scope {}", call.scope)).help(help));
    }
    if call.scope == bounds.scope && call.credential.as_ref() == credential {
        return Ok(Cow::Borrowed(call));
    }
    let (credential, scope) = (credential.cloned(), bounds.scope.clone());
    Ok(Cow::Owned(Call { credential, scope, ..call.clone() }))
}

fn outside(bounds: &TokenBounds, what: &str) -> Denial {
    Denial::new(Reason::TokenScope, format!("the token `{}` does not cover {what}", bounds.label))
}

/// The denial of a token that expired, was revoked, or whose process is gone.
#[must_use]
pub fn token_ended(bounds: &TokenBounds) -> Denial {
    Denial::new(Reason::TokenExpired, format!("the token `{}` is not valid any more", bounds.label))
        .help("an operator makes another one: aivault token mint")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::spec::ScopeId;

    const EXPIRES: u64 = 1_000;

    fn workspace(name: &'static str) -> Scope {
        Scope::Workspace { workspace: ScopeId::from_static(name) }
    }

    fn caller(patterns: &[&str], credential: Option<&'static str>, scope: Scope) -> Caller {
        let globs = patterns.iter().map(|text| Glob::parse(text).unwrap()).collect();
        let credential = credential.map(CredentialName::from_static);
        Caller::token(Arc::new(TokenBounds::new("ctk_1", "agent-7", globs, credential, scope, EXPIRES)))
    }

    fn call(capability: &str, credential: Option<&'static str>, scope: Scope) -> Call {
        Call {
            capability: capability.to_owned(),
            credential: credential.map(CredentialName::from_static),
            scope,
            method: None,
            path: None,
            headers: Vec::new(),
            has_body: false,
        }
    }

    fn reason(caller: &Caller, call: &Call) -> Option<Reason> {
        confine(caller, call, Instant(EXPIRES - 1)).err().map(|denial| denial.reason)
    }

    #[test]
    fn a_process_is_not_bounded() {
        let call = call("openai/models", Some("other"), workspace("w"));
        let confined = confine(&Caller::process(1, None), &call, Instant(u64::MAX));
        assert_eq!(confined, Ok(Cow::Borrowed(&call)));
    }

    #[test]
    fn only_what_a_pattern_names_is_covered() {
        let caller = caller(&["openai/*", "github/repos"], None, Scope::Global);
        for covered in ["openai/models", "openai/no-such-thing", "github/repos"] {
            assert_eq!(reason(&caller, &call(covered, None, Scope::Global)), None, "{covered}");
        }
        for not in ["github/issues", "openai", "xopenai/models", "OPENAI/models", "github/repos/", ""] {
            assert_eq!(reason(&caller, &call(not, None, Scope::Global)), Some(Reason::TokenScope), "{not}");
        }
        let nothing = self::caller(&[], None, Scope::Global);
        assert_eq!(reason(&nothing, &call("openai/models", None, Scope::Global)), Some(Reason::TokenScope));
    }

    #[test]
    fn its_credential_is_the_only_one() {
        let bound = caller(&["*"], Some("work"), Scope::Global);
        let of = |named| confine(&bound, &call("a/b", named, Scope::Global), Instant(0)).map(Cow::into_owned);
        assert_eq!(of(None).unwrap().credential.unwrap().as_str(), "work");
        assert_eq!(of(Some("work")).unwrap().credential.unwrap().as_str(), "work");
        assert_eq!(of(Some("home")).unwrap_err().reason, Reason::TokenScope);
        let free = caller(&["*"], None, Scope::Global);
        assert_eq!(reason(&free, &call("a/b", Some("home"), Scope::Global)), None);
    }

    #[test]
    fn its_scope_is_the_only_one() {
        let bound = caller(&["*"], None, workspace("w"));
        let of =
            |scope| confine(&bound, &call("a/b", None, scope), Instant(0)).map(|call| call.scope.clone());
        assert_eq!(of(Scope::Global), Ok(workspace("w")));
        assert_eq!(of(workspace("w")), Ok(workspace("w")));
        assert_eq!(of(workspace("v")).unwrap_err().reason, Reason::TokenScope);
        let group = Scope::Group { workspace: ScopeId::from_static("w"), group: ScopeId::from_static("g") };
        assert_eq!(of(group).unwrap_err().reason, Reason::TokenScope);
        let global = caller(&["*"], None, Scope::Global);
        assert_eq!(reason(&global, &call("a/b", None, workspace("w"))), Some(Reason::TokenScope));
    }

    #[test]
    fn its_last_millisecond_is_the_one_before_it_expires() {
        let caller = caller(&["*"], None, Scope::Global);
        let call = call("a/b", None, Scope::Global);
        let at = |now| confine(&caller, &call, Instant(now)).map(drop).map_err(|denial| denial.reason);
        assert_eq!(at(EXPIRES - 1), Ok(()));
        assert_eq!(at(EXPIRES), Err(Reason::TokenExpired));
    }
}
