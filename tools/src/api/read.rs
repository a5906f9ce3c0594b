//! From a file to the operations that it describes.

use std::path::Path;

use super::document::{self, Document, Parameter, PathItem, Scalar, SecurityScheme};
use super::server::{self, Place};
use super::{Description, Operation, Route, Scheme, list, pointer};
use crate::error::ToolError;
use crate::files;
use crate::spec::Method;

/// What the person chose rather than the description.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// The base path.
    pub base: Option<String>,
    /// Which of the servers, from 1.
    pub server: Option<usize>,
    /// Hosts that are preferred where there are several servers.
    pub hosts: Vec<String>,
}

/// Reads a description (`.json`, `.yaml`) or a list of operations (`.txt`).
pub fn read(path: &Path, choice: &Choice) -> Result<Description, ToolError> {
    let text = files::read(path)?;
    if path.extension().is_some_and(|extension| extension == "txt") {
        let mut description = list::read(path, &text)?;
        if let Some(base) = &choice.base {
            for operation in &mut description.operations {
                operation.route = operation.route.clone().below(base);
                operation.spelled = vec![operation.route.clone()];
            }
        }
        return Ok(description);
    }
    let document = parse(path, &text)?;
    let place = chosen(path, &document, choice)?;
    Ok(describe(&document, &place, choice))
}

fn parse(path: &Path, text: &str) -> Result<Document, ToolError> {
    let failed = |why: String| ToolError::Description { path: path.to_path_buf(), why };
    let text = text.trim_start_matches('\u{feff}');
    let document: Document = if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|error| failed(error.to_string()))?
    } else {
        serde_yaml::from_str(text).map_err(|error| failed(error.to_string()))?
    };
    if document.openapi.is_none() && document.swagger.is_none() {
        return Err(failed("neither `openapi` nor `swagger` stands in it".to_owned()));
    }
    Ok(document)
}

fn chosen(path: &Path, document: &Document, choice: &Choice) -> Result<Place, ToolError> {
    let servers = server::all(document);
    if let Some(wanted) = choice.server {
        let missing = || ToolError::Server { path: path.to_path_buf(), wanted, count: servers.len() };
        return wanted.checked_sub(1).and_then(|index| servers.get(index)).cloned().ok_or_else(missing);
    }
    Ok(preferred(&servers, choice))
}

/// The first server at one of the hosts that are asked for; else the first.
fn preferred(servers: &[Place], choice: &Choice) -> Place {
    let known = servers.iter().find(|one| one.host.as_ref().is_some_and(|host| choice.hosts.contains(host)));
    known.or(servers.first()).cloned().unwrap_or_default()
}

fn describe(document: &Document, place: &Place, choice: &Choice) -> Description {
    let mut operations = Vec::new();
    for (path, item) in &document.paths.0 {
        let item = pointer::path_item(document, item);
        for (method, operation) in methods(item) {
            let own = operation.servers.as_ref().or(item.servers.as_ref()).filter(|own| !own.is_empty());
            let place = match own {
                Some(own) => preferred(&own.iter().map(server::place).collect::<Vec<_>>(), choice),
                None => place.clone(),
            };
            let base = choice.base.as_deref().unwrap_or(&place.base);
            let route = Route::parse(path).below(base);
            operations.push(described(document, item, method, operation, place.host.clone(), route));
        }
    }
    Description {
        title: document.info.as_ref().and_then(|info| info.title.clone()).unwrap_or_default(),
        docs: document.external_docs.as_ref().and_then(|link| link.url.clone()),
        base: choice.base.clone().unwrap_or_else(|| place.base.clone()),
        schemes: schemes(document),
        operations,
    }
}

fn methods(item: &PathItem) -> impl Iterator<Item = (Method, &document::Operation)> {
    let all = [
        (Method::Get, &item.get),
        (Method::Head, &item.head),
        (Method::Post, &item.post),
        (Method::Put, &item.put),
        (Method::Patch, &item.patch),
        (Method::Delete, &item.delete),
        (Method::Options, &item.options),
    ];
    all.into_iter().filter_map(|(method, operation)| operation.as_ref().map(|operation| (method, operation)))
}

fn described(
    document: &Document,
    item: &PathItem,
    method: Method,
    operation: &document::Operation,
    host: Option<String>,
    route: Route,
) -> Operation {
    let written = operation.parameters.iter().flatten().chain(item.parameters.iter().flatten());
    let parameters: Vec<&Parameter> = written.map(|one| pointer::parameter(document, one)).collect();
    let values = |name: &str| {
        let is_it =
            |one: &&&Parameter| one.r#in.as_deref() == Some("path") && one.name.as_deref() == Some(name);
        parameters.iter().find(is_it).map(|one| pointer::values(document, one)).unwrap_or_default()
    };
    let content = operation.request_body.as_ref().and_then(|body| body.content.as_ref());
    Operation {
        method,
        host,
        spelled: route.spelled(&values),
        route,
        tags: operation.tags.iter().flatten().filter_map(Scalar::text).collect(),
        id: operation.operation_id.as_ref().and_then(Scalar::text).unwrap_or_default(),
        summary: operation.summary.clone().unwrap_or_default(),
        takes_json: content.is_some_and(|kinds| kinds.keys().any(|kind| kind.contains("json"))),
    }
}

fn schemes(document: &Document) -> Vec<Scheme> {
    let newer = document.components.as_ref().and_then(|components| components.security_schemes.as_ref());
    let all = newer.or(document.security_definitions.as_ref());
    all.into_iter().flat_map(|all| all.values()).map(scheme).collect()
}

fn scheme(written: &SecurityScheme) -> Scheme {
    let name = written.name.clone().unwrap_or_default();
    let kind = written.scheme.as_deref().unwrap_or_default().to_ascii_lowercase();
    match (written.r#type.as_str(), written.r#in.as_deref(), kind.as_str()) {
        ("apiKey", Some("header"), _) => Scheme::Header(name.to_ascii_lowercase()),
        ("apiKey", Some("query"), _) => Scheme::Query(name),
        ("basic", ..) | ("http", _, "basic") => Scheme::Basic,
        ("http", _, "bearer") => Scheme::Bearer,
        ("oauth2" | "openIdConnect", ..) => Scheme::OAuth,
        (other, ..) => Scheme::Other(other.to_owned()),
    }
}
