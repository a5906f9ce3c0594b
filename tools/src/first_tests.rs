//! `tests`: the first golden tests of a provider, by the code that `aivault policy new` runs.
//!
//! Each case is decided before it is written, so that what is written passes.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::error::ToolError;
use crate::files;
use crate::output::say;
use crate::spec::{Capability, Diagnostic, Provider, Source};
use crate::suite::{self, Policies, TestFile};

pub fn tests(provider: &str, force: bool) -> Result<ExitCode, ToolError> {
    let (compiled, _) = files::provider(provider)?;
    let paths = places(compiled.id.as_str(), force)?;
    let text = files::read(&files::provider_path(provider))?;
    for (path, text) in paths.iter().zip(texts(&compiled, text, &paths[0])?) {
        files::write(path, &text)?;
        say!("wrote {}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Where a provider's tests and their golden file go.
pub fn places(id: &str, force: bool) -> Result<[PathBuf; 2], ToolError> {
    let folder = Path::new("policy-tests").join(id);
    let paths = [folder.join("grants.test.yaml"), folder.join("grants.golden.yaml")];
    for path in &paths {
        files::free(path, force)?;
    }
    Ok(paths)
}

/// The tests of a provider, of which `provider_text` is the file, and their golden file.
pub fn texts(compiled: &Provider, provider_text: String, place: &Path) -> Result<[String; 2], ToolError> {
    let source = Source { name: format!("{}.yaml", compiled.id), text: provider_text };
    let catalog = suite::lower(vec![source]).map_err(told)?;
    let capabilities: Vec<&Capability> = compiled.capabilities.iter().collect();
    let name = format!("the grants of {}", compiled.id);
    let text = suite::skeleton(&name, &capabilities, &catalog);
    let source = Source { name: place.display().to_string(), text: text.clone() };
    let file = TestFile::parse(source, &catalog, &Policies::default()).map_err(told)?;
    let results = suite::run(&file, &catalog, &Policies::default(), |_| true);
    let records: Vec<_> = results.iter().map(|result| &result.record).collect();
    let golden = suite::write(&records).map_err(|error| ToolError::Tests(error.to_string()))?;
    Ok([text, golden])
}

fn told(mistakes: Vec<Diagnostic>) -> ToolError {
    ToolError::Tests(mistakes.iter().map(|one| one.render(false)).collect::<Vec<_>>().join("\n"))
}
