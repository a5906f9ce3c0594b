//! The program is killed at each system call by which it changes a file, opens one or takes a lock.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use aivault::vault::{self, KeyMaterial, VaultPaths};

use crate::support::home::program;
use crate::support::{Done, Door, Home};

const STRACE: &str = "/usr/bin/strace";
/// All calls that change what is on the disk. Between two of them it stays as it is.
const CALLS: &[&str] = &[
    "write",
    "pwrite64",
    "writev",
    "pwritev",
    "fsync",
    "fdatasync",
    "ftruncate",
    "fallocate",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "unlink",
    "unlinkat",
    "mkdir",
    "mkdirat",
];
/// No command makes more of one of them.
const MOST_CALLS: usize = 500;

/// Secrets by name, and their versions.
type Secrets = BTreeMap<String, u32>;

struct Case {
    words: &'static [&'static str],
    after: &'static [(&'static str, u32)],
}

const BEFORE: &[(&str, u32)] = &[("FIRST", 1), ("SECOND", 1)];

const CASES: &[Case] = &[
    Case {
        words: &["secrets", "create", "--name", "THIRD", "--value", "value of the third"],
        after: &[("FIRST", 1), ("SECOND", 1), ("THIRD", 1)],
    },
    Case {
        words: &["secrets", "rotate", "--name", "FIRST", "--value", "another value"],
        after: &[("FIRST", 2), ("SECOND", 1)],
    },
    Case { words: &["secrets", "delete", "--name", "SECOND"], after: &[("FIRST", 1)] },
    Case { words: &["config", "set", "egress-proxy", "http://proxy.example:3128"], after: BEFORE },
    Case { words: &["rotate-master"], after: BEFORE },
    Case { words: &["token", "mint", "--capability", "openai/*"], after: BEFORE },
    Case {
        words: &["secrets", "import", "--entry", "THIRD=three", "--entry", "FOURTH=four"],
        after: &[("FIRST", 1), ("SECOND", 1), ("THIRD", 1), ("FOURTH", 1)],
    },
];

fn of(secrets: &[(&str, u32)]) -> Secrets {
    secrets.iter().map(|(name, version)| ((*name).to_owned(), *version)).collect()
}

fn paths(home: &Home) -> VaultPaths {
    let folder = home.vault();
    VaultPaths { key_file: folder.join("kek.key"), audit_dir: folder.join("audit"), folder }
}

/// What the vault holds, every value of it opened.
fn contents(home: &Home) -> Result<Secrets, String> {
    let said = |error: vault::VaultError| error.to_string();
    let mut vault = vault::open(&paths(home), &KeyMaterial::File).map_err(said)?;
    let unreadable = vault.check_values().map_err(said)?;
    if !unreadable.is_empty() {
        return Err(format!("{unreadable:?} do not open"));
    }
    let secrets = vault.secrets().map_err(said)?;
    Ok(secrets.into_iter().map(|meta| (meta.name.to_string(), meta.version)).collect())
}

/// Runs the command until its `at`-th system call of that name, and not that.
fn killed(home: &Home, words: &[&str], (call, at): (&str, usize)) -> Done {
    let mut command = Command::new(STRACE);
    command.args(["-f", "-qq", "-o", "/dev/null"]);
    command.arg(format!("--trace={call}")).arg(format!("--inject={call}:signal=KILL:when={at}"));
    command.arg(program()).args(words).env_clear().env("AIVAULT_DIR", home.vault());
    command.envs(Door::InProcess.variables().iter().copied()).current_dir(home.vault());
    Done::of(&mut command, b"")
}

/// Calls `at` with each system call that the command makes; `at` says whether it was killed there.
fn each_call(mut at: impl FnMut((&str, usize)) -> bool) -> usize {
    let killed = |call: &&str| (1..MOST_CALLS).take_while(|number| at((*call, *number))).count();
    CALLS.iter().map(killed).sum()
}

fn copy(from: &Path, to: &Path) {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().mode(0o700).recursive(true).create(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// The case at each call; says how many there were.
fn case(made: &Home, case: &Case) -> usize {
    each_call(|at| {
        let home = Home::empty(Door::InProcess);
        copy(&made.vault(), &home.vault());
        let done = killed(&home, case.words, at);
        let found = contents(&home).unwrap_or_else(|error| panic!("{:?} at {at:?}: {error}", case.words));
        let acknowledged = !done.stdout.is_empty();
        assert!(
            found == of(case.after) || !acknowledged && found == of(BEFORE),
            "{at:?}: {found:?} {done:?}"
        );
        // The log takes the next entry, and holds together.
        home.run(&["secrets", "create", "--name", "NEXT", "--value", "v"]).ok();
        home.run(&["audit", "verify"]).ok();
        assert!(matches!(done.code, None | Some(0)), "{:?} at {at:?}: {}", case.words, done.errors());
        done.code.is_none()
    })
}

/// There is no vault, or all of one; and the same command makes it then.
fn init_case() -> usize {
    each_call(|at| {
        let home = Home::empty(Door::InProcess);
        let done = killed(&home, &["init"], at);
        if home.vault().join("vault.db").exists() {
            assert_eq!(contents(&home), Ok(Secrets::new()), "init at {at:?}");
        } else {
            assert_eq!(done.code, None, "init at {at:?}: {}", done.errors());
            home.run(&["init"]).ok();
        }
        home.run(&["secrets", "create", "--name", "FIRST", "--value", "v"]).ok();
        assert_eq!(contents(&home).map(|found| found.len()), Ok(1), "init at {at:?}");
        done.code.is_none()
    })
}

#[test]
fn the_program_killed_at_any_system_call_leaves_a_vault_that_opens() {
    if !Path::new(STRACE).exists() {
        println!("skipped: {STRACE} is not there to kill programs with");
        return;
    }
    let made = Home::test(Door::InProcess);
    made.store("FIRST", "value of the first");
    made.store("SECOND", "value of the second");
    let points: usize = thread::scope(|scope| {
        let made = &made;
        let mut started: Vec<_> = CASES.iter().map(|one| scope.spawn(|| case(made, one))).collect();
        started.push(scope.spawn(init_case));
        started.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    println!("{points} kills");
    assert!(points >= 200, "only {points} kills");
}
