//! A layer between SQLite and the system's files, which is SQLite's default in this test: it writes
//! down each change of a watched folder in its order, and fails the one that it is told to.
//!
//! It must never change what SQLite reads, nor sync to the real disk: what a sync means is for `disk` to say.
#![expect(unsafe_code, reason = "SQLite takes its files from a table of C functions")]

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, Once};

use rusqlite::ffi;

/// Checkpoints come after so many pages of the write-ahead log, so that a short workload has many.
const CHECKPOINT_AFTER: c_int = 12;

/// One change, by the name of the file in its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    Write {
        file: String,
        offset: usize,
        bytes: Vec<u8>,
    },
    Truncate {
        file: String,
        size: usize,
    },
    Sync {
        file: String,
    },
    /// Its entry of the folder is gone, and synced or not.
    Delete {
        file: String,
        synced: bool,
    },
    /// A small file that the vault wrote by itself, durably, and what is in it now.
    Beside {
        file: String,
        bytes: Option<Vec<u8>>,
    },
    /// So many steps of the workload were acknowledged by now.
    Done {
        steps: usize,
    },
}

/// How a change of the disk fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    Io,
    Full,
    /// Half of the bytes reach the file.
    Short,
}

/// Which changes fail, counted from the first that is watched.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub at: usize,
    pub failure: Failure,
    /// All that follow fail too.
    pub lasts: bool,
}

#[derive(Default)]
pub struct Watch {
    pub ops: Vec<Op>,
    pub fault: Option<Fault>,
    /// Changes of the database's files so far.
    pub changes: usize,
    beside: Vec<PathBuf>,
    seen: BTreeMap<PathBuf, Option<Vec<u8>>>,
}

pub type Watched = Arc<Mutex<Watch>>;

static WATCHED: LazyLock<Mutex<BTreeMap<PathBuf, Watched>>> = LazyLock::new(Mutex::default);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Watches the databases of a folder from now on; `beside` are files that others than SQLite write.
pub fn watch(folder: &Path, beside: Vec<PathBuf>) -> Watched {
    install();
    let mut watch = Watch { beside, ..Watch::default() };
    watch.look_beside();
    watch.ops.clear();
    let watched = Arc::new(Mutex::new(watch));
    lock(&WATCHED).insert(folder.to_owned(), Arc::clone(&watched));
    watched
}

pub fn forget(folder: &Path) {
    lock(&WATCHED).remove(folder);
}

impl Watch {
    /// Takes in what was written beside the database since the last look.
    pub fn look_beside(&mut self) {
        for path in &self.beside {
            let bytes = std::fs::read(path).ok();
            if self.seen.get(path) != Some(&bytes) {
                self.seen.insert(path.clone(), bytes.clone());
                let file = path.file_name().unwrap().to_string_lossy().into_owned();
                self.ops.push(Op::Beside { file, bytes });
            }
        }
    }

    pub fn done(&mut self, steps: usize) {
        self.look_beside();
        self.ops.push(Op::Done { steps });
    }

    /// Counts a change, and says whether it is to fail.
    fn strikes(&mut self) -> Option<Failure> {
        let at = self.changes;
        self.changes += 1;
        self.fault.filter(|fault| fault.at == at || fault.lasts && fault.at < at).map(|fault| fault.failure)
    }

    fn record(&mut self, op: Op) {
        self.look_beside();
        self.ops.push(op);
    }
}

/// What SQLite takes for its file: ours, with the system's in the same piece of memory behind it.
#[repr(C)]
struct File {
    base: ffi::sqlite3_file,
    name: *mut Named,
}

/// A file of a watched folder.
struct Named {
    file: String,
    watch: Watched,
}

struct System(*mut ffi::sqlite3_vfs);
// The table is made once, before anybody reads it, and never changes.
unsafe impl Send for System {}
unsafe impl Sync for System {}
static SYSTEM: LazyLock<System> = LazyLock::new(|| System(unsafe { ffi::sqlite3_vfs_find(ptr::null()) }));

fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| unsafe {
        assert_eq!(ffi::sqlite3_initialize(), ffi::SQLITE_OK);
        let mut ours = *SYSTEM.0;
        ours.iVersion = 2;
        ours.szOsFile += c_int::try_from(size_of::<File>()).unwrap();
        ours.zName = c"watched".as_ptr();
        ours.pNext = ptr::null_mut();
        ours.xOpen = Some(open);
        ours.xDelete = Some(delete);
        // Read as long as the process lives.
        let ours = Box::leak(Box::new(ours));
        assert_eq!(ffi::sqlite3_vfs_register(ours, 1), ffi::SQLITE_OK);
        assert_eq!(ffi::sqlite3_auto_extension(Some(checkpoint_often)), ffi::SQLITE_OK);
    });
}

unsafe extern "C" fn checkpoint_often(
    database: *mut ffi::sqlite3,
    _message: *mut *mut c_char,
    _api: *const ffi::sqlite3_api_routines,
) -> c_int {
    unsafe { ffi::sqlite3_wal_autocheckpoint(database, CHECKPOINT_AFTER) }
}

fn watch_of(path: &Path) -> Option<Watched> {
    lock(&WATCHED).get(path.parent()?).cloned()
}

unsafe fn path_of(name: *const c_char) -> PathBuf {
    PathBuf::from(unsafe { CStr::from_ptr(name) }.to_str().unwrap())
}

