//! Starting the daemon: on demand, and with the vault's key.
//!
//! A key goes down a pipe to a child of this very process, and never to whoever listens at a
//! socket: any program of the same user can do that. What listens already is therefore asked to
//! make room first; what does not is left alone, and told nothing.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::connection::{self, Connection, Message, connect_to, is_absent, unavailable, unusable};
use crate::platform::files;
use crate::platform::lock::FileLock;
use crate::platform::process::{self, ProcessError};
use crate::service::error::ServiceError;
use crate::service::operator::OperatorGrant;
use crate::service::wire;
use crate::settings::Places;
use crate::vault::SecretText;

/// How long a daemon that was just started may take to answer; and how long to wait for others
/// that are starting or replacing it.
const START: Duration = Duration::from_secs(10);
/// How long a daemon may take to make room once it is asked to.
const ROOM: Duration = Duration::from_secs(5);
/// How often to begin again when somebody starts a daemon by hand meanwhile.
const ATTEMPTS: usize = 3;
const PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// Starts the daemon of one vault.
pub(super) struct Starter {
    places: Places,
}

impl Starter {
    pub(super) fn new(places: Places) -> Self {
        Self { places }
    }

    /// A connection to the daemon, which is started unless it runs.
    pub(super) async fn connect(&self, socket: &Path) -> Result<Connection, ServiceError> {
        let program = daemon_program()?;
        let deadline = Instant::now() + START;
        let mut turn = None;
        loop {
            match connect_to(socket).await {
                Err(error) if is_absent(&error) => {}
                connected => return connected.map_err(|error| unusable(socket, &error)),
            }
            if turn.is_some() {
                break;
            }
            turn = self.turn_before(deadline).await?;
        }
        let no_arguments: [&str; 0] = [];
        let spawn = || process::spawn_detached(&program, no_arguments, self.environment());
        self.start(spawn, socket).await.map(|(connection, _)| connection)
    }

    /// Puts a daemon with `key` in the place of whatever listens, unless `is_enough` says that
    /// this can stay; it is asked once nobody else is about to replace it.
    pub(super) async fn hand_over(
        &self,
        key: &SecretText,
        operator: Option<&OperatorGrant>,
        is_enough: impl AsyncFnOnce() -> bool,
    ) -> Result<(), ServiceError> {
        let program = daemon_program()?;
        let deadline = Instant::now() + START;
        let _turn = loop {
            if let Some(turn) = self.turn_before(deadline).await? {
                break turn;
            }
        };
        if is_enough().await {
            return Ok(());
        }
        let write = |pipe: &mut dyn io::Write| key.write_to(pipe);
        let session = operator.map(|grant| [wire::OPERATOR_SESSION.to_owned(), grant.to_string()]);
        let session = session.into_iter().flatten();
        let arguments: Vec<String> = [wire::KEY_ON_STDIN.to_owned()]
            .into_iter()
            .chain(session)
            .chain(self.as_before().await)
            .collect();
        let spawn = || process::spawn_detached_with(&program, &arguments, self.environment(), write);
        let mut stranger = None;
        for _ in 0..ATTEMPTS {
            self.make_room().await?;
            let (answer, child) = self.start(spawn, &self.places.socket).await?;
            // Where the system does not tell who listens, our child has the key all the same.
            if answer.pid.is_none_or(|peer| peer == child) {
                return Ok(());
            }
            stranger = answer.pid;
        }
        Err(self.stays(stranger))
    }

    /// Puts a new daemon in the place of the one that runs. Whoever is connected is served to the end by the old one;
    /// the new one listens where it did. `is_enough` says whether the one that runs can stay; it is asked once nobody
    /// else is about to replace it.
    pub(super) async fn restart(&self, is_enough: impl AsyncFnOnce() -> bool) -> Result<(), ServiceError> {
        let program = daemon_program()?;
        let deadline = Instant::now() + START;
        let _turn = loop {
            if let Some(turn) = self.turn_before(deadline).await? {
                break turn;
            }
        };
        let arguments = self.as_before().await;
        // The socket of a group's callers is not handed on: the next daemon opens it.
        let is_shared = arguments.iter().any(|argument| argument.starts_with(wire::SHARED));
        if is_enough().await || (!is_shared && self.succeed(&program).await?) {
            return Ok(());
        }
        let spawn = || process::spawn_detached(&program, &arguments, self.environment());
        self.make_room().await?;
        self.start(spawn, &self.places.socket).await.map(drop)
    }

    /// Starts a daemon that takes over from the one that runs, so that there is no instant at which nobody listens;
    /// whether it did. One of another version may not hand anything on.
    async fn succeed(&self, program: &Path) -> Result<bool, ServiceError> {
        if !files::exists(&self.places.succession_socket()).unwrap_or(false) {
            return Ok(false);
        }
        let child = process::spawn_detached(program, [wire::TAKE_OVER], self.environment());
        let mut child =
            child.map_err(|error| unavailable(format!("the daemon cannot be started: {error}")))?;
        let deadline = Instant::now() + START;
        while Instant::now() < deadline && matches!(child.try_wait(), Ok(None)) {
            let there = connect_to(&self.places.socket).await;
            if there.is_ok_and(|there| there.pid == Some(child.id())) {
                return Ok(true);
            }
            sleep(LONGEST_PAUSE).await;
        }
        // One that has not begun by now must not do so later.
        let _ = child.kill();
        let _ = child.wait();
        Ok(false)
    }

