//! What a shell offers: a real bash on a terminal, in which somebody types.
#![cfg(unix)]

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use super::harness::Tree;

const FILE: &str = "\
provider: infisical
project: payments
defaults: {environment: prod, connection: main, secretPath: /}
syncs:
  web: {destination: github, labels: {team: web}}
  '${matrix.app}-api':
    matrix: {app: [apple, pear]}
    destination: humanitec
";

/// What bash makes of each line and a tab at its end.
fn completed(tree: &Tree, lines: &[&str]) -> Vec<String> {
    let terminal = rustix_openpty::openpty(None, None).unwrap();
    let program = tree.secsync("").command();
    let programs = std::path::Path::new(program.get_program())
        .parent()
        .unwrap();
    let path = format!("{}:/usr/bin:/bin", programs.display());
    let mut child = Command::new("bash")
        .args(["--noprofile", "--norc", "-i"])
        .current_dir(tree.root())
        .env_clear()
        .envs([
            ("PATH", &*path),
            ("TERM", "dumb"),
            ("HOME", tree.root().as_str()),
        ])
        .stdin(Stdio::from(terminal.user.try_clone().unwrap()))
        .stdout(Stdio::from(terminal.user.try_clone().unwrap()))
        .stderr(Stdio::from(terminal.user))
        .spawn()
        .unwrap();
    let mut keyboard = File::from(terminal.controller);
    // The program completes, and what was completed is only printed.
    let mut typed = "bind 'set enable-bracketed-paste off'\n\
        source <(command secsync completions bash)\n\
        secsync() { if [ -n \"$COMPLETE\" ]; then command secsync \"$@\"; else printf '<%s' \"$@\"; echo '<>'; fi; }\n"
        .to_owned();
    for line in lines {
        typed += &format!("secsync {line}\t\n");
    }
    typed += "exit\n";
    keyboard.write_all(typed.as_bytes()).unwrap();
    let mut written = Vec::new();
    let _ = keyboard.read_to_end(&mut written);
    child.wait().unwrap();
    let written = String::from_utf8_lossy(&written).replace('\r', "");
    let results = written
        .lines()
        .filter(|line| line.starts_with('<') && line.ends_with("<>"));
    results
        .map(|line| line[1..line.len() - 2].replace('<', " "))
        .collect()
}

#[test]
fn bash_completes_what_is_typed_in_it() {
    let tree = Tree::new(&[
        ("syncs/all.yaml", FILE),
        ("text.yaml", ""),
        ("other/secsync.yaml", ""),
        ("other/syncs/one.yaml", &FILE.replace("web:", "abroad:")),
    ]);
    let lines = [
        ("pl", "plan"),
        ("di", "diff"),
        ("plan --detailed", "plan --detailed-exitcode"),
        ("plan -l team=w", "plan -l team=web"),
        ("plan -l team=", "plan -l team=web"),
        ("plan -l destination=gi", "plan -l destination=github"),
        ("plan -l environment=", "plan -l environment=prod"),
        ("plan -l project=p", "plan -l project=payments"),
        ("plan -l matrix.app=ap", "plan -l matrix.app=apple"),
        ("plan -l team=web,dest", "plan -l team=web,destination="),
        ("export -l te", "export -l te"),
        ("plan --output=ma", "plan --output=markdown"),
        ("plan --target=ap", "plan --target=apple-api"),
        ("-C other plan --target ab", "-C other plan --target abroad"),
        (
            "schema pull --from-server=inf",
            "schema pull --from-server=infisical",
        ),
        ("schema example humani", "schema example humanitec"),
        (
            "schema show infisical/humani",
            "schema show infisical/humanitec",
        ),
        ("explain keyS", "explain keySchema"),
        ("explain secretP", "explain secretPath"),
        ("validate te", "validate text.yaml"),
        ("plan -f te", "plan -f text.yaml"),
        ("plan --var-file te", "plan --var-file text.yaml"),
        ("plan --ca-cert=te", "plan --ca-cert=text.yaml"),
        ("show te", "show text.yaml"),
        ("plan -o json=te", "plan -o json=text.yaml"),
        ("-C oth", "-C other/"),
    ];
    let typed = lines.map(|(line, _)| line);
    let expected = lines.map(|(_, line)| line.to_owned());
    assert_eq!(completed(&tree, &typed), expected);
}
