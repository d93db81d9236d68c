//! Workspaces: what their files say together, and the commands that look after them.
//!
//! | what | where |
//! |---|---|
//! | files without a network, and a world that they fit | `support` |
//! | explain | `explain` |
//! | one workspace through its life | `story` |
//! | what the files say together | `files` |
//! | names that servers know | `names` |
//! | sentences that no other test says from the outside | `sync_files`, `meaning` |
//! | what a selection leaves alone | `selection` |
//! | init, export, import | `init`, `export`, `import` |
//! | which workspace a run is of | `roots` |
//! | plan -v | `origins` |
//! | drift, status, sync | `drift`, `status`, `sync` |

mod support;

mod drift;
mod explain;
mod export;
mod files;
mod import;
mod init;
mod meaning;
mod names;
mod origins;
mod roots;
mod selection;
mod status;
mod story;
mod sync;
mod sync_files;
