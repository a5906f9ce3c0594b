//! Plain lists of operations, for APIs that publish no description: a line each,
//! `METHOD /path/{id}`, with a whole address where there are several hosts.

use std::path::Path;

use super::{Description, Operation, Route, server};
use crate::error::ToolError;
use crate::spec::Method;

/// Reads a list; empty lines and those that start with `#` say nothing. What stands
/// behind the path is the operation's summary.
pub fn read(path: &Path, text: &str) -> Result<Description, ToolError> {
    let mut operations = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mistake = |why| ToolError::List { path: path.to_path_buf(), line: index + 1, why };
        operations.push(operation(line).map_err(mistake)?);
    }
    let title = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Description { title, docs: None, base: String::new(), schemes: Vec::new(), operations })
}

fn operation(line: &str) -> Result<Operation, &'static str> {
    let (method, rest) = line.split_once(char::is_whitespace).ok_or("there is no path")?;
    let method = Method::parse(&method.to_uppercase()).ok_or("the first word is no method")?;
    let rest = rest.trim_start();
    let (target, summary) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let (host, target) = match target.starts_with('/') {
        true => (None, target.to_owned()),
        false if target.contains("://") => {
            let place = server::of_url(target);
            (place.host, place.base)
        }
        false => return Err("the path does not start with `/`"),
    };
    let route = Route::parse(&target);
    Ok(Operation {
        method,
        host,
        spelled: vec![route.clone()],
        route,
        tags: Vec::new(),
        id: String::new(),
        summary: summary.trim().to_owned(),
        takes_json: false,
    })
}
