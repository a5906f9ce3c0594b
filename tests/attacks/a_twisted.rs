//! A5 to A8: path parameters, prefixes, other forms of a target, and text that is not what it looks like.

use crate::case::{Case, Name, Refused, call, names as names_of, refused};
use crate::stage::Stage;

const CHAT: &str = "openai/chat-completions";
const GEMINI: &str = "gemini/models";
const ODD: &str = "path.not_canonical";
const OTHER: &str = "capability.path";

const PARAMETERS: &[&str] = &[
    "/v1/chat/completions/..;/files",
    "/v1/chat/completions/..;a=b/files",
    "/v1/chat/completions/;/../files",
    "/v1/chat/completions/.;/messages",
    "/v1/chat/completions;jsessionid=1",
    "/v1/chat/completions/a;b",
    "/v1/chat/completions/a;",
    "/v1;x/chat/completions",
    "/v1/chat/completions/..%3b/files",
    "/v1/chat/completions/%2e%2e;/files",
    "/;/v1/chat/completions",
];

/// What begins or ends like something that is granted.
const NEIGHBOURS: &[(&str, &str)] = &[
    ("openai/files", "/v1/filesystem"),
    ("openai/files", "/v1/files-evil"),
    ("openai/files", "/v1/files.json"),
    ("openai/files", "/v1/files~"),
    ("openai/files", "/v1/files%20"),
    ("openai/files", "/v1/file"),
    ("openai/files", "/v1/files/a/b"),
    ("openai/files", "/v1/files/a/content/x"),
    ("openai/files", "/v2/v1/files"),
    ("openai/files", "/api/v1/files"),
    (CHAT, "/v1/chat/completionsx"),
    (CHAT, "/v1/chat/completions:cancel"),
    (CHAT, "/v1/chat/completions*"),
    (CHAT, "/v1/chat"),
    ("openai/models", "/v1/models/a/b"),
    ("openai/models", "/v1/modelsettings"),
    (GEMINI, "/v1beta/models/a/b:generateContent"),
    (GEMINI, "/v1beta/modelsX/a:generateContent"),
    (GEMINI, "/v1beta2/models"),
    ("slack/conversations", "/api/conversations.listAll"),
    ("slack/conversations", "/api/admin.conversations.list"),
];

const FORMS: &[(&str, &str)] = &[
    ("/v1/chat/completions#", ODD),
    ("/v1/chat/completions#/../../files", ODD),
    ("/v1/chat/completions?a#b", ODD),
    ("/v1/chat/completions%23x", OTHER),
    ("/v1/chat/completions%3Fx", OTHER),
    ("https://api.openai.com/v1/chat/completions", ODD),
    ("https://evil.example/v1/chat/completions", ODD),
    ("HTTPS://evil.example/v1/chat/completions", ODD),
    ("http:/v1/chat/completions", ODD),
    ("file:///etc/passwd", ODD),
    ("//evil.example/v1/chat/completions", ODD),
    ("/\\evil.example/v1/chat/completions", ODD),
    ("\\\\evil.example\\v1", ODD),
    ("@evil.example/v1/chat/completions", ODD),
    (":443/v1/chat/completions", ODD),
    (".evil.example/v1/chat/completions", ODD),
    ("evil.example:443", ODD),
    ("*", ODD),
    ("/https://evil.example/", ODD),
    ("/https:/evil.example/v1", OTHER),
    ("/@evil.example/v1/chat/completions", OTHER),
    ("/:443/v1/chat/completions", OTHER),
    ("v1/chat/completions", ODD),
    ("?/v1/chat/completions", ODD),
    ("\t/v1/chat/completions", ODD),
    ("\u{feff}/v1/chat/completions", ODD),
];

/// Each behind `/v1/chat/completions/`.
const TEXTS: &[&str] = &[
    "%c0%ae%c0%ae",
    "%e0%80%ae",
    "%f0%80%80%ae",
    "%fc%80%80%80%80%ae",
    "%ff",
    "%C3",
    "%C3%28",
    "%80",
    "%ed%a0%80",
    "%ed%a0%bd%ed%b8%80",
    "%f4%90%80%80",
    "%",
    "%2",
    "%zz",
    "%2%65",
    "% 2f",
    "%+1",
    "%-1",
    "%0x2f",
    "%EF%BC%852f",
    "%61dmin",
    "%2D",
    "%7e",
    "\u{e9}",
    "cafe\u{301}",
    "%E2%80%AEnosj",
    "%E2%81%A6a",
    "a%D8%9Cb",
    "a%E2%80%8Fb",
    "%E2%84%AA",
    "a%CD%BEb",
    "%C5%BF",
    "%EF%AC%81les",
    "%F0%9D%90%9Files",
    "%E2%93%90",
    "%C2%AA",
    "%EF%BF%BD",
    "%EF%BF%BE",
    "%EF%BF%B9",
    "a\"b",
    "a<b>",
    "a`b",
    "a{b}",
    "a|b",
    "a^b",
];

fn cases() -> Vec<Case<Refused>> {
    let parameters = PARAMETERS.iter().map(|path| refused("A5", path, call(CHAT, "GET", path), ODD));
    let neighbours =
        NEIGHBOURS.iter().map(|(capability, path)| refused("A6", path, call(capability, "GET", path), OTHER));
    let suffix = call(GEMINI, "POST", "/v1beta/models/a:generateContentX");
    let suffix = refused("A6", "a suffix that goes on", suffix, "capability.method");
    let forms = FORMS.iter().map(|(path, reason)| refused("A7", path, call(CHAT, "GET", path), reason));
    let texts = TEXTS
        .iter()
        .map(|tail| refused("A8", tail, call(CHAT, "GET", &format!("/v1/chat/completions/{tail}")), ODD));
    parameters.chain(neighbours).chain([suffix]).chain(forms).chain(texts).collect()
}

pub fn names() -> Vec<Name> {
    names_of(&cases())
}

#[test]
fn parameters_prefixes_forms_and_look_alikes_are_refused() {
    Stage::new().refuse(&cases());
}
