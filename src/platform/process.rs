//! This process and the ones it starts: hardening, identity, detached children.

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use thiserror::Error;

use super::descriptors;

/// Something about a process that the operating system refused.
#[derive(Debug, Error)]
pub enum ProcessError {
    #[error("could not keep this process's memory out of core files and debuggers: {0}")]
    Harden(#[source] io::Error),
    #[error("could not find the path of the running program: {0}")]
    FindExecutable(#[source] io::Error),
    #[error("could not start {program:?}: {source}")]
    Spawn { program: PathBuf, source: io::Error },
}

/// Keeps this process's memory from others of the same user: no core file, and on Linux no
/// debugger and no reading of `/proc/PID/{mem,environ}`. Call it before any key is loaded.
///
/// # Errors
/// When the system refuses; a process that holds keys should then end.
pub fn harden() -> Result<(), ProcessError> {
    refuse_core_files().and_then(|()| refuse_debuggers()).map_err(ProcessError::Harden)
}

/// Lets nobody else at what this process makes from now on, until it says so of one thing.
pub fn keep_new_files_private() {
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
}

fn refuse_core_files() -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    Ok(setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn refuse_debuggers() -> io::Result<()> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn refuse_debuggers() -> io::Result<()> {
    Ok(())
}

/// The path of the running program, so that a sibling is found without a search path.
///
/// # Errors
/// When the system cannot tell.
pub fn current_executable() -> Result<PathBuf, ProcessError> {
    std::env::current_exe().map_err(ProcessError::FindExecutable)
}

/// The user whose rights this process has.
#[must_use]
pub fn effective_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The id of this process.
#[must_use]
pub fn own_pid() -> u32 {
    std::process::id()
}

/// Starts a program that outlives this one: standard streams on the null device, working
/// directory `/`, no environment but the given pairs, and none of the files that whoever started
/// this process left open in it: a pipe or a lock would otherwise be held for the child's life.
/// `program` must be an absolute path.
///
/// The child leads a process group of its own rather than a session: starting a session means
/// code between fork and exec, which cannot be written without `unsafe`. The group is enough to
/// keep it from the signals that a terminal sends to its foreground job and a shell to its jobs.
///
/// # Errors
/// When the program is missing or may not be run.
pub fn spawn_detached<A, K, V>(
    program: &Path,
    arguments: impl IntoIterator<Item = A>,
    environment: impl IntoIterator<Item = (K, V)>,
) -> Result<Child, ProcessError>
where
    A: AsRef<OsStr>,
    K: AsRef<OsStr>,
    V: AsRef<OsStr>,
{
    spawn_with_stdin(program, arguments, environment, Stdio::null())
}

/// The same, with what `write` writes on the child's standard input, and then its end. What fits
/// into a pipe does not wait for the child; nobody else holds either end.
///
/// # Errors
/// When the program is missing or may not be run, or does not take what is written.
pub fn spawn_detached_with<A, K, V>(
    program: &Path,
    arguments: impl IntoIterator<Item = A>,
    environment: impl IntoIterator<Item = (K, V)>,
    write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
) -> Result<Child, ProcessError>
where
    A: AsRef<OsStr>,
    K: AsRef<OsStr>,
    V: AsRef<OsStr>,
{
    let mut child = spawn_with_stdin(program, arguments, environment, Stdio::piped())?;
    let written = child.stdin.take().map_or(Ok(()), |mut pipe| write(&mut pipe));
    written.map_err(|source| ProcessError::Spawn { program: program.to_owned(), source })?;
    Ok(child)
}

fn spawn_with_stdin<A, K, V>(
    program: &Path,
    arguments: impl IntoIterator<Item = A>,
    environment: impl IntoIterator<Item = (K, V)>,
    stdin: Stdio,
) -> Result<Child, ProcessError>
where
    A: AsRef<OsStr>,
    K: AsRef<OsStr>,
    V: AsRef<OsStr>,
{
    let failed = |source| ProcessError::Spawn { program: program.to_owned(), source };
    if !program.is_absolute() {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "the path is not absolute")));
    }
    descriptors::keep_to_this_process();
    Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(environment)
        .current_dir("/")
        .stdin(stdin)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(failed)
}

