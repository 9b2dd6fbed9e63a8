use super::*;

fn shown(command: &str) -> String {
    let words = callees(command).into_iter().map(|callee| match callee {
        Callee::Script { folder, name } => format!("run:{folder}{name}"),
        Callee::Either { folder, name } => format!("either:{folder}{name}"),
        Callee::File { folder, path } => format!("file:{folder}{path}"),
        Callee::Other { package, name, .. } => format!("other:{package}#{name}"),
        Callee::Like { folder, name } => format!("like:{folder}{name}"),
        Callee::Program(name) => name,
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn what_a_command_calls_is_found() {
    let cases = [
        ("npm run a && npm run b -- --x | tee l", "run:a run:b tee"),
        ("NODE_ENV=x cross-env A=1 node -r dotenv/config src/a.js --y", "file:src/a.js node"),
        ("cd web && ./build.sh; tsc", "file:web/./build.sh tsc"),
        ("(cd web && ./b.sh) && cd .. && node c.js; cd - && node d.js", "file:web/./b.sh file:../c.js node"),
        ("cd $X && node a.js", ""),
        ("run-s a b:* 'c'", "run:a like:b run:c run-s"),
        ("npm run a -w packages/x", "other:packages/x#a"),
        ("npm run a --workspace=@x/a && npm run b -ws && npm run c --if-present", "other:@x/a#a"),
        ("yarn workspace @x/a gone && yarn workspace @x/a add y", "other:@x/a#gone"),
        ("pnpm --filter @x/a gone; pnpm --filter '@x/*' gone; pnpm --filter a... b", "other:@x/a#gone"),
        ("pnpm -r build && pnpm lint", ""),
        ("yarn --cwd packages/a gone", "other:./packages/a#gone"),
        ("npm --prefix a run b", "other:./a#b"),
        (
            "concurrently -n \"a,b c\" \"npm run nope\" 'npm:nada' npm:x:* \"node z.js\" vite",
            "run:nope run:nada file:z.js node concurrently",
        ),
        ("pm2 start ecosystem.config.js --only a", "file:ecosystem.config.js pm2"),
        ("pm2 restart all && pm2 start npm -- start", "pm2 pm2"),
        ("node -e \"x && y\"", "node"),
        ("bash -c 'a && node b.js'", "a file:b.js node bash"),
        ("echo 'npm run a'", "echo"),
        ("tsx watch x.ts", "file:x.ts tsx"),
        ("npm test && pnpm lint", "run:test"),
        ("node .", "file:. node"),
        ("cd docs && npm run docs; yarn run tsc", "run:docs/docs either:docs/tsc"),
        ("bun run src/a.ts && bun run b", "file:src/a.ts either:b"),
        ("ts-node --project tsconfig.cjs.json a/b.ts", "file:a/b.ts ts-node"),
        ("node --test-reporter spec --x y.mjs", "node"),
        ("node --no-warnings y.mjs", "file:y.mjs node"),
        ("npm run env", ""),
    ];
    for (command, wanted) in cases {
        assert_eq!(shown(command), wanted, "{command}");
    }
}
