//! The environment of a program that is run: what it had, without keys, and with what its clients read.
//!
//! Pure.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use super::suspects;
use crate::service::{ClientView, ClientsView};
use crate::settings::OWN_KEYS;

/// Each of them is what some clients read; others read both.
const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];
const LOOPBACK: [&str; 2] = ["127.0.0.1", "localhost"];

/// What a program is started with.
pub(super) struct Given {
    pub(super) variables: Vec<(OsString, OsString)>,
    /// The names of keys that were there and are not given.
    pub(super) kept: Vec<String>,
    /// The names of what is given and looks like a key, though no provider's file knows it.
    pub(super) suspects: Vec<String>,
}

/// What its operator says of variables by name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wish {
    /// Not to be given.
    pub(super) unset: Vec<String>,
    /// To be given, and nothing said of it.
    pub(super) keep: Vec<String>,
}

pub(super) fn of(
    inherited: Vec<(OsString, OsString)>,
    clients: &ClientsView,
    gateway: &str,
    token: &str,
    wish: &Wish,
) -> Given {
    let mut all: BTreeMap<OsString, OsString> = inherited.into_iter().collect();
    all.retain(|name, _| !wish.unset.iter().any(|unset| OsStr::new(unset) == name));
    let known = clients.keys.iter().map(String::as_str).chain(OWN_KEYS);
    let kept: Vec<String> = known
        .filter(|name| all.remove(OsStr::new(name)).is_some_and(|value| !value.is_empty()))
        .map(str::to_owned)
        .collect();
    let suspects = suspects::among(&all, &wish.keep);
    for ready in &clients.ready {
        let Some(client) = &ready.client else { continue };
        let url = format!("{gateway}/v/{}{}", ready.account, client.base_path);
        all.extend(client.base_url_env.as_ref().map(|name| (name.into(), url.into())));
        let token = format!("{}{token}", client.token_prefix);
        all.extend(keys(client, &kept).map(|name| (name.into(), (&token).into())));
    }
    all.insert("AIVAULT_TOKEN".into(), token.into());
    all.insert("AIVAULT_GATEWAY_URL".into(), gateway.into());
    without_proxy(&mut all);
    Given { variables: all.into_iter().collect(), kept, suspects }
}

/// The variables that hold the token: those of its keys, and of the others those that held one. Clients
/// that find two keys complain.
fn keys<'a>(client: &'a ClientView, kept: &'a [String]) -> impl Iterator<Item = &'a String> {
    client.keys.iter().chain(client.other_keys.iter().filter(|name| kept.contains(name)))
}

/// Adds the gateway to what is reached without a proxy. Where one of the variables is not there, clients
/// that look for it first went by the other.
fn without_proxy(all: &mut BTreeMap<OsString, OsString>) {
    let there = |name: &str| all.get(OsStr::new(name)).filter(|value| !value.is_empty()).cloned();
    let [upper, lower] = NO_PROXY.map(there);
    let lists = [upper.clone().or_else(|| lower.clone()), lower.or(upper)];
    for (name, list) in NO_PROXY.into_iter().zip(lists) {
        all.insert(name.into(), with_loopback(list.unwrap_or_default()));
    }
}

