//! What an entry says. Names, numbers and short texts: there is no field for a
//! body, a header's value or a secret, and none may be put into the others.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::spec::{ProviderId, RuleId, Scope, SecretName};

use bounded::{detail, name, optional_name, path};

/// One thing that was decided or done.
///
/// Texts may come from a caller as they are: they are escaped when written, and
/// longer ones are cut (256 bytes; `path` 2 KiB; `detail` 1 KiB) with a mark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Milliseconds since 1970, UTC.
    pub ts_ms: u64,
    pub action: Action,
    pub outcome: Outcome,
    /// Who asked, from peer credentials or a token, never from the request: `uid:1000 pid:123`, `cli`.
    #[serde(serialize_with = "name")]
    pub caller: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretName>,
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "optional_name")]
    pub secret_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderId>,
    /// As the caller wrote it, since a refused call may name what does not exist.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "optional_name")]
    pub capability: Option<String>,
    /// As the caller wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "optional_name")]
    pub credential: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "scope_text")]
    pub scope: Option<Scope>,
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "optional_name")]
    pub host: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "optional_name")]
    pub method: Option<String>,
    /// The path with the names of query parameters and without their values, which may be secrets:
    /// whoever logs leaves them out.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "path")]
    pub path: Option<String>,
    /// The upstream's HTTP status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// The reason code of a refusal or failure.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "optional_name")]
    pub reason: Option<String>,
    /// For an outcome: `seq` of the entry with the decision or request that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<u64>,
    /// The operator's rules that had a say, `policy/rule` each, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleId>,
    /// For a change of the vault: which change it was, counted from the vault's making. The log so
    /// knows how far the vault had come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "detail")]
    pub detail: Option<String>,
}

impl Event {
    /// An event with nothing but what each must have; the rest is set by field.
    #[must_use]
    pub fn new(ts_ms: u64, caller: impl Into<String>, action: Action, outcome: Outcome) -> Self {
        Self {
            ts_ms,
            action,
            outcome,
            caller: caller.into(),
            secret: None,
            secret_id: None,
            provider: None,
            capability: None,
            credential: None,
            scope: None,
            host: None,
            method: None,
            path: None,
            status: None,
            duration_ms: None,
            reason: None,
            decision: None,
            rules: Vec::new(),
            epoch: None,
            detail: None,
        }
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant),+
        }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word in the log.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

words! {
    /// What was asked for or done.
    Action {
        VaultInit = "vault.init",
        VaultUnlock = "vault.unlock",
        VaultLock = "vault.lock",
        /// An operator's session is opened: what changes the vault is done for a terminal.
        OperatorOpen = "operator.open",
        /// What changes the vault was asked for outside of such a session.
        OperatorRefuse = "operator.refuse",
        /// The vault is locked with another key: from the same provider, or from another.
        KeyRotate = "key.rotate",
        KeyMigrate = "key.migrate",
        SecretCreate = "secret.create",
        SecretUpdate = "secret.update",
        SecretRotate = "secret.rotate",
        SecretDelete = "secret.delete",
        SecretAttachGroup = "secret.attach-group",
        SecretDetachGroup = "secret.detach-group",
        CredentialProvision = "credential.provision",
        CredentialCreate = "credential.create",
        CredentialDelete = "credential.delete",
        CapabilityCreate = "capability.create",
        CapabilityDelete = "capability.delete",
        CapabilityEnable = "capability.enable",
        CapabilityDisable = "capability.disable",
        CapabilityBind = "capability.bind",
        CapabilityUnbind = "capability.unbind",
        ConfigSet = "config.set",
        ConfigUnset = "config.unset",
        /// The daemon listens for callers on TCP.
        GatewayOpen = "gateway.open",
        UpstreamSet = "upstream.set",
        UpstreamRemove = "upstream.remove",
        ProviderAdd = "provider.add",
        ProviderRemove = "provider.remove",
        PolicyApply = "policy.apply",
        PolicyRemove = "policy.remove",
        /// A person is asked about a call.
        ApprovalAsk = "approval.ask",
        /// What the person said, or that nobody did.
        ApprovalAnswer = "approval.answer",
        /// The decision on a call.
        Invoke = "invoke",
        /// A caller's access token is made, or made worthless.
        TokenMint = "token.mint",
        TokenRevoke = "token.revoke",
        /// A token that is nobody's, or not any more, was presented.
        TokenRefuse = "token.refuse",
        /// What came over TCP from a web page, or was meant for another host.
        GatewayRefuse = "gateway.refuse",
        /// An access token is fetched with what an account holds.
        TokenFetch = "token.fetch",
        /// A person's consent is exchanged for a refresh token.
        OauthLogin = "oauth.login",
        /// What became of an allowed call.
        Response = "response",
        /// An operator accepted the vault's records as they are.
        VaultRepair = "vault.repair",
        VaultBackup = "vault.backup",
        VaultRestore = "vault.restore",
        /// The first entry of a log that an operator began anew.
        AuditRestart = "audit.restart",
        /// Files of the log are removed, since the operator keeps them for so long only.
        AuditRetire = "audit.retire",
        /// Written by the log itself when it found what a crash left behind.
        AuditRepair = "audit.repair",
    }
}

