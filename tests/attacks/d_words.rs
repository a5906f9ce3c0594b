//! D3: our own words. No error, log, temporary file or process says what a secret is, whatever the
//! caller gets wrong and however loudly he wants to be told.

use std::fs;

use crate::case::{Case, Findings, Name, names as names_of};
use crate::support::{Done, Door, Home, Upstream, secrets};

/// Commands that go wrong with a value at hand; `{}` is the value.
const MISTAKES: &[&[&str]] = &[
    &["secrets", "create", "--name", "OPENAI_API_KEY", "--value", "{}"],
    &["secrets", "create", "--name", "lower", "--value", "{}"],
    &["secrets", "create", "--name", "A", "--value", "{}", "--scope", "nowhere"],
    &["secrets", "create", "--name", "A", "--value", "{}", "--host", "a b"],
    &["secrets", "create", "--name", "A", "--value", "{}", "--value-file", "/nowhere"],
    &["secrets", "create", "--name", "A", "--value", "{}", "--provider", "nobody"],
    &["secrets", "create", "--value", "{}"],
    &["secrets", "rotate", "--name", "NONE", "--value", "{}"],
    &["secrets", "rotate", "--value", "{}"],
    &["secrets", "rotate", "--id", "none", "--value", "{}"],
    &["secrets", "import", "--entry", "{}"],
    &["secrets", "import", "--entry", "bad name={}"],
    &["secrets", "import", "--entry", "A={}", "--entry", "A={}"],
    &["secrets", "import", "--entry", "OPENAI_API_KEY={}"],
    &["invoke", "openai/models", "--header", "authorization: Bearer {}"],
    &["invoke", "openai/models", "--header", "{}"],
    &["invoke", "openai/models", "--header", "x a: {}"],
    &["invoke", "openai/models", "--request", "{\"headers\":{\"authorization\":\"{}\"}}"],
    &["invoke", "openai/models", "--request", "{\"body\":\"{}\""],
    &["invoke", "openai/models", "--request", "\"{}\""],
    &["invoke", "openai/models", "--multipart-field", "{}"],
    &["invoke", "gemini/models", "--method", "GET", "--path", "/v1beta/models?key={}"],
    &["invoke", "openai/models", "--method", "GET", "--path", "/v1/models?a={}#"],
    &["unlock", "--passphrase", "{}"],
];

/// How loudly it is asked for.
const LOUD: &[(&str, &str)] = &[
    ("RUST_LOG", "trace"),
    ("RUST_LOG", "aivault=trace,hyper=trace,reqwest=trace,rustls=trace,h2=trace"),
    ("RUST_BACKTRACE", "full"),
    ("RUST_LIB_BACKTRACE", "1"),
    ("AIVAULT_LOG", "trace"),
    ("AIVAULT_DEBUG", "1"),
    ("TOKIO_CONSOLE_BIND", "127.0.0.1:0"),
    ("HYPER_TRACE", "1"),
];

/// Which upstream makes the call fail, so that there is something to tell.
#[derive(Debug, Clone, Copy)]
enum Failing {
    Nobody,
    NoHttp,
    BrokenOff,
}

fn mistakes() -> Vec<Case<&'static [&'static str]>> {
    MISTAKES.iter().map(|words| Case::new("D3", words.join(" "), *words)).collect()
}

fn loud() -> Vec<Case<(&'static str, &'static str)>> {
    LOUD.iter().map(|(name, value)| Case::new("D3", format!("{name}={value}"), (*name, *value))).collect()
}

fn failing() -> Vec<Case<Failing>> {
    [Failing::Nobody, Failing::NoHttp, Failing::BrokenOff]
        .map(|failing| Case::new("D3", format!("{failing:?} behind the host"), failing))
        .into()
}

pub fn names() -> Vec<Name> {
    [names_of(&mistakes()), names_of(&loud()), names_of(&failing())].concat()
}

fn is_said(value: &str, done: &Done) -> bool {
    let said = [&done.stdout[..], &done.stderr].concat();
    secrets::spellings(value).iter().any(|needle| memchr::memmem::find(&said, needle).is_some())
}

#[test]
fn no_mistake_repeats_a_value() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::Daemon, &upstream, "sk-another-one-0123456789");
    let mut findings = Findings::default();
    for case in mistakes() {
        let words: Vec<String> = case.attack.iter().map(|word| word.replace("{}", secrets::OPENAI)).collect();
        let done = home.run(&words);
        findings.hold(done.code != Some(0), &case.name(), || done.text());
        findings.hold(!is_said(secrets::OPENAI, &done), &case.name(), || {
            format!("{}{}", done.text(), done.errors())
        });
    }
    findings.end();
    for file in files_below(&home.vault()) {
        secrets::assert_absent(secrets::OPENAI, &fs::read(&file).unwrap(), &file.display().to_string());
    }
    assert!(upstream.take().is_empty());
}

fn files_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, others): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let files = others.into_iter().filter(|path| path.is_file());
    files.chain(folders.iter().flat_map(|folder| files_below(folder))).collect()
}

/// A call that works and one that fails, both told as loudly as can be.
#[test]
fn however_loudly_it_is_asked_for_no_secret_is_said() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::InProcess, &upstream, secrets::OPENAI);
    let temporary = home.path("temporary");
    fs::create_dir(&temporary).unwrap();
    let call = ["invoke", "openai/models", "--method", "GET", "--path", "/v1/models"];
    let mut findings = Findings::default();
    for case in loud() {
        let mut command = home.command(Door::InProcess, &call);
        let done = Done::of(command.env(case.attack.0, case.attack.1).env("TMPDIR", &temporary), b"");
        let quiet = done.code == Some(0) && !is_said(secrets::OPENAI, &done) && done.stderr.is_empty();
        findings.hold(quiet, &case.name(), || format!("{:?} {}{}", done.code, done.text(), done.errors()));
    }
    for case in failing() {
        let home = behind(case.attack, &upstream);
        let mut command = home.command(Door::InProcess, &call);
        command.envs(LOUD.iter().copied()).env("TMPDIR", &temporary);
        let done = Done::of(&mut command, b"");
        let quiet = done.code == Some(6) && !is_said(secrets::OPENAI, &done);
        findings.hold(quiet, &case.name(), || format!("{:?} {}{}", done.code, done.text(), done.errors()));
    }
    findings.end();
    assert!(files_below(&temporary).is_empty(), "nothing is left behind, nor written there");
}

fn behind(failing: Failing, upstream: &Upstream) -> Home {
    use crate::support::Answer;
    match failing {
        Failing::Nobody => {
            return Home::with_openai(
                Door::InProcess,
                &Upstream::unbound(&["api.openai.com"]),
                secrets::OPENAI,
            );
        }
        Failing::NoHttp => upstream.answers(|received| Answer::raw(received.headers_as_text())),
        Failing::BrokenOff => upstream.answers(|received| Answer::broken(received.headers_as_text())),
    }
    Home::with_openai(Door::InProcess, upstream, secrets::OPENAI)
}
