//! A caller's token is known by its text alone, for its time alone, and never when its record is not
//! what was written.

use super::attacker::{Row, put, row, rows};
use super::{NOW, Place};
use crate::spec::policy::Glob;
use crate::spec::{CredentialName, Scope, TokenName};
use crate::vault::store::Kind;
use crate::vault::{
    CallerTokenId, Existing, NewCallerToken, PresentedToken, Recognised, TokenText, Tokens, Vault, VaultError,
};

const EXPIRES: u64 = NOW + 1_000;

fn new(name: Option<&'static str>) -> NewCallerToken {
    NewCallerToken {
        name: name.map(TokenName::from_static),
        capabilities: vec![Glob::parse("openai/*").unwrap()],
        credential: Some(CredentialName::from_static("work")),
        scope: Scope::Global,
        created_ms: NOW,
        expires_ms: EXPIRES,
        lives_with: None,
    }
}

fn mint(vault: &mut Vault, name: Option<&'static str>) -> (CallerTokenId, TokenText) {
    let (token, text) = vault.mint_caller_token(&new(name)).unwrap();
    (token.id, text)
}

fn recognise(vault: &mut Vault, text: &str, now: u64) -> Result<Recognised, VaultError> {
    vault.recognise(&PresentedToken::parse(text).unwrap(), now)
}

fn is_valid(vault: &mut Vault, text: &TokenText) -> bool {
    matches!(recognise(vault, text.as_str(), NOW), Ok(Recognised::Valid(_)))
}

fn called(text: &str) -> Tokens {
    Tokens::Called(text.to_owned())
}

#[test]
fn a_token_is_known_in_every_handle_until_it_expires() {
    let (place, mut vault) = Place::with_vault();
    let mut other = place.open().unwrap();
    let (id, text) = mint(&mut vault, Some("agent-7"));
    drop(vault);
    let mut opened = place.open().unwrap();
    for vault in [&mut other, &mut opened] {
        let Ok(Recognised::Valid(token)) = recognise(vault, text.as_str(), EXPIRES - 1) else {
            panic!("not recognised")
        };
        assert_eq!((token.id, token.label().as_str()), (id, "agent-7"));
        assert_eq!(token.capabilities, new(None).capabilities);
        assert_eq!(token.credential, new(None).credential);
        assert!(vault.caller_token_holds(id, EXPIRES - 1).unwrap());
        assert!(matches!(recognise(vault, text.as_str(), EXPIRES), Ok(Recognised::Ended(_))));
        assert!(!vault.caller_token_holds(id, EXPIRES).unwrap());
    }
}

#[test]
fn any_other_text_is_unknown() {
    let (_place, mut vault) = Place::with_vault();
    let (_, first) = mint(&mut vault, None);
    let (_, second) = mint(&mut vault, None);
    let (first, second) = (first.as_str(), second.as_str());
    // The id of one and the secret of the other: 22 characters hold the 16 bytes of the id.
    let crossed = format!("{}{}", &first[..4 + 22], &second[4 + 22..]);
    let mut others = vec![crossed, format!("aiv_{}", "A".repeat(64))];
    for at in [4, 10, 25, 30, 60, 67] {
        let was = first.as_bytes()[at];
        let other = if was == b'A' { 'B' } else { 'A' };
        others.push(format!("{}{other}{}", &first[..at], &first[at + 1..]));
    }
    for other in others {
        assert_eq!(recognise(&mut vault, &other, NOW).unwrap(), Recognised::Unknown, "{other}");
        // A time that is over is told to whoever has the token, and to nobody else.
        assert_eq!(recognise(&mut vault, &other, EXPIRES).unwrap(), Recognised::Unknown, "{other}");
    }
}

#[test]
fn the_text_is_nowhere_in_the_files() {
    let (place, mut vault) = Place::with_vault();
    let (_, text) = mint(&mut vault, Some("agent-7"));
    drop(vault);
    for entry in std::fs::read_dir(&place.paths.folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(path).unwrap();
            for part in [&text.as_str()[4..], &text.as_str()[36..], "agent-7"] {
                assert!(!bytes.windows(part.len()).any(|window| window == part.as_bytes()));
            }
        }
    }
}

#[test]
fn a_name_is_one_tokens_while_that_holds() {
    let (_place, mut vault) = Place::with_vault();
    let (old, _) = mint(&mut vault, Some("agent-7"));
    let taken = vault.mint_caller_token(&new(Some("agent-7"))).unwrap_err();
    let name = TokenName::from_static("agent-7");
    assert!(
        matches!(taken, VaultError::AlreadyExists { what: Existing::CallerToken(of) } if of == name),
        "another error"
    );
    mint(&mut vault, None);
    mint(&mut vault, None);
    // Once its time is over it is in nobody's way, and cleared away.
    let later = NewCallerToken { created_ms: EXPIRES, expires_ms: EXPIRES + 1, ..new(Some("agent-7")) };
    let (again, _) = vault.mint_caller_token(&later).unwrap();
    let left: Vec<_> = vault.caller_tokens().unwrap().iter().map(|token| token.id).collect();
    assert_eq!(left, [again.id]);
    assert_ne!(again.id, old);
}

