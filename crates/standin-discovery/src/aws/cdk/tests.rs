use crate::tests::{rules, scan_of, standing};

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
