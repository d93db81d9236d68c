//! Opening a workspace and loading its files.

use std::io::Read;
use std::sync::Arc;

use camino::Utf8PathBuf;

use crate::core::code::Code;
use crate::core::diagnostic::Diagnostic;
use crate::core::export;
use crate::core::platform::Platform;
use crate::core::select::{NamePatterns, Patterns, Selection};
use crate::core::shard::Shard;
use crate::core::spec::DestinationSpec;
use crate::core::value::Mapping;
use crate::core::words::list;
use crate::environment::Environment;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::provider::ProviderConfig;
use crate::root::{OWN_DIRECTORY, Root};
use crate::schema::store::SchemaStore;
use crate::text_file::{UnreadableText, reason};
use crate::workspace::{LoadError, LoadOptions, STDIN, Schemas, Settings, Workspace};

/// Where the workspace's own schemas are, from the root.
pub const SCHEMAS: &str = ".secsync/schemas";

/// What a run was asked for.
#[derive(Clone, Default)]
pub struct Options {
    /// What to load.
    pub request: LoadOptions,
    /// The environment of the process.
    pub environment: Environment,
    /// `--selector`.
    pub selectors: Vec<String>,
    /// `--target`.
    pub targets: Vec<String>,
    /// Names of syncs that are given without an option.
    pub names: Vec<String>,
    /// `--exclude`.
    pub excluded: Vec<String>,
    /// Whether what is not declared is deleted.
    pub prune: bool,
    /// `--resend`: patterns for the names of syncs that are sent whole again.
    pub resend: Vec<String>,
    /// `--shard`: the part of the projects that is looked at; `None` for all.
    pub shard: Option<Shard>,
}

/// A workspace that is found: with [`Settings`] none of its sync files is read yet.
#[derive(Clone)]
pub struct Opened<W = Workspace> {
    /// What the run was asked for.
    pub options: Options,
    /// What is known of the workspace.
    pub workspace: Arc<W>,
    /// The schemas.
    pub store: Arc<SchemaStore>,
    /// What the command line selects.
    pub selection: Selection,
    /// The names of the syncs that are sent whole again.
    pub resend: NamePatterns,
}

/// A workspace with its files read and merged. What is wrong with them is among the findings.
pub struct Loaded(pub(super) Opened);

impl Loaded {
    /// The workspace with what its files declare, as far as they can be read, whether or not they are
    /// valid: for looking things up while a file is being written.
    pub fn unchecked(self) -> Opened {
        self.0
    }

    /// The workspace, with what its files declare.
    pub const fn workspace(&self) -> &Arc<Workspace> {
        &self.0.workspace
    }
}

impl Opened<Settings> {
    /// Finds the workspace and reads no sync file.
    pub fn open(options: Options) -> Result<Self, CommandError> {
        let workspace = Settings::open(&options.request)?;
        check_own_directory(&workspace)?;
        let store = SchemaStore::with_workspace(&workspace.root, SCHEMAS.into())?;
        Ok(Self {
            selection: Selection::new(&Patterns {
                selectors: &options.selectors,
                targets: &options.targets,
                names: &options.names,
                excluded: &options.excluded,
            })
            .map_err(CommandError::usage)?,
            resend: NamePatterns::new(options.resend.iter().map(String::as_str)).map_err(
                |(pattern, reason)| CommandError::usage(format!("`--resend {pattern}`: {reason}.")),
            )?,
            workspace: Arc::new(workspace),
            store: Arc::new(store),
            options,
        })
    }

    /// The same workspace, with other schemas.
    #[must_use]
    pub fn with_store(self, store: SchemaStore) -> Self {
        Self {
            store: Arc::new(store),
            ..self
        }
    }

    /// Refuses a `secsync.yaml` with mistakes in it: what it says cannot be relied on.
    pub fn without_mistakes(self) -> Result<Self, CommandError> {
        self.check_settings().map(|()| self)
    }

    /// The same for a workspace that is only borrowed.
    pub fn check_settings(&self) -> Result<(), CommandError> {
        if self.workspace.diagnostics.is_empty() {
            Ok(())
        } else {
            let settings = Settings::clone(&self.workspace);
            Err(CommandError::invalid(Arc::new(settings.into())))
        }
    }

