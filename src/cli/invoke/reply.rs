//! The upstream's answer on the standard output, and the exit code it stands for.

use std::process::ExitCode;

use futures_util::StreamExt as _;

use super::Form;
use crate::cli::error::CliError;
use crate::cli::escape::Pieces;
use crate::cli::input::MIB;
use crate::cli::json::{self, Node};
use crate::cli::screen::Screen;
use crate::service::Reply;

/// The longest answer that is collected, in MiB: what is shown whole has to be held whole.
const COLLECTED_MAX: usize = 64;
/// The exit code of an answer of 400 and above.
pub(super) const UPSTREAM_REFUSED: u8 = 22;

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
    warn_of_redirect(&reply, screen)?;
    exit_code(reply.status, screen)
}

/// Chunk by chunk: what came is shown before the next one is waited for. A terminal gets text, anything else the very
/// bytes.
async fn print_raw(reply: &mut Reply, screen: &mut Screen<'_>) -> Result<(), CliError> {
    let mut ends_line = true;
    let mut text = Pieces::default();
    while let Some(chunk) = reply.body.next().await {
        let chunk = chunk?;
        let Some(last) = chunk.last() else { continue };
        ends_line = *last == b'\n';
        if screen.on_terminal {
            screen.out.write_all(text.push(&chunk).as_bytes())?;
        } else {
            screen.out.write_all(&chunk)?;
        }
        screen.out.flush()?;
    }
    if screen.on_terminal {
        screen.out.write_all(text.finish().as_bytes())?;
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
        let chunk = chunk?;
        if body.len() + chunk.len() > COLLECTED_MAX * MIB {
            return Err(CliError::TooLong(COLLECTED_MAX));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// A redirect is no failure, but what was asked for is elsewhere, and its body is seldom more than a word.
fn warn_of_redirect(reply: &Reply, screen: &mut Screen<'_>) -> Result<(), CliError> {
    let status = reply.status;
    if ![301, 302, 303, 307, 308].contains(&status) {
        return Ok(());
    }
    let location = reply.headers.get(http::header::LOCATION);
    let to = location.map(|to| format!(" to {}", String::from_utf8_lossy(to.as_bytes()))).unwrap_or_default();
    Ok(screen.warn(&format!("the upstream answered {status}{to}; it was not followed"))?)
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
        let pieces = pieces.iter().copied().map(|piece| {
            let bytes = piece.map(|text| Bytes::from_static(text.as_bytes()));
            bytes.map_err(|kind| ServiceError::new(kind, "broken"))
        });
        let body = Box::pin(stream::iter(pieces.collect::<Vec<_>>()));
        shown_reply(Reply { status, headers: http::HeaderMap::new(), body }, form, on_terminal)
    }

    fn shown_reply(reply: Reply, form: &Form, on_terminal: bool) -> (String, String, String) {
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
    fn a_raw_body_goes_out_byte_for_byte_unless_a_terminal_would_obey_it() {
        let pieces = [Ok("a\u{1b}"), Ok(""), Ok("[2Jb")];
        assert_eq!(shown(200, &pieces, &Form::Raw, false), same("a\u{1b}[2Jb", "", "done"));
        assert_eq!(shown(200, &pieces, &Form::Raw, true), same("a\\u{1b}[2Jb\n", "", "done"));
        assert_eq!(shown(200, &[Ok("é\ta\r\n")], &Form::Raw, true), same("é\ta\r\n", "", "done"));
        assert_eq!(shown(204, &[], &Form::Raw, true), same("", "", "done"));
    }

    #[test]
    fn a_redirect_is_told_with_where_it_points() {
        let answered = |status, location: Option<&str>| {
            let mut headers = http::HeaderMap::new();
            if let Some(location) = location {
                headers.insert("location", http::HeaderValue::from_bytes(location.as_bytes()).unwrap());
            }
            let (out, err, end) =
                shown_reply(Reply { status, headers, body: Box::pin(stream::empty()) }, &Form::Raw, false);
            assert_eq!((out.as_str(), end.as_str()), ("", "done"));
            err
        };
        let told =
            "warning: the upstream answered 302 to https://a.example/?k=[redacted]; it was not followed\n";
        assert_eq!(answered(302, Some("https://a.example/?k=[redacted]")), told);
        let told = "warning: the upstream answered 307 to /a\\u{9b}2J; it was not followed\n";
        assert_eq!(answered(307, Some("/a\u{9b}2J")), told);
        assert_eq!(answered(303, None), "warning: the upstream answered 303; it was not followed\n");
        assert_eq!(answered(304, Some("/a")) + &answered(200, Some("/a")), "");
    }

    #[test]
    fn what_is_collected_has_an_end() {
        let mib = || Ok(Bytes::from(vec![b' '; MIB]));
        let endless = stream::repeat_with(mib);
        let reply = Reply { status: 200, headers: http::HeaderMap::new(), body: Box::pin(endless) };
        let (out, err, end) = shown_reply(reply, &Form::Json, false);
        assert_eq!((out.as_str(), err.as_str()), ("", ""));
        assert_eq!(end, "the answer is longer than 64 MiB, too long to be shown in this form");
        let longest =
            stream::iter(std::iter::once(Ok(Bytes::from_static(b"1"))).chain((1..64).map(move |_| mib())));
        let reply = Reply { status: 200, headers: http::HeaderMap::new(), body: Box::pin(longest) };
        assert_eq!(shown_reply(reply, &Form::Json, false), same("1\n", "", "done"));
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
