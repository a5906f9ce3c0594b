//! The files that this process has open: how many there may be, and who inherits them.

use std::fs;
use std::os::fd::BorrowedFd;
use std::sync::{Mutex, PoisonError};

use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Standard input, output and error are every child's.
const FIRST: i32 = 3;
/// Where the system does not list the open ones, so many are tried.
const TRIED: i32 = 1024;

/// What came with this process and was kept from the programs that it started.
static KEPT: Mutex<Vec<i32>> = Mutex::new(Vec::new());

/// Lets no program that this one starts from now on have any of the open files but the standard
/// streams. The library opens its own so anyway; this is for those that came with the process.
pub(super) fn keep_to_this_process() {
    for number in open_now().unwrap_or_else(|| (FIRST..TRIED).collect()) {
        #[expect(unsafe_code, reason = "descriptors are inherited as bare numbers")]
        // SAFETY: it lives for these two calls, which fail harmlessly when another thread has
        // closed it meanwhile, and do no harm either should the number be another file's by then.
        let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
        if let Ok(flags) = fcntl_getfd(descriptor)
            && !flags.contains(FdFlags::CLOEXEC)
            // What cannot be set can only be inherited, as without this.
            && fcntl_setfd(descriptor, flags | FdFlags::CLOEXEC).is_ok()
        {
            KEPT.lock().unwrap_or_else(PoisonError::into_inner).push(number);
        }
    }
}

/// Lets the next program have what it would have had if none had been started before: a shell's
/// `<(…)` and `5<file` are open files that came with this process for that program.
pub(super) fn hand_on_what_came() {
    for number in std::mem::take(&mut *KEPT.lock().unwrap_or_else(PoisonError::into_inner)) {
        #[expect(unsafe_code, reason = "descriptors are inherited as bare numbers")]
        // SAFETY: as above; nothing of this process closes what came with it.
        let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
        if let Ok(flags) = fcntl_getfd(descriptor) {
            let _ = fcntl_setfd(descriptor, flags.difference(FdFlags::CLOEXEC));
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
