//! Bytes in locked pages, for as long as they are needed.

use std::ops::{Deref, DerefMut};

use zeroize::Zeroize as _;

use super::arena;

/// A fixed number of bytes that are cleared when dropped. Moving it moves no byte. Never printed or compared.
///
/// Where the system has no pages to lock, the bytes live in ordinary memory, which is cleared all the same and which
/// [`super::pages`] tells of.
pub struct Locked {
    place: Place,
    length: usize,
}

enum Place {
    Slot {
        class: usize,
        slot: &'static mut [u8],
    },
    /// Larger than anything that is kept, or no page was to be had.
    Ordinary(Box<[u8]>),
}

impl Locked {
    /// So many bytes, all zero.
    #[must_use]
    pub fn zeroed(length: usize) -> Self {
        let slot = arena::class_of(length).and_then(|class| Some((class, arena::take(class)?)));
        let place = match slot {
            Some((class, slot)) => Place::Slot { class, slot },
            None => Place::Ordinary(vec![0; length].into_boxed_slice()),
        };
        Self { place, length }
    }

    /// A copy of these bytes; the caller clears its own.
    #[must_use]
    pub fn copy_of(bytes: &[u8]) -> Self {
        let mut locked = Self::zeroed(bytes.len());
        locked.copy_from_slice(bytes);
        locked
    }

    /// Keeps the first bytes alone.
    pub fn truncate(&mut self, length: usize) {
        if length < self.length {
            self[length..].zeroize();
            self.length = length;
        }
    }
}

impl Deref for Locked {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.place {
            Place::Slot { slot, .. } => &slot[..self.length],
            Place::Ordinary(bytes) => &bytes[..self.length],
        }
    }
}

impl DerefMut for Locked {
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.place {
            Place::Slot { slot, .. } => &mut slot[..self.length],
            Place::Ordinary(bytes) => &mut bytes[..self.length],
        }
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        self.zeroize();
        if let Place::Slot { class, slot } = &mut self.place {
            arena::give_back(*class, std::mem::take(slot));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::memory::pages;

    /// What the system says of the pages that hold `bytes`: the flags of their mapping.
    #[cfg(target_os = "linux")]
    fn flags_around(bytes: &[u8]) -> String {
        let address = bytes.as_ptr().addr();
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut is_here = false;
        for line in maps.lines() {
            let range = line.split_once(' ').and_then(|(range, _)| range.split_once('-'));
            let parsed = range.map(|(from, to)| [from, to].map(|text| usize::from_str_radix(text, 16)));
            if let Some([Ok(from), Ok(to)]) = parsed {
                is_here = (from..to).contains(&address);
            } else if let Some(flags) = line.strip_prefix("VmFlags:").filter(|_| is_here) {
                return flags.to_owned();
            }
        }
        panic!("no mapping holds {address:x}")
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_pages_are_locked_and_left_out_of_core_files() {
        let locked = Locked::copy_of(b"a key");
        let flags = flags_around(&locked);
        for flag in [" lo", " dd", " dc"] {
            assert!(flags.contains(flag), "{flag} is not in {flags}");
        }
        assert!(pages().locked >= locked.len());
        assert!(!flags_around(&Vec::from(*b"no key")).contains(" dd"));
    }

    #[test]
    fn a_slot_is_used_again_and_holds_nothing_of_before() {
        // A class that no other test uses.
        let length = 40_000;
        let mut first = Locked::zeroed(length);
        first.fill(7);
        let place = first.as_ptr();
        drop(first);
        let second = Locked::zeroed(length);
        assert_eq!(second.as_ptr(), place);
        assert!(second.iter().all(|byte| *byte == 0) && second.len() == length);
    }

    #[test]
    fn what_is_cut_off_is_cleared() {
        let mut locked = Locked::copy_of(b"value and tag");
        locked.truncate(5);
        assert_eq!(&*locked, b"value");
        locked.length = 13;
        assert_eq!(&*locked, b"value\0\0\0\0\0\0\0\0");
    }

    #[test]
    fn any_length_has_room() {
        for length in [0, 1, 64, 65, 1 << 20, (1 << 21) + 1] {
            assert_eq!(Locked::zeroed(length).len(), length);
        }
    }
}
