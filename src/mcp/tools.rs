//! The tools that are always there.

use std::sync::Arc;

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{json, value::Value};

pub(super) const LIST: &str = "list_capabilities";
pub(super) const DESCRIBE: &str = "describe_capability";
pub(super) const INVOKE: &str = "invoke";

pub(super) fn all() -> Vec<Tool> {
    vec![list(), describe(), invoke()]
}

fn list() -> Tool {
    let schema = object(
        json!({
            "query": { "type": "string", "description": "Words that all stand in its id, category or summary" },
            "provider": { "type": "string", "description": "A provider's id, such as openai" },
            "limit": { "type": "integer", "minimum": 0, "description": "How many at most; 50 if left out" },
        }),
        &[],
    );
    let words = "Lists the API capabilities that are on, each with its risk and whether it is ready to be called, \
                 or why it is not.";
    Tool::new(LIST, words, schema).with_annotations(looking("List capabilities"))
}

fn describe() -> Tool {
    let schema = object(
        json!({ "capability": { "type": "string", "description": "Its id, such as openai/models" } }),
        &["capability"],
    );
    let words =
        "Tells all about one capability: methods, paths, risk, and an example that can be given to `invoke`.";
    Tool::new(DESCRIBE, words, schema).with_annotations(looking("Describe a capability"))
}

fn invoke() -> Tool {
    let mut properties = json!({
        "capability": { "type": "string", "description": "Its id, such as openai/chat-completions" },
        "method": { "type": "string", "description": "The HTTP method; the capability's default if left out" },
        "path": {
            "type": "string",
            "description": "The path at the provider, such as /v1/models; the capability's default if left out",
        },
    });
    add(&mut properties, request_parts());
    add(&mut properties, form_parts());
    let words = "Calls an API through one capability and gives its answer. The key is put in on the way and never seen \
                 here: send no authorization. A refusal says its reason and what to do.";
    let annotations = ToolAnnotations::with_title("Call a capability").destructive(true).open_world(true);
    Tool::new(INVOKE, words, object(properties, &["capability"]))
        .with_annotations(annotations.read_only(false))
}

/// What every tool that calls takes beside method and path.
pub(super) fn request_parts() -> Value {
    json!({
        "query": {
            "type": "object",
            "description": "The query's names and values, not encoded; a list repeats its name",
            "additionalProperties": true,
        },
        "headers": { "type": "object", "additionalProperties": { "type": "string" } },
        "body": { "description": "JSON as it is to be sent; a string is sent as its text" },
        "credential": { "type": "string", "description": "Which account, where there are several" },
        "timeout_ms": { "type": "integer", "minimum": 1, "maximum": 86_400_000 },
    })
}

/// What a tool takes that can send a form in the place of a body.
pub(super) fn form_parts() -> Value {
    json!({
        "multipart": {
            "type": "object",
            "description": "The fields of a form",
            "additionalProperties": { "type": "string" },
        },
        "multipartFiles": {
            "type": "array",
            "description": "The files of a form, each with its content in base64",
            "items": {
                "type": "object",
                "properties": {
                    "name": { "type": "string" },
                    "filename": { "type": "string" },
                    "contentType": { "type": "string" },
                    "data": { "type": "string" },
                },
                "required": ["name", "filename", "data"],
                "additionalProperties": false,
            },
        },
    })
}

pub(super) fn add(properties: &mut Value, more: Value) {
    if let (Value::Object(properties), Value::Object(more)) = (properties, more) {
        properties.extend(more);
    }
}

/// A schema of an object with these properties and no others.
pub(super) fn object(properties: Value, required: &[&str]) -> Arc<JsonObject> {
    let mut schema = JsonObject::new();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), properties);
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
    schema.insert("additionalProperties".to_owned(), false.into());
    Arc::new(schema)
}

fn looking(title: &str) -> ToolAnnotations {
    ToolAnnotations::with_title(title).read_only(true).open_world(false)
}
