//! The `secsync` command.

use std::process::ExitCode;

use secsync::cli;
use secsync::environment::Environment;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main(std::env::args_os(), &Environment::from_process()).into()
}
