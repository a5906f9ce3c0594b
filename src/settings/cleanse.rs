//! Takes out of the environment what libraries read behind our back.
//!
//! The resolver of the C library reads variables at its first use; the broker may run
//! in a caller's process, whose environment nobody trusts (invariant 8, attack C5).

use std::ffi::OsString;
use std::sync::OnceLock;

/// What could bend name resolution, trust or tracing.
const UNWANTED: &[&str] = &[
    "RES_OPTIONS",
    "LOCALDOMAIN",
    "HOSTALIASES",
    "RESOLV_HOST_CONF",
    "RESOLV_OVERRIDE_TRIM_DOMAINS",
    "RESOLV_ADD_TRIM_DOMAINS",
    "RESOLV_MULTI",
    "RESOLV_REORDER",
    "RESOLV_SPOOF_CHECK",
    "NIS_PATH",
    "GETCONF_DIR",
    "SSLKEYLOGFILE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "SQLITE_TMPDIR",
    "SQLITE_HISTORY",
];

/// What was there of it, for programs that are started with the environment that this one was given.
static TAKEN: OnceLock<Vec<(OsString, OsString)>> = OnceLock::new();

/// What was removed.
pub(super) fn taken() -> &'static [(OsString, OsString)] {
    TAKEN.get().map(Vec::as_slice).unwrap_or_default()
}

/// Removes them from this process.
///
/// Call it first in `main`, before any thread is started.
pub fn cleanse() {
    let there = UNWANTED.iter().filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)));
    let _ = TAKEN.set(there.collect());
    for name in UNWANTED {
        #[expect(unsafe_code, reason = "main calls this before there is a second thread to race with")]
        // SAFETY: the process has one thread, so nobody reads the environment meanwhile.
        unsafe {
            std::env::remove_var(name);
        }
    }
}
