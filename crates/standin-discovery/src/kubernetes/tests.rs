use crate::tests::{rules, scan_of, standing};

const POD: &str = "  jobTemplate:\n    spec:\n      template:\n        spec:\n          restartPolicy: Never\n          containers: [{name: a, image: b}]\n";

fn job(head: &str, spec: &str) -> String {
    format!("{head}kind: CronJob\nmetadata:\n  name: tidy\nspec:\n{spec}{POD}")
}

#[test]
fn every_document_of_a_file_is_read() {
    let first = job("apiVersion: batch/v1\n", "  schedule: '*/5 * * * *'\n  timeZone: Europe/Berlin\n");
    let second = first.replace("tidy", "mail").replace("name: mail\n", "name: mail\n  namespace: shop\n");
    let text = format!("apiVersion: v1\nkind: ConfigMap\n---\n{first}---\n{second}");
    let inventory = scan_of(&[("k8s/jobs.yaml", &text)]);
    assert_eq!(inventory.findings, []);
    let ids: Vec<(&str, u32)> =
        inventory.automations.iter().map(|a| (a.id.as_str(), a.source.line)).collect();
    assert_eq!(ids, [("kubernetes:shop/mail", 19), ("kubernetes:tidy", 5)]);
    assert_eq!(inventory.automations[0].schedules[0].timezone, "Europe/Berlin");
    assert_eq!(standing(&inventory, "kubernetes:tidy").0, "effective");
}

#[test]
fn what_kubernetes_would_refuse_or_not_run_is_said() {
    let good = "apiVersion: batch/v1\n";
    let daily = "  schedule: '0 3 * * *'\n";
    let cases = [
        (job("apiVersion: batch/v1beta1\n", daily), "kubernetes-removed-api", 1, "declared"),
        (job("apiVersion: v1\n", daily), "kubernetes-invalid", 1, "declared"),
        (job(good, "  schedule: '0 3 * * *'\n  suspend: true\n"), "kubernetes-suspended", 7, "loadable"),
        (job(good, "  schedule: 'CRON_TZ=UTC 0 3 * * *'\n"), "kubernetes-zone", 6, "declared"),
        (job(good, "  schedule: '0 3 * *'\n"), "cron-invalid", 6, "declared"),
        (job(good, "  schedule: '0 0 30 2 *'\n"), "cron-never-fires", 6, "loadable"),
        (job(good, "  schedule: '@every 1h'\n"), "schedule-beyond-cron", 6, "effective"),
        (job(good, daily).replace("Never", "Always"), "kubernetes-invalid", 11, "declared"),
        (job(good, ""), "kubernetes-invalid", 2, "declared"),
    ];
    for (text, rule, line, state) in cases {
        let inventory = scan_of(&[("k8s/job.yaml", &text)]);
        assert_eq!(rules(&inventory, "k8s/job.yaml"), [(rule, line)], "{text}");
        assert_eq!(standing(&inventory, "kubernetes:tidy").0, state, "{text}");
    }
}

#[test]
fn templates_patches_and_talk_are_told_apart() {
    let chart = "apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: {{ .Release.Name }}\nspec:\n  schedule: \"0 4 * * *\"\n";
    let inventory = scan_of(&[("chart/templates/tidy.yaml", chart)]);
    assert_eq!(standing(&inventory, "kubernetes:chart/templates/tidy.yaml#tidy").0, "declared");
    assert_eq!(inventory.automations[0].schedules[0].cron, "0 4 * * *");
    let patch = "apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: tidy\nspec:\n  suspend: true\n";
    let inventory = scan_of(&[("prod/kustomization.yaml", "resources: [../base]\n"), ("prod/p.yaml", patch)]);
    assert_eq!(
        (inventory.automations.len(), rules(&inventory, "prod/p.yaml")),
        (0, vec![("kubernetes-patch", 2)])
    );
    let inventory = scan_of(&[("docs/notes.yml", "text: [about a CronJob\n")]);
    assert_eq!((inventory.automations.len(), inventory.findings.len()), (0, 0));
}

