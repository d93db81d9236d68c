//! The page of a plan in a real browser.

use std::process::Command;

use super::harness::{Server, Tree, payments, world};

/// The page of a plan that creates, updates and deletes.
fn page() -> (Tree, String) {
    let server = Server::new(&world());
    let tree = Tree::new(&[]);
    let run = |syncs: &[(&str, &str)], arguments: &str| {
        tree.write("syncs/payments.yaml", payments(syncs));
        tree.secsync(arguments).on(&server).run().exits_with(0)
    };
    run(
        &[("api", ""), ("web", ""), ("gone", "")],
        "apply syncs --auto-approve",
    );
    let long = "x".repeat(200);
    let page = run(
        &[
            ("api", &format!("description: {long}")),
            ("web", "secretPath: /web"),
            ("web-two", ""),
            (&"w".repeat(64), ""),
            ("gone", "ensure: absent"),
        ],
        "plan syncs -o html",
    );
    (tree, page.stdout)
}

/// A page as it is after its scripts have run, in a window of that width.
fn shown(tree: &Tree, page: &str, fragment: &str, width: u32) -> String {
    let browser = std::env::var_os("CHROMIUM").expect("CHROMIUM names the browser");
    tree.write("page.html", page);
    let place = tree.root().join("page.html");
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"])
        .arg(format!("--window-size={width},900"))
        .arg(format!("--user-data-dir={}", tree.root().join("profile")))
        .arg(format!("file://{place}{fragment}"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The names of the syncs that are not hidden.
fn visible(dom: &str) -> Vec<&str> {
    dom.split("<li class=\"sync ")
        .skip(1)
        .filter(|sync| !sync.split_once('>').unwrap().0.contains("hidden"))
        .map(|sync| {
            let (_, name) = sync.split_once("<code>infisical/payments/").unwrap();
            name.split_once("</code>").unwrap().0
        })
        .collect()
}

#[test]
#[ignore = "needs Chromium"]
fn the_syncs_of_a_page_are_filtered_by_action_and_by_text() {
    let (tree, page) = page();
    let long = &*"w".repeat(64);
    for (fragment, names) in [
        ("", &["api", "gone", "web", "web-two", long][..]),
        ("#action=update", &["api", "web"]),
        ("#text=WEB", &["web", "web-two"]),
        ("#action=update&text=web", &["web"]),
        ("#text=nothing+has+this", &[]),
        ("#action=unknown", &["api", "gone", "web", "web-two", long]),
        ("#text=%3Cscript%3Ealert(1)%3C/script%3E", &[]),
    ] {
        let dom = shown(&tree, &page, fragment, 1_400);
        assert_eq!(visible(&dom), names, "{fragment}");
        let count = format!("<output>{} of 5 shown</output>", names.len());
        assert!(dom.contains(&count), "{fragment}: {dom}");
    }
}

#[test]
#[ignore = "needs Chromium"]
fn a_page_is_no_wider_than_its_window_and_runs_no_other_script() {
    let (tree, page) = page();
    let script = "<script>for (const one of document.querySelectorAll('details')) one.open = true; \
                  const page = document.documentElement; \
                  parent.document.title = `${page.scrollWidth - page.clientWidth} more than ${innerWidth}`;</script>";
    let with_script = page.replace("</body>", &format!("{script}</body>"));
    // A window of its own has at least 500 pixels.
    let in_frame = |page: &str, width: u32| {
        let page = page.replace('&', "&amp;").replace('"', "&quot;");
        let frame = format!("<iframe width={width} frameborder=0 srcdoc=\"{page}\"></iframe>");
        shown(&tree, &format!("<title>none</title>{frame}"), "", 1_500)
    };
    let dom = in_frame(&with_script, 400);
    assert!(dom.contains("<title>none</title>"), "{dom}");
    // Without the policy, which is what kept it from running.
    let policy = regex::Regex::new("<meta http-equiv=[^>]*>").unwrap();
    let without_policy = policy.replace(&with_script, "");
    for width in [400, 1_400] {
        let dom = in_frame(&without_policy, width);
        let title = format!("<title>0 more than {width}</title>");
        assert!(dom.contains(&title), "{dom}");
    }
}
