//! The files that the tools read and write, below the folder that they are started in.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::ToolError;
use crate::spec::compile::Checked;
use crate::spec::{Provider, Source, compile_provider};

/// Where the registry's files are.
pub const PROVIDERS: &str = "providers";

pub fn read(path: &Path) -> Result<String, ToolError> {
    fs::read_to_string(path).map_err(ToolError::at(path))
}

/// Writes a file, and the folders that it stands in.
pub fn write(path: &Path, text: &str) -> Result<(), ToolError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(ToolError::at(folder))?;
    }
    fs::write(path, text).map_err(ToolError::at(path))
}

/// Refuses to write where something is already, unless that is meant.
pub fn free(path: &Path, force: bool) -> Result<(), ToolError> {
    if path.exists() && !force { Err(ToolError::Taken(path.to_path_buf())) } else { Ok(()) }
}

/// The provider files of a folder, by name.
pub fn provider_files(folder: &Path) -> Result<Vec<PathBuf>, ToolError> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(ToolError::at(folder))? {
        files.push(entry.map_err(ToolError::at(folder))?.path());
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    Ok(files)
}

/// Reads and checks one provider file.
pub fn checked(path: &Path) -> Result<Checked, ToolError> {
    let name = path.display().to_string().replace('\\', "/");
    Ok(compile_provider(Source { name, text: read(path)? }))
}

/// `acme`, or a path to its file, as the path to its file.
pub fn provider_path(provider: &str) -> PathBuf {
    if provider.ends_with(".yaml") {
        return PathBuf::from(provider);
    }
    Path::new(PROVIDERS).join(format!("{provider}.yaml"))
}

/// The provider of that id or file, which must be without mistakes, and its hosts.
pub fn provider(provider: &str) -> Result<(Provider, Vec<String>), ToolError> {
    let file = provider_path(provider);
    let Checked { provider, document, diagnostics, .. } = checked(&file)?;
    let (Some(provider), Some(document)) = (provider, document) else {
        let reports = diagnostics.iter().map(|one| format!("\n{}\n", one.render(false))).collect();
        return Err(ToolError::Provider { file, reports });
    };
    Ok((provider, document.hosts))
}
