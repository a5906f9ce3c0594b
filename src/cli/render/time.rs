//! Times for people: a date and time in UTC, or how long ago.

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// Times past the year 9999 are shown as its last second: ISO 8601 has four digits.
const LAST_MS: u64 = 253_402_300_799_999;

/// `2026-11-23T15:33:08Z`, from milliseconds since 1970.
pub(super) fn utc(ts_ms: u64) -> String {
    let ts_ms = ts_ms.min(LAST_MS);
    let (year, month, day) = civil_from_days(ts_ms / DAY);
    let (hour, minute, second) = (ts_ms % DAY / HOUR, ts_ms % HOUR / MINUTE, ts_ms % MINUTE / SECOND);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// `3h ago`; a date when it is longer ago than a year, or still to come.
pub(super) fn ago(ts_ms: u64, now_ms: u64) -> String {
    match now_ms.checked_sub(ts_ms) {
        Some(age) if age < MINUTE => "just now".to_owned(),
        Some(age) if age < HOUR => format!("{}m ago", age / MINUTE),
        Some(age) if age < DAY => format!("{}h ago", age / HOUR),
        Some(age) if age < 365 * DAY => format!("{}d ago", age / DAY),
        _ => utc(ts_ms).chars().take("2026-11-23".len()).collect(),
    }
}

/// `in 3h`; a date when it is further off than a year, and `now` when it is over.
pub(super) fn ahead(ts_ms: u64, now_ms: u64) -> String {
    match ts_ms.saturating_sub(now_ms) {
        0 => "now".to_owned(),
        left if left < MINUTE => format!("in {}s", left.div_ceil(SECOND)),
        left if left < HOUR => format!("in {}m", left / MINUTE),
        left if left < DAY => format!("in {}h", left / HOUR),
        left if left < 365 * DAY => format!("in {}d", left / DAY),
        _ => utc(ts_ms).chars().take("2026-11-23".len()).collect(),
    }
}

/// Year, month and day of a count of days since 1970-01-01, in the proleptic Gregorian calendar.
///
/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`, for days
/// that are not negative.
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    // Counted from 0000-03-01, so that a leap day is the last of its year.
    let days = days + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_instants() {
        for (ts_ms, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (951_868_799_999, "2000-02-29T23:59:59Z"),
            (951_868_800_000, "2000-03-01T00:00:00Z"),
            (1_795_448_000_000, "2026-11-23T15:33:20Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00Z"),
            (4_107_542_399_000, "2100-02-28T23:59:59Z"),
            (u64::MAX, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(utc(ts_ms), text);
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let leap =
            |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let mut expected = (1970, 1, 1);
        for day in 0..200_000 {
            assert_eq!(civil_from_days(day), expected);
            let (year, month, date) = expected;
            let length = match month {
                2 => 28 + u64::from(leap(year)),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            expected = match (month, date) {
                (12, 31) => (year + 1, 1, 1),
                (_, last) if last == length => (year, month + 1, 1),
                _ => (year, month, date + 1),
            };
        }
    }

    #[test]
    fn ages() {
        let now = 1_795_448_000_000;
        assert_eq!(ago(now - 59_999, now), "just now");
        assert_eq!(ago(now - HOUR, now), "1h ago");
        assert_eq!(ago(now - 3 * DAY, now), "3d ago");
        assert_eq!(ago(0, now), "1970-01-01");
        assert_eq!(ago(now + 1, now), "2026-11-23");
        for (left, text) in [
            (0, "now"),
            (1, "in 1s"),
            (59_999, "in 60s"),
            (MINUTE, "in 1m"),
            (HOUR - 1, "in 59m"),
            (3 * DAY, "in 3d"),
            (400 * DAY, "2027-12-28"),
        ] {
            assert_eq!(ahead(now + left, now), text);
        }
    }
}
