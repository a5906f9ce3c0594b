//! A provider file before it is one: what `new` and `import` know, to be written as YAML
//! with a comment wherever a person has to decide.

mod auth;
mod write;

pub use auth::{AuthDraft, AuthKind};

use crate::spec::Method;

/// A whole file.
pub struct Draft {
    pub id: String,
    pub name: Text,
    pub category: Text,
    pub docs: Text,
    pub hosts: Vec<String>,
    pub hosts_todo: Option<String>,
    pub auth: AuthDraft,
    pub capabilities: Vec<CapabilityDraft>,
    /// What was left out, and why.
    pub left_out: Vec<String>,
}

/// A text, and what a person should do about it.
pub struct Text {
    pub text: String,
    pub todo: Option<&'static str>,
}

impl Text {
    /// What somebody said, or a guess that somebody has to look at.
    pub fn said_or(said: Option<&String>, guess: impl Into<String>, todo: &'static str) -> Self {
        match said {
            Some(text) => Self { text: text.clone(), todo: None },
            None => Self { text: guess.into(), todo: Some(todo) },
        }
    }
}

pub struct CapabilityDraft {
    pub name: String,
    pub summary: String,
    pub todo: Vec<String>,
    pub host: Option<String>,
    pub administrative: bool,
    pub grants: Vec<GrantDraft>,
    pub example: ExampleDraft,
    pub deny: Vec<(Method, String)>,
}

pub struct GrantDraft {
    pub methods: Vec<Method>,
    pub paths: Vec<PathDraft>,
}

pub struct PathDraft {
    pub path: String,
    pub todo: Option<String>,
}

pub struct ExampleDraft {
    pub method: Method,
    pub path: String,
    /// A JSON body, which is then empty.
    pub body: bool,
}

/// `acme-cloud` as `ACME_CLOUD`.
pub fn shouted(id: &str) -> String {
    id.to_uppercase().replace('-', "_")
}

/// Any text as lower-case words with `-` between them, as ids are spelled; empty when there is nothing to spell.
pub fn kebab(text: &str) -> String {
    let lower: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' }).collect();
    let words: Vec<&str> = lower.split_whitespace().collect();
    let joined = words.join("-");
    let joined = joined.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    joined.chars().take(48).collect::<String>().trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_becomes_an_id_or_nothing() {
        for (text, id) in
            [("Custom Fields (v2)", "custom-fields-v2"), ("2fa", "fa"), ("日本", ""), ("a--b_", "a-b")]
        {
            assert_eq!(kebab(text), id);
        }
    }
}
