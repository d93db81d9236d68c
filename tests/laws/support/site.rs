//! A workspace's directory beside a running sandbox, and runs of the pipeline on it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use secsync::apply::{self, ApplyContext, Observer, Outcome, Report, Wait};
use secsync::cancel::Cancellation;
use secsync::core::plan::recheck::{Current, Recheck, recheck};
use secsync::core::plan::{Action, Blocked, Plan, Step, Verb};
use secsync::core::remote::RemoteSync;
use secsync::core::resolve::ResolvedSync;
use secsync::core::starts::Starts;
use secsync::environment::Environment;
use secsync::error::CommandError;
use secsync::export::draft::{self, DraftGroup, LeftOut, Names};
use secsync::http::clock::Clock;
use secsync::http::gates::HostGates;
use secsync::http::{HttpOptions, SandboxAccess};
use secsync::pipeline::{
    Link, Loaded, ObservedSaved, Opened, Options, Projects, Seen, Wanted, usable_connections,
};
use secsync::planfile::{self, SavedPlan};
use secsync::provider::credential::LoginOptions;
use secsync::provider::infisical;
use secsync::provider::{ManagedSyncs, Provider, ProviderConfig, connect};
use secsync::sandbox::{self, Running};
use secsync::state::{FilePlace, State, StateAccess, StateLocation};
use secsync::workspace::{self, LoadOptions, Settings};

use super::clock::QuickClock;
use super::generate::Stray;
use super::model::{self, Content, Fields, Goal, Workspace, is_default};
use super::world::{self, NEW_OPTION, PROJECTS};
use super::write::{Written, write};

/// How long an attempt of a job takes in the sandbox.
const JOB: Duration = Duration::from_millis(1);

pub struct Site {
    pub sandbox: Running,
    pub clock: Arc<dyn Clock>,
    pub client_id: &'static str,
    pub parallelism: usize,
    pub wait: Option<Wait>,
    pub prune: bool,
    pub targets: Vec<String>,
    written: Written,
    directory: tempfile::TempDir,
}

/// A plan and what it was made from.
pub struct Planned {
    pub opened: Opened,
    pub workspace: Arc<workspace::Workspace>,
    pub syncs: Vec<ResolvedSync>,
    pub seen: Seen,
    pub plan: Plan,
    /// Ends the run that planned, and with it the one that applies.
    pub cancellation: Cancellation,
}

impl Planned {
    /// Saves the plan, and returns the text of its file.
    pub fn save(&self) -> String {
        planfile::write(
            &self.plan,
            (&[], &self.workspace.sources),
            &self.opened.specs_of(&self.plan),
            true,
            &str::to_owned,
        )
        .unwrap()
        .0
    }
}

/// A saved plan that was checked against what is there.
pub struct Rechecked {
    pub opened: Opened,
    pub observed: ObservedSaved,
    pub saved: SavedPlan,
    pub result: Recheck,
}

/// Why no plan could be made.
#[derive(Debug)]
pub struct Refused {
    pub error: CommandError,
    /// What is wrong in the files.
    pub findings: Vec<String>,
}

impl Refused {
    fn by(error: CommandError) -> Self {
        let found = error.found.iter();
        Self {
            findings: found
                .flat_map(|workspace| &workspace.diagnostics)
                .filter(|found| found.is_error())
                .map(|found| found.message.clone())
                .collect(),
            error,
        }
    }
}

/// An observer that does nothing.
pub struct Nobody;

impl Observer for Nobody {}

impl Site {
    pub async fn new() -> Self {
        Self::with(Self::usual()).await
    }

    /// The options of a sandbox with the world of the tests and quick jobs.
    pub fn usual() -> sandbox::SandboxOptions {
        sandbox::SandboxOptions {
            world: world::world(),
            catalog: world::catalog(),
            job_duration: JOB,
            ..sandbox::SandboxOptions::default()
        }
    }

    pub async fn with(options: sandbox::SandboxOptions) -> Self {
        let site = Self {
            sandbox: sandbox::start(options).await.unwrap(),
            clock: QuickClock::new(),
            client_id: sandbox::CLIENT_ID,
            parallelism: 4,
            wait: None,
            prune: false,
            targets: Vec::new(),
            written: Written::default(),
            directory: tempfile::tempdir().unwrap(),
        };
        drop(
            State::init(&site.state_place(), &site.state_reach())
                .await
                .unwrap(),
        );
        site
    }

    pub fn root(&self) -> Utf8PathBuf {
        Utf8PathBuf::from_path_buf(self.directory.path().to_owned()).unwrap()
    }

    pub fn state_directory(&self) -> Utf8PathBuf {
        self.root().join("state")
    }

