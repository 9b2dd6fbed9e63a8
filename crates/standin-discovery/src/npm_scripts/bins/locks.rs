//! The names of the packages in lock files that do not list programs.

use std::collections::BTreeSet;

/// The names of all packages in the lock file of this name.
pub(super) fn names(file: &str, text: &str) -> BTreeSet<String> {
    let keys = text.lines().filter_map(|line| match file {
        // `rimraf@^3.0.0, rimraf@^3.0.2:`.
        "yarn.lock" => line.strip_suffix(':').filter(|line| !line.starts_with([' ', '#'])),
        // `/rimraf@3.0.2:`, `rimraf@5.0.0:`, `'@a/b@1.0.0':`, `/rimraf/3.0.2:`.
        "pnpm-lock.yaml" => {
            let key = line.strip_prefix("  ").filter(|line| !line.starts_with(' '))?;
            key.trim_end().strip_suffix(" {}").unwrap_or(key).strip_suffix(':')
        }
        // `"rimraf": ["rimraf@5.0.0", …`.
        _ => line
            .split_once(": [")
            .map(|(key, _)| key.trim())
            .and_then(|key| key.rsplit('/').next().and(Some(key))),
    });
    keys.flat_map(|key| key.split(", ")).filter_map(name).collect()
}

/// The name in `name@version` or `name/version`.
fn name(key: &str) -> Option<String> {
    let key = key.trim_matches(['"', '\'']).trim_start_matches('/');
    let scope = if key.starts_with('@') { key.find('/')?.saturating_add(1) } else { 0 };
    let rest = key.get(scope..)?;
    let end = rest.find(['@', '/']).unwrap_or(rest.len());
    key.get(..scope.saturating_add(end)).filter(|name| !name.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn packages_are_read_in_each_kind_of_lock_file() {
        let cases = [
            (
                "yarn.lock",
                "# yarn lockfile v1\n\nrimraf@^3, rimraf@3.0.2:\n  version \"3\"\n\"@a/b@npm:1\":\n  x: 1\n",
            ),
            ("pnpm-lock.yaml", "packages:\n\n  /rimraf@3.0.2:\n    x: 1\n\n  '@a/b@1.0.0':\n    x: 1\n"),
            ("pnpm-lock.yaml", "packages:\n\n  /rimraf/3.0.2:\n    x: 1\n  /@a/b/1.0.0:\n    x: 1\n"),
            (
                "bun.lock",
                "{\n \"packages\": {\n  \"rimraf\": [\"rimraf@5.0.0\"],\n  \"@a/b\": [\"@a/b@1\"],\n }\n}\n",
            ),
        ];
        for (file, text) in cases {
            let seen: Vec<String> = names(file, text).into_iter().collect();
            assert_eq!(seen, ["@a/b", "rimraf"], "{file}");
        }
    }
}
