//! What is generated and kept in the repository is what would be generated now; and `explain`.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

#[allow(dead_code, reason = "only the codes are looked at")]
#[path = "../../src/spec/code.rs"]
mod code;
mod support;

use std::path::Path;

use code::Code;
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
    for code in Code::ALL {
        let heading = format!("{}: {}\n", code.as_str(), code.title());
        assert!(empty.done(&["explain", code.as_str()]).starts_with(&heading), "{heading}");
    }
    for (asked, near) in [("P120", "P102"), ("over-broad", "P007"), ("placeholder", "P107")] {
        let ran = empty.run(&["explain", asked]);
        assert!(ran.code == 1 && ran.stderr.contains("did you mean `P"), "{}", ran.stderr);
        assert!(ran.stderr.contains(near) || asked == "P120", "{asked}: {}", ran.stderr);
    }
}

/// What can be looked up is reported by something, and what pages speak of can be looked up.
#[test]
fn no_code_is_explained_or_named_in_vain() {
    let read = |path: &str| std::fs::read_to_string(repository().join(path)).unwrap();
    let sources = sources(&repository().join("src"));
    for code in Code::ALL {
        let name = format!("Code::{code:?}");
        let uses =
            |text: &String| text.split(&name).skip(1).any(|rest| !rest.starts_with(char::is_alphanumeric));
        assert!(sources.iter().any(uses), "nothing reports {}", code.as_str());
    }
    for page in ["docs/lints.md", "docs/policy.md", "CONTRIBUTING.md", "README.md"] {
        let text = read(page);
        for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
            let digits = word.strip_prefix('P').filter(|rest| rest.len() == 3);
            if digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit())) {
                assert!(Code::parse(word).is_some(), "{page} speaks of {word}");
            }
        }
    }
}

/// The texts of all source files but those of the codes themselves and of tests.
fn sources(folder: &Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs")
            && !["code.rs", "tests.rs"].iter().any(|name| path.ends_with(name))
        {
            texts.push(std::fs::read_to_string(&path).unwrap());
        }
    }
    texts
}

/// The editor finds the schema by the first line of each provider file.
#[test]
fn each_provider_file_points_at_the_schema() {
    for entry in std::fs::read_dir(repository().join("providers")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let schema = text.lines().next().unwrap().strip_prefix("# yaml-language-server: $schema=");
        let schema = schema.map(|schema| path.parent().unwrap().join(schema));
        assert!(schema.is_some_and(|schema| schema.is_file()), "{}", path.display());
    }
}
