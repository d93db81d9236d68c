//! What surrounds the process, captured once at the edge so that a test can replace it: its variables,
//! and the time.

use std::collections::BTreeMap;
use std::time::SystemTime;

/// Environment variables as they were when the program started.
///
/// An empty variable counts as unset, as CI systems pass unset secrets on as empty strings.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// Captures the variables of this process. Those that are not UTF-8 are left out.
    pub fn from_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// The variable's value, if it is set and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The names and values of all variables whose name starts with `prefix`,
    /// with the prefix removed. Empty values are kept: `SECSYNC_VAR_X=` means the empty string.
    pub fn with_prefix<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.variables
            .iter()
            .filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self {
            variables: variables.into_iter().collect(),
        }
    }
}

/// Names only: values can be credentials.
impl std::fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_set()
            .entries(self.variables.keys())
            .finish()
    }
}

/// The time, in RFC 3339 and UTC, to the second.
pub fn now() -> String {
    in_utc(jiff::Timestamp::now())
}

/// A time, in RFC 3339 and UTC, to the second; `None` if it is too far away for a date.
pub fn rfc_3339(time: SystemTime) -> Option<String> {
    jiff::Timestamp::try_from(time).ok().map(in_utc)
}

fn in_utc(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::Environment;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        assert_eq!(environment(&[("TOKEN", "")]).get("TOKEN"), None);
        assert_eq!(environment(&[("TOKEN", "x")]).get("TOKEN"), Some("x"));
    }

    #[test]
    fn debug_output_holds_no_value() {
        let text = format!("{:?}", environment(&[("TOKEN", "hunter2")]));
        assert!(text.contains("TOKEN") && !text.contains("hunter2"));
    }
}
