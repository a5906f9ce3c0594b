//! `policy coverage` and `policy mutate`: what tests have seen, and what they would not notice.

use std::io;
use std::process::ExitCode;

use serde::Serialize;

use super::broken;
use crate::cli::arguments::{CoverageArguments, CoverageFormat, MutateArguments};
use crate::cli::error::CliError;
use crate::cli::escape;
use crate::cli::screen::Screen;
use crate::service::suite::{
    ConditionCoverage, Coverage, Mutation, RuleCoverage, Spot, Studied, Study, SuiteRequest, study,
};

/// Shows what the tests have seen.
pub(in crate::cli) fn coverage(
    arguments: CoverageArguments,
    screen: &mut Screen<'_>,
) -> Result<ExitCode, CliError> {
    let CoverageArguments { paths, sources, min, format } = arguments;
    let request = SuiteRequest {
        paths,
        policies: sources.policies,
        providers: sources.providers,
        ..SuiteRequest::default()
    };
    let seen = match study(&request, Study::Coverage) {
        Ok(Studied::Coverage(seen)) => seen,
        Ok(Studied::Mutation(_)) => return Ok(ExitCode::FAILURE),
        Err(error) => return broken(error, screen),
    };
    match format {
        CoverageFormat::Text => print_coverage(&seen, screen)?,
        CoverageFormat::Json => json(&seen, screen)?,
        CoverageFormat::Lcov => screen.out.write_all(seen.lcov().as_bytes())?,
    }
    Ok(enough(seen.percent(), min))
}

/// Shows what the tests do not notice.
pub(in crate::cli) fn mutation(
    arguments: MutateArguments,
    screen: &mut Screen<'_>,
) -> Result<ExitCode, CliError> {
    let MutateArguments { paths, sources, min, json: as_json } = arguments;
    let request = SuiteRequest {
        paths,
        policies: sources.policies,
        providers: sources.providers,
        ..SuiteRequest::default()
    };
    let found = match study(&request, Study::Mutation) {
        Ok(Studied::Mutation(found)) => found,
        Ok(Studied::Coverage(_)) => return Ok(ExitCode::FAILURE),
        Err(error) => return broken(error, screen),
    };
    if as_json {
        json(&found, screen)?;
    } else {
        print_mutation(&found, screen)?;
    }
    Ok(enough(found.percent(), min))
}

fn enough(percent: usize, min: usize) -> ExitCode {
    if percent < min { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn json(value: &impl Serialize, screen: &mut Screen<'_>) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *screen.out, value)?;
    screen.out.write_all(b"\n")
}

/// What is not covered, and where; then how much is.
pub(super) fn print_coverage(seen: &Coverage, screen: &mut Screen<'_>) -> io::Result<()> {
    for rule in &seen.rules {
        for (at, words) in unseen(rule) {
            writeln!(screen.out, "{}", escape::line(&format!("{}: {}: {words}", shown(at), rule.rule)))?;
        }
    }
    let (part, all) = seen.counts();
    writeln!(screen.out, "{part} of {all} outcomes seen ({}%)", seen.percent())
}

fn unseen(rule: &RuleCoverage) -> Vec<(&Spot, String)> {
    let mut all = Vec::new();
    match (&rule.acted, &rule.spared) {
        (None, None) => return vec![(&rule.at, "no case is about it".to_owned())],
        (None, Some(_)) => all.push((&rule.at, "never acted".to_owned())),
        (Some(_), None) if !rule.conditions.is_empty() => {
            all.push((&rule.at, "never let a request be".to_owned()));
        }
        (Some(_), _) => {}
    }
    let conditions = rule.conditions.iter().filter_map(|one| Some((&one.at, unseen_of(one)?)));
    all.extend(conditions);
    all
}

fn unseen_of(one: &ConditionCoverage) -> Option<String> {
    let what = &one.condition;
    match (&one.held, &one.failed, &one.decided) {
        (None, None, _) => Some(format!("{what} was never known")),
        (None, ..) => Some(format!("{what} never held")),
        (_, None, _) => Some(format!("{what} never failed")),
        (_, _, None) => Some(format!("{what} never decided")),
        _ => None,
    }
}

fn print_mutation(found: &Mutation, screen: &mut Screen<'_>) -> io::Result<()> {
    for one in &found.survivors {
        let line = format!("{}: {}: no test notices: {}", shown(&one.at), one.rule, one.change);
        writeln!(screen.out, "{}", escape::line(&line))?;
    }
    writeln!(screen.out, "{} of {} changes noticed ({}%)", found.noticed(), found.made, found.percent())
}

fn shown(at: &Spot) -> String {
    format!("{}:{}:{}", at.file, at.line, at.column)
}
