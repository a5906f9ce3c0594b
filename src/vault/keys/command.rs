//! The key as a program prints it: `op read …`, `pass show …`, the command line of a cloud's key service.
//!
//! The command line stands in the header, for it must be run before there is a key. It is a list of words and goes to
//! no shell; the program is named by its whole path, and belongs to this user or the system, with nobody else allowed to
//! write to it. The environment is the home folder that was noted with it, a fixed search path, and of the session's own
//! only what such programs find their agents by.
//!
//! A header that somebody else may have written must not make this user run a program. So the machine notes, beside
//! the key files, which command its user chose; any other is refused before it is run. A header that was edited after
//! that does not open with the key that the command gives, since the key's seal covers what the header says.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::env::parse_text;
use super::error::KeyError;
use super::kek::Kek;
use crate::platform::files;
use crate::platform::output::{Bounds, output_of};
use crate::vault::hex;

/// Programs that ask a person take the time of one.
const PATIENCE: Duration = Duration::from_secs(120);
/// A key is a line; more is something else.
const MAX_OUTPUT: usize = 1024;
const MAX_WORDS: usize = 64;
const MAX_BYTES: usize = 4096;
const MAX_NAMES: usize = 16;

/// Where programs that the command starts are looked for; never taken from a caller.
const PATH: &str = if cfg!(target_os = "macos") {
    "/opt/homebrew/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
} else {
    "/usr/local/bin:/usr/bin:/bin"
};

/// What the session has to say to programs that ask an agent or a person. None of it makes another program run, and
/// with another agent there is only another key.
const SESSION: [&str; 10] = [
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "GPG_TTY",
    "LANG",
    "LOGNAME",
    "SSH_AUTH_SOCK",
    "TERM",
    "USER",
    "WAYLAND_DISPLAY",
    "XDG_RUNTIME_DIR",
];

/// Variables that decide what a program is, whoever names them.
const NEVER: [&str; 4] = ["PATH", "HOME", "IFS", "BASH_ENV"];

/// A command line that prints a key, and what it is run with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyCommand {
    /// The program by its whole path, and its arguments.
    words: Vec<String>,
    /// The home folder of whoever chose it.
    home: String,
    /// More variables of the session that it needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    variables: Vec<String>,
}

/// The environment of whoever wants the key, of which little is used.
pub type Session = Vec<(OsString, OsString)>;

impl KeyCommand {
    /// # Errors
    /// When there is no program, it is not named by its whole path, or any part is of a kind that cannot be run or
    /// kept.
    pub fn new(words: Vec<String>, home: &Path, variables: Vec<String>) -> Result<Self, KeyError> {
        let not_text = KeyError::CommandUnusable { why: "the home folder's path is no UTF-8" };
        let home = home.to_str().ok_or(not_text)?.to_owned();
        Self { words, home, variables }.checked()
    }

    /// The command line as a person reads it.
    #[must_use]
    pub fn in_a_line(&self) -> String {
        let quoted = |word: &String| {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-=:@%+,".contains(c);
            if !word.is_empty() && word.chars().all(is_plain) { word.clone() } else { format!("{word:?}") }
        };
        self.words.iter().map(quoted).collect::<Vec<_>>().join(" ")
    }

    /// What holds for the words of a header, too.
    pub(in crate::vault) fn checked(self) -> Result<Self, KeyError> {
        let length: usize = self.words.iter().chain(&self.variables).map(String::len).sum();
        let texts = || self.words.iter().chain([&self.home]);
        let is_name = |name: &String| {
            let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
            !name.is_empty() && name.bytes().all(plain)
        };
        let decides = |name: &String| {
            NEVER.contains(&name.as_str()) || name.starts_with("LD_") || name.starts_with("DYLD_")
        };
        let wrong = match () {
            () if self.words.is_empty() => "no command is given",
            () if !self.words[0].starts_with('/') => "the program is not named by its whole path",
            () if !self.home.starts_with('/') => "the home folder is not named by its whole path",
            () if self.words.len() > MAX_WORDS || length > MAX_BYTES => "the command is too long",
            () if texts().any(|text| text.contains('\0')) => "a word holds a NUL",
            () if self.variables.len() > MAX_NAMES || !self.variables.iter().all(is_name) => {
                "a variable's name is not of capitals, digits and `_`, or there are too many"
            }
            () if self.variables.iter().any(decides) => "a variable decides which program runs",
            () => return Ok(self),
        };
        Err(KeyError::CommandUnusable { why: wrong })
    }

