//! `gateway …` as commands.

use super::arguments::{GatewayArguments, GatewayVerb, OpenArguments};
use super::render::View;
use super::task::Task;
use crate::service::Command;

pub(super) fn task(arguments: GatewayArguments) -> Task {
    let GatewayArguments { verb, open } = arguments;
    match verb.unwrap_or(GatewayVerb::Open(open)) {
        GatewayVerb::Open(OpenArguments { credential, format }) => {
            Task::Ask(Command::GatewayOpen { credential }, View::of(format))
        }
        GatewayVerb::Status(format) => Task::Ask(Command::GatewayStatus, View::of(format)),
    }
}
