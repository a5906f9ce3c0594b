//! Composition root of the daemon: parse, harden, serve.

use std::process::ExitCode;

use aivault::daemon::Ended;
use aivault::platform::process;
use aivault::service::{SecretText, wire};
use aivault::{daemon, settings};

const HELP: &str = "\
Serves one vault over unix sockets. `aivault invoke` starts it on demand.

Usage: aivaultd [--key-on-stdin]

Options:
      --key-on-stdin
                 Open the vault with the key that `aivault unlock` writes on
                 the standard input
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
        None if arguments.is_empty() => serve(false),
        Some("-V" | "--version") => say(concat!("aivaultd ", env!("CARGO_PKG_VERSION"), "\n")),
        Some("-h" | "--help") => say(HELP),
        Some(wire::KEY_ON_STDIN) if arguments.len() == 1 => serve(true),
        _ => {
            eprint!("error: aivaultd takes no other arguments\n\n{HELP}");
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

fn serve(key_on_stdin: bool) -> ExitCode {
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
    match daemon::run(settings.places, key) {
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
