//! Variables that look like keys by their names, which is all that is known of them.
//!
//! Pure. Names are told, values never.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// How the names of variables end that hold a key.
const KEY_ENDINGS: [&str; 14] = [
    "API_KEY",
    "APIKEY",
    "ACCESS_KEY",
    "ADMIN_KEY",
    "AUTH_KEY",
    "MASTER_KEY",
    "PRIVATE_KEY",
    "SECRET_KEY",
    "SECRET",
    "TOKEN",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "CREDENTIALS",
];

/// What is not empty, looks like a key by its name, and is not meant to stay.
pub(super) fn among(all: &BTreeMap<OsString, OsString>, keep: &[String]) -> Vec<String> {
    let names = all.iter().filter(|(_, value)| !value.is_empty()).filter_map(|(name, _)| name.to_str());
    let is_suspect = |name: &&str| looks_like_key(name) && !keep.iter().any(|kept| kept == name);
    names.filter(is_suspect).map(str::to_owned).collect()
}

/// Whether its last words are those of a key.
fn looks_like_key(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    KEY_ENDINGS.iter().any(|ending| {
        name.strip_suffix(ending).is_some_and(|before| before.is_empty() || before.ends_with('_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_of_a_name_tell() {
        for name in [
            "MY_API_KEY",
            "token",
            "DB_PASSWORD",
            "AWS_SECRET_ACCESS_KEY",
            "SECRET",
            "A_TOKEN",
            "X_CREDENTIALS",
        ] {
            assert!(looks_like_key(name), "{name}");
        }
        for name in
            ["PATH", "KEY", "MONKEY", "XTOKEN", "TOKENIZERS_PARALLELISM", "SSH_AUTH_SOCK", "TOKEN_FILE_PATH"]
        {
            assert!(!looks_like_key(name), "{name}");
        }
    }
}
