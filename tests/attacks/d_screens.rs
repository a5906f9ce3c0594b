//! D5: sequences that a terminal obeys, from an upstream or in a name. No list, log or error shows one.

use crate::case::{Case, Findings, Name, names as names_of};
use crate::support::{Answer, Door, Home, Upstream, secrets};

/// What a terminal or a reader would obey, or not see.
const SEQUENCES: &[&str] = &[
    "\u{1b}[2J\u{1b}[H",
    "\u{1b}]0;title\u{7}",
    "\u{1b}]8;;https://evil.example\u{1b}\\click\u{1b}]8;;\u{1b}\\",
    "\u{1b}]52;c;ZXZpbA==\u{7}",
    "\u{1b}P+q544e\u{1b}\\",
    "\u{9b}31m",
    "\u{8}\u{8}\u{8}",
    "\rover",
    "\u{7f}",
    "\u{202e}gpj.exe",
    "\u{2066}a\u{2069}",
    "\u{200b}",
    "\u{e0041}",
    "\nallowed uid:0",
];

/// Where one is put, and what then shows it. `{}` is the sequence.
const PLACES: &[(&str, &[&str])] = &[
    ("a capability", &["invoke", "openai/{}"]),
    ("a path", &["invoke", "openai/models", "--method", "GET", "--path", "/v1/{}"]),
    ("a method", &["invoke", "openai/models", "--method", "G{}", "--path", "/v1/models"]),
    ("a header", &["invoke", "openai/models", "--request", "{\"headers\":[[\"x-{json}\",\"{json}\"]]}"]),
    ("a query", &["invoke", "gemini/models", "--method", "GET", "--path", "/v1beta/models?key{}=1"]),
    ("a described capability", &["capability", "describe", "openai/{}"]),
    ("a credential", &["invoke", "openai/models", "--credential", "a{}"]),
    ("a workspace", &["invoke", "openai/models", "--workspace-id", "w{}"]),
    ("a secret's name", &["secrets", "rotate", "--name", "A{}", "--value", "x"]),
    ("a new secret's name", &["secrets", "create", "--name", "A{}", "--value", "x"]),
    ("an alias", &["secrets", "create", "--name", "ALIASED", "--value", "x", "--alias", "a{}"]),
    ("a host", &["secrets", "create", "--name", "HOSTED", "--value", "x", "--host", "a{}.example"]),
    ("a search", &["capability", "list", "--search", "{}"]),
    ("an approval", &["approvals", "show", "{}"]),
    ("a file", &["policy", "apply", "/nowhere/{}"]),
    ("an unknown word", &["secrets", "{}"]),
];

fn cases() -> Vec<Case<Vec<String>>> {
    let fill = |words: &[&str], sequence: &str| -> Vec<String> {
        let json = serde_json::to_string(sequence).unwrap();
        let json = json.trim_matches('"');
        words.iter().map(|word| word.replace("{json}", json).replace("{}", sequence)).collect()
    };
    let places = PLACES.iter().enumerate();
    // Every place with two sequences, and every sequence in some place.
    let pick = |i: usize| [SEQUENCES[0], SEQUENCES[i % SEQUENCES.len()]];
    let mut cases: Vec<_> = places
        .flat_map(|(i, (place, words))| {
            pick(i + 1).map(|sequence| Case::new("D5", format!("{place} {sequence}"), fill(words, sequence)))
        })
        .collect();
    cases.dedup_by_key(|case| case.spelling.clone());
    cases
}

fn answers() -> Vec<Case<&'static str>> {
    SEQUENCES.iter().map(|sequence| Case::new("D5", format!("an answer {sequence}"), *sequence)).collect()
}

pub fn names() -> Vec<Name> {
    let mut names = [names_of(&cases()), names_of(&answers())].concat();
    names.sort();
    names.dedup();
    names
}

/// The sequence's own characters, which no text of ours has.
fn is_obeyed(shown: &str) -> bool {
    let unseen = ['\u{202e}', '\u{2066}', '\u{200b}', '\u{e0041}'];
    shown.chars().any(|c| c.is_control() && c != '\n' || unseen.contains(&c))
        || shown.contains("\nallowed uid:0")
}

#[test]
fn no_name_reaches_a_screen_as_it_is() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::InProcess, &upstream, secrets::OPENAI);
    let mut findings = Findings::default();
    for case in cases() {
        let done = home.run(&case.attack);
        let shown = done.text() + &done.errors();
        findings.hold(!is_obeyed(&shown), &case.name(), || format!("{shown:?}"));
    }
    for words in
        [&["audit"][..], &["audit", "--json"], &["secrets", "list"], &["capability", "bindings"], &["status"]]
    {
        let shown = home.run(words).text();
        findings
            .hold(!is_obeyed(&shown), &Case::new("D5", words.join(" "), ()).name(), || format!("{shown:?}"));
    }
    findings.end();
    home.run(&["audit", "verify"]).ok();
}

/// What is shown as a document is escaped, and so is what an error says of an answer.
#[test]
fn no_answer_commands_the_screen_from_a_document() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::InProcess, &upstream, secrets::OPENAI);
    let mut findings = Findings::default();
    for case in answers() {
        let sequence = case.attack;
        upstream.answers(move |_| {
            let body = serde_json::json!({ sequence: [sequence], "error": { "message": sequence } });
            Answer::status(400, body.to_string()).with("content-type", "application/json")
        });
        let done = home.run(&["json", "openai/models", "--method", "GET", "--path", "/v1/models"]);
        findings
            .hold(!is_obeyed(&(done.text() + &done.errors())), &case.name(), || format!("{:?}", done.text()));
    }
    findings.end();
}
