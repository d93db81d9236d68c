//! The variables of a run, from all that can give one a value.

use camino::Utf8Path;

use super::likely::FileKind;
use super::{LoadOptions, Workspace, texts};
use crate::core::form;
use crate::core::vars::Variables;
use crate::environment::Environment;

/// The prefix of environment variables that files can use.
const VARIABLE_PREFIX: &str = "SECSYNC_VAR_";

impl Workspace {
    /// The variables of this run: from flags, then files, then the environment, then defaults.
    pub(super) fn variables(
        &mut self,
        options: &LoadOptions,
        environment: &Environment,
    ) -> Variables {
        let mut variables = Variables::default();
        for (name, value) in &options.variables {
            variables.or_insert(name, value);
        }
        for file in &options.variable_files {
            self.read_variable_file(file, &mut variables);
        }
        for (name, value) in environment.with_prefix(VARIABLE_PREFIX) {
            variables.or_insert(name, value);
        }
        for (name, value) in &self.config.variables {
            variables.or_insert(name, value);
        }
        variables
    }

    fn read_variable_file(&mut self, path: &Utf8Path, variables: &mut Variables) {
        let shown = self.shown(&self.directory.join(path));
        let text = texts::read_named(path, &self.directory, &shown);
        let Some((_, documents)) = self.parse(&shown, text, FileKind::Variables) else {
            return;
        };
        let what = "A file of variables";
        for document in documents.iter().filter(|document| !document.is_null()) {
            let Some(mapping) = form::expect_mapping(document, what, &mut self.diagnostics) else {
                continue;
            };
            for entry in mapping.entries() {
                match entry.value.as_text() {
                    Some(value) => variables.or_insert(&entry.key, value),
                    None => self.diagnostics.push(form::wrong_type(
                        &entry.value,
                        &entry.key,
                        "a simple value",
                    )),
                }
            }
        }
    }
}
