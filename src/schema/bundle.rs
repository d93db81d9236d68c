//! The schema files that are part of the program.

use crate::core::platform::Platform;

macro_rules! bundle {
    ($($slug:literal,)*) => {
        /// Infisical's destinations, sorted by slug, each with its file's text.
        const INFISICAL: &[(&str, &str)] = &[$((
            $slug,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/infisical/", $slug, ".json")),
        ),)*];
    };
}

// A list, so that the compiler knows which files it depends on.
bundle! {
    "1password",
    "aws-parameter-store",
    "aws-secrets-manager",
    "azure-app-configuration",
    "azure-devops",
    "azure-entra-id-scim",
    "azure-key-vault",
    "bitbucket",
    "camunda",
    "checkly",
    "chef",
    "circleci",
    "cloud-66",
    "cloudflare-pages",
    "cloudflare-secrets-store",
    "cloudflare-workers",
    "databricks",
    "daytona",
    "devin",
    "digital-ocean-app-platform",
    "external-infisical",
    "flyio",
    "gcp-secret-manager",
    "github",
    "gitlab",
    "hashicorp-vault",
    "hasura-cloud",
    "heroku",
    "humanitec",
    "keeper-password-manager",
    "laravel-forge",
    "netlify",
    "northflank",
    "oci-vault",
    "octopus-deploy",
    "ona",
    "ovh",
    "portainer",
    "qovery",
    "railway",
    "render",
    "rundeck",
    "snowflake",
    "spacelift",
    "supabase",
    "teamcity",
    "terraform-cloud",
    "travis-ci",
    "trigger-dev",
    "vercel",
    "windmill",
    "zabbix",
}

/// Enkryptify's one file.
const ENKRYPTIFY: &[(&str, &str)] = &[(
    super::file::START,
    include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/schemas/enkryptify/start.json"
    )),
)];

/// The names and texts of a platform's files, sorted by name.
pub fn files(platform: Platform) -> &'static [(&'static str, &'static str)] {
    if platform.lists_destinations() {
        INFISICAL
    } else {
        ENKRYPTIFY
    }
}

/// The text of one file.
pub fn text(platform: Platform, name: &str) -> Option<&'static str> {
    let files = files(platform);
    let at = files.binary_search_by_key(&name, |(name, _)| name).ok()?;
    Some(files[at].1)
}

#[cfg(test)]
mod tests {
    use super::files;

    use crate::provider::platforms;
    use crate::schema::file::SchemaFile;

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
                let file = SchemaFile::parse(text).unwrap();
                assert_eq!(file.to_text(&(kind, (*name).to_owned())), *text, "{name}");
            }
        }
    }

    #[test]
    fn all_that_is_bundled_is_less_than_a_megabyte() {
        let sizes = platforms().into_iter().flat_map(files);
        let size: usize = sizes.map(|(_, text)| text.len()).sum();
        // Uncompressed files cost no time to open; beyond this they would be worth compressing.
        assert!(size < 1_000_000, "{size} bytes");
    }

    #[test]
    fn bundled_files_hold_no_prose() {
        for (name, text) in platforms().into_iter().flat_map(files) {
            assert!(!text.contains("\"description\": \""), "{name}");
        }
    }
}
