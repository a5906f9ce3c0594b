//! A capability's example as the arguments of a tool, from the words of the command that shows it.

use serde_json::{Map, value::Value};

use crate::service::CapabilityDetail;

/// What an agent can say to have it made; none where it sends files, for which a tool has no words.
pub(super) fn arguments(detail: &CapabilityDetail) -> Option<Map<String, Value>> {
    // `aivault invoke CAPABILITY`, and behind it flags with one value each.
    let (_, flags) = detail.example.split_at_checked(3)?;
    let mut arguments = Map::new();
    let mut headers = Map::new();
    for pair in flags.chunks_exact(2) {
        let [flag, value] = pair else { return None };
        match flag.as_str() {
            "--method" => _ = arguments.insert("method".to_owned(), value.as_str().into()),
            "--path" => _ = arguments.insert("path".to_owned(), value.as_str().into()),
            "--header" => {
                let (name, value) = value.split_once(": ")?;
                headers.insert(name.to_owned(), value.into());
            }
            "--body" => _ = arguments.insert("body".to_owned(), body(value)),
            _ => return None,
        }
    }
    if !headers.is_empty() {
        arguments.insert("headers".to_owned(), headers.into());
    }
    Some(arguments)
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
    fn files_have_no_words() {
        let mut one = detail("openai/chat-completions");
        let form = ["aivault", "invoke", "a/b", "--method", "POST", "--multipart-file", "file=a.mp3"];
        one.example = form.map(str::to_owned).to_vec();
        assert!(arguments(&one).is_none());
    }
}