words! {
    /// How it ended: a decision is allowed or denied; a deed is requested before it is done, and ok
    /// or failed in a second entry. A deed without one broke off, and may have happened or not.
    Outcome {
        Requested = "requested",
        Ok = "ok",
        Allowed = "allowed",
        Denied = "denied",
        Failed = "failed",
    }
}

/// The bound of each field, applied by the only code that writes it.
mod bounded {
    use serde::Serializer;

    use crate::audit::text::{DETAIL_MAX, NAME_MAX, PATH_MAX, cut};

    pub(super) fn name<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&cut(text, NAME_MAX))
    }

    pub(super) fn optional_name<S: Serializer>(text: &Option<String>, s: S) -> Result<S::Ok, S::Error> {
        optional(text.as_deref(), NAME_MAX, s)
    }

    pub(super) fn path<S: Serializer>(text: &Option<String>, s: S) -> Result<S::Ok, S::Error> {
        optional(text.as_deref(), PATH_MAX, s)
    }

    pub(super) fn detail<S: Serializer>(text: &Option<String>, s: S) -> Result<S::Ok, S::Error> {
        optional(text.as_deref(), DETAIL_MAX, s)
    }

    fn optional<S: Serializer>(text: Option<&str>, max: usize, serializer: S) -> Result<S::Ok, S::Error> {
        match text {
            Some(text) => serializer.serialize_some(cut(text, max).as_ref()),
            None => serializer.serialize_none(),
        }
    }
}

/// A scope as one word, as it is displayed: `global`, `workspace:w`, `group:w/g`.
mod scope_text {
    use std::borrow::Cow;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::spec::{Scope, ScopeId};

