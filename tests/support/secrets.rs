//! Keys that were never anybody's, and the shapes in which one could show.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

pub const OPENAI: &str = "sk-proj-t3St+K3y/Zq7Rw_9xV2mLd8Yc4Hb6NfJs1Pe5Ug0";

/// The ways to write `secret` that a reader could turn back.
pub fn spellings(secret: &str) -> Vec<Vec<u8>> {
    let bytes = secret.as_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut all = vec![
        secret.to_owned(),
        STANDARD.encode(bytes),
        STANDARD_NO_PAD.encode(bytes),
        URL_SAFE.encode(bytes),
        URL_SAFE_NO_PAD.encode(bytes),
        STANDARD.encode(format!("Bearer {secret}")),
        percent_encode(bytes, NON_ALPHANUMERIC).to_string(),
        bytes.iter().map(|byte| lower_percent(*byte)).collect(),
        hex.to_uppercase(),
        hex,
    ];
    all.dedup();
    all.into_iter().map(String::into_bytes).collect()
}

fn lower_percent(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02x}") }
}

/// Fails when `haystack` holds `secret` in any spelling.
#[track_caller]
pub fn assert_absent(secret: &str, haystack: &[u8], place: &str) {
    for needle in spellings(secret) {
        assert!(
            memchr::memmem::find(haystack, &needle).is_none(),
            "the secret stands in {place} as {:?}",
            String::from_utf8_lossy(&needle)
        );
    }
}
