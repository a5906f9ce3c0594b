//! A12 to A14: bodies under a rule, where the policy must read what the upstream reads, or refuse.

use aivault::service::Call;

use crate::case::{Case, Name, Refused, call, names as names_of, refused, refused_with};
use crate::stage::Stage;
use crate::support::gzip;

const POLICY: &str = r#"
policy: attacked
version: 1
rules:
  - id: small-models
    effect: require
    why: Small models alone, bounded and without streaming.
    capabilities: [openai/chat-completions]
    when:
      methods: [POST]
      body:
        max_bytes: 2000
        json:
          /model: { in: [gpt-4o-mini] }
          /max_tokens: { lte: 4096 }
          /stream: { eq: false, absent: ok }
  - id: no-pro-models
    effect: forbid
    why: Pro models need a ticket.
    capabilities: [openai/responses]
    when: { body: { json: { /model: { glob: "*-pro*", absent: skip } } } }
  - id: one-document
    effect: require
    why: One operation alone, letter by letter.
    capabilities: [linear/graphql]
    when:
      query: { only: [] }
      body: { json: { /query: { in: ["query { viewer { id } }"] }, /operationName: { max_len: 0, absent: ok } } }
  - id: small-uploads
    effect: require
    why: Transcription by one model.
    capabilities: [openai/transcription]
    when: { body: { multipart: { only: [file, model], model: { in: [whisper-1] } } } }
"#;

const REQUIRED: &str = "require.failed";
const TWICE: &str = "body.duplicate_key";
const NO_JSON: &str = "body.not_json";
const TYPE: &str = "body.content_type";

fn json(capability: &str, path: &str, content_type: &str) -> Call {
    let mut call = call(capability, "POST", path);
    call.headers.push(("content-type".to_owned(), content_type.to_owned()));
    call
}

fn chat(content_type: &str) -> Call {
    json("openai/chat-completions", "/v1/chat/completions", content_type)
}

