//! `CONTRIBUTING.md` is followed to the letter: each of its `cargo tools` commands works as printed.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::path::Path;

use support::Repository;

const OPENAPI: &str = r#"
openapi: 3.1.0
info: { title: Acme }
servers: [{ url: "https://api.acme.com" }]
paths:
  /v1/things:
    get: {}
    post: {}
"#;

/// The commands of the page's blocks, without what follows `#`.
fn commands(page: &str) -> Vec<Vec<&str>> {
    let blocks = page.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap());
    let lines = blocks.flat_map(str::lines).map(|line| line.split('#').next().unwrap());
    lines
        .filter_map(|line| line.strip_prefix("cargo tools "))
        .map(|line| line.split_whitespace().collect())
        .collect()
}

/// Whichever way a file is begun, with nothing edited.
#[test]
fn each_command_works_as_printed() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("CONTRIBUTING.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (ways, rest): (Vec<_>, Vec<_>) =
        commands(&page).into_iter().partition(|command| ["new", "import"].contains(&command[0]));
    assert!(ways.len() == 2 && rest.len() >= 5, "{ways:?} {rest:?}");
    for way in ways {
        let repository = Repository::empty();
        repository.write("openapi.yaml", OPENAPI);
        repository.done(&way);
        for command in &rest {
            repository.done(command);
        }
        repository.done(&["docs", "--check"]);
        assert!(repository.read("policy-tests/acme/grants.golden.yaml").contains("decision: allow"));
    }
}
