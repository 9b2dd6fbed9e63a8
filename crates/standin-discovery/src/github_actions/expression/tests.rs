use super::*;

const HERE: Names = Names::GITHUB.and(Names::NEEDS).and(Names::OF_JOBS);

#[test]
fn well_formed_expressions_are_accepted() {
    for text in [
        "github",
        "github.event_name == 'schedule' && !contains(github.ref, 'it''s')",
        "!!github.a[0].b[*].*.c-d",
        "(github.x || 1.5e3) >= -2",
        "success('a', 'b') || failure() && always()",
        "fromJSON(toJSON(github))[github.actor]",
        "format('{0}{1}', 1, 0xff)",
        "case(true, 1, 2)",
        "join(github.a, )",
        "NEEDS.a.outputs.true",
    ] {
        assert_eq!(check(text, HERE).map(drop), Ok(()), "{text}");
    }
}

#[test]
fn what_is_not_one_is_refused() {
    for text in [
        "",
        " ",
        "github.",
        "github github",
        "(github",
        "github)",
        "'open",
        "steps.a",
        "secrets",
        "nothing()",
        "\"a\"",
        "github = 1",
        "github & 1",
        "True",
        "github..a",
        "'a'.b",
        "contains('a')",
        "hashFiles('a')",
        "always(1)",
        "case(true, 1)",
        "1.2.3",
        "0xg",
        "github.5",
        "+",
        "é",
        "github[",
        "github[1",
        "[1]",
        "*",
    ] {
        assert!(check(text, HERE).is_err(), "{text}");
    }
    assert!(check("success('a')", Names::OF_STEPS).is_err());
    assert!(check("always()", Names::GITHUB).is_err());
    assert!(check(&"(".repeat(60), HERE).is_err());
    assert!(check(&format!("{}github", "!".repeat(60)), HERE).is_err());
    assert!(check(&" github".repeat(9_000), HERE).is_err());
}

#[test]
fn the_expressions_of_a_text_are_found() {
    let found = |text| parts(text).map(|part| (part.at, part.inner)).collect::<Vec<_>>();
    assert_eq!(found("a ${{ b }} ${{'}}'}}"), [(2, Some(" b ")), (11, Some("'}}'"))]);
    assert_eq!(found("${{ a } }"), [(0, None)]);
    assert_eq!(found("${{ 'a }}"), [(0, None)]);
    assert_eq!(found("${{}}"), [(0, Some(""))]);
    assert_eq!(found("a"), []);
}
