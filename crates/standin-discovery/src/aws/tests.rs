use standin_core::automation::Inventory;

use crate::tests::{rules, scan_of, standing};

const PATH: &str = "infra/template.yaml";

fn template(text: &str) -> Inventory {
    scan_of(&[(PATH, text), ("infra/src/app.py", "def handler(event, context): pass\n")])
}

fn when<'a>(inventory: &'a Inventory, name: &str) -> Vec<(&'a str, &'a str)> {
    let id = format!("aws:{PATH}#{name}").parse().unwrap();
    let found = inventory.get(&id).unwrap_or_else(|| panic!("{name} in {inventory:#?}"));
    found.schedules.iter().map(|s| (s.cron.as_str(), s.timezone.as_str())).collect()
}

const SAM: &str = "\
Transform: AWS::Serverless-2016-10-31
Parameters:
  Every:
    Type: String
    Default: cron(0 5 ? * 2-6 *)
  Unset:
    Type: String
Resources:
  Digest:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src/
      Handler: app.handler
      Events:
        Nightly:
          Type: Schedule
          Properties:
            Schedule: cron(0 3 * * ? *)
        ByDefault:
          Type: Schedule
          Properties:
            Schedule: !Ref Every
        Unknown:
          Type: Schedule
          Properties:
            Schedule: !Sub 'rate(${Unset} hours)'
        Zoned:
          Type: ScheduleV2
          Properties:
            ScheduleExpression: cron(0 8 ? * MON *)
            ScheduleExpressionTimezone: Europe/Berlin
        Off:
          Type: Schedule
          Properties:
            Schedule: rate(1 hour)
            Enabled: false
        Api:
          Type: Api
";

#[test]
fn events_of_sam_are_read_with_their_references() {
    let inventory = template(SAM);
    assert_eq!(when(&inventory, "Digest.Nightly"), [("0 3 * * *", "UTC")]);
    assert_eq!(when(&inventory, "Digest.ByDefault"), [("0 5 * * 1-5", "UTC")]);
    assert_eq!(when(&inventory, "Digest.Zoned"), [("0 8 * * MON", "Europe/Berlin")]);
    assert_eq!(when(&inventory, "Digest.Unknown"), []);
    let states = ["Nightly", "ByDefault", "Unknown", "Zoned", "Off"]
        .map(|event| standing(&inventory, &format!("aws:{PATH}#Digest.{event}")).0);
    assert_eq!(states, ["effective", "effective", "effective", "effective", "loadable"]);
    let said =
        [("aws-by-default", 22), ("aws-computed", 26), ("schedule-beyond-cron", 35), ("aws-disabled", 36)];
    assert_eq!(rules(&inventory, PATH), said);
    assert_eq!(inventory.automations.len(), 5);
}

#[test]
fn rules_and_schedules_of_cloudformation() {
    let text = "\
Resources:
  Job: {Type: AWS::Lambda::Function}
  Tick:
    Type: AWS::Events::Rule
    Properties:
      ScheduleExpression: rate(1 minute)
      Targets: [{Id: a, Arn: !GetAtt Job.Arn}]
  Idle:
    Type: AWS::Events::Rule
    Properties:
      ScheduleExpression: cron(0 3 * * ? *)
      State: DISABLED
  Wrong:
    Type: AWS::Events::Rule
    Properties:
      ScheduleExpression: cron(0 3 * * *)
      Targets: [{Id: a, Arn: 'arn:aws:sqs:eu-west-1:1:q'}]
  OnEvent:
    Type: AWS::Events::Rule
    Properties: {EventPattern: {source: [aws.ec2]}}
  Modern:
    Type: AWS::Scheduler::Schedule
    Properties:
      ScheduleExpression: cron(0 3 1 * ? *)
      FlexibleTimeWindow: {Mode: 'OFF'}
      Target: {Arn: x, RoleArn: y}
";
    let inventory = template(text);
    assert_eq!(when(&inventory, "Tick"), [("* * * * *", "UTC")]);
    let states =
        ["Tick", "Idle", "Wrong", "Modern"].map(|name| standing(&inventory, &format!("aws:{PATH}#{name}")).0);
    assert_eq!(states, ["effective", "loadable", "declared", "effective"]);
    let said = [("aws-no-permission", 3), ("aws-no-target", 8), ("aws-disabled", 12), ("aws-expression", 16)];
    assert_eq!(rules(&inventory, PATH), said);
}

