//! `capability …` as commands.

use super::arguments::{CapabilityVerb, DescribeArguments, ListArguments};
use super::error::CliError;
use super::invoke::Invocation;
use super::render::{Filter, View};
use super::secrets;
use super::task::Task;
use crate::service::Command;

pub(super) fn task(verb: CapabilityVerb) -> Result<Task, CliError> {
    Ok(match verb {
        CapabilityVerb::List(list) => list_task(list),
        CapabilityVerb::Describe(DescribeArguments { id, place, format }) => {
            let scope = secrets::place(place);
            Task::Ask(Command::CapabilityDescribe { id, scope }, View::of(format))
        }
        CapabilityVerb::Invoke(invoke) => Task::Invoke(Box::new(Invocation::raw(invoke)?)),
        CapabilityVerb::Json(invoke) => Task::Invoke(Box::new(Invocation::json(invoke)?)),
        CapabilityVerb::Markdown(markdown) => Task::Invoke(Box::new(Invocation::markdown(markdown)?)),
    })
}

fn list_task(list: ListArguments) -> Task {
    let ListArguments { provider, ready, place, format } = list;
    let view = View::of(format).only(Filter { provider, ready });
    Task::Ask(Command::CapabilityList { scope: secrets::place(place) }, view)
}
