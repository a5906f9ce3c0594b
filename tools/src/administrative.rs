//! By which words an operation is known to administer: it makes credentials, lets people in,
//! or changes what an account is and what it pays. Such operations stay off until an
//! operator enables them by name.
//!
//! A sign is a guess that a person looks at, not a rule of the broker.

use crate::api::{Operation, Piece, Route, words};
use crate::spec::Method;

/// Where a sign is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// In the literal segments of the path.
    Path,
    /// At the end of the last literal segment: what the operation is about.
    SubjectEnd,
    /// The whole last literal segment.
    Subject,
    /// The first segment that is no version, when it names the one that the key belongs to.
    Root,
    /// In a tag.
    Tag,
    /// In the path, a tag, the operation's id or its summary.
    Anywhere,
}

/// Which operations a sign is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    All,
    /// Those that change something.
    Writes,
}

struct Sign {
    at: At,
    of: Of,
    words: &'static [&'static str],
    why: &'static str,
}

const CREDENTIALS: &str = "makes, shows or revokes credentials, which then work without the vault";
const SIGNING: &str = "shows or changes the secret that proves where a webhook comes from";
const PEOPLE: &str = "lets people in, puts them out or changes what they may do";
const ACCOUNT: &str = "administers the organisation or the account as a whole";
const SIGN_ON: &str = "changes how people sign on";
const MONEY: &str = "is about what the account pays";
const RECORD: &str = "reads the record of who did what";
const NETWORK: &str = "changes from where the account can be reached";

const SIGNS: &[Sign] = &[
    Sign {
        at: At::Anywhere,
        of: Of::All,
        words: &[
            "api key",
            "apikey",
            "personal access token",
            "deploy key",
            "deploy token",
            "service account",
            "api token",
            "client secret",
            "service token",
            "app password",
            "oauth client",
            "oauth application",
            "scoped token",
        ],
        why: CREDENTIALS,
    },
    Sign {
        at: At::Path,
        of: Of::All,
        words: &[
            "access token",
            "auth token",
            "user token",
            "account token",
            "member token",
            "organization token",
            "enterprise token",
            "project token",
            "registration token",
            "user key",
            "account key",
            "ssh key",
            "gpg key",
            "ssh signing key",
            "credential rotate",
            "rotate key",
            "token revoke",
            "auth revoke",
            "oauth",
            "oauth2",
            "revoke token",
        ],
        why: CREDENTIALS,
    },
    Sign { at: At::SubjectEnd, of: Of::All, words: &["secret"], why: CREDENTIALS },
    Sign {
        at: At::Anywhere,
        of: Of::All,
        words: &[
            "webhook secret",
            "signing secret",
            "signing key",
            "webhook key",
            "secret rotate",
            "rotate secret",
        ],
        why: SIGNING,
    },
    Sign {
        at: At::Subject,
        of: Of::Writes,
        words: &[
            "user",
            "member",
            "membership",
            "invite",
            "invitation",
            "collaborator",
            "teammate",
            "seat",
            "role",
            "permission",
        ],
        why: PEOPLE,
    },
    Sign {
        at: At::Path,
        of: Of::Writes,
        words: &[
            "user suspend",
            "user deactivate",
            "user disable",
            "user invite",
            "member deactivate",
            "transfer ownership",
            "subuser",
            "sub account",
            "subaccount",
        ],
        why: PEOPLE,
    },
    Sign {
        at: At::Anywhere,
        of: Of::Writes,
        words: &["invite user", "invite member", "deactivate user", "user management", "impersonate"],
        why: PEOPLE,
    },
    Sign {
        at: At::Subject,
        of: Of::Writes,
        words: &["organization", "organisation", "enterprise", "workspace"],
        why: ACCOUNT,
    },
    Sign { at: At::Root, of: Of::All, words: &["organization", "organisation", "org"], why: ACCOUNT },
    Sign { at: At::Path, of: Of::All, words: &["admin", "administrator", "administration"], why: ACCOUNT },
    Sign { at: At::Tag, of: Of::All, words: &["admin", "administration"], why: ACCOUNT },
    Sign {
        at: At::Anywhere,
        of: Of::All,
        words: &["sso", "saml", "scim", "single sign on", "identity provider", "ldap"],
        why: SIGN_ON,
    },
    Sign { at: At::Path, of: Of::Writes, words: &["password", "two factor", "2fa", "mfa"], why: SIGN_ON },
    Sign { at: At::Path, of: Of::All, words: &["billing"], why: MONEY },
    Sign { at: At::Tag, of: Of::All, words: &["billing"], why: MONEY },
    Sign {
        at: At::Anywhere,
        of: Of::All,
        words: &["audit log", "audit event", "audit trail", "access log"],
        why: RECORD,
    },
    Sign {
        at: At::Anywhere,
        of: Of::All,
        words: &["ip allow list", "ip allowlist", "ip whitelist", "ip access management", "ip restriction"],
        why: NETWORK,
    },
];

