//! Users and groups of this machine, by name and number.

use nix::unistd::{Gid, Group, Uid, User};

/// What the system calls a user; none where it has no name for it, or cannot be asked.
#[must_use]
pub fn name_of(uid: u32) -> Option<String> {
    User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|user| user.name)
}

/// The number of a user.
#[must_use]
pub fn uid_of(name: &str) -> Option<u32> {
    User::from_name(name).ok().flatten().map(|user| user.uid.as_raw())
}

/// The number of a group.
#[must_use]
pub fn gid_of(group: &str) -> Option<u32> {
    Group::from_name(group).ok().flatten().map(|group| group.gid.as_raw())
}

/// What the system calls a group.
#[must_use]
pub fn group_name_of(gid: u32) -> Option<String> {
    Group::from_gid(Gid::from_raw(gid)).ok().flatten().map(|group| group.name)
}

/// Whether this process has the rights of a group by being in it; root has them without.
#[must_use]
pub fn am_in(gid: u32) -> bool {
    let own = rustix::process::getegid().as_raw() == gid;
    own || rustix::process::getgroups().is_ok_and(|groups| groups.iter().any(|one| one.as_raw() == gid))
}

/// Whether a user is in a group, by its own entry or the group's.
#[must_use]
pub fn is_member(user: &str, group: &str) -> bool {
    let Ok(Some(group)) = Group::from_name(group) else { return false };
    let is_primary = || User::from_name(user).ok().flatten().is_some_and(|user| user.gid == group.gid);
    group.mem.iter().any(|member| member == user) || is_primary()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_known_everywhere() {
        assert_eq!((name_of(0).as_deref(), uid_of("root")), (Some("root"), Some(0)));
        let group = group_name_of(0).unwrap();
        assert_eq!(gid_of(&group), Some(0));
        assert!(is_member("root", &group));
        assert!(am_in(rustix::process::getegid().as_raw()) && !am_in(u32::MAX - 1));
    }

    #[test]
    fn nobody_is_made_up() {
        let name = "no such user here";
        assert_eq!((uid_of(name), gid_of(name)), (None, None));
        assert!(!is_member(name, name) && !is_member("root", name));
    }
}
