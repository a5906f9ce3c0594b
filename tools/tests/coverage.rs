//! `coverage`: one provider, and its API described in each of the languages that are read.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use support::Repository;

const OPENAPI_3_0: &str = r##"
openapi: 3.0.3
info: { title: Acme, version: 1 }
servers: [{ url: "https://{where}.acme.example/{v}", variables: { where: { default: api }, v: { default: v1 } } }]
paths:
  x-internal: yes
  /things:
    get: { summary: List things, responses: { 200: { description: ok } } }
    post: { summary: Make a thing, responses: {} }
  "/things/{id}":
    get: {}
    delete: { operationId: deleteThing }
  "/things/{id}/parts/{size}":
    parameters: [{ $ref: "#/components/parameters/Size" }]
    get: {}
  "/things/{id}/parts/{name}/colour":
    get: {}
  /api-keys:
    get: { tags: [Keys] }
components:
  parameters:
    Size: { name: size, in: path, required: true, schema: { $ref: "#/components/schemas/Size" } }
  schemas:
    Size: { type: string, enum: [big, small] }
"##;

const OPENAPI_3_1: &str = r##"{
  "openapi": "3.1.0",
  "info": { "title": "Acme" },
  "servers": [{ "url": "https://sandbox.example/v0" }, { "url": "https://api.acme.example/v1" }],
  "paths": {
    "/things": { "$ref": "#/components/pathItems/things" },
    "/things/{id}?verbose": { "get": {} }
  },
  "components": { "pathItems": { "things": { "get": {}, "post": {} } } },
  "webhooks": { "thing.made": { "post": {} } }
}"##;

const SWAGGER_2: &str = r##"
swagger: "2.0"
info: { title: Acme }
host: api.acme.example
basePath: /v1/
paths:
  /things: { get: {}, put: {} }
  "/things/{id}/parts/{size}":
    get:
      parameters: [{ name: size, in: path, type: string, enum: [big, small, huge] }]
"##;

