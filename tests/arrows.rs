//! The arrows of the house: what each module may import, and what stands in one place
//! only. Reads the source as text, so it needs no compiler and no exception.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

#[path = "support/source.rs"]
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The table of the design: a module, and what of the crate it may name beside itself.
const ARROWS: &[(&str, &[&str])] = &[
    ("spec", &[]),
    ("platform", &[]),
    ("registry", &["spec"]),
    ("policy", &["spec"]),
    ("plan", &["spec", "policy"]),
    ("suite", &["spec", "policy", "plan"]),
    ("settings", &["spec", "platform"]),
    ("vault", &["spec", "platform"]),
    ("audit", &["spec", "policy", "platform"]),
    ("meter", &["spec", "platform"]),
    ("broker", &["spec", "policy", "plan", "vault", "audit", "meter", "platform"]),
    (
        "service",
        &[
            "spec", "policy", "plan", "suite", "vault", "audit", "meter", "platform", "broker", "registry",
            "settings",
        ],
    ),
    ("cli", &["spec", "service", "settings", "platform"]),
    ("daemon", &["spec", "service", "settings", "platform"]),
    ("http", &["spec", "service", "settings", "platform"]),
    ("mcp", &["spec", "service", "settings", "platform"]),
];

/// Composition roots and the list of modules: they name whatever they put together.
const ROOTS: &[&str] = &["lib.rs", "main.rs", "bin"];

/// One file's code, without tests.
struct File {
    /// Below `src`, such as `broker/auth/mod.rs`.
    path: String,
    code: String,
}

impl File {
    fn of(path: &str, text: &str) -> Self {
        let (code, _) = source::without_tests(&source::code_only(text));
        Self { path: path.to_owned(), code }
    }

    /// The top folder or file: the module of the crate.
    fn module(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        if ROOTS.contains(&first) { first } else { first.strip_suffix(".rs").unwrap_or(first) }
    }

    fn is_root(&self) -> bool {
        ROOTS.contains(&self.module())
    }

    fn is_under(&self, folders: &[&str]) -> bool {
        folders.iter().any(|folder| {
            self.path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '.']))
        })
    }

    fn at(&self, line: usize, what: &str) -> String {
        format!("src/{}:{line}: {what}", self.path)
    }

    fn lines_with(&self, word: &str) -> Vec<usize> {
        source::occurrences(&self.code, word).map(|(line, _)| line).collect()
    }
}

type Rule = fn(&File) -> Vec<String>;

const RULES: &[Rule] = &[
    arrows,
    no_double_super,
    no_globs,
    no_string_errors,
    secrets_shown_in_two_places,
    environment_in_one,
    prints_in_surfaces,
];

fn arrows(file: &File) -> Vec<String> {
    if file.is_root() {
        return Vec::new();
    }
    let own = file.module();
    let Some((_, allowed)) = ARROWS.iter().find(|(module, _)| *module == own) else {
        return vec![file.at(1, &format!("the table says nothing of the module `{own}`"))];
    };
    let named = source::occurrences(&file.code, "crate::")
        .flat_map(|(line, behind)| source::first_segments(behind).into_iter().map(move |name| (line, name)));
    let wrong = named.filter(|(_, name)| name != own && !allowed.contains(&name.as_str()));
    wrong.map(|(line, name)| file.at(line, &format!("`{own}` may not name `{name}`"))).collect()
}

fn no_double_super(file: &File) -> Vec<String> {
    file.lines_with("super::super").into_iter().map(|line| file.at(line, "`super::super`")).collect()
}

fn no_globs(file: &File) -> Vec<String> {
    let uses = source::occurrences(&file.code, "use ").filter(|(_, behind)| {
        behind.split(';').next().is_some_and(|path| path.contains("::*") || path.contains("{*"))
    });
    uses.map(|(line, _)| file.at(line, "a glob import")).collect()
}

fn no_string_errors(file: &File) -> Vec<String> {
    let results = source::occurrences(&file.code, "Result<");
    let text = results.filter(|(_, behind)| {
        matches!(source::arguments(behind)[..], [_, "String" | "&'static str" | "&str"])
    });
    text.map(|(line, _)| file.at(line, "an error that is a text")).collect()
}

