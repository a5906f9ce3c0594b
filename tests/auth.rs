//! How each kind of authentication arrives at the upstream, byte for byte, and that
//! nothing else about the caller's request is touched.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use support::{Answer, Door, Home, Received, Upstream};

const OPENAI_KEY: &str = "sk-proj-0123456789abcdefghijklmnop";
const ANTHROPIC_KEY: &str = "sk-ant-api03-0123456789abcdefghijklmnop";
const GEMINI_KEY: &str = "AIzaSyD-0123456789abcdefghijklmnopqrstu";
const TELEGRAM_TOKEN: &str = "123456789:AAF-0123456789abcdefghijklmnopqrs_t";
const TWILIO_SID: &str = "AC0123456789abcdef0123456789abcdef";
const TWILIO_TOKEN: &str = "fedcba9876543210fedcba9876543210";
const MAILGUN_KEY: &str = "0123456789abcdef0123456789abcdef-01234567-89abcdef";
const TRELLO_KEY: &str = "0123456789abcdef0123456789abcdef";
const TRELLO_TOKEN: &str = "ATTA0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A query in which every library would like to change something.
const ODD_QUERY: &str =
    "b=2&a=1&a=1&empty=&bare&sp=%20+&case=%c3%A9&tilde=~&slash=/x?y&list[]=1&pct=%25&end=";

/// One call of one provider, through each door; what arrived must not depend on it.
#[track_caller]
fn sent(host: &str, secrets: &[(&str, &str)], arguments: &[&str]) -> Received {
    let upstream = Upstream::serving(&[host]);
    let home = Home::with(Door::Daemon, &upstream);
    for (name, value) in secrets {
        home.store(name, value);
    }
    let words = [&["invoke"], arguments].concat();
    let [through, within] = Door::BOTH.map(|door| {
        home.run_through(door, &words).ok();
        upstream.take_one()
    });
    assert_eq!(through, within);
    assert_eq!(through.header("host"), host);
    through
}

#[test]
fn header() {
    let path = format!("/v1/models?{ODD_QUERY}");
    let call = ["openai/models", "--method", "GET", "--path", &path];
    let received = sent("api.openai.com", &[("OPENAI_API_KEY", OPENAI_KEY)], &call);
    assert_eq!((received.method.as_str(), received.target), ("GET", path.clone()));
    assert_eq!(received.head.first_line, format!("GET {path} HTTP/1.1"));
    assert_eq!(received.head.all("authorization"), [format!("Bearer {OPENAI_KEY}")]);
}

/// What the caller did not ask for is not sent: no word about the client or its machine.
#[test]
fn nothing_is_added_but_what_the_provider_needs() {
    let call = ["openai/chat-completions", "--body", "{}", "--header", "OpenAI-Beta: assistants=v2"];
    let received = sent("api.openai.com", &[("OPENAI_API_KEY", OPENAI_KEY)], &call);
    let names = received.header_names();
    let known = [
        "accept",
        "accept-encoding",
        "authorization",
        "content-length",
        "content-type",
        "host",
        "openai-beta",
        "user-agent",
    ];
    assert!(names.iter().all(|name| known.contains(&name.as_str())), "{names:?}");
    assert_eq!(received.header("openai-beta"), "assistants=v2");
    assert_eq!((received.header("content-length"), received.body.as_slice()), ("2", b"{}".as_slice()));
}

#[test]
fn header_with_defaults_that_the_provider_demands() {
    let secrets = [("ANTHROPIC_API_KEY", ANTHROPIC_KEY)];
    let call = ["anthropic/messages", "--method", "POST", "--path", "/v1/messages", "--body", "{}"];
    let received = sent("api.anthropic.com", &secrets, &call);
    assert_eq!(received.header("x-api-key"), ANTHROPIC_KEY);
    assert_eq!(received.header("anthropic-version"), "2023-06-01");
    assert!(!received.head.has("authorization"));

    let other = [&call[..], &["--header", "anthropic-version: 2026-10-21"]].concat();
    assert_eq!(sent("api.anthropic.com", &secrets, &other).header("anthropic-version"), "2026-10-21");
    let folded = [&call[..], &["--header", "anthropic_version: 2026-10-21"]].concat();
    let received = sent("api.anthropic.com", &secrets, &folded);
    assert_eq!(received.header("anthropic_version"), "2026-10-21");
    assert!(!received.head.has("anthropic-version"), "the default is not sent beside it");
}

