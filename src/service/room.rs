//! What a surface reads into memory before anything is done with it: so much at a time, and so much over all its
//! connections.
//!
//! How long it may take is the surface's to say, as is what somebody hears whose message is not read.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What all messages of one kind together may take up.
#[derive(Clone)]
pub struct Room {
    free: Arc<Semaphore>,
    longest: usize,
}

/// A message's bytes, and their share of the room.
pub struct Whole<B> {
    pub bytes: B,
    _share: Option<OwnedSemaphorePermit>,
}

/// Why a message was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    BrokenOff,
    TooLong,
}

impl Room {
    /// For messages of `longest` bytes at the most, and of `together` at once.
    #[must_use]
    pub fn new(longest: usize, together: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(together)), longest }
    }

    /// The whole of a message. Whoever finds no room waits for it.
    ///
    /// # Errors
    /// [`Unread`].
    pub async fn read<B: Default + AsMut<Vec<u8>>, E>(
        &self,
        mut pieces: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<Whole<B>, Unread> {
        let mut whole = Whole { bytes: B::default(), _share: None };
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|_| Unread::BrokenOff)?;
            if whole.bytes.as_mut().len() + piece.len() > self.longest {
                return Err(Unread::TooLong);
            }
            let share = u32::try_from(piece.len()).unwrap_or(u32::MAX);
            // The semaphore is never closed.
            let Ok(share) = Arc::clone(&self.free).acquire_many_owned(share).await else { continue };
            match &mut whole._share {
                Some(all) => all.merge(share),
                none => *none = Some(share),
            }
            whole.bytes.as_mut().extend_from_slice(&piece);
        }
        Ok(whole)
    }
}
