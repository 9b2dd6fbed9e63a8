//! What brings kept files back: a script that is kept with them.
//!
//! Git's own commands that write files translate them on the way, by settings and by attributes which may be others by
//! then; they know two modes only, and they remove a folder that stands where a file is to go. A script that writes the
//! kept bytes themselves does none of that, with any git.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

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
    mkdir -p -- "$above"
    if [ -h "$1" ] || { [ -e "$1" ] && [ ! -f "$1" ]; }; then aside "$1"; fi
}
# file MODE ID PATH
file() {
    room "$3"
    (umask 077 && git cat-file blob "$2" >"$above/.standin-restore")
    chmod "$1" "$above/.standin-restore"
    mv -f -- "$above/.standin-restore" "$3"
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
        match seen.meta.is_symlink() {
            true => text.extend_from_slice(format!("link {} ", seen.id).as_bytes()),
            false => {
                text.extend_from_slice(
                    format!("file {:o} {} ", seen.meta.mode() & 0o777, seen.id).as_bytes(),
                );
            }
        }
        text.extend_from_slice(&quoted(path));
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
