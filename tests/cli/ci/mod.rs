//! The scripts of `ci/`, which the Action and the examples run: on a code host of this test, against
//! the sandbox, with files and answers that nobody would wish for.

mod action;
mod code_host;
mod comments;
mod composite;
mod examples;
mod install;
mod issues;
mod review;
mod reviewed_plan;
mod runs;
mod script;
