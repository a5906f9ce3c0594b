//! A folder like the repository's, with one provider, and the tools run in it.
#![allow(dead_code, reason = "each test program uses its part")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

pub const ACME: &str = "\
provider: acme
name: Acme
category: developer
docs: https://acme.example/docs
secrets:
  ACME_API_KEY:
    as: secret
hosts: [api.acme.example]
auth:
  type: header
  name: authorization
  value: \"Bearer {{secret}}\"
capabilities:
  things:
    summary: Create and read things
    allow:
      - methods: [GET, POST]
        paths: [/v1/things]
      - methods: [GET]
        paths: [\"/v1/things/*\", \"/v1/things/*/parts/{big,small}\", /v1/gone]
    example:
      method: POST
      path: /v1/things
      body: { name: one }
    examples:
      deny:
        - DELETE /v1/things
";

pub struct Repository {
    folder: TempDir,
}

pub struct Ran {
    pub stdout: String,
    pub stderr: String,
    pub code: i32,
}

impl Repository {
    /// A repository with the provider `acme`.
    pub fn with_acme() -> Self {
        let repository = Self { folder: tempfile::tempdir().unwrap() };
        repository.write("providers/acme.yaml", ACME);
        repository
    }

    /// A repository without a provider.
    pub fn empty() -> Self {
        let repository = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(repository.path("providers")).unwrap();
        repository
    }

    /// A folder that is no repository.
    pub fn without_providers() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// All files in it, by name.
    pub fn files(&self) -> Vec<String> {
        let mut folders = vec![self.folder.path().to_path_buf()];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => files.push(path.strip_prefix(self.folder.path()).unwrap().display().to_string()),
                }
            }
        }
        files.sort();
        files
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        run_in(self.folder.path(), arguments)
    }

    /// What a run prints that is expected to do.
    #[track_caller]
    pub fn done(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}\n{}{}", ran.stdout, ran.stderr);
        ran.stdout
    }
}

pub fn run_in(folder: &Path, arguments: &[&str]) -> Ran {
    let tools = env!("CARGO_BIN_EXE_aivault-tools");
    let output = Command::new(tools).args(arguments).current_dir(folder).output().unwrap();
    Ran {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code().unwrap(),
    }
}