/// Why an operation is taken to be administrative, if it is.
pub fn why(operation: &Operation) -> Option<&'static str> {
    let text = Text::of(operation);
    let writes = !matches!(operation.method, Method::Get | Method::Head | Method::Options);
    let fits = |sign: &&Sign| {
        (writes || sign.of == Of::All) && sign.words.iter().any(|words| text.has(sign.at, words))
    };
    SIGNS.iter().find(fits).map(|sign| sign.why)
}

struct Text {
    path: String,
    subject: String,
    root: String,
    tags: Vec<String>,
    names: [String; 2],
}

impl Text {
    fn of(operation: &Operation) -> Self {
        let literals: Vec<&str> = operation.route.literals().collect();
        Self {
            path: words::words(&literals.join("/")),
            root: root(&operation.route),
            subject: words::words(literals.last().copied().unwrap_or_default()),
            tags: operation.tags.iter().map(|tag| words::words(tag)).collect(),
            names: [words::words(&operation.id), words::words(&opening(&operation.summary))],
        }
    }

    fn has(&self, at: At, phrase: &str) -> bool {
        let tagged = || self.tags.iter().any(|tag| words::has(tag, phrase));
        match at {
            At::Path => words::has(&self.path, phrase),
            At::SubjectEnd => self.subject.ends_with(&format!(" {phrase} ")),
            At::Subject => self.subject.trim() == phrase,
            At::Root => self.root == phrase,
            At::Tag => tagged(),
            At::Anywhere => {
                words::has(&self.path, phrase)
                    || tagged()
                    || self.names.iter().any(|name| words::has(name, phrase))
            }
        }
    }
}

/// The first segment that is no version and no `api`, as it is written, if a literal follows it:
/// `/organization/users` is about one's own, `/organizations/{id}` is about any.
fn root(route: &Route) -> String {
    let mut pieces = route.pieces().iter().skip_while(|piece| is_version(piece));
    match (pieces.next(), pieces.next()) {
        (Some(Piece::Literal(root)), None | Some(Piece::Literal(_))) => root.to_lowercase(),
        _ => String::new(),
    }
}

fn is_version(piece: &Piece) -> bool {
    let Piece::Literal(text) = piece else { return false };
    text == "api" || text.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit())
}

/// The start of a summary, which says what is done; what follows says to whom and when.
fn opening(summary: &str) -> String {
    let sentence = summary.split(". ").next().unwrap_or_default();
    sentence.split_whitespace().take(8).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn guess(method: Method, path: &str, summary: &str) -> Option<&'static str> {
        let route = Route::parse(path);
        why(&Operation {
            method,
            host: None,
            spelled: vec![route.clone()],
            route,
            tags: Vec::new(),
            id: String::new(),
            summary: summary.to_owned(),
            takes_json: false,
        })
    }

    #[test]
    fn signs_are_seen_in_their_places() {
        for (method, path, summary, wanted) in [
            (Method::Get, "/v1/apiKeys", "", Some(CREDENTIALS)),
            (Method::Get, "/v1/things", "List API keys", Some(CREDENTIALS)),
            (Method::Get, "/v1/repos/{id}/actions/secrets", "", Some(CREDENTIALS)),
            (Method::Post, "/v1/webhooks/{id}/secret/rotate", "", Some(SIGNING)),
            (Method::Post, "/v1/users", "", Some(PEOPLE)),
            (Method::Get, "/v1/users", "", None),
            (Method::Post, "/v1/users/{id}/playlists", "", None),
            (Method::Put, "/v1/cards/{id}/idMembers", "", None),
            (Method::Delete, "/v1/teams/{id}/members/{user}", "", Some(PEOPLE)),
            (Method::Get, "/v1/organization/usage", "", Some(ACCOUNT)),
            (Method::Get, "/v1/organizations/{id}/boards", "", None),
            (Method::Get, "/v1/audit-logs", "", Some(RECORD)),
            (
                Method::Get,
                "/v1/things",
                "Read one of the many things of the account that an API key made",
                None,
            ),
        ] {
            assert_eq!(guess(method, path, summary), wanted, "{method} {path} {summary}");
        }
    }
}
