//! Six rules of an operator, in three languages, and bodies to judge by them.

use aivault::policy::RuleSet;
use aivault::spec::policy::compile_policy;
use aivault::spec::{Method, Source};
use serde_json::{Value, json};

use crate::asked::Asked;

pub const CAPABILITY: &str = "openai/chat-completions";
pub const CEDAR: &str = include_str!("../policies/six-rules.cedar");
pub const REGO: &str = include_str!("../policies/six-rules.rego");
const OURS: &str = include_str!("../policies/six-rules.policy.yaml");

pub fn ours() -> RuleSet {
    let checked = compile_policy(Source { name: "six-rules.policy.yaml".to_owned(), text: OURS.to_owned() });
    assert!(checked.diagnostics.is_empty(), "{}", checked.diagnostics[0]);
    RuleSet::new(checked.policy, Vec::new())
}

fn body() -> Value {
    let text = "It was the best of times, it was the worst of times, it was the age of wisdom.";
    let message = |role: &str| json!({ "role": role, "content": text });
    let messages = [message("system"), message("user"), message("assistant"), message("user")];
    json!({ "model": "gpt-4o-mini", "max_tokens": 256, "temperature": 0.5, "stream": false, "messages": messages })
}

fn with(key: &str, value: Value) -> Value {
    let mut body = body();
    body[key] = value;
    body
}

fn without(key: &str) -> Value {
    let mut body = body();
    body.as_object_mut().unwrap().remove(key);
    body
}

fn asked(bodies: Vec<Value>) -> Vec<Asked> {
    let post = |body: Value| Asked::new(CAPABILITY, Method::Post, "/v1/chat/completions", &body.to_string());
    bodies.into_iter().map(post).collect()
}

/// What the rules let pass.
pub fn granted() -> Vec<Asked> {
    asked(vec![body(), with("model", json!("gpt-4.1-mini")), without("stream"), with("n", json!(1))])
}

/// What the rules refuse, each another one.
pub fn denied() -> Vec<Asked> {
    let tool = json!([{ "role": "user", "content": "hi" }, { "role": "tool", "content": "42" }]);
    asked(vec![
        with("model", json!("gpt-5.2")),
        without("model"),
        with("max_tokens", json!(4097)),
        with("max_tokens", json!(0)),
        without("max_tokens"),
        with("stream", json!(true)),
        with("n", json!(2)),
        with("service_tier", json!("priority-pro")),
        with("messages", tool),
    ])
}
