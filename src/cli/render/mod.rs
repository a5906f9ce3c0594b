//! Answers as text for a person, or as JSON for a program. Texts from outside are escaped.

mod approvals;
mod audit;
mod audit_csv;
mod audit_stats;
mod capabilities;
mod capability;
mod changes;
mod config;
mod credentials;
mod doctor;
mod findings;
mod gateway;
mod keys;
mod policies;
mod providers;
mod repair;
mod secrets;
mod shell;
mod status;
mod table;
mod time;
mod tokens;
mod ways;

use std::io;

use serde::Serialize;

use super::arguments::Format;
use super::escape;
use super::screen::Screen;
use crate::platform::clock;
use crate::service::{Outcome, SettingName};
use crate::spec::{ProviderId, Risk};

pub(super) use changes::changes;
pub(super) use findings::{findings, pretty_one};
pub(super) use secrets::Deed;

pub(super) use approvals::print as question_in_full;
pub(super) use audit::{Form as AuditForm, print as audit_events};

/// How an answer is to be shown.
#[derive(Default)]
pub(super) struct View {
    json: bool,
    csv: bool,
    /// The text of a file rather than what it means.
    source: bool,
    deed: Deed,
    filter: Filter,
    /// What of the status is about the key alone.
    key: bool,
    /// The one that is asked for, of all that is set.
    setting: Option<SettingName>,
}

/// Which capabilities of a list are shown.
#[derive(Default)]
pub(super) struct Filter {
    pub(super) provider: Option<ProviderId>,
    pub(super) ready: bool,
    pub(super) risks: Vec<Risk>,
    pub(super) category: Option<String>,
    /// Words that all have to be found.
    pub(super) search: Option<String>,
}

impl View {
    pub(super) fn of(format: Format) -> Self {
        Self { json: format.is_json(), ..Self::default() }
    }

    pub(super) fn csv() -> Self {
        Self { csv: true, ..Self::default() }
    }

    pub(super) fn source() -> Self {
        Self { source: true, ..Self::default() }
    }

    pub(super) fn of_key(format: Format) -> Self {
        Self { key: true, ..Self::of(format) }
    }

    pub(super) fn of_setting(name: SettingName) -> Self {
        Self { setting: Some(name), ..Self::default() }
    }

    pub(super) fn only(self, filter: Filter) -> Self {
        Self { filter, ..self }
    }

    pub(super) fn after(deed: Deed) -> Self {
        Self { deed, ..Self::default() }
    }
}

