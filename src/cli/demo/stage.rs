//! Where the demo plays: a temporary folder, and this very program run there as an operator types it.
//!
//! What is run sees no environment but the vault's place, so nothing of the real vault is touched.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::error::DemoError;
use crate::platform::child::{self, Finished};
use crate::platform::lock::FileLock;
use crate::platform::temporary::TemporaryFolder;
use crate::platform::{files, process};
use crate::settings::Places;

/// How long one command may take; a slow disk is no reason to give up.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the daemon may take to finish what is under way and end.
const END: Duration = Duration::from_secs(20);
/// How often to look whether it has.
const LOOK: Duration = Duration::from_millis(5);
/// Bytes that every system has room for in a socket's path (`sun_path` has 104 or 108, its end included).
const SOCKET_PATH: usize = 103;
/// More bytes of one file than this are not searched.
const MAX_FILE: usize = 64 << 20;

/// One command and what came of it.
pub(super) struct Ran {
    /// Without the leading `aivault`.
    pub(super) typed: String,
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Ran {
    pub(super) fn succeeded(&self) -> bool {
        self.code == Some(0)
    }
}

/// The folder, the program, and whether calls go through the daemon.
pub(super) struct Stage {
    folder: TemporaryFolder,
    places: Places,
    program: PathBuf,
    calls: Calls,
}

/// How calls are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Calls {
    ThroughDaemon,
    InProcess { because: &'static str },
}

impl Stage {
    pub(super) async fn set_up() -> Result<Self, DemoError> {
        let folder = TemporaryFolder::create("aivault-demo-")?;
        let vault = folder.path().join("vault");
        let places = Places {
            key_file: vault.join("kek.key"),
            audit: vault.join("audit"),
            // Not deeper: the path of a socket has little room.
            socket: folder.path().join("aivaultd.sock"),
            socket_given: false,
            given: Some(vault.clone()),
            vault,
        };
        let program = process::current_executable()?;
        let calls = calls(&program, &places).await;
        Ok(Self { folder, places, program, calls })
    }

    pub(super) fn calls(&self) -> Calls {
        self.calls
    }

    pub(super) fn folder(&self) -> String {
        self.folder.path().display().to_string()
    }

    /// Puts a file beside the vault; gives its path.
    pub(super) fn keep(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, DemoError> {
        let path = self.folder.path().join(name);
        files::write_private_new(&path, bytes)?;
        Ok(path)
    }

    /// Runs `aivault` with what is typed after it.
    pub(super) async fn run(&self, typed: &str) -> Result<Ran, DemoError> {
        let finished = child::run_to_end(&self.program, words(typed), self.environment(), PATIENCE).await?;
        let Finished { code, stdout, stderr } = finished;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(Ran { typed: typed.to_owned(), code, stdout: text(stdout), stderr: text(stderr) })
    }

    fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        let mut pairs =
            vec![("AIVAULT_DIR", self.places.vault.clone()), ("AIVAULTD_SOCKET", self.places.socket.clone())];
        if self.calls != Calls::ThroughDaemon {
            pairs.push(("AIVAULTD_DISABLE", PathBuf::from("1")));
        }
        pairs
    }

    /// Ends the daemon that was started for this vault, if one was, and waits for its end; gives
    /// the id of its process.
    pub(super) async fn stop_daemon(&self) -> Result<Option<u32>, DemoError> {
        if self.calls != Calls::ThroughDaemon || !files::exists(&self.places.socket)? {
            return Ok(None);
        }
        let status = self.run("status --json").await?;
        let Ok(Running { daemon: Some(pid) }) = serde_json::from_str(&status.stdout) else { return Ok(None) };
        // The answer came over a socket in a folder that only this user can enter, so the id is our daemon's.
        child::ask_to_end(pid)?;
        let ended = tokio::time::timeout(END, self.daemon_is_gone()).await;
        ended.map_err(|_| DemoError::StopDaemon { pid })??;
        Ok(Some(pid))
    }

    /// The daemon holds its lock for as long as it lives.
    async fn daemon_is_gone(&self) -> Result<(), DemoError> {
        while FileLock::try_acquire(&self.places.daemon_lock())?.is_none() {
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Each file of the folder, name and content: the vault's database, its key, the audit log.
    pub(super) fn files(&self) -> Result<Vec<(String, Vec<u8>)>, DemoError> {
        let paths = self.folder.files()?;
        let read = |path: PathBuf| {
            let name = path.strip_prefix(self.folder.path()).unwrap_or(&path).display().to_string();
            Ok((name, files::read_bounded(&path, MAX_FILE)?))
        };
        paths.into_iter().map(read).collect()
    }

    pub(super) fn remove(self) -> Result<(), DemoError> {
        Ok(self.folder.remove()?)
    }
}

/// What is read of `status --json`.
#[derive(Deserialize)]
struct Running {
    daemon: Option<u32>,
}

/// Through the daemon where that can be.
async fn calls(program: &Path, places: &Places) -> Calls {
    if places.operator_socket().as_os_str().len() > SOCKET_PATH {
        return Calls::InProcess { because: "the temporary folder's path is too long for a daemon's socket" };
    }
    if !daemon_stands_beside(program).await {
        let because = "no aivaultd of this version is beside aivault (`cargo build --release` makes both)";
        return Calls::InProcess { because };
    }
    Calls::ThroughDaemon
}

/// Only a daemon of the same version counts: `cargo run` builds one program and may leave an old other.
async fn daemon_stands_beside(program: &Path) -> bool {
    let daemon = program.with_file_name("aivaultd");
    let none: [(&str, &str); 0] = [];
    let answer = child::run_to_end(&daemon, ["--version"], none, PATIENCE).await;
    let expected = concat!("aivaultd ", env!("CARGO_PKG_VERSION"), "\n");
    answer.is_ok_and(|answer| answer.code == Some(0) && answer.stdout == expected.as_bytes())
}

/// The words of a typed command. Quotes, single or double, keep what is within together and as it
/// is; the demo types nothing that needs more of a shell.
fn words(typed: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    for character in typed.chars() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_words_together() {
        let typed = r#"invoke a/b  --body '{"a b":"c"}' --value "x y" --empty '' --header 'n: v'"#;
        let expected = [
            "invoke",
            "a/b",
            "--body",
            r#"{"a b":"c"}"#,
            "--value",
            "x y",
            "--empty",
            "",
            "--header",
            "n: v",
        ];
        assert_eq!(words(typed), expected);
        assert!(words("  ").is_empty());
    }

    #[test]
    fn the_daemon_is_read_from_the_status() {
        let read = |text| serde_json::from_str::<Running>(text).unwrap().daemon;
        assert_eq!(read(r#"{"state":"unlocked","daemon":42}"#), Some(42));
        assert_eq!(read(r#"{"state":"unlocked","daemon":null}"#), None);
    }
}
