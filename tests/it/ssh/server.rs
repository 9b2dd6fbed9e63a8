//! A real sshd that serves this user on loopback, a process a connection, ended with the test.

use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use nix::unistd::{Uid, User};

/// Where Debian has it; it wants to be called by its whole name.
const SSHD: &str = "/usr/sbin/sshd";

/// A machine that can be reached over ssh: this one.
pub(crate) struct Sshd {
    pub(crate) port: u16,
    pub(crate) user: String,
    /// The public host key, as `ssh_host_key` wants it.
    pub(crate) host_key: String,
    /// The private key that is let in.
    pub(crate) key: String,
    sessions: Arc<Sessions>,
    folder: tempfile::TempDir,
}

#[derive(Default)]
struct Sessions {
    over: AtomicBool,
    served: AtomicUsize,
    children: Mutex<Vec<Child>>,
}

impl Sshd {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (key, public) = pair(folder.path(), "user");
        let (_, host_public) = pair(folder.path(), "host");
        std::fs::write(folder.path().join("authorized_keys"), public).unwrap();
        let config = folder.path().join("config");
        let text = format!(
            "HostKey {0}/host\nAuthorizedKeysFile {0}/authorized_keys\nStrictModes no\nUsePAM no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nPidFile none\n",
            folder.path().display()
        );
        std::fs::write(&config, text).unwrap();
        if Uid::effective().is_root() {
            // What a started service would have: sshd asks for it when it may change users.
            std::fs::create_dir_all("/run/sshd").unwrap();
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let sessions = Arc::new(Sessions::default());
        let theirs = Arc::clone(&sessions);
        std::thread::spawn(move || theirs.serve(&listener, &config));
        let user = User::from_uid(Uid::effective()).unwrap().unwrap().name;
        let words: Vec<_> = host_public.split(' ').take(2).collect();
        Self { port, user, host_key: words.join(" "), key, sessions, folder }
    }

    /// Connections so far.
    pub(crate) fn served(&self) -> usize {
        self.sessions.served.load(Ordering::SeqCst)
    }

    /// Cuts all connections that are there.
    pub(crate) fn cut(&self) {
        for mut child in self.sessions.children.lock().unwrap().drain(..) {
            end(&mut child);
        }
    }

    /// A folder for what commands leave behind.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Sessions {
    fn serve(&self, listener: &TcpListener, config: &Path) {
        while let Ok((stream, _)) = listener.accept() {
            if self.over.load(Ordering::SeqCst) {
                return;
            }
            self.served.fetch_add(1, Ordering::SeqCst);
            let (input, output) = (stream.try_clone().unwrap(), stream);
            let child = Command::new(SSHD)
                .args(["-i", "-e", "-f"])
                .arg(config)
                .stdin(Stdio::from(OwnedFd::from(input)))
                .stdout(Stdio::from(OwnedFd::from(output)))
                .stderr(Stdio::null())
                .spawn()
                .unwrap_or_else(|error| panic!("{SSHD}: {error}; bin/test installs it"));
            self.children.lock().unwrap().push(child);
        }
    }
}

/// Ends a connection's process and those that it has started: they are its children.
fn end(child: &mut Child) {
    for inner in children_of(child.id()) {
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(inner), nix::sys::signal::Signal::SIGKILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

fn children_of(pid: u32) -> Vec<i32> {
    let list = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.sessions.over.store(true, Ordering::SeqCst);
        if let Ok(stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        self.cut();
    }
}

/// A new pair of keys: the private and the public half.
pub(crate) fn pair(folder: &Path, name: &str) -> (String, String) {
    let path: PathBuf = folder.join(name);
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"])
        .arg(&path)
        .stdin(Stdio::null())
        .status();
    assert!(made.unwrap_or_else(|error| panic!("ssh-keygen: {error}; bin/test installs it")).success());
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    (read(&path), read(&path.with_extension("pub")))
}
