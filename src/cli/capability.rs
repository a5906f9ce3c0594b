//! `capability …` as commands.

use super::arguments::{
    BindArguments, BoundArguments, CapabilityVerb, DescribeArguments, ListArguments, NewCapabilityArguments,
    PolicyOfVerb, SwitchArguments, UnbindArguments,
};
use super::error::CliError;
use super::invoke::Invocation;
use super::render::{Filter, View};
use super::secrets;
use super::task::Task;
use crate::service::{Bounds, Command, NewCapability};

pub(super) fn task(verb: CapabilityVerb) -> Result<Task, CliError> {
    Ok(match verb {
        CapabilityVerb::List(list) => list_task(list),
        CapabilityVerb::Describe(DescribeArguments { id, place, format }) => {
            let scope = secrets::place(place);
            Task::Ask(Command::CapabilityDescribe { id, scope }, View::of(format))
        }
        CapabilityVerb::Enable(SwitchArguments { id }) => asked(Command::CapabilitySwitch { id, on: true }),
        CapabilityVerb::Disable(SwitchArguments { id }) => asked(Command::CapabilitySwitch { id, on: false }),
        CapabilityVerb::Create(new) => asked(Command::CapabilityCreate(new_capability(new))),
        CapabilityVerb::Delete { id } => asked(Command::CapabilityDelete { id }),
        CapabilityVerb::Bind(BindArguments { capability, credential, consumer, scope }) => {
            let scope = secrets::scope(scope)?;
            asked(Command::CapabilityBind { capabilities: capability, credential, scope, consumer })
        }
        CapabilityVerb::Unbind(UnbindArguments { capability, consumer, scope }) => {
            let scope = secrets::scope(scope)?;
            asked(Command::CapabilityUnbind { capabilities: capability, scope, consumer })
        }
        CapabilityVerb::Bindings(format) => Task::Ask(Command::BindingList, View::of(format)),
        CapabilityVerb::Policy(PolicyOfVerb::Set(set)) => asked(bounded(set)),
        CapabilityVerb::Policy(PolicyOfVerb::Clear { capability }) => {
            asked(Command::CapabilityBound { id: capability, bounds: Bounds::default() })
        }
        CapabilityVerb::Invoke(invoke) => Task::Invoke(Box::new(Invocation::raw(invoke)?)),
        CapabilityVerb::Json(invoke) => Task::Invoke(Box::new(Invocation::json(invoke)?)),
        CapabilityVerb::Markdown(markdown) => Task::Invoke(Box::new(Invocation::markdown(markdown)?)),
    })
}

fn asked(command: Command) -> Task {
    Task::Ask(command, View::default())
}

fn new_capability(new: NewCapabilityArguments) -> NewCapability {
    let NewCapabilityArguments { id, methods, paths, host, summary, risk } = new;
    NewCapability { id, methods, paths, host, summary, risk }
}

fn bounded(set: BoundArguments) -> Command {
    Command::CapabilityBound {
        id: set.capability,
        bounds: Bounds {
            requests_per_minute: set.rate_limit_per_minute,
            max_request_bytes: set.max_request_body_bytes,
            max_response_bytes: set.max_response_body_bytes,
            response_block: set.response_block,
        },
    }
}

fn list_task(list: ListArguments) -> Task {
    let ListArguments { provider, category, risk, search, ready, place, format } = list;
    let view = View::of(format).only(Filter { provider, ready, risks: risk, category, search });
    Task::Ask(Command::CapabilityList { scope: secrets::place(place) }, view)
}
