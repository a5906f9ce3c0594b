//! `grow`: synthetic providers, to measure what a larger registry costs.
//!
//! Written into a copy of the repository, never beside real ones: nothing but the files of
//! `providers/` alters the registry.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use crate::error::ToolError;
use crate::files;
use crate::output::say;

/// Capabilities of each synthetic provider.
const CAPABILITIES: usize = 10;

pub fn grow(count: usize, folder: &Path) -> Result<ExitCode, ToolError> {
    for number in 0..count {
        files::write(&folder.join(format!("synthetic-{number}.yaml")), &provider(number))?;
    }
    say!("{count} providers with {} capabilities in {}", count * CAPABILITIES, folder.display());
    Ok(ExitCode::SUCCESS)
}

// Writing into a String cannot fail.
fn provider(number: usize) -> String {
    let mut text = format!(
        "provider: synthetic-{number}\nname: Synthetic {number}\ncategory: synthetic\n\
         docs: https://synthetic-{number}.example/docs\nsecrets:\n  SYNTHETIC_{number}_API_KEY:\n    as: secret\n\
         hosts: [api.synthetic-{number}.example]\n\
         auth:\n  type: header\n  name: authorization\n  value: \"Bearer {{{{secret}}}}\"\ncapabilities:\n"
    );
    for area in 0..CAPABILITIES {
        let things = format!("things-{area}");
        let _ = write!(
            text,
            "  {things}:\n    summary: Read, create and change {things}\n    allow:\n\
             \x20     - methods: [GET, POST]\n        paths: [/v1/{things}, \"/v1/{things}/*/parts\"]\n\
             \x20     - methods: [GET, PATCH]\n        paths: [\"/v1/{things}/*\"]\n\
             \x20   example: {{ method: POST, path: /v1/{things}, body: {{ name: one }} }}\n\
             \x20   examples: {{ deny: [DELETE /v1/{things}] }}\n"
        );
    }
    text
}
