//! What somebody who holds the files can do to a record.

use rusqlite::params;

use super::{NOW, Place, new_secret, openai_claim, with_openai, workspace};
use crate::vault::{SecretId, Vault};

/// A row of the database, as an attacker copies it.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) kind: String,
    pub(super) id: String,
    pub(super) generation: i64,
    pub(super) blob: Vec<u8>,
}

pub(super) fn rows(place: &Place) -> Vec<Row> {
    let sql = place.sql();
    let mut statement =
        sql.prepare("SELECT kind, id, generation, blob FROM record ORDER BY kind, id").unwrap();
    let row = |row: &rusqlite::Row<'_>| {
        Ok(Row { kind: row.get(0)?, id: row.get(1)?, generation: row.get(2)?, blob: row.get(3)? })
    };
    statement.query_map([], row).unwrap().map(Result::unwrap).collect()
}

pub(super) fn row(place: &Place, id: &str) -> Row {
    rows(place).into_iter().find(|row| row.id == id).unwrap()
}

pub(super) fn put(place: &Place, row: &Row) {
    place
        .sql()
        .execute(
            "REPLACE INTO record VALUES (?1, ?2, ?3, ?4)",
            params![row.kind, row.id, row.generation, row.blob],
        )
        .unwrap();
}

pub(super) fn delete(place: &Place, id: &str) {
    assert_eq!(place.sql().execute("DELETE FROM record WHERE id = ?1", [id]).unwrap(), 1);
}

/// Two claimed secrets with their credentials.
pub(super) fn with_two() -> (Place, Vault, SecretId, SecretId) {
    let (place, mut vault, first) = with_openai();
    let new = new_secret("OPENAI_API_KEY", "sk-other", workspace("w"));
    let second = vault.create_secret(new, Some(&openai_claim()), NOW).unwrap().meta.id;
    (place, vault, first, second)
}

pub(super) fn names(ids: &[SecretId]) -> Vec<crate::vault::store::RecordName> {
    ids.iter().map(SecretId::record_name).collect()
}
