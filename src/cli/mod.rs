//! The command line: argv becomes a `Command` or a `Call`, an answer becomes text or
//! JSON, an error becomes an exit code.
//!
//! A surface decides nothing: what is allowed, missing or wrong about the vault is for
//! the service to say. It must never print a secret, nor let a text from outside move a
//! terminal's cursor; only the body that an upstream answered goes out as it came.

mod approvals;
mod arguments;
mod audit;
mod backup;
mod capability;
mod config;
mod credential;
pub mod demo;
mod error;
mod escape;
mod gateway;
mod import;
mod input;
mod invoke;
mod json;
mod key;
mod oauth;
mod passphrase;
mod policy;
mod provider;
mod render;
mod report;
mod run;
mod screen;
mod secrets;
mod setup;
mod sources;
mod suite;
mod task;
mod token;
mod usage;
mod vault;

use std::ffi::OsString;
use std::io::{self, BufWriter, Write as _};
use std::process::ExitCode;

use clap::Parser as _;

use crate::platform::terminal;
use crate::service::{Service, ServiceError};
use crate::settings::Settings;
use crate::spec::Scope;
use crate::spec::policy::Glob;

use arguments::Arguments;
use error::CliError;
use screen::{Paint, Screen};
use task::{Surroundings, Task};

/// The surfaces that a command line can start beside this one, as whoever puts the program together gives them.
#[derive(Clone, Copy)]
pub struct Surfaces {
    pub mcp: ServeAgent,
}

/// Serves an agent at the standard input and output, and writes what its operator should know.
pub type ServeAgent = fn(Service, Vec<Glob>, Scope, &mut dyn io::Write) -> Result<(), ServiceError>;

/// Runs one command line, the program's name included, to its exit code.
pub fn run(argv: impl IntoIterator<Item = OsString>, surfaces: Surfaces) -> ExitCode {
    let argv: Vec<OsString> = argv.into_iter().collect();
    if matches!(argv.get(1..), Some([only]) if only == "--version" || only == "-V") {
        return report::version();
    }
    if let Some(arguments) = Arguments::by_branch(&argv) {
        return perform(arguments, surfaces);
    }
    match Arguments::try_parse_from(&argv) {
        Ok(arguments) => perform(arguments, surfaces),
        Err(error) => usage::report(error, &argv),
    }
}

/// What to say when the process could not be made safe to hold a key.
pub fn refuse_to_start(error: &dyn std::error::Error) -> ExitCode {
    report::line("error", &error.to_string(), Paint::plain());
    ExitCode::FAILURE
}

fn perform(arguments: Arguments, surfaces: Surfaces) -> ExitCode {
    let wants_json = arguments.wants_json();
    let settings = match Settings::read() {
        Ok(settings) => settings,
        Err(error) => return report::failure(error.into(), wants_json, Paint::plain()),
    };
    let err_paint = Paint::for_stream(terminal::stderr_is_terminal(), settings.no_color);
    carry_out(arguments, settings, surfaces)
        .unwrap_or_else(|error| report::failure(error, wants_json, err_paint))
}

/// The service, which says on the standard error what it does beside what it is asked for.
fn service(settings: Settings) -> Service {
    let paint = Paint::for_stream(terminal::stderr_is_terminal(), settings.no_color);
    Service::new(settings).telling(move |text| report::line("note", text, paint))
}

/// From arguments to a task, and from that to its output.
fn carry_out(arguments: Arguments, settings: Settings, surfaces: Surfaces) -> Result<ExitCode, CliError> {
    let (env_key, home) = (settings.env_key.clone(), settings.home.clone());
    let around = Surroundings {
        env_key: env_key.as_ref().map(|key| key.as_str()),
        daemon: settings.daemon,
        home: home.as_deref(),
    };
    let task = arguments.into_task(around)?;
    let task = match task {
        Task::Demo => return Ok(demo::run(&settings)),
        Task::Mcp { expose, scope } => {
            (surfaces.mcp)(service(settings), expose, scope, &mut io::stderr())?;
            return Ok(ExitCode::SUCCESS);
        }
        task => task,
    };
    let on_terminal = terminal::stdout_is_terminal();
    let paint = Paint::for_stream(on_terminal, settings.no_color);
    let err_paint = Paint::for_stream(terminal::stderr_is_terminal(), settings.no_color);
    let mut out = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    let mut err = io::stderr();
    let mut screen = Screen { out: &mut out, err: &mut err, paint, err_paint, on_terminal };
    let asking = || service(settings).asking(passphrase::of_operator);
    let done = task.perform(asking, &mut screen);
    // What was printed before an error is shown before it.
    let flushed = out.flush();
    let code = done?;
    flushed?;
    Ok(code)
}
