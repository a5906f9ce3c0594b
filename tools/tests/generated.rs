//! What is generated and kept in the repository is what would be generated now; and `explain`.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::path::Path;

use support::{Repository, run_in};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

#[test]
fn what_is_kept_is_not_stale() {
    for tool in ["schema", "docs"] {
        let ran = run_in(repository(), &[tool, "--check"]);
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn what_is_stale_is_named_and_left_as_it_is() {
    let acme = Repository::with_acme();
    assert_eq!(acme.run(&["docs", "--check"]).stdout, "docs/providers.md is stale: run `cargo tools docs`\n");
    acme.done(&["docs"]);
    acme.done(&["docs", "--check"]);
    acme.write("providers/acme.yaml", &support::ACME.replace("Create and read", "Make and read"));
    let kept = acme.read("docs/providers.md");
    assert_eq!(acme.run(&["docs", "--check"]).code, 1);
    assert_eq!(acme.read("docs/providers.md"), kept);
    acme.done(&["schema"]);
    acme.done(&["schema", "--check"]);
    acme.write("schema/policy.schema.json", "{}");
    assert_eq!(
        acme.run(&["schema", "--check"]).stdout,
        "schema/policy.schema.json is stale: run `cargo tools schema`\n"
    );
}

#[test]
fn the_page_has_what_people_search_for() {
    let acme = Repository::with_acme();
    let more = support::ACME.replace("as: secret", "as: secret\n    help: https://acme.example/keys");
    acme.write("providers/acme.yaml", &(more + "sdk: { base_url_env: ACME_BASE_URL }\n"));
    acme.done(&["docs"]);
    let page = acme.read("docs/providers.md");
    for line in [
        "1 providers, 1 capabilities. A capability of risk `admin` is off until it is enabled by name:",
        "| developer | [Acme](#acme) | `ACME_API_KEY` | 1 |",
        "## developer",
        "<a id=\"acme\"></a>",
        "- Secret: `ACME_API_KEY`, from <https://acme.example/keys>",
        "- Hosts: `api.acme.example`",
        "- Documentation: <https://acme.example/docs>",
        "- Official clients read their address from `ACME_BASE_URL`",
        "| `acme/things` | write | GET, POST | Create and read things |",
        "aivault invoke acme/things --method POST --path /v1/things --body '{\"name\":\"one\"}'",
    ] {
        assert!(page.lines().any(|one| one == line), "no `{line}` in\n{page}");
    }
}

#[test]
fn every_code_is_explained_however_it_is_written() {
    let empty = Repository::empty();
    let text = empty.done(&["explain", "P007"]);
    assert!(
        text.starts_with("P007: Over-broad path\n\nAn error.") && text.contains("segment by segment"),
        "{text}"
    );
    assert!(!text.contains("P008"), "{text}");
    for spelled in ["P0007", "p7", "7", "error[P007]"] {
        assert_eq!(empty.done(&["explain", spelled]), text, "{spelled}");
    }
    let lints = std::fs::read_to_string(repository().join("docs/lints.md")).unwrap();
    for code in lints.lines().filter_map(|line| line.strip_prefix("## P")) {
        let code = format!("P{}", code.split(':').next().unwrap());
        assert!(empty.done(&["explain", &code]).starts_with(&code));
    }
    for (asked, near) in [("P120", "P102"), ("over-broad", "P007"), ("placeholder", "P107")] {
        let ran = empty.run(&["explain", asked]);
        assert!(ran.code == 1 && ran.stderr.contains("did you mean `P"), "{}", ran.stderr);
        assert!(ran.stderr.contains(near) || asked == "P120", "{asked}: {}", ran.stderr);
    }
}
