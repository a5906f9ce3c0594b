//! Requests that are signed, before an upstream that checks signatures as the real one would: with code
//! of its own, written from the schemes' descriptions.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use support::sigv4::Service;
use support::{Answer, Door, Home, Received, Upstream};

const KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLE/token+of/a+session==";
const S3: &str = "s3.eu-west-1.amazonaws.com";
const SQS: &str = "sqs.us-east-2.amazonaws.com";

const fn service(name: &'static str, region: &'static str) -> Service {
    Service { name, region, key_id: KEY_ID, secret: SECRET, token: None }
}

/// An upstream at `host` that takes what `service` would, and a home with that service's keys.
fn at(host: &'static str, service: Service) -> (Home, Upstream) {
    let upstream = Upstream::serving(&[host]);
    upstream.answers(move |received| service.answer(received));
    let home = Home::with(Door::Daemon, &upstream);
    let (id, key) = match service.name {
        "s3" => ("AWS_S3_ACCESS_KEY_ID", "AWS_S3_SECRET_ACCESS_KEY"),
        _ => ("AWS_SQS_ACCESS_KEY_ID", "AWS_SQS_SECRET_ACCESS_KEY"),
    };
    home.store(id, KEY_ID);
    home.run(&["secrets", "create", "--name", key, "--value", SECRET, "--host", host]).ok();
    (home, upstream)
}

/// What arrived of a call that the upstream took, which is the same through each door.
#[track_caller]
fn taken(home: &Home, upstream: &Upstream, call: &[&str]) -> Received {
    let words = [&["invoke"], call].concat();
    let [first, second] = Door::BOTH.map(|door| {
        let done = home.run_through(door, &words).ok();
        assert_eq!(done.text(), "signed");
        upstream.take_one()
    });
    let sent = format!("{} {}", first.target, first.headers_as_text());
    assert!(!sent.contains(SECRET), "{sent}");
    assert_eq!((&first.method, &first.target, &first.body), (&second.method, &second.target, &second.body));
    first
}

