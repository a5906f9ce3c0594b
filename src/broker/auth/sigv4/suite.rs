//! The signing test suite that AWS publishes for Signature Version 4 (awslabs/aws-c-auth,
//! `tests/aws-signing-test-suite/v4`): all 38 requests that are signed in headers, each with its
//! signature.
//!
//! Where a request line there holds what no request line may (a space, UTF-8), it stands here as a
//! client would send it.

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SessionTokenMode, SignableBody, SigningSettings,
    UriPathNormalizationMode,
};

use super::{AwsRules, Scope, Signable, settings};

/// In what a case differs from how most services are called.
#[derive(Clone, Copy)]
enum Manner {
    Plain,
    /// The path is signed as it is.
    AsItIs,
    /// The path is escaped once, and that is how it is written here.
    Once,
    /// The body's hash is sent as well.
    Hash,
    Token(&'static str),
    /// The token is sent, but not signed.
    TokenBehind(&'static str),
}
use Manner::{AsItIs, Hash, Once, Plain, Token, TokenBehind};

/// Name, manner, method and target, headers, body, signature.
type Case =
    (&'static str, Manner, &'static str, &'static [(&'static str, &'static str)], &'static str, &'static str);

const KEYS: [&str; 2] = ["AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"];
const SHORT: &str = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
const LONG: &str = concat!(
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqT",
    "flfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9",
    "HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYv",
    "KTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==",
);
/// 2015-08-30T12:36:00Z
const NOW_MS: u64 = 1_440_938_160_000;

#[rustfmt::skip]
const CASES: &[Case] = &[
    ("get-header-key-duplicate", Plain, "GET /", &[("my-header1", "value2"), ("my-header1", "value2"), ("my-header1", "value1")], "", "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"),
    ("get-header-value-multiline", Plain, "GET /", &[("my-header1", "value1  value2     value3")], "", "cfd34249e4b1c8d6b91ef74165d41a32e5fab3306300901bb65a51a73575eefd"),
    ("get-header-value-order", Plain, "GET /", &[("my-header1", "value4"), ("my-header1", "value1"), ("my-header1", "value3"), ("my-header1", "value2")], "", "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"),
    ("get-header-value-trim", Plain, "GET /", &[("my-header1", " value1"), ("my-header2", " \"a   b   c\"")], "", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
    ("get-relative-normalized", Plain, "GET /example/..", &[], "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    ("get-relative-relative-normalized", Plain, "GET /example1/example2/../..", &[], "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    ("get-relative-relative-unnormalized", AsItIs, "GET /example1/example2/../..", &[], "", "dc33e0856fd4baca4d7aa2146c38958283844764f38c74252a333df5e613003b"),
    ("get-relative-unnormalized", AsItIs, "GET /example/..", &[], "", "eca7ead57bb5aa5c8e28007acd4ff04e1ff9a0ff3b237ec1554a184887ff9282"),
    ("get-slash-dot-slash-normalized", Plain, "GET /./", &[], "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    ("get-slash-dot-slash-unnormalized", AsItIs, "GET /./", &[], "", "68714168e6557f8f2de0ef956fc24dc2593a4bd2961f8df51898d8a134695145"),
    ("get-slash-normalized", Plain, "GET //", &[], "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    ("get-slash-pointless-dot-normalized", Plain, "GET /./example", &[], "", "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"),
    ("get-slash-pointless-dot-unnormalized", AsItIs, "GET /./example", &[], "", "beb03f223f7deae4146464f06e29eebbee9c8afbe15c290cf07aa8b119e14cff"),
    ("get-slash-unnormalized", AsItIs, "GET //", &[], "", "c88bcd3d312d75078c0cd961d6deae3f4c754924b01669efcfcb439fd5e5b76e"),
    ("get-slashes-normalized", Plain, "GET //example//", &[], "", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
    ("get-slashes-unnormalized", AsItIs, "GET //example//", &[], "", "87cca117541a147f6df867677d98a7d80dff226d2bfca9e4ffa899665623c7e5"),
    ("get-space-normalized", Once, "GET /example%20space/", &[], "", "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
    ("get-space-unnormalized", Once, "GET /example%20space/", &[], "", "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
    ("get-unreserved", Plain, "GET /-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", &[], "", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
    ("get-utf8", Once, "GET /%E1%88%B4", &[], "", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
    ("get-vanilla", Plain, "GET /", &[], "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    ("get-vanilla-empty-query-key", Plain, "GET /?Param1=value1", &[], "", "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"),
    ("get-vanilla-query", Plain, "GET /", &[], "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    ("get-vanilla-query-order-encoded", Plain, "GET /?Param-3=Value3&Param=Value2&%E1%88%B4=Value1", &[], "", "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"),
    ("get-vanilla-query-order-key-case", Plain, "GET /?Param2=value2&Param1=value1", &[], "", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
    ("get-vanilla-query-unreserved", Plain, "GET /?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", &[], "", "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"),
    ("get-vanilla-utf8-query", Plain, "GET /?%E1%88%B4=bar", &[], "", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"),
    ("get-vanilla-with-session-token", Token(SHORT), "GET /", &[], "", "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"),
    ("post-header-key-case", Plain, "POST /", &[], "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    ("post-header-key-sort", Plain, "POST /", &[("my-header1", "value1")], "", "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"),
    ("post-header-value-case", Plain, "POST /", &[("my-header1", "VALUE1")], "", "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"),
    ("post-sts-header-after", TokenBehind(LONG), "POST /", &[], "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    ("post-sts-header-before", Token(LONG), "POST /", &[], "", "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"),
    ("post-vanilla", Plain, "POST /", &[], "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    ("post-vanilla-empty-query-value", Plain, "POST /?Param1=value1", &[], "", "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"),
    ("post-vanilla-query", Plain, "POST /?Param1=value1", &[], "", "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"),
    ("post-x-www-form-urlencoded", Hash, "POST /", &[("content-type", "application/x-www-form-urlencoded"), ("content-length", "13")], "Param1=value1", "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"),
    ("post-x-www-form-urlencoded-parameters", Hash, "POST /", &[("content-type", "application/x-www-form-urlencoded; charset=utf-8"), ("content-length", "13")], "Param1=value1", "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422"),
];

/// The product's own settings for most services, but for what the case is about.
fn settings_of(manner: Manner) -> SigningSettings {
    let mut settings = settings(AwsRules::General);
    settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
    match manner {
        Plain | Token(_) => {}
        AsItIs => settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled,
        Once => settings.percent_encoding_mode = PercentEncodingMode::Single,
        Hash => settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256,
        TokenBehind(_) => settings.session_token_mode = SessionTokenMode::Exclude,
    }
    settings
}

#[test]
fn every_request_of_the_published_suite_has_its_signature() {
    assert_eq!(CASES.len(), 38);
    for (name, manner, line, headers, body, signature) in CASES {
        let (method, target) = line.split_once(' ').unwrap();
        let token =
            if let Token(token) | TokenBehind(token) = manner { Some((*token).to_owned()) } else { None };
        let request = Signable {
            method,
            url: format!("https://example.amazonaws.com{target}"),
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            body: SignableBody::Bytes(body.as_bytes()),
        };
        let scope = Scope { region: "us-east-1", service: "service", now_ms: NOW_MS };
        let keys = Credentials::new(KEYS[0], KEYS[1], token, None, "suite");
        let (_, signed) = request.sign(&keys, &scope, settings_of(*manner)).unwrap();
        assert_eq!(str::from_utf8(&signed).unwrap(), *signature, "{name}");
    }
}
