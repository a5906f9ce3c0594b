//! Callers' access tokens, end to end: operators mint, list and revoke them with the built programs,
//! and what a caller with one may do is decided where every call is.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;
use std::sync::LazyLock;
use std::time::Duration;

use aivault::service::{Call, Caller, Command, ErrorKind, KeySources, Local, RequestBody, ServiceError};
use aivault::settings::Places;
use aivault::spec::{CredentialName, Scope, ScopeId};
use futures_util::StreamExt as _;
use support::{Done, Door, Home, Upstream, secrets};
use tokio::runtime::Runtime;

const WORK: &str = "sk-work-0123456789abcdefghij";

fn mint(home: &Home, more: &[&str]) -> Done {
    home.run(&[&["token", "mint"], more].concat())
}

/// The text of a new token.
fn minted(home: &Home, more: &[&str]) -> String {
    mint(home, more).ok().text().trim_end().to_owned()
}

/// The service on the home's vault, in this process.
fn local(home: &Home) -> Local {
    let vault = home.vault();
    let places = Places {
        key_file: vault.join("kek.key"),
        audit: vault.join("audit"),
        socket: home.socket(),
        vault: vault.clone(),
        given: Some(vault),
        socket_given: false,
    };
    Local::new(places, KeySources::default())
}

fn call(capability: &str, path: &str) -> Call {
    Call {
        capability: capability.to_owned(),
        credential: None,
        scope: Scope::Global,
        method: Some("GET".to_owned()),
        path: Some(path.to_owned()),
        headers: Vec::new(),
        has_body: false,
    }
}

fn models() -> Call {
    call("openai/models", "/v1/models")
}

/// Makes one call and reads its answer; the status, or what stopped it.
fn invoke(local: &Local, caller: &Caller, call: Call) -> Result<u16, ServiceError> {
    // One for all calls: kept connections live on it.
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
    RUNTIME.block_on(async {
        let mut reply = local.invoke(caller, call, RequestBody::Empty, None).await?;
        while let Some(piece) = reply.body.next().await {
            piece.map_err(ServiceError::from)?;
        }
        Ok(reply.status)
    })
}

#[track_caller]
fn refused(result: Result<u16, ServiceError>) -> (ErrorKind, String) {
    let error = result.unwrap_err();
    (error.kind, error.reason.unwrap_or_default())
}

fn scope_denied() -> (ErrorKind, String) {
    (ErrorKind::PolicyViolation, "token.scope".to_owned())
}

fn ended() -> (ErrorKind, String) {
    (ErrorKind::TokenInvalid, "token.expired".to_owned())
}

fn openai(door: Door) -> (Home, Upstream) {
    let upstream = Upstream::serving(&["api.openai.com", "api.github.com"]);
    let home = Home::with_openai(door, &upstream, secrets::OPENAI);
    (home, upstream)
}

#[test]
fn a_token_is_printed_once_and_alone() {
    for door in Door::BOTH {
        let (home, _upstream) = openai(door);
        let done = mint(&home, &["--capability", "openai/*", "--name", "agent-7"]).ok();
        let text = done.text();
        let token = text.strip_suffix('\n').unwrap();
        assert!(token.starts_with("aiv_") && token.len() == 68, "{token}");
        let characters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        assert!(token.bytes().all(characters), "{token}");
        let note = done.errors();
        assert!(
            note.contains("token:agent-7 may use openai/*") && note.contains("not shown again"),
            "{note}"
        );
        assert!(!note.contains(&token[4..]), "{note}");

        let list = home.run(&["token", "list"]).ok();
        for word in ["agent-7", "openai/*", "global", "in 59m"] {
            list.says(word);
        }
        let listed = home.run(&["token", "list", "--json"]).ok();
        let audit = home.run(&["audit", "--json"]).ok();
        for shown in [&list, &listed, &audit] {
            assert!(!shown.text().contains(&token[36..]), "{}", shown.text());
        }
        let one = &listed.json()[0];
        assert_eq!((&one["caller"], &one["ended"]), (&"token:agent-7".into(), &false.into()));
        let hour = one["expires_ms"].as_u64().unwrap() - one["created_ms"].as_u64().unwrap();
        assert_eq!(hour, 3_600_000);
    }
}

