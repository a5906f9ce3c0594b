//! `token …` as commands.

use super::arguments::{MintArguments, RevokeArguments, TokenVerb};
use super::error::CliError;
use super::render::View;
use super::secrets;
use super::task::Task;
use crate::service::{Command, MintRequest, TokenSelector};

pub(super) fn task(verb: TokenVerb) -> Result<Task, CliError> {
    let (command, view) = match verb {
        TokenVerb::Mint(mint) => {
            let view = View::of(mint.format);
            (Command::TokenMint(request(mint)?), view)
        }
        TokenVerb::List(format) => (Command::TokenList, View::of(format)),
        TokenVerb::Revoke(revoke) => (Command::TokenRevoke { which: which(revoke)? }, View::default()),
    };
    Ok(Task::Ask(command, view))
}

fn request(mint: MintArguments) -> Result<MintRequest, CliError> {
    let MintArguments { capabilities, credential, ttl, name, scope, .. } = mint;
    let scope = secrets::scope(scope)?;
    Ok(MintRequest { name, capabilities, credential, scope, ttl, lives_with: None })
}

/// The parser has seen to it that there is one of the two.
fn which(revoke: RevokeArguments) -> Result<TokenSelector, CliError> {
    match (revoke.token, revoke.all) {
        (None, true) => Ok(TokenSelector::All),
        (Some(text), false) => Ok(TokenSelector::Called(text)),
        _ => Err(CliError::usage("say which token, or --all")),
    }
}
