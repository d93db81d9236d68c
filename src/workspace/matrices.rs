//! Blocks with a matrix, and the files that matrices are read from.

use std::sync::Arc;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::files::has_name_of_sync_file;
use super::likely::FileKind;
use super::{Workspace, texts};
use crate::core::code::Code;
use crate::core::diagnostic::Diagnostic;
use crate::core::fields::MATRIX;
use crate::core::form;
use crate::core::matrix::{self, FROM, Template};
use crate::core::sync_file::Block;
use crate::core::value::{Entry, Node};
use crate::core::vars::{self, Bindings, MatrixScope, Variables};
use crate::yaml;

/// Whether an entry of `syncs` is a block with a matrix.
pub(super) fn has_matrix(block: &Entry) -> bool {
    let fields = block.value.as_mapping();
    let matrix = fields.and_then(|fields| fields.get(MATRIX));
    matrix.is_some_and(|matrix| !matrix.is_null())
}

impl Workspace {
    /// The blocks of a file, with one for each cell instead of one that has a matrix.
    pub(super) fn expand_matrices(
        &mut self,
        blocks: Vec<Block>,
        variables: &Variables,
    ) -> Vec<Block> {
        let mut expanded = Vec::with_capacity(blocks.len());
        for mut block in blocks {
            match block.fields.entry(MATRIX) {
                Some(entry) if !entry.value.is_null() => {
                    let entry = entry.clone();
                    expanded.extend(self.expand_matrix(&block, entry, variables));
                }
                _ => {
                    block.fields.remove(MATRIX);
                    expanded.push(block);
                }
            }
        }
        expanded
    }

    fn expand_matrix(
        &mut self,
        block: &Block,
        mut entry: Entry,
        variables: &Variables,
    ) -> Vec<Block> {
        self.expand_within(&mut entry.value, variables);
        let found = &mut self.diagnostics;
        let Some(own) = form::expect_mapping(&entry.value, "`matrix`", found) else {
            return Vec::new();
        };
        let from = match own.get(FROM).filter(|from| !from.is_null()) {
            None => None,
            Some(from) => match self.matrix_file(from, variables) {
                Some(file) => Some(file),
                None => return Vec::new(),
            },
        };
        let template = Template {
            block,
            matrix: [from.as_deref().and_then(Node::as_mapping), Some(own)],
            place: entry.key_span,
        };
        let mut found = Vec::new();
        let sources = &mut self.sources;
        let blocks = matrix::expand(
            &template,
            variables,
            &yaml::plain_scalar,
            sources,
            &mut found,
        );
        for diagnostic in &mut found {
            diagnostic.name_the_cell(sources);
        }
        self.diagnostics.append(&mut found);
        blocks
    }

    /// The map that a matrix is read from. What is wrong is reported at the place that names it.
    fn matrix_file(&mut self, from: &Node, variables: &Variables) -> Option<Arc<Node>> {
        let Some(path) = from.as_str() else {
            self.diagnostics.push(
                form::wrong_type(from, "matrix.from", "the path of a file")
                    .help("Name a YAML or JSON file of the workspace, from its root on."),
            );
            return None;
        };
        if let Some(known) = self.matrix_files.get(path) {
            return known.clone();
        }
        let read = self.read_matrix_file(path, from, variables).map(Arc::new);
        self.matrix_files.insert(path.to_owned(), read.clone());
        read
    }

    fn read_matrix_file(&mut self, path: &str, from: &Node, variables: &Variables) -> Option<Node> {
        let inside = match inside(Utf8Path::new(path)) {
            Ok(inside) => inside,
            Err((message, help)) => {
                let message = format!("`{path}` {message}.");
                let refused = Diagnostic::new(Code::OutsideRoot, from.span, message).help(help);
                self.diagnostics.push(refused);
                return None;
            }
        };
        let full = self.root.join(inside);
        let shown = self.shown(&full);
        let text = match texts::read_inside(&self.root, &full, &shown) {
            Ok(text) => text,
            Err(mut why) => {
                why.file = None;
                why.labels = Diagnostic::new(why.code, from.span, "").labels;
                let why = if why.code == Code::UnreadableFile {
                    why.help("The path of a matrix starts at the root of the workspace.")
                } else {
                    *why
                };
                self.diagnostics.push(why);
                return None;
            }
        };
        let (source, documents) = self.parse(&shown, Ok(text), FileKind::Matrix)?;
        let mut documents = documents.into_iter();
        let (Some(mut document), None) = (documents.next(), documents.next()) else {
            if !self.has_finding_in(source) {
                let message = format!("The file `{shown}` does not hold one map of axes.");
                self.diagnostics.push(
                    Diagnostic::new(Code::WrongType, from.span, message)
                        .help("Write each axis with its values: `app: [web, api]`."),
                );
            }
            return None;
        };
        self.expand_within(&mut document, variables);
        let what = "A file of a matrix";
        let axes = form::expect_mapping(&document, what, &mut self.diagnostics)?;
        if let Some(from) = axes.entry(FROM) {
            let message = "A file of a matrix has axes, and cannot name another file with `from`.";
            self.diagnostics.push(
                Diagnostic::new(Code::MatrixForm, from.key_span, message)
                    .help("Write the axes into one file."),
            );
            return None;
        }
        Some(document)
    }

    fn expand_within(&mut self, node: &mut Node, variables: &Variables) {
        let scope = Bindings {
            variables,
            matrix: MatrixScope::Within,
        };
        vars::expand(node, scope, &yaml::plain_scalar, &mut self.diagnostics);
    }
}

/// The path of a matrix without `.` and `..`, or why it cannot be one, and what to do.
fn inside(path: &Utf8Path) -> Result<Utf8PathBuf, (&'static str, &'static str)> {
    let outside = (
        "leaves the workspace",
        "Name a file inside the workspace, from its root on.",
    );
    let mut inside = Utf8PathBuf::new();
    for part in path.components() {
        match part {
            Utf8Component::CurDir => {}
            Utf8Component::Normal(name) => inside.push(name),
            Utf8Component::ParentDir if inside.pop() => {}
            _ => return Err(outside),
        }
    }
    let is_hidden = inside.iter().any(|name| name.starts_with('.'));
    if is_hidden || !has_name_of_sync_file(&inside) {
        return Err((
            "is not the name of a file that a matrix can be read from",
            "Name a .yaml, .yml or .json file that is not hidden.",
        ));
    }
    Ok(inside)
}