/// Prints one answer.
pub(super) fn outcome(outcome: &Outcome, view: &View, screen: &mut Screen<'_>) -> io::Result<()> {
    match outcome {
        Outcome::Status(status) if view.key && view.json => keys::print_json(status, screen),
        Outcome::Status(status) if view.key => keys::print(status, screen),
        Outcome::Status(status) if view.json => json(status, screen),
        Outcome::Status(status) | Outcome::Initialised(status) => status::print(status, screen),
        Outcome::GatewayOpened(listener) if view.json => json(listener, screen),
        Outcome::GatewayOpened(listener) => gateway::print_opened(listener, screen),
        Outcome::Gateway { listeners } if view.json => json(listeners, screen),
        Outcome::Gateway { listeners } => gateway::print_list(listeners, screen),
        Outcome::Metrics { text } => write!(screen.out, "{}", escape::block(text)),
        Outcome::SharedStatus(status) if view.json => json(status, screen),
        Outcome::SharedStatus(status) => status::print_shared(status, screen),
        Outcome::Doctor(found) if view.json => json(found, screen),
        Outcome::Doctor(found) => doctor::print(found, screen),
        Outcome::BackedUp { path, bytes, encrypted } => {
            let how = if *encrypted { "encrypted, and sealed within" } else { "sealed as the vault is" };
            writeln!(screen.out, "The vault is backed up to {} ({bytes} bytes, {how}).", escape::line(path))?;
            writeln!(screen.out, "Its key is not in it: keep that as well, elsewhere.")
        }
        Outcome::Restored { secrets, log_goes_on } => {
            let log = if *log_goes_on { "goes on" } else { "begins anew" };
            writeln!(
                screen.out,
                "The vault is restored, with {}; its audit log {log}.",
                counted(*secrets as u64, "secret")
            )
        }
        Outcome::Restarted => writeln!(screen.out, "The daemon is another one now."),
        Outcome::Unlocked { operator_until_ms: None } => writeln!(screen.out, "The vault is unlocked."),
        Outcome::Unlocked { operator_until_ms: Some(until) } => writeln!(
            screen.out,
            "The vault is unlocked, and open to its operator in this terminal until {}.",
            time::utc(*until)
        ),
        Outcome::Rekeyed(rekeyed) => keys::print_rekeyed(rekeyed, screen),
        Outcome::Locked => writeln!(screen.out, "The vault is locked."),
        Outcome::SecretStored(stored) => secrets::print_stored(stored, view.deed, screen),
        // Steps of something that is shown while it goes on.
        Outcome::Login(_) | Outcome::Clients(_) => Ok(()),
        Outcome::Imported { stored, unchanged } => secrets::print_imported(stored, unchanged, screen),
        Outcome::ImportPlanned { planned } => secrets::print_planned(planned, screen),
        Outcome::Secrets { secrets, elsewhere, damaged } => {
            let secrets = secrets::in_order(secrets);
            if view.json {
                json(&secrets, screen)?;
            } else {
                let rest = secrets::Rest { elsewhere: *elsewhere, is_readable: damaged.is_empty() };
                secrets::print_list(&secrets, rest, clock::now_ms(), screen)?;
            }
            damaged.iter().try_for_each(|record| screen.warn(&format!("a damaged record: {record}")))
        }
        Outcome::SecretChanged { secret, provisioned, removed } => {
            secrets::print_changed(secret, view.deed, provisioned, removed, screen)
        }
        Outcome::SecretDeleted { id, secret, removed } => {
            secrets::print_deleted(id, secret.as_ref(), removed, screen)
        }
        Outcome::Capabilities { capabilities } => {
            let shown = capabilities::filtered(capabilities, &view.filter);
            if view.filter.ready && capabilities::is_locked(capabilities) {
                screen
                    .warn("the vault is locked, so that nobody can tell which are ready: aivault unlock")?;
            }
            if view.json { json(&shown, screen) } else { capabilities::print(&shown, screen) }
        }
        Outcome::Capability(detail) if view.json => json(detail, screen),
        Outcome::Capability(detail) => capability::print(detail, screen),
        Outcome::CapabilityCreated { id, .. } => {
            writeln!(screen.out, "Capability created: {id}\nSee it with: aivault capability describe {id}")
        }
        Outcome::CapabilityDeleted { id } => writeln!(screen.out, "Capability deleted: {id}"),
        Outcome::CapabilitySwitched { id, on: true } => writeln!(screen.out, "Capability enabled: {id}"),
        Outcome::CapabilitySwitched { id, on: false } => writeln!(screen.out, "Capability disabled: {id}"),
        Outcome::CapabilityBoundTo(binding) => credentials::print_bound(binding, screen),
        Outcome::CapabilityUnbound => writeln!(screen.out, "Binding removed."),
        Outcome::Bindings { bindings, damaged } => {
            if view.json {
                json(bindings, screen)?;
            } else {
                credentials::print_bindings(bindings, screen)?;
            }
            damaged.iter().try_for_each(|record| screen.warn(&format!("a damaged record: {record}")))
        }
        Outcome::CapabilityBounded { id, policy, text: Some(_) } => {
            writeln!(
                screen.out,
                "{id} is bounded by the policy {policy}.\nSee it with: aivault policy show {policy}"
            )
        }
        Outcome::CapabilityBounded { id, policy, text: None } => {
            writeln!(screen.out, "{id} is not bounded any more: the policy {policy} is gone.")
        }
        Outcome::CredentialCreated(credential) => credentials::print_created(credential, screen),
        Outcome::Credentials { credentials, damaged } => {
            if view.json {
                json(credentials, screen)?;
            } else {
                credentials::print_list(credentials, screen)?;
            }
            damaged.iter().try_for_each(|record| screen.warn(&format!("a damaged record: {record}")))
        }
        Outcome::CredentialDeleted { name, provider } => {
            writeln!(screen.out, "Credential deleted: {name} of {provider}. Its secrets are kept.")
        }
        Outcome::Audit { events, damaged, doubt } => {
            let form = match view {
                View { csv: true, .. } => AuditForm::Csv,
                View { json: true, .. } => AuditForm::Json,
                _ => AuditForm::Table,
            };
            audit_events(events, form, screen)?;
            doubt.iter().try_for_each(|doubt| screen.warn(doubt))?;
            damaged.iter().try_for_each(|line| screen.warn(&format!("not an entry of the audit log: {line}")))
        }
        Outcome::AuditVerified(verified) => audit::print_verified(verified, view.json, screen),
        Outcome::AuditCheckpoint { seq, checkpoint } => {
            audit::print_checkpoint(*seq, checkpoint, view.json, screen)
        }
        Outcome::AuditStats { stats, doubt } => {
            audit_stats::print(stats, view.json, screen)?;
            doubt.iter().try_for_each(|doubt| screen.warn(doubt))
        }
        Outcome::AuditRetired(retired) if view.json => json(retired, screen),
        Outcome::AuditRetired(retired) => audit::print_retired(retired.as_ref(), screen),
        Outcome::PoliciesApplied { policies, warnings } => {
            if view.json {
                json(policies, screen)?;
            } else {
                policies::print_applied(policies, false, screen)?;
            }
            warnings.iter().try_for_each(|warning| screen.warn(warning))
        }
        Outcome::PoliciesPlanned { policies, warnings, .. } => {
            policies::print_applied(policies, true, screen)?;
            warnings.iter().try_for_each(|warning| screen.warn(warning))
        }
        Outcome::Policies { policies, broken } => {
            if view.json {
                json(policies, screen)?;
            } else {
                policies::print_list(policies, clock::now_ms(), screen)?;
            }
            broken.iter().try_for_each(|policy| {
                screen.warn(&format!("the policy {policy} cannot be read; what it may apply to is refused"))
            })
        }
        Outcome::Policy { text } => write!(screen.out, "{}", escape::block(text)),
        Outcome::PolicyRemoved { id } => writeln!(screen.out, "Policy removed: {id}"),
        Outcome::ProviderAdded { provider, replaced, unbound } => {
            providers::print_added(provider, *replaced, unbound, screen)
        }
        Outcome::Providers { providers, broken } => {
            if view.json {
                json(providers, screen)?;
            } else {
                providers::print_list(providers, screen)?;
            }
            broken.iter().try_for_each(|id| {
                screen.warn(&format!("the provider {id} cannot be used: see `aivault provider validate`"))
            })
        }
        Outcome::Provider { provider, text } if view.source => {
            providers::print_source(provider, text.as_deref(), screen)
        }
        Outcome::Provider { provider, .. } if view.json => json(provider, screen),
        Outcome::Provider { provider, .. } => providers::print(provider, screen),
        Outcome::ProviderRemoved { id } => {
            writeln!(
                screen.out,
                "Provider removed: {id}. Its secrets stay pinned to it, and serve nobody else."
            )
        }
        Outcome::Approvals { questions } if view.json => json(questions, screen),
        Outcome::Approvals { questions } => approvals::print_list(questions, clock::now_ms(), screen),
        Outcome::Approval(question) if view.json => json(question, screen),
        Outcome::Approval(question) => question_in_full(question, screen),
        Outcome::ApprovalAnswered { id, approved } => {
            writeln!(screen.out, "{}: {id}", if *approved { "Approved" } else { "Refused" })
        }
        Outcome::TokenMinted(minted) if view.json => json(minted, screen),
        Outcome::TokenMinted(minted) => tokens::print_minted(minted, screen),
        Outcome::Tokens { tokens, damaged } => {
            if view.json {
                json(tokens, screen)?;
            } else {
                tokens::print_list(tokens, clock::now_ms(), screen)?;
            }
            damaged.iter().try_for_each(|record| screen.warn(&format!("a damaged record: {record}")))
        }
        Outcome::TokensRevoked { tokens } => tokens::print_revoked(tokens, screen),
        Outcome::AuditRestarted { set_aside } => repair::print_restarted(set_aside.as_deref(), screen),
        Outcome::Repair(view_of) if view.json => json(view_of, screen),
        Outcome::Repair(view_of) => repair::print(view_of, screen),
        Outcome::ConfigSet(setting) => config::print_set(setting, screen),
        Outcome::Config { settings } => match view.setting {
            Some(name) => config::print_one(settings, name, screen),
            None if view.json => json(settings, screen),
            None => config::print_list(settings, screen),
        },
        Outcome::ConfigUnset { name } => writeln!(screen.out, "{name} is not set any more."),
        Outcome::UpstreamSet(upstream) => {
            let (host, address) = (escape::line(&upstream.host), escape::line(&upstream.address));
            writeln!(screen.out, "Calls to {host} now go to {address}.")
        }
        Outcome::Upstreams { upstreams } if view.json => json(upstreams, screen),
        Outcome::Upstreams { upstreams } => status::print_upstreams(upstreams, screen),
        Outcome::UpstreamRemoved { host } => {
            writeln!(screen.out, "Calls to {host} go there again.", host = escape::line(host))
        }
    }
}

