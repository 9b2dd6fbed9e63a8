#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;

const VALUE: &str = "STANDIN_DRILL: \"${{ startsWith(inputs.standin-key, 'drill-') && '1' || '' }}\"";

/// The backup of a workflow with this at its top level.
fn of(top: &str) -> String {
    let text = format!(
        "on: workflow_dispatch\n{top}jobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{{ run: make }}]\n"
    );
    let id = "workflow:a.yml".parse().unwrap();
    let primary = Primary {
        id: &id,
        name: "a",
        path: ".github/workflows/a.yml",
        text: &text,
        schedules: &[],
        is_scheduled: true,
    };
    backup(primary).unwrap_or_else(|refused| panic!("{refused:?}"))
}

#[test]
fn every_job_of_a_copy_can_know_a_drill_however_its_variables_are_written() {
    for (top, wanted) in [
        ("", format!("env:\n  {VALUE}\njobs:\n")),
        ("env: # ours\n    # of A\n    A: b\n", format!("env: # ours\n    {VALUE}\n    # of A\n    A: b\n")),
        ("env: { A: b }\n", format!("env: {{ {VALUE}, A: b }}\n")),
        ("env: {}\n", format!("env:\n  {VALUE}\n")),
        ("env:\nname: b\n", format!("env:\n  {VALUE}\nname: ")),
        ("env:\n  A: ${{ github.event_name }}\n", format!("env:\n  {VALUE}\n  A: ${{{{ (inputs.standin-key")),
    ] {
        let backup = of(top);
        assert!(backup.contains(&wanted), "{top}: {backup}");
        assert_eq!(backup.matches("STANDIN_DRILL").count(), 1, "{backup}");
    }
    assert!(of("env: { STANDIN_DRILL: own }\n").contains("env: { STANDIN_DRILL: own }\n"), "its own stays");
}

#[test]
fn a_workflow_that_is_called_is_told_by_an_input_if_it_has_one() {
    let called = |input: &str| {
        let text = format!(
            "on:\n  workflow_call:\n    inputs:\n      {input}\n  workflow_dispatch:\n    inputs:\n      standin-drill: {{}}\njobs:\n  a: {{ runs-on: x, steps: [{{ run: make }}] }}\n"
        );
        let id = "workflow:a.yml".parse().unwrap();
        let primary =
            Primary { id: &id, name: "a", path: "a.yml", text: &text, schedules: &[], is_scheduled: true };
        let backup = backup(primary).unwrap_or_else(|refused| panic!("{refused:?}"));
        let mut lines = backup.lines().skip_while(|line| !line.contains("uses: ./a.yml"));
        lines
            .find(|line| !line.contains("uses: ") && line.trim() != "with:")
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    let is_drill = "startsWith(inputs.standin-key, 'drill-')";
    for (input, wanted) in [
        (
            "STANDIN_DRILL: { type: boolean, required: true }",
            format!("STANDIN_DRILL: \"${{{{ {is_drill} }}}}\""),
        ),
        (
            "STANDIN_DRILL: { type: string, default: no }",
            format!("STANDIN_DRILL: \"${{{{ {is_drill} && '1' || 'no' }}}}\""),
        ),
        ("standin_drill: { type: number }", format!("standin_drill: \"${{{{ {is_drill} && 1 || 0 }}}}\"")),
        (
            "standin-drill: { type: boolean }",
            format!("standin-drill: \"${{{{ {is_drill} || inputs.standin-drill == true }}}}\""),
        ),
        (
            "other: { type: boolean }",
            "secrets: inherit # zizmor: ignore[secrets-inherit] it is the primary itself".to_owned(),
        ),
    ] {
        assert_eq!(called(input), wanted);
    }
}
