//! `invoke`, `json` and `markdown`.

use std::path::PathBuf;

use clap::Args;

use super::PlaceArguments;
use crate::service::TimeLimit;
use crate::spec::CredentialName;

#[derive(Args)]
pub(in crate::cli) struct InvokeArguments {
    /// The capability's full name, such as openai/chat-completions
    pub(in crate::cli) capability: String,
    /// The HTTP method; the capability's usual one when left out
    #[arg(long)]
    pub(in crate::cli) method: Option<String>,
    /// Path and query; the capability's own when it has just one
    #[arg(long)]
    pub(in crate::cli) path: Option<String>,
    /// A header, `Name: value` or `name=value`; may be repeated
    #[arg(long = "header", value_name = "HEADER")]
    pub(in crate::cli) headers: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) body: BodyArguments,
    /// The account to use, when a provider has several
    #[arg(long, value_name = "NAME", value_parser = CredentialName::parse)]
    pub(in crate::cli) credential: Option<CredentialName>,
    /// Give up after so many milliseconds, the answer's last byte included
    #[arg(long, value_name = "N", value_parser = time_limit)]
    pub(in crate::cli) timeout_ms: Option<TimeLimit>,
    /// Print the answer's status and those of its headers that callers work with, in front of it
    #[arg(short, long)]
    pub(in crate::cli) include: bool,
    #[command(flatten)]
    pub(in crate::cli) websocket: WebSocketArguments,
    #[command(flatten)]
    pub(in crate::cli) place: PlaceArguments,
}

/// A number that is no time a call may take.
#[derive(Debug, thiserror::Error)]
#[error("a call may take between 1 and {} milliseconds", TimeLimit::LONGEST_MS)]
struct NoTimeLimit;

fn time_limit(text: &str) -> Result<TimeLimit, NoTimeLimit> {
    text.parse().ok().and_then(TimeLimit::of_ms).ok_or(NoTimeLimit)
}

/// A WebSocket in place of one answer.
#[derive(Args, Default)]
pub(in crate::cli) struct WebSocketArguments {
    /// Open a WebSocket: each line of the standard input is a message, and so is each line that comes out
    #[arg(long, conflicts_with_all = ["body", "body_file_path", "fields", "files", "include"])]
    pub(in crate::cli) websocket: bool,
    /// A message to send ahead of the standard input; may be repeated
    #[arg(long = "message", value_name = "TEXT", requires = "websocket", allow_hyphen_values = true)]
    pub(in crate::cli) messages: Vec<String>,
    /// Send the standard input as binary messages, as it comes
    #[arg(long, requires = "websocket")]
    pub(in crate::cli) binary: bool,
    /// Close the WebSocket where the standard input ends, rather than wait until the upstream does
    #[arg(long, requires = "websocket")]
    pub(in crate::cli) close_on_eof: bool,
}

/// At most one way to give a body.
#[derive(Args, Default)]
pub(in crate::cli) struct BodyArguments {
    /// The body's text; JSON is announced as such
    #[arg(long, value_name = "TEXT", group = "content", allow_hyphen_values = true)]
    pub(in crate::cli) body: Option<String>,
    /// A file to send as the body; `-` for standard input
    #[arg(long, value_name = "PATH", group = "content")]
    pub(in crate::cli) body_file_path: Option<PathBuf>,
    /// A request as JSON: {"method", "path", "headers", "body"}, each of them optional
    #[arg(long, value_name = "JSON", group = "content")]
    pub(in crate::cli) request: Option<String>,
    /// A file with such a request; `-` for standard input
    #[arg(long, value_name = "PATH", group = "content")]
    pub(in crate::cli) request_file: Option<PathBuf>,
    /// A field of a form; may be repeated
    #[arg(long = "multipart-field", value_name = "NAME=VALUE", conflicts_with = "content")]
    pub(in crate::cli) fields: Vec<String>,
    /// A file of a form; may be repeated
    #[arg(long = "multipart-file", value_name = "NAME=PATH", conflicts_with = "content")]
    pub(in crate::cli) files: Vec<std::ffi::OsString>,
}

#[derive(Args)]
pub(in crate::cli) struct MarkdownArguments {
    #[command(flatten)]
    pub(in crate::cli) invoke: InvokeArguments,
    /// Put the output between <begin NAME> and </end NAME>
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) namespace: Option<String>,
    /// Leave this field out, wherever it is; may be repeated
    #[arg(long = "exclude-field", value_name = "FIELD")]
    pub(in crate::cli) exclude: Vec<String>,
    /// Put this field's text in a fenced block; may be repeated
    #[arg(long = "wrap-field", value_name = "FIELD")]
    pub(in crate::cli) wrap: Vec<String>,
}
