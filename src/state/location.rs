//! Where a state can be kept.

use std::fmt;

use camino::Utf8PathBuf;

use crate::root;

/// Where a state is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateLocation {
    /// A file.
    File(FilePlace),
    /// An object of a store.
    Object(ObjectUrl),
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePlace {
    /// Its path.
    pub path: Utf8PathBuf,
    /// The directory that no link on the way may lead out of; `None` if a person named the file.
    pub root: Option<Utf8PathBuf>,
    /// The directory that people see it from.
    pub directory: Utf8PathBuf,
}

impl FilePlace {
    /// Its path as people write it.
    pub fn shown(&self) -> Utf8PathBuf {
        root::shown(&self.path, &self.directory)
    }
}

impl StateLocation {
    /// Whether two places are the same, however they are spelled.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File(one), Self::File(other)) => {
                let real = |file: &FilePlace| file.path.canonicalize_utf8().ok();
                one.path == other.path || real(one).is_some_and(|one| Some(one) == real(other))
            }
            _ => self == other,
        }
    }
}

impl fmt::Display for StateLocation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => file.shown().fmt(formatter),
            Self::Object(url) => url.fmt(formatter),
        }
    }
}

/// The kinds of object stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    /// Amazon S3, and what speaks its API.
    S3,
    /// Google Cloud Storage.
    Google,
    /// Azure Blob Storage.
    Azure,
}

/// An object of a store: `s3://bucket/path/state.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectUrl {
    /// The kind of store.
    pub kind: StoreKind,
    /// The bucket; for Azure the container.
    pub bucket: String,
    /// The path of the object.
    pub key: String,
}

impl ObjectUrl {
    /// Whether a text means an object, and not a file.
    pub fn is_meant(text: &str) -> bool {
        text.contains("://")
    }

    /// Reads a URL. An error follows the text in a sentence: `has a query`.
    ///
    /// Only plain characters are taken: the URL is printed for people to copy into a shell, and
    /// it can come from a file of a stranger.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = text.split_once("://").ok_or("is not a URL")?;
        let kind = match scheme {
            "s3" => StoreKind::S3,
            "gs" => StoreKind::Google,
            "az" => StoreKind::Azure,
            _ => return Err("is not in a supported store; use s3://, gs:// or az://"),
        };
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if rest.contains(['?', '#']) {
            return Err("has a query or a fragment");
        }
        if bucket.contains('@') {
            return Err("holds a user name or a password");
        }
        let is_plain = |text: &str, more: &str| {
            text.chars()
                .all(|c| c.is_ascii_alphanumeric() || more.contains(c))
        };
        if bucket.is_empty() || !is_plain(bucket, ".-_") {
            return Err("names no bucket");
        }
        if key.is_empty() || key.ends_with('/') {
            return Err("names no object in its bucket");
        }
        if key
            .split('/')
            .any(|part| part.is_empty() || part == "." || part == "..")
        {
            return Err("has an empty part, a `.` or a `..` in its path");
        }
        if !is_plain(key, ".-_/=@+") {
            return Err("has a character other than letters, digits and . - _ = @ + in its path");
        }
        Ok(Self {
            kind,
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        })
    }
}

impl fmt::Display for ObjectUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.kind {
            StoreKind::S3 => "s3",
            StoreKind::Google => "gs",
            StoreKind::Azure => "az",
        };
        write!(formatter, "{scheme}://{}/{}", self.bucket, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::ObjectUrl;

    #[test]
    fn a_url_names_a_store_a_bucket_and_an_object() {
        for text in [
            "s3://acme-state/secsync/state.json",
            "gs://acme/state",
            "az://container/a/b=c/state@1+2.json",
        ] {
            let url = ObjectUrl::parse(text).expect(text);
            assert_eq!(url.to_string(), text);
        }
    }

    #[test]
    fn what_names_no_object_or_could_not_be_copied_safely_is_refused() {
        for (text, reason) in [
            (
                "https://acme.example/state.json",
                "is not in a supported store",
            ),
            ("S3://acme/state.json", "is not in a supported store"),
            ("file:///etc/passwd", "is not in a supported store"),
            ("s3://", "names no bucket"),
            ("s3:///state.json", "names no bucket"),
            ("s3://$(id)/state.json", "names no bucket"),
            ("s3://user:hunter2@acme/state.json", "holds a user name"),
            ("s3://acme", "names no object"),
            ("s3://acme/", "names no object"),
            ("s3://acme/a/", "names no object"),
            ("s3://acme//a", "has an empty part"),
            ("s3://acme/../a", "has an empty part"),
            ("az://acme/a?sig=hunter2", "has a query"),
            ("s3://acme/a#b", "has a query"),
            ("s3://acme/$(id)", "has a character other than"),
            ("s3://acme/a b", "has a character other than"),
            ("s3://acme/a\u{1b}[2J", "has a character other than"),
            ("s3://acme/a%2e%2e", "has a character other than"),
        ] {
            let error = ObjectUrl::parse(text).expect_err(text);
            assert!(error.starts_with(reason), "{text}: {error}");
        }
    }
}
