//! A13 and A9, where a rule looks at fields or paths: what some reader takes for a field of that name,
//! or for a path that is forbidden, must not get past the rule.

use aivault::service::Call;

use crate::case::{Case, Name, Refused, call, names as names_of, refused, refused_with};
use crate::stage::Stage;

const POLICY: &str = r#"
policy: attacked
version: 1
rules:
  - id: one-channel
    effect: require
    why: One channel alone, under the bot's own name.
    capabilities: [slack/chat]
    when: { body: { form: { channel: { in: [C1] }, username: { max_len: 0, absent: ok } } } }
  - id: one-page
    effect: require
    why: Short pages.
    capabilities: [gemini/models]
    when: { query: { pageSize: { lte: 10, absent: ok } } }
  - id: not-beta
    effect: forbid
    why: What is in beta is not for callers.
    capabilities: [openai/models]
    when: { headers: { openai-beta: { glob: "*", absent: skip } } }
  - id: not-ours
    effect: forbid
    why: The models of other teams stay.
    capabilities: [openai/fine-tuning]
    when: { paths: ["/v1/models/ft:Theirs*", "/v1/evals/a+b=c"] }
  - id: small-uploads
    effect: require
    why: Transcription by one model.
    capabilities: [openai/transcription]
    when: { body: { multipart: { model: { in: [whisper-1] }, prompt: { max_len: 0, absent: ok } } } }
"#;

const REQUIRED: &str = "require.failed";

const FORMS: &[(&str, &str)] = &[
    ("channel=C2", REQUIRED),
    ("channel=C1&channel=C2", REQUIRED),
    ("channel=C1&chan%6eel=C2", REQUIRED),
    ("channel=C1&Channel=C2", REQUIRED),
    ("channel=C1&CHANNEL=C2", REQUIRED),
    ("channel=C1&channel[]=C2", REQUIRED),
    ("channel=C1&channel%5B0%5D=C2", REQUIRED),
    ("channel=C1&+channel=C2", REQUIRED),
    ("channel=C1&channel%20=C2", REQUIRED),
    ("channel=C1&channel%0A=C2", REQUIRED),
    ("channel=C1%26channel=C2", REQUIRED),
    ("channel=C1&Username=ceo", REQUIRED),
    ("channel=C1&username[]=ceo", REQUIRED),
    ("channel=", REQUIRED),
    ("channel", REQUIRED),
    ("channel=C1;channel=C2", "body.not_form"),
    ("channel=C1&x=%zz", "body.not_form"),
    ("channel=C1&x=%00", "body.not_form"),
    ("channel=C1&x=%ff", "body.not_form"),
    ("channel=C1#&channel=C2", "body.not_form"),
    ("channel=C1\r\n", "body.not_form"),
];

const QUERIES: &[&str] = &[
    "pageSize=11",
    "pageSize=1&pageSize=11",
    "pageSize=1&page%53ize=11",
    "pagesize=11",
    "PAGESIZE=11",
    "pageSize[]=11",
    "+pageSize=11",
    "pageSize=1&pageSize%20=11",
    "pageSize=1;pageSize=11",
    "a=b;c=d",
    "pageSize=0x1",
    "pageSize=1e99999",
    "pageSize=",
];

/// What many readers take for a path that a rule forbids.
const PATHS: &[&str] = &[
    "/v1/models/ft:Theirs-1",
    "/v1/models/ft:theirs-1",
    "/v1/models/FT:THEIRS-1",
    "/v1/models/ft%3ATheirs-1",
    "/v1/models/ft%3atheirs-1",
    "/v1/evals/a%2Bb=c",
    "/v1/evals/A%2bb%3Dc",
];

/// The head of a part behind one with an honest model.
const PARTS: &[(&str, &str)] = &[
    ("content-disposition: form-data; name=\"model\"", REQUIRED),
    ("content-disposition: form-data; name=\"Model\"", REQUIRED),
    ("content-disposition: form-data; name=\"model[]\"", REQUIRED),
    ("content-disposition: form-data; name=\" model\"", REQUIRED),
    ("content-disposition: form-data; name=\"model\"; filename=\"other\"", REQUIRED),
    ("content-disposition: form-data; name=\"Prompt\"", REQUIRED),
    ("content-disposition: form-data; name=model", "body.not_form"),
    ("content-disposition: form-data; name*=utf-8''model", "body.not_form"),
    ("content-disposition: form-data; name=\"x\"; name=\"model\"", "body.not_form"),
    ("content-disposition: form-data; name=\"x\"\r\nauthorization: mine", "body.not_form"),
    ("content-disposition: attachment; name=\"model\"", "body.not_form"),
];

fn typed(capability: &str, path: &str, content_type: &str) -> Call {
    let mut call = call(capability, "POST", path);
    call.headers.push(("content-type".to_owned(), content_type.to_owned()));
    call
}

fn with_header(name: &str) -> Call {
    let mut call = call("openai/models", "GET", "/v1/models");
    call.headers.push((name.to_owned(), "assistants=v2".to_owned()));
    call
}

fn cases() -> Vec<Case<Refused>> {
    let form = || typed("slack/chat", "/api/chat.postMessage", "application/x-www-form-urlencoded");
    let forms = FORMS
        .iter()
        .map(|(body, reason)| refused_with("A13", &format!("the form {body}"), form(), *body, reason));
    let queries = QUERIES.iter().map(|query| {
        let call = call("gemini/models", "GET", &format!("/v1beta/models?{query}"));
        refused("A13", &format!("the query {query}"), call, REQUIRED)
    });
    let paths = PATHS.iter().map(|path| {
        refused(
            "A9",
            &format!("forbidden {path}"),
            call("openai/fine-tuning", "DELETE", path),
            "forbid.matched",
        )
    });
    let multipart = "multipart/form-data; boundary=b";
    let parts = PARTS.iter().map(|(head, reason)| {
        let honest = "content-disposition: form-data; name=\"model\"\r\n\r\nwhisper-1";
        let body = format!("--b\r\n{honest}\r\n--b\r\n{head}\r\n\r\nother\r\n--b--\r\n");
        let call = typed("openai/transcription", "/v1/audio/transcriptions", multipart);
        refused_with("A13", &format!("the part {head}"), call, body, reason)
    });
    let headers = ["openai-beta", "OpenAI-Beta", "openai_beta", "OPENAI_BETA"]
        .map(|name| refused("A13", &format!("the header {name}"), with_header(name), "forbid.matched"));
    forms.chain(queries).chain(paths).chain(parts).chain(headers).collect()
}

pub fn names() -> Vec<Name> {
    names_of(&cases())
}

#[test]
fn a_field_that_reads_as_another_does_not_hide_behind_it() {
    Stage::with_policy(POLICY).refuse(&cases());
}
