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
