//! What brings kept files back: a script that is kept with them.
//!
//! Git's own commands that write files translate them on the way, by settings and by attributes which may be others by
//! then; they know two modes only, and they remove a folder that stands where a file is to go. A script that writes the
//! kept bytes themselves does none of that, with any git.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::{getegid, geteuid};

use crate::keep::Seen;

/// The script's name, in the tree of the backup's second parent.
pub(crate) const SCRIPT: &str = "restore.sh";

/// What each script starts with.
const START: &str = r#"# Brings back, byte for byte, what `standin sync` has kept. A folder or a link that is in the way by now is
# renamed to NAME.before-restore; a file is overwritten.
set -eu
root=$(git rev-parse --show-toplevel)
cd "$root"
aside() {
    n=
    while [ -e "$1.before-restore$n" ] || [ -h "$1.before-restore$n" ]; do n=$((${n:-0} + 1)); done
    mv -- "$1" "$1.before-restore$n"
    printf '%s is now %s\n' "$1" "$1.before-restore$n"
}
# room PATH: makes its folder, and sees that nothing but a file is at it.
room() {
    above=. left=${1#./}
    while :; do
        case $left in */*) ;; *) break ;; esac
        above=$above/${left%%/*} left=${left#*/}
        if [ -h "$above" ] || { [ -e "$above" ] && [ ! -d "$above" ]; }; then aside "$above"; fi
    done
    if [ ! -d "$above" ]; then mkdir -p -- "$above"; fi
    if [ -h "$1" ] || { [ -e "$1" ] && [ ! -f "$1" ]; }; then aside "$1"; fi
}
# file UMASK ID PATH [MODE [OWNER]]: few commands, because there can be many files.
usual=$(umask)
file() {
    room "$3"
    new=$3
    if [ -e "$3" ]; then new=$above/.standin-restore && rm -f -- "$new"; fi
    umask "$1"
    git cat-file blob "$2" >"$new"
    umask "$usual"
    if [ $# = 5 ]; then chown "$5" "$new" || echo "$3 belonged to $5" >&2; fi
    if [ $# -ge 4 ]; then chmod "$4" "$new"; fi
    if [ "$new" != "$3" ]; then mv -f -- "$new" "$3"; fi
}
# link ID PATH
link() {
    to=$(git cat-file blob "$1" && echo .)
    to=${to%.}
    if [ -h "$2" ] && [ "$(readlink -- "$2")" = "$to" ]; then return; fi
    room "$2"
    rm -f -- "$2"
    ln -s -- "$to" "$2"
}
"#;

/// The script that brings these back.
pub(crate) fn script(files: &Seen) -> Vec<u8> {
    let mut text = START.as_bytes().to_vec();
    for (path, seen) in files {
        let mode = seen.meta.mode() & 0o777;
        let first = match seen.meta.is_symlink() {
            true => format!("link {} ", seen.id),
            false => format!("file {:o} {} ", 0o777 & !mode, seen.id),
        };
        text.extend_from_slice(first.as_bytes());
        text.extend_from_slice(&quoted(path));
        let owner = (seen.meta.uid(), seen.meta.gid());
        let is_ours = owner == (geteuid().as_raw(), getegid().as_raw());
        if seen.meta.is_file() && (mode & 0o111 != 0 || !is_ours) {
            text.extend_from_slice(format!(" {mode:o}").as_bytes());
        }
        if seen.meta.is_file() && !is_ours {
            text.extend_from_slice(format!(" {}:{}", owner.0, owner.1).as_bytes());
        }
        text.push(b'\n');
    }
    text
}

/// A path below the root as one word of a shell, whatever bytes it has.
fn quoted(path: &Path) -> Vec<u8> {
    let path = PathBuf::from(".").join(path);
    let mut word = vec![b'\''];
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'\'' => word.extend_from_slice(br"'\''"),
            other => word.push(*other),
        }
    }
    word.push(b'\'');
    word
}
