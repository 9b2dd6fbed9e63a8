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
        "aws_scheduler_schedule.bare 19 declared ",
        "aws_scheduler_schedule.report 11 effective 0 8 * * MON Europe/Berlin",
    ];
    assert_eq!(seen, expected);
    let said = [
        ("aws-by-default", 2),
        ("aws-no-target", 4),
        ("aws-disabled", 6),
        ("aws-incomplete", 19),
        ("aws-incomplete", 19),
        ("aws-conditional", 20),
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
