//! The command line itself: help, wrong use, completions, the manual.

use insta::assert_snapshot;

use super::harness::Tree;

const COMMANDS: [&str; 38] = [
    "",
    "auth",
    "man",
    "help",
    "version",
    "validate",
    "plan",
    "diff",
    "apply",
    "show",
    "list",
    "list projects",
    "list connections",
    "list environments",
    "list folders",
    "list destinations",
    "state",
    "drift",
    "status",
    "sync",
    "init",
    "export",
    "import",
    "explain",
    "state init",
    "state list",
    "state resolve",
    "state rm",
    "schema",
    "schema list",
    "schema show",
    "schema example",
    "schema pull",
    "schema diff",
    "schema editor",
    "sandbox",
    "auth check",
    "completions",
];

#[test]
fn the_help() {
    let tree = Tree::new(&[]);
    assert_snapshot!(tree.secsync("--help").run().exits_with(0), @"
    $ secsync --help
    Declarative secret syncs: plan them in a pull request, apply them from CI.

    Examples:
      secsync init
          begin a workspace
      secsync plan --sandbox
          what apply would do, without an account

    Usage: secsync [OPTIONS] <COMMAND>

    Commands:
      init         Begin a workspace: secsync.yaml, an example, and schemas for the editor
      validate     Check the files, offline
      plan         Show what apply would do [alias: diff]
      apply        Make the platforms match the files
      show         Show saved plans, without a network
      drift        Show what changed remotely, and exit with 2 if anything did
      status       Show how the declared syncs are doing: their last jobs, and those that run
      sync         Request sync jobs now, and follow them
      export       Write sync files for remote syncs that are not declared yet
      import       Declare existing syncs, in a file that people wrote
      list         List what the identity can see, and what a file may name
      state        Manage the record of started syncs
      schema       Manage the schemas that files are checked against
      sandbox      Serve an emulator of both platforms on this machine
      explain      Explain a finding: why it is one, an example, and how to fix it
      auth         Check credentials
      completions  Print a completion script for a shell
      man          Print the manual page of a command
      help         Print the help of a command, or every environment variable or format
      version      Print the version

    Options:
      -C <DIR>
              Change to this directory first: paths are relative to it

      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Exit codes:
      0   done, or no changes
      1   error
      2   changes pending (drift, schema diff, import --from-terraform; else with --detailed-exitcode)
      3   the files are invalid, or a denied lint was found
      4   authentication or permission
      5   at least one action failed, is unknown, or was blocked (apply)
      6   the saved plan is stale, or was applied already
      7   a sync job failed or did not finish in time
      64  wrong usage
      130 interrupted

    `secsync help environment` lists the environment variables, and `secsync help formats` the formats
    of `-o`.
    --- exit 0
    ");
}

#[test]
fn each_command_has_help() {
    let tree = Tree::new(&[]);
    for command in COMMANDS {
        for flag in ["-h", "--help"] {
            let output = tree
                .secsync(&format!("{command} {flag}"))
                .run()
                .exits_with(0);
            assert!(output.stdout.contains("Usage: secsync"), "{output}");
            assert!(output.stderr.is_empty(), "{output}");
        }
    }
}

#[test]
fn the_help_of_apply() {
    let tree = Tree::new(&[]);
    assert_snapshot!(tree.secsync("apply -h").run().exits_with(0), @"
    $ secsync apply -h
    Make the platforms match the files

    Usage: secsync apply [OPTIONS] [PLANFILE|PATH]...

    Arguments:
      [PLANFILE|PATH]...  A saved plan; or files, directories or globs of sync files; - for standard
                          input

    Options:
      -C <DIR>                      Change to this directory first: paths are relative to it
          --auto-approve            Do not ask. Needed without a terminal; a saved plan is never asked
                                    about
          --wait[=<DURATION>]       Follow the sync jobs that this sets off, for at most this long;
                                    without a duration as long as they end or begin to run, and no
                                    longer than 2 minutes in which none does
          --max-deletes <N>         Apply nothing if more syncs than this would be deleted or replaced
                                    [default: `limits.deletes` of secsync.yaml, or 5]
          --max-changes <N>         Apply nothing if more syncs than this would be changed in any way
                                    [default: `limits.changes` of secsync.yaml]
          --prune                   Delete what exists and is not declared. Needs the whole workspace
          --resend <NAME-GLOB>      Send syncs of these names whole again, also what the platform never
                                    gives back
          --expect-digest <DIGEST>  Apply the saved plan only if it has the digest that `plan --out` and
                                    `show` printed
      -h, --help                    Print help (see more with '--help')
      -V, --version                 Print version

    Files and selection:
      -f, --file <PATH>            Files, directories or globs of sync files; - for standard input
      -l, --selector <KEY=GLOB,…>  Only syncs for which all of these hold: KEY=GLOB, KEY!=GLOB, KEY in
                                   (GLOB,…) or KEY notin (GLOB,…). A key is provider, project,
                                   destination, environment, matrix.AXIS, or a label
          --target <NAME-GLOB>     Only syncs of these names
          --exclude <NAME-GLOB>    Not the syncs of these names
          --var <NAME=VALUE>       The value of a variable
          --var-file <FILE>        A YAML file of variables
          --shard <I/N>            Only this part of the projects, such as 1/3: the parts are disjoint
                                   and together all of them, so that several runs share the work

    Servers:
          --parallelism <N>           How many requests and actions go at once [default: 4]
          --timeout <DURATION>        How long one request may take: 30s, 2m [default: 30s]
          --ca-cert <FILE>            A PEM file with further certificate authorities to trust
          --state <PLACE>             Where the record of started syncs is kept: a file, or s3://,
                                      gs://, az:// and a path
          --trust-host <ORIGIN>       A server that credentials may go to
          --oidc-audience <AUDIENCE>  Who the identity token of a GitHub Actions job is meant for
          --organization-slug <SLUG>  The organization to log in to, if the identity belongs to several
          --allow-project <PROJECT>   The only projects that may be read, by id or slug
          --sandbox                   Use the built-in emulator instead of real servers and credentials

    Output:
      -o, --output <FORMAT[=FILE]>  A format, to standard output or to a file; can be repeated [formats:
                                    human, unified, json, markdown, html, sarif, github, junit]
          --no-color                No colours
      -q, --quiet                   Only results and problems
      -v, --verbose...              Say more; twice: each request, too; three times: also what was
                                    decided
    --- exit 0
    ");
}

#[test]
fn the_long_help_has_examples_exit_codes_and_variables() {
    let tree = Tree::new(&[]);
    assert_snapshot!(tree.secsync("validate --help").run().exits_with(0), @"
    $ secsync validate --help
    Check the files, offline.

    Examples:
      secsync validate
          the whole workspace
      secsync validate syncs/web.yaml -o human -o sarif=found.sarif
          one file, also for a code host

    Usage: secsync validate [OPTIONS] [PATHS]...

    Arguments:
      [PATHS]...
              Files, directories or globs of sync files; - for standard input

    Options:
      -C <DIR>
              Change to this directory first: paths are relative to it

          --all
              Show each finding with its lines. Otherwise, of four or more that say the same only the
              first is shown so, and the places of the others are listed

      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Files and selection:
      -f, --file <PATH>
              Files, directories or globs of sync files; - for standard input

      -l, --selector <KEY=GLOB,…>
              Only syncs for which all of these hold: KEY=GLOB, KEY!=GLOB, KEY in (GLOB,…) or KEY notin
              (GLOB,…). A key is provider, project, destination, environment, matrix.AXIS, or a label

          --target <NAME-GLOB>
              Only syncs of these names

          --exclude <NAME-GLOB>
              Not the syncs of these names

          --var <NAME=VALUE>
              The value of a variable

          --var-file <FILE>
              A YAML file of variables

    Output:
      -o, --output <FORMAT[=FILE]>
              A format, to standard output or to a file; can be repeated [formats: human, json,
              markdown, html, sarif, github, junit]

          --no-color
              No colours

      -q, --quiet
              Only results and problems

      -v, --verbose...
              Say more; twice: each request, too; three times: also what was decided

    Exit codes:
      0   done, or no changes
      1   error
      3   the files are invalid, or a denied lint was found
      64  wrong usage

    Environment:
      SECSYNC_VAR_NAME    the value of `${var.NAME}` in the files
      NO_COLOR            no colours, whatever it is set to
      CLICOLOR_FORCE      colours even if the output is not a terminal
    --- exit 0
    ");
    // The same by another way.
    let help = tree.secsync("validate --help").run().stdout;
    assert_eq!(
        tree.secsync("help validate").run().exits_with(0).stdout,
        help
    );
    for command in COMMANDS {
        let help = tree.secsync(&format!("{command} --help")).run().stdout;
        for part in ["Examples:", "Exit codes:"] {
            assert!(help.contains(part), "{help}");
        }
        assert!(
            command.is_empty() || help.contains("Environment:"),
            "{help}"
        );
    }
    let help = |command: &str| tree.secsync(&format!("{command} --help")).run().stdout;
    let exits = |command: &str| {
        let help = help(command);
        let (_, codes) = help.split_once("Exit codes:\n").unwrap();
        let codes = codes.split("\n\n").next().unwrap();
        let codes = codes
            .lines()
            .filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        let codes = codes.filter_map(|line| line.split_whitespace().next());
        codes.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(exits("init"), "0 1 3 64");
    assert_eq!(exits("list projects"), "0 1 3 4 64 130");
    assert_eq!(exits("state rm"), "0 1 3 4 64 130");
    assert_eq!(exits("schema list"), "0 1 3 64");
    assert_eq!(exits("schema diff"), "0 1 2 3 64");
    assert_eq!(exits("schema pull"), "0 1 3 4 64 130");
    assert_eq!(exits("schema"), "0 1 2 3 4 64 130");
    assert_eq!(exits("version"), "0 1 64");
    for name in [
        "INFISICAL_HOST",
        "SECSYNC_TRUST_HOSTS",
        "SECSYNC_ALLOW_HTTP",
    ] {
        assert!(help("schema pull").contains(name), "{name}");
    }
}

#[test]
fn the_help_lists_every_environment_variable() {
    let tree = Tree::new(&[]);
    assert_snapshot!(tree.secsync("help environment").run().exits_with(0), @"
    $ secsync help environment
    The environment variables that secsync reads.

    secsync:
      SECSYNC_VAR_NAME                                 the value of `${var.NAME}` in the files
      SECSYNC_STATE                                    where started syncs are recorded: a file, or s3://, gs://, az:// and a path
      SECSYNC_TRUST_HOSTS                              servers that `url:` in secsync.yaml may send credentials to
      SECSYNC_ALLOW_HTTP                               hosts that may be spoken to over plain http, as this machine may
      NO_COLOR                                         no colours, whatever it is set to
      CLICOLOR_FORCE                                   colours even if the output is not a terminal

    Proxies:
      HTTPS_PROXY                                      the proxy of requests over https (or https_proxy); those over http take none, so that HTTP_PROXY is not read
      ALL_PROXY                                        the same if that is not set (or all_proxy)
      NO_PROXY                                         the hosts that are reached without it (or no_proxy)

    Links to a code host:
      SECSYNC_COMMIT                                   the commit to link to, if it is not the one that the job runs on
      GITHUB_SERVER_URL                                the address of GitHub
      GITHUB_REPOSITORY                                the repository there
      GITHUB_SHA                                       the commit there
      GITHUB_EVENT_NAME                                whether the job runs on another commit than it is about
      GITHUB_WORKSPACE                                 the checkout, if it is not a Git repository
      CI_PROJECT_URL                                   the repository on GitLab
      CI_COMMIT_SHA                                    the commit there
      CI_PROJECT_DIR                                   the checkout there
      BITBUCKET_GIT_HTTP_ORIGIN                        the repository on Bitbucket
      BITBUCKET_COMMIT                                 the commit there
      BITBUCKET_CLONE_DIR                              the checkout there

    Infisical:
      INFISICAL_UNIVERSAL_AUTH_CLIENT_ID               the machine identity's client id
      INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET           its client secret
      INFISICAL_TOKEN                                  an access token, instead of the two
      INFISICAL_MACHINE_IDENTITY_ID                    an identity that logs in without a secret: with the job's identity token in GitHub Actions
      INFISICAL_AUTH_JWT                               an identity token of any other CI
      INFISICAL_OIDC_AUDIENCE                          who GitHub's identity token is meant for
      ACTIONS_ID_TOKEN_REQUEST_URL                     where GitHub gives that token out, set in jobs with `id-token: write`; GitHub's own name, whatever the provider's
      ACTIONS_ID_TOKEN_REQUEST_TOKEN                   what a job asks for it with
      INFISICAL_AUTH_METHOD                            another login than by these: jwt-auth, kubernetes-auth, gcp-auth, azure-auth, aws-auth
      INFISICAL_KUBERNETES_SERVICE_ACCOUNT_TOKEN_PATH  the file of the service account's token, if it is not where pods have it
      AWS_ACCESS_KEY_ID                                what aws-auth signs its proof with; AWS's own name, whatever the provider's
      AWS_SECRET_ACCESS_KEY                            the same; it is never sent
      AWS_SESSION_TOKEN                                the same, if the credentials are temporary
      AWS_REGION                                       the region whose service checks that proof (or AWS_DEFAULT_REGION)
      INFISICAL_ORGANIZATION_SLUG                      the (sub-)organization to log in to; also --organization-slug
      INFISICAL_HOST                                   another server than https://app.infisical.com
      INFISICAL_API_URL                                the same
      INFISICAL_DOMAIN                                 the same
      INFISICAL_PROJECT_ID                             the project of syncs whose files name none

    Enkryptify:
      ENKRYPTIFY_TOKEN                                 the API token (`ek_live_…`)
      ENKRYPTIFY_API_URL                               another server than https://api.enkryptify.com

    A state in an object store: AWS_… for s3://, GOOGLE_… for gs://, AZURE_… for az://, as the tools of those clouds read them.

    The variables of a platform serve the provider that is named after it. Any other provider reads them behind its own name in capitals: `on-prem` reads ON_PREM_ and then the name above.
    --- exit 0
    ");
}

#[test]
fn words_of_other_tools_are_answered_with_the_right_ones() {
    let tree = Tree::new(&[]);
    let answers = [
        "destroy",
        "lint",
        "deploy",
        "login",
        "apply --dry-run",
        "apply -y",
        "apply -auto-approve",
        "plan -out=plan.json",
        "plan --json",
        "apply syncs --destroy",
        "help pln",
        "plan -y",
        "validate --yes",
        "init --force",
        "export -y",
        "schema pull --yes",
        "schema ls",
        "schema get",
        "schema update",
        "state ls",
        "state delete x",
        "state push",
        "auth login",
        "-C . state remove x",
    ]
    .map(|line| tree.secsync(line).run().exits_with(64).stderr);
    assert_snapshot!(answers.concat(), @"
    Error: secsync has no command `destroy`.
      Declare a sync with `ensure: absent`, or leave it out of the files and run `secsync apply --prune`.
    Error: secsync has no command `lint`.
      `secsync validate` checks the files, and `secsync explain` lists the lints.
    Error: secsync has no command `deploy`.
      `secsync apply` makes the platforms match the files.
    Error: secsync has no command `login`.
      Credentials come from the environment alone: `secsync help environment` lists the variables, and `secsync auth check` tries them.
    Error: secsync has no flag `--dry-run`.
      `secsync plan` shows what apply would do, and changes nothing.
    Error: secsync has no flag `-y`.
      `--auto-approve` leaves out the question.
    Error: secsync has no flag `-auto-approve`.
      Write `--auto-approve`: long flags have two dashes.
    Error: secsync has no flag `-out`.
      Write `--out`: long flags have two dashes.
    Error: secsync has no flag `--json`.
      `-o json` prints JSON.
    Error: secsync has no flag `--destroy`.
      Declare a sync with `ensure: absent`, or leave it out of the files and use `--prune`.
    Error: `pln` is not a command.
      Did you mean `plan`?
    Error: secsync has no flag `-y`.
      This command asks nothing: leave the flag out.
    Error: secsync has no flag `--yes`.
      This command asks nothing: leave the flag out.
    error: unexpected argument '--force' found

      tip: to pass '--force' as a value, use '-- --force'

    Usage: secsync init [OPTIONS] [DIR]

    For more information, try '--help'.
    Error: secsync has no flag `-y`.
      This command asks nothing: leave the flag out.
    Error: secsync has no flag `--yes`.
      This command asks nothing: leave the flag out.
    Error: `secsync schema` has no command `ls`.
      `secsync schema list` shows the destinations.
    Error: `secsync schema` has no command `get`.
      `secsync schema show` shows the fields of a destination.
    Error: `secsync schema` has no command `update`.
      `secsync schema pull` reads schemas from a server or a document.
    Error: `secsync state` has no command `ls`.
      `secsync state list` shows the recorded starts.
    Error: `secsync state` has no command `delete`.
      `secsync state rm` forgets a start.
    error: unrecognized subcommand 'push'

    Usage: secsync state [OPTIONS] <COMMAND>

    For more information, try '--help'.
    Error: `secsync auth` has no command `login`.
      Credentials come from the environment alone: `secsync help environment` lists the variables, and `secsync auth check` tries them.
    Error: `secsync state` has no command `remove`.
      `secsync state rm` forgets a start.
    ");
}

#[test]
fn a_shell_is_offered_values_from_the_program_and_the_files() {
    let sync = "{destination: vercel, labels: {team: shop}}";
    let file = format!("provider: enkryptify\nproject: p\nsyncs:\n  web: {sync}\n  api: {sync}\n");
    let tree = Tree::new(&[("syncs/all.yaml", &file)]);
    let offered = |line: &str| offered(&tree, line);
    assert!(offered("sync ").starts_with("api web "));
    assert_eq!(offered("plan -o ma"), "markdown");
    assert_eq!(offered("plan -l t"), "team=shop");
    assert_eq!(
        offered("explain unknown-pro"),
        "unknown-provider unknown-project"
    );
    assert_eq!(offered("schema show enkryptify/"), "");
    assert!(offered("schema show infisical/ver").contains("infisical/vercel"));
    assert!(offered("schema example infisical/ver").contains("infisical/vercel"));
    assert!(offered("").contains("validate"));
    // Starts, and the destinations of platforms that have starts, as they are compared.
    assert!(offered("state rm ").starts_with("api web --"));
    assert_eq!(offered("state resolve w"), "web");
    for command in ["state rm x", "state resolve x", "import x"] {
        assert_eq!(offered(&format!("{command} --destination ")), "vercel");
    }
    // What is imported is not declared.
    assert!(offered("import ").starts_with("--"));
}

#[test]
fn a_shell_is_offered_the_formats_that_a_command_has() {
    let tree = Tree::new(&[]);
    let basic = "human json";
    let checks = "human json markdown html sarif github junit";
    let plans = "human unified json markdown html sarif github junit";
    for (commands, formats) in [
        (&["plan", "diff", "apply", "show", "drift"][..], plans),
        (&["validate", "status"], checks),
        (
            &[
                "init",
                "sync",
                "export",
                "import",
                "list projects",
                "state list",
                "schema show",
                "schema list",
                "sandbox",
                "explain",
                "auth check",
            ],
            basic,
        ),
    ] {
        for command in commands {
            let said = offered(&tree, &format!("{command} -o "));
            assert_eq!(said, formats, "{command}");
        }
    }
    assert_eq!(offered(&tree, "plan -o json="), "");
}

/// What a shell is offered after a line.
fn offered(tree: &Tree, line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let run = tree.secsync("").variable("COMPLETE", "bash");
    let run = run.variable("_CLAP_IFS", " ");
    let run = run.variable("_CLAP_COMPLETE_INDEX", &words.len().to_string());
    let mut command = run.command();
    let output = command.args(["--", "secsync"]).args(words).output();
    String::from_utf8(output.unwrap().stdout).unwrap()
}

#[test]
fn the_version() {
    let tree = Tree::new(&[]);
    let version = format!("secsync {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(tree.secsync("version").run().exits_with(0).stdout, version);
    assert_eq!(
        tree.secsync("--version").run().exits_with(0).stdout,
        version
    );
}

#[test]
fn completions_of_each_shell_ask_the_program() {
    let tree = Tree::new(&[]);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = tree
            .secsync(&format!("completions {shell}"))
            .run()
            .exits_with(0);
        assert!(output.stdout.contains("COMPLETE"), "{output}");
    }
}

#[test]
fn the_manual_is_a_manual_page() {
    let tree = Tree::new(&[]);
    let output = tree.secsync("man").run().exits_with(0);
    assert!(output.stdout.contains(".TH secsync 1"), "{output}");
    let output = tree.secsync("man schema pull").run().exits_with(0);
    assert!(
        output.stdout.contains(".TH secsync-schema-pull 1"),
        "{output}"
    );
    tree.write("man/.keep", "");
    tree.secsync("man --dir man").run().exits_with(0);
    for page in ["secsync", "secsync-plan", "secsync-list-projects"] {
        assert!(tree.has(&format!("man/{page}.1")), "{page}");
    }
}

#[test]
fn rejects_wrong_usage_with_64() {
    let tree = Tree::new(&[("syncs/web.yaml", "syncs: {}\n")]);
    for arguments in [
        "",
        "aply",
        "plan --sandbx",
        "plan syncs --timeout soon",
        "plan syncs --timeout 0s",
        "plan syncs --parallelism 0",
        "plan syncs --var NAME",
        "plan syncs --var 1=x",
        "apply syncs --wait=forever",
        "apply syncs --max-deletes -1",
        "completions tcsh",
        "sandbox --listen everywhere",
        "sandbox --fail create",
        "sandbox --era 2024",
        "sandbox --era 2025 --block-duplicates",
        "state",
    ] {
        let output = tree.secsync(arguments).run().exits_with(64);
        assert!(output.stdout.is_empty(), "{output}");
        assert!(!output.stderr.is_empty(), "{output}");
    }
}

#[test]
fn suggests_the_right_command_and_flag() {
    let tree = Tree::new(&[]);
    assert_snapshot!(tree.secsync("aply").run().exits_with(64), @"
    $ secsync aply
    --- stderr
    error: unrecognized subcommand 'aply'

      tip: a similar subcommand exists: 'apply'

    Usage: secsync [OPTIONS] <COMMAND>

    For more information, try '--help'.
    --- exit 64
    ");
    assert_snapshot!(tree.secsync("plan --sandbx").run().exits_with(64), @"
    $ secsync plan --sandbx
    --- stderr
    error: unexpected argument '--sandbx' found

      tip: a similar argument exists: '--sandbox'

    Usage: secsync plan --sandbox [PATHS]...

    For more information, try '--help'.
    --- exit 64
    ");
}

#[test]
fn rejects_a_sandbox_for_other_machines() {
    let tree = Tree::new(&[]);
    assert_snapshot!(tree.secsync("sandbox --listen 0.0.0.0:0").run().exits_with(64), @"
    $ secsync sandbox --listen 0.0.0.0:0
    --- stderr
    Error: The sandbox takes demo credentials, so it only listens on this machine, but `0.0.0.0:0` is not a loopback address. Use 127.0.0.1.
    --- exit 64
    ");
    assert_snapshot!(tree.secsync("sandbox --fail create").run().exits_with(64), @"
    $ secsync sandbox --fail create
    --- stderr
    Error: The rule `create` has no `=`. Write OPERATION=EFFECT, like `create=500`.
    --- exit 64
    ");
}

#[test]
fn a_variable_comes_from_the_command_line_before_the_environment() {
    let tree = Tree::new(&[(
        "sync.yaml",
        "provider: enkryptify\nproject: prj\nsyncs:\n  web: { destination: \"${var.PLACE}\" }\n",
    )]);
    let destination = |arguments: &str, variable: Option<&str>| {
        let mut run = tree.secsync(arguments);
        if let Some(value) = variable {
            run = run.variable("SECSYNC_VAR_PLACE", value);
        }
        let plan = run.run().exits_with(0).json();
        plan["actions"][0]["destination"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    tree.write("vars.yaml", "PLACE: netlify\n");
    let plan = "plan sync.yaml --sandbox -o json";
    assert_eq!(destination(plan, Some("vercel")), "vercel");
    assert_eq!(
        destination(&format!("{plan} --var-file vars.yaml"), Some("vercel")),
        "netlify"
    );
    assert_eq!(
        destination(
            &format!("{plan} --var PLACE=heroku --var-file vars.yaml"),
            Some("vercel")
        ),
        "heroku"
    );
}
