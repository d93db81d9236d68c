//! Which part of the projects a run is about, so that several runs share the work.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The most parts that projects are divided into.
const MAX: u32 = 1000;

/// One of several parts of all projects. Each project is in exactly one of them, whoever asks and
/// whatever other projects there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Parts")]
pub struct Shard {
    index: u32,
    of: u32,
}

/// A shard as it is written, which may not exist.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    index: u32,
    of: u32,
}

impl TryFrom<Parts> for Shard {
    type Error = String;

    fn try_from(Parts { index, of }: Parts) -> Result<Self, String> {
        if (1..=MAX).contains(&of) && (1..=of).contains(&index) {
            Ok(Self { index, of })
        } else {
            Err(format!("there is no shard {index} of {of}"))
        }
    }
}

impl Shard {
    /// Whether a project is in this shard.
    ///
    /// The shard of a project is the one of 1 to n whose SHA-256 is the highest, compared byte by
    /// byte, of the UTF-8 text `SERVER NUL PROJECT NUL SHARD`: the origin of the server
    /// (`https://app.infisical.com`), the id of the project and the number of the shard in decimal,
    /// with a zero byte between them. So a project moves only to a shard that is added or from one
    /// that is removed (rendezvous hashing). This must never change: two runs with different
    /// functions would leave projects to each other.
    pub fn holds(self, server: &str, project_id: &str) -> bool {
        let of_project = Sha256::new().chain_update(format!("{server}\0{project_id}\0"));
        let rank = |shard: u32| {
            let hash = of_project.clone().chain_update(shard.to_string());
            (hash.finalize(), shard)
        };
        let own = rank(self.index);
        (1..=self.of).all(|other| rank(other) <= own)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Numbers accept a sign, which a shard does not.
        let number = |digits: &str| {
            let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| digits.parse().ok()).flatten()
        };
        text.split_once('/')
            .and_then(|(index, of)| {
                let (index, of) = (number(index)?, number(of)?);
                Self::try_from(Parts { index, of }).ok()
            })
            .ok_or_else(|| {
                format!(
                    "write I/N, the number of this shard and how many there are, such as 1/3; N is \
                     at most {MAX}"
                )
            })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::Shard;

    /// The shards among `of` that hold a project.
    fn holders(of: u32, server: &str, project: &str) -> Vec<u32> {
        let shards = 1..=of;
        shards
            .filter(|index| Shard { index: *index, of }.holds(server, project))
            .collect()
    }

    proptest! {
        /// A project is in one shard, whatever other projects there are, since no other one is asked.
        #[test]
        fn the_shards_are_disjoint_and_together_the_whole(
            server in ".{0,30}", project in ".{0,40}", of in 1..20u32,
        ) {
            prop_assert_eq!(holders(of, &server, &project).len(), 1);
        }

        #[test]
        fn one_more_shard_takes_projects_and_moves_none_between_the_others(
            server in ".{0,30}", project in ".{0,40}", of in 1..20u32,
        ) {
            let (before, after) = (holders(of, &server, &project), holders(of + 1, &server, &project));
            prop_assert!(after == before || after == [of + 1], "{before:?} {after:?}");
        }
    }

    /// The numbers are those of `printf 'SERVER\0ID\0%d' N | sha256sum`, and must never change.
    #[test]
    fn a_project_stays_in_its_shard_from_version_to_version() {
        let server = "https://app.infisical.com";
        let of = |project: &str| [2, 3, 5, 16].map(|of| holders(of, server, project)[0]);
        assert_eq!(of("1b9f4d1c-0d5f-4a57-9d2f-0d3c5c0a7e11"), [1, 3, 3, 3]);
        assert_eq!(of("2c8e5e2d-1e60-4b68-8e30-1e4d6d1b8f22"), [1, 1, 1, 13]);
        assert_eq!(of("prj_web"), [1, 3, 5, 14]);
        assert_eq!(holders(3, "sandbox:infisical", "prj_web"), [2]);
    }

    #[test]
    fn projects_are_spread_evenly() {
        let mut counts = [0; 4];
        for number in 0..1000 {
            let holder = holders(4, "https://app.infisical.com", &format!("prj_{number}"))[0];
            counts[holder as usize - 1] += 1;
        }
        assert!(
            counts.iter().all(|count| (200..300).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn a_shard_is_one_of_those_that_there_are() {
        for text in ["1/1", "1/3", "3/3", "1000/1000"] {
            assert_eq!(text.parse::<Shard>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "/",
            "1",
            "1/",
            "/3",
            "0/3",
            "4/3",
            "1/0",
            "0/0",
            "-1/3",
            "+1/3",
            "1/3/3",
            "1 / 3",
            "1/1001",
            "a/b",
            "99999999999/99999999999",
        ] {
            let refused = text.parse::<Shard>().unwrap_err();
            assert!(refused.starts_with("write I/N"), "{text}: {refused}");
        }
    }

    #[test]
    fn a_document_names_only_shards_that_there_are() {
        let read = serde_json::from_value::<Shard>;
        let shard = read(json!({"index": 2, "of": 3})).unwrap();
        assert_eq!(json!(shard), json!({"index": 2, "of": 3}));
        for wrong in [
            json!({"index": 4, "of": 3}),
            json!({"index": 0, "of": 3}),
            json!({"index": 1, "of": 1001}),
            json!({"index": 1, "of": 3, "from": 2}),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
