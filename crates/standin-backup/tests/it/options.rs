use super::fixtures::Repository;

/// What a workflow runs in place of this app.
fn run_of(app: &str) -> String {
    let repository = Repository::empty();
    let text =
        format!("module.exports={{apps:[{{name:'j',autorestart:false,cron_restart:'0 3 * * *',{app}}}]}}\n");
    repository.write("ecosystem.config.js", &text);
    repository.write("job.js", "fetch('x')\n");
    let repository = repository.with_every_errand();
    let generated = repository.generate();
    repository.apply(&generated);
    let path = generated.backups.keys().find(|path| path.starts_with(".github/")).unwrap();
    repository.read(path)
}

#[test]
fn what_comes_before_a_script_comes_before_it_there() {
    for options in [
        "node_args:'--env-file=.env.job -r dotenv/config'",
        "interpreter_args:['--env-file=.env.job','-r','dotenv/config']",
    ] {
        let found = run_of(&format!("script:'job.js',{options},args:'--x'"));
        assert!(found.contains("node --env-file=.env.job -r dotenv/config ./job.js --x"), "{found}");
    }
}