/// Bodies for the GraphQL endpoint of which one document is allowed.
const DOCUMENTS: &[(&str, &str)] = &[
    (r#"{"query":"query { viewer { id } } mutation { logout { success } }"}"#, REQUIRED),
    (r#"{"query":"query { viewer { id } }","query":"mutation { logout { success } }"}"#, TWICE),
    (r#"{"query":"query { viewer { id } }","Query":"mutation { logout { success } }"}"#, REQUIRED),
    (r#"{"query":"query { a: viewer { id } b: viewer { id } }"}"#, REQUIRED),
    (r#"{"query":"query { viewer { id } } # mutation"}"#, REQUIRED),
    (r#"{"query":"\ufeffquery { viewer { id } }"}"#, REQUIRED),
    (r#"[{"query":"query { viewer { id } }"},{"query":"mutation { logout { success } }"}]"#, REQUIRED),
    (r#"[{"query":"query { viewer { id } }"}]"#, REQUIRED),
    (r#"{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"00"}}}"#, REQUIRED),
    (r#"{"id":"a-stored-document"}"#, REQUIRED),
    (r#"{"query":null,"id":"a-stored-document"}"#, REQUIRED),
    (r#"{"query":["query { viewer { id } }"]}"#, REQUIRED),
    (r#"{"query":"query { viewer { id } }","operationName":"Other"}"#, REQUIRED),
];

fn documents() -> Vec<Case<Refused>> {
    let graphql = |path: &str, content_type: &str| json("linear/graphql", path, content_type);
    let mut all: Vec<_> = DOCUMENTS
        .iter()
        .map(|(body, reason)| {
            refused_with("A12", body, graphql("/graphql", "application/json"), *body, reason)
        })
        .collect();
    let fine = r#"{"query":"query { viewer { id } }"}"#;
    let document = "mutation { logout { success } }";
    let beside = "/graphql?query=mutation%7Blogout%7D";
    all.push(refused_with("A12", beside, graphql(beside, "application/json"), fine, REQUIRED));
    all.push(refused("A12", "a document in GET", call("linear/graphql", "GET", beside), "capability.method"));
    let bare = graphql("/graphql", "application/graphql");
    all.push(refused_with("A12", "a document without JSON", bare, document, TYPE));
    all
}

/// Bodies of which a lenient reader makes another request than a strict one.
const TWO_READINGS: &[(&str, &str)] = &[
    (r#"{"model":"gpt-4o-mini","max_tokens":1,"model":"o1-pro"}"#, TWICE),
    (r#"{"model":"gpt-4o-mini","max_tokens":1,"mod\u0065l":"o1-pro"}"#, TWICE),
    (r#"{"model":"gpt-4o-mini","max_tokens":1,"x":{"a":[{"b":1,"b":2}]}}"#, TWICE),
    (r#"{"model":"gpt-4o-mini","max_tokens":1,"Model":"o1-pro"}"#, REQUIRED),
    (r#"{"model":"gpt-4o-mini","max_tokens":1,"MODEL":"o1-pro"}"#, REQUIRED),
    (r#"{"model":"gpt-4o-mini","max_tokens":1,"STREAM":true}"#, REQUIRED),
    (r#"{"model":"gpt-4o-mini","max_tokens":1,"\u017ftream":true}"#, REQUIRED),
    (r#"{"model":"gpt-4o-mini","max_to\u212aens":9999,"max_tokens":1}"#, REQUIRED),
    (r#"{"model\u0000":"o1-pro","max_tokens":1}"#, REQUIRED),
    (r#"{"model":["gpt-4o-mini"],"max_tokens":1}"#, REQUIRED),
    (r#"{"model":{"0":"gpt-4o-mini"},"max_tokens":1}"#, REQUIRED),
    (r#"{"model":"gpt-4o-mini ","max_tokens":1}"#, REQUIRED),
    (r#"{"model":"GPT-4o-mini","max_tokens":1}"#, REQUIRED),
    (r#"{"model":"gpt-4o-mini\u0000","max_tokens":1}"#, REQUIRED),
    (r#"{"model":"gpt-4o-mini","max_tokens":4096.0000000000000000000000001}"#, REQUIRED),
    (r#"{"model":"gpt-4o-mini","max_tokens":4.0970e3}"#, REQUIRED),
    (r#"{"model":"gpt-4o-mini","max_tokens":1e400}"#, REQUIRED),
    (r#"{"model":"gpt-4o-mini","max_tokens":18446744073709551617}"#, REQUIRED),
    (r#"{"model":"gpt-4o-mini","max_tokens":"1"}"#, REQUIRED),
    (r#"{"model":"gpt-4o-mini","max_tokens":true}"#, REQUIRED),
    (r#"{"model":"gpt-4o-mini","max_tokens":[1]}"#, REQUIRED),
    (r#"{"model":"gpt-4o-mini","max_tokens":1,"stream":"true"}"#, REQUIRED),
    (r#"{"model":"gpt-4o-mini","max_tokens":1,"stream":1}"#, REQUIRED),
    (r#"{"model":"gpt-4o-mini","max_tokens":0x10}"#, NO_JSON),
    (r#"{"model":"gpt-4o-mini","max_tokens":NaN}"#, NO_JSON),
    (r#"{"model":"gpt-4o-mini","max_tokens":-Infinity}"#, NO_JSON),
    (r#"{"model":"gpt-4o-mini","max_tokens":01}"#, NO_JSON),
    (r#"{"model":"gpt-4o-mini","max_tokens":1_000}"#, NO_JSON),
    (r#"{"model":"gpt-4o-mini","max_tokens":1,}"#, NO_JSON),
    (r#"{"model":"gpt-4o-mini","max_tokens":1/*,"model":"o1-pro"*/}"#, NO_JSON),
    (r#"{'model':'gpt-4o-mini','max_tokens':1}"#, NO_JSON),
    (r#"{model:"gpt-4o-mini","max_tokens":1}"#, NO_JSON),
    ("{\"model\":\"gpt-4o-mini\",\"max_tokens\":1}{\"model\":\"o1-pro\"}", NO_JSON),
    ("{\"model\":\"gpt-4o-mini\",\"max_tokens\":1}\n{\"model\":\"o1-pro\"}", NO_JSON),
    ("{\"model\":\"gpt-4o-mini\",\"max_tokens\":1}\0", NO_JSON),
    ("{\"model\":\"gpt-4o-mini\",\"max_tokens\":1}\u{feff}", NO_JSON),
    ("\u{feff}{\"model\":\"gpt-4o-mini\",\"max_tokens\":1}", NO_JSON),
    (")]}'\n{\"model\":\"gpt-4o-mini\",\"max_tokens\":1}", NO_JSON),
    ("{\"model\":\"gpt-4o-mini\",\"max_tokens\":1,\"x\":\"\\ud800\"}", NO_JSON),
    ("{\"model\":\"gpt-4o-mini\",\"max_tokens\":1,\"x\":\"a\nb\"}", NO_JSON),
    ("{\"model\":\"gpt-4o-mini\",\u{a0}\"max_tokens\":1}", NO_JSON),
    ("{\"model\":\"gpt-4o-mini\",\u{c}\"max_tokens\":1}", NO_JSON),
    ("\"{\\\"model\\\":\\\"gpt-4o-mini\\\"}\"", REQUIRED),
    ("[{\"model\":\"gpt-4o-mini\",\"max_tokens\":1}]", REQUIRED),
];

const CONTENT_TYPES: &[(&str, &str)] = &[
    ("application/json; charset=utf-16", TYPE),
    ("application/json; charset=utf-7", TYPE),
    ("application/json;charset=ibm037", TYPE),
    ("application/json; charset=utf-8; charset=utf-16", TYPE),
    ("application/json, text/plain", TYPE),
    ("application/ json", TYPE),
    ("json", TYPE),
    ("text/plain", TYPE),
    ("text/json", TYPE),
    ("application/x-www-form-urlencoded", TYPE),
    ("application/xml", TYPE),
    ("multipart/form-data; boundary=x", TYPE),
];

fn readings() -> Vec<Case<Refused>> {
    let fine = r#"{"model":"gpt-4o-mini","max_tokens":1}"#;
    let deep = |levels: usize| {
        format!(
            "{{\"model\":\"gpt-4o-mini\",\"max_tokens\":1,\"x\":{}{}}}",
            "[".repeat(levels),
            "]".repeat(levels)
        )
    };
    let plain = || chat("application/json");
    let bodies = TWO_READINGS.iter().map(|(body, reason)| refused_with("A13", body, plain(), *body, reason));
    let types =
        CONTENT_TYPES.iter().map(|(kind, reason)| refused_with("A13", kind, chat(kind), fine, reason));
    let bytes = |spelling, body: Vec<u8>, reason| refused_with("A13", spelling, plain(), body, reason);
    let utf16: Vec<u8> = fine.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let invalid = [fine.trim_end_matches('}').as_bytes(), b",\"x\":\"\xff\"}"].concat();
    let pro = r#"{"Model":"o1-pro"}"#;
    let responses = json("openai/responses", "/v1/responses", "application/json");
    bodies
        .chain(types)
        .chain([
            bytes("64 levels and more", deep(64).into_bytes(), NO_JSON),
            bytes("UTF-16 without a word", utf16, NO_JSON),
            bytes("a byte that is not UTF-8", invalid, NO_JSON),
            bytes("only blanks", b"   ".to_vec(), NO_JSON),
            refused_with("A13", pro, responses, pro, "forbid.matched"),
        ])
        .collect()
}

fn wrapped() -> Vec<Case<Refused>> {
    let fine = r#"{"model":"gpt-4o-mini","max_tokens":1}"#;
    let coded = |name: &str, coding: &str| {
        let mut call = chat("application/json");
        call.headers.push((name.to_owned(), coding.to_owned()));
        call
    };
    let coding = |spelling, coding: &str, body: &[u8]| {
        refused_with("A14", spelling, coded("content-encoding", coding), body, TYPE)
    };
    let transcription = |spelling, body: &'static str, reason| {
        let call =
            json("openai/transcription", "/v1/audio/transcriptions", "multipart/form-data; boundary=b");
        refused_with("A14", spelling, call, body, reason)
    };
    vec![
        coding("gzip", "gzip", &gzip::stored(br#"{"model":"o1-pro","max_tokens":1}"#)),
        coding("gzip in capitals", "GZIP", &gzip::stored(fine.as_bytes())),
        coding("gzip that is none", "gzip", fine.as_bytes()),
        coding("deflate", "deflate", fine.as_bytes()),
        coding("br", "br", fine.as_bytes()),
        coding("zstd", "zstd", fine.as_bytes()),
        coding("identity", "identity", fine.as_bytes()),
        coding("two codings", "gzip, gzip", fine.as_bytes()),
        refused_with("A14", "an underscore for the dash", coded("content_encoding", "gzip"), fine, TYPE),
        refused_with(
            "A14",
            "transfer-encoding",
            coded("transfer-encoding", "chunked"),
            fine,
            "header.not_allowed",
        ),
        transcription(
            "a part that is encoded",
            "--b\r\ncontent-disposition: form-data; name=\"model\"\r\ncontent-transfer-encoding: base64\r\n\r\nd2hpc3Blci0x\r\n--b--\r\n",
            "body.not_form",
        ),
        transcription(
            "a part behind the end",
            "--b\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b--\r\n--b\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nother\r\n--b--",
            "body.not_form",
        ),
        transcription(
            "two models",
            "--b\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nother\r\n--b--\r\n",
            REQUIRED,
        ),
    ]
}

fn cases() -> Vec<Case<Refused>> {
    [documents(), readings(), wrapped()].concat()
}

pub fn names() -> Vec<Name> {
    names_of(&cases())
}

#[test]
fn a_body_that_reads_in_two_ways_is_refused() {
    Stage::with_policy(POLICY).refuse(&cases());
}
