//! `tests`: the first golden tests of a provider, by the code that `aivault policy new` runs.
//!
//! Each case is decided before it is written, so that what is written passes.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::error::ToolError;
use crate::files;
use crate::output::say;
use crate::spec::{Capability, Diagnostic, Source};
use crate::suite::{self, Policies, TestFile};

pub fn tests(provider: &str, force: bool) -> Result<ExitCode, ToolError> {
    for path in write(provider, force)? {
        say!("wrote {}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the tests and the golden file of one provider.
pub fn write(provider: &str, force: bool) -> Result<[PathBuf; 2], ToolError> {
    let (compiled, _) = files::provider(provider)?;
    let folder = Path::new("policy-tests").join(compiled.id.as_str());
    let paths = [folder.join("grants.test.yaml"), folder.join("grants.golden.yaml")];
    for path in &paths {
        files::free(path, force)?;
    }
    let text = files::read(&files::provider_path(provider))?;
    let source = Source { name: format!("{}.yaml", compiled.id), text };
    let catalog = suite::lower(vec![source]).map_err(told)?;
    let capabilities: Vec<&Capability> = compiled.capabilities.iter().collect();
    let name = format!("the grants of {}", compiled.id);
    let text = suite::skeleton(&name, &capabilities, &catalog);
    let source = Source { name: paths[0].display().to_string(), text: text.clone() };
    let file = TestFile::parse(source, &catalog, &Policies::default()).map_err(told)?;
    let results = suite::run(&file, &catalog, &Policies::default(), |_| true);
    let records: Vec<_> = results.iter().map(|result| &result.record).collect();
    files::write(&paths[0], &text)?;
    let golden = suite::write(&records).map_err(|error| ToolError::Tests(error.to_string()))?;
    files::write(&paths[1], &golden)?;
    Ok(paths)
}

fn told(mistakes: Vec<Diagnostic>) -> ToolError {
    ToolError::Tests(mistakes.iter().map(|one| one.render(false)).collect::<Vec<_>>().join("\n"))
}
