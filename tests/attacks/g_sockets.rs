//! G2: what stands where the daemon's sockets should, and who may have put it there. A live socket is never taken away,
//! what nobody has is, and what is no socket stays as it is; nobody is served or believed in a folder that is not his.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::case::{Case, Name, make_each, names as names_of};
use crate::support::{Done, Door, Home, Upstream, home, processes, secrets, socket, wait};

const INVOKE: &[&str] = &["invoke", "openai/chat-completions", "--body", "{}"];

fn cases() -> Vec<Case<fn()>> {
    let one = |spelling: &str, attack: fn()| Case::new("G2", spelling, attack);
    vec![
        one("fifty daemons at once", fifty),
        one("a socket whose daemon is dead", || replaced(|path| drop(UnixListener::bind(path).unwrap()))),
        one("a file", || left(|path| fs::write(path, "precious").unwrap())),
        one("a folder", || left(|path| fs::create_dir(path).unwrap())),
        one("a pipe", || left(|path| rustix::fs::mkfifoat(rustix::fs::CWD, path, 0o600.into()).unwrap())),
        one("a link to a file", || {
            left(|path| {
                fs::write(path.with_extension("target"), "precious").unwrap();
                symlink(path.with_extension("target"), path).unwrap();
            });
        }),
        one("a link to nothing", || left(|path| symlink("/nowhere/at/all", path).unwrap())),
        one("a link to a socket that somebody has", || {
            left(|path| {
                let target = path.with_extension("target");
                std::mem::forget(UnixListener::bind(&target).unwrap());
                symlink(target, path).unwrap();
            });
        }),
        one("a folder that a group may write to", || refused_folder(|run| home::set_mode(run, 0o770))),
        one("a folder that all may write to", || refused_folder(|run| home::set_mode(run, 0o1777))),
        one("a folder of another user", || {
            if rustix::process::geteuid().is_root() {
                refused_folder(|run| chown(run, Some(home::NOBODY), Some(home::NOBODY)).unwrap());
            }
        }),
        one("a folder that is a link", || {
            refused_folder(|run| {
                let target = run.with_extension("target");
                fs::rename(run, &target).unwrap();
                home::set_mode(&target, 0o777);
                symlink(target, run).unwrap();
            });
        }),
    ]
}

pub fn names() -> Vec<Name> {
    names_of(&cases())
}

#[test]
fn the_sockets_are_the_daemons_and_nobody_elses() {
    make_each(cases());
}

fn ready() -> (Upstream, Home) {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::Daemon, &upstream, secrets::OPENAI).with_own_programs();
    (upstream, home)
}

fn daemon(home: &Home) -> Command {
    let mut command = Command::new(home.daemon_program());
    command.env_clear().env("AIVAULT_DIR", home.vault());
    command
}

fn run_folder(home: &Home) -> std::path::PathBuf {
    let run = home.vault().join("run");
    fs::create_dir_all(&run).unwrap();
    home::set_mode(&run, 0o700);
    run
}

fn fifty() {
    let (upstream, home) = ready();
    let start = |_| {
        let mut command = daemon(&home);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let mut all: Vec<Child> = (0..50).map(start).collect();
    let program = home.daemon_program();
    wait::until("one is left", || (processes::started_as(&program).len() == 1).then_some(()));
    let left = home.daemon().expect("a daemon");
    assert_eq!(processes::started_as(&program), [left]);
    home.run(INVOKE).ok();
    assert_eq!(home.daemon(), Some(left));
    upstream.take_one();
    processes::kill(left);
    for child in &mut all {
        child.wait().unwrap();
    }
}

fn replaced(plant: fn(&Path)) {
    let (upstream, home) = ready();
    run_folder(&home);
    plant(&home.socket());
    home.run(INVOKE).ok();
    upstream.take_one();
    assert_eq!(socket::listener(&home.socket()), home.daemon());
}

/// Neither a daemon nor a client does anything to it or with it.
fn left(plant: fn(&Path)) {
    let (upstream, home) = ready();
    run_folder(&home);
    plant(&home.socket());
    let seen = || {
        let about = fs::symlink_metadata(home.socket()).unwrap();
        (about.file_type(), fs::read_link(home.socket()).ok())
    };
    let before = seen();
    let done = Done::of(&mut daemon(&home), b"").ends(1);
    assert!(done.errors().contains("is no socket"), "{}", done.errors());
    let called = home.run(INVOKE);
    assert_ne!(called.code, Some(0), "{}", called.text());
    assert_eq!(seen(), before);
    assert!(upstream.take().is_empty());
    for target in [home.socket(), home.socket().with_extension("target")] {
        assert!(!target.is_file() || fs::read(&target).unwrap() == b"precious");
    }
}

fn refused_folder(spoil: fn(&Path)) {
    let (upstream, home) = ready();
    let run = run_folder(&home);
    // Somebody listens there, and would be told all.
    let planted = UnixListener::bind(home.socket()).unwrap();
    spoil(&run);
    let heard = std::thread::spawn(move || {
        planted.set_nonblocking(true).unwrap();
        planted.accept().is_ok()
    });
    assert!(!heard.join().unwrap());
    home.run(INVOKE).ends(4);
    assert_ne!(Done::of(&mut daemon(&home), b"").code, Some(0));
    assert!(upstream.take().is_empty());
}
