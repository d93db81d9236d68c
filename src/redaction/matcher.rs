//! Finds parts of secrets in a text.
//!
//! A secret is searched for as it is and in Base64, which has three forms by where in a group of
//! three bytes it begins. Each form is cut into blocks of [`BLOCK`] bytes; any part of it that must
//! be hidden contains one of them whole, so that a search for all blocks at once finds it, and what
//! surrounds the block in the text and in the secret shows how far it goes.
//!
//! What looks like an escape in a text is read both as one and as it is, each for itself: what
//! stands before a secret, or the secret's own characters, can look like one between real ones.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use aho_corasick::Anchored;
use aho_corasick::automaton::Automaton as _;
use aho_corasick::nfa::contiguous::NFA;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::REDACTED;
use super::view::{VIEWS, folded, readings, seen};

/// The shortest secret that is searched for, in characters. It is only found whole.
pub const SHORTEST: usize = 6;

/// The longest part of a secret that may be shown is shorter than this, in characters.
const PART: usize = 12;

/// What is certain of [`PART`] characters in Base64, wherever they begin.
const PART_IN_BASE64: usize = 15;

/// How many places of one block are looked at: the first and the last ones. Only the repetition of a
/// few characters has the same block more often, and in that any place stands for the others.
const PLACES: usize = 32;

/// The length of a block: two of them less one are no longer than any part that must be hidden.
const BLOCK: usize = 6;

/// Finds parts of secrets.
pub struct Matcher {
    forms: Vec<Form>,
    /// `None` if there are more blocks than can be searched for.
    blocks: Option<NFA>,
    /// For each block, the forms that have it and where.
    places: Vec<Vec<(usize, usize)>>,
}

/// A secret in one encoding, as it is seen.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Form {
    bytes: Vec<u8>,
    /// The shortest part that is hidden.
    shortest: usize,
}

impl Matcher {
    /// A matcher of these secrets.
    pub fn new<'a>(secrets: impl Iterator<Item = &'a str>) -> Self {
        let forms: BTreeSet<Form> = secrets.flat_map(forms).collect();
        let forms: Vec<Form> = forms.into_iter().collect();
        let mut blocks: BTreeMap<&[u8], Vec<(usize, usize)>> = BTreeMap::new();
        for (index, form) in forms.iter().enumerate() {
            for (number, block) in form.bytes.chunks_exact(BLOCK).enumerate() {
                blocks
                    .entry(block)
                    .or_default()
                    .push((index, number * BLOCK));
            }
        }
        let found = NFA::new(blocks.keys());
        let mut places: Vec<Vec<(usize, usize)>> = blocks.into_values().collect();
        for places in &mut places {
            if let Some(last) = places.len().checked_sub(PLACES / 2)
                && last > PLACES / 2
            {
                places.drain(PLACES / 2..last);
            }
        }
        Self {
            blocks: found.ok(),
            places,
            forms,
        }
    }

    /// Whether a text holds a part of a secret.
    pub fn finds(&self, text: &str) -> bool {
        !self.found(text).is_empty()
    }

    /// The text without any part of a secret.
    pub fn redacted<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let found = self.found(text);
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut shown = 0;
        for range in found {
            out.push_str(text.get(shown..range.start).unwrap_or_default());
            out.push_str(REDACTED);
            shown = range.end;
        }
        out.push_str(text.get(shown..).unwrap_or_default());
        Cow::Owned(out)
    }

    /// The parts of secrets in a text, in order and apart.
    fn found(&self, text: &str) -> Vec<Range<usize>> {
        let blocks = self.blocks.as_ref();
        let begun =
            blocks.and_then(|blocks| Some((blocks, blocks.start_state(Anchored::No).ok()?)));
        let Some((blocks, start)) = begun else {
            // Rather nothing than a secret.
            return std::iter::once(0..text.len()).collect();
        };
        let text = Text::new(text);
        let mut found: Vec<Range<usize>> = Vec::new();
        // How far each form was found.
        let mut hidden: BTreeMap<usize, usize> = BTreeMap::new();
        // How far each reading has come, and what the search knows of it there.
        let mut readings = BTreeSet::from([(0, start)]);
        while let Some((at, state)) = readings.pop_first() {
            for (end, byte) in text.behind(at) {
                let Some(byte) = byte else {
                    readings.insert((end, state));
                    continue;
                };
                let state = blocks.next_state(Anchored::No, state, byte);
                readings.insert((end, state));
                if !blocks.is_match(state) {
                    continue;
                }
                let hits = (0..blocks.match_len(state)).filter_map(|number| {
                    self.places
                        .get(blocks.match_pattern(state, number).as_usize())
                });
                let parts: Vec<(usize, Range<usize>)> = hits
                    .flatten()
                    // What is hidden already says nothing new of the same form.
                    .filter(|(form, _)| hidden.get(form).is_none_or(|hidden| end > *hidden))
                    .filter_map(|(form, offset)| {
                        let part = self.forms.get(*form)?.around(&text, end, *offset)?;
                        Some((*form, part))
                    })
                    .collect();
                for (form, part) in parts {
                    let hidden = hidden.entry(form).or_default();
                    *hidden = part.end.max(*hidden);
                    add(&mut found, part);
                }
            }
        }
        found
    }
}