    fn state_place(&self) -> StateLocation {
        StateLocation::File(FilePlace {
            path: self.state_directory().join("state.json"),
            root: None,
            directory: self.root(),
        })
    }

    fn state_reach(&self) -> StateAccess {
        StateAccess {
            now,
            environment: Environment::default(),
            http: self.http(),
        }
    }

    /// Puts a workspace in place of the one before.
    pub fn write(&mut self, workspace: &Workspace, order: u64) {
        self.put(write(workspace, order));
    }

    /// Puts one file in place of the workspace before.
    pub fn write_file(&mut self, text: &str) {
        let files = [
            ("secsync.yaml", "include: [syncs]\n"),
            ("syncs/all.yaml", text),
        ];
        self.put(Written {
            files: files
                .map(|(path, text)| (path.to_owned(), text.to_owned()))
                .into(),
            ..Written::default()
        });
    }

    fn put(&mut self, written: Written) {
        let syncs = self.root().join("syncs");
        if syncs.exists() {
            std::fs::remove_dir_all(&syncs).unwrap();
        }
        std::fs::create_dir(&syncs).unwrap();
        for (path, text) in &written.files {
            std::fs::write(self.root().join(path), text).unwrap();
        }
        self.written = written;
    }

    /// Deletes the workspace, which a saved plan does not need.
    pub fn remove_files(&self) {
        std::fs::remove_dir_all(self.root().join("syncs")).unwrap();
        std::fs::remove_file(self.root().join("secsync.yaml")).unwrap();
    }

    fn http(&self) -> HttpOptions {
        let mut demo = sandbox::demo_variables(self.sandbox.address());
        for (name, value) in &mut demo {
            if *name == infisical::login::CLIENT_ID {
                self.client_id.clone_into(value);
            }
        }
        HttpOptions {
            timeout: Duration::from_secs(10),
            sandbox: Some(SandboxAccess {
                origin: format!("http://{}", self.sandbox.address()),
                variables: demo
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect(),
            }),
            clock: self.clock.clone(),
            limits: HostGates::default(),
            ..HttpOptions::default()
        }
    }

    fn options(&self) -> Options {
        let environment: Environment = self
            .written
            .environment
            .iter()
            .map(|(name, value)| (format!("SECSYNC_VAR_{name}"), value.clone()))
            .collect();
        Options {
            request: LoadOptions {
                directory: self.root(),
                variables: self.written.arguments.clone().into_iter().collect(),
                ..LoadOptions::default()
            },
            environment,
            selectors: Vec::new(),
            targets: self.targets.clone(),
            names: Vec::new(),
            excluded: Vec::new(),
            prune: self.prune,
            resend: Vec::new(),
            shard: None,
        }
    }

    fn link(&self, cancellation: &Cancellation) -> Link {
        Link {
            environment: Environment::default(),
            http: self.http(),
            login: LoginOptions::default(),
            parallelism: self.parallelism,
            allow_projects: Vec::new(),
            state: None,
            watch: Arc::new(|_| {}),
            cancellation: cancellation.clone(),
        }
    }

    /// Loads, checks, reads and plans.
    pub async fn try_plan(&self) -> Result<Planned, Refused> {
        let cancellation = Cancellation::new();
        let opened = Opened::open(self.options()).map_err(Refused::by)?;
        let loaded = opened.clone().load(&mut std::io::empty());
        let checked = loaded.and_then(Loaded::check);
        let checked = checked.map_err(Refused::by)?;
        let observed = checked.observe(&self.link(&cancellation)).await;
        let observed = observed.map_err(Refused::by)?;
        let plan = observed.plan(&self.starts().await);
        Ok(Planned {
            opened: opened.without_syncs(),
            workspace: observed.workspace,
            syncs: observed.syncs,
            seen: observed.seen,
            plan,
            cancellation,
        })
    }

    pub async fn plan(&self) -> Planned {
        match self.try_plan().await {
            Ok(planned) => planned,
            Err(refused) => {
                let files: Vec<_> = self.written.files.values().cloned().collect();
                panic!("{refused:#?}\n{}", files.join("\n"));
            }
        }
    }

    async fn starts(&self) -> Starts {
        let state = State::open(&self.state_place(), &self.state_reach()).await;
        state.unwrap().starts()
    }

    pub async fn apply(&self, planned: &Planned) -> Report {
        self.apply_with(planned, &Nobody).await
    }

