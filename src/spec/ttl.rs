//! How long something that is given for a time holds: `90s`, `15m`, `1h`, `7d`.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// A whole number of seconds, from one second to thirty days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ttl {
    seconds: u32,
}

/// Why a text is no time to live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TtlError {
    #[error("write a number and its unit, such as 90s, 15m, 1h or 7d")]
    Malformed,
    #[error("it is at least one second and at most thirty days")]
    OutOfBounds,
}

/// Each unit with its seconds, the longest first.
const UNITS: [(char, u32); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

impl Ttl {
    /// What holds where nobody says how long.
    pub const DEFAULT: Self = Self { seconds: 3_600 };
    /// The same for what lives with a process, and so ends with it.
    pub const WITH_PROCESS: Self = Self { seconds: 12 * 3_600 };
    /// How long a session of an operator lasts that nobody said a time for.
    pub const OPERATOR: Self = Self { seconds: 15 * 60 };
    const MOST: u32 = 30 * 86_400;

    /// # Errors
    /// When the text is no number with a unit, or stands for too short or too long a time.
    pub fn parse(text: &str) -> Result<Self, TtlError> {
        let seconds = in_seconds(text).ok_or(TtlError::Malformed)?;
        match seconds.and_then(|seconds| u32::try_from(seconds).ok()) {
            Some(seconds) if (1..=Self::MOST).contains(&seconds) => Ok(Self { seconds }),
            _ => Err(TtlError::OutOfBounds),
        }
    }

    #[must_use]
    pub fn as_ms(self) -> u64 {
        u64::from(self.seconds) * 1000
    }
}

/// The seconds of a number with its unit: none where the text is no such thing, and none within where no number
/// can hold them.
pub(super) fn in_seconds(text: &str) -> Option<Option<u64>> {
    let unit = text.chars().next_back()?;
    let (_, each) = *UNITS.iter().find(|(name, _)| *name == unit)?;
    // All units are one byte long.
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse::<u64>().ok().and_then(|count| count.checked_mul(each.into())))
}

impl Default for Ttl {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// In the longest unit that leaves no rest.
impl fmt::Display for Ttl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = UNITS.iter().find(|(_, each)| self.seconds.is_multiple_of(*each));
        let (unit, each) = whole.copied().unwrap_or(('s', 1));
        write!(f, "{}{unit}", self.seconds / each)
    }
}

impl Serialize for Ttl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Ttl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_its_unit() {
        for (text, seconds) in [("1s", 1), ("90s", 90), ("15m", 900), ("1h", 3_600), ("30d", 2_592_000)] {
            assert_eq!(Ttl::parse(text).map(Ttl::as_ms), Ok(seconds * 1000), "{text}");
        }
        assert_eq!(Ttl::default().to_string(), "1h");
    }

    #[test]
    fn the_bounds_and_nothing_else() {
        for text in ["0s", "0d", "31d", "2592001s", "99999999999d", "4294967296s"] {
            assert_eq!(Ttl::parse(text), Err(TtlError::OutOfBounds), "{text}");
        }
        for text in ["", "s", "1", "1w", "1h30m", "-1h", "+1h", "1.5h", " 1h", "1h ", "1H", "١h", "1é", "h1"]
        {
            assert_eq!(Ttl::parse(text), Err(TtlError::Malformed), "{text}");
        }
    }

    #[test]
    fn it_is_read_as_it_is_shown() {
        for text in ["1s", "61s", "2m", "25h", "7d"] {
            assert_eq!(Ttl::parse(text).unwrap().to_string(), text);
            let json = serde_json::to_string(&Ttl::parse(text).unwrap()).unwrap();
            assert_eq!(serde_json::from_str::<Ttl>(&json).unwrap().to_string(), text);
        }
        assert!(serde_json::from_str::<Ttl>("\"31d\"").is_err());
    }
}