const LIST: &str = "\
# what the documentation names
GET /v1/things
get https://api.acme.example/v1/things/{id}   Read a thing
DELETE /v1/{name=things/*}
";

#[test]
fn openapi_3_0() {
    let acme = Repository::with_acme();
    acme.write("openapi.yaml", OPENAPI_3_0);
    let text = acme.done(&["coverage", "acme", "openapi.yaml"]);
    for line in [
        "openapi.yaml: Acme (7 operations below /v1)",
        "operations           7",
        "administrative       1",
        "covered              4 of 6 (66.6 %): write 4",
        "uncovered: 2",
        "  DELETE /v1/things/{id}  # deleteThing",
        "  GET    /v1/things/{id}/parts/{name}/colour",
        "patterns that match no operation: 1",
        "  acme/things: GET /v1/gone",
    ] {
        assert!(text.lines().any(|one| one == line), "no line `{line}` in\n{text}");
    }
}

/// The server at the provider's own host is the one that is meant, and webhooks are not requests.
#[test]
fn openapi_3_1_in_json() {
    let acme = Repository::with_acme();
    acme.write("openapi.json", OPENAPI_3_1);
    let text = acme.done(&["coverage", "acme", "openapi.json", "--min", "100"]);
    assert!(text.contains("covered              3 of 3 (100.0 %)"), "{text}");
    let text = acme.done(&["coverage", "acme", "openapi.json", "--server", "1"]);
    assert!(text.contains("note: `sandbox.example` is not the provider's host"), "{text}");
    assert!(text.contains("covered              0 of 3"), "{text}");
    let text = acme.done(&["coverage", "acme", "openapi.json", "--server", "1", "--base", "/v1"]);
    assert!(text.contains("covered              3 of 3"), "{text}");
    let ran = acme.run(&["coverage", "acme", "openapi.json", "--server", "3"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "error: server 3 is not there: openapi.json names 2\n"));
}

/// Patterns that name two of three values cover the operation in part.
#[test]
fn swagger_2() {
    let acme = Repository::with_acme();
    acme.write("swagger.yaml", SWAGGER_2);
    let ran = acme.run(&["coverage", "acme", "swagger.yaml", "--min", "50"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("covered              1 of 3 (33.3 %)"), "{}", ran.stdout);
    assert!(ran.stdout.contains("covered in part (patterns name some of the values): 1"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("/v1/things/{id}/parts/{size}  by acme/things (write, in part)"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_list_of_methods_and_paths() {
    let acme = Repository::with_acme();
    acme.write("list.txt", LIST);
    let text = acme.done(&["coverage", "acme", "list.txt"]);
    assert!(text.contains("covered              2 of 3"), "{text}");
    assert!(text.contains("  DELETE /v1/things/{name}\n"), "{text}");
    acme.write("list.txt", "GET /v1/things\nGTE /v1/things\n");
    let ran = acme.run(&["coverage", "acme", "list.txt"]);
    assert_eq!(ran.stderr, "error: list.txt:2: the first word is no method; write `METHOD /path`\n");
}

/// Several descriptions are one API: what two of them name counts once.
#[test]
fn several_descriptions_as_json() {
    let acme = Repository::with_acme();
    acme.write("openapi.json", OPENAPI_3_1);
    acme.write("swagger.yaml", SWAGGER_2);
    let text = acme.done(&["coverage", "acme", "openapi.json", "swagger.yaml", "--format", "json"]);
    let read: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(read["operations"], 5);
    assert_eq!(read["covered"], 3);
    assert_eq!(read["uncovered"][0]["path"], "/v1/things");
    assert_eq!(read["uncovered"][0]["method"], "PUT");
    assert_eq!(read["partly"][0]["allowed_by"][0]["capability"], "acme/things");
    assert_eq!(read["partly"][0]["allowed_by"][0]["risk"], "write");
}

/// What administers is named when a capability allows it that is not off by default.
#[test]
fn an_administrative_operation_that_is_allowed() {
    let acme = Repository::with_acme();
    acme.write("list.txt", "GET /v1/things/api-keys\nPOST /v1/things\n");
    let text = acme.done(&["coverage", "acme", "list.txt"]);
    assert!(text.contains("yet allowed by a capability that is not `risk: admin`: 1\n"), "{text}");
    assert!(text.contains("  GET    /v1/things/api-keys  by acme/things (write)  # makes, shows"), "{text}");
    acme.write("providers/acme.yaml", &support::ACME.replace("    summary", "    risk: admin\n    summary"));
    let text = acme.done(&["coverage", "acme", "list.txt"]);
    assert!(!text.contains("yet allowed"), "{text}");
}

/// A pattern that is there for one operation is no grant of another that it could touch.
#[test]
fn what_only_touches_an_operation_does_not_allow_it() {
    let acme = Repository::with_acme();
    acme.write("list.txt", "GET /v1/things/{id}\nGET /v1/{area}/api-keys\n");
    let text = acme.done(&["coverage", "acme", "list.txt"]);
    assert!(text.contains("administrative       1") && !text.contains("yet allowed"), "{text}");
    acme.write("list.txt", "GET /v1/{area}/api-keys\n");
    let text = acme.done(&["coverage", "acme", "list.txt"]);
    assert!(text.contains("acme/things (write, in part)"), "{text}");
}

/// With several hosts, an operation is covered at its own host only.
#[test]
fn hosts_are_told_apart() {
    let acme = Repository::with_acme();
    let two = support::ACME
        .replace("[api.acme.example]", "[api.acme.example, files.acme.example]")
        .replace("    summary", "    host: api.acme.example\n    summary");
    let files = "\n  files:\n    host: files.acme.example\n    summary: Read files\n    allow:\n      \
                 - { methods: [GET], paths: [/v1/files] }\n    example: { method: GET, path: /v1/files }\n    \
                 examples: { deny: [DELETE /v1/files] }\n";
    acme.write("providers/acme.yaml", &(two + files));
    acme.write(
        "list.txt",
        "GET https://api.acme.example/v1/things\nGET https://files.acme.example/v1/things\n",
    );
    let text = acme.done(&["coverage", "acme", "list.txt"]);
    assert!(text.contains("covered              1 of 2"), "{text}");
    let text = acme.done(&["coverage", "acme", "list.txt", "--any-host"]);
    assert!(text.contains("covered              1 of 1"), "{text}");
}

#[test]
fn what_is_no_description_is_said() {
    let acme = Repository::with_acme();
    acme.write("other.yaml", "paths: {}\n");
    let ran = acme.run(&["coverage", "acme", "other.yaml"]);
    assert!(ran.stderr.contains("neither `openapi` nor `swagger` stands in it"), "{}", ran.stderr);
    let ran = acme.run(&["coverage", "nobody", "other.yaml"]);
    assert!(ran.stderr.contains("providers/nobody.yaml"), "{}", ran.stderr);
}
