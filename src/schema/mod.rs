//! JSON Schemas of the destinations: where they come from, what they say, and whether a sync fits.
//!
//! | step | module |
//! |---|---|
//! | an OpenAPI document becomes schema files | [`extract`] |
//! | a schema file's form | [`schema_file`] |
//! | the schema files that are part of the program | `bundle` |
//! | schema files that a workspace pulls | [`pull`] |
//! | the directory that they are in | `directory` |
//! | which schemas there are, bundled and pulled | [`store`] |
//! | what a schema's keywords say | `keyword` |
//! | a schema as the plain data that the core works with | [`summary`] |
//! | one destination and its schema | [`destination`] |
//! | a schema as people read it | [`outline`](mod@outline) |
//! | a sync ready to be filled in | [`example`] |
//! | what changed between two sets of schemas | [`compare`] |
//! | the schema that editors complete sync files by | [`editor`] |
//! | a sync against its schema | [`validate`] |

mod bundle;
pub mod compare;
pub mod destination;
mod directory;
pub mod editor;
pub mod example;
pub mod extract;
pub(crate) mod keyword;
pub mod outline;
pub mod pull;
pub mod schema_file;
pub mod store;
pub mod summary;
pub mod validate;
