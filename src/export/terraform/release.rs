//! What Terraform needs to let go of resources without destroying what they stand for.
//!
//! A `removed` block names a resource as the configuration does, without the keys of instances, so
//! it takes all of them. Single ones are taken out of the state by a command.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::text::shell_quoted;

/// How Terraform lets go of what was imported.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Release {
    /// The resources of which every instance was imported, as a configuration names them.
    pub whole: Vec<String>,
    /// The addresses of instances that were imported, of resources of which others were not.
    pub single: Vec<String>,
    /// The addresses of the instances of the resources in `whole` that have several.
    pub covered: Vec<String>,
    /// Whether it is OpenTofu and not Terraform that manages them.
    pub is_opentofu: bool,
}

impl Release {
    /// That of the imported among all addresses of syncs in a state.
    pub fn of<'a>(
        imported: impl IntoIterator<Item = &'a str>,
        all: impl IntoIterator<Item = &'a str>,
        is_opentofu: bool,
    ) -> Self {
        let imported: BTreeSet<&str> = imported.into_iter().collect();
        let mut resources: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        let mut release = Self {
            is_opentofu,
            ..Self::default()
        };
        for address in all {
            match without_keys(address) {
                Some(resource) => resources.entry(resource).or_default().push(address),
                None if imported.contains(address) => release.single.push(address.to_owned()),
                None => {}
            }
        }
        for (resource, addresses) in resources {
            let is_whole = addresses.iter().all(|address| imported.contains(address));
            let taken = addresses.into_iter().filter(|one| imported.contains(one));
            let keyed = taken
                .filter(|address| **address != resource)
                .map(str::to_owned);
            if is_whole {
                release.covered.extend(keyed);
                release.whole.push(resource);
            } else {
                release.single.extend(keyed);
            }
        }
        release
    }

    /// The blocks for whole resources, as a configuration has them.
    pub fn blocks(&self) -> Vec<String> {
        let block = |resource: &String| {
            format!(
                "removed {{\n  from = {resource}\n\n  lifecycle {{\n    destroy = false\n  }}\n}}\n"
            )
        };
        self.whole.iter().map(block).collect()
    }

    /// The command for an instance, as a shell takes it.
    pub fn command(&self, instance: &str) -> String {
        let program = if self.is_opentofu {
            "tofu"
        } else {
            "terraform"
        };
        format!("{program} state rm {}", shell_quoted(instance))
    }
}

/// An address as the configuration writes it: without keys. `None` if it is not one of names alone
/// otherwise.
fn without_keys(address: &str) -> Option<String> {
    let mut names = String::new();
    let mut rest = address;
    while let Some(at) = rest.find('[') {
        let (before, key) = rest.split_at(at);
        names.push_str(before);
        rest = &key[end_of_key(key)?..];
    }
    names.push_str(rest);
    let is_name = |part: &str| {
        part.starts_with(|first: char| first.is_alphabetic() || first == '_')
            && part
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
    };
    names.split('.').all(is_name).then_some(names)
}

/// Where a key ends that begins with its bracket.
fn end_of_key(key: &str) -> Option<usize> {
    let mut is_quoted = false;
    let mut is_escaped = false;
    for (at, character) in key.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            ']' if !is_quoted => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Release, without_keys};

    #[test]
    fn an_address_loses_its_keys_whatever_they_hold() {
        for (address, resource) in [
            ("t.n", Some("t.n")),
            ("t.n[0]", Some("t.n")),
            (
                r#"module.m["x.y"].module.inner.t.n[0]"#,
                Some("module.m.module.inner.t.n"),
            ),
            (r#"t.n["a\"]b"]"#, Some("t.n")),
            (r#"t.n["\\"]"#, Some("t.n")),
            (r#"t.n["open"#, None),
            ("t.n; rm -rf", None),
            ("t.n\n", None),
            ("t..n", None),
        ] {
            assert_eq!(without_keys(address).as_deref(), resource, "{address}");
        }
    }

    #[test]
    fn a_resource_is_whole_if_every_instance_was_imported() {
        let all = [
            "t.one",
            r#"t.each["a"]"#,
            r#"t.each["b"]"#,
            "module.m[0].t.n",
            "module.m[1].t.n",
        ];
        let release = Release::of(all, all, false);
        assert_eq!(release.whole, ["module.m.t.n", "t.each", "t.one"]);
        assert!(release.single.is_empty() && release.covered.len() == 4);
        let imported = [
            "t.one",
            r#"t.each["a"]"#,
            r#"t.each["b"]"#,
            "module.m[1].t.n",
        ];
        let release = Release::of(imported, all, false);
        assert_eq!(release.whole, ["t.each", "t.one"]);
        assert_eq!(release.single, ["module.m[1].t.n"]);
        assert_eq!(release.covered, [r#"t.each["a"]"#, r#"t.each["b"]"#]);
    }

    #[test]
    fn blocks_and_commands_are_those_of_the_program_that_is_used() {
        let release = Release::of(["t.n", "t.m[0]"], ["t.n", "t.m[0]", "t.m[1]"], true);
        assert_eq!(
            release.blocks(),
            ["removed {\n  from = t.n\n\n  lifecycle {\n    destroy = false\n  }\n}\n"]
        );
        assert_eq!(release.single, ["t.m[0]"]);
        assert_eq!(release.command("t.m[0]"), "tofu state rm 't.m[0]'");
    }
}
