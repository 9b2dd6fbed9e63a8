use crate::tests::{rules, scan_of, standing};

#[test]
fn defaults_of_serverless_are_followed() {
    let text = "\
service: shop
provider: {name: aws, stage: \"${opt:stage, 'dev'}\"}
custom: {often: {dev: rate(1 minute)}}
functions:
  a:
    handler: src/a.run
    events:
      - schedule: ${self:custom.often.${self:provider.stage}}
      - schedule: \"${env:WHEN, 'cron(0 4 * * ? *)'}\"
      - eventBridge: {schedule: cron(0 5 * * ? *)}
      - schedule: ${self:custom.gone}
";
    let inventory = scan_of(&[("serverless.yml", text), ("src/a.ts", "")]);
    let seen: Vec<String> = inventory
        .automations
        .iter()
        .map(|a| format!("{} {} {}", a.source.line, a.state, a.schedules.first().map_or("", |s| &s.cron)))
        .collect();
    assert_eq!(
        seen,
        ["8 effective * * * * *", "9 effective 0 4 * * *", "10 effective 0 5 * * *", "11 declared "]
    );
    assert_eq!(
        rules(&inventory, "serverless.yml"),
        [("aws-by-default", 8), ("aws-by-default", 9), ("aws-variable-unknown", 11)]
    );
}

#[test]
fn the_serverless_framework_has_schedules_too() {
    let text = "\
service: shop
provider: {name: aws}
custom: {often: rate(1 minute)}
functions:
  tidy:
    handler: src/tidy.run
    events:
      - http: GET /
      - schedule: cron(0 4 * * ? *)
      - schedule: {rate: ['${self:custom.often}', 'rate(1 hours)'], enabled: true}
  mail:
    handler: src/gone.run
    events:
      - schedule: {rate: '${env:RATE}', enabled: false}
";
    let inventory = scan_of(&[("serverless.yml", text), ("src/tidy.ts", "")]);
    let seen: Vec<(&str, u32, String)> =
        inventory.automations.iter().map(|a| (a.id.as_str(), a.source.line, a.state.to_string())).collect();
    let expected = [
        ("aws:serverless.yml#mail", 14, "loadable".to_owned()),
        ("aws:serverless.yml#tidy", 9, "effective".to_owned()),
        ("aws:serverless.yml#tidy-2", 10, "effective".to_owned()),
        ("aws:serverless.yml#tidy-3", 10, "declared".to_owned()),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn a_service_in_several_files_or_as_a_program_is_read() {
    let text = "\
service: a
provider: {name: aws, stage: \"${opt:stage, 'dev'}\"}
custom: {enabled: {dev: false, prod: true}}
functions:
  - ${file(./f/one.yml)}
  - two:
      handler: h.x
      events:
        - schedule: {rate: rate(1 minute), enabled: \"${self:custom.enabled.${self:provider.stage}}\"}
    single: ${file(f/single.yml)}
  - ${file(./f/three.json):functions}
  - ${file(./f/code.js):functions}
  - ${file(../outside.yml)}
";
    let function = "handler: h.x\nevents:\n  - schedule: cron(0 4 * * ? *)\n";
    let inventory = scan_of(&[
        ("app/serverless.yml", text),
        ("app/h.js", ""),
        ("app/f/one.yml", "one:\n  handler: h.x\n  events: [{schedule: cron(0 3 * * ? *)}]\n"),
        ("app/f/single.yml", function),
        (
            "app/f/three.json",
            "{\"functions\": {\"three\": {\"handler\": \"h.x\", \"events\": [{\"schedule\": \"cron(0 5 * * ? *)\"}]}}}",
        ),
    ]);
    let seen: Vec<(&str, String)> =
        inventory.automations.iter().map(|a| (a.name.as_str(), a.state.to_string())).collect();
    let effective = "effective".to_owned();
    assert_eq!(
        seen,
        [
            ("one", effective.clone()),
            ("single", effective.clone()),
            ("three", effective),
            ("two", "loadable".to_owned())
        ]
    );
    let lines = rules(&inventory, "app/serverless.yml");
    assert_eq!(lines, [("aws-disabled", 9), ("aws-computed", 12), ("aws-computed", 13)]);

    let program = "import type { AWS } from '@serverless/typescript';\nconst c: AWS = {\n  provider: { name: 'aws' },\n  functions: { batch: { handler: 'src/b.run', events: [{ schedule: 'cron(0 4 * * ? *)' }] }, other },\n};\nmodule.exports = c;\n";
    let inventory = scan_of(&[("serverless.ts", program), ("src/b.ts", "")]);
    assert_eq!(standing(&inventory, "aws:serverless.ts#batch").0, "effective");
    assert_eq!(rules(&inventory, "serverless.ts"), [("aws-computed", 4)]);
    let inventory = scan_of(&[("serverless.js", "module.exports = make();")]);
    assert_eq!(rules(&inventory, "serverless.js"), [("aws-computed", 1)]);
}

#[test]
fn files_that_a_service_names_are_read_wherever_they_are_named() {
    let text = "\
service: a
provider: {name: aws, stage: \"${opt:stage, 'dev'}\"}
params: {default: {every: cron(4 1 * * ? *)}}
custom:
  conf: ${file(./config.yml)}
  all: ${file(./config.${self:provider.stage}.yml)}
  zone: Europe/Rome
functions:
  a:
    handler: h.x
    events:
      - schedule: ${file(./config.yml):sched}
      - schedule: ${file(./config.${self:provider.stage}.yml):sched}
      - schedule: {rate: \"${self:custom.conf.rates}\", enabled: \"${self:custom.all.on}\"}
      - ${file(./events.yml):night}
      - schedule: {rate: \"${env:WHEN, 'cron(3 4,16 * * ? *)'}\", method: scheduler, timezone: \"${self:custom.zone}\"}
      - schedule: ${param:every}
      - schedule: ${file(./config.js):sched}
      - schedule: ${self:custom.conf.gone}
      - schedule: ${self:custom.all.gone}
      - sqs
  b:
    handler: h.x
    events: ${file(./events.yml):all}
";
    let inventory = scan_of(&[
        ("serverless.yml", text),
        ("h.js", ""),
        ("config.yml", "sched: cron(0 1 * * ? *)\nrates: ['cron(1 1 * * ? *)', 'cron(2 1 * * ? *)']\n"),
        ("config.dev.yml", "sched: cron(3 1 * * ? *)\non: false\n"),
        (
            "events.yml",
            "night: {schedule: 'cron(5 1 * * ? *)'}\nall: [{schedule: {rate: \"${self:custom.conf.sched}\"}}]\n",
        ),
        ("config.js", "module.exports = {};"),
    ]);
    let seen: Vec<String> = inventory
        .automations
        .iter()
        .map(|a| {
            let when = a.schedules.first().map_or(String::new(), |s| format!("{} {}", s.cron, s.timezone));
            format!("{} {} {} {when}", a.name, a.source.line, a.state)
        })
        .collect();
    let wanted = [
        "a 12 effective 0 1 * * * UTC",
        "a-10 20 effective ",
        "a-2 13 effective 3 1 * * * UTC",
        "a-3 14 loadable 1 1 * * * UTC",
        "a-4 14 loadable 2 1 * * * UTC",
        "a-5 15 effective 5 1 * * * UTC",
        "a-6 16 effective 3 4,16 * * * Europe/Rome",
        "a-7 17 effective 4 1 * * * UTC",
        "a-8 18 effective ",
        "a-9 19 declared ",
        "b 24 effective 0 1 * * * UTC",
    ];
    assert_eq!(seen, wanted);
    let circle = "provider: {name: aws}\ncustom: {a: \"${self:custom.b}\", b: \"${self:custom.a}\"}\nfunctions: {f: {handler: h.x, events: [{schedule: \"${self:custom.a}\"}]}}\n";
    let inventory = scan_of(&[("serverless.yml", circle), ("h.js", "")]);
    assert_eq!(rules(&inventory, "serverless.yml"), [("aws-computed", 3)]);
}
