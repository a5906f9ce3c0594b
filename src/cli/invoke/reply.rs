//! The upstream's answer on the standard output, and the exit code it stands for.

use std::process::ExitCode;

use futures_util::StreamExt as _;

use super::Form;
use crate::cli::error::CliError;
use crate::cli::json::{self, Node};
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
    let node = json::parse(body).unwrap_or_else(|| {
        let text = String::from_utf8_lossy(body).into_owned();
        Node::Record(vec![("body".to_owned(), Node::Text(text))])
    });
    Ok(writeln!(screen.out, "{}", json::pretty(&node))?)
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::{FutureExt as _, stream};

    use super::*;
    use crate::cli::screen::Paint;
    use crate::service::{ErrorKind, ServiceError};

    type Piece = Result<&'static str, ErrorKind>;

    /// What goes to each stream, and the exit code or error.
    fn shown(status: u16, pieces: &[Piece], form: &Form, on_terminal: bool) -> (String, String, String) {
        let pieces: Vec<_> = pieces
            .iter()
            .copied()
            .map(|piece| {
                piece
                    .map(|text| Bytes::from_static(text.as_bytes()))
                    .map_err(|kind| ServiceError::new(kind, "broken"))
            })
            .collect();
        let reply = Reply { status, headers: http::HeaderMap::new(), body: Box::pin(stream::iter(pieces)) };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let paint = Paint::plain();
        let mut screen = Screen { out: &mut out, err: &mut err, paint, err_paint: paint, on_terminal };
        let end = match print(reply, form, &mut screen).now_or_never().unwrap() {
            Ok(code) if code == ExitCode::SUCCESS => "done".to_owned(),
            Ok(code) if code == ExitCode::from(UPSTREAM_REFUSED) => "refused".to_owned(),
            Ok(code) => format!("{code:?}"),
            Err(error) => error.to_string(),
        };
        (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap(), end)
    }

    fn same(out: &str, err: &str, end: &str) -> (String, String, String) {
        (out.to_owned(), err.to_owned(), end.to_owned())
    }

    #[test]
    fn a_raw_body_goes_out_byte_for_byte() {
        let pieces = [Ok("a\u{1b}"), Ok(""), Ok("b")];
        assert_eq!(shown(200, &pieces, &Form::Raw, false), same("a\u{1b}b", "", "done"));
        assert_eq!(shown(200, &pieces, &Form::Raw, true), same("a\u{1b}b\n", "", "done"));
        assert_eq!(shown(200, &[Ok("a\n")], &Form::Raw, true), same("a\n", "", "done"));
        assert_eq!(shown(204, &[], &Form::Raw, true), same("", "", "done"));
    }

    #[test]
    fn what_came_before_a_break_is_shown() {
        let pieces = [Ok("half"), Err(ErrorKind::UpstreamTimeout)];
        assert_eq!(shown(200, &pieces, &Form::Raw, false), same("half", "", "broken"));
    }

    #[test]
    fn a_refusals_body_is_shown_and_its_status_told() {
        let told = "error: the upstream answered 404 Not Found\n";
        assert_eq!(shown(404, &[Ok("{}")], &Form::Raw, false), same("{}", told, "refused"));
        assert_eq!(shown(404, &[Ok("{}")], &Form::Json, false), same("{}\n", told, "refused"));
        let odd = "error: the upstream answered 799\n";
        assert_eq!(shown(799, &[], &Form::Raw, false), same("", odd, "refused"));
    }

    #[test]
    fn json_is_collected_over_chunks_and_text_is_wrapped() {
        let pieces = [Ok("{\"a\""), Ok(":[1]}")];
        let expected = "{\n  \"a\": [\n    1\n  ]\n}\n";
        assert_eq!(shown(200, &pieces, &Form::Json, false), same(expected, "", "done"));
        let text = "{\n  \"body\": \"<html>\\u001b\"\n}\n";
        assert_eq!(shown(200, &[Ok("<html>\u{1b}")], &Form::Json, false), same(text, "", "done"));
    }
}
