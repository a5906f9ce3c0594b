//! `policy apply --dry-run`: which rules would change, and what would then be allowed or denied.

use std::process::ExitCode;

use crate::cli::arguments::{DiffFormat, Format};
use crate::cli::error::CliError;
use crate::cli::render::{self, View};
use crate::cli::screen::Screen;
use crate::platform::clock;
use crate::service::{self, Command, DiffQuestion, Outcome, Service, SourceFile};
use crate::spec::Source;
use crate::spec::policy::Instant;

pub(in crate::cli) fn plan(
    service: &Service,
    command: Command,
    format: Format,
    screen: &mut Screen<'_>,
) -> Result<ExitCode, CliError> {
    let outcome = service.execute(command)?;
    if !format.is_json() {
        render::outcome(&outcome, &View::default(), screen)?;
    }
    if let Outcome::PoliciesPlanned { old, new, providers, .. } = outcome {
        let providers = sources(providers);
        let question = DiffQuestion {
            old: sources(old),
            new: sources(new),
            providers_old: providers.clone(),
            providers_new: providers,
            now: Instant(clock::now_ms()),
        };
        let coloured = screen.err_paint.is_on();
        let found = service::diff(question).map_err(|mistakes| {
            CliError::Mistakes(mistakes.iter().map(|one| render::pretty_one(one, coloured)).collect())
        })?;
        let format = if format.is_json() { DiffFormat::Json } else { DiffFormat::Pretty };
        render::changes(&found, format, screen)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn sources(files: Vec<SourceFile>) -> Vec<Source> {
    files.into_iter().map(|file| Source { name: file.name, text: file.text }).collect()
}
