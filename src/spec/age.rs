//! How long ago: `90s`, `15m`, `2h`, `90d`; and a moment told in that way or as a time.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

use super::policy::Instant;
use super::ttl::in_seconds;

/// A whole number of seconds, from one second to a hundred years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Age {
    seconds: u64,
}

/// Why a text is no age, or no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AgeError {
    #[error("write a number and its unit, such as 90s, 15m, 2h or 90d")]
    Malformed,
    #[error("it is at least one second and at most 36500 days")]
    OutOfBounds,
    #[error(
        "write how long ago, such as 15m, 2h or 90d, or a time in UTC, such as 2026-11-23 or 2026-11-23T10:00:00Z"
    )]
    NoMoment,
}

const MOST: u64 = 36_500 * 86_400;

impl Age {
    /// # Errors
    /// When the text is no number with a unit, or stands for too short or too long a time.
    pub fn parse(text: &str) -> Result<Self, AgeError> {
        match in_seconds(text).ok_or(AgeError::Malformed)? {
            Some(seconds) if (1..=MOST).contains(&seconds) => Ok(Self { seconds }),
            _ => Err(AgeError::OutOfBounds),
        }
    }

    #[must_use]
    pub fn as_ms(self) -> u64 {
        self.seconds * 1000
    }
}

/// In the longest unit that leaves no rest.
impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [('d', 86_400), ('h', 3_600), ('m', 60)];
        let whole = units.iter().find(|(_, each)| self.seconds.is_multiple_of(*each));
        let (unit, each) = whole.copied().unwrap_or(('s', 1));
        write!(f, "{}{unit}", self.seconds / each)
    }
}

impl Serialize for Age {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Age {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// A moment as people say it: so long ago, or at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    Ago(Age),
    At(Instant),
}

impl Moment {
    /// # Errors
    /// When the text is neither an age, nor a day, nor an RFC 3339 time.
    pub fn parse(text: &str) -> Result<Self, AgeError> {
        if let Ok(age) = Age::parse(text) {
            return Ok(Self::Ago(age));
        }
        let at = Instant::parse(text).or_else(|_| Instant::parse(&format!("{text}T00:00:00Z")));
        at.map(Self::At).map_err(|_| AgeError::NoMoment)
    }

    /// In milliseconds since 1970, where it is `now_ms`.
    #[must_use]
    pub fn in_ms(self, now_ms: u64) -> u64 {
        match self {
            Self::Ago(age) => now_ms.saturating_sub(age.as_ms()),
            Self::At(instant) => instant.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_read_as_it_is_shown() {
        for (text, seconds) in [("1s", 1), ("90s", 90), ("15m", 900), ("90d", 7_776_000), ("36500d", MOST)] {
            let age = Age::parse(text).unwrap();
            assert_eq!((age.as_ms(), age.to_string().as_str()), (seconds * 1000, text));
        }
        for text in ["0d", "36501d", "99999999999999999999d"] {
            assert_eq!(Age::parse(text), Err(AgeError::OutOfBounds), "{text}");
        }
        for text in ["", "d", "9", "9w", "-9d", " 9d", "9d ", "1h30m"] {
            assert_eq!(Age::parse(text), Err(AgeError::Malformed), "{text}");
        }
    }

    #[test]
    fn a_moment_is_an_age_a_day_or_a_time() {
        let now = 1_000_000_000;
        let ms = |text: &str| Moment::parse(text).map(|moment| moment.in_ms(now));
        assert_eq!(ms("1s"), Ok(now - 1000));
        assert_eq!(ms("90d"), Ok(0));
        assert_eq!(ms("1970-01-02"), Ok(86_400_000));
        assert_eq!(ms("1970-01-01T00:00:01.5Z"), Ok(1500));
        for bad in ["", "yesterday", "2026-13-01", "2026-11-23T10:00:00", "0s"] {
            assert_eq!(ms(bad), Err(AgeError::NoMoment), "{bad}");
        }
    }
}
