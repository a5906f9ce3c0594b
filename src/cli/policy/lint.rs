//! `policy lint`: what is unwise in policies, as people, scripts and code hosts read it.

use std::process::ExitCode;

use super::folders;
use crate::cli::arguments::{LintArguments, ReportFormat};
use crate::cli::error::CliError;
use crate::cli::render;
use crate::cli::screen::Screen;
use crate::platform::clock;
use crate::service::{self, LintQuestion};
use crate::spec::Severity;
use crate::spec::policy::Instant;

/// Everything that is needed to look, read already.
pub(in crate::cli) struct Lint {
    question: LintQuestion,
    format: ReportFormat,
    deny_warnings: bool,
}

impl Lint {
    pub(super) fn read(arguments: LintArguments) -> Result<Self, CliError> {
        let policies = folders::policies(&arguments.paths)?;
        if policies.is_empty() && arguments.providers.is_none() {
            let help = "name the files, or the folder that holds them";
            return Err(CliError::with_help("there is no *.policy.yaml to look at", help));
        }
        let providers = folders::providers(arguments.providers.as_deref())?;
        let tests = folders::tests(&arguments.tests)?;
        let now = arguments.now.unwrap_or_else(|| Instant(clock::now_ms()));
        let question = LintQuestion { policies, providers, tests, now };
        Ok(Self { question, format: arguments.format, deny_warnings: arguments.deny_warnings })
    }

    pub(in crate::cli) fn perform(self, screen: &mut Screen<'_>) -> Result<ExitCode, CliError> {
        let found = service::lint(self.question);
        render::findings(&found, self.format, screen)?;
        let fails = |severity| severity == Severity::Error || self.deny_warnings;
        let failed = found.iter().any(|one| fails(one.finding.code.severity()));
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}
