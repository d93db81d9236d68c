//! What the layout of `src/` promises: which part may know what. Read from the source itself.

use std::collections::BTreeMap;
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use regex::Regex;
use secsync::core::platform::Platform;
use secsync::provider::platforms;

use crate::repository;

/// All files below a directory, by their paths from the root of the repository.
fn files_in(directory: &str) -> Vec<Utf8PathBuf> {
    let mut files = Vec::new();
    let mut directories = vec![repository().join(directory)];
    while let Some(directory) = directories.pop() {
        for entry in directory.read_dir_utf8().unwrap() {
            let path = entry.unwrap().into_path();
            if path.is_dir() {
                directories.push(path);
            } else {
                files.push(path.strip_prefix(repository()).unwrap().to_owned());
            }
        }
    }
    files.sort();
    files
}

fn read(path: &Utf8Path) -> String {
    fs::read_to_string(repository().join(path)).unwrap()
}

/// A file of `src/` and what it does outside its comments and tests.
pub struct Source {
    pub path: Utf8PathBuf,
    pub code: String,
}

impl Source {
    fn is_in(&self, place: &str) -> bool {
        self.path.starts_with(format!("src/{place}")) || self.path == *format!("src/{place}.rs")
    }
}

pub fn sources() -> Vec<Source> {
    let files = files_in("src");
    let is_test = |path: &Utf8Path| {
        let declared = format!(
            r"#\[cfg\(test\)\]\n(pub(\(crate\))? )?mod {};",
            path.file_stem().unwrap()
        );
        let declared = Regex::new(&declared).unwrap();
        let directory = repository().join(path.parent().unwrap());
        [directory.join("mod.rs"), directory.with_extension("rs")]
            .iter()
            .filter_map(|parent| fs::read_to_string(parent).ok())
            .any(|parent| declared.is_match(&parent))
    };
    let is_within_tests = |path: &Utf8Path| path.components().any(|part| part.as_str() == "tests");
    files
        .into_iter()
        .filter(|path| path.extension() == Some("rs"))
        .filter(|path| !is_within_tests(path) && !is_test(path))
        .map(|path| Source {
            code: code_of(&read(&path)),
            path,
        })
        .collect()
}

/// A source text without its comments and its tests, which come last.
fn code_of(text: &str) -> String {
    let code = match text.find("#[cfg(test)]\nmod tests {") {
        Some(tests) => &text[..tests],
        None => text,
    };
    code.split_inclusive('\n')
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect()
}

