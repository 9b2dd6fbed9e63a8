use crate::tests::{rules, scan_of, standing};

const PATH: &str = "infra/main.tf";

#[test]
fn a_folder_is_read_as_one() {
    let main = "\
resource \"aws_cloudwatch_event_rule\" \"nightly\" {
  schedule_expression = var.when
}
resource \"aws_cloudwatch_event_rule\" \"alone\" {
  schedule_expression = \"cron(0 3 * * ? *)\"
  is_enabled          = false
}
resource \"aws_cloudwatch_event_rule\" \"on_event\" {
  event_pattern = jsonencode({ source = [\"aws.ec2\"] })
}
resource \"aws_scheduler_schedule\" \"report\" {
  schedule_expression          = local.monday
  schedule_expression_timezone = \"Europe/Berlin\"
  flexible_time_window { mode = \"OFF\" }
  target {
    arn = \"x\"
  }
}
resource \"aws_scheduler_schedule\" \"bare\" {
  count               = 2
  schedule_expression = \"rate(${var.n} hours)\"
}
";
    let other = "\
variable \"when\" { default = \"cron(30 2 ? * 2-6 *)\" }
locals {
  monday = \"cron(0 8 ? * MON *)\"
}
resource \"aws_cloudwatch_event_target\" \"t\" {
  rule = aws_cloudwatch_event_rule.nightly.name
  arn  = aws_lambda_function.x.arn
}
";
    let inventory = scan_of(&[(PATH, main), ("infra/other.tf", other)]);
    let seen: Vec<String> = inventory
        .automations
        .iter()
        .map(|a| {
            let when = a.schedules.first().map_or(String::new(), |s| format!("{} {}", s.cron, s.timezone));
            format!("{} {} {} {when}", a.name, a.source.line, a.state)
        })
        .collect();
    let expected = [
        "aws_cloudwatch_event_rule.alone 4 loadable 0 3 * * * UTC",
        "aws_cloudwatch_event_rule.nightly 1 effective 30 2 * * 1-5 UTC",
        "aws_scheduler_schedule.bare[0] 19 declared ",
        "aws_scheduler_schedule.bare[1] 19 declared ",
        "aws_scheduler_schedule.report 11 effective 0 8 * * MON Europe/Berlin",
    ];
    assert_eq!(seen, expected);
    let said = [
        ("aws-by-default", 2),
        ("aws-no-target", 4),
        ("aws-disabled", 6),
        ("aws-incomplete", 19),
        ("aws-incomplete", 19),
        ("aws-computed", 21),
    ];
    assert_eq!(rules(&inventory, PATH), said);
}

#[test]
fn a_fault_has_its_line_and_the_other_files_still_count() {
    let good = "resource \"aws_scheduler_schedule\" \"x\" {\n  schedule_expression = \"rate(1 minute)\"\n  target {}\n  flexible_time_window {}\n}\n";
    let inventory = scan_of(&[(PATH, "resource \"a\" \"b\" {\n  c = [\n"), ("infra/good.tf", good)]);
    assert_eq!(rules(&inventory, PATH), [("hcl-unparsable", 2)]);
    assert_eq!(standing(&inventory, "aws:infra/good.tf#aws_scheduler_schedule.x").0, "effective");
}

