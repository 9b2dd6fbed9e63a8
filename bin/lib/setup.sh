# shellcheck shell=bash
# What bin/up, bin/test, bin/bench and .ci/run share: find or install the tools that they need, each once.
# Sourced, never run. It sets ROOT, TOOLS, TARGET and EXAMPLE, and leaves the working directory alone.
set -euo pipefail

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
TOOLS=$ROOT/.tools
EXAMPLE=$ROOT/examples/shop
PM2=$TOOLS/node/node_modules/.bin/pm2
RUST_MINIMUM=1.95
NODE_MINIMUM=18
# Sockets have names of at most 107 bytes on Linux; the longest that PM2 adds is "/interactor.sock".
PM2_HOME_MAXIMUM=90

# A relative CARGO_TARGET_DIR is relative to the caller, as Cargo reads it; ours run elsewhere.
TARGET=${CARGO_TARGET_DIR:-$ROOT/target}
case $TARGET in /*) ;; *) TARGET=$PWD/$TARGET ;; esac
export CARGO_TARGET_DIR=$TARGET

say() { printf '%s\n' "$*" >&2; }
die() {
  say "$*"
  exit 4
}
have() { command -v "$1" >/dev/null 2>&1; }

# apt PACKAGE...: installs Debian packages where that is possible without asking, and fails where it is not.
apt() {
  if [ "$(id -u)" != 0 ] || ! have apt-get; then return 1; fi
  say "installing $* from Debian"
  local options=(-y -q --no-install-recommends)
  DEBIAN_FRONTEND=noninteractive apt-get install "${options[@]}" "$@" >/dev/null 2>&1 && return 0
  # The package lists may be missing or old: once more with new ones.
  apt-get update -q >/dev/null 2>&1 || return 1
  DEBIAN_FRONTEND=noninteractive apt-get install "${options[@]}" "$@" >/dev/null
}

# at_least MINIMUM VERSION: compares the first two numbers.
at_least() {
  local major=${2%%.*} rest=${2#*.} minimum_major=${1%%.*} minimum_minor=${1#*.}
  local minor=${rest%%.*}
  [ "$major" -gt "$minimum_major" ] || { [ "$major" -eq "$minimum_major" ] && [ "$minor" -ge "$minimum_minor" ]; }
}

need_rust() {
  # A shell without a login profile does not have Cargo's folder in its PATH.
  if ! have cargo && [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
    export PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
  fi
  { have cargo && have rustc; } ||
    die "Rust is missing: install rustup as https://rustup.rs says, then run: rustup toolchain install $RUST_MINIMUM"
  local version
  version=$(rustc --version) || die "rustc does not run: rustup toolchain install $RUST_MINIMUM && rustup default $RUST_MINIMUM"
  version=${version#rustc }
  at_least "$RUST_MINIMUM" "${version%% *}" ||
    die "Rust ${version%% *} is too old: rustup toolchain install $RUST_MINIMUM && rustup default $RUST_MINIMUM"
  # SQLite is compiled from its C source.
  have cc || apt gcc libc6-dev || die "A C compiler is missing: sudo apt-get install -y gcc libc6-dev"
}

need_node() {
  { have node && have npm; } || apt nodejs npm || die "Node is missing: sudo apt-get install -y nodejs npm"
  local version
  version=$(node --version)
  version=${version#v}
  [ "${version%%.*}" -ge "$NODE_MINIMUM" ] ||
    die "Node $version is too old: install Node $NODE_MINIMUM or newer, and put it first in PATH"
}

need_python() {
  have python3 && python3 -c 'import venv, ensurepip' 2>/dev/null ||
    apt python3 python3-venv || die "Python is missing: sudo apt-get install -y python3 python3-venv"
}

# need_sshd: the tests reach this machine over ssh; the service itself is neither needed nor started for them.
need_sshd() {
  { [ -x /usr/sbin/sshd ] && have ssh && have ssh-keygen; } || apt openssh-server openssh-client ||
    die "OpenSSH is missing: sudo apt-get install -y openssh-server openssh-client"
}

# stamp FILE...: one line that changes whenever one of the files does.
stamp() { cat -- "$@" | cksum; }
is_stamped() { [ -f "$1/.stamp" ] && [ "$(cat "$1/.stamp")" = "$2" ]; }

# locked COMMAND...: runs it while no other of our scripts installs into the same folder.
locked() {
  mkdir -p "$TOOLS"
  if have flock; then
    (
      flock 9
      "$@" 9>&-
    ) 9>"$TOOLS/.lock"
  else
    "$@"
  fi
}

# install_npm NAME WHAT [FILE...]: what tools/NAME asks for from npm, anew whenever its lists or one of the files change.
# after_NAME, where there is one, finishes the work in the folder that it is given.
install_npm() {
  local name=$1 what=$2 from=$ROOT/tools/$1 to=$TOOLS/$1 wanted
  shift 2
  wanted=$(stamp "$from/package.json" "$from/package-lock.json" "$@")
  if is_stamped "$to" "$wanted"; then return 0; fi
  say "installing $what into .tools/$name"
  rm -rf "$to"
  mkdir -p "$to"
  cp "$from/package.json" "$from/package-lock.json" "$to/"
  # None of it has an install script worth trusting.
  (cd "$to" && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error >/dev/null) ||
    die "$what could not be installed: run 'npm ci' in .tools/$name and see what it says"
  if declare -F "after_$name" >/dev/null; then "after_$name" "$from" "$to"; fi
  printf '%s\n' "$wanted" >"$to/.stamp"
}

install_node_tools() {
  [ -x "$PM2" ] || rm -f "$TOOLS/node/.stamp"
  install_npm node PM2
}
after_node() { [ -x "$PM2" ] || die "PM2 is not where npm should have put it: $PM2"; }

# install_oracles: servers that speak the vendors' protocols, loaders of their own, and the newer Node that one of them wants.
install_oracles() { install_npm oracles "the servers of the tests"; }

# install_contracts: the vendors' own descriptions of their APIs, and the proxy that holds the stage against them.
install_contracts() { install_npm contracts "the vendors' API descriptions" "$ROOT/tools/contracts/slim.mjs"; }
after_contracts() {
  local all=$2/node_modules/@octokit/openapi/generated repository='^/repos/\{owner\}/\{repo\}'
  node "$1/slim.mjs" "$all/api.github.com.json" "$2/github.json" '^/rate_limit$' "$repository\$" \
    "$repository/(git|contents|dispatches|commits/\{ref\}\$|actions/(runs|workflows))" ||
    die "GitHub's API description could not be cut: see what node says above"
  # What is not needed is most of it: 400 MB of every version of the enterprise server.
  rm -rf "$all"
}

# install_netlify: Netlify's own command line. It is large, and takes two minutes the first time.
install_netlify() { install_npm netlify "Netlify's command line (420 MB)"; }

# install_python_tools NAME: what tools/NAME asks for, in a place of its own: some of it agrees on no common version.
install_python_tools() {
  local from=$ROOT/tools/$1/requirements.txt to=$TOOLS/$1 wanted
  wanted=$(stamp "$from")
  if is_stamped "$to" "$wanted" && [ -x "$to/bin/python" ]; then return 0; fi
  say "installing the Python tools of the tests into .tools/$1"
  rm -rf "$to"
  python3 -m venv "$to" || die "python3 -m venv fails: sudo apt-get install -y python3-venv"
  "$to/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --requirement "$from" >&2 ||
    die "The Python tools could not be installed: see what pip says above"
  printf '%s\n' "$wanted" >"$to/.stamp"
}

# install_cron: Debian's crontab, which the tests ask what a crontab is. It is unpacked and not installed: no daemon
# starts, and none of this machine's crontabs is touched. Elsewhere than on Debian those tests skip themselves.
install_cron() {
  local to=$TOOLS/cron
  if [ -x "$to/usr/bin/crontab" ] || ! have apt-get || ! have dpkg-deb; then return 0; fi
  say "unpacking Debian's cron into .tools/cron"
  rm -rf "$to"
  mkdir -p "$to"
  (cd "$to" && { apt-get download -q cron || { apt-get update -q && apt-get download -q cron; }; } >/dev/null 2>&1) || return 0
  dpkg-deb -x "$to"/cron_*.deb "$to" && rm -f "$to"/cron_*.deb
}

setup_run() {
  need_rust
  need_node
  locked install_node_tools
}

setup_test() {
  setup_run
  export STANDIN_PM2=$PM2
  need_python
  need_sshd
  locked install_python_tools py
  locked install_python_tools aws
  locked install_cron
  export STANDIN_CRONTAB=$TOOLS/cron/usr/bin/crontab
  locked install_oracles
  export STANDIN_ORACLES=$TOOLS/oracles
  locked install_contracts
  locked install_netlify
  export STANDIN_NETLIFY=$TOOLS/netlify/node_modules/.bin/netlify
  export STANDIN_ZISI=$TOOLS/netlify/node_modules/@netlify/zip-it-and-ship-it
  export STANDIN_CONTRACTS=$TOOLS/contracts STANDIN_ACT=$TOOLS/py/bin/act
  export STANDIN_PYTHON=$TOOLS/py/bin/python STANDIN_AWS_PYTHON=$TOOLS/aws/bin/python
}

# offer_pm2: who has no PM2 finds the project's; one that is already in the PATH, or in a repository, comes first.
offer_pm2() { export PATH=$PATH:${PM2%/*}; }

# use_example_pm2: the project's own PM2, with a home of its own.
use_example_pm2() {
  PM2_HOME=$(example_pm2_home)
  export PM2_HOME STANDIN_PM2=$PM2
}

# build PROFILE: builds the CLI, and sets STANDIN to its path.
build() {
  (cd "$ROOT" && cargo build --locked --profile "$1" -p standin --bin standin) ||
    die "Standin does not build: see what Cargo says above"
  # shellcheck disable=SC2034 # the scripts that source this use it
  STANDIN=$TARGET/$1/standin
}

# build_bench PROFILE: builds the benchmark beside the CLI.
build_bench() {
  (cd "$ROOT" && cargo build --locked --profile "$1" -p standin-bench --bin standin-bench) ||
    die "The benchmark does not build: see what Cargo says above"
}

# example_pm2_home: prints the PM2_HOME of the example, so that the user's own PM2 is never touched.
example_pm2_home() {
  local home=$EXAMPLE/.standin/pm2
  if [ "${#home}" -gt "$PM2_HOME_MAXIMUM" ]; then
    local sum
    sum=$(printf '%s' "$home" | cksum)
    home=${TMPDIR:-/tmp}
    home=${home%/}/standin-$(id -u)-${sum%% *}
    # A deep TMPDIR is no shorter than the clone was.
    [ "${#home}" -le "$PM2_HOME_MAXIMUM" ] || home=/tmp/${home##*/}
  fi
  printf '%s\n' "$home"
}

# make_private DIRECTORY: ours alone. A name in /tmp can be guessed, so one that someone else made is refused.
make_private() {
  (umask 077 && mkdir -p "$1")
  [ -O "$1" ] && [ ! -L "$1" ] || die "$1 belongs to someone else: remove it, or set TMPDIR to a folder of your own"
}
