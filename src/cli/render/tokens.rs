//! Callers' access tokens. The text of one goes to the output once, when it is made.

use std::io;

use super::counted;
use super::table::Table;
use super::time;
use crate::cli::escape;
use crate::cli::screen::Screen;
use crate::service::{MintedView, RevokedView, TokenView};

/// The token alone on the output, so that it can be taken as it is; what it is worth beside it.
pub(super) fn print_minted(minted: &MintedView, screen: &mut Screen<'_>) -> io::Result<()> {
    let view = &minted.view;
    writeln!(screen.out, "{}", minted.token.as_str())?;
    let note = screen.err_paint.bold("note:");
    let covered = escape::line(&view.capabilities.join(", ")).into_owned();
    let until = time::utc(view.expires_ms);
    writeln!(screen.err, "{note} {} may use {covered} until {until}; it is not shown again", view.caller)
}

pub(super) fn print_list(tokens: &[TokenView], now_ms: u64, screen: &mut Screen<'_>) -> io::Result<()> {
    if tokens.is_empty() {
        return writeln!(screen.out, "No tokens. Make one with: aivault token mint --capability CAPABILITY");
    }
    let mut table =
        Table::new(&["NAME", "ID", "CAPABILITIES", "CREDENTIAL", "SCOPE", "PROCESS", "MADE", "EXPIRES"]);
    for one in tokens {
        table.row([
            one.name.as_ref().map(ToString::to_string).unwrap_or_default(),
            short(&one.id),
            one.capabilities.join(" "),
            one.credential.as_ref().map(ToString::to_string).unwrap_or_default(),
            one.scope.to_string(),
            one.pid.map(|pid| pid.to_string()).unwrap_or_default(),
            time::ago(one.created_ms, now_ms),
            if one.ended { "ended".to_owned() } else { time::ahead(one.expires_ms, now_ms) },
        ]);
    }
    table.print(screen.out, screen.paint)
}

pub(super) fn print_revoked(tokens: &[RevokedView], screen: &mut Screen<'_>) -> io::Result<()> {
    match tokens {
        [] => writeln!(screen.out, "There are no tokens."),
        [one] => {
            let called = one.name.as_ref().map_or_else(|| short(&one.id), ToString::to_string);
            writeln!(screen.out, "Token revoked: {called}")
        }
        several => writeln!(screen.out, "Revoked: {}", counted(several.len() as u64, "token")),
    }
}

/// The digits by which an id is called.
fn short(id: &str) -> String {
    id.split_once('_').map_or(id, |(_, digits)| digits).chars().take(8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::render::testing::printed;
    use crate::spec::{CredentialName, Scope, TokenName};

    const NOW: u64 = 1_795_448_000_000;

    fn token(name: Option<&'static str>, ended: bool) -> TokenView {
        TokenView {
            id: format!("ctk_1a2b3c4d{}", "0".repeat(24)),
            name: name.map(TokenName::from_static),
            caller: "token:agent-7".to_owned(),
            capabilities: vec!["openai/*".to_owned(), "github/repos".to_owned()],
            credential: name.map(|_| CredentialName::from_static("work")),
            scope: Scope::Global,
            created_ms: NOW - 120_000,
            expires_ms: NOW + 3_480_000,
            pid: None,
            ended,
        }
    }

    #[test]
    fn a_list_shows_what_each_covers_and_how_long() {
        let list = "\
NAME     ID        CAPABILITIES           CREDENTIAL  SCOPE   MADE    EXPIRES
agent-7  1a2b3c4d  openai/* github/repos  work        global  2m ago  in 58m
         1a2b3c4d  openai/* github/repos              global  2m ago  ended
";
        let tokens = [token(Some("agent-7"), false), token(None, true)];
        assert_eq!(printed(|screen| print_list(&tokens, NOW, screen)).0, list);
        assert!(printed(|screen| print_list(&[], NOW, screen)).0.starts_with("No tokens."));
    }

    #[test]
    fn what_was_revoked_is_called_as_it_was_listed() {
        let one = |name| {
            let TokenView { id, name, .. } = token(name, false);
            RevokedView { id, name }
        };
        let show = |tokens: &[RevokedView]| printed(|screen| print_revoked(tokens, screen)).0;
        assert_eq!(show(&[one(Some("agent-7"))]), "Token revoked: agent-7\n");
        assert_eq!(show(&[one(None)]), "Token revoked: 1a2b3c4d\n");
        assert_eq!(show(&[one(None), one(None)]), "Revoked: 2 tokens\n");
        assert_eq!(show(&[]), "There are no tokens.\n");
    }
}