    pub(super) fn serialize<S: Serializer>(scope: &Option<Scope>, serializer: S) -> Result<S::Ok, S::Error> {
        match scope {
            Some(scope) => serializer.collect_str(scope),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Scope>, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let id = |text| ScopeId::parse(text).map_err(D::Error::custom);
        if text == "global" {
            return Ok(Some(Scope::Global));
        }
        if let Some(workspace) = text.strip_prefix("workspace:") {
            return Ok(Some(Scope::Workspace { workspace: id(workspace)? }));
        }
        let parts = text.strip_prefix("group:").and_then(|rest| rest.split_once('/'));
        let (workspace, group) = parts.ok_or_else(|| D::Error::custom("not a scope"))?;
        Ok(Some(Scope::Group { workspace: id(workspace)?, group: id(group)? }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::ScopeId;

    #[test]
    fn the_words_of_the_log_do_not_change() {
        let words: Vec<&str> = Action::ALL.iter().map(|action| action.as_str()).collect();
        assert_eq!(
            words.join(" "),
            "vault.init vault.unlock vault.lock operator.open operator.refuse key.rotate key.migrate secret.create \
             secret.update secret.rotate secret.delete \
             secret.attach-group secret.detach-group credential.provision credential.create credential.delete \
             capability.create capability.delete capability.enable capability.disable capability.bind \
             capability.unbind config.set config.unset gateway.open upstream.set upstream.remove provider.add \
             provider.remove policy.apply policy.remove approval.ask approval.answer invoke token.mint \
             token.revoke token.refuse gateway.refuse token.fetch oauth.login response vault.repair vault.backup \
             vault.restore audit.restart audit.retire audit.repair"
        );
        for action in Action::ALL {
            assert_eq!(serde_json::to_string(action).unwrap(), format!("\"{action}\""));
        }
        for outcome in Outcome::ALL {
            assert_eq!(serde_json::to_string(outcome).unwrap(), format!("\"{outcome}\""));
        }
    }

    #[test]
    fn keys_have_one_order_and_absent_fields_are_left_out() {
        let bare = Event::new(5, "cli", Action::VaultInit, Outcome::Ok);
        let text = serde_json::to_string(&bare).unwrap();
        assert_eq!(text, r#"{"ts_ms":5,"action":"vault.init","outcome":"ok","caller":"cli"}"#);
        let full = Event {
            secret: Some(SecretName::from_static("OPENAI_API_KEY")),
            provider: Some(ProviderId::from_static("openai")),
            scope: Some(Scope::Group {
                workspace: ScopeId::from_static("w"),
                group: ScopeId::from_static("g"),
            }),
            status: Some(200),
            decision: Some(7),
            ..Event::new(6, "uid:1 pid:2", Action::Response, Outcome::Ok)
        };
        let text = serde_json::to_string(&full).unwrap();
        assert_eq!(
            text,
            r#"{"ts_ms":6,"action":"response","outcome":"ok","caller":"uid:1 pid:2","secret":"OPENAI_API_KEY","provider":"openai","scope":"group:w/g","status":200,"decision":7}"#
        );
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), full);
    }

    #[test]
    fn every_scope_comes_back() {
        let workspace = ScopeId::from_static("w");
        let group = ScopeId::from_static("g.1");
        for scope in [
            Scope::Global,
            Scope::Workspace { workspace: workspace.clone() },
            Scope::Group { workspace, group },
        ] {
            let event = Event { scope: Some(scope), ..Event::new(1, "cli", Action::Invoke, Outcome::Denied) };
            let text = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
        }
    }

    #[test]
    fn long_texts_are_cut_with_a_mark() {
        let long = "x".repeat(5000);
        let event = Event {
            path: Some(long.clone()),
            detail: Some(long.clone()),
            reason: Some(long.clone()),
            ..Event::new(1, long, Action::Invoke, Outcome::Denied)
        };
        let text = serde_json::to_string(&event).unwrap();
        let back: Event = serde_json::from_str(&text).unwrap();
        for (field, kept) in
            [(back.path, 2048), (back.detail, 1024), (back.reason, 256), (Some(back.caller), 256)]
        {
            assert_eq!(field.unwrap(), format!("{}...[{} bytes cut]", "x".repeat(kept), 5000 - kept));
        }
    }

    #[test]
    fn an_unknown_field_or_word_is_refused() {
        for bad in [
            r#"{"ts_ms":1,"action":"invoke","outcome":"ok","caller":"c","body":"x"}"#,
            r#"{"ts_ms":1,"action":"invoked","outcome":"ok","caller":"c"}"#,
            r#"{"ts_ms":1,"action":"invoke","outcome":"ok","caller":"c","scope":"everywhere"}"#,
        ] {
            assert!(serde_json::from_str::<Event>(bad).is_err(), "{bad}");
        }
    }
}
