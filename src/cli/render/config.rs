//! How requests leave this machine.

use std::io;

use crate::cli::escape;
use crate::cli::screen::Screen;
use crate::service::{SettingName, SettingView};

/// What it means that it is set now.
pub(super) fn print_set(setting: &SettingView, screen: &mut Screen<'_>) -> io::Result<()> {
    let summary = escape::line(&setting.summary);
    match setting.name {
        SettingName::EgressProxy => writeln!(screen.out, "Calls to public hosts now go through {summary}."),
        SettingName::AuditRetention => {
            writeln!(screen.out, "The audit log's files go once all their events are older than {summary}.")?;
            screen.warn("keep a checkpoint elsewhere now and then: aivault audit checkpoint")
        }
        SettingName::ExtraCa => {
            writeln!(screen.out, "Trusted now beside the built-in authorities: {summary}.")?;
            writeln!(
                screen.out,
                "Values that are stored already do not go by it until they are given again."
            )?;
            screen.warn("whoever has the key of such an authority can read what is sent, secrets included")
        }
    }
}

/// The value and nothing else; nothing where it is not set.
pub(super) fn print_one(
    settings: &[SettingView],
    name: SettingName,
    screen: &mut Screen<'_>,
) -> io::Result<()> {
    match settings.iter().find(|setting| setting.name == name) {
        Some(setting) => writeln!(screen.out, "{}", escape::block(setting.value.trim_end())),
        None => screen.warn(&format!("{name} is not set")),
    }
}

pub(super) fn print_list(settings: &[SettingView], screen: &mut Screen<'_>) -> io::Result<()> {
    if settings.is_empty() {
        return writeln!(
            screen.out,
            "Nothing is set: calls go straight to their hosts, and the audit log is kept for ever."
        );
    }
    settings.iter().try_for_each(|setting| {
        writeln!(screen.out, "{:<17}{}", setting.name.as_str(), escape::line(&setting.summary))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::render::testing::printed;

    fn settings() -> Vec<SettingView> {
        let (proxy, pem) = ("http://proxy:3128\u{1b}", "-----BEGIN\nx\n");
        let set = |name, value: &str, summary: &str| SettingView {
            name,
            value: value.to_owned(),
            summary: summary.to_owned(),
            set_ms: 0,
        };
        vec![set(SettingName::EgressProxy, proxy, proxy), set(SettingName::ExtraCa, pem, "1 certificate")]
    }

    #[test]
    fn a_list_a_value_and_nothing() {
        let list = "egress-proxy     http://proxy:3128\\u{1b}\nextra-ca         1 certificate\n";
        assert_eq!(printed(|screen| print_list(&settings(), screen)).0, list);
        let one = |name| printed(|screen| print_one(&settings(), name, screen));
        assert_eq!(one(SettingName::ExtraCa), ("-----BEGIN\nx\n".to_owned(), String::new()));
        let none = printed(|screen| print_one(&[], SettingName::EgressProxy, screen));
        assert_eq!(none, (String::new(), "warning: egress-proxy is not set\n".to_owned()));
        let nothing =
            "Nothing is set: calls go straight to their hosts, and the audit log is kept for ever.\n";
        assert_eq!(printed(|screen| print_list(&[], screen)).0, nothing);
    }

    #[test]
    fn an_authority_is_warned_of() {
        let (out, err) = printed(|screen| print_set(&settings()[1], screen));
        assert_eq!(
            out,
            "Trusted now beside the built-in authorities: 1 certificate.\n\
             Values that are stored already do not go by it until they are given again.\n"
        );
        assert!(err.starts_with("warning: whoever has the key"), "{err}");
        let (out, err) = printed(|screen| print_set(&settings()[0], screen));
        assert!(
            out.starts_with("Calls to public hosts now go through http://proxy:3128\\u{1b}")
                && err.is_empty()
        );
    }
}
