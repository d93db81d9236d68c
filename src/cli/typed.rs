//! What people typed, as far as it can be read although it is not a valid command line.

use std::ffi::OsString;

use clap::{Arg, Command};

/// The words of a command line.
pub struct Typed<'a> {
    /// The command that they are about, as far as they are commands.
    pub command: &'a Command,
    /// The words of that command, after the program's name.
    pub path: String,
    /// The values of flags, by the ids of the flags.
    values: Vec<(&'a str, &'a str)>,
}

impl<'a> Typed<'a> {
    /// Reads what can be read.
    pub fn read(program: &'a Command, words: &'a [OsString]) -> Self {
        let mut typed = Self {
            command: program,
            path: String::new(),
            values: Vec::new(),
        };
        let mut is_command = true;
        let words = words.iter().skip(1);
        let mut words = words
            .map(|word| word.to_str().unwrap_or_default())
            .take_while(|word| *word != "--")
            .peekable();
        while let Some(word) = words.next() {
            if !word.starts_with('-') {
                let inner = typed.command.find_subcommand(word);
                match inner.filter(|_| is_command) {
                    Some(inner) => typed.enter(inner),
                    None => is_command = false,
                }
            } else if let Some((flag, value)) = typed.flag(program, word) {
                // What looks like a flag is no value.
                let mut next = || words.next_if(|next| *next == "-" || !next.starts_with('-'));
                let value = match value {
                    None if !flag.is_require_equals_set() => next(),
                    value => value,
                };
                let id = flag.get_id().as_str();
                typed.values.extend(value.map(|value| (id, value)));
            }
        }
        typed
    }

    /// The values of a flag.
    pub fn values(&self, id: &str) -> impl Iterator<Item = &'a str> {
        let of_flag = self.values.iter().filter(move |(flag, _)| *flag == id);
        of_flag.map(|(_, value)| *value)
    }

    fn enter(&mut self, command: &'a Command) {
        self.command = command;
        if !self.path.is_empty() {
            self.path.push(' ');
        }
        self.path.push_str(command.get_name());
    }

    /// The flag in a word that takes a value, and the value if the word has it, too.
    fn flag(&self, program: &'a Command, word: &'a str) -> Option<(&'a Arg, Option<&'a str>)> {
        let find = |is_it: &dyn Fn(&Arg) -> bool| {
            let mut flags = self.command.get_arguments().chain(program.get_arguments());
            flags.find(|flag| is_it(flag))
        };
        let takes_value = |flag: &Arg| flag.get_action().takes_values();
        if let Some(long) = word.strip_prefix("--") {
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (long, None),
            };
            let flag = find(&|flag| flag.get_long() == Some(name))?;
            return takes_value(flag).then_some((flag, value));
        }
        let mut letters = word.strip_prefix('-')?.chars();
        while let Some(letter) = letters.next() {
            let flag = find(&|flag| flag.get_short() == Some(letter))?;
            if takes_value(flag) {
                let value = letters.as_str();
                let value = value.strip_prefix('=').unwrap_or(value);
                return Some((flag, Some(value).filter(|value| !value.is_empty())));
            }
        }
        None
    }
}