#[test]
fn query() {
    let host = "generativelanguage.googleapis.com";
    let secrets = [("GEMINI_API_KEY", GEMINI_KEY)];
    for (path, expected) in [
        ("/v1beta/models".to_owned(), format!("/v1beta/models?key={GEMINI_KEY}")),
        ("/v1beta/models?pageSize=2".to_owned(), format!("/v1beta/models?pageSize=2&key={GEMINI_KEY}")),
        (format!("/v1beta/models?{ODD_QUERY}"), format!("/v1beta/models?{ODD_QUERY}&key={GEMINI_KEY}")),
    ] {
        let received = sent(host, &secrets, &["gemini/models", "--method", "GET", "--path", &path]);
        assert_eq!(received.target, expected);
        assert!(!received.head.has("authorization") && !received.head.has("x-goog-api-key"));
    }
    let call = [
        "gemini/models",
        "--path",
        "/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse",
        "--body",
        "{}",
    ];
    let received = sent(host, &secrets, &call);
    let expected = format!("/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse&key={GEMINI_KEY}");
    assert_eq!((received.method.as_str(), received.target), ("POST", expected));
}

#[test]
fn a_key_with_odd_characters_stays_one_parameter() {
    let secrets = [("GEMINI_API_KEY", "a&b=c#d e+f/g?h%i;j")];
    let call = ["gemini/models", "--method", "GET", "--path", "/v1beta/models"];
    let received = sent("generativelanguage.googleapis.com", &secrets, &call);
    assert_eq!(received.target, "/v1beta/models?key=a%26b%3Dc%23d%20e%2Bf%2Fg%3Fh%25i%3Bj");
}

#[test]
fn path() {
    let secrets = [("TELEGRAM_BOT_TOKEN", TELEGRAM_TOKEN)];
    for (capability, path, expected) in [
        ("telegram/get-me", "/getMe".to_owned(), format!("/bot{TELEGRAM_TOKEN}/getMe")),
        (
            "telegram/files",
            "/getFile?file_id=a-b".to_owned(),
            format!("/bot{TELEGRAM_TOKEN}/getFile?file_id=a-b"),
        ),
        (
            "telegram/files",
            "/file/photos/1.jpg".to_owned(),
            format!("/file/bot{TELEGRAM_TOKEN}/photos/1.jpg"),
        ),
        ("telegram/get-me", format!("/getMe?{ODD_QUERY}"), format!("/bot{TELEGRAM_TOKEN}/getMe?{ODD_QUERY}")),
    ] {
        let received = sent("api.telegram.org", &secrets, &[capability, "--method", "GET", "--path", &path]);
        assert_eq!(received.target, expected);
        assert!(!received.head.has("authorization"));
    }
}

#[test]
fn basic_with_two_secrets() {
    let secrets = [("TWILIO_ACCOUNT_SID", TWILIO_SID), ("TWILIO_AUTH_TOKEN", TWILIO_TOKEN)];
    let path = format!("/2010-04-01/Accounts/{TWILIO_SID}/Messages.json?PageSize=1&To=%2B15551234567");
    let received = sent("api.twilio.com", &secrets, &["twilio/messages", "--method", "GET", "--path", &path]);
    assert_eq!(received.target, path);
    let pair = STANDARD.encode(format!("{TWILIO_SID}:{TWILIO_TOKEN}"));
    assert_eq!(received.head.all("authorization"), [format!("Basic {pair}")]);
}

