//! The reference pages of `docs/`, generated from the program itself.

use std::env;
use std::fmt::Write as _;
use std::fs;

use secsync::exit::Exit;
use serde_json::Value;

use super::harness::{Tree, repository};

/// So many choices stand in a table.
const SHORT: usize = 12;

/// `SECSYNC_BLESS=1 cargo test --test cli reference` (`just generate`) writes the pages anew.
#[test]
fn the_reference_says_what_the_program_says() {
    let pages = [
        ("commands", commands()),
        ("sync-files", sync_files()),
        ("workspace", workspace()),
        ("destinations", destinations()),
        ("environment", variables()),
        ("findings", findings()),
        ("exit-codes", exit_codes()),
        ("json", json_documents()),
        ("formats", formats()),
    ];
    for (name, page) in pages {
        let path = format!("docs/reference/{name}.md");
        let page = format!("{}\n", page.trim_end());
        if env::var_os("SECSYNC_BLESS").is_some() {
            fs::write(&path, &page).unwrap();
        }
        assert!(
            repository(&path) == page,
            "{path} is stale; `just generate` writes it anew"
        );
    }
}

fn output(arguments: &str) -> String {
    let tree = Tree::new(&[]);
    tree.secsync(arguments).run().exits_with(0).stdout
}

fn json(arguments: &str) -> Value {
    serde_json::from_str(&output(&format!("{arguments} -o json"))).unwrap()
}

fn commands() -> String {
    let mut page = "# Commands\n\nWhat `--help` of each command prints.\n".to_owned();
    let mut paths = vec![String::new()];
    while let Some(path) = paths.pop() {
        let help = output(&format!("{path} --help"));
        let level = if path.contains(' ') { "###" } else { "##" };
        let title = format!("secsync {path}");
        write!(
            page,
            "\n{level} {}\n\n```text\n{}\n```\n",
            title.trim(),
            help.trim_end()
        )
        .unwrap();
        // Clap gives each command with commands within it a `help` of its own.
        let names = subcommands(&help).filter(|name| path.is_empty() || *name != "help");
        paths.extend(names.map(|name| format!("{path} {name}").trim().to_owned()));
    }
    page
}

/// The names of the commands that a help lists, the last one first.
fn subcommands(help: &str) -> impl Iterator<Item = &str> {
    let list = help
        .split_once("\nCommands:\n")
        .map_or("", |(_, rest)| rest);
    let list = list.split("\n\n").next().unwrap_or_default();
    list.lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .rev()
}

fn variables() -> String {
    let mut page = "# Environment variables\n\n\
        What `secsync help environment` lists. Credentials come from the environment only, and an empty \
        variable counts as unset.\n"
        .to_owned();
    for part in output("help environment").split("\n\n").skip(1) {
        match part.split_once(":\n  ") {
            Some((title, rows)) => {
                write!(page, "\n## {title}\n\n| variable | what for |\n|---|---|\n").unwrap();
                for row in rows.lines() {
                    let (name, meaning) = row.trim().split_once(' ').unwrap();
                    writeln!(page, "| `{name}` | {} |", cell(meaning.trim())).unwrap();
                }
            }
            None => write!(page, "\n{}\n", part.trim()).unwrap(),
        }
    }
    page
}

