//! The locked pages: chunks of slots of one size each, never given back to the system.
//!
//! A slot is handed out by one lock and one list operation. It must be cleared before it comes back.

use std::num::NonZeroUsize;
use std::ptr;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::mm::{MapFlags, ProtFlags, madvise, mlock, mmap_anonymous, munmap};

/// The smallest slot; the next are twice as large each.
const SMALLEST: usize = 64;
/// The largest: a value of 1 MiB and what is around it.
const CLASSES: usize = 16;
/// What is asked of the system at once, unless one slot is larger.
const CHUNK: usize = 16 * 1024;

type Slot = &'static mut [u8];

static FREE: [Mutex<Vec<Slot>>; CLASSES] = [const { Mutex::new(Vec::new()) }; CLASSES];
static LOCKED: AtomicUsize = AtomicUsize::new(0);
static UNLOCKED: AtomicUsize = AtomicUsize::new(0);

/// How much memory holds keys and values, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockedPages {
    /// What stays out of swap.
    pub locked: usize,
    /// What the system did not lock, for want of a larger limit.
    pub unlocked: usize,
}

/// The pages that were needed so far.
#[must_use]
pub fn pages() -> LockedPages {
    LockedPages { locked: LOCKED.load(Ordering::Relaxed), unlocked: UNLOCKED.load(Ordering::Relaxed) }
}

/// The class of slots of at least so many bytes.
pub(super) fn class_of(length: usize) -> Option<usize> {
    let class = length.max(SMALLEST).next_power_of_two().trailing_zeros() - SMALLEST.trailing_zeros();
    usize::try_from(class).ok().filter(|class| *class < CLASSES)
}

/// A cleared slot of the class; none when the system has no memory.
pub(super) fn take(class: usize) -> Option<Slot> {
    let mut free = FREE[class].lock().unwrap_or_else(PoisonError::into_inner);
    if free.is_empty() {
        let size = SMALLEST << class;
        free.extend(chunk(size.max(CHUNK))?.chunks_exact_mut(size));
    }
    free.pop()
}

/// Takes a slot back, which is cleared by then.
pub(super) fn give_back(class: usize, slot: Slot) {
    FREE[class].lock().unwrap_or_else(PoisonError::into_inner).push(slot);
}

/// Fresh pages, locked if the system allows it, and left out of core files and of children.
fn chunk(length: usize) -> Option<Slot> {
    let flags = MapFlags::PRIVATE;
    #[expect(unsafe_code, reason = "pages are asked for by address")]
    // SAFETY: the system chooses the address, so that nothing else is there; the pages are ours alone and never
    // unmapped but for the error case, in which nobody has seen them.
    unsafe {
        let start =
            mmap_anonymous(ptr::null_mut(), length, ProtFlags::READ | ProtFlags::WRITE, flags).ok()?;
        if !leave_out_of_dumps(start, length) {
            let _ = munmap(start, length);
            return None;
        }
        let is_locked = mlock(start, length).is_ok();
        (if is_locked { &LOCKED } else { &UNLOCKED }).fetch_add(length, Ordering::Relaxed);
        let start = NonZeroUsize::new(start.addr()).map(|_| start.cast::<u8>())?;
        Some(std::slice::from_raw_parts_mut(start, length))
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[expect(unsafe_code, reason = "pages are advised on by address")]
unsafe fn leave_out_of_dumps(start: *mut std::ffi::c_void, length: usize) -> bool {
    use rustix::mm::Advice;
    // SAFETY: the caller just mapped these pages.
    unsafe {
        madvise(start, length, Advice::LinuxDontDump).is_ok()
            && madvise(start, length, Advice::LinuxDontFork).is_ok()
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[expect(unsafe_code, reason = "as the other systems' is called")]
unsafe fn leave_out_of_dumps(_: *mut std::ffi::c_void, _: usize) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_that_is_stored_has_a_class() {
        for (length, class) in [(0, 0), (1, 0), (64, 0), (65, 1), (128, 1), (129, 2), (1 << 20, 14)] {
            assert_eq!(class_of(length), Some(class), "{length}");
        }
        assert_eq!(class_of((1 << 20) + 1), Some(15));
        assert_eq!(class_of((1 << 21) + 1), None);
        assert_eq!(class_of(usize::MAX / 2), None);
    }
}