fn with_loopback(mut list: OsString) -> OsString {
    let hosts: Vec<String> = list.to_string_lossy().split(',').map(|host| host.trim().to_owned()).collect();
    // Some clients know `*` only where it stands alone.
    if hosts == ["*"] {
        return list;
    }
    for host in LOOPBACK {
        if !hosts.iter().any(|other| other == host) {
            if !list.is_empty() {
                list.push(",");
            }
            list.push(host);
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::ReadyView;
    use crate::spec::ProviderId;

    const URL: &str = "http://127.0.0.1:7";

    fn clients() -> ClientsView {
        let client = |env: Option<&str>, path: &str, key: &str, other: &str, prefix: &str| ClientView {
            base_url_env: env.map(str::to_owned),
            base_path: path.to_owned(),
            keys: vec![key.to_owned()],
            other_keys: vec![other.to_owned()],
            token_prefix: prefix.to_owned(),
        };
        let ready = |provider: &str, account: &str, client| ReadyView {
            provider: ProviderId::parse(provider).unwrap(),
            account: account.to_owned(),
            client,
        };
        let names = ["ACME_KEY", "ACME_TOKEN", "GIT_KEY", "GIT_TOKEN", "OTHER_KEY"];
        ClientsView {
            ready: vec![
                ready("acme", "work", Some(client(Some("ACME_URL"), "/v1", "ACME_KEY", "ACME_TOKEN", ""))),
                ready("git", "git", Some(client(None, "", "GIT_KEY", "GIT_TOKEN", "ghp_"))),
                ready("plain", "plain", None),
            ],
            keys: names.map(str::to_owned).into(),
        }
    }

    fn given(inherited: &[(&str, &str)]) -> (BTreeMap<String, String>, Vec<String>) {
        let inherited = inherited.iter().map(|(name, value)| (name.into(), value.into())).collect();
        let given = of(inherited, &clients(), URL, "aiv_x", &Wish::default());
        let text = |text: OsString| text.into_string().unwrap();
        (given.variables.into_iter().map(|(name, value)| (text(name), text(value))).collect(), given.kept)
    }

    #[test]
    fn clients_find_the_gateway_and_a_token_of_their_shape() {
        let (all, kept) =
            given(&[("PATH", "/bin"), ("HTTPS_PROXY", "http://proxy"), ("ACME_URL", "https://a")]);
        for (name, value) in [
            ("PATH", "/bin"),
            ("HTTPS_PROXY", "http://proxy"),
            ("ACME_URL", "http://127.0.0.1:7/v/work/v1"),
            ("ACME_KEY", "aiv_x"),
            ("GIT_KEY", "ghp_aiv_x"),
            ("AIVAULT_TOKEN", "aiv_x"),
            ("AIVAULT_GATEWAY_URL", URL),
            ("NO_PROXY", "127.0.0.1,localhost"),
            ("no_proxy", "127.0.0.1,localhost"),
        ] {
            assert_eq!(all.get(name).map(String::as_str), Some(value), "{name}");
        }
        assert_eq!(all.len(), 9, "{all:?}");
        assert!(kept.is_empty());
    }

    #[test]
    fn keys_stay_behind_and_are_named() {
        let inherited = [
            ("ACME_KEY", "sk-real"),
            ("GIT_TOKEN", "ghp-real"),
            ("OTHER_KEY", "real"),
            ("AIVAULT_KEY", "kek"),
            ("ACME_TOKEN", ""),
        ];
        let (all, kept) = given(&inherited);
        assert_eq!(kept, ["ACME_KEY", "GIT_TOKEN", "OTHER_KEY", "AIVAULT_KEY"]);
        assert_eq!(all["GIT_TOKEN"], "ghp_aiv_x", "one that was read is still read");
        assert!(!all.contains_key("OTHER_KEY") && !all.contains_key("AIVAULT_KEY"));
        assert!(!all.contains_key("ACME_TOKEN"), "nothing was read there");
        assert!(all.values().all(|value| !value.contains("real")), "{all:?}");
    }

    #[test]
    fn what_looks_like_a_key_and_is_given_is_named_unless_it_is_meant() {
        let told = |wish: &Wish| {
            let names = [
                "MY_API_KEY",
                "token",
                "DB_PASSWORD",
                "AWS_SECRET_ACCESS_KEY",
                "X_PRIVATE_KEY",
                "ACME_KEY",
                "PATH",
                "KEYBOARD",
                "TOKENIZERS_PARALLELISM",
                "MONKEY",
                "SSH_AUTH_SOCK",
                "XTOKEN",
            ];
            let mut inherited: Vec<_> = names.iter().map(|name| (OsString::from(name), "v".into())).collect();
            inherited.push(("EMPTY_TOKEN".into(), OsString::new()));
            let given = of(inherited, &clients(), URL, "aiv_x", wish);
            let has = |name: &str| given.variables.iter().any(|(other, _)| other == name);
            (given.suspects.clone(), has("DB_PASSWORD"), has("MY_API_KEY"))
        };
        let all = ["AWS_SECRET_ACCESS_KEY", "DB_PASSWORD", "MY_API_KEY", "X_PRIVATE_KEY", "token"];
        assert_eq!(told(&Wish::default()), (all.map(str::to_owned).into(), true, true));
        let wish = Wish { unset: vec!["DB_PASSWORD".to_owned()], keep: vec!["MY_API_KEY".to_owned()] };
        let left = ["AWS_SECRET_ACCESS_KEY", "X_PRIVATE_KEY", "token"];
        assert_eq!(told(&wish), (left.map(str::to_owned).into(), false, true));
    }

    #[test]
    fn what_goes_without_a_proxy_is_added_to() {
        let lists = |inherited: &[(&str, &str)]| {
            let (mut all, _) = given(inherited);
            NO_PROXY.map(|name| all.remove(name).unwrap())
        };
        let both = |list: &str| [list.to_owned(), list.to_owned()];
        assert_eq!(lists(&[("NO_PROXY", "a.example")]), both("a.example,127.0.0.1,localhost"));
        assert_eq!(lists(&[("no_proxy", "a"), ("NO_PROXY", "")]), both("a,127.0.0.1,localhost"));
        assert_eq!(lists(&[("NO_PROXY", "a"), ("no_proxy", "b")])[1], "b,127.0.0.1,localhost");
        assert_eq!(lists(&[("NO_PROXY", "localhost, 127.0.0.1")]), both("localhost, 127.0.0.1"));
        assert_eq!(lists(&[("NO_PROXY", "*")]), both("*"));
    }
}