    /// What has a daemon listen where the one does that it takes the place of: on loopback, and for callers of other
    /// users. What that one says of itself is no proof; it opens nothing to others than this machine's, and a group is
    /// let in only where the folder is this user's.
    async fn as_before(&self) -> Vec<String> {
        let asked = async {
            let connection = connect_to(&self.places.socket).await.ok()?;
            connection::ask_health(connection).await.ok()?.1
        };
        let Ok(Some(health)) = timeout(ROOM, asked).await else { return Vec::new() };
        let local = health.listeners.into_iter().filter(|one| one.address.ip().is_loopback());
        let shared = health.shared.into_iter().flat_map(|shared| {
            let socket = format!("{}={}", wire::SHARED, shared.socket.display());
            [socket, wire::CALLERS_GROUP.to_owned(), shared.group]
        });
        local.flat_map(|one| [wire::LISTEN.to_owned(), one.wanted()]).chain(shared).collect()
    }

    /// Waits until nobody listens at the sockets, having asked who does to make room.
    async fn make_room(&self) -> Result<(), ServiceError> {
        let deadline = Instant::now() + ROOM;
        let mut asked = false;
        for socket in [self.places.operator_socket(), self.places.socket.clone()] {
            loop {
                let there = match connect_to(&socket).await {
                    Err(error) if is_absent(&error) => break,
                    connected => connected.map_err(|error| unusable(&socket, &error))?,
                };
                if Instant::now() > deadline {
                    return Err(self.stays(there.pid));
                }
                if asked {
                    sleep(LONGEST_PAUSE).await;
                    continue;
                }
                asked = true;
                // Its answer is no proof; its socket will tell.
                let _ = timeout(ROOM, connection::send(there, wire::RETIRE, Message::empty())).await;
            }
        }
        Ok(())
    }

    /// The right to start or replace the daemon; none when somebody else has it for now.
    async fn turn_before(&self, deadline: Instant) -> Result<Option<FileLock>, ServiceError> {
        let unusable = |error: files::FileError| unavailable(error.to_string()).help(error.help());
        if let Some(folder) = self.places.socket.parent() {
            files::ensure_private_dir(folder).map_err(unusable)?;
        }
        let turn = FileLock::try_acquire(&self.places.start_lock()).map_err(unusable)?;
        if turn.is_none() {
            if Instant::now() > deadline {
                return Err(unavailable(
                    "another process has been starting the daemon for too long".to_owned(),
                )
                .help("end it, or set AIVAULTD_DISABLE=1 to work in this process"));
            }
            sleep(LONGEST_PAUSE).await;
        }
        Ok(turn)
    }

    /// Starts a daemon and waits until somebody listens; gives the child's process too. A child
    /// that ends well found another one, which may just be ending: then there is a next child.
    async fn start(
        &self,
        spawn: impl Fn() -> Result<Child, ProcessError>,
        socket: &Path,
    ) -> Result<(Connection, u32), ServiceError> {
        let spawn = || spawn().map_err(|error| unavailable(format!("the daemon cannot be started: {error}")));
        let deadline = Instant::now() + START;
        let (mut child, mut pause) = (spawn()?, PAUSE);
        loop {
            match connect_to(socket).await {
                Err(error) if is_absent(&error) => {}
                Err(error) => return Err(unusable(socket, &error)),
                Ok(connection) => return Ok((connection, child.id())),
            }
            let ended = child.try_wait().ok().flatten();
            if ended.is_some_and(|status| !status.success()) || Instant::now() > deadline {
                return Err(unavailable("the daemon did not start".to_owned())
                    .help("run `aivaultd` in a terminal to see why, or set AIVAULTD_DISABLE=1"));
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            if ended.is_some() {
                child = spawn()?;
            }
        }
    }

    /// All that a daemon is told: where its vault is.
    fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        let mut pairs = vec![("AIVAULTD_SOCKET", self.places.socket.clone())];
        match &self.places.given {
            Some(folder) => pairs.push(("AIVAULT_DIR", folder.clone())),
            // Without AIVAULT_DIR the vault is at <home>/.aivault/data/vault.
            None => pairs.extend(self.places.vault.ancestors().nth(3).map(|home| ("HOME", home.to_owned()))),
        }
        pairs
    }

    fn stays(&self, pid: Option<u32>) -> ServiceError {
        let who = pid.map_or_else(|| "a process".to_owned(), |pid| format!("process {pid}"));
        let socket = self.places.socket.display();
        unavailable(format!("{who} listens at {socket} and makes no room; it was not given the vault's key"))
            .help("end it and try again; if it is not `aivaultd`, find out what put it there")
    }
}

/// The daemon's program stands beside this one; the `PATH` of a caller is not asked.
fn daemon_program() -> Result<PathBuf, ServiceError> {
    let own = process::current_executable().map_err(|error| unavailable(error.to_string()))?;
    let program = own.with_file_name("aivaultd");
    if program.is_file() {
        return Ok(program);
    }
    Err(unavailable(format!("{} is not there", program.display()))
        .help("install aivaultd beside aivault, or set AIVAULTD_DISABLE=1 to work in this process"))
}
