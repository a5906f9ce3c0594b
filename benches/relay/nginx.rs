//! nginx, which does the same to a request: it injects a header, over kept TLS connections.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support::wait::until;
use crate::upstream::Server;

pub(super) struct Nginx {
    child: Child,
    pub(super) socket: PathBuf,
}

impl Nginx {
    /// None where it is not installed.
    pub(super) fn start(folder: &Path, server: &Server, key: &str) -> Option<Self> {
        let program =
            ["/usr/sbin/nginx", "/usr/bin/nginx"].into_iter().find(|path| Path::new(path).exists())?;
        fs::create_dir_all(folder).unwrap();
        let (socket, ca) = (folder.join("nginx.sock"), folder.join("ca.pem"));
        fs::write(&ca, &server.ca_pem).unwrap();
        let config = folder.join("nginx.conf");
        fs::write(&config, config_of(folder, &socket, &ca, server, key)).unwrap();
        let child = Command::new(program)
            .arg("-c")
            .arg(&config)
            .args(["-p", folder.to_str().unwrap()])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until("nginx listens", || socket.exists().then_some(()));
        Some(Self { child, socket })
    }

    /// The process that does the work: the only child of the one that was started.
    pub(super) fn worker(&self) -> u32 {
        let pid = self.child.id();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
        children.split_whitespace().next().unwrap().parse().unwrap()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let worker = self.worker();
        let _ = self.child.kill();
        let _ = self.child.wait();
        crate::support::processes::kill(worker);
    }
}

fn config_of(folder: &Path, socket: &Path, ca: &Path, server: &Server, key: &str) -> String {
    let folder = folder.display();
    format!(
        "daemon off; worker_processes 1; pid {folder}/pid; error_log /dev/null;
events {{ worker_connections 1024; }}
http {{
  access_log {folder}/access.log; client_max_body_size 0;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream api {{ server {address}; keepalive 128; keepalive_requests 1000000; }}
  server {{
    listen unix:{socket}; keepalive_requests 1000000; keepalive_timeout 300s;
    location / {{
      proxy_pass https://api; proxy_http_version 1.1; proxy_buffering off; proxy_request_buffering off;
      proxy_set_header connection \"\"; proxy_set_header host {host};
      proxy_set_header authorization \"Bearer {key}\";
      proxy_ssl_trusted_certificate {ca}; proxy_ssl_verify on; proxy_ssl_name {host};
      proxy_ssl_server_name on; proxy_ssl_session_reuse on;
    }}
  }}
}}
",
        address = server.address,
        socket = socket.display(),
        host = server.host,
        ca = ca.display(),
    )
}
