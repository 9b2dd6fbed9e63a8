use serde_json::json;

use super::parse::parse;

#[test]
fn an_operation_is_read_with_its_variables() {
    let text = r#"
        query Read($name: String!, $n: Int = 3) { # a remark
          repository(owner: "o", name: $name) {
            id one: ref(qualifiedName: "refs/x/y") { target { oid ... on Commit { message } } }
            refs(refPrefix: "refs/x/", first: 10) { nodes { name } }
          }
        }"#;
    let operation = parse(text, &json!({ "name": "r" })).unwrap();
    assert!(!operation.mutates);
    let repository = &operation.fields[0];
    assert_eq!((repository.text("owner"), repository.text("name")), (Some("o"), Some("r")));
    assert_eq!(repository.fields[1].alias, "one");
    assert_eq!(repository.fields[1].name, "ref");
    assert_eq!(repository.fields[1].fields[0].fields[1].name, "message");
    assert_eq!(repository.fields[2].arguments["first"], json!(10));
}

#[test]
fn an_input_may_stand_in_the_text_or_in_a_variable() {
    let inline = r#"mutation($r: ID!) { updateRefs(input: { repositoryId: $r, refUpdates: [{ name: "refs/a/b", force: true }] }) { clientMutationId } }"#;
    let by_variable = "mutation($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }";
    let input = json!({ "repositoryId": "R", "refUpdates": [{ "name": "refs/a/b", "force": true }] });
    let one = parse(inline, &json!({ "r": "R" })).unwrap();
    let other = parse(by_variable, &json!({ "input": input })).unwrap();
    assert_eq!(one, other);
    assert!(one.mutates);
}

#[test]
fn what_is_not_graphql_is_refused() {
    for text in ["", "{", "{ a(", "subscription { a }", "{ a } }", "{ ...Named }", "{ a(b: \"x) }"] {
        assert!(parse(text, &json!({})).is_none(), "{text}");
    }
}
