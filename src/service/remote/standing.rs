//! How the daemon that runs stands to this program: of the same version, or older, newer, unlike it.
//!
//! Looked at before anything is sent: what is said in words that the other end reads otherwise may be done by halves.

use std::cmp::Ordering;

use super::{Remote, SILENCE, ask_health, connect_to};
use crate::platform::process;
use crate::service::wire::{self, Health};

/// How often to ask again who breaks off.
const ATTEMPTS: usize = 3;

/// A daemon of another version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::service) struct Difference {
    pub(in crate::service) age: Age,
    /// What it calls its version.
    pub(in crate::service) version: Option<String>,
    pub(in crate::service) pid: Option<u32>,
    /// The user whose it is, where that is another.
    pub(in crate::service) of_user: Option<u32>,
    /// Whether its vault is open, as far as it says.
    pub(in crate::service) is_unlocked: bool,
}

/// Which of the two is the older.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::service) enum Age {
    Older,
    Newer,
    /// Neither: another build of the same version, or one that says nothing that can be compared.
    Unlike,
}

impl Remote {
    /// How the daemon that runs differs from this program. None where it does not, where none runs, and where whoever is
    /// there does not say: who asks it for something is told why.
    pub(in crate::service) async fn difference(&self) -> Option<Difference> {
        let (pid, uid, (words, health)) = self.ask_who_is_there().await?;
        if words.as_deref() == Some(wire::VERSION) {
            return None;
        }
        let version = health.as_ref().map(|health| health.version.clone());
        Some(Difference {
            age: age(words.as_deref().unwrap_or_default(), version.as_deref().unwrap_or_default()),
            version,
            pid,
            of_user: (uid != process::effective_uid()).then_some(uid),
            is_unlocked: health.is_some_and(|health| health.unlocked),
        })
    }
}

impl Remote {
    /// One that ends at this instant breaks off, and then another may be there.
    async fn ask_who_is_there(&self) -> Option<(Option<u32>, u32, (Option<String>, Option<Health>))> {
        for _ in 0..ATTEMPTS {
            let connection = connect_to(&self.places.socket).await.ok()?;
            let (pid, uid) = (connection.pid, connection.uid);
            if let Ok(answer) = tokio::time::timeout(SILENCE, ask_health(connection)).await.ok()? {
                return Some((pid, uid, answer));
            }
        }
        None
    }
}

/// By the number of the words, and where that is the same by the program's.
fn age(words: &str, version: &str) -> Age {
    let words = number(words).zip(number(wire::VERSION)).map(|(theirs, ours)| theirs.cmp(&ours));
    let versions = triple(version).zip(triple(env!("CARGO_PKG_VERSION")));
    let versions = versions.map(|(theirs, ours)| theirs.cmp(&ours));
    match words.map(|words| words.then(versions.unwrap_or(Ordering::Equal))) {
        Some(Ordering::Less) => Age::Older,
        Some(Ordering::Greater) => Age::Newer,
        Some(Ordering::Equal) | None => Age::Unlike,
    }
}

/// What stands before the registry's part.
fn number(words: &str) -> Option<u32> {
    words.split('-').next()?.parse().ok()
}

fn triple(version: &str) -> Option<[u32; 3]> {
    let mut parts = version.split(['.', '-', '+']).map(|part| part.parse().ok());
    let mut next = || parts.next().flatten();
    Some([next()?, next()?, next()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_count_first_and_then_the_program() {
        let ours = number(wire::VERSION).unwrap();
        let words = |by: i64| format!("{}-0", i64::from(ours) + by);
        let [same, later] = [env!("CARGO_PKG_VERSION"), "999.0.0"];
        for (said, version, expected) in [
            (words(-1), same, Age::Older),
            (words(-1), later, Age::Older),
            (words(1), same, Age::Newer),
            (words(1), "0.0.0", Age::Newer),
            (words(0), same, Age::Unlike),
            (words(0), later, Age::Newer),
            (words(0), "0.0.0", Age::Older),
            (words(0), "", Age::Unlike),
            ("x".to_owned(), later, Age::Unlike),
        ] {
            assert_eq!(age(&said, version), expected, "{said} {version}");
        }
    }
}
