//! The Model Context Protocol, over standard input and output and over HTTP: what may be called becomes tools, a tool's
//! call becomes a `Call`, and its answer or refusal a tool's result.
//!
//! It decides nothing, and of the operator's commands it has the two that look at capabilities. Nothing but the
//! protocol goes to the standard output.

mod answer;
mod arguments;
mod behind;
mod catalogue;
mod error;
mod example;
mod exposed;
mod failure;
mod form;
mod http;
mod query;
mod server;
mod sessions;
#[cfg(test)]
mod testing;
mod tools;
mod views;

use std::io::Write;
use std::sync::Arc;

use rmcp::service::{ServerInitializeError, serve_server};
use tokio::runtime::{Builder, Runtime};

use crate::service::{Service, ServiceError};
use crate::spec::Scope;
use crate::spec::policy::Glob;

use behind::Behind;
use catalogue::Catalogue;
use error::McpError;
use server::Server;

pub use http::Agents;

/// Serves one client at the standard input and output until it closes its end. Capabilities that match a glob of
/// `expose` are tools of their own; what the person who started it should know goes to `log`.
///
/// # Errors
/// When there is no client that speaks the protocol, or what was decided could not be put on record.
pub fn serve(
    service: Service,
    expose: Vec<Glob>,
    scope: Scope,
    log: &mut dyn Write,
) -> Result<(), ServiceError> {
    let service = Arc::new(service);
    let runtime =
        Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(McpError::from)?;
    let behind = Behind::Process(Arc::clone(&service));
    let catalogue = Catalogue::new(behind.clone(), scope.clone(), expose);
    for glob in runtime.block_on(catalogue.unmatched()) {
        // Without anybody to read it, the tools that are missing have to speak for themselves.
        let _ = writeln!(log, "warning: no capability that is on matches --expose {glob:?}");
    }
    let server = Server::new(behind, catalogue, scope);
    let served = runtime.block_on(until_closed(server));
    runtime.block_on(service.drain());
    end(runtime);
    service.settle()?;
    Ok(served?)
}

async fn until_closed(server: Server) -> Result<(), McpError> {
    match serve_server(server, (tokio::io::stdin(), tokio::io::stdout())).await {
        Ok(running) => running.waiting().await.map(|_| ()).map_err(|_| McpError::Broken),
        Err(ServerInitializeError::ConnectionClosed(_)) => Ok(()),
        Err(ServerInitializeError::TransportError { .. }) => Ok(()),
        Err(_) => Err(McpError::NoHandshake),
    }
}

/// A read of the standard input cannot be called off, and is not waited for.
fn end(runtime: Runtime) {
    runtime.shutdown_background();
}
