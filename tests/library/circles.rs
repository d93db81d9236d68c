//! No circle of files: what imports each other is the two halves of one thing at most. Read from the
//! paths in the source itself, to the file that declares what they name.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use regex::Regex;

use crate::walls::{Source, sources};

type Path = Vec<String>;

/// The modules of the program, each with its file, and what they pass on under a path of their own.
struct Modules {
    files: BTreeMap<Path, Utf8PathBuf>,
    passed_on: BTreeMap<Path, Path>,
}

impl Modules {
    /// The file that declares what a path names.
    fn file_of(&self, path: &[String]) -> Option<&Utf8PathBuf> {
        let mut path = path.to_vec();
        // What is passed on can be passed on again.
        for _ in 0..8 {
            let ends = (0..=path.len()).rev();
            let passed_on = ends
                .clone()
                .find_map(|end| Some((end, self.passed_on.get(&path[..end])?)));
            match passed_on {
                Some((end, to)) if to[..] != path[..end] => {
                    path = [&to[..], &path[end..]].concat();
                }
                _ => return ends.clone().find_map(|end| self.files.get(&path[..end])),
            }
        }
        None
    }
}

fn split(path: &str) -> Path {
    path.split("::")
        .map(|part| part.trim().to_owned())
        .collect()
}

fn module_of(file: &Utf8Path) -> Path {
    let path = file.strip_prefix("src").unwrap().with_extension("");
    let mut path: Path = path
        .components()
        .map(|part| part.as_str().to_owned())
        .collect();
    if matches!(path.last().map(String::as_str), Some("mod" | "lib")) {
        path.pop();
    }
    path
}

/// The paths of one `use`: `a::{b, c::d}` names two.
fn expanded(tree: &str) -> Vec<String> {
    let Some((stem, inner)) = tree
        .trim()
        .strip_suffix('}')
        .and_then(|tree| tree.split_once('{'))
    else {
        return vec![tree.split(" as ").next().unwrap().trim().to_owned()];
    };
    let mut depth = 0;
    let parts = inner.split(|c: char| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    parts
        .filter(|part| !part.trim().is_empty())
        .flat_map(expanded)
        .map(|part| format!("{stem}{part}"))
        .collect()
}

/// A path from the root of the program; `None` for what another crate declares.
fn absolute(path: &str, module: &[String], modules: &BTreeMap<Path, Utf8PathBuf>) -> Option<Path> {
    let mut path = split(path);
    if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
        path.pop();
    }
    let mut from = module;
    match &*path[0] {
        "crate" => return Some(path[1..].to_vec()),
        "self" => {
            path.remove(0);
        }
        "super" => {
            while path[0] == "super" {
                path.remove(0);
                from = &from[..from.len() - 1];
            }
        }
        child => {
            let child = [module, &[child.to_owned()]].concat();
            modules.get(&child)?;
        }
    }
    Some([from, &path].concat())
}

/// What each file imports.
fn imports() -> BTreeMap<Utf8PathBuf, BTreeSet<Utf8PathBuf>> {
    let used = Regex::new(r"(?m)^\s*(pub(?:\([a-z ]+\))? )?use ([^;]+);").unwrap();
    let named = Regex::new(r"\b(?:[a-z_]\w*::)+\w+").unwrap();
    let sources = sources();
    let mut modules = Modules {
        files: (sources.iter())
            .map(|source| (module_of(&source.path), source.path.clone()))
            .collect(),
        passed_on: BTreeMap::new(),
    };
    let mut paths = BTreeMap::new();
    for Source { path: file, code } in &sources {
        let module = module_of(file);
        let absolute = |path: &str| absolute(path, &module, &modules.files);
        let mut of_file = Vec::new();
        for found in used.captures_iter(code) {
            for path in expanded(&found[2]) {
                let Some(path) = absolute(&path) else {
                    continue;
                };
                if found.get(1).is_some() {
                    let name = path.last().unwrap().clone();
                    let here = [&module[..], &[name]].concat();
                    modules.passed_on.insert(here, path);
                } else {
                    of_file.push(path);
                }
            }
        }
        let rest = used.replace_all(code, "");
        of_file.extend(
            named
                .find_iter(&rest)
                .filter_map(|path| absolute(path.as_str())),
        );
        paths.insert(file.clone(), of_file);
    }
    let files = paths.into_iter().map(|(file, paths)| {
        let imported = paths.iter().filter_map(|path| modules.file_of(path));
        let imported = imported.filter(|other| **other != file && *other != "src/lib.rs");
        let imported = imported.cloned().collect();
        (file, imported)
    });
    files.collect()
}

#[test]
fn what_imports_each_other_is_the_halves_of_one_thing() {
    let imports = imports();
    let reached: BTreeMap<&Utf8PathBuf, BTreeSet<&Utf8PathBuf>> = (imports.iter())
        .map(|(file, imported)| {
            let mut reached = BTreeSet::new();
            let mut next: Vec<&Utf8PathBuf> = imported.iter().collect();
            while let Some(file) = next.pop() {
                if reached.insert(file) {
                    next.extend(imports.get(file).into_iter().flatten());
                }
            }
            (file, reached)
        })
        .collect();
    let circles: BTreeSet<Vec<&Utf8PathBuf>> = (reached.iter())
        .map(|(file, others)| {
            let back = others.iter().copied();
            back.filter(|other| reached[other].contains(file)).collect()
        })
        .collect();
    assert!(imports.len() > 200 && circles.len() > 1, "{circles:#?}");
    let larger: Vec<_> = circles.iter().filter(|circle| circle.len() > 2).collect();
    assert!(larger.is_empty(), "{larger:#?}");
}