/// Indented, on a terminal and in a pipe alike; safe to show.
fn json(value: &impl Serialize, screen: &mut Screen<'_>) -> io::Result<()> {
    let text = serde_json::to_string(value)?;
    let text = super::json::parse(text.as_bytes()).map_or(text, |node| super::json::pretty(&node));
    writeln!(screen.out, "{text}")
}

/// `1 event`, `2 events`.
fn counted(count: u64, noun: &str) -> String {
    let ending = match (count, noun.strip_suffix('y')) {
        (1, _) => return format!("1 {noun}"),
        (_, Some(stem)) => return format!("{count} {stem}ies"),
        _ => "s",
    };
    format!("{count} {noun}{ending}")
}

/// `A`, `A and B`, `A, B and C`.
fn listed(names: &[impl AsRef<str>]) -> String {
    match names {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod testing {
    //! What a renderer printed.

    use std::io;

    use crate::cli::screen::{Paint, Screen};

    /// Runs `print` on a screen that is no terminal; gives what went to each stream.
    pub(super) fn printed(print: impl FnOnce(&mut Screen<'_>) -> io::Result<()>) -> (String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let paint = Paint::plain();
        print(&mut Screen { out: &mut out, err: &mut err, paint, err_paint: paint, on_terminal: false })
            .unwrap();
        (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }
}

#[cfg(test)]
mod tests {
    use super::testing::printed;
    use super::*;
    use crate::service::{UpstreamView, VerifiedView};

    #[test]
    fn counts_and_lists_read_well() {
        assert_eq!(counted(1, "capability"), "1 capability");
        assert_eq!(counted(17, "capability"), "17 capabilities");
        assert_eq!(counted(0, "event"), "0 events");
        assert_eq!(listed(&["A"]), "A");
        assert_eq!(listed(&["A", "B"]), "A and B");
        assert_eq!(listed(&["A", "B", "C"]), "A, B and C");
    }

    #[test]
    fn short_answers_are_sentences() {
        let show = |answer: Outcome| printed(|screen| outcome(&answer, &View::default(), screen)).0;
        assert_eq!(show(Outcome::Locked), "The vault is locked.\n");
        assert_eq!(
            show(Outcome::AuditVerified(VerifiedView {
                events: 12,
                files: 1,
                last_mac: "7f".to_owned(),
                since: None,
                retired: None,
                repairs: Vec::new()
            })),
            "The audit log is intact: 12 events in 1 file, the last with MAC 7f.\n"
        );
        let upstream = UpstreamView { host: "a.com\u{1b}".into(), address: "127.0.0.1:1".into() };
        assert_eq!(show(Outcome::UpstreamSet(upstream)), "Calls to a.com\\u{1b} now go to 127.0.0.1:1.\n");
    }

    #[test]
    fn damage_is_told_beside_a_list() {
        let answer =
            Outcome::Secrets { secrets: Vec::new(), elsewhere: 0, damaged: vec!["secret 7".to_owned()] };
        let view = View { json: true, ..View::default() };
        let (out, err) = printed(|screen| outcome(&answer, &view, screen));
        assert_eq!((out.as_str(), err.as_str()), ("[]\n", "warning: a damaged record: secret 7\n"));
    }
}
