//! Every code that a finding can have: those of what is true of every platform, and the platforms'
//! own.

use super::door::Door;
use super::doors;
use crate::core::code::Code;

/// All codes: the general ones, then each platform's.
pub fn codes() -> Vec<Code> {
    let own = doors().into_iter().flat_map(Door::lints);
    Code::GENERAL.iter().chain(own).copied().collect()
}

/// Those whose level the workspace can set.
pub fn lints() -> Vec<Code> {
    let mut codes = codes();
    codes.retain(|code| code.is_lint());
    codes
}

/// The code of that name.
pub fn find(name: &str) -> Option<Code> {
    codes().into_iter().find(|code| code.name() == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{codes, find};
    use crate::core::code::Code;

    #[test]
    fn names_are_unique_and_in_kebab_case() {
        let names: BTreeSet<_> = codes().into_iter().map(Code::name).collect();
        assert_eq!(names.len(), codes().len());
        for name in names {
            assert!(
                name.chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
                "{name}"
            );
        }
    }

    #[test]
    fn every_code_is_found_by_its_name() {
        for code in codes() {
            assert_eq!(find(code.name()), Some(code));
        }
        assert_eq!(find("no-such-code"), None);
    }

    #[test]
    fn every_page_says_why_shows_an_example_and_how_to_fix_it() {
        for code in codes() {
            let page = code.page();
            let (why, rest) = page
                .split_once("\n## Example\n")
                .unwrap_or_else(|| panic!("{code} has no example"));
            let (example, fix) = rest
                .split_once("\n## Fix\n")
                .unwrap_or_else(|| panic!("{code} does not say how to fix it"));
            assert!(why.trim().len() > 80, "{code} does not say why");
            assert!(example.contains("```"), "{code} shows nothing");
            assert!(!fix.trim().is_empty(), "{code} fixes nothing");
            assert_eq!(page.matches("```").count() % 2, 0, "{code}: an open block");
        }
    }

    #[test]
    fn every_summary_is_a_sentence() {
        for code in codes() {
            assert!(code.summary().ends_with('.'), "{code}");
        }
    }
}
