//! What the tools that write provider files say at the end.

/// `say!` that gives its error to the caller: a reader that has enough, as `head` has, is none.
macro_rules! say {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        writeln!(std::io::stdout(), $($words)*)?
    }};
}
pub(crate) use say;

use std::path::Path;

use crate::error::ToolError;
use crate::{files, spec};

/// Prints what is wrong with a file beside all others, and whether anything is.
pub fn mistakes_of(path: &Path) -> Result<bool, ToolError> {
    let mut names = files::provider_files(Path::new(files::PROVIDERS))?;
    if !names.iter().any(|name| name == path) {
        names.push(path.to_path_buf());
    }
    let all = names.iter().map(|file| files::checked(file)).collect::<Result<Vec<_>, _>>()?;
    let across = spec::lint::across(&all);
    let name = path.display().to_string().replace('\\', "/");
    let own = all.iter().flat_map(|one| &one.diagnostics).chain(&across).filter(|one| one.is_of(&name));
    let reports: Vec<String> = own.map(|mistake| mistake.render(false)).collect();
    for report in &reports {
        say!("\n{report}");
    }
    Ok(!reports.is_empty())
}

/// The commands that come next.
pub fn next(id: &str) -> Result<(), ToolError> {
    for (command, does) in [
        ("cargo tools check".to_owned(), "every mistake, in a second"),
        (format!("cargo tools tests {id} --force"), "golden tests of each capability anew"),
        (format!("cargo run -- policy test policy-tests/{id}"), "the build, and the tests"),
    ] {
        say!("  {command:<46} # {does}");
    }
    Ok(())
}
