//! Finding files by how their names end.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::FileError;
use super::folder::list_folder;

/// Folders below more levels than this are not looked into.
const MAX_DEPTH: usize = 16;

/// The files at or below `path` whose names end so, sorted; a path that is a file is itself,
/// whatever its name. Links below it and names that begin with a dot are left alone.
///
/// # Errors
/// When the path does not exist, or a folder cannot be read.
pub fn find_files(path: &Path, ending: &str) -> Result<Vec<PathBuf>, FileError> {
    let metadata = fs::metadata(path).map_err(|error| FileError::io(path, "look at", error))?;
    if !metadata.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    collect(path, ending, MAX_DEPTH, &mut found)?;
    Ok(found)
}

fn collect(folder: &Path, ending: &str, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), FileError> {
    for path in list_folder(folder)? {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or(".");
        if name.starts_with('.') {
            continue;
        }
        let kind = fs::symlink_metadata(&path).map_err(|error| FileError::io(&path, "look at", error))?;
        if kind.is_dir() && depth > 0 {
            collect(&path, ending, depth - 1, found)?;
        } else if kind.is_file() && name.ends_with(ending) {
            // What stands in the current folder is called as people call it.
            found.push(path.strip_prefix(".").map(Path::to_owned).unwrap_or(path));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_searched_and_files_are_taken_as_they_are() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str| {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        };
        ["b.policy.yaml", "a/c.policy.yaml", "a/d.yaml", ".hidden/e.policy.yaml"].into_iter().for_each(write);
        let found = find_files(root.path(), ".policy.yaml").unwrap();
        assert_eq!(found, [root.path().join("a/c.policy.yaml"), root.path().join("b.policy.yaml")]);
        assert_eq!(find_files(&root.path().join("a/d.yaml"), ".policy.yaml").unwrap().len(), 1);
        assert!(find_files(&root.path().join("none"), ".yaml").unwrap_err().is_missing());
    }
}
