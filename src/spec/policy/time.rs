//! Points in time and hours of the week, all in UTC.

use std::fmt;

use thiserror::Error;

/// Milliseconds since 1970-01-01 00:00 UTC, written as RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(pub u64);

/// Why a text is not a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TimeError {
    #[error("a time is written as in RFC 3339, such as `2026-11-23T10:00:00Z`, and not before 1970")]
    Instant,
    #[error("hours are written `08:00-18:00`; `22:00-06:00` goes over midnight")]
    Hours,
}

impl Instant {
    /// # Errors
    /// When the text is no RFC 3339 time with an offset, or lies before 1970.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let time: jiff::Timestamp = text.parse().map_err(|_| TimeError::Instant)?;
        u64::try_from(time.as_millisecond()).map(Self).map_err(|_| TimeError::Instant)
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = i64::try_from(self.0).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        match time {
            Some(time) => fmt::Display::fmt(&time, f),
            None => write!(f, "{} ms", self.0),
        }
    }
}

/// Days of the week, and hours of each that are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeOfWeek {
    /// One bit a day, Monday lowest.
    days: u8,
    from_minute: u16,
    /// Not included; at or below `from_minute` it is a time of the next day.
    to_minute: u16,
}

const DAY_MINUTES: u16 = 24 * 60;
const DAY_MS: u64 = 86_400_000;
pub const DAY_NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl TimeOfWeek {
    /// Days by their number from Monday (0), and hours such as `08:00-18:00`. Hours that go over
    /// midnight belong to the day on which they begin.
    ///
    /// # Errors
    /// When the hours are malformed.
    pub fn parse(days: &[usize], hours: Option<&str>) -> Result<Self, TimeError> {
        let (from_minute, to_minute) = match hours {
            None => (0, DAY_MINUTES),
            Some(text) => {
                let (from, to) = text.split_once('-').ok_or(TimeError::Hours)?;
                (minute(from, DAY_MINUTES - 1)?, minute(to, DAY_MINUTES)?)
            }
        };
        let days = days.iter().fold(0, |all, day| all | 1 << (day % 7));
        Ok(Self { days, from_minute, to_minute })
    }

    /// The minutes of a day at which its hours begin and end.
    #[must_use]
    pub fn bounds(&self) -> [u64; 2] {
        [self.from_minute.into(), self.to_minute.into()]
    }

    /// Whether `now` lies within.
    #[must_use]
    pub fn contains(&self, now: Instant) -> bool {
        // 1970-01-01 was a Thursday.
        let today = (now.0 / DAY_MS + 3) % 7;
        let minute = u16::try_from(now.0 % DAY_MS / 60_000).unwrap_or(0);
        let on = |day: u64| self.days & (1 << day) != 0;
        if self.from_minute < self.to_minute {
            return on(today) && (self.from_minute..self.to_minute).contains(&minute);
        }
        on(today) && minute >= self.from_minute || on((today + 6) % 7) && minute < self.to_minute
    }
}

fn minute(text: &str, most: u16) -> Result<u16, TimeError> {
    let (hours, minutes) = text.split_once(':').ok_or(TimeError::Hours)?;
    let number = |part: &str| {
        let plain = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| part.parse::<u16>().ok()).flatten().ok_or(TimeError::Hours)
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let total = hours * 60 + minutes;
    if minutes < 60 && total <= most { Ok(total) } else { Err(TimeError::Hours) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn an_instant_is_read_and_written() {
        assert_eq!(at("1970-01-01T00:00:01Z"), Instant(1000));
        assert_eq!(at("2026-11-23T11:00:00+01:00").to_string(), "2026-11-23T10:00:00Z");
        for bad in ["2026-11-23", "2026-11-23T10:00:00", "1969-12-31T23:59:59Z", "now"] {
            assert!(Instant::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn office_hours() {
        let office = TimeOfWeek::parse(&[0, 1, 2, 3, 4], Some("08:00-18:00")).unwrap();
        // 2026-11-23 is a Monday.
        assert!(office.contains(at("2026-11-23T08:00:00Z")) && office.contains(at("2026-11-27T17:59:59Z")));
        assert!(!office.contains(at("2026-11-23T18:00:00Z")) && !office.contains(at("2026-11-28T12:00:00Z")));
    }

    #[test]
    fn a_night_belongs_to_the_day_it_begins_on() {
        let night = TimeOfWeek::parse(&[4], Some("22:00-06:00")).unwrap();
        assert!(night.contains(at("2026-11-27T23:00:00Z")) && night.contains(at("2026-11-28T05:59:00Z")));
        assert!(!night.contains(at("2026-11-27T05:00:00Z")) && !night.contains(at("2026-11-28T22:00:00Z")));
    }

    #[test]
    fn all_day_has_no_gap_at_midnight() {
        let day = TimeOfWeek::parse(&[0], None).unwrap();
        assert!(day.contains(at("2026-11-23T00:00:00Z")) && day.contains(at("2026-11-23T23:59:59.999Z")));
        for bad in ["8:00-18:00", "08:00", "08:00-24:01", "24:00-25:00", "08:60-09:00", "a-b"] {
            assert!(TimeOfWeek::parse(&[0], Some(bad)).is_err(), "{bad}");
        }
    }
}
