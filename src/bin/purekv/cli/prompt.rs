//! The prompt: a line editor with history, completion and hints.

use std::borrow::Cow;
use std::fs;
use std::io::{self, Write};

use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::{Hint, Hinter};
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Editor, Helper};

use super::failure::Failure;
use super::shell::{Next, Shell};
use super::{hints, history};

/// What the editor asks while a line is written.
struct Table;

/// Arguments to come. They are placeholders, so they cannot be taken over into the line.
struct Arguments(String);

impl Hint for Arguments {
    fn display(&self) -> &str {
        &self.0
    }

    fn completion(&self) -> Option<&str> {
        None
    }
}

impl Hinter for Table {
    type Hint = Arguments;

    fn hint(&self, line: &str, place: usize, _: &Context<'_>) -> Option<Arguments> {
        if place < line.len() {
            return None;
        }
        hints::hint(line).map(Arguments)
    }
}

impl Completer for Table {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        place: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (start, words) = hints::complete(&line[..place]);
        let is_only = words.len() == 1;
        let pair = |word: String| {
            // The word is whole, so the next one may follow.
            let replacement = if is_only { format!("{word} ") } else { word.clone() };
            Pair { display: word, replacement }
        };
        Ok((start, words.into_iter().map(pair).collect()))
    }
}

impl Highlighter for Table {
    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(format!("\x1b[90m{hint}\x1b[0m"))
    }
}

impl Validator for Table {}
impl Helper for Table {}

type Lines = Editor<Table, FileHistory>;

/// Until the end of the input, or `exit`.
pub(crate) fn run(shell: &mut Shell) -> Result<(), Failure> {
    let file = history::file();
    let mut lines = editor().map_err(|error| Failure::Prompt(error.to_string()))?;
    if let Some(file) = &file {
        if let Some(folder) = file.parent() {
            // If that cannot be, there is no history but of today.
            let _ = fs::create_dir_all(folder);
        }
        let _ = lines.load_history(file);
    }
    report(shell.session.connect())?;
    loop {
        let text = match lines.readline(&text(shell)) {
            Ok(text) => text,
            Err(ReadlineError::Interrupted | ReadlineError::Signal(_)) => continue,
            Err(ReadlineError::Eof) => return Ok(()),
            Err(error) => return Err(Failure::Prompt(error.to_string())),
        };
        // Several, if they were pasted.
        for line in text.lines() {
            if !history::is_secret(line) && lines.add_history_entry(line).unwrap_or(false) {
                // As it is typed: who leaves by Ctrl-C has it, too.
                let _ = file.as_ref().map(|file| lines.append_history(file));
            }
            match report(shell.line(line.as_bytes()))? {
                Some(Next::Exit) => return Ok(()),
                Some(Next::Clear) => {
                    lines.clear_screen().map_err(|error| Failure::Prompt(error.to_string()))?;
                }
                Some(Next::Line) | None => {}
            }
        }
    }
}

fn editor() -> rustyline::Result<Lines> {
    let config = Config::builder()
        .max_history_size(history::LINES)?
        .history_ignore_space(true)
        .completion_type(CompletionType::List)
        .build();
    let mut lines = Editor::with_config(config)?;
    lines.set_helper(Some(Table));
    Ok(lines)
}

fn text(shell: &Shell) -> String {
    let session = &shell.session;
    if !session.is_connected() {
        return "not connected> ".to_owned();
    }
    let database = match session.state.database {
        0 => String::new(),
        number => format!("[{number}]"),
    };
    let transaction = if session.state.in_transaction { "(TX)" } else { "" };
    format!("{}{database}{transaction}> ", session.place)
}

/// What goes wrong with a command is told, and the prompt goes on, unless there is nobody to tell.
fn report<T>(done: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match done {
        Ok(done) => Ok(Some(done)),
        Err(failure @ (Failure::Output(_) | Failure::Prompt(_))) => Err(failure),
        Err(failure) => {
            let _ = writeln!(io::stderr(), "{failure}");
            Ok(None)
        }
    }
}
