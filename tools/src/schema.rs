//! `schema`: the JSON Schemas of the language's files, generated from its types.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::error::ToolError;
use crate::output::say;
use crate::{files, spec};

/// Writes the schemas, or with `check` says which of them are stale.
pub fn schema(check: bool) -> Result<ExitCode, ToolError> {
    let mut stale = false;
    for (path, text) in generated() {
        if !check {
            files::write(&path, &text)?;
            say!("{}", path.display());
        } else if files::read(&path).ok().as_deref() != Some(&*text) {
            say!("{} is stale: run `cargo tools schema`", path.display());
            stale = true;
        }
    }
    Ok(if stale { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn generated() -> Vec<(PathBuf, String)> {
    let all = [
        ("provider", spec::shape::provider_schema()),
        ("policy", spec::shape::policy_schema()),
        ("policy-test", spec::shape::policy_test_schema()),
    ];
    let text = |schema| format!("{schema:#}\n");
    all.into_iter()
        .map(|(name, schema)| (format!("schema/{name}.schema.json").into(), text(schema)))
        .collect()
}
