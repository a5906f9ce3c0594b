//! Where a name would stand: perfect hashing (CHD: Belazzougui, Botelho and Dietzfelbinger, "Hash,
//! displace, and compress", ESA 2009), as `phf_generator` makes it in the build.
//!
//! A table keeps no names: it has a place for any text, and only what stands there can tell
//! whether that text is its name.

/// Places by the hash of a name.
pub(super) struct Table<T: 'static> {
    pub(super) key: u64,
    pub(super) displacements: &'static [(u32, u32)],
    pub(super) values: &'static [T],
}

impl<T: Copy> Table<T> {
    /// The one place that `name` can stand at.
    pub(super) fn place(&self, name: &str) -> Option<T> {
        self.values.get(self.number(name)?).copied()
    }

    /// The number of that place: each name has its own, and there are no more numbers than names.
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        if self.values.is_empty() {
            return None;
        }
        let hashes = phf_shared::hash(name, &self.key);
        Some(phf_shared::get_index(&hashes, self.displacements, self.values.len()) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn an_empty_table_has_no_place() {
        let table = Table::<u16> { key: 0, displacements: &[], values: &[] };
        assert_eq!(table.place("openai"), None);
    }
}
