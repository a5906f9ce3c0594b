//! Files and folders, with the checks that keep other users out.
//!
//! "Private" means: a regular file (or folder) that is not reached through a symbolic link in its
//! last component, belongs to this user, and grants nothing to group or others. Every write that
//! is acknowledged is on the disk, file and folder entry both. Nothing here knows what it stores.

mod documents;
mod error;
mod folder;
mod guard;
mod identity;
mod open;
mod read;
mod shared;
mod upkeep;
mod write;

pub use documents::{create_document, files_below, is_document, place_document, replace_document};
pub use error::{FileError, Problem};
pub use folder::{check_private_dir, ensure_private_dir, list_folder};
pub use identity::{Identity, NamedFile};
pub use open::open_regular;
pub use read::{check_private, check_program, exists, read_bounded, read_credential, read_private};
pub use shared::{TrustedFolder, is_folder_of, share_folder, share_socket, trusted_folder};
pub use upkeep::{close_to_others, free_bytes, leftovers};
pub use write::{
    is_set_aside_of, make_private, publish_new, remove, set_aside, write_atomic, write_private_new,
};

pub(in crate::platform) use guard::open_or_create_private;
