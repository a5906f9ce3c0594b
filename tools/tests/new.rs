//! `new` and `tests`: a provider from nothing, which passes before anybody has edited it.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use support::Repository;

#[test]
fn what_flags_say_stands_in_the_file() {
    let repository = Repository::empty();
    let flags = "new acme --name Acme --host api.acme.example --auth header --header X-Api-Key --secret ACME_KEY \
                 --docs https://acme.example/docs --category ai --capability jobs --path /v2/jobs";
    let told = repository.done(&flags.split_whitespace().collect::<Vec<_>>());
    assert!(
        told.starts_with("wrote providers/acme.yaml\nwrote policy-tests/acme/grants.test.yaml\n"),
        "{told}"
    );
    let file = repository.read("providers/acme.yaml");
    for line in [
        "name: Acme",
        "category: ai",
        "docs: https://acme.example/docs",
        "  ACME_KEY:",
        "hosts: [api.acme.example]",
        "  name: x-api-key",
        "  value: \"{{secret}}\"",
        "  jobs:",
        "          - /v2/jobs",
    ] {
        assert!(file.lines().any(|one| one == line), "no `{line}` in\n{file}");
    }
    let tests = repository.read("policy-tests/acme/grants.test.yaml");
    assert!(tests.contains("capability: acme/jobs\n    request: { method: GET, path: /v2/jobs }"), "{tests}");
    assert!(tests.contains("reason: capability.path"), "{tests}");
    let golden = repository.read("policy-tests/acme/grants.golden.yaml");
    assert!(golden.contains("x-api-key: <secret:ACME_KEY>"), "{golden}");
    repository.done(&["check"]);
}

#[test]
fn each_kind_of_auth_passes_the_checks() {
    let repository = Repository::empty();
    for kind in ["header", "query", "basic", "path"] {
        let host = format!("api.{kind}.example");
        repository.done(&["new", kind, "--host", &host, "--auth", kind]);
        let golden = repository.read(&format!("policy-tests/{kind}/grants.golden.yaml"));
        let secret = format!("<secret:{}_API_KEY>", kind.to_uppercase());
        assert!(golden.contains(&secret) || kind == "basic" && golden.contains("<secret:"), "{golden}");
    }
    assert!(repository.done(&["check"]).contains("4 files, 0 mistakes"));
}

#[test]
fn nothing_is_overwritten_unasked() {
    let repository = Repository::with_acme();
    let ran = repository.run(&["new", "acme", "--host", "api.acme.example"]);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (1, "error: providers/acme.yaml is there already; --force overwrites it\n")
    );
    assert_eq!(repository.read("providers/acme.yaml"), support::ACME);
    repository.done(&["tests", "acme"]);
    assert!(repository.run(&["tests", "acme"]).stderr.contains("grants.test.yaml is there already"));
    repository.done(&["tests", "acme", "--force"]);
}

/// Nobody is there to be asked, and nothing is guessed that decides where a secret goes.
#[test]
fn what_is_missing_or_wrong_is_said() {
    let repository = Repository::empty();
    for (arguments, wanted) in [
        (vec!["new", "acme"], "--host is missing"),
        (vec!["new", "acme", "--host", "https://x"], "write the DNS name alone"),
        (vec!["new", "Acme", "--host", "a.example"], "`Acme` is not a provider id"),
        (vec!["new", "acme", "--host", "a.example", "--secret", "key"], "`key` is not a secret name"),
        (vec!["new", "acme", "--host", "a.example", "--path", "/v1/*"], "name one path here"),
        (vec!["new", "acme", "--host", "a.example", "--header", "a b"], "cannot be the header"),
    ] {
        let ran = repository.run(&arguments);
        assert!(ran.code == 1 && ran.stderr.contains(wanted), "{arguments:?}: {}", ran.stderr);
        assert!(!repository.path("providers/acme.yaml").exists());
    }
}

/// A secret's name that another provider has is named at once.
#[test]
fn a_new_provider_is_checked_beside_the_others() {
    let repository = Repository::with_acme();
    let ran = repository.run(&["new", "apex", "--host", "api.apex.example", "--secret", "ACME_API_KEY"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("error[P017]"), "{}", ran.stdout);
}