    pub async fn apply_with(&self, planned: &Planned, observer: &(dyn Observer + Sync)) -> Report {
        let state = State::open_for_writing(&self.state_place(), &self.state_reach())
            .await
            .unwrap();
        let context = ApplyContext {
            providers: &planned.seen.providers,
            state: Some(&state),
            parallelism: self.parallelism,
            wait: self.wait,
            clock: self.clock.clone(),
            cancellation: planned.cancellation.clone(),
            observer,
        };
        apply::run(&planned.plan, &context).await
    }

    /// Reads a saved plan and what it is about, with no sync file at hand.
    pub async fn recheck(&self, text: &str) -> Rechecked {
        let opened = Opened::open(self.options()).unwrap();
        let spec = |platform, slug: &str| opened.spec(platform, slug);
        let saved = planfile::read(text.as_bytes(), &spec).unwrap();
        self.recheck_saved(opened, saved).await
    }

    /// The same with a program that does not know the destinations.
    pub async fn recheck_unknowing(&self, text: &str) -> Rechecked {
        let opened = Opened::open(self.options()).unwrap();
        let saved = planfile::read(text.as_bytes(), &|_, _| None).unwrap();
        self.recheck_saved(opened, saved).await
    }

    async fn recheck_saved(&self, opened: Opened<Settings>, saved: SavedPlan) -> Rechecked {
        let opened = opened.without_syncs();
        let link = self.link(&Cancellation::new());
        let observed = opened.observe_saved(&saved, &link).await.unwrap();
        let now = Current {
            remote: &observed.seen.remote,
            starts: &self.starts().await,
            specs: &saved.specs,
        };
        let result = recheck(&saved.plan, &now);
        Rechecked {
            opened,
            observed,
            saved,
            result,
        }
    }

    /// Carries out what is left of a saved plan.
    pub async fn apply_rest(&self, rechecked: Rechecked) -> (Planned, Report) {
        let Rechecked {
            opened,
            observed,
            result,
            ..
        } = rechecked;
        let plan = match result {
            Recheck::Remaining { plan, .. } => *plan,
            other => panic!("{other:#?}"),
        };
        let planned = Planned {
            opened,
            workspace: observed.workspace,
            syncs: Vec::new(),
            seen: observed.seen,
            plan,
            cancellation: Cancellation::new(),
        };
        let report = self.apply(&planned).await;
        (planned, report)
    }

    /// Orders faults in place of those that are left.
    pub fn fail(&self, rules: &[&str]) {
        let rules = rules.iter().map(|rule| rule.parse().unwrap());
        self.sandbox.fail(rules.collect());
    }

    /// Exports all that is there, project by project, under the workspace's defaults, and puts it in
    /// place of the workspace's files. Returns what could not be declared.
    pub async fn adopt(&mut self, settings: &str, by_ids: bool) -> Vec<LeftOut> {
        self.put(Written {
            files: [("secsync.yaml".to_owned(), settings.to_owned())].into(),
            ..Written::default()
        });
        let opened = Opened::open(self.options()).unwrap();
        let checked = opened.load_what_exists().unwrap().check().unwrap();
        let wanted = Wanted {
            provider: "infisical".to_owned(),
            projects: Projects::All,
        };
        let link = self.link(&Cancellation::new());
        let inventory = checked.inventory(&wanted, &link).await.unwrap();
        let platform = inventory.platform;
        let mut names = Names {
            platform,
            connections: BTreeMap::new(),
        };
        let mut files = self.written.files.clone();
        let mut left_out = Vec::new();
        for project in &inventory.projects {
            if !by_ids {
                let apps = draft::apps(&checked.opened, platform, &project.syncs).unwrap();
                let connected = &inventory.connected;
                names.connections = usable_connections(connected, apps, &link).await.unwrap();
            }
            let group = DraftGroup {
                is_declared: false,
                provider: &inventory.provider,
                project: if by_ids { &project.id } else { &project.word },
                syncs: project.syncs.iter().collect(),
            };
            let opened = &checked.opened;
            let draft = draft::file(opened, &[group], &names, "schema.json", "draft").unwrap();
            files.insert(format!("syncs/{}.yaml", project.word), draft.text);
            left_out.extend(draft.left_out);
        }
        self.put(Written {
            files,
            ..Written::default()
        });
        left_out
    }

    /// Plans and applies what is written.
    pub async fn converge(&self) -> (Planned, Report) {
        let planned = self.plan().await;
        let report = self.apply(&planned).await;
        (planned, report)
    }

    /// The platform itself, as someone else would use it.
    pub fn infisical(&self) -> Arc<dyn ManagedSyncs> {
        let config = ProviderConfig {
            name: "infisical".to_owned(),
            platform: infisical::PLATFORM,
            url: None,
        };
        let connected = connect(
            &config,
            &Environment::default(),
            &LoginOptions::default(),
            &self.http(),
            &Cancellation::new(),
        );
        match connected.unwrap() {
            Provider::Managed(provider) => provider,
            Provider::StartOnly(_) => panic!("Infisical can be read back"),
        }
    }

