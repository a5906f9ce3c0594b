//! Where callers find the broker over TCP.

use std::io;

use super::table::Table;
use crate::cli::screen::Screen;
use crate::service::ListenerView;

pub(super) fn print_opened(listener: &ListenerView, screen: &mut Screen<'_>) -> io::Result<()> {
    match &listener.credential {
        Some(credential) => writeln!(screen.out, "Callers of {credential} find it at {}", listener.url),
        None => writeln!(
            screen.out,
            "Callers find the gateway at {url}\nAn account's API is at {url}/v/CREDENTIAL",
            url = listener.url
        ),
    }
}

pub(super) fn print_list(listeners: &[ListenerView], screen: &mut Screen<'_>) -> io::Result<()> {
    if listeners.is_empty() {
        return writeln!(screen.out, "Nothing is listened on: aivault gateway open");
    }
    let mut table = Table::new(&["URL", "FOR"]);
    for one in listeners {
        table.row([one.url.clone(), whom(one)]);
    }
    table.print(screen.out, screen.paint)
}

/// The line of `status`.
pub(super) fn in_a_line(listener: &ListenerView) -> String {
    format!("{} ({})", listener.url, whom(listener))
}

fn whom(listener: &ListenerView) -> String {
    listener.credential.as_ref().map_or_else(|| "all credentials".to_owned(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::render::testing::printed;
    use crate::spec::CredentialName;

    #[test]
    fn listeners_are_told_with_what_they_are_for() {
        let all = ListenerView {
            address: "127.0.0.1:8700".parse().unwrap(),
            url: "http://127.0.0.1:8700".to_owned(),
            credential: None,
            tls: false,
        };
        let one = ListenerView { credential: Some(CredentialName::from_static("stripe")), ..all.clone() };
        let list = printed(|screen| print_list(&[all.clone(), one.clone()], screen)).0;
        assert!(
            list.contains("http://127.0.0.1:8700  all credentials\n") && list.contains("stripe"),
            "{list}"
        );
        assert!(
            printed(|screen| print_opened(&all, screen)).0.contains("http://127.0.0.1:8700/v/CREDENTIAL")
        );
        assert_eq!(in_a_line(&one), "http://127.0.0.1:8700 (stripe)");
        assert!(printed(|screen| print_list(&[], screen)).0.contains("gateway open"));
    }
}
