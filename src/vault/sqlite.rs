//! The record store in one SQLite file: WAL mode, synced at every commit.
//!
//! The file must already be private and its folder closed; this never creates either. Everything
//! in the file is untrusted: a foreign schema is refused, sizes are bounded, and odd names are an
//! error rather than skipped.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, Row, TransactionBehavior, params};

use super::store::{Batch, Change, Kind, RecordId, RecordName, RecordStore, SealedRecord, StoreError};
use crate::platform::files::NamedFile;

const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Larger blobs are never written, and read as empty, which no seal accepts.
const MAX_BLOB: u32 = 4 * 1024 * 1024;

const CREATE_HEADER: &str =
    "CREATE TABLE header (id INTEGER PRIMARY KEY CHECK (id = 1), bytes BLOB NOT NULL) STRICT";
const CREATE_RECORD: &str = "CREATE TABLE record (kind TEXT NOT NULL, id TEXT NOT NULL, \
     generation INTEGER NOT NULL, blob BLOB NOT NULL, PRIMARY KEY (kind, id)) STRICT";

/// An open database.
pub struct SqliteStore {
    connection: Connection,
    file: Option<NamedFile>,
}

impl SqliteStore {
    /// Fills an empty file with the schema, the header and the first records, in one transaction.
    ///
    /// # Errors
    /// When the disk refuses or the file is not empty.
    pub fn create(path: &Path, header: &[u8], first: &Batch) -> Result<(), StoreError> {
        let mut store = Self { connection: connect(path)?, file: None };
        let transaction = store.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute(CREATE_HEADER, [])?;
        transaction.execute(CREATE_RECORD, [])?;
        transaction.execute("INSERT INTO header (id, bytes) VALUES (1, ?1)", [header])?;
        apply_all(&transaction, first)?;
        transaction.commit()?;
        // The mode is stored in the file; whoever opens it later finds it set.
        store.connection.pragma_update(None, "journal_mode", "WAL")?;
        store.connection.close().map_err(|(_, error)| error.into())
    }

    /// Writes all that was committed by now into an empty file, while others go on; nothing that was deleted is in it.
    ///
    /// # Errors
    /// When the file is not empty, or the disk refuses.
    pub fn copy_into(&self, path: &Path) -> Result<(), StoreError> {
        let name = path.to_str().ok_or_else(|| StoreError::Unavailable {
            detail: format!("{path:?} is no name that SQLite takes"),
        })?;
        Ok(self.connection.execute("VACUUM INTO ?1", [name]).map(drop)?)
    }

    /// Says that the file is written in the way of a vault's database, and closes it.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn finish_copy(path: &Path) -> Result<(), StoreError> {
        let connection = connect(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.close().map_err(|(_, error)| error.into())
    }

    /// # Errors
    /// When the file is no database of this schema.
    pub fn open_existing(path: &Path) -> Result<Self, StoreError> {
        // Looked at first: should it be replaced in between, the difference shows at once.
        let file =
            NamedFile::at(path).map_err(|error| StoreError::Unavailable { detail: error.to_string() })?;
        let store = Self { connection: connect(path)?, file };
        store.refuse_foreign_schema()?;
        Ok(store)
    }

    /// A trigger or view planted in the file could undo or fake what is written.
    fn refuse_foreign_schema(&self) -> Result<(), StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")?;
        let found = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
        if found == [CREATE_HEADER, CREATE_RECORD] {
            return Ok(());
        }
        Err(corrupt("its tables are not those of a vault"))
    }
}

impl RecordStore for SqliteStore {
    fn header(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT bytes FROM header")?;
        Ok(statement.query_row([], |row| row.get(0)).optional()?)
    }

