//! How long a call may take as a whole, where its caller says so: from when the broker takes it to the last byte of
//! its answer, redirects, a person's approval and all. As `--max-time` of curl.
//!
//! The limits on silence (see `Patience`) hold where the caller says nothing.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Sleep;

use super::upstream::Patience;

/// A time that a call may take: between a millisecond and a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimit(Duration);

impl TimeLimit {
    /// A day.
    pub const LONGEST_MS: u64 = 24 * 60 * 60 * 1000;

    /// `None` where it is nothing, or too long.
    #[must_use]
    pub fn of_ms(milliseconds: u64) -> Option<Self> {
        (1..=Self::LONGEST_MS).contains(&milliseconds).then(|| Self(Duration::from_millis(milliseconds)))
    }

    #[must_use]
    pub fn as_ms(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(Self::LONGEST_MS)
    }
}

/// The end of one call's time, which runs from when this is made.
pub(super) struct Deadline(Option<(TimeLimit, Pin<Box<Sleep>>)>);

impl Deadline {
    pub(super) fn of(limit: Option<TimeLimit>) -> Self {
        Self(limit.map(|limit| (limit, Box::pin(tokio::time::sleep(limit.0)))))
    }

    /// How long the upstream may keep silent.
    pub(super) fn patience(&self) -> Patience {
        self.0.as_ref().map_or_else(Patience::default, |(limit, _)| Patience::within(limit.0))
    }

    /// What `work` gives, if it does so in time; else it is dropped.
    pub(super) async fn hold<T>(&mut self, work: impl Future<Output = T>) -> Result<T, TimeLimit> {
        let Some((limit, end)) = &mut self.0 else { return Ok(work.await) };
        tokio::select! {
            biased;
            done = work => Ok(done),
            () = end => Err(*limit),
        }
    }

    /// Ready once the time is over.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<TimeLimit> {
        match &mut self.0 {
            None => Poll::Pending,
            Some((limit, end)) => end.as_mut().poll(cx).map(|()| *limit),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[test]
    fn a_limit_is_between_a_millisecond_and_a_day() {
        assert_eq!(TimeLimit::of_ms(0), None);
        assert_eq!(TimeLimit::of_ms(1).map(TimeLimit::as_ms), Some(1));
        assert_eq!(TimeLimit::of_ms(86_400_000).map(TimeLimit::as_ms), Some(86_400_000));
        assert_eq!(TimeLimit::of_ms(86_400_001), None);
    }

    #[tokio::test(start_paused = true)]
    async fn all_that_is_held_shares_one_time() {
        let limit = TimeLimit::of_ms(1000);
        let mut deadline = Deadline::of(limit);
        let quick = || tokio::time::sleep(Duration::from_millis(400));
        assert_eq!(deadline.hold(quick()).await, Ok(()));
        assert_eq!(deadline.hold(quick()).await, Ok(()));
        assert_eq!(deadline.hold(quick()).await, Err(limit.unwrap()));
        assert_eq!(deadline.hold(pending::<()>()).await, Err(limit.unwrap()), "it stays over");
        assert_eq!(Deadline::of(None).hold(async { 1 }).await, Ok(1));
    }

    #[tokio::test]
    async fn who_says_how_long_it_may_take_may_wait_longer_than_the_default() {
        assert_eq!(Deadline::of(None).patience(), Patience::default());
        let long = Duration::from_secs(600);
        assert_eq!(Deadline::of(TimeLimit::of_ms(600_000)).patience(), Patience::within(long));
    }
}
