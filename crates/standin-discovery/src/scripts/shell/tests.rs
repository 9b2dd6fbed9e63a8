use super::super::tests::{one, shown};
use crate::tests::{rules, scan_of};

/// Name, and schedule or trigger, of each automation of a script.
fn brief(path: &str, text: &str) -> Vec<String> {
    let whole = one(path, text);
    whole
        .iter()
        .map(|line| {
            line.replace(" loadable", "")
                .replace(" effective", "")
                .replace(" local] [schedule]", "]")
                .replace(" []", "")
        })
        .collect()
}

#[test]
fn a_crontab_is_followed_through_files_and_variables() {
    let cases: [(&str, &[&str]); 14] = [
        (
            "TEMP_CRON=$(mktemp)\ncrontab -l > \"$TEMP_CRON\" || true\ncat >> \"$TEMP_CRON\" << EOF\n*/30 * * * * cd /srv && npm run a\nEOF\ncrontab \"$TEMP_CRON\"\n",
            &["a 4 [*/30 * * * *]"],
        ),
        (
            "cat > /tmp/mycron <<EOF\n1 1 * * * /opt/a.sh\nEOF\nsudo crontab -u app /tmp/mycron\n",
            &["a.sh 2 [1 1 * * *]"],
        ),
        (
            "read -r -d '' CRON <<'EOF' || true\n1 1 * * * /opt/a.sh\nEOF\necho \"$CRON\" | crontab -\n",
            &["a.sh 2 [1 1 * * *]"],
        ),
        (
            "CRON_JOBS=\"\n0 * * * * /opt/a.sh\n# 1 1 * * * /opt/no.sh\n5 * * * * /opt/b.sh\n\"\necho \"$CRON_JOBS\" | crontab -\n",
            &["a.sh 2 [0 * * * *]", "b.sh 4 [5 * * * *]"],
        ),
        ("OLD=$(crontab -l)\necho \"${OLD}\n0 4 * * * /opt/a.sh\" | crontab -\n", &["a.sh 3 [0 4 * * *]"]),
        (
            "printf \"9 5 * * * /opt/x.sh\\n8 5 * * * /opt/y.sh\\n\" | crontab -\n",
            &["x.sh 1 [9 5 * * *]", "y.sh 1 [8 5 * * *]"],
        ),
        ("sudo bash -c 'echo \"0 4 * * * root /opt/q.sh\" > /etc/cron.d/q'\n", &["q.sh 1 [0 4 * * *]"]),
        (
            "LINE=\"15 2 * * * /bin/bash $SCRIPT >/dev/null 2>&1\"\n(crontab -l; echo \"$LINE\") | crontab -\n",
            &["SCRIPT 1 [15 2 * * *]"],
        ),
        (
            "SCRIPT=/opt/b.sh\nLINE=\"15 2 * * * /bin/bash $SCRIPT >/dev/null 2>&1\"\n(crontab -l; echo \"$LINE\") | crontab -\n",
            &["b.sh 2 [15 2 * * *]"],
        ),
        (
            "RUN=\"cd \\\"$ROOT\\\" && ./b.sh\"\nblock=$(cat <<EOF\n*/2 * * * * $RUN\nEOF\n)\nprintf '%s' \"$block\" | crontab -\n",
            &["b.sh 3 [*/2 * * * *]"],
        ),
        (
            "JOB='5 1 * * * root /opt/a.sh'\necho \"$JOB\" | sudo tee -a /etc/crontab > /dev/null\n",
            &["a.sh 1 [5 1 * * *]"],
        ),
        (
            "WHEN=\"${WHEN:-0 3 * * *}\"\necho \"$WHEN /opt/a.sh\" > /etc/crontabs/root\n",
            &["a.sh 2 [0 3 * * *]"],
        ),
        (
            "jobs() {\ncat <<EOF\n0 3 * * * /opt/a.sh\nEOF\n}\njobs | crontab -\n{\n  echo '1 3 * * * /opt/b.sh'\n} | crontab -\n",
            &["a.sh 3 [0 3 * * *]", "b.sh 8 [1 3 * * *]"],
        ),
        (
            "ssh host <<'EOF'\n(crontab -l; echo \"0 3 * * * /opt/a.sh\") | crontab -\nEOF\nfor j in \"1 3 * * * /opt/b.sh\"; do add \"$j\"; done\nadd() { echo \"$1\" | crontab -; }\n",
            &["a.sh 2 [0 3 * * *]", "b.sh 4 [1 3 * * *]"],
        ),
    ];
    for (text, wanted) in cases {
        assert_eq!(brief("setup.sh", text), wanted, "{text}");
    }
}

