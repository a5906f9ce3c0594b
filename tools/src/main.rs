//! Tools for those who work on aivault's data: never shipped, and independent of
//! the root package, whose build would fail on the very files that they mend.
#![expect(clippy::disallowed_methods, reason = "a contributor's tool reads and writes the files it is given")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::{fs, io};

use clap::{Parser, Subcommand};

#[allow(dead_code, unused_imports, reason = "the tools need the checking half of the language only")]
#[path = "../../src/spec/mod.rs"]
mod spec;

/// Works on aivault's provider files and what is generated from them.
#[derive(Parser)]
#[command(name = "cargo tools", bin_name = "cargo tools")]
struct Arguments {
    #[command(subcommand)]
    tool: Tool,
}

#[derive(Subcommand)]
enum Tool {
    /// Write `schema/*.schema.json` anew from the types.
    Schema,
    /// Check provider files and say all that is wrong with them.
    Check {
        /// The files; all of `providers/` when none is named.
        files: Vec<PathBuf>,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().tool {
        Tool::Schema => write_schemas(),
        Tool::Check { files } => check(files),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write_schemas() -> io::Result<ExitCode> {
    fs::create_dir_all("schema")?;
    for (name, schema) in [
        ("provider", spec::shape::provider_schema()),
        ("policy", spec::shape::policy_schema()),
        ("policy-test", spec::shape::policy_test_schema()),
    ] {
        let path = format!("schema/{name}.schema.json");
        fs::write(&path, serde_json::to_string_pretty(&schema)? + "\n")?;
        println!("{path}");
    }
    Ok(ExitCode::SUCCESS)
}

fn check(mut files: Vec<PathBuf>) -> io::Result<ExitCode> {
    if files.is_empty() {
        files = fs::read_dir("providers")?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
        files.sort();
    }
    let mut all = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file)?;
        all.push(spec::compile_provider(spec::Source { name: file.display().to_string(), text }));
    }
    let across = spec::lint::across(&all);
    let mistakes: Vec<_> = all.iter().flat_map(|one| &one.diagnostics).chain(&across).collect();
    for mistake in &mistakes {
        println!("{}\n", mistake.render(io::IsTerminal::is_terminal(&io::stdout())));
    }
    println!("{} files, {} mistakes", files.len(), mistakes.len());
    Ok(if mistakes.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