#[test]
fn as_json_it_comes_with_what_it_covers() {
    let (home, _upstream) = openai(Door::InProcess);
    let bounds = ["--capability", "openai/models", "--credential", "openai", "--ttl", "90s"];
    let json = mint(&home, &[&bounds[..], &["--workspace-id", "w", "--json"]].concat()).ok().json();
    assert!(json["token"].as_str().unwrap().starts_with("aiv_"));
    assert_eq!(json["capabilities"], serde_json::json!(["openai/models"]));
    assert_eq!((&json["scope"], &json["workspace"]), (&"workspace".into(), &"w".into()));
    assert_eq!(json["credential"], "openai");
    let id = json["id"].as_str().unwrap();
    assert_eq!(json["caller"], format!("token:{}", &id["ctk_".len()..][..8]));
    let listed = home.run(&["token", "list", "--json"]).ok().json();
    assert_eq!(listed[0]["id"], id);
    assert_eq!(listed[0].get("token"), None);
}

#[test]
fn what_could_cover_nothing_is_not_minted() {
    let (home, _upstream) = openai(Door::InProcess);
    for (bounds, code, said) in [
        (&["--capability", "openai/modles"][..], 5, "did you mean openai/models?"),
        (&["--capability", "opnai/*"], 5, "did you mean openai/*?"),
        (&["--capability", "openai/zzzzzz*"], 5, "did you mean openai/*?"),
        (&["--capability", "openai"], 5, "did you mean openai/*?"),
        (&["--capability", "openai/*", "--capability", "nonesuch-at-all/*"], 5, "covers no capability"),
        (&["--capability", "["], 2, "malformed"),
        (&["--capability", ""], 2, "256 bytes"),
        (&["--capability", "openai/*", "--credential", "work"], 5, "no credential `work`"),
        (&["--capability", "github/*", "--credential", "openai"], 5, "of which the token covers nothing"),
        (&["--capability", "openai/*", "--ttl", "31d"], 2, "at most thirty days"),
        (&["--capability", "openai/*", "--ttl", "0s"], 2, "at least one second"),
        (&["--capability", "openai/*", "--ttl", "1w"], 2, "90s, 15m, 1h or 7d"),
        (&["--capability", "openai/*", "--name", "Agent"], 2, "token name"),
        (&["--capability", "openai/*", "--name", "deadbeef"], 2, "token name"),
        (&["--capability", "openai/*", "--scope", "workspace"], 2, "--workspace-id"),
    ] {
        let done = mint(&home, bounds).ends(code);
        assert!(done.errors().contains(said), "{bounds:?}: {}", done.errors());
        assert!(done.stdout.is_empty(), "{bounds:?}: {}", done.text());
    }
    home.run(&["token", "list"]).ok().says("No tokens.");
    for ttl in ["1s", "30d"] {
        mint(&home, &["--capability", "*", "--ttl", ttl]).ok();
    }
}

#[test]
fn a_name_is_free_again_once_its_token_is_revoked_or_has_expired() {
    for door in Door::BOTH {
        let (home, _upstream) = openai(door);
        let named = ["--capability", "openai/*", "--name", "agent-7"];
        let first = minted(&home, &named);
        let clash = mint(&home, &named).ends(1);
        assert!(clash.errors().contains("aivault token revoke agent-7"), "{}", clash.errors());
        home.run(&["token", "revoke", "agent-7"]).ok().says("Token revoked: agent-7");
        assert_eq!(home.run(&["token", "revoke", "agent-7"]).ends(5).stdout, b"");
        assert_ne!(minted(&home, &[&named[..], &["--ttl", "1s"]].concat()), first);
        std::thread::sleep(Duration::from_millis(1_100));
        home.run(&["token", "list"]).ok().says("ended");
        minted(&home, &named);
        // The one that had expired is gone.
        assert_eq!(home.run(&["token", "list", "--json"]).ok().json().as_array().unwrap().len(), 1);
        minted(&home, &["--capability", "openai/*"]);
        home.run(&["token", "revoke", "--all"]).ok().says("Revoked: 2 tokens");
        home.run(&["token", "revoke", "--all"]).ok().says("There are no tokens.");
        let deeds: Vec<_> = home.events().into_iter().filter(|one| one.is("token.mint", "ok")).collect();
        assert_eq!(deeds.len(), 4);
        assert!(deeds[3].event["detail"].as_str().unwrap().starts_with("agent-7 for 1h: openai/*"));
        assert!(home.events().iter().any(|one| one.is("token.revoke", "ok")));
    }
}

