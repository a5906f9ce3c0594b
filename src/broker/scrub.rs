//! Keeps a secret from coming back: replaces each of its spellings in an answer, as the answer streams by.
//!
//! Pure. An upstream that echoes what it was sent (a debug endpoint, an error message, a model asked to repeat
//! itself) must not hand the caller the key that the broker put in. [`Needles`] holds the spellings, and
//! [`Scrubber`] replaces them across any chunk boundary, leftmost first and longest where several start
//! together. It must never delay a byte that cannot be part of a secret, nor copy where it has nothing to do.
//!
//! What it cannot see: a spelling that no common encoder produces (reversed, split by other text, encrypted,
//! half of it escaped), or a secret of fewer than [`MIN_LENGTH`] bytes.

mod forms;
mod heads;
mod needles;

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use zeroize::Zeroizing;

pub use needles::{MIN_LENGTH, Needles, NeedlesError};

/// Replaces needles in one stream of bytes.
pub struct Scrubber {
    needles: Arc<Needles>,
    /// The end of what was pushed, where it may be the start of a needle.
    held: Zeroizing<Vec<u8>>,
}

impl Scrubber {
    /// A scrubber for one stream.
    pub fn new(needles: Arc<Needles>) -> Self {
        Self { needles, held: Zeroizing::default() }
    }

    /// What can be passed on now that `chunk` has come. May be empty.
    ///
    /// The same bytes, uncopied, where `chunk` holds nothing of a needle and nothing was held back.
    #[must_use]
    pub fn push(&mut self, chunk: Bytes) -> Bytes {
        if self.needles.is_empty() || chunk.is_empty() {
            return chunk;
        }
        let text = self.join_held(chunk);
        let (scrubbed, held_from) = self.scrub(&text, End::Open);
        self.held.extend_from_slice(&text[held_from..]);
        scrubbed
    }

    /// What was held back, now that nothing more comes.
    #[must_use]
    pub fn finish(mut self) -> Bytes {
        let text = self.join_held(Bytes::new());
        self.scrub(&text, End::Closed).0
    }

    /// What was held back, followed by `chunk`.
    fn join_held(&mut self, chunk: Bytes) -> Bytes {
        if self.held.is_empty() {
            return chunk;
        }
        let held = std::mem::take(&mut self.held);
        let mut text = BytesMut::with_capacity(held.len() + chunk.len());
        text.extend_from_slice(&held);
        text.extend_from_slice(&chunk);
        text.freeze()
    }

    /// `text` with its needles replaced, up to the index that is returned with it: from there on it is undecided.
    fn scrub(&self, text: &Bytes, end: End) -> (Bytes, usize) {
        let mut replaced = BytesMut::new();
        let mut copied_to = 0;
        let decided_to = self.needles.for_each_match(text, end, |found| {
            replaced.extend_from_slice(&text[copied_to..found.start]);
            replaced.extend_from_slice(self.needles.mark());
            copied_to = found.end;
        });
        if copied_to == 0 {
            return (text.slice(..decided_to), decided_to);
        }
        replaced.extend_from_slice(&text[copied_to..decided_to]);
        (replaced.freeze(), decided_to)
    }
}

/// Whether more text may follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    Closed,
}

#[cfg(test)]
mod tests;
