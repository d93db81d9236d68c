//! Where files go that secsync writes, and how they name the schema for editors.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use crate::root::{WORKSPACE_FILE, straight};

/// Where the schema for editors is, from the root.
pub const EDITOR_SCHEMA: &str = ".secsync/sync-file.json";

/// Where the schema of `secsync.yaml` for editors is, from the root.
pub const WORKSPACE_SCHEMA: &str = ".secsync/workspace.json";

/// How a file in a directory names the schema for editors. Both paths are absolute.
pub fn schema_from(directory: &Utf8Path, root: &Utf8Path) -> String {
    relative(directory, &root.join(EDITOR_SCHEMA))
}

/// How a file in a directory names another file. Both paths are absolute.
pub fn relative(directory: &Utf8Path, file: &Utf8Path) -> String {
    let file = straight(file);
    let relative = pathdiff::diff_utf8_paths(&file, straight(directory));
    // A URL has slashes on every system.
    relative.unwrap_or(file).as_str().replace('\\', "/")
}

/// The names of files, one for each of the words, which a server chose: without anything that a
/// file system takes for more than a name, different even where case means nothing, and none that
/// the workspace file has, which is no sync file wherever it stands.
pub fn file_names<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<Utf8PathBuf> {
    let reserved = WORKSPACE_FILE.split('.').next();
    let mut taken: BTreeSet<String> = reserved.into_iter().map(str::to_owned).collect();
    words
        .into_iter()
        .map(|word| {
            let stem = stem(word);
            let mut candidates =
                std::iter::once(stem.clone()).chain((2..).map(|number| format!("{stem}-{number}")));
            let free = candidates.find(|name| taken.insert(name.to_lowercase()));
            Utf8PathBuf::from(format!("{}.yaml", free.unwrap_or(stem)))
        })
        .collect()
}

fn stem(word: &str) -> String {
    /// Longer names are too long for some file systems.
    const LONGEST: usize = 100;
    let safe: String = word
        .chars()
        .take(LONGEST)
        .map(|character| match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => character,
            _ => '-',
        })
        .collect();
    match safe.trim_matches('-') {
        "" => "project".to_owned(),
        stem => stem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use camino::Utf8Path;

    use super::{file_names, schema_from};

    #[test]
    fn a_file_names_the_schema_of_its_root_relative_to_itself() {
        let from = |directory: &str| schema_from(Utf8Path::new(directory), Utf8Path::new("/w"));
        assert_eq!(from("/w/syncs"), "../.secsync/sync-file.json");
        assert_eq!(from("/w"), ".secsync/sync-file.json");
        assert_eq!(from("/w/a/b"), "../../.secsync/sync-file.json");
        assert_eq!(from("/elsewhere"), "../w/.secsync/sync-file.json");
        assert_eq!(from("/w/./a/../syncs"), "../.secsync/sync-file.json");
    }

    #[test]
    fn names_of_files_stay_in_their_directory_and_differ() {
        let names = file_names(["pay", "../etc/passwd", "..", "Pay", "a/b", "a.b", "secsync"]);
        let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "pay.yaml",
                "etc-passwd.yaml",
                "project.yaml",
                "Pay-2.yaml",
                "a-b.yaml",
                "a-b-2.yaml",
                "secsync-2.yaml"
            ]
        );
    }
}