    /// Creates syncs as someone else would, if their names are free.
    pub async fn make_strays(&self, strays: &[Stray]) {
        let infisical = self.infisical();
        for stray in strays {
            let body = stray.content.create_body(stray.project, &stray.name);
            // A name that is taken is refused, and that sync stays as it is.
            let _ = infisical.create(stray.content.destination, &body).await;
        }
    }

    /// What is there, by project and name.
    pub async fn remote(&self) -> BTreeMap<(String, String), RemoteSync> {
        let infisical = self.infisical();
        let mut all = BTreeMap::new();
        for project in PROJECTS {
            for sync in infisical.list(project.id, project.slug).await.unwrap() {
                let before = all.insert((project.id.to_owned(), sync.name.clone()), sync);
                assert_eq!(before, None, "a name exists twice");
            }
        }
        all
    }

    /// Waits until no job is going.
    pub async fn settle(&self) {
        let is_going = |job: &secsync::core::remote::Job| {
            job.status
                .as_ref()
                .is_some_and(|status| !status.is_terminal())
        };
        for _ in 0..2000 {
            let remote = self.remote().await;
            if !remote
                .values()
                .any(|sync| is_going(&sync.sync_job) || is_going(&sync.remove_job))
            {
                return;
            }
            tokio::time::sleep(JOB).await;
        }
        panic!("the jobs do not end");
    }

    /// What is there, without what differs between two sandboxes by itself.
    pub async fn contents(&self) -> BTreeMap<(String, String), String> {
        self.remote()
            .await
            .into_iter()
            .map(|(key, mut sync)| {
                // A blank description means the same as a missing one.
                sync.fields
                    .retain(|key, value| key != "description" || *value != "");
                sync.fields
                    .entry("description")
                    .or_insert(serde_json::Value::Null);
                let content = format!(
                    "{} {} {:?} {:?} {}",
                    sync.destination,
                    sync.connection.id,
                    sync.environment,
                    sync.secret_path,
                    sorted(serde_json::Value::Object(sync.fields)),
                );
                (key, content)
            })
            .collect()
    }

    /// What was started, without its ids. It fails if something was started twice.
    pub fn started(&self) -> BTreeSet<(String, String)> {
        let mut all = BTreeSet::new();
        for start in self.sandbox.started() {
            let key = (
                format!("{}/{}", start.project, start.destination),
                start.name,
            );
            assert!(all.insert(key.clone()), "{key:?} was started twice");
        }
        all
    }

    /// How many requests there were whose method and path are these.
    pub fn count(&self, method: &str, path: impl Fn(&str) -> bool) -> usize {
        self.sandbox
            .requests()
            .iter()
            .filter(|(of, target)| of == method && path(target.split('?').next().unwrap_or(target)))
            .count()
    }
}

fn sorted(value: serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Object(fields) => {
            let fields: BTreeMap<_, _> = fields.into_iter().collect();
            fields
                .into_iter()
                .map(|(key, value)| (key, sorted(value)))
                .collect::<Fields>()
                .into()
        }
        other => other,
    }
}

pub fn now() -> String {
    "2026-01-01T00:00:00Z".to_owned()
}

/// A plan without places and texts that only follow how the files were written.
pub fn meaning(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    for action in &mut plan.actions {
        action.place = None;
    }
    plan
}

/// A plan in few words, for messages.
pub fn summary(plan: &Plan) -> Vec<String> {
    plan.actions.iter().map(describe).collect()
}

fn describe(action: &Action) -> String {
    let paths: Vec<_> = action
        .changes
        .iter()
        .map(secsync::core::diff::FieldChange::dotted)
        .collect();
    let why = match &action.step {
        Step::Blocked { wanted, reason } => format!(" ({wanted:?}: {reason:?})"),
        _ => String::new(),
    };
    format!(
        "{}{why} {} {paths:?}",
        action.verb().word(),
        action.subject.address()
    )
}

/// What is blocked, and why.
pub fn blocked(plan: &Plan) -> BTreeSet<String> {
    plan.actions
        .iter()
        .filter(|action| action.verb() == Verb::Blocked)
        .map(|action| {
            let Step::Blocked { wanted, reason } = &action.step else {
                return String::new();
            };
            format!("{} {wanted:?} {reason:?}", action.subject.address())
        })
        .collect()
}

