//! A log in a folder of its own, and the ways to get at its files behind its back.
#![allow(clippy::disallowed_methods, reason = "tests change the files as an intruder or a crash would")]

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::chain::Chain;
use super::error::{AuditError, Broken};
use super::event::{Action, Event, Outcome};
use super::head::{HEAD_LEN, Head};
use super::key::AuditKey;
use super::log::AuditLog;
use super::verify::{Report, verify};

pub(super) struct Folder {
    temp: TempDir,
}

pub(super) fn key() -> AuditKey {
    AuditKey::new([7; 32])
}

pub(super) fn event(number: u64) -> Event {
    Event {
        path: Some(format!("/v1/{number}")),
        ..Event::new(number, "cli", Action::Invoke, Outcome::Allowed)
    }
}

pub(super) fn broken<T>(result: Result<T, AuditError>) -> Broken {
    match result {
        Err(AuditError::Broken(broken)) => broken,
        Err(other) => panic!("not broken but: {other}"),
        Ok(_) => panic!("what is broken was taken for good"),
    }
}

impl Folder {
    pub(super) fn new() -> Self {
        Self { temp: tempfile::tempdir().unwrap() }
    }

    /// With entries 1 to `count`, all synced.
    pub(super) fn with(count: u64) -> Self {
        let folder = Self::new();
        let log = folder.open();
        folder.fill(&log, 1, count);
        log.sync().unwrap();
        folder
    }

    /// With several small files of a few entries each.
    pub(super) fn with_files(count: u64) -> Self {
        let folder = Self::new();
        let log = folder.open_small();
        folder.fill(&log, 1, count);
        folder
    }

    pub(super) fn fill(&self, log: &AuditLog, from: u64, to: u64) {
        for number in from..=to {
            assert_eq!(log.append(&event(number)).unwrap(), number, "in {}", self.path().display());
        }
    }

    pub(super) fn home(&self) -> &Path {
        self.temp.path()
    }

    pub(super) fn path(&self) -> PathBuf {
        self.temp.path().join("audit")
    }

    pub(super) fn open(&self) -> AuditLog {
        self.try_open().unwrap()
    }

    pub(super) fn try_open(&self) -> Result<AuditLog, AuditError> {
        AuditLog::open(&self.path(), key())
    }

    /// Begins a new file after about three entries.
    pub(super) fn open_small(&self) -> AuditLog {
        self.open_rotating_at(512)
    }

    pub(super) fn open_rotating_at(&self, bytes: u64) -> AuditLog {
        AuditLog::open_rotating_at(&self.path(), key(), bytes).unwrap()
    }

    pub(super) fn verify(&self) -> Result<Report, AuditError> {
        verify(&self.path(), key(), None)
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(super) fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.file(name)).unwrap()
    }

    /// Overwrites in place: the file stays the one that others have open.
    pub(super) fn set_bytes(&self, name: &str, bytes: &[u8]) {
        let file = fs::OpenOptions::new().write(true).open(self.file(name)).unwrap();
        file.write_all_at(bytes, 0).unwrap();
        file.set_len(bytes.len() as u64).unwrap();
    }

    pub(super) fn log_bytes(&self) -> Vec<u8> {
        self.bytes("log-000001.jsonl")
    }

    pub(super) fn set_log_bytes(&self, bytes: &[u8]) {
        self.set_bytes("log-000001.jsonl", bytes);
    }

    /// The first file's lines, each with its newline.
    pub(super) fn lines(&self) -> Vec<Vec<u8>> {
        self.log_bytes().split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect()
    }

    pub(super) fn set_lines(&self, lines: &[Vec<u8>]) {
        self.set_log_bytes(&lines.concat());
    }

    pub(super) fn change_head(&self, change: impl FnOnce(&mut Head)) {
        let chain = Chain::new(&key());
        let bytes: [u8; HEAD_LEN] = self.bytes("head").try_into().unwrap();
        let mut head = Head::decode(&bytes, &chain).unwrap();
        change(&mut head);
        self.set_bytes("head", &head.encode(&chain));
    }

    /// As if the machine had been started again since the last entry.
    pub(super) fn restart_machine(&self) {
        self.change_head(|head| head.boot = Some([b'0'; 36]));
    }
}
