//! The counters in their SQLite file. Everything in the file is untrusted.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Row, Transaction, TransactionBehavior, params};

use super::error::MeterError;
use super::key::{CounterId, Keyed, SetSum, Summary};
use super::ledger::{Change, Counter, Stored};
use crate::platform::files::{self, NamedFile};
use crate::platform::lock::FileLock;

const NAME: &str = "usage.db";
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

const CREATE_COUNTER: &str = "CREATE TABLE counter (id BLOB PRIMARY KEY, ends INTEGER NOT NULL, \
     used INTEGER NOT NULL, largest INTEGER NOT NULL) STRICT, WITHOUT ROWID";
const CREATE_SUMMARY: &str = "CREATE TABLE summary (id INTEGER PRIMARY KEY CHECK (id = 1), \
     epoch INTEGER NOT NULL, latest INTEGER NOT NULL, count INTEGER NOT NULL, seal BLOB NOT NULL) STRICT";

/// An open database.
pub(super) struct UsageFile {
    pub(super) path: PathBuf,
    pub(super) connection: Connection,
    named: NamedFile,
}

impl UsageFile {
    /// Opens the file in the vault's folder. Only where it `may_begin` is one made that is not
    /// there: a file that went away must be missed.
    pub(super) fn open(folder: &Path, keyed: &Keyed, may_begin: bool) -> Result<Self, MeterError> {
        let path = folder.join(NAME);
        files::check_private_dir(folder)?;
        if !files::exists(&path)? {
            if !may_begin {
                return Err(MeterError::Missing { path });
            }
            make(folder, &path, keyed)?;
        }
        files::check_private(&path)?;
        // Looked at first: should it be replaced in between, the difference shows at once.
        let Some(named) = NamedFile::at(&path)? else { return Err(MeterError::Missing { path }) };
        let file = Self { connection: connect(&path)?, path, named };
        file.refuse_foreign_schema()?;
        Ok(file)
    }

    /// A file that was unlinked is still written by whoever has it open, and counts for nobody else.
    pub(super) fn refuse_replaced(&self) -> Result<(), MeterError> {
        if self.named.is_in_place() {
            return Ok(());
        }
        let path = self.path.clone();
        Err(if files::exists(&path)? { MeterError::Replaced { path } } else { MeterError::Missing { path } })
    }

    /// A trigger or view planted in the file could undo or fake what is written.
    fn refuse_foreign_schema(&self) -> Result<(), MeterError> {
        let mut statement =
            self.connection.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")?;
        let found = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
        if found == [CREATE_COUNTER, CREATE_SUMMARY] {
            return Ok(());
        }
        Err(MeterError::Corrupt { detail: "its tables are not those of counters".to_owned() })
    }
}

/// A transaction that nobody else can write beside.
pub(super) fn begin(connection: &mut Connection) -> Result<Transaction<'_>, MeterError> {
    Ok(connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
}

/// A number that changes whenever anybody else commits.
pub(super) fn change_marker(transaction: &Transaction<'_>) -> Result<i64, MeterError> {
    Ok(transaction.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
}

pub(super) fn read(transaction: &Transaction<'_>) -> Result<Stored, MeterError> {
    let (summary, seal) = transaction
        .prepare_cached("SELECT epoch, latest, count, seal FROM summary")?
        .query_row([], |row| {
            let [epoch, latest_ms, count] = numbers(row, 0)?;
            Ok((Summary { epoch, latest_ms, count }, row.get(3)?))
        })?;
    let mut statement = transaction.prepare_cached("SELECT id, ends, used, largest FROM counter")?;
    let mut rows = statement.query([])?;
    let mut counters = HashMap::new();
    while let Some(row) = rows.next()? {
        let [ends_ms, used, largest] = numbers(row, 1)?;
        counters.insert(CounterId(row.get(0)?), Counter { ends_ms, used, largest });
    }
    Ok(Stored { summary, seal, counters })
}

pub(super) fn write(transaction: &Transaction<'_>, change: &Change) -> Result<(), MeterError> {
    const PUT: &str = "INSERT OR REPLACE INTO counter (id, ends, used, largest) VALUES (?1, ?2, ?3, ?4)";
    for (id, counter) in &change.counters {
        match counter {
            Some(Counter { ends_ms, used, largest }) => transaction.prepare_cached(PUT)?.execute(params![
                id.0,
                ends_ms.cast_signed(),
                used.cast_signed(),
                largest.cast_signed()
            ])?,
            None => transaction.prepare_cached("DELETE FROM counter WHERE id = ?1")?.execute([id.0])?,
        };
    }
    put_summary(transaction, &change.summary, &change.seal)
}

fn put_summary(connection: &Connection, summary: &Summary, seal: &[u8; 32]) -> Result<(), MeterError> {
    const PUT: &str =
        "INSERT OR REPLACE INTO summary (id, epoch, latest, count, seal) VALUES (1, ?1, ?2, ?3, ?4)";
    let [epoch, latest, count] = [summary.epoch, summary.latest_ms, summary.count].map(u64::cast_signed);
    connection.prepare_cached(PUT)?.execute(params![epoch, latest, count, seal])?;
    Ok(())
}

/// SQLite's integers are signed: numbers are stored as the same 64 bits.
fn numbers<const N: usize>(row: &Row<'_>, first: usize) -> rusqlite::Result<[u64; N]> {
    let mut numbers = [0; N];
    for (at, number) in numbers.iter_mut().enumerate() {
        *number = row.get::<_, i64>(first + at)?.cast_unsigned();
    }
    Ok(numbers)
}

/// Made under another name and renamed, so that whoever finds the file finds a whole one. What
/// lies about of an earlier file counts for nothing: had anything been counted in it, the vault
/// would know.
fn make(folder: &Path, path: &Path, keyed: &Keyed) -> Result<(), MeterError> {
    let _one_at_a_time = FileLock::acquire(&folder.join(".usage.lock"))?;
    if files::exists(path)? {
        return Ok(());
    }
    for name in ["usage.db-wal", "usage.db-shm", "usage.db-journal"] {
        files::remove(&folder.join(name))?;
    }
    let unfinished = folder.join("usage.db.new");
    for suffix in ["", "-journal", "-wal", "-shm"] {
        files::remove(&folder.join(format!("usage.db.new{suffix}")))?;
    }
    // SQLite gives its companion files the mode of this one.
    files::write_private_new(&unfinished, b"")?;
    fill(&unfinished, keyed)?;
    Ok(files::publish_new(&unfinished, path)?)
}

fn fill(path: &Path, keyed: &Keyed) -> Result<(), MeterError> {
    let mut connection = connect(path)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute(CREATE_COUNTER, [])?;
    transaction.execute(CREATE_SUMMARY, [])?;
    let empty = Summary { epoch: 0, latest_ms: 0, count: 0 };
    put_summary(&transaction, &empty, &keyed.seal(&empty, &SetSum::default()))?;
    transaction.commit()?;
    // The mode is stored in the file; whoever opens it later finds it set.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.close().map_err(|(_, error)| error.into())
}

/// `synchronous = NORMAL`: the log is synced when it is folded into the file and not at every
/// charge, which would cost a call milliseconds. The end of a process loses nothing. The machine
/// going down may lose the charges of its last moments, never a part of one, and leaves what was
/// true shortly before; no window is reopened by that.
fn connect(path: &Path) -> Result<Connection, MeterError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA trusted_schema = OFF;")?;
    Ok(connection)
}