#[test]
fn what_is_revoked_is_unknown_everywhere_at_once() {
    let (place, mut vault) = Place::with_vault();
    let (named, by_name) = mint(&mut vault, Some("agent-7"));
    let (short, by_short) = mint(&mut vault, None);
    let (full, by_id) = mint(&mut vault, None);
    let (_, kept) = mint(&mut vault, None);
    let mut other = place.open().unwrap();
    for (id, which) in [(named, "agent-7".to_owned()), (short, short.short()), (full, full.to_string())] {
        let revoked = vault.revoke_caller_tokens(&called(&which)).unwrap();
        assert_eq!(revoked.iter().map(|one| one.id).collect::<Vec<_>>(), [id]);
        assert!(!other.caller_token_holds(id, NOW).unwrap());
        let error = vault.revoke_caller_tokens(&called(&which)).unwrap_err();
        assert!(matches!(error, VaultError::TokenNotFound { .. }), "{error}");
    }
    for text in [&by_name, &by_short, &by_id] {
        assert_eq!(recognise(&mut other, text.as_str(), NOW).unwrap(), Recognised::Unknown);
    }
    assert!(is_valid(&mut other, &kept));
    assert_eq!(vault.revoke_caller_tokens(&Tokens::All).unwrap().len(), 1);
    assert!(!is_valid(&mut other, &kept));
    assert_eq!(vault.revoke_caller_tokens(&Tokens::All).unwrap(), []);
}

#[test]
fn a_token_that_has_ended_can_still_be_revoked() {
    let (_place, mut vault) = Place::with_vault();
    let past = NewCallerToken { expires_ms: NOW, ..new(Some("old")) };
    vault.mint_caller_token(&past).unwrap();
    assert_eq!(vault.revoke_caller_tokens(&called("old")).unwrap().len(), 1);
}

/// A record under another's id, or with another's content, opens nothing.
#[test]
fn a_record_that_was_edited_is_an_error_that_names_it() {
    let (place, mut vault) = Place::with_vault();
    let (first, text) = mint(&mut vault, Some("first"));
    let (second, other) = mint(&mut vault, Some("second"));
    let whole = row(&place, &first.to_string());
    let mut flipped = whole.clone();
    // In the metadata, which is all that a token has; the end of a record is its value, here an empty one.
    flipped.blob[whole.blob.len() / 2] ^= 1;
    let swapped = Row { blob: row(&place, &second.to_string()).blob, ..whole.clone() };
    for bad in [flipped, swapped] {
        put(&place, &bad);
        let mut vault = place.open().unwrap();
        for text in [text.as_str(), &format!("{}{}", &text.as_str()[..26], "A".repeat(42))] {
            let error = recognise(&mut vault, text, NOW).unwrap_err();
            assert!(matches!(&error, VaultError::Tampered { record } if *record == first.record_name()));
        }
        assert!(vault.caller_token_holds(first, NOW).is_err());
        // The others go on, and it can be revoked by its id, though not by a name that it may have.
        assert!(is_valid(&mut vault, &other));
        assert!(matches!(
            vault.revoke_caller_tokens(&called("first")),
            Err(VaultError::Tampered { record }) if record == first.record_name()
        ));
        assert_eq!(vault.caller_tokens().unwrap().len(), 1);
    }
    let mut vault = place.open().unwrap();
    assert_eq!(vault.revoke_caller_tokens(&called(&first.short())).unwrap().len(), 1);
    assert_eq!(recognise(&mut vault, text.as_str(), NOW).unwrap(), Recognised::Unknown);
    assert!(is_valid(&mut vault, &other));
}

#[test]
fn a_revoked_token_does_not_come_back_with_its_row() {
    let (place, mut vault) = Place::with_vault();
    let (id, text) = mint(&mut vault, None);
    let old = row(&place, &id.to_string());
    vault.revoke_caller_tokens(&Tokens::All).unwrap();
    put(&place, &old);
    assert!(recognise(&mut vault, text.as_str(), NOW).is_err());
    assert!(place.open().is_err());
    assert!(rows(&place).iter().any(|row| row.kind == Kind::CallerToken.as_str()));
}

#[cfg(target_os = "linux")]
#[test]
fn a_token_ends_with_its_process() {
    use crate::platform::mark::ProcessMark;

    let (_place, mut vault) = Place::with_vault();
    let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
    let lives_with = ProcessMark::of(child.id());
    assert!(lives_with.is_some());
    let (token, text) =
        vault.mint_caller_token(&NewCallerToken { lives_with, ..new(Some("child")) }).unwrap();
    assert!(is_valid(&mut vault, &text) && vault.caller_token_holds(token.id, NOW).unwrap());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(matches!(recognise(&mut vault, text.as_str(), NOW), Ok(Recognised::Ended(_))));
    assert!(!vault.caller_token_holds(token.id, NOW).unwrap());
    // Nor does it keep its name.
    mint(&mut vault, Some("child"));
    assert_eq!(vault.caller_tokens().unwrap().len(), 1);
}
