//! Capabilities that are tools of their own.

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{json, value::Value};

use super::{example, tools};
use crate::service::CapabilityDetail;
use crate::spec::Risk;

/// Stands for the slash, which a tool's name may not have. No provider's id has it, so that it can be read back.
const SLASH: &str = "__";
/// How many path patterns are shown.
const PATHS: usize = 12;

/// The id of the capability that a tool of that name calls.
pub(super) fn capability(tool: &str) -> Option<String> {
    tool.split_once(SLASH).map(|(provider, name)| format!("{provider}/{name}"))
}

pub(super) fn tool(detail: &CapabilityDetail) -> Tool {
    let id = &detail.row.id;
    let is_read = detail.row.risk == Risk::Read;
    let title = format!("{}: {}", detail.provider_name, detail.row.summary);
    let annotations =
        ToolAnnotations::with_title(title).read_only(is_read).destructive(!is_read).open_world(true);
    let name = format!("{}{SLASH}{}", id.provider(), id.name());
    Tool::new(name, words(detail), schema(detail)).with_annotations(annotations)
}

/// A call by such a tool as a call by `invoke`.
pub(super) fn as_invoke(capability: String, arguments: Option<JsonObject>) -> JsonObject {
    let mut arguments = arguments.unwrap_or_default();
    // Which capability it is, the name of the tool alone says.
    arguments.insert("capability".to_owned(), capability.into());
    arguments
}

fn words(detail: &CapabilityDetail) -> String {
    let row = &detail.row;
    let mut words = format!("{} ({}; risk: {}).", row.summary, detail.provider_name, row.risk.as_str());
    if !detail.docs.is_empty() {
        words += &format!(" Documentation: {}.", detail.docs);
    }
    let example = example::arguments(detail).and_then(|example| serde_json::to_string(&example).ok());
    words.extend(example.map(|example| format!(" Example: {example}")));
    words
}

fn schema(detail: &CapabilityDetail) -> std::sync::Arc<JsonObject> {
    let methods = methods(detail);
    let mut method = json!({ "type": "string", "enum": methods });
    put_default(&mut method, detail.default_method.as_deref());
    let mut path = json!({ "type": "string", "description": paths(detail) });
    put_default(&mut path, detail.default_path.as_deref());
    let mut properties = json!({ "method": method, "path": path });
    tools::add(&mut properties, tools::request_parts());
    if example::has_form(detail) {
        tools::add(&mut properties, tools::form_parts());
    }
    let is_bodyless = methods.iter().all(|method| matches!(*method, "GET" | "HEAD"));
    if let (true, Value::Object(properties)) = (is_bodyless, &mut properties) {
        properties.shift_remove("body");
    }
    let required: &[&str] = if detail.default_path.is_none() { &["path"] } else { &[] };
    tools::object(properties, required)
}

fn put_default(property: &mut Value, default: Option<&str>) {
    if let Some(default) = default {
        property["default"] = default.into();
    }
}

fn methods(detail: &CapabilityDetail) -> Vec<&str> {
    let mut methods: Vec<&str> =
        detail.allow.iter().flat_map(|grant| &grant.methods).map(String::as_str).collect();
    methods.sort_unstable();
    methods.dedup();
    methods
}

fn paths(detail: &CapabilityDetail) -> String {
    let all = detail.allow.iter().flat_map(|grant| {
        let methods = grant.methods.join("/");
        grant.paths.iter().map(move |path| format!("{methods} {path}"))
    });
    let all: Vec<_> = all.collect();
    let more = if all.len() > PATHS { ", …" } else { "" };
    format!("Allowed: {}{more}", all[..all.len().min(PATHS)].join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::testing::detail;

    #[test]
    fn a_tool_says_what_its_capability_takes() {
        let tool = tool(&detail("openai/chat-completions"));
        assert_eq!(tool.name, "openai__chat-completions");
        let schema = Value::Object((*tool.input_schema).clone());
        assert_eq!(schema["properties"]["method"]["enum"], json!(["GET", "POST"]));
        assert_eq!(schema["properties"]["path"]["default"], "/v1/chat/completions");
        assert!(schema.get("required").is_none() && schema["properties"].get("body").is_some());
        let words = tool.description.unwrap();
        assert!(words.contains(r#"Example: {"method":"POST""#) && words.contains("risk: write"), "{words}");
        let annotations = tool.annotations.unwrap();
        assert_eq!((annotations.read_only_hint, annotations.destructive_hint), (Some(false), Some(true)));
    }

    #[test]
    fn one_that_reads_says_so_and_takes_no_body() {
        let mut one = detail("openai/chat-completions");
        one.row.risk = Risk::Read;
        one.allow[0].methods = vec!["GET".to_owned()];
        one.default_path = None;
        let tool = tool(&one);
        assert_eq!(tool.annotations.unwrap().read_only_hint, Some(true));
        let schema = Value::Object((*tool.input_schema).clone());
        assert!(schema["properties"].get("body").is_none());
        assert_eq!(schema["required"], json!(["path"]));
    }

    #[test]
    fn its_name_can_be_read_back_and_nothing_else_says_the_capability() {
        assert_eq!(capability("openai__chat-completions").as_deref(), Some("openai/chat-completions"));
        assert_eq!(capability("calendly__event_types").as_deref(), Some("calendly/event_types"));
        assert_eq!(capability("invoke"), None);
        let arguments = json!({ "capability": "stripe/charges" }).as_object().cloned();
        assert_eq!(as_invoke("openai/models".to_owned(), arguments)["capability"], "openai/models");
    }
}