#[test]
fn charts_tell_their_schedules_by_their_values() {
    let template = "{{- if .Values.tidy.enabled }}\napiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: {{ include \"x\" . }}-tidy\nspec:\n  schedule: {{ .Values.tidy.schedule | quote }}\n\
                    \x20 timeZone: {{ .Values.tidy.zone | default \"UTC\" | quote }}\n{{- end }}\n---\napiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: mail\nspec:\n  schedule: \"0 5 * * *\"\n  suspend: {{ .Values.mail.suspend }}\n---\n\
                    {{ if .Values.off }}\nkind: CronJob\nspec:\n  schedule: {{ tpl .Values.x . }}\n{{ end }}\n";
    let values = "tidy:\n  enabled: true\n  schedule: \"*/5 * * * *\"\nmail: {suspend: true}\noff: false\n";
    let files = [
        ("chart/templates/jobs.yaml", template),
        ("chart/Chart.yaml", "name: x\n"),
        ("chart/values.yaml", values),
    ];
    let inventory = scan_of(&files);
    let seen: Vec<String> = inventory
        .automations
        .iter()
        .map(|a| {
            let when = a.schedules.first().map_or(String::new(), |s| format!("{} {}", s.cron, s.timezone));
            format!("{} {} {} {when}", a.id, a.source.line, a.state)
        })
        .collect();
    let wanted = [
        "kubernetes:chart/templates/jobs.yaml#jobs 3 effective */5 * * * * UTC",
        "kubernetes:chart/templates/jobs.yaml#jobs-2 20 loadable ",
        "kubernetes:chart/templates/jobs.yaml#mail 12 loadable 0 5 * * * UTC",
    ];
    assert_eq!(seen, wanted);
    let said = [
        ("kubernetes-by-default", 7),
        ("kubernetes-suspended", 17),
        ("kubernetes-switched-off", 19),
        ("kubernetes-template", 22),
    ];
    assert_eq!(rules(&inventory, "chart/templates/jobs.yaml"), said);
}

#[test]
fn patches_of_kustomize_are_told_from_jobs() {
    let patch =
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: tidy}\nspec:\n  schedule: \"0 9 * * *\"\n";
    let inventory = scan_of(&[
        ("overlays/prod/patches/tidy.yaml", patch),
        ("overlays/prod/kustomization.yaml", "resources: []\n"),
    ]);
    assert_eq!(inventory.automations, []);
    assert!(
        inventory.findings[0].message.contains("`tidy` another schedule here: `0 9 * * *`"),
        "{inventory:#?}"
    );
}

#[test]
fn one_manifest_for_each_cluster_is_no_error() {
    let text = job("apiVersion: batch/v1\n", "  schedule: '*/5 * * * *'\n");
    let inventory = scan_of(&[("k8s/dev/job.yaml", &text), ("k8s/prod/job.yaml", &text)]);
    assert_eq!(inventory.automations.len(), 1);
    let found: Vec<_> = inventory.findings.iter().map(|f| (f.rule.as_str(), f.severity)).collect();
    assert_eq!(found, [("duplicate-id", standin_core::automation::Severity::Note)]);
}

