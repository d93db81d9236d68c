//! A state in a file: it writes nothing but itself, one run at a time writes it, and what damages
//! it never leads to another start.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;

use insta::assert_snapshot;

use super::harness::{Invocation, Output, Server, Tree, world};

const STATE: &str = ".secsync/state.json";

const WEB: &str = "\
provider: enkryptify
project: prj_web
syncs:
  web: { destination: vercel }
";

struct Workspace {
    tree: Tree,
    server: Server,
}

impl Workspace {
    fn new() -> Self {
        Self {
            tree: Tree::new(&[("work/syncs/web.yaml", WEB), ("work/secsync.yaml", "")]),
            server: Server::new(&world()),
        }
    }

    /// With this in `secsync.yaml`.
    fn with_state(place: &str) -> Self {
        let workspace = Self::new();
        workspace.write("secsync.yaml", &format!("state: {place}\n"));
        workspace
    }

    fn begun() -> Self {
        let workspace = Self::new();
        workspace.run("state init").exits_with(0);
        workspace
    }

    fn started() -> Self {
        let workspace = Self::begun();
        workspace.apply().exits_with(0);
        workspace
    }

    fn invocation(&self, arguments: &str) -> Invocation {
        let invocation = self.tree.secsync(arguments).inside("work");
        invocation.on(&self.server)
    }

    fn run(&self, arguments: &str) -> Output {
        self.invocation(arguments).run()
    }

    fn apply(&self) -> Output {
        self.run("apply --auto-approve")
    }

    fn write(&self, path: &str, text: &str) {
        self.tree.write(&format!("work/{path}"), text);
    }

    fn read(&self, path: &str) -> String {
        self.tree.read(&format!("work/{path}"))
    }

    fn link(&self, target: &str, path: &str) {
        let path = self.tree.root().join("work").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
    }

    /// Every file of the workspace with its text.
    fn contents(&self) -> Vec<(String, String)> {
        let files = self.tree.files().into_iter();
        files
            .filter(|path| self.tree.root().join(path).is_file())
            .map(|path| {
                let text = self.tree.read(&path);
                (path, text)
            })
            .collect()
    }
}

#[test]
fn a_link_in_the_place_of_a_lock_leads_to_nothing_that_is_written() {
    let workspace = Workspace::new();
    workspace.tree.write("outside.txt", "theirs");
    for link in [".secsync/state.lock", ".secsync/sandbox/state.lock"] {
        workspace.link(workspace.tree.root().join("outside.txt").as_str(), link);
    }
    workspace.link("../../made.txt", ".secsync/state.json.lock");
    workspace.run("state init").exits_with(0);
    workspace.apply().exits_with(0);
    workspace
        .run("apply --auto-approve --sandbox")
        .exits_with(0);
    assert_eq!(workspace.tree.read("outside.txt"), "theirs");
    assert!(!workspace.tree.has("made.txt"));
    assert_eq!(workspace.server.starts(), 1);
}

