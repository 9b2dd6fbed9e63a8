#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;

fn errors(text: &str) -> Vec<String> {
    parse(text).unwrap_err().iter().map(ToString::to_string).collect()
}

fn shown(settings: &Settings) -> String {
    format!("{settings:#?}")
}

/// The default file with the # taken off every key.
fn default_file_in_force() -> String {
    let on = |line: &str| match line.strip_prefix('#') {
        Some(key) if key.starts_with(|c: char| c.is_ascii_lowercase()) => key.to_owned(),
        Some(_) | None => line.to_owned(),
    };
    default_file().lines().map(on).collect::<Vec<_>>().join("\n")
}

/// The default file with its example entries as well.
fn examples() -> String {
    let from = default_file().find("# [[automation]]").unwrap();
    let on = |line: &str| {
        line.strip_prefix("# ").filter(|l| l.contains(" = ") || l.starts_with('[')).map(str::to_owned)
    };
    default_file()[from..].lines().filter_map(on).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_default_file_says_the_defaults() {
    assert_eq!(shown(&parse(default_file()).unwrap()), shown(&Settings::default()));
    assert_eq!(shown(&parse("").unwrap()), shown(&Settings::default()));

    let all = parse(&default_file_in_force()).unwrap();
    let chosen = Listen::Chosen(Listen::default().address());
    assert_eq!(all.agent.listen, chosen);
    assert_eq!(all.pm2.home.as_deref(), Some("~/.pm2"));
    let spoken = Settings { agent: AgentSettings::default(), pm2: Pm2Settings::default(), ..all };
    assert_eq!(shown(&spoken), shown(&Settings::default()));
}

#[test]
fn the_default_file_names_every_key_outside_of_entries() {
    let schema: serde_json::Value = serde_json::from_str(&schema()).unwrap();
    for table in ["Agent", "Pm2", "Recovery", "Process", "Logs"] {
        for key in schema["$defs"][table]["properties"].as_object().unwrap().keys() {
            assert!(default_file().contains(&format!("\n#{key} = ")), "{key}");
        }
    }
}

#[test]
fn the_examples_of_the_default_file_are_right() {
    let settings = parse(&examples()).unwrap();
    let ids: Vec<_> = settings.automations.iter().map(|e| e.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "pm2:worker",
            "netlify:newsletter",
            "workflow:report.yml",
            "workflow:nightly.yml",
            "command:backup-db",
            "heartbeat:offsite-backup",
            "workflow:weekly.yml"
        ]
    );
}

#[test]
fn an_entry_says_how_it_is_drilled() {
    let text = "[[automation]]\nid = \"workflow:a.yml\"\nside_effects = \"external\"\ndrill_check = \"test -s a\"\n\
                [[automation]]\nid = \"workflow:b.yml\"\nside_effects = \"none\"\n\
                [[automation]]\nid = \"workflow:c.yml\"\n";
    let entries = parse(text).unwrap().automations;
    let effects: Vec<_> = entries.iter().map(|entry| entry.side_effects).collect();
    assert_eq!(effects, [SideEffects::External, SideEffects::None, SideEffects::None]);
    let checks: Vec<_> = entries.iter().map(|entry| entry.drill_check.as_deref()).collect();
    assert_eq!(checks, [Some("test -s a"), None, None]);
}

#[test]
fn what_is_wrong_about_a_drill_is_said_with_its_line() {
    let entry = |line: &str| errors(&format!("[[automation]]\nid = \"workflow:a.yml\"\n{line}\n"));
    let effects = entry("side_effects = \"mails\"");
    assert!(effects.len() == 1 && effects[0].contains(":3:"), "{effects:?}");
    assert!(effects[0].contains("external"), "it names what can be written: {effects:?}");
    assert!(entry("drill_check = 7")[0].contains(":3:"));
    assert!(!entry("drill_check = \"\"").is_empty(), "a check that checks nothing would always pass");
    assert!(entry("drill_checks = \"true\"")[0].contains("drill_check"), "the right name is near");
}

#[test]
fn all_errors_come_at_once_and_in_the_order_of_the_file() {
    let found = errors(
        "[agent]\nlisten = 4646\nlissen = \"x\"\n[recovery]\nmode = \"akt\"\nattempts = 9\nbackof = \"1s\"\n[pm3]\n",
    );
    let lines: Vec<_> = found.iter().map(|e| e.split(": ").next().unwrap()).collect();
    assert_eq!(
        lines,
        [
            "standin.toml:2:10",
            "standin.toml:3:1",
            "standin.toml:5:8",
            "standin.toml:6:12",
            "standin.toml:7:1",
            "standin.toml:8:2"
        ]
    );
    assert!(found[1].ends_with("`lissen` is not a key of [agent]; did you mean `listen`?"), "{}", found[1]);
    assert!(found[2].ends_with("did you mean `act`?"), "{}", found[2]);
    assert!(found[3].ends_with("`attempts` is out of its limits; write 1 to 3"), "{}", found[3]);
    assert!(found[5].ends_with("`pm3` is not a table of this file; did you mean `pm2`?"), "{}", found[5]);
}

#[test]
fn relations_between_limits_are_checked() {
    let found = errors("[recovery]\nsettle = \"40s\"\n");
    assert!(found[0].contains(":2:10: `settle` is not shorter than `quiet`"), "{found:?}");
    let found = errors("[recovery]\nrespawn_grace = \"3m\"\n[process]\ngrace = \"90s\"\n");
    assert!(found[0].contains(":4:9: `grace` of [process] is shorter"), "{found:?}");
    let found =
        errors("[[automation]]\nname = \"a\"\ncommand = \"x\"\nschedule = \"@daily\"\njitter = \"2m\"\n");
    assert!(found[0].contains(":5:10: `jitter` is not shorter than `grace`"), "{found:?}");
    let found = errors("[[automation]]\nname = \"a\"\nevery = \"1m\"\nearly = \"1m\"\n");
    assert!(found[0].contains(":4:9: `early` is not shorter than `every`"), "{found:?}");
}

