//! A stream cut into lines, whatever the pieces it comes in. Pure.

/// Holds the line that is not at its end yet, up to a limit.
pub(super) struct Lines {
    held: Vec<u8>,
    limit: usize,
    ends: Ends,
}

/// What ends a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    Newline,
    /// Either of the two alone; both together end a line and then an empty one, which means the same.
    NewlineOrReturn,
}

/// A line that is longer than may be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLong;

/// A line, and the byte that ended it; none at the end of the stream.
pub(super) type Line<'a> = (&'a [u8], Option<u8>);

impl Lines {
    pub(super) fn new(ends: Ends, limit: usize) -> Self {
        Self { held: Vec::new(), limit, ends }
    }

    /// Hands over every line that `chunk` completes.
    pub(super) fn push<E: From<TooLong>>(
        &mut self,
        mut chunk: &[u8],
        take: &mut impl FnMut(Line<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(at) = self.ends.find(chunk) {
            let (line, end, rest) = (&chunk[..at], chunk[at], &chunk[at + 1..]);
            self.refuse_longer(line.len())?;
            if self.held.is_empty() {
                take((line, Some(end)))?;
            } else {
                self.held.extend_from_slice(line);
                let whole = std::mem::take(&mut self.held);
                take((&whole, Some(end)))?;
            }
            chunk = rest;
        }
        self.refuse_longer(chunk.len())?;
        self.held.extend_from_slice(chunk);
        Ok(())
    }

    /// Hands over what stands behind the last end of a line, if anything does.
    pub(super) fn finish<E>(&mut self, take: &mut impl FnMut(Line<'_>) -> Result<(), E>) -> Result<(), E> {
        let last = std::mem::take(&mut self.held);
        if last.is_empty() { Ok(()) } else { take((&last, None)) }
    }

    fn refuse_longer(&self, more: usize) -> Result<(), TooLong> {
        if self.held.len() + more > self.limit { Err(TooLong) } else { Ok(()) }
    }
}

impl Ends {
    fn find(self, text: &[u8]) -> Option<usize> {
        match self {
            Self::Newline => memchr::memchr(b'\n', text),
            Self::NewlineOrReturn => memchr::memchr2(b'\n', b'\r', text),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Cut = Vec<(Vec<u8>, Option<u8>)>;

    fn cut(chunks: &[&[u8]], ends: Ends, limit: usize) -> Result<Cut, TooLong> {
        let (mut lines, mut found) = (Lines::new(ends, limit), Vec::new());
        let mut take = |(line, end): Line<'_>| {
            found.push((line.to_vec(), end));
            Ok::<_, TooLong>(())
        };
        for chunk in chunks {
            lines.push(chunk, &mut take)?;
        }
        lines.finish(&mut take)?;
        Ok(found)
    }

    #[test]
    fn lines_end_where_their_format_says() {
        let line = |text: &str, end| (text.as_bytes().to_vec(), end);
        let text: &[&[u8]] = &[b"a\r\nb\rc"];
        assert_eq!(cut(text, Ends::Newline, 9).unwrap(), [line("a\r", Some(b'\n')), line("b\rc", None)]);
        assert_eq!(
            cut(text, Ends::NewlineOrReturn, 9).unwrap(),
            [line("a", Some(b'\r')), line("", Some(b'\n')), line("b", Some(b'\r')), line("c", None)]
        );
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(text in r"[ab\n\r]{0,40}", cuts in prop::collection::vec(0_usize..40, 0..6), limit in 0_usize..12) {
            let mut chunks = Vec::new();
            let mut rest = text.as_bytes();
            for cut in cuts {
                let (chunk, behind) = rest.split_at(cut.min(rest.len()));
                chunks.push(chunk);
                rest = behind;
            }
            chunks.push(rest);
            let whole = cut(&[text.as_bytes()], Ends::NewlineOrReturn, limit);
            prop_assert_eq!(&cut(&chunks, Ends::NewlineOrReturn, limit), &whole);
            if let Ok(lines) = whole {
                let joined: Vec<u8> = lines.iter().flat_map(|(line, end)| line.iter().chain(end)).copied().collect();
                prop_assert_eq!(joined, text.into_bytes());
                prop_assert!(lines.iter().all(|(line, _)| line.len() <= limit));
            }
        }
    }
}
