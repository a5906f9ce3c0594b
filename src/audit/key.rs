//! The key of the chain: without it no line can be written that `verify` accepts.

use zeroize::Zeroizing;

/// 32 bytes that serve the audit log alone; wiped when dropped, and never printed.
pub struct AuditKey(Zeroizing<[u8; 32]>);

impl AuditKey {
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}
