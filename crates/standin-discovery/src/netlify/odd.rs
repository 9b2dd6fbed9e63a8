//! Files among the functions that are none: tests, declarations, and what the functions share.

use standin_core::automation::{Severity, Standing};

use super::imports::Imports;
use super::{Function, Lack};
use crate::findings::{Gathered, finding};
use crate::lines::quote;

/// Says of a file what Netlify makes of it, where that is not what its author wanted.
pub(super) fn say(function: &mut Function<'_>, imports: &Imports<'_>, gathered: &mut Gathered) {
    let name = function.name;
    let is_odd =
        !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') || name.starts_with('_');
    let Some(lack) = function.lacks else {
        if is_odd {
            let message = format!(
                "Netlify makes a function of every file of this folder, and calls this one `{}`",
                quote(name)
            );
            let fix =
                "Move what is no function out of the folder, or into one of its own that has no main file.";
            gathered.find(finding("netlify-helper", Severity::Warning, function.path, 1, message, fix));
        }
        return;
    };
    let user = imports.user_of(function.path);
    let what = match (lack, user) {
        (Lack::Test, _) => "a test".to_owned(),
        (Lack::Handler, _) if is_test(name) => "a test".to_owned(),
        (Lack::Handler, _) if name.ends_with(".d") => "a declaration of types".to_owned(),
        (Lack::Handler, Some(user)) => format!("a part of {}", quote(user)),
        (Lack::Handler, None) if is_odd => "no function".to_owned(),
        (Lack::Handler, None) => return no_handler(function, gathered),
    };
    let called = quote(name);
    let message =
        format!("this is {what}: Netlify makes a function `{called}` of it, which fails when it is called");
    function.fall_short(
        Standing::Loadable,
        &format!("it is {what}, and exports neither a default nor a `handler`"),
    );
    let fix = match user {
        Some(_) => {
            "Move it out of the folder, or into one of its own that has no main file, and correct who imports it."
        }
        None => "Move it out of the folder, or into one of its own that has no main file.",
    };
    gathered.find(finding("netlify-helper", Severity::Warning, function.path, 1, message, fix));
}

fn is_test(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let parts = [".test", ".spec", "_test", "-test", "_spec", "-spec", ".e2e", ".stories", ".mock", ".bench"];
    name.contains("__tests__") || name.contains("__mocks__") || parts.iter().any(|part| name.ends_with(part))
}

fn no_handler(function: &mut Function<'_>, gathered: &mut Gathered) {
    let message = "it exports neither a default nor a `handler`";
    function.fall_short(Standing::Loadable, message);
    let fix = "Export the function as the default or as `handler`; if this is no function, move it out of the folder.";
    gathered.find(finding("netlify-no-handler", Severity::Error, function.path, 1, message, fix));
}