#[test]
fn a_loop_over_the_values_of_a_chart_is_one_job_for_each() {
    let template = "\
{{- range $job := .Values.cronjobs }}
---
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {{ include \"c.fullname\" $ }}-{{ $job.name }}
spec:
  schedule: {{ $job.schedule | quote }}
  suspend: {{ $job.suspend | default false }}
{{- end }}
{{- range $name, $job := .Values.jobs }}
{{- if ne $job.enabled false }}
---
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {{ $name }}
spec:
  schedule: {{ $job.schedule }}
{{- end }}
{{- end }}
{{- range .Values.plain }}
---
apiVersion: batch/v1
kind: CronJob
spec:
  schedule: {{ .schedule | quote }}
{{- end }}
";
    let values = "\
cronjobs:
  - {name: a, schedule: '*/5 * * * *'}
  - {name: b, schedule: '0 4 * * *', suspend: true}
jobs:
  sync: {schedule: 0 5 * * *}
  clean: {schedule: 0 6 * * *, enabled: false}
plain: [{schedule: 0 7 * * *}]
";
    let inventory = scan_of(&[
        ("chart/Chart.yaml", "name: c\n"),
        ("chart/values.yaml", values),
        ("chart/templates/jobs.yaml", template),
    ]);
    let mut seen: Vec<String> = inventory
        .automations
        .iter()
        .map(|a| format!("{} {} {}", a.name, a.state, a.schedules.first().map_or("", |s| &s.cron)))
        .collect();
    seen.sort();
    let expected = [
        "clean loadable 0 6 * * *",
        "jobs-0 effective 0 7 * * *",
        "jobs-a effective */5 * * * *",
        "jobs-b loadable 0 4 * * *",
        "sync effective 0 5 * * *",
    ];
    assert_eq!(seen, expected);
}

#[test]
fn templates_are_read_in_both_forms_and_computed_ones_still_fire() {
    let template = "\
{{- if and .Values.on (not .Values.off) }}
apiVersion: batch/v1
kind: CronJob
metadata:
  name: one
spec:
  suspend: {{ default false .Values.held }}
  schedule: {{ default \"0 5 * * *\" .Values.missing | quote }}
---
{{- if .Values.off }}
labels: x
{{- end }}
apiVersion: batch/v1
kind: CronJob
metadata:
  name: two
spec:
  schedule: {{ include \"when\" . }}
---
kind: CronJob
metadata:
  name: three
spec:
  schedule: {{ .Values.gone }}
{{- end }}
{{- if and .Values.on .Values.off }}
---
kind: CronJob
metadata:
  name: four
spec:
  schedule: '0 1 * * *'
{{- end }}
";
    let files = [
        ("chart/templates/jobs.yaml", template),
        ("chart/Chart.yaml", "name: x\n"),
        ("chart/values.yaml", "on: true\noff: false\nheld: true\n"),
    ];
    let inventory = scan_of(&files);
    let mut seen: Vec<String> = inventory
        .automations
        .iter()
        .map(|a| format!("{} {} {}", a.name, a.state, a.schedules.first().map_or("", |s| &s.cron)))
        .collect();
    seen.sort();
    assert_eq!(
        seen,
        ["four loadable 0 1 * * *", "one loadable 0 5 * * *", "three effective ", "two effective "]
    );
    let said = [
        ("kubernetes-suspended", 7),
        ("kubernetes-by-default", 8),
        ("kubernetes-template", 18),
        ("kubernetes-template", 24),
        ("kubernetes-switched-off", 26),
    ];
    assert_eq!(rules(&inventory, "chart/templates/jobs.yaml"), said);
}

#[test]
fn patches_within_a_kustomization_are_said() {
    let base = job("apiVersion: batch/v1\n", "  schedule: '0 3 * * *'\n");
    let kustomization = "\
resources: [../base]
patches:
  - target: {kind: CronJob, name: tidy}
    patch: |-
      - op: replace
        path: /spec/suspend
        value: true
      - op: replace
        path: /spec/schedule
        value: 0 9 * * *
  - target: {kind: Deployment, name: web}
    patch: '[{\"op\": \"replace\", \"path\": \"/spec/schedule\", \"value\": \"x\"}]'
  - path: ops.yaml
    target: {kind: CronJob}
  - patch: |-
      apiVersion: batch/v1
      kind: CronJob
      metadata: {name: tidy}
      spec: {timeZone: Europe/Rome}
";
    let inventory = scan_of(&[
        ("base/job.yaml", &base),
        ("prod/kustomization.yaml", kustomization),
        ("prod/ops.yaml", "- {op: remove, path: /spec/suspend}\n"),
    ]);
    let said: Vec<(u32, &str)> = inventory.findings.iter().map(|f| (f.line, f.message.as_str())).collect();
    let wanted = [
        (5, "kustomize suspends `tidy` here"),
        (8, "kustomize gives `tidy` another schedule here: `0 9 * * *`"),
        (13, "kustomize takes `suspend` of `the CronJobs that the patch is for` away here"),
        (16, "kustomize gives `tidy` another time zone here: `Europe/Rome`"),
    ];
    assert_eq!(said, wanted);
}
