//! The picture of a plan in the README: what a terminal shows of real output, as SVG.

use std::env;
use std::fmt::Write as _;
use std::fs;

use super::harness::{Server, Tree, payments, repository, world};

const PICTURE: &str = "docs/plan.svg";
/// Of five characters, in a font of 14 pixels.
const WIDTH: usize = 42;
/// Of a line, in pixels.
const HEIGHT: usize = 20;
const MARGIN: usize = 20;

/// `SECSYNC_BLESS=1 cargo test --test cli picture` (`just generate`) draws it anew.
#[test]
fn the_picture_shows_what_plan_prints() {
    let server = Server::new(&world());
    let tree = Tree::new(&[]);
    let declare = |syncs: &[(&str, &str)]| tree.write("syncs/payments.yaml", payments(syncs));
    let web = "destinationConfig: { app: web }";
    declare(&[("payments-web", web)]);
    tree.secsync("apply syncs --auto-approve")
        .on(&server)
        .run()
        .exits_with(0);
    declare(&[
        (
            "payments-api",
            "secretPath: /api\ndestinationConfig: { app: api }",
        ),
        (
            "payments-web",
            &format!("{web}\nsyncOptions: {{ keySchema: \"WEB_{{{{secretKey}}}}\" }}"),
        ),
    ]);
    let output = tree
        .secsync("plan syncs --parallelism 1")
        .variable("CLICOLOR_FORCE", "1")
        .on(&server)
        .run()
        .exits_with(0);
    let picture = drawn(&format!(
        "\u{1b}[1m$ secsync plan\u{1b}[0m\n\n{}",
        output.stdout.trim()
    ));
    if env::var_os("SECSYNC_BLESS").is_some() {
        fs::write(PICTURE, &picture).unwrap();
    }
    assert!(
        repository(PICTURE) == picture,
        "`just generate` draws it anew:\n{picture}"
    );
}

/// A text with the colours of a terminal, as a picture.
fn drawn(text: &str) -> String {
    let rows: Vec<&str> = text.lines().collect();
    let columns = rows
        .iter()
        .map(|row| plain(row).chars().count())
        .max()
        .unwrap();
    let width = columns * WIDTH / 5 + 2 * MARGIN;
    let height = rows.len() * HEIGHT + 2 * MARGIN;
    let mut picture = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-label=\"What secsync plan prints\">\n\
         <style>text {{ font: 14px ui-monospace, Menlo, Consolas, monospace; fill: #d4d4d4; white-space: pre }} \
         .b {{ font-weight: bold }} .d {{ fill: #8a8a8a }} .r {{ fill: #f14c4c }} .g {{ fill: #23d18b }} \
         .y {{ fill: #e5e510 }} .c {{ fill: #29b8db }}</style>\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"#1e1e1e\"/>\n"
    );
    for (number, row) in rows.iter().enumerate() {
        let line = MARGIN + HEIGHT * number + 15;
        writeln!(
            picture,
            "<text x=\"{MARGIN}\" y=\"{line}\" xml:space=\"preserve\">{}</text>",
            spans(row)
        )
        .unwrap();
    }
    picture + "</svg>\n"
}

/// A row without its colours.
fn plain(row: &str) -> String {
    let coloured = row.split('\u{1b}').enumerate();
    let texts = coloured.map(|(number, part)| match number {
        0 => part,
        _ => part.split_once('m').unwrap().1,
    });
    texts.collect()
}

fn spans(row: &str) -> String {
    let mut spans = String::new();
    for (number, part) in row.split('\u{1b}').enumerate() {
        let (code, text) = match number {
            0 => ("[0", part),
            _ => part.split_once('m').unwrap(),
        };
        let class = match code {
            "[0" => "",
            "[1" => "b",
            "[2" => "d",
            "[31" => "r",
            "[32" => "g",
            "[33" => "y",
            "[36" => "c",
            other => panic!("no colour for {other}"),
        };
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        match (text.is_empty(), class) {
            (true, _) => {}
            (false, "") => spans += &text,
            (false, _) => write!(spans, "<tspan class=\"{class}\">{text}</tspan>").unwrap(),
        }
    }
    spans
}