#[test]
fn json_and_other_providers_are_read_too() {
    let json = r#"{
  "variable": {"n": {"default": 1}},
  "resource": {
    "aws_cloudwatch_event_rule": {
      "tick": {
        "schedule_expression": "rate(${var.n} minute)"
      }
    },
    "aws_cloudwatch_event_target": {
      "t": [{"rule": "${aws_cloudwatch_event_rule.tick.name}", "arn": "x"}]
    }
  }
}
"#;
    let inventory = scan_of(&[("infra/main.tf.json", json)]);
    let one =
        inventory.get(&"aws:infra/main.tf.json#aws_cloudwatch_event_rule.tick".parse().unwrap()).unwrap();
    assert_eq!(
        (one.source.line, one.state.to_string(), one.schedules[0].cron.as_str()),
        (5, "effective".into(), "* * * * *")
    );
    assert_eq!(rules(&inventory, "infra/main.tf.json"), [("aws-by-default", 6)]);
    let others = "resource \"google_cloud_scheduler_job\" \"nightly\" {\n  schedule  = \"0 3 * * *\"\n  time_zone = \"Europe/Berlin\"\n  http_target { uri = \"x\" }\n}\n\
                  resource \"kubernetes_cron_job_v1\" \"tidy\" {\n  metadata { name = \"tidy\" }\n  spec {\n    schedule = \"1 0 * * *\"\n    job_template {\n    }\n  }\n}\n\
                  resource \"google_cloud_scheduler_job\" \"off\" {\n  schedule = var.gone\n  paused = true\n}\n";
    let inventory = scan_of(&[(PATH, others)]);
    let seen: Vec<String> = inventory
        .automations
        .iter()
        .map(|a| {
            let when = a.schedules.first().map_or(String::new(), |s| format!("{} {}", s.cron, s.timezone));
            format!("{} {} {} {} {when}", a.id, a.source.line, a.domain, a.state)
        })
        .collect();
    let wanted = [
        "kubernetes:infra/main.tf#kubernetes_cron_job_v1.tidy 6 elsewhere effective 1 0 * * * UTC",
        "script:infra/main.tf#google_cloud_scheduler_job.nightly 1 elsewhere effective 0 3 * * * Europe/Berlin",
        "script:infra/main.tf#google_cloud_scheduler_job.off 14 elsewhere loadable ",
    ];
    assert_eq!(seen, wanted);
}

#[test]
fn a_module_of_the_repository_is_made_once_for_each_call() {
    let module = "\
variable \"schedule\" { default = \"cron(0 1 * * ? *)\" }
resource \"aws_cloudwatch_event_rule\" \"this\" {
  schedule_expression = var.schedule
}
resource \"aws_cloudwatch_event_target\" \"this\" {
  rule = aws_cloudwatch_event_rule.this.name
  arn  = \"x\"
}
";
    let main = "\
variable \"weekly\" { default = \"cron(0 4 ? * MON *)\" }
module \"m1\" {
  source   = \"./modules/sched\"
  schedule = \"cron(0 3 * * ? *)\"
}
module \"m2\" {
  source   = \"./modules/sched\"
  schedule = var.weekly
}
module \"m3\" { source = \"./modules/sched\" }
module \"m4\" {
  source   = \"./modules/sched\"
  schedule = data.x.y
}
module \"bridge\" {
  source = \"terraform-aws-modules/eventbridge/aws\"
  schedules = { a = { schedule_expression = \"rate(1 day)\" } }
}
";
    let inventory = scan_of(&[(PATH, main), ("infra/modules/sched/main.tf", module)]);
    let seen: Vec<String> = inventory
        .automations
        .iter()
        .map(|a| format!("{} {} {}", a.name, a.state, a.schedules.first().map_or("", |s| &s.cron)))
        .collect();
    let expected = [
        "module.m1.aws_cloudwatch_event_rule.this effective 0 3 * * *",
        "module.m2.aws_cloudwatch_event_rule.this effective 0 4 * * MON",
        "module.m3.aws_cloudwatch_event_rule.this effective 0 1 * * *",
        "module.m4.aws_cloudwatch_event_rule.this effective ",
    ];
    assert_eq!(seen, expected);
    assert_eq!(rules(&inventory, PATH), [("aws-computed", 15)]);
}

