//! What a workflow runs of other files.

use super::*;

const ASKS: &str = "if os.environ['GITHUB_EVENT_NAME'] == 'schedule': go()\n";

/// A repository in which everything asks.
fn repository() -> Files {
    let mut files = Files::default();
    let asking = [
        "tools/run.py",
        "tools/pkg/__main__.py",
        "src/pkg/main.py",
        "x.sh",
        "scripts/y",
        "scripts/x.js",
        "R/x.R",
        "x.rb",
        "cmd/x/main.go",
        "deep/end.py",
        "own.pl",
    ];
    for path in asking {
        files.add(path, Present::Text(ASKS.to_owned()));
    }
    let other = [
        (
            "Makefile",
            "PY ?= python3\n.PHONY: nightly\nquiet:\n\techo\nnightly: tools\n\techo\ntools:\n\t@$(PY) tools/run.py\nhere:\n\t[ \"$$GITHUB_EVENT_NAME\" = schedule ] && go\n",
        ),
        ("sub/Makefile", "all:\n\tpython ../tools/run.py\n"),
        (
            "package.json",
            "{\"scripts\":{\"nightly\":\"npm run inner\",\"inner\":\"node scripts/x\",\"quiet\":\"echo\",\"prequiet2\":\"bash x.sh\",\"quiet2\":\"echo\"}}",
        ),
        ("ci/start.sh", "#!/usr/bin/env bash\nset -e\ncd \"$(dirname \"$0\")/..\"\npython3 deep/end.py\n"),
        ("docs/ci.md", "GITHUB_EVENT_NAME is schedule\n"),
    ];
    for (path, text) in other {
        files.add(path, Present::Text(text.to_owned()));
    }
    files
}

fn running(line: &str) -> Result<String, String> {
    let job = format!("jobs:\n  a:\n    runs-on: x\n    steps:\n      - run: |\n          {line}\n");
    scheduled_beside("", &job, &repository())
}

#[test]
fn programs_that_ask_are_found_however_they_are_started() {
    for (line, path) in [
        ("python -m tools.run", "tools/run.py"),
        ("python3 -u -m tools.pkg --x", "tools/pkg/__main__.py"),
        ("uv run --with x python -m tools.run", "tools/run.py"),
        ("poetry run python tools/run.py", "tools/run.py"),
        ("PYTHONPATH=src:lib python -m pkg.main", "src/pkg/main.py"),
        ("cd tools && python run.py", "tools/run.py"),
        ("(cd tools; python run.py)", "tools/run.py"),
        ("bash -euo pipefail scripts/y", "scripts/y"),
        ("./scripts/y --all", "scripts/y"),
        ("chmod +x scripts/y && scripts/y", "scripts/y"),
        ("bash -c 'cd tools; python run.py'", "tools/run.py"),
        ("Rscript --vanilla R/x.R", "R/x.R"),
        ("Rscript -e 'source(\"R/x.R\")'", "R/x.R"),
        ("bundle exec ruby x.rb", "x.rb"),
        ("xvfb-run -a perl own.pl", "own.pl"),
        ("timeout 60 python tools/run.py", "tools/run.py"),
        ("sudo -E bash x.sh", "x.sh"),
        ("if . x.sh; then echo; fi", "x.sh"),
        ("go run ./cmd/x -v", "cmd/x/main.go"),
        ("make nightly", "tools/run.py"),
        ("make -C sub -j 4", "tools/run.py"),
        ("make here", "`here` of Makefile"),
        ("npm run nightly --silent", "scripts/x.js"),
        ("yarn nightly", "scripts/x.js"),
        ("npm run quiet2", "x.sh"),
        ("node scripts/x", "scripts/x.js"),
        ("python \"$GITHUB_WORKSPACE/tools/run.py\"", "tools/run.py"),
        ("python ${{ github.workspace }}/tools/run.py", "tools/run.py"),
        ("bash \"${PWD}\"/x.sh", "x.sh"),
        ("ci/start.sh", "deep/end.py"),
    ] {
        let found = running(line);
        let wanted = format!("{path} asks which event");
        assert!(found.as_ref().is_err_and(|why| why.starts_with(&wanted)), "{line}: {found:?}");
    }
}

#[test]
fn what_is_not_run_asks_for_nothing() {
    for line in [
        "make quiet",
        "npm run quiet",
        "npm ci",
        "cat docs/ci.md",
        "git add scripts/y",
        "python -c 'import tools.run'",
        "echo \"python -m tools.run\"",
        "pip install -r tools/requirements.txt",
        "python -m pytest tests/",
    ] {
        has(&running(line), line);
    }
}

#[test]
fn the_whole_context_counts_where_the_event_is_looked_for_in_it() {
    let step = |env: &str, run: &str| {
        format!("jobs:\n  a:\n    runs-on: x\n    steps:\n      - run: {run}\n        env: {env}\n")
    };
    let dump = "{ CONTEXT: '${{ toJSON(github) }}' }";
    for job in [
        step("{}", "echo '${{ toJSON(github) }}' | jq -r .event_name"),
        step(dump, "jq -r .event_name <<< \"$CONTEXT\""),
    ] {
        let found = scheduled("", &job);
        assert!(found.as_ref().is_err_and(|why| why.contains("in the whole context")), "{found:?}");
    }
    for job in [step(dump, "echo \"$CONTEXT\""), step("{}", "echo '${{ toJSON(github) }}'")] {
        has(&scheduled("", &job), "      - run: echo");
    }
}