#[test]
fn its_caller_is_known_by_the_end_of_the_text_whatever_stands_before() {
    let (home, upstream) = openai(Door::InProcess);
    let token = minted(&home, &["--capability", "openai/*", "--name", "agent-7"]);
    let local = local(&home);
    for shape in ["", "aiv_", "ghp_", "123456:", "Bearer "] {
        let caller = local.caller_of_token(&format!("{shape}{}", &token[4..])).unwrap();
        assert_eq!((caller.name(), caller.to_string()), ("token:agent-7".into(), "token:agent-7".into()));
        assert!(local.still_holds(&caller));
    }
    let caller = local.caller_of_token(&token).unwrap();
    assert_eq!(invoke(&local, &caller, models()), Ok(200));
    assert_eq!(upstream.take_one().header("authorization"), format!("Bearer {}", secrets::OPENAI));
    let entry = home.events().into_iter().find(|one| one.is("invoke", "allowed")).unwrap();
    assert_eq!(entry.event["caller"], "token:agent-7");
}

#[test]
fn what_it_does_not_cover_is_denied_and_on_record() {
    let (home, upstream) = openai(Door::InProcess);
    home.store("GITHUB_TOKEN", "ghp_0123456789abcdefghijABCDEFGHIJ012345");
    home.run(&["secrets", "create", "--name", "WORK", "--value", WORK, "--provider", "openai"]).ok();
    home.run(&["credential", "create", "work", "--provider", "openai", "--secret", "WORK"]).ok();
    let bounds = ["--capability", "openai/models", "--credential", "work", "--name", "agent-7"];
    let token = minted(&home, &bounds);
    let local = local(&home);
    let caller = local.caller_of_token(&token).unwrap();

    // None named: the token's is used, of two that there are.
    assert_eq!(invoke(&local, &caller, models()), Ok(200));
    assert_eq!(upstream.take_one().header("authorization"), format!("Bearer {WORK}"));
    let named = |name| Call { credential: Some(CredentialName::from_static(name)), ..models() };
    assert_eq!(invoke(&local, &caller, named("work")), Ok(200));
    upstream.take_one();

    let workspace = Scope::Workspace { workspace: ScopeId::from_static("w") };
    for outside in [
        named("openai"),
        call("openai/embeddings", "/v1/embeddings"),
        call("github/repos", "/user/repos"),
        call("no/such-thing", "/"),
        Call { scope: workspace, ..models() },
    ] {
        assert_eq!(refused(invoke(&local, &caller, outside.clone())), scope_denied(), "{outside:?}");
        let entry = home.events().into_iter().find(|one| one.is("invoke", "denied")).unwrap();
        assert_eq!(entry.event["reason"], "token.scope");
        assert_eq!(entry.event["caller"], "token:agent-7");
        assert_eq!(entry.event["capability"], outside.capability);
    }
    assert!(upstream.take().is_empty());
    // Nor is it one for what operators do.
    for command in [Command::TokenList, Command::Status, Command::Lock] {
        let error = local.execute(&caller, command).unwrap_err();
        assert_eq!(error.reason.as_deref(), Some("token.scope"));
    }
}

#[test]
fn its_calls_are_made_in_its_scope() {
    let (home, upstream) = openai(Door::InProcess);
    home.run(&["secrets", "create", "--name", "OPENAI_API_KEY", "--value", WORK, "--workspace-id", "w"]).ok();
    let local = local(&home);
    let caller =
        local.caller_of_token(&minted(&home, &["--capability", "openai/*", "--workspace-id", "w"])).unwrap();
    let workspace = |name| Scope::Workspace { workspace: ScopeId::from_static(name) };
    for scope in [Scope::Global, workspace("w")] {
        assert_eq!(invoke(&local, &caller, Call { scope, ..models() }), Ok(200));
        assert_eq!(upstream.take_one().header("authorization"), format!("Bearer {WORK}"));
    }
    let group = Scope::Group { workspace: ScopeId::from_static("w"), group: ScopeId::from_static("g") };
    for scope in [workspace("v"), group] {
        assert_eq!(refused(invoke(&local, &caller, Call { scope, ..models() })), scope_denied());
    }
    assert!(upstream.take().is_empty());
}

