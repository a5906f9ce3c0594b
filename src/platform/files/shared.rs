//! Folders and sockets that a group of users may reach, and the checks of those who reach them.
//!
//! Whoever serves makes them so; whoever comes trusts nothing that anybody but root and the user who
//! is meant to serve could have put there.

use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::error::{FileError, Problem};
use super::guard::{WRITE_ACCESS_OF_OTHERS, ours_and_closed};

const SHARED_FOLDER: u32 = 0o750;
const SHARED_SOCKET: u32 = 0o660;
const STICKY: u32 = 0o1000;
const PERMISSION_BITS: u32 = 0o777;

/// Makes sure that `path` is a folder of this user that the group may enter and read, and nobody else:
/// mode 0750. Made where it is missing; what stands above it is not.
///
/// # Errors
/// When it cannot be made so, or is a link or another user's.
pub fn share_folder(path: &Path, gid: u32) -> Result<(), FileError> {
    const ACTION: &str = "share the folder";
    let failed = |error| FileError::io(path, ACTION, error);
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(error)),
        _ => {}
    }
    let found = fs::symlink_metadata(path).map_err(failed)?;
    let problem = match () {
        () if found.is_symlink() => Some(Problem::SymbolicLink),
        () if !found.is_dir() => Some(Problem::NotAFolder),
        () => ours_and_closed(&found, 0).err(),
    };
    problem.map_or(Ok(()), |problem| Err(FileError::new(path, ACTION, problem)))?;
    if found.gid() != gid {
        std::os::unix::fs::lchown(path, None, Some(gid)).map_err(failed)?;
    }
    if found.mode() & PERMISSION_BITS != SHARED_FOLDER {
        fs::set_permissions(path, Permissions::from_mode(SHARED_FOLDER)).map_err(failed)?;
    }
    Ok(())
}

/// Lets the group connect to a socket of this user, and nobody else: mode 0660. It must stand in a
/// folder that only this user can change.
///
/// # Errors
/// When this user is not in the group.
pub fn share_socket(path: &Path, gid: u32) -> Result<(), FileError> {
    let shared = std::os::unix::fs::lchown(path, None, Some(gid))
        .and_then(|()| fs::set_permissions(path, Permissions::from_mode(SHARED_SOCKET)));
    shared.map_err(|error| FileError::io(path, "share the socket", error))
}

/// Whether a folder is there with just that mode, owner and group.
#[must_use]
pub fn is_folder_of(path: &Path, mode: u32, uid: u32, gid: u32) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| {
        found.is_dir() && found.mode() & PERMISSION_BITS == mode && (found.uid(), found.gid()) == (uid, gid)
    })
}

/// A folder that was found to be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedFolder {
    /// Without any link in it.
    pub path: PathBuf,
    pub owner: u32,
    pub group: u32,
}

/// The folder at `path`, which belongs to root or to `user` and can be changed by nobody else, as can
/// none above it.
///
/// # Errors
/// When it is missing, or anybody else could have put there what is in it.
pub fn trusted_folder(path: &Path, user: Option<u32>) -> Result<TrustedFolder, FileError> {
    const ACTION: &str = "trust the folder";
    let failed = |path: &Path, error| FileError::io(path, ACTION, error);
    let path = fs::canonicalize(path).map_err(|error| failed(path, error))?;
    let (mut owner, mut group) = (0, 0);
    for (folder, is_first) in path.ancestors().zip([true].into_iter().chain(std::iter::repeat(false))) {
        let found = fs::symlink_metadata(folder).map_err(|error| failed(folder, error))?;
        if is_first {
            (owner, group) = (found.uid(), found.gid());
        }
        let problem = untrusted(&found, user, is_first);
        problem.map_or(Ok(()), |problem| Err(FileError::new(folder, ACTION, problem)))?;
    }
    Ok(TrustedFolder { path, owner, group })
}

/// Above the folder, others may add names where they can take none away.
fn untrusted(found: &Metadata, user: Option<u32>, is_first: bool) -> Option<Problem> {
    if !found.is_dir() {
        return Some(Problem::NotAFolder);
    }
    if found.uid() != 0 && Some(found.uid()) != user {
        return Some(Problem::ForeignOwner { owner: found.uid(), user: user.unwrap_or(0) });
    }
    let is_sticky = !is_first && found.mode() & STICKY != 0;
    let open = found.mode() & WRITE_ACCESS_OF_OTHERS != 0 && !is_sticky;
    open.then(|| Problem::OpenToOthers { mode: found.mode() & PERMISSION_BITS })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::process::effective_uid;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().mode() & PERMISSION_BITS
    }

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_shared_folder_and_socket_have_their_modes_and_twice_is_once() {
        let root = tempfile::tempdir().unwrap();
        let (folder, gid) = (root.path().join("run"), fs::metadata(root.path()).unwrap().gid());
        for _ in 0..2 {
            share_folder(&folder, gid).unwrap();
            assert_eq!(mode(&folder), 0o750);
            set(&folder, 0o777);
        }
        share_folder(&folder, gid).unwrap();
        let socket = folder.join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        share_socket(&socket, gid).unwrap();
        assert_eq!(mode(&socket), 0o660);
        let link = root.path().join("link");
        std::os::unix::fs::symlink(&folder, &link).unwrap();
        assert!(matches!(share_folder(&link, gid).unwrap_err().problem, Problem::SymbolicLink));
        assert!(matches!(share_folder(&socket, gid).unwrap_err().problem, Problem::NotAFolder));
    }

    #[test]
    fn what_others_could_have_planted_is_not_trusted() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("run");
        fs::create_dir(&folder).unwrap();
        let own = Some(effective_uid());
        set(&folder, 0o750);
        let found = trusted_folder(&folder, own).unwrap();
        assert_eq!((found.owner, &found.path), (effective_uid(), &fs::canonicalize(&folder).unwrap()));
        for open in [0o770, 0o757, 0o777, 0o1777] {
            set(&folder, open);
            let problem = trusted_folder(&folder, own).unwrap_err().problem;
            assert!(matches!(problem, Problem::OpenToOthers { .. }), "{open:o}: {problem}");
        }
        set(&folder, 0o750);
        // Above it, others may write only where they cannot take away what is another's.
        set(root.path(), 0o777);
        assert!(trusted_folder(&folder, own).is_err());
        set(root.path(), 0o1777);
        assert!(trusted_folder(&folder, own).is_ok());
        set(root.path(), 0o700);
        assert!(trusted_folder(&root.path().join("none"), own).unwrap_err().is_missing());
        let file = folder.join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(trusted_folder(&file, own).unwrap_err().problem, Problem::NotAFolder));
        if effective_uid() != 0 {
            assert!(matches!(
                trusted_folder(&folder, None).unwrap_err().problem,
                Problem::ForeignOwner { .. }
            ));
        } else {
            std::os::unix::fs::chown(&folder, Some(65_534), None).unwrap();
            assert!(matches!(
                trusted_folder(&folder, None).unwrap_err().problem,
                Problem::ForeignOwner { .. }
            ));
            assert!(trusted_folder(&folder, Some(65_534)).is_ok());
        }
    }
}