impl Form {
    /// The part of it that stands in a text around the end of the block that begins at `offset`;
    /// `None` if it may be shown.
    fn around(&self, text: &Text<'_>, end: usize, offset: usize) -> Option<Range<usize>> {
        let (before, after) = self.bytes.split_at_checked(offset + BLOCK)?;
        let (length_before, starts) = follow(end, before.iter().rev(), |at| text.before(at));
        let (length_after, ends) = follow(end, after.iter(), |at| text.behind(at));
        if length_before + length_after < self.shortest {
            return None;
        }
        Some(starts.into_iter().min()?..ends.into_iter().max()?)
    }
}

/// A text in all its readings: the steps from one place in it to another, each with the byte that is
/// seen on the way.
struct Text<'t> {
    bytes: &'t [u8],
    /// All steps, by where they end: the end, the start and the byte. Made when it is needed first.
    backwards: OnceCell<Vec<(usize, usize, Option<u8>)>>,
}

impl<'t> Text<'t> {
    const fn new(text: &'t str) -> Self {
        Self {
            bytes: text.as_bytes(),
            backwards: OnceCell::new(),
        }
    }

    /// The steps that begin at a place: where they end, and the byte.
    fn behind(&self, at: usize) -> impl Iterator<Item = (usize, Option<u8>)> + use<'t> {
        let rest = self.bytes.get(at..).filter(|rest| !rest.is_empty());
        let steps = rest.map(readings).into_iter().flatten();
        steps.map(move |(length, byte)| (at + length, byte))
    }

    /// The steps that end at a place: where they begin, and the byte.
    fn before(&self, at: usize) -> impl Iterator<Item = (usize, Option<u8>)> {
        let steps = self.backwards.get_or_init(|| {
            let mut steps: Vec<_> = (0..self.bytes.len())
                .flat_map(|start| {
                    self.behind(start)
                        .map(move |(end, byte)| (end, start, byte))
                })
                .collect();
            steps.sort_unstable();
            steps
        });
        let first = steps.partition_point(|(end, ..)| *end < at);
        let steps = steps.iter().skip(first);
        steps
            .take_while(move |(end, ..)| *end == at)
            .map(|(_, start, byte)| (*start, *byte))
    }
}

/// How many of the bytes are seen from a place on, and where one can be after them.
fn follow<'b, S: Iterator<Item = (usize, Option<u8>)>>(
    at: usize,
    bytes: impl Iterator<Item = &'b u8>,
    steps: impl Fn(usize) -> S,
) -> (usize, Vec<usize>) {
    let mut places = vec![at];
    let mut count = 0;
    let (mut open, mut reached) = (Vec::new(), Vec::new());
    for byte in bytes {
        open.clone_from(&places);
        while let Some(place) = open.pop() {
            for (place, seen) in steps(place) {
                let places = match seen {
                    Some(seen) if seen == *byte => &mut reached,
                    Some(_) => continue,
                    None => &mut open,
                };
                if !places.contains(&place) {
                    places.push(place);
                }
            }
        }
        if reached.is_empty() {
            break;
        }
        std::mem::swap(&mut places, &mut reached);
        reached.clear();
        count += 1;
    }
    (count, places)
}