fn formats() -> String {
    let help = output("help formats");
    let section = |title: &str| -> Vec<(String, String)> {
        let (_, rest) = help.split_once(&format!("\n{title}:\n")).unwrap();
        let rows = rest.split("\n\n").next().unwrap().lines();
        rows.map(|row| row.trim().split_once(' ').unwrap())
            .map(|(name, text)| (name.to_owned(), text.trim().to_owned()))
            .collect()
    };
    let mut page = "# Formats\n\n\
        What `secsync help formats` lists. `-o FORMAT[=FILE]` says what a run writes and where. It can be repeated, \
        so that one run serves the log, the reviewer and the code host; one format at most goes to standard \
        output. A command line that is not valid is reported in each of them that can be read from it, so that no \
        file keeps the result of an earlier run.\n\n\
        ```console\n$ secsync plan -o human -o markdown=comment.md -o sarif=findings.sarif\n```\n\n\
        | format | what for | commands |\n|---|---|---|\n"
        .to_owned();
    for ((name, purpose), (_, commands)) in section("What for").into_iter().zip(section("Commands"))
    {
        writeln!(page, "| `{name}` | {purpose} | {commands} |").unwrap();
    }
    let without = help.trim_end().lines().last().unwrap();
    write!(
        page,
        "\n{without} The first line of a comment, `<!-- secsync:plan -->`, finds an earlier one. \
         [JSON documents](json.md) have their own page.\n\n\
         Texts from files and servers are escaped for where they are printed: they are not commands to a \
         terminal, a log or a comment. Credentials are hidden in each format.\n\n\
         `-v` says more, `-vv` shows each request, and `-vvv` also what was decided, all on standard error. `-q` \
         leaves only results and problems. Colours need a terminal; `--no-color` and `NO_COLOR` turn them off, \
         `CLICOLOR_FORCE` on.\n"
    )
    .unwrap();
    page
}

fn exit_codes() -> String {
    let mut exits = Exit::ALL;
    exits.sort_by_key(|exit| exit.code());
    let rows = exits.map(|exit| format!("| {} | {} |\n", exit.code(), exit.meaning()));
    let order: Vec<String> = Exit::ALL
        .iter()
        .filter(|exit| **exit != Exit::Done)
        .map(|exit| exit.code().to_string())
        .collect();
    format!(
        "# Exit codes\n\n| exit code | meaning |\n|---|---|\n{}\nIf several hold, the first of {} is the exit code.\n",
        rows.concat(),
        order.join(", ")
    )
}

fn findings() -> String {
    let mut page = "# Findings and lints\n\n\
        The code of a finding is stable: it stands in every format, and `secsync explain CODE` prints its \
        page. The level of a *lint* can be changed, for a workspace in [`lint:`](workspace.md) or for one \
        line by a comment above it:\n\n\
        ```yaml\n# secsync: allow(CODE) the reason\n```\n\n\
        | code | level | meaning |\n|---|---|---|\n"
        .to_owned();
    let listed = json("explain");
    let codes = listed["codes"].as_array().unwrap();
    let level = |code: &Value| {
        let is_lint = if code["lint"] == true { ", a lint" } else { "" };
        format!("{}{is_lint}", code["severity"].as_str().unwrap())
    };
    for code in codes {
        let (name, summary) = (text(&code["code"]), cell(text(&code["summary"])));
        writeln!(
            page,
            "| [`{name}`](#{name}) | {} | {summary} |",
            level(code)
        )
        .unwrap();
    }
    for code in codes {
        let (name, summary) = (text(&code["code"]), text(&code["summary"]));
        let explained = text(&code["page"])
            .replace("\n## Example\n", "\n**Example**\n")
            .replace("\n## Fix\n", "\n**Fix**\n");
        write!(
            page,
            "\n## {name}\n\n*{}.* {summary}\n\n{}\n",
            level(code),
            explained.trim()
        )
        .unwrap();
    }
    page
}