#[test]
fn a_state_directory_that_leads_out_is_not_entered() {
    let workspace = Workspace::new();
    fs::create_dir(workspace.tree.root().join("elsewhere")).unwrap();
    workspace.link("../elsewhere", ".secsync");
    for command in ["state init", "apply --auto-approve"] {
        workspace.run(command).exits_with(3);
    }
    assert_snapshot!(workspace.run("state init").exits_with(3), @"
    $ secsync state init
    --- stderr
    Error: The directory .secsync cannot be used: it is a link, or in a directory that is one.
      Put a file or directory of its own in its place.
    --- exit 3
    ");
    let found = fs::read_dir(workspace.tree.root().join("elsewhere")).unwrap();
    assert_eq!(found.count(), 0);
}

#[test]
fn a_file_that_is_no_state_and_its_neighbours_stay_as_they_are() {
    let workspace = Workspace::with_state("Cargo.json");
    workspace.write("Cargo.lock", "theirs");
    workspace.run("state init").exits_with(0);
    workspace.apply().exits_with(0);
    assert_eq!(workspace.read("Cargo.lock"), "theirs");

    let workspace = Workspace::with_state("package.json");
    workspace.write("package.json", "{\"name\": \"theirs\"}\n");
    workspace.write("package.lock", "theirs");
    let before = workspace.contents();
    for command in [
        "state init",
        "state list",
        "plan",
        "apply --auto-approve",
        "state rm web",
    ] {
        workspace.run(command).exits_with(1);
    }
    assert_snapshot!(workspace.run("state init").exits_with(1), @"
    $ secsync state init
    --- stderr
    Error: The state package.json does not look like a state of secsync.
      Name a file of its own for the state, like .secsync/state.json.
    --- exit 1
    ");
    assert_eq!(workspace.contents(), before);

    let workspace = Workspace::with_state("state.json");
    workspace.write("state.json.backup", "theirs");
    workspace.run("state init").exits_with(0);
    assert_eq!(workspace.read("state.json.backup"), "theirs");

    let workspace = Workspace::with_state("state.json");
    workspace.write(".secsync/backup/state.json.backup", "theirs");
    let before = workspace.contents();
    assert_snapshot!(workspace.run("state init").exits_with(1), @"
    $ secsync state init
    --- stderr
    Error: The backup of the state state.json cannot be kept: .secsync/backup/state.json.backup is another file.
      Move it, or name another file for the state.
    --- exit 1
    ");
    assert_eq!(workspace.contents(), before);
}

#[test]
fn the_backup_of_a_state_elsewhere_is_where_git_ignores_it() {
    for by_flag in [false, true] {
        let workspace = if by_flag {
            Workspace::new()
        } else {
            Workspace::with_state("ops/started.json")
        };
        let flag = if by_flag {
            " --state ops/started.json"
        } else {
            ""
        };
        workspace.run(&format!("state init{flag}")).exits_with(0);
        workspace
            .run(&format!("apply --auto-approve{flag}"))
            .exits_with(0);
        let backup = workspace.read(".secsync/backup/ops/started.json.backup");
        assert_eq!(backup, workspace.read("ops/started.json"));
        assert!(!workspace.tree.has("work/ops/started.json.backup"));
        assert!(workspace.read(".secsync/.gitignore").contains("*.backup"));
    }
}

#[test]
fn a_state_cannot_be_in_the_place_of_another_file_of_ours() {
    for place in [
        "secsync.yaml",
        "./secsync.yaml",
        "Secsync.yml",
        "syncs/web.yaml",
        "syncs/new.json",
        ".secsync/sandbox/state.json",
        ".secsync/sandbox/world.json",
        ".secsync/schemas/enkryptify/start.json",
        ".secsync/sync-file.json",
        ".secsync/.gitignore",
        ".secsync/state.json.backup",
        ".secsync/state.lock",
        ".secsync/backup/ops/state.json",
        ".SECSYNC/state.json",
        ".secsync/Sync-File.json",
        ".secsync",
        "syncs",
        "ops/",
        ".git/config",
        ".git/state.json",
        ".github/state.json",
        "ops/.cache/state.json",
        ".env",
        ".state.json",
        "Cargo.lock",
        "state",
    ] {
        let workspace = Workspace::with_state(place);
        let before = workspace.contents();
        for command in ["state init", "apply --auto-approve"] {
            let output = workspace.run(command);
            assert_eq!(output.code, Some(3), "{place}: {output}");
            assert!(output.stderr.contains("`state: "), "{place}: {output}");
        }
        assert_eq!(workspace.contents(), before, "{place}");
    }
    let workspace = Workspace::with_state("syncs/web.yaml");
    assert_snapshot!(workspace.run("state init").exits_with(3), @"
    $ secsync state init
    --- stderr
    Error: `state: syncs/web.yaml` is not a name for a state, which ends in `.json`.
      Name a file of its own for the state, like .secsync/state.json.
    --- exit 3
    ");
    let workspace = Workspace::with_state(".github/state.json");
    assert_snapshot!(workspace.run("state init").exits_with(3), @"
    $ secsync state init
    --- stderr
    Error: `state: .github/state.json` is hidden, as the files of other tools are.
      Name a file of its own for the state, like .secsync/state.json.
    --- exit 3
    ");
    let workspace = Workspace::with_state(".secsync");
    assert_snapshot!(workspace.run("state init").exits_with(3), @"
    $ secsync state init
    --- stderr
    Error: `state: .secsync` is not a name for a state, which ends in `.json`.
      Name a file of its own for the state, like .secsync/state.json.
    --- exit 3
    ");
    let by_flag = workspace.run("state init --state secsync.yaml");
    assert_snapshot!(by_flag.exits_with(64), @r#"
    $ secsync state init --state secsync.yaml
    --- stderr
    Error: --state "secsync.yaml" is not a name for a state, which ends in `.json`.
      Name a file of its own for the state, like .secsync/state.json.
    --- exit 64
    "#);
}

#[test]
fn a_state_that_is_a_link_inside_is_read_and_replaced_where_it_leads() {
    let workspace = Workspace::new();
    workspace.link("../kept/starts.json", STATE);
    workspace.write("kept/.keep", "");
    workspace.run("state init").exits_with(3);
    fs::remove_file(workspace.tree.root().join("work").join(STATE)).unwrap();
    workspace.run("state init").exits_with(0);
    let real = workspace.tree.root().join("work/kept/starts.json");
    fs::rename(workspace.tree.root().join("work").join(STATE), &real).unwrap();
    workspace.link("../kept/starts.json", STATE);
    workspace.apply().exits_with(0);
    workspace.apply().exits_with(0);
    assert_eq!(workspace.server.starts(), 1);
    assert!(workspace.read("kept/starts.json").contains("web"));
    let link = workspace.tree.root().join("work").join(STATE);
    assert!(fs::symlink_metadata(link).unwrap().is_symlink());
}

/// While a start is on its way, every other run is kept out, however it spells the state and
/// whatever was deleted beside it.
#[test]
fn one_run_at_a_time_writes_a_state_however_it_is_spelled_and_whatever_is_deleted() {
    let workspace = Workspace::begun();
    symlink("work", workspace.tree.root().join("spelled")).unwrap();
    workspace.link(".secsync/state.json", "linked.json");
    workspace.server.hold("POST", "/start");
    let first = workspace.invocation("apply --auto-approve");
    let child = first.spawn();
    while !workspace.read(STATE).contains("\"web\"") {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    for (path, _) in workspace.contents() {
        if path.starts_with("work/.secsync/") && !path.ends_with("/state.json") {
            fs::remove_file(workspace.tree.root().join(path)).unwrap();
        }
    }
    let place = workspace.tree.root().join("work").join(STATE);
    for other in [
        "apply --auto-approve".to_owned(),
        format!("apply --auto-approve --state {place}"),
        "apply --auto-approve --state .secsync/../.secsync/state.json".to_owned(),
        "apply --auto-approve --state linked.json".to_owned(),
        "apply --auto-approve --state ../spelled/.secsync/state.json".to_owned(),
        "state rm web".to_owned(),
    ] {
        let output = workspace.run(&other).exits_with(1);
        assert!(
            output.stderr.contains("Another run of secsync is using"),
            "{output}"
        );
    }
    // Without it nothing is known, so nothing is started.
    let text = workspace.read(STATE);
    fs::remove_file(&place).unwrap();
    let output = workspace.apply();
    assert!(output.stdout.contains("There is no state"), "{output}");
    workspace.write(STATE, &text);
    workspace.server.release();
    // What it no longer holds is not written by it.
    let output = first.finish(child).exits_with(5);
    assert!(output.stdout.contains("cannot be recorded"), "{output}");
    assert_eq!(workspace.read(STATE), text);
    assert_eq!(workspace.server.starts(), 1);
}

#[test]
fn a_second_name_of_the_same_file_is_refused() {
    let workspace = Workspace::begun();
    let root = workspace.tree.root().join("work");
    fs::hard_link(root.join(STATE), root.join("second.json")).unwrap();
    let before = workspace.contents();
    assert_snapshot!(workspace.apply().exits_with(1), @"
    $ secsync apply --auto-approve
    --- stderr
    Error: The state .secsync/state.json has a second name (a hard link), which would go on naming an old version of it.
      Remove one of the two names, or make it a symbolic link.
    --- exit 1
    ");
    assert_eq!(workspace.contents(), before);
    assert_eq!(workspace.server.starts(), 0);
}

#[test]
fn a_damaged_state_names_its_backup_and_that_restores_it() {
    let workspace = Workspace::started();
    let good = workspace.read(STATE);
    assert_eq!(workspace.read(".secsync/state.json.backup"), good);
    // Only the state itself is for everyone.
    let ignored = workspace.read(".secsync/.gitignore");
    assert!(ignored.contains("*.backup"), "{ignored}");
    workspace.write(STATE, &good.replace("\"web\"", "\"wed\""));
    assert_snapshot!(workspace.apply().exits_with(1), @"
    $ secsync apply --auto-approve
    --- stderr
    Error: The state .secsync/state.json was edited: its checksum does not match what it records.
      Its backup .secsync/state.json.backup is whole and records 1 start: put it in its place, unless another machine has written the state since. Otherwise restore it from Git. Do not create a new one: syncs would be started a second time. If it was merged by hand and is right as it is, remove `checksum` and set `version` to 1.
    --- exit 1
    ");
    fs::copy(
        workspace
            .tree
            .root()
            .join("work/.secsync/state.json.backup"),
        workspace.tree.root().join("work").join(STATE),
    )
    .unwrap();
    workspace.apply().exits_with(0);
    assert_eq!(workspace.server.starts(), 1);
    // A state that was deleted is not begun anew as long as its backup knows better.
    fs::remove_file(workspace.tree.root().join("work").join(STATE)).unwrap();
    assert_snapshot!(workspace.run("state init").exits_with(1), @"
    $ secsync state init
    --- stderr
    Error: The state .secsync/state.json is missing, and its backup .secsync/state.json.backup records 1 start.
      Put the backup in its place. To begin anew, delete the backup first: what it records would be started a second time.
    --- exit 1
    ");
}

#[test]
fn an_edited_state_never_leads_to_another_start() {
    let workspace = Workspace::started();
    let good = workspace.read(STATE);
    let mut edits: Vec<String> = Vec::new();
    for (from, to) in [
        ("\"web\"", "\"wed\""),
        ("\"vercel\"", "\"vercex\""),
        ("prj_web", "prj_wec"),
        ("http://", "https://"),
        ("\"version\": 2", "\"version\": 1"),
        ("\"starts\"", "\"start\""),
    ] {
        let edited = good.replacen(from, to, 1);
        assert_ne!(edited, good, "{from}");
        edits.push(edited);
    }
    let without_starts = good
        .split_inclusive('\n')
        .filter(|line| !line.starts_with("    "));
    edits.push(without_starts.collect());
    edits.push(String::new());
    edits.push(good[..good.len() / 2].to_owned());
    for edited in edits {
        workspace.write(STATE, &edited);
        workspace.apply().exits_with(1);
        assert_eq!(workspace.read(STATE), edited);
    }
    assert_eq!(workspace.server.starts(), 1);
}

#[test]
fn what_a_killed_run_left_behind_is_swept_by_the_next() {
    let workspace = Workspace::started();
    let files = workspace.tree.files();
    for name in [
        ".secsync/.secsync-0123456789abcdef.tmp",
        ".secsync/.secsync-fedcba9876543210.tmp",
    ] {
        workspace.write(name, "{");
    }
    workspace.write(".secsync/notes.tmp", "theirs");
    workspace.apply().exits_with(0);
    fs::remove_file(workspace.tree.root().join("work/.secsync/notes.tmp")).unwrap();
    assert_eq!(workspace.tree.files(), files);
}