unsafe extern "C" fn open(
    _vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    unsafe {
        let ours = file.cast::<File>();
        (*ours).base.pMethods = ptr::null();
        (*ours).name = ptr::null_mut();
        let code = ((*SYSTEM.0).xOpen.unwrap())(SYSTEM.0, name, system_of(file), flags, out);
        if code != ffi::SQLITE_OK {
            return code;
        }
        (*ours).base.pMethods = &raw const METHODS;
        if !name.is_null() {
            let path = path_of(name);
            if let Some(watch) = watch_of(&path) {
                let file = path.file_name().unwrap().to_string_lossy().into_owned();
                (*ours).name = Box::into_raw(Box::new(Named { file, watch }));
            }
        }
        code
    }
}

unsafe extern "C" fn delete(_vfs: *mut ffi::sqlite3_vfs, name: *const c_char, sync: c_int) -> c_int {
    unsafe {
        let path = path_of(name);
        if let Some(watch) = watch_of(&path) {
            let mut watch = lock(&watch);
            if watch.strikes().is_some() {
                return ffi::SQLITE_IOERR_DELETE;
            }
            let file = path.file_name().unwrap().to_string_lossy().into_owned();
            watch.record(Op::Delete { file, synced: sync != 0 });
        }
        ((*SYSTEM.0).xDelete.unwrap())(SYSTEM.0, name, 0)
    }
}

fn system_of(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    unsafe { file.cast::<File>().add(1).cast() }
}

unsafe fn named<'f>(file: *mut ffi::sqlite3_file) -> Option<&'f Named> {
    unsafe { (*file.cast::<File>()).name.as_ref() }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    unsafe {
        let ours = file.cast::<File>();
        if !(*ours).name.is_null() {
            drop(Box::from_raw((*ours).name));
            (*ours).name = ptr::null_mut();
        }
        let system = system_of(file);
        ((*(*system).pMethods).xClose.unwrap())(system)
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    bytes: *const c_void,
    count: c_int,
    offset: i64,
) -> c_int {
    unsafe {
        let system = system_of(file);
        let put = (*(*system).pMethods).xWrite.unwrap();
        if let Some(named) = named(file) {
            let mut watch = lock(&named.watch);
            match watch.strikes() {
                Some(Failure::Io) => return ffi::SQLITE_IOERR_WRITE,
                Some(Failure::Full) => return ffi::SQLITE_FULL,
                Some(Failure::Short) => {
                    put(system, bytes, count / 2, offset);
                    return ffi::SQLITE_FULL;
                }
                None => {}
            }
            let length = usize::try_from(count).unwrap();
            let bytes = std::slice::from_raw_parts(bytes.cast::<u8>(), length).to_vec();
            let offset = usize::try_from(offset).unwrap();
            watch.record(Op::Write { file: named.file.clone(), offset, bytes });
        }
        put(system, bytes, count, offset)
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    unsafe {
        if let Some(named) = named(file) {
            let mut watch = lock(&named.watch);
            if watch.strikes().is_some() {
                return ffi::SQLITE_IOERR_TRUNCATE;
            }
            watch.record(Op::Truncate { file: named.file.clone(), size: usize::try_from(size).unwrap() });
        }
        let system = system_of(file);
        ((*(*system).pMethods).xTruncate.unwrap())(system, size)
    }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    unsafe {
        if let Some(named) = named(file) {
            let mut watch = lock(&named.watch);
            if watch.strikes().is_some() {
                return ffi::SQLITE_IOERR_FSYNC;
            }
            watch.record(Op::Sync { file: named.file.clone() });
        }
        ffi::SQLITE_OK
    }
}

/// A method that the system's file has, handed on as it is.
macro_rules! handed_on {
    ($name:ident, $method:ident, ($($argument:ident: $kind:ty),*) -> $result:ty) => {
        unsafe extern "C" fn $name(file: *mut ffi::sqlite3_file $(, $argument: $kind)*) -> $result {
            unsafe {
                let system = system_of(file);
                ((*(*system).pMethods).$method.unwrap())(system $(, $argument)*)
            }
        }
    };
}

handed_on!(read, xRead, (bytes: *mut c_void, count: c_int, offset: i64) -> c_int);
handed_on!(file_size, xFileSize, (size: *mut i64) -> c_int);
handed_on!(lock_file, xLock, (level: c_int) -> c_int);
handed_on!(unlock_file, xUnlock, (level: c_int) -> c_int);
handed_on!(check_reserved, xCheckReservedLock, (out: *mut c_int) -> c_int);
handed_on!(control, xFileControl, (operation: c_int, argument: *mut c_void) -> c_int);
handed_on!(sector_size, xSectorSize, () -> c_int);
handed_on!(characteristics, xDeviceCharacteristics, () -> c_int);
handed_on!(shared_map, xShmMap, (page: c_int, size: c_int, extend: c_int, out: *mut *mut c_void) -> c_int);
handed_on!(shared_lock, xShmLock, (offset: c_int, count: c_int, flags: c_int) -> c_int);
handed_on!(shared_barrier, xShmBarrier, () -> ());
handed_on!(shared_unmap, xShmUnmap, (remove: c_int) -> c_int);

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock_file),
    xUnlock: Some(unlock_file),
    xCheckReservedLock: Some(check_reserved),
    xFileControl: Some(control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: Some(shared_map),
    xShmLock: Some(shared_lock),
    xShmBarrier: Some(shared_barrier),
    xShmUnmap: Some(shared_unmap),
    xFetch: None,
    xUnfetch: None,
};
