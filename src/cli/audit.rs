//! `audit …` as commands, and following the log.

use std::path::Path;
use std::process::ExitCode;

use super::arguments::{AuditArguments, AuditFilter, AuditVerb, Format};
use super::error::CliError;
use super::input;
use super::render::{self, AuditForm, View};
use super::screen::Screen;
use super::task::Task;
use crate::platform::{clock, files};
use crate::service::{AuditQuery, Command, Outcome, Service};

/// A checkpoint takes less than this.
const MOST_OF_A_CHECKPOINT: usize = 4096;
/// How often the log is looked at while it is followed.
const PAUSE_MS: u64 = 200;
/// As many events as are shown at once while the log is followed; more come with the next look.
const AT_ONCE: usize = 10_000;

pub(super) fn task(arguments: AuditArguments) -> Result<Task, CliError> {
    let AuditArguments { verb, limit, before_ts_ms, filter, follow, csv, format } = arguments;
    let ask = |command, format| Task::Ask(command, View::of(format));
    Ok(match verb {
        Some(AuditVerb::Verify { since, format }) => {
            let since = since.map(checkpoint).transpose()?;
            ask(Command::AuditVerify { since }, format)
        }
        Some(AuditVerb::Checkpoint(format)) => ask(Command::AuditCheckpoint, format),
        Some(AuditVerb::Stats { filter, format }) => {
            ask(Command::AuditStats { query: query(*filter, usize::MAX, None) }, format)
        }
        Some(AuditVerb::Retire { older_than, format }) => ask(Command::AuditRetire { older_than }, format),
        Some(AuditVerb::Restart(passphrase)) => Task::RestartAudit(passphrase),
        None if follow => Task::FollowAudit(Box::new(Follow { query: query(filter, limit, None), format })),
        None => {
            let command = Command::AuditRead { query: query(filter, limit, before_ts_ms) };
            Task::Ask(command, if csv { View::csv() } else { View::of(format) })
        }
    })
}

fn query(filter: AuditFilter, limit: usize, before_ts_ms: Option<u64>) -> AuditQuery {
    let AuditFilter { capability, action, caller, outcomes, since, until } = filter;
    let now = clock::now_ms();
    AuditQuery {
        limit,
        after_seq: 0,
        since_ms: since.map(|since| since.in_ms(now)),
        before_ms: until.map(|until| until.in_ms(now)).or(before_ts_ms),
        capability,
        action,
        caller,
        outcomes,
    }
}

/// The checkpoint itself, or what the file of that name holds.
fn checkpoint(given: String) -> Result<String, CliError> {
    if given.starts_with("aivault-checkpoint:") {
        return Ok(given);
    }
    let bytes = if given == "-" {
        input::bounded(std::io::stdin().lock(), MOST_OF_A_CHECKPOINT)?
    } else {
        files::read_bounded(Path::new(&given), MOST_OF_A_CHECKPOINT)?
    };
    String::from_utf8(bytes).map_err(|_| {
        CliError::with_help("the file is no checkpoint", "give one that `aivault audit checkpoint` printed")
    })
}

/// `audit --follow`.
pub(super) struct Follow {
    query: AuditQuery,
    format: Format,
}

impl Follow {
    /// Goes on until it is interrupted, or nobody reads what it prints any more.
    pub(super) fn perform(self, service: &Service, screen: &mut Screen<'_>) -> Result<ExitCode, CliError> {
        let Self { mut query, format } = self;
        let form = if format.is_json() { AuditForm::Lines } else { AuditForm::Rows };
        loop {
            let outcome = service.execute(Command::AuditRead { query: query.clone() })?;
            let Outcome::Audit { mut events, damaged, doubt } = outcome else { return Ok(ExitCode::FAILURE) };
            events.reverse();
            render::audit_events(&events, form, screen)?;
            doubt.iter().try_for_each(|doubt| screen.warn(doubt))?;
            damaged
                .iter()
                .try_for_each(|line| screen.warn(&format!("not an entry of the audit log: {line}")))?;
            screen.out.flush()?;
            query.after_seq = events.last().map_or(query.after_seq, |last| last.seq.max(query.after_seq));
            query.limit = AT_ONCE;
            clock::pause_ms(PAUSE_MS);
        }
    }
}
