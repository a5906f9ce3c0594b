//! `policy test`: runs tests of policies and shows how they went, to people and to programs.
//!
//! What passes is for the service to say; the exit code is 0 when everything did, 1 when not,
//! and 2 when the files could not be understood.

mod explain;
mod machine;
mod pretty;
mod study;

use std::process::ExitCode;

pub(super) use explain::explain;
pub(super) use study::{coverage, mutation};

use super::arguments::{NewArguments, TestArguments, TestFormat};
use super::error::CliError;
use super::escape;
use super::screen::Screen;
use crate::service::suite::{NewTests, SuiteError, SuiteRequest, new_tests, test_policies};

/// Runs the tests that the arguments name.
pub(super) fn test(arguments: TestArguments, screen: &mut Screen<'_>) -> Result<ExitCode, CliError> {
    let TestArguments { paths, sources, filter, verbose, bless, require_tests, coverage, min, format } =
        arguments;
    let request = SuiteRequest {
        paths,
        policies: sources.policies,
        providers: sources.providers,
        filter,
        bless,
        require_tests,
        coverage,
    };
    let report = match test_policies(&request) {
        Ok(report) => report,
        Err(error) => return broken(error, screen),
    };
    match format {
        TestFormat::Pretty => pretty::report(&report, verbose, screen)?,
        TestFormat::Json => machine::json(&report, screen.out)?,
        TestFormat::Junit => machine::junit(&report, screen.out)?,
        TestFormat::Github => machine::github(&report, screen.out)?,
        TestFormat::Tap => machine::tap(&report, screen.out)?,
    }
    let is_enough = report.coverage.as_ref().is_none_or(|seen| seen.percent() >= min);
    if !is_enough {
        writeln!(screen.err, "{} less than {min}% were seen", screen.err_paint.red("error:"))?;
    }
    Ok(if report.failed() == 0 && is_enough { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Writes first tests, and names the files.
pub(super) fn new(arguments: NewArguments, screen: &mut Screen<'_>) -> Result<ExitCode, CliError> {
    let NewArguments { capability, dir, providers, .. } = arguments;
    let what = capability.map_or(NewTests::AllProviders, NewTests::Capability);
    match new_tests(&what, &dir, providers.as_deref()) {
        Ok(written) => {
            for path in written {
                writeln!(screen.out, "wrote {}", escape::line(&path.to_string_lossy()))?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => broken(error, screen),
    }
}

/// Mistakes in files, each at its place; anything else is an error like others.
pub(super) fn broken(error: SuiteError, screen: &mut Screen<'_>) -> Result<ExitCode, CliError> {
    let mistakes = match error {
        SuiteError::Other(error) => return Err(error.into()),
        SuiteError::Broken(mistakes) => mistakes,
    };
    for mistake in &mistakes {
        writeln!(screen.err, "{}\n", mistake.render(screen.err_paint.is_on()))?;
    }
    let s = if mistakes.len() == 1 { "" } else { "s" };
    let label = screen.err_paint.red("error:");
    writeln!(screen.err, "{label} {} mistake{s} in these files; nothing was run", mistakes.len())?;
    Ok(ExitCode::from(2))
}
