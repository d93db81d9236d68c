//! The built program from the outside: arguments, files, an environment and a server go in;
//! standard output, standard error and an exit code come out, and are compared whole.
//!
//! | what | where |
//! |---|---|
//! | a tree of files, a run of the program, a server | `harness` |
//! | files that are wrong, and those that want to become enormous | `bad_files`, `bad_fields`, `bombs` |
//! | servers that are wrong, and credentials | `bad_answers`, `credentials` |
//! | secrets and commands in what servers say | `redaction` |
//! | what an identity can see | `lists` |
//! | logging in, and what is known of an identity | `logins` |
//! | validate, plan, apply, plan | `main_job` |
//! | how many requests that takes | `requests` |
//! | each kind of action, and what holds it back | `actions`, `deleting`, `starts` |
//! | where starts are recorded | `state_files`, `remote_state` |
//! | connections of two scopes; fields that go one way only, or are left to others | `connections`, `fields` |
//! | every destination, in both eras | `destinations` |
//! | what files name, and where secsync writes | `door` |
//! | what a server refuses | `refusals` |
//! | what goes wrong while applying | `failures`, `jobs`, `interrupts` |
//! | whatever goes wrong, every word is true and all settles | `campaign` |
//! | what stands between the program and a server | `between` |
//! | the question before an apply | `terminal` |
//! | the emulator as a server | `sandbox` |
//! | plans that are saved, and those that were tampered with | `saved_plans`, `forged_plans` |
//! | what a branch changes, from Git alone | `base` |
//! | several runs that share the work | `shards` |
//! | formats, files, flags and exit codes | `outputs`, `usage` |
//! | the formats for code hosts and test reports | `formats` |
//! | the schemas, and those of plans | `schemas`, `plan_schemas` |
//! | the fields of a destination, and a sync ready to be filled in | `examples` |
//! | what Terraform manages, as sync files | `terraform` |
//! | the example of a small company | `company` |
//! | the commands that the README shows | `readme` |
//! | the reference pages of `docs/` | `reference` |
//! | the tutorial, by a shell | `tutorial` |
//! | the command lines of `docs/` | `command_lines` |
//! | what a shell offers | `completions` |
//! | the picture of a plan | `picture` |
//! | the scripts that pipelines run, the Action, and the examples of pipelines | `ci` |
//! | a platform that only this test knows | `third_platform` |
//! | workspaces, and the commands that look after them | `workspace` |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where it fails, in its helpers too"
)]
#![allow(
    clippy::too_many_lines,
    reason = "a table of cases with its whole output is one test"
)]

mod harness;

mod actions;
mod bad_answers;
mod bad_fields;
mod bad_files;
mod base;
mod base_sides;
mod between;
mod bombs;
mod browser;
mod campaign;
#[cfg(unix)]
mod ci;
mod command_lines;
mod company;
mod completions;
mod connections;
mod credentials;
mod deleting;
#[cfg(unix)]
mod destinations;
mod door;
mod examples;
mod failures;
mod fields;
mod forged_plans;
mod formats;
mod interrupts;
mod jobs;
mod lists;
mod logins;
mod main_job;
mod matrix;
mod nested_fields;
mod outputs;
mod picture;
mod plan_schemas;
mod readme;
mod redaction;
mod reference;
mod refusals;
mod remote_state;
mod requests;
mod same_destination;
mod sandbox;
mod saved_plans;
mod schemas;
mod shards;
mod show;
mod starts;
mod state_files;
mod terminal;
mod terraform;
mod third_platform;
mod tutorial;
mod usage;
mod workspace;