#[test]
fn rules_limits_and_bindings_know_it_by_its_name() {
    let (home, upstream) = openai(Door::InProcess);
    home.run(&["secrets", "create", "--name", "WORK", "--value", WORK, "--provider", "openai"]).ok();
    home.run(&["credential", "create", "work", "--provider", "openai", "--secret", "WORK"]).ok();
    let bind = ["capability", "bind", "--capability", "openai/*", "--credential", "work"];
    home.run(&[&bind[..], &["--consumer", "token:agent-*"]].concat()).ok();
    let file = home.path("tokens.policy.yaml");
    let rules = "policy: tokens\nversion: 1\nrules:\n  \
        - { id: no, effect: forbid, why: Not them., callers: [\"token:other\"], capabilities: [\"openai/*\"] }\n  \
        - { id: two, effect: limit, why: Few., callers: [\"token:agent-7\"], capabilities: [\"openai/*\"], \
        limit: { max: 1, per: 1d, by: caller, cost: requests } }\n";
    fs::write(&file, rules).unwrap();
    home.run(&["policy", "apply", file.to_str().unwrap()]).ok();
    let local = local(&home);
    let caller =
        |name| local.caller_of_token(&minted(&home, &["--capability", "openai/*", "--name", name])).unwrap();

    let agent = caller("agent-7");
    assert_eq!(invoke(&local, &agent, models()), Ok(200));
    assert_eq!(upstream.take_one().header("authorization"), format!("Bearer {WORK}"));
    assert_eq!(refused(invoke(&local, &agent, models())).1, "limit.exceeded");
    assert_eq!(invoke(&local, &caller("agent-8"), models()), Ok(200));
    // The binding is for the others, and of two accounts one has to be named before rules are asked.
    let other = caller("other");
    assert_eq!(refused(invoke(&local, &other, models())).1, "credential.ambiguous");
    let named = Call { credential: Some(CredentialName::from_static("work")), ..models() };
    assert_eq!(refused(invoke(&local, &other, named)).1, "forbid.matched");
    assert_eq!(upstream.take().len(), 1);
}

#[test]
fn a_revoked_token_is_refused_at_the_next_step() {
    let (home, upstream) = openai(Door::InProcess);
    let token = minted(&home, &["--capability", "openai/*", "--name", "agent-7"]);
    let local = local(&home);
    let caller = local.caller_of_token(&token).unwrap();
    assert_eq!(invoke(&local, &caller, models()), Ok(200));
    upstream.take_one();
    home.run(&["token", "revoke", "agent-7"]).ok();
    // By one who was recognised before, and by one who comes now.
    assert!(!local.still_holds(&caller));
    assert_eq!(refused(invoke(&local, &caller, models())), ended());
    let error = local.caller_of_token(&token).unwrap_err();
    assert_eq!((error.kind, error.reason.as_deref()), (ErrorKind::TokenInvalid, Some("token.unknown")));
    assert!(upstream.take().is_empty());
    assert!(local.still_holds(&Caller::process(1, None)));
}

#[test]
fn an_expired_token_says_so_to_whoever_has_it() {
    let (home, upstream) = openai(Door::InProcess);
    let token = minted(&home, &["--capability", "openai/*", "--name", "agent-7", "--ttl", "1s"]);
    let local = local(&home);
    let caller = local.caller_of_token(&token).unwrap();
    std::thread::sleep(Duration::from_millis(1_100));
    let error = local.caller_of_token(&token).unwrap_err();
    assert_eq!((error.kind, error.reason.unwrap()), ended());
    assert_eq!(error.kind.http_status(), 401);
    assert!(!local.still_holds(&caller));
    assert_eq!(refused(invoke(&local, &caller, models())), ended());
    assert!(upstream.take().is_empty());
    let entry = home.events().into_iter().find(|one| one.is("token.refuse", "denied")).unwrap();
    assert_eq!(
        (&entry.event["caller"], &entry.event["reason"]),
        (&"token:agent-7".into(), &"token.expired".into())
    );
}

