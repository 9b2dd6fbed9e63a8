use standin_core::automation::Inventory;

use crate::tests::{rules, scan_of};

/// Name, line, state, domain, schedules and triggers of each automation.
fn shown(inventory: &Inventory) -> Vec<String> {
    let line = |a: &standin_core::automation::Automation| {
        let when: Vec<String> = a.schedules.iter().map(|s| format!("{} {}", s.cron, s.timezone)).collect();
        let (when, triggers) = (when.join(";"), a.triggers.join(";"));
        format!("{} {} {} {} [{when}] [{triggers}]", a.name, a.source.line, a.state, a.domain)
    };
    inventory.automations.iter().filter(|a| a.id.as_str().starts_with("script:")).map(line).collect()
}

#[test]
fn vercel_calls_what_is_there() {
    let text = "{\n  \"crons\": [\n    { \"path\": \"/api/tidy\", \"schedule\": \"0 5 * * *\" },\n    { \"path\": \"/api/gone\", \"schedule\": \"0 6 * * *\" },\n\
                \x20   { \"path\": \"/api/tidy?x=1\", \"schedule\": \"0 5 * * MON\" },\n    { \"path\": \"/api/tidy\", \"schedule\": \"0 5 1 * 1\" }\n  ]\n}\n";
    let inventory = scan_of(&[("vercel.json", text), ("app/api/tidy/route.ts", "")]);
    let wanted = [
        "/api/gone 4 loadable elsewhere [0 6 * * * UTC] [schedule]",
        "/api/tidy 3 effective elsewhere [0 5 * * * UTC] [schedule]",
        "/api/tidy-2 6 declared elsewhere [] [schedule]",
        "/api/tidy?x=1 5 declared elsewhere [] [schedule]",
    ];
    assert_eq!(shown(&inventory), wanted);
    let said = [("vercel-no-route", 4), ("schedule-refused", 5), ("schedule-refused", 6)];
    assert_eq!(rules(&inventory, "vercel.json"), said);
}

#[test]
fn a_worker_needs_a_handler() {
    let text = "name = \"shop\"\nmain = \"src/index.ts\"\n[triggers]\ncrons = [\"*/5 * * * *\", \"0 9 * * 2\", \"0 0 L * *\"]\n[env.staging.triggers]\ncrons = [\"0 1 * * *\"]\n";
    let handler = "export default { async scheduled(e) {}, async fetch() {} };";
    let inventory = scan_of(&[("wrangler.toml", text), ("src/index.ts", handler)]);
    let wanted = [
        "shop 4 effective elsewhere [*/5 * * * * UTC] [schedule]",
        "shop-2 4 effective elsewhere [0 9 * * 1 UTC] [schedule]",
        "shop-3 4 effective elsewhere [] [schedule;0 0 L * *]",
        "shop-staging 6 effective elsewhere [0 1 * * * UTC] [schedule]",
    ];
    assert_eq!(shown(&inventory), wanted);
    let inventory =
        scan_of(&[("wrangler.toml", text), ("src/index.ts", "export default { async fetch() {} };")]);
    assert!(inventory.automations.iter().all(|a| a.state.to_string() == "loadable"));
    let json = "{ // a comment\n \"name\": \"x\",\n \"triggers\": { \"crons\": [\"0 * * * *\"] },\n}\n";
    assert_eq!(
        shown(&scan_of(&[("wrangler.jsonc", json)])),
        ["x 3 effective elsewhere [0 * * * * UTC] [schedule]"]
    );
}