/// An account's name is no secret: it appears in honest answers, and stays there.
#[test]
fn an_identifier_is_not_scrubbed() {
    let upstream = Upstream::serving(&["api.twilio.com"]);
    upstream.answers(|_| Answer::text(format!("{TWILIO_SID} {TWILIO_TOKEN}")));
    let home = Home::with(Door::InProcess, &upstream);
    home.store("TWILIO_ACCOUNT_SID", TWILIO_SID);
    home.store("TWILIO_AUTH_TOKEN", TWILIO_TOKEN);
    let path = format!("/2010-04-01/Accounts/{TWILIO_SID}/Messages.json");
    let done = home.run(&["invoke", "twilio/messages", "--method", "GET", "--path", &path]).ok();
    assert!(done.text().starts_with(TWILIO_SID), "{}", done.text());
    assert!(!done.text().contains(TWILIO_TOKEN), "{}", done.text());
}

#[test]
fn basic_with_a_fixed_name() {
    let body = "to=ops%40example.com&subject=hello";
    let form = "content-type: application/x-www-form-urlencoded";
    let call = ["mailgun/sending", "--path", "/v3/example.com/messages", "--header", form, "--body", body];
    let received = sent("api.mailgun.net", &[("MAILGUN_API_KEY", MAILGUN_KEY)], &call);
    assert_eq!((received.method.as_str(), received.target.as_str()), ("POST", "/v3/example.com/messages"));
    assert_eq!(
        received.head.all("authorization"),
        [format!("Basic {}", STANDARD.encode(format!("api:{MAILGUN_KEY}")))]
    );
    assert_eq!(received.header("content-type"), "application/x-www-form-urlencoded");
    assert_eq!(received.body, body.as_bytes());
}

#[test]
fn several_parameters() {
    let secrets = [("TRELLO_API_KEY", TRELLO_KEY), ("TRELLO_TOKEN", TRELLO_TOKEN)];
    let own = format!("key={TRELLO_KEY}&token={TRELLO_TOKEN}");
    for (path, expected) in [
        ("/1/boards/abc".to_owned(), format!("/1/boards/abc?{own}")),
        (format!("/1/boards/abc?{ODD_QUERY}"), format!("/1/boards/abc?{ODD_QUERY}&{own}")),
    ] {
        let received =
            sent("api.trello.com", &secrets, &["trello/boards", "--method", "GET", "--path", &path]);
        assert_eq!(received.target, expected);
    }
}

/// A provider with several hosts: each capability goes to its own.
#[test]
fn each_capability_has_its_host() {
    let hosts = ["api.deepgram.com", "agent.deepgram.com"];
    let upstreams = hosts.map(|host| Upstream::serving(&[host]));
    let home = Home::with(Door::InProcess, &upstreams[0]);
    home.send_to(&upstreams[1]);
    let key = "0123456789abcdef0123456789abcdef01234567";
    home.store("DEEPGRAM_API_KEY", key);
    home.run(&["invoke", "deepgram/models", "--method", "GET", "--path", "/v1/models"]).ok();
    let received = upstreams[0].take_one();
    assert_eq!(
        (received.header("host"), received.header("authorization")),
        (hosts[0], &*format!("Token {key}"))
    );
    assert_eq!(upstreams[1].accepted(), 0);
}

/// A redirect is for the caller to look at: nothing is sent where it points.
#[test]
fn a_redirect_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Upstream::serving(&["api.anthropic.com"]);
        let upstream = Upstream::serving(&["api.openai.com"]);
        let location = format!("https://{}/v1/models", elsewhere.address);
        upstream.answers(move |_| Answer::redirect(status, &location));
        let home = Home::with_openai(Door::InProcess, &upstream, OPENAI_KEY);
        home.send_to(&elsewhere);
        let done = home.run(&["invoke", "openai/models", "--method", "GET", "--path", "/v1/models"]).ok();
        assert_eq!((done.text().as_str(), upstream.take().len()), ("moved", 1), "{status}");
        assert_eq!(elsewhere.accepted(), 0, "{status}");
    }
}
