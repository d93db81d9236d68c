//! Ids that look like the platforms' own and are the same in every run.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// A version 4 UUID that only the parts decide.
pub fn uuid(parts: &[&str]) -> String {
    let mut bytes = digest(parts);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = hex(&bytes[..16]);
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

/// A short word of hexadecimal digits that only the parts decide.
pub fn word(parts: &[&str], length: usize) -> String {
    let mut word = hex(&digest(parts));
    word.truncate(length);
    word
}

/// A number below the bound that only the parts decide; 0 if the bound is 0.
pub fn below(bound: u32, parts: &[&str]) -> u32 {
    let digest = digest(parts);
    let number = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    number.checked_rem(bound).unwrap_or(0)
}

fn digest(parts: &[&str]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    hasher.finalize().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::{uuid, word};
    use crate::core::words::is_uuid;

    #[test]
    fn the_same_parts_give_the_same_uuid_and_others_another() {
        assert_eq!(uuid(&["project", "a"]), uuid(&["project", "a"]));
        assert_ne!(uuid(&["project", "a"]), uuid(&["projecta", ""]));
    }

    #[test]
    fn what_is_made_has_the_form_of_a_uuid() {
        let made = uuid(&["x"]);
        assert!(is_uuid(&made), "{made}");
        assert_eq!(made.as_bytes()[14], b'4');
        assert!(!is_uuid("0b81bdb2-4c1e-48fd-aa17-40c5a9b51d2"));
        assert!(!is_uuid("0b81bdb2_4c1e-48fd-aa17-40c5a9b51d2e"));
    }

    #[test]
    fn a_word_has_the_length_asked_for() {
        assert_eq!(word(&["x"], 14).len(), 14);
    }
}
