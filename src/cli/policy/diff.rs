//! `policy diff`: what other policies would allow or deny, each with a request that shows it.

use std::process::ExitCode;

use super::folders;
use crate::cli::arguments::{DiffArguments, DiffFormat, FailOn};
use crate::cli::error::CliError;
use crate::cli::render;
use crate::cli::screen::Screen;
use crate::platform::clock;
use crate::service::{self, DiffQuestion};
use crate::spec::policy::Instant;

/// Everything that is needed to compare, read already.
pub(in crate::cli) struct Diff {
    question: DiffQuestion,
    format: DiffFormat,
    fail_on: Option<FailOn>,
}

impl Diff {
    pub(super) fn read(arguments: DiffArguments) -> Result<Self, CliError> {
        let question = DiffQuestion {
            old: folders::policies(&[arguments.old])?,
            new: folders::policies(&[arguments.new])?,
            providers_old: folders::providers(arguments.providers_old.as_deref())?,
            providers_new: folders::providers(arguments.providers_new.as_deref())?,
            now: arguments.now.unwrap_or_else(|| Instant(clock::now_ms())),
        };
        Ok(Self { question, format: arguments.format, fail_on: arguments.fail_on })
    }

    pub(in crate::cli) fn perform(self, screen: &mut Screen<'_>) -> Result<ExitCode, CliError> {
        let coloured = screen.err_paint.is_on();
        let found = service::diff(self.question).map_err(|mistakes| {
            CliError::Mistakes(mistakes.iter().map(|one| render::pretty_one(one, coloured)).collect())
        })?;
        render::changes(&found, self.format, screen)?;
        let unwanted = match self.fail_on {
            None => false,
            Some(FailOn::Widen) => found.widens(),
            Some(FailOn::Any) => !found.is_empty(),
        };
        Ok(if unwanted { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}
