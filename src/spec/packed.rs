//! How build.rs writes compiled providers into the binary, and how the registry takes them out.
//!
//! Both directions stand beside each other: numbers as in LEB128 (DWARF 5, §7.6), texts and lists
//! behind their lengths, variants behind a tag. Texts stay where they are in the binary, so that
//! taking a provider out copies none. What is taken out was checked before it was written; this is
//! no format for anything that comes from outside the binary, and knows no versions.

use std::borrow::Cow;

use super::text::Text;

/// A value that stands in the binary.
pub trait Packed: Sized {
    fn pack(&self, out: &mut Vec<u8>);

    /// None when the bytes were not written by `pack`.
    fn unpack(from: &mut Unpacking) -> Option<Self>;
}

/// Bytes of the binary, from the next one on.
pub struct Unpacking(&'static [u8]);

impl Unpacking {
    #[must_use]
    pub const fn new(bytes: &'static [u8]) -> Self {
        Self(bytes)
    }

    /// Whether all was taken.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.0.is_empty()
    }

    fn take(&mut self, count: usize) -> Option<&'static [u8]> {
        let (taken, left) = self.0.split_at_checked(count)?;
        self.0 = left;
        Some(taken)
    }
}

impl Packed for u8 {
    fn pack(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }

    fn unpack(from: &mut Unpacking) -> Option<Self> {
        from.take(1)?.first().copied()
    }
}

impl Packed for bool {
    fn pack(&self, out: &mut Vec<u8>) {
        u8::from(*self).pack(out);
    }

    fn unpack(from: &mut Unpacking) -> Option<Self> {
        Some(u8::unpack(from)? != 0)
    }
}

impl Packed for usize {
    fn pack(&self, out: &mut Vec<u8>) {
        let mut left = *self;
        while left > 0x7f {
            // The low seven bits.
            out.push((left & 0x7f) as u8 | 0x80);
            left >>= 7;
        }
        out.push(left as u8);
    }

    fn unpack(from: &mut Unpacking) -> Option<Self> {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = u8::unpack(from)?;
            number |= Self::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
            shift += 7;
        }
    }
}

impl Packed for u64 {
    fn pack(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }

    fn unpack(from: &mut Unpacking) -> Option<Self> {
        from.take(size_of::<Self>())?.try_into().ok().map(Self::from_le_bytes)
    }
}

impl Packed for Text {
    fn pack(&self, out: &mut Vec<u8>) {
        self.len().pack(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn unpack(from: &mut Unpacking) -> Option<Self> {
        let length = usize::unpack(from)?;
        str::from_utf8(from.take(length)?).ok().map(Self::from_static)
    }
}

impl<T: Packed> Packed for Option<T> {
    fn pack(&self, out: &mut Vec<u8>) {
        self.is_some().pack(out);
        if let Some(value) = self {
            value.pack(out);
        }
    }

    fn unpack(from: &mut Unpacking) -> Option<Self> {
        if bool::unpack(from)? { T::unpack(from).map(Some) } else { Some(None) }
    }
}

impl<T: Packed + Clone> Packed for Cow<'static, [T]> {
    fn pack(&self, out: &mut Vec<u8>) {
        self.len().pack(out);
        self.iter().for_each(|item| item.pack(out));
    }

    fn unpack(from: &mut Unpacking) -> Option<Self> {
        let length = usize::unpack(from)?;
        // An item has a byte at least, so that a length that is none reserves little.
        let mut items = Vec::with_capacity(length.min(from.0.len()));
        for _ in 0..length {
            items.push(T::unpack(from)?);
        }
        Some(Cow::Owned(items))
    }
}

impl<T: Packed> Packed for Box<T> {
    fn pack(&self, out: &mut Vec<u8>) {
        self.as_ref().pack(out);
    }

    fn unpack(from: &mut Unpacking) -> Option<Self> {
        T::unpack(from).map(Self::new)
    }
}

impl<A: Packed, B: Packed> Packed for (A, B) {
    fn pack(&self, out: &mut Vec<u8>) {
        self.0.pack(out);
        self.1.pack(out);
    }

    fn unpack(from: &mut Unpacking) -> Option<Self> {
        Some((A::unpack(from)?, B::unpack(from)?))
    }
}

/// A type around one value.
macro_rules! packed_as_its_value {
    ($name:ident) => {
        impl $crate::spec::packed::Packed for $name {
            fn pack(&self, out: &mut Vec<u8>) {
                self.0.pack(out);
            }

            fn unpack(from: &mut $crate::spec::packed::Unpacking) -> Option<Self> {
                $crate::spec::packed::Packed::unpack(from).map(Self)
            }
        }
    };
}

/// A struct: its fields, one behind the other.
macro_rules! packed_struct {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl $crate::spec::packed::Packed for $name {
            fn pack(&self, out: &mut Vec<u8>) {
                let Self { $($field),* } = self;
                $($field.pack(out);)*
            }

            fn unpack(from: &mut $crate::spec::packed::Unpacking) -> Option<Self> {
                $(let $field = $crate::spec::packed::Packed::unpack(from)?;)*
                Some(Self { $($field),* })
            }
        }
    };
}

/// An enum: the variant's tag, then what it holds.
macro_rules! packed_enum {
    ($name:ident {
        $($tag:literal => $variant:ident $(($($item:ident),*))? $({ $($field:ident),* })?),* $(,)?
    }) => {
        impl $crate::spec::packed::Packed for $name {
            fn pack(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant $(($($item),*))? $({ $($field),* })? => {
                        out.push($tag);
                        $($($item.pack(out);)*)?
                        $($($field.pack(out);)*)?
                    })*
                }
            }

            fn unpack(from: &mut $crate::spec::packed::Unpacking) -> Option<Self> {
                Some(match <u8 as $crate::spec::packed::Packed>::unpack(from)? {
                    $($tag => {
                        $($(let $item = $crate::spec::packed::Packed::unpack(from)?;)*)?
                        $($(let $field = $crate::spec::packed::Packed::unpack(from)?;)*)?
                        Self::$variant $(($($item),*))? $({ $($field),* })?
                    })*
                    _ => return None,
                })
            }
        }
    };
}

pub(crate) use {packed_as_its_value, packed_enum, packed_struct};

#[cfg(test)]
mod tests {
    use super::*;

    fn back<T: Packed>(value: &T) -> Option<T> {
        let mut bytes = Vec::new();
        value.pack(&mut bytes);
        let mut from = Unpacking::new(bytes.leak());
        let value = T::unpack(&mut from);
        assert!(from.is_done());
        value
    }

    #[test]
    fn what_was_written_is_taken_out() {
        for number in [0, 1, 127, 128, 300, 1 << 20, usize::MAX] {
            assert_eq!(back(&number), Some(number));
        }
        for text in ["", "a", "ä", &"x".repeat(1000)] {
            assert_eq!(back(&Text::from(text)), Some(Text::from(text)));
        }
        let list: Cow<'static, [(Text, Option<bool>)]> =
            vec![("a".into(), None), ("b".into(), Some(true)), ("c".into(), Some(false))].into();
        assert_eq!(back(&list), Some(list));
        assert_eq!(back(&u64::MAX), Some(u64::MAX));
    }

    #[test]
    fn bytes_that_end_early_or_are_no_text_are_nothing() {
        for bytes in [&[][..], &[2, b'a'], &[0x80], &[1, 0xff], &[0xff; 12]] {
            let bytes: &'static [u8] = bytes.to_vec().leak();
            assert_eq!(Text::unpack(&mut Unpacking::new(bytes)), None, "{bytes:?}");
        }
    }
}