/// Fails for each line that matches a pattern where it must not.
#[track_caller]
fn forbid(pattern: &str, is_forbidden_in: impl Fn(&Source) -> bool) {
    let pattern = Regex::new(pattern).unwrap();
    let found: Vec<String> = sources()
        .iter()
        .filter(|source| is_forbidden_in(source))
        .flat_map(|source| {
            source
                .code
                .lines()
                .filter(|line| pattern.is_match(line))
                .map(|line| format!("{}: {}", source.path, line.trim()))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_reader_of_sources_sees_code_and_neither_comments_nor_tests() {
    let text = "//! println!\nfn a() {}\n    // tokio\nfn b() {}\n#[cfg(test)]\nmod tests {\n    miette\n}\n";
    assert_eq!(code_of(text), "fn a() {}\nfn b() {}\n");
    let sources = sources();
    let has = |path: &str| sources.iter().any(|source| source.path == path);
    assert!(has("src/lib.rs") && has("src/core/diff.rs") && has("src/cli/terminal.rs"));
    assert!(!has("src/core/plan/tests.rs") && !has("src/core/testing.rs"));
}

/// The modules of the map in `src/lib.rs`, from the top down.
fn map() -> Vec<String> {
    let text = read(Utf8Path::new("src/lib.rs"));
    let module = Regex::new(r"\[`(\w+)`\]").unwrap();
    text.lines()
        .filter(|line| line.starts_with("//! |"))
        .flat_map(|line| module.captures_iter(line))
        .map(|found| found[1].to_owned())
        .collect()
}

/// A module that imports only from below can be read, tested and changed without what is above.
#[test]
fn imports_go_down_the_map() {
    let map = map();
    let imported = Regex::new(r"\bcrate::(\{|\w+)").unwrap();
    let mut upwards = Vec::new();
    for source in sources() {
        let module = source.path.components().nth(1).unwrap().as_str();
        let module = module.trim_end_matches(".rs");
        if matches!(module, "main" | "lib") {
            continue;
        }
        let own = map.iter().position(|other| other == module);
        let own = own.unwrap_or_else(|| panic!("{module} is not on the map in src/lib.rs"));
        for found in imported.captures_iter(&source.code) {
            if !map[own..].iter().any(|below| *below == found[1]) {
                upwards.push(format!("{}: {}", source.path, &found[0]));
            }
        }
    }
    assert_eq!(upwards, [""; 0]);
}

/// So each of its rules can be tested with values alone.
#[test]
fn the_core_is_values_in_and_values_out() {
    let is_in_core = |source: &Source| source.is_in("core");
    forbid(
        r"\b(tokio|reqwest|miette|granit\w*|serde_yaml|jsonschema|async|await)\b",
        is_in_core,
    );
    forbid(r"\bstd::(fs|net|env|process|thread|io)\b", is_in_core);
    forbid(
        r"\bstd::\{[^}]*\b(fs|net|env|process|thread|io)\b",
        is_in_core,
    );
}

/// The terminal's file escapes and colours what it prints, and knows whether somebody reads it.
#[test]
fn one_file_prints() {
    forbid(r"\b(e?print(ln)?|dbg)!", |_| true);
    forbid(r"\b(stdout|stderr)\(\)", |source| {
        // A file that is called `/dev/stdout` is what is open already.
        !source.is_in("cli/terminal") && !source.is_in("root/place")
    });
}

/// So a crate can be exchanged, and what it does is decided in one place.
#[test]
fn one_module_uses_each_of_these_crates() {
    for (crates, module) in [
        ("jsonschema", "schema/validate"),
        ("granit_parser|serde_yaml", "yaml"),
        ("object_store", "state/object"),
    ] {
        forbid(&format!(r"\b({crates})::"), |source| !source.is_in(module));
    }
}

/// Requests that are made elsewhere would miss the rules for trust, limits and retries.
#[test]
fn only_the_http_module_makes_requests() {
    // The names of the methods may be used everywhere.
    forbid(r"\breqwest::([^M]|M[^e])", |source| !source.is_in("http"));
}

/// A second place that tries again would multiply the tries of the first.
#[test]
fn one_file_decides_what_is_sent_again() {
    let decides = |source: &Source| source.is_in("http/retry") || source.is_in("sandbox");
    forbid(r"\b(429|50[234])\b", |source| !decides(source));
    // Reading the header is not deciding on it.
    forbid(r"(?i)retry.?after", |source| {
        !decides(source) && !source.is_in("http/answer")
    });
}

#[test]
fn the_two_platforms_do_not_know_each_other() {
    forbid(r"(?i)enkryptify", |source| {
        source.is_in("provider/infisical")
    });
    forbid(r"(?i)infisical", |source| {
        source.is_in("provider/enkryptify")
    });
}

/// A platform is known by its door. What is not behind one asks what a platform can do.
#[test]
fn no_platform_is_known_by_name() {
    let names: Vec<&str> = platforms().into_iter().map(Platform::name).collect();
    // Each platform, the one list of them, and the emulator of them, which is no part of their use.
    let may_name = |source: &Source| {
        names
            .iter()
            .any(|name| source.is_in(&format!("provider/{name}")))
            || source.path == "src/provider/mod.rs"
            || source.is_in("sandbox")
    };
    forbid(&format!("(?i){}", names.join("|")), |source| {
        !may_name(source)
    });
    forbid(r"\bPLATFORM\b", |source| !may_name(source));
    // Nor is one recognised by what it is called.
    forbid(r"platform(\(\))?\.(name|title)\(\) [!=]=", |source| {
        !source.is_in("provider")
    });
}

/// The help of a flag is its doc comment.
#[test]
fn no_help_of_a_flag_names_a_platform() {
    let names = platforms().into_iter().map(Platform::name);
    let names = names.collect::<Vec<_>>().join("|");
    let named = Regex::new(&format!("(?i)^ *///.*({names})")).unwrap();
    for path in files_in("src/cli/commands") {
        for line in read(&path).lines() {
            assert!(!named.is_match(line), "{path}: {line}");
        }
    }
}

/// A second one could send a credential to a server that nobody vouches for.
#[test]
fn one_file_hands_out_credentials() {
    let hands_out = |source: &Source| source.path == "src/provider/trust.rs";
    forbid(r"\bAuthenticatedClient::new\b", |source| !hands_out(source));
    // Its declaration, and taking one apart, make none.
    forbid(r"^(.*[^t] )?Vouched \{", |source| !hands_out(source));
}

#[test]
fn requests_know_neither_platforms_nor_credentials() {
    forbid(r"\bprovider::", |source| source.is_in("http"));
}

/// What one thing is called in each part that knows it: a command, its stage, how it is shown.
const LAYERED: [&str; 34] = [
    "apply",
    "base",
    "diff",
    "drift",
    "editor",
    "effect",
    "enkryptify",
    "error",
    "example",
    "explain",
    "export",
    "findings",
    "infisical",
    "job_requests",
    "jobs",
    "json",
    "list",
    "outcome",
    "plan",
    "pull",
    "refusal",
    "review",
    "same_destination",
    "sandbox",
    "saved",
    "schema",
    "shard",
    "show",
    "started",
    "state",
    "status",
    "terraform",
    "trace",
    "validate",
];

/// Whoever reads an import knows what it brings, and whoever searches for a name finds one thing.
#[test]
fn a_type_or_module_has_a_name_of_its_own() {
    let public =
        Regex::new(r"(?m)^ *pub(?:\([a-z ]+\))? (?:struct|enum|trait|type|union) (\w+)").unwrap();
    let mut places: BTreeMap<String, Vec<Utf8PathBuf>> = BTreeMap::new();
    for Source { path, code } in sources() {
        for found in public.captures_iter(&code) {
            // Each command has its own.
            if &found[1] != "Arguments" {
                let of_name = places.entry(found[1].to_owned()).or_default();
                of_name.push(path.clone());
            }
        }
        let module = match path.file_name() {
            Some("mod.rs") => path.parent().and_then(Utf8Path::file_name),
            _ => path.file_stem(),
        };
        let module = module.unwrap();
        if !LAYERED.contains(&module) {
            places.entry(module.to_owned()).or_default().push(path);
        }
    }
    places.retain(|_, places| places.len() > 1);
    assert!(places.is_empty(), "{places:#?}");
}

/// No test can call it.
#[test]
fn the_main_function_is_short() {
    let lines = read(Utf8Path::new("src/main.rs")).lines().count();
    assert!(lines < 40, "src/main.rs has {lines} lines");
}

/// A destination is a schema: one that a server gains needs no new version of secsync.
#[test]
fn no_destination_is_known_by_name() {
    let slugs: Vec<String> = files_in("schemas/infisical")
        .iter()
        .map(|path| regex::escape(path.file_stem().unwrap()))
        .collect();
    assert!(slugs.len() > 20, "{slugs:?}");
    // How words that titles are made of are spelt.
    let may_name = |source: &Source| source.path == "src/schema/schema_file.rs";
    // As a whole string, or as a word that means nothing else.
    forbid(&format!("\"({})\"", slugs.join("|")), |source| {
        !may_name(source)
    });
    forbid(
        r"(?i)\b(humanitec|vercel|circleci|railway|netlify|supabase)\b",
        |source| !may_name(source),
    );
}

/// The compiler does not see a file that no module declares.
#[test]
fn each_source_file_is_used_and_begins_with_what_it_is_for() {
    for path in files_in("src") {
        if path.extension() != Some("rs") {
            continue;
        }
        let text = read(&path);
        assert!(
            text.starts_with("//! "),
            "{path} does not begin with what it is for"
        );
        if matches!(path.as_str(), "src/main.rs" | "src/lib.rs") {
            continue;
        }
        let (module, directory) = if path.file_name() == Some("mod.rs") {
            let directory = path.parent().unwrap();
            (directory.file_name().unwrap(), directory.parent().unwrap())
        } else {
            (path.file_stem().unwrap(), path.parent().unwrap())
        };
        let parents = [
            directory.join("mod.rs"),
            directory.join("lib.rs"),
            directory.with_extension("rs"),
        ];
        let declaration = format!("mod {module};");
        let is_declared = parents
            .iter()
            .filter(|parent| repository().join(parent).is_file())
            .any(|parent| read(parent).contains(&declaration));
        assert!(is_declared, "no module declares {path}");
    }
}

/// Of two things that came at the same time, chance would decide.
#[test]
fn every_wait_for_several_things_has_an_order() {
    let mut found = 0;
    for source in sources() {
        for (place, _) in source.code.match_indices("select! {") {
            let within = source.code[place..].split_once('{').unwrap().1;
            assert!(
                within.trim_start().starts_with("biased;"),
                "{}",
                source.path
            );
            found += 1;
        }
    }
    assert!(found > 5, "{found}");
}

/// Whoever reads it has another machine.
#[test]
fn nothing_names_a_path_of_the_machine_that_it_was_written_on() {
    let foreign = Regex::new(r"(?i)(^|[^\w.])/(home|root|Users|work)/\w").unwrap();
    let mut files = Vec::new();
    for entry in repository().read_dir_utf8().unwrap() {
        let entry = entry.unwrap();
        match (entry.file_name(), entry.path().is_dir()) {
            (".git" | "target", _) => {}
            (directory, true) => files.extend(files_in(directory)),
            (file, false) => files.push(file.into()),
        }
    }
    for path in files {
        // What is no text names nothing.
        let Ok(text) = fs::read_to_string(repository().join(&path)) else {
            continue;
        };
        for (index, line) in text.lines().enumerate() {
            assert!(
                !foreign.is_match(line) || path == "tests/library/walls.rs",
                "{path}:{}: {line}",
                index + 1
            );
        }
    }
}
