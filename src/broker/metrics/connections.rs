//! Connections to upstreams: how many were opened, and how many could not be.
//!
//! Of the process rather than of one client: clients come and go with the vault's settings. Which of them are in use
//! or idle, the HTTP library does not say.

use std::sync::atomic::AtomicU64;

use super::{add, read};

static OPENED: AtomicU64 = AtomicU64::new(0);
static FAILED: AtomicU64 = AtomicU64::new(0);

/// How many there were by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionCounts {
    pub opened: u64,
    pub failed: u64,
}

pub(super) fn counts() -> ConnectionCounts {
    ConnectionCounts { opened: read(&OPENED), failed: read(&FAILED) }
}

/// What `opening` gives, which is counted.
pub(in crate::broker) async fn counted<T, E>(opening: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let mut attempt = Attempt { is_open: false };
    let opened = opening.await;
    attempt.is_open = opened.is_ok();
    opened
}

/// Counted when it is over; one that is given up has failed.
struct Attempt {
    is_open: bool,
}

impl Drop for Attempt {
    fn drop(&mut self) {
        add(if self.is_open { &OPENED } else { &FAILED });
    }
}
