//! `oauth …`: a person consents in a browser or on another device; what comes of it is the service's
//! to exchange and to store, and passes through here once, unseen.

mod callback;
mod redirect;

use std::process::ExitCode;

use super::arguments::{LoginArguments, OauthVerb, WantedArguments};
use super::error::CliError;
use super::screen::Screen;
use super::task::Task;
use super::{escape, secrets};
use crate::platform::clock;
use crate::service::login::{LoginRequest, LoginStep, LoginView};
use crate::service::{Command, Outcome, SecretInput, Service};
use crate::spec::{ProviderId, Scope};
use callback::Callback;
use redirect::Redirect;

/// How much more slowly is asked where the provider says so (RFC 8628, section 3.5).
const SLOWER_S: u64 = 5;

/// What is to be done.
pub(super) enum Oauth {
    Browser { who: Who, redirect: Redirect, wait_s: u64 },
    Device { who: Who, wait_s: u64 },
    Setup { who: Who, redirect: String },
}

/// Which account of whom.
pub(super) struct Who {
    provider: ProviderId,
    scope: Scope,
    scopes: Option<Vec<String>>,
}

pub(super) fn task(verb: OauthVerb) -> Result<Task, CliError> {
    Ok(Task::Oauth(match verb {
        OauthVerb::Setup { provider, redirect_uri, wanted } => {
            Oauth::Setup { who: who(provider, wanted)?, redirect: redirect_uri }
        }
        OauthVerb::Login(LoginArguments { provider, device, port, redirect_uri, wait, wanted }) => {
            let who = who(provider, wanted)?;
            match (device, redirect_uri) {
                (true, _) => Oauth::Device { who, wait_s: wait },
                (false, None) => Oauth::Browser { who, redirect: Redirect::at(port), wait_s: wait },
                (false, Some(url)) => Oauth::Browser { who, redirect: Redirect::parse(&url)?, wait_s: wait },
            }
        }
    }))
}

fn who(provider: ProviderId, wanted: WantedArguments) -> Result<Who, CliError> {
    Ok(Who { provider, scope: secrets::scope(wanted.place)?, scopes: wanted.scopes })
}

impl Oauth {
    pub(super) fn perform(self, service: &Service, screen: &mut Screen<'_>) -> Result<ExitCode, CliError> {
        match self {
            Self::Browser { who, redirect, wait_s } => who.by_browser(service, redirect, wait_s, screen)?,
            Self::Device { who, wait_s } => who.by_device(service, wait_s, screen)?,
            Self::Setup { who, redirect } => {
                let (url, ..) = who.consent(service, redirect, false)?;
                writeln!(screen.out, "{}", escape::line(&url))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Who {
    fn by_browser(
        &self,
        service: &Service,
        redirect: Redirect,
        wait_s: u64,
        screen: &mut Screen<'_>,
    ) -> Result<(), CliError> {
        let callback = Callback::listen(redirect)?;
        let redirect = callback.url();
        let (url, state, verifier) = self.consent(service, redirect.clone(), true)?;
        writeln!(
            screen.out,
            "To log in to {}, open this address in a browser on this machine:",
            self.provider
        )?;
        writeln!(screen.out, "{}", escape::line(&url))?;
        writeln!(screen.out, "Waiting for it at {} …", escape::line(&redirect))?;
        screen.out.flush()?;
        let code = callback.code(&state, wait_s)?;
        let verifier = input(verifier.unwrap_or_default())?;
        match self.ask(service, LoginStep::Code { code, verifier, redirect })? {
            LoginView::Done { secret, credential } => self.done(secret.name.as_str(), credential, screen),
            _ => Err(strange()),
        }
    }

    fn by_device(&self, service: &Service, wait_s: u64, screen: &mut Screen<'_>) -> Result<(), CliError> {
        let asked = self.ask(service, LoginStep::Device { scopes: self.scopes.clone() })?;
        let LoginView::Device { user_code, url, url_with_code, device_code, interval_s, expires_s } = asked
        else {
            return Err(strange());
        };
        let there = url_with_code.as_ref().unwrap_or(&url);
        writeln!(screen.out, "To log in to {}, open this address on any device:", self.provider)?;
        writeln!(screen.out, "{}", escape::line(there))?;
        writeln!(screen.out, "and type the code {}", escape::line(&user_code))?;
        screen.out.flush()?;
        let mut pause_s = interval_s.max(1);
        let end_ms = clock::now_ms().saturating_add(wait_s.min(expires_s).saturating_mul(1000));
        while clock::now_ms() < end_ms {
            clock::pause_ms(pause_s.saturating_mul(1000).min(60_000));
            match self.ask(service, LoginStep::Poll { code: input(device_code.clone())? })? {
                LoginView::Waiting { slower } => pause_s += if slower { SLOWER_S } else { 0 },
                LoginView::Done { secret, credential } => {
                    return self.done(secret.name.as_str(), credential, screen);
                }
                _ => return Err(strange()),
            }
        }
        Err(CliError::NobodyCame { seconds: wait_s.min(expires_s) })
    }

    fn consent(
        &self,
        service: &Service,
        redirect: String,
        exchanged_here: bool,
    ) -> Result<(String, String, Option<String>), CliError> {
        let step = LoginStep::Consent { redirect, scopes: self.scopes.clone(), exchanged_here };
        match self.ask(service, step)? {
            LoginView::Consent { url, state, verifier } => Ok((url, state, verifier)),
            _ => Err(strange()),
        }
    }

    fn ask(&self, service: &Service, step: LoginStep) -> Result<LoginView, CliError> {
        let request = LoginRequest { provider: self.provider.clone(), scope: self.scope.clone(), step };
        match service.execute(Command::Login(request))? {
            Outcome::Login(view) => Ok(view),
            _ => Err(strange()),
        }
    }

    fn done(
        &self,
        secret: &str,
        credential: Option<String>,
        screen: &mut Screen<'_>,
    ) -> Result<(), CliError> {
        writeln!(screen.out, "Logged in to {}: {secret} stored", self.provider)?;
        if let Some(credential) = credential {
            writeln!(screen.out, "→ Credential ready: {}", escape::line(&credential))?;
        }
        Ok(())
    }
}

fn input(text: String) -> Result<SecretInput, CliError> {
    SecretInput::new(text.into_bytes()).map_err(|_| CliError::usage("there is nothing to exchange"))
}

/// An answer that no service of this version gives.
fn strange() -> CliError {
    CliError::usage("the service answered with another step than the one that was asked for")
}