    /// Notes on this machine that its user chose this command. The one noted before stays beside it, for until the vault
    /// is locked with the new key, the old one must open it.
    pub(super) fn note(&self, notice: &Path) -> Result<(), KeyError> {
        if let Some(folder) = notice.parent() {
            files::ensure_private_dir(folder)?;
        }
        let mark = self.mark();
        let before = noted(notice)?.into_iter().find(|noted| *noted != mark);
        let lines: Vec<String> = [mark].into_iter().chain(before).collect();
        Ok(files::write_atomic(notice, lines.join("\n").as_bytes())?)
    }

    /// The key that the command prints.
    pub(super) fn run(&self, notice: &Path, session: &Session) -> Result<Kek, KeyError> {
        self.refuse_unless_noted(notice)?;
        self.run_unnoted(session)
    }

    /// The same, where the user names the command just now.
    pub(super) fn run_unnoted(&self, session: &Session) -> Result<Kek, KeyError> {
        let program = Path::new(&self.words[0]);
        files::check_program(program)?;
        let bounds = Bounds { patience: PATIENCE, output: MAX_OUTPUT };
        let output = output_of(program, &self.words[1..], self.environment(session), bounds)?;
        let malformed = || KeyError::Malformed { origin: format!("what `{}` printed", self.in_a_line()) };
        let text = std::str::from_utf8(&output).map_err(|_| malformed())?;
        parse_text(text.trim_ascii()).ok_or_else(malformed)
    }

    fn environment(&self, session: &Session) -> Vec<(OsString, OsString)> {
        let is_wanted = |name: &OsString| {
            name.to_str().is_some_and(|name| {
                SESSION.contains(&name) || self.variables.iter().any(|variable| variable == name)
            })
        };
        let fixed = [("PATH", PATH.into()), ("HOME", OsString::from(&self.home))];
        let given = session.iter().filter(|(name, _)| is_wanted(name)).cloned();
        fixed.into_iter().map(|(name, value)| (name.into(), value)).chain(given).collect()
    }

    fn refuse_unless_noted(&self, notice: &Path) -> Result<(), KeyError> {
        if noted(notice)?.contains(&self.mark()) {
            return Ok(());
        }
        Err(KeyError::CommandUnknown { command: self.in_a_line() })
    }

    fn mark(&self) -> String {
        let mut hash = Sha256::new();
        for part in [std::slice::from_ref(&self.home), &self.words, &self.variables] {
            hash.update((part.len() as u64).to_be_bytes());
            for text in part {
                hash.update((text.len() as u64).to_be_bytes());
                hash.update(text);
            }
        }
        hex::encode(&hash.finalize())
    }
}

