//! What changes of a vault's key left beside it: keys of before, and one that has not got its name yet. Looks, and
//! touches nothing.

use std::path::{Path, PathBuf};

use super::error::KeyError;
use super::kek::Kek;
use super::places::KeyPlaces;
use super::{KeyProvider, file};
use crate::platform::files;

/// Key files other than the one by whose name a vault's key is known.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FormerKeys {
    /// The vault's key, where a change was interrupted before it got its name.
    pub nameless: Option<PathBuf>,
    /// A key that was made for a change that did not come about; it opens nothing.
    pub unused: Option<PathBuf>,
    /// Keys of before, which backups from then need.
    pub set_aside: Vec<PathBuf>,
}

impl FormerKeys {
    pub(in crate::vault) fn find(
        provider: &KeyProvider,
        kek: &Kek,
        places: &KeyPlaces,
    ) -> Result<Self, KeyError> {
        let mut found = Self { set_aside: set_aside(&places.file)?, ..Self::default() };
        let next = places.next_file();
        if files::exists(&next)? {
            let is_used = *provider == KeyProvider::File && file::is_next(kek, places)?;
            *(if is_used { &mut found.nameless } else { &mut found.unused }) = Some(next);
        }
        Ok(found)
    }
}

fn set_aside(file: &Path) -> Result<Vec<PathBuf>, KeyError> {
    let Some(folder) = file.parent().filter(|folder| files::exists(folder).unwrap_or(true)) else {
        return Ok(Vec::new());
    };
    let mut found = files::list_folder(folder)?;
    found.retain(|path| files::is_set_aside_of(path, file));
    Ok(found)
}