fn secrets_shown_in_two_places(file: &File) -> Vec<String> {
    if file.is_under(&["vault", "broker/auth"]) {
        return Vec::new();
    }
    file.lines_with("expose(").into_iter().map(|line| file.at(line, "a secret is exposed here")).collect()
}

fn environment_in_one(file: &File) -> Vec<String> {
    if file.is_under(&["settings"]) {
        return Vec::new();
    }
    let readers = ["env::var", "env::var_os", "env::vars", "env::vars_os", "env::set_var", "env::remove_var"];
    let lines = readers.iter().flat_map(|reader| file.lines_with(reader));
    lines.map(|line| file.at(line, "the environment is read here")).collect()
}

fn prints_in_surfaces(file: &File) -> Vec<String> {
    if file.is_root() || file.is_under(&["cli"]) {
        return Vec::new();
    }
    let macros = ["println!", "eprintln!", "print!", "eprint!", "dbg!"];
    let lines = macros.iter().flat_map(|name| file.lines_with(name));
    lines.map(|line| file.at(line, "something is printed here")).collect()
}

fn broken_by(file: &File) -> Vec<String> {
    RULES.iter().flat_map(|rule| rule(file)).collect()
}

fn source_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The files of the shipped crate; those of `#[cfg(test)] mod name;` are left out.
fn shipped_files() -> Vec<File> {
    let root = source_folder();
    let mut paths = Vec::new();
    rust_files(&root, &mut paths);
    let texts: BTreeMap<PathBuf, String> =
        paths.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect();
    let of_tests: BTreeSet<PathBuf> =
        texts.iter().flat_map(|(path, text)| test_modules(path, text)).collect();
    let is_test = |path: &Path| path.ancestors().any(|part| of_tests.contains(part));
    let shipped = texts.iter().filter(|(path, _)| !is_test(path) && !is_test(&path.with_extension("")));
    shipped.map(|(path, text)| File::of(path.strip_prefix(&root).unwrap().to_str().unwrap(), text)).collect()
}

/// Where the test modules lie that a file declares, without extension.
fn test_modules(path: &Path, text: &str) -> Vec<PathBuf> {
    let (_, names) = source::without_tests(&source::code_only(text));
    let is_folder =
        path.file_name().is_some_and(|name| name == "mod.rs" || name == "lib.rs" || name == "main.rs");
    let folder = if is_folder { path.parent().unwrap().to_owned() } else { path.with_extension("") };
    let inline_path = |name: &String| match named_by_attribute(text, name) {
        Some(file) => path.parent().unwrap().join(file).with_extension(""),
        None => folder.join(name),
    };
    names.iter().map(inline_path).collect()
}

/// The file of `#[path = "…"] mod name;`, if it is said so.
fn named_by_attribute(text: &str, module: &str) -> Option<String> {
    let (before, _) = text.split_once(&format!("mod {module};"))?;
    let attribute = before.rsplit_once("#[path = \"")?.1;
    let (file, behind) = attribute.split_once("\"]")?;
    behind.trim().is_empty().then(|| file.to_owned())
}

#[test]
fn the_source_follows_the_table() {
    let files = shipped_files();
    for (module, _) in ARROWS {
        assert!(
            files.iter().any(|file| file.module() == *module),
            "the table has `{module}`, the source does not"
        );
    }
    let broken: Vec<String> = files.iter().flat_map(broken_by).collect();
    assert!(broken.is_empty(), "{} arrows point the wrong way:\n{}", broken.len(), broken.join("\n"));
}

/// What the compiler holds us to, beside this file.
#[test]
fn the_lints_are_on() {
    let read = |name: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
    let manifest = read("Cargo.toml");
    for line in ["unsafe_code = \"deny\"", "disallowed_methods = \"deny\""] {
        assert!(manifest.contains(line), "Cargo.toml has no {line}");
    }
    let clippy = read("clippy.toml");
    for banned in [
        "std::env::var",
        "std::env::set_var",
        "std::fs::read",
        "std::fs::File::open",
        "std::time::SystemTime::now",
    ] {
        assert!(clippy.contains(&format!("\"{banned}\"")), "clippy.toml does not ban {banned}");
    }
    let expecting = shipped_files()
        .into_iter()
        .filter(|file| source::occurrences(&file.code, "clippy::disallowed_methods").next().is_some());
    let modules: BTreeSet<String> = expecting.map(|file| file.module().to_owned()).collect();
    let allowed = ["platform", "settings", "bin", "main.rs"];
    assert!(modules.iter().all(|module| allowed.contains(&module.as_str())), "exceptions in {modules:?}");
}

