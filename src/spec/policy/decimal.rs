//! Numbers as they are written: compared exactly, never as floats.

use std::fmt;
use std::str::FromStr as _;

/// A decimal number of at most 28 digits, kept exactly.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(rust_decimal::Decimal);

impl Decimal {
    /// The value of a JSON number's text (RFC 8259, section 6); none where it cannot be
    /// kept exactly, which is no value rather than a near one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let well_formed = mantissa.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
        if !well_formed || mantissa.ends_with('.') || mantissa.starts_with('.') {
            return None;
        }
        let mantissa = rust_decimal::Decimal::from_str_exact(mantissa).ok()?.normalize();
        let exponent = i32::from_str(exponent).ok()?;
        if mantissa.is_zero() {
            return Some(Self(rust_decimal::Decimal::ZERO));
        }
        shifted(mantissa, exponent).map(|value| Self(value.normalize()))
    }
}

impl Decimal {
    /// The number that is `steps` more, if it can be kept.
    #[must_use]
    pub fn plus(self, steps: i64) -> Option<Self> {
        self.0.checked_add(steps.into()).map(|value| Self(value.normalize()))
    }

    /// A number between the two, if one can be kept that is neither.
    #[must_use]
    pub fn between(self, other: Self) -> Option<Self> {
        let sum = self.0.checked_add(other.0)?;
        let middle = Self(sum.checked_div(2.into())?.normalize());
        (middle != self && middle != other).then_some(middle)
    }

    /// As a count, rounded up; none below zero or beyond what can be counted.
    #[must_use]
    pub fn round_up(self) -> Option<u64> {
        u64::try_from(self.0.ceil()).ok()
    }
}

/// `value` times ten to the power of `exponent`, if that can be kept.
fn shifted(value: rust_decimal::Decimal, exponent: i32) -> Option<rust_decimal::Decimal> {
    let scale = i64::from(value.scale()) - i64::from(exponent);
    if scale >= 0 {
        return rust_decimal::Decimal::try_from_i128_with_scale(value.mantissa(), u32::try_from(scale).ok()?)
            .ok();
    }
    let power = 10_i128.checked_pow(u32::try_from(-scale).ok()?)?;
    rust_decimal::Decimal::try_from_i128_with_scale(value.mantissa().checked_mul(power)?, 0).ok()
}

impl From<u64> for Decimal {
    fn from(value: u64) -> Self {
        Self(value.into())
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        Decimal::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn spellings_of_one_number_are_equal() {
        for (a, b) in [("1", "1.0"), ("4096", "4.096e3"), ("0.1", "1E-1"), ("-0", "0"), ("100", "1e+2")] {
            assert_eq!(number(a), number(b), "{a} {b}");
        }
    }

    #[test]
    fn neighbours_that_floats_confuse_are_told_apart() {
        assert!(number("9007199254740993") > number("9007199254740992"));
        assert!(number("0.30000000000000004") > number("0.3"));
        assert!(number("-2") < number("-1.9999999999999999999"));
    }

    #[test]
    fn neighbours_are_exact() {
        assert_eq!(number("0.5").plus(-1), Some(number("-0.5")));
        assert_eq!(number("0.5").between(number("0.7")), Some(number("0.6")));
        assert_eq!(number("1").between(number("1")), None);
    }

    #[test]
    fn what_cannot_be_kept_is_no_number() {
        for text in [
            "1e400",
            "1e-400",
            "0.12345678901234567890123456789012345",
            "",
            "-",
            "1_0",
            "1.",
            ".5",
            "NaN",
            "1e",
            "+1",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }
}
