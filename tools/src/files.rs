//! The files that the tools read and write, below the folder that they are started in.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::error::ToolError;
use crate::spec::compile::Checked;
use crate::spec::{Provider, ProviderId, Source, compile_provider, suggest};

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

/// The registry's files, by name.
pub fn provider_files() -> Result<Vec<PathBuf>, ToolError> {
    let folder = Path::new(PROVIDERS);
    let entries = fs::read_dir(folder).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ToolError::Elsewhere(PROVIDERS),
        _ => ToolError::at(folder)(error),
    })?;
    let mut files = Vec::new();
    for entry in entries {
        files.push(entry.map_err(ToolError::at(folder))?.path());
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    Ok(files)
}

/// Reads and checks one provider file.
pub fn checked(path: &Path) -> Result<Checked, ToolError> {
    Ok(checked_text(path, read(path)?))
}

/// Checks what stands in a provider file, or will.
pub fn checked_text(path: &Path, text: String) -> Checked {
    compile_provider(Source { name: path.display().to_string().replace('\\', "/"), text })
}

/// Where a new provider's file goes, and all others.
pub fn place(id: &ProviderId, force: bool) -> Result<(PathBuf, Vec<Checked>), ToolError> {
    let path = provider_path(id.as_str());
    let mut others = provider_files()?;
    free(&path, force)?;
    others.retain(|other| *other != path);
    let same = |one: &String| folded(one) == folded(id.as_str());
    if let Some(there) = others.iter().map(|other| id_of(other)).find(same) {
        return Err(ToolError::Confusable { asked: id.to_string(), there });
    }
    Ok((path, others.iter().map(|other| checked(other)).collect::<Result<_, _>>()?))
}

/// An id as a hurried reader takes it: without joints, and with one letter for those that look alike.
fn folded(id: &str) -> String {
    let seen = |c: char| match c {
        '0' => 'o',
        '1' | 'i' => 'l',
        other => other,
    };
    id.chars().filter(|c| !matches!(c, '-' | '_')).map(seen).collect()
}

fn id_of(file: &Path) -> String {
    file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// `acme`, or a path to its file, as the path to its file.
pub fn provider_path(provider: &str) -> PathBuf {
    if provider.ends_with(".yaml") {
        return PathBuf::from(provider);
    }
    Path::new(PROVIDERS).join(format!("{provider}.yaml"))
}

/// The file of that id or path, which must be there.
pub fn existing(provider: &str) -> Result<PathBuf, ToolError> {
    let file = provider_path(provider);
    if file.exists() {
        return Ok(file);
    }
    let ids: Vec<String> = provider_files()?.iter().map(|file| id_of(file)).collect();
    let asked = id_of(&file).escape_debug().to_string();
    let near = suggest::nearest(&asked, ids.iter().map(String::as_str));
    let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    Err(ToolError::Unknown { asked, file, near })
}

/// The provider of that id or file, which must be without mistakes, and its hosts.
pub fn provider(provider: &str) -> Result<(Provider, Vec<String>), ToolError> {
    let file = existing(provider)?;
    let Checked { provider, document, diagnostics, .. } = checked(&file)?;
    let (Some(provider), Some(document)) = (provider, document) else {
        let reports = diagnostics.iter().map(|one| format!("\n{}\n", one.render(false))).collect();
        return Err(ToolError::Provider { file, reports });
    };
    Ok((provider, document.hosts))
}
