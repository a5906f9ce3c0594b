//! `import`: what is proposed for a small description, and that it passes and covers it.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use support::Repository;

const OPENAPI: &str = r#"
openapi: 3.1.0
info: { title: Acme API }
externalDocs: { url: "https://acme.example/docs" }
servers: [{ url: "https://api.acme.example/v1" }]
components:
  securitySchemes: { key: { type: apiKey, in: header, name: X-Api-Key } }
paths:
  /things:
    get: { tags: [Things] }
    post: { tags: [Things], requestBody: { content: { application/json: {} } } }
  /things/search:
    get: { tags: [Things] }
  "/things/{thingId}":
    get: { tags: [Things] }
    patch: { tags: [Things] }
    delete: { tags: [Things] }
  /things/api-keys:
    get: { tags: [Things] }
    post: { tags: [Things] }
  "/files/{file}/{path}":
    get: { tags: [Files] }
  "/{anything}":
    get: {}
  /payments:
    post: { tags: ["Payments & more: 2"] }
"#;

const SWAGGER: &str = r#"{
  "swagger": "2.0", "info": { "title": "Acme" }, "host": "api.acme.example", "basePath": "/api",
  "securityDefinitions": { "basic": { "type": "basic" } },
  "paths": { "/chat.postMessage": { "post": {} }, "/chat.update": { "post": {} }, "/files.list": { "get": {} } }
}"#;

fn capability<'a>(file: &'a str, name: &str) -> &'a str {
    let start = file.find(&format!("  {name}:\n")).unwrap_or_else(|| panic!("no {name} in\n{file}"));
    let rest = &file[start..];
    rest.find("\n\n").map_or(rest, |end| &rest[..end])
}

#[test]
fn what_is_proposed_passes_and_covers_the_description() {
    let repository = Repository::empty();
    repository.write("openapi.yaml", OPENAPI);
    let told = repository.done(&["import", "acme", "openapi.yaml"]);
    let file = repository.read("providers/acme.yaml");
    assert!(told.starts_with("wrote providers/acme.yaml: 6 capabilities (1 administrative)"), "{told}");
    assert!(repository.done(&["check"]).contains("1 files, 0 mistakes"));
    let coverage = repository.done(&["coverage", "acme", "openapi.yaml"]);
    assert!(coverage.contains("covered              8 of 9"), "{coverage}");
    assert!(coverage.contains("  GET    /v1/{anything}\n"), "{coverage}");
    assert!(!coverage.contains("patterns that match no operation"), "{coverage}");
    repository.done(&["tests", "acme"]);
    for line in [
        "# TODO: left out: GET /v1/{anything}: `/v1/*` grants more than one product area.",
        "name: Acme API # TODO: as people know it",
        "docs: https://acme.example/docs",
        "hosts: [api.acme.example]",
        "  name: x-api-key",
    ] {
        assert!(
            file.contains(line) || line.starts_with("name:") && file.contains("name: Acme API"),
            "{line} {file}"
        );
    }
}

#[test]
fn reads_writes_deletes_and_administration_stand_apart() {
    let repository = Repository::empty();
    repository.write("openapi.yaml", OPENAPI);
    let told = repository.done(&["import", "acme", "openapi.yaml"]);
    let file = repository.read("providers/acme.yaml");
    let read = capability(&file, "things-read");
    // `/things/*` has `/things/search` already.
    assert!(read.contains("          - /v1/things/*\n") && !read.contains("- /v1/things/search"), "{read}");
    assert!(read.contains("# TODO: this reaches GET /v1/things/api-keys too, which makes, shows"), "{read}");
    assert!(
        told.contains("look at things-read: /v1/things/*: this reaches GET /v1/things/api-keys"),
        "{told}"
    );
    let write = capability(&file, "things-write");
    assert!(write.contains("methods: [PATCH]") && write.contains("body: {} # TODO"), "{write}");
    assert!(write.contains("        - POST /v1/things/api-keys"), "{write}");
    assert!(capability(&file, "things-delete").contains("methods: [DELETE]"));
    let admin = capability(&file, "things-admin");
    assert!(admin.contains("    risk: admin\n") && admin.contains("methods: [GET, POST]"), "{admin}");
    assert!(capability(&file, "files").contains("# TODO: if `{path}` may hold slashes, write `**` for it."));
    assert!(capability(&file, "payments-more-2").contains("# TODO: if this moves money, say `risk: spend`."));
}

#[test]
fn swagger_2_without_tags_is_grouped_by_path() {
    let repository = Repository::empty();
    repository.write("swagger.json", SWAGGER);
    repository.done(&["import", "acme", "swagger.json", "--name", "Acme", "--category", "messaging"]);
    let file = repository.read("providers/acme.yaml");
    assert!(capability(&file, "chat").contains("          - /api/chat.update"), "{file}");
    assert!(capability(&file, "files").contains("methods: [GET]"), "{file}");
    assert!(file.contains("name: Acme\ncategory: messaging\n") && file.contains("  type: basic\n"), "{file}");
    let ran = repository.run(&["import", "acme", "swagger.json"]);
    assert!(ran.code == 1 && ran.stderr.contains("overwrite it with --force"), "{}", ran.stderr);
    repository.done(&["import", "acme", "swagger.json", "--force"]);
}

/// A description's texts are somebody else's: none of them ends its comment or its line.
#[test]
fn texts_of_a_description_stay_within_their_place() {
    let repository = Repository::empty();
    let hostile = r#"{ "openapi": "3.0.0", "info": { "title": "A\nb: c" }, "servers": [{ "url": "https://a.acme.example" }],
        "paths": { "/x/{a\nprivate: true}": { "get": { "tags": ["t: x\n# y"] } }, "/y\nz/q": { "get": {} } } }"#;
    repository.write("openapi.json", hostile);
    repository.done(&["import", "acme", "openapi.json"]);
    let file = repository.read("providers/acme.yaml");
    assert!(!file.contains("\nprivate") && file.contains("name: acme # TODO"), "{file}");
    assert!(repository.done(&["check"]).contains("0 mistakes"));
}

/// A flag that cannot stand is told, neither dropped nor written.
#[test]
fn what_flags_say_is_checked_before_anything_is_written() {
    let repository = Repository::empty();
    repository.write("list.txt", "GET /v1/things\n");
    for (flag, said, wanted) in [
        ("--secret", "acme_key", "--secret: `acme_key` is not a secret name"),
        ("--host", "https://api.acme.example", "did you mean `api.acme.example`?"),
        ("--docs", "acme", "--docs: `acme` is not a link"),
        ("--name", "", "--name: this must be one line"),
        ("--category", "", "--category: this must be one line"),
    ] {
        let ran = repository.run(&["import", "acme", "list.txt", flag, said]);
        assert!(ran.code == 1 && ran.stderr.contains(wanted), "{}", ran.stderr);
    }
    repository.write("list.txt", "");
    let ran = repository.run(&["import", "acme", "list.txt"]);
    assert!(ran.code == 1 && ran.stderr.contains("no operation stands in it"), "{}", ran.stderr);
    assert_eq!(repository.files(), ["list.txt"]);
}

#[test]
fn a_segment_that_begins_with_a_dot_names_its_area_too() {
    let repository = Repository::empty();
    repository.write("list.txt", "GET /v1/.well-known/live\nGET /v1/2.things\n");
    repository.done(&["import", "acme", "list.txt"]);
    let file = repository.read("providers/acme.yaml");
    assert!(capability(&file, "well-known").contains("          - /v1/.well-known/live"), "{file}");
}