fn sync_files() -> String {
    let schema = schema("sync-file");
    let definitions = &schema["definitions"];
    let mut page = "# Sync files\n\n\
        A sync file declares syncs by their names. `secsync schema editor` writes its schema, by which \
        editors complete and check it. Several documents in one file (`---`), several files and JSON also work.\n\n\
        The file is the whole truth of a sync: an optional field that is not declared means its default.\n\n\
        ## The file\n\n"
        .to_owned();
    page += &table(&schema);
    page += "\n## A sync\n\n\
        Besides these, a sync has the fields of its platform's API, under the API's own names and shapes. \
        Those of `destinationConfig` and `syncOptions` depend on the [destination](destinations.md).\n\n";
    let mut sync = definitions["managedSync"].clone();
    sync["allOf"].take();
    page += &table(&sync);
    page += "\n## A sync that is only started\n\n\
        On a platform where a sync is started and cannot be read back (Enkryptify), a sync has these.\n\n";
    page += &table(&definitions["startedSync"]);
    page += "\n## Merging\n\n\
        `defaults` of the workspace are merged under those of a file, and these under each sync: maps merge, \
        lists and scalars replace, and `null` removes what was inherited. `connectionId` displaces an \
        inherited `connection` and the other way round, and so do `projectId` and `project`. Another \
        `scope` discards the inherited `destinationConfig`.\n\n\
        ## Variables\n\n\
        `${var.NAME}` in a value is a variable: from `--var`, else `--var-file`, else the environment \
        variable `SECSYNC_VAR_NAME`, else `variables` in [`secsync.yaml`](workspace.md). `$${var.` is a plain \
        `${var.`; every other `$` is one. A file can read no other variable of the environment.\n";
    page
}

fn workspace() -> String {
    let mut page = "# secsync.yaml\n\n\
        `secsync.yaml` marks the root of a workspace. Everything in it is optional, and so is the file: \
        without it the root is that of the Git repository, or else the working directory.\n\n\
        The workspace is where the files are. That of a path is the nearest `secsync.yaml` upwards from it, \
        up to the root of the Git repository. A run has one workspace; paths of two are an error. Without \
        paths a command takes what `include` says, or else `syncs/` of the root. Paths on the command line \
        are relative to the working directory, as everywhere; `-C DIR` changes it first.\n\n"
        .to_owned();
    page += &table(&schema("workspace"));
    page
}

fn destinations() -> String {
    let listed = json("schema list");
    let examples = repository("examples/destinations/syncs.yaml");
    let schema = schema("sync-file");
    let mut page = "# Destinations\n\n\
        Where the bundled schemas can send secrets. A destination that your server gained since then needs \
        no new version of secsync: `secsync schema pull` takes its schema from the server.\n\n\
        `destinationConfig` and `syncOptions` have the names and shapes of the platform's API. Every example \
        is planned and applied by a test.\n\n\
        | destination | slug | app of the connection | can import |\n|---|---|---|---|\n"
        .to_owned();
    let rows: Vec<&Value> = listed["destinations"].as_array().unwrap().iter().collect();
    let yes_or_no = |can: &Value| if *can == true { "yes" } else { "no" };
    for row in &rows {
        let (name, slug, app) = (
            text(&row["name"]),
            text(&row["destination"]),
            text(&row["connectionApp"]),
        );
        let can = yes_or_no(&row["canImport"]);
        writeln!(page, "| [{name}](#{slug}) | `{slug}` | `{app}` | {can} |").unwrap();
    }
    for row in &rows {
        let (name, slug) = (text(&row["name"]), text(&row["destination"]));
        write!(page, "\n## {name} {{: #{slug} }}\n\n").unwrap();
        let parts = schema["definitions"]["managedSync"]["allOf"]
            .as_array()
            .unwrap();
        let part = parts
            .iter()
            .find(|part| part["if"]["properties"]["destination"]["const"] == slug)
            .unwrap();
        page += &table(&with_references(&part["then"], &schema["definitions"]));
        for example in examples_of(&examples, slug) {
            write!(page, "\n```yaml\n{}\n```\n", example.trim_end()).unwrap();
        }
    }
    page += "\n## Enkryptify\n\n\
        A sync of Enkryptify is started for a destination, by its slug, and everything else is said in its \
        dashboard. So a file names only the destination:\n\n\
        ```yaml\nprovider: enkryptify\nproject: prj_web\nsyncs:\n  web-to-vercel:\n    destination: vercel\n```\n";
    page
}

