//! What a misspelt word most likely meant, for "did you mean".

/// The longest word that is compared with those that could be meant, in bytes.
const LONGEST_COMPARED: usize = 200;
/// How similar two words are at least of which one can be meant by the other.
const NEAR: f64 = 0.8;

/// The candidate that the user most likely meant.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    nearest(word, candidates).map(|(candidate, _)| candidate)
}

/// Whether a word is so near to another that it can be read as that one, and not only be asked
/// about: some letters differ, or it is cut short.
pub fn is_slip(word: &str, meant: &str) -> bool {
    if word.len() > LONGEST_COMPARED {
        return false;
    }
    let [word, meant] = [word, meant].map(|text| text.to_lowercase().replace(['_', '-'], ""));
    let is_cut_short = word.len() >= 3 && meant.starts_with(&word);
    is_cut_short || strsim::osa_distance(&word, &meant) <= 1 + meant.len() / 4
}

/// The candidate that the user most likely meant, and how near it is, at most 1.
pub fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<(&'a str, f64)> {
    // Comparing takes the product of both lengths, and no name is so long.
    if word.len() > LONGEST_COMPARED {
        return None;
    }
    let folded = word.to_lowercase();
    let letters = Letters::of(&folded);
    candidates
        .into_iter()
        .filter(|candidate| letters.can_be_near(candidate))
        .map(|candidate| {
            let other = candidate.to_lowercase();
            let similarity = strsim::jaro_winkler(&folded, &other);
            // Two swapped letters of a short word look like a different word otherwise.
            let is_one_slip = folded.len() > 2 && strsim::osa_distance(&folded, &other) == 1;
            let least = if is_one_slip { 0.8 } else { 0.0 };
            (candidate, similarity.max(least))
        })
        .filter(|(_, similarity)| *similarity >= NEAR)
        .reduce(|best, next| if next.1 > best.1 { next } else { best })
}

/// The letters of a word, by which most others are seen to be too different without a comparison.
struct Letters {
    /// How often each one occurs, and how many there are; `None` with others than ASCII.
    counted: Option<([u8; 128], u8)>,
}

impl Letters {
    fn of(word: &str) -> Self {
        let mut counts = [0; 128];
        let length = u8::try_from(word.len()).ok().filter(|_| word.is_ascii());
        let counted = length.map(|length| {
            for byte in word.bytes() {
                if let Some(count) = counts.get_mut(usize::from(byte)) {
                    *count += 1;
                }
            }
            (counts, length)
        });
        Self { counted }
    }

    /// Whether a word can be as similar as [`NEAR`], or one slip away. Jaro's similarity is at most
    /// this if all letters that both have are in their places, and Winkler adds at most 0.4 of the
    /// rest.
    fn can_be_near(&self, other: &str) -> bool {
        let length = u8::try_from(other.len()).ok().filter(|_| other.is_ascii());
        let (Some((mut counts, own)), Some(length)) = (self.counted, length) else {
            return true;
        };
        let mut common = 0_u8;
        for byte in other.bytes() {
            let count = counts.get_mut(usize::from(byte.to_ascii_lowercase()));
            if let Some(count) = count.filter(|count| **count > 0) {
                *count -= 1;
                common += 1;
            }
        }
        let (common, own, length) = (f64::from(common), f64::from(own), f64::from(length));
        let jaro = (common / own.max(1.0) + common / length.max(1.0) + 1.0) / 3.0;
        jaro + 0.4 * (1.0 - jaro) >= NEAR || common + 1.0 >= own.max(length)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert_eq, proptest};

    use super::{NEAR, closest, is_slip};

    proptest! {
        #[test]
        fn no_word_is_passed_over_that_is_near(
            word in "[a-cA-C_é]{0,9}", other in "[a-cA-C_é]{0,9}"
        ) {
            let [one, two] = [&word, &other].map(|text| text.to_lowercase());
            let is_near = strsim::jaro_winkler(&one, &two) >= NEAR
                || (one.len() > 2 && strsim::osa_distance(&one, &two) == 1);
            prop_assert_eq!(closest(&word, [&*other]).is_some(), is_near);
        }
    }

    #[test]
    fn a_slip_is_not_another_word() {
        for (word, meant) in [
            ("destinaton", "destination"),
            ("dest", "destination"),
            ("connection_id", "connectionId"),
            ("sync", "syncs"),
        ] {
            assert!(is_slip(word, meant), "{word}");
        }
        for (word, meant) in [("clientId", "lint"), ("description", "destination")] {
            assert!(!is_slip(word, meant), "{word}");
        }
    }

    #[test]
    fn suggests_a_similar_word_and_none_for_a_foreign_one() {
        let fields = ["secretPath", "syncOptions", "environment", "description"];
        assert_eq!(closest("secret_path", fields), Some("secretPath"));
        assert_eq!(closest("enviroment", fields), Some("environment"));
        assert_eq!(closest("zebra", fields), None);
        assert_eq!(closest("ogr", ["org", "app"]), Some("org"));
        assert_eq!(closest("a", ["b"]), None);
    }
}
