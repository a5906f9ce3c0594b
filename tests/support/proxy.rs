//! An HTTP proxy on loopback that opens every tunnel it is asked for to the same server, and remembers what it was
//! asked and what went through it.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use super::http::Head;

/// The running proxy.
pub struct Proxy {
    pub address: SocketAddr,
    state: Arc<State>,
    runtime: Option<Runtime>,
}

struct State {
    /// `None`: tunnels are refused.
    to: Option<SocketAddr>,
    asked: Mutex<Vec<Head>>,
    carried: Mutex<Vec<u8>>,
}

impl Proxy {
    /// Whatever is asked for, this is where it leads.
    pub fn leading_to(to: SocketAddr) -> Self {
        Self::start(Some(to))
    }

    /// One that opens no tunnel.
    pub fn refusing() -> Self {
        Self::start(None)
    }

    fn start(to: Option<SocketAddr>) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State { to, asked: Mutex::default(), carried: Mutex::default() });
        let serving = Arc::clone(&state);
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let state = Arc::clone(&serving);
                tokio::spawn(async move { drop(serve(client, &state).await) });
            }
        });
        Self { address, state, runtime: Some(runtime) }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it was asked since the last look.
    pub fn take(&self) -> Vec<Head> {
        std::mem::take(&mut *self.state.asked.lock().unwrap())
    }

    /// All that clients sent through its tunnels.
    pub fn carried(&self) -> Vec<u8> {
        self.state.carried.lock().unwrap().clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn serve(mut client: TcpStream, state: &State) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    state.asked.lock().unwrap().push(Head::parse(&head).ok_or(io::ErrorKind::InvalidData)?);
    let Some(to) = state.to else {
        return client.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await;
    };
    let server = TcpStream::connect(to).await?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let back = tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let mut piece = [0; 16 * 1024];
    while let read @ 1.. = from_client.read(&mut piece).await? {
        state.carried.lock().unwrap().extend_from_slice(&piece[..read]);
        to_server.write_all(&piece[..read]).await?;
    }
    back.abort();
    Ok(())
}
