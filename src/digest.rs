//! SHA-256 of bytes and of JSON.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The SHA-256 of bytes, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    Sha256::digest(bytes)
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// The SHA-256 of bytes in Base64, as a Content Security Policy names scripts and styles.
pub fn sha256_in_base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(Sha256::digest(bytes))
}

/// The SHA-256 of a JSON value, in hexadecimal: the same however its keys are ordered and however
/// it is laid out.
pub fn of_json(value: &Value) -> String {
    let mut sorted = value.clone();
    sorted.sort_all_objects();
    sha256(sorted.to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{of_json, sha256};

    fn of(text: &str) -> String {
        of_json(&serde_json::from_str::<Value>(text).unwrap())
    }

    #[test]
    fn it_is_the_digest_that_other_tools_compute() {
        assert_eq!(
            sha256(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(
            of(r#"{"b": [1, "x"], "a": null}"#),
            sha256(br#"{"a":null,"b":[1,"x"]}"#)
        );
    }

    #[test]
    fn the_order_of_keys_and_the_layout_make_no_difference_and_all_else_does() {
        let one = of(r#"{"a": {"c": 1.5, "d": [true, {"e": "f", "g": 0}]}, "b": 2}"#);
        assert_eq!(
            one,
            of(r#"{"b":2,"a":{"d":[true,{"g":0,"e":"f"}],"c":1.5}}"#)
        );
        for other in [
            r#"{"a": {"c": 1.5, "d": [true, {"e": "f", "g": 0}]}, "b": 3}"#,
            r#"{"a": {"c": 1.5, "d": [{"e": "f", "g": 0}, true]}, "b": 2}"#,
            r#"{"a": {"c": "1.5", "d": [true, {"e": "f", "g": 0}]}, "b": 2}"#,
            r#"{"a": {"d": [true, {"e": "f", "g": 0}]}, "c": 1.5, "b": 2}"#,
        ] {
            assert_ne!(one, of(other), "{other}");
        }
    }
}