/// This process's standard input without the buffer that the library puts before it, in which a
/// copy of what was read would stay.
#[must_use]
pub fn unbuffered_stdin() -> impl io::Read {
    struct Stdin;
    impl io::Read for Stdin {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            Ok(rustix::io::retry_on_intr(|| rustix::io::read(rustix::stdio::stdin(), &mut *buffer))?)
        }
    }
    Stdin
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detached_child_sees_only_what_it_is_given() {
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("report");
        let script = r#"{ env; echo "cwd=$(pwd)"; } > "$1""#;
        let arguments = [OsStr::new("-c"), OsStr::new(script), OsStr::new("sh"), report.as_os_str()];
        let mut child =
            spawn_detached(Path::new("/bin/sh"), arguments, [("PATH", "/usr/bin:/bin"), ("GIVEN", "yes")])
                .unwrap();
        assert!(child.wait().unwrap().success());

        let report = std::fs::read_to_string(report).unwrap();
        assert!(report.contains("GIVEN=yes"), "{report}");
        assert!(report.contains("cwd=/\n"), "{report}");
        // Cargo gives each test this variable, so an inherited environment would show it.
        assert!(!report.contains("CARGO_MANIFEST_DIR"), "{report}");
    }

    #[test]
    fn a_detached_child_inherits_no_open_file() {
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("report");
        // As a shell leaves them to the programs it starts.
        let (_reader, writer) = io::pipe().unwrap();
        rustix::io::fcntl_setfd(&writer, rustix::io::FdFlags::empty()).unwrap();
        let script = r#"ls -l /dev/fd/ > "$1""#;
        let arguments = [OsStr::new("-c"), OsStr::new(script), OsStr::new("sh"), report.as_os_str()];
        let mut child = spawn_detached(Path::new("/bin/sh"), arguments, [("PATH", "/usr/bin:/bin")]).unwrap();
        assert!(child.wait().unwrap().success());
        let report = std::fs::read_to_string(report).unwrap();
        assert!(report.contains("/dev/null") && !report.contains("pipe"), "{report}");
    }

    #[test]
    fn a_detached_child_reads_what_is_written_and_then_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("report");
        let arguments = [OsStr::new("-c"), OsStr::new(r#"cat > "$1""#), OsStr::new("sh"), report.as_os_str()];
        let path = [("PATH", "/usr/bin:/bin")];
        let write = |pipe: &mut dyn io::Write| pipe.write_all(b"given");
        let mut child = spawn_detached_with(Path::new("/bin/sh"), arguments, path, write).unwrap();
        assert!(child.wait().unwrap().success());
        assert_eq!(std::fs::read_to_string(report).unwrap(), "given");
    }

    #[test]
    fn a_child_leads_its_own_group() {
        let mut child = spawn_detached(Path::new("/bin/sh"), ["-c", "exec sleep 60"], [("A", "b")]).unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        assert_eq!(rustix::process::getpgid(Some(pid)).unwrap(), pid);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn a_relative_or_missing_program_is_refused() {
        let none: [(&str, &str); 0] = [];
        assert!(spawn_detached(Path::new("sh"), ["-c", "true"], none).is_err());
        assert!(spawn_detached(Path::new("/nowhere/sh"), ["-c", "true"], none).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_hardened_process_leaves_no_core_file() {
        harden().unwrap();
        assert_eq!(rustix::process::getrlimit(rustix::process::Resource::Core).maximum, Some(0));
        let behavior = rustix::process::dumpable_behavior().unwrap();
        assert_eq!(behavior, rustix::process::DumpableBehavior::NotDumpable);
    }
}
