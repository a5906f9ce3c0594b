//! `aivault mcp` as an agent's program runs it: lines of JSON in, lines of JSON out; and the same over HTTP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_json::{Value, json};

use super::gateway::{self, Gateway, Heard};
use super::wait::LIMIT;
use super::{Done, Home};

/// A client's end of a conversation.
pub struct Session {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<Vec<u8>>,
    /// All that it said.
    said: Vec<u8>,
    last_id: u64,
}

impl Session {
    /// Starts the program and shakes hands with it.
    pub fn begin(home: &Home, more: &[&str]) -> Self {
        let mut session = Self::start(home, more);
        let answer = session.ask("initialize", &hello());
        assert_eq!(answer["result"]["serverInfo"]["name"], "aivault", "{answer}");
        session.notify("notifications/initialized", &json!({}));
        session
    }

    /// Starts it, and says nothing yet.
    pub fn start(home: &Home, more: &[&str]) -> Self {
        let mut command = home.command(home.door, &[&["mcp"], more].concat());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (sender, lines) = channel();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            let mut line = Vec::new();
            while stdout.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                if sender.send(std::mem::take(&mut line)).is_err() {
                    return;
                }
            }
        });
        let stdin = child.stdin.take();
        Self { child, stdin, lines, said: Vec::new(), last_id: 0 }
    }

    /// A line as it is.
    pub fn send_line(&mut self, line: &str) {
        self.stdin.as_mut().unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    pub fn notify(&mut self, method: &str, params: &Value) {
        self.send_line(&json!({ "jsonrpc": "2.0", "method": method, "params": params }).to_string());
    }

    /// Sends a request, and gives its id.
    pub fn request(&mut self, method: &str, params: &Value) -> u64 {
        self.last_id += 1;
        let id = self.last_id;
        self.send_line(
            &json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string(),
        );
        id
    }

    /// The next message, which nothing but the protocol stands before.
    #[track_caller]
    pub fn next(&mut self) -> Value {
        let line = self.lines.recv_timeout(LIMIT).expect("a message");
        self.said.extend_from_slice(&line);
        let message: Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(message["jsonrpc"], "2.0", "{message}");
        message
    }

    /// The answer to a request, which is the next message.
    #[track_caller]
    pub fn ask(&mut self, method: &str, params: &Value) -> Value {
        let id = self.request(method, params);
        let answer = self.next();
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    /// Calls a tool that there is.
    #[track_caller]
    pub fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let mut answer = self.ask("tools/call", &json!({ "name": tool, "arguments": arguments }));
        assert!(answer.get("error").is_none(), "{answer}");
        answer["result"].take()
    }

    /// Closes its standard input, and waits for its end.
    pub fn close(mut self) -> Done {
        drop(self.stdin.take());
        let mut stdout = self.said;
        while let Ok(line) = self.lines.recv_timeout(LIMIT) {
            stdout.extend(line);
        }
        let mut stderr = Vec::new();
        self.child.stderr.take().unwrap().read_to_end(&mut stderr).unwrap();
        Done { code: self.child.wait().unwrap().code(), stdout, stderr }
    }
}

/// Where agents speak over HTTP.
pub const OVER_HTTP: &str = "/aivault/mcp";
const FIELDS: [(&str, &str); 2] =
    [("accept", "application/json, text/event-stream"), ("content-type", "application/json")];

/// An agent's program at the gateway.
pub struct Agent<'a> {
    gateway: &'a Gateway,
    target: String,
    pub session: String,
    last_id: u64,
}

impl<'a> Agent<'a> {
    /// Shakes hands; `query` stands behind the path.
    #[track_caller]
    pub fn begin(gateway: &'a Gateway, query: &str) -> Self {
        let mut agent =
            Self { gateway, target: format!("{OVER_HTTP}{query}"), session: String::new(), last_id: 0 };
        let hello = agent.message("initialize", &hello());
        let heard = agent.post(&hello, &[]);
        assert_eq!(heard.status, 200, "{heard:?}");
        agent.session =
            heard.head.all("mcp-session-id").first().map(|id| (*id).to_owned()).unwrap_or_default();
        assert_eq!(answer(&heard)["result"]["serverInfo"]["name"], "aivault");
        let begun = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(agent.post(&begun, &[]).status, 202);
        agent
    }

    /// A request with the next id.
    pub fn message(&mut self, method: &str, params: &Value) -> Value {
        self.last_id += 1;
        json!({ "jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params })
    }

    /// Posts a message with the token, the session and what the protocol wants.
    pub fn post(&self, message: &Value, more: &[(&str, &str)]) -> Heard {
        let body = message.to_string();
        self.gateway.send("POST", &self.target, &self.fields(&self.bearer(), more), body.as_bytes())
    }

    /// The same as bytes, for a connection of the test's own.
    pub fn request(&self, message: &Value) -> Vec<u8> {
        let (bearer, body) = (self.bearer(), message.to_string());
        let fields = self.fields(&bearer, &[]);
        gateway::request(self.gateway.address, "POST", &self.target, &fields, body.as_bytes())
    }

    /// The answer to a request.
    #[track_caller]
    pub fn ask(&mut self, method: &str, params: &Value) -> Value {
        let message = self.message(method, params);
        let answer = answer(&self.post(&message, &[]));
        assert_eq!(answer["id"], message["id"], "{answer}");
        answer
    }

    /// Calls a tool that there is.
    #[track_caller]
    pub fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let mut answer = self.ask("tools/call", &json!({ "name": tool, "arguments": arguments }));
        assert!(answer.get("error").is_none(), "{answer}");
        answer["result"].take()
    }

    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.gateway.token)
    }

    fn fields<'f>(&'f self, bearer: &'f str, more: &[(&'f str, &'f str)]) -> Vec<(&'f str, &'f str)> {
        let mut fields = vec![("authorization", bearer)];
        fields.extend(FIELDS);
        fields.extend((!self.session.is_empty()).then_some(("mcp-session-id", self.session.as_str())));
        // What is said anew takes the place of what is said always.
        fields.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        fields.extend(more);
        fields
    }
}

/// What an agent says first.
pub fn hello() -> Value {
    json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } })
}

/// The message that an answer holds, as JSON or as the one event of a stream.
#[track_caller]
pub fn answer(heard: &Heard) -> Value {
    assert_eq!(heard.status, 200, "{}", heard.text());
    let text = heard.text();
    let mut events = text.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim);
    let event = events.rfind(|event| !event.is_empty()).unwrap_or(&text);
    serde_json::from_str(event).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// A Python with the official client, made once; none where it cannot be had.
pub fn python() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mcp-python");
    let python = folder.join("bin/python");
    let ends_well = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
    if !ends_well(Command::new(&python).args(["-c", "import mcp; mcp.Client"])) {
        let made = ends_well(Command::new("python3").args(["-m", "venv"]).arg(&folder))
            && ends_well(Command::new(&python).args(["-m", "pip", "install", "--quiet", "mcp>=2,<3"]));
        if !made {
            return None;
        }
    }
    Some(python)
}
