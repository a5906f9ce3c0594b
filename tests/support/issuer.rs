//! An authorisation server with one-use refresh tokens, and an API that takes its access tokens.
//!
//! It verifies as a real one would: client, grant and token must be right, a refresh token serves
//! once, and the access token of a call must be the one that was issued last.

use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::json;

use super::{Answer, Received, Upstream};

pub const CLIENT_ID: &str = "client-0123456789.apps.example";
pub const CLIENT_SECRET: &str = "GOCSPX-0123456789abcdefghij_klmnop";

/// What the server has issued.
pub struct Issued {
    pub refresh: String,
    pub access: String,
    /// How many tokens were issued.
    pub count: u32,
    /// How long the next ones last.
    pub seconds: i64,
    /// Whether a refresh token is replaced when it is used.
    pub rotates: bool,
}

/// The server's state, which its scripts and the test share.
#[derive(Clone)]
pub struct Issuer(Arc<Mutex<Issued>>);

impl Issuer {
    pub fn new() -> Self {
        let (refresh, access) = (refresh_token(0), String::new());
        Self(Arc::new(Mutex::new(Issued { refresh, access, count: 0, seconds: 3600, rotates: true })))
    }

    pub fn lock(&self) -> MutexGuard<'_, Issued> {
        self.0.lock().unwrap()
    }

    /// Answers for `api` and for the token endpoint's path.
    pub fn serve(&self, upstream: &Upstream, endpoint: &'static str) {
        let issuer = self.clone();
        upstream.answers(move |request| match request.target.as_str() {
            target if target == endpoint => issuer.token(request),
            _ => issuer.api(request),
        });
    }

    /// The answer of the token endpoint.
    pub fn token(&self, request: &Received) -> Answer {
        let mut issued = self.lock();
        let form: Vec<(String, String)> = form_urlencoded::parse(&request.body).into_owned().collect();
        let sent = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        assert_eq!((request.method.as_str(), sent("grant_type")), ("POST", Some("refresh_token")));
        if sent("client_id") != Some(CLIENT_ID) || sent("client_secret") != Some(CLIENT_SECRET) {
            return Answer::status(401, json!({ "error": "invalid_client" }).to_string());
        }
        if sent("refresh_token") != Some(issued.refresh.as_str()) {
            return Answer::status(400, json!({ "error": "invalid_grant" }).to_string());
        }
        issued.count += 1;
        issued.access = access_token(issued.count);
        let mut answer = json!({
            "access_token": issued.access, "token_type": "Bearer", "expires_in": issued.seconds,
        });
        if issued.rotates {
            issued.refresh = refresh_token(issued.count);
            answer["refresh_token"] = json!(issued.refresh);
        }
        Answer::json(&answer)
    }

    /// The answer of the API, which repeats what it was told.
    pub fn api(&self, request: &Received) -> Answer {
        let wanted = format!("Bearer {}", self.lock().access);
        if request.header("authorization") == wanted {
            return Answer::json(&json!({ "ok": true, "you sent": wanted }));
        }
        Answer::status(401, json!({ "error": "token" }).to_string())
    }
}

pub fn refresh_token(number: u32) -> String {
    format!("1//refresh-{number}-0123456789abcdefghijklmnop")
}

pub fn access_token(number: u32) -> String {
    format!("ya29.access-{number}-0123456789abcdefghijklmnop")
}
