//! Why a tool could not do its work. What it found in files is no error, but its answer.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::spec::NameError;

#[derive(Debug, Error)]
pub enum ToolError {
    #[error("{path}: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("{0}")]
    Print(#[from] io::Error),
    #[error("{path} is not a description of an API: {why}")]
    Description { path: PathBuf, why: String },
    #[error("{path}:{line}: {why}; write `METHOD /path`")]
    List { path: PathBuf, line: usize, why: &'static str },
    #[error("`{file}` has mistakes; correct them first:\n{reports}")]
    Provider { file: PathBuf, reports: String },
    #[error(transparent)]
    Name(#[from] NameError),
    #[error("--{flag} is missing: say it, or run this on a terminal to be asked")]
    Missing { flag: &'static str },
    #[error("{0}")]
    Id(String),
    #[error("{flag}: {why}")]
    Answer { flag: &'static str, why: String },
    #[error("{flag} goes with `--auth {auth}` alone")]
    Idle { flag: &'static str, auth: &'static str },
    #[error("stopped: nothing was written")]
    Stopped,
    #[error("{0} is there already: edit it, or overwrite it with --force")]
    Taken(PathBuf),
    #[error(
        "`{asked}` would be taken for `{there}`, which is there already: say in the id what sets it apart"
    )]
    Confusable { asked: String, there: String },
    #[error("there is no provider `{asked}`: no file {file}{near}")]
    Unknown { asked: String, file: PathBuf, near: String },
    #[error("there is no folder `{0}` here: run this at the root of the repository")]
    Elsewhere(&'static str),
    #[error("there is no code `{asked}`; did you mean `{near}`?")]
    Code { asked: String, near: String },
    #[error("the first tests are not understood:\n{0}")]
    Tests(String),
    #[error("server {wanted} is not there: {path} names {count}")]
    Server { path: PathBuf, wanted: usize, count: usize },
}

impl ToolError {
    /// For `map_err`: what happened at `path`.
    pub fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::File { path, source }
    }
}