#[test]
fn other_platforms_have_files_of_their_own() {
    let cases = [
        (
            "render.yaml",
            "services:\n  - type: web\n    name: a\n  - type: cron\n    name: b\n    schedule: \"0 3 * * *\"\n",
            "b 4 effective elsewhere [0 3 * * * UTC] [schedule]",
        ),
        (
            "railway.json",
            "{\"deploy\": {\n\"cronSchedule\": \"0 3 * * *\"}}",
            "deploy 2 effective elsewhere [0 3 * * * UTC] [schedule]",
        ),
        (
            "cron.yaml",
            "cron:\n- description: x\n  url: /tasks/tidy\n  schedule: every monday 09:00\n  timezone: Europe/Berlin\n",
            "/tasks/tidy 2 effective elsewhere [0 9 * * 1 Europe/Berlin] [schedule]",
        ),
        (
            "Tick/function.json",
            "{\"bindings\": [{\"type\": \"timerTrigger\",\n\"schedule\": \"0 30 9 * * 1-5\"}]}",
            "Tick 2 effective elsewhere [30 9 * * 1-5 UTC] [schedule]",
        ),
        (
            ".circleci/config.yml",
            "version: 2.1\nworkflows:\n  nightly:\n    triggers:\n      - schedule:\n          cron: \"0 0 * * *\"\n          filters: {branches: {only: main}}\n",
            "nightly 5 effective elsewhere [0 0 * * * UTC] [schedule]",
        ),
        (
            "azure-pipelines.yml",
            "schedules:\n- cron: '0 0 * * *'\n  displayName: Nightly\n  branches: {include: [main]}\nsteps: []\n",
            "Nightly 2 effective elsewhere [0 0 * * * UTC] [schedule]",
        ),
        (
            ".gitlab-ci.yml",
            "job:\n  rules:\n    - if: $CI_PIPELINE_SOURCE == \"schedule\"\n",
            "schedules 3 declared elsewhere [] [schedule]",
        ),
        (
            "Jenkinsfile",
            "pipeline {\n  triggers {\n    cron('H 4 * * 1-5')\n  }\n}\n",
            "cron 3 effective elsewhere [] [schedule;H 4 * * 1-5]",
        ),
        (
            "config/schedule.yml",
            "tidy:\n  cron: \"0 5 * * * Europe/Berlin\"\n  class: Tidy\n",
            "tidy 1 loadable host [0 5 * * * Europe/Berlin] [schedule]",
        ),
        (
            "config/sidekiq.yml",
            ":concurrency: 5\n:scheduler:\n  :schedule:\n    mail:\n      every: 5m\n      class: Mail\n",
            "mail 4 loadable host [] [every 5m]",
        ),
        (
            "config/recurring.yml",
            "production:\n  tidy:\n    class: Tidy\n    schedule: every day at 5am\n",
            "tidy 2 loadable host [0 5 * * * local] [schedule]",
        ),
    ];
    for (path, text, wanted) in cases {
        assert_eq!(shown(&scan_of(&[(path, text)])), [wanted], "{path}");
    }
}

#[test]
fn tables_of_ruby_are_read_as_fugit_and_templates_fill_them() {
    let table = ":concurrency: <%= ENV.fetch(\"X\", 5) %>\n<% if true %>\n:scheduler:\n  :schedule:\n    a:\n      cron: \"0 3 * * *\"\n      class: A\n\
                 \x20   b:\n      cron: <%= ENV[\"B\"] || \"0 4 * * *\" %>\n      class: B\n    c:\n      cron: \"<%= ENV['C'] %>\"\n      class: C\n<% end %>\n";
    let inventory = scan_of(&[("config/sidekiq.yml", table)]);
    let wanted = [
        "a 5 loadable host [0 3 * * * local] [schedule]",
        "b 8 loadable host [0 4 * * * local] [schedule]",
        "c 11 loadable host [] [schedule]",
    ];
    assert_eq!(shown(&inventory), wanted);
    assert_eq!(rules(&inventory, "config/sidekiq.yml"), [("script-computed", 11)]);
    let recurring = "production:\n  a: { class: A, schedule: every hour at minute 12 }\n  b: { class: B, schedule: every third moon }\n";
    let inventory = scan_of(&[("config/recurring.yml", recurring)]);
    let wanted = [
        "a 2 loadable host [12 * * * * local] [schedule]",
        "b 3 loadable host [] [schedule;every third moon]",
    ];
    assert_eq!(shown(&inventory), wanted);
    assert_eq!(rules(&inventory, "config/recurring.yml"), [("schedule-not-read", 3)]);
}

#[test]
fn services_of_a_compose_file_keep_schedules() {
    let text = "services:\n  backup:\n    image: alpine\n    entrypoint: sh -c \"while true; do /backup.sh; sleep 86400; done\"\n\
                \x20 certbot:\n    image: certbot/certbot\n    entrypoint: \"/bin/sh -c 'trap exit TERM; while :; do certbot renew; sleep 12h & wait $${!}; done;'\"\n\
                \x20 job:\n    image: x\n    labels:\n      ofelia.enabled: \"true\"\n      ofelia.job-exec.tick.schedule: \"@every 5m\"\n      ofelia.job-exec.night.schedule: \"0 0 4 * * *\"\n\
                \x20 web:\n    image: y\n    command: node server.js\n    labels:\n      - \"swarm.cronjob.schedule=0 5 * * *\"\n\
                \x20 ofelia:\n    image: mcuadros/ofelia\n  cron:\n    build: .\n    command: supercronic /app/jobs.txt\n";
    let inventory = scan_of(&[("docker-compose.yml", text), ("jobs.txt", "0 1 * * * /opt/a.sh\n")]);
    let wanted = [
        "backup 4 effective host [] [every 86400s]",
        "certbot 7 effective host [] [every 43200s]",
        "night 13 effective host [0 4 * * * local] [schedule]",
        "swarm.cronjob 18 loadable host [0 5 * * * local] [schedule]",
        "tick 12 effective host [] [every 5m]",
    ];
    assert_eq!(shown(&inventory), wanted);
    let crontab = inventory.automations.iter().find(|a| a.id.as_str() == "crontab:jobs.txt#a.sh").unwrap();
    assert_eq!((crontab.state.to_string().as_str(), crontab.schedules.len()), ("effective", 1));
}

