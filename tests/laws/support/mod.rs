//! What the tests of the law and of its faults share.
//!
//! | module | what it holds |
//! |---|---|
//! | [`case`] | what every case begins with |
//! | [`world`] | the projects, connections and destinations that all of them play in |
//! | [`model`] | what a workspace means, apart from how it is written |
//! | [`generate`] | random workspaces and random remote syncs |
//! | [`write`] | one of the many ways to write a workspace down |
//! | [`site`] | a workspace's directory beside a running sandbox, and runs of the pipeline on it |
//! | [`clock`] | a clock that runs faster than the wall's |

pub mod case;
pub mod clock;
pub mod generate;
pub mod model;
pub mod site;
pub mod world;
pub mod write;
