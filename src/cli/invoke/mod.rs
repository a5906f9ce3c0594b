//! `invoke`, `json` and `markdown`: arguments become a `Call` and a body, a reply becomes
//! output.
//!
//! The client opens every file that is named, so that no path ever reaches a daemon. What a
//! header or body says is not judged here.

mod body;
mod head;
mod header;
mod markdown;
mod reply;
mod request;
mod websocket;

use std::process::ExitCode;

use super::arguments::{InvokeArguments, MarkdownArguments};
use super::error::CliError;
use super::screen::Screen;
use super::secrets;
use crate::service::{Call, RequestBody, Service, TimeLimit};

pub(super) use header::parse as parse_header;
use markdown::Markdown;
use websocket::Sending;

/// A call that is ready to be made.
pub(super) struct Invocation {
    call: Call,
    body: RequestBody,
    limit: Option<TimeLimit>,
    /// Whether the answer's head is shown.
    include: bool,
    form: Form,
    /// Where a WebSocket is asked for.
    websocket: Option<Sending>,
}

/// How the answer's body is printed.
enum Form {
    /// Byte for byte, as it comes.
    Raw,
    Json,
    Markdown(Markdown),
}

impl Invocation {
    pub(super) fn raw(arguments: InvokeArguments) -> Result<Self, CliError> {
        Self::new(arguments, Form::Raw)
    }

    pub(super) fn json(arguments: InvokeArguments) -> Result<Self, CliError> {
        Self::new(arguments, Form::Json)
    }

    pub(super) fn markdown(arguments: MarkdownArguments) -> Result<Self, CliError> {
        let MarkdownArguments { invoke, namespace, exclude, wrap } = arguments;
        let markdown = Markdown::new(namespace, exclude, wrap)?;
        Self::new(invoke, Form::Markdown(markdown))
    }

    fn new(arguments: InvokeArguments, form: Form) -> Result<Self, CliError> {
        let InvokeArguments {
            capability,
            method,
            path,
            headers,
            body,
            credential,
            timeout_ms,
            include,
            place,
            websocket,
        } = arguments;
        let websocket = Sending::of(websocket);
        if websocket.is_some() && !matches!(form, Form::Raw) {
            return Err(CliError::with_help("messages have this one form", "use `aivault invoke`"));
        }
        let content = body::read(body)?;
        let given = headers.iter().enumerate();
        let given = given.map(|(i, text)| header::parse(i + 1, text)).collect::<Result<Vec<_>, _>>()?;
        let mut headers = content.request.headers;
        headers.extend(given);
        header::default_content_type(&mut headers, content.content_type);
        let call = Call {
            capability,
            credential,
            scope: secrets::place(place),
            method: method.or(content.request.method),
            path: path.or(content.request.path),
            headers,
            has_body: !matches!(content.body, RequestBody::Empty),
        };
        Ok(Self { call, body: content.body, limit: timeout_ms, include, form, websocket })
    }

    /// Makes the call and prints its answer.
    pub(super) fn perform(self, service: &Service, screen: &mut Screen<'_>) -> Result<ExitCode, CliError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(CliError::Runtime)?;
        let done = runtime.block_on(async {
            if let Some(sending) = self.websocket {
                return sending.perform(service, self.call, self.limit, screen).await;
            }
            let reply = service.invoke(self.call, self.body, self.limit).await?;
            if self.include {
                head::print(&reply, screen)?;
            }
            reply::print(reply, &self.form, screen).await
        });
        runtime.block_on(service.drain());
        // What was decided is on record even when the answer could not be shown.
        let settled = service.settle();
        let code = done?;
        settled?;
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::arguments::{Arguments, Verb};

    fn invocation(words: &[&str]) -> Invocation {
        let words = ["aivault", "invoke", "openai/models"].iter().chain(words);
        let Ok(Arguments { verb: Verb::Invoke(arguments) }) = Arguments::try_parse_from(words) else {
            panic!("not an invocation");
        };
        Invocation::raw(arguments).unwrap()
    }

    fn pairs(headers: &[(&str, &str)]) -> Vec<(String, String)> {
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn json_text_is_announced_as_such_unless_the_caller_says_otherwise() {
        let json = invocation(&["--body", r#"{"a":1}"#]);
        assert_eq!(json.call.headers, pairs(&[("content-type", "application/json")]));
        assert!(json.call.has_body);
        let own = invocation(&["--body", "{}", "--header", "Content-Type: application/vnd.x+json"]);
        assert_eq!(own.call.headers, pairs(&[("Content-Type", "application/vnd.x+json")]));
        assert!(invocation(&["--body", "a=b"]).call.headers.is_empty());
    }

    #[test]
    fn flags_go_before_what_the_request_says() {
        let request = r#"{"method":"PUT","path":"/a","headers":{"x-a":"1"},"body":{"b":[1.50]}}"#;
        let made = invocation(&["--request", request, "--method", "POST", "--header", "x-b=2"]);
        assert_eq!((made.call.method.as_deref(), made.call.path.as_deref()), (Some("POST"), Some("/a")));
        let headers = pairs(&[("x-a", "1"), ("x-b", "2"), ("content-type", "application/json")]);
        assert_eq!(made.call.headers, headers);
        assert!(matches!(made.body, RequestBody::Bytes(bytes) if bytes == r#"{"b":[1.50]}"#));
    }

    #[test]
    fn without_a_body_nothing_is_announced() {
        let bare = invocation(&["--workspace-id", "w"]);
        assert!(!bare.call.has_body && bare.call.headers.is_empty() && bare.call.method.is_none());
        assert_eq!(bare.call.scope.to_string(), "workspace:w");
    }

    #[test]
    fn a_form_is_announced_with_its_boundary() {
        let form = invocation(&["--multipart-field", "model=whisper-1"]);
        let (name, value) = &form.call.headers[0];
        assert_eq!(name, "content-type");
        assert!(value.starts_with("multipart/form-data; boundary="), "{value}");
    }
}
