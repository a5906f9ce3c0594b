//! A login to Gmail by `aivault oauth login`, and the test in the places of person, browser and server.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Stdio};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::issuer::{CLIENT_ID, CLIENT_SECRET, refresh_token};
use super::{Answer, Done, Door, Home, Upstream};

pub const CODE: &str = "4/0A-code-0123456789abcdefghijklmnop";

/// A login that waits for its person.
pub struct Waiting {
    child: Child,
    output: BufReader<ChildStdout>,
    /// What was printed so far.
    seen: String,
    /// The consent's address: host and path, and its parameters.
    pub place: String,
    parameters: Vec<(String, String)>,
}

impl Waiting {
    pub fn begin(home: &Home, arguments: &[&str]) -> Self {
        let words = [&["oauth", "login", "google-gmail"], arguments].concat();
        let mut command = home.command(Door::InProcess, &words);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut seen = String::new();
        for _ in 0..3 {
            output.read_line(&mut seen).unwrap();
        }
        let url = seen.lines().find(|line| line.starts_with("https://")).unwrap_or_else(|| panic!("{seen}"));
        let (place, query) = url.split_once('?').unwrap();
        let parameters = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Self { place: place.to_owned(), parameters, child, output, seen }
    }

    pub fn parameter(&self, name: &str) -> &str {
        &self.parameters.iter().find(|(key, _)| key == name).unwrap().1
    }

    /// What the browser gets that brings these parameters to the redirect's address.
    pub fn bring(&self, host: &str, query: &str) -> String {
        let redirect = self.parameter("redirect_uri").strip_prefix("http://").unwrap();
        let (address, path) = redirect.split_at(redirect.find('/').unwrap());
        let port = address.rsplit_once(':').unwrap().1;
        let mut browser = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
        let host = if host.is_empty() { address } else { host };
        let request = format!("GET {path}?{query} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        browser.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        browser.read_to_string(&mut answer).unwrap();
        answer
    }

    pub fn end(mut self) -> Done {
        self.output.read_to_string(&mut self.seen).unwrap();
        let mut done = Done::wait_for(self.child, b"");
        done.stdout = self.seen.into_bytes();
        done
    }
}

/// Exchanges the code as a real server does: for the client, redirect and verifier that it was given for.
pub fn exchanging(
    upstream: &Upstream,
    endpoint: &'static str,
    challenge: &str,
    redirect: &str,
) -> Arc<Mutex<Option<String>>> {
    let (challenge, redirect) = (challenge.to_owned(), redirect.to_owned());
    let exchanged = Arc::<Mutex<Option<String>>>::default();
    let kept = Arc::clone(&exchanged);
    upstream.answers(move |request| {
        let form: Vec<(String, String)> = form_urlencoded::parse(&request.body).into_owned().collect();
        let sent = |name: &str| form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value);
        let wanted = [
            ("grant_type", "authorization_code"),
            ("client_id", CLIENT_ID),
            ("client_secret", CLIENT_SECRET),
            ("code", CODE),
            ("redirect_uri", &redirect),
        ];
        let verifier = sent("code_verifier");
        let proves = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == challenge && verifier.len() >= 43;
        let once = kept.lock().unwrap().replace(verifier.to_owned()).is_none();
        if request.target != endpoint
            || !proves
            || !once
            || wanted.iter().any(|(name, value)| sent(name) != *value)
        {
            return Answer::status(400, json!({ "error": "invalid_grant" }).to_string());
        }
        Answer::json(&json!({
            "access_token": "ya29.first", "expires_in": 3599, "refresh_token": refresh_token(0),
            "token_type": "Bearer", "scope": "a b",
        }))
    });
    exchanged
}