/// The marks of the commands that were chosen last, the newest first.
fn noted(notice: &Path) -> Result<Vec<String>, KeyError> {
    let bytes = if files::exists(notice)? { files::read_private(notice, 256)? } else { Vec::new() };
    Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0707070707070707070707070707070707070707070707070707070707070707";

    fn shell(script: &str) -> KeyCommand {
        let words = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
        KeyCommand::new(words, Path::new("/home/someone"), vec!["EXTRA".to_owned()]).unwrap()
    }

    fn session() -> Session {
        let pair = |name: &str, value: &str| (name.into(), value.into());
        vec![
            pair("EXTRA", "wanted"),
            pair("SSH_AUTH_SOCK", "agent"),
            pair("OTHER", "not wanted"),
            pair("PATH", "/evil"),
            pair("HOME", "/evil"),
            pair("LD_PRELOAD", "/evil.so"),
        ]
    }

    #[test]
    fn a_key_is_read_and_the_environment_is_its_own() {
        let script = format!(
            "[ \"$PATH:$HOME:$EXTRA:$SSH_AUTH_SOCK:$OTHER$LD_PRELOAD\" = '{PATH}:/home/someone:wanted:agent:' ] && echo {KEY}"
        );
        assert_eq!(shell(&script).run_unnoted(&session()).unwrap().as_bytes(), &[7; 32]);
    }

    #[test]
    fn what_prints_no_key_gives_none() {
        for script in ["true", "echo no key", "exit 3", &format!("echo {KEY}; exit 1"), "yes"] {
            let error = shell(script).run_unnoted(&Session::new()).err().unwrap();
            assert!(matches!(error, KeyError::Malformed { .. } | KeyError::Command(_)), "{script}: {error}");
        }
    }

    #[test]
    fn a_command_that_the_user_did_not_choose_is_not_run() {
        let folder = tempfile::tempdir().unwrap();
        let (notice, touched) = (folder.path().join("keys/kek.command"), folder.path().join("touched"));
        let chosen = shell(&format!("echo {KEY}"));
        let planted = shell(&format!("touch {}; echo {KEY}", touched.display()));
        assert!(matches!(chosen.run(&notice, &Session::new()), Err(KeyError::CommandUnknown { .. })));
        chosen.note(&notice).unwrap();
        chosen.run(&notice, &Session::new()).unwrap();
        let refused = planted.run(&notice, &Session::new());
        assert!(matches!(refused, Err(KeyError::CommandUnknown { command }) if command.contains("touch")));
        assert!(!touched.exists(), "it did not run");
        // While the vault goes over from one to the other, either opens it; of more, the last two.
        let [next, last] = ["a", "b"].map(|comment| shell(&format!("echo {KEY} # {comment}")));
        next.note(&notice).unwrap();
        assert!(chosen.run(&notice, &Session::new()).is_ok() && next.run(&notice, &Session::new()).is_ok());
        last.note(&notice).unwrap();
        assert!(chosen.run(&notice, &Session::new()).is_err() && next.run(&notice, &Session::new()).is_ok());
    }

    #[test]
    fn what_cannot_be_run_safely_is_refused() {
        let new = |words: &[&str], variables: &[&str]| {
            let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
            KeyCommand::new(own(words), Path::new("/home/a"), own(variables))
        };
        assert!(new(&["/usr/bin/pass", "show", "aivault"], &["PASSWORD_STORE_DIR"]).is_ok());
        for words in [&[][..], &["pass"], &["./pass"], &["/bin/a\0b"], &["/bin/true", &"x".repeat(5000)]] {
            assert!(new(words, &[]).is_err(), "{words:?}");
        }
        for name in ["", "a", "A=B", "PATH", "HOME", "LD_PRELOAD", "DYLD_INSERT_LIBRARIES", "BASH_ENV"] {
            assert!(new(&["/bin/true"], &[name]).is_err(), "{name}");
        }
        assert!(KeyCommand::new(vec!["/bin/true".into()], Path::new("home"), Vec::new()).is_err());
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test plays an attacker who changes modes")]
    fn a_program_that_others_can_write_to_is_not_run() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("print-key");
        std::fs::write(&program, format!("#!/bin/sh\necho {KEY}\n")).unwrap();
        let command = |mode| {
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(mode)).unwrap();
            let words = vec![program.to_str().unwrap().to_owned()];
            KeyCommand::new(words, Path::new("/"), Vec::new()).unwrap().run_unnoted(&Session::new())
        };
        command(0o755).unwrap();
        for mode in [0o777, 0o775, 0o644] {
            assert!(command(mode).is_err(), "{mode:o}");
        }
    }

    #[test]
    fn words_are_shown_apart() {
        assert_eq!(shell("echo a; b").in_a_line(), "/bin/sh -c \"echo a; b\"");
    }
}
