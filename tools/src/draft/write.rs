//! A draft as YAML that the build accepts.

use std::fmt::Write as _;

use super::{AuthDraft, CapabilityDraft, Draft, Text};
use crate::spec::Method;

/// Comments are broken before they pass this column.
const WIDTH: usize = 110;

impl Draft {
    /// The text of the file.
    pub fn text(&self) -> String {
        let mut text = String::from("# yaml-language-server: $schema=../schema/provider.schema.json\n");
        for one in &self.left_out {
            comment(&mut text, 0, one);
        }
        line(&mut text, 0, &format!("provider: {}", self.id));
        said(&mut text, "name", &self.name);
        said(&mut text, "category", &self.category);
        said(&mut text, "docs", &self.docs);
        self.auth_and_hosts(&mut text);
        line(&mut text, 0, "capabilities:");
        for (index, capability) in self.capabilities.iter().enumerate() {
            if index > 0 {
                text.push('\n');
            }
            write_capability(&mut text, capability);
        }
        text
    }

    fn auth_and_hosts(&self, text: &mut String) {
        let AuthDraft { secrets, lines, todo } = &self.auth;
        line(text, 0, "secrets:");
        for secret in secrets {
            line(text, 2, &format!("{}:", secret.name));
            line(text, 4, &format!("as: {}", secret.placeholder));
            if secret.identifier {
                line(text, 4, "identifier: true");
            } else {
                comment(text, 4, "TODO: where a person gets one, and what it looks like:");
                comment(text, 4, "help: https://…");
                comment(text, 4, "pattern: \"^…$\"");
            }
        }
        if let Some(todo) = &self.hosts_todo {
            comment(text, 0, &format!("TODO: {todo}"));
        }
        let hosts: Vec<String> = self.hosts.iter().map(|host| scalar(host)).collect();
        line(text, 0, &format!("hosts: [{}]", hosts.join(", ")));
        if let Some(todo) = todo {
            comment(text, 0, &format!("TODO: {todo}."));
        }
        line(text, 0, "auth:");
        for one in lines {
            line(text, 2, one);
        }
        comment(text, 0, "TODO: if official clients can be pointed at another address, by which variable:");
        comment(
            text,
            0,
            &format!("sdk: {{ base_url_env: {}_BASE_URL, base_path: /v1 }}", super::shouted(&self.id)),
        );
    }
}

fn write_capability(text: &mut String, capability: &CapabilityDraft) {
    line(text, 2, &format!("{}:", capability.name));
    for todo in &capability.todo {
        comment(text, 4, &format!("TODO: {todo}"));
    }
    line(text, 4, &format!("summary: {}", scalar(&capability.summary)));
    if let Some(host) = &capability.host {
        line(text, 4, &format!("host: {}", scalar(host)));
    }
    if capability.administrative {
        line(text, 4, "risk: admin");
    }
    line(text, 4, "allow:");
    for grant in &capability.grants {
        let methods: Vec<&str> = grant.methods.iter().map(|method| method.as_str()).collect();
        line(text, 6, &format!("- methods: [{}]", methods.join(", ")));
        line(text, 8, "paths:");
        for path in &grant.paths {
            if let Some(todo) = &path.todo {
                comment(text, 10, &format!("TODO: {todo}"));
            }
            line(text, 10, &format!("- {}", scalar(&path.path)));
        }
    }
    write_examples(text, capability);
}

fn write_examples(text: &mut String, capability: &CapabilityDraft) {
    let example = &capability.example;
    line(text, 4, "example:");
    line(text, 6, &format!("method: {}", example.method));
    line(text, 6, &format!("path: {}", scalar(&example.path)));
    if example.body {
        line(text, 6, "body: {} # TODO: a body that works");
    }
    line(text, 4, "examples:");
    line(text, 6, "deny:");
    for (method, path) in &capability.deny {
        line(text, 8, &format!("- {}", scalar(&request(*method, path))));
    }
}

fn request(method: Method, path: &str) -> String {
    format!("{method} {path}")
}

fn said(text: &mut String, key: &str, value: &Text) {
    let todo = value.todo.map(|todo| format!(" # TODO: {todo}")).unwrap_or_default();
    line(text, 0, &format!("{key}: {}{todo}", scalar(&value.text)));
}

// Writing into a String cannot fail.
fn line(text: &mut String, indent: usize, content: &str) {
    let _ = writeln!(text, "{:indent$}{content}", "");
}

/// A comment of one or more lines; what was read from elsewhere cannot end it.
fn comment(text: &mut String, indent: usize, content: &str) {
    let mut current = String::new();
    for word in content.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !current.is_empty() && indent + 2 + current.len() + word.len() > WIDTH {
            line(text, indent, &format!("# {current}"));
            current.clear();
        }
        if !current.is_empty() {
            current.push(' ');
        }
        current.push_str(word);
    }
    line(text, indent, &format!("# {current}"));
}

/// A text as YAML: plain where it cannot be misread, else in quotes.
fn scalar(text: &str) -> String {
    const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let plain = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_.-*?= ".contains(&byte))
        && !text.ends_with(' ')
        && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    let link = text.starts_with("https://")
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && !text.contains('#');
    if plain || link && !text.ends_with(':') {
        return text.to_owned();
    }
    // A JSON text is a YAML text.
    serde_json::Value::from(text).to_string()
}
