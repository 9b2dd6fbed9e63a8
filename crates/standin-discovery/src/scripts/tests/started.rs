use super::{one, shown};
use crate::tests::{scan_of, standing};

const JOBS: &str = "const cron = require('node-cron');\ncron.schedule('0 3 * * *', tidy);\n";

/// Triggers and state of the one task among these files.
fn task(files: &[(&str, &str)]) -> String {
    let inventory = scan_of(files);
    let tasks: Vec<String> = inventory
        .automations
        .iter()
        .filter(|a| a.id.as_str().starts_with("script:"))
        .map(|a| format!("{} {}", a.state, a.triggers.last().cloned().unwrap_or_default()))
        .collect();
    tasks.join(", ")
}

#[test]
fn a_task_lives_with_whatever_starts_its_file() {
    let start = ("package.json", "{\"scripts\": {\"start\": \"node index.js\"}, \"main\": \"index.js\"}");
    let cases: [(&[(&str, &str)], &str); 15] = [
        (&[("Procfile", "web: node index.js\n"), ("index.js", JOBS)], "effective within Procfile"),
        (
            &[
                ("compose.yaml", "services:\n  w:\n    build: ./app\n    command: [node, src/jobs.js]\n"),
                ("app/src/jobs.js", JOBS),
            ],
            "effective within compose.yaml",
        ),
        (
            &[("Dockerfile", "FROM node\nCMD [\"node\",\"index.js\"]\n"), ("index.js", JOBS)],
            "effective within Dockerfile",
        ),
        (
            &[("Dockerfile", "FROM node\nCMD [\"npm\", \"start\"]\n"), start, ("index.js", JOBS)],
            "effective within Dockerfile",
        ),
        (
            &[
                ("Dockerfile", "FROM node\nENTRYPOINT [\"/entry.sh\"]\n"),
                ("docker/entry.sh", "set -e\nexec node dist/server.js\n"),
                ("src/server.ts", "import './jobs';\n"),
                ("src/jobs.ts", JOBS),
            ],
            "effective within Dockerfile",
        ),
        (
            &[
                (
                    "deploy/x.service",
                    "[Service]\nWorkingDirectory=/opt/x\nExecStart=/usr/bin/node /opt/x/index.js\n",
                ),
                ("index.js", JOBS),
            ],
            "effective within deploy/x.service",
        ),
        (
            &[
                ("render.yaml", "services:\n  - type: web\n    startCommand: npm run start\n"),
                start,
                ("index.js", JOBS),
            ],
            "effective within render.yaml",
        ),
        (
            &[("fly.toml", "[processes]\nworker = \"node index.js\"\n"), ("index.js", JOBS)],
            "effective within fly.toml",
        ),
        (
            &[
                ("ecosystem.config.js", "module.exports={apps:[{name:'api',script:'npm',args:'start'}]}"),
                start,
                ("index.js", JOBS),
            ],
            "effective within pm2:api",
        ),
        (
            &[
                ("ecosystem.config.js", "module.exports={apps:[{name:'api',script:'src/server.js'}]}"),
                ("src/server.js", "require(\"./app\");"),
                ("src/app.js", "import x from '@/jobs/mail';"),
                ("src/jobs/mail.js", JOBS),
            ],
            "effective within pm2:api",
        ),
        (
            &[
                ("Procfile", "worker: python -m bot.main\n"),
                ("bot/main.py", "from bot import jobs\n"),
                ("bot/jobs.py", "while True:\n    f()\n    time.sleep(60)\n"),
            ],
            "effective within Procfile",
        ),
        (
            &[
                ("Dockerfile", "CMD uvicorn main:app --host 0.0.0.0\n"),
                ("main.py", "import jobs.poll\n"),
                ("jobs/poll.py", "while True:\n    f()\n    time.sleep(60)\n"),
            ],
            "effective within Dockerfile",
        ),
        (&[start, ("index.js", JOBS)], "loadable within npm:.#start"),
        (&[("Procfile.dev", "web: node index.js\n"), ("index.js", JOBS)], "loadable schedule"),
        (
            &[
                ("Dockerfile", "RUN node index.js\nCMD [\"node\", \"other.js\"]\n"),
                ("index.js", JOBS),
                ("other.js", ""),
            ],
            "loadable schedule",
        ),
    ];
    for (files, wanted) in cases {
        assert_eq!(task(files), wanted, "{files:?}");
    }
}

#[test]
fn what_nothing_starts_says_so() {
    let inventory = scan_of(&[("package.json", "{\"scripts\": {\"start\": \"node a.js\"}}"), ("a.js", JOBS)]);
    let reason = "it lives only while `npm:.#start` runs, and nothing here says what starts that";
    assert_eq!(standing(&inventory, "script:a.js#tidy"), ("loadable".into(), reason));
    assert_eq!(one("a.js", JOBS), ["tidy 2 loadable [0 3 * * * local] [schedule]"]);
    assert_eq!(shown(&scan_of(&[("examples/Procfile", "web: node a.js\n"), ("a.js", JOBS)])).len(), 1);
}

#[test]
fn a_program_of_a_workspace_is_started_from_its_root() {
    let starts = [
        "[\"pnpm\", \"--filter\", \"@b/worker\", \"start\"]",
        "npm start -w apps/worker",
        "npm run start --workspace=@b/worker",
        "yarn workspace @b/worker start",
        "bun run --cwd apps/worker start",
        "npx turbo run start --filter=@b/worker",
        "pnpm exec turbo run start",
        "lerna run start --scope @b/worker",
        "nx start worker",
    ];
    let others = ["pnpm --filter @b/web start", "yarn workspace @b/worker build", "nx start web"];
    for (start, wanted) in
        starts.map(|start| (start, "effective")).into_iter().chain(others.map(|start| (start, "loadable")))
    {
        let inventory = scan_of(&[
            ("Dockerfile", &format!("FROM node:22\nCMD {start}\n")),
            ("package.json", "{ \"workspaces\": [\"apps/*\"] }"),
            (
                "apps/web/package.json",
                "{ \"name\": \"@b/web\", \"scripts\": { \"start\": \"node web.js\" } }",
            ),
            (
                "apps/worker/package.json",
                "{ \"name\": \"@b/worker\", \"scripts\": { \"start\": \"node src/main.js\", \"build\": \"tsc\" } }",
            ),
            (
                "apps/worker/src/main.js",
                "const cron = require('node-cron');\ncron.schedule('0 3 * * *', () => {});\n",
            ),
        ]);
        let task = inventory.automations.iter().find(|a| a.id.kind().to_string() == "script");
        assert_eq!(task.map(|a| a.state.to_string()).as_deref(), Some(wanted), "{start}");
    }
}