#[test]
fn requests_to_s3_are_signed_whatever_their_paths_and_queries() {
    let (home, upstream) = at(S3, service("s3", "eu-west-1"));
    for target in [
        "/acme-data/reports/2026.csv",
        "/acme-data/a%20b/%C3%A9~_-.txt",
        "/acme-data/(c)!*,:=@$&/+",
        "/acme-data/%28c%29%2b",
        "/acme-data/a..b/...?versionId=",
        "/acme-data/x?response-content-type=text/plain&b=2&a=1&a=0&empty=&bare&pct=%25&case=%c3%a9&sp=%20+&tilde=~",
        "/acme-data/x?",
        "/acme-data/x?&&partNumber=2&=1",
    ] {
        let call = ["aws-s3/objects-read", "--method", "GET", "--path", target];
        let received = taken(&home, &upstream, &call);
        assert_eq!(received.target, target);
    }
    let call = ["aws-s3/buckets-read", "--method", "GET", "--path", "/"];
    assert_eq!(taken(&home, &upstream, &call).header("x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
}

#[test]
fn an_upload_to_s3_streams_and_is_signed_with_its_headers() {
    let (home, upstream) = at(S3, service("s3", "eu-west-1"));
    let file = home.path("large.bin");
    fs::write(&file, vec![7; 12 * 1024 * 1024]).unwrap();
    let call = ["aws-s3/objects-write", "--method", "PUT", "--path", "/acme-data/large.bin"];
    let headers =
        ["--header", "x-amz-meta-note:  two   words", "--header", "content-type: application/x-acme; v=1"];
    let body = ["--body-file-path", file.to_str().unwrap()];
    let received = taken(&home, &upstream, &[&call[..], &headers, &body].concat());
    assert_eq!(received.body.len(), 12 * 1024 * 1024);
    let signed = received.header("authorization");
    assert!(
        signed.contains("SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-meta-note,")
    );
}

#[test]
fn other_services_get_the_hash_of_the_body_and_no_more_than_is_waited_for() {
    let (home, upstream) = at(SQS, service("sqs", "us-east-2"));
    let body = r#"{"QueueUrl":"https://sqs.us-east-2.amazonaws.com/1/jobs","MessageBody":"hällo"}"#;
    let content = ["--header", "content-type: application/x-amz-json-1.0"];
    let target = ["--header", "x-amz-target: AmazonSQS.SendMessage"];
    let call = ["aws-sqs/messages", "--body", body];
    assert_eq!(taken(&home, &upstream, &[&call[..], &content, &target].concat()).body, body.as_bytes());
    // A default header is signed like one that the caller says.
    let call = [&["aws-sqs/messages", "--body", "{}"][..], &content].concat();
    assert_eq!(taken(&home, &upstream, &call).header("x-amz-target"), "AmazonSQS.ListQueues");

    let file = home.path("large.json");
    fs::write(&file, vec![b' '; 8 * 1024 * 1024 + 1]).unwrap();
    let call = ["invoke", "aws-sqs/messages", "--body-file-path", file.to_str().unwrap()];
    let done = home.run_through(Door::InProcess, &[&call[..], &content].concat()).ends(3);
    assert!(done.errors().contains("more than 8388608 bytes"), "{}", done.errors());
    assert!(upstream.take().is_empty());
    let events = home.events();
    assert!(events.iter().any(|event| format!("{event:?}").contains("body.too_large")));
}

#[test]
fn a_signature_by_another_key_or_of_another_region_is_not_taken() {
    for service in [
        Service { secret: "another-secret-of-another-account", ..service("s3", "eu-west-1") },
        service("s3", "eu-west-2"),
    ] {
        let (home, upstream) = at(S3, service);
        let done = home.run(&["invoke", "aws-s3/buckets-read", "--method", "GET", "--path", "/"]).ends(22);
        assert!(done.text().contains("SignatureDoesNotMatch"), "{}", done.text());
        upstream.take_one();
    }
}

/// Temporary keys come with a token; an account without one is called without.
#[test]
fn the_token_of_a_session_is_sent_where_there_is_one() {
    let (home, upstream) = at(S3, service("s3", "eu-west-1"));
    let call = ["aws-s3/buckets-read", "--method", "GET", "--path", "/"];
    assert!(!taken(&home, &upstream, &call).head.has("x-amz-security-token"));
    let described = home.run(&["capability", "describe", "aws-s3/buckets-read"]).ok();
    assert!(described.text().contains("AWS_S3_SESSION_TOKEN: not stored"), "{}", described.text());

    let token = ["secrets", "create", "--name", "AWS_S3_SESSION_TOKEN", "--value", TOKEN, "--host", S3];
    home.run(&token).ok();
    let session = Service { token: Some(TOKEN), ..service("s3", "eu-west-1") };
    upstream.answers(move |received| session.answer(received));
    taken(&home, &upstream, &call);
    upstream.answers(|received| Answer::text(received.header("x-amz-security-token").to_owned()));
    let echoed = home.run(&[&["invoke"], &call[..]].concat()).ok();
    assert!(!echoed.text().contains(&TOKEN[..12]), "{}", echoed.text());

    home.run(&["secrets", "delete", "--name", "AWS_S3_SESSION_TOKEN"]).ok();
    upstream.take();
    let lasting = service("s3", "eu-west-1");
    upstream.answers(move |received| lasting.answer(received));
    assert!(!taken(&home, &upstream, &call).head.has("x-amz-security-token"));
    // What an account cannot be called without takes the account along.
    home.run(&["secrets", "delete", "--name", "AWS_S3_ACCESS_KEY_ID"]).ok();
    home.run(&[&["invoke"], &call[..]].concat()).ends(5);
}

#[test]
fn what_belongs_to_the_signature_is_not_for_callers_to_say() {
    let (home, upstream) = at(S3, service("s3", "eu-west-1"));
    let call = ["invoke", "aws-s3/objects-read", "--method", "GET", "--path"];
    for header in [
        "authorization: AWS4-HMAC-SHA256 Credential=x",
        "x-amz-date: 20260101T000000Z",
        "X_Amz_Date: 20260101T000000Z",
        "X-Amz-Content-Sha256: UNSIGNED-PAYLOAD",
        "x-amz-security-token: x",
    ] {
        let done = home.run(&[&call[..], &["/acme-data/x", "--header", header]].concat()).ends(3);
        assert!(done.errors().contains("not for callers to set"), "{}", done.errors());
    }
    for parameter in [
        "X-Amz-Signature",
        "x-amz-date",
        "X-Amz-Expires",
        "%58-Amz-Credential",
        "X_Amz_Algorithm",
        "x-amz-signedheaders",
    ] {
        let path = format!("/acme-data/x?a=1&{parameter}=1");
        let done = home.run(&[&call[..], &[path.as_str()]].concat()).ends(3);
        assert!(done.errors().contains("may carry a credential"), "{parameter}: {}", done.errors());
    }
    assert!(upstream.take().is_empty());
}

/// What a service says of a signature that it does not take holds the signature, and the moment.
#[test]
fn a_signature_that_is_echoed_is_taken_out_and_the_moment_is_not() {
    let (home, upstream) = at(S3, service("s3", "eu-west-1"));
    upstream.answers(|received| {
        Answer::text(format!(
            "{} at {} {KEY_ID}",
            received.header("authorization"),
            received.header("x-amz-date")
        ))
    });
    let done = home.run(&["invoke", "aws-s3/buckets-read", "--method", "GET", "--path", "/"]).ok();
    let received = upstream.take_one();
    let (_, signature) = received.header("authorization").split_once("Signature=").unwrap();
    assert!(!done.text().contains(signature), "{}", done.text());
    assert!(
        done.text().ends_with(&format!("at {} {KEY_ID}", received.header("x-amz-date"))),
        "{}",
        done.text()
    );
}

const OWN_SERVICE: &str = r#"provider: tokens
name: Tokens
category: test
docs: https://docs.tokens.example/api
secrets:
  TOKENS_KEY_ID: { as: id, identifier: true }
  TOKENS_KEY: { as: key }
  TOKENS_SESSION: { as: session }
hosts: [api.tokens.example]
auth:
  type: aws-sigv4
  service: execute-api
  region: eu-central-1
  access_key_id: "{{id}}"
  secret_access_key: "{{key}}"
  session_token: "{{session}}"
capabilities:
  things:
    summary: Read and write things
    allow:
      - { methods: [GET, POST, DELETE], paths: ["/prod/things/**"] }
    example: { method: GET, path: /prod/things/1 }
    examples: { deny: [PUT /prod/things/1] }
"#;

#[test]
fn a_session_token_is_signed_and_paths_of_most_services_are_escaped_twice() {
    let upstream = Upstream::serving(&["api.tokens.example"]);
    let own = Service { token: Some(TOKEN), ..service("execute-api", "eu-central-1") };
    upstream.answers(move |received| own.answer(received));
    let home = Home::test(Door::Daemon);
    home.add_provider(OWN_SERVICE).ok();
    home.send_to(&upstream);
    home.store("TOKENS_KEY_ID", KEY_ID);
    home.store("TOKENS_KEY", SECRET);
    home.store("TOKENS_SESSION", TOKEN);
    for target in [
        "/prod/things/1",
        "/prod/things/a%20b/(c)!*+,:=@$&/%C3%A9/%2b",
        "/prod/things/x?b=2&a=1&a=0&empty=&bare&pct=%25&case=%c3%a9&sp=%20+&slash=/x?y&list[]=1",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            let call = ["tokens/things", "--method", method, "--path", target];
            assert_eq!(taken(&home, &upstream, &call).target, target);
        }
    }
}

const EXCHANGE: &str = r#"provider: exchange
name: Exchange
category: test
docs: https://docs.exchange.example/api
secrets:
  EXCHANGE_ID: { as: id, identifier: true }
  EXCHANGE_KEY: { as: secret }
hosts: [api.exchange.example]
auth:
  type: hmac
  key: "{{secret}}"
  key_encoding: base64
  algorithm: sha256
  encoding: base64
  message: "{{time.seconds}}{{request.method}}{{request.target}}{{request.body}}"
  headers:
    x-access-key: "{{id}}"
    x-access-sign: "v1={{signature}}"
    x-access-timestamp: "{{time.seconds}}"
capabilities:
  orders:
    summary: Read and place orders
    allow:
      - { methods: [GET, POST], paths: [/orders] }
    example: { method: GET, path: /orders }
    examples: { deny: [DELETE /orders] }
"#;
const EXCHANGE_KEY: &[u8] = b"a key of thirty-two bytes, plain";

fn sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// Takes a request as an exchange does: the moment, the method, the target and the body in one.
fn exchange(received: &Received) -> Answer {
    let head = format!("{}{}{}", received.header("x-access-timestamp"), received.method, received.target);
    let wanted = sha256(EXCHANGE_KEY, &[head.as_bytes(), &received.body].concat());
    let wanted = format!("v1={}", STANDARD.encode(wanted));
    let right = received.header("x-access-sign") == wanted && received.header("x-access-key") == KEY_ID;
    if right { Answer::text("signed") } else { Answer::status(401, "invalid signature") }
}

#[test]
fn a_declared_message_is_signed_into_headers() {
    let upstream = Upstream::serving(&["api.exchange.example"]);
    upstream.answers(exchange);
    let home = Home::test(Door::Daemon);
    home.add_provider(EXCHANGE).ok();
    home.send_to(&upstream);
    home.store("EXCHANGE_ID", KEY_ID);
    home.store("EXCHANGE_KEY", &STANDARD.encode(EXCHANGE_KEY));
    for call in [
        &["exchange/orders", "--method", "GET", "--path", "/orders?b=2&a=%20+&bare"][..],
        &["exchange/orders", "--method", "POST", "--path", "/orders", "--body", r#"{"side":"büy"}"#],
    ] {
        taken(&home, &upstream, call);
    }
    for header in ["x-access-sign: x", "X_ACCESS_TIMESTAMP: 1", "x-access-key: x"] {
        home.run(&["invoke", "exchange/orders", "--method", "GET", "--path", "/orders", "--header", header])
            .ends(3);
    }
    assert!(upstream.take().is_empty());
    // A moment is no secret; a signature is one until it is too old.
    upstream.answers(|received| {
        Answer::text(format!(
            "{} {}",
            received.header("x-access-sign"),
            received.header("x-access-timestamp")
        ))
    });
    let done = home.run(&["invoke", "exchange/orders", "--method", "GET", "--path", "/orders"]).ok();
    let received = upstream.take_one();
    assert!(!done.text().contains(&received.header("x-access-sign")[3..]), "{}", done.text());
    assert!(done.text().ends_with(received.header("x-access-timestamp")), "{}", done.text());

    home.run(&["secrets", "rotate", "--name", "EXCHANGE_KEY", "--value", "not base64!"]).ok();
    let done = home.run(&["invoke", "exchange/orders", "--method", "GET", "--path", "/orders"]).ends(1);
    assert!(done.errors().contains("not written in base64"), "{}", done.errors());
    assert!(upstream.take().is_empty());
}

/// Signed parameters: the scheme's own are signed with the caller's, and the signature comes last.
#[test]
fn a_declared_message_is_signed_into_the_query() {
    let provider = EXCHANGE
        .replace("  key_encoding: base64\n", "")
        .replace("encoding: base64", "encoding: hex")
        .replace(
            "{{time.seconds}}{{request.method}}{{request.target}}{{request.body}}",
            "{{request.query}}{{request.body}}",
        )
        .replace(
            "    x-access-sign: \"v1={{signature}}\"\n    x-access-timestamp: \"{{time.seconds}}\"\n",
            "  query:\n    signature: \"{{signature}}\"\n    timestamp: \"{{time.millis}}\"\n",
        );
    let upstream = Upstream::serving(&["api.exchange.example"]);
    upstream.answers(|received| {
        let (_, query) = received.target.split_once('?').unwrap();
        let (signed, signature) = query.rsplit_once("&signature=").unwrap();
        let wanted = sha256(EXCHANGE_KEY, &[signed.as_bytes(), &received.body].concat());
        let wanted: String = wanted.iter().map(|byte| format!("{byte:02x}")).collect();
        let right = signature == wanted && signed.contains("timestamp=1");
        if right { Answer::text("signed") } else { Answer::status(401, "invalid signature") }
    });
    let home = Home::test(Door::Daemon);
    home.add_provider(&provider).ok();
    home.send_to(&upstream);
    home.store("EXCHANGE_ID", KEY_ID);
    home.store("EXCHANGE_KEY", str::from_utf8(EXCHANGE_KEY).unwrap());
    let form = ["--header", "content-type: application/x-www-form-urlencoded"];
    for path in ["/orders", "/orders?", "/orders?symbol=LTCBTC&b=%20+"] {
        let call = ["invoke", "exchange/orders", "--method", "POST", "--path", path, "--body", "quantity=1"];
        let done = home.run(&[&call[..], &form].concat()).ok();
        assert_eq!(done.text(), "signed");
        let received = upstream.take_one();
        assert!(received.target.starts_with(path), "{}", received.target);
    }
    for (path, body) in
        [("/orders?Signature=1", "a=1"), ("/orders?timestamp=1", "a=1"), ("/orders", "signature=1")]
    {
        let call = ["invoke", "exchange/orders", "--method", "POST", "--path", path, "--body", body];
        home.run(&[&call[..], &form].concat()).ends(3);
    }
    assert!(upstream.take().is_empty());
}