#[test]
fn wrong_arrows_are_seen() {
    for (path, code, wanted) in [
        ("policy/a.rs", "use crate::vault::Vault;", "src/policy/a.rs:1: `policy` may not name `vault`"),
        (
            "spec/a.rs",
            "\nfn f() { crate::platform::clock::now_ms(); }",
            "src/spec/a.rs:2: `spec` may not name `platform`",
        ),
        (
            "cli/a.rs",
            "use crate::{spec::Scope, broker::{Desk, Broker}};",
            "src/cli/a.rs:1: `cli` may not name `broker`",
        ),
        ("cli/a.rs", "pub use crate::daemon;", "src/cli/a.rs:1: `cli` may not name `daemon`"),
        ("plan.rs", "use crate::registry;", "src/plan.rs:1: `plan` may not name `registry`"),
        ("new/mod.rs", "", "src/new/mod.rs:1: the table says nothing of the module `new`"),
        ("vault/a.rs", "use super::super::x;", "src/vault/a.rs:1: `super::super`"),
        ("vault/a.rs", "use super::*;", "src/vault/a.rs:1: a glob import"),
        ("vault/a.rs", "use a::{b, c::*};", "src/vault/a.rs:1: a glob import"),
        (
            "vault/a.rs",
            "fn f() -> Result<Vec<(u8, u8)>, String> {",
            "src/vault/a.rs:1: an error that is a text",
        ),
        ("service/a.rs", "secret.expose()", "src/service/a.rs:1: a secret is exposed here"),
        ("broker/b.rs", "secret\n  .expose()", "src/broker/b.rs:2: a secret is exposed here"),
        ("vault/a.rs", "std::env::var(name)", "src/vault/a.rs:1: the environment is read here"),
        ("daemon/a.rs", "eprintln!(\"x\")", "src/daemon/a.rs:1: something is printed here"),
    ] {
        assert_eq!(broken_by(&File::of(path, code)), [wanted], "{code}");
    }
}

#[test]
fn right_ones_are_left_alone() {
    for (path, code) in [
        ("policy/a.rs", "use crate::policy::x;\nuse crate::spec::{Method, Target};"),
        (
            "policy/a.rs",
            "// crate::vault\n/* crate::vault */ const A: &str = \"crate::vault \\\" crate::vault\";",
        ),
        (
            "policy/a.rs",
            "const A: &str = r#\"\"crate::vault\"#; const B: char = '\"'; const C: char = '\\'';",
        ),
        (
            "policy/a.rs",
            "fn a<'a>(b: &'a str) {}\n#[cfg(test)]\nmod tests { use super::*; use crate::vault::V; }",
        ),
        ("policy/a.rs", "#[cfg(test)]\nmod tests;\nuse crate::spec::Scope;"),
        ("policy/a.rs", "#[cfg(all(test, target_os = \"linux\"))]\nmod tests { use super::*; }"),
        ("vault/a.rs", "fn f() -> Result<String, VaultError> { a.expose() }"),
        ("broker/auth/a.rs", "secret.expose()"),
        ("settings/a.rs", "std::env::var_os(name)"),
        ("cli/a.rs", "println!(\"x\")"),
        ("bin/aivaultd.rs", "use aivault::daemon; eprintln!(\"x\")"),
        ("vault/a.rs", "let a = b * c; use d::e; self.expose_nothing()"),
    ] {
        assert_eq!(broken_by(&File::of(path, code)), Vec::<String>::new(), "{code}");
    }
}

#[test]
fn a_wrong_arrow_behind_a_test_is_seen() {
    let code = "#[cfg(test)]\nmod tests {\n  fn f() {}\n}\n\nuse crate::vault;";
    assert_eq!(
        broken_by(&File::of("policy/a.rs", code)),
        ["src/policy/a.rs:6: `policy` may not name `vault`"]
    );
}