#[test]
fn an_entry_is_about_one_thing() {
    for (text, expected) in [
        ("every = \"1h\"", "has neither `id` nor `name`"),
        ("id = \"pm2:a\"\nname = \"a\"", "has both `id` and `name`"),
        ("id = \"worker\"", "is not an automation id"),
        ("id = \"command:a\"", "write name = \"a\""),
        ("id = \"pm2:a\"\ncommand = \"x\"", "`command` is for a new automation"),
        ("name = \"a\"\ncommand = \"x\"", "it would never run"),
        ("name = \"a\"\ncommand = \"x\"\nevery = \"5m\"", "not `every` so often"),
        ("name = \"a\"\nschedule = \"@daily\"\nevery = \"5m\"", "keep one of them"),
        ("name = \"a\"\nevery = \"5m\"\ntime_limit = \"1m\"", "heartbeats have a `max_run`"),
        ("id = \"pm2:a\"\nretries = 1", "`retries` does nothing here"),
        ("id = \"workflow:a.yml\"\nmemory_limit = \"1GB\"", "`memory_limit` does nothing here"),
        ("name = \"a\"\nevery = \"5m\"\ntimezone = \"UTC\"", "`timezone` does nothing here"),
        ("name = \"a\"\nevery = \"x\"", "`every` is not a duration"),
        ("name = \"\"", "is not an automation id"),
    ] {
        let found = errors(&format!("[[automation]]\n{text}\n")).join("\n");
        assert!(found.contains(expected), "{text}: {found}");
    }
    let found = errors("[[automation]]\nid = \"pm2:a\"\n[[automation]]\nid = \"pm2:a\"\n");
    assert_eq!(
        found,
        ["standin.toml:4:6: `pm2:a` has an entry already, in line 2; put everything about it into one entry"]
    );
}

#[test]
fn the_value_of_a_variable_is_never_shown() {
    let entry = "[[automation]]\nname = \"a\"\ncommand = \"x\"\nschedule = \"@daily\"\nenv = ";
    let settings = parse(&format!("{entry}{{ KEY = \"hunter2\" }}")).unwrap();
    assert!(!shown(&settings).contains("hunter2"));
    for bad in [
        "{ KEY = 4711 }",
        "{ KEY = 4711.5 }",
        "{ K = \"4711\", 2A = \"4711\" }",
        "\"4711\"",
        "[4711]",
        "{ K = [4711] }",
    ] {
        let found = errors(&format!("{entry}{bad}")).join("\n");
        assert!(!found.contains("4711"), "{found}");
    }
    let found = errors(&format!("{entry}{{ KEY = \"4711 }}"));
    assert!(!found.join("\n").contains("4711"), "{found:?}");
}

#[test]
fn a_listener_that_the_network_reaches_is_named() {
    let settings = parse("[agent]\nlisten = \"0.0.0.0:80\"").unwrap();
    assert_eq!((settings.warnings[0].rule.as_str(), settings.warnings[0].line), ("listen-not-loopback", 2));
    assert!(parse("[agent]\nlisten = \"localhost:80\"").unwrap().warnings.is_empty());
    assert!(parse("[agent]\nlisten = \"[::1]:80\"").unwrap().warnings.is_empty());
}

#[test]
fn what_is_not_toml_is_said_with_its_line() {
    let found = errors("[agent]\nlisten = \n[pm2\n");
    assert!(found[0].starts_with("standin.toml:2:"), "{found:?}");
    assert!(found.len() >= 2, "{found:?}");
    assert!(errors("agent = 3\nautomation = 4\n").len() == 2);
    assert!(parse(&"#".repeat(MAX_FILE_BYTES + 1)).is_err());
    assert!(parse(&"[[automation]]\n".repeat(MAX_AUTOMATIONS + 1)).is_err());
}

#[test]
fn the_schema_is_closed_and_knows_every_table() {
    let schema: serde_json::Value = serde_json::from_str(&schema()).unwrap();
    for table in ["agent", "pm2", "recovery", "process", "logs", "automation"] {
        assert!(schema["properties"][table].is_object(), "{table}");
    }
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["$defs"]["Automation"]["additionalProperties"], false);
    assert!(schema.get("required").is_none(), "{}", schema["required"]);
}

proptest! {
    #[test]
    fn any_text_is_answered(text in "\\PC{0,200}") {
        let _ = parse(&text);
    }

    #[test]
    fn any_value_in_place_of_any_other_is_answered(line in 0usize..60, value in "[-a-z0-9\"{}\\[\\]=. ]{0,12}") {
        let lines: Vec<String> = default_file_in_force().lines().chain(examples().lines()).map(str::to_owned).collect();
        let mut changed = lines.clone();
        let line = line % lines.len();
        if let Some((key, _)) = lines[line].split_once('=') {
            changed[line] = format!("{key}= {value}");
        }
        if let Err(errors) = parse(&changed.join("\n")) {
            prop_assert!(!errors.is_empty());
        }
    }
}

#[test]
fn what_is_here_twice_is_named_with_its_first_line() {
    let twice = parse("[backup]\nhere = true\n[agent]\n\n[backup]\nmode = \"active\"\n").unwrap_err();
    let said = (twice[0].line, twice[0].message.as_str());
    assert_eq!(said, (5, "[backup] is here a second time: it is on line 1 already"));
    let key = parse("[backup]\nhere = true\nhere = false\n").unwrap_err();
    assert_eq!((key[0].line, key[0].message.as_str()), (3, "`here` is here a second time"));
}
