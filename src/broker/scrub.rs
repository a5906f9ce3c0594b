//! Keeps a secret from coming back: replaces each of its spellings in an answer, as the answer streams by.
//!
//! Pure. An upstream that echoes what it was sent (a debug endpoint, an error message, a model asked to repeat
//! itself) must not hand the caller the key that the broker put in. [`Needles`] holds the forms of the secrets (as
//! they are, in base64, in hexadecimal), and [`Scrubber`] replaces what spells one of them, with any of its bytes
//! escaped, across any chunk boundary; spellings that overlap are replaced as one. It must never copy where it has
//! nothing to do.
//!
//! When a byte is passed on must not depend on the secrets, unless a whole one is replaced: what is kept back at the
//! end of a chunk is told by its class alone, see [`hold`].
//!
//! What it cannot see: a spelling that no common encoder produces (reversed, split by other text, encrypted, escaped
//! twice), or a secret of fewer than [`MIN_LENGTH`] bytes.

mod escaped;
mod escapes;
mod forms;
mod header;
mod heads;
mod hold;
mod mark;
mod needles;
mod starts;

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use zeroize::Zeroizing;

pub use needles::{MIN_LENGTH, Needles, NeedlesError};

/// Replaces needles in one stream of bytes.
pub struct Scrubber {
    needles: Arc<Needles>,
    /// The end of what was pushed, where a spelling may start that has not ended yet.
    held: Zeroizing<Vec<u8>>,
    /// How much of `held` is covered by a mark that was passed on already.
    covered: usize,
}

impl Scrubber {
    /// A scrubber for one stream.
    pub fn new(needles: Arc<Needles>) -> Self {
        Self { needles, held: Zeroizing::default(), covered: 0 }
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
        let held_from = self.needles.held_from(&text);
        let scrubbed = self.scrub(&text, held_from);
        self.held.extend_from_slice(&text[held_from..]);
        scrubbed
    }

    /// What was held back, now that nothing more comes.
    #[must_use]
    pub fn finish(mut self) -> Bytes {
        let text = self.join_held(Bytes::new());
        self.scrub(&text, text.len())
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

    /// `text` up to `until`, with its needles replaced. A needle that starts before `until` and ends behind it leaves
    /// that much covered.
    fn scrub(&mut self, text: &Bytes, until: usize) -> Bytes {
        let mut done = std::mem::take(&mut self.covered);
        let mut replaced = BytesMut::new();
        for region in self.needles.regions(text, until) {
            if done <= region.start {
                replaced.extend_from_slice(&text[done..region.start]);
                replaced.extend_from_slice(self.needles.mark());
            }
            done = done.max(region.end);
        }
        self.covered = done.saturating_sub(until);
        let rest = text.slice(done.min(until)..until);
        if replaced.is_empty() {
            return rest;
        }
        replaced.extend_from_slice(&rest);
        replaced.freeze()
    }
}

#[cfg(test)]
mod tests;
