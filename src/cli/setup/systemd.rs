//! Units for systemd: the system's, for a daemon that serves the callers of a group, and a user's own.

use std::path::Path;

use super::accounts::Accounts;
use super::plan::{Plan, Step, Unless, words};

const UNIT: &str = "aivault.service";

/// What any daemon can do without, in the system's manager and a user's alike.
const HARDENED: &str = "\
NoNewPrivileges=yes
LimitCORE=0
LimitNOFILE=65536
UMask=0077
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
";

/// What only the system's manager can take away.
const CONFINED: &str = "\
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateMounts=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProcSubset=pid
RemoveIPC=yes
KeyringMode=private
";

pub(super) fn system(accounts: &Accounts, program: &Path) -> Plan {
    let (user, group, program) = (&accounts.user, &accounts.group, program.display());
    let text = format!(
        "\
# Written by `aivault setup systemd`.
[Unit]
Description=aivault, calls for the group {group} with keys that it never sees
Documentation=man:systemd.exec(5)
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
NotifyAccess=main
ExecStart={program} --shared --callers-group {group}
User={user}
Group={group}
StateDirectory=aivault
StateDirectoryMode=0700
RuntimeDirectory=aivault
RuntimeDirectoryMode=0750
RuntimeDirectoryPreserve=yes
Restart=on-failure
RestartSec=1
TimeoutStopSec=90

{CONFINED}{HARDENED}\
SystemCallFilter=~@privileged
SystemCallFilter=@chown

[Install]
WantedBy=multi-user.target
"
    );
    let path = Path::new("/etc/systemd/system").join(UNIT);
    Plan { steps: steps(Step::file(&path, text, true), &[], true), next: Vec::new() }
}

pub(super) fn of_user(home: &Path, program: &Path) -> Plan {
    let program = program.display();
    let text = format!(
        "\
# Written by `aivault setup systemd --user`.
[Unit]
Description=aivault, calls with keys that callers never see

[Service]
Type=notify
NotifyAccess=main
ExecStart={program}
Restart=on-failure
RestartSec=1
TimeoutStopSec=90

{HARDENED}
[Install]
WantedBy=default.target
"
    );
    let path = home.join(".config/systemd/user").join(UNIT);
    let next = vec![
        "A vault with a passphrase is opened with `aivault unlock`, which puts a daemon of its own in place \
                     of this one."
            .to_owned(),
    ];
    Plan { steps: steps(Step::file(&path, text, false), &["--user"], false), next }
}

fn steps(file: Step, user: &[&str], needs_root: bool) -> Vec<Step> {
    let systemctl = |rest: &[&str]| words(&[&["systemctl"], user, rest].concat());
    let step = |why: &str, rest: &[&str], unless: Unless| {
        let command = systemctl(rest);
        if needs_root { Step::as_root(why, command, unless) } else { Step::as_user(why, command, unless) }
    };
    vec![
        file,
        step("Has systemd read it", &["daemon-reload"], Unless::NothingChanged),
        step(
            "Has it started with the machine, or with the user",
            &["enable", UNIT],
            Unless::Succeeds(systemctl(&["is-enabled", "--quiet", UNIT])),
        ),
        step(
            "Starts it now",
            &["restart", UNIT],
            Unless::UnchangedAnd(systemctl(&["is-active", "--quiet", UNIT])),
        ),
    ]
}
