//! A program of the same user that listens where the daemon should, and remembers what it hears.

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use aivault::service::wire;

use super::Home;
use super::home::set_mode;

/// What it does when it is asked to make room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manners {
    /// Agrees, and stays.
    Stays,
    /// Agrees, and goes.
    Goes,
    /// Says nothing at all, to anything.
    Silent,
}

/// What it says that it is: of which words, and of which version of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Says {
    pub words: String,
    pub version: String,
    pub is_unlocked: bool,
}

impl Says {
    /// What the built program says.
    pub fn ours() -> Self {
        Self {
            words: wire::VERSION.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            is_unlocked: false,
        }
    }
}

/// What both of its ends share.
struct Shared {
    says: Says,
    heard: Mutex<Vec<u8>>,
    gone: AtomicBool,
}

/// Plays a locked daemon at both of a home's sockets.
pub struct Impostor {
    shared: Arc<Shared>,
    ends: Vec<JoinHandle<()>>,
}

impl Impostor {
    pub fn at(home: &Home, manners: Manners) -> Self {
        Self::saying(home, manners, Says::ours())
    }

    /// The same, of another version.
    pub fn saying(home: &Home, manners: Manners, says: Says) -> Self {
        let run = home.vault().join("run");
        std::fs::create_dir_all(&run).unwrap();
        set_mode(&run, 0o700);
        let shared = Arc::new(Shared { says, heard: Mutex::default(), gone: AtomicBool::new(false) });
        let sockets = [home.socket(), home.socket().with_extension("operator.sock")];
        let ends = sockets.map(|path| {
            let (shared, listener) = (Arc::clone(&shared), UnixListener::bind(&path).unwrap());
            thread::spawn(move || shared.listen(&listener, path, manners))
        });
        Self { shared, ends: ends.into() }
    }

    /// All that it was sent.
    pub fn heard(&self) -> String {
        String::from_utf8_lossy(&self.shared.heard.lock().unwrap()).into_owned()
    }
}

impl Drop for Impostor {
    fn drop(&mut self) {
        self.shared.gone.store(true, Ordering::SeqCst);
        self.ends.drain(..).for_each(|end| end.join().unwrap());
    }
}

impl Shared {
    fn listen(&self, listener: &UnixListener, path: PathBuf, manners: Manners) {
        listener.set_nonblocking(true).unwrap();
        let mut silent = Vec::new();
        while !self.gone.load(Ordering::SeqCst) {
            match listener.accept() {
                Ok((stream, _)) if manners == Manners::Silent => silent.push(stream),
                Ok((stream, _)) => self.answer(stream, manners),
                Err(_) => thread::sleep(Duration::from_millis(2)),
            }
        }
        let _ = std::fs::remove_file(path);
    }

    fn answer(&self, mut stream: UnixStream, manners: Manners) {
        stream.set_nonblocking(false).unwrap();
        // A request that is at its end is followed by silence.
        stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let mut request = Vec::new();
        let mut piece = [0; 4096];
        while let Ok(length @ 1..) = stream.read(&mut piece) {
            request.extend_from_slice(&piece[..length]);
        }
        self.heard.lock().unwrap().extend_from_slice(&request);
        let is = |line: &[u8]| request.starts_with(line);
        let Says { words, version, is_unlocked } = &self.says;
        let health = format!(r#"{{"version":"{version}","pid":1,"unlocked":{is_unlocked}}}"#);
        let (status, origin, body) = if is(b"GET /healthz") || is(b"POST /retire") {
            (200, wire::FROM_SERVICE, health.as_str())
        } else if is(b"POST /command") {
            (200, wire::FROM_SERVICE, r#"{"outcome":"unlocked"}"#)
        } else {
            let locked = r#"{"error":"vault_locked","kind":"vault_locked","reason":null,"message":"locked","help":null}"#;
            (423, wire::FROM_ERROR, locked)
        };
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{}: {}\r\n{}: {origin}\r\n\r\n",
            body.len(),
            wire::VERSION_HEADER,
            words,
            wire::ORIGIN,
        );
        let _ = stream.write_all(format!("{head}{body}").as_bytes());
        if is(b"POST /retire") && manners == Manners::Goes {
            self.gone.store(true, Ordering::SeqCst);
        }
    }
}
