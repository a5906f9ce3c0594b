//! Tools for those who work on aivault's data: never shipped, and independent of
//! the root package, whose build would fail on the very files that they mend.
#![expect(clippy::disallowed_methods, reason = "a contributor's tool reads and writes the files it is given")]

mod administrative;
mod answer;
mod api;
mod ask;
mod check;
mod coverage;
mod docs;
mod draft;
mod error;
mod explain;
mod files;
mod first_tests;
mod grow;
mod import;
mod new;
mod output;
#[allow(dead_code, unused_imports, reason = "the tools plan requests to write golden files, and send none")]
#[path = "../../src/plan.rs"]
mod plan;
#[allow(dead_code, unused_imports, reason = "the tools need decisions without rules only")]
#[path = "../../src/policy/mod.rs"]
mod policy;
mod schema;
#[allow(dead_code, unused_imports, reason = "the tools need the checking half of the language only")]
#[path = "../../src/spec/mod.rs"]
mod spec;
#[allow(dead_code, unused_imports, reason = "the tools write first tests only")]
#[path = "../../src/suite/mod.rs"]
mod suite;

use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use error::ToolError;

/// Works on aivault's provider files and what is generated from them.
#[derive(Parser)]
#[command(name = "cargo tools", bin_name = "cargo tools")]
struct Arguments {
    #[command(subcommand)]
    tool: Tool,
}

#[derive(Subcommand)]
enum Tool {
    /// Check provider files and say all that is wrong with them.
    Check {
        /// Ids or files; all of `providers/` when none is named.
        providers: Vec<String>,
    },
    /// Say which operations of an API no capability covers, and which patterns match none.
    Coverage(coverage::Arguments),
    /// Write `docs/providers.md`, the page on all providers, anew.
    Docs {
        /// Write nothing, and fail when it is stale.
        #[arg(long)]
        check: bool,
    },
    /// Say what the code of a diagnostic means, and how to put it right.
    Explain {
        /// The code, such as `P007`.
        code: String,
    },
    /// Write synthetic providers, to measure what a larger registry costs.
    Grow {
        /// How many, with ten capabilities each.
        count: usize,
        /// Where to; `providers/` of a copy of the repository.
        folder: PathBuf,
    },
    /// Propose a provider file from an API's own description.
    Import(import::Arguments),
    /// Write a new provider file with comments, and its golden tests, which already pass.
    New(new::Arguments),
    /// Write `schema/*.schema.json` anew from the types.
    Schema {
        /// Write nothing, and fail when one is stale.
        #[arg(long)]
        check: bool,
    },
    /// Write golden tests of a provider's grants: each allowed once, and neighbours denied.
    Tests {
        /// The provider's id, or its file.
        provider: String,
        /// Overwrite tests that are there.
        #[arg(long)]
        force: bool,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().tool {
        Tool::Check { providers } => check::check(&providers),
        Tool::Coverage(arguments) => coverage::coverage(&arguments),
        Tool::Docs { check } => docs::docs(check),
        Tool::Explain { code } => explain::explain(&code),
        Tool::Grow { count, folder } => grow::grow(count, &folder),
        Tool::Import(arguments) => import::import(&arguments),
        Tool::New(arguments) => new::new(&arguments),
        Tool::Schema { check } => schema::schema(check),
        Tool::Tests { provider, force } => first_tests::tests(&provider, force),
    };
    match outcome {
        Ok(code) => code,
        Err(ToolError::Print(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