    fn load(&self, name: &RecordName) -> Result<Option<SealedRecord>, StoreError> {
        const LOAD: &str = "SELECT generation, CASE WHEN length(blob) <= ?3 THEN blob ELSE x'' END \
             FROM record WHERE kind = ?1 AND id = ?2";
        let mut statement = self.connection.prepare_cached(LOAD)?;
        let found = statement
            .query_row(params![name.kind.as_str(), name.id.as_str(), MAX_BLOB], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let record = |(generation, blob)| {
            Ok(SealedRecord { id: name.id.clone(), generation: to_generation(generation)?, blob })
        };
        found.map(record).transpose()
    }

    fn entries(&self) -> Result<Vec<(RecordName, u64)>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT kind, id, generation FROM record")?;
        let mut rows = statement.query([])?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            let kind = Kind::parse(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?);
            let kind = kind.ok_or_else(|| corrupt("a record is of an unknown kind"))?;
            entries.push((RecordName { kind, id: to_id(row, 1)? }, to_generation(row.get(2)?)?));
        }
        Ok(entries)
    }

    fn list(&self, kind: Kind) -> Result<Vec<SealedRecord>, StoreError> {
        const LIST: &str = "SELECT id, generation, CASE WHEN length(blob) <= ?2 THEN blob ELSE x'' END \
             FROM record WHERE kind = ?1";
        let mut statement = self.connection.prepare_cached(LIST)?;
        let mut rows = statement.query(params![kind.as_str(), MAX_BLOB])?;
        let mut records = Vec::new();
        while let Some(row) = rows.next()? {
            let (id, generation, blob) = (to_id(row, 0)?, to_generation(row.get(1)?)?, row.get(2)?);
            records.push(SealedRecord { id, generation, blob });
        }
        Ok(records)
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        // Dropped without a commit, a transaction is rolled back.
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        apply_all(&transaction, batch)?;
        Ok(transaction.commit()?)
    }

    /// The write-ahead log still has the pages as they were written; once it is merged and cut to nothing, `secure_delete`
    /// has overwritten the rest.
    fn forget_replaced(&mut self) -> Result<(), StoreError> {
        let busy: i64 = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy == 0 { Ok(()) } else { Err(StoreError::Busy) }
    }

    fn change_marker(&self) -> Result<u64, StoreError> {
        let mut statement = self.connection.prepare_cached("PRAGMA data_version")?;
        to_generation(statement.query_row([], |row| row.get(0))?)
    }

    fn file(&self) -> Option<&NamedFile> {
        self.file.as_ref()
    }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // `secure_delete`: what was replaced does not linger in free pages.
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF; PRAGMA secure_delete = ON;",
    )?;
    Ok(connection)
}

fn apply_all(connection: &Connection, batch: &Batch) -> Result<(), StoreError> {
    if let Some([seen, next]) = &batch.header {
        let replace = "UPDATE header SET bytes = ?2 WHERE id = 1 AND bytes = ?1";
        if connection.execute(replace, [seen, next])? != 1 {
            return Err(StoreError::Conflict);
        }
    }
    batch.changes.iter().try_for_each(|change| apply(connection, change))
}

fn apply(connection: &Connection, change: &Change) -> Result<(), StoreError> {
    const INSERT: &str =
        "INSERT INTO record (kind, id, generation, blob) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
    const UPDATE: &str =
        "UPDATE record SET generation = ?3, blob = ?4 WHERE kind = ?1 AND id = ?2 AND generation = ?5";
    const DELETE: &str = "DELETE FROM record WHERE kind = ?1 AND id = ?2 AND generation = ?3";

    let touched = match change {
        Change::Put { blob, .. } if blob.len() > MAX_BLOB as usize => {
            return Err(StoreError::Unavailable {
                detail: format!("a record is larger than {MAX_BLOB} bytes"),
            });
        }
        Change::Put { name, expected: None, generation, blob } => connection
            .prepare_cached(INSERT)?
            .execute(params![name.kind.as_str(), name.id.as_str(), from_generation(*generation)?, blob])?,
        Change::Put { name, expected: Some(expected), generation, blob } => {
            connection.prepare_cached(UPDATE)?.execute(params![
                name.kind.as_str(),
                name.id.as_str(),
                from_generation(*generation)?,
                blob,
                from_generation(*expected)?
            ])?
        }
        Change::Delete { name, expected } => connection.prepare_cached(DELETE)?.execute(params![
            name.kind.as_str(),
            name.id.as_str(),
            from_generation(*expected)?
        ])?,
    };
    if touched == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

fn to_id(row: &Row<'_>, column: usize) -> Result<RecordId, StoreError> {
    let text = row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?;
    RecordId::parse(text).ok_or_else(|| corrupt("a record has a malformed id"))
}

fn to_generation(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| corrupt("a record has a negative generation"))
}

fn from_generation(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| corrupt("a record has an impossible generation"))
}

fn corrupt(detail: &str) -> StoreError {
    StoreError::Corrupt { detail: detail.to_owned() }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let detail = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt { detail },
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly) => Self::Unavailable {
                detail: format!("it, or what SQLite keeps beside it, cannot be written ({detail})"),
            },
            Some(_) => Self::Unavailable { detail },
            // Not SQLite but the binding: a value of another type than the schema allows.
            None => Self::Corrupt { detail },
        }
    }
}
