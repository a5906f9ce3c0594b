//! `run …`: a program whose clients come to the gateway with a token that ends when it does.
//!
//! The program gets a token and never a key. What it may use is for the token's bounds and policy to
//! say; here its environment is made, and it is waited for.

mod environment;
mod suspects;

use std::ffi::OsString;
use std::process::ExitCode;

use super::arguments::RunArguments;
use super::error::CliError;
use super::report;
use super::screen::Screen;
use super::secrets;
use super::task::Task;
use crate::platform::mark::ProcessMark;
use crate::platform::{foreground, lineage, process};
use crate::service::{
    ClientsRequest, ClientsView, Command, MintRequest, MintedView, Outcome, Service, TokenSelector,
};
use crate::settings;
use crate::spec::{TokenName, Ttl};
use environment::Wish;

/// All there is.
const EVERYTHING: &str = "*";

/// What is to be run, and what it may use.
pub(super) struct Run {
    wanted: ClientsRequest,
    ttl: Ttl,
    name: Option<TokenName>,
    wish: Wish,
    command: Vec<OsString>,
}

pub(super) fn task(arguments: RunArguments) -> Result<Task, CliError> {
    let RunArguments { mut capabilities, all, credential, ttl, name, unset, keep, scope, command } =
        arguments;
    if all {
        capabilities.push(EVERYTHING.to_owned());
    }
    let wanted = ClientsRequest { capabilities, credential, scope: secrets::scope(scope)? };
    Ok(Task::Run(Box::new(Run { wanted, ttl, name, wish: Wish { unset, keep }, command })))
}

impl Run {
    pub(super) fn perform(self, service: &Service, screen: &mut Screen<'_>) -> Result<ExitCode, CliError> {
        if self.wanted.capabilities.is_empty() {
            return Err(self.suggestion(service));
        }
        let clients = self.clients(service, self.wanted.capabilities.clone())?;
        if clients.ready.is_empty() {
            screen.warn("nothing that the command may use is ready: see `aivault capability list`")?;
        }
        let Outcome::GatewayOpened(listener) = service.execute(Command::GatewayOpen { credential: None })?
        else {
            return Err(strange());
        };
        let minted = self.mint(service)?;
        let inherited = settings::environment();
        let given = environment::of(inherited, &clients, &listener.url, minted.token.as_str(), &self.wish);
        if !given.kept.is_empty() {
            let note = screen.err_paint.bold("note:");
            writeln!(screen.err, "{note} keys that the command does not get: {}", given.kept.join(", "))?;
        }
        if !given.suspects.is_empty() {
            screen.warn(&format!(
                "the command gets variables that look like keys: {}; leave them out with --unset NAME, or say with \
                 --keep NAME that they are meant",
                given.suspects.join(", ")
            ))?;
        }
        let code = self.run(given.variables, screen);
        revoke(service, minted, screen)?;
        Ok(code)
    }

    fn run(&self, variables: Vec<(OsString, OsString)>, screen: &Screen<'_>) -> ExitCode {
        // What it runs has no part in the operator's session of this terminal.
        lineage::be_known();
        let Some((program, arguments)) = self.command.split_first() else { return ExitCode::FAILURE };
        match foreground::run(program, arguments, variables) {
            Ok(code) => ExitCode::from(code),
            Err(error) => {
                report::line("error", &error.to_string(), screen.err_paint);
                ExitCode::from(error.exit_code())
            }
        }
    }

    fn clients(&self, service: &Service, capabilities: Vec<String>) -> Result<ClientsView, CliError> {
        let request = ClientsRequest { capabilities, ..self.wanted.clone() };
        match service.execute(Command::Clients(request))? {
            Outcome::Clients(view) => Ok(view),
            _ => Err(strange()),
        }
    }

    /// With the life of this process, so that nothing is left of it however this process ends.
    fn mint(&self, service: &Service) -> Result<Box<MintedView>, CliError> {
        let ClientsRequest { capabilities, credential, scope } = self.wanted.clone();
        let lives_with = ProcessMark::of(process::own_pid());
        let request = MintRequest {
            name: self.name.clone(),
            capabilities,
            credential,
            scope,
            ttl: self.ttl,
            lives_with,
        };
        match service.execute(Command::TokenMint(request))? {
            Outcome::TokenMinted(minted) => Ok(minted),
            _ => Err(strange()),
        }
    }

    fn suggestion(&self, service: &Service) -> CliError {
        let message = "say what the command may use";
        let ready = match self.clients(service, vec![EVERYTHING.to_owned()]) {
            Ok(clients) => clients.ready,
            Err(error) => return error,
        };
        let flags: Vec<String> =
            ready.iter().map(|one| format!("--capability '{}/*'", one.provider)).collect();
        let help = match &flags[..] {
            [] => "nothing is ready yet; store a key: aivault secrets create".to_owned(),
            [only] => format!("{only}, which is all that is ready"),
            several => format!("of what is ready: {}; or --all", several.join(", ")),
        };
        CliError::with_help(message, help)
    }
}

/// A token that cannot be revoked ends with this process all the same.
fn revoke(service: &Service, minted: Box<MintedView>, screen: &mut Screen<'_>) -> Result<(), CliError> {
    let which = TokenSelector::Called(minted.view.id);
    if let Err(error) = service.execute(Command::TokenRevoke { which }) {
        screen.warn(&format!("the command's token was not revoked: {}", error.message))?;
    }
    Ok(())
}

/// An answer that no service of this version gives.
fn strange() -> CliError {
    CliError::usage("the service answered something else than what it was asked")
}