/// Adds a range behind others, of which it may cover the last.
fn add(ranges: &mut Vec<Range<usize>>, mut range: Range<usize>) {
    while let Some(last) = ranges.pop_if(|last| last.end >= range.start) {
        range = last.start.min(range.start)..last.end.max(range.end);
    }
    ranges.push(range);
}

/// A secret in all encodings.
fn forms(secret: &str) -> Vec<Form> {
    let mut forms: Vec<Form> = VIEWS
        .iter()
        .map(|view| seen(*view, secret))
        .filter(|bytes| bytes.len() >= SHORTEST)
        .map(|bytes| Form {
            shortest: bytes.len().min(PART),
            bytes,
        })
        .collect();
    for case in [
        secret.to_owned(),
        secret.to_ascii_lowercase(),
        secret.to_ascii_uppercase(),
    ] {
        for before in 0..3 {
            let bytes = in_base64(case.as_bytes(), before);
            if bytes.len() >= SHORTEST {
                forms.push(Form {
                    shortest: bytes.len().min(PART_IN_BASE64),
                    bytes,
                });
            }
        }
    }
    forms
}

/// What is certain of a text in Base64 behind so many other bytes, whatever they are.
fn in_base64(text: &[u8], before: usize) -> Vec<u8> {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(text);
    let encoded = STANDARD_NO_PAD.encode(&bytes);
    let (first, end) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
    let certain = encoded.bytes().take(end).skip(first);
    certain.map(folded).collect()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::Matcher;

    fn redacted(secret: &str, text: &str) -> String {
        Matcher::new([secret].into_iter())
            .redacted(text)
            .into_owned()
    }

    #[test]
    fn a_part_of_twelve_characters_is_hidden_and_one_of_eleven_is_not() {
        let secret = "abcdefghijklmnopqrstuvwxyz0123456789";
        for start in 0..=secret.len() - 12 {
            let shown = redacted(secret, &format!("<{}>", &secret[start..start + 12]));
            assert_eq!(shown, "<[redacted]>", "from {start}");
            let shown = redacted(secret, &secret[start..start + 11]);
            assert_eq!(shown, &secret[start..start + 11]);
        }
        assert_eq!(redacted(secret, secret), "[redacted]");
    }

    #[test]
    fn a_short_secret_is_hidden_whole() {
        assert_eq!(
            redacted("s3cr3t", "a S3CR3T b s3cr3"),
            "a [redacted] b s3cr3"
        );
        assert_eq!(redacted("s3cr3t", "czNjcjN0"), "[redacted]");
    }

    #[test]
    fn other_text_stays_as_it_is() {
        let text = "Nothing \u{1b}[1mhere\u{1b}[0m & there: 100 % \\n ü";
        assert_eq!(redacted("abcdefghijklmnop", text), text);
    }

    #[test]
    fn a_secret_of_one_letter_and_a_text_of_it_take_no_time() {
        let (secret, text) = ("a".repeat(30_000), "a".repeat(300_000));
        assert_eq!(redacted(&secret, &text), "[redacted]");
        let text = format!("{}b", "a".repeat(11)).repeat(500);
        assert_eq!(redacted(&secret, &text), text);
    }

    #[test]
    fn what_looks_like_an_escape_hides_no_character_from_the_search() {
        for (secret, text) in [
            // One of its own characters, beside an escape.
            (r#"\a0a!!"00aa0"#, r"\a0a!!&quot;00aa0"),
            (r#"\a\c\d\e\g"h"#, r"\a\c\d\e\g&quot;h"),
            ("%41%42%43<xx", "%41%42%43&lt;xx"),
            (r"%41\x42&lt;\", r"%2541\x42&lt;\"),
            ("ab&lt;cd&amp;ef", "ab&amp;lt;cd&amp;amp;ef"),
            // What stands before it.
            (r#"nbcdefgh"ijk"#, r#"\nbcdefgh\"ijk"#),
            ("39;bcdefgh<i", "&#39;bcdefgh&lt;i"),
            ("41cdefgh/ijk", "%41cdefgh%2Fijk"),
            ("abcdefghijkl", r"\u0061bcdefghijkl"),
            ("u00e9f", r"\u00e9\u0066"),
        ] {
            let shown = redacted(secret, text);
            assert!(shown.contains("[redacted]"), "{secret} in {text}: {shown}");
            let rest = shown.replace("[redacted]", "");
            assert!(rest.len() <= 2, "{secret} in {text}: {shown}");
        }
    }

    /// The ways of a server to repeat a text.
    fn encoded(text: &str, way: u8, joint: &str) -> String {
        match way % 9 {
            0 => text.to_owned(),
            1 => text.to_uppercase(),
            2 => text.to_lowercase(),
            3 => text
                .bytes()
                .map(|byte| format!("%{byte:02x}"))
                .collect::<Vec<_>>()
                .concat(),
            4 => text
                .bytes()
                .map(|byte| format!("%25{byte:02X}"))
                .collect::<Vec<_>>()
                .concat(),
            5 => text
                .chars()
                .flat_map(|c| {
                    [joint, c.encode_utf8(&mut [0; 4])]
                        .concat()
                        .chars()
                        .collect::<Vec<_>>()
                })
                .collect(),
            6 => serde_json::to_string(text).unwrap(),
            7 => crate::core::text::in_markup(text),
            _ => text
                .chars()
                .map(|c| format!("\\u{:04x}", u32::from(c)))
                .collect::<Vec<_>>()
                .concat(),
        }
    }

    proptest! {
        #[test]
        fn no_part_of_a_secret_passes(
            secret in "[!-~]{12,60}",
            before in "[ -~]{0,20}",
            behind in "[ -~]{0,20}",
            (from, length) in (0usize..60, 12usize..60),
            way: u8,
            joint in "[\r\n\t\u{0}\u{1b}\u{200b}\u{202e} ]{0,3}",
        ) {
            let from = from % (secret.len() - 11);
            let part = &secret[from..(from + length).min(secret.len())];
            prop_assume!(part.len() >= 12);
            let text = encoded(part, way, &joint);
            let shown = redacted(&secret, &format!("{before}{text}{behind}"));
            prop_assert!(shown.contains("[redacted]"), "{shown}");
            // At most the beginning of an escape, quotes and a joint are left.
            let rest = shown.replace("[redacted]", "");
            let grown = rest.len().saturating_sub(before.len() + behind.len());
            prop_assert!(grown <= 12, "{shown}");
        }

        #[test]
        fn no_part_of_a_secret_passes_in_base64(
            secret in "[!-~]{12,60}",
            before in "[ -~]{0,8}",
            behind in "[ -~]{0,8}",
            (from, length) in (0usize..60, 12usize..60),
            is_url_safe: bool,
            case in 0u8..3,
        ) {
            let from = from % (secret.len() - 11);
            let part = &secret[from..(from + length).min(secret.len())];
            prop_assume!(part.len() >= 12);
            let part = match case {
                0 => part.to_owned(),
                1 => part.to_lowercase(),
                _ => part.to_uppercase(),
            };
            let text = format!("{before}{part}{behind}");
            let text = if is_url_safe {
                URL_SAFE_NO_PAD.encode(text)
            } else {
                STANDARD.encode(text)
            };
            let shown = redacted(&secret, &text);
            prop_assert!(shown.contains("[redacted]"), "{text} {shown}");
        }

        #[test]
        fn any_text_is_redacted_without_a_panic(secret in "\\PC{6,40}", text in "\\PC*") {
            redacted(&secret, &text);
        }
    }
}