#[test]
fn guesses_are_refused_and_do_not_flood_the_log() {
    let (home, _upstream) = openai(Door::InProcess);
    let token = minted(&home, &["--capability", "openai/*"]);
    let local = local(&home);
    let tail = &token[4..];
    let guesses = [String::new(), "x".to_owned(), token[..67].to_owned(), format!("aiv_{}", "A".repeat(64))];
    let wrong_end = format!("{}{}", &tail[..63], if tail.ends_with('A') { 'B' } else { 'A' });
    for guess in guesses.iter().chain([&wrong_end]).cycle().take(500) {
        let error = local.caller_of_token(guess).unwrap_err();
        assert_eq!((error.kind, error.reason.as_deref()), (ErrorKind::TokenInvalid, Some("token.unknown")));
        assert!(guess.len() < 2 || !error.to_string().contains(guess.as_str()));
    }
    let refusals =
        || home.events().into_iter().filter(|one| one.is("token.refuse", "denied")).collect::<Vec<_>>();
    let soon = refusals().len();
    assert!((1..10).contains(&soon), "{soon} lines");
    std::thread::sleep(Duration::from_millis(1_100));
    local.caller_of_token("x").unwrap_err();
    let last = &refusals()[0].event;
    assert_eq!(last["caller"], "nobody");
    assert!(last["detail"].as_str().unwrap().contains("more like this"), "{last}");
    home.run(&["audit", "verify"]).ok();
    // What is right is right at once.
    assert!(local.caller_of_token(&token).is_ok());
}

/// Not even the first command that a stranger sends makes a vault.
#[test]
fn where_there_is_no_vault_no_token_is_known_and_none_is_made() {
    let home = Home::empty(Door::InProcess);
    let error = local(&home).caller_of_token(&format!("aiv_{}", "A".repeat(64))).unwrap_err();
    assert_eq!(error.kind, ErrorKind::TokenInvalid);
    assert!(!home.vault().join("vault.db").exists());
}

#[test]
fn a_record_that_was_tampered_with_is_refused() {
    let (home, upstream) = openai(Door::InProcess);
    let token = minted(&home, &["--capability", "openai/*", "--name", "agent-7"]);
    let other = minted(&home, &["--capability", "openai/*", "--name", "agent-8"]);
    let caller = local(&home).caller_of_token(&token).unwrap();
    let id = home.run(&["token", "list", "--json"]).ok().json()[0]["id"].as_str().unwrap().to_owned();
    let sql = rusqlite::Connection::open(home.vault().join("vault.db")).unwrap();
    let edited = sql.execute("UPDATE record SET blob = zeroblob(length(blob)) WHERE id = ?1", [&id]).unwrap();
    assert_eq!(edited, 1);

    let local = local(&home);
    assert_eq!(local.caller_of_token(&token).unwrap_err().reason.as_deref(), Some("vault.tampered"));
    assert!(!local.still_holds(&caller));
    assert!(invoke(&local, &caller, models()).is_err());
    assert!(upstream.take().is_empty());
    assert!(local.caller_of_token(&other).is_ok());
    let listed = home.run(&["token", "list"]).ok();
    assert!(listed.errors().contains(&id) && !listed.text().contains("agent-7"), "{}", listed.errors());
    // It goes by its id, or with all.
    home.run(&["token", "revoke", "agent-7"]).ends(4);
    home.run(&["token", "revoke", &id]).ok();
    assert_eq!(local.caller_of_token(&token).unwrap_err().reason.as_deref(), Some("token.unknown"));
}

#[test]
fn the_help_says_what_there_is() {
    let home = Home::empty(Door::InProcess);
    let help = home.run(&["token", "--help"]).ok();
    for word in ["mint", "list", "revoke"] {
        help.says(word);
    }
    let mint = home.run(&["token", "mint", "--help"]).ok();
    for word in ["--capability", "--credential", "--ttl", "[default: 1h]", "--name", "--scope", "--json"] {
        mint.says(word);
    }
    home.run(&["token", "revoke"]).ends(2);
    home.run(&["token", "revoke", "x", "--all"]).ends(2);
}
