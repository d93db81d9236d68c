//! The schema files that are part of the program.

use std::borrow::Cow;

use crate::core::platform::Platform;
use crate::provider::door;
use crate::provider::door::{BundledText, Door};

/// The names and texts of a platform's files, sorted by name.
pub fn files(platform: Platform) -> &'static [(&'static str, BundledText)] {
    door(platform).map_or(&[], Door::schemas)
}

/// The text of one file.
pub fn text(platform: Platform, name: &str) -> Option<Cow<'static, str>> {
    let files = files(platform);
    let at = files.binary_search_by_key(&name, |(name, _)| name).ok()?;
    Some(files[at].1.text())
}

#[cfg(test)]
mod tests {
    use super::files;

    use crate::provider::platforms;
    use crate::schema::schema_file::SchemaFile;

    #[test]
    fn every_schema_file_of_the_repository_is_bundled_in_order() {
        for platform in platforms() {
            let root = std::env::var("CARGO_MANIFEST_DIR").unwrap();
            let directory = format!("{root}/schemas/{}", platform.name());
            let mut present: Vec<String> = std::fs::read_dir(directory)
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
                .collect();
            present.sort_unstable();
            let bundled: Vec<&str> = files(platform).iter().map(|(name, _)| *name).collect();
            assert_eq!(bundled, present);
        }
    }

    #[test]
    fn bundled_files_are_written_as_the_extractor_writes_them() {
        for kind in platforms() {
            for (name, text) in files(kind) {
                let text = text.text();
                let file = SchemaFile::parse(&text).unwrap();
                assert_eq!(file.to_text(&(kind, (*name).to_owned())), text, "{name}");
            }
        }
    }

    #[test]
    fn bundled_files_hold_no_prose() {
        for (name, text) in platforms().into_iter().flat_map(files) {
            assert!(!text.text().contains("\"description\": \""), "{name}");
        }
    }
}
