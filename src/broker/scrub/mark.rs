//! What stands in an answer where a secret stood.
//!
//! Pure. The mark must not make a spelling together with what stands beside it, nor be part of one.

use memchr::{memchr2, memmem};

use super::forms::Form;

/// The first mark that cannot make or hide a match: with it, text that was scrubbed holds no spelling.
pub(super) fn choose(forms: &[Form]) -> Option<Vec<u8>> {
    const NAMED: [&[u8]; 4] = [b"[redacted]", b"<redacted>", b"(redacted)", b"{redacted}"];
    let plain = (b'!'..=b'~').filter(|byte| stands_alone(*byte)).map(|byte| vec![byte; 10]);
    let mut marks = NAMED.map(<[u8]>::to_vec).into_iter().chain(plain);
    marks.find(|mark| !any_overlaps(mark, forms))
}

/// True for what neither starts an escape nor completes one that the text before it began.
fn stands_alone(byte: u8) -> bool {
    !byte.is_ascii_alphanumeric() && !b"\\%&;".contains(&byte)
}

/// False for most forms, at little cost: where neither end of the mark stands in it, it neither holds the mark nor
/// shares an end with it; and where it is the longer, the mark does not hold it.
fn may_meet(mark: &[u8], form: &[u8]) -> bool {
    let [first, .., last] = mark else { return true };
    form.len() <= mark.len() || memchr2(*first, *last, form).is_some()
}

/// True where `mark` and a form hold each other, or an end of one is a start of the other.
fn any_overlaps(mark: &[u8], forms: &[Form]) -> bool {
    let finder = memmem::Finder::new(mark);
    let meets = |a: &[u8], b: &[u8]| (1..=a.len().min(b.len())).any(|n| a.ends_with(&b[..n]));
    forms.iter().filter(|form| may_meet(mark, form)).any(|form| {
        let inside = form.len() <= mark.len() && memmem::find(mark, form).is_some();
        inside || finder.find(form).is_some() || meets(mark, form) || meets(form, mark)
    })
}