#[test]
fn what_is_only_printed_is_no_crontab() {
    let cases = [
        "cat <<EOF\nAdd this with crontab -e:\n0 3 * * * /opt/a.sh\nEOF\n",
        "echo 'Run crontab -e and add:'\necho \"0 3 * * * /opt/a.sh\"\n",
        "cat > /tmp/readme <<EOF\n0 3 * * * /opt/a.sh\nEOF\ncrontab -l | grep x\n",
        "apt-get install -y crontab\nX=\"0 3 * * * /opt/a.sh\"\n",
        "crontab -l | crontab -\necho \"  0 3 * * * - nightly backup\"\n",
    ];
    for text in cases {
        assert_eq!(brief("setup.sh", text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn only_tables_of_the_system_name_a_user() {
    let image = "FROM alpine\nRUN echo \"*/10 * * * * /app/a.sh\" >> /etc/crontabs/root\n\
                 RUN echo '0 2 * * * cd /app && node x.js' > /etc/cron.d/job && crontab /etc/cron.d/job\n\
                 COPY <<EOF /var/spool/cron/crontabs/root\n*/20 * * * * /app/b.sh\nEOF\n\
                 RUN echo '5 2 * * * root /app/c.sh' > /etc/cron.d/c\nCMD [\"crond\", \"-f\"]\n";
    let wanted =
        ["a.sh 2 [*/10 * * * *]", "b.sh 5 [*/20 * * * *]", "c.sh 7 [5 2 * * *]", "x.js 3 [0 2 * * *]"];
    assert_eq!(brief("Dockerfile", image), wanted);
}

#[test]
fn files_that_are_installed_are_read() {
    let image = "FROM debian\nCOPY docker/hello-cron /etc/cron.d/hello-cron\nCOPY sc.txt /app/sc.txt\nCMD [\"supercronic\", \"-q\", \"/app/sc.txt\"]\n";
    let inventory = scan_of(&[
        ("web/Dockerfile", image),
        ("docker/hello-cron", "* * * * * root /opt/hello.sh\n"),
        ("web/sc.txt", "0 1 * * * /opt/sc.sh\n"),
        ("web/also/Dockerfile", image),
        (
            "bin/setup.sh",
            "DIR=$(dirname $0)\ncrontab \"$DIR/../cron/jobs.txt\"\n crontab $DIR/own.txt\ncrontab /gone\n",
        ),
        ("bin/own.txt", "0 2 * * * /opt/own.sh\n"),
    ]);
    let wanted = [
        "own.sh 1 loadable [0 2 * * * local] [schedule]",
        "hello.sh 1 effective [* * * * * local] [schedule]",
        "sc.sh 1 effective [0 1 * * * local] [schedule]",
    ];
    assert_eq!(shown(&inventory), wanted);
    assert_eq!(inventory.findings, []);
}

#[test]
fn a_loop_pauses_as_long_as_one_turn_of_it_does() {
    let cases = [
        ("while true\ndo\n if x; then\n  y; sleep 5\n fi\n sleep 300\ndone\n", "every 300s"),
        ("INTERVAL=300\nwhile :; do x; sleep $INTERVAL; done\n", "every 300s"),
        ("INTERVAL=${INTERVAL:-60}\nwhile [[ true ]]; do x; sleep \"$INTERVAL\"; done\n", "every 60s"),
        ("S=$((5 * 60))\nwhile [ 1 ]; do x; sleep ${S}; done\n", "every 300s"),
        ("for ((;;)); do x; sleep 30; done\n", "every 30s"),
        ("for (( ; ; )); do\n x\n sleep 30\ndone\n", "every 30s"),
        ("while sleep 60; do\n x\ndone\n", "every 60s"),
        ("while true; do\n for a in b c; do x && break; done\n sleep 20\ndone\n", "every 20s"),
        ("while true; do if x; then sleep 300; else sleep 60; fi; done\n", "every 300s"),
        ("while true; do ./a.sh & sleep 60 & wait; done\n", "every 60s"),
        ("while true; do x; sleep \"$1\"; done\n", "loop"),
        ("trap exit TERM; while :; do certbot renew; sleep 12h & wait $!; done\n", "every 43200s"),
    ];
    for (text, wanted) in cases {
        let seen = one("l.sh", text);
        assert!(seen.len() == 1 && seen[0].ends_with(&format!("[{wanted}]")), "{text}: {seen:?}");
    }
    for text in [
        "while true; do\n for a in b; do x && break 2; done\n sleep 20\ndone\n",
        "while true; do\n case x in a) break;; esac\n sleep 20\ndone\n",
        "while true; do x; done\n",
        "for x in a b; do sleep 5; done\n",
        "while read x; do sleep 5; done\n",
    ] {
        assert_eq!(one("l.sh", text), Vec::<String>::new(), "{text}");
    }
    let inventory = scan_of(&[("l.sh", "while true; do x; sleep \"$1\"; done\n")]);
    assert_eq!(rules(&inventory, "l.sh"), [("script-computed", 1)]);
}

#[test]
fn a_crontab_runs_with_whoever_starts_its_script() {
    let script = "echo '0 3 * * * /opt/a.sh' | crontab -\ncrond -f\n";
    let state = |files: &[(&str, &str)]| scan_of(files).automations[0].state.to_string();
    assert_eq!(state(&[("entry.sh", script)]), "loadable");
    assert_eq!(
        state(&[("entry.sh", script), ("Dockerfile", "FROM x\nENTRYPOINT [\"/entry.sh\"]\n")]),
        "effective"
    );
    let image = "FROM x\nRUN echo '0 3 * * * /opt/a.sh' > /etc/crontabs/root\n";
    assert_eq!(state(&[("Dockerfile", image)]), "loadable");
    assert_eq!(state(&[("Dockerfile", &format!("{image}CMD [\"crond\", \"-f\"]\n"))]), "effective");
}

#[test]
fn a_line_whose_fields_are_set_from_outside_is_said() {
    let text = "#!/bin/sh\necho \"$CRON_SCHEDULE /app/x.sh\" > /etc/crontabs/root\ncrond -f\n";
    let inventory = scan_of(&[("entrypoint.sh", text)]);
    assert_eq!(
        (shown(&inventory), rules(&inventory, "entrypoint.sh")),
        (vec![], vec![("script-computed", 2)])
    );
}

#[test]
fn the_mark_of_a_here_document_is_no_file() {
    let text = "crontab <<'EOF'\n*/7 * * * * /srv/a.sh\nEOF\ntee /etc/cron.d/f <<EOF >/dev/null\n12 * * * * root /usr/bin/f\nEOF\n";
    let inventory = scan_of(&[("i.sh", text)]);
    let names: Vec<&str> = inventory.automations.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["a.sh", "f"]);
}
