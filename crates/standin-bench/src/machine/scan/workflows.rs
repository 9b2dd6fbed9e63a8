//! Workflows as people write them, for a repository of thousands: no two are alike. Of 250 real ones half have at most
//! 65 lines, nine in ten at most 113, one in a hundred 494 and more.

/// One of them: tests in a matrix, a release, a nightly job with services, a call of another workflow, a deployment.
pub(super) fn workflow(n: usize) -> String {
    match n % 20 {
        0..8 => tests(n, 3 + n % 4),
        8..13 => release(n, 2 + n % 3),
        13..16 => nightly(n),
        16..18 => caller(n),
        18 => tests(n, 12),
        _ => release(n, 20),
    }
}

/// Steps with a script each.
fn steps(n: usize, count: usize) -> String {
    let step = |at: usize| {
        format!(
            "      - name: \"Step {at}: check part {}\"\n        if: github.event_name != 'schedule' && matrix.os != 'part-{n}'\n        \
             run: |\n          set -euo pipefail\n          for part in $(ls parts-{n}); do\n            \
             ./scripts/check.sh --part \"$part\" --step {at}\n          done\n        env:\n          \
             TOKEN: ${{{{ secrets.TOKEN_{at} }}}}\n          REPORT: report-${{{{ github.run_id }}}}-{at}.json\n",
            n + at
        )
    };
    (0..count).map(step).collect()
}

fn tests(n: usize, count: usize) -> String {
    format!(
        "name: Tests {n}\n\n# Runs on every change.\non:\n  push:\n    branches: [main, 'release/**']\n    \
         paths-ignore:\n      - 'docs/**'\n      - '*.md'\n  pull_request:\n  workflow_dispatch:\n\npermissions:\n  \
         contents: read\n\nconcurrency:\n  group: tests-{n}-${{{{ github.ref }}}}\n  cancel-in-progress: true\n\n\
         env:\n  CARGO_TERM_COLOR: always\n  PART: 'part {n}'\n\njobs:\n  test:\n    \
         name: Test on ${{{{ matrix.os }}}} with ${{{{ matrix.version }}}}\n    runs-on: ${{{{ matrix.os }}}}\n    \
         timeout-minutes: 30\n    strategy:\n      fail-fast: false\n      matrix:\n        \
         os: [ubuntu-latest, macos-latest, windows-latest]\n        version: [18, 20, 22]\n        include:\n          \
         - os: ubuntu-latest\n            version: 23\n            experimental: true\n    steps:\n      \
         - uses: actions/checkout@v4\n        with:\n          fetch-depth: 0\n      - uses: actions/setup-node@v4\n        \
         with:\n          node-version: ${{{{ matrix.version }}}}\n          cache: npm\n{}      \
         - uses: actions/upload-artifact@v4\n        if: failure()\n        with:\n          name: logs-{n}\n          \
         path: |\n            logs/*.txt\n            reports/*.json\n",
        steps(n, count)
    )
}

fn release(n: usize, count: usize) -> String {
    format!(
        "name: Release {n}\non:\n  push:\n    tags: ['v*', 'part-{n}-*']\n  workflow_dispatch:\n    inputs:\n      \
         version:\n        description: The version, such as 1.2.3\n        required: true\n      dry-run:\n        \
         description: Whether nothing is published\n        type: boolean\n        default: true\n\njobs:\n  build:\n    \
         runs-on: ubuntu-latest\n    permissions:\n      contents: write\n      id-token: write\n    outputs:\n      \
         digest: ${{{{ steps.digest.outputs.value }}}}\n    strategy:\n      matrix:\n        \
         os: [part-a, part-b]\n    steps:\n      - uses: actions/checkout@v4\n{}      - id: digest\n        \
         run: echo \"value=$(sha256sum dist/{n}.tar.gz | cut -d' ' -f1)\" >> \"$GITHUB_OUTPUT\"\n  publish:\n    \
         needs: [build]\n    if: >-\n      github.event_name == 'push' ||\n      !inputs.dry-run\n    \
         runs-on: ubuntu-latest\n    environment:\n      name: production\n      url: https://example.com/{n}\n    steps:\n      \
         - uses: actions/download-artifact@v4\n      - name: Publish\n        \
         run: ./scripts/publish.sh ${{{{ needs.build.outputs.digest }}}}\n        env:\n          \
         NPM_TOKEN: ${{{{ secrets.NPM_TOKEN }}}}\n",
        steps(n, count)
    )
}

fn nightly(n: usize) -> String {
    let (minute, hour) = (n % 60, n / 60 % 24);
    format!(
        "name: Nightly {n}\non:\n  schedule:\n    - cron: '{minute} {hour} * * 1-5'\n  workflow_dispatch:\n\njobs:\n  \
         integration:\n    runs-on: ubuntu-latest\n    timeout-minutes: 60\n    services:\n      postgres:\n        \
         image: postgres:16\n        env:\n          POSTGRES_PASSWORD: postgres\n        ports:\n          - 5432:5432\n        \
         options: >-\n          --health-cmd pg_isready\n          --health-interval 10s\n          --health-retries 5\n      \
         redis:\n        image: redis:7\n    strategy:\n      matrix:\n        os: [ubuntu-latest]\n    steps:\n      \
         - uses: actions/checkout@v4\n{}",
        steps(n, 3)
    )
}

fn caller(n: usize) -> String {
    format!(
        "name: Deploy {n}\non:\n  push:\n    branches:\n      - main\njobs:\n  deploy:\n    \
         uses: example/workflows/.github/workflows/deploy-{n}.yml@v2\n    with:\n      environment: staging\n      \
         version: ${{{{ github.sha }}}}\n    secrets: inherit\n  notify:\n    needs: deploy\n    if: always()\n    \
         runs-on: ubuntu-latest\n    steps:\n      - run: ./scripts/notify.sh {n}\n"
    )
}
