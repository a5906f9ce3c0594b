//! `approvals watch`: each request that waits, as it comes, and on a terminal the question.

use std::collections::BTreeSet;
use std::io::{self, BufRead as _};
use std::process::ExitCode;

use super::error::CliError;
use super::render;
use super::screen::Screen;
use crate::platform::{clock, terminal};
use crate::service::{Command, ErrorKind, Outcome, Question, Service};

/// How often it is looked for new ones.
const LOOK_MS: u64 = 300;

/// Runs until it is interrupted, its output closed, or, where it asks, its input ended.
pub(super) fn watch(service: &Service, screen: &mut Screen<'_>) -> Result<ExitCode, CliError> {
    let asks = terminal::stdin_is_terminal() && screen.on_terminal;
    let mut seen = BTreeSet::new();
    loop {
        for question in waiting(service)? {
            if !seen.insert(question.id.clone()) {
                continue;
            }
            render::question_in_full(&question, screen)?;
            if !asks {
                writeln!(screen.out)?;
            } else if !decide(service, &question, screen)? {
                return Ok(ExitCode::SUCCESS);
            }
            screen.out.flush()?;
        }
        clock::pause_ms(LOOK_MS);
    }
}

fn waiting(service: &Service) -> Result<Vec<Question>, CliError> {
    match service.execute(Command::ApprovalList)? {
        Outcome::Approvals { questions } => Ok(questions),
        _ => Ok(Vec::new()),
    }
}

/// Asks about one request; false when nobody answers any more.
fn decide(service: &Service, question: &Question, screen: &mut Screen<'_>) -> Result<bool, CliError> {
    write!(screen.out, "approve? [y/N] ")?;
    screen.out.flush()?;
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line).map_err(CliError::Input)? == 0 {
        return Ok(false);
    }
    let approve = matches!(line.trim(), "y" | "Y" | "yes");
    match service.execute(Command::ApprovalAnswer { id: question.id.clone(), approve }) {
        Ok(outcome) => render::outcome(&outcome, &render::View::default(), screen)?,
        // Its caller did not wait for the answer.
        Err(error) if error.kind == ErrorKind::NotFound => screen.warn(&error.message)?,
        Err(error) => return Err(error.into()),
    }
    writeln!(screen.out)?;
    Ok(true)
}
