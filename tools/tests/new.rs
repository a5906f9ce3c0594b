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
        (1, "error: providers/acme.yaml is there already: edit it, or overwrite it with --force\n")
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
        (
            vec!["new", "acme", "--host", "https://a.example/v1"],
            "in lower case, such as `api.example.com`; did you mean `a.example`?",
        ),
        (vec!["new", "Acme", "--host", "a.example"], "error: `Acme` is not a provider id"),
        (vec!["new", "Acme", "--host", "a.example"], "did you mean `acme`?"),
        (
            vec!["new", "acme", "--host", "a.example", "--secret", "key"],
            "--secret: `key` is not a secret name",
        ),
        (vec!["new", "acme", "--host", "a.example", "--category", ""], "--category: this must be one line"),
        (vec!["new", "acme", "--host", "a.example", "--name", "a\nb"], "--name: this must be one line"),
        (
            vec!["new", "acme", "--host", "a.example", "--docs", "a.example/docs"],
            "did you mean `https://a.example/docs`?",
        ),
        (vec!["new", "acme", "--host", "a.example", "--header", "Host"], "`Host` cannot carry a secret"),
        (vec!["new", "acme", "--host", "a.example", "--parameter", "a b"], "cannot be the parameter"),
        (
            vec!["new", "acme", "--host", "a.example", "--auth", "query", "--header", "x"],
            "--header goes with `--auth header` alone",
        ),
        (vec!["new", "acme", "--host", "a.example", "--path", "/v1/*"], "name one path here"),
        (vec!["new", "acme", "--host", "a.example", "--header", "a b"], "cannot be the header"),
    ] {
        let ran = repository.run(&arguments);
        assert!(ran.code == 1 && ran.stderr.contains(wanted), "{arguments:?}: {}", ran.stderr);
        assert!(!repository.path("providers/acme.yaml").exists());
    }
}

/// What would take something of another provider is named at once, and nothing is written.
#[test]
fn a_new_provider_is_checked_beside_the_others() {
    let repository = Repository::with_acme();
    repository.write("providers/polio.yaml", "");
    for (id, secret, wanted) in [
        ("po1i0", "APEX_KEY", "`po1i0` would be taken for `polio`"),
        ("apex", "ACME_API_KEY", "`ACME_API_KEY` is claimed by `acme` already"),
        ("ac-me", "APEX_KEY", "`ac-me` would be taken for `acme`, which is there already"),
        ("ac_me", "APEX_KEY", "`ac_me` would be taken for `acme`, which is there already"),
    ] {
        let ran = repository.run(&["new", id, "--host", "api.apex.example", "--secret", secret]);
        assert!(ran.code == 1 && ran.stderr.contains(wanted), "{}", ran.stderr);
        let ran = repository.run(&["import", id, "nothing.yaml", "--secret", secret]);
        assert!(ran.code == 1 && ran.stderr.contains(wanted), "{}", ran.stderr);
    }
    assert_eq!(repository.files(), ["providers/acme.yaml", "providers/polio.yaml"]);
}

/// Nobody was asked for the name of the second secret, so only the whole file tells.
#[test]
fn a_file_that_cannot_stand_is_shown_and_not_written() {
    let repository = Repository::with_acme();
    let taken = support::ACME.replace("ACME_API_KEY", "APEX_USERNAME");
    repository.write("providers/acme.yaml", &taken);
    let ran = repository.run(&["new", "apex", "--host", "api.apex.example", "--auth", "basic"]);
    assert!(ran.code == 1 && ran.stdout.contains("error[P017]"), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("\nnothing was written\n"), "{}", ran.stdout);
    assert_eq!(repository.files(), ["providers/acme.yaml"]);
}

/// Two providers may stand at one host, which is settled in their files.
#[test]
fn a_shared_host_is_told_and_the_rest_is_written() {
    let repository = Repository::with_acme();
    let ran = repository.run(&["new", "apex", "--host", "api.acme.example"]);
    assert!(ran.code == 1 && ran.stdout.contains("error[P016]"), "{}", ran.stdout);
    assert!(ran.stdout.contains("next: correct what is said above"), "{}", ran.stdout);
    assert!(repository.path("policy-tests/apex/grants.golden.yaml").exists());
    let ran = repository.run(&["check", "apex"]);
    assert!(ran.code == 1 && ran.stdout.contains("1 files, 1 mistakes"), "{}", ran.stdout);
}

/// Tests that somebody wrote before are in the way before anything is written.
#[test]
fn either_all_files_are_written_or_none() {
    let repository = Repository::empty();
    repository.write("policy-tests/acme/grants.golden.yaml", "mine");
    let ran = repository.run(&["new", "acme", "--host", "api.acme.example"]);
    assert!(ran.code == 1 && ran.stderr.contains("grants.golden.yaml is there already"), "{}", ran.stderr);
    assert_eq!(repository.files(), ["policy-tests/acme/grants.golden.yaml"]);
    repository.done(&["new", "acme", "--host", "api.acme.example", "--force"]);
}

#[test]
fn a_host_of_tenants_passes_the_checks() {
    let repository = Repository::empty();
    repository.done(&["new", "acme", "--host", "*.acme.example"]);
    let file = repository.read("providers/acme.yaml");
    assert!(
        file.contains("hosts: [\"*.acme.example\"]") && file.contains("docs: https://acme.example/ "),
        "{file}"
    );
    repository.done(&["check", "acme"]);
}

#[test]
fn elsewhere_than_in_a_repository_nothing_is_written() {
    let elsewhere = Repository::without_providers();
    for arguments in [
        &["new", "acme", "--host", "api.acme.example"][..],
        &["import", "acme", "x.txt"],
        &["check"],
        &["docs"],
    ] {
        let ran = elsewhere.run(arguments);
        assert!(ran.code == 1 && ran.stderr.contains("at the root of the repository"), "{}", ran.stderr);
    }
    assert!(elsewhere.files().is_empty());
    let ran = Repository::with_acme().run(&["tests", "acne"]);
    assert_eq!(
        ran.stderr,
        "error: there is no provider `acne`: no file providers/acne.yaml; did you mean `acme`?\n"
    );
}
