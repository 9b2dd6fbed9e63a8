//! AWS on this machine: MiniStack, on a port of its own, ended with the test.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long it may take to start, on a machine that does other things as well.
const START: Duration = Duration::from_secs(60);

/// A running MiniStack.
pub(crate) struct MiniStack {
    child: Child,
    pub(crate) port: u16,
    _folder: tempfile::TempDir,
}

impl MiniStack {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Free now; whoever takes it in between makes the test fail, and not pass.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let python = root
            .join(std::env::var_os("STANDIN_AWS_PYTHON").unwrap_or_else(|| ".tools/aws/bin/python".into()));
        let child = Command::new(&python)
            .args(["-m", "ministack"])
            .env_clear()
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .env("HOME", folder.path())
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; bin/test sets it up", python.display()));
        let mut started = Self { child, port, _folder: folder };
        started.wait();
        started
    }

    fn wait(&mut self) {
        let began = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            assert!(self.child.try_wait().unwrap().is_none(), "MiniStack has ended");
            assert!(began.elapsed() < START, "MiniStack does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// From now on nobody listens.
    pub(crate) fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for MiniStack {
    fn drop(&mut self) {
        self.end();
    }
}
