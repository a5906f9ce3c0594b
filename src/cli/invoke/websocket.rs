//! `invoke --websocket`: the standard input becomes messages, and messages become output.
//!
//! Lines are text messages, or, where that is asked for, whatever comes is binary ones. Output is written before the
//! next message is waited for, so that a reader who stops holds everything up, and nothing piles up here.

use std::io::{self, BufRead, Read as _};
use std::process::ExitCode;
use std::thread;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use tokio::sync::{mpsc, oneshot};

use super::{Form, reply};
use crate::cli::arguments::WebSocketArguments;
use crate::cli::error::CliError;
use crate::cli::escape::{self, Pieces};
use crate::cli::input::MIB;
use crate::cli::screen::Screen;
use crate::service::{
    Call, CallerMessages, Close, MAX_MESSAGE, Message, MessageFault, Opened, Reply, Service, TimeLimit,
};

/// How much of the standard input makes a binary message at most.
const PIECE: usize = 64 * 1024;

/// What is to be sent.
pub(super) struct Sending {
    first: Vec<String>,
    binary: bool,
    close_on_eof: bool,
}

impl Sending {
    /// None where no WebSocket is asked for.
    pub(super) fn of(arguments: WebSocketArguments) -> Option<Self> {
        let WebSocketArguments { websocket, messages, binary, close_on_eof } = arguments;
        websocket.then_some(Self { first: messages, binary, close_on_eof })
    }

    /// Makes the call and talks until one side ends it.
    pub(super) async fn perform(
        self,
        service: &Service,
        call: Call,
        limit: Option<TimeLimit>,
        screen: &mut Screen<'_>,
    ) -> Result<ExitCode, CliError> {
        let (from, fault) = self.messages();
        match service.open_websocket(call, from, limit).await? {
            Opened::Answer(reply) => refused(reply, screen).await,
            Opened::Conversation(said) => tokio::select! {
                Ok(fault) = fault => Err(fault),
                shown = show(said, screen) => closed(&shown?, screen),
            },
        }
    }

    /// The messages as they come, and what may end them before their end.
    fn messages(self) -> (CallerMessages, oneshot::Receiver<CliError>) {
        let (to, mut from) = mpsc::channel(1);
        let (failed, fault) = oneshot::channel();
        // Left alone where it waits for input at the end: nothing else can stop it.
        thread::spawn(move || {
            let read =
                if self.binary { pieces(io::stdin().lock(), &to) } else { lines(io::stdin().lock(), &to) };
            match read {
                Ok(()) if self.close_on_eof => _ = to.blocking_send(Ok(Message::Close(Close::default()))),
                Ok(()) => {}
                Err(error) => _ = failed.send(error),
            }
        });
        let first = stream::iter(self.first.into_iter().map(|text| Ok(Message::Text(text))));
        (Box::pin(first.chain(stream::poll_fn(move |cx| from.poll_recv(cx)))), fault)
    }
}

type Outbox = mpsc::Sender<Result<Message, MessageFault>>;

/// Each line, without its end, is a message.
fn lines(mut input: impl BufRead, to: &Outbox) -> Result<(), CliError> {
    loop {
        let mut line = Vec::new();
        let most = MAX_MESSAGE as u64 + 2;
        if input.by_ref().take(most).read_until(b'\n', &mut line).map_err(CliError::Input)? == 0 {
            return Ok(());
        }
        if line.pop_if(|last| *last == b'\n').is_some() {
            line.pop_if(|last| *last == b'\r');
        }
        if line.len() > MAX_MESSAGE {
            return Err(CliError::usage(format!("a line has more than {} MiB", MAX_MESSAGE / MIB)));
        }
        let text = String::from_utf8(line).map_err(|_| {
            CliError::with_help("a line is not UTF-8", "send bytes as they are with --binary")
        })?;
        if to.blocking_send(Ok(Message::Text(text))).is_err() {
            return Ok(());
        }
    }
}

/// What can be read at once is a message.
fn pieces(mut input: impl BufRead, to: &Outbox) -> Result<(), CliError> {
    loop {
        let come = input.fill_buf().map_err(CliError::Input)?;
        let piece = Bytes::copy_from_slice(&come[..come.len().min(PIECE)]);
        input.consume(piece.len());
        if piece.is_empty() || to.blocking_send(Ok(Message::Binary(piece))).is_err() {
            return Ok(());
        }
    }
}

/// Prints what the upstream says; gives its last word.
async fn show(
    mut said: impl futures_core::Stream<Item = Result<Message, crate::service::ServiceError>> + Unpin,
    screen: &mut Screen<'_>,
) -> Result<Close, CliError> {
    while let Some(message) = said.next().await {
        match message? {
            Message::Text(text) => {
                write(text.as_bytes(), screen)?;
                screen.out.write_all(b"\n")?;
            }
            Message::Binary(bytes) => write(&bytes, screen)?,
            Message::Close(close) => return Ok(close),
        }
        screen.out.flush()?;
    }
    Ok(Close::default())
}

