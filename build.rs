//! Compiles `providers/*.yaml` into the static registry.
//!
//! Uses the very code of `src/spec` that the crate uses. All mistakes of all files
//! are printed in one run, as cargo errors with file, line, column and a fix; with
//! one of them there is no registry and no binary. The same input gives the same
//! output, byte for byte.
#![expect(clippy::disallowed_methods, reason = "a build script reads its inputs and where to write")]

use std::path::{Path, PathBuf};
use std::{env, fs, process};

#[path = "build/emit.rs"]
mod emit;
#[allow(dead_code, unused_imports, reason = "the build needs the compiling half of the language only")]
#[path = "src/spec/mod.rs"]
mod spec;

use spec::compile::Checked;

fn main() {
    // The shipped crate leaves the JSON Schema library out; build.rs and the tools have it.
    println!("cargo::rustc-cfg=shipped");
    for input in ["build.rs", "build", "src/spec", "providers"] {
        println!("cargo::rerun-if-changed={input}");
    }
    let providers = compile_all(Path::new("providers"));
    // Cargo sets OUT_DIR for build scripts, always.
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let generated = emit::registry(&providers);
    // Programs of different registries must not take each other for their own.
    println!("cargo::rustc-env=AIVAULT_REGISTRY={}", generated.digest());
    for (name, bytes) in
        [("registry.rs", generated.code.to_string().into_bytes()), ("registry.bin", generated.packed)]
    {
        if let Err(error) = fs::write(out.join(name), bytes) {
            fail(&[format!("the registry cannot be written to {}: {error}", out.display())]);
        }
    }
}

fn compile_all(folder: &Path) -> Vec<spec::Provider> {
    let mut names = provider_files(folder);
    names.sort();
    let mut checked: Vec<Checked> = names.iter().map(|path| spec::compile_provider(read(path))).collect();
    let across = spec::lint::across(&checked);
    let own = checked.iter().flat_map(|one| &one.diagnostics);
    let reports: Vec<String> = own.chain(&across).map(|diagnostic| diagnostic.render(false)).collect();
    if !reports.is_empty() {
        fail(&reports);
    }
    checked.iter_mut().filter_map(|one| one.provider.take()).collect()
}

fn provider_files(folder: &Path) -> Vec<PathBuf> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => fail(&[format!("{} cannot be read: {error}", folder.display())]),
    };
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")).collect()
}

fn read(path: &Path) -> spec::Source {
    match fs::read_to_string(path) {
        Ok(text) => spec::Source { name: path.to_string_lossy().replace('\\', "/"), text },
        Err(error) => fail(&[format!("{} cannot be read: {error}", path.display())]),
    }
}

/// Cargo shows the standard error of a build script that fails, and only then.
fn fail(reports: &[String]) -> ! {
    for report in reports {
        eprintln!("\n{report}");
    }
    let s = if reports.len() == 1 { "" } else { "s" };
    eprintln!("\nproviders: {} mistake{s}; nothing was built", reports.len());
    eprintln!("`cargo tools check` says so faster, and `cargo tools explain CODE` says what a code means");
    process::exit(1)
}
