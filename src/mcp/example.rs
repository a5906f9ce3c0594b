//! A capability's example as the arguments of a tool, from the words of the command that shows it.

use serde_json::{Map, value::Value};

use crate::service::CapabilityDetail;

/// What an agent can say to have it made; none where the command has words that a tool has not.
pub(super) fn arguments(detail: &CapabilityDetail) -> Option<Map<String, Value>> {
    // `aivault invoke CAPABILITY`, and behind it flags with one value each.
    let (_, flags) = detail.example.split_at_checked(3)?;
    let mut arguments = Map::new();
    let (mut headers, mut fields, mut files) = (Vec::new(), Vec::new(), Vec::new());
    for pair in flags.chunks_exact(2) {
        let [flag, value] = pair else { return None };
        match flag.as_str() {
            "--method" => _ = arguments.insert("method".to_owned(), value.as_str().into()),
            "--path" => _ = arguments.insert("path".to_owned(), value.as_str().into()),
            "--header" => headers.push(value.split_once(": ")?),
            "--body" => _ = arguments.insert("body".to_owned(), body(value)),
            "--body-file-path" => _ = arguments.insert("body".to_owned(), "the file's text".into()),
            "--multipart-field" => fields.push(value.split_once('=')?),
            "--multipart-file" => files.push(file(value.split_once('=')?)),
            _ => return None,
        }
    }
    for (name, pairs) in [("headers", headers), ("multipart", fields)] {
        arguments.extend((!pairs.is_empty()).then(|| (name.to_owned(), of_pairs(&pairs))));
    }
    arguments.extend((!files.is_empty()).then(|| ("multipartFiles".to_owned(), files.into())));
    Some(arguments)
}

/// Whether it is made with a form.
pub(super) fn has_form(detail: &CapabilityDetail) -> bool {
    detail.example.iter().any(|word| word.starts_with("--multipart-"))
}

/// An object, or a list where a name is there twice.
fn of_pairs(pairs: &[(&str, &str)]) -> Value {
    let object: Map<_, _> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    if object.len() == pairs.len() { object.into() } else { serde_json::json!(pairs) }
}

fn file((name, filename): (&str, &str)) -> Value {
    serde_json::json!({ "name": name, "filename": filename, "data": "base64 of the file" })
}

fn body(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::testing::detail;

    #[test]
    fn it_is_what_the_command_says() {
        let json = serde_json::to_string(&arguments(&detail("openai/chat-completions")).unwrap()).unwrap();
        assert!(
            json.starts_with(r#"{"method":"POST","path":"/v1/chat/completions","body":{"model":"#),
            "{json}"
        );
    }

    #[test]
    fn a_form_has_its_fields_and_files() {
        let mut one = detail("openai/chat-completions");
        let form = ["aivault", "invoke", "a/b", "--multipart-field", "n=1", "--multipart-file", "file=a.mp3"];
        one.example = form.map(str::to_owned).to_vec();
        let json = serde_json::to_value(arguments(&one).unwrap()).unwrap();
        let file = serde_json::json!({ "name": "file", "filename": "a.mp3", "data": "base64 of the file" });
        assert_eq!(json, serde_json::json!({ "multipart": { "n": "1" }, "multipartFiles": [file] }));
        assert_eq!(of_pairs(&[("a", "1"), ("a", "2")]), serde_json::json!([["a", "1"], ["a", "2"]]));
        one.example.push("--websocket".to_owned());
        one.example.push("x".to_owned());
        assert!(arguments(&one).is_none());
    }
}
