//! `policy …`: policies in force, and questions to the policy.

mod check;
mod diff;
mod folders;
mod lint;
mod plan;

use super::arguments::PolicyVerb;
use super::error::CliError;
use super::render::View;
use super::sources;
use super::task::Task;
use crate::service::Command;
use crate::spec::policy::compile_policy;

pub(super) use check::check;
pub(super) use diff::Diff;
pub(super) use lint::Lint;
pub(super) use plan::plan;

pub(super) fn task(verb: PolicyVerb) -> Result<Task, CliError> {
    Ok(match verb {
        PolicyVerb::Apply { files, dry_run, format } => {
            let files = sources::read(&files, |source| compile_policy(source).diagnostics)?;
            let command = Command::PolicyApply { files, dry_run };
            if dry_run { Task::Plan(command, format) } else { Task::Ask(command, View::of(format)) }
        }
        PolicyVerb::List(format) => Task::Ask(Command::PolicyList, View::of(format)),
        PolicyVerb::Show { id } => Task::Ask(Command::PolicyShow { id }, View::default()),
        PolicyVerb::Remove { id } => Task::Ask(Command::PolicyRemove { id }, View::default()),
        PolicyVerb::Lint(arguments) => Task::Lint(Lint::read(arguments)?),
        PolicyVerb::Diff(arguments) => Task::Diff(Diff::read(arguments)?),
        PolicyVerb::Check { policies, providers, .. } => Task::CheckPolicy { policies, providers },
        PolicyVerb::Explain(explain) => Task::ExplainPolicy(explain),
        PolicyVerb::Test(test) => Task::TestPolicies(Box::new(test)),
        PolicyVerb::Coverage(arguments) => Task::CoverPolicies(arguments),
        PolicyVerb::Mutate(arguments) => Task::MutatePolicies(arguments),
        PolicyVerb::New(new) => Task::NewTests(new),
    })
}
