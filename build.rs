//! Bundles the schemas: for each platform in `schemas/`, a list of its files by name, deflated.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=schemas");
    for entry in fs::read_dir(root.join("schemas"))? {
        let directory = entry?.path();
        if directory.is_dir() {
            bundle(&directory, &out)?;
        }
    }
    Ok(())
}

/// Writes `<platform>.rs`, an expression of the type of `Door::schemas`.
fn bundle(directory: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    let platform = directory.file_name().unwrap_or_default().to_string_lossy();
    let mut files = fs::read_dir(directory)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "json")
    });
    files.sort();
    let mut list = String::from("&[\n");
    for file in files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let bundled = format!("{platform}-{name}.deflate");
        let text = miniz_oxide::deflate::compress_to_vec(&fs::read(&file)?, 10);
        fs::write(out.join(&bundled), text)?;
        let bytes = format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{bundled}\"))");
        writeln!(list, "({name:?}, BundledText::Deflated({bytes})),")?;
    }
    list.push(']');
    fs::write(out.join(format!("{platform}.rs")), list)?;
    Ok(())
}
