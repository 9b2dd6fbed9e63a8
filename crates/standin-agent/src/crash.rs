//! Places at which a test may kill the agent. Release builds have none.

/// Kills this process here, as `kill -9` would, when `STANDIN_CRASH_AT` names this place.
#[cfg(debug_assertions)]
pub(crate) fn point(name: &str) {
    if std::env::var_os("STANDIN_CRASH_AT").is_some_and(|wanted| wanted == name) {
        let _ = nix::sys::signal::kill(nix::unistd::Pid::this(), nix::sys::signal::Signal::SIGKILL);
    }
}

/// Does nothing.
#[cfg(not(debug_assertions))]
pub(crate) const fn point(_name: &str) {}
