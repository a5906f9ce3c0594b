//! A hash of a set of records that changes with each member in constant time.
//!
//! `MSet-Add-Hash` (Clarke, Devadas, van Dijk, Gassend, Suh: "Incremental Multiset Hash Functions
//! and Their Application to Memory Integrity Checking", ASIACRYPT 2003): the sum modulo 2^256 of a
//! keyed pseudo-random function of each member. Its nonce is not needed, since the sum itself is
//! only ever stored encrypted and authenticated.

use super::hex;
use super::keys::DerivedKeys;
use super::store::RecordName;

/// The sum over a set of `(kind, id, generation)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct SetSum([u8; 32]);

impl SetSum {
    /// The sum of the set that holds this one record.
    pub(super) fn of(keys: &DerivedKeys, name: &RecordName, generation: u64) -> Self {
        let (kind, id) = (name.kind.as_str().as_bytes(), name.id.as_str().as_bytes());
        Self(keys.manifest_mac(&[kind, id, &generation.to_be_bytes()]))
    }

    /// The sum of both sets together.
    #[must_use]
    pub(super) fn plus(self, other: Self) -> Self {
        self.combine(other, u8::carrying_sum)
    }

    /// The sum with the other set taken out.
    #[must_use]
    pub(super) fn minus(self, other: Self) -> Self {
        self.combine(other, u8::borrowing_difference)
    }

    fn combine(mut self, other: Self, step: fn(u8, u8, bool) -> (u8, bool)) -> Self {
        let mut carry = false;
        // Big-endian: the last byte is the least.
        for (mine, theirs) in self.0.iter_mut().zip(other.0).rev() {
            (*mine, carry) = step(*mine, theirs, carry);
        }
        self
    }

    pub(super) fn to_hex(self) -> String {
        hex::encode(&self.0)
    }

    pub(super) fn from_hex(text: &str) -> Option<Self> {
        hex::decode(text).map(Self)
    }
}

/// Addition and subtraction of one digit.
trait Digit: Sized {
    fn carrying_sum(self, other: Self, carry: bool) -> (Self, bool);
    fn borrowing_difference(self, other: Self, borrow: bool) -> (Self, bool);
}

impl Digit for u8 {
    fn carrying_sum(self, other: Self, carry: bool) -> (Self, bool) {
        let (sum, first) = self.overflowing_add(other);
        let (sum, second) = sum.overflowing_add(carry.into());
        (sum, first || second)
    }

    fn borrowing_difference(self, other: Self, borrow: bool) -> (Self, bool) {
        let (difference, first) = self.overflowing_sub(other);
        let (difference, second) = difference.overflowing_sub(borrow.into());
        (difference, first || second)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn total(terms: &[[u8; 32]]) -> SetSum {
        terms.iter().fold(SetSum::default(), |sum, term| sum.plus(SetSum(*term)))
    }

    proptest! {
        #[test]
        fn order_does_not_matter(mut terms: Vec<[u8; 32]>) {
            let sum = total(&terms);
            terms.reverse();
            prop_assert_eq!(total(&terms), sum);
            terms.sort_unstable();
            prop_assert_eq!(total(&terms), sum);
        }

        #[test]
        fn what_is_added_can_be_taken_out(terms: Vec<[u8; 32]>, one: [u8; 32]) {
            let sum = total(&terms);
            prop_assert_eq!(sum.plus(SetSum(one)).minus(SetSum(one)), sum);
            prop_assert_eq!(sum.minus(SetSum(one)).plus(SetSum(one)), sum);
        }

        #[test]
        fn the_low_half_adds_as_numbers_do(a: u64, b: u64) {
            let wide = |number: u128| {
                let mut bytes = [0; 32];
                bytes[16..].copy_from_slice(&number.to_be_bytes());
                SetSum(bytes)
            };
            prop_assert_eq!(wide(a.into()).plus(wide(b.into())), wide(u128::from(a) + u128::from(b)));
        }

        #[test]
        fn the_text_form_is_exact(bytes: [u8; 32]) {
            prop_assert_eq!(SetSum::from_hex(&SetSum(bytes).to_hex()), Some(SetSum(bytes)));
        }
    }

    #[test]
    fn the_sum_wraps_around() {
        let mut one = [0; 32];
        one[31] = 1;
        assert_eq!(SetSum([255; 32]).plus(SetSum(one)), SetSum::default());
        assert_eq!(SetSum::default().minus(SetSum(one)), SetSum([255; 32]));
    }
}