/// Fails if the plan would do anything but ask for a job.
pub fn assert_quiet(plan: &Plan) {
    let is_quiet = |action: &Action| matches!(action.verb(), Verb::Trigger | Verb::Blocked);
    assert!(
        plan.actions.iter().all(is_quiet),
        "the next plan is not empty: {:#?}",
        summary(plan)
    );
}

/// Fails if an action did not do what it should.
pub fn assert_all_done(planned: &Planned, report: &Report) {
    for (action, outcome) in planned.plan.actions.iter().zip(&report.outcomes) {
        assert!(
            matches!(outcome, Outcome::Done { .. } | Outcome::Blocked),
            "{}: {outcome:?}\n{:#?}",
            describe(action),
            summary(&planned.plan)
        );
    }
}

/// Fails if an update sends a field that is as it should be already.
pub fn assert_updates_are_minimal(plan: &Plan) {
    for action in &plan.actions {
        let Step::Update(update) = &action.step else {
            continue;
        };
        for key in update.body.keys() {
            let is_needed = match key.as_str() {
                "name" => action.renamed_from().is_some(),
                key => update.expected.get(key) != update.before.get(key),
            };
            assert!(is_needed, "{} sends {key}", describe(action));
        }
    }
}

/// Fails if a remote sync is not as the workspace declares it, blocked actions aside.
pub async fn assert_as_declared(site: &Site, workspace: &Workspace, plan: &Plan) {
    site.settle().await;
    let remote = site.remote().await;
    let started = site.started();
    let blocked: BTreeMap<(String, String), &Blocked> = plan
        .actions
        .iter()
        .filter_map(|action| match &action.step {
            Step::Blocked { reason, .. } => {
                let subject = &action.subject;
                let project = if subject.platform.identifying("").is_none() {
                    subject.project_id.clone()
                } else {
                    format!("{}/{}", subject.project_id, subject.destination)
                };
                Some(((project, subject.name.clone()), reason))
            }
            _ => None,
        })
        .collect();
    for sync in workspace.syncs() {
        let key = sync.identity();
        let is_blocked = |sync: &model::Sync| blocked.contains_key(&sync.identity());
        if is_blocked(sync) {
            continue;
        }
        match &sync.goal {
            // A sync that is to go on under another name stays if that cannot be.
            Goal::Absent(_) if workspace.heir_of(sync).is_some_and(is_blocked) => {}
            Goal::Absent(_) => assert!(!remote.contains_key(&key), "{key:?} is still there"),
            Goal::Started(_) => assert!(started.contains(&key), "{key:?} was not started"),
            Goal::Present(content) => match remote.get(&key) {
                Some(found) => assert_holds(content, found),
                None => panic!("{key:?} is not there"),
            },
        }
    }
}

fn assert_holds(content: &Content, found: &RemoteSync) {
    let name = &found.name;
    assert_eq!(found.destination, content.destination, "{name}");
    assert_eq!(found.connection.id, content.connection_id(), "{name}");
    assert_eq!(
        found.environment.as_deref(),
        Some(content.environment),
        "{name}"
    );
    assert_eq!(found.secret_path.as_deref(), Some(content.path), "{name}");
    let is_auto_synced = content.is_auto_synced.unwrap_or(true);
    assert_eq!(found.fields["isAutoSyncEnabled"], is_auto_synced, "{name}");
    let description = found.fields["description"].as_str().unwrap_or_default();
    assert_eq!(
        description,
        content.description.unwrap_or_default().trim(),
        "{name}"
    );
    for (key, wanted) in [
        ("syncOptions", &content.options),
        ("destinationConfig", &content.config),
    ] {
        let kept = found.fields[key].as_object().unwrap();
        for (field, value) in wanted {
            let kept = kept.get(field);
            assert!(
                kept.is_some_and(|kept| is_same(kept, value)),
                "{name}: {key}.{field} is {kept:?}, not {value}"
            );
        }
        for (field, value) in kept
            .iter()
            .filter(|(field, _)| !wanted.contains_key(*field))
        {
            // What the schemas do not know stays; what means the same as nothing is no difference.
            let means_nothing = *value == false || *value == "";
            assert!(
                field == NEW_OPTION
                    || means_nothing
                    || (is_default(field, value) && key == "destinationConfig"),
                "{name}: {key}.{field} is {value}, and nobody declares it"
            );
        }
    }
}

/// Whether two values are the same, however whole numbers are written.
fn is_same(one: &serde_json::Value, other: &serde_json::Value) -> bool {
    match (one.as_array(), other.as_array()) {
        (Some(one), Some(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| is_same(one, other))
        }
        _ => one == other || (one.is_number() && one.as_f64() == other.as_f64()),
    }
}
