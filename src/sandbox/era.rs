//! Which Infisical the emulator behaves like. What differs between the two asks here.

use std::str::FromStr;

/// A time whose Infisical is emulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Era {
    /// A self-hosted server of June 2025, as it was observed over HTTP.
    June2025,
    /// The cloud of autumn 2026, as its public source and pages describe it.
    #[default]
    Today,
}

impl Era {
    /// Whether it is the newer one.
    pub const fn is_today(self) -> bool {
        matches!(self, Self::Today)
    }

    /// Whether the server has a route whose path, below `/api`, starts with these segments.
    /// The routes of projects and folders were replaced; what is not listed is as old as the rest.
    pub fn has_routes_below(self, segments: &[&str]) -> bool {
        match segments {
            ["v1" | "v2", "workspace", ..] | ["v1", "folders", ..] => !self.is_today(),
            ["v1", "projects" | "identities", ..]
            | ["v2", "folders", ..]
            | ["v1", "secret-syncs", _, "check-destination"] => self.is_today(),
            _ => true,
        }
    }
}

impl FromStr for Era {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "2025" => Ok(Self::June2025),
            "today" => Ok(Self::Today),
            _ => Err(format!("`{word}` is not a known era. Use 2025 or today.")),
        }
    }
}
