//! The key in a file: one line of base64, mode 0600, in a folder nobody else can write to.
//!
//! Beside readable ciphertexts it protects nothing from code of the same user; `status` says so.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::env::parse_text;
use super::error::KeyError;
use super::kek::Kek;
use super::places::KeyPlaces;
use crate::platform::files;

/// The line is 45 bytes; more is some other file.
const MAX_BYTES: usize = 256;

pub(super) fn read(path: &Path) -> Result<Kek, KeyError> {
    if let Some(folder) = path.parent() {
        files::check_private_dir(folder)?;
    }
    let bytes = Zeroizing::new(files::read_private(path, MAX_BYTES)?);
    let malformed = || KeyError::Malformed { origin: format!("the key file {path:?}") };
    let text = std::str::from_utf8(&bytes).map_err(|_| malformed())?;
    parse_text(text.strip_suffix('\n').unwrap_or(text)).ok_or_else(malformed)
}

/// A new key, durable before it is used; or the one that an interrupted `init` left there.
pub(super) fn read_or_create(path: &Path) -> Result<Kek, KeyError> {
    if files::exists(path)? {
        return read(path);
    }
    if let Some(folder) = path.parent() {
        files::ensure_private_dir(folder)?;
    }
    let kek = Kek::generate()?;
    let mut line = Zeroizing::new(STANDARD.encode(kek.as_bytes()));
    line.reserve_exact(1);
    line.push('\n');
    files::write_private_new(path, line.as_bytes())?;
    Ok(kek)
}

/// A new key beside the one that is in use, durable before it is used. One that an interrupted change left there never
/// opened anything.
pub(super) fn create_next(places: &KeyPlaces) -> Result<Kek, KeyError> {
    files::remove(&places.next_file())?;
    read_or_create(&places.next_file())
}

/// The key in use, or the one that was about to take its place when a change was interrupted.
pub(super) fn read_either(places: &KeyPlaces, fits: impl Fn(&Kek) -> bool) -> Result<Kek, KeyError> {
    let current = read(&places.file);
    if current.as_ref().is_ok_and(&fits) || !files::exists(&places.next_file())? {
        return current;
    }
    match read(&places.next_file()) {
        Ok(next) if fits(&next) => Ok(next),
        _ => current,
    }
}

/// Whether this key is in use already and has not got its name yet.
pub(super) fn is_next(kek: &Kek, places: &KeyPlaces) -> Result<bool, KeyError> {
    if !files::exists(&places.next_file())? {
        return Ok(false);
    }
    Ok(read(&places.next_file()).is_ok_and(|next| next.as_bytes() == kek.as_bytes()))
}

/// After a change: the next key, if it `is_used`, takes the name of the one before, which is set aside, since backups
/// that were made before need it. Begun again after a crash, this finishes.
pub(super) fn settle(is_used: bool, places: &KeyPlaces, mark: &str) -> Result<Option<PathBuf>, KeyError> {
    let has_next = is_used && files::exists(&places.next_file())?;
    let aside = if has_next || !is_used { files::set_aside(&places.file, mark)? } else { None };
    if has_next {
        files::publish_new(&places.next_file(), &places.file)?;
    }
    Ok(aside)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn with_key() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/kek.key");
        read_or_create(&path).unwrap();
        (folder, path)
    }

    #[test]
    fn the_key_is_made_once() {
        let (_folder, path) = with_key();
        let kek = read(&path).unwrap();
        assert_eq!(read_or_create(&path).unwrap().as_bytes(), kek.as_bytes());
    }

    #[test]
    fn a_short_long_or_foreign_file_is_no_key() {
        let (_folder, path) = with_key();
        let line = files::read_private(&path, MAX_BYTES).unwrap();
        let two_lines = [line.clone(), b"\n".to_vec()].concat();
        let too_long = vec![b'A'; MAX_BYTES + 1];
        for content in [&line[..line.len() - 3], b"", b"\n", b"\xff", &two_lines, &too_long] {
            files::write_atomic(&path, content).unwrap();
            assert!(read(&path).is_err(), "{content:?}");
        }
        files::write_atomic(&path, &line).unwrap();
        assert!(read(&path).is_ok());
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test plays an attacker who changes modes")]
    fn an_open_or_linked_file_is_refused() {
        let (folder, path) = with_key();
        let link = folder.path().join("keys/link");
        symlink(&path, &link).unwrap();
        assert!(read(&link).is_err());

        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(read(&path).is_err());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::set_permissions(path.parent().unwrap(), std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(read(&path).is_err());
    }
}
