//! The upstream's answer on the standard output, and the exit code it stands for.

use std::process::ExitCode;

use futures_util::StreamExt as _;

use super::Form;
use crate::cli::error::CliError;
use crate::cli::json;
use crate::cli::screen::Screen;
use crate::service::Reply;

/// The exit code of an answer of 400 and above.
const UPSTREAM_REFUSED: u8 = 22;

/// Prints the answer's body, whatever its status.
pub(super) async fn print(
    mut reply: Reply,
    form: &Form,
    screen: &mut Screen<'_>,
) -> Result<ExitCode, CliError> {
    match form {
        Form::Raw => print_raw(&mut reply, screen).await?,
        Form::Json => print_json(&collect(&mut reply).await?, screen)?,
        Form::Markdown(markdown) => markdown.print(&collect(&mut reply).await?, screen)?,
    }
    screen.out.flush()?;
    exit_code(reply.status, screen)
}

/// Chunk by chunk: what came is shown before the next one is waited for.
async fn print_raw(reply: &mut Reply, screen: &mut Screen<'_>) -> Result<(), CliError> {
    let mut ends_line = true;
    while let Some(chunk) = reply.body.next().await {
        let chunk = chunk?;
        let Some(last) = chunk.last() else { continue };
        ends_line = *last == b'\n';
        screen.out.write_all(&chunk)?;
        screen.out.flush()?;
    }
    if !ends_line && screen.on_terminal {
        screen.out.write_all(b"\n")?;
    }
    Ok(())
}

fn print_json(body: &[u8], screen: &mut Screen<'_>) -> Result<(), CliError> {
    let text = match json::parse(body) {
        Some(node) => json::pretty(&node),
        None => {
            let text = String::from_utf8_lossy(body).into_owned();
            json::pretty(&json::Node::Record(vec![("body".to_owned(), json::Node::Text(text))]))
        }
    };
    Ok(writeln!(screen.out, "{text}")?)
}

async fn collect(reply: &mut Reply) -> Result<Vec<u8>, CliError> {
    let mut body = Vec::new();
    while let Some(chunk) = reply.body.next().await {
        body.extend_from_slice(&chunk?);
    }
    Ok(body)
}

fn exit_code(status: u16, screen: &mut Screen<'_>) -> Result<ExitCode, CliError> {
    if status < 400 {
        return Ok(ExitCode::SUCCESS);
    }
    let name = http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let name = name.map(|name| format!(" {name}")).unwrap_or_default();
    let label = screen.err_paint.red("error:");
    writeln!(screen.err, "{label} the upstream answered {status}{name}")?;
    Ok(ExitCode::from(UPSTREAM_REFUSED))
}