/// The syncs of a file to a destination, as they are written.
fn examples_of<'a>(file: &'a str, slug: &str) -> Vec<String> {
    let (_, syncs) = file.split_once("\nsyncs:\n").unwrap();
    let mut found: Vec<Vec<&'a str>> = Vec::new();
    for line in syncs.lines() {
        if line.starts_with("  ") && !line.starts_with("   ") {
            found.push(Vec::new());
        }
        found
            .last_mut()
            .unwrap()
            .push(line.strip_prefix("  ").unwrap_or(line));
    }
    let line = |quote: &str| format!("  destination: {quote}{slug}{quote}");
    found
        .into_iter()
        .filter(|lines| lines.contains(&&*line("")) || lines.contains(&&*line("\"")))
        .map(|lines| lines.join("\n"))
        .collect()
}

fn json_documents() -> String {
    let mut page = "# JSON documents\n\n\
        Every command that has `-o` writes one with `-o json`. Within a `version`, fields are only ever added. These frame \
        each of them:\n\n\
        | field | type | meaning |\n|---|---|---|\n\
        | `version` | `1` | the version of the form |\n\
        | `kind` | text | what it is of: the command, or for some what it shows, such as `schemas`, `state` and `auth` |\n\
        | `sandbox` | `true` or `false` | whether an emulator answered, and no real server |\n\
        | `diagnostics` | list | the [findings](findings.md) in the files |\n\
        | `errors` | list of `message` and `help` | why the command stopped, if it did |\n\
        | `exitCode` | number | the [exit code](exit-codes.md) |\n"
        .to_owned();
    let schemas = [("Plans and reports", "plan"), ("Saved plans", "plan-file")];
    for (title, name) in schemas {
        let schema = schema(name);
        write!(
            page,
            "\n## {title} {{: #{name} }}\n\n{}\n\n",
            text(&schema["description"])
        )
        .unwrap();
        page += &table_for(&schema, name);
        for (definition, schema) in schema["$defs"].as_object().unwrap() {
            write!(page, "\n### {definition} {{: #{name}-{definition} }}\n\n").unwrap();
            page += &table_for(schema, name);
        }
    }
    page
}

fn schema(name: &str) -> Value {
    serde_json::from_str(&repository(&format!("schemas/{name}.json"))).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// A schema with those that its properties refer to in their places.
fn with_references(schema: &Value, definitions: &Value) -> Value {
    let mut schema = schema.clone();
    for property in schema["properties"].as_object_mut().unwrap().values_mut() {
        if let Some(name) = property["$ref"].as_str() {
            *property = definitions[name.rsplit('/').next().unwrap()].clone();
        }
    }
    schema
}

/// The fields of an object, and of those in it, as a table.
fn table(schema: &Value) -> String {
    table_for(schema, "")
}

fn table_for(schema: &Value, page: &str) -> String {
    let mut rows = String::new();
    fields(schema, "", page, &mut rows);
    if rows.is_empty() {
        return format!("{}\n", kind(schema, page));
    }
    format!("| field | type | meaning |\n|---|---|---|\n{rows}")
}

/// Adds the rows of an object's fields, under a path.
fn fields(schema: &Value, path: &str, page: &str, rows: &mut String) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let is_required = strings(&schema["required"]).any(|one| one == name);
        let meaning = if is_required { "Required." } else { "" };
        rows_of(field, &format!("{path}{name}"), meaning, page, rows);
    }
    // A union: what each field is, and for which tags.
    let mut union: Vec<(&str, &Value, Vec<String>)> = Vec::new();
    let branches = schema["allOf"].as_array().map_or(&[][..], Vec::as_slice);
    for branch in branches {
        for (tag, value) in branch["if"]["properties"].as_object().into_iter().flatten() {
            let tag = format!("`{tag}: {}`", text(&value["const"]));
            let of_branch = branch["then"]["properties"]
                .as_object()
                .into_iter()
                .flatten();
            for (name, field) in of_branch.filter(|(_, field)| field.is_object()) {
                match union
                    .iter_mut()
                    .find(|(one, same, _)| one == name && *same == field)
                {
                    Some((.., tags)) => tags.push(tag.clone()),
                    None => union.push((name, field, vec![tag.clone()])),
                }
            }
        }
    }
    for (name, field, tags) in union {
        let meaning = if tags.len() == branches.len() {
            String::new()
        } else {
            format!("Only with {}.", tags.join(" or "))
        };
        rows_of(field, &format!("{path}{name}"), &meaning, page, rows);
    }
}