/// A terminal gets text, anything else the very bytes.
fn write(content: &[u8], screen: &mut Screen<'_>) -> io::Result<()> {
    if !screen.on_terminal {
        return screen.out.write_all(content);
    }
    let mut text = Pieces::default();
    let shown = text.push(content);
    screen.out.write_all(shown.as_bytes())?;
    screen.out.write_all(text.finish().as_bytes())
}

fn closed(close: &Close, screen: &mut Screen<'_>) -> Result<ExitCode, CliError> {
    screen.out.flush()?;
    if close.is_normal() {
        return Ok(ExitCode::SUCCESS);
    }
    let code = close.code.map(|code| format!(" with {code}")).unwrap_or_default();
    let reason = escape::line(&close.reason);
    let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    let label = screen.err_paint.red("error:");
    writeln!(screen.err, "{label} the upstream closed the WebSocket{code}{reason}")?;
    Ok(ExitCode::from(reply::UPSTREAM_REFUSED))
}

/// An answer in place of a WebSocket is shown like any other, and is a failure whatever its status.
async fn refused(answer: Reply, screen: &mut Screen<'_>) -> Result<ExitCode, CliError> {
    let is_told = answer.status >= 400;
    let code = reply::print(answer, &Form::Raw, screen).await?;
    if is_told {
        return Ok(code);
    }
    let label = screen.err_paint.red("error:");
    writeln!(screen.err, "{label} the upstream opened no WebSocket")?;
    Ok(ExitCode::from(reply::UPSTREAM_REFUSED))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Came = Vec<Result<Message, MessageFault>>;

    fn read(work: impl FnOnce(&Outbox) -> Result<(), CliError>) -> (Came, Result<(), CliError>) {
        let (to, mut from) = mpsc::channel(100);
        let end = work(&to);
        drop(to);
        let mut came = Vec::new();
        while let Ok(message) = from.try_recv() {
            came.push(message);
        }
        (came, end)
    }

    fn texts(texts: &[&str]) -> Came {
        texts.iter().map(|text| Ok(Message::Text((*text).to_owned()))).collect()
    }

    #[test]
    fn each_line_is_a_text() {
        let (came, end) = read(|to| lines(&b"{\"a\":1}\r\n\nlast"[..], to));
        assert_eq!(came, texts(&["{\"a\":1}", "", "last"]));
        end.unwrap();
        let (came, end) = read(|to| lines(&b"first\n\xff\n"[..], to));
        assert_eq!(came, texts(&["first"]));
        assert!(end.unwrap_err().to_string().contains("UTF-8"));
    }

    #[test]
    fn a_line_has_its_limit() {
        let line = |length: usize| [vec![b'x'; length], b"\nnext\n".to_vec()].concat();
        let (came, end) = read(|to| lines(&line(MAX_MESSAGE)[..], to));
        assert_eq!(came.len(), 2);
        end.unwrap();
        let (came, end) = read(|to| lines(&line(MAX_MESSAGE + 1)[..], to));
        assert!(came.is_empty() && end.is_err());
    }

    #[test]
    fn bytes_go_as_they_come() {
        let (came, end) = read(|to| pieces(&b"\0\xff\n"[..], to));
        assert_eq!(came, [Ok(Message::Binary(Bytes::from_static(b"\0\xff\n")))]);
        end.unwrap();
        let (came, _) = read(|to| pieces(&vec![1; PIECE + 1][..], to));
        assert_eq!(came.len(), 2);
    }

    #[test]
    fn only_an_end_that_tells_of_a_failure_is_one() {
        let told = |code: Option<u16>, reason: &str| {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let paint = crate::cli::screen::Paint::plain();
            let mut screen =
                Screen { out: &mut out, err: &mut err, paint, err_paint: paint, on_terminal: false };
            let code = closed(&Close { code, reason: reason.to_owned() }, &mut screen).unwrap();
            (code == ExitCode::SUCCESS, String::from_utf8(err).unwrap())
        };
        for code in [None, Some(1000), Some(1001)] {
            assert_eq!(told(code, "bye"), (true, String::new()));
        }
        let error = "error: the upstream closed the WebSocket with 4001: no\\u{1b}[2J\n";
        assert_eq!(told(Some(4001), "no\u{1b}[2J"), (false, error.to_owned()));
        assert_eq!(told(Some(1011), "").1, "error: the upstream closed the WebSocket with 1011\n");
    }
}
