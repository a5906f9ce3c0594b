//! The command line's composition root: make the process safe, then hand over.

use std::process::ExitCode;

use aivault::cli::Surfaces;
use aivault::{cli, mcp, platform, settings};

fn main() -> ExitCode {
    settings::cleanse();
    if let Err(error) = platform::process::harden() {
        return cli::refuse_to_start(&error);
    }
    cli::run(std::env::args_os(), Surfaces { mcp: mcp::serve })
}
