//! Composition root of the daemon: parse, harden, serve.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use aivault::daemon::{Beginning, Beside, DaemonError, Ended, Ground, Shared, Sockets};
use aivault::platform::{process, ready};
use aivault::service::{KeySources, ListenerView, Local, OperatorGrant, SecretText, wire};
use aivault::{daemon, http, mcp, settings};

const HELP: &str = "\
Serves one vault over unix sockets, and over TCP where it is told to.
`aivault invoke` starts it on demand.

Usage: aivaultd [OPTIONS]

Options:
      --listen ADDRESS:PORT[=CREDENTIAL]
                 Serve callers who have a token, on loopback, such as
                 127.0.0.1:8700; port 0 takes any that is free. With a
                 credential, all of it goes to that one's provider.
                 May be said several times
      --allow-remote
                 Let --listen take an address that other machines can reach;
                 needs a certificate
      --tls-cert FILE
                 The certificate's chain for such listeners, in PEM
      --tls-key FILE
                 Its private key, in PEM, readable by its owner alone
      --remote-name NAME
                 What clients call such listeners; may be said several times
      --shared[=SOCKET]
                 Serve callers of other users too: those of a group, at a
                 socket of mode 0660 in a folder of mode 0750
                 [default: /run/aivault/callers.sock]
      --callers-group GROUP
                 The group of such callers [default: aivault-callers]
      --key-on-stdin
                 Open the vault with the key that `aivault unlock` writes on
                 the standard input
      --take-over
                 Take the place of the daemon that runs, and go on where it
                 listens; `aivault restart` starts one so
      --operator-session LEADER:BEGAN:TIME
                 The operator's session that comes with the key
  -h, --help     Print help
  -V, --version  Print version

Environment:
  AIVAULT_DIR      the vault's folder
  AIVAULTD_SOCKET  the callers' socket
  CREDENTIALS_DIRECTORY
                   where systemd put the credentials of this service
";

/// What the arguments say.
#[derive(Default)]
struct Told {
    key_on_stdin: bool,
    takes_over: bool,
    operator: Option<OperatorGrant>,
    shared: Option<PathBuf>,
    callers: Option<String>,
    wanted: Vec<http::Wanted>,
    remote: http::Remote,
}

/// What the arguments come down to.
enum Asked {
    Serve(Box<Told>),
    Say(&'static str),
    /// A word that nothing is called, or one that lacks its value.
    Unknown(String),
    Listener(http::GatewayError),
}

fn main() -> ExitCode {
    settings::cleanse();
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match asked(arguments.iter().map(|argument| argument.to_str())) {
        Asked::Serve(told) => serve(*told),
        Asked::Say(text) => say(text),
        Asked::Unknown(word) => {
            eprint!("error: {word:?} is no argument of aivaultd, or lacks its value\n\n{HELP}");
            ExitCode::from(2)
        }
        Asked::Listener(error) => {
            fail(&error, Some(error.help()));
            ExitCode::from(2)
        }
    }
}

fn asked<'a>(mut words: impl Iterator<Item = Option<&'a str>>) -> Asked {
    let mut told = Box::<Told>::default();
    while let Some(word) = words.next() {
        let Some(word) = word else { return Asked::Unknown("(not UTF-8)".to_owned()) };
        let (name, given) = match word.split_once('=') {
            Some((name, given)) if name.starts_with("--") => (name, Some(given)),
            _ => (word, None),
        };
        match name {
            "-V" | "--version" => return Asked::Say(concat!("aivaultd ", env!("CARGO_PKG_VERSION"), "\n")),
            "-h" | "--help" => return Asked::Say(HELP),
            wire::KEY_ON_STDIN => told.key_on_stdin = true,
            wire::TAKE_OVER => told.takes_over = true,
            wire::SHARED => told.shared = Some(given.unwrap_or(settings::SHARED_SOCKET).into()),
            "--allow-remote" => told.remote.allowed = true,
            wire::LISTEN
            | wire::CALLERS_GROUP
            | wire::OPERATOR_SESSION
            | "--tls-cert"
            | "--tls-key"
            | "--remote-name" => {
                let Some(value) = given.or_else(|| words.next().flatten()) else {
                    return Asked::Unknown(word.to_owned());
                };
                match told.take(name, value) {
                    Ok(true) => {}
                    Ok(false) => return Asked::Unknown(word.to_owned()),
                    Err(error) => return Asked::Listener(error),
                }
            }
            _ => return Asked::Unknown(word.to_owned()),
        }
    }
    Asked::Serve(told)
}

