//! `aivault demo`: the guide, played in a temporary test vault against a local upstream, and judged.
//!
//! It runs this very program as an operator would and looks at what came out at both ends. It must
//! never touch the real vault, reach beyond this machine, or leave anything behind.

mod checks;
mod error;
mod key;
mod report;
mod stage;
mod steps;
mod upstream;

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use crate::cli::escape;
use crate::cli::screen::Paint;
use crate::platform::terminal;
use crate::settings::Settings;

use checks::{Check, judge};
use error::DemoError;
use key::DemoKey;
use report::Report;
use stage::{Calls, Stage};
use steps::{Play, Seen};
use upstream::{HOST, Upstream};

/// Plays the guide. The exit code is 0 only if all that was to hold did.
pub fn run(settings: &Settings) -> ExitCode {
    let mut report = Report::on_stdout(Paint::for_stream(terminal::stdout_is_terminal(), settings.no_color));
    match play(&mut report) {
        Ok(true) => {
            report.line("\nAll of it held.");
            ExitCode::SUCCESS
        }
        Ok(false) => {
            report.line("\nNot all of it held.");
            ExitCode::FAILURE
        }
        Err(error) => {
            let paint = Paint::for_stream(terminal::stderr_is_terminal(), settings.no_color);
            crate::cli::report::line("error", &error.to_string(), paint);
            if let Some(help) = error.help() {
                crate::cli::report::line("help", &help, paint);
            }
            ExitCode::FAILURE
        }
    }
}

fn play(report: &mut Report) -> Result<bool, DemoError> {
    // One thread serves the upstream while it waits for the commands.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(DemoError::StartRuntime)?.block_on(on_a_stage(report))
}

/// Whatever happens on the stage, it is cleared afterwards.
async fn on_a_stage(report: &mut Report) -> Result<bool, DemoError> {
    let key = DemoKey::make()?;
    let stage = Stage::set_up().await?;
    let judged = tokio::select! {
        judged = perform(&stage, &key, report) => judged,
        () = interruption() => Err(DemoError::Interrupted),
    };
    let calls = stage.calls();
    // A performance that broke off may have left the daemon running.
    let stopped = stage.stop_daemon().await;
    let removed = stage.remove();
    let held = judged?;
    stopped?;
    removed?;
    let daemon = if calls == Calls::ThroughDaemon { ", and its daemon has ended" } else { "" };
    report.check(&Check { what: format!("the temporary folder is gone{daemon}"), faults: Vec::new() });
    Ok(held)
}

async fn perform(stage: &Stage, key: &DemoKey, report: &mut Report) -> Result<bool, DemoError> {
    let upstream = Upstream::start().await?;
    introduce(stage, &upstream, key, report);
    let mut play = Play { stage, upstream: &upstream, key, report, seen: Seen::default() };
    play.all().await?;
    let seen = play.seen;
    // What the daemon still had to write is written before the files are searched.
    stage.stop_daemon().await?;
    let checks = judge(&seen, &stage.files()?, key);
    report.checks(&checks);
    Ok(checks.iter().all(Check::holds))
}

fn introduce(stage: &Stage, upstream: &Upstream, key: &DemoKey, report: &mut Report) {
    report.line("The getting-started guide, played in a temporary test vault with a made-up key.");
    report.line(format_args!("  vault     {}", escape::line(&stage.folder())));
    report.line(format_args!("  upstream  {HOST}, played by a TLS server on {}", upstream.address));
    report.line(format_args!("  key       {}", key.masked()));
    match stage.calls() {
        Calls::ThroughDaemon => report.line("  calls     go through aivaultd"),
        Calls::InProcess { because } => {
            report.line(format_args!("  calls     are made in process: {because}"));
        }
    }
}

/// The person at the terminal, or the system, wants an end.
async fn interruption() {
    let asked = |kind| async move {
        match signal(kind) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = asked(SignalKind::interrupt()) => {}
        () = asked(SignalKind::terminate()) => {}
        () = asked(SignalKind::hangup()) => {}
    }
}