    /// The same workspace as one that declares nothing.
    #[must_use]
    pub fn without_syncs(self) -> Opened {
        let settings = Arc::unwrap_or_clone(self.workspace);
        Opened {
            workspace: Arc::new(settings.into()),
            options: self.options,
            store: self.store,
            selection: self.selection,
            resend: self.resend,
        }
    }

    /// Reads the files and merges defaults and variables into their syncs.
    pub fn load(self, stdin: &mut dyn Read) -> Result<Loaded, CommandError> {
        let mut opened = self.without_syncs();
        let loaded = opened.read(stdin);
        loaded
            .map_err(CommandError::from)
            .and_then(|()| opened.check_prune())
            .and_then(|()| opened.check_resend())
            .map_err(|error| error.found(&opened.workspace))?;
        Ok(Loaded(opened))
    }

    /// The same for a workspace that may have no sync file yet: then nothing is declared.
    pub fn load_what_exists(self) -> Result<Loaded, CommandError> {
        let directory = self.options.request.directory.clone();
        self.load_forgiving(|found| {
            let is_missing = |file: &String| !directory.join(file).exists();
            found.code == Code::NoFiles
                || found.code == Code::UnreadableFile && found.file.as_ref().is_some_and(is_missing)
        })
    }

    /// The same for one that is compared with an earlier version of it: the whole of it, besides what
    /// paths mean. These may mean what only the earlier version has.
    pub fn load_to_compare(mut self) -> Result<Loaded, CommandError> {
        self.options.request.with_whole = true;
        let LoadOptions {
            directory, paths, ..
        } = self.options.request.clone();
        if let Some(stdin) = paths.iter().find(|path| *path == STDIN) {
            return Err(not_in_git(stdin));
        }
        let shown: Vec<String> = paths
            .iter()
            .map(|word| self.workspace.shown(&directory.join(word)))
            .collect();
        self.load_forgiving(|found| {
            let Some(file) = &found.file else {
                return false;
            };
            match found.code {
                Code::NoFiles => paths.contains(file),
                Code::UnreadableFile => shown.contains(file) && !directory.join(file).exists(),
                _ => false,
            }
        })
    }

