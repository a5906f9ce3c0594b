//! A Secret Service of the test's own, as a desktop session has one: gnome-keyring on a session bus.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::support::wait;

const BUS: &str = "/usr/bin/dbus-daemon";
const KEYRING: &str = "/usr/bin/gnome-keyring-daemon";
const ASK: &str = "/usr/bin/dbus-send";

/// Set where the programs must be there, so that no test is passed over in silence.
const REQUIRED: &str = "AIVAULT_TEST_KEYCHAIN";

pub struct Session {
    folder: TempDir,
    running: Vec<Child>,
}

impl Session {
    /// None, with a word on why, where the programs are not installed.
    pub fn begin() -> Option<Self> {
        if let Some(missing) = [BUS, KEYRING, ASK].iter().find(|program| !Path::new(program).exists()) {
            assert!(
                std::env::var_os(REQUIRED).is_none(),
                "{missing} is not installed, and {REQUIRED} is set"
            );
            eprintln!("skipped: {missing} is not installed (apt-get install gnome-keyring dbus)");
            return None;
        }
        let mut session = Self { folder: tempfile::tempdir().unwrap(), running: Vec::new() };
        session.start(BUS, &["--session", "--nofork", "--address", &session.bus()], b"");
        wait::until("the session bus listens", || session.path("bus").exists().then_some(()));
        let control = session.path("control").display().to_string();
        let words = ["--foreground", "--unlock", "--components=secrets", "--control-directory", &control];
        session.start(KEYRING, &words, b"the login's passphrase");
        wait::until("the keyring answers", || session.has_secrets().then_some(()));
        Some(session)
    }

    /// What a program of the session finds it by.
    pub fn variables(&self) -> [(&'static str, String); 1] {
        [("DBUS_SESSION_BUS_ADDRESS", self.bus())]
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn bus(&self) -> String {
        format!("unix:path={}", self.path("bus").display())
    }

    fn start(&mut self, program: &str, words: &[&str], input: &[u8]) {
        let mut command = Command::new(program);
        command.args(words).env_clear().env("PATH", "/usr/bin:/bin").envs(self.variables());
        for name in ["HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"] {
            command.env(name, self.folder.path());
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        self.running.push(child);
    }

    fn has_secrets(&self) -> bool {
        let question = [
            "--session",
            "--print-reply",
            "--dest=org.freedesktop.DBus",
            "/",
            "org.freedesktop.DBus.NameHasOwner",
            "string:org.freedesktop.secrets",
        ];
        let answer = Command::new(ASK).args(question).envs(self.variables()).output().unwrap();
        String::from_utf8_lossy(&answer.stdout).contains("boolean true")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for child in self.running.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
