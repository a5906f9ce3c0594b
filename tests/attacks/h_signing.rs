//! H4: what a caller adds, repeats or spells otherwise about a request that is signed. Either it is
//! refused before anything is signed, or it is part of what is signed: an upstream that checks with
//! code of its own takes the request, and never sees the key.

use crate::case::{Case, Findings, Name, names as names_of};
use crate::support::sigv4::Service;
use crate::support::{Answer, Door, Home, Upstream};

const HOST: &str = "s3.eu-west-1.amazonaws.com";
const KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const SERVICE: Service =
    Service { name: "s3", region: "eu-west-1", key_id: KEY_ID, secret: SECRET, token: None };

/// What comes of a target and headers.
#[derive(Clone)]
struct Adds {
    target: &'static str,
    headers: &'static [&'static str],
    refused: bool,
}

const PLAIN: &str = "/acme-data/report.csv";

fn cases() -> Vec<Case<Adds>> {
    let case = |refused| {
        move |(target, headers): &(&'static str, &'static [&'static str])| {
            let spelling = format!("{target} {}", headers.join(" "));
            Case::new("H4", spelling, Adds { target, headers, refused })
        }
    };
    let refused: &[(&str, &[&str])] = &[
        (PLAIN, &["authorization: AWS4-HMAC-SHA256 Credential=x"]),
        (PLAIN, &["Authorization: AWS x:y"]),
        (PLAIN, &["x-amz-date: 20300101T000000Z"]),
        (PLAIN, &["X-Amz-Date: 20300101T000000Z"]),
        (PLAIN, &["x_amz_date: 20300101T000000Z"]),
        (PLAIN, &["x-amz-content-sha256: UNSIGNED-PAYLOAD"]),
        (PLAIN, &["x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD"]),
        (PLAIN, &["x-amz-security-token: evil"]),
        (PLAIN, &["x-amz-acl: public-read"]),
        (PLAIN, &["host: evil.example"]),
        ("/acme-data/report.csv?X-Amz-Signature=00", &[]),
        ("/acme-data/report.csv?x-amz-signature=00", &[]),
        ("/acme-data/report.csv?X-Amz%2DSignature=00", &[]),
        ("/acme-data/report.csv?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=x", &[]),
        ("/acme-data/report.csv?X-Amz-Security-Token=evil", &[]),
        ("/acme-data/report.csv?AWSAccessKeyId=x&Signature=y&Expires=1", &[]),
        ("/acme-data/report.csv?acl", &[]),
        ("/acme-data/../other/report.csv", &[]),
        ("/acme-data/%2e%2e/report.csv", &[]),
        ("/acme-data//report.csv", &[]),
    ];
    let signed: &[(&str, &[&str])] = &[
        (PLAIN, &[]),
        ("/acme-data/report.csv?", &[]),
        ("/acme-data/report.csv?versionId=", &[]),
        ("/acme-data/report.csv?a=1&a=0&b", &[]),
        ("/acme-data/report.csv?pct=%25&case=%c3%a9", &[]),
        ("/acme-data/a%20b.csv", &[]),
        (PLAIN, &["x-amz-meta-note:   two   words  "]),
        (PLAIN, &["range: bytes=0-9"]),
        (PLAIN, &["x-other: not signed"]),
    ];
    refused.iter().map(case(true)).chain(signed.iter().map(case(false))).collect()
}

pub fn names() -> Vec<Name> {
    names_of(&cases())
}

#[test]
fn what_a_caller_adds_is_signed_or_refused() {
    let upstream = Upstream::serving(&[HOST]);
    upstream.answers(|received| SERVICE.answer(received));
    let home = Home::with(Door::Daemon, &upstream);
    home.store("AWS_S3_ACCESS_KEY_ID", KEY_ID);
    home.run(&["secrets", "create", "--name", "AWS_S3_SECRET_ACCESS_KEY", "--value", SECRET, "--host", HOST])
        .ok();
    let mut findings = Findings::default();
    for case in cases() {
        let Adds { target, headers, refused } = case.attack.clone();
        let mut words = vec!["invoke", "aws-s3/objects-read", "--method", "GET", "--path", target];
        headers.iter().for_each(|header| words.extend(["--header", *header]));
        for door in Door::BOTH {
            let done = home.run_through(door, &words);
            let received = upstream.take();
            let shown = || format!("{door:?} {:?} {}{}", done.code, done.text(), done.errors());
            let code = if refused { Some(3) } else { Some(0) };
            findings.hold(done.code == code, &case.name(), shown);
            findings.hold(received.len() == usize::from(!refused), &case.name(), shown);
            let sent: String =
                received.iter().map(|one| one.target.clone() + &one.headers_as_text()).collect();
            findings.hold(!sent.contains(SECRET), &case.name(), || sent.clone());
        }
    }
    findings.end();
}

/// A signature that comes back is as good as the request that it stands for, and is taken out.
#[test]
fn an_echoed_signature_does_not_come_back() {
    let upstream = Upstream::serving(&[HOST]);
    let home = Home::with(Door::Daemon, &upstream);
    home.store("AWS_S3_ACCESS_KEY_ID", KEY_ID);
    home.run(&["secrets", "create", "--name", "AWS_S3_SECRET_ACCESS_KEY", "--value", SECRET, "--host", HOST])
        .ok();
    upstream.answers(|received| Answer::text(received.headers_as_text()));
    let done = home.run(&["invoke", "aws-s3/objects-read", "--method", "GET", "--path", PLAIN]).ok();
    let sent = upstream.take_one();
    let signature = sent.header("authorization").rsplit_once("Signature=").unwrap().1.to_owned();
    assert!(!done.text().contains(&signature), "{}", done.text());
}
