//! The files that this process has open: how many there may be, and who inherits them.

use std::fs;
use std::os::fd::BorrowedFd;

use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Standard input, output and error are every child's.
const FIRST: i32 = 3;
/// Where the system does not list the open ones, so many are tried.
const TRIED: i32 = 1024;

/// Lets no program that this one starts from now on have any of the open files but the standard
/// streams. The library opens its own so anyway; this is for those that came with the process.
pub(super) fn keep_to_this_process() {
    for number in open_now().unwrap_or_else(|| (FIRST..TRIED).collect()) {
        #[expect(unsafe_code, reason = "descriptors are inherited as bare numbers")]
        // SAFETY: it lives for these two calls, which fail harmlessly when another thread has
        // closed it meanwhile, and do no harm either should the number be another file's by then.
        let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
        if let Ok(flags) = fcntl_getfd(descriptor) {
            // What cannot be set can only be inherited, as without this.
            let _ = fcntl_setfd(descriptor, flags | FdFlags::CLOEXEC);
        }
    }
}

fn open_now() -> Option<Vec<i32>> {
    let names = fs::read_dir("/dev/fd").ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let numbers: Vec<i32> = names.filter_map(|name| name.parse().ok()).collect();
    Some(numbers.into_iter().filter(|number| *number >= FIRST).collect())
}

/// Lets this process have up to `most` files open at once, as far as the system allows: what a
/// shell allows by default is far less than a server needs.
pub fn allow_many(most: u64) {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(most, |hard| hard.min(most));
    if limit.current.is_some_and(|soft| soft < wanted) {
        // With fewer, connections wait; that is no reason not to start.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_and_never_lowered() {
        let before = getrlimit(Resource::Nofile);
        allow_many(1);
        assert_eq!(getrlimit(Resource::Nofile).current, before.current);
        allow_many(u64::MAX - 1);
        assert_eq!(getrlimit(Resource::Nofile).current, before.maximum.or(before.current));
    }
}
