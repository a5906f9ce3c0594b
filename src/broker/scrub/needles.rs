//! The forms of some secrets, and where in a text one of them is spelled.

use std::ops::Range;
use std::sync::OnceLock;

use memchr::memmem;
use thiserror::Error;

use super::escaped::Escaped;
use super::escapes;
use super::forms::{self, Form};
use super::heads::Heads;
use super::hold::Hold;
use super::mark;

/// The shortest secret, and the shortest form, that is looked for: 6 bytes.
///
/// Shorter ones turn up by chance: most pages of JSON hold most numbers of three digits. To replace them would
/// garble honest answers, and would let a caller learn the secret by making the upstream say all of them and
/// watching which one is replaced.
pub const MIN_LENGTH: usize = 6;

/// Texts up to this length are searched byte by byte: to prepare a faster search would take longer.
pub(super) const SHORT: usize = 1024;

/// Every form of some secrets. Shows none of them: no `Debug`, no accessor.
///
/// What a search needs beyond the forms is made when a text asks for it: most answers are short and have no escapes.
pub struct Needles(Box<Inner>);

struct Inner {
    /// Longest first.
    forms: Vec<Form>,
    /// What forms start with.
    first: [bool; 256],
    /// Finds the leftmost place where the head of a form stands; made for the first long text.
    heads: OnceLock<Option<Heads>>,
    /// Made for the first text with an escape in it.
    escaped: OnceLock<Escaped>,
    hold: Hold,
    /// What replaces a spelling.
    mark: Vec<u8>,
}

/// Why secrets cannot be looked for. Says nothing of what they are.
#[derive(Debug, Error)]
pub enum NeedlesError {
    /// Every replacement tried would complete a secret, or be a part of one.
    #[error("no text can stand in for the secrets of this request; use fewer secrets")]
    NoReplacement,
}

impl Needles {
    /// Looks for each secret in every spelling that a common encoder gives it, and for the `exact` texts that go
    /// with them, such as the header that was injected. Of an exact text that holds a secret, the secret is enough.
    ///
    /// # Errors
    /// [`NeedlesError`]; then nothing may be sent, since the answer could not be scrubbed.
    pub fn new<'a>(
        secrets: impl IntoIterator<Item = &'a [u8]>,
        exact: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self, NeedlesError> {
        let secrets: Vec<&[u8]> = secrets.into_iter().filter(|secret| secret.len() >= MIN_LENGTH).collect();
        let tells =
            |text: &[u8]| secrets.iter().any(|secret| memmem::find(text, forms::bare(secret)).is_some());
        let exact = exact.into_iter().filter(|text| !tells(text));
        let mut forms: Vec<Form> = exact.map(|text| Form::new(text.to_vec())).collect();
        for secret in &secrets {
            forms::append_forms(secret, &mut forms);
        }
        Self::of_forms(forms)
    }

    fn of_forms(mut forms: Vec<Form>) -> Result<Self, NeedlesError> {
        forms.retain(|form| form.len() >= MIN_LENGTH);
        forms.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        forms.dedup();
        let mark = mark::choose(&forms).ok_or(NeedlesError::NoReplacement)?;
        let mut first = [false; 256];
        forms.iter().filter_map(|form| form.first()).for_each(|byte| first[usize::from(*byte)] = true);
        let hold = Hold::of(&forms);
        let (heads, escaped) = (OnceLock::new(), OnceLock::new());
        Ok(Self(Box::new(Inner { forms, first, heads, escaped, hold, mark })))
    }

    /// True where there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.0.forms.is_empty()
    }

    pub(super) fn forms(&self) -> &[Form] {
        &self.0.forms
    }

    pub(super) fn mark(&self) -> &[u8] {
        &self.0.mark
    }

    /// From where on `text` has to be kept back, since more of it may come.
    pub(super) fn held_from(&self, text: &[u8]) -> usize {
        self.0.hold.start(text)
    }

    /// The parts of `text` that spellings cover, in order, those that overlap as one; only spellings that start
    /// before `until` count.
    pub(super) fn regions(&self, text: &[u8], until: usize) -> Vec<Range<usize>> {
        if self.is_empty() {
            return Vec::new();
        }
        let mut spans = Vec::new();
        let mut add = |span: Range<usize>| {
            if span.start < until && span.len() <= self.0.hold.limit() {
                spans.push(span);
            }
        };
        self.find_plain(text, until, &mut add);
        if escapes::introducers(text).next().is_some() {
            let escaped = self.0.escaped.get_or_init(|| Escaped::build(&self.0.forms));
            escaped.find(&self.0.forms, text, &mut add);
        }
        merge(spans)
    }

    /// The index at which a form may start, at `from` or later.
    fn next_start(&self, text: &[u8], from: usize) -> Option<usize> {
        if text.len() > SHORT
            && let Some(heads) =
                self.0.heads.get_or_init(|| Heads::build(self.0.forms.iter().map(|form| &***form)))
        {
            return heads.find(text, from);
        }
        let found = text[from..].iter().position(|byte| self.0.first[usize::from(*byte)]);
        found.map(|distance| from + distance)
    }

    /// Hands over each part of `text` that is a form as it stands.
    fn find_plain(&self, text: &[u8], until: usize, on_match: &mut impl FnMut(Range<usize>)) {
        let mut from = 0;
        while let Some(start) = self.next_start(text, from).filter(|start| *start < until) {
            // The longest comes first.
            if let Some(form) = self.0.forms.iter().find(|form| text[start..].starts_with(form)) {
                on_match(start..start + form.len());
            }
            from = start + 1;
        }
    }
}

fn merge(mut spans: Vec<Range<usize>>) -> Vec<Range<usize>> {
    spans.sort_unstable_by_key(|span| span.start);
    let mut regions: Vec<Range<usize>> = Vec::new();
    for span in spans {
        match regions.last_mut() {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            _ => regions.push(span),
        }
    }
    regions
}
