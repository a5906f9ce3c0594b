//! A capability's example as the words of a command.

use crate::spec::{Capability, Payload};

/// The words, unquoted; quoting is for whoever prints them.
pub(super) fn command(capability: &Capability) -> Vec<String> {
    let example = &capability.example;
    let mut words = vec!["aivault".to_owned(), "invoke".to_owned(), capability.id.to_string()];
    let mut flag = |name: &str, value: &str| words.extend([name.to_owned(), value.to_owned()]);
    flag("--method", example.method.as_str());
    flag("--path", &example.path);
    for (name, value) in example.headers.iter() {
        flag("--header", &format!("{name}: {value}"));
    }
    match &example.payload {
        Payload::None => {}
        Payload::Json(json) => flag("--body", json),
        Payload::Form(pairs) => {
            if !example.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
                flag("--header", "content-type: application/x-www-form-urlencoded");
            }
            flag("--body", &form(pairs));
        }
        Payload::Multipart { fields, files } => {
            fields.iter().for_each(|(name, value)| flag("--multipart-field", &format!("{name}={value}")));
            files.iter().for_each(|(name, file)| flag("--multipart-file", &format!("{name}={file}")));
        }
        Payload::File(name) => flag("--body-file-path", name),
    }
    words
}

fn form(pairs: &[(crate::spec::Text, crate::spec::Text)]) -> String {
    let encode = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect::<Vec<_>>()
        .join("&")
}

// With the crate alone: the tools compile this file too, without the registry.
#[cfg(test)]
#[cfg(shipped)]
mod tests {
    use super::*;
    use crate::registry;

    #[test]
    fn the_guides_example_is_the_one_that_describe_shows() {
        let (_, capability) = registry::capability("openai/chat-completions").unwrap();
        let words = command(capability);
        assert_eq!(words[..5], ["aivault", "invoke", "openai/chat-completions", "--method", "POST"]);
        let body: serde_json::Value = serde_json::from_str(words.last().unwrap()).unwrap();
        assert_eq!(body["messages"][0]["content"], "hello");
    }
}
