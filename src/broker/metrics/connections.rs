//! Connections to upstreams: how many were opened, and how many could not be.
//!
//! Of the process rather than of one client: clients come and go with the vault's settings. Which of them are in use
//! or idle, the HTTP library does not say.

use std::pin::Pin;
use std::sync::atomic::AtomicU64;
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

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

/// Around what opens connections.
#[derive(Clone)]
pub(in crate::broker) struct Counting;

#[derive(Clone)]
pub(in crate::broker) struct Counted<S>(S);

impl<S> Layer<S> for Counting {
    type Service = Counted<S>;

    fn layer(&self, inner: S) -> Counted<S> {
        Counted(inner)
    }
}

impl<S, T> Service<T> for Counted<S>
where
    S: Service<T>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, to: T) -> Self::Future {
        let (opening, attempt) = (self.0.call(to), Attempt { is_open: false });
        Box::pin(async move {
            let mut attempt = attempt;
            let opened = opening.await;
            attempt.is_open = opened.is_ok();
            opened
        })
    }
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