/// Adds the row of a field, and those of the fields in it.
fn rows_of(field: &Value, path: &str, also: &str, page: &str, rows: &mut String) {
    let mut meaning = cell(text(&field["description"]));
    if !meaning.contains(also) {
        meaning = format!("{meaning} {also}");
    }
    let field = of_many(field);
    let choices = strings(&field["enum"]).zip(strings(&field["enumDescriptions"]));
    let is_short = field["enum"]
        .as_array()
        .is_some_and(|all| all.len() <= SHORT);
    for (value, words) in choices.filter(|_| is_short) {
        write!(meaning, " `{value}`: {words}").unwrap();
    }
    if let Some(default) = field.get("default") {
        let default = default
            .as_str()
            .map_or_else(|| default.to_string(), str::to_owned);
        write!(meaning, " Default: `{default}`.").unwrap();
    }
    writeln!(
        rows,
        "| `{path}` | {} | {} |",
        kind(field, page),
        meaning.trim()
    )
    .unwrap();
    let deeper = [
        (field, "."),
        (&field["items"], "[]."),
        (&field["additionalProperties"], ".NAME."),
    ];
    for (schema, between) in deeper {
        fields(schema, &format!("{path}{between}"), page, rows);
    }
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// What is meant of several schemas, one of which is only there for variables.
fn of_many(schema: &Value) -> &Value {
    match schema["anyOf"].as_array().map(Vec::as_slice) {
        Some([one, other]) if text(&other["$ref"]).ends_with("/free") => one,
        _ => schema,
    }
}

/// The type of a value, in words.
fn kind(schema: &Value, page: &str) -> String {
    let list = |values: &[Value]| {
        let words: Vec<String> = values
            .iter()
            .filter(|value| !value.is_null())
            .map(|value| {
                format!(
                    "`{}`",
                    value
                        .as_str()
                        .map_or_else(|| value.to_string(), str::to_owned)
                )
            })
            .collect();
        words.join(", ")
    };
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        return match (name, page) {
            ("free", _) => "text".to_owned(),
            ("defaults", _) => "map, [merged](sync-files.md#merging) under every sync".to_owned(),
            (_, "") => format!("see `{name}`"),
            _ => format!("[{name}](#{page}-{name})"),
        };
    }
    for several in ["anyOf", "oneOf"] {
        if let Some(schemas) = schema[several].as_array() {
            let kinds: Vec<String> = schemas
                .iter()
                .map(|schema| kind(schema, page))
                .filter(|kind| kind != "nothing")
                .collect();
            return kinds.join(" or ");
        }
    }
    if let Some(value) = schema.get("const") {
        return list(std::slice::from_ref(value));
    }
    if let Some(values) = schema["enum"].as_array() {
        return match values.len() {
            0..=SHORT => list(values),
            _ => "a [destination](destinations.md)".to_owned(),
        };
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several
            .iter()
            .map(text)
            .filter(|name| *name != "null")
            // A text in the place of a map is a reference to one, which can be anywhere.
            .filter(|name| *name != "string" || schema["pattern"].is_null())
            .collect(),
        _ => Vec::new(),
    };
    if types.is_empty() {
        let only_null = schema["type"] == "null";
        return if only_null { "nothing" } else { "any" }.to_owned();
    }
    let word = |name: &str| match name {
        "string" => "text".to_owned(),
        "boolean" => "`true` or `false`".to_owned(),
        "array" if schema["items"]["$ref"].is_string() || schema["items"]["enum"].is_array() => {
            format!("list of {}", kind(&schema["items"], page))
        }
        "array" => "list".to_owned(),
        "object" => "map".to_owned(),
        other => other.to_owned(),
    };
    types.into_iter().map(word).collect::<Vec<_>>().join(" or ")
}
