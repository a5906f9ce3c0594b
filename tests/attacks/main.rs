//! The attack suite: every way round the broker that is known, tried on the built programs through
//! every door that there is. Each case names the row of the list of attacks that it belongs to.
//!
//! Refused means: with the expected reason, on record, and nothing reached the upstream. What need
//! not be refused must have no effect. `rows` holds that no row is without a case.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

#[path = "../support/mod.rs"]
mod support;

mod case;
mod rows;
mod sent;
mod stage;
mod vault_files;

mod a_bodies;
mod a_fields;
mod a_forms;
mod a_methods;
mod a_paths;
mod a_twisted;
mod b_claims;
mod b_framing;
mod b_headers;
mod b_listener;
mod b_pages;
mod b_websocket;
mod c_addresses;
mod c_environment;
mod c_files;
mod c_operators;
mod c_redirects;
mod c_templates;
mod c_test_vault;
mod d_echoes;
mod d_frames;
mod d_headers;
mod d_honest;
mod d_screens;
mod d_words;
mod e_at_once;
mod e_records;
mod e_remains;
mod f_log;
mod g_crashes;
mod g_doors;
mod g_gone;
mod g_limits;
mod g_load;
mod g_operators;
mod g_sockets;
mod g_tokens;
mod g_versions;
mod h_certificates;
mod h_login;
mod h_signing;
mod h_tokens;