#[test]
fn tables_of_ruby_run_with_their_workers() {
    let sidekiq = ("config/sidekiq.yml", ":schedule:\n  a:\n    every: 1h\n    class: A\n");
    let recurring = ("config/recurring.yml", "production:\n  a: { class: A, schedule: every hour }\n");
    let puma = ("config/puma.rb", "plugin :solid_queue if ENV[\"SOLID_QUEUE_IN_PUMA\"]\n");
    let cases: [(&[(&str, &str)], &str); 6] = [
        (
            &[sidekiq, ("Procfile", "worker: bundle exec sidekiq -C config/sidekiq.yml\n")],
            "effective within Procfile",
        ),
        (&[sidekiq, ("compose.yml", "services:\n  sidekiq:\n    image: my/sidekiq\n")], "loadable every 1h"),
        (&[recurring, ("Procfile", "jobs: bin/jobs\n")], "effective within Procfile"),
        (&[recurring, ("config/puma.rb", "plugin :solid_queue\n")], "effective within config/puma.rb"),
        (&[recurring, puma], "loadable schedule"),
        (
            &[recurring, puma, ("config/deploy.yml", "env:\n  clear:\n    SOLID_QUEUE_IN_PUMA: true\n")],
            "effective within config/deploy.yml",
        ),
    ];
    for (files, wanted) in cases {
        let inventory = scan_of(files);
        let one = inventory.automations.iter().find(|a| a.name == "a").unwrap();
        assert_eq!(format!("{} {}", one.state, one.triggers.last().unwrap()), wanted, "{files:?}");
    }
}

#[test]
fn what_is_none_of_them_is_passed_over() {
    let cases = [
        ("vercel.json", "{\"version\": 2}"),
        ("cron.yaml", "cron:\n  enabled: true\nschedule: x\n"),
        ("function.json", "{\"bindings\": [{\"type\": \"httpTrigger\"}]}"),
        (".circleci/config.yml", "version: 2.1\njobs: {}\n"),
        (".gitlab-ci.yml", "job:\n  script: echo schedule\n"),
        ("x.yml", "schedules:\n- cron: '0 0 * * *'\n"),
        ("docs/vercel.json", "{\"crons\": [{\"path\": \"/a\", \"schedule\": \"0 0 * * *\"}]}"),
    ];
    for (path, text) in cases {
        let inventory = scan_of(&[(path, text)]);
        assert_eq!((shown(&inventory), rules(&inventory, path)), (vec![], vec![]), "{path}");
    }
}

#[test]
fn a_service_installs_its_crontab_itself() {
    let cases = [
        (
            "command: \"sh -c \\\"echo '*/5 * * * * wget -qO- http://app/cron' | crontab - && crond -f\\\"\"",
            "*/5 * * * *",
        ),
        (
            "entrypoint: [\"/bin/sh\",\"-c\",\"echo '0 3 * * * /b.sh' > /etc/crontabs/root && crond -f\"]",
            "0 3 * * *",
        ),
        (
            "entrypoint: [sh, -c]\n    command: [\"echo '0 3 * * * /b.sh' | crontab - && crond -f\"]",
            "0 3 * * *",
        ),
        ("command: >\n      sh -c \"echo '0 4 * * * /b.sh' | crontab -\n      && crond -f\"", "0 4 * * *"),
        (
            "command:\n      - /bin/sh\n      - -ec\n      - |\n        echo \"0 5 * * * /b.sh $$X\" >> /etc/crontabs/root\n        exec crond -f",
            "0 5 * * *",
        ),
    ];
    for (command, wanted) in cases {
        let text = format!("services:\n  cron:\n    image: alpine\n    {command}\n");
        let inventory = scan_of(&[("docker-compose.yml", &text)]);
        let seen: Vec<String> = inventory
            .automations
            .iter()
            .map(|a| format!("{} {} {}", a.id.kind(), a.schedules[0].cron, a.state))
            .collect();
        assert_eq!(seen, [format!("crontab {wanted} effective")], "{text}");
    }
    // No shell reads the pipe.
    let text = "services:\n  cron:\n    image: alpine\n    command: echo '0 3 * * * /b.sh' | crontab -\n";
    assert!(scan_of(&[("compose.yml", text)]).automations.is_empty());
}