#[test]
fn each_of_several_has_its_own_schedule() {
    let main = "\
locals {
  jobs  = { a = \"cron(30 5 * * ? *)\", \"b\" = \"rate(1 minute)\" }
  whens = [\"cron(1 1 * * ? *)\", var.second]
  more = {
    x = { schedule = \"cron(2 2 * * ? *)\", enabled = false }
    y = {
      schedule = \"cron(3 ${local.hour} * * ? *)\"
      zone     = \"Asia/Tokyo\"
      extra    = jsonencode({ a = 1 })
    }
  }
  hour = 4
}
variable \"second\" { default = \"cron(5 1 * * ? *)\" }
variable \"on\" { default = false }
resource \"aws_scheduler_schedule\" \"plain\" {
  for_each            = local.jobs
  schedule_expression = each.value
  flexible_time_window { mode = \"OFF\" }
  target { arn = \"x\" }
}
resource \"aws_scheduler_schedule\" \"rich\" {
  for_each                     = merge(local.more, {})
  schedule_expression          = each.value[\"schedule\"]
  schedule_expression_timezone = try(each.value.zone, \"UTC\")
  state                        = lookup(each.value, \"enabled\", true) ? \"ENABLED\" : \"DISABLED\"
  flexible_time_window { mode = \"OFF\" }
  target { arn = \"x\" }
}
resource \"aws_cloudwatch_event_rule\" \"set\" {
  for_each            = toset([\"cron(6 1 * * ? *)\"])
  schedule_expression = each.key
}
resource \"aws_cloudwatch_event_target\" \"set\" {
  for_each = aws_cloudwatch_event_rule.set
  rule     = each.value.name
}
resource \"google_cloud_scheduler_job\" \"counted\" {
  count    = 2
  schedule = \"${count.index} 7 * * *\"
}
resource \"google_cloud_scheduler_job\" \"none\" {
  count    = var.on ? 1 : 0
  schedule = \"0 8 * * *\"
}
resource \"aws_cloudwatch_event_rule\" \"listed\" {
  count               = 2
  schedule_expression = local.whens[count.index]
}
resource \"aws_cloudwatch_event_target\" \"listed\" {
  count = 2
  rule  = aws_cloudwatch_event_rule.listed[count.index].name
}
resource \"google_cloud_scheduler_job\" \"unknown\" {
  for_each = { for k, v in local.jobs : k => v }
  schedule = each.value
}
module \"m\" {
  for_each = { q = \"0 9 * * *\" }
  source   = \"./m\"
  jobs     = { one = { when = each.value } }
}
";
    let module = "variable \"jobs\" {}\nresource \"google_cloud_scheduler_job\" \"j\" {\n  for_each = var.jobs\n  schedule = each.value.when\n}\n";
    let inventory = scan_of(&[(PATH, main), ("infra/m/main.tf", module)]);
    let mut seen: Vec<String> = inventory
        .automations
        .iter()
        .map(|a| {
            let when = a.schedules.first().map_or(String::new(), |s| format!("{} {}", s.cron, s.timezone));
            format!("{} {} {when}", a.name, a.state)
        })
        .collect();
    seen.sort();
    let wanted = [
        "aws_cloudwatch_event_rule.listed[0] effective 1 1 * * * UTC",
        "aws_cloudwatch_event_rule.listed[1] effective 5 1 * * * UTC",
        "aws_cloudwatch_event_rule.set[\"cron(6 1 * * ? *)\"] effective 6 1 * * * UTC",
        "aws_scheduler_schedule.plain[\"a\"] effective 30 5 * * * UTC",
        "aws_scheduler_schedule.plain[\"b\"] effective * * * * * UTC",
        "aws_scheduler_schedule.rich[\"x\"] loadable 2 2 * * * UTC",
        "aws_scheduler_schedule.rich[\"y\"] effective 3 4 * * * Asia/Tokyo",
        "google_cloud_scheduler_job.counted[0] effective 0 7 * * * UTC",
        "google_cloud_scheduler_job.counted[1] effective 1 7 * * * UTC",
        "google_cloud_scheduler_job.none loadable 0 8 * * * UTC",
        "google_cloud_scheduler_job.unknown effective ",
        "module.m[\"q\"].google_cloud_scheduler_job.j[\"one\"] effective 0 9 * * * UTC",
    ];
    assert_eq!(seen, wanted);
    let circle = "locals {\n  a = merge(local.b, local.b)\n  b = merge(local.a, local.a)\n}\nresource \"aws_cloudwatch_event_rule\" \"r\" {\n  for_each = local.a\n  schedule_expression = each.value\n}\n";
    assert_eq!(scan_of(&[(PATH, circle)]).automations.len(), 1);
}
