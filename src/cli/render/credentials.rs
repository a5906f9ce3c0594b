//! Credentials and what they are bound to serve.

use std::io;

use super::counted;
use super::table::Table;
use crate::cli::escape;
use crate::cli::screen::Screen;
use crate::service::{BindingView, CredentialView};
use crate::spec::Host;

pub(super) fn print_created(one: &CredentialView, screen: &mut Screen<'_>) -> io::Result<()> {
    let ready = counted(one.capabilities as u64, "capability");
    let by = one.way.as_ref().map(|way| format!(" by {way}")).unwrap_or_default();
    writeln!(screen.out, "Credential created: {} of {}{by} ({ready} enabled)", one.name, one.provider)?;
    writeln!(screen.out, "Use it with: aivault invoke {}/… --credential {}", one.provider, one.name)
}

pub(super) fn print_list(all: &[CredentialView], screen: &mut Screen<'_>) -> io::Result<()> {
    if all.is_empty() {
        return writeln!(
            screen.out,
            "No credentials. One is made when all secrets of a provider are stored: aivault secrets create"
        );
    }
    let mut table = Table::new(&["NAME", "PROVIDER", "SCOPE", "AUTH", "SECRETS", "HOSTS", "CAPABILITIES"]);
    for one in all {
        let secrets: Vec<String> = one.secrets.values().map(ToString::to_string).collect();
        let hosts: Vec<&str> = one.hosts.iter().map(Host::as_str).collect();
        table.row([
            one.name.to_string(),
            one.provider.to_string(),
            one.scope.to_string(),
            one.way.as_ref().map(ToString::to_string).unwrap_or_default(),
            secrets.join(" "),
            hosts.join(" "),
            one.capabilities.to_string(),
        ]);
    }
    table.print(screen.out, screen.paint)
}

pub(super) fn print_bound(binding: &BindingView, screen: &mut Screen<'_>) -> io::Result<()> {
    let BindingView { capabilities, credential, scope, consumer } = binding;
    let who = consumer.as_ref().map(|who| format!(" for {}", escape::line(who))).unwrap_or_default();
    writeln!(screen.out, "Bound: {} uses {credential} in {scope}{who}", escape::line(capabilities))
}

pub(super) fn print_bindings(all: &[BindingView], screen: &mut Screen<'_>) -> io::Result<()> {
    if all.is_empty() {
        return writeln!(screen.out, "No bindings. Make one with: aivault capability bind");
    }
    let mut table = Table::new(&["CAPABILITY", "CREDENTIAL", "SCOPE", "CONSUMER"]);
    for one in all {
        let consumer = one.consumer.clone().unwrap_or_default();
        table.row([one.capabilities.clone(), one.credential.to_string(), one.scope.to_string(), consumer]);
    }
    table.print(screen.out, screen.paint)
}
