//! Composition root of the daemon: parse, harden, serve.

use std::process::ExitCode;

use aivault::daemon::Ended;
use aivault::platform::process;
use aivault::{daemon, settings};

const HELP: &str = "\
Serves one vault over unix sockets. `aivault invoke` starts it on demand.

Usage: aivaultd

Options:
  -h, --help     Print help
  -V, --version  Print version

Environment:
  AIVAULT_DIR      the vault's folder
  AIVAULTD_SOCKET  the callers' socket
";

fn main() -> ExitCode {
    settings::cleanse();
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match arguments.first().and_then(|argument| argument.to_str()) {
        None if arguments.is_empty() => serve(),
        Some("-V" | "--version") => say(concat!("aivaultd ", env!("CARGO_PKG_VERSION"), "\n")),
        Some("-h" | "--help") => say(HELP),
        _ => {
            eprint!("error: aivaultd takes no arguments\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

fn say(text: &str) -> ExitCode {
    use std::io::Write;
    // A closed pipe is no mistake of ours.
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

fn serve() -> ExitCode {
    if let Err(error) = process::harden() {
        return fail(&error, None);
    }
    let settings = match settings::Settings::read() {
        Ok(settings) => settings,
        Err(error) => return fail(&error, None),
    };
    match daemon::run(settings.places) {
        Ok(Ended::Stopped) => ExitCode::SUCCESS,
        Ok(Ended::AlreadyRunning) => {
            eprintln!("another daemon serves at this socket already; `aivault status` tells which");
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error, Some(error.help())),
    }
}

fn fail(error: &dyn std::error::Error, help: Option<String>) -> ExitCode {
    eprintln!("error: {error}");
    if let Some(help) = help {
        eprintln!("help: {help}");
    }
    ExitCode::FAILURE
}