impl Told {
    /// Whether the value is one.
    fn take(&mut self, name: &str, value: &str) -> Result<bool, http::GatewayError> {
        match name {
            wire::CALLERS_GROUP => self.callers = Some(value.to_owned()),
            wire::OPERATOR_SESSION => match value.parse() {
                Ok(grant) => self.operator = Some(grant),
                Err(_) => return Ok(false),
            },
            "--tls-cert" => self.remote.certificate = Some(value.into()),
            "--tls-key" => self.remote.key = Some(value.into()),
            "--remote-name" => self.remote.names.push(value.to_owned()),
            _ => self.wanted.push(http::Wanted::parse(value)?),
        }
        Ok(true)
    }
}

fn say(text: &str) -> ExitCode {
    use std::io::Write;
    // A closed pipe is no mistake of ours.
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

fn serve(told: Told) -> ExitCode {
    let Told { key_on_stdin, takes_over, operator, shared, callers, wanted, remote } = told;
    let sockets = if takes_over { Sockets::HandedOn } else { Sockets::Own };
    process::keep_new_files_private();
    // Before there is a key in this process.
    if let Err(error) = process::harden() {
        return fail(&error, None);
    }
    let key = key_on_stdin.then(|| SecretText::read_from(&mut process::unbuffered_stdin())).transpose();
    let key = match key {
        Ok(key) => key,
        Err(error) => {
            eprintln!("error: the key cannot be read: {error}");
            return ExitCode::FAILURE;
        }
    };
    let settings = match settings::Settings::read() {
        Ok(settings) => settings,
        Err(error) => return fail(&error, None),
    };
    let beside = |local: &Arc<Local>, ground: Ground| {
        let Ground { workers, handed_on, stopping } = ground;
        let listened = http::Listened { handed_on, wanted: &wanted, remote: &remote };
        let running = http::begin(local, listened, &workers, stopping, agents(local))
            .map_err(|error| DaemonError::Beside { what: error.to_string(), help: error.help() })?;
        tell(&local.listeners());
        Ok(Beside { callers: http::on_socket(Arc::clone(local)), running })
    };
    let group = callers.unwrap_or_else(|| settings::CALLERS_GROUP.to_owned());
    let shared = shared.map(|socket| Shared { socket, group });
    let wants_listeners = !wanted.is_empty() || shared.is_some();
    // A key in this process's environment is a client's to bring, as with any other daemon.
    let sources = KeySources { credentials: settings.credentials, ..KeySources::default() };
    let beginning = Beginning { sources, key, operator, sockets, shared };
    match daemon::run(settings.places, beginning, beside, || tell_manager(ready::READY)) {
        Ok(Ended::Stopped) => {
            tell_manager(ready::STOPPING);
            ExitCode::SUCCESS
        }
        Ok(Ended::AlreadyRunning) if wants_listeners => {
            eprintln!("error: another daemon serves this vault already, and listens where it was told to");
            eprintln!(
                "help: have it listen too: aivault gateway open; or end it first (kill the process that `aivault status` names)"
            );
            ExitCode::FAILURE
        }
        Ok(Ended::AlreadyRunning) => {
            eprintln!("another daemon serves at this socket already; `aivault status` tells which");
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error, Some(error.help())),
    }
}

/// A manager that cannot be told was not waiting to be.
fn tell_manager(state: &str) {
    if let Some(socket) = settings::notify_socket() {
        let _ = ready::tell(&socket, state);
    }
}

/// Agents over HTTP, as the gateway has them served.
fn agents(local: &Arc<Local>) -> http::ServeAgent {
    let agents = Arc::new(mcp::Agents::new(Arc::clone(local)));
    Arc::new(move |caller, request| {
        let agents = Arc::clone(&agents);
        Box::pin(async move { agents.serve(caller, request).await })
    })
}

/// Says where it listens; whoever asked for any free port learns it here.
fn tell(listeners: &[ListenerView]) {
    let urls: String = listeners.iter().map(|one| format!("{}\n", one.url)).collect();
    say(&urls);
}

fn fail(error: &dyn std::error::Error, help: Option<String>) -> ExitCode {
    eprintln!("error: {error}");
    if let Some(help) = help {
        eprintln!("help: {help}");
    }
    ExitCode::FAILURE
}
