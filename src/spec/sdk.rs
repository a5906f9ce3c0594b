//! How a provider's official clients are pointed at another address, and given a token in place of a key.
//!
//! Data only: what a client's environment becomes is for whoever starts it.

use super::code::Code;
use super::compile::{Compiler, list, text};
use super::diagnostic::Place;
use super::document::SdkDocument;
use super::model::List;
use super::packed::packed_struct;
use super::text::Text;

/// Where the token stands in a shape.
const TOKEN: &str = "{token}";
/// More than any client insists on.
const LONGEST_PREFIX: usize = 40;

/// What official clients read.
#[derive(Debug, Clone, PartialEq)]
pub struct Sdk {
    pub base_url_env: Option<Text>,
    pub base_path: Text,
    /// Other variables that clients read the key from, besides the names of the secrets.
    pub key_envs: List<Text>,
    /// What stands before a token, so that it looks like a key of this provider.
    pub token_prefix: Text,
}

packed_struct!(Sdk { base_url_env, base_path, key_envs, token_prefix });

impl Compiler {
    pub(super) fn sdk(&mut self, place: &Place, document: &SdkDocument) -> Sdk {
        if let Some(name) = &document.base_url_env {
            self.variable(&place.key("base_url_env"), name);
        }
        if let Some(path) = &document.base_path {
            self.base_path(&place.key("base_path"), path);
        }
        let key_envs = place.key("key_envs");
        for (index, name) in document.key_envs.iter().enumerate() {
            self.variable(&key_envs.index(index), name);
            if document.key_envs[..index].contains(name) {
                self.report(Code::DuplicateKey, key_envs.index(index), format!("`{name}` stands here twice"));
            }
        }
        let shape = document.token_shape.as_deref();
        Sdk {
            base_url_env: document.base_url_env.as_deref().map(text),
            base_path: text(document.base_path.as_deref().unwrap_or_default()),
            key_envs: list(document.key_envs.iter().map(|name| text(name)).collect()),
            token_prefix: text(shape.map_or("", |shape| self.prefix(&place.key("token_shape"), shape))),
        }
    }

    fn variable(&mut self, place: &Place, name: &str) {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let starts_well = name.starts_with(|first: char| !first.is_ascii_digit());
        if name.len() > 100 || !starts_well || !name.bytes().all(is_word) {
            let message = "a variable is named with letters, digits and `_`, and not with a digit first";
            self.report(Code::Malformed, place.clone(), message);
        }
    }

    fn base_path(&mut self, place: &Place, path: &str) {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.');
        let is_path = path.starts_with('/') && !path.ends_with('/') && !path.contains("//");
        if !is_path || !path.bytes().all(is_plain) {
            let message = "the path that base URLs end in begins with `/` and ends without one";
            self.report(Code::Malformed, place.clone(), message);
        }
    }

    /// What a shape has before the token, which is always its end: a token is known by its last characters.
    fn prefix<'a>(&mut self, place: &Place, shape: &'a str) -> &'a str {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b':' | b'.');
        match shape.strip_suffix(TOKEN) {
            Some(prefix) if prefix.len() <= LONGEST_PREFIX && prefix.bytes().all(is_plain) => prefix,
            _ => {
                let message = "the shape of a token is what clients look for, and then `{token}` as its end";
                self.advise(Code::Malformed, place.clone(), message, "write it like `ghp_{token}`");
                ""
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiled(document: &serde_json::Value) -> (Sdk, usize) {
        let document: SdkDocument = serde_json::from_value(document.clone()).unwrap();
        let mut compiler = Compiler::default();
        let sdk = compiler.sdk(&Place::root(), &document);
        (sdk, compiler.count())
    }

    #[test]
    fn a_shape_is_known_by_what_stands_before_the_token() {
        for (shape, prefix) in [("ghp_{token}", "ghp_"), ("123456789:{token}", "123456789:"), ("{token}", "")]
        {
            let (sdk, mistakes) = compiled(&serde_json::json!({ "token_shape": shape }));
            assert_eq!((&*sdk.token_prefix, mistakes), (prefix, 0), "{shape}");
        }
        for shape in ["", "ghp_", "{token}x", "{token}{token}", "a b{token}", "é{token}", "{other}{token}"] {
            let (sdk, mistakes) = compiled(&serde_json::json!({ "token_shape": shape }));
            assert_eq!((&*sdk.token_prefix, mistakes), ("", 1), "{shape}");
        }
    }

    #[test]
    fn variables_and_base_paths_have_one_form() {
        let good = serde_json::json!({
            "base_url_env": "npm_config_registry", "base_path": "/api/1.0", "key_envs": ["GH_TOKEN"],
        });
        assert_eq!(compiled(&good).1, 0);
        for bad in [
            serde_json::json!({ "base_url_env": "" }),
            serde_json::json!({ "base_url_env": "1A" }),
            serde_json::json!({ "base_url_env": "A=B" }),
            serde_json::json!({ "key_envs": ["A", "A"] }),
            serde_json::json!({ "key_envs": ["A-B"] }),
            serde_json::json!({ "base_path": "v1" }),
            serde_json::json!({ "base_path": "/v1/" }),
            serde_json::json!({ "base_path": "//v1" }),
            serde_json::json!({ "base_path": "/v1?a" }),
        ] {
            assert_eq!(compiled(&bad).1, 1, "{bad}");
        }
    }
}
