//! The official clients, installed once below the target folder by their registries' own programs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// Two tests at once must not install into one folder.
static INSTALLING: Mutex<()> = Mutex::new(());

/// Why the clients cannot be had here.
#[derive(Debug)]
pub struct OutOfReach(pub String);

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk")
}

fn place(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("sdk").join(name)
}

/// An interpreter with the clients, and the folder of its scripts.
pub struct Installed {
    pub interpreter: PathBuf,
    pub scripts: PathBuf,
    pub ending: &'static str,
}

/// Python with the packages of `requirements.txt`; why not, where they cannot be had.
pub fn python() -> Result<Installed, OutOfReach> {
    let (wanted, folder) = (scripts().join("requirements.txt"), place("python"));
    let interpreter = folder.join("bin/python");
    install(&folder, &wanted, || {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        run(Command::new(&interpreter).args(["-m", "pip", "install", "--quiet", "-r"]).arg(&wanted))
    })?;
    Ok(Installed { interpreter, scripts: scripts().join("python"), ending: "py" })
}

/// Node with the packages of `package.json`, beside which the scripts have to stand.
pub fn node() -> Result<Installed, OutOfReach> {
    let (wanted, folder) = (scripts().join("package.json"), place("node"));
    let interpreter = found("node")?;
    install(&folder, &wanted, || {
        fs::copy(&wanted, folder.join("package.json")).map_err(|error| OutOfReach(error.to_string()))?;
        run(Command::new("npm").args(["install", "--no-audit", "--no-fund"]).current_dir(&folder))
    })?;
    for script in fs::read_dir(scripts().join("node")).unwrap().flatten() {
        // Tests that run at once write the same bytes: a reader sees them or these.
        let (copy, shown) =
            (folder.join(format!(".{}", std::process::id())), folder.join(script.file_name()));
        let _guard = INSTALLING.lock();
        fs::copy(script.path(), &copy).unwrap();
        fs::rename(&copy, shown).unwrap();
    }
    Ok(Installed { interpreter, scripts: folder, ending: "mjs" })
}

/// Does the work unless it was done for the same list of packages.
fn install(
    folder: &Path,
    wanted: &Path,
    work: impl FnOnce() -> Result<(), OutOfReach>,
) -> Result<(), OutOfReach> {
    let _guard = INSTALLING.lock();
    let (wanted, mark) = (fs::read(wanted).unwrap(), folder.join("installed"));
    if fs::read(&mark).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    fs::create_dir_all(folder).unwrap();
    work()?;
    fs::write(mark, wanted).unwrap();
    Ok(())
}

fn run(command: &mut Command) -> Result<(), OutOfReach> {
    let done = command.output().map_err(|error| OutOfReach(format!("{command:?}: {error}")))?;
    let errors = String::from_utf8_lossy(&done.stderr).into_owned();
    if done.status.success() { Ok(()) } else { Err(OutOfReach(format!("{command:?}: {errors}"))) }
}

fn found(program: &str) -> Result<PathBuf, OutOfReach> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = std::env::split_paths(&path).map(|folder| folder.join(program));
    all.into_iter().find(|file| file.is_file()).ok_or_else(|| OutOfReach(format!("there is no `{program}`")))
}
