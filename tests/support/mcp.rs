//! `aivault mcp` as an agent's program runs it: lines of JSON in, lines of JSON out.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_json::{Value, json};

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
        let answer = session.ask(
            "initialize",
            &json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } }),
        );
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
