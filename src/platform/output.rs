//! What a program prints, where a person may have to say something to it first.
//!
//! It keeps this process's terminal and error output, so that it can ask; gets no input, no environment and no files
//! but what is given here; and is stopped when it takes too long or prints too much.

use std::ffi::OsStr;
use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::child::ChildError;
use super::clock::{self, Stopwatch};
use super::descriptors;

const PAUSE_MS: u64 = 2;

/// What a program may take.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub patience: Duration,
    /// The most bytes that it may print.
    pub output: usize,
}

/// Runs a program to its end and gives what it printed.
///
/// # Errors
/// When it cannot be run, ends with another code than zero, takes longer, or prints more.
pub fn output_of<A, K, V>(
    program: &Path,
    arguments: impl IntoIterator<Item = A>,
    environment: impl IntoIterator<Item = (K, V)>,
    bounds: Bounds,
) -> Result<Zeroizing<Vec<u8>>, ChildError>
where
    A: AsRef<OsStr>,
    K: AsRef<OsStr>,
    V: AsRef<OsStr>,
{
    let watch = Stopwatch::start();
    descriptors::keep_to_this_process();
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(environment).current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let failed = |source| ChildError::Run { program: program.to_owned(), source };
    let mut child = command.spawn().map_err(failed)?;
    let printed = printed(&mut child, bounds);
    let ended = printed.and_then(|printed| Some((printed.ok()?, wait(&mut child, &watch, bounds.patience)?)));
    let Some((printed, code)) = ended else {
        stop(&mut child);
        return Err(ChildError::TakeTooLong { program: program.to_owned(), patience: bounds.patience });
    };
    match code {
        _ if printed.len() > bounds.output => {
            Err(ChildError::PrintTooMuch { program: program.to_owned(), limit: bounds.output })
        }
        Some(0) => Ok(printed),
        code => Err(ChildError::Fail { program: program.to_owned(), code }),
    }
}

/// All that it prints, or one byte more than it may; none when it is still printing after that time.
fn printed(child: &mut Child, bounds: Bounds) -> Option<std::io::Result<Zeroizing<Vec<u8>>>> {
    let pipe = child.stdout.take()?;
    let (done, wait) = mpsc::channel();
    // What it started may keep the pipe open for ever: then this thread is left to itself.
    std::thread::spawn(move || {
        let one_more = bounds.output.saturating_add(1);
        let mut bytes = Zeroizing::new(Vec::with_capacity(one_more));
        let read = pipe.take(one_more as u64).read_to_end(&mut bytes);
        let _ = done.send(read.map(|_| bytes));
    });
    wait.recv_timeout(bounds.patience).ok()
}

/// Its code once it ended; the inner one is none when a signal ended it.
fn wait(child: &mut Child, watch: &Stopwatch, patience: Duration) -> Option<Option<i32>> {
    loop {
        if let Some(status) = child.try_wait().ok().flatten() {
            return Some(status.code());
        }
        if u128::from(watch.elapsed_ms()) >= patience.as_millis() {
            return None;
        }
        clock::pause_ms(PAUSE_MS);
    }
}

fn stop(child: &mut Child) {
    // That it has just ended is no error.
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { patience: Duration::from_secs(60), output: 8 };

    fn shell(script: &str, bounds: Bounds) -> Result<Zeroizing<Vec<u8>>, ChildError> {
        output_of(Path::new("/bin/sh"), ["-c", script], [("GIVEN", "yes")], bounds)
    }

    #[test]
    fn what_it_prints_comes_back() {
        assert_eq!(shell("echo $GIVEN$CARGO_MANIFEST_DIR", BOUNDS).unwrap().as_slice(), b"yes\n");
        assert_eq!(shell("read line; pwd", BOUNDS).unwrap().as_slice(), b"/\n");
    }

    #[test]
    fn it_must_end_well_in_time_and_with_little() {
        assert!(matches!(shell("echo a; exit 3", BOUNDS), Err(ChildError::Fail { code: Some(3), .. })));
        assert!(matches!(shell("kill -9 $$", BOUNDS), Err(ChildError::Fail { code: None, .. })));
        assert!(matches!(shell("echo 12345678", BOUNDS), Err(ChildError::PrintTooMuch { limit: 8, .. })));
        let at_once = Bounds { patience: Duration::ZERO, ..BOUNDS };
        for script in ["exec sleep 60", "exec >&-; exec sleep 60"] {
            assert!(matches!(shell(script, at_once), Err(ChildError::TakeTooLong { .. })), "{script}");
        }
        let none: [(&str, &str); 0] = [];
        let missing = output_of(Path::new("/nowhere/program"), ["a"], none, BOUNDS);
        assert!(matches!(missing, Err(ChildError::Run { .. })));
    }
}
