//! `docs/agents.md`, block by block as it is printed, with an upstream that stands for the providers.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

#[path = "sdk/answers.rs"]
mod answers;
#[path = "sdk/install.rs"]
#[allow(dead_code, reason = "the scripts of the clients' own tests are not run here")]
mod install;
mod support;

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use install::OutOfReach;
use support::{Done, Door, Home, Upstream, home};

/// An agent that asks its model one thing.
const CLAUDE: &str = "#!/bin/sh\nexec curl -sS --fail \"$ANTHROPIC_BASE_URL/v1/messages\" \
     -H \"x-api-key: $ANTHROPIC_API_KEY\" -H 'content-type: application/json' -d '{\"model\": \"m\"}'\n";

/// The kind of each block, and what stands in it.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let fenced = page.split("```").skip(1).step_by(2);
    fenced.map(|block| block.split_once('\n').unwrap()).collect()
}

/// The programs that the page calls, by a search path.
fn path(home: &Home) -> Result<OsString, OutOfReach> {
    let (python, node) = (install::python()?, install::node()?);
    let own = home.path("bin");
    fs::create_dir(&own).unwrap();
    fs::write(own.join("claude"), CLAUDE).unwrap();
    home::set_mode(&own.join("claude"), 0o755);
    let packages = node.scripts.join("node_modules");
    std::os::unix::fs::symlink(packages, home.path("node_modules")).unwrap();
    let programs = [python.interpreter, node.interpreter, home::program()];
    let folders = programs.iter().map(|program| program.parent().unwrap()).chain([own.as_path()]);
    let system = ["/usr/local/bin", "/usr/bin", "/bin"].map(Path::new);
    Ok(std::env::join_paths(folders.chain(system)).unwrap())
}

#[test]
fn every_block_does_what_it_says() {
    let hosts = ["api.openai.com", "api.anthropic.com", "api.github.com"];
    let upstream = Upstream::serving(&hosts);
    let home = Home::with(Door::Daemon, &upstream);
    upstream.answers(answers::script());
    let path = match path(&home) {
        Ok(path) => path,
        Err(OutOfReach(reason)) => return eprintln!("skipped: the clients cannot be installed: {reason}"),
    };
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/agents.md")).unwrap();
    let mut said = Vec::new();
    for (kind, text) in blocks(&page) {
        let named = text.lines().next().unwrap().trim_start_matches(['#', '/', ' ']);
        match kind {
            "python" | "js" => fs::write(home.path(named), text).unwrap(),
            "sh" => {
                let mut shell = Command::new("sh");
                shell.args(["-euc", text]).env_clear().env("PATH", &path).env("AIVAULT_DIR", home.vault());
                said.push(Done::of(shell.current_dir(home.path(".")), b"").ok().text());
            }
            other => panic!("a block of {other}"),
        }
    }
    let wanted = [
        "auto-provisioned",
        "hello\n",
        "hello\n",
        "octocat\n",
        "\"object\":\"list\"",
        "\"object\":\"list\"",
        "\"openai/chat-completions\"",
        "\"object\":\"list\"",
        "denied: True capability.path\n",
        "\"msg_1\"",
    ];
    assert_eq!(said.len(), wanted.len(), "{said:#?}");
    for (said, wanted) in said.iter().zip(wanted) {
        assert!(said.contains(wanted), "no {wanted:?} in {said}");
    }
    let seen: Vec<String> = upstream.take().iter().map(|one| one.target.clone()).collect();
    let models = ["/v1/models"; 4].map(str::to_owned);
    let targets = [&["/v1/chat/completions", "/v1/messages", "/user"].map(str::to_owned)[..], &models];
    assert_eq!(seen, [&targets.concat()[..], &["/v1/messages".to_owned()]].concat());
}