#[test]
fn what_a_template_lacks_is_said() {
    let bare = SAM.replace("Transform: AWS::Serverless-2016-10-31\n", "Description: x\n");
    assert!(rules(&template(&bare), PATH).contains(&("aws-no-transform", 9)));
    let gone = SAM.replace("app.handler", "gone.handler");
    assert_eq!(standing(&template(&gone), "aws:infra/template.yaml#Digest.Nightly").0, "loadable");
    let inventory = template("Resources:\n  A: {Type: AWS::Events::Rule\n");
    assert_eq!(
        rules(&inventory, PATH),
        [("yaml-unparsable", 3)].map(|(rule, _)| (rule, rules(&inventory, PATH)[0].1))
    );
    let json = r#"{"Resources": {"A": {"Type": "AWS::Scheduler::Schedule", "Properties": {}}}}"#;
    let inventory = scan_of(&[("a.template", json)]);
    assert_eq!(standing(&inventory, "aws:a.template#A").0, "declared");
}

#[test]
fn a_condition_has_to_be_there() {
    let text = "\
Conditions:
  IsProduction: !Equals [a, b]
Resources:
  Known:
    Type: AWS::Events::Rule
    Condition: IsProduction
    Properties: {ScheduleExpression: cron(0 3 * * ? *), Targets: [{Id: a, Arn: x}]}
  Unknown:
    Type: AWS::Events::Rule
    Condition: IsStaging
    Properties: {ScheduleExpression: cron(0 3 * * ? *), Targets: [{Id: a, Arn: x}]}
";
    let inventory = template(text);
    assert_eq!(rules(&inventory, PATH), [("aws-conditional", 6), ("aws-condition-unknown", 10)]);
    let states = ["Known", "Unknown"].map(|name| standing(&inventory, &format!("aws:{PATH}#{name}")).0);
    assert_eq!(states, ["effective", "declared"]);
}

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
fn apps_of_cdk_have_their_schedules_in_code() {
    let text = "import * as events from 'aws-cdk-lib/aws-events';\nnew events.Rule(this, 'Nightly', {\n  schedule: events.Schedule.cron({ minute: '0', hour: '3' }),\n  targets: [t],\n});\n\
                new events.Rule(this, 'Weekly', { schedule: events.Schedule.cron({ minute: '0', hour: '3', weekDay: 'SUN' }), targets: [t] });\n\
                new events.Rule(this, 'Often', { schedule: events.Schedule.rate(Duration.minutes(1)), targets: [t] });\nnew events.Rule(this, 'Late', { schedule: events.Schedule.cron(when), targets: [t] });\n";
    let inventory = scan_of(&[("lib/stack.ts", text), ("cdk.json", "{}")]);
    let seen: Vec<String> = inventory
        .automations
        .iter()
        .map(|a| {
            format!(
                "{} {} {} {}",
                a.name,
                a.source.line,
                a.state,
                a.schedules.first().map_or("", |s| &s.cron)
            )
        })
        .collect();
    let wanted = [
        "Late 8 effective ",
        "Nightly 3 effective 0 3 * * *",
        "Often 7 effective * * * * *",
        "Weekly 6 effective 0 3 * * SUN",
    ];
    assert_eq!(seen, wanted);
    let python = "from aws_cdk import aws_events as events\nevents.Rule(self, 'Nightly', schedule=events.Schedule.cron(minute='0', hour='3'))\n";
    let inventory = scan_of(&[("app/stack.py", python)]);
    assert_eq!(standing(&inventory, "aws:app/stack.py#Nightly").0, "loadable");
    assert_eq!(scan_of(&[("test/stack.ts", text)]).automations, []);
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
fn a_construct_of_cdk_has_its_zone_its_switch_and_its_targets() {
    let rows = [
        (
            "new Rule(this, 'a', { schedule: Schedule.cron({ minute: '1', hour: '8' }), enabled: false, targets: [t] });",
            "loadable",
            "UTC",
            "aws-disabled",
        ),
        (
            "new s.Schedule(this, 'a', { schedule: s.ScheduleExpression.cron({ minute: '1', hour: '8', timeZone: cdk.TimeZone.of('Europe/Rome') }), target: t });",
            "effective",
            "Europe/Rome",
            "",
        ),
        (
            "new s.Schedule(this, 'a', { schedule: s.ScheduleExpression.cron({ minute: '1', hour: '8', timeZone: TimeZone.AMERICA_NEW_YORK }), target: t });",
            "effective",
            "America/New_York",
            "",
        ),
        (
            "new s.Schedule(this, 'a', { schedule: s.ScheduleExpression.expression('cron(1 8 * * ? *)', TimeZone.EUROPE_ROME), target: t });",
            "effective",
            "Europe/Rome",
            "",
        ),
        (
            "new s.Schedule(this, 'a', { schedule: s.ScheduleExpression.cron({ minute: '1', hour: '8', timeZone: zone }), target: t });",
            "effective",
            "",
            "aws-computed",
        ),
        (
            "new s.CfnSchedule(this, 'a', { scheduleExpression: 'cron(1 8 * * ? *)', scheduleExpressionTimezone: 'Asia/Tokyo', state: 'DISABLED', target: t });",
            "loadable",
            "Asia/Tokyo",
            "aws-disabled",
        ),
        (
            "new Rule(this, 'a', { schedule: Schedule.cron({ minute: '1', hour: '8' }) });",
            "loadable",
            "UTC",
            "aws-no-target",
        ),
        (
            "const rule = new Rule(this, 'a', { schedule: Schedule.cron({ minute: '1', hour: '8' }) });",
            "loadable",
            "UTC",
            "aws-no-target",
        ),
        (
            "const rule = new Rule(this, 'a', { schedule: Schedule.cron({ minute: '1', hour: '8' }) });\nrule.addTarget(t);",
            "effective",
            "UTC",
            "",
        ),
        (
            "new Rule(this, 'a', { schedule: Schedule.cron({ minute: '1', hour: '8' }) }).addTarget(t);",
            "effective",
            "UTC",
            "",
        ),
        (
            "new Rule(this, 'a', { schedule: Schedule.cron({ minute: '1', hour: '8' }), ...more });",
            "effective",
            "UTC",
            "",
        ),
        (
            "add(new Rule(this, 'a', { schedule: Schedule.cron({ minute: '1', hour: '8' }) }));",
            "effective",
            "UTC",
            "",
        ),
    ];
    for (code, state, zone, rule) in rows {
        let text = format!("import * as events from 'aws-cdk-lib/aws-events';\n{code}\n");
        let inventory = scan_of(&[("lib/stack.ts", &text), ("cdk.json", "{}")]);
        let one = &inventory.automations[0];
        let seen = one.schedules.first().map_or("", |schedule| schedule.timezone.as_str());
        let said = inventory.findings.first().map_or("", |found| found.rule.as_str());
        assert_eq!((one.state.to_string().as_str(), seen, said), (state, zone, rule), "{code}");
    }
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
fn a_short_function_counts_for_its_own_value_only() {
    let text = "\
Parameters:
  ScheduleState: {Type: String, Default: ENABLED}
  Off: {Type: String, Default: DISABLED}
  Unset: {Type: String}
Resources:
  Inline:
    Type: AWS::Scheduler::Schedule
    Properties: { ScheduleExpression: 'cron(0 9 ? * MON-FRI *)', ScheduleExpressionTimezone: Asia/Tokyo, State: !Ref ScheduleState, FlexibleTimeWindow: {Mode: 'OFF'}, Target: {Arn: x} }
  Quiet:
    Type: AWS::Scheduler::Schedule
    Properties: { ScheduleExpression: cron(1 9 * * ? *), State: !Ref Off, FlexibleTimeWindow: {Mode: 'OFF'}, Target: {Arn: x} }
  Perhaps:
    Type: AWS::Scheduler::Schedule
    Properties:
      ScheduleExpression:
        !Ref Unset
      State: !If [Prod, ENABLED, DISABLED]
      FlexibleTimeWindow: {Mode: 'OFF'}
      Target: {Arn: x}
  Lost:
    Type: AWS::Scheduler::Schedule
    Properties: { ScheduleExpression: !Ref Nobody, FlexibleTimeWindow: {Mode: 'OFF'}, Target: {Arn: x} }
";
    let inventory = template(text);
    assert_eq!(when(&inventory, "Inline"), [("0 9 * * MON-FRI", "Asia/Tokyo")]);
    assert_eq!(when(&inventory, "Quiet"), [("1 9 * * *", "UTC")]);
    let states = ["Inline", "Quiet", "Perhaps", "Lost"]
        .map(|name| standing(&inventory, &format!("aws:{PATH}#{name}")).0);
    assert_eq!(states, ["effective", "loadable", "effective", "declared"]);
    let said =
        [("aws-disabled", 11), ("aws-computed", 16), ("aws-conditional", 17), ("aws-parameter-unknown", 22)];
    assert_eq!(rules(&inventory, PATH), said);
}

#[test]
fn a_construct_of_cdk_has_no_other_ones_name() {
    let text = "import * as events from 'aws-cdk-lib/aws-events';\n\
        new Rule(this, 'OnEvent', { eventPattern: { source: ['x'] }, targets: [t] });\n\
        for (const n of names) new Rule(this, n, { schedule: Schedule.cron({ minute: '1', hour: '2' }), targets: [t] });\n\
        new Rule(this, 'Stage', { schedule: Schedule.cron({ minute: '3', hour: '2' }), enabled: props.stage === 'prod', targets: [t] });\n\
        new CfnResource(this, 'Raw', { type: \"AWS::Scheduler::Schedule\", properties: { ScheduleExpression: 'cron(5 2 * * ? *)', ScheduleExpressionTimezone: 'Asia/Tokyo', State: 'DISABLED' } });\n\
        new CfnSchedule(this, 'Given', { scheduleExpression: props.when, target: t });\n\
        interface P { scheduleExpression: string }\n";
    let inventory = scan_of(&[("lib/stack.ts", text), ("cdk.json", "{}")]);
    let seen: Vec<String> = inventory
        .automations
        .iter()
        .map(|a| {
            let when = a.schedules.first().map_or(String::new(), |s| format!("{} {}", s.cron, s.timezone));
            format!("{} {} {when}", a.name, a.state)
        })
        .collect();
    let wanted = [
        "Given effective ",
        "Raw loadable 5 2 * * * Asia/Tokyo",
        "Stage effective 3 2 * * * UTC",
        "schedule effective 1 2 * * * UTC",
    ];
    assert_eq!(seen, wanted);
    let said = [("aws-conditional", 4), ("aws-disabled", 5), ("aws-computed", 6)];
    assert_eq!(rules(&inventory, "lib/stack.ts"), said);
    let python = "from aws_cdk import aws_scheduler as s\ns.CfnSchedule(self, 'Nightly', schedule_expression='cron(0 3 * * ? *)', schedule_expression_timezone='Europe/Rome')\n";
    let inventory = scan_of(&[("app/stack.py", python), ("cdk.json", "{}")]);
    assert_eq!(standing(&inventory, "aws:app/stack.py#Nightly").0, "effective");
    assert_eq!(inventory.automations[0].schedules[0].timezone, "Europe/Rome");
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
