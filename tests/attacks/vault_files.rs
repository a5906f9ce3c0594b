//! What somebody with access to the vault's files can do to them, and what the programs then say.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, params};

use crate::support::{Done, Door, Home, Upstream, secrets};

pub const INVOKE: &[&str] = &["invoke", "openai/chat-completions", "--body", "{}"];

/// A row of the database, as it is copied.
#[derive(Clone)]
pub struct Row {
    pub kind: String,
    pub id: String,
    pub generation: i64,
    pub blob: Vec<u8>,
}

/// A sound vault with a key of a provider and a secret of nobody, and copies of it to be attacked.
pub struct Sound {
    pub home: Home,
    pub upstream: Upstream,
}

impl Sound {
    pub fn new() -> Self {
        let upstream = Upstream::serving(&["api.openai.com"]);
        let home = Home::with_openai(Door::InProcess, &upstream, secrets::OPENAI);
        home.store("OTHER", "a value of nobody's");
        home.run(INVOKE).ok();
        upstream.take_one();
        let sound = Self { home, upstream };
        assert_eq!(sound.copy().doctor(), (Some(0), Vec::new()), "a sound vault is well");
        sound
    }

    pub fn copy(&self) -> Copied<'_> {
        let home = Home::empty(Door::InProcess);
        copy_folder(&self.home.vault(), &home.vault());
        Copied { home, upstream: &self.upstream }
    }
}

/// A copy that is attacked.
pub struct Copied<'s> {
    pub home: Home,
    pub upstream: &'s Upstream,
}

impl Copied<'_> {
    pub fn sql(&self) -> Connection {
        Connection::open(self.home.vault().join("vault.db")).unwrap()
    }

    pub fn rows(&self) -> Vec<Row> {
        let sql = self.sql();
        let mut all = sql.prepare("SELECT kind, id, generation, blob FROM record ORDER BY kind, id").unwrap();
        let rows = all.query_map([], |row| {
            Ok(Row { kind: row.get(0)?, id: row.get(1)?, generation: row.get(2)?, blob: row.get(3)? })
        });
        rows.unwrap().map(Result::unwrap).collect()
    }

    pub fn row(&self, kind: &str) -> Row {
        self.rows().into_iter().find(|row| row.kind == kind).unwrap()
    }

    pub fn put(&self, row: &Row) {
        let put = "REPLACE INTO record VALUES (?1, ?2, ?3, ?4)";
        self.sql().execute(put, params![row.kind, row.id, row.generation, row.blob]).unwrap();
    }

    pub fn delete(&self, row: &Row) {
        self.sql().execute("DELETE FROM record WHERE kind = ?1 AND id = ?2", [&row.kind, &row.id]).unwrap();
    }

    /// How `doctor` ends, and what it says is wrong.
    pub fn doctor(&self) -> (Option<i32>, Vec<String>) {
        let done = self.home.run(&["doctor", "--json"]);
        let findings = done.json()["findings"].as_array().cloned().unwrap_or_default();
        let wrong = findings.iter().filter(|finding| finding["state"] == "wrong");
        let told = |finding: &serde_json::Value| {
            format!("{}: {}", finding["check"].as_str().unwrap(), finding["message"].as_str().unwrap())
        };
        (done.code, wrong.map(told).collect())
    }

    /// Uses the key. What reaches the upstream is the right one, or nothing does.
    pub fn used(&self) -> Done {
        let done = self.home.run(INVOKE);
        let received = self.upstream.take();
        for request in &received {
            assert_eq!(request.header("authorization"), format!("Bearer {}", secrets::OPENAI));
        }
        assert!(received.is_empty() || done.code == Some(0), "{done:?}");
        assert!(!done.errors().contains("panicked"), "{}", done.errors());
        done
    }
}

pub fn copy_folder(from: &Path, to: &Path) {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().mode(0o700).recursive(true).create(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (kind, to) = (entry.file_type().unwrap(), to.join(entry.file_name()));
        if kind.is_dir() {
            copy_folder(&entry.path(), &to);
        } else if kind.is_file() {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
