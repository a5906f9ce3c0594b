//! Where the browser brings the code: a listener on loopback, for one login.
//!
//! Anybody on this machine and any page in the browser can knock here. What does not bring this
//! login's `state`, to this host and path, changes nothing; and a code that somebody else brings
//! is worthless without this login's verifier.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::Html;
use http::{Method, Request, StatusCode};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::redirect::Redirect;
use crate::cli::error::CliError;
use crate::service::SecretInput;

const DONE: &str =
    "<!doctype html><title>aivault</title><p>You can close this page and go back to the terminal.</p>";
const REFUSED: &str = "<!doctype html><title>aivault</title><p>This is not the login that is waited for.</p>";

/// The listener, before anybody was sent to it.
pub(super) struct Callback {
    runtime: Runtime,
    listener: TcpListener,
    redirect: Redirect,
}

/// What was brought: a code, or the provider's word for why there is none.
type Brought = Result<SecretInput, String>;

struct Waiting {
    redirect: Redirect,
    state: String,
    brought: Mutex<Option<oneshot::Sender<Brought>>>,
}

impl Callback {
    pub(super) fn listen(redirect: Redirect) -> Result<Self, CliError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(CliError::Runtime)?;
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", redirect.port)));
        let listener = listener.map_err(|source| CliError::Listen { port: redirect.port, source })?;
        let port =
            listener.local_addr().map_err(|source| CliError::Listen { port: redirect.port, source })?;
        Ok(Self { runtime, listener, redirect: Redirect { port: port.port(), ..redirect } })
    }

    pub(super) fn url(&self) -> String {
        self.redirect.url()
    }

    /// The code that comes back with `state`.
    pub(super) fn code(self, state: &str, wait_s: u64) -> Result<SecretInput, CliError> {
        let Self { runtime, listener, redirect } = self;
        let (bring, brought) = oneshot::channel();
        let waiting = Waiting { redirect, state: state.to_owned(), brought: Mutex::new(Some(bring)) };
        let app = Router::new().fallback(answer).with_state(Arc::new(waiting));
        runtime.block_on(async {
            tokio::spawn(async move { axum::serve(listener, app).await });
            match tokio::time::timeout(Duration::from_secs(wait_s), brought).await {
                Ok(Ok(Ok(code))) => {
                    // Let the page reach the browser.
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    Ok(code)
                }
                Ok(Ok(Err(error))) => Err(CliError::NotConsented { error }),
                _ => Err(CliError::NobodyCame { seconds: wait_s }),
            }
        })
    }
}

async fn answer(
    State(waiting): State<Arc<Waiting>>,
    request: Request<axum::body::Body>,
) -> (StatusCode, Html<&'static str>) {
    match waiting.brought_by(&request) {
        Some(brought) => {
            let bring = waiting.brought.lock().unwrap_or_else(PoisonError::into_inner).take();
            // Whoever waited may have gone.
            let _ = bring.map(|bring| bring.send(brought));
            (StatusCode::OK, Html(DONE))
        }
        None => (StatusCode::BAD_REQUEST, Html(REFUSED)),
    }
}

impl Waiting {
    /// What a request brings; nothing when it is not this login's.
    fn brought_by<B>(&self, request: &Request<B>) -> Option<Brought> {
        let host = request.headers().get(http::header::HOST)?.to_str().ok()?;
        let here = format!("{}:{}", self.redirect.host, self.redirect.port);
        if request.method() != Method::GET || host != here || request.uri().path() != self.redirect.path {
            return None;
        }
        let query = request.uri().query().unwrap_or_default();
        let only = |name: &str| {
            let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
            let first = values.next()?.1.into_owned();
            values.next().is_none().then_some(first)
        };
        if only("state")? != self.state {
            return None;
        }
        match (only("code"), only("error")) {
            (Some(code), None) => SecretInput::new(code.into_bytes()).ok().map(Ok),
            (None, Some(error)) => Some(Err(error)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brought(method: &str, host: &str, target: &str) -> Option<Brought> {
        let redirect = Redirect { host: "127.0.0.1".into(), port: 4321, path: "/callback".into() };
        let waiting = Waiting { redirect, state: "s3cret-state".into(), brought: Mutex::new(None) };
        let request = Request::builder().method(method).uri(target).header("host", host).body(()).unwrap();
        waiting.brought_by(&request)
    }

    #[test]
    fn only_this_logins_answer_is_taken() {
        let here = "127.0.0.1:4321";
        let code = brought("GET", here, "/callback?code=abc&state=s3cret-state").unwrap().ok().unwrap();
        assert!(code.matches(|text| text == "abc"));
        let error = brought("GET", here, "/callback?error=access_denied&state=s3cret-state").unwrap();
        assert_eq!(error.err().unwrap(), "access_denied");
        for (method, host, target) in [
            ("GET", here, "/callback?code=abc"),
            ("GET", here, "/callback?code=abc&state=other"),
            ("GET", here, "/callback?code=abc&state="),
            ("GET", here, "/callback?code=abc&state=s3cret-state&state=other"),
            ("GET", here, "/callback?code=abc&code=def&state=s3cret-state"),
            ("GET", here, "/callback?state=s3cret-state"),
            ("GET", here, "/callback?code=&state=s3cret-state"),
            ("GET", here, "/other?code=abc&state=s3cret-state"),
            ("POST", here, "/callback?code=abc&state=s3cret-state"),
            // A page whose name was made to point here.
            ("GET", "evil.example:4321", "/callback?code=abc&state=s3cret-state"),
            ("GET", "127.0.0.1", "/callback?code=abc&state=s3cret-state"),
        ] {
            assert!(brought(method, host, target).is_none(), "{method} {host} {target}");
        }
    }
}
