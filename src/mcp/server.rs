//! One client's requests: tools are listed, and called.

use rmcp::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ErrorData, Implementation, JsonObject,
    ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig,
};
use rmcp::service::{RequestContext, RoleServer};
use serde::Serialize;

use super::arguments::{self, DescribeArguments, InvokeArguments, ListArguments};
use super::behind::Behind;
use super::catalogue::Catalogue;
use super::{answer, exposed, failure, tools, views};
use crate::service::{ErrorKind, ServiceError};
use crate::spec::Scope;

const INSTRUCTIONS: &str = "Calls web APIs with keys that stay in a vault. Find a capability with list_capabilities, \
    see its methods, paths and an example with describe_capability, and call it with invoke. Never ask for a key, and \
    send none. What is refused says its reason and what an operator can do about it.";

/// What a client speaks with.
pub(super) struct Server {
    behind: Behind,
    catalogue: Catalogue,
    scope: Scope,
}

impl Server {
    pub(super) fn new(behind: Behind, catalogue: Catalogue, scope: Scope) -> Self {
        Self { behind, catalogue, scope }
    }

    /// None where there is no such tool.
    async fn call(&self, name: &str, arguments: Option<JsonObject>) -> Option<CallToolResult> {
        let result = match name {
            tools::LIST => self.list(arguments).await,
            tools::DESCRIBE => self.describe(arguments).await,
            tools::INVOKE => self.invoke(arguments).await,
            other => {
                let id = exposed::capability(other).filter(|id| self.catalogue.is_exposed(id))?;
                self.invoke(Some(exposed::as_invoke(id, arguments))).await
            }
        };
        Some(result.unwrap_or_else(|error| failure::result(&error, None)))
    }

    async fn list(&self, arguments: Option<JsonObject>) -> Result<CallToolResult, ServiceError> {
        let arguments: ListArguments = arguments::read(arguments)?;
        let all = self.catalogue.enabled().await?;
        shown(&views::listing(&all, &arguments))
    }

    async fn describe(&self, arguments: Option<JsonObject>) -> Result<CallToolResult, ServiceError> {
        let arguments: DescribeArguments = arguments::read(arguments)?;
        shown(&views::description(&self.catalogue.describe(&arguments.capability).await?))
    }

    async fn invoke(&self, arguments: Option<JsonObject>) -> Result<CallToolResult, ServiceError> {
        let named = arguments.as_ref().and_then(|all| all.get("capability")?.as_str().map(str::to_owned));
        let refuse = |error| {
            self.behind.refuse_tool(named.as_deref());
            error
        };
        let arguments: InvokeArguments = arguments::read(arguments).map_err(&refuse)?;
        let capability = arguments.capability.clone();
        let default_path = if arguments.lacks_path() {
            self.catalogue.describe(&capability).await?.default_path
        } else {
            None
        };
        let wanted = arguments.into_wanted(self.scope.clone(), default_path).map_err(&refuse)?;
        let reply = self.behind.invoke(wanted.call, wanted.body, wanted.limit).await?;
        Ok(answer::result(&capability, reply).await)
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let name = Implementation::new("aivault", env!("CARGO_PKG_VERSION"));
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(name)
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let exposed = self.catalogue.exposed().await.map_err(|error| internal(&error))?;
        let all = tools::all().into_iter().chain(exposed.iter().map(exposed::tool));
        Ok(ListToolsResult::with_all_items(all.collect()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let CallToolRequestParams { name, arguments, .. } = request;
        // A call that is dropped ends at the upstream, too; to one that was called off nobody reads an answer.
        let called = tokio::select! {
            biased;
            () = context.ct.cancelled() => return Err(ErrorData::internal_error("called off", None)),
            called = self.call(&name, arguments) => called,
        };
        let unknown = || ErrorData::invalid_params(format!("there is no tool `{name}`"), None);
        called.map(CallToolResponse::from).ok_or_else(unknown)
    }
}

/// What is shown of capabilities: as text for agents, and as an object for programs.
fn shown(view: &impl Serialize) -> Result<CallToolResult, ServiceError> {
    let value = serde_json::to_value(view)
        .map_err(|error| ServiceError::new(ErrorKind::Conflict, format!("it has no JSON form: {error}")))?;
    Ok(CallToolResult::structured(value))
}

fn internal(error: &ServiceError) -> ErrorData {
    ErrorData::internal_error(error.message.clone(), None)
}