    /// Reads the files, and is content with none. These findings do not count.
    fn load_forgiving(
        self,
        forgives: impl Fn(&Diagnostic) -> bool,
    ) -> Result<Loaded, CommandError> {
        let mut opened = self.without_syncs();
        match opened.read(&mut std::io::empty()) {
            Ok(()) | Err(LoadError::NoFiles(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let workspace = Arc::make_mut(&mut opened.workspace);
        workspace.diagnostics.retain(|found| !forgives(found));
        Ok(Loaded(opened))
    }
}

impl Opened {
    fn read(&mut self, stdin: &mut dyn Read) -> Result<(), LoadError> {
        let workspace = Arc::make_mut(&mut self.workspace);
        let options = &self.options;
        workspace.load(&options.request, &options.environment, stdin, &*self.store)
    }

    /// Reads a text as if it were all the files of this workspace, under the name that its findings
    /// are to have.
    pub fn load_text(&self, name: &str, text: String) -> Loaded {
        let mut alone = self.workspace.without_files();
        let options = &self.options;
        alone.load_text(
            name,
            text,
            &options.request,
            &options.environment,
            &*self.store,
        );
        Loaded(Self {
            workspace: Arc::new(alone),
            ..self.clone()
        })
    }

    /// Refuses a `--resend` that names nothing.
    fn check_resend(&self) -> Result<(), CommandError> {
        let names_none = |pattern: &&String| {
            let one = NamePatterns::new([pattern.as_str()]).unwrap_or_default();
            let mut syncs = self.workspace.syncs.iter();
            !syncs.any(|sync| one.matches(&sync.name.text))
        };
        match self.options.resend.iter().find(names_none) {
            Some(pattern) => Err(CommandError::usage(format!(
                "`--resend {pattern}` matches no declared sync."
            ))
            .help("`secsync validate -v` lists the syncs.")),
            None => Ok(()),
        }
    }

    /// Pruning takes what is not declared for superfluous, so everything has to be declared here.
    fn check_prune(&self) -> Result<(), CommandError> {
        let (why, help) = if !self.options.prune {
            return Ok(());
        } else if !self.workspace.is_whole {
            (
                "only some paths were named",
                "Run it without paths.".to_owned(),
            )
        } else if !self.selection.is_everything() {
            (
                "only some syncs were selected",
                format!("Run it without {}.", self.selection.given()),
            )
        } else if self.options.shard.is_some() {
            (
                "only one shard of it was asked for",
                "Run it without --shard.".to_owned(),
            )
        } else {
            return Ok(());
        };
        Err(
            CommandError::usage(format!("`--prune` needs the whole workspace, and {why}."))
                .help(help),
        )
    }

    /// What the syncs of a text inherit from it, if it holds one document.
    pub fn file_defaults(&self, text: &str) -> Option<Mapping> {
        let options = &self.options;
        self.workspace
            .file_defaults(text, &options.request, &options.environment)
    }
}

impl<W: AsRef<Settings>> Opened<W> {
    /// The settings of the workspace.
    pub fn settings(&self) -> &Settings {
        (*self.workspace).as_ref()
    }

    /// Opens the root of the workspace, the door to its files.
    pub fn root(&self) -> Result<Root, CommandError> {
        let path = &self.settings().root;
        Root::open(path).map_err(|error| {
            let why = reason(&error);
            CommandError::new(
                Exit::Error,
                format!(
                    "The workspace {} cannot be opened: {why}.",
                    self.settings().shown(path)
                ),
            )
        })
    }

    /// Where the schemas are that the workspace pulled.
    pub fn schema_directory(&self) -> Utf8PathBuf {
        self.settings().root.join(SCHEMAS)
    }

    /// The platform that a provider is, by its name in the files.
    pub fn platform_of(&self, provider: &str) -> Result<Platform, CommandError> {
        Ok(self.provider(provider)?.platform)
    }

    /// What is known of a provider. An unknown one is a usage error.
    pub fn provider(&self, name: &str) -> Result<&ProviderConfig, CommandError> {
        let providers = &self.settings().config.providers;
        providers.get(name).ok_or_else(|| {
            CommandError::usage(format!("The provider `{name}` is unknown.")).help(format!(
                "The providers are {}. Others are declared under `providers:` in secsync.yaml.",
                list(providers.keys().map(String::as_str))
            ))
        })
    }

    /// A destination as the schemas in use describe it; `None` if they do not know it.
    pub fn spec(&self, platform: Platform, slug: &str) -> Option<Arc<DestinationSpec>> {
        let destination = self.store.destination(platform, slug).ok().flatten()?;
        Some(Arc::new(destination.spec.clone()))
    }
}

/// Refuses a link in the place of the directory of secsync's own files, which would then be read
/// and written elsewhere.
fn check_own_directory(workspace: &Settings) -> Result<(), CommandError> {
    // A root that cannot be opened has no such directory, and is reported by whoever needs it.
    let opened = Root::open(&workspace.root).and_then(|root| root.directory(OWN_DIRECTORY.into()));
    match opened.err().as_ref().and_then(UnreadableText::of) {
        Some(refusal) => Err(CommandError::new(
            Exit::Invalid,
            format!(
                "The directory {} cannot be used: {refusal}.",
                workspace.shown(&workspace.root.join(OWN_DIRECTORY))
            ),
        )
        .help(refusal.help())),
        None => Ok(()),
    }
}

impl AsRef<Self> for Opened {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl Schemas for SchemaStore {
    fn union_tag(&self, platform: Platform, destination: &str) -> Option<String> {
        let destination = self.destination(platform, destination).ok().flatten()?;
        export::union_tag(&destination.spec).map(str::to_owned)
    }

    // A schema that cannot be used is reported when the syncs are checked.
    fn platform_takes(&self, platform: Platform, likely: &str, field: &str) -> bool {
        self.platform_takes(platform, likely, field)
            .unwrap_or_default()
    }

    fn fields(&self, platform: Platform, destination: &str) -> Vec<String> {
        let known = self.known(platform, destination);
        let fields = known.iter().flat_map(|known| &known.spec.create.fields);
        fields.map(|field| field.name.clone()).collect()
    }

    fn meant_destination(&self, platform: Platform, word: &str) -> Option<String> {
        self.meant(platform, word)
    }
}

/// Refuses a path that no version of the files has.
pub(super) fn not_in_git(path: &str) -> CommandError {
    CommandError::usage(format!(
        "`{path}` is not in Git, so `--base` has nothing to compare it with."
    ))
    .help("Name files of the workspace, or none.")
}
