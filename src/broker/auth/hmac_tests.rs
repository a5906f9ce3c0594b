//! Signatures that providers publish, and others computed apart from this code, with Python's `hmac`.

use super::*;
use crate::spec::hmac::Message;

const ORDER: &str = r#"{"price":"1.0","size":"1.0","side":"buy","product_id":"BTC-USD"}"#;
const KEY_64: &str =
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==";

/// A request and how it is signed.
struct Case {
    key: &'static str,
    ways: (KeyEncoding, HmacAlgorithm, SignatureEncoding),
    message: &'static str,
    method: &'static str,
    target: &'static str,
    now_ms: u64,
    body: &'static str,
    signature: &'static str,
}

use HmacAlgorithm::{Sha1, Sha256, Sha512};
use KeyEncoding::{Base64 as Base64Key, Hex as HexKey, Raw};
use SignatureEncoding::{Base64, Hex};

fn signed(case: &Case) -> Result<String, AuthError> {
    let scheme = spec::Hmac {
        key: crate::spec::Template::parse("{{secret}}").unwrap(),
        key_encoding: case.ways.0,
        algorithm: case.ways.1,
        encoding: case.ways.2,
        message: Message::parse(case.message).unwrap(),
        headers: Vec::new().into(),
        query: Vec::new().into(),
    };
    let secrets = Secrets::new();
    let nonce = std::array::from_fn(|at| at as u8);
    let given = Given::at(case.now_ms, nonce, Some(case.body.as_bytes()));
    let (method, target) = (case.method, case.target);
    let parts = Parts { method, host: "api.acme.example", target, secrets: &secrets, given: &given };
    let key = decoded(Zeroizing::new(case.key.into()), case.ways.0)?;
    Ok(signature(&scheme, &key, &parts)?.to_string())
}

const CASES: &[Case] = &[
    // Binance publishes key, query and signature.
    Case {
        key: "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j",
        ways: (Raw, Sha256, Hex),
        message: "{{request.query}}{{request.body}}",
        method: "POST",
        target: "/api/v3/order?symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559",
        now_ms: 0,
        body: "",
        signature: "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71",
    },
    // GitHub publishes this one, of webhooks.
    Case {
        key: "It's a Secret to Everybody",
        ways: (Raw, Sha256, Hex),
        message: "{{request.body}}",
        method: "POST",
        target: "/",
        now_ms: 0,
        body: "Hello, World!",
        signature: "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
    },
    // As Coinbase Exchange has it.
    Case {
        key: KEY_64,
        ways: (Base64Key, Sha256, Base64),
        message: "{{time.seconds}}{{request.method}}{{request.target}}{{request.body}}",
        method: "POST",
        target: "/orders?a=1",
        now_ms: 1_499_827_319_559,
        body: ORDER,
        signature: "iwmTBzJCn3s7b1Fwl04ZXsP7Nnj0pgfnoC2z+a2n1MM=",
    },
    // As OKX has it.
    Case {
        key: "22582BD0CFF14C41EDBF1AB98506286D",
        ways: (Raw, Sha256, Base64),
        message: "{{time.iso}}{{request.method}}{{request.target}}{{request.body}}",
        method: "GET",
        target: "/api/v5/account/balance?ccy=BTC",
        now_ms: 1_607_418_537_715,
        body: "",
        signature: "HiZhvSfMtWJA3uUIVXV3a/bSXNPCWvYFXoGCVS8V4zY=",
    },
    // Lines, and everything else that is computed.
    Case {
        key: "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0B0B",
        ways: (HexKey, Sha512, Hex),
        message: "{{request.method}}\n{{request.path}}\n{{request.query}}\n{{request.body_sha256}}\n{{nonce}}\n{{request.host}}",
        method: "POST",
        target: "/v1/things?a=1",
        now_ms: 0,
        body: ORDER,
        signature: "2d959c7df5b07b7a03b6f9b95e3f936afa4fbfff97be5637a94fe71308a76e6ba348d27f7cd6fc573ab67dfda77b0989ef433c02874e6e8f28e1f433a1e99551",
    },
    Case {
        key: "key",
        ways: (Raw, Sha1, Base64),
        message: "{{request.method}}\n{{request.path}}\n{{request.query}}",
        method: "GET",
        target: "/a%20b",
        now_ms: 0,
        body: "",
        signature: "hNSYCVZlaHQpPN144xEqA+l7Wk0=",
    },
];

#[test]
fn requests_have_the_signatures_that_others_compute() {
    for case in CASES {
        assert_eq!(signed(case).unwrap(), case.signature, "{}", case.message);
    }
}

/// RFC 2202 and RFC 4231, test case 2.
#[test]
fn each_algorithm_is_what_it_is_called() {
    for (algorithm, signature) in [
        (Sha1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
        (Sha256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (
            Sha512,
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
        ),
    ] {
        let case = Case {
            key: "Jefe",
            ways: (Raw, algorithm, Hex),
            message: "{{request.body}}",
            body: "what do ya want for nothing?",
            ..CASES[1]
        };
        assert_eq!(signed(&case).unwrap(), signature);
    }
}

#[test]
fn a_key_that_is_not_written_as_it_should_be_signs_nothing() {
    for (key, encoding) in [("0b0", HexKey), ("0x0b", HexKey), ("a b=", Base64Key), ("a-_b", Base64Key)] {
        let case = Case { key, ways: (encoding, Sha256, Hex), ..CASES[0] };
        let error = signed(&case).unwrap_err();
        assert!(matches!(error, AuthError::KeyEncoding(_)), "{key}");
        assert!(!error.to_string().contains(key), "{error}");
    }
    let unpadded = Case { key: KEY_64.trim_end_matches('='), ..CASES[2] };
    assert_eq!(signed(&unpadded).unwrap(), CASES[2].signature);
}
